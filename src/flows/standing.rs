//! Whether what a session rests on is still there.

use std::sync::Arc;

use super::authenticate::BootstrapAdmin;
use crate::credentials::OpenSession;
use crate::directory::{Descent, Footing, Snapshot};
use crate::domain::{
    AccessKeyId, AccountId, IssuerName, Origin, Principal, ProvenPerson, ProviderArn, ProviderRef,
    RootPrincipal, ServiceName, SessionPrincipal, UserPrincipal,
};
use crate::federation::known::KnownProviders;

/// What there is to rest on.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ground<'a> {
    /// The directory.
    pub snapshot: &'a Snapshot,
    /// The user whom the environment sets up, who stands in no directory.
    pub admin: Option<&'a Arc<BootstrapAdmin>>,
    /// The providers that no directory has.
    pub known: &'a KnownProviders,
}

impl Ground<'_> {
    /// Whether the session was ended before its time.
    pub fn is_revoked(
        self,
        (principal, session): (&Principal, &OpenSession),
        key: &AccessKeyId,
    ) -> bool {
        // A service has no session: one that says so is none.
        let Some(role) = principal.unique_id() else {
            return true;
        };
        self.snapshot.revocations().end_credentials(&Descent {
            access_key_id: key,
            role,
            lineage: &session.lineage,
            issued_at: session.issued_at,
        })
    }

    /// Whether what the session was issued for is still there: the same role or user, every role that it
    /// was reached through, and who stands at its beginning; and none was away in between.
    pub fn holds(self, principal: &Principal, session: &OpenSession) -> bool {
        let generation = session.lineage.generation;
        let itself = match principal {
            Principal::Session(session) => self.holds_role(session, generation),
            Principal::User(user) => self.holds_user(user, generation),
            Principal::FederatedUser(federated) => self.holds_user(&federated.by, generation),
            Principal::Service(_) => false,
            Principal::Root(root) => self.holds_root(root, session),
        };
        let mut passed = session.lineage.through.iter();
        itself
            && passed.all(|passed| {
                let (account, id) = (passed.account, passed.unique_id.clone());
                self.snapshot
                    .has_since(&Footing::Role(account, id.clone()), generation)
                    || self
                        .snapshot
                        .has_since(&Footing::User(account, id), generation)
                    || self.admin.is_some_and(|admin| {
                        admin.account == passed.account && admin.unique_id() == passed.unique_id
                    })
            })
            && self.holds_origin(principal, session)
    }

    fn holds_role(self, session: &SessionPrincipal, generation: u64) -> bool {
        let role = self.snapshot.role(&session.role);
        let footing = Footing::Role(session.role.account(), session.role_id.clone());
        role.is_some_and(|entry| entry.role.unique_id == session.role_id)
            && self.snapshot.has_since(&footing, generation)
    }

    /// Whether who assumed the root is still of the account that manages its account; that they are there at
    /// all is asked of the whole way.
    fn holds_root(self, root: &RootPrincipal, session: &OpenSession) -> bool {
        let lineage = &session.lineage;
        let by = match (lineage.through.last(), &lineage.origin) {
            (Some(passed), _) => Some((passed.account, &passed.unique_id)),
            (None, Origin::User(user)) => Some((user.account, &user.unique_id)),
            (None, Origin::Person(_) | Origin::Service(_)) => None,
        };
        let stands = |footing: Footing| self.snapshot.has_since(&footing, lineage.generation);
        by == Some((root.management_account, &root.by))
            && root.partition == self.snapshot.partition()
            && root.account != root.management_account
            && stands(Footing::RootSessions(root.management_account))
            && stands(Footing::Member(root.account))
    }

    fn holds_user(self, user: &UserPrincipal, generation: u64) -> bool {
        let footing = Footing::User(user.account, user.unique_id.clone());
        self.admin.is_some_and(|admin| admin.is(user))
            || (self.snapshot.user(user).is_some() && self.snapshot.has_since(&footing, generation))
    }

    fn holds_origin(self, principal: &Principal, session: &OpenSession) -> bool {
        let generation = session.lineage.generation;
        match &session.lineage.origin {
            Origin::User(user) => self.holds_user(user, generation),
            Origin::Service(name) => {
                let account = first_account(principal, session);
                account.is_some_and(|account| self.holds_service(name, account, generation))
            }
            Origin::Person(person) => {
                let account = first_account(principal, session);
                account.is_some_and(|account| self.holds_person(person, account, generation))
            }
        }
    }

    /// Whether the service is still there, and may still act in the account of the first role.
    fn holds_service(self, name: &ServiceName, account: AccountId, generation: u64) -> bool {
        let stands = |footing: &Footing| self.snapshot.has_since(footing, generation);
        stands(&Footing::Service(name.clone())) && stands(&Footing::Reach(name.clone(), account))
    }

    /// Whether the provider is still there under the same issuer. A connection must still be linked to the
    /// account of the first role, too: the link is what lets it speak there.
    fn holds_person(self, person: &ProvenPerson, account: AccountId, generation: u64) -> bool {
        let snapshot = self.snapshot;
        let stands = |footing: &Footing| snapshot.has_since(footing, generation);
        match (&person.provider, &person.issuer) {
            (ProviderRef::Connection(id), issuer) => {
                stands(&Footing::Connection(id.clone(), issuer.clone()))
                    && stands(&Footing::Link(id.clone(), account))
            }
            (ProviderRef::Account(ProviderArn::Oidc(arn)), IssuerName::Oidc(issuer)) => {
                let provider = snapshot.oidc_provider_of(arn);
                provider.is_some_and(|provider| provider.url == *issuer)
                    && stands(&Footing::OidcProvider(arn.account(), issuer.clone()))
            }
            (ProviderRef::Account(ProviderArn::Saml(arn)), IssuerName::Saml(entity)) => {
                let (account, name) = (arn.account(), arn.name().clone());
                snapshot.saml_provider(arn).is_some()
                    && stands(&Footing::SamlProvider(account, name, entity.clone()))
            }
            // It is no part of the directory: what ends its sessions early is a revocation.
            (ProviderRef::Known(known), IssuerName::Oidc(_)) => self.known.has(*known),
            (
                ProviderRef::Known(_) | ProviderRef::Account(ProviderArn::Oidc(_)),
                IssuerName::Saml(_),
            )
            | (ProviderRef::Account(ProviderArn::Saml(_)), IssuerName::Oidc(_)) => false,
        }
    }
}

/// The account of the first session of a chain.
fn first_account(principal: &Principal, session: &OpenSession) -> Option<AccountId> {
    let first = session.lineage.through.first();
    let account = first.map(|passed| passed.account);
    account.or_else(|| principal.account())
}
