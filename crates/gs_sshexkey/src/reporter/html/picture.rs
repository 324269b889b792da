//! The matrix as a picture: a cell for every pair, its state told by colour and by shape.
//!
//! What works is one rectangle under everything; the other states are one path each. So 90,000 healthy cells are a
//! handful of elements, and the worst mixture is a few bytes a cell.

use maud::{Markup, html};
use sshtrust::inventory::NodeIx;
use sshtrust::probe::{By, PairState};

use super::runs::Cells;
use super::signs::{STATES, Size, cell, pattern};
use super::view::{View, class, safe};
use crate::i18n::{PageText, headline, page_by, page_state};

/// More cells in a row than this are too small to see: a cell then stands for several pairs.
const MOST_CELLS: usize = 350;
/// So many cells have words of their own to point at; for more, the script tells them.
const MOST_TITLES: usize = 1_200;
/// Pixels between two labels, at least.
const LABEL_STEP: usize = 13;
/// Width of a character of a label, in tenths of a pixel.
const CHARACTER: usize = 67;
/// Longest label, in characters.
const LONGEST: usize = 24;

pub(super) fn section(view: &View) -> Markup {
    let fold = view.size().div_ceil(MOST_CELLS).max(1);
    html! {
        section #matrix aria-labelledby="matrix-title" {
            h2 #matrix-title { (view.text(&PageText::Matrix {})) }
            p {
                (view.text(&PageText::MatrixMeans {}))
                @if fold > 1 { " " (view.text(&PageText::Folded { count: &fold })) }
            }
            (legend(view, Size::of(scale(view.size().div_ceil(fold)))))
            p #readout hidden data-none=(view.text(&PageText::NoPair {})) {
                (view.text(&PageText::PointAtCell {}))
            }
            div.pictures { @for by in view.matrix().by() { (figure(view, *by, fold)) } }
        }
    }
}

/// The signs as they are in the pictures.
fn legend(view: &View, size: Size) -> Markup {
    html! {
        ul.legend { @for state in STATES { li { (cell(state, size)) (view.text(&page_state(state))) } } }
    }
}

/// Width of a cell, in pixels.
const fn scale(cells: usize) -> usize {
    match cells {
        0..=6 => 44,
        7..=14 => 32,
        15..=40 => 16,
        41..=110 => 10,
        111..=200 => 6,
        201..=300 => 4,
        _ => 3,
    }
}

/// Where things are in a picture, in pixels.
struct Layout {
    /// A cell.
    scale: usize,
    /// Nodes in a row of a cell.
    fold: usize,
    /// Cells from label to label.
    step: usize,
    /// Room for the labels, at the left and above.
    margin: usize,
    /// All cells.
    side: usize,
}

impl Layout {
    fn new(view: &View, by: By, cells: usize, fold: usize) -> Self {
        let scale = scale(cells);
        let step = [1, 2, 5, 10].into_iter().find(|step| step * scale >= LABEL_STEP).unwrap_or(20);
        let labels = view.nodes().step_by(step * fold.max(1));
        let longest = labels.map(|node| label(view, node, by).chars().count()).max().unwrap_or_default();
        Self { scale, fold, step, margin: longest * CHARACTER / 10 + 12, side: cells * scale }
    }
}

/// The label of a node, its middle left out where it is long.
fn label(view: &View, node: NodeIx, by: By) -> String {
    let label = view.label(node, by);
    let count = label.chars().count();
    if count <= LONGEST {
        return label.to_owned();
    }
    let head: String = label.chars().take(LONGEST / 2).collect();
    let tail: String = label.chars().skip(count - (LONGEST / 2 - 1)).collect();
    format!("{head}…{tail}")
}

fn figure(view: &View, by: By, fold: usize) -> Markup {
    let cells = Cells::new(view.matrix(), by, fold);
    let layout = Layout::new(view, by, cells.size, fold);
    let all = layout.margin + layout.side + 4;
    let (mark, title) = match by {
        By::Ip => ("ip", PageText::PictureByIp {}),
        By::Name => ("name", PageText::PictureByName {}),
    };
    html! {
        figure {
            figcaption id={ "by-" (mark) } { (view.text(&title)) }
            div.scroll tabindex="0" role="region" aria-labelledby={ "by-" (mark) } {
                svg.matrix role="img" aria-label=(summary(view, by)) width=(all) height=(all)
                    viewBox={ "0 0 " (all) " " (all) } data-by=(mark) data-cells=(cells.size)
                    data-fold=(fold) data-margin=(layout.margin) data-scale=(layout.scale) {
                    (labels(view, by, &layout))
                    g transform={ "translate(" (layout.margin) " " (layout.margin) ") scale(" (layout.scale) ")" } {
                        (states(view, &cells, layout.scale))
                        @if fold == 1 { (titles(view, by)) }
                        path.mark d="" {}
                    }
                }
            }
        }
    }
}

/// The picture in a sentence.
fn summary(view: &View, by: By) -> String {
    let (mut good, mut total) = (0, 0);
    for (.., pair) in view.matrix().iter().filter(|(_, _, known, _)| *known == by) {
        total += 1;
        good += usize::from(pair.state.is_good());
    }
    let by = view.text(&page_by(by));
    view.text(&PageText::PictureSummary { by: &by, good: &good, total: &total })
}

fn labels(view: &View, by: By, layout: &Layout) -> Markup {
    let places = view.nodes().step_by(layout.step * layout.fold).map(|node| {
        let cell = node.get() / layout.fold;
        (label(view, node, by), layout.margin + cell * layout.scale + layout.scale / 2)
    });
    let edge = layout.margin - 6;
    html! {
        g.labels aria-hidden="true" { @for (label, middle) in places {
            text x=(edge) y=(middle + 4) text-anchor="end" { (label) }
            text transform={ "translate(" (middle + 4) " " (edge) ") rotate(-90)" } { (label) }
        } }
    }
}

/// One path a state, the most frequent of a healthy cluster as one rectangle under the others.
fn states(view: &View, cells: &Cells, scale: usize) -> Markup {
    let size = Size::of(scale);
    let path = |state: Option<PairState>, outline: &str| {
        let class = state.map_or("none", class);
        html! {
            @if !outline.is_empty() {
                path class=(class) d=(outline) fill=[state.map(|state| pattern(state, size))] {
                    @if let Some(state) = state { title { (view.text(&page_state(state))) } }
                }
            }
        }
    };
    html! {
        rect.works width=(cells.size) height=(cells.size) fill=(pattern(PairState::Works, size)) {
            title { (view.text(&page_state(PairState::Works))) }
        }
        (path(None, &cells.outline(None)))
        @for state in STATES.into_iter().skip(1) { (path(Some(state), &cells.outline(Some(state)))) }
    }
}

/// Cells to point at, with the likely cause.
fn titles(view: &View, by: By) -> Markup {
    let edges: Vec<_> = view.matrix().edges().iter().filter(|edge| edge.by == by).collect();
    html! {
        @if edges.len() <= MOST_TITLES {
            g.titles { @for edge in edges {
                rect x=(edge.to.get()) y=(edge.from.get()) width="1" height="1" {
                    title {
                        (view.label(edge.from, by)) " → " (view.label(edge.to, by)) ": "
                        (view.text(&page_state(edge.state))) " – " (safe(&headline(&edge.cause, view.lang)))
                    }
                }
            } }
        }
    }
}
