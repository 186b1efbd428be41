//! A provider tells that a session of its own is over (OpenID Connect Back-Channel Logout 1.0, sections 2.4
//! and 2.6).
//!
//! The same keys sign id_tokens, so that each is refused as the other: a token for logout has `events`
//! and no `nonce`, and an id_token has no `events`.

use aws_lc_rs::digest::{SHA256, digest};
use serde_json::Value;

use super::claims::ClaimReader;
use super::{SKEW, TokenError, UnverifiedIdToken};
use crate::domain::{Audience, Issuer, OidcSession, Subject, UnixTime};
use crate::federation::Quoted;
use crate::federation::jwks::Key;
use crate::federation::key_cache::KeyCache;

/// What such a token may say that it is; older providers say no more than that it is a token.
const TYPES: [&str; 2] = ["logout+jwt", "JWT"];
/// The event that it must tell of.
const EVENT: &str = "http://schemas.openid.net/event/backchannel-logout";
/// The longest `jti`, in bytes.
const MAX_JTI_BYTES: usize = 512;

/// A well-formed token of which nothing is proven.
#[derive(Debug)]
pub struct UnverifiedLogoutToken<'t>(UnverifiedIdToken<'t>);

/// That a provider's session is over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoggedOut {
    /// Whose.
    pub subject: Option<Subject>,
    /// Which; all of the person where it names none.
    pub sid: Option<String>,
    /// When the provider said so, by its own clock.
    pub issued_at: UnixTime,
    /// The token counts no more from then on.
    pub expires_at: UnixTime,
    /// The name of the token's mark: it is taken once.
    pub mark: [u8; 32],
}

impl LoggedOut {
    /// The mark is kept until then.
    pub fn keep_until(&self) -> UnixTime {
        self.expires_at.plus(SKEW)
    }
}

impl<'t> UnverifiedLogoutToken<'t> {
    /// Takes a token apart.
    pub fn parse(text: &'t str) -> Result<Self, TokenError> {
        UnverifiedIdToken::parse_as(text, &TYPES).map(Self)
    }

    /// Proves the token: it is of `issuer`, for `client`, and valid at `now`.
    pub async fn verify(
        self,
        (issuer, client): (&Issuer, &Audience),
        keys: &KeyCache,
        now: UnixTime,
    ) -> Result<LoggedOut, TokenError> {
        let key = self.0.key(issuer, keys, now).await?;
        self.verify_with(&key, (issuer, client), now)
    }

    fn verify_with(
        self,
        key: &Key,
        (issuer, client): (&Issuer, &Audience),
        now: UnixTime,
    ) -> Result<LoggedOut, TokenError> {
        self.0.check_signature(key)?;
        let read = ClaimReader(&self.0.claims);
        read.client(std::slice::from_ref(client))?;
        let times = read.times(now)?;
        check_event(self.0.claims.get("events"))?;
        if self.0.claims.contains_key("nonce") {
            return Err(TokenError::NonceOfLogout);
        }
        let subject = match self.0.claims.get("sub") {
            Some(_) => Some(read.subject()?),
            None => None,
        };
        let sid = sid(read, subject.is_some())?;
        if subject.is_none() && sid.is_none() {
            return Err(TokenError::NobodyNamed);
        }
        Ok(LoggedOut {
            subject,
            sid,
            issued_at: times.issued_at,
            expires_at: times.expires_at,
            mark: mark(issuer, token_id(read)?),
        })
    }
}

fn check_event(events: Option<&Value>) -> Result<(), TokenError> {
    let event = events.and_then(|events| events.as_object()?.get(EVENT));
    match event {
        Some(Value::Object(_)) => Ok(()),
        Some(_) | None => Err(TokenError::NoLogout {
            found: Quoted::new(&events.unwrap_or(&Value::Null).to_string()),
        }),
    }
}

/// Of a session with a longer name it is not known what it came of: where the person is named, all of theirs
/// are meant.
fn sid(read: ClaimReader<'_>, is_person_named: bool) -> Result<Option<String>, TokenError> {
    match read.text("sid")? {
        Some(sid) if sid.len() > OidcSession::MAX_SID_BYTES && is_person_named => Ok(None),
        Some(sid) if !OidcSession::is_sid(sid) => Err(TokenError::Malformed {
            claim: "sid",
            rule: "1 to 255 bytes without control characters",
        }),
        sid => Ok(sid.map(str::to_owned)),
    }
}

fn token_id(read: ClaimReader<'_>) -> Result<&str, TokenError> {
    let id = read.required_text("jti")?;
    if (1..=MAX_JTI_BYTES).contains(&id.len()) {
        return Ok(id);
    }
    Err(TokenError::Malformed {
        claim: "jti",
        rule: "1 to 512 bytes",
    })
}

/// No issuer has a space.
fn mark(issuer: &Issuer, id: &str) -> [u8; 32] {
    let name = ["oidc logout token ", issuer.as_str(), " ", id].concat();
    let mut mark = [0; 32];
    mark.copy_from_slice(digest(&SHA256, name.as_bytes()).as_ref());
    mark
}
