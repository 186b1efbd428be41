//! The store of many nodes: Redis, alone, watched by Sentinel, or as a Cluster.
//!
//! ```text
//! caller ─ Gate: one of N at once, else refused; a deadline ─ Link ─ one pipelined connection ─ Redis
//!                                                              └ Keeper: connects, checks, again after a pause
//! ```
//!
//! **Keys.** Everything of the directory is under the hash tag `{dir}`, so that in a Cluster one node
//! has it and a script may change it whole. A session and a mark are a key each. Whose a session is, and
//! that a person signed out, are two keys under the person's tag. A family of refresh
//! tokens is a key, and so are what ended several of them, the last use of an access key, and a person's own roles. Each share of decisions has a tag, with
//! a key for each page and two that say which there are.
//!
//! **Atomicity.** Values are sealed, so a script can't look into them: it compares the stored bytes with
//! those that the caller has judged, and changes them only if they are still the same. Sealing draws a
//! salt, so no two values are the same bytes, and a script that is run again, because nobody knows
//! whether it was run, finds its own value and says so. That makes every command here safe to repeat.
//!
//! **Durability.** Appends, marks and ends of sessions wait (`WAIT`) until as many replicas have them as
//! the settings say. `WAIT` holds up whatever is behind it on its connection, so these have one of their
//! own, and so has the directory, whose changes may be large.

mod calls;
mod checks;
mod cluster;
mod decisions;
mod directory;
mod failure;
mod families;
mod key_uses;
mod keys;
mod link;
mod notice;
mod one_time;
mod open;
mod personal_roles;
mod scripts;
mod sessions;
mod settings;
mod stock;
mod target;
mod url;

use std::sync::Arc;

pub use checks::Unfit;
pub use failure::Failure;
pub use open::OpenError;
pub use settings::{ClientCertificate, Credentials, Durability, Limits, RedisSettings, RedisTls};
pub use url::{Deployment, InvalidRedisUrl, RedisUrl, ServerAddress};

use super::sealed::StoreSeal;
use calls::Calls;
use keys::Keys;
use notice::Notice;

/// The version of the keys and of what stands under them.
pub const FORMAT_VERSION: u32 = 1;

/// How much longer than its record's own time a key lives, in seconds: what is over is decided by the
/// record and the node's clock, and a clock of Redis that jumps ahead by no more forgets nothing too soon.
const SLACK_SECONDS: i64 = 300;

/// The store in Redis.
pub struct RedisStore {
    seal: Arc<StoreSeal>,
    keys: Keys,
    /// Sessions, and looks at marks.
    fast: Calls,
    /// What waits for replicas.
    durable: Calls,
    /// The directory.
    directory: Calls,
    /// Decisions, which nobody waits for.
    decisions: Calls,
    notice: Notice,
}

impl std::fmt::Debug for RedisStore {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("RedisStore").finish_non_exhaustive()
    }
}
