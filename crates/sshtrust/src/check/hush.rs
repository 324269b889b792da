//! What a watch tells of what happens: only news. Else a node that is gone would be told of for days.

use std::collections::HashMap;
use std::mem::{Discriminant, discriminant};
use std::sync::{Mutex, PoisonError};

use crate::event::{Event, Observer};
use crate::inventory::NodeSpec;

/// Hands events on, but for those that say what was said before of the same node.
pub(super) struct Hush<'a> {
    observer: &'a dyn Observer,
    told: Mutex<HashMap<(NodeSpec, Discriminant<Event>), String>>,
}

impl<'a> Hush<'a> {
    pub(super) fn new(observer: &'a dyn Observer) -> Self {
        Self { observer, told: Mutex::default() }
    }

    /// Who hears everything.
    pub(super) const fn observer(&self) -> &'a dyn Observer {
        self.observer
    }

    /// What will be said of a node is news.
    pub(super) fn forget(&self, node: NodeSpec) {
        self.told.lock().unwrap_or_else(PoisonError::into_inner).retain(|(of, _), _| *of != node);
    }

    fn is_news(&self, node: NodeSpec, event: &Event) -> bool {
        let text = format!("{event:?}");
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        let before = told.insert((node, discriminant(event)), text.clone());
        before.is_none_or(|before| before != text)
    }
}

impl Observer for Hush<'_> {
    fn event(&self, event: &Event) {
        let is_news = match event {
            // The bar of a round that nobody waits for, and keys that were told of at the start.
            Event::Verifying(_) | Event::OwnKeyPassedOver(_) => false,
            Event::Warning { node, .. }
            | Event::Notice { node, .. }
            | Event::Connected { node, .. }
            | Event::LoggedIn { node, .. }
            | Event::NameLeftOut { node, .. } => self.is_news(*node, event),
            _ => true,
        };
        if is_news {
            self.observer.event(event);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::Login;
    use crate::probe::Progress;

    #[derive(Default)]
    struct Heard(Mutex<Vec<String>>);

    impl Observer for Heard {
        fn event(&self, event: &Event) {
            self.0.lock().unwrap().push(format!("{event:?}"));
        }
    }

    #[test]
    fn a_node_is_told_of_when_there_is_news_of_it() {
        let node = |last: u8| NodeSpec { ip: [10, 0, 0, last].into(), port: 22 };
        let warning = |last, text: &str| Event::Warning { node: node(last), text: text.to_owned() };
        let logged_in = Event::LoggedIn { node: node(1), how: Login::Key };
        let progress = Event::Verifying(Progress::default());
        // What happens, and whether it is handed on.
        let events = [
            (warning(1, "refused"), true),
            (warning(1, "refused"), false),
            (warning(2, "refused"), true),
            (warning(1, "silent"), true),
            (warning(1, "refused"), true),
            (logged_in.clone(), true),
            (logged_in.clone(), false),
            (warning(1, "refused"), false),
            (progress, false),
        ];
        let heard = Heard::default();
        let hush = Hush::new(&heard);
        for (event, wanted) in &events {
            let before = heard.0.lock().unwrap().len();
            hush.event(event);
            assert_eq!(heard.0.lock().unwrap().len() > before, *wanted, "{event:?}");
        }
        hush.forget(node(1));
        hush.event(&logged_in);
        assert_eq!(heard.0.lock().unwrap().len(), 6, "lost and entered again");
    }
}
