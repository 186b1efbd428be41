//! The keys that the provider signs its messages with, and which of them its metadata has.

use std::collections::VecDeque;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use crate::domain::UnixTime;
use crate::federation::saml::certificate::Certificate;
use crate::federation::saml::service_provider::{KeyError, ServiceProviderKey};

/// The provider's keys.
pub(super) struct Keys {
    /// Whom the certificates are for.
    host: String,
    /// The first one. Responses for STS are always signed with it: the accounts of the demo's directory
    /// have its certificate, and nobody uploads another.
    first: Arc<ServiceProviderKey>,
    kept: RwLock<Kept>,
}

struct Kept {
    /// The one that signs.
    newest: Arc<ServiceProviderKey>,
    /// Those before it, newest first, which the metadata still has.
    before: VecDeque<Arc<ServiceProviderKey>>,
    /// What was made and is not in the metadata yet.
    next: Option<Arc<ServiceProviderKey>>,
}

impl Keys {
    /// The metadata has this many keys beside the newest.
    const BEFORE: usize = 2;

    /// One key.
    pub(super) fn generate(host: &str, now: UnixTime) -> Result<Self, KeyError> {
        let first = Arc::new(ServiceProviderKey::generate(host, now)?);
        Ok(Self {
            host: host.to_owned(),
            first: Arc::clone(&first),
            kept: RwLock::new(Kept {
                newest: first,
                before: VecDeque::new(),
                next: None,
            }),
        })
    }

    /// The one that signs.
    pub(super) fn newest(&self) -> Arc<ServiceProviderKey> {
        Arc::clone(&self.read().newest)
    }

    /// The one that signs responses for STS.
    pub(super) const fn first(&self) -> &Arc<ServiceProviderKey> {
        &self.first
    }

    /// One that is published later, if ever; it is made where there is none.
    pub(super) fn unpublished(&self, now: UnixTime) -> Result<Arc<ServiceProviderKey>, KeyError> {
        let mut kept = self.write();
        let next = match kept.next.take() {
            Some(next) => next,
            None => Arc::new(ServiceProviderKey::generate(&self.host, now)?),
        };
        Ok(Arc::clone(kept.next.insert(next)))
    }

    /// Whether a key has signed that the metadata does not have.
    pub(super) fn has_unpublished(&self) -> bool {
        self.read().next.is_some()
    }

    /// Publishes that key, which signs from now on.
    pub(super) fn publish(&self) {
        let mut kept = self.write();
        if let Some(next) = kept.next.take() {
            let old = std::mem::replace(&mut kept.newest, next);
            kept.before.push_front(old);
            kept.before.truncate(Self::BEFORE);
        }
    }

    /// What the metadata has.
    pub(super) fn certificates(&self) -> Vec<Certificate> {
        let kept = self.read();
        let all = std::iter::once(&kept.newest).chain(&kept.before);
        all.map(|key| key.certificate().clone()).collect()
    }

    fn read(&self) -> RwLockReadGuard<'_, Kept> {
        self.kept.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Kept> {
        self.kept.write().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: UnixTime = UnixTime::from_seconds(1_800_000_000);

    #[test]
    fn a_key_that_has_signed_is_published_beside_the_old_one() {
        let keys = Keys::generate("idp.example", NOW).unwrap();
        let old = keys.certificates();
        let next = keys.unpublished(NOW).unwrap();
        assert!(Arc::ptr_eq(&next, &keys.unpublished(NOW).unwrap()));
        assert_eq!(keys.certificates(), old);
        keys.publish();
        assert!(!keys.has_unpublished());
        assert!(Arc::ptr_eq(&next, &keys.newest()));
        let both = [next.certificate().clone(), old[0].clone()];
        assert_eq!(keys.certificates(), both);
        assert_eq!(keys.first().certificate(), &old[0]);
    }
}
