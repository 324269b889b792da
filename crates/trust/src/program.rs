//! Builds of the program as a plan knows them: by digest. The files are somebody else's business.

use std::collections::BTreeMap;

/// One build of the program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Build {
    /// Its SHA-256 digest, as sha256sum(1) prints it.
    pub digest: String,
    /// Its size in bytes.
    pub size: u64,
}

/// The builds that there are, by processor as `uname -m` names it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Builds(BTreeMap<String, Build>);

impl Builds {
    /// The build for a processor.
    #[must_use]
    pub fn get(&self, machine: &str) -> Option<&Build> {
        self.0.get(machine)
    }
}

impl FromIterator<(String, Build)> for Builds {
    fn from_iter<I: IntoIterator<Item = (String, Build)>>(builds: I) -> Self {
        Self(builds.into_iter().collect())
    }
}
