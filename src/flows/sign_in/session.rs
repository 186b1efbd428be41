//! The session that a sign-in opens, behind a secret that only the browser has.

use aws_lc_rs::digest::{SHA256, digest};
use data_encoding::{BASE64URL_NOPAD, HEXLOWER};

use super::finish::Proven;
use super::{SignIn, SignInRefusal};
use crate::domain::{Device, FederatedIdentity, Secret, SignInId, UnixTime};
use crate::entropy::{EntropyError, draw};
use crate::federation::oidc_logout::over_mark;
use crate::flows::request::RequestMeta;
use crate::flows::unavailable::Unavailable;
use crate::store::{BrowserSession, Created, PersonKey, SessionDetails, SessionKey, SessionPlace};

/// So many places of a person are tried before the session in one of them gives way.
const PLACES_TRIED: u32 = 8;
/// The place before the secret in a cookie.
const PLACE_BYTES: usize = size_of::<SessionPlace>();

impl SignIn {
    /// Ends the sessions that the browser had, as far as they are known, and opens a new one.
    pub(super) async fn replace_sessions(
        &self,
        previous: &[Option<SessionKey>],
        proven: &Proven,
        meta: &RequestMeta,
    ) -> Result<(Secret<String>, BrowserSession), SignInRefusal> {
        for previous in previous.iter().flatten() {
            self.sessions.end(previous).await?;
        }
        self.open_session(proven, meta).await
    }

    async fn open_session(
        &self,
        proven: &Proven,
        meta: &RequestMeta,
    ) -> Result<(Secret<String>, BrowserSession), SignInRefusal> {
        let ends_at = meta.now.plus(self.limits.absolute_seconds.into());
        let session = BrowserSession {
            sign_in: SignInId::from_random(draw(self.entropy.as_ref())?),
            display_name: display_name(&proven.identity),
            identity: proven.identity.clone(),
            person: proven.person,
            proof_issued_at: proven.proof_issued_at,
            provider_session: proven.provider_session.clone(),
            created_at: meta.now,
            last_seen: meta.now,
            idle_seconds: self.limits.idle_seconds,
            ends_at: proven.ends_at.map_or(ends_at, |end| end.min(ends_at)),
            details: SessionDetails {
                device: Device::of_user_agent(&meta.user_agent),
                address: Some(meta.source_ip),
                oidc: proven.oidc.clone(),
                taken: Vec::new(),
            },
        };
        let secret = self.keep(&session).await?;
        if self.is_over_at_provider(&session, meta.now).await? {
            self.sessions.end(&session_key(secret.expose())).await?;
            return Err(SignInRefusal::LoggedOut);
        }
        Ok((secret, session))
    }

    /// Whether the provider has ended its own session while ours began. It is kept first and looked at then:
    /// whoever ends sessions marks first and ends then.
    async fn is_over_at_provider(
        &self,
        session: &BrowserSession,
        now: UnixTime,
    ) -> Result<bool, SignInRefusal> {
        let oidc = session.details.oidc.as_ref();
        let Some(sid) = oidc.and_then(|oidc| oidc.sid.as_deref()) else {
            return Ok(false);
        };
        let identity = &session.identity;
        let mark = over_mark(&identity.issuer, &identity.audience, sid);
        Ok(self.marks.is_redeemed(&mark, now).await?)
    }

    /// Keeps the session in one of the person's places, and gives the secret that opens it.
    ///
    /// Where many places in a row are taken, the person has more sessions than anybody needs: the one
    /// that was found last gives way.
    async fn keep(&self, session: &BrowserSession) -> Result<Secret<String>, SignInRefusal> {
        let mut place = self.drawn_place(&session.person)?;
        for attempt in 1..=2 * PLACES_TRIED {
            let secret = self.secret(place)?;
            let key = session_key(secret.expose());
            match self.sessions.create(&key, session).await? {
                Created::Kept => return Ok(secret),
                Created::LoggedOut => return Err(SignInRefusal::LoggedOut),
                Created::Taken(_) if attempt < PLACES_TRIED => {
                    place = self.drawn_place(&session.person)?;
                }
                Created::Taken(other) => drop(self.sessions.end(&other).await?),
            }
        }
        Err(Unavailable::Busy.into())
    }

    fn drawn_place(&self, person: &PersonKey) -> Result<SessionPlace, EntropyError> {
        let [number] = draw(self.entropy.as_ref())?;
        Ok(person.place(number))
    }

    /// A secret of 256 random bits, and the place of the session that it opens.
    fn secret(&self, place: SessionPlace) -> Result<Secret<String>, EntropyError> {
        let random: [u8; 32] = draw(self.entropy.as_ref())?;
        let mut bytes = [0; PLACE_BYTES + 32];
        let (first, second) = bytes.split_at_mut(PLACE_BYTES);
        first.copy_from_slice(&place);
        second.copy_from_slice(&random);
        Ok(Secret::new(BASE64URL_NOPAD.encode(&bytes)))
    }
}

/// The name of the session that a cookie opens. What is no cookie of ours opens none: nobody's place is
/// that of its hash.
pub(in crate::flows) fn session_key(secret: &str) -> SessionKey {
    let hash = sha256(secret);
    let proof = hash.first_chunk().copied().unwrap_or_default();
    let bytes = BASE64URL_NOPAD.decode(secret.as_bytes()).ok();
    let place = bytes.as_deref().and_then(|bytes| bytes.first_chunk());
    match place {
        Some(place) => SessionKey::new(*place, proof),
        None => SessionKey(hash),
    }
}

/// The name of a session as a browser keeps it, in hexadecimal digits. It opens nothing.
pub(in crate::flows) fn session_name(key: &SessionKey) -> String {
    HEXLOWER.encode(&key.0)
}

/// The session of this name; `None` where it is none.
pub(in crate::flows) fn session_named(name: &str) -> Option<SessionKey> {
    let bytes = HEXLOWER.decode(name.as_bytes()).ok()?;
    Some(SessionKey(bytes.try_into().ok()?))
}

pub(in crate::flows) fn sha256(text: &str) -> [u8; 32] {
    let mut hash = [0; 32];
    hash.copy_from_slice(digest(&SHA256, text.as_bytes()).as_ref());
    hash
}

/// The person's name, verified e-mail address or subject, whichever is there first.
fn display_name(identity: &FederatedIdentity) -> String {
    let usable = |name: &str| {
        let claim = identity
            .claims
            .get(name)
            .filter(|claim| claim.unusable.is_none())?;
        claim
            .values
            .first()
            .filter(|value| !value.trim().is_empty())
            .cloned()
    };
    let found = usable("name").or_else(|| usable("email"));
    found.unwrap_or_else(|| identity.subject.to_string())
}
