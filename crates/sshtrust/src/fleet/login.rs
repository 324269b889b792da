//! Enters nodes that no key opens, by a password that is asked for only now, and only after witnesses have looked at the host
//! keys that nobody knows.

use futures_util::future::join_all;
use sshfiles::PublicKey;
use trust::enter::{NoEntry, SeenOtherwise};

use super::enter::{Entered, describe};
use super::{Gate, witness};
use crate::event::{Event, Login, Observer};
use crate::inventory::NodeSpec;
use crate::secret::Secret;
use crate::session::{ConnectError, Connection, PasswordOutcome};

/// Which password is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Question {
    /// The user's, for all nodes that need one.
    Common,
    /// The user's on one node.
    OnNode(NodeSpec),
}

/// Asks for passwords.
pub trait Passwords: Send {
    /// The answer, or why there is none.
    fn ask(&mut self, question: Question) -> impl Future<Output = Result<Secret, String>> + Send;

    /// Whether this node has a password of its own: it is tried there, and the common one is not.
    fn has_own(&self, _node: NodeSpec) -> bool {
        false
    }

    /// All nodes are entered: what is known in advance is wiped.
    fn forget(&mut self) {}

    /// Whether there can be another answer for a node that refused the first.
    fn asks_again(&self) -> bool {
        true
    }
}

/// What to do when a node refuses its password, or nobody has one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Patience {
    /// All nodes are needed: ask no more.
    AllOrNothing,
    /// Go on with the others.
    AsManyAsPossible,
}

/// Tries the node's own password, or the common one; then asks for each node that refused it. Two tries a node at the
/// most: many systems lock an account at the third.
///
/// Before that, nodes that were `entered` by a key look at those whose host key nobody knows here, also where a key was
/// accepted: a stranger accepts any. One that shows them another key gets no password, and is entered no more.
pub async fn log_in(
    waiting: Vec<(Box<Connection>, NodeSpec)>,
    entered: &[&Entered],
    patience: Patience,
    passwords: &mut impl Passwords,
    observer: &dyn Observer,
) -> Vec<(NodeSpec, Result<Entered, NoEntry>)> {
    let (waiting, refused) = witnessed(waiting, entered).await;
    let nobody_is_asked = waiting.is_empty() || (patience == Patience::AllOrNothing && !refused.is_empty());
    if nobody_is_asked {
        return refused;
    }
    let unknown = unknown_keys(&waiting);
    if !unknown.is_empty() {
        let shown = unknown.iter().map(|(node, key)| (*node, describe(key)));
        observer.event(&Event::NewHostKeys(shown.collect()));
    }
    let mut done = refused;
    done.extend(by_password(waiting, patience, passwords, observer).await);
    done
}

/// The nodes whose host key is on no record here, with that key.
fn unknown_keys(waiting: &[Waiting]) -> Vec<(NodeSpec, PublicKey)> {
    let unknown = waiting.iter().filter(|(connection, _)| !connection.host_key_was_known());
    unknown.filter_map(|(connection, spec)| Some((*spec, connection.host_key()?))).collect()
}

/// Asks witnesses about the nodes whose host key nobody knows here. Those that may get a password, and those that may not.
async fn witnessed(waiting: Vec<Waiting>, entered: &[&Entered]) -> (Vec<Waiting>, Vec<Ended>) {
    let by_key = entered.iter().filter(|node| node.login == Login::Key && !node.host_key_was_known());
    let by_key = by_key.filter_map(|node| Some((node.spec, node.host_key()?)));
    let doubtful: Vec<_> = by_key.chain(unknown_keys(&waiting)).collect();
    let otherwise = witness::look(entered, &doubtful).await;
    let is_waiting = |spec: &NodeSpec| waiting.iter().any(|(_, waits)| waits == spec);
    let inside = otherwise.iter().filter(|(spec, _)| !is_waiting(spec));
    let seen_otherwise =
        |seen: &SeenOtherwise| Err(ConnectError::HostKeySeenOtherwise(Box::new(seen.clone())).into());
    let mut refused: Vec<Ended> = inside.map(|(spec, seen)| (*spec, seen_otherwise(seen))).collect();
    let (mut good, mut leaving) = (Vec::new(), Vec::new());
    for (connection, spec) in waiting {
        match otherwise.iter().find(|(node, _)| *node == spec) {
            None => good.push((connection, spec)),
            Some((_, seen)) => {
                leaving.push(connection.close());
                refused.push((spec, seen_otherwise(seen)));
            }
        }
    }
    join_all(leaving).await;
    (good, refused)
}

async fn by_password(
    waiting: Vec<Waiting>,
    patience: Patience,
    passwords: &mut impl Passwords,
    observer: &dyn Observer,
) -> Vec<Ended> {
    let (ready, mut done) = first_answers(waiting, patience, passwords).await;
    let gate = &Gate::default();
    let tries = ready.into_iter().map(|((connection, spec), password)| async move {
        gate.pass(attempt(connection, spec, &password, observer)).await
    });
    let mut refused = Vec::new();
    for tried in join_all(tries).await {
        match tried {
            Tried::Refused(connection, spec) => refused.push((connection, spec)),
            Tried::Ended(spec, result) => done.push((spec, result)),
        }
    }
    let failed = done.iter().any(|(_, result)| result.is_err());
    let over = !passwords.asks_again() || (failed && patience == Patience::AllOrNothing);
    if refused.is_empty() || over {
        done.extend(refused.into_iter().map(|(_, spec)| (spec, Err(NoEntry::WrongPassword))));
        return done;
    }
    observer.event(&Event::PasswordsRefused(refused.iter().map(|(_, spec)| *spec).collect()));
    done.extend(one_by_one(refused, patience, passwords, observer).await);
    done
}

/// A node that takes a password.
type Waiting = (Box<Connection>, NodeSpec);
/// What became of a node.
type Ended = (NodeSpec, Result<Entered, NoEntry>);

/// The password to begin with, for each node, and the nodes that have none. Where all are needed, nothing is tried
/// unless all have one.
async fn first_answers(
    waiting: Vec<Waiting>,
    patience: Patience,
    passwords: &mut impl Passwords,
) -> (Vec<(Waiting, Secret)>, Vec<Ended>) {
    let common = match waiting.iter().any(|(_, spec)| !passwords.has_own(*spec)) {
        true => Some(passwords.ask(Question::Common).await),
        false => None,
    };
    let (mut ready, mut done) = (Vec::new(), Vec::new());
    for node in waiting {
        let answer = match &common {
            Some(common) if !passwords.has_own(node.1) => common.clone(),
            _ => passwords.ask(Question::OnNode(node.1)).await,
        };
        match answer {
            Ok(password) => ready.push((node, password)),
            Err(why) => done.push((node.1, Err(no_password(&node.0, &why)))),
        }
    }
    if patience == Patience::AllOrNothing && !done.is_empty() {
        ready.clear();
    }
    (ready, done)
}

/// Why a node stays closed that nobody has a password for.
pub(crate) fn no_password(connection: &Connection, why: &str) -> NoEntry {
    let keys: String = connection.passed().iter().map(|key| format!("; {key}")).collect();
    let why = format!("{why}{keys}");
    if let Some(error) = connection.wants_more() {
        return NoEntry::Connect(error);
    }
    connection.forced_command(why.clone()).map_or(NoEntry::NoPassword(why), NoEntry::Connect)
}

/// Asks for the password of each node.
async fn one_by_one(
    refused: Vec<(Box<Connection>, NodeSpec)>,
    patience: Patience,
    passwords: &mut impl Passwords,
    observer: &dyn Observer,
) -> Vec<(NodeSpec, Result<Entered, NoEntry>)> {
    let mut done: Vec<(NodeSpec, Result<Entered, NoEntry>)> = Vec::new();
    let mut nobody: Option<String> = None;
    for (connection, spec) in refused {
        let failed = done.iter().any(|(_, result)| result.is_err());
        if failed && patience == Patience::AllOrNothing {
            break;
        }
        if let Some(why) = &nobody {
            done.push((spec, Err(no_password(&connection, why))));
            continue;
        }
        match passwords.ask(Question::OnNode(spec)).await {
            Err(why) => {
                done.push((spec, Err(no_password(&connection, &why))));
                nobody = Some(why);
            }
            Ok(own) => match attempt(connection, spec, &own, observer).await {
                Tried::Ended(spec, result) => done.push((spec, result)),
                Tried::Refused(_, spec) => done.push((spec, Err(NoEntry::WrongPassword))),
            },
        }
    }
    done
}

/// What a try with a password came to.
enum Tried {
    /// One failed try.
    Refused(Box<Connection>, NodeSpec),
    Ended(NodeSpec, Result<Entered, NoEntry>),
}

async fn attempt(
    mut connection: Box<Connection>,
    spec: NodeSpec,
    password: &Secret,
    observer: &dyn Observer,
) -> Tried {
    match connection.try_password(password).await {
        Err(error) => Tried::Ended(spec, Err(error.into())),
        Ok(PasswordOutcome::Refused) => Tried::Refused(connection, spec),
        Ok(PasswordOutcome::Accepted) => {
            observer.event(&Event::LoggedIn { node: spec, how: Login::Password });
            Tried::Ended(spec, Ok(Entered::new(spec, Login::Password, Some(connection))))
        }
    }
}
