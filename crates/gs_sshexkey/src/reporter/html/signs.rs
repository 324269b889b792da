//! The signs of the states: each has a shape of its own, so that colour alone never tells.

use maud::{Markup, html};
use sshtrust::probe::PairState;

use super::view::class;

/// All states.
pub(super) const STATES: [PairState; 5] =
    [PairState::Works, PairState::Slow, PairState::Broken, PairState::Throttled, PairState::Unseen];

/// How finely a cell can be drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Size {
    /// A sign can be read.
    Large,
    /// A few pixels.
    Small,
}

impl Size {
    /// By the width of a cell, in pixels.
    pub(super) const fn of(pixels: usize) -> Self {
        if pixels >= 10 { Self::Large } else { Self::Small }
    }

    const fn prefix(self) -> &'static str {
        match self {
            Self::Large => "c",
            Self::Small => "s",
        }
    }
}

/// The sign of a state, as high as a letter.
pub(super) fn icon(state: PairState) -> Markup {
    drawing("i", state)
}

/// The same as it is in a cell of the picture.
pub(super) fn cell(state: PairState, size: Size) -> Markup {
    drawing(size.prefix(), state)
}

/// What fills the cells of a state, as the `fill` of an SVG path.
pub(super) fn pattern(state: PairState, size: Size) -> String {
    format!("url(#p{}-{})", size.prefix(), class(state))
}

fn drawing(prefix: &str, state: PairState) -> Markup {
    html! { svg.icon viewBox="0 0 1 1" aria-hidden="true" { use href={ "#" (prefix) "-" (class(state)) } {} } }
}

/// The signs and patterns that the page uses again and again.
pub(super) fn definitions() -> Markup {
    html! {
        svg.definitions aria-hidden="true" width="0" height="0" { defs { @for state in STATES {
            symbol id={ "i-" (class(state)) } viewBox="0 0 1 1" { (large(state, sign(state))) }
            (both("c", state, &large(state, cell_sign(state))))
            (both("s", state, &small(state)))
        } } }
    }
}

/// A drawing to be used once, and side by side as a pattern.
fn both(prefix: &str, state: PairState, drawing: &Markup) -> Markup {
    let name = format!("{prefix}-{}", class(state));
    html! {
        symbol id=(name) viewBox="0 0 1 1" { (drawing) }
        pattern id={ "p" (name) } width="1" height="1" patternUnits="userSpaceOnUse" { (drawing) }
    }
}

fn large(state: PairState, sign: &str) -> Markup {
    html! {
        rect class={ "bg " (class(state)) } x=".04" y=".04" width=".92" height=".92" rx=".12" {}
        path class={ "fg " (class(state)) } d=(sign) {}
    }
}

fn small(state: PairState) -> Markup {
    html! {
        rect class={ "bg " (class(state)) } width="1" height="1" {}
        path class={ "fg fine " (class(state)) } d=(small_sign(state)) {}
    }
}

/// The shape of a state, in units of a cell.
const fn sign(state: PairState) -> &'static str {
    match state {
        // A tick.
        PairState::Works => "M.29.53.44.68.72.34",
        // The hands and the face of a clock.
        PairState::Slow => "M.5.3V.52L.64.6M.5.2a.3.3 0 1 0 .001 0z",
        // A cross.
        PairState::Broken => "M.29.29.71.71M.71.29.29.71",
        // The two bars of a pause.
        PairState::Throttled => "M.37.28V.72M.63.28V.72",
        // A question mark.
        PairState::Unseen => "M.37.38a.13.13 0 1 1 .18.12Q.5.53.5.6M.5.74v.01",
    }
}

/// The same in a cell of the picture: what works is plain there, so that the others stand out.
const fn cell_sign(state: PairState) -> &'static str {
    match state {
        PairState::Works => "",
        _ => sign(state),
    }
}

/// The same where a cell is a few pixels: a diagonal, all of it, a bar, a dash.
const fn small_sign(state: PairState) -> &'static str {
    match state {
        PairState::Works | PairState::Broken => "",
        PairState::Slow => "M0 1 1 0",
        PairState::Throttled => "M.5 0V1",
        PairState::Unseen => "M0 .5H.5",
    }
}
