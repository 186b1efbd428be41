//! Records for the conformance suite.

use rolegate::domain::{
    Claims, FederatedIdentity, NameId, OidcSession, ProviderRef, ProviderSession, SignInId,
    UnixTime,
};
use rolegate::store::{BrowserSession, Logout, PersonKey, SessionDetails, SessionKey, TakenRole};

/// When all tests begin.
pub(crate) const NOW: UnixTime = UnixTime::from_seconds(1_795_254_067);

/// How long a session may be idle.
pub(crate) const IDLE: i64 = 1800;

/// How long a session lasts.
pub(crate) const LASTS: i64 = 43_200;

/// The second session is b's; all others are a's.
pub(crate) fn session_key(byte: u8) -> SessionKey {
    session_key_of(if byte == 2 { "b" } else { "a" }, byte)
}

pub(crate) fn session_key_of(name: &str, byte: u8) -> SessionKey {
    SessionKey::new(person(name).place(byte), [byte; 16])
}

/// A person whom the provider calls so.
pub(crate) fn person(name: &str) -> PersonKey {
    PersonKey::of(&"https://idp.example.com".parse().unwrap(), &[name])
}

/// That somebody signed out so many seconds after [`NOW`].
pub(crate) fn logout_after(seconds: i64) -> Logout {
    let at = NOW.plus(seconds);
    Logout {
        at,
        keep_until: at.plus(360),
    }
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
        person: person(name),
        proof_issued_at: NOW,
        provider_session: Some(ProviderSession {
            ends_at: None,
            name_id: NameId {
                value: name.to_owned(),
                format: None,
                name_qualifier: None,
                sp_name_qualifier: None,
            },
            index: Some("_s1".to_owned()),
        }),
        display_name: name.to_owned(),
        created_at: NOW,
        last_seen: NOW,
        idle_seconds: u32::try_from(IDLE).unwrap(),
        ends_at: NOW.plus(LASTS),
        details: SessionDetails {
            address: Some("203.0.113.24".parse().unwrap()),
            oidc: Some(OidcSession::new(Some("sid-1"), "a.b.c")),
            ..SessionDetails::default()
        },
    }
}

/// That credentials of a role were taken so many seconds after [`NOW`].
pub(crate) fn taken(role: &str, after: i64) -> TakenRole {
    let role = format!("arn:aws:iam::123456789012:role/{role}");
    TakenRole {
        role: role.parse().unwrap(),
        at: NOW.plus(after),
    }
}
