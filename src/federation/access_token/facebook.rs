//! Facebook: `GET /debug_token`, which tells of a token only to the app that it was given to ("Graph API
//! reference, Debug-Token"). `GET /me` would tell whose a token is to anybody, and not whose app's.

use serde_json::{Map, Value};
use url::Url;

use super::super::Quoted;
use super::{AccessTokenError, FacebookApp, Inspected, Members, address};
use crate::domain::{Secret, UnixTime};

/// Asked as the app: its access token is its id, a bar and its secret ("Access tokens, app access
/// tokens").
pub(super) fn url(app: &FacebookApp, secret: &Secret<String>, token: &str) -> Url {
    let own = [app.id.as_str(), "|", secret.expose()].concat();
    let query = [("input_token", token), ("access_token", &own)];
    address(&app.endpoint, &["debug_token"], &query)
}

pub(super) fn read(
    answer: &Map<String, Value>,
    app: &FacebookApp,
) -> Result<Inspected, AccessTokenError> {
    let data = answer.get("data").and_then(Value::as_object);
    let data = data.ok_or(AccessTokenError::Answer {
        member: "data",
        rule: "an object",
    })?;
    let members = Members(data);
    let is_valid = data.get("is_valid").and_then(Value::as_bool);
    match is_valid {
        Some(true) => {}
        Some(false) => return Err(AccessTokenError::NotValid),
        None => {
            return Err(AccessTokenError::Answer {
                member: "is_valid",
                rule: "true or false",
            });
        }
    }
    let audience = members.audience("app_id")?;
    if audience.as_str() != app.id.as_str() {
        return Err(AccessTokenError::OtherApp {
            expected: Quoted::new(app.id.as_str()),
            found: Quoted::new(audience.as_str()),
        });
    }
    let kind = members.text("type")?;
    if kind != "USER" {
        return Err(AccessTokenError::Kind {
            found: Quoted::new(kind),
        });
    }
    let subject = members.subject("user_id")?;
    let said = [("app_id", audience.as_str()), ("id", subject.as_str())];
    let claims = said.map(|(name, text)| (name.to_owned(), text.into()));
    let issued_at = members.optional_number("issued_at")?;
    Ok(Inspected {
        claims: claims.into_iter().collect(),
        subject,
        audience,
        issued_at: issued_at.map(UnixTime::from_seconds),
        expires_at: UnixTime::from_seconds(members.number("expires_at")?),
    })
}
/// Codes of the Graph API's errors that are not about the token that is asked about: what is temporary, the
/// app's limits of calls, and the app itself ("Handle errors", Graph API). Of a bad token the answer is 200, and
/// says that it is not valid.
const OF_THE_APP: [u64; 10] = [1, 2, 4, 17, 32, 101, 104, 190, 341, 613];

/// Whether an answer that is no 200 says that the app may not ask, or not now.
pub(super) fn blames_the_app(body: &[u8]) -> bool {
    let answer: Option<Value> = serde_json::from_slice(body).ok();
    let code = answer
        .as_ref()
        .and_then(|answer| answer.pointer("/error/code"));
    code.and_then(Value::as_u64)
        .is_some_and(|code| OF_THE_APP.contains(&code))
}
