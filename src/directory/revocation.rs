//! What was revoked, and what that ends.
//!
//! A revocation ends what is there, and bars nobody from beginning anew: it says up to which generation
//! and moment what rests on it is over. Credentials know the generation that they were issued by, so one
//! that a node issued which had not heard of the revocation yet is over too. A browser's session and what
//! a provider has signed know when the provider issued it: what it issued by then opens nothing any more.

use serde::{Deserialize, Serialize};

use super::map::Map;
use super::runs::Runs;
use crate::domain::{
    AccessKeyId, ConnectionId, IssuerName, Lineage, Passed, ProvenPerson, ProviderRef, RuleId,
    ServiceName, SignInId, Subject, UniqueId, UnixTime,
};
use crate::federation::id_token::SKEW;
use crate::store::Generation;

/// What was revoked.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Revoked {
    /// A browser's sign-in: its session, and the credentials that were taken in it.
    SignIn(SignInId),
    /// One temporary access key.
    AccessKey(AccessKeyId),
    /// A person, as this issuer names them.
    Person(IssuerName, Subject),
    /// Everybody who came by a connection.
    Connection(ConnectionId),
    /// The sessions of a role or user, by its unique id, and those that were reached through them.
    Role(UniqueId),
    /// The sessions that a mapping rule gave.
    Rule(RuleId),
    /// Everything that anybody has.
    Everything,
    /// What came of a service's keys.
    Service(ServiceName),
}

/// Up to when something is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Revocation {
    /// Whatever was issued by this generation or an earlier one is over.
    pub up_to: Generation,
    /// So is whatever was issued before this moment, whatever its generation says: a store that lost
    /// changes gives their numbers to others.
    pub at: UnixTime,
}

impl Revocation {
    /// A revocation holds for so long, in seconds: nothing that it ends lives longer. Credentials live 36
    /// hours at most, a browser's session and a provider's proof 24.
    pub const KEPT_SECONDS: i64 = 37 * 3600;

    /// Whether credentials of this generation and moment are over.
    const fn ends_credentials(self, generation: Generation, issued_at: UnixTime) -> bool {
        generation <= self.up_to || issued_at.seconds() < self.at.seconds()
    }

    /// Whether what a provider issued at this moment by its own clock is over; that clock may be ahead.
    const fn ends_proof(self, issued_at: UnixTime) -> bool {
        issued_at.since(self.at) <= SKEW
    }

    /// Whether nothing is left that it could end.
    pub const fn is_past(self, now: UnixTime) -> bool {
        now.since(self.at) > Self::KEPT_SECONDS
    }
}

/// What was revoked, each with the last time that it was.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(
    from = "Vec<(Revoked, Revocation)>",
    into = "Vec<(Revoked, Revocation)>"
)]
pub struct Revocations {
    /// By far the most, with the keys: whoever signs out leaves one.
    sign_ins: Runs<SignInId, Revocation>,
    keys: Runs<AccessKeyId, Revocation>,
    others: Map<Revoked, Revocation>,
}

/// Who came by what, when, as a provider vouches for them.
#[derive(Debug, Clone, Copy)]
pub struct Vouched<'a> {
    /// The connection, or the account's own provider.
    pub provider: &'a ProviderRef,
    /// Who vouches.
    pub issuer: &'a IssuerName,
    /// For whom.
    pub subject: &'a Subject,
    /// When what proves it was issued, by the provider's clock.
    pub issued_at: UnixTime,
}

/// Credentials and what they come from.
#[derive(Debug, Clone, Copy)]
pub struct Descent<'a> {
    /// The key.
    pub access_key_id: &'a AccessKeyId,
    /// The unique id of the role, or of the user.
    pub role: &'a UniqueId,
    /// Where they come from.
    pub lineage: &'a Lineage,
    /// When they were issued.
    pub issued_at: UnixTime,
}

impl Revocations {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.sign_ins.len() + self.keys.len() + self.others.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Each with the last time that it was revoked, in order.
    pub fn iter(&self) -> impl Iterator<Item = (Revoked, Revocation)> {
        let sign_ins = self.sign_ins.iter();
        let keys = self.keys.iter();
        let others = self.others.iter();
        sign_ins
            .map(|(id, it)| (Revoked::SignIn(*id), *it))
            .chain(keys.map(|(key, it)| (Revoked::AccessKey(key.clone()), *it)))
            .chain(others.map(|(revoked, it)| (revoked.clone(), *it)))
    }

    /// Up to when everything is over that anybody had; none where that was never said, or long ago.
    pub fn of_everything(&self) -> Option<Revocation> {
        self.others.get(&Revoked::Everything).copied()
    }

    /// Those that end nothing any more.
    pub fn past(&self, now: UnixTime) -> impl Iterator<Item = Revoked> {
        let past = self.iter().filter(move |(_, it)| it.is_past(now));
        past.map(|(revoked, _)| revoked)
    }

    /// A later revocation of the same takes in the earlier one.
    pub(super) fn put(&mut self, revoked: Revoked, revocation: Revocation) {
        let kept = self.get(&revoked).unwrap_or(revocation);
        let later = Revocation {
            up_to: kept.up_to.max(revocation.up_to),
            at: kept.at.max(revocation.at),
        };
        match revoked {
            Revoked::SignIn(id) => self.sign_ins.insert(id, later),
            Revoked::AccessKey(key) => self.keys.insert(key, later),
            other => {
                self.others.insert(other, later);
            }
        }
    }

    fn get(&self, revoked: &Revoked) -> Option<Revocation> {
        let found = match revoked {
            Revoked::SignIn(id) => self.sign_ins.get(id),
            Revoked::AccessKey(key) => self.keys.get(key),
            other => self.others.get(other),
        };
        found.copied()
    }

    pub(super) fn remove(&mut self, revoked: &Revoked) {
        match revoked {
            Revoked::SignIn(id) => self.sign_ins.remove(id),
            Revoked::AccessKey(key) => self.keys.remove(key),
            other => {
                self.others.remove(other);
            }
        }
    }

    /// Whether these credentials are over.
    pub fn end_credentials(&self, of: &Descent<'_>) -> bool {
        let lineage = of.lineage;
        let is_over = lineage.sign_in.is_some_and(|id| self.end_sign_in(id))
            || self.ends_key(of.access_key_id)
            || lineage.through.iter().any(|it| self.ends_key(&it.key));
        if is_over || self.others.is_empty() {
            return is_over;
        }
        let ends = |revoked: &Revoked| {
            let found = self.others.get(revoked);
            found.is_some_and(|it| it.ends_credentials(lineage.generation, of.issued_at))
        };
        let by_rule = lineage.rule.clone().map(Revoked::Rule);
        let of_person = |it: &ProvenPerson| {
            ends(&person(&it.issuer, &it.subject))
                || connection(&it.provider).is_some_and(|it| ends(&it))
        };
        let passed = |it: &Passed| ends(&Revoked::Role(it.unique_id.clone()));
        ends(&Revoked::Everything)
            || ends(&Revoked::Role(of.role.clone()))
            || by_rule.is_some_and(|rule| ends(&rule))
            || lineage.person().is_some_and(of_person)
            || lineage
                .user()
                .is_some_and(|user| ends(&Revoked::Role(user.unique_id.clone())))
            || lineage
                .service()
                .is_some_and(|name| ends(&Revoked::Service(name.clone())))
            || lineage.through.iter().any(passed)
    }

    /// Whether what a provider vouched for opens nothing any more.
    pub fn end_proof(&self, of: &Vouched<'_>) -> bool {
        if self.others.is_empty() {
            return false;
        }
        let ends = |revoked: &Revoked| {
            let found = self.others.get(revoked);
            found.is_some_and(|it| it.ends_proof(of.issued_at))
        };
        ends(&Revoked::Everything)
            || ends(&person(of.issuer, of.subject))
            || connection(of.provider).is_some_and(|it| ends(&it))
    }

    /// Whether a browser's sign-in is over. Its id is drawn, so none of later is called so.
    pub fn end_sign_in(&self, id: SignInId) -> bool {
        self.sign_ins.get(&id).is_some()
    }

    fn ends_key(&self, key: &AccessKeyId) -> bool {
        self.keys.get(key).is_some()
    }
}

fn person(issuer: &IssuerName, subject: &Subject) -> Revoked {
    Revoked::Person(issuer.clone(), subject.clone())
}

/// Nobody but the account's own policies is between an account and its provider, or one that every
/// account knows.
fn connection(provider: &ProviderRef) -> Option<Revoked> {
    match provider {
        ProviderRef::Connection(id) => Some(Revoked::Connection(id.clone())),
        ProviderRef::Account(_) | ProviderRef::Known(_) => None,
    }
}

impl From<Vec<(Revoked, Revocation)>> for Revocations {
    fn from(pairs: Vec<(Revoked, Revocation)>) -> Self {
        let mut all = Self::default();
        for (revoked, revocation) in pairs {
            all.put(revoked, revocation);
        }
        all
    }
}

impl From<Revocations> for Vec<(Revoked, Revocation)> {
    fn from(revocations: Revocations) -> Self {
        revocations.iter().collect()
    }
}

impl std::fmt::Display for Revoked {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::SignIn(id) => write!(f, "session {id}"),
            Self::AccessKey(key) => write!(f, "session {key}"),
            Self::Person(issuer, subject) => write!(f, "person {subject} of {issuer}"),
            Self::Connection(id) => write!(f, "connection {id}"),
            Self::Role(id) => write!(f, "role {id}"),
            Self::Rule(id) => write!(f, "rule {id}"),
            Self::Everything => f.write_str("everything"),
            Self::Service(name) => write!(f, "service {name}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn revocation(up_to: Generation, at: i64) -> Revocation {
        Revocation {
            up_to,
            at: UnixTime::from_seconds(at),
        }
    }

    #[test]
    fn they_are_written_in_order_whatever_they_are_of() {
        let all = [
            Revoked::SignIn(SignInId::from_random([1; 16])),
            Revoked::SignIn(SignInId::from_random([2; 16])),
            Revoked::AccessKey("ASIAIOSFODNN7EXAMPLE".parse().unwrap()),
            Revoked::AccessKey(["ASIA", "Z".repeat(124).as_str()].concat().parse().unwrap()),
            Revoked::Connection("corp".parse().unwrap()),
            Revoked::Everything,
        ];
        assert!(all.is_sorted());
        let mut revocations = Revocations::default();
        for (revoked, at) in all.iter().rev().zip(1..) {
            revocations.put(revoked.clone(), revocation(7, at));
            revocations.put(revoked.clone(), revocation(9, at - 1));
        }
        assert_eq!(revocations.len(), all.len());
        let expected = all.iter().cloned().zip((1..=6).rev());
        let expected: Vec<_> = expected.map(|(it, at)| (it, revocation(9, at))).collect();
        assert_eq!(revocations.iter().collect::<Vec<_>>(), expected);
        let text = serde_json::to_string(&revocations).unwrap();
        let read: Revocations = serde_json::from_str(&text).unwrap();
        assert_eq!(read, revocations);
        for revoked in &all {
            revocations.remove(revoked);
            assert_ne!(read, revocations);
        }
        assert!(revocations.is_empty());
    }
}
