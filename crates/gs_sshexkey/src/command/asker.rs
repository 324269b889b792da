//! Who answers when a password is needed: a file, the terminal, or standard input.

use sshtrust::enter::{Passwords, Question};
use sshtrust::inventory::NodeSpec;
use sshtrust::passwords::PasswordFile;
use sshtrust::secret::Secret;
use sshtrust::text::printable;

use crate::prompt::{self, Channel};

/// Takes passwords from the file, if there is one; else asks at the terminal, or reads standard input.
pub(crate) struct Asker<'a> {
    /// Whose passwords.
    pub(crate) user: &'a str,
    /// The password file. With it nothing is asked.
    pub(crate) file: Option<PasswordFile>,
    /// Where questions stand.
    pub(crate) channel: Channel,
    /// Hears of every question that goes to the screen.
    pub(crate) shown: &'a (dyn Fn(&str) + Sync),
}

impl Passwords for Asker<'_> {
    async fn ask(&mut self, question: Question) -> Result<Secret, String> {
        if let Some(file) = &self.file {
            return from_file(file, question).cloned().ok_or_else(|| "the password file has none".to_owned());
        }
        let user = printable(self.user.as_bytes());
        let intro = match question {
            Question::Common => format!("Please enter password for current user[{user}]."),
            Question::OnNode(node) => {
                format!("Please enter password for current user[{user}] on the node[{}].", node.ip)
            }
        };
        (self.shown)(&intro);
        let channel = self.channel;
        tokio::task::spawn_blocking(move || prompt::ask(&intro, channel)).await.map_err(|e| e.to_string())?
    }

    fn has_own(&self, node: NodeSpec) -> bool {
        matches!(&self.file, Some(file @ PasswordFile::Each(_)) if file.of(node).is_some())
    }

    fn asks_again(&self) -> bool {
        self.file.is_none()
    }

    fn forget(&mut self) {
        self.file = None;
    }
}

fn from_file(file: &PasswordFile, question: Question) -> Option<&Secret> {
    match (file, question) {
        (PasswordFile::Common(secret), Question::Common) => Some(secret),
        (PasswordFile::Each(_), Question::Common) => None,
        (file, Question::OnNode(node)) => file.of(node),
    }
}
