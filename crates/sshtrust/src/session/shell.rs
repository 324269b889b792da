//! The node's shell over a session channel.

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
        Shell::open(Pipes { input, output }).await
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
