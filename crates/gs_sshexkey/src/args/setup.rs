//! The words of the classic command.

use std::path::PathBuf;

use clap::{ArgAction, Args, ValueEnum};
use sshtrust::bounds::BoundsWish;
use sshtrust::identity::{KeyMode, KeyType};
use sshtrust::probe::Coverage;

use super::coverage::CoverageWords;
use super::{CommonWords, HostKeys, Job, Source, Words, bounds, source};
use crate::errors::Report;
use crate::i18n::Lang;

/// The classic command.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Setup {
    /// Where the cluster is described.
    pub(crate) source: Source,
    /// The file that has the passwords.
    pub(crate) password_file: Option<PathBuf>,
    /// Which host keys count as known.
    pub(crate) host_keys: HostKeys,
    /// The log file.
    pub(crate) log: Option<PathBuf>,
    /// Leave `/etc/hosts` alone.
    pub(crate) skip_hostname_set: bool,
    /// Keep old mapping lines.
    pub(crate) no_deduplicate: bool,
    /// Stop after the plan.
    pub(crate) dry_run: bool,
    /// How the keys are shared out.
    pub(crate) keys: Option<KeyMode>,
    /// The keys' type.
    pub(crate) key_type: Option<KeyType>,
    /// Make a new key although there is one.
    pub(crate) new_key: bool,
    /// Leave the keepalive out.
    pub(crate) no_keepalive: bool,
    /// From where and until when trust holds.
    pub(crate) bounds: BoundsWish,
    /// How many of the pairs are proven.
    pub(crate) coverage: Coverage,
}

#[derive(Clone, Copy, ValueEnum)]
pub(super) enum KeyTypeWord {
    Ed25519,
    Ecdsa,
}

impl KeyTypeWord {
    pub(super) const fn kind(self) -> KeyType {
        match self {
            Self::Ed25519 => KeyType::Ed25519,
            Self::Ecdsa => KeyType::EcdsaP256,
        }
    }
}

#[derive(Clone, Copy, ValueEnum)]
pub(super) enum KeysWord {
    PerNode,
    Shared,
}

impl KeysWord {
    pub(super) const fn mode(self) -> KeyMode {
        match self {
            Self::PerNode => KeyMode::PerNode,
            Self::Shared => KeyMode::Shared,
        }
    }
}

#[derive(Args)]
pub(super) struct SetupWords {
    #[command(flatten)]
    source: source::SourceWords,
    #[arg(long)]
    password_file: Option<PathBuf>,
    #[command(flatten)]
    host_keys: source::HostKeyWords,
    #[arg(short = 'l', action = ArgAction::Set)]
    log: Option<PathBuf>,
    #[arg(long)]
    skip_hostname_set: bool,
    #[arg(long)]
    no_deduplicate: bool,
    #[arg(long)]
    dry_run: bool,
    #[arg(long)]
    keys: Option<KeysWord>,
    #[arg(long)]
    key_type: Option<KeyTypeWord>,
    #[arg(long)]
    new_key: bool,
    #[arg(long)]
    no_keepalive: bool,
    #[command(flatten)]
    bounds: bounds::BoundWords,
    #[command(flatten)]
    coverage: CoverageWords,
    #[command(flatten)]
    common: CommonWords,
}

impl Words for SetupWords {
    fn common(&self) -> &CommonWords {
        &self.common
    }

    fn job(self, _: Lang) -> Result<Job, Report> {
        Ok(Job::Setup(Setup {
            source: source::read(self.source)?,
            password_file: self.password_file,
            host_keys: self.host_keys.read(),
            log: self.log,
            skip_hostname_set: self.skip_hostname_set,
            no_deduplicate: self.no_deduplicate,
            dry_run: self.dry_run,
            keys: self.keys.map(KeysWord::mode),
            key_type: self.key_type.map(KeyTypeWord::kind),
            new_key: self.new_key,
            no_keepalive: self.no_keepalive,
            bounds: self.bounds.read()?,
            coverage: self.coverage.read()?,
        }))
    }
}
