//! What follows from what. The transcripts are what `names.sh` prints.

use proptest::prelude::*;
use sha2::{Digest, Sha256};

use super::*;
use crate::inventory::NodeIx;
use crate::probe::by_name::Files;

const ED: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIKDoJ0RZiZz0ww1F5b8Jrfk8SuiYWL0W3bXsDzhBhNsp";
const EC: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// What `ssh -G` says, as lines of the transcript.
fn options(number: u32, more: &str) -> String {
    let text = format!(
        "{more}port 22\ncanonicalizehostname false\npermitlocalcommand no\nverifyhostkeydns false\n\
         gssapiauthentication yes\nidentityagent /a\npubkeyacceptedalgorithms x\nuserknownhostsfile ~/k ~/k2\n\
         globalknownhostsfile /g\n"
    );
    text.lines().map(|line| format!("o {number} {line}\n")).collect()
}

fn file(path: &str, content: &str) -> String {
    let digest = Sha256::digest(content).iter().fold(String::new(), |text, byte| format!("{text}{byte:02x}"));
    format!("b {} {digest} {path}\n{content}\n", content.len())
}

fn leads(name: &str, addresses: &[&str]) -> String {
    let group = addresses.iter().enumerate().map(|(i, address)| {
        let canonical = if i == 0 { name } else { "" };
        format!("{address:<15} STREAM {canonical}\n{address:<15} DGRAM  \n{address:<15} RAW    \n")
    });
    format!("a {name}\n{}e\n", group.collect::<String>())
}

/// A caller on which node 7, 10.0.0.7, is the same by name.
struct Scene {
    options: String,
    ways: String,
    leads: String,
    more: String,
    files: String,
}

impl Scene {
    fn sound() -> Self {
        let known = format!("10.0.0.7 {ED} #OM\nnode7 {ED} #OM\n");
        Self {
            options: options(1, ""),
            ways: "n 7 1 10.0.0.7 1 node7 .\n".to_owned(),
            leads: leads("node7", &["10.0.0.7"]),
            more: String::new(),
            files: file("~/k", &known) + "f absent ~/k2\nf absent /g\n",
        }
    }

    fn known(known: &str) -> Self {
        Self { files: file("~/k", known) + "f absent ~/k2\nf absent /g\n", ..Self::sound() }
    }

    fn text(&self) -> String {
        [&self.options, &self.ways, &self.leads, &self.more, &self.files].map(String::as_str).concat()
    }
}

fn judged(text: &[u8]) -> Result<(), Why> {
    let told = Told::read(text, &Files::new());
    Judge::new(&told).follows(NodeIx::new(7), [10, 0, 0, 7].into())
}

#[test]
fn what_is_the_same_follows() {
    let sound = Scene::sound();
    let scenes = [
        sound.text(),
        // `HostName` names the address: nobody looks a name up.
        Scene { ways: "n 7 1 10.0.0.7 1 10.0.0.7 .\n".to_owned(), leads: String::new(), ..Scene::sound() }
            .text(),
        // On one line, twice, in capitals, and in another file.
        Scene::known(&format!("NODE7,10.0.0.7 {ED}\n10.0.0.7 {ED} #OM\n")).text(),
        sound.text().replace("f absent /g\n", &file("/g", &format!("node7 {ED}\n"))),
        sound.text().replace("1 node7 .", "1 NODE7 ."),
        // A ticket is never offered.
        Scene { more: "ticket\n".to_owned(), ..Scene::sound() }
            .text()
            .replace("gssapiauthentication yes", "x y"),
    ];
    for scene in scenes {
        assert_eq!(judged(scene.as_bytes()), Ok(()), "{scene}");
    }
}

#[test]
fn what_differs_is_called() {
    use Why::*;
    let both = format!("10.0.0.7 {ED}\nnode7 {ED}\n");
    let scenes = [
        (Scene { ways: String::new(), ..Scene::sound() }, Untold),
        (Scene { ways: "n 7 1 10.0.0.7 - - .\n".to_owned(), ..Scene::sound() }, Untold),
        (Scene { ways: "n 7 1 10.0.0.7 1 node7\n".to_owned(), ..Scene::sound() }, Untold),
        (
            Scene {
                ways: "n 7 1 10.0.0.7 2 node7 .\n".to_owned(),
                options: options(1, "") + &options(2, "user omm\n"),
                ..Scene::sound()
            },
            OtherOptions,
        ),
        // Both go to the same place, which is not the node's.
        (Scene { ways: "n 7 1 10.0.0.8 1 10.0.0.8 .\n".to_owned(), ..Scene::sound() }, OtherOptions),
        (Scene { ways: "n 7 1 gate 1 gate .\n".to_owned(), ..Scene::sound() }, OtherOptions),
        (Scene { options: String::new(), ..Scene::sound() }, UnclearOptions),
        (Scene { options: options(1, "proxyjump gate\n"), ..Scene::sound() }, UnclearOptions),
        (Scene { options: options(1, "identityfile ~/.ssh/%h\n"), ..Scene::sound() }, UnclearOptions),
        (Scene { more: "ticket\n".to_owned(), ..Scene::sound() }, UnclearOptions),
        (Scene { files: file("~/k", &both) + "f absent ~/k2\n", ..Scene::sound() }, UnclearOptions),
        (Scene { leads: String::new(), ..Scene::sound() }, LeadsElsewhere),
        (Scene { leads: leads("node7", &["10.0.0.8"]), ..Scene::sound() }, LeadsElsewhere),
        (Scene { leads: leads("node7", &["10.0.0.7", "10.0.0.8"]), ..Scene::sound() }, LeadsElsewhere),
        (Scene { leads: leads("node7", &["10.0.0.7", "fd00::7"]), ..Scene::sound() }, LeadsElsewhere),
        (Scene { leads: leads("node7", &["::ffff:10.0.0.7"]), ..Scene::sound() }, LeadsElsewhere),
        (Scene::known(""), OtherRecords),
        (Scene::known(&format!("10.0.0.7 {ED}\n")), OtherRecords),
        (Scene::known(&format!("node7 {ED}\n")), OtherRecords),
        (Scene::known(&format!("10.0.0.7 {ED}\nnode7 {EC}\n")), OtherRecords),
        (Scene::known(&format!("{both}node7 {EC}\n")), OtherRecords),
        (Scene::known(&format!("{both}10.0.0.7 {EC}\n")), OtherRecords),
        (Scene::known(&format!("{both}node* {EC}\n")), OtherRecords),
        (Scene::known(&format!("{both}*,!10.0.0.* {EC}\n")), OtherRecords),
        // The same for both, and yet for `ssh` to judge.
        (Scene::known(&format!("{both}@revoked * {ED}\n")), OtherRecords),
        (Scene::known(&format!("{both}@revoked node7 {ED}\n")), OtherRecords),
        (Scene::known(&format!("{both}@cert-authority * {EC}\n")), OtherRecords),
        (Scene::known(&format!("[10.0.0.7]:2222 {ED}\n[node7]:2222 {ED}\n")), OtherRecords),
    ];
    for (scene, why) in scenes {
        assert_eq!(judged(scene.text().as_bytes()), Err(why), "{}", scene.text());
    }
}

#[test]
fn another_port_has_its_own_records() {
    let at = |port: u16| Scene {
        options: options(1, &format!("port {port}\n")),
        ..Scene::known(&format!("[10.0.0.7]:2222,[node7]:2222 {ED}\n10.0.0.7 {EC}\n"))
    };
    assert_eq!(judged(at(2222).text().as_bytes()), Ok(()));
    assert_eq!(judged(at(22).text().as_bytes()), Err(Why::OtherRecords));
    assert_eq!(judged(at(2223).text().as_bytes()), Err(Why::OtherRecords));
}

proptest! {
    #[test]
    fn any_bytes_give_an_answer(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        prop_assert!(judged(&bytes).is_err());
    }

    /// Lines of the form in any order and number, so that more than the first words are read.
    #[test]
    fn any_lines_give_an_answer(lines in prop::collection::vec(
        prop_oneof![
            "o [0-9] [a-z]{1,9} [ -~]{0,20}", "n [0-9] [0-9-] [0-9a.-]{1,9} [0-9-] [0-9a.-]{1,9} ?\\.?",
            "a( node[0-9]){0,3}", "10\\.0\\.0\\.[0-9]{1,3} (STREAM|DGRAM)( node[0-9])?", "e",
            "b [0-9]{1,20} [0-9a-f]{1,9} /[a-z]", "f (absent|[0-9a-f]{3}) /[a-z]", "ticket",
        ], 0..40)) {
        prop_assert!(judged(lines.join("\n").as_bytes()).is_err());
    }

    /// An answer that is cut short, by a limit of time or a lost connection, proves nothing that the whole would not.
    #[test]
    fn what_was_cut_short_proves_nothing(cut in any::<prop::sample::Index>(), trap in 0_usize..4) {
        let both = format!("10.0.0.7 {ED}\nnode7 {ED}\n");
        let scene = match trap {
            0 => Scene { more: "ticket\n".to_owned(), ..Scene::sound() },
            1 => Scene { leads: leads("node7", &["10.0.0.7", "10.0.0.8"]), ..Scene::sound() },
            2 => Scene::known(&format!("{both}@revoked node7 {ED}\n")),
            _ => Scene {
                files: file("~/k", &both) + "f absent ~/k2\n" + &file("/g", &format!("node7 {EC}\n")),
                ..Scene::sound()
            },
        };
        let text = scene.text();
        prop_assert!(judged(text.as_bytes()).is_err());
        prop_assert!(judged(&text.as_bytes()[..cut.index(text.len())]).is_err());
    }

    /// Any byte that is lost or changed on the way, within what names the node, its address or its keys.
    #[test]
    fn what_follows_needs_every_line(line in any::<prop::sample::Index>()) {
        let text = Scene::sound().text();
        let lines: Vec<&str> = text.lines().collect();
        let gone = line.index(lines.len());
        // Of three sockets of an address one is enough; what is not said to be off is not judged.
        let needless = ["DGRAM", "RAW", "gssapi", "userknown", "globalknown"];
        prop_assume!(!needless.iter().any(|word| lines[gone].contains(word)));
        let rest: Vec<&str> = lines.iter().enumerate().filter(|(i, _)| *i != gone).map(|(_, line)| *line).collect();
        let whole = lines[gone].is_empty();
        prop_assert!(judged(format!("{}\n", rest.join("\n")).as_bytes()).is_err() || whole, "{}", lines[gone]);
    }
}
