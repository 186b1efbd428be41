//! Session tokens that were opened a moment ago (decision 98).
//!
//! ```text
//! token, access key, ring ── the same three as a place remembers? ── yes ── what it opened to
//!                              └ no: opened; was one of this key's opened lately? ── yes ── remembered there
//! ```
//! A ring of keys opens a token for an access key to the same session every time, so that whoever comes
//! with all three again is told what came of it. Whatever else decides (the time, revocations, whether the
//! role is still there) is asked each time, and a ring that a key was put into or taken out of is another
//! ring. Of a key whose token is opened once, nothing is kept but that it was.

use std::collections::hash_map::RandomState;
use std::fmt;
use std::hash::BuildHasher as _;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::token::{OpenToken, TokenError, open};
use crate::domain::{AccessKeyId, SessionToken, UnixTime};
use crate::seal::{KeyRing, RingIdentity};

/// What was not asked for in so many seconds is forgotten, once somebody looks after that.
const KEPT_SECONDS: i64 = 60;
/// A longer token is opened each time, and so is that of a session with policies of its own, which take
/// a hundred times their length once they are compiled: what is remembered is some 6 KB at the most.
const MAX_BYTES: usize = 2_048;
/// So many tokens a set holds.
const WAYS: usize = 2;
/// Of so many keys a set knows that a token of theirs was opened; of one more, the first is forgotten.
const CAME: usize = 4;
/// So many tokens are remembered at the most; of one more, the longer unused of its set is forgotten.
const MAX_OPENED: usize = 1_024;
const SETS: usize = MAX_OPENED / WAYS;

/// What session tokens opened to.
pub struct OpenedTokens {
    sets: Box<[Mutex<Set>]>,
    hashes: RandomState,
}

#[derive(Default)]
struct Set {
    /// The one that was used last comes first.
    opened: [Option<Opened>; WAYS],
    /// The hashes of keys whose tokens were opened, the latest first. Whoever has another's hash by chance
    /// is remembered one opening sooner.
    came: [u64; CAME],
}

struct Opened {
    token: SessionToken,
    access_key_id: AccessKeyId,
    ring: RingIdentity,
    to: Arc<OpenToken>,
    used_at: UnixTime,
}

impl fmt::Debug for OpenedTokens {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("OpenedTokens")
    }
}

impl Default for OpenedTokens {
    fn default() -> Self {
        Self {
            sets: (0..SETS).map(|_| Mutex::default()).collect(),
            hashes: RandomState::new(),
        }
    }
}

impl OpenedTokens {
    /// Opens a session token that came with `access_key_id`, or tells what it opened to.
    ///
    /// # Errors
    /// As [`open`].
    pub fn open(
        &self,
        token: &str,
        access_key_id: &AccessKeyId,
        keys: &KeyRing,
        now: UnixTime,
    ) -> Result<Arc<OpenToken>, TokenError> {
        let hash = self.hashes.hash_one(access_key_id.as_str());
        let Some(set) = self.set(hash) else {
            return open(token, access_key_id, keys, now).map(Arc::new);
        };
        let known = own(set).find((token, access_key_id, keys), now);
        if let Some(known) = known {
            known.check_time(now)?;
            return Ok(known);
        }
        let opened = Arc::new(open(token, access_key_id, keys, now)?);
        let takes_little = token.len() <= MAX_BYTES && opened.session.session_policies.is_empty();
        if takes_little && own(set).came_before(hash) {
            let forgotten = own(set).put(Opened {
                token: SessionToken::new(token.to_owned()),
                access_key_id: access_key_id.clone(),
                ring: keys.identity(),
                to: Arc::clone(&opened),
                used_at: now,
            });
            // Here nobody waits for it to be wiped.
            drop(forgotten);
        }
        Ok(opened)
    }

    /// Forgets what was not asked for in the last minute, or in one that is still to come (clocks are put
    /// back), and whose tokens were opened once.
    pub fn forget_unused(&self, now: UnixTime) {
        let is_recent = |opened: &Opened| (0..=KEPT_SECONDS).contains(&now.since(opened.used_at));
        for set in &self.sets {
            let mut set = own(set);
            set.came = Default::default();
            for place in &mut set.opened {
                place.take_if(|opened| !is_recent(opened));
            }
        }
    }

    fn set(&self, hash: u64) -> Option<&Mutex<Set>> {
        let index = usize::try_from(hash % SETS as u64).ok()?;
        self.sets.get(index)
    }
}

impl Set {
    /// What is remembered of this; what is over is told once more.
    fn find(
        &mut self,
        asked: (&str, &AccessKeyId, &KeyRing),
        now: UnixTime,
    ) -> Option<Arc<OpenToken>> {
        let is_asked = |place: &Option<Opened>| place.as_ref().is_some_and(|it| it.is_for(asked));
        let at = self.opened.iter().position(is_asked)?;
        self.opened.swap(0, at);
        let place = self.opened.first_mut()?;
        let is_over = place
            .as_ref()
            .is_some_and(|opened| opened.to.check_time(now).is_err());
        if is_over {
            return place.take().map(|opened| opened.to);
        }
        let opened = place.as_mut()?;
        opened.used_at = now;
        Some(Arc::clone(&opened.to))
    }

    /// Puts it first, in the place of what is remembered of its key, or else of the one that was used the
    /// longest ago; what was there.
    fn put(&mut self, opened: Opened) -> Option<Opened> {
        let key = &opened.access_key_id;
        let has_key =
            |place: &Option<Opened>| place.as_ref().is_some_and(|it| it.access_key_id == *key);
        let at = self.opened.iter().position(has_key).unwrap_or(WAYS - 1);
        self.opened.get_mut(..=at)?.rotate_right(1);
        self.opened.first_mut()?.replace(opened)
    }

    /// Whether a token of the key with this hash was opened lately; if not, it was now.
    fn came_before(&mut self, hash: u64) -> bool {
        if self.came.contains(&hash) {
            return true;
        }
        self.came.rotate_right(1);
        if let Some(latest) = self.came.first_mut() {
            *latest = hash;
        }
        false
    }
}

impl Opened {
    /// Whether it is what this token opens to for this key. A token alone signs nothing, so that how long the
    /// comparison takes may tell how much of it is right.
    fn is_for(&self, (token, access_key_id, keys): (&str, &AccessKeyId, &KeyRing)) -> bool {
        self.access_key_id == *access_key_id && self.token.expose() == token && keys.is(&self.ring)
    }
}

fn own(set: &Mutex<Set>) -> MutexGuard<'_, Set> {
    set.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
