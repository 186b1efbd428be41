//! Since when what sessions rest on is there.
//!
//! Who takes a role, a provider, a connection or a link away ends the sessions that rest on it. They
//! stay ended: what is put back later, be it from a file that was exported before, is there only from
//! that generation on, and no session of an earlier one rests on it.

use serde::{Deserialize, Serialize};

use super::change::Change;
use super::index::Index;
use super::state::Directory;
use super::touched::Touched;
use crate::domain::{
    AccountId, ConnectionId, EntityId, Issuer, IssuerName, SamlProviderName, ServiceName, UniqueId,
};
use crate::store::Generation;

/// What a session rests on.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Footing {
    /// A role.
    Role(AccountId, UniqueId),
    /// An OpenID Connect provider of an account.
    OidcProvider(AccountId, Issuer),
    /// A SAML provider of an account, and who speaks there.
    SamlProvider(AccountId, SamlProviderName, EntityId),
    /// A connection, and who speaks there.
    Connection(ConnectionId, IssuerName),
    /// A connection's link into an account.
    Link(ConnectionId, AccountId),
    /// A user.
    User(AccountId, UniqueId),
    /// A service.
    Service(ServiceName),
    /// A service's reach into an account.
    Reach(ServiceName, AccountId),
    /// That this account manages the others and has sessions of their roots.
    RootSessions(AccountId),
    /// An account whose root may be assumed.
    Member(AccountId),
}

/// From which generation on each thing is there.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(
    from = "Vec<(Footing, Generation)>",
    into = "Vec<(Footing, Generation)>"
)]
pub struct Since(Index<Footing, Generation>);

impl Since {
    /// From which generation on this is there, without a break; `None` where it isn't.
    pub fn find(&self, footing: &Footing) -> Option<Generation> {
        self.0.get(footing).copied()
    }
}

impl From<Vec<(Footing, Generation)>> for Since {
    fn from(pairs: Vec<(Footing, Generation)>) -> Self {
        Self(pairs.into_iter().collect())
    }
}

impl From<Since> for Vec<(Footing, Generation)> {
    fn from(since: Since) -> Self {
        let entries = since.0.iter();
        let mut pairs: Self = entries.map(|(of, since)| (of.clone(), *since)).collect();
        // The same directory is written as the same bytes.
        pairs.sort_unstable();
        pairs
    }
}

impl Directory {
    /// The directory after these changes, which are `generation`, and what they are about.
    pub fn after(&self, changes: Vec<Change>, generation: Generation) -> (Self, Touched) {
        let touched = Touched::by(&changes);
        let mut after = self.clone();
        for change in changes {
            after.apply(change);
        }
        after.settle(self, &touched, generation);
        (after, touched)
    }

    /// Notes what is new at `generation` and forgets what is gone, once all of a generation's changes were
    /// applied to what was there `before`.
    fn settle(&mut self, before: &Self, touched: &Touched, generation: Generation) {
        let (Some(were), Some(are)) = (touched.footings(before), touched.footings(self)) else {
            return self.settle_all(generation);
        };
        for gone in were.difference(&are) {
            self.since.0.remove(gone);
        }
        for there in are {
            if self.since.0.get(&there).is_none() {
                self.since.0.insert(there, generation);
            }
        }
    }

    fn settle_all(&mut self, generation: Generation) {
        let before = std::mem::take(&mut self.since.0);
        let kept = self.footings().into_iter().map(|footing| {
            let since = before.get(&footing).copied().unwrap_or(generation);
            (footing, since)
        });
        self.since = Since(kept.collect());
    }

    fn footings(&self) -> Vec<Footing> {
        let mut footings = Vec::new();
        for (id, account) in &self.accounts {
            let roles = account.roles.values();
            footings.extend(roles.map(|role| Footing::Role(*id, role.unique_id.clone())));
            let users = account.users.values();
            footings.extend(users.map(|user| Footing::User(*id, user.unique_id.clone())));
            let providers = account.oidc_providers.keys();
            footings.extend(providers.map(|issuer| Footing::OidcProvider(*id, issuer.clone())));
            let providers = account.saml_providers.iter();
            footings.extend(providers.map(|(name, provider)| {
                Footing::SamlProvider(*id, name.clone(), provider.entity_id().clone())
            }));
        }
        if let Some(organization) = self.organization.as_ref().filter(|it| it.root_sessions) {
            footings.push(Footing::RootSessions(organization.management_account));
            footings.extend(self.accounts.keys().copied().map(Footing::Member));
        }
        let connections = self.connections.iter();
        footings.extend(connections.map(|(id, it)| Footing::Connection(id.clone(), it.issuer())));
        for link in self.links.values() {
            let accounts = link.providers.iter();
            footings
                .extend(accounts.map(|arn| Footing::Link(link.connection.clone(), arn.account())));
        }
        for (name, service) in &self.services {
            footings.push(Footing::Service(name.clone()));
            let accounts = self.accounts.keys().filter(|id| service.reach.has(**id));
            footings.extend(accounts.map(|id| Footing::Reach(name.clone(), *id)));
        }
        footings
    }
}
