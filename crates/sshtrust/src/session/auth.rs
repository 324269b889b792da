//! Logging in: keys first, then a password, by whichever method the node has.

use std::path::Path;
use std::time::Duration;

use russh::client::{AuthResult, KeyboardInteractiveAuthResponse as Reply};
use russh::keys::{HashAlg, PrivateKeyWithHashAlg, PublicKey};
use russh::{MethodKind, MethodSet};
use tokio::time::timeout;
use zeroize::Zeroize;

use super::agent;
use super::connect::Connection;
use super::credentials::{Credential, Credentials};
use super::error::ConnectError;
use crate::secret::Secret;
use crate::text::printable;

/// How long a login may take. Slow name servers and PAM modules are common; `LoginGraceTime` is 120 seconds.
const AUTH_LIMIT: Duration = Duration::from_secs(60);
/// Most rounds of questions: a server must not keep us in the dialogue for ever.
const MOST_ROUNDS: usize = 6;

/// How a password was received.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PasswordOutcome {
    /// Logged in.
    Accepted,
    /// The node refused it: one failed try.
    Refused,
}

impl Connection {
    /// Tries the keys in turn. `true` if one of them opened the node.
    ///
    /// # Errors
    /// [`ConnectError`] if the connection broke and could not be made again. A server that hangs up after a few keys
    /// is connected again, for the password.
    pub async fn try_keys(&mut self, credentials: &Credentials) -> Result<bool, ConnectError> {
        if !self.methods().await?.contains(&MethodKind::PublicKey) {
            return Ok(self.authenticated);
        }
        for credential in credentials.keys() {
            let result = timeout(AUTH_LIMIT, self.try_key(credential)).await;
            self.authenticated = matches!(result, Ok(Some(AuthResult::Success)));
            if self.authenticated {
                return Ok(true);
            }
            // After an unfinished try the next answer could be taken for this one's.
            if result.is_err() || self.handle.is_closed() {
                self.reopen().await?;
                break;
            }
        }
        Ok(false)
    }

    async fn try_key(&mut self, credential: &Credential) -> Option<AuthResult> {
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

    /// The methods that the node offers this user (RFC 4252, 5.2).
    async fn methods(&mut self) -> Result<MethodSet, ConnectError> {
        let asked = timeout(AUTH_LIMIT, self.handle.authenticate_none(&self.user)).await;
        match asked {
            Err(_) => Err(ConnectError::AuthTimedOut(AUTH_LIMIT.as_secs())),
            Ok(Err(_)) => Err(self.farewell()),
            Ok(Ok(AuthResult::Success)) => {
                self.authenticated = true;
                Ok(MethodSet::empty())
            }
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
    /// [`ConnectError::NoPasswordMethod`] if it does not.
    pub async fn demand_password_method(&mut self) -> Result<(), ConnectError> {
        let methods = self.methods_anew().await?;
        if self.authenticated {
            return Ok(());
        }
        if [MethodKind::Password, MethodKind::KeyboardInteractive].iter().any(|m| methods.contains(m)) {
            return Ok(());
        }
        Err(ConnectError::NoPasswordMethod(names(&methods)))
    }

    /// Tries a password, exactly once: by `password` where the node has that, else by `keyboard-interactive`
    /// (RFC 4256).
    ///
    /// # Errors
    /// [`ConnectError`] if the password could not be tried at all.
    pub async fn try_password(&mut self, password: &Secret) -> Result<PasswordOutcome, ConnectError> {
        let methods = self.methods_anew().await?;
        if self.authenticated {
            return Ok(PasswordOutcome::Accepted);
        }
        let attempt = async {
            if methods.contains(&MethodKind::Password) {
                self.by_password(password).await
            } else if methods.contains(&MethodKind::KeyboardInteractive) {
                self.by_dialogue(password).await
            } else {
                Err(ConnectError::NoPasswordMethod(names(&methods)))
            }
        };
        let outcome = timeout(AUTH_LIMIT, attempt)
            .await
            .unwrap_or(Err(ConnectError::AuthTimedOut(AUTH_LIMIT.as_secs())))?;
        self.authenticated = outcome == PasswordOutcome::Accepted;
        Ok(outcome)
    }

    async fn by_password(&mut self, password: &Secret) -> Result<PasswordOutcome, ConnectError> {
        match self.handle.authenticate_password(&self.user, password.expose()).await {
            Err(_) => Err(self.farewell()),
            Ok(result) => self.judge(result),
        }
    }

    fn judge(&self, result: AuthResult) -> Result<PasswordOutcome, ConnectError> {
        match result {
            AuthResult::Success => Ok(PasswordOutcome::Accepted),
            AuthResult::Failure { partial_success: true, remaining_methods } => {
                Err(ConnectError::NoPasswordMethod(format!(
                    "{} in addition to the password",
                    names(&remaining_methods)
                )))
            }
            // A server that hangs up at this try has refused it too.
            AuthResult::Failure { .. } => Ok(PasswordOutcome::Refused),
        }
    }

    /// Answers one hidden question with the password. A second one means that the server wants something else: a new
    /// password, or another factor.
    async fn by_dialogue(&mut self, password: &Secret) -> Result<PasswordOutcome, ConnectError> {
        let start = self.handle.authenticate_keyboard_interactive_start(&self.user, None::<String>).await;
        let mut reply = start.map_err(|_| self.farewell())?;
        let mut asked = None;
        for _ in 0..MOST_ROUNDS {
            let prompts = match reply {
                Reply::Success => return Ok(PasswordOutcome::Accepted),
                Reply::Failure { remaining_methods, partial_success } => {
                    return self.judge(AuthResult::Failure { remaining_methods, partial_success });
                }
                Reply::InfoRequest { prompts, .. } => prompts,
            };
            let mut answers = match prompts.as_slice() {
                [] => Vec::new(),
                [only] if !only.echo && asked.is_none() && !asks_for_change(&only.prompt) => {
                    asked = Some(only.prompt.clone());
                    vec![password.expose().to_owned()]
                }
                [first, ..] if asks_for_change(&first.prompt) => return Err(ConnectError::PasswordExpired),
                // The same question again: the answer was wrong. Another one: a second factor.
                [again] if asked.as_deref() == Some(&again.prompt) => return Ok(PasswordOutcome::Refused),
                [first, ..] => {
                    let question = printable(first.prompt.as_bytes());
                    return Err(ConnectError::NoPasswordMethod(format!(
                        "a dialogue that asks \"{question}\""
                    )));
                }
            };
            let sent = self.handle.authenticate_keyboard_interactive_respond(answers.clone()).await;
            answers.iter_mut().for_each(Zeroize::zeroize);
            reply = sent.map_err(|_| self.farewell())?;
        }
        Err(ConnectError::Protocol("the login dialogue does not end".to_owned()))
    }
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
