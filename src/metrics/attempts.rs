//! What was attempted, and how it ended.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use prometheus_client::encoding::DescriptorEncoder;

use super::gauges::counters;
use super::stripes::Stripes;
use crate::domain::ConnectionId;

/// The most series of attempts; further ones are counted without their connection.
const MAX_ATTEMPTS: usize = 10_000;

/// What is attempted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Operation {
    /// STS: a signed call for credentials of a role.
    AssumeRole,
    /// STS: a signed call for credentials of the caller's own.
    GetSessionToken,
    /// STS: a signed call for credentials of somebody whom the caller names.
    GetFederationToken,
    /// STS: whose account a key is of.
    GetAccessKeyInfo,
    /// STS: what a refusal says.
    DecodeAuthorizationMessage,
    /// STS: a SAML response for credentials.
    AssumeRoleWithSaml,
    /// STS: an id_token for credentials.
    AssumeRoleWithWebIdentity,
    /// STS: who signed.
    GetCallerIdentity,
    /// The portal: a browser comes back from its provider.
    SignIn,
    /// The portal: somebody signs out.
    SignOut,
    /// The portal: a SAML provider says that somebody signed out.
    SamlLogout,
    /// The portal: an OpenID Connect provider says that somebody signed out.
    OidcLogout,
    /// The portal: somebody ends sessions of theirs elsewhere.
    EndSessions,
    /// The portal: credentials for a role.
    TakeRoleCredentials,
    /// The portal: somebody is told why a role is not theirs.
    ExplainRole,
    /// The admin API, and what the node changes by itself.
    Administration,
    /// STS: a signed call for a token that tells others who signed.
    GetWebIdentityToken,
    /// STS: a signed call for credentials of another account's root.
    AssumeRoot,
    /// STS: a signed call that would exchange a token of AWS's partners.
    GetDelegatedAccessToken,
    /// STS: a call that can't be read, or asks for nothing that there is.
    Unread,
    /// A service asks whether a request that it received may pass.
    Authorize,
    /// The IAM API.
    Iam,
}

impl Operation {
    /// All of them.
    pub const ALL: [Self; 22] = [
        Self::AssumeRole,
        Self::GetSessionToken,
        Self::GetFederationToken,
        Self::GetAccessKeyInfo,
        Self::DecodeAuthorizationMessage,
        Self::AssumeRoleWithSaml,
        Self::AssumeRoleWithWebIdentity,
        Self::GetCallerIdentity,
        Self::SignIn,
        Self::SignOut,
        Self::SamlLogout,
        Self::OidcLogout,
        Self::EndSessions,
        Self::TakeRoleCredentials,
        Self::ExplainRole,
        Self::Administration,
        Self::GetWebIdentityToken,
        Self::AssumeRoot,
        Self::GetDelegatedAccessToken,
        Self::Unread,
        Self::Authorize,
        Self::Iam,
    ];

    /// Its name in the audit, where it has one.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AssumeRole => "AssumeRole",
            Self::GetSessionToken => "GetSessionToken",
            Self::GetFederationToken => "GetFederationToken",
            Self::GetAccessKeyInfo => "GetAccessKeyInfo",
            Self::DecodeAuthorizationMessage => "DecodeAuthorizationMessage",
            Self::AssumeRoleWithSaml => "AssumeRoleWithSAML",
            Self::AssumeRoleWithWebIdentity => "AssumeRoleWithWebIdentity",
            Self::GetCallerIdentity => "GetCallerIdentity",
            Self::SignIn => "SignIn",
            Self::SignOut => "SignOut",
            Self::SamlLogout => "SamlLogout",
            Self::OidcLogout => "OidcLogout",
            Self::EndSessions => "EndSessions",
            Self::TakeRoleCredentials => "TakeRoleCredentials",
            Self::ExplainRole => "ExplainRole",
            Self::Administration => "Administration",
            Self::GetWebIdentityToken => "GetWebIdentityToken",
            Self::AssumeRoot => "AssumeRoot",
            Self::GetDelegatedAccessToken => "GetDelegatedAccessToken",
            Self::Unread => "UnreadCall",
            Self::Authorize => "Authorize",
            Self::Iam => "Iam",
        }
    }
}

/// How an attempt ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    /// As it was meant to.
    Succeeded,
    /// This check failed.
    Refused(&'static str),
    /// The node could not do its work: this check says of what.
    Unavailable(&'static str),
}

impl Outcome {
    /// The end by a check that failed; of `availability`, the node is to blame.
    pub fn failed(check: &'static str) -> Self {
        if check == "availability" {
            Self::Unavailable(check)
        } else {
            Self::Refused(check)
        }
    }

    /// The name of this kind of end.
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Succeeded => "succeeded",
            Self::Refused(_) => "refused",
            Self::Unavailable(_) => "unavailable",
        }
    }

    /// The check that failed, if one did.
    pub(super) const fn failed_check(self) -> Option<&'static str> {
        match self {
            Self::Succeeded => None,
            Self::Refused(check) | Self::Unavailable(check) => Some(check),
        }
    }

    const fn check(self) -> &'static str {
        match self {
            Self::Succeeded => "",
            Self::Refused(check) | Self::Unavailable(check) => check,
        }
    }
}

/// An attempt that has ended.
#[derive(Debug, Clone, Copy)]
pub struct Attempt<'a> {
    /// What was attempted.
    pub operation: Operation,
    /// How it ended.
    pub outcome: Outcome,
    /// The connection that it was made with, which must stand in the directory: whoever writes a name
    /// into a request makes no series.
    pub connection: Option<&'a ConnectionId>,
}

type Key = (Operation, Option<ConnectionId>, Outcome);

#[derive(Debug, Default)]
pub(super) struct Attempts {
    /// By the place of the operation.
    succeeded: Stripes<[AtomicU64; Operation::ALL.len()]>,
    others: Mutex<BTreeMap<Key, u64>>,
}

impl Attempts {
    pub(super) fn ended(&self, attempt: Attempt<'_>) {
        let Attempt {
            operation,
            outcome,
            connection,
        } = attempt;
        if outcome == Outcome::Succeeded && connection.is_none() {
            if let Some(count) = self.succeeded.own().get(operation as usize) {
                count.fetch_add(1, Ordering::Relaxed);
            }
            return;
        }
        let mut others = self.others();
        let mut key = (operation, connection.cloned(), outcome);
        if others.len() >= MAX_ATTEMPTS && !others.contains_key(&key) {
            key.1 = None;
        }
        let count = others.entry(key).or_default();
        *count = count.saturating_add(1);
    }

    pub(super) fn retain_connections(&self, is_there: impl Fn(&ConnectionId) -> bool) {
        let mut others = self.others();
        others.retain(|(_, connection, _), _| connection.as_ref().is_none_or(&is_there));
    }

    pub(super) fn encode(&self, encoder: &mut DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        let mut all = self.others().clone();
        for operation in Operation::ALL {
            let stripes = self.succeeded.iter();
            let counts = stripes.filter_map(|stripe| stripe.get(operation as usize));
            let count: u64 = counts.map(|count| count.load(Ordering::Relaxed)).sum();
            let key = (operation, None, Outcome::Succeeded);
            *all.entry(key).or_default() += count;
        }
        let all = all.iter().map(|((operation, connection, outcome), count)| {
            let labels = [
                ("operation", operation.as_str()),
                ("outcome", outcome.as_str()),
                ("check", outcome.check()),
                (
                    "connection",
                    connection.as_ref().map_or("", ConnectionId::as_str),
                ),
            ];
            (labels, *count)
        });
        let help = "Attempts that have ended, by the check that failed and the connection";
        counters(encoder, "attempts", help, all)
    }

    fn others(&self) -> MutexGuard<'_, BTreeMap<Key, u64>> {
        self.others.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
