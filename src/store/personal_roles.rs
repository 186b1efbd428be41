//! The roles that a person has marked as favourites or has taken not long ago, whichever browser and
//! node they use.

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use super::{PersonKey, StoreError};
use crate::domain::{RoleArn, UnixTime};

/// So many favourites of a person are kept.
pub const MAX_FAVOURITES: usize = 100;
/// So many roles that a person took are kept: more than are shown, for some may not be offered any more.
pub const MAX_RECENT: usize = 10;
/// They are kept for so long after the person changed or took any, in seconds: 400 days.
pub const PERSONAL_ROLES_SECONDS: i64 = 400 * 86_400;

/// What is kept of one person. It grants nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RolesOfPerson {
    /// In the order in which they were marked.
    pub favourites: Vec<RoleArn>,
    /// The one that was taken last comes first.
    pub recent: Vec<RecentRole>,
    /// When any of it was changed last.
    pub changed_at: UnixTime,
}

/// A role that was taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecentRole {
    /// Which.
    pub role: RoleArn,
    /// When last.
    pub at: UnixTime,
}

/// What a person does to their roles.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RolesChange {
    /// Marks one; nothing changes where it is marked already.
    AddFavourite(RoleArn),
    /// Takes the mark away; nothing changes where there is none.
    RemoveFavourite(RoleArn),
    /// Has taken one.
    Took(RecentRole),
}

/// What became of a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RolesChanged {
    /// It is kept.
    Kept,
    /// The person has [`MAX_FAVOURITES`] already; nothing was changed.
    TooMany,
}

impl RolesOfPerson {
    /// Of somebody of whom nothing is kept.
    pub const fn none(now: UnixTime) -> Self {
        Self {
            favourites: Vec::new(),
            recent: Vec::new(),
            changed_at: now,
        }
    }

    /// Whether it is forgotten at `now`.
    pub fn is_over(&self, now: UnixTime) -> bool {
        now > self.changed_at.plus(PERSONAL_ROLES_SECONDS)
    }

    /// With the change; `None` where that is one favourite too many.
    pub(super) fn with(mut self, change: &RolesChange, now: UnixTime) -> Option<Self> {
        match change {
            RolesChange::AddFavourite(role) if self.favourites.contains(role) => {}
            RolesChange::AddFavourite(_) if self.favourites.len() >= MAX_FAVOURITES => {
                return None;
            }
            RolesChange::AddFavourite(role) => self.favourites.push(role.clone()),
            RolesChange::RemoveFavourite(role) => self.favourites.retain(|kept| kept != role),
            RolesChange::Took(taken) => self.took(taken),
        }
        self.changed_at = self.changed_at.max(now);
        Some(self)
    }

    /// Nodes may tell of the same person's roles in any order.
    fn took(&mut self, taken: &RecentRole) {
        let is_newer = |kept: &RecentRole| kept.role == taken.role && kept.at >= taken.at;
        if self.recent.iter().any(is_newer) {
            return;
        }
        self.recent.retain(|kept| kept.role != taken.role);
        self.recent.push(taken.clone());
        self.recent.sort_by_key(|kept| std::cmp::Reverse(kept.at));
        self.recent.truncate(MAX_RECENT);
    }
}

/// What is kept of people's roles. It is shown to them and decides nothing.
#[async_trait]
pub trait PersonalRoles: Send + Sync {
    /// What is kept of the person; nothing after [`PERSONAL_ROLES_SECONDS`].
    async fn personal_roles(
        &self,
        person: &PersonKey,
        now: UnixTime,
    ) -> Result<Option<RolesOfPerson>, StoreError>;

    /// Changes it, all or nothing. Of changes that are made at the same moment each is kept.
    async fn change_personal_roles(
        &self,
        person: &PersonKey,
        change: &RolesChange,
        now: UnixTime,
    ) -> Result<RolesChanged, StoreError>;

    /// Forgets all of it; `true` where there was anything.
    async fn forget_personal_roles(&self, person: &PersonKey) -> Result<bool, StoreError>;
}
