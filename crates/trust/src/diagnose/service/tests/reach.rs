//! Who cannot be reached, and why.

use super::super::find;
use super::*;

#[test]
fn a_healthy_cluster_gives_nothing() {
    assert_eq!(short(&find(&cluster(3))), []);
    assert_eq!(short(&find(&healthy(3))), []);
    let mut ahead = cluster(3);
    ahead.preflight = true;
    assert_eq!(short(&find(&ahead)), []);
}

#[test]
fn a_stopped_sshd_is_told_by_whoever_can_see_it() {
    // Nobody was on the node.
    let mut case = cluster(4);
    case.bar(2, ConnectError::Refused);
    case.break_column(2, &Cause::Refused, "ssh: connect to host 10.0.0.3 port 22: Connection refused");
    let found = find(&case);
    assert_eq!(short(&found), [("sshd-down", 2, 3)]);
    assert_eq!((found[0].certainty, found[0].bars), (Certainty::Likely, true));
    assert_eq!(*healing(&found), Healing::ByHand(ByHand::NotEntered));
    assert!(commands(&found)[1].contains("systemctl enable --now sshd || systemctl enable --now ssh ||"));
    // The coordinator itself.
    let mut case = cluster(4);
    case.seen_mut(0).service.listens = Some(Vec::new());
    case.seen_mut(0).service.process = None;
    case.seen_mut(0).service.units = vec![Unit {
        id: "ssh.service".to_owned(),
        load: "masked".to_owned(),
        active: "inactive".to_owned(),
        enabled: "masked".to_owned(),
    }];
    case.break_column(0, &Cause::Refused, "refused");
    let found = find(&case);
    assert_eq!((short(&found), found[0].certainty), (vec![("sshd-down", 0, 3)], Certainty::Certain));
    let wanted = [
        "systemctl unmask ssh.service",
        "systemctl reset-failed ssh.service 2>/dev/null; systemctl enable --now ssh.service",
    ];
    assert_eq!(commands(&found), wanted);
    assert_eq!(*healing(&found), Healing::Run);
    // Without systemd.
    for (init, wanted) in
        [(Init::Sysv, "service ssh start && sleep 1"), (Init::Nothing, "\"$(command -v sshd)\" && sleep 1")]
    {
        case.seen_mut(0).service.init = init;
        assert_eq!(commands(&find(&case)), [wanted]);
    }
    // Before trust is made nobody has called.
    let mut ahead = cluster(2);
    ahead.preflight = true;
    ahead.seen_mut(0).service.listens = Some(Vec::new());
    ahead.bar(1, ConnectError::Refused);
    assert_eq!(short(&find(&ahead)), [("sshd-down", 0, 0), ("sshd-down", 1, 0)]);
}

#[test]
fn an_sshd_that_cannot_start_says_why() {
    let cases: [(&[&str], bool, &str); 6] = [
        (
            &[
                "/etc/ssh/sshd_config: line 3: Bad configuration option: Foo",
                "/etc/ssh/sshd_config: terminating, 1 bad configuration options",
            ],
            false,
            "sed -i '3s/^/#/' '/etc/ssh/sshd_config'",
        ),
        (
            &["/etc/ssh/sshd_config line 12: no argument after keyword \"Port\""],
            false,
            "sed -i '12s/^/#/' '/etc/ssh/sshd_config'",
        ),
        (
            &[
                "Permissions 0666 for '/etc/ssh/ssh_host_rsa_key' are too open.",
                "sshd: no hostkeys available -- exiting.",
            ],
            true,
            "chmod 600 '/etc/ssh/ssh_host_rsa_key'",
        ),
        (&["sshd: no hostkeys available -- exiting."], false, "ssh-keygen -A"),
        (&["Missing privilege separation directory: /run/sshd"], true, "mkdir -m 755 '/run/sshd'"),
        (
            &["/run/sshd must be owned by root and not group or world-writable."],
            true,
            "chown root:root '/run/sshd' && chmod 755 '/run/sshd'",
        ),
    ];
    for (words, by_itself, wanted) in cases {
        let mut case = cluster(3);
        let service = &mut case.seen_mut(0).service;
        service.listens = Some(Vec::new());
        service.process = None;
        service.init = Init::Sysv;
        service.test = words.iter().map(|word| (*word).to_owned()).collect();
        case.break_column(0, &Cause::Refused, "refused");
        let found = find(&case);
        assert_eq!(short(&found), [("sshd-down", 0, 2)], "{words:?}");
        assert_eq!(commands(&found), [wanted, "service ssh start && sleep 1"], "{words:?}");
        assert_eq!(*healing(&found) == Healing::Run, by_itself, "{words:?}");
        assert!(found[0].witnesses.iter().any(|witness| witness.source == "sshd -t"));
    }
}

#[test]
fn a_folder_that_comes_with_the_service_is_no_obstacle() {
    let mut case = cluster(3);
    let service = &mut case.seen_mut(0).service;
    service.listens = Some(Vec::new());
    service.process = None;
    service.effective = false;
    service.test = vec!["Missing privilege separation directory: /run/sshd".to_owned()];
    case.break_column(0, &Cause::Refused, "refused");
    let found = find(&case);
    assert_eq!(*healing(&found), Healing::Run);
    assert_eq!(commands(&found).len(), 1);
}

#[test]
fn a_file_name_of_a_node_is_no_command() {
    let mut case = cluster(3);
    let service = &mut case.seen_mut(0).service;
    service.listens = Some(Vec::new());
    service.effective = false;
    service.test =
        vec!["Permissions 0666 for '/etc/ssh/$(reboot);`x` are too open'' are too open.".to_owned()];
    case.break_column(0, &Cause::Refused, "refused");
    assert_eq!(commands(&find(&case))[0], "chmod 600 '/etc/ssh/$(reboot);`x` are too open'\\'''");
}

#[test]
fn an_sshd_that_says_nothing_is_down_too() {
    let mut case = cluster(3);
    case.bar(1, ConnectError::Silent(20));
    case.break_column(1, &Cause::Hung, BANNER);
    let found = find(&case);
    assert_eq!(short(&found), [("sshd-down", 1, 2)]);
    assert!(commands(&found)[0].contains("restart"));
    // Where it can be seen that it was stopped.
    let mut case = cluster(3);
    case.break_column(0, &Cause::Hung, BANNER);
    if let Some(process) = &mut case.seen_mut(0).service.process {
        process.state = 'T';
    }
    let found = find(&case);
    assert_eq!((short(&found), found[0].certainty), (vec![("sshd-down", 0, 2)], Certainty::Certain));
    // Silence after the banner is something else.
    let mut case = cluster(3);
    case.bar(1, ConnectError::Silent(20));
    case.break_column(1, &Cause::Hung, "Connection to 10.0.0.2 port 22 timed out");
    assert_eq!(short(&find(&case)), []);
}

#[test]
fn a_firewall_is_told_from_a_machine_that_is_gone() {
    for (error, cause) in [
        (ConnectError::TimedOut(10), Cause::TimedOut),
        (ConnectError::Unreachable("no route to host".to_owned()), Cause::NoRoute),
    ] {
        let mut case = cluster(4);
        case.bar(2, error);
        case.break_column(2, &cause, "ssh: connect to host 10.0.0.3 port 22");
        case.at(2).alive = Some(true);
        let found = find(&case);
        assert_eq!((short(&found), found[0].bars), (vec![("firewall", 2, 3)], true));
        assert!(commands(&found)[0].contains("--add-port=22/tcp"));
        case.at(2).alive = Some(false);
        assert_eq!(short(&find(&case)), [("node-down", 2, 3)]);
        // A peer sees its hardware address.
        case.seen_mut(1).service.callees = vec![Callee { near: Some(true), ..callee(2) }];
        assert_eq!(short(&find(&case)), [("firewall", 2, 3)]);
    }
}

#[test]
fn the_rule_that_drops_is_named_and_answered_in_its_own_chain() {
    let port = |verdict| rule(&[(Field::DestinationPort, "22")], verdict);
    let lan = |net| rule(&[(Field::Source, net), (Field::DestinationPort, "20-25")], Verdict::Drop);
    let state = rule(&[(Field::State, "established,related")], Verdict::Accept);
    let unknown = || rule(&[(Field::Unknown, ""), (Field::DestinationPort, "22")], Verdict::Drop);
    // Chains of the coordinator; whether they lose what 10.0.0.2 sends to it, and whether that is certain.
    let cases: [(Chain, Option<bool>); 9] = [
        (chain(Hook::Input, false, vec![port(Verdict::Drop)]), Some(true)),
        (chain(Hook::Input, false, vec![port(Verdict::Accept), port(Verdict::Drop)]), None),
        (chain(Hook::Input, true, vec![state.clone()]), Some(true)),
        (chain(Hook::Input, true, vec![state, port(Verdict::Accept)]), None),
        (chain(Hook::Prerouting, false, vec![lan("10.0.0.0/24")]), Some(true)),
        (chain(Hook::Input, false, vec![lan("10.0.0.3")]), None),
        (chain(Hook::Input, false, vec![unknown()]), Some(false)),
        (chain(Hook::Input, false, vec![unknown(), port(Verdict::Drop)]), Some(true)),
        (chain(Hook::Output, false, vec![rule(&[(Field::SourcePort, "22")], Verdict::Drop)]), Some(true)),
    ];
    for (number, (chain, wanted)) in cases.into_iter().enumerate() {
        let mut case = cluster(3);
        case.seen_mut(0).service.rules = vec![chain];
        case.break_pair(1, 0, Cause::TimedOut, "timed out");
        let found = find(&case);
        assert_eq!(short(&found), [("firewall", 0, 1)], "case {number}");
        let certain = found[0].certainty == Certainty::Certain;
        assert_eq!(certain, wanted == Some(true), "case {number}");
        let by_rule = found[0].witnesses.iter().any(|witness| witness.source == "nft list ruleset");
        assert_eq!(by_rule, wanted.is_some(), "case {number}");
        if certain {
            assert_eq!(*healing(&found), Healing::Run);
            let command = &commands(&found)[0];
            assert!(
                command.contains(" rule inet lab arriving ") && command.contains("{ 10.0.0.2, 10.0.0.3 }"),
                "{command}"
            );
            assert!(found[0].cures[0].commands[0].undo.is_some());
        }
    }
}

#[test]
fn chains_that_call_chains_are_followed() {
    let base = |verdict| chain(Hook::Input, false, vec![rule(&[(Field::In, "eth0")], verdict)]);
    let called =
        |name: &str, rules| Chain { name: name.to_owned(), hook: None, ..chain(Hook::Input, false, rules) };
    let to = |name: &str| Verdict::Goto(name.to_owned());
    let mut case = cluster(3);
    case.break_pair(1, 0, Cause::NoRoute, "No route to host");
    let loops = called("loop", vec![rule(&[], Verdict::Jump("loop".to_owned()))]);
    case.seen_mut(0).service.rules = vec![base(to("loop")), loops];
    assert_eq!(find(&case)[0].certainty, Certainty::Likely);
    // firewalld, as it lists itself in nft.
    let zone = called(
        "filter_IN_public",
        vec![rule(&[], Verdict::Jump("filter_IN_public_allow".to_owned())), rule(&[], Verdict::Drop)],
    );
    let allow =
        called("filter_IN_public_allow", vec![rule(&[(Field::DestinationPort, "80")], Verdict::Accept)]);
    let mut rules = vec![base(to("filter_IN_public")), zone, allow];
    rules.iter_mut().for_each(|chain| chain.table = "inet firewalld".to_owned());
    let service = &mut case.seen_mut(0).service;
    service.rules = rules;
    service.tools = ["firewalld-runs".to_owned(), "firewall-cmd".to_owned()].into();
    let found = find(&case);
    assert_eq!((short(&found), found[0].certainty), (vec![("firewall", 0, 1)], Certainty::Certain));
    let wanted = [
        "firewall-cmd --zone='public' --add-port=22/tcp",
        "firewall-cmd --permanent --zone='public' --add-port=22/tcp",
    ];
    assert_eq!(commands(&found), wanted);
    // In panic a person has to say that it is over.
    case.seen_mut(0).service.rules[0].table = "inet firewalld_policy_drop".to_owned();
    case.seen_mut(0).service.rules[0].drops = true;
    let found = find(&case);
    assert_eq!(
        (healing(&found), commands(&found)[0].as_str()),
        (&Healing::ByHand(ByHand::Security), "firewall-cmd --panic-off")
    );
}

#[test]
fn whoever_filters_its_own_calls_has_the_fault() {
    let mut case = cluster(4);
    let out = rule(&[(Field::Destination, "10.0.0.0/24"), (Field::DestinationPort, "22")], Verdict::Drop);
    case.seen_mut(3).service.rules = vec![chain(Hook::Output, false, vec![out])];
    (0..3).for_each(|to| case.break_pair(3, to, Cause::TimedOut, "timed out"));
    let found = find(&case);
    assert_eq!(short(&found), [("firewall", 3, 3)]);
    assert!(commands(&found)[0].contains("ip daddr"));
    // The same where the rules may not be seen.
    case.seen_mut(3).service.rules.clear();
    let found = find(&case);
    assert_eq!((short(&found), found[0].certainty), (vec![("firewall", 3, 3)], Certainty::Likely));
}

#[test]
fn a_coordinator_that_drops_all_is_not_a_cluster_that_is_gone() {
    let mut case = cluster(3);
    case.seen_mut(0).service.rules =
        vec![chain(Hook::Input, true, Vec::new()), chain(Hook::Output, true, Vec::new())];
    for node in [1, 2] {
        case.bar(node, ConnectError::TimedOut(10));
        case.at(node).alive = Some(false);
        case.break_pair(0, node, Cause::TimedOut, "timed out");
    }
    assert_eq!(short(&find(&case)), [("firewall", 0, 2)]);
}

#[test]
fn what_the_set_up_would_meet_is_foreseen() {
    let mut case = cluster(3);
    case.preflight = true;
    let closed = chain(Hook::Input, false, vec![rule(&[(Field::DestinationPort, "22")], Verdict::Drop)]);
    case.seen_mut(0).service.rules = vec![closed];
    assert_eq!(short(&find(&case)), [("firewall", 0, 0)]);
}

#[test]
fn a_stopped_sshd_behind_a_firewall_does_not_hide_it() {
    let mut case = cluster(3);
    case.break_column(0, &Cause::NoRoute, "No route to host");
    let service = &mut case.seen_mut(0).service;
    service.listens = Some(Vec::new());
    service.rules =
        vec![chain(Hook::Input, false, vec![rule(&[(Field::DestinationPort, "22")], Verdict::Drop)])];
    // Nobody was refused; that it does not listen is seen all the same.
    assert_eq!(short(&find(&case)), [("sshd-down", 0, 2), ("firewall", 0, 2)]);
}
