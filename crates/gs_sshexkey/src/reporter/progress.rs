//! A progress bar on standard error, where that is a terminal. It leaves nothing behind.

use std::fmt::Write;
use std::sync::{Mutex, PoisonError};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};
use sshtrust::probe::Progress;

use super::layout::grouped;
use crate::i18n::{Lang, Message};

/// The bar. It appears with the first news.
pub(crate) struct Bar {
    lang: Lang,
    bar: Mutex<Option<ProgressBar>>,
    target: fn() -> ProgressDrawTarget,
}

impl Bar {
    /// A bar on standard error; none is seen where that is no terminal, or one that cannot go back in its line.
    pub(crate) const fn new(lang: Lang) -> Self {
        Self { lang, bar: Mutex::new(None), target: standard_error }
    }

    /// Shows how far it is.
    pub(crate) fn update(&self, progress: Progress) {
        let mut slot = self.bar.lock().unwrap_or_else(PoisonError::into_inner);
        let bar = slot.get_or_insert_with(|| {
            let bar = ProgressBar::with_draw_target(Some(0), (self.target)());
            bar.with_style(style(self.lang))
        });
        bar.set_length(progress.total as u64);
        if progress.bad > 0 {
            let broken = Message::BarBroken { count: &grouped(progress.bad) }.text(self.lang);
            bar.set_message(format!("  {broken}"));
        }
        bar.set_position(progress.done as u64);
    }

    /// Takes it off the screen. It comes back with the next news.
    pub(crate) fn clear(&self) {
        if let Some(bar) = self.bar.lock().unwrap_or_else(PoisonError::into_inner).take() {
            bar.finish_and_clear();
        }
    }
}

fn standard_error() -> ProgressDrawTarget {
    if std::env::var_os("TERM").is_none_or(|term| term.is_empty() || term == "dumb") {
        ProgressDrawTarget::hidden()
    } else {
        ProgressDrawTarget::stderr()
    }
}

fn style(lang: Lang) -> ProgressStyle {
    // The bar takes what the words leave of the line.
    let words =
        Message::Bar { bar: &"{bar:20}", done: &"{pos}", total: &"{len}", rate: &"{rate}", left: &"{eta}" };
    let template = format!("{}{{msg}}", words.text(lang));
    let style = ProgressStyle::with_template(&template).unwrap_or_else(|_| ProgressStyle::default_bar());
    style.progress_chars("=> ").with_key("rate", |state: &ProgressState, out: &mut dyn Write| {
        // A bar that cannot be drawn is no reason to stop.
        let _ = write!(out, "{:.0}", state.per_sec());
    })
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::Arc;

    use indicatif::TermLike;

    use super::*;

    /// A terminal of 90 columns that keeps all that is written on it.
    #[derive(Debug, Clone, Default)]
    struct Paper(Arc<Mutex<String>>);

    thread_local! {
        static PAPER: Paper = Paper::default();
    }

    impl TermLike for Paper {
        fn width(&self) -> u16 {
            90
        }
        fn move_cursor_up(&self, _: usize) -> io::Result<()> {
            Ok(())
        }
        fn move_cursor_down(&self, _: usize) -> io::Result<()> {
            Ok(())
        }
        fn move_cursor_right(&self, _: usize) -> io::Result<()> {
            Ok(())
        }
        fn move_cursor_left(&self, _: usize) -> io::Result<()> {
            Ok(())
        }
        fn write_line(&self, text: &str) -> io::Result<()> {
            self.write_str(text)
        }
        fn write_str(&self, text: &str) -> io::Result<()> {
            self.0.lock().unwrap().push_str(text);
            Ok(())
        }
        fn clear_line(&self) -> io::Result<()> {
            self.0.lock().unwrap().push('\r');
            Ok(())
        }
        fn flush(&self) -> io::Result<()> {
            Ok(())
        }
    }

    fn on_paper() -> ProgressDrawTarget {
        ProgressDrawTarget::term_like(Box::new(PAPER.with(Clone::clone)))
    }

    #[test]
    fn the_bar_tells_what_is_broken_and_goes_away() {
        let bar = Bar { target: on_paper, ..Bar::new(Lang::En) };
        bar.update(Progress { done: 0, bad: 0, total: 9_900 });
        bar.update(Progress { done: 4_950, bad: 1_234, total: 9_900 });
        bar.bar.lock().unwrap().as_ref().unwrap().force_draw();
        let text = || PAPER.with(|paper| paper.0.lock().unwrap().clone());
        let drawn = text();
        assert!(drawn.contains("4950/9900 pairs") && drawn.contains("/s"), "{drawn:?}");
        assert!(drawn.contains(" left") && drawn.contains("1,234 broken"), "{drawn:?}");
        bar.clear();
        assert!(text().ends_with('\r'), "{:?}", text());
    }

    /// A line that is too wide would be broken by the terminal, and left behind.
    #[test]
    fn a_chinese_bar_stays_on_its_line() {
        let bar = Bar { target: on_paper, ..Bar::new(Lang::Zh) };
        for done in [0, 4_950] {
            bar.update(Progress { done, bad: done / 4, total: 9_900 });
            bar.bar.lock().unwrap().as_ref().unwrap().force_draw();
        }
        let drawn = PAPER.with(|paper| paper.0.lock().unwrap().clone());
        assert!(drawn.contains("1,237 对不通"), "{drawn:?}");
        assert!(drawn.split('\r').all(|line| crate::reporter::layout::width(line) <= 90), "{drawn:?}");
    }
}
