//! Sessions by OpenID Connect: who came by which client, and who is told that one is over.
//!
//! ```text
//! code -> id_token with sid ── kept
//! /end-session: id_token_hint, or a person ── taken ── logout_token ── POST to the client
//! ```
//! RP-Initiated Logout 1.0 and Back-Channel Logout 1.0.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value, json};
use url::Url;

use super::client::{Client, ClientKind};
use super::keys::Algorithm;
use super::people::Person;
use super::provider::{CodeGrant, DemoProvider, Overrides};
use crate::domain::{Audience, Issuer};
use crate::entropy::{Entropy, draw};
use crate::federation::outgoing::{Outgoing, OutgoingSettings};

/// So many are open at once; a further one has no name, and nobody is told of its end.
const MAX: usize = 10_000;
/// The event that a token for logout tells of.
const EVENT: &str = "http://schemas.openid.net/event/backchannel-logout";
/// Where a gateway takes codes, and where it is told of logouts.
const CALLBACK: &str = "/oidc/callback/";
const BACK_CHANNEL: &str = "/oidc/backchannel-logout/";
/// What an id_token says of a person, and a token for logout does not.
const OF_A_PERSON: [&str; 5] = ["name", "email", "email_verified", "department", "groups"];

/// The open sessions, and the way to their clients.
pub(super) struct OidcSessions {
    open: Mutex<BTreeMap<String, OidcSession>>,
    outgoing: Option<Outgoing>,
}

/// A session at a client.
pub(super) struct OidcSession {
    pub(super) person: Person,
    pub(super) client: Audience,
    /// Where the client is told.
    told_at: Option<Url>,
}

impl OidcSessions {
    /// None yet, and clients that may be told over plain http.
    pub(super) fn at(clients: &[Client]) -> Self {
        let origins = clients.iter().flat_map(|client| match &client.kind {
            ClientKind::Web { redirect_uris, .. } => redirect_uris.as_slice(),
            ClientKind::AudienceOnly => &[],
        });
        let origins = origins.filter_map(|uri| uri.origin().parse::<Issuer>().ok());
        let settings = OutgoingSettings {
            http_issuers: origins.filter(Issuer::is_plain_http).collect(),
            ..OutgoingSettings::default()
        };
        Self {
            open: Mutex::default(),
            outgoing: Outgoing::new(&settings).ok(),
        }
    }

    /// What the session that a code begins is called.
    pub(super) fn begin(&self, grant: &CodeGrant, entropy: &dyn Entropy) -> Option<String> {
        let random: [u8; 16] = draw(entropy).ok()?;
        let mut open = self.open();
        if open.len() >= MAX {
            return None;
        }
        let sid = URL_SAFE_NO_PAD.encode(random);
        let session = OidcSession {
            person: grant.choice.person.clone(),
            client: grant.client.clone(),
            told_at: told_at(&grant.redirect_uri),
        };
        open.insert(sid.clone(), session);
        Some(sid)
    }

    /// Ends the session that this id_token began. Its name can't be guessed, so that whoever has it has the
    /// token.
    pub(super) fn take_by(&self, id_token: &str) -> Option<(String, OidcSession)> {
        let payload = URL_SAFE_NO_PAD.decode(id_token.split('.').nth(1)?).ok()?;
        let claims: Value = serde_json::from_slice(&payload).ok()?;
        let sid = claims.get("sid")?.as_str()?;
        self.open().remove_entry(sid)
    }

    /// Ends all of a person.
    pub(super) fn take_of(&self, person: &str) -> Vec<(String, OidcSession)> {
        let mut open = self.open();
        let theirs = open.extract_if(.., |_, session| session.person.key == person);
        theirs.collect()
    }

    /// How many a person has.
    pub(super) fn of(&self, person: &Person) -> usize {
        let open = self.open();
        let theirs = open.values().filter(|it| it.person.key == person.key);
        theirs.count()
    }

    fn open(&self) -> MutexGuard<'_, BTreeMap<String, OidcSession>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl DemoProvider {
    /// Tells the client that a session is over; whether it took that.
    pub(super) async fn tell(&self, sid: &str, session: &OidcSession) -> bool {
        let told = self.logout_request(sid, session);
        let (Some(request), Some(outgoing)) = (told, &self.oidc.outgoing) else {
            return false;
        };
        match outgoing.send(request).await {
            Ok(answer) => answer.status() == http::StatusCode::OK,
            Err(error) => {
                tracing::warn!(%error, "a client could not be told of a logout");
                false
            }
        }
    }

    fn logout_request(&self, sid: &str, session: &OidcSession) -> Option<reqwest::Request> {
        let form = form_urlencoded::Serializer::new(String::new())
            .append_pair("logout_token", &self.logout_token(sid, session)?)
            .finish();
        let mut request = reqwest::Request::new(reqwest::Method::POST, session.told_at.clone()?);
        let media = http::HeaderValue::from_static("application/x-www-form-urlencoded");
        request
            .headers_mut()
            .insert(http::header::CONTENT_TYPE, media);
        *request.body_mut() = Some(form.into());
        Some(request)
    }

    fn logout_token(&self, sid: &str, session: &OidcSession) -> Option<String> {
        let random: [u8; 16] = draw(self.entropy.as_ref()).ok()?;
        let mut claims: Map<String, Value> = Map::new();
        claims.insert("sid".into(), sid.into());
        claims.insert("jti".into(), URL_SAFE_NO_PAD.encode(random).into());
        claims.insert("events".into(), json!({ EVENT: {} }));
        for claim in OF_A_PERSON {
            claims.insert(claim.into(), Value::Null);
        }
        let overrides = Overrides {
            algorithm: Algorithm::Rs256,
            claims,
        };
        let now = self.clock.now();
        self.sign_for(&session.person, &session.client, now, &overrides)
            .ok()
    }
}

fn told_at(redirect_uri: &str) -> Option<Url> {
    let (origin, connection) = redirect_uri.split_once(CALLBACK)?;
    [origin, BACK_CHANNEL, connection].concat().parse().ok()
}
