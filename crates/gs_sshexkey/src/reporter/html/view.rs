//! The result as the page's parts see it: texts in one language, nodes by their labels.

use jiff::tz::TimeZone;
use maud::{Markup, html};
use sshtrust::check::{Checked, CheckedNode};
use sshtrust::inventory::{NodeIx, NodeMap};
use sshtrust::probe::{By, Counts, PairState, TrustMatrix};
use sshtrust::text::printable;

use crate::i18n::{Lang, PageText};

/// Everything that the parts of the page need.
pub(super) struct View<'a> {
    pub(super) checked: &'a Checked,
    pub(super) lang: Lang,
    pub(super) zone: TimeZone,
    /// All pairs.
    pub(super) counts: Counts,
    labels: NodeMap<Label>,
}

struct Label {
    address: String,
    name: Option<String>,
}

impl<'a> View<'a> {
    pub(super) fn new(checked: &'a Checked, lang: Lang, zone: TimeZone) -> Self {
        let nodes = checked.matrix.nodes().entries();
        let labels = nodes.map(|(index, spec)| {
            let name = checked.nodes.get(index).and_then(|node| node.name.as_ref());
            Label { address: spec.to_string(), name: name.map(|name| safe(name)) }
        });
        Self { checked, lang, zone, counts: checked.matrix.counts(), labels: labels.collect() }
    }

    pub(super) fn matrix(&self) -> &'a TrustMatrix {
        &self.checked.matrix
    }

    /// How many nodes.
    pub(super) fn size(&self) -> usize {
        self.labels.len()
    }

    /// All nodes.
    pub(super) fn nodes(&self) -> impl Iterator<Item = NodeIx> + use<> {
        self.labels.indices()
    }

    pub(super) fn node(&self, index: NodeIx) -> Option<&'a CheckedNode> {
        self.checked.nodes.get(index)
    }

    pub(super) fn text(&self, text: &PageText) -> String {
        text.text(self.lang)
    }

    /// The language tag of the page (RFC 5646); browsers choose the shapes of characters by it.
    pub(super) fn language(&self) -> &'static str {
        match self.lang {
            Lang::En => "en",
            Lang::Zh => "zh-Hans",
        }
    }

    /// What stands between the items of a list.
    pub(super) const fn comma(&self) -> &'static str {
        match self.lang {
            Lang::En => ", ",
            Lang::Zh => "、",
        }
    }

    /// The address, with the port where it is not 22.
    pub(super) fn address(&self, index: NodeIx) -> &str {
        self.labels.get(index).map_or("", |label| &label.address)
    }

    /// The host name, if it is known.
    pub(super) fn name(&self, index: NodeIx) -> Option<&str> {
        self.labels.get(index)?.name.as_deref()
    }

    /// What others use to call it.
    pub(super) fn label(&self, index: NodeIx, by: By) -> &str {
        match by {
            By::Ip => self.address(index),
            By::Name => self.name(index).unwrap_or_else(|| self.address(index)),
        }
    }

    /// Address and name in one line of text.
    pub(super) fn both(&self, index: NodeIx) -> String {
        match self.name(index) {
            Some(name) => format!("{} ({name})", self.address(index)),
            None => self.address(index).to_owned(),
        }
    }

    /// Address and name in a table.
    pub(super) fn cell(&self, index: NodeIx) -> Markup {
        html! { (self.address(index)) @if let Some(name) = self.name(index) { " " small { (name) } } }
    }

    /// A list of nodes in a line: the first few, the others unfolded on demand.
    pub(super) fn list(&self, nodes: &[NodeIx]) -> Markup {
        let (first, rest) = nodes.split_at(nodes.len().min(FEW));
        let (more, left) = rest.split_at(rest.len().min(MANY));
        html! {
            (self.listed(first))
            @if !more.is_empty() {
                details {
                    summary { (self.text(&PageText::AndMore { count: &rest.len() })) }
                    (self.listed(more))
                    @if !left.is_empty() { " " (self.text(&PageText::AndMore { count: &left.len() })) }
                }
            }
        }
    }

    fn listed(&self, nodes: &[NodeIx]) -> Markup {
        html! { @for (place, node) in nodes.iter().enumerate() {
            @if place > 0 { (self.comma()) }
            span.node { (self.both(*node)) }
        } }
    }
}

/// So many nodes of a list are seen at once ...
const FEW: usize = 8;
/// ... and so many more are there to unfold.
const MANY: usize = 60;

/// What a node said, once more made harmless: the page does not rely on others for it.
pub(super) fn safe(text: &str) -> String {
    printable(text.as_bytes())
}

/// The class of a state in the style sheet.
pub(super) const fn class(state: PairState) -> &'static str {
    match state {
        PairState::Works => "works",
        PairState::Slow => "slow",
        PairState::Broken => "broken",
        PairState::Throttled => "throttled",
        PairState::Unseen => "unseen",
    }
}
