//! What was found and not taken: keys of nodes, builds of the program.

use sshtrust::identity::Unopened;
use sshtrust::inventory::NodeSpec;

/// What to do with a key that costs too much to be opened.
pub(super) const CURE: &str = "Lock it with fewer rounds there, if it is to be used: ssh-keygen -p -a 16 -f ~/.ssh/id_om. Else move the file away; \
     the next run makes a new key.";

/// What is told of a key that was passed over.
pub(crate) fn passed_over(node: NodeSpec, others: usize, why: &Unopened) -> String {
    let more = match others {
        0 => String::new(),
        1 => " (and of one other node)".to_owned(),
        _ => format!(" (and of {others} other nodes)"),
    };
    let cure = match why {
        Unopened::TooManyRounds(_) => format!(" {CURE}"),
        Unopened::UnknownKdf(_) | Unopened::TooLarge => {
            " Move the file away, if it is not needed.".to_owned()
        }
        _ => String::new(),
    };
    format!("Warning: the key ~/.ssh/id_om of {node}{more} was not considered: {why}.{cure}")
}

/// What is told of a build of the program that was left out.
pub(crate) fn left_out(file: &str, why: &str, other: bool) -> String {
    let cure = if other {
        "Take the build that came with this program, from the same package or archive."
    } else {
        "Who could change it would decide what runs there. If you trust the file, put it with this program into a folder that \
         only root or you can write, and every folder above it too."
    };
    format!("Warning: {file} is not placed on nodes: {why}. {cure}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_that_costs_too_much_is_named_with_its_node_and_a_cure() {
        let node = NodeSpec { ip: [10, 0, 0, 3].into(), port: 22 };
        let text = passed_over(node, 0, &Unopened::TooManyRounds(2_147_483_647));
        for part in ["id_om of 10.0.0.3 was", "2147483647 rounds", "ssh-keygen -p -a 16 -f ~/.ssh/id_om"] {
            assert!(text.contains(part), "{text}");
        }
        assert!(passed_over(node, 1, &Unopened::Enough).contains("10.0.0.3 (and of one other node) was"));
        assert!(passed_over(node, 7, &Unopened::Enough).contains("10.0.0.3 (and of 7 other nodes) was"));
    }
}
