//! The roles that a person has marked as favourites, and those that they took last.
//!
//! ```text
//! the page  ── read ── of these, what is offered at this moment
//! a star    ── offered? ── written, then answered
//! keys were taken ── it waits in memory ── once a second ─> store
//! ```
//! They grant nothing: what is offered is decided without them, and keys are given out whether or not they
//! can be read or written.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::choice::Choice;
use super::{OfferedRole, Offers, OpenBrowserSession, Portal};
use crate::causes::with_causes;
use crate::domain::{FederatedIdentity, IssuerName, RoleArn, Subject, UnixTime};
use crate::flows::rates::admit_star;
use crate::flows::request::RequestMeta;
use crate::flows::unavailable::Unavailable;
use crate::store::{PersonKey, PersonalRoles, RecentRole, RolesChange, RolesChanged, StoreError};
use crate::throttle::Throttled;

/// So many taken roles may wait to be written; what would be more is not.
pub const MAX_TAKEN_WAITING: usize = 10_000;
/// So many of the roles that a person took last are shown.
pub const MAX_RECENT_SHOWN: usize = 5;

/// What is kept of people's roles.
#[derive(Clone)]
pub struct OwnRoles {
    store: Arc<dyn PersonalRoles>,
    /// Who took which role when, until it is written.
    waiting: Arc<Mutex<HashMap<(PersonKey, RoleArn), UnixTime>>>,
}

/// Of the roles that a person is offered, those that are theirs in particular.
#[derive(Debug, Default)]
pub struct OwnOffers<'a> {
    /// In the order in which they were marked.
    pub favourites: Vec<&'a OfferedRole>,
    /// The one that was taken last comes first.
    pub recent: Vec<(&'a OfferedRole, UnixTime)>,
}

/// What a star does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Star {
    /// The role is a favourite from now on.
    Set,
    /// It is none any more.
    Taken,
}

/// Why a role did not become a favourite.
#[derive(Debug, thiserror::Error)]
pub enum StarError {
    /// The person may not take it.
    #[error("the role is not offered")]
    NotOffered,
    /// They have as many as are kept.
    #[error("there are too many favourites")]
    TooMany,
    /// They ask too often.
    #[error(transparent)]
    Throttled(#[from] Throttled),
    /// This node can't do it.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
}

impl fmt::Debug for OwnRoles {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("OwnRoles")
    }
}

impl OwnRoles {
    /// In this store.
    pub fn new(store: Arc<dyn PersonalRoles>) -> Self {
        Self {
            store,
            waiting: Arc::default(),
        }
    }

    /// Notes that a person has taken a role. Nobody waits for that to be written, and it may be lost.
    pub(super) fn took(&self, identity: &FederatedIdentity, role: &RoleArn, now: UnixTime) {
        let taken = (person(identity), role.clone());
        let mut waiting = self.waiting();
        if waiting.len() < MAX_TAKEN_WAITING || waiting.contains_key(&taken) {
            waiting.insert(taken, now);
        }
    }

    /// Writes which roles were taken. What can't be written is lost.
    pub async fn write(&self, now: UnixTime) {
        let waiting = std::mem::take(&mut *self.waiting());
        for ((person, role), at) in waiting {
            let change = RolesChange::Took(RecentRole { role, at });
            let written = self.store.change_personal_roles(&person, &change, now);
            let Err(error) = written.await else { continue };
            tracing::warn!(
                error = with_causes(&error),
                "it could not be noted which roles people took last"
            );
            if matches!(error, StoreError::Unavailable(_)) {
                return;
            }
        }
    }

    /// Forgets all of a person; `true` where there was anything. What waits on other nodes at this moment
    /// may come after.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn forget(&self, issuer: &IssuerName, subject: &Subject) -> Result<bool, StoreError> {
        let person = PersonKey::of(issuer, &[subject.as_str()]);
        self.waiting().retain(|(whose, _), _| *whose != person);
        self.store.forget_personal_roles(&person).await
    }

    fn waiting(&self) -> MutexGuard<'_, HashMap<(PersonKey, RoleArn), UnixTime>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The same person by whichever session, as administrators name them.
fn person(identity: &FederatedIdentity) -> PersonKey {
    PersonKey::of(&identity.issuer, &[identity.subject.as_str()])
}

impl Portal {
    /// Which of the offers are the person's favourites, and which they took last; `None` where that can't be
    /// read.
    pub async fn own_offers<'a>(
        &self,
        open: &OpenBrowserSession,
        offers: &'a Offers,
        now: UnixTime,
    ) -> Option<OwnOffers<'a>> {
        let person = person(&open.session.identity);
        let kept = match self.own_roles.store.personal_roles(&person, now).await {
            Ok(Some(kept)) => kept,
            Ok(None) => return Some(OwnOffers::default()),
            Err(error) => {
                tracing::warn!(
                    error = with_causes(&error),
                    "a person's favourite roles can't be read"
                );
                return None;
            }
        };
        let favourites = kept.favourites.iter();
        let recent = kept.recent.iter();
        let recent = recent.filter_map(|recent| Some((offers.find(&recent.role)?, recent.at)));
        Some(OwnOffers {
            favourites: favourites.filter_map(|role| offers.find(role)).collect(),
            recent: recent.take(MAX_RECENT_SHOWN).collect(),
        })
    }

    /// Makes a role a favourite, if it is offered, or no favourite any more.
    ///
    /// # Errors
    /// [`StarError`]; nothing was changed, or it is not known whether it was.
    pub async fn star(
        &self,
        open: &OpenBrowserSession,
        (role, star): (&RoleArn, Star),
        meta: &RequestMeta,
    ) -> Result<(), StarError> {
        let identity = &open.session.identity;
        let who = (&identity.issuer, &identity.subject);
        admit_star(&self.throttle, &identity.provider, who)?;
        let change = match star {
            Star::Taken => RolesChange::RemoveFavourite(role.clone()),
            Star::Set if self.is_offered(open, role, meta).await? => {
                RolesChange::AddFavourite(role.clone())
            }
            Star::Set => return Err(StarError::NotOffered),
        };
        match self.change(open, &change, meta.now).await? {
            RolesChanged::Kept => Ok(()),
            RolesChanged::TooMany => self.star_in_place_of_one(open, &change, meta).await,
        }
    }

    /// A favourite that is not offered any more is not shown, so nobody can take its star: it gives way.
    async fn star_in_place_of_one(
        &self,
        open: &OpenBrowserSession,
        change: &RolesChange,
        meta: &RequestMeta,
    ) -> Result<(), StarError> {
        let offers = self.offers(open, meta)?;
        let person = person(&open.session.identity);
        let kept = self.own_roles.store.personal_roles(&person, meta.now);
        let kept = kept.await.map_err(Unavailable::from)?;
        let mut favourites = kept.map(|kept| kept.favourites).into_iter().flatten();
        let hidden = favourites.find(|role| offers.find(role).is_none());
        let hidden = hidden.ok_or(StarError::TooMany)?;
        self.change(open, &RolesChange::RemoveFavourite(hidden), meta.now)
            .await?;
        match self.change(open, change, meta.now).await? {
            RolesChanged::Kept => Ok(()),
            RolesChanged::TooMany => Err(StarError::TooMany),
        }
    }

    async fn change(
        &self,
        open: &OpenBrowserSession,
        change: &RolesChange,
        now: UnixTime,
    ) -> Result<RolesChanged, Unavailable> {
        let person = person(&open.session.identity);
        let store = &self.own_roles.store;
        Ok(store.change_personal_roles(&person, change, now).await?)
    }

    async fn is_offered(
        &self,
        open: &OpenBrowserSession,
        role: &RoleArn,
        meta: &RequestMeta,
    ) -> Result<bool, Unavailable> {
        let identity = &open.session.identity;
        let (snapshot, mapped, _) = self.mapped_role(identity, role, meta).await?;
        let Some(mapped) = &mapped else {
            return Ok(false);
        };
        let choice = Choice {
            session: &open.session,
            mapped,
            snapshot: &snapshot,
            meta,
        };
        Ok(choice.offer().is_some())
    }
}
