//! Records for the conformance suite.

use rolegate::domain::{Claims, FederatedIdentity, ProviderRef, SignInId, UnixTime};
use rolegate::store::{BrowserSession, SessionKey};

/// When all tests begin.
pub(crate) const NOW: UnixTime = UnixTime::from_seconds(1_795_254_067);

/// How long a session may be idle.
pub(crate) const IDLE: i64 = 1800;

/// How long a session lasts.
pub(crate) const LASTS: i64 = 43_200;

pub(crate) fn session_key(byte: u8) -> SessionKey {
    SessionKey([byte; 32])
}

pub(crate) fn session(name: &str) -> BrowserSession {
    let claims = serde_json::json!({"groups": ["a", "b"], "realm_access": {"roles": ["c"]}});
    let claims = claims.as_object().unwrap();
    BrowserSession {
        sign_in: SignInId::from_random([9; 16]),
        identity: FederatedIdentity {
            provider: ProviderRef::Connection("staff".parse().unwrap()),
            issuer: "https://idp.example.com".parse().unwrap(),
            subject: name.parse().unwrap(),
            audience: "portal".parse().unwrap(),
            claims: Claims::from_json(claims, rolegate::domain::ClaimSource::IdToken),
            proved_at: NOW,
        },
        display_name: name.to_owned(),
        created_at: NOW,
        last_seen: NOW,
        idle_seconds: u32::try_from(IDLE).unwrap(),
        ends_at: NOW.plus(LASTS),
    }
}
