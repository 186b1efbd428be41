//! Login with Amazon: `GET /auth/o2/tokeninfo`, which tells anybody whose a token is and to which client
//! it was given ("Login with Amazon developer guide, Verify access tokens").

use serde_json::{Map, Value};
use url::Url;

use super::super::Quoted;
use super::{AccessTokenError, AmazonApps, Inspected, Members, address};
use crate::domain::{Audience, UnixTime};

pub(super) fn url(apps: &AmazonApps, token: &str) -> Url {
    let query = [("access_token", token)];
    address(&apps.endpoint, &["auth", "o2", "tokeninfo"], &query)
}

pub(super) fn read(
    answer: &Map<String, Value>,
    apps: &AmazonApps,
    now: UnixTime,
) -> Result<Inspected, AccessTokenError> {
    let members = Members(answer);
    let audience = members.audience("aud")?;
    if !apps.client_ids.contains(&audience) {
        let own = apps.client_ids.iter().map(Audience::as_str);
        return Err(AccessTokenError::OtherApp {
            expected: Quoted::new(&own.collect::<Vec<_>>().join(" ")),
            found: Quoted::new(audience.as_str()),
        });
    }
    let (subject, app) = (members.subject("user_id")?, members.audience("app_id")?);
    let said = [("app_id", app.as_str()), ("user_id", subject.as_str())];
    let claims = said.map(|(name, text)| (name.to_owned(), text.into()));
    // What `exp` counts is the seconds that are left.
    let expires_at = now.plus(members.number("exp")?);
    let issued_at = members.optional_number("iat")?;
    Ok(Inspected {
        claims: claims.into_iter().collect(),
        subject,
        audience,
        issued_at: issued_at.map(UnixTime::from_seconds),
        expires_at,
    })
}
