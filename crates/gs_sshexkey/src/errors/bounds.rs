//! Why trust cannot have the bounds that were asked for, or that stand.

use sshtrust::bounds::MOST_ADDRESSES;
use sshtrust::inventory::NodeSpec;
use sshtrust::plan::BoundsError;
use sshtrust::text::printable;

use super::Report;

const UNTOUCHED: &str = "Nothing was changed.";

/// The screen of such an error.
pub(crate) fn bounds(error: &BoundsError) -> Report {
    let names = |nodes: &[NodeSpec]| super::nodes(nodes.iter().copied());
    match error {
        BoundsError::TooMany(count) => Report::new(
            "50004",
            &format!("The parameter '--from' value is incorrect. {count} addresses are too many for a line of authorized_keys."),
        )
        .cure(&format!(
            "Above {MOST_ADDRESSES} nodes give networks that hold them all, as --from 10.0.0.0/24,10.0.1.0/24. {UNTOUCHED}"
        )),
        BoundsError::LeavesOut { list: origins, nodes } => {
            let nodes = super::addresses(nodes.iter().map(|ip| NodeSpec { ip: *ip, port: 22 }));
            let origins = printable(origins.as_bytes());
            Report::new(
                "50004",
                &format!("The parameter '--from' value is incorrect. {origins} leaves out nodes of the cluster: {nodes}."),
            )
            .cure(&format!(
                "Give --from a list in which every node is, with the addresses from which the others see it, or --from \
                 cluster. {UNTOUCHED}"
            ))
        }
        BoundsError::Over(nodes) => Report::other(&format!(
            "Trust has expired on {}: the lines of authorized_keys have an end that has passed.",
            names(nodes)
        ))
        .cure(&format!("Say how long it is to last from now on: --expires 8h, or --expires never. {UNTOUCHED}")),
        BoundsError::TooOld(nodes) => {
            let report = Report::other(&format!(
                "Trust cannot expire on {}: their OpenSSH is older than 7.7.",
                super::nodes(nodes.iter().map(|(node, _)| *node))
            ));
            let report = nodes.iter().fold(report, |report, (node, (major, minor))| {
                report.on(*node, &format!("OpenSSH {major}.{minor}"))
            });
            report.cure(&format!(
                "It would take no line of authorized_keys that has an expiry-time. Leave --expires out, or --expires never. {UNTOUCHED}"
            ))
        }
        BoundsError::NoClock(nodes) => {
            Report::other(&format!("Trust cannot expire on {}: date(1) does not tell the time there.", names(nodes)))
                .cure(UNTOUCHED)
        }
    }
}
