//! The order of the journal: the one place that knows it.
//!
//! A step's number says when it is undone: later ones first. So what something else stands on has the smaller number.

/// What kind of step it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Phase {
    /// The folders of the key, the agent and the store.
    Folder,
    /// The folder of the program.
    ProgramFolder,
    /// The folders of systemd's units.
    UnitFolder,
    /// A command of a cure.
    Command,
    /// The user's systemd lives on without a session.
    Linger,
    /// systemd reads its units again, when they are gone.
    Reload,
    /// The key goes to an agent that lives, or its dead socket out of the way.
    AgentKey,
    /// The agent is wanted again.
    AgentWanted,
    /// An agent is started.
    AgentStart,
    /// Keys leave the agent, when the change is kept.
    Forget,
    /// Files, all together.
    File,
    /// The program of the keepalive.
    Program,
    /// The user's crontab.
    Crontab,
    /// systemd's units.
    Unit,
    /// The timer is switched on.
    Timer,
    /// The profile of the login shell.
    Profile,
    /// What goes when the change is kept.
    After,
}

/// Room for steps of one kind.
const ROOM: usize = 500;

impl Phase {
    /// The number of its first step; it has room for [`ROOM`] of them.
    pub(super) const fn first(self) -> usize {
        self as usize * ROOM
    }

    /// The name of its first step in the journal.
    pub(super) fn step(self) -> String {
        step(self.first())
    }

    /// The beginning of the names of all its steps, as patterns of the shell: a hundred each.
    pub(super) fn prefixes(self) -> Vec<String> {
        (0..ROOM / 100).map(|hundred| step(self.first() + hundred * 100)[..3].to_owned()).collect()
    }
}

/// The name of a step in the journal.
pub(super) fn step(number: usize) -> String {
    format!("{number:05}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_on_something_is_undone_before_it() {
        let order = [
            (Phase::Folder, Phase::File),
            (Phase::ProgramFolder, Phase::Program),
            (Phase::UnitFolder, Phase::Unit),
            (Phase::Linger, Phase::AgentStart),
            (Phase::Linger, Phase::Timer),
            (Phase::Reload, Phase::Unit),
            (Phase::AgentKey, Phase::AgentStart),
            (Phase::Unit, Phase::Timer),
            (Phase::Program, Phase::Crontab),
        ];
        for (below, above) in order {
            assert!(below.step() < above.step(), "{below:?} {above:?}");
        }
        assert!(step(Phase::After.first() + ROOM).len() == 5, "names of steps are sorted as text");
    }

    #[test]
    fn the_prefixes_of_a_kind_are_of_no_other() {
        let prefixes = Phase::Unit.prefixes();
        for number in 0..Phase::After.first() + ROOM {
            let own = (Phase::Unit.first()..Phase::Unit.first() + ROOM).contains(&number);
            let named = prefixes.iter().any(|prefix| step(number).starts_with(prefix.as_str()));
            assert_eq!(own, named, "{number}");
        }
    }
}
