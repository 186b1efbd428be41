//! The demo's directory: accounts, roles, providers, two connections and the mapping rules of
//! Meridale, as the files that `rolegate apply` reads.
//!
//! They are kept under `config/demo` with placeholders between at signs for what is known only when
//! the demo starts. `@` is no part of the template language of mapping rules, whose braces stay as
//! they are.

mod files;

use std::path::{Path, PathBuf};

use super::saml::{SamlIdp, StsParty};
use crate::domain::{Audience, EntityId, InvalidValue, Issuer};
use crate::federation::saml::second_opinion::require_built_in;
use crate::federation::saml::vocabulary::EndpointUrl;

/// What the demo's files are filled in with.
#[derive(Debug, Clone)]
pub struct Seed {
    /// The demo provider's issuer.
    pub issuer: Issuer,
    /// The client that the portal signs in with.
    pub portal_client: Audience,
    /// The audience of the tokens that command lines bring to STS.
    pub sts_client: Audience,
    /// Where the portal's client secret is kept.
    pub portal_secret_file: PathBuf,
    /// The SAML side.
    pub saml: SamlSeed,
}

/// What of SAML is known only when the demo starts.
#[derive(Debug, Clone)]
pub struct SamlSeed {
    /// The demo provider's entity id, where its metadata is, too.
    pub entity_id: EntityId,
    /// Its metadata, which every account's provider has.
    pub metadata: String,
    /// Where the gateway takes responses from browsers.
    pub assertion_consumer_service: EndpointUrl,
    /// What responses for STS name as their recipient.
    pub sts: EndpointUrl,
}

impl SamlSeed {
    /// What a provider and a gateway at `public_url`, an origin, know of each other.
    pub fn of(idp: &SamlIdp, public_url: &str) -> Result<Self, InvalidValue> {
        Ok(Self {
            entity_id: idp.entity_id().clone(),
            metadata: idp.metadata(),
            assertion_consumer_service: [public_url, "/saml/acs"].concat().parse()?,
            sts: StsParty::of(public_url)?.recipient,
        })
    }
}

/// One file of the demo's directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeedFile {
    /// Where it stands below the directory, e.g. `rules/10-rolegate-admins.toml`.
    pub path: &'static Path,
    /// Its text, filled in.
    pub text: String,
}

/// The demo's files can't be filled in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SeedError {
    /// Files are UTF-8.
    #[error("the path of the client secret's file is not UTF-8")]
    SecretPath,
}

impl Seed {
    /// Every file, filled in, in the order of the paths.
    pub fn files(&self) -> Result<Vec<SeedFile>, SeedError> {
        let secret_file = self.portal_secret_file.to_str();
        let secret_file = secret_file.ok_or(SeedError::SecretPath)?;
        let values = [
            ("@issuer@", quoted(self.issuer.as_str())),
            ("@issuer_name@", quoted(self.issuer.without_scheme())),
            ("@portal_client@", quoted(self.portal_client.as_str())),
            ("@sts_client@", quoted(self.sts_client.as_str())),
            ("@portal_secret_file@", quoted(secret_file)),
            ("@saml_entity_id@", quoted(self.saml.entity_id.as_str())),
            (
                "@saml_acs@",
                quoted(self.saml.assertion_consumer_service.as_str()),
            ),
            ("@saml_sts@", quoted(self.saml.sts.as_str())),
            // A whole file, and a value, between no quotes.
            ("@saml_metadata@", self.saml.metadata.clone()),
            ("@second_opinion@", require_built_in().is_ok().to_string()),
        ];
        let files = files::FILES.iter().map(|&(path, text)| SeedFile {
            path: Path::new(path),
            text: filled(text, &values),
        });
        Ok(files.collect())
    }
}

/// Every placeholder is found in the file's own text only, never in a value that was put in.
fn filled(text: &str, values: &[(&str, String)]) -> String {
    let mut filled = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, from)) = rest.split_once('@') {
        filled.push_str(before);
        let named = values.iter().find_map(|(placeholder, value)| {
            let name = placeholder.strip_prefix('@')?;
            Some((value, from.strip_prefix(name)?))
        });
        if let Some((value, after)) = named {
            filled.push_str(value);
            rest = after;
        } else {
            filled.push('@');
            rest = from;
        }
    }
    filled.push_str(rest);
    filled
}

/// The text as it stands between the quotes of a JSON string, which are those of a basic string of
/// TOML, too.
fn quoted(text: &str) -> String {
    let json = serde_json::Value::from(text).to_string();
    let inner = json
        .strip_prefix('"')
        .and_then(|json| json.strip_suffix('"'));
    inner.unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests;
