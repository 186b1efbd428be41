//! Families of refresh tokens: all that one sign-in's first token was exchanged for, one after another.
//!
//! ```text
//! begin ─> token 1 ─ rotate ─> token 2 ─ rotate ─> token 3 ─ ... until it is idle, over or ended
//!                      token 1 once more: somebody else has it, so nobody goes on with any of them
//! ```
//! A token is good once. One that comes a second time was caught or copied, and nobody can tell which of
//! the two who have it is the person: the family ends (RFC 9700, section 4.14.2; RFC 6749, section 10.4).
//! There is no time of grace in which an earlier token is good still: within it a thief's token would be
//! as good as the person's, and the store would have to keep what it answered. A client that loses an
//! answer signs in once more.

use async_trait::async_trait;
use aws_lc_rs::digest::{Context, SHA256};
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc::Sender;

use super::StoreError;
use crate::domain::{ConnectionId, IssuerName, RuleId, SignInId, Subject, UniqueId, UnixTime};

/// The name of a family: the SHA-256 of what all its tokens have in common, so that only who had one of
/// them can name it, and nobody who reads the store or a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct FamilyKey(pub [u8; 32]);

/// The SHA-256 of a whole refresh token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenDigest(pub [u8; 32]);

/// What a family is of, and which of its tokens is the last.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefreshFamily {
    /// The sign-in that it comes from.
    pub sign_in: SignInId,
    /// Who vouched for the person.
    pub issuer: IssuerName,
    /// What they are called there.
    pub subject: Subject,
    /// The connection that they came by.
    pub connection: ConnectionId,
    /// The role that access is asked for, by its unique id.
    pub role: UniqueId,
    /// The mapping rule that gave it.
    pub rule: Option<RuleId>,
    /// When the provider issued the proof of the sign-in, by the provider's clock.
    pub proof_issued_at: UnixTime,
    /// When the first token was given.
    pub begun_at: UnixTime,
    /// When the last one was given.
    pub last_used: UnixTime,
    /// It ends so many seconds after its last token was given.
    pub idle_seconds: u32,
    /// It ends then, whatever happens, and [`Self::MAX_SECONDS`] after it was begun at the latest.
    pub ends_at: UnixTime,
    /// How often a token was exchanged.
    pub rotations: u64,
    /// The only token that is good.
    pub current: TokenDigest,
}

impl RefreshFamily {
    /// No family lives longer, in seconds: 90 days.
    pub const MAX_SECONDS: i64 = 90 * 86_400;

    /// Whether it is over at `now`: idle for too long, or past its end.
    pub fn is_over(&self, now: UnixTime) -> bool {
        self.left(now) <= 0
    }

    /// For how many seconds it lives if nobody uses it after `now`.
    pub(super) fn left(&self, now: UnixTime) -> i64 {
        let idle = i64::from(self.idle_seconds) - now.since(self.last_used);
        let last = self.ends_at.min(self.begun_at.plus(Self::MAX_SECONDS));
        idle.min(last.since(now))
    }

    /// Everybody and everything with which it may be ended.
    pub(super) fn groups(&self) -> Vec<FamiliesOf> {
        let person = FamiliesOf::Person(self.issuer.clone(), self.subject.clone());
        let mut groups = vec![
            FamiliesOf::Everybody,
            person,
            FamiliesOf::Connection(self.connection.clone()),
            FamiliesOf::Role(self.role.clone()),
        ];
        groups.extend(self.rule.clone().map(FamiliesOf::Rule));
        groups
    }

    /// What becomes of it where this token is presented.
    pub(super) fn presented(&self, rotation: &Rotation) -> Presented {
        if self.is_over(rotation.now) {
            return Presented::Over;
        }
        if self.current != rotation.presented {
            return Presented::Replayed;
        }
        Presented::Next(Self {
            current: rotation.next,
            last_used: self.last_used.max(rotation.now),
            rotations: self.rotations.saturating_add(1),
            ..self.clone()
        })
    }
}

/// What a presented token does to its family.
pub(super) enum Presented {
    /// There is none any more.
    Over,
    /// It was used before: the family ends.
    Replayed,
    /// The family goes on as this.
    Next(RefreshFamily),
}

/// One token for another.
#[derive(Debug, Clone, Copy)]
pub struct Rotation {
    /// The token that was presented.
    pub presented: TokenDigest,
    /// The token that is to take its place.
    pub next: TokenDigest,
    /// When.
    pub now: UnixTime,
}

/// What became of a rotation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rotated {
    /// The next token is the one that is good now, and the presented one no more; the family by now.
    Next(Box<RefreshFamily>),
    /// The presented token is none, or not any more, that is good, and who presents it has had one of this
    /// family: the family has ended by that. This one it was.
    Replayed(Box<RefreshFamily>),
    /// There is no such family: it never was, has ended or is over.
    Unknown,
}

/// What became of a new family.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Begun {
    /// It is kept.
    Kept,
    /// What it comes from was ended since; nothing was kept.
    Ended,
}

/// Families that end together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FamiliesOf {
    /// A person, as this issuer names them.
    Person(IssuerName, Subject),
    /// Everybody who came by a connection.
    Connection(ConnectionId),
    /// A role, by its unique id.
    Role(UniqueId),
    /// What a mapping rule gave.
    Rule(RuleId),
    /// All of them.
    Everybody,
}

impl FamiliesOf {
    /// The name of what ended them: it tells nobody whom it is of.
    pub(super) fn name(&self) -> [u8; 32] {
        let parts: [&str; 4] = match self {
            Self::Person(issuer @ IssuerName::Oidc(_), subject) => {
                ["person", "oidc", issuer.as_str(), subject.as_str()]
            }
            Self::Person(issuer @ IssuerName::Saml(_), subject) => {
                ["person", "saml", issuer.as_str(), subject.as_str()]
            }
            Self::Connection(id) => ["connection", id.as_str(), "", ""],
            Self::Role(id) => ["role", id.as_str(), "", ""],
            Self::Rule(id) => ["rule", id.as_str(), "", ""],
            Self::Everybody => ["everybody", "", "", ""],
        };
        let mut hash = Context::new(&SHA256);
        for part in parts {
            hash.update(&(part.len() as u64).to_be_bytes());
            hash.update(part.as_bytes());
        }
        let mut name = [0; 32];
        name.copy_from_slice(hash.finish().as_ref());
        name
    }

    /// Whether this one is among them.
    pub fn include(&self, family: &RefreshFamily) -> bool {
        family.groups().contains(self)
    }
}

/// That families were ended together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ending {
    /// Those are over that were begun by then, or whose proof was issued by then. Whoever allows for a
    /// provider's clock that is ahead says a later moment.
    pub at: UnixTime,
}

impl Ending {
    /// Both in one: what either ends is ended.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        let at = self.at.max(other.at);
        Self { at }
    }

    /// Whether this family is over by it.
    pub fn ends(self, family: &RefreshFamily) -> bool {
        family.begun_at.min(family.proof_issued_at) <= self.at
    }

    /// Whether nothing is left that it could end.
    pub fn is_past(self, now: UnixTime) -> bool {
        now.since(self.at) > RefreshFamily::MAX_SECONDS
    }
}

/// Families of refresh tokens (decision 71).
///
/// A family can't slip past an ending: one that was there is ended, and one that comes from before and is
/// begun at the same time or later is refused.
#[async_trait]
pub trait RefreshFamilies: Send + Sync {
    /// Keeps a new family, under a name that was drawn for it, unless what it comes from was ended.
    async fn begin(&self, key: &FamilyKey, family: &RefreshFamily) -> Result<Begun, StoreError>;

    /// Puts the next token in the place of the presented one: of all who present it, one gets it, and by
    /// the next who presents it the family ends.
    ///
    /// After [`StoreError::Unavailable`] it may have been done or come to be done, and the presented token
    /// may end the family if it comes once more.
    async fn rotate(&self, key: &FamilyKey, rotation: &Rotation) -> Result<Rotated, StoreError>;

    /// Ends the family at once; `true` where there was one.
    async fn end_family(&self, key: &FamilyKey) -> Result<bool, StoreError>;

    /// Ends all of these at once, and lets none begin that comes from before; how many were found.
    async fn end_families(&self, of: &FamiliesOf, ending: Ending) -> Result<usize, StoreError>;

    /// Sends every family that is not over at `now`, in any order, as long as somebody listens. What is begun
    /// or ended meanwhile may be missing or be there.
    async fn list(
        &self,
        now: UnixTime,
        into: Sender<(FamilyKey, RefreshFamily)>,
    ) -> Result<(), StoreError>;
}
