//! Calls that another one may make needless. Pure.

use super::{Call, Schedule};
use crate::inventory::NodeIx;

impl Schedule {
    /// Takes calls out that were not begun.
    pub fn spare(&mut self, needless: impl Fn(&Call) -> bool) {
        self.callers.iter_mut().for_each(|caller| caller.waiting.retain(|call| !needless(call)));
    }

    /// A call is needed after all.
    pub fn add(&mut self, from: NodeIx, to: NodeIx, name: usize) {
        if let Some(caller) = self.callers.get_mut(from) {
            caller.waiting.push_back(Call { from, to, name, tries: 0 });
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::limits::Retries;

    #[test]
    fn a_spared_call_is_made_only_if_it_is_added() {
        let mut schedule = Schedule::new(&vec![2, 2].into(), |_, _| true, true, Retries::default());
        schedule.spare(|call| call.name == 1);
        assert_eq!(schedule.waiting(), 4);
        schedule.add(NodeIx::new(1), NodeIx::new(0), 1);
        schedule.add(NodeIx::new(7), NodeIx::new(0), 1);
        let mut made = Vec::new();
        while let Some(call) = schedule.next(Duration::ZERO) {
            made.push((call.from.get(), call.to.get(), call.name, call.tries));
            assert!(!schedule.done(call, None, Duration::ZERO));
        }
        made.sort_unstable();
        assert_eq!(made, [(0, 0, 0, 1), (0, 1, 0, 1), (1, 0, 0, 1), (1, 0, 1, 1), (1, 1, 0, 1)]);
    }
}
