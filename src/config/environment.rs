//! The environment variables that a node reads: the only place that reads them.
//!
//! A variable goes before the file's setting of the same meaning. An empty one counts as not set.
//! Other variables that begin with `ROLEGATE_` are left alone, because a cluster makes some up
//! after its service names (`ROLEGATE_SERVICE_HOST`).

use std::collections::BTreeMap;
use std::fmt::Display;
use std::str::FromStr;

use super::reader::Findings;
use crate::domain::Secret;

/// Where the node listens: `listen`.
pub const LISTEN: &str = "ROLEGATE_LISTEN";
/// What is kept where: `store.url`.
pub const STORE_URL: &str = "ROLEGATE_STORE_URL";
/// The file of the root key: `root_key.file`.
pub const ROOT_KEY_FILE: &str = "ROLEGATE_ROOT_KEY_FILE";
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

const NAMES: [&str; 9] = [
    LISTEN,
    STORE_URL,
    ROOT_KEY_FILE,
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

impl Environment {
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
