//! The apps that this node has at the providers that every account knows.

use super::reader::Reader;
use crate::domain::{Audience, Issuer};
use crate::federation::access_token::{AmazonApps, FacebookApp, ProviderEndpoint};
use crate::federation::known::KnownProviderSettings;

/// Reads `[federation.google]`, `[federation.facebook]` and `[federation.amazon]`. A plain-http endpoint
/// must be among the plain-http issuers, and a secret needs a folder to be in.
pub(super) fn read(
    section: &mut Reader<'_>,
    http_issuers: &[Issuer],
    has_secret_folder: bool,
) -> KnownProviderSettings {
    KnownProviderSettings {
        google: section.section("google", |google| client_ids(google).unwrap_or_default()),
        facebook: section.section("facebook", |facebook| {
            read_facebook(facebook, http_issuers, has_secret_folder)
        }),
        amazon: section.section("amazon", |amazon| read_amazon(amazon, http_issuers)),
    }
}

fn read_facebook(
    section: &mut Reader<'_>,
    http_issuers: &[Issuer],
    has_secret_folder: bool,
) -> Option<FacebookApp> {
    let (id, secret) = (section.parsed("app_id"), section.parsed("app_secret_file"));
    let endpoint = endpoint(section, FacebookApp::ENDPOINT, http_issuers);
    let keys = ["app_id", "app_secret_file", "endpoint"];
    if !keys.iter().any(|key| section.has(key)) {
        return None;
    }
    for key in ["app_id", "app_secret_file"] {
        if !section.has(key) {
            section.problem(
                key,
                "must be set: Facebook tells of a token to its own app only",
            );
        }
    }
    if !has_secret_folder {
        let text = "needs federation.secret_folder, the folder that the file is in";
        section.problem("app_secret_file", text);
    }
    Some(FacebookApp {
        id: id?,
        secret: secret?,
        endpoint: endpoint?,
    })
}

fn read_amazon(section: &mut Reader<'_>, http_issuers: &[Issuer]) -> Option<AmazonApps> {
    let client_ids = client_ids(section);
    let endpoint = endpoint(section, AmazonApps::ENDPOINT, http_issuers);
    if section.has("endpoint") && !section.has("client_ids") {
        section.problem("client_ids", "must be set beside endpoint");
    }
    Some(AmazonApps {
        client_ids: client_ids?,
        endpoint: endpoint?,
    })
}

/// At most as many as an account's provider may have.
fn client_ids(section: &mut Reader<'_>) -> Option<Vec<Audience>> {
    const MAX_CLIENT_IDS: usize = 100;
    let client_ids: Vec<Audience> = section.list("client_ids")?;
    if client_ids.is_empty() || client_ids.len() > MAX_CLIENT_IDS {
        let most = MAX_CLIENT_IDS;
        section.problem("client_ids", format_args!("must name 1 to {most} clients"));
    }
    Some(client_ids)
}

fn endpoint(
    section: &mut Reader<'_>,
    usual: &str,
    http_issuers: &[Issuer],
) -> Option<ProviderEndpoint> {
    let endpoint: ProviderEndpoint = match section.parsed("endpoint") {
        Some(endpoint) => endpoint,
        None if section.has("endpoint") => return None,
        None => usual.parse().ok()?,
    };
    let listed = |issuer: &Issuer| {
        let issuer = url::Url::parse(issuer.as_str());
        issuer.is_ok_and(|issuer| issuer.origin() == endpoint.url().origin())
    };
    if endpoint.url().scheme() != "https" && !http_issuers.iter().any(listed) {
        let text = "must be https, or one of federation.allow_http_issuers";
        section.problem("endpoint", text);
    }
    Some(endpoint)
}
