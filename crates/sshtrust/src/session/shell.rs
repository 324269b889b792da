//! The node's shell over a session channel.

use std::sync::PoisonError;

use russh::{ChannelMsg, ChannelReadHalf};
use tokio::sync::mpsc;

use super::connect::Connection;
use crate::node::{Chunk, NodeError, Pipes, Shell};
use crate::text::printable;

impl Connection {
    /// Starts the tool's shell on the node. The connection lives as long as this value does.
    ///
    /// # Errors
    /// [`NodeError`] if the node opens no session or its login shell starts nothing.
    pub async fn shell(&self) -> Result<Shell, NodeError> {
        let ready = self.ready.lock().unwrap_or_else(PoisonError::into_inner).take();
        match ready {
            Some(shell) => Ok(shell),
            None => Shell::open(self.session().await?, self.limits.startup).await,
        }
    }

    /// Gives a shell back that nobody uses any more: a server may allow one session only.
    pub fn give_back(&self, shell: Shell) {
        *self.ready.lock().unwrap_or_else(PoisonError::into_inner) = Some(shell);
    }

    /// Starts a shell for the first who asks for one. If something else ran instead: what it said. Whatever else goes
    /// wrong is not the key's fault, and is told to that one.
    pub(super) async fn start_shell(&self) -> Option<String> {
        let pipes = self.session().await.ok()?;
        match Shell::open(pipes, self.limits.startup).await {
            Ok(shell) => {
                self.give_back(shell);
                None
            }
            Err(error) if error.is_of_the_account() => None,
            Err(NodeError::NoShell(said)) => Some(said),
            Err(NodeError::Timeout(seconds)) => Some(format!("it started no shell within {seconds} seconds")),
            Err(_) => None,
        }
    }

    /// A session in which the shell's loop is to begin.
    async fn session(&self) -> Result<Pipes, NodeError> {
        let refused = |e: russh::Error| NodeError::NoShell(printable(e.to_string().as_bytes()));
        let channel = self.handle.channel_open_session().await.map_err(refused)?;
        channel.exec(true, Shell::bootstrap()).await.map_err(refused)?;
        let (read, write) = channel.split();
        let (sender, output) = mpsc::channel(64);
        let input = Box::pin(write.make_writer());
        tokio::spawn(async move {
            pump(read, sender).await;
            drop(write);
        });
        Ok(Pipes { input, output })
    }
}

/// Reads until the channel ends: an exit status can come after the end of file.
async fn pump(mut from: ChannelReadHalf, to: mpsc::Sender<Chunk>) {
    while let Some(message) = from.wait().await {
        let chunk = match message {
            ChannelMsg::Data { data } => Chunk::Out(data.to_vec()),
            ChannelMsg::ExtendedData { data, ext: 1 } => Chunk::Err(data.to_vec()),
            _ => continue,
        };
        if to.send(chunk).await.is_err() {
            return;
        }
    }
}
