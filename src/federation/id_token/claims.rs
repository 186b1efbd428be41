//! The checks of a token's claims (OpenID Connect Core 1.0, section 3.1.3.7; decision 11). They run
//! after the signature was found good.

use aws_lc_rs::digest;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value};

use super::{MAX_AGE, MAX_LIFETIME, Purpose, SKEW, TokenError};
use crate::domain::{Audience, Subject, UnixTime};
use crate::federation::{Algorithm, Quoted};

/// The longest `sub`, in ASCII characters (OpenID Connect Core 1.0, section 2).
const MAX_SUBJECT: usize = 255;

/// Reads single claims.
#[derive(Clone, Copy)]
pub(super) struct ClaimReader<'c>(pub(super) &'c Map<String, Value>);

/// What a token's times say.
#[derive(Debug, Clone, Copy)]
pub(super) struct Times {
    pub(super) issued_at: UnixTime,
    pub(super) expires_at: UnixTime,
}

impl<'c> ClaimReader<'c> {
    pub(super) fn issuer(self) -> Result<&'c str, TokenError> {
        self.required_text("iss")
    }

    pub(super) fn subject(self) -> Result<Subject, TokenError> {
        let malformed = TokenError::Malformed {
            claim: "sub",
            rule: "1 to 255 ASCII characters without control characters",
        };
        let subject = self.required_text("sub")?;
        if subject.len() > MAX_SUBJECT || !subject.is_ascii() {
            return Err(malformed);
        }
        subject.parse().map_err(|_| malformed)
    }

    /// The client that the token was issued to: the `azp` where there is one, the matching `aud`
    /// otherwise.
    pub(super) fn client(self, clients: &[Audience]) -> Result<Audience, TokenError> {
        let audiences = self.audiences()?;
        let ours = |audience: &&str| clients.iter().find(|client| client.as_str() == *audience);
        let listed = || quoted_list(clients.iter().map(Audience::as_str));
        let Some(matching) = audiences.iter().find_map(ours) else {
            return Err(TokenError::Audience {
                expected: listed(),
                found: quoted_list(audiences.iter().copied()),
            });
        };
        match self.text("azp")? {
            Some(party) => ours(&party)
                .cloned()
                .ok_or_else(|| TokenError::AuthorizedParty {
                    expected: listed(),
                    found: Quoted::new(party),
                }),
            None if audiences.len() > 1 => Err(TokenError::AuthorizedPartyMissing {
                audiences: audiences.len(),
            }),
            None => Ok(matching.clone()),
        }
    }

    pub(super) fn times(self, now: UnixTime) -> Result<Times, TokenError> {
        let expires_at = self.required_time("exp")?;
        let issued_at = self.required_time("iat")?;
        if now >= expires_at.plus(SKEW) {
            return Err(TokenError::Expired {
                now,
                expired_at: expires_at,
            });
        }
        if issued_at > now.plus(SKEW) {
            return Err(TokenError::IssuedInFuture { now, issued_at });
        }
        if now.since(issued_at) > MAX_AGE {
            return Err(TokenError::TooOld {
                seconds: now.since(issued_at),
            });
        }
        let lifetime = expires_at.since(issued_at);
        if !(1..=MAX_LIFETIME).contains(&lifetime) {
            return Err(TokenError::Lifetime { seconds: lifetime });
        }
        match self.time("nbf")? {
            Some(not_before) if not_before > now.plus(SKEW) => {
                Err(TokenError::NotYetValid { now, not_before })
            }
            _ => Ok(Times {
                issued_at,
                expires_at,
            }),
        }
    }

    /// What tells of events is no id_token, though the same keys have signed it.
    pub(super) fn check_is_no_event(self) -> Result<(), TokenError> {
        match self.0.get("events") {
            Some(Value::Object(_)) => Err(TokenError::Event),
            Some(_) | None => Ok(()),
        }
    }

    /// What ties a token to our own authorization request.
    pub(super) fn check_purpose(
        self,
        purpose: &Purpose<'_>,
        algorithm: Algorithm,
        now: UnixTime,
    ) -> Result<(), TokenError> {
        let Purpose::SignIn {
            nonce,
            code,
            access_token,
            max_age,
        } = purpose
        else {
            return Ok(());
        };
        let found = self.required_text("nonce")?;
        if found != *nonce {
            return Err(TokenError::Nonce {
                expected: Quoted::new(nonce),
                found: Quoted::new(found),
            });
        }
        self.check_hash("at_hash", access_token, algorithm)?;
        self.check_hash("c_hash", code, algorithm)?;
        max_age.map_or(Ok(()), |allowed| self.check_authentication(allowed, now))
    }

    fn check_hash(
        self,
        claim: &'static str,
        of: &str,
        algorithm: Algorithm,
    ) -> Result<(), TokenError> {
        let Some(found) = self.text(claim)? else {
            return Ok(());
        };
        let expected = half_hash(algorithm, of);
        if found == expected {
            return Ok(());
        }
        Err(TokenError::Hash {
            claim,
            expected: Quoted::new(&expected),
            found: Quoted::new(found),
        })
    }

    fn check_authentication(self, allowed: u32, now: UnixTime) -> Result<(), TokenError> {
        let seconds = now.since(self.required_time("auth_time")?);
        if !(-SKEW..=i64::from(allowed) + SKEW).contains(&seconds) {
            return Err(TokenError::Authentication { seconds, allowed });
        }
        Ok(())
    }

    fn audiences(self) -> Result<Vec<&'c str>, TokenError> {
        let malformed = || TokenError::Malformed {
            claim: "aud",
            rule: "a text or a list of texts of 1 to 255 characters",
        };
        let text = |value: &'c Value| value.as_str().filter(|text| is_audience(text));
        let audiences = match self.0.get("aud") {
            None => return Err(TokenError::Missing { claim: "aud" }),
            Some(Value::Array(values)) => values.iter().map(text).collect::<Option<Vec<_>>>(),
            Some(value) => text(value).map(|text| vec![text]),
        };
        audiences
            .filter(|audiences| !audiences.is_empty())
            .ok_or_else(malformed)
    }

    pub(super) fn required_text(self, claim: &'static str) -> Result<&'c str, TokenError> {
        self.text(claim)?.ok_or(TokenError::Missing { claim })
    }

    pub(super) fn text(self, claim: &'static str) -> Result<Option<&'c str>, TokenError> {
        match self.0.get(claim) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(TokenError::Malformed {
                claim,
                rule: "a text",
            }),
        }
    }

    fn required_time(self, claim: &'static str) -> Result<UnixTime, TokenError> {
        self.time(claim)?.ok_or(TokenError::Missing { claim })
    }

    /// A time is a whole number of seconds, 0 or more; RFC 7519 would allow fractions, which nobody
    /// needs here and readers disagree about.
    fn time(self, claim: &'static str) -> Result<Option<UnixTime>, TokenError> {
        let Some(value) = self.0.get(claim) else {
            return Ok(None);
        };
        let seconds = value
            .as_u64()
            .and_then(|seconds| i64::try_from(seconds).ok());
        seconds
            .map(|seconds| Some(UnixTime::from_seconds(seconds)))
            .ok_or(TokenError::Malformed {
                claim,
                rule: "a whole number of seconds",
            })
    }
}

/// The left half of a hash, in base64url (OpenID Connect Core 1.0, section 3.1.3.6).
pub(super) fn half_hash(algorithm: Algorithm, of: &str) -> String {
    let hash = digest::digest(algorithm.hash(), of.as_bytes());
    let (left, _) = hash.as_ref().split_at(hash.as_ref().len() / 2);
    URL_SAFE_NO_PAD.encode(left)
}

fn is_audience(text: &str) -> bool {
    text.parse::<Audience>().is_ok()
}

fn quoted_list<'t>(texts: impl Iterator<Item = &'t str>) -> Quoted {
    Quoted::new(&texts.collect::<Vec<_>>().join(" "))
}
