//! A glance at a node that was entered.

use crate::enter::{Entered, NoEntry};
use crate::event::Login;
use crate::inventory::NodeSpec;
use crate::node::{NodeError, Shell};
use crate::observe::{Glance, ObserveError, glance};

/// A node that was visited.
pub(crate) struct Visited {
    pub(crate) spec: NodeSpec,
    pub(crate) result: Result<Inside, NoEntry>,
}

/// A node that was entered.
pub(crate) struct Inside {
    pub(crate) login: Login,
    pub(crate) shell: Shell,
    pub(crate) glance: Glance,
    /// The way in; keeps the connection open.
    pub(crate) entered: Entered,
}

/// Starts its shell and looks.
pub(crate) async fn visit((spec, entry): (NodeSpec, Result<Entered, NoEntry>)) -> Visited {
    let inside = async {
        let entered = entry?;
        let shell = entered.shell().await?;
        let glance = glance(&shell).await.map_err(|error| match error {
            ObserveError::Node(error) => error,
            other => NodeError::NoShell(other.to_string()),
        })?;
        Ok(Inside { login: entered.login, shell, glance, entered })
    };
    Visited { spec, result: inside.await }
}
