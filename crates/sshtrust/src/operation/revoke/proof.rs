//! What was taken away is gone, and that is seen.

use sshfiles::PublicKey;

use super::{Options, Survey, Surveyed};
use crate::inventory::NodeSpec;
use crate::operation::hold::Held;
use crate::operation::taken::{Afterwards, Door};
use crate::plan::{Left, LeftWhy, Taking, take_all};
use crate::session::Refusal;

/// What became of a node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Revoked {
    /// Which node.
    pub spec: NodeSpec,
    /// How it ended there.
    pub ended: Ended,
    /// What stays, and why.
    pub left: Vec<Left>,
    /// How it received the old key; `None` if there was no key that could be tried.
    pub refusal: Option<Refusal>,
}

/// How it ended on a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// All went.
    Gone,
    /// There was nothing.
    Nothing,
    /// It was not entered.
    Skipped,
}

/// Looks at a node again, and tries the old key there.
pub(super) async fn end(options: &Options, survey: &Survey, seen: &Surveyed, held: &Held) -> Revoked {
    let (mut left, let_in) = what_is_left(options, survey, held).await;
    let nothing = seen.taking.as_ref().is_some_and(Taking::is_empty);
    let entered = seen.taking.is_some() || seen.done_before;
    let (user, limits) = (&options.check.user, options.check.limits);
    let door = Door { node: seen.spec, user, host_keys: &seen.host_keys, limits };
    let refusal = if entered { survey.keys.try_at(&door, &let_in).await } else { None };
    let ended = match (entered, nothing) {
        (false, _) => Ended::Skipped,
        (true, true) => Ended::Nothing,
        (true, false) => Ended::Gone,
    };
    // By the public key a line of the user's own is known; that is gone now.
    let planned = seen.taking.iter().flat_map(|taking| &taking.left);
    left.extend(planned.filter(|left| left.why == LeftWhy::OwnKey).cloned());
    Revoked { spec: seen.spec, ended, left, refusal }
}

/// What is still there, and the keys that the node still lets in.
async fn what_is_left(options: &Options, survey: &Survey, held: &Held) -> (Vec<Left>, Vec<PublicKey>) {
    let Some(site) = &held.site else { return (Vec::new(), Vec::new()) };
    let failed = |why: String| vec![Left { path: String::new(), why: LeftWhy::Failed(why) }];
    let now = match Afterwards::of(site, held.spec(), &options.check.user).await {
        Ok(now) => now,
        Err(error) => return (failed(error), Vec::new()),
    };
    let let_in = now.lets_in(&survey.publics).into_iter().map(|(key, ..)| key).collect();
    let taking = take_all(&now.state, now.elsewhere.as_ref(), &survey.publics, options.keep_names);
    (taking.leftovers(), let_in)
}
