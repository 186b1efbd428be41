//! The environment variables that a node reads: the only place that reads them.
//!
//! A variable goes before the file's setting of the same meaning. An empty one counts as not set.
//! Other variables that begin with `ROLEGATE_` are left alone, because a cluster makes some up
//! after its service names (`ROLEGATE_SERVICE_HOST`).

use std::collections::BTreeMap;
use std::fmt::Display;
use std::str::FromStr;

use super::reader::Findings;
use crate::domain::{AccessKeyId, Secret, SecretAccessKey, SessionToken};

/// Where the node listens: `listen`.
pub const LISTEN: &str = "ROLEGATE_LISTEN";
/// What is kept where: `store.url`.
pub const STORE_URL: &str = "ROLEGATE_STORE_URL";
/// The password of Redis.
pub const REDIS_PASSWORD: &str = "ROLEGATE_REDIS_PASSWORD";
/// The file of the password of Redis: `store.redis.password_file`.
pub const REDIS_PASSWORD_FILE: &str = "ROLEGATE_REDIS_PASSWORD_FILE";
/// The password of the sentinels.
pub const REDIS_SENTINEL_PASSWORD: &str = "ROLEGATE_REDIS_SENTINEL_PASSWORD";
/// The file of the password of the sentinels: `store.redis.sentinel_password_file`.
pub const REDIS_SENTINEL_PASSWORD_FILE: &str = "ROLEGATE_REDIS_SENTINEL_PASSWORD_FILE";
/// The file of the root key: `root_key.file`.
pub const ROOT_KEY_FILE: &str = "ROLEGATE_ROOT_KEY_FILE";
/// The file of the key that was the root key before: `root_key.previous_file`.
pub const ROOT_KEY_PREVIOUS_FILE: &str = "ROLEGATE_ROOT_KEY_PREVIOUS_FILE";
/// The root key itself: base64 of 32 bytes.
pub const ROOT_KEY: &str = "ROLEGATE_ROOT_KEY";
/// How browsers and clients reach the node: `public_url`.
pub const PUBLIC_URL: &str = "ROLEGATE_PUBLIC_URL";
/// Plain-http issuers on loopback, separated by commas: `federation.allow_http_issuers`.
pub const ALLOW_HTTP_ISSUERS: &str = "ROLEGATE_ALLOW_HTTP_ISSUERS";
/// The access key id of the first administrator.
pub const ADMIN_ACCESS_KEY_ID: &str = "ROLEGATE_ADMIN_ACCESS_KEY_ID";
/// The secret access key of the first administrator: 16 to 128 characters.
pub const ADMIN_SECRET_ACCESS_KEY: &str = "ROLEGATE_ADMIN_SECRET_ACCESS_KEY";
/// The account of the first administrator: `admin.account_id`.
pub const ADMIN_ACCOUNT_ID: &str = "ROLEGATE_ADMIN_ACCOUNT_ID";

/// The access key that the command line signs with.
const AWS_ACCESS_KEY_ID: &str = "AWS_ACCESS_KEY_ID";
/// Its secret.
const AWS_SECRET_ACCESS_KEY: &str = "AWS_SECRET_ACCESS_KEY";
/// Its session token, where it is temporary.
const AWS_SESSION_TOKEN: &str = "AWS_SESSION_TOKEN";

const NAMES: [&str; 17] = [
    AWS_ACCESS_KEY_ID,
    AWS_SECRET_ACCESS_KEY,
    AWS_SESSION_TOKEN,
    LISTEN,
    STORE_URL,
    REDIS_PASSWORD,
    REDIS_PASSWORD_FILE,
    REDIS_SENTINEL_PASSWORD,
    REDIS_SENTINEL_PASSWORD_FILE,
    ROOT_KEY_FILE,
    ROOT_KEY_PREVIOUS_FILE,
    ROOT_KEY,
    PUBLIC_URL,
    ALLOW_HTTP_ISSUERS,
    ADMIN_ACCESS_KEY_ID,
    ADMIN_SECRET_ACCESS_KEY,
    ADMIN_ACCOUNT_ID,
];

/// The variables that are set, by name; `None` for a value that is no text.
#[derive(Debug, Clone, Default)]
pub struct Environment(BTreeMap<String, Option<Secret<String>>>);

/// What the command line signs its requests with.
#[derive(Debug, Clone)]
pub struct AdminCredentials {
    /// The access key.
    pub access_key_id: AccessKeyId,
    /// Its secret.
    pub secret_access_key: SecretAccessKey,
    /// The session token of a temporary key.
    pub session_token: Option<SessionToken>,
}

/// There is nothing to sign with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "there are no credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (and AWS_SESSION_TOKEN for a role's), or ROLEGATE_ADMIN_ACCESS_KEY_ID and ROLEGATE_ADMIN_SECRET_ACCESS_KEY"
)]
pub struct NoCredentials;

impl AdminCredentials {
    /// The AWS variables where they are set, those of the first administrator otherwise.
    ///
    /// # Errors
    /// [`NoCredentials`] where neither pair is set.
    pub fn of(environment: &Environment) -> Result<Self, NoCredentials> {
        let own =
            Self::pair(environment, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY).map(|own| Self {
                session_token: environment.value(AWS_SESSION_TOKEN).map(SessionToken::new),
                ..own
            });
        own.or_else(|| Self::pair(environment, ADMIN_ACCESS_KEY_ID, ADMIN_SECRET_ACCESS_KEY))
            .ok_or(NoCredentials)
    }

    fn pair(environment: &Environment, id: &str, secret: &str) -> Option<Self> {
        Some(Self {
            access_key_id: environment.value(id)?.parse().ok()?,
            secret_access_key: SecretAccessKey::new(environment.value(secret)?),
            session_token: None,
        })
    }
}

impl Environment {
    /// The text of a variable that is set and not empty.
    fn value(&self, name: &str) -> Option<String> {
        let text = self.0.get(name)?.as_ref()?;
        Some(text.expose().clone()).filter(|text| !text.is_empty())
    }

    /// The environment of this process.
    pub fn of_this_process() -> Self {
        #[expect(
            clippy::disallowed_methods,
            reason = "the one place that reads the environment"
        )]
        let read = |name| Some((name, std::env::var_os(name)?));
        let set = NAMES.into_iter().filter_map(read);
        let texts = set.map(|(name, value)| (name.to_owned(), value.into_string().ok()));
        Self(
            texts
                .map(|(name, text)| (name, text.map(Secret::new)))
                .collect(),
        )
    }

    /// This environment with a store of this URL, and with the root key in this file instead of any
    /// other.
    #[must_use]
    pub fn with_store(mut self, url: &str, root_key_file: Option<&str>) -> Self {
        let set = |text: &str| Some(Secret::new(text.to_owned()));
        self.0.insert(STORE_URL.to_owned(), set(url));
        if let Some(file) = root_key_file {
            self.0.remove(ROOT_KEY);
            self.0.insert(ROOT_KEY_FILE.to_owned(), set(file));
        }
        self
    }

    /// What stands in for the environment where a file is checked by itself: a root key, which many
    /// nodes are given by their environment.
    pub fn of_a_file_alone() -> Self {
        let key = data_encoding::BASE64.encode(&[0; 32]);
        Self::of(&[(ROOT_KEY, &key)])
    }

    /// An environment of these variables.
    pub fn of(variables: &[(&str, &str)]) -> Self {
        let set = variables.iter();
        Self(
            set.map(|(name, text)| ((*name).to_owned(), Some(Secret::new((*text).to_owned()))))
                .collect(),
        )
    }

    /// The text of a variable that is set and not empty.
    pub(super) fn text(&self, name: &str, findings: &Findings) -> Option<&str> {
        let Some(text) = self.0.get(name)? else {
            findings.problem(name, "must be UTF-8 text");
            return None;
        };
        Some(text.expose().as_str()).filter(|text| !text.is_empty())
    }

    /// The variable's text, parsed.
    pub(super) fn parsed<T: FromStr<Err: Display>>(
        &self,
        name: &str,
        findings: &Findings,
    ) -> Option<T> {
        match self.text(name, findings)?.parse() {
            Ok(value) => Some(value),
            Err(error) => {
                findings.problem(name, error);
                None
            }
        }
    }
}
