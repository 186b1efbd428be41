//! What must hold beyond the directory itself: plain http only where this node lists it, files only
//! where this node keeps them, a second opinion only where there is one, and no key of the environment's
//! administrator.

use super::Administration;
use crate::directory::{Directory, Problem, check};
use crate::federation::connection::{ConnectionSettings, Protocol};
use crate::federation::saml::metadata::MetadataDocument;
use crate::federation::saml::second_opinion::require_built_in;
use crate::federation::saml::settings::{MetadataSource, MetadataUrl};

impl Administration {
    /// Every problem of the directory; none where it may be used on this node.
    pub(super) fn check(&self, directory: &Directory) -> Vec<Problem> {
        let mut problems = check(directory, self.directory.partition());
        for (id, account) in &directory.accounts {
            let issuers = account.oidc_providers.keys();
            let texts = issuers.filter_map(|issuer| self.issuers.unfit(issuer));
            let at = format!("accounts/{id}/oidc-providers");
            problems.extend(texts.map(|text| Problem::new(&at, text)));
            for (name, provider) in &account.saml_providers {
                let text = second_opinion(provider.settings.second_opinion, "second_opinion");
                let at = format!("accounts/{id}/saml-providers/{name}");
                problems.extend(text.map(|text| Problem::new(&at, text)));
            }
        }
        for (id, connection) in &directory.connections {
            let texts = self.check_connection(connection).into_iter();
            let at = format!("connections/{id}");
            problems.extend(texts.map(|text| Problem::new(&at, text)));
        }
        problems.extend(self.first_key_elsewhere(directory));
        problems
    }

    /// A user or service with the key of the environment's administrator would never be found by it.
    fn first_key_elsewhere(&self, directory: &Directory) -> Vec<Problem> {
        let Some(key) = &self.first_key else {
            return Vec::new();
        };
        let users = directory.accounts.iter().flat_map(|(id, account)| {
            let users = account.users.iter();
            let holders = users.filter(|(_, user)| user.access_keys.contains_key(key));
            holders.map(move |(name, _)| format!("accounts/{id}/users/{name}"))
        });
        let services = directory.services.iter();
        let services = services.filter(|(_, service)| service.access_keys.contains_key(key));
        let services = services.map(|(name, _)| format!("services/{name}"));
        let text = format!("access_keys: {key} is the first administrator's; take another one");
        let holders = users.chain(services);
        holders.map(|at| Problem::new(at, text.clone())).collect()
    }

    fn check_connection(&self, connection: &ConnectionSettings) -> Vec<String> {
        match &connection.protocol {
            Protocol::Oidc(settings) => {
                // A secret that can't be read would fail at somebody's sign-in.
                let file = settings.client_auth.file();
                let secret = file.and_then(|file| self.secrets.read_now(file).err());
                let secret = secret.map(|error| format!("client_auth: {error}"));
                let issuer = self.issuers.unfit(&settings.issuer);
                issuer.into_iter().chain(secret).collect()
            }
            Protocol::Saml(settings) => {
                let source = self.metadata_source(&settings.metadata);
                let opinion = second_opinion(settings.second_opinion, "saml.second_opinion");
                source.into_iter().chain(opinion).collect()
            }
        }
    }

    /// Metadata that can't be read would fail at somebody's sign-in; what comes by plain http could
    /// be anybody's.
    fn metadata_source(&self, source: &MetadataSource) -> Option<String> {
        match source {
            MetadataSource::Upload => None,
            MetadataSource::Url { url, .. } => self.plain_http_metadata(url),
            MetadataSource::File(file) => {
                let most = MetadataDocument::MAX_BYTES;
                let error = self.secrets.read_document_now(file, most).err()?;
                Some(format!("saml.metadata: {error}"))
            }
        }
    }

    fn plain_http_metadata(&self, url: &MetadataUrl) -> Option<String> {
        let is_listed = || {
            self.issuers
                .plain_http
                .iter()
                .any(|issuer| url.has_origin_of(issuer))
        };
        (url.is_plain_http() && !is_listed()).then(|| format!("saml.metadata: {url} is plain http; use https, or list its origin in federation.allow_http_issuers if it is on loopback"))
    }
}

/// A second verifier can't be asked that this program was built without.
fn second_opinion(is_wanted: bool, setting: &str) -> Option<String> {
    let missing = require_built_in().err().filter(|_| is_wanted)?;
    Some(format!(
        "{setting}: {missing}; use one that has it, or set {setting} = false"
    ))
}
