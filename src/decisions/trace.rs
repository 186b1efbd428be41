//! What is kept of one attempt.

use std::borrow::Cow;
use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use super::claims::TracedClaims;
use crate::audit::{CheckOutcome, Event, EventParts, EventSource};
use crate::clock::microseconds_since;
use crate::domain::{
    AccessKeyId, Claims, ConnectionId, IssuerName, ProviderArn, ProviderRef, RequestId, RoleArn,
    RuleId, SamlProviderArn, SignInId, Subject, UnixTime,
};
use crate::mapping::RuleTrace;
use crate::store::Share;

/// One attempt, and everything that it was decided by. No field takes a token, assertion, cookie or
/// secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trace<'a> {
    /// The id that the answer, or the page, told.
    pub request: RequestId,
    /// When.
    #[serde(with = "moment")]
    pub at: UnixTime,
    /// What was attempted, as the audit names it.
    pub operation: Cow<'a, str>,
    /// From where.
    pub address: IpAddr,
    /// By which program.
    pub user_agent: Cow<'a, str>,
    /// What became of it.
    pub end: End<'a>,
    /// Who it was, where a provider had proven that.
    pub person: Option<TracedPerson<'a>>,
    /// The connection that they came by.
    pub connection: Option<Cow<'a, ConnectionId>>,
    /// The account's own provider that vouched for them.
    pub provider: Option<Cow<'a, ProviderArn>>,
    /// The browser's sign-in.
    pub sign_in: Option<SignInId>,
    /// The directory that it was decided by.
    pub generation: Option<u64>,
    /// The role that was asked for.
    pub role: Option<Cow<'a, RoleArn>>,
    /// What the session is called.
    pub session: Option<Cow<'a, str>>,
    /// The rule that gave the role.
    pub rule: Option<Cow<'a, RuleId>>,
    /// The credentials that were given.
    pub issued: Option<TracedKey<'a>>,
    /// How long they were to last, and what bounded that.
    pub duration: Option<TracedDuration<'a>>,
    /// What was compared.
    pub checks: Vec<TracedCheck<'a>>,
    /// What the provider said of the person.
    pub claims: TracedClaims<'a>,
    /// What became of every mapping rule.
    pub rules: Cow<'a, [RuleTrace]>,
    /// What the trust policy of every role says that a rule gives.
    pub roles: Cow<'a, [RoleVerdict]>,
    /// Whether claims, rules and roles were left out, because there were too many of them.
    pub is_cut: bool,
    /// Who signed the request, or the one that a service asks about.
    #[serde(default)]
    pub caller: Option<TracedCaller<'a>>,
    /// So many microseconds after the beginning of its second it was decided.
    #[serde(default)]
    pub micros: u32,
}

/// Who signed a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TracedCaller<'a> {
    /// Their ARN, or what a service is called.
    pub name: Cow<'a, str>,
    /// The key that it was signed with.
    pub access_key_id: Option<Cow<'a, str>>,
}

/// What became of an attempt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum End<'a> {
    /// It succeeded.
    Succeeded,
    /// It was refused.
    Refused {
        /// The check that failed.
        check: Cow<'a, str>,
        /// The code that was answered.
        code: Cow<'a, str>,
        /// Why, with what was compared.
        message: Cow<'a, str>,
    },
}

/// Whom a provider has proven.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TracedPerson<'a> {
    /// Who vouches for them.
    pub issuer: Cow<'a, IssuerName>,
    /// What they are called there.
    pub subject: Cow<'a, Subject>,
    /// Their address, as it is usable.
    pub email: Option<Cow<'a, str>>,
    /// Their name.
    pub name: Option<Cow<'a, str>>,
}

/// Credentials.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TracedKey<'a> {
    /// `ASIA…`
    pub access_key_id: Cow<'a, AccessKeyId>,
    /// When they end.
    #[serde(with = "moment")]
    pub expires: UnixTime,
}

/// How long credentials last.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TracedDuration<'a> {
    /// As was asked, in seconds.
    pub asked: u64,
    /// What bounded it.
    pub bounds: Cow<'a, [TracedBound]>,
}

/// A bound of a session's length.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TracedBound {
    /// Whose.
    pub of: Cow<'static, str>,
    /// The longest, in seconds.
    pub seconds: u32,
}

/// A check, and what it compared.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TracedCheck<'a> {
    /// Its name, as the audit has it.
    pub name: Cow<'a, str>,
    /// What became of it.
    pub outcome: CheckOutcome,
    /// What would have been right.
    pub expected: Option<Cow<'a, str>>,
    /// What was there.
    pub found: Option<Cow<'a, str>>,
}

/// What a role's trust policy says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoleVerdict {
    /// The role.
    pub role: RoleArn,
    /// The rule that gives it.
    pub rule: RuleId,
    /// Whether it may be taken.
    pub is_permitted: bool,
    /// By which statement, or why not.
    pub because: String,
}

/// What a trace has that the audit's line has not.
#[derive(Debug, Clone, Copy, Default)]
pub struct Beside<'a> {
    /// Who it was, where a provider had proven that.
    pub person: Option<(&'a IssuerName, &'a Subject)>,
    /// Who had proven it.
    pub provider: Option<&'a ProviderRef>,
    /// The account's SAML provider that was asked for.
    pub saml_provider: Option<&'a SamlProviderArn>,
    /// The connection that was asked for, where nobody is proven.
    pub connection: Option<&'a ConnectionId>,
    /// All that the provider said of them.
    pub claims: Option<&'a Claims>,
    /// The browser's sign-in.
    pub sign_in: Option<SignInId>,
    /// The directory that it was decided by.
    pub generation: Option<u64>,
    /// The role that was asked about in the portal.
    pub role: Option<&'a RoleArn>,
    /// What every trust policy says.
    pub roles: &'a [RoleVerdict],
    /// What bounded the duration.
    pub bounds: &'a [TracedBound],
    /// Further checks: why no statement of the trust policy allowed it.
    pub checks: &'a [TracedCheck<'a>],
}

impl<'a> Trace<'a> {
    /// The trace of what the audit has written, with what it has not; and on which share it belongs.
    pub fn of(event: &'a Event<'_>, beside: Beside<'a>) -> (Share, Self) {
        let parts = event.parts();
        (share(&parts, &beside), Self::of_parts(&parts, beside))
    }

    fn of_parts(parts: &EventParts<'a>, beside: Beside<'a>) -> Self {
        let (connection, provider) = origin(parts, &beside);
        let rules: &[RuleTrace] = parts.rules;
        Self {
            request: parts.request,
            at: parts.at,
            operation: parts.name.into(),
            address: parts.address,
            user_agent: parts.user_agent.into(),
            end: end(parts),
            person: beside
                .person
                .map(|person| TracedPerson::of(person, beside.claims)),
            connection: connection.map(Cow::Borrowed),
            provider,
            sign_in: parts.sign_in.or(beside.sign_in),
            generation: parts.generation.or(beside.generation),
            role: parts.role.map(Cow::Borrowed),
            session: parts.session.map(Cow::Borrowed),
            rule: parts.rule.map(Cow::Borrowed),
            issued: parts.issued.map(|(id, expires)| TracedKey {
                access_key_id: Cow::Borrowed(id),
                expires,
            }),
            duration: parts.duration.map(|asked| TracedDuration {
                asked,
                bounds: Cow::Borrowed(beside.bounds),
            }),
            checks: checks(parts, &beside),
            claims: beside.claims.map(TracedClaims::of).unwrap_or_default(),
            rules: Cow::Borrowed(rules),
            roles: Cow::Borrowed(beside.roles),
            is_cut: false,
            caller: TracedCaller::of(parts),
            micros: microseconds_since(parts.at),
        }
    }

    /// The same without what may be long.
    pub(super) fn cut(self) -> Self {
        Self {
            claims: TracedClaims::default(),
            rules: Cow::Borrowed(&[]),
            roles: Cow::Borrowed(&[]),
            is_cut: true,
            ..self
        }
    }

    /// The check that failed.
    pub fn failed_check(&self) -> Option<&str> {
        match &self.end {
            End::Succeeded => None,
            End::Refused { check, .. } => Some(check),
        }
    }
}

impl<'a> TracedCaller<'a> {
    fn of(parts: &EventParts<'a>) -> Option<Self> {
        let signer = || {
            let (name, key) = parts.signer?;
            Some((name, key.map(AccessKeyId::as_str)))
        };
        let (name, key) = parts.caller.or_else(signer)?;
        Some(Self {
            name: name.into(),
            access_key_id: key.map(Cow::Borrowed),
        })
    }
}

impl TracedCaller<'_> {
    /// What it goes by beside the whole ARN: of a user the name, of a session what it is called.
    pub(super) fn short_name(&self) -> Option<&str> {
        let (_, name) = self.name.rsplit_once('/')?;
        Some(name)
    }
}

fn share(parts: &EventParts<'_>, beside: &Beside<'_>) -> Share {
    if parts.source == EventSource::Sts && parts.issued.is_some() {
        Share::Issued
    } else if beside.person.is_some() || parts.signer.is_some() {
        Share::People
    } else {
        Share::Strangers
    }
}

/// By whom the person came.
fn origin<'a>(
    parts: &EventParts<'a>,
    beside: &Beside<'a>,
) -> (Option<&'a ConnectionId>, Option<Cow<'a, ProviderArn>>) {
    match beside.provider {
        Some(ProviderRef::Connection(connection)) => (Some(connection), None),
        Some(ProviderRef::Account(provider)) => (None, Some(Cow::Borrowed(provider))),
        Some(ProviderRef::Known(_)) => (None, None),
        None => {
            let asked = beside.saml_provider.cloned().map(ProviderArn::from);
            let provider = parts.provider.map(Cow::Borrowed);
            let provider = provider.or_else(|| asked.map(Cow::Owned));
            (parts.connection.or(beside.connection), provider)
        }
    }
}

fn end<'a>(parts: &EventParts<'a>) -> End<'a> {
    let Some((code, message)) = parts.refused else {
        return End::Succeeded;
    };
    let failed = parts
        .checks
        .iter()
        .find(|check| check.outcome() == CheckOutcome::Failed);
    End::Refused {
        check: failed.map_or("request", |check| check.name()).into(),
        code: code.into(),
        message: message.into(),
    }
}

fn checks<'a>(parts: &EventParts<'a>, beside: &Beside<'a>) -> Vec<TracedCheck<'a>> {
    let of_event = parts.checks.iter().map(|check| TracedCheck {
        name: check.name().into(),
        outcome: check.outcome(),
        expected: check.expected().map(Cow::Borrowed),
        found: check.found().map(Cow::Borrowed),
    });
    of_event.chain(beside.checks.iter().cloned()).collect()
}

impl<'a> TracedPerson<'a> {
    fn of((issuer, subject): (&'a IssuerName, &'a Subject), claims: Option<&'a Claims>) -> Self {
        let named = |name: &str| {
            let claim = claims?.get(name)?;
            let is_usable = claim.unusable.is_none();
            let value = claim.values.first().filter(|_| is_usable)?;
            Some(super::claims::shortened(value))
        };
        Self {
            issuer: Cow::Borrowed(issuer),
            subject: Cow::Borrowed(subject),
            email: named("email"),
            name: named("name"),
        }
    }
}

impl TracedPerson<'_> {
    pub(super) fn email(&self) -> Option<&str> {
        self.email.as_deref()
    }

    pub(super) fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }
}

/// Times are text for people and numbers in the store.
mod moment {
    use serde::{Deserialize as _, Deserializer, Serializer};

    use crate::domain::UnixTime;

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for it so")]
    pub(super) fn serialize<S: Serializer>(
        at: &UnixTime,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            serializer.collect_str(at)
        } else {
            serializer.serialize_i64(at.seconds())
        }
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<UnixTime, D::Error> {
        if deserializer.is_human_readable() {
            crate::domain::deserialize_text(deserializer)
        } else {
            i64::deserialize(deserializer).map(UnixTime::from_seconds)
        }
    }
}
