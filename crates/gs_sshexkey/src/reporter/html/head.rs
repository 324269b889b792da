//! The top of the page: the verdict, what was checked, how many pairs are how.

use std::time::Duration;

use jiff::Timestamp;
use maud::{Markup, html};
use sshtrust::probe::PairState;

use super::super::layout::grouped;
use super::signs::icon;
use super::view::{View, class, safe};
use crate::i18n::{PageText, page_by, page_state};

/// The program that made the page.
pub(super) const PROGRAM: &str = concat!("gs_sshexkey ", env!("CARGO_PKG_VERSION"));

/// The verdict as one state: the worst that matters.
fn verdict(view: &View) -> PairState {
    let counts = &view.counts;
    match () {
        () if counts.broken > 0 => PairState::Broken,
        () if counts.throttled > 0 => PairState::Throttled,
        () if counts.unseen > 0 || counts.total() == 0 => PairState::Unseen,
        () if counts.slow > 0 => PairState::Slow,
        () => PairState::Works,
    }
}

/// The verdict in one line.
pub(super) fn verdict_text(view: &View) -> String {
    let counts = &view.counts;
    let (total, nodes) = (counts.total(), view.size());
    let unknown = counts.throttled + counts.unseen;
    if let (PairState::Works | PairState::Slow, Some(sampled)) = (verdict(view), view.matrix().sampled()) {
        let all = &grouped(sampled.of);
        return view.text(&PageText::AllSampledWork { total: &grouped(total), all, nodes: &nodes });
    }
    view.text(&match verdict(view) {
        _ if total == 0 => PageText::NoPairs {},
        PairState::Works => PageText::AllWork { total: &total, nodes: &nodes },
        PairState::Slow => PageText::AllWorkSomeSlow { total: &total, nodes: &nodes, slow: &counts.slow },
        PairState::Broken => PageText::SomeBroken { broken: &counts.broken, total: &total },
        PairState::Throttled | PairState::Unseen => {
            PageText::SomeUnknown { unknown: &unknown, total: &total }
        }
    })
}

pub(super) fn header(view: &View) -> Markup {
    let state = verdict(view);
    html! {
        header {
            p.kind { (view.text(&PageText::Title {})) }
            h1 class=(class(state)) { (icon(state)) span { (verdict_text(view)) } }
            (counts(view))
            (facts(view))
        }
    }
}

fn counts(view: &View) -> Markup {
    let counts = &view.counts;
    let all = [
        (PairState::Works, counts.works),
        (PairState::Slow, counts.slow),
        (PairState::Broken, counts.broken),
        (PairState::Throttled, counts.throttled),
        (PairState::Unseen, counts.unseen),
    ];
    html! {
        ul.counts aria-label=(view.text(&PageText::CountsLabel {})) {
            @for (state, count) in all {
                li.none[count == 0] { (icon(state)) b { (count) } " " (view.text(&page_state(state))) }
            }
        }
    }
}

fn facts(view: &View) -> Markup {
    let began = Timestamp::try_from(view.checked.began).ok().map(|time| time.to_zoned(view.zone.clone()));
    let by: Vec<String> = view.matrix().by().iter().map(|by| view.text(&page_by(*by))).collect();
    let fact = |label: PageText, value: Markup| html! { div { dt { (view.text(&label)) } dd { (value) } } };
    html! {
        dl.facts aria-label=(view.text(&PageText::Facts {})) {
            (fact(PageText::NodesLabel {}, html! { (view.size()) }))
            (fact(PageText::UserLabel {}, html! { (safe(&view.checked.user)) }))
            (fact(PageText::CalledLabel {}, html! { (by.join(view.comma())) }))
            @if let Some(sampled) = view.matrix().sampled() {
                (fact(PageText::SampledLabel {}, html! { (view.text(&PageText::Sampled {
                    pairs: &grouped(view.counts.total()), all: &grouped(sampled.of), seed: &sampled.seed,
                })) }))
            }
            @if let Some(began) = began {
                (fact(PageText::BeganLabel {}, html! {
                    time datetime=(began.strftime("%Y-%m-%dT%H:%M:%S%:z")) {
                        (began.strftime("%Y-%m-%d %H:%M:%S UTC%:z"))
                    }
                }))
            }
            (fact(PageText::TookLabel {}, html! { (duration(view, view.checked.took)) }))
            (fact(PageText::ProgramLabel {}, html! { (PROGRAM) }))
        }
    }
}

/// A time as people say it.
pub(super) fn duration(view: &View, time: Duration) -> String {
    let seconds = time.as_secs();
    if seconds < 120 {
        let tenths = format!("{:.1}", time.as_secs_f64());
        return view.text(&PageText::Seconds { seconds: &tenths });
    }
    view.text(&PageText::Minutes { minutes: &(seconds / 60), seconds: &(seconds % 60) })
}
