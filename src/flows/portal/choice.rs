//! A role that a rule gives to a person who signed in, as its trust policy is asked about it.

use std::sync::Arc;

use super::session::PortalSession;
use super::{Bound, OfferedRole};
use crate::causes::with_causes;
use crate::decisions::{RoleVerdict, TracedCheck};
use crate::directory::{RoleEntry, Snapshot};
use crate::domain::{
    ConnectionId, FederatedIdentity, IssuerName, Lineage, Origin, ProvenPerson, ProviderArn,
    ProviderRef, SamlProviderArn, SessionDuration, UnixTime,
};
use crate::flows::assume_role_error::AssumeRoleError;
use crate::flows::assume_role_with_web_identity::terms;
use crate::flows::misses::misses;
use crate::flows::request::RequestMeta;
use crate::flows::revoked::check_session;
use crate::flows::saml_conditions::SamlCaller;
use crate::flows::web_identity_conditions;
use crate::mapping::MappedRole;
use crate::policy::{self, AssumeAction, Assumption, Caller, Context, Preview};
use crate::store::BrowserSession;

/// A trace has what the trust policies of so many roles say.
pub(in crate::flows) const MAX_VERDICTS: usize = 200;

/// Whether the connection that the person came by is still of the issuer that proved them, and the
/// client that it was then. A connection that was pointed elsewhere speaks for other people from then
/// on.
pub(super) fn is_connected(snapshot: &Snapshot, identity: &FederatedIdentity) -> bool {
    let ProviderRef::Connection(id) = &identity.provider else {
        return false;
    };
    snapshot.connection(id).is_some_and(|connection| {
        let client = connection.oidc().map(|oidc| &oidc.settings.client_id);
        connection.is_of(&identity.issuer)
            && client.is_none_or(|client| *client == identity.audience)
    })
}

/// A role that a rule gives to a person who signed in.
pub(super) struct Choice<'a> {
    pub(super) session: &'a BrowserSession,
    pub(super) mapped: &'a MappedRole,
    pub(super) snapshot: &'a Arc<Snapshot>,
    pub(super) meta: &'a RequestMeta,
}

/// What the trust policies say of the roles that rules give to somebody who has signed in; of the first
/// of them, where there are many.
pub(in crate::flows) fn verdicts(
    session: &BrowserSession,
    roles: &[MappedRole],
    snapshot: &Arc<Snapshot>,
    meta: &RequestMeta,
) -> Vec<RoleVerdict> {
    let choice = |mapped| Choice {
        session,
        mapped,
        snapshot,
        meta,
    };
    let roles = roles.iter().take(MAX_VERDICTS);
    roles.map(|mapped| choice(mapped).verdict()).collect()
}

/// How the person would speak to the role, and for what session.
pub(super) struct Choosing<'a> {
    provider: &'a ProviderArn,
    action: AssumeAction,
    context: Context<'a>,
    session: PortalSession,
}

impl<'a> Choice<'a> {
    pub(super) fn entry(&self) -> Option<RoleEntry<'a>> {
        self.snapshot.role(&self.mapped.role)
    }

    /// The role as it may be taken; `None` where its trust policy would not permit it.
    pub(super) fn offer(&self) -> Option<OfferedRole> {
        let entry = self.entry()?;
        let choosing = self.choosing().ok()?;
        let longest = shortest(SessionDuration::MAX, &self.bounds(&choosing));
        let assumption = self.assumption(choosing, longest);
        match policy::would_permit(&assumption, Some(terms(entry))) {
            Preview::WouldDeny(_) => None,
            Preview::WouldPermit(_) => Some(OfferedRole {
                arn: entry.arn.clone(),
                role: Arc::clone(entry.role),
                rule: self.mapped.rule.clone(),
                longest,
            }),
        }
    }

    /// What the statements of the role's trust policy lack.
    pub(super) fn misses(&self, duration: SessionDuration) -> Vec<TracedCheck<'static>> {
        let Ok(choosing) = self.choosing() else {
            return Vec::new();
        };
        let role = self.entry().map(terms);
        misses(&self.assumption(choosing, duration), role)
    }

    /// What the role's trust policy says, in words for an administrator.
    fn verdict(&self) -> RoleVerdict {
        let entry = self.entry();
        let preview = self.choosing().map(|choosing| {
            let longest = shortest(SessionDuration::MAX, &self.bounds(&choosing));
            let assumption = self.assumption(choosing, longest);
            policy::would_permit(&assumption, entry.map(terms))
        });
        let (is_permitted, because) = match preview {
            Ok(Preview::WouldPermit(statements)) => {
                let statements: Vec<String> = statements.iter().map(ToString::to_string).collect();
                (true, statements.join(", "))
            }
            Ok(Preview::WouldDeny(denial)) => {
                let misses = self.misses(SessionDuration::MIN).into_iter();
                let misses = misses.map(|miss| {
                    let (expected, found) = (miss.expected, miss.found);
                    let [expected, found] = [expected, found].map(Option::unwrap_or_default);
                    format!("; {}: expected {expected}, found {found}", miss.name)
                });
                (false, denial.to_string() + &misses.collect::<String>())
            }
            Err(error) => (false, with_causes(&error)),
        };
        RoleVerdict {
            role: self.mapped.role.clone(),
            rule: self.mapped.rule.clone(),
            is_permitted,
            because,
        }
    }

    /// The person speaks as the provider that the connection is linked to in the role's account.
    pub(super) fn choosing(&self) -> Result<Choosing<'a>, AssumeRoleError> {
        let identity = &self.session.identity;
        let ProviderRef::Connection(connection) = &identity.provider else {
            return Err(AssumeRoleError::NotLinked);
        };
        if !is_connected(self.snapshot, identity) {
            return Err(AssumeRoleError::NotConnected);
        }
        check_session(self.snapshot, self.session)?;
        let account = self.mapped.role.account();
        let provider = self.snapshot.linked_provider(connection, account);
        let provider = provider.ok_or(AssumeRoleError::NotLinked)?;
        match (&identity.issuer, provider) {
            (IssuerName::Oidc(issuer), ProviderArn::Oidc(_)) => Ok(Choosing {
                provider,
                action: AssumeAction::WithWebIdentity,
                context: web_identity_conditions::context(issuer, identity, self.meta),
                session: PortalSession::by_rule(self.mapped),
            }),
            (IssuerName::Saml(issuer), ProviderArn::Saml(arn)) => {
                let caller = SamlCaller {
                    provider: arn,
                    issuer,
                    subject: &identity.subject,
                    claims: &identity.claims,
                };
                Ok(Choosing {
                    provider,
                    action: AssumeAction::WithSaml,
                    context: caller.context(self.meta),
                    session: self.saml_session(connection, arn)?,
                })
            }
            (IssuerName::Oidc(_), ProviderArn::Saml(_))
            | (IssuerName::Saml(_), ProviderArn::Oidc(_)) => Err(AssumeRoleError::NotLinked),
        }
    }

    /// The session that the rule gives, narrowed by AWS's own attributes of the assertion where the
    /// connection lets them count.
    fn saml_session(
        &self,
        connection: &ConnectionId,
        provider: &SamlProviderArn,
    ) -> Result<PortalSession, AssumeRoleError> {
        let settings = self.snapshot.connection(connection);
        let settings = settings.and_then(|settings| settings.saml());
        if settings.is_some_and(|saml| saml.settings.aws_attributes) {
            let claims = &self.session.identity.claims;
            Ok(PortalSession::narrowed(self.mapped, claims, provider)?)
        } else {
            Ok(PortalSession::by_rule(self.mapped))
        }
    }

    /// What the role's trust policy is asked.
    pub(super) fn assumption(
        &self,
        choosing: Choosing<'a>,
        duration: SessionDuration,
    ) -> Assumption<'a> {
        Assumption {
            action: choosing.action,
            caller: Caller::Federated {
                provider: choosing.provider.as_str(),
            },
            context: choosing.context,
            session: choosing.session.name,
            tags: choosing.session.tags,
            source_identity: choosing.session.source_identity,
            duration,
            ends_by: self.provider_s_end(),
            lineage: self.lineage(&self.session.identity),
        }
    }

    /// When the provider's session with the person is over. Unlike our own end, nothing lasts longer.
    fn provider_s_end(&self) -> Option<UnixTime> {
        let provider_session = self.session.provider_session.as_ref()?;
        provider_session.ends_at
    }

    /// Refuses where the provider's session leaves less time than the shortest session takes.
    pub(super) fn check_time_left(&self) -> Result<(), AssumeRoleError> {
        let shortest = i64::from(SessionDuration::MIN.seconds());
        match self.provider_s_end() {
            Some(at) if at.since(self.meta.now) < shortest => {
                Err(AssumeRoleError::ProviderSessionEnds { at })
            }
            Some(_) | None => Ok(()),
        }
    }

    fn lineage(&self, identity: &FederatedIdentity) -> Lineage {
        Lineage {
            origin: Origin::Person(ProvenPerson {
                provider: identity.provider.clone(),
                issuer: identity.issuer.clone(),
                subject: identity.subject.clone(),
            }),
            rule: Some(self.mapped.rule.clone()),
            generation: self.snapshot.generation(),
            sign_in: Some(self.session.sign_in),
            through: Vec::new(),
        }
    }

    /// What bounds the session. The sign-in's end bounds it too, but never below the shortest
    /// session; where it is the provider's, [`Self::check_time_left`] refuses then.
    pub(super) fn bounds(&self, choosing: &Choosing<'_>) -> Vec<(Bound, u32)> {
        let left = self.session.ends_at.since(self.meta.now);
        let left = u32::try_from(left)
            .unwrap_or(0)
            .max(SessionDuration::MIN.seconds());
        let entry = self.entry();
        let role = entry.map(|entry| (Bound::Role, entry.role.max_session_duration.seconds()));
        let cap = self.mapped.duration_cap;
        let cap = cap.map(|cap| (Bound::Rule(self.mapped.rule.clone()), cap.seconds()));
        let asked = choosing.session.longest;
        let asked = asked.map(|longest| (Bound::Provider, longest.seconds()));
        role.into_iter()
            .chain(cap)
            .chain(asked)
            .chain([(Bound::SignIn, left)])
            .collect()
    }
}

pub(super) fn shortest(asked: SessionDuration, bounds: &[(Bound, u32)]) -> SessionDuration {
    let bound = bounds
        .iter()
        .map(|(_, seconds)| *seconds)
        .min()
        .unwrap_or(0);
    SessionDuration::from_seconds(asked.seconds().min(bound)).unwrap_or(SessionDuration::MIN)
}
