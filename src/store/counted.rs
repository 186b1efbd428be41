//! A store whose missing answers are counted.

use std::sync::Arc;

use async_trait::async_trait;

use super::{
    Appended, BrowserSession, Created, DecisionLog, DirectoryLog, Generation, Heads, KeyUse,
    KeyUses, LogEntry, Logout, OneTimeUse, Page, PageId, PageSize, PageWrite, PageWritten,
    PersonKey, PersonalRoles, Position, Redeemed, RolesChange, RolesChanged, RolesOfPerson,
    SessionKey, Sessions, Share, StoreError, TakenRole, UsedKey,
};
use crate::domain::UnixTime;
use crate::metrics::Metrics;

/// Asks another store, and counts by call what it gives no answer to.
pub struct Counted<S: ?Sized> {
    store: Arc<S>,
    metrics: Arc<Metrics>,
}

impl<S: ?Sized> Counted<S> {
    /// Over this store.
    pub const fn over(store: Arc<S>, metrics: Arc<Metrics>) -> Self {
        Self { store, metrics }
    }

    fn counted<T>(
        &self,
        call: &'static str,
        answer: Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        if answer.is_err() {
            self.metrics.store_failed(call);
        }
        answer
    }
}

#[async_trait]
impl DirectoryLog for Counted<dyn DirectoryLog> {
    async fn head(&self) -> Result<Position, StoreError> {
        self.counted("directory head", self.store.head().await)
    }

    async fn append(&self, base: Position, change: &[u8]) -> Result<Appended, StoreError> {
        let answer = self.store.append(base, change).await;
        self.counted("directory append", answer)
    }

    async fn read_after(
        &self,
        after: Generation,
        limit: usize,
    ) -> Result<Vec<LogEntry>, StoreError> {
        let answer = self.store.read_after(after, limit).await;
        self.counted("directory read", answer)
    }

    async fn save_checkpoint(
        &self,
        generation: Generation,
        directory: &[u8],
    ) -> Result<(), StoreError> {
        let answer = self.store.save_checkpoint(generation, directory).await;
        self.counted("directory checkpoint", answer)
    }

    async fn checkpoint(&self) -> Result<Option<LogEntry>, StoreError> {
        self.counted("directory read", self.store.checkpoint().await)
    }

    async fn changed(&self) {
        self.store.changed().await;
    }
}

#[async_trait]
impl Sessions for Counted<dyn Sessions> {
    async fn create(
        &self,
        key: &SessionKey,
        session: &BrowserSession,
    ) -> Result<Created, StoreError> {
        self.counted("session create", self.store.create(key, session).await)
    }

    async fn find(
        &self,
        key: &SessionKey,
        now: UnixTime,
    ) -> Result<Option<BrowserSession>, StoreError> {
        self.counted("session find", self.store.find(key, now).await)
    }

    async fn touch(&self, key: &SessionKey, now: UnixTime) -> Result<(), StoreError> {
        self.counted("session touch", self.store.touch(key, now).await)
    }

    async fn note_taken(&self, key: &SessionKey, taken: &TakenRole) -> Result<bool, StoreError> {
        self.counted("session note", self.store.note_taken(key, taken).await)
    }

    async fn sessions_of(
        &self,
        person: &PersonKey,
        now: UnixTime,
    ) -> Result<Vec<(SessionKey, BrowserSession)>, StoreError> {
        let answer = self.store.sessions_of(person, now).await;
        self.counted("session list", answer)
    }

    async fn end(&self, key: &SessionKey) -> Result<Option<BrowserSession>, StoreError> {
        self.counted("session end", self.store.end(key).await)
    }

    async fn end_all(
        &self,
        person: &PersonKey,
        logout: Logout,
    ) -> Result<Vec<BrowserSession>, StoreError> {
        self.counted("session end", self.store.end_all(person, logout).await)
    }
}

#[async_trait]
impl OneTimeUse for Counted<dyn OneTimeUse> {
    async fn redeem(
        &self,
        what: &[u8; 32],
        keep_until: UnixTime,
        now: UnixTime,
    ) -> Result<Redeemed, StoreError> {
        let answer = self.store.redeem(what, keep_until, now).await;
        self.counted("mark redeem", answer)
    }

    async fn is_redeemed(&self, what: &[u8; 32], now: UnixTime) -> Result<bool, StoreError> {
        let answer = self.store.is_redeemed(what, now).await;
        self.counted("mark find", answer)
    }
}

#[async_trait]
impl KeyUses for Counted<dyn KeyUses> {
    async fn note(&self, key: UsedKey, used: &KeyUse) -> Result<(), StoreError> {
        self.counted("key use note", self.store.note(key, used).await)
    }

    async fn last_use(&self, key: UsedKey) -> Result<Option<KeyUse>, StoreError> {
        self.counted("key use find", self.store.last_use(key).await)
    }
}

#[async_trait]
impl PersonalRoles for Counted<dyn PersonalRoles> {
    async fn personal_roles(
        &self,
        person: &PersonKey,
        now: UnixTime,
    ) -> Result<Option<RolesOfPerson>, StoreError> {
        let answer = self.store.personal_roles(person, now).await;
        self.counted("personal roles find", answer)
    }

    async fn change_personal_roles(
        &self,
        person: &PersonKey,
        change: &RolesChange,
        now: UnixTime,
    ) -> Result<RolesChanged, StoreError> {
        let answer = self.store.change_personal_roles(person, change, now).await;
        self.counted("personal roles change", answer)
    }

    async fn forget_personal_roles(&self, person: &PersonKey) -> Result<bool, StoreError> {
        let answer = self.store.forget_personal_roles(person).await;
        self.counted("personal roles forget", answer)
    }
}

#[async_trait]
impl DecisionLog for Counted<dyn DecisionLog> {
    async fn write_page(&self, write: PageWrite<'_>) -> Result<PageWritten, StoreError> {
        self.counted("decisions write", self.store.write_page(write).await)
    }

    async fn page_heads(
        &self,
        share: Share,
        before: Option<PageId>,
        limit: usize,
    ) -> Result<Heads, StoreError> {
        let answer = self.store.page_heads(share, before, limit).await;
        self.counted("decisions read", answer)
    }

    async fn page(&self, share: Share, id: PageId) -> Result<Option<Page>, StoreError> {
        self.counted("decisions read", self.store.page(share, id).await)
    }

    async fn page_sizes(&self, share: Share) -> Result<Vec<PageSize>, StoreError> {
        self.counted("decisions read", self.store.page_sizes(share).await)
    }

    async fn remove_pages(&self, share: Share, ids: &[PageId]) -> Result<(), StoreError> {
        self.counted(
            "decisions remove",
            self.store.remove_pages(share, ids).await,
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::Gauges;

    /// A store that answers nothing.
    struct Away;

    #[async_trait]
    impl OneTimeUse for Away {
        async fn redeem(
            &self,
            _: &[u8; 32],
            _: UnixTime,
            _: UnixTime,
        ) -> Result<Redeemed, StoreError> {
            Err(StoreError::Unavailable("away".into()))
        }

        async fn is_redeemed(&self, _: &[u8; 32], _: UnixTime) -> Result<bool, StoreError> {
            Ok(false)
        }
    }

    #[tokio::test]
    async fn what_the_store_gives_no_answer_to_is_counted_and_handed_on() {
        let metrics = Arc::new(Metrics::default());
        let store = Counted::over(Arc::new(Away) as Arc<dyn OneTimeUse>, Arc::clone(&metrics));
        let now = UnixTime::from_seconds(1);
        assert!(!store.is_redeemed(&[0; 32], now).await.unwrap());
        let answer = store.redeem(&[0; 32], now, now).await;
        assert!(matches!(answer, Err(StoreError::Unavailable(_))));
        let told = metrics.text(Gauges::default()).unwrap();
        assert!(told.contains("rolegate_store_errors_total{call=\"mark redeem\"} 1\n"));
        assert!(!told.contains("mark find"), "{told}");
    }
}
