//! The node's shell over a session channel.

use std::sync::PoisonError;

use russh::client::Msg;
use russh::{Channel, ChannelMsg, ChannelReadHalf};
use tokio::sync::mpsc;
use tokio::time::timeout;

use super::connect::Connection;
use super::paced::{Pace, Paced};
use crate::node::{Chunk, NodeError, Pipes, Shell};
use crate::text::printable;

impl Connection {
    /// Starts the tool's shell on the node. The connection lives as long as this value does.
    ///
    /// # Errors
    /// [`NodeError`] if the node opens no session, runs no command, or its login shell starts nothing.
    pub async fn shell(&self) -> Result<Shell, NodeError> {
        let ready = self.ready.lock().unwrap_or_else(PoisonError::into_inner).take();
        match ready {
            Some(begun) => begun,
            None => Shell::open(self.session().await?, self.limits.startup).await,
        }
    }

    /// Gives a shell back that nobody uses any more: a server may allow one session only.
    pub fn give_back(&self, shell: Shell) {
        self.leave(Ok(shell));
    }

    /// For the first who asks for a shell.
    fn leave(&self, begun: Result<Shell, NodeError>) {
        *self.ready.lock().unwrap_or_else(PoisonError::into_inner) = Some(begun);
    }

    /// Starts a shell for the first who asks for one. If something else ran instead: what it said. Whatever else goes
    /// wrong is not the key's fault, and is told to that one.
    pub(super) async fn start_shell(&self) -> Option<String> {
        let opened = async { Shell::open(self.session().await?, self.limits.startup).await };
        match opened.await {
            Err(NodeError::NoShell(said)) if !NodeError::NoShell(said.clone()).is_of_the_account() => {
                Some(said)
            }
            begun => {
                self.leave(begun);
                None
            }
        }
    }

    /// A session in which the shell's loop is to begin. Whether it does is asked for, because a server that refuses takes
    /// no input either, and says no more.
    async fn session(&self) -> Result<Pipes, NodeError> {
        let limit = self.limits.session;
        let opening = timeout(limit, self.handle.channel_open_session()).await;
        let Ok(opened) = opening else { return Err(NodeError::Unanswered(limit.as_secs())) };
        let no_session = |e: russh::Error| NodeError::NoSession(printable(e.to_string().as_bytes()));
        let mut channel = opened.map_err(no_session)?;
        let asked = async {
            channel.exec(true, Shell::bootstrap()).await.map_err(no_session)?;
            answer(&mut channel).await
        };
        let first = timeout(limit, asked).await.unwrap_or(Err(NodeError::Unanswered(limit.as_secs())))?;
        let (read, write) = channel.split();
        let (sender, output) = mpsc::channel(64);
        let pace = Pace::default();
        let input = Box::pin(Paced::new(write.make_writer(), pace.clone()));
        tokio::spawn(async move {
            let told = match first {
                Some(chunk) => sender.send(chunk).await.is_ok(),
                None => true,
            };
            if told {
                pump(read, sender, &pace).await;
            }
            drop(write);
        });
        Ok(Pipes { input, output })
    }
}

/// Waits until the server has said whether it runs the command. Some say it by what it prints.
async fn answer(channel: &mut Channel<Msg>) -> Result<Option<Chunk>, NodeError> {
    loop {
        match channel.wait().await {
            Some(ChannelMsg::Success) => return Ok(None),
            Some(ChannelMsg::Failure) => return Err(NodeError::Refused),
            None | Some(ChannelMsg::Close) => {
                return Err(NodeError::NoSession("it was closed at once".to_owned()));
            }
            Some(message) => {
                if let Some(chunk) = chunk(message) {
                    return Ok(Some(chunk));
                }
            }
        }
    }
}

/// What a message means for who reads the shell.
fn chunk(message: ChannelMsg) -> Option<Chunk> {
    match message {
        ChannelMsg::Data { data } => Some(Chunk::Out(data.to_vec())),
        ChannelMsg::ExtendedData { data, ext: 1 } => Some(Chunk::Err(data.to_vec())),
        ChannelMsg::ExitStatus { exit_status } => Some(Chunk::Status(exit_status)),
        _ => None,
    }
}

/// Reads until the channel ends: an exit status can come after the end of file.
async fn pump(mut from: ChannelReadHalf, to: mpsc::Sender<Chunk>, pace: &Pace) {
    while let Some(message) = from.wait().await {
        if let ChannelMsg::WindowAdjusted { new_size } = message {
            pace.told(new_size);
        }
        let Some(chunk) = chunk(message) else { continue };
        if to.send(chunk).await.is_err() {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::{Duration, Instant};

    use russh::keys::PrivateKey;
    use russh::keys::ssh_key::private::Ed25519Keypair;
    use russh::server::{self, Auth, ChannelOpenHandle, Session};
    use russh::{Channel, ChannelId};
    use tokio::net::TcpListener;

    use super::*;
    use crate::inventory::NodeSpec;
    use crate::limits::Limits;
    use crate::secret::Secret;
    use crate::session::PasswordOutcome;

    /// What a server does with a session, or with the command in it.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    enum Does {
        OpensNone,
        SaysNothingOfTheSession,
        SaysNothingOfTheCommand,
        RefusesTheCommand,
        ClosesTheSession,
        EndsWithStatus(u32),
        RunsItAndTakesNoInput,
        RunsItAndSaysNothing,
    }

    struct Odd(Does);

    impl server::Handler for Odd {
        type Error = russh::Error;

        async fn auth_password(&mut self, _: &str, _: &str) -> Result<Auth, Self::Error> {
            Ok(Auth::Accept)
        }

        async fn channel_open_session(
            &mut self,
            _channel: Channel<server::Msg>,
            reply: ChannelOpenHandle,
            _session: &mut Session,
        ) -> Result<(), Self::Error> {
            match self.0 {
                Does::OpensNone => drop(reply),
                Does::SaysNothingOfTheSession => std::mem::forget(reply),
                _ => reply.accept().await,
            }
            Ok(())
        }

        async fn exec_request(
            &mut self,
            channel: ChannelId,
            _: &[u8],
            session: &mut Session,
        ) -> Result<(), Self::Error> {
            match self.0 {
                Does::RefusesTheCommand => session.channel_failure(channel),
                Does::ClosesTheSession => session.close(channel),
                Does::EndsWithStatus(status) => {
                    session.channel_success(channel)?;
                    session.exit_status_request(channel, status)?;
                    session.close(channel)
                }
                Does::RunsItAndTakesNoInput | Does::RunsItAndSaysNothing => session.channel_success(channel),
                _ => Ok(()),
            }
        }
    }

    /// A connection to such a server, logged in.
    async fn connected(does: Does, limits: &Limits) -> Connection {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let window_size = if does == Does::RunsItAndTakesNoInput { 0 } else { 1 << 20 };
        let keys = vec![PrivateKey::from(Ed25519Keypair::from_seed(&[7; 32]))];
        let (now, none) = (Duration::ZERO, Some(Duration::ZERO));
        let config = server::Config {
            keys,
            window_size,
            auth_rejection_time: now,
            auth_rejection_time_initial: none,
            ..server::Config::default()
        };
        tokio::spawn(async move {
            let (stream, _) = listener.accept().await.map_err(russh::Error::IO)?;
            server::run_stream(Arc::new(config), stream, Odd(does)).await?.await
        });
        let spec = NodeSpec { ip: address.ip(), port: address.port() };
        let mut connection = Connection::open(spec, "omm", Arc::default(), limits).await.unwrap();
        let accepted = connection.try_password(&Secret::new("x".to_owned())).await.unwrap();
        assert_eq!(accepted, PasswordOutcome::Accepted);
        connection
    }

    #[tokio::test]
    async fn a_server_that_runs_nothing_is_waited_for_no_longer_than_the_limits_say() {
        let second = Duration::from_secs(1);
        let limits = Limits { session: second, startup: second, ..Limits::default() };
        let closed = NodeError::NoSession("it was closed at once".to_owned());
        let late = NodeError::NoShell("it did not begin within 1 seconds".to_owned());
        let sftp = "it ended with status 11 without a word, as a server for SFTP alone does";
        let cases = [
            (Does::SaysNothingOfTheSession, NodeError::Unanswered(1)),
            (Does::SaysNothingOfTheCommand, NodeError::Unanswered(1)),
            (Does::RefusesTheCommand, NodeError::Refused),
            (Does::ClosesTheSession, closed),
            (Does::EndsWithStatus(11), NodeError::NoShell(sftp.to_owned())),
            (Does::EndsWithStatus(1), NodeError::NoShell("it ended with status 1 without a word".to_owned())),
            (Does::RunsItAndTakesNoInput, late.clone()),
            (Does::RunsItAndSaysNothing, late),
        ];
        for (does, wanted) in cases {
            let connection = connected(does, &limits).await;
            let began = Instant::now();
            let ended = connection.shell().await.err();
            assert_eq!(ended, Some(wanted), "{does:?}");
            assert!(began.elapsed() < second * 20, "{does:?}: {:?}", began.elapsed());
        }
        let refused = connected(Does::OpensNone, &limits).await.shell().await.err();
        assert!(matches!(refused, Some(NodeError::NoSession(_))), "{refused:?}");
    }

    #[tokio::test]
    async fn what_became_of_a_shell_is_told_to_the_first_who_asks() {
        let limits = Limits { session: Duration::from_millis(100), ..Limits::default() };
        // Not the key's fault: another one would meet the same.
        for (does, wanted) in [
            (Does::RefusesTheCommand, NodeError::Refused),
            (Does::SaysNothingOfTheCommand, NodeError::Unanswered(0)),
        ] {
            let connection = connected(does, &limits).await;
            assert_eq!(connection.start_shell().await, None, "{does:?}");
            assert_eq!(connection.shell().await.err(), Some(wanted), "{does:?}");
        }
        let connection = connected(Does::EndsWithStatus(142), &limits).await;
        let said = connection.start_shell().await;
        assert_eq!(said.as_deref(), Some("it ended with status 142 without a word"));
    }
}
