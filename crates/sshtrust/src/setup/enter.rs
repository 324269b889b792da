//! Enters all nodes, or none.

use super::{Options, SetupError};
use crate::enter::{Entered, NoEntry, Passwords, Patience, Reached, Visit, log_in, reach};
use crate::event::Observer;
use crate::inventory::NodeSpec;
use crate::session::ConnectError;

/// Enters all nodes. A node that cannot be reached is reported before anybody is asked for a password.
pub(super) async fn enter(
    options: &Options,
    passwords: &mut impl Passwords,
    observer: &dyn Observer,
) -> Result<Vec<Entered>, SetupError> {
    let visit = Visit {
        cluster: &options.cluster,
        user: &options.user,
        home: &options.home,
        agent: options.agent.as_deref(),
        limits: options.limits,
        // The others need it.
        local_needs_no_ssh: false,
        confirmed: &[],
        host_keys: &options.host_keys,
    };
    let reached = reach(visit, observer).await.map_err(|records| SetupError::LocalFile {
        path: records.path.display().to_string(),
        reason: records.error.to_string(),
    })?;
    let (mut entered, mut waiting, mut failed) = (Vec::new(), Vec::new(), Vec::new());
    for (spec, result) in options.cluster.nodes.iter().zip(reached) {
        match result {
            Ok(Reached::Entered(node)) => entered.push(node),
            Ok(Reached::Waits(connection, spec)) => waiting.push((connection, spec)),
            Err(error) => failed.push((*spec, error)),
        }
    }
    if !failed.is_empty() {
        return Err(SetupError::Unreachable(failed));
    }
    if let Some(growth) = &options.growth {
        growth.tell_shut(waiting.iter().map(|(_, spec)| *spec), observer);
    }
    let mut refusals = Vec::new();
    let witnesses: Vec<&Entered> = entered.iter().collect();
    let logged_in = log_in(waiting, &witnesses, Patience::AllOrNothing, passwords, observer).await;
    passwords.forget();
    for (spec, result) in logged_in {
        match result {
            Ok(node) => entered.push(node),
            Err(why) => refusals.push((spec, why)),
        }
    }
    if !refusals.is_empty() {
        return Err(explain(refusals));
    }
    let place = |node: &Entered| options.cluster.nodes.iter().position(|spec| *spec == node.spec);
    entered.sort_by_key(place);
    Ok(entered)
}

/// The worst reason: what keeps even a right password away comes first.
fn explain(refusals: Vec<(NodeSpec, NoEntry)>) -> SetupError {
    let (mut broken, mut wrong, mut silent): (Vec<(NodeSpec, ConnectError)>, _, _) =
        (Vec::new(), Vec::new(), Vec::new());
    let mut reason = String::new();
    for (spec, why) in refusals {
        match why {
            NoEntry::Connect(error) => broken.push((spec, error)),
            NoEntry::WrongPassword => wrong.push(spec),
            NoEntry::NoPassword(why) => {
                silent.push(spec);
                reason = why;
            }
            NoEntry::Node(error) => broken.push((spec, ConnectError::Protocol(error.to_string()))),
        }
    }
    match (broken.is_empty(), wrong.is_empty()) {
        (false, _) => SetupError::Unreachable(broken),
        (true, false) => SetupError::WrongPassword(wrong),
        (true, true) => SetupError::NoPassword { nodes: silent, why: reason },
    }
}
