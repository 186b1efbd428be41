//! The JSON of a question.

use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};

use crate::domain::{AccountId, ActionName, Region, SigningName};
use crate::flows::{KeyValues, Question, QuestionError, Resource, ServiceKeys};
use crate::sigv4::{HttpRequest, PayloadHash, ReceivedBody};

/// A request has so many headers at most.
pub const MAX_HEADERS: usize = 128;

/// What is sent.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Sent {
    service: SigningName,
    #[serde(default)]
    region: Option<Region>,
    request: SentRequest,
    action: ActionName,
    resource: String,
    #[serde(default)]
    resource_account: Option<AccountId>,
    #[serde(default)]
    resource_policy: Option<String>,
    #[serde(default)]
    context: SentKeys,
}

/// The request that the service received.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SentRequest {
    method: String,
    path: String,
    #[serde(default)]
    query: String,
    headers: Vec<(String, String)>,
    /// In base64.
    #[serde(default)]
    body: Option<String>,
    #[serde(default)]
    payload_sha256: Option<PayloadHash>,
}

/// The keys, those that are there twice included: which of them counts is nobody's to guess.
#[derive(Default)]
struct SentKeys(Vec<(String, KeyValues)>);

/// One value, or a list of them.
#[derive(Deserialize)]
#[serde(untagged)]
enum SentValues {
    One(String),
    Many(Vec<String>),
}

struct SentKeysVisitor;

impl<'de> Visitor<'de> for SentKeysVisitor {
    type Value = SentKeys;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object of texts and lists of texts")
    }

    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<SentKeys, M::Error> {
        let mut keys = Vec::new();
        while keys.len() <= ServiceKeys::MAX
            && let Some((key, values)) = map.next_entry::<String, SentValues>()?
        {
            keys.push((key, values.into()));
        }
        Ok(SentKeys(keys))
    }
}

impl<'de> Deserialize<'de> for SentKeys {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(SentKeysVisitor)
    }
}

impl From<SentValues> for KeyValues {
    fn from(values: SentValues) -> Self {
        match values {
            SentValues::One(value) => Self::One(value),
            SentValues::Many(list) => Self::Many(list),
        }
    }
}

/// What a question is made of, so that the question can borrow it.
pub(super) struct Parts<'a> {
    headers: Vec<(&'a str, &'a [u8])>,
    body: Vec<u8>,
}

/// What is wrong with the JSON, without a value of it: one may be a session token.
fn told(error: &serde_json::Error) -> String {
    const SHOWN: usize = 200;
    let text = error.to_string();
    let quotes = ["invalid type", "invalid value", "invalid length"];
    let why = if quotes.iter().any(|start| text.starts_with(start)) {
        let (line, column) = (error.line(), error.column());
        format!("a value is not of its type, at line {line} column {column}")
    } else {
        text.chars().take(SHOWN).collect()
    };
    ["the body is not what this request takes: ", &why].concat()
}

fn malformed(text: impl Into<String>) -> QuestionError {
    QuestionError::Malformed(text.into())
}

impl Sent {
    pub(super) fn read(json: &[u8]) -> Result<Self, QuestionError> {
        serde_json::from_slice(json).map_err(|error| malformed(told(&error)))
    }

    pub(super) fn parts(&self) -> Result<Parts<'_>, QuestionError> {
        let request = &self.request;
        if request.headers.len() > MAX_HEADERS {
            let text = format!("request.headers: at most {MAX_HEADERS}");
            return Err(malformed(text));
        }
        let is_token = |text: &str| {
            let plain =
                |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
            !text.is_empty() && text.bytes().all(plain)
        };
        if !is_token(&request.method) {
            return Err(malformed("request.method: as it was received, e.g. GET"));
        }
        if !request.headers.iter().all(|(name, _)| is_token(name)) {
            return Err(malformed("request.headers: a list of [name, value]"));
        }
        let body = match (&request.body, &request.payload_sha256) {
            (Some(_), Some(_)) => {
                let text = "request.body and request.payload_sha256: one of them, or neither";
                return Err(malformed(text));
            }
            (Some(body), None) => data_encoding::BASE64
                .decode(body.as_bytes())
                .map_err(|_| malformed("request.body: in base64, with its padding"))?,
            (None, _) => Vec::new(),
        };
        let headers = request.headers.iter();
        Ok(Parts {
            headers: headers
                .map(|(name, value)| (name.as_str(), value.as_bytes()))
                .collect(),
            body,
        })
    }

    pub(super) fn question<'a>(
        &'a self,
        parts: &'a Parts<'a>,
    ) -> Result<Question<'a>, QuestionError> {
        let policy = self.resource_policy.as_deref();
        if policy.is_some_and(|text| text.chars().count() > Question::MAX_POLICY) {
            return Err(QuestionError::LongPolicy);
        }
        let policy = policy.map(str::parse).transpose()?;
        let request = &self.request;
        Ok(Question {
            service: self.service.clone(),
            region: self.region.clone(),
            request: HttpRequest {
                method: &request.method,
                path: &request.path,
                query: &request.query,
                headers: &parts.headers,
                body: &parts.body,
            },
            body: match &request.payload_sha256 {
                None => ReceivedBody::Whole,
                Some(hash) => ReceivedBody::Hash(hash.clone()),
            },
            action: self.action.clone(),
            resource: Resource::read(&self.resource, self.resource_account)?,
            policy,
            keys: ServiceKeys::new(self.context.0.clone())?,
        })
    }
}
