//! What is known about an issuer at one moment, and what that calls for. Pure.

use std::sync::Arc;

use super::{COOLDOWN, FAILURE_COOLDOWN, KeyError, MAX_STALE, ProviderError};
use crate::domain::UnixTime;
use crate::federation::Algorithm;
use crate::federation::discovery::ProviderMetadata;
use crate::federation::jwks::{Key, KeySet, NoKey};

/// What a provider answered.
pub(super) struct Answer {
    pub(super) metadata: (Arc<ProviderMetadata>, UnixTime),
    pub(super) published: Published,
}

/// Why a provider is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Need {
    /// It isn't.
    Nothing,
    /// There is nothing to go on with.
    First,
    /// What there is can be used, but is due to be read anew.
    Fresher,
    /// A fresh set doesn't have the key.
    UnknownKey,
}

/// Who publishes the keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Origin {
    #[default]
    Provider,
    Ourselves,
}

#[derive(Debug, Clone)]
pub(super) struct Published {
    pub(super) keys: Arc<KeySet>,
    pub(super) read_at: UnixTime,
    pub(super) fresh_until: UnixTime,
}

#[derive(Debug, Clone)]
pub(super) struct Failure {
    pub(super) at: UnixTime,
    pub(super) why: Arc<ProviderError>,
}

/// What is known about an issuer at one moment.
#[derive(Debug, Clone, Default)]
pub(super) struct Snapshot {
    origin: Origin,
    pub(super) metadata: Option<(Arc<ProviderMetadata>, UnixTime)>,
    pub(super) published: Option<Published>,
    /// The last look, where it failed.
    pub(super) failure: Option<Failure>,
    /// When a key was last looked for that a fresh set didn't have.
    looked_for_unknown: Option<UnixTime>,
}

impl Snapshot {
    /// Keys that are used as they are, for good.
    pub(super) fn of_our_own(keys: Arc<KeySet>) -> Self {
        Self {
            origin: Origin::Ourselves,
            published: Some(Published {
                keys,
                read_at: UnixTime::EPOCH,
                fresh_until: UnixTime::EPOCH,
            }),
            ..Self::default()
        }
    }

    pub(super) fn need(&self, key_id: Option<&str>, algorithm: Algorithm, now: UnixTime) -> Need {
        let Some(published) = self.usable(now) else {
            return self.unless_cooling(Need::First, now);
        };
        if published.keys.find(key_id, algorithm).err() == Some(NoKey::Unknown) {
            let looked_just_now = self
                .looked_for_unknown
                .is_some_and(|at| is_recent(at, COOLDOWN, now));
            return if looked_just_now {
                Need::Nothing
            } else {
                self.unless_cooling(Need::UnknownKey, now)
            };
        }
        self.need_of_refresh(now, now)
    }

    pub(super) fn need_of_metadata(&self, now: UnixTime) -> Need {
        match self.metadata_within(MAX_STALE, now) {
            Some(_) => self.need_of_refresh(now, now),
            None => self.unless_cooling(Need::First, now),
        }
    }

    /// Whether what there is will no longer be fresh at `then`.
    pub(super) fn need_of_refresh(&self, then: UnixTime, now: UnixTime) -> Need {
        match &self.published {
            Some(published) if then >= published.fresh_until => {
                self.unless_cooling(Need::Fresher, now)
            }
            _ => Need::Nothing,
        }
    }

    fn unless_cooling(&self, need: Need, now: UnixTime) -> Need {
        let is_cooling = self
            .failure
            .as_ref()
            .is_some_and(|failure| is_recent(failure.at, FAILURE_COOLDOWN, now));
        if is_cooling || self.origin == Origin::Ourselves {
            Need::Nothing
        } else {
            need
        }
    }

    pub(super) fn find(
        &self,
        key_id: Option<&str>,
        algorithm: Algorithm,
        now: UnixTime,
    ) -> Result<Arc<Key>, KeyError> {
        let Some(published) = self.usable(now) else {
            return Err(self.failure_or(KeyError::no_answer()));
        };
        match published.keys.find(key_id, algorithm) {
            Ok(key) => Ok(key.clone()),
            Err(NoKey::Unknown) => Err(self.failure_or(KeyError::UnknownKey)),
            Err(NoKey::OtherAlgorithm) => Err(KeyError::OtherAlgorithm),
            Err(NoKey::Ambiguous) => Err(KeyError::Ambiguous),
        }
    }

    fn usable(&self, now: UnixTime) -> Option<&Published> {
        self.published.as_ref().filter(|published| {
            self.origin == Origin::Ourselves || now.since(published.read_at) < MAX_STALE
        })
    }

    pub(super) fn metadata_within(
        &self,
        seconds: i64,
        now: UnixTime,
    ) -> Option<Arc<ProviderMetadata>> {
        let (metadata, at) = self.metadata.as_ref()?;
        (now.since(*at) < seconds).then(|| metadata.clone())
    }

    /// A missing key is the provider's fault as long as the last look at it failed.
    pub(super) fn failure_or(&self, otherwise: KeyError) -> KeyError {
        self.failure.as_ref().map_or(otherwise, |failure| {
            KeyError::ProviderUnreachable(failure.why.clone())
        })
    }

    /// What is known once a look that ended at `ended` came to `answer`.
    pub(super) fn after(
        &self,
        answer: Result<Answer, ProviderError>,
        need: Need,
        ended: UnixTime,
    ) -> Self {
        let looked_for_unknown = match need {
            Need::UnknownKey => Some(ended),
            Need::Nothing | Need::First | Need::Fresher => self.looked_for_unknown,
        };
        match answer {
            Ok(answer) => Self {
                origin: self.origin,
                metadata: Some(answer.metadata),
                published: Some(answer.published),
                failure: None,
                looked_for_unknown,
            },
            Err(why) => Self {
                failure: Some(Failure {
                    at: ended,
                    why: Arc::new(why),
                }),
                looked_for_unknown,
                ..self.clone()
            },
        }
    }
}

/// Whether `at` is less than a cooldown away: in either direction, since callers who come together
/// may have read the clock a moment apart, and no further, so that a clock that was set back can't
/// silence a provider for long.
fn is_recent(at: UnixTime, cooldown: i64, now: UnixTime) -> bool {
    now.since(at).abs() < cooldown
}
