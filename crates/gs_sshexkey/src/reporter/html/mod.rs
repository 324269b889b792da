//! The page of `check --html` and `doctor --html`: one file that holds everything, for a browser without a network.
//!
//! The tables and the pictures need no script; it adds the filter, the sorting and the words for the cell under the
//! pointer. What nodes said is only ever text of an element or an attribute: there is no data inside the script.

mod findings;
mod head;
mod nodes;
mod pairs;
mod picture;
mod runs;
mod signs;
mod troubles;
mod view;

#[cfg(test)]
mod browser;
#[cfg(test)]
mod samples;
#[cfg(test)]
mod tests;

use jiff::tz::TimeZone;
use maud::{DOCTYPE, Markup, PreEscaped, html};
use sha2::{Digest, Sha256};
use sshtrust::check::Checked;
use sshtrust::diagnose::{Case, Diagnosis};

use crate::i18n::{Lang, PageText};
use findings::Found;
use view::View;

const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");

/// The page about a check, with times in this machine's zone.
pub(crate) fn render(checked: &Checked, lang: Lang) -> String {
    page(&View::new(checked, lang, TimeZone::system()), None).into_string()
}

/// The page about a check whose troubles were explained.
pub(crate) fn render_findings(checked: &Checked, case: &Case, diagnosis: &Diagnosis, lang: Lang) -> String {
    page(&View::new(checked, lang, TimeZone::system()), Some(Found { case, diagnosis })).into_string()
}

fn page(view: &View, found: Option<Found<'_>>) -> Markup {
    html! {
        (DOCTYPE)
        html lang=(view.language()) {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(policy());
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta name="generator" content=(head::PROGRAM);
                // Without it a browser asks the server for one.
                link rel="icon" href="data:,";
                title { (head::verdict_text(view)) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                (signs::definitions())
                a.skip href="#pairs" { (view.text(&PageText::ToPairs {})) }
                (head::header(view))
                main {
                    @if let Some(found) = found { (findings::section(view, found)) }
                    (troubles::section(view))
                    (nodes::not_entered(view))
                    (nodes::other_names(view))
                    (filter(view))
                    (picture::section(view))
                    (pairs::section(view))
                    (nodes::section(view))
                }
                script { (PreEscaped(SCRIPT)) }
            }
        }
    }
}

/// The search field; of no use without the script, which shows it.
fn filter(view: &View) -> Markup {
    html! {
        form #filter role="search" hidden autocomplete="off" {
            label for="q" { (view.text(&PageText::Filter {})) }
            input #q type="search" spellcheck="false" autocapitalize="none"
                placeholder=(view.text(&PageText::FilterHint {}));
            button #clear type="button" { (view.text(&PageText::Clear {})) }
            output #shown for="q" role="status" aria-live="polite"
                data-text=(shown(view)) {}
        }
    }
}

/// How much is shown, with places for the script to fill.
fn shown(view: &View) -> String {
    let [pairs, all_pairs, nodes, all_nodes] = ["{pairs}", "{all_pairs}", "{nodes}", "{all_nodes}"];
    view.text(&PageText::Shown { pairs: &pairs, all_pairs: &all_pairs, nodes: &nodes, all_nodes: &all_nodes })
}

/// The content security policy (W3C CSP Level 3): nothing is fetched, and no script or style runs but the page's own.
fn policy() -> String {
    format!(
        "default-src 'none'; style-src '{}'; script-src '{}'; img-src data:; base-uri 'none'; form-action 'none'",
        digest(STYLE),
        digest(SCRIPT)
    )
}

fn digest(text: &str) -> String {
    format!("sha256-{}", data_encoding::BASE64.encode(&Sha256::digest(text)))
}
