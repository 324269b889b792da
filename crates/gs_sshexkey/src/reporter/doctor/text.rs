//! What `doctor` says at a terminal.

use std::fmt::Write as _;
use std::io::{self, Write};

use sshtrust::doctor::{Examined, Treatment};
use sshtrust::text::printable;

use super::Told;
use crate::i18n::Lang;
use crate::reporter::Style;

/// Writes what was found.
///
/// # Errors
/// Those of the writer.
pub(crate) fn write(told: &Told<'_>, _style: &Style, out: &mut dyn Write) -> io::Result<()> {
    let case = &told.examined.case;
    for finding in &told.examined.diagnosis.findings {
        writeln!(out, "{} at {}: {} pairs", finding.code, case.label(finding.node), finding.pairs.len())?;
        for witness in &finding.witnesses {
            writeln!(out, "    {}: {}", witness.source, witness.said)?;
        }
        for cure in &finding.cures {
            for command in &cure.commands {
                writeln!(out, "  {}# {}", case.label(cure.node), printable(command.run.as_bytes()))?;
            }
        }
    }
    if told.examined.diagnosis.is_healthy() {
        writeln!(
            out,
            "{}",
            if told.at_the_end { "Nothing is wrong any more." } else { "Nothing is wrong." }
        )?;
    }
    out.flush()
}

/// What `--fix` would do.
pub(crate) fn write_plan(_examined: &Examined, treatment: &Treatment, _lang: Lang) -> String {
    let mut text = String::new();
    for node in &treatment.nodes {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "==> {}", node.spec);
        for command in &node.commands {
            let _ = writeln!(text, "{}", printable(command.run.as_bytes()));
        }
        text.push_str(&node.plan.as_ref().map(|plan| plan.render()).unwrap_or_default());
    }
    text
}
