//! Keys that are taken away, in memory: what is tried in the end at every node, once, and must be refused.

use std::collections::BTreeSet;

use sshfiles::{AuthorizedKeys, PublicKey};

use crate::apply::Worksite;
use crate::event::Observer;
use crate::identity::{IdentityKey, KeyId, KeyRing, Unopened, open_identities, tell_passed_over};
use crate::inventory::NodeSpec;
use crate::limits::Limits;
use crate::observe::{Entry, NodeState, Shelf, keys_file_elsewhere, look};
use crate::place::Place;
use crate::plan::PassedOver;
use crate::session::{Refusal, try_taken_key};

/// The keys that nodes came with, as far as they could be opened.
pub(super) struct TakenKeys {
    keys: KeyRing<IdentityKey>,
    /// Which node came with which, in the order of the cluster.
    of: Vec<(NodeSpec, Option<KeyId>)>,
}

impl TakenKeys {
    /// Opens the keys that lie on these nodes, each once; nodes that were not read have none.
    pub(super) async fn open(nodes: Vec<(NodeSpec, Option<NodeState>)>, observer: &dyn Observer) -> Self {
        let specs: Vec<NodeSpec> = nodes.iter().map(|(spec, _)| *spec).collect();
        let opening = tokio::task::spawn_blocking(move || {
            let read: Vec<&NodeState> = nodes.iter().filter_map(|(_, state)| state.as_ref()).collect();
            let mut opened = open_identities(&read).into_iter();
            nodes.iter().map(|(_, state)| state.as_ref().and_then(|_| opened.next().flatten())).collect()
        });
        let opened: Vec<Option<Result<_, Unopened>>> = opening.await.unwrap_or_default();
        let mut opened = opened.into_iter();
        let (mut taken, mut passed) = (Self { keys: KeyRing::default(), of: Vec::new() }, Vec::new());
        for spec in specs {
            let id = match opened.next().flatten() {
                Some(Ok(key)) => Some(taken.keys.add(key)),
                Some(Err(why)) => {
                    PassedOver::note(&mut passed, spec, 1, why);
                    None
                }
                None => None,
            };
            taken.of.push((spec, id));
        }
        tell_passed_over(passed, observer);
        taken
    }

    /// The fingerprints of the keys that can be tried, each once: one where all nodes shared it.
    pub(super) fn fingerprints(&self) -> Vec<String> {
        self.keys.iter().map(|(id, _)| id.to_string()).collect()
    }

    /// The key to try at a node: one that a line there still lets in; else that of another node, the next one's that has
    /// one; else its own. Where all shared one it is that.
    pub(super) fn for_node(&self, node: NodeSpec, let_in: &[PublicKey]) -> Option<&IdentityKey> {
        let still = let_in.iter().find_map(|key| self.keys.get(&KeyId::from(key)));
        let place = self.of.iter().position(|(spec, _)| *spec == node).unwrap_or_default();
        let (before, after) = self.of.split_at(place);
        let mut next = after.iter().skip(1).chain(before).chain(after.first());
        still.or_else(|| next.find_map(|(_, id)| self.keys.get(id.as_ref()?)))
    }

    /// Tries a key at a node, once; `None` if there is none that could be tried.
    pub(super) async fn try_at(&self, door: &Door<'_>, let_in: &[PublicKey]) -> Option<Refusal> {
        let key = self.for_node(door.node, let_in).and_then(IdentityKey::private)?;
        Some(try_taken_key(door.node, door.user, key, door.host_keys, &door.limits).await)
    }
}

/// Where a key is tried, and as whom.
pub(super) struct Door<'a> {
    pub(super) node: NodeSpec,
    pub(super) user: &'a str,
    /// Those that the node had when it was entered.
    pub(super) host_keys: &'a [PublicKey],
    pub(super) limits: Limits,
}

/// A node as it is afterwards.
pub(super) struct Afterwards {
    pub(super) state: NodeState,
    /// The file where its sshd looks for keys, if that is not the usual one.
    pub(super) elsewhere: Option<Entry>,
}

impl Afterwards {
    /// Looks at a node again.
    ///
    /// # Errors
    /// Why it cannot be read.
    pub(super) async fn of(site: &Worksite, node: NodeSpec, user: &str) -> Result<Self, String> {
        let (shell, shelf) = (site.shell(), &Shelf::default());
        let state = look(shell, node, user, true, shelf).await.map_err(|e| e.to_string())?;
        let elsewhere = keys_file_elsewhere(shell, &state, shelf).await.ok().flatten();
        Ok(Self { state, elsewhere })
    }

    /// Of these keys, those that a line of the node still lets in, whoever wrote it: where it stands, and whether it is ours.
    pub(super) fn lets_in(&self, keys: &BTreeSet<PublicKey>) -> Vec<(PublicKey, String, bool)> {
        let files = [Some(self.state.entry(Place::AuthorizedKeys)), self.elsewhere.as_ref()];
        let lines = files.into_iter().flatten().flat_map(|file| {
            let lines: Vec<_> = AuthorizedKeys::parse(&file.bytes).entries().collect();
            lines.into_iter().map(|line| (line.key, file.path.clone(), line.ours))
        });
        lines.filter(|(key, ..)| keys.contains(key)).collect()
    }
}
