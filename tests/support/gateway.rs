//! A node for AWS's own clients, which go by this machine's clock, with an identity provider that a
//! test programs and another one that can't be reached.
//!
//! Its directory has one account with these roles; all but `Stranger` trust tokens of either
//! provider for the client `sts-client`:
//!
//! | role | what is special |
//! |---|---|
//! | `team/Reader` | sessions of up to two hours, tags and source identities |
//! | `Stranger` | trusts a subject that nobody has, sessions of up to an hour |
//! | `Untagged` | neither tags nor source identities |

use std::ops::Deref;

use rolegate::directory::DirectoryFiles;
use serde_json::{Value, json};

use super::clock::Time;
use super::directory::{
    STS_CLIENT, account_files, add_account_provider, add_role, every_assume_action, trust,
};
use super::keys::{SigningKey, changed_claims, sign_claims};
use super::node::{Node, Settings};
use super::provider::{Answer, HostileProvider, JWKS};

pub const READER: &str = "arn:aws:iam::123456789012:role/team/Reader";
pub const STRANGER: &str = "arn:aws:iam::123456789012:role/Stranger";
pub const UNTAGGED: &str = "arn:aws:iam::123456789012:role/Untagged";

/// An app at Login with Amazon.
const AMAZON_CLIENT: &str = "amzn1.application-oa2-client.gateway";
/// Where Amazon says whose an access token is.
const TOKEN_INFO: &str = "/auth/o2/tokeninfo";
const SETTINGS: &str = "regions = ['us-east-1', 'eu-central-1']\nlog.level = 'error'\n";

/// A node, its provider, and another provider that is registered and can't be reached.
pub struct Gateway {
    pub node: Node,
    pub provider: HostileProvider,
    pub unreachable: HostileProvider,
    /// The key that signs the tokens of both.
    pub key: SigningKey,
}

/// Whether a gateway has an app at Login with Amazon.
#[derive(Clone, Copy)]
enum IsAtAmazon {
    Yes,
    No,
}

impl Gateway {
    pub fn start() -> Self {
        Self::started(IsAtAmazon::No)
    }

    /// A gateway that has an app at Login with Amazon, for which its provider stands in and takes no token.
    pub fn start_at_amazon() -> Self {
        Self::started(IsAtAmazon::Yes)
    }

    fn started(at_amazon: IsAtAmazon) -> Self {
        let gateway = Self::empty(None, at_amazon);
        gateway.apply(&gateway.directory());
        gateway
    }

    /// A gateway that lets one issuer more be plain http, still without a directory.
    pub fn start_allowing(issuer: &str) -> Self {
        Self::empty(Some(issuer), IsAtAmazon::No)
    }

    fn empty(issuer: Option<&str>, at_amazon: IsAtAmazon) -> Self {
        let (provider, unreachable) = (HostileProvider::start(), HostileProvider::start());
        let key = SigningKey::ec_p256("k1");
        provider.publish(&[&key]);
        unreachable.set(JWKS, Answer::bytes(500, ""));
        provider.set(TOKEN_INFO, Answer::bytes(400, "{}"));
        let mut http_issuers = vec![provider.issuer(), unreachable.issuer()];
        http_issuers.extend(issuer.map(str::to_owned));
        let node = Node::start(Settings {
            time: Time::System,
            http_issuers,
            toml: match at_amazon {
                IsAtAmazon::No => SETTINGS.to_owned(),
                IsAtAmazon::Yes => format!(
                    "{SETTINGS}federation.amazon.client_ids = ['{AMAZON_CLIENT}']\n\
                     federation.amazon.endpoint = '{}'\n",
                    provider.issuer()
                ),
            },
            ..Settings::default()
        });
        Self {
            node,
            provider,
            unreachable,
            key,
        }
    }

    /// A good token for a person.
    pub fn token(&self, subject: &str) -> String {
        self.token_with(subject, &json!({}))
    }

    /// A token of the provider with these claims in place of a good one's; a null leaves a claim out.
    pub fn token_with(&self, subject: &str, changes: &Value) -> String {
        let claims = self.provider.claims(subject, STS_CLIENT, self.now());
        sign_claims(&changed_claims(claims, changes), &self.key)
    }

    /// A token of the provider that can't be reached.
    pub fn unreachable_token(&self) -> String {
        let issuer = self.unreachable.issuer();
        self.token_with("ines", &json!({ "iss": issuer }))
    }

    /// The files of the directory that it starts with.
    pub fn directory(&self) -> DirectoryFiles {
        let issuers = [&self.provider, &self.unreachable].map(HostileProvider::issuer);
        let issuers = issuers.each_ref().map(String::as_str);
        let audience = json!({ "aud": STS_CLIENT });
        let nobody = json!({ "aud": STS_CLIENT, "sub": "nobody" });
        let every = every_assume_action();
        let assume = json!("sts:AssumeRoleWithWebIdentity");
        let of_team = json!({ "path": "/team/", "max_session_duration": 7200 });
        let mut files = account_files();
        for (name, issuer) in ["main", "down"].into_iter().zip(issuers) {
            add_account_provider(&mut files, name, issuer);
        }
        for (name, settings, actions, claims) in [
            ("Reader", of_team, &every, &audience),
            ("Stranger", json!({}), &every, &nobody),
            ("Untagged", json!({}), &assume, &audience),
        ] {
            let trust = trust(&issuers, actions, claims);
            add_role(&mut files, name, &settings, &trust);
        }
        files
    }
}

impl Deref for Gateway {
    type Target = Node;

    fn deref(&self) -> &Node {
        &self.node
    }
}
