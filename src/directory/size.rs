//! How much there is, and so what is done elsewhere, or more seldom.

use super::live::DirectoryError;
use super::state::Directory;
use crate::store::{Generation, StoreError};

/// After this many generations a small directory is kept again as a whole; see [`checkpoint_every`].
const CHECKPOINT_EVERY: Generation = 64;
/// A directory of so many users, roles and policies is looked through at once in about a millisecond.
const FEW_THINGS: usize = 4096;

/// After so many generations the whole directory is kept again: the more there is to write, the more seldom,
/// so that what it takes for each generation stays the same.
pub(super) fn checkpoint_every(directory: &Directory) -> Generation {
    let times = things(directory) / FEW_THINGS;
    let times = Generation::try_from(times).unwrap_or(Generation::MAX);
    CHECKPOINT_EVERY.saturating_mul(times.saturating_add(1).next_power_of_two())
}

/// Whether anything that is made of the whole directory takes long: most changes make nothing so, but now and
/// then one does.
pub(super) fn is_large(directory: &Directory) -> bool {
    things(directory) > FEW_THINGS
}

/// Users, roles and managed policies.
fn things(directory: &Directory) -> usize {
    let accounts = directory.accounts.values();
    let things =
        accounts.map(|account| account.users.len() + account.roles.len() + account.policies.len());
    things.sum()
}

/// Does work that may be long where no request waits for its thread.
pub(super) async fn elsewhere<T: Send + 'static>(
    is_long: bool,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, DirectoryError> {
    if !is_long {
        return Ok(work());
    }
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|source| StoreError::Unavailable(Box::new(source)).into())
}
