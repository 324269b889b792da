//! The verbs, each an intent and the stages that carry it out.

mod access;
mod hold;
mod lend;
mod revoke;
mod rotate;
mod shrink;
mod taken;

pub use crate::fleet::HoldError;
pub use crate::setup::Options as RotateOptions;
pub use access::{AccessNode, AccessSeen, access};
pub use lend::{LendError, Lent, lend};
pub use revoke::{Ended, Options as RevokeOptions, RevokeError, Revoked, Survey, Surveyed, revoke, survey};
pub use rotate::{Parted, RotateError, Rotated, Rotating, Rotation, plan_rotation, rotate};
pub use shrink::{Options as ShrinkOptions, Shrinking, Shrunk, plan_shrinking, shrink};
