//! Logging in: keys first, then a password, by whichever method the node has.

use std::path::Path;

use russh::client::{AuthResult, KeyboardInteractiveAuthResponse as Reply};
use russh::keys::{HashAlg, PrivateKeyWithHashAlg, PublicKey};
use russh::{MethodKind, MethodSet};
use tokio::time::error::Elapsed;
use tokio::time::timeout;
use zeroize::Zeroize;

use super::connect::Connection;
use super::credentials::{Credential, Credentials};
use super::{ConnectError, Factor, PassedKey, ShutKey, agent};
use crate::secret::Secret;
use crate::text::printable;

/// Most rounds of questions: a server must not keep us in the dialogue for ever.
const MOST_ROUNDS: usize = 6;

/// Most characters that are kept of what a server has to say to the user.
const MOST_SAID: usize = 300;

/// How a password was received.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PasswordOutcome {
    /// Logged in.
    Accepted,
    /// The node refused it: one failed try.
    Refused,
}

impl Connection {
    /// Tries the keys in turn. `true` if one of them opened the node; with `for_commands`, so that a shell runs there. A
    /// key that opens the account for a command of its own alone (`command=` in authorized_keys, as cloud images have it
    /// for root) is noted, and the next one is tried.
    ///
    /// # Errors
    /// [`ConnectError`] if the connection broke and could not be made again. A server that hangs up after a few keys
    /// is connected again, for the password.
    pub async fn try_keys(
        &mut self,
        credentials: &Credentials,
        for_commands: bool,
    ) -> Result<bool, ConnectError> {
        self.passed = credentials.passed().to_vec();
        if !self.methods().await?.contains(&MethodKind::PublicKey) {
            return Ok(false);
        }
        for credential in credentials.keys() {
            let result = self.offer(credential).await?;
            if matches!(result, Ok(Some(AuthResult::Success))) {
                let Some(said) = (if for_commands { self.start_shell().await } else { None }) else {
                    return Ok(true);
                };
                self.shut.push(ShutKey { key: credential.fingerprint(), said });
                self.reopen().await?;
                continue;
            }
            // It was accepted, and is not enough (RFC 4252, 5.1): no other key would be.
            if let Ok(Some(AuthResult::Failure { partial_success: true, remaining_methods })) = &result {
                self.wants_more = Some(names(remaining_methods));
                return Ok(false);
            }
            // After an unfinished try the next answer could be taken for this one's.
            if result.is_err() || self.handle.is_closed() {
                self.reopen().await?;
                break;
            }
        }
        Ok(false)
    }

    /// Tries one key. A server that hangs up without a word may be about to restart, or have counted the keys before: it
    /// gets this one again, first.
    async fn offer(&mut self, key: &Credential) -> Result<Result<Option<AuthResult>, Elapsed>, ConnectError> {
        self.shared.get().banner.clear();
        let result = timeout(self.limits.login, self.try_key(key)).await;
        if !self.hung_up() {
            return Ok(result);
        }
        let said = std::mem::take(&mut self.shared.get().banner);
        self.reopen().await?;
        let result = timeout(self.limits.login, self.try_key(key)).await;
        if self.hung_up() {
            return Err(ConnectError::AccountRefused { first: Factor::Key, said });
        }
        Ok(result)
    }

    /// Whether the server closed the connection and did not say why.
    pub(super) fn hung_up(&self) -> bool {
        self.handle.is_closed() && !self.shared.get().dismissed
    }

    pub(super) async fn try_key(&mut self, credential: &Credential) -> Option<AuthResult> {
        let hash = self.rsa_hash(credential.public_key()).await;
        match credential {
            Credential::Key(key) => {
                let key = PrivateKeyWithHashAlg::new(key.clone(), hash);
                self.handle.authenticate_publickey(&self.user, key).await.ok()
            }
            Credential::Agent { socket, key } => self.try_agent_key(socket, key, hash).await,
        }
    }

    async fn try_agent_key(
        &mut self,
        socket: &Path,
        key: &PublicKey,
        hash: Option<HashAlg>,
    ) -> Option<AuthResult> {
        let mut signer = agent::BoundedSigner(agent::open(socket).await?);
        self.handle.authenticate_publickey_with(&self.user, key.clone(), hash, &mut signer).await.ok()
    }

    /// RSA keys need to know which signatures the server takes (RFC 8308); others do not.
    async fn rsa_hash(&self, key: &PublicKey) -> Option<HashAlg> {
        if !key.algorithm().is_rsa() {
            return None;
        }
        self.handle.best_supported_rsa_hash().await.ok().flatten().unwrap_or(Some(HashAlg::Sha256))
    }

    /// The methods that the node offers this user (RFC 4252, 5.2). One that needs none could be anybody.
    async fn methods(&mut self) -> Result<MethodSet, ConnectError> {
        let asked = timeout(self.limits.login, self.handle.authenticate_none(&self.user)).await;
        match asked {
            Err(_) => Err(ConnectError::AuthTimedOut(self.limits.login.as_secs())),
            Ok(Err(_)) => Err(self.farewell()),
            Ok(Ok(AuthResult::Success)) => Err(ConnectError::NoAuthentication),
            // A server that has heard too much hangs up instead of an answer.
            Ok(Ok(AuthResult::Failure { remaining_methods, .. })) if remaining_methods.is_empty() => {
                Err(self.farewell())
            }
            Ok(Ok(AuthResult::Failure { remaining_methods, .. })) => Ok(remaining_methods),
        }
    }

    /// The same, on a new connection if the server has left this one: it lost patience while the user was typing, or
    /// counted the question itself as a failure (`MaxAuthTries`).
    async fn methods_anew(&mut self) -> Result<MethodSet, ConnectError> {
        match self.methods().await {
            Err(ConnectError::Protocol(_)) => {
                self.reopen().await?;
                self.methods().await
            }
            other => other,
        }
    }

    fn farewell(&self) -> ConnectError {
        let text =
            self.shared.get().farewell.clone().unwrap_or_else(|| "the node closed the connection".into());
        ConnectError::Protocol(text)
    }

    /// Whether the node takes a password by any method.
    ///
    /// # Errors
    /// [`ConnectError::NoPasswordMethod`] or [`ConnectError::SecondFactor`] if it does not.
    pub async fn demand_password_method(&mut self) -> Result<(), ConnectError> {
        let methods = self.methods_anew().await?;
        if [MethodKind::Password, MethodKind::KeyboardInteractive].iter().any(|m| methods.contains(m)) {
            return Ok(());
        }
        Err(self.wants_more().unwrap_or_else(|| self.no_password_method(names(&methods))))
    }

    /// The error if a key was accepted and the node wants more than that.
    #[must_use]
    pub fn wants_more(&self) -> Option<ConnectError> {
        let wants = self.wants_more.as_ref()?;
        Some(self.second_factor(Factor::Key, true, wants.clone()))
    }

    fn second_factor(&self, first: Factor, by_methods: bool, wants: String) -> ConnectError {
        ConnectError::SecondFactor { first, wants, by_methods, passed: self.passed.clone() }
    }

    fn no_password_method(&self, offers: String) -> ConnectError {
        let error = ConnectError::NoPasswordMethod { offers, passed: self.passed.clone() };
        let instead = error.to_string();
        self.forced_command(instead).unwrap_or(error)
    }

    /// The error if a key opens the account and leads nowhere, and `instead` is why there is no other way in.
    #[must_use]
    pub fn forced_command(&self, instead: String) -> Option<ConnectError> {
        Some(ConnectError::ForcedCommand { shut: self.shut.first()?.clone(), instead })
    }

    /// Keys that opened the account and led nowhere.
    #[must_use]
    pub fn shut(&self) -> &[ShutKey] {
        &self.shut
    }

    /// Keys of this machine that were not tried.
    #[must_use]
    pub fn passed(&self) -> &[PassedKey] {
        &self.passed
    }

    /// Tries a password, exactly once: by `keyboard-interactive` (RFC 4256) where the node has that, because there it says
    /// what it wants, else by `password`, where a second factor of PAM's looks like a wrong password.
    ///
    /// # Errors
    /// [`ConnectError`] if the password could not be tried at all.
    pub async fn try_password(&mut self, password: &Secret) -> Result<PasswordOutcome, ConnectError> {
        let methods = self.methods_anew().await?;
        let limit = self.limits.login;
        let attempt = async {
            let plain = methods.contains(&MethodKind::Password);
            if methods.contains(&MethodKind::KeyboardInteractive) {
                match self.by_dialogue(password).await? {
                    Some(outcome) => return Ok(outcome),
                    None if !plain => return Ok(PasswordOutcome::Refused),
                    // Nothing was asked, so nothing was said: sshd without PAM offers it and has no questions. It may have
                    // counted that as a failure and hung up.
                    None if self.handle.is_closed() => self.reopen().await?,
                    None => {}
                }
            } else if !plain {
                return Err(self.wants_more().unwrap_or_else(|| self.no_password_method(names(&methods))));
            }
            self.by_password(password).await
        };
        timeout(limit, attempt).await.unwrap_or(Err(ConnectError::AuthTimedOut(limit.as_secs())))
    }

    async fn by_password(&mut self, password: &Secret) -> Result<PasswordOutcome, ConnectError> {
        self.shared.get().banner.clear();
        match self.handle.authenticate_password(&self.user, password.expose()).await {
            Err(_) if self.hung_up() => Err(self.account_refused()),
            Err(_) => Err(self.farewell()),
            Ok(result) => self.judge(result),
        }
    }

    fn judge(&self, result: AuthResult) -> Result<PasswordOutcome, ConnectError> {
        match result {
            AuthResult::Success => Ok(PasswordOutcome::Accepted),
            AuthResult::Failure { partial_success: true, remaining_methods } => {
                Err(self.second_factor(Factor::Password, true, names(&remaining_methods)))
            }
            // A wrong password gets an answer. Without one it was right, and nobody is let in.
            AuthResult::Failure { remaining_methods, .. }
                if remaining_methods.is_empty() && self.hung_up() =>
            {
                Err(self.account_refused())
            }
            // A server that hangs up at this try, and says why, has refused it too.
            AuthResult::Failure { .. } => Ok(PasswordOutcome::Refused),
        }
    }

    fn account_refused(&self) -> ConnectError {
        let said = std::mem::take(&mut self.shared.get().banner);
        ConnectError::AccountRefused { first: Factor::Password, said }
    }

    /// Answers one hidden question with the password. A second one means that the server wants something else: a new
    /// password, or another factor. `None`: it asked nothing.
    async fn by_dialogue(&mut self, password: &Secret) -> Result<Option<PasswordOutcome>, ConnectError> {
        let start = self.handle.authenticate_keyboard_interactive_start(&self.user, None::<String>).await;
        let mut reply = start.map_err(|_| self.farewell())?;
        let (mut asked, mut told) = (None, String::new());
        for _ in 0..MOST_ROUNDS {
            let prompts = match reply {
                Reply::Success => return Ok(Some(PasswordOutcome::Accepted)),
                Reply::Failure { partial_success: false, .. } if asked.is_none() => return Ok(None),
                // PAM's account rules speak after the password was right; a wrong one is just refused.
                Reply::Failure { partial_success: false, .. } if !told.is_empty() => {
                    return Err(ConnectError::AccountRefused { first: Factor::Password, said: told });
                }
                Reply::Failure { remaining_methods, partial_success } => {
                    return self.judge(AuthResult::Failure { remaining_methods, partial_success }).map(Some);
                }
                Reply::InfoRequest { prompts, instructions, .. } => {
                    if asked.is_some() && prompts.is_empty() {
                        told = shown(&instructions);
                    }
                    prompts
                }
            };
            let mut answers = match prompts.as_slice() {
                [] => Vec::new(),
                [only] if !only.echo && asked.is_none() && asks_for_password(&only.prompt) => {
                    asked = Some(only.prompt.clone());
                    vec![password.expose().to_owned()]
                }
                [first, ..] if asks_for_change(&first.prompt) => return Err(ConnectError::PasswordExpired),
                // The same question again: the answer was wrong. Another one: a second factor.
                [again] if asked.as_deref() == Some(&again.prompt) => {
                    return Ok(Some(PasswordOutcome::Refused));
                }
                [first, ..] => {
                    let question = printable(first.prompt.trim().as_bytes());
                    let wants = format!("it asks \"{question}\"");
                    return Err(self.second_factor(Factor::Password, false, wants));
                }
            };
            let sent = self.handle.authenticate_keyboard_interactive_respond(answers.clone()).await;
            answers.iter_mut().for_each(Zeroize::zeroize);
            reply = sent.map_err(|_| self.farewell())?;
        }
        Err(ConnectError::Protocol("the login dialogue does not end".to_owned()))
    }
}

/// The beginning of what a server has to say to the user, safe to show.
pub(super) fn shown(text: &str) -> String {
    printable(text.trim().as_bytes()).chars().take(MOST_SAID).collect()
}

/// Whether a hidden question may be answered with the password: it is about none of a second factor's codes, and not about
/// a new password.
fn asks_for_password(prompt: &str) -> bool {
    const CODES: [&str; 13] = [
        "code",
        "otp",
        "one-time",
        "one time",
        "token",
        "factor",
        "duo",
        "yubikey",
        "authenticator",
        "challenge",
        "验证码",
        "动态",
        "令牌",
    ];
    let lower = prompt.to_lowercase();
    // Of a user whose name has such a word in it.
    let plainly = lower.trim_start().starts_with("password for ");
    plainly || !asks_for_change(prompt) && !CODES.iter().any(|word| lower.contains(word))
}

/// The questions of `pam_unix` for an expired password.
fn asks_for_change(prompt: &str) -> bool {
    let prompt = prompt.to_ascii_lowercase();
    ["current", "new", "change", "expired"].iter().any(|word| prompt.contains(word))
}

fn names(methods: &MethodSet) -> String {
    let names: Vec<String> = methods.iter().map(String::from).collect();
    names.join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_question_for_the_password_gets_it() {
        let cases = [
            ("Password: ", true),
            ("Password for omm@node2:", true),
            ("omm@node2's password:", true),
            ("密码：", true),
            ("Password for coder@EXAMPLE.COM: ", true),
            ("LDAP Password: ", true),
            ("Verification code: ", false),
            ("One-time password (OATH) for `omm': ", false),
            ("Password & verification code: ", false),
            ("Enter PASSCODE: ", false),
            ("Duo two-factor login for omm", false),
            ("动态口令：", false),
            ("Current password: ", false),
            ("New password: ", false),
        ];
        for (prompt, wanted) in cases {
            assert_eq!(asks_for_password(prompt), wanted, "{prompt}");
        }
    }
}
