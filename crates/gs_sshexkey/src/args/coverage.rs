//! How many of the pairs are proven.

use std::time::{SystemTime, UNIX_EPOCH};

use clap::Args;
use sshtrust::probe::{Coverage, Extent};

use super::mistake::{see, together};
use crate::errors::Report;

/// What a user says of it, for verbs that prove trust.
#[derive(Args)]
pub(super) struct CoverageWords {
    #[arg(long, value_name = "HOW")]
    pub(super) verify: Option<String>,
    #[arg(long)]
    seed: Option<u64>,
}

/// The same where a short form is usual too.
#[derive(Args)]
pub(super) struct SampleWords {
    #[command(flatten)]
    coverage: CoverageWords,
    #[arg(long, value_name = "K")]
    sample: Option<usize>,
}

impl CoverageWords {
    /// What is wanted.
    pub(super) fn read(self) -> Result<Coverage, Report> {
        let extent = self.verify.as_deref().map_or(Some(Extent::Usual), extent);
        let extent = extent.ok_or_else(|| wrong("all, sample, sample:K"))?;
        Ok(Coverage { extent, seed: self.seed.unwrap_or_else(fresh) })
    }
}

impl SampleWords {
    /// What is wanted.
    pub(super) fn read(self, verb: &str) -> Result<Coverage, Report> {
        if self.sample.is_some() && self.coverage.verify.is_some() {
            return Err(together("--sample", "--verify").cure(&see(Some(verb))));
        }
        let coverage = self.coverage.read()?;
        let extent = self.sample.map_or(coverage.extent, |each| Extent::Sample(Some(each)));
        Ok(Coverage { extent, ..coverage })
    }
}

/// The extent that a word means.
pub(super) fn extent(word: &str) -> Option<Extent> {
    match word {
        "all" => Some(Extent::All),
        "sample" => Some(Extent::Sample(None)),
        _ => word.strip_prefix("sample:")?.parse().ok().map(|each| Extent::Sample(Some(each))),
    }
}

/// The complaint about a word that means nothing.
pub(super) fn wrong(choices: &str) -> Report {
    let text = format!("The parameter '--verify' value is incorrect. It must be one of: {choices}.");
    Report::new("50004", &text)
}

/// What holds where nobody says anything.
pub(crate) fn usual() -> Coverage {
    Coverage { extent: Extent::Usual, seed: fresh() }
}

/// Another one each time: what one sample does not show, the next may.
fn fresh() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(now.as_nanos() & u128::from(u32::MAX)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::super::tests::read;
    use super::super::{Check, Job};
    use super::*;

    fn of(line: &str) -> Coverage {
        match read(line) {
            Ok(Job::Check(Check { coverage, .. })) => coverage,
            Ok(Job::Doctor(doctor)) => doctor.look.coverage,
            Ok(Job::Setup(setup)) => setup.coverage,
            Ok(Job::Rotate(rotate)) => rotate.run.coverage,
            Ok(Job::Shrink(shrink)) => shrink.run.coverage,
            other => panic!("{line}: {other:?}"),
        }
    }

    #[test]
    fn good_lines() {
        for (line, extent) in [
            ("-f h", Extent::Usual),
            ("-f h --verify all", Extent::All),
            ("-f h --verify sample", Extent::Sample(None)),
            ("-f h --verify=sample:3", Extent::Sample(Some(3))),
            ("check -f h", Extent::Usual),
            ("check -f h --verify sample:0", Extent::Sample(Some(0))),
            ("check -f h --sample 20", Extent::Sample(Some(20))),
            ("doctor -f h --sample 2 --seed 9", Extent::Sample(Some(2))),
            ("shrink -f h --remove a", Extent::Usual),
            ("shrink -f h --remove a --verify all", Extent::All),
            ("rotate -f h --verify sample:4", Extent::Sample(Some(4))),
        ] {
            assert_eq!(of(line).extent, extent, "{line}");
        }
        assert_eq!(of("doctor -f h --sample 2 --seed 9").seed, 9);
        assert_eq!(of("check -f h --seed 18446744073709551615").seed, u64::MAX);
    }

    #[test]
    fn mistakes_have_a_message() {
        let verify = "[GAUSS-50004] : The parameter '--verify' value is incorrect. It must be one of: ";
        for (line, wanted) in [
            ("-f h --verify some", format!("{verify}all, sample, sample:K.")),
            ("check -f h --verify sample:", format!("{verify}all, sample, sample:K.")),
            ("check -f h --verify sample:-1", format!("{verify}all, sample, sample:K.")),
            ("rotate -f h --verify new", format!("{verify}all, sample, sample:K.")),
            ("expand -f h --add n --verify few", format!("{verify}new, all, sample, sample:K.")),
            (
                "check -f h --sample 2 --verify all",
                "[GAUSS-50005] : The parameter '--sample' and '--verify' can not be used together."
                    .to_owned(),
            ),
        ] {
            let report = read(line).unwrap_err();
            assert_eq!(report.to_string().lines().next(), Some(wanted.as_str()), "{line}");
        }
        for line in
            ["check -f h --sample many", "check -f h --sample -1", "check -f h --seed x", "-f h --sample 2"]
        {
            assert!(read(line).is_err(), "{line}");
        }
    }
}
