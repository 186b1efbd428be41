//! Access tokens of the providers that give no id_token: the provider itself says whose one is, and to
//! which app it was given (decision 78).
//!
//! ```text
//! text ── parse ──> UnverifiedAccessToken ── TokenInspector::prove ──> ProvenIdentity
//!   size, characters    the provider is asked, where this node has an app there: of our app,
//!                       not over, not too old
//! ```
//!
//! An access token is good for whoever shows it. That it was given to an app of ours is what keeps
//! every other app from signing its own people in here.

mod amazon;
mod error;
mod facebook;
mod line;
mod settings;

use std::fmt;
use std::sync::Arc;

use serde_json::{Map, Value};
use url::Url;

pub use error::AccessTokenError;
pub use settings::{AmazonApps, FacebookApp, FacebookAppId, InvalidEndpoint, ProviderEndpoint};

use self::line::Line;
use super::id_token::{MAX_AGE, SKEW};
use super::json::parse_object;
use super::outgoing::{AnswerBounds, FetchError, Outgoing};
use super::proven::ProvenIdentity;
use super::secret_file::SecretFolder;
use crate::domain::{
    AccessTokenProvider, Audience, ClaimSource, Claims, Issuer, KnownProvider, ProviderRef,
    Subject, UnixTime,
};

/// The longest access token, in characters. Amazon's have 2,048 at most; Facebook says no bound.
pub const MAX_CHARS: usize = 4_096;
/// What is read of an answer, in bytes.
const MAX_ANSWER_BYTES: usize = 64 * 1024;

/// A text that may be an access token. It has no `Debug` of its own content.
#[derive(Clone, Copy)]
pub struct UnverifiedAccessToken<'t>(&'t str);

impl<'t> UnverifiedAccessToken<'t> {
    /// Takes what can be one: visible ASCII characters, at most [`MAX_CHARS`] (RFC 6749, appendix A.12).
    ///
    /// # Errors
    /// [`AccessTokenError::TooLong`], [`AccessTokenError::Characters`]
    pub fn parse(text: &'t str) -> Result<Self, AccessTokenError> {
        if text.len() > MAX_CHARS {
            return Err(AccessTokenError::TooLong { length: text.len() });
        }
        if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(AccessTokenError::Characters);
        }
        Ok(Self(text))
    }
}

impl fmt::Debug for UnverifiedAccessToken<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("UnverifiedAccessToken")
    }
}

/// What a provider said of a token, checked for our app; its times are not judged yet.
struct Inspected {
    subject: Subject,
    audience: Audience,
    claims: Map<String, Value>,
    /// When it was issued; none where the provider doesn't say.
    issued_at: Option<UnixTime>,
    expires_at: UnixTime,
}

/// Asks the providers about access tokens.
pub struct TokenInspector {
    outgoing: Arc<Outgoing>,
    secrets: SecretFolder,
    facebook: Option<(FacebookApp, Line)>,
    amazon: Option<(AmazonApps, Line)>,
}

impl fmt::Debug for TokenInspector {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("TokenInspector")
    }
}

impl TokenInspector {
    /// Asks the providers where this node has an app, and no other.
    pub fn new(
        outgoing: Arc<Outgoing>,
        secrets: SecretFolder,
        facebook: Option<FacebookApp>,
        amazon: Option<AmazonApps>,
    ) -> Self {
        Self {
            outgoing,
            secrets,
            facebook: facebook.map(|app| (app, Line::default())),
            amazon: amazon.map(|apps| (apps, Line::default())),
        }
    }

    /// Whether this node has an app at the provider.
    pub const fn has_app(&self, provider: AccessTokenProvider) -> bool {
        match provider {
            AccessTokenProvider::Facebook => self.facebook.is_some(),
            AccessTokenProvider::Amazon => self.amazon.is_some(),
        }
    }

    /// Has the provider prove whose the token is.
    ///
    /// # Errors
    /// [`AccessTokenError`]; where this node has no app at the provider, nobody is asked.
    pub async fn prove(
        &self,
        provider: AccessTokenProvider,
        token: UnverifiedAccessToken<'_>,
        now: UnixTime,
    ) -> Result<ProvenIdentity, AccessTokenError> {
        let known = KnownProvider::from(provider);
        let unknown = AccessTokenError::NotConfigured {
            provider: known.name(),
        };
        let inspected = match provider {
            AccessTokenProvider::Facebook => {
                let (app, line) = self.facebook.as_ref().ok_or(unknown)?;
                let secret = self.secrets.read(&app.secret).await.inspect_err(|error| {
                    tracing::warn!(error = error as &dyn std::error::Error, "no secret");
                })?;
                let url = facebook::url(app, &secret, token.0);
                facebook::read(&self.ask((known, line), url, now).await?, app)?
            }
            AccessTokenProvider::Amazon => {
                let (apps, line) = self.amazon.as_ref().ok_or(unknown)?;
                let url = amazon::url(apps, token.0);
                amazon::read(&self.ask((known, line), url, now).await?, apps, now)?
            }
        };
        inspected.prove(known, token, now)
    }

    /// The provider's answer, where it takes the token. The URL has the token in it, so nothing that
    /// is told of a failure has the URL.
    async fn ask(
        &self,
        (known, line): (KnownProvider, &Line),
        url: Url,
        now: UnixTime,
    ) -> Result<Map<String, Value>, AccessTokenError> {
        let _place = line.enter(now)?;
        let bounds = AnswerBounds {
            bytes: MAX_ANSWER_BYTES,
            time: self.outgoing.timeout(),
        };
        let request = reqwest::Request::new(reqwest::Method::GET, url);
        let answer = self.outgoing.send_within(request, bounds).await;
        let answer = answer
            .map_err(AccessTokenError::from)
            .and_then(|answer| taken(&answer, known));
        line.note(&answer, now);
        if let Err(error) = &answer
            && error.is_provider_unreachable()
        {
            let provider = known.name();
            tracing::warn!(
                provider,
                error = error as &dyn std::error::Error,
                "no answer"
            );
        }
        answer
    }
}

/// A status from 400 on blames the token, but for those that ask to come again.
fn taken(
    answer: &http::Response<Vec<u8>>,
    known: KnownProvider,
) -> Result<Map<String, Value>, AccessTokenError> {
    match answer.status().as_u16() {
        status @ 400..=499
            if known == KnownProvider::Facebook && facebook::blames_the_app(answer.body()) =>
        {
            tracing::warn!(
                provider = known.name(),
                status,
                "the provider takes no questions of this node's app: look at its secret and its quota"
            );
            Err(FetchError::Status(status).into())
        }
        200 => parse_object(answer.body()).map_err(|error| FetchError::Json(error).into()),
        status @ (400..=407 | 409..=428 | 430..=499) => Err(AccessTokenError::Rejected {
            provider: known.name(),
            status,
        }),
        status => Err(FetchError::Status(status).into()),
    }
}

impl Inspected {
    /// Judges the times, and makes an identity of it.
    ///
    /// Where the provider doesn't say when a token was issued, it is taken to be as old as one may be:
    /// a revocation then ends it whenever it was issued.
    fn prove(
        self,
        provider: KnownProvider,
        token: UnverifiedAccessToken<'_>,
        now: UnixTime,
    ) -> Result<ProvenIdentity, AccessTokenError> {
        let expires_at = self.expires_at;
        if now >= expires_at {
            return Err(AccessTokenError::Expired {
                now,
                expired_at: expires_at,
            });
        }
        let issued_at = self.issued_at.unwrap_or(expires_at.plus(-MAX_AGE));
        if issued_at > now.plus(SKEW) {
            return Err(match self.issued_at {
                Some(_) => AccessTokenError::IssuedInFuture { now, issued_at },
                None => AccessTokenError::AgeUnknown,
            });
        }
        if now.since(issued_at) > MAX_AGE {
            return Err(AccessTokenError::TooOld {
                seconds: now.since(issued_at),
            });
        }
        Ok(ProvenIdentity {
            provider: ProviderRef::Known(provider),
            issuer: Issuer::from(provider).into(),
            subject: self.subject,
            audience: self.audience,
            claims: Claims::from_json(&self.claims, ClaimSource::Inspection),
            proved_at: now,
            issued_at,
            expires_at,
            proof: ProvenIdentity::proof_of(token.0),
        })
    }
}

/// Reads single members of a provider's answer.
#[derive(Clone, Copy)]
struct Members<'m>(&'m Map<String, Value>);

impl<'m> Members<'m> {
    const NUMBER: &'static str = "a whole number of seconds";

    fn text(self, member: &'static str) -> Result<&'m str, AccessTokenError> {
        let text = self.0.get(member).and_then(Value::as_str);
        text.ok_or(AccessTokenError::Answer {
            member,
            rule: "a text",
        })
    }

    fn subject(self, member: &'static str) -> Result<Subject, AccessTokenError> {
        self.text(member)?
            .parse()
            .map_err(|_| AccessTokenError::Answer {
                member,
                rule: "1 to 256 characters without control characters",
            })
    }

    fn audience(self, member: &'static str) -> Result<Audience, AccessTokenError> {
        self.text(member)?
            .parse()
            .map_err(|_| AccessTokenError::Answer {
                member,
                rule: "1 to 255 characters without control characters",
            })
    }

    fn number(self, member: &'static str) -> Result<i64, AccessTokenError> {
        self.optional_number(member)?
            .ok_or(AccessTokenError::Answer {
                member,
                rule: Self::NUMBER,
            })
    }

    fn optional_number(self, member: &'static str) -> Result<Option<i64>, AccessTokenError> {
        let malformed = AccessTokenError::Answer {
            member,
            rule: Self::NUMBER,
        };
        let Some(value) = self.0.get(member) else {
            return Ok(None);
        };
        let number = value.as_u64().and_then(|number| i64::try_from(number).ok());
        number.map(Some).ok_or(malformed)
    }
}

/// The address of a path under an endpoint, with this query.
fn address(endpoint: &ProviderEndpoint, path: &[&str], query: &[(&str, &str)]) -> Url {
    let mut url = endpoint.url().clone();
    if let Ok(mut segments) = url.path_segments_mut() {
        segments.pop_if_empty().extend(path);
    }
    url.query_pairs_mut().extend_pairs(query);
    url
}
