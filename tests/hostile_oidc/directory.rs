//! A node and its directory, by the numbers of its providers.
//!
//! ```text
//! provider i ── account provider, client STS_CLIENT ── role(i) trusts it, and no other
//!           └── connection(i), client PORTAL_CLIENT ── link ── rule: group "readers" gets role(i)
//! ```

use rolegate::directory::DirectoryFiles;
use serde_json::json;

use crate::support::directory::{
    self, PORTAL_CLIENT, STS_CLIENT, account_files, add_account_provider, add_role,
    every_assume_action, role_arn, trust,
};
use crate::support::node::{Node, Settings};
use crate::support::provider::HostileProvider;

/// A node whose directory has these providers; see [`directory`].
pub fn start(providers: &[&HostileProvider], settings: Settings) -> Node {
    let node = start_empty(providers, settings);
    node.apply(&directory(providers));
    node
}

/// A node with an empty directory, which lets these providers be plain http.
pub fn start_empty(providers: &[&HostileProvider], mut settings: Settings) -> Node {
    let issuers = providers.iter().map(|provider| provider.issuer());
    settings.http_issuers.extend(issuers);
    Node::start(settings)
}

/// The role that trusts the provider of this number.
pub fn role(number: usize) -> String {
    role_arn(&role_name(number))
}

/// The connection to the provider of this number.
pub fn connection(number: usize) -> String {
    ["idp-", &number.to_string()].concat()
}

/// The directory of a node with these providers, to be changed and applied.
pub fn directory(providers: &[&HostileProvider]) -> DirectoryFiles {
    let mut files = account_files();
    for (number, provider) in providers.iter().enumerate() {
        add_provider(&mut files, number, &provider.issuer());
        add_connection(&mut files, number, &provider.issuer());
    }
    files
}

/// Adds an account provider of this issuer, and [`role`] `number` that trusts it.
pub fn add_provider(files: &mut DirectoryFiles, number: usize, issuer: &str) {
    add_account_provider(files, &connection(number), issuer);
    let claims = json!({ "aud": [STS_CLIENT, PORTAL_CLIENT] });
    let trust = trust(&[issuer], &every_assume_action(), &claims);
    add_role(files, &role_name(number), &json!({}), &trust);
}

/// Adds [`connection`] `number` to this issuer, its link and its rule.
pub fn add_connection(files: &mut DirectoryFiles, number: usize, issuer: &str) {
    let rule = json!({
        "session_name": "{sub}",
        "roles": [role(number)],
        "when": { "claim": "groups", "equals": "readers" },
    });
    let settings = json!({ "client_auth": "none" });
    directory::add_connection(files, &connection(number), issuer, &settings, &rule);
}

fn role_name(number: usize) -> String {
    ["Reader", &number.to_string()].concat()
}
