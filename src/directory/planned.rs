//! A change before it is made: what it makes of the directory, and whether that may be.

use super::change::{Change, ChangeSet};
use super::check::{Problem, check_touched};
use super::live::CommitError;
use super::replay::unreadable;
use super::snapshot::Snapshot;
use super::state::Directory;
use crate::store::MAX_CHANGE_BYTES;

/// A change that can be made.
pub(super) struct Planned {
    /// What the log is to have of it.
    pub(super) entry: Vec<u8>,
    /// The directory with it.
    pub(super) after: Directory,
}

/// What a change makes of the directory.
///
/// # Errors
/// [`CommitError::Invalid`], or that it can't be written down.
pub(super) fn plan(current: &Snapshot, mut changes: ChangeSet) -> Result<Planned, CommitError> {
    let next = current.generation() + 1;
    let stands_alone = changes.changes.iter().all(Change::stands_alone);
    let directory = current.directory();
    let (mut after, mut touched) = directory.after(changes.changes.clone(), next);
    if !stands_alone {
        // Whoever writes a trust policy binds it; what was written otherwise is bound here.
        let bound = after.bind_touched(&touched, current.partition());
        if !bound.is_empty() {
            changes.changes.extend(bound);
            (after, touched) = directory.after(changes.changes.clone(), next);
        }
    }
    let entry = serde_json::to_vec(&changes).map_err(|source| unreadable(next, source))?;
    if entry.len() > MAX_CHANGE_BYTES {
        return Err(CommitError::Invalid(vec![too_long(entry.len())]));
    }
    // Keys can be rotated, and sessions be ended, whatever else is wrong.
    let problems = if stands_alone {
        Vec::new()
    } else {
        check_touched(current, &after, &touched)
    };
    if problems.is_empty() {
        Ok(Planned { entry, after })
    } else {
        Err(CommitError::Invalid(problems))
    }
}

/// What whoever asks for too much at once can do.
fn too_long(bytes: usize) -> Problem {
    let text = format!(
        "the change takes {bytes} bytes, and one generation holds {MAX_CHANGE_BYTES}: make it in several parts"
    );
    Problem::new(Problem::WHOLE_CHANGE, text)
}
