//! The files of an account's identity providers.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::read::Reader;
use super::write::{file_name, put_toml};
use super::{DirectoryFiles, METADATA};
use crate::directory::{Account, OidcProvider, Problem, ProviderKey, SamlProvider};
use crate::domain::{
    AccountId, Audience, Issuer, OwnTags, PrivateKeyId, SamlProviderName, Secret, Thumbprint,
    UnixTime,
};
use crate::entropy::draw;
use crate::federation::saml::decryption_key::DecryptionKey;
use crate::federation::saml::settings::{
    AssertionEncryption, AtMostAHundred, Recipient, Replay, SamlProviderSettings,
};

/// What an OpenID Connect provider's own file says.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct OidcProviderFile {
    url: Issuer,
    client_ids: Vec<Audience>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    thumbprints: Vec<Thumbprint>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    created_at: Option<UnixTime>,
    #[serde(default, skip_serializing_if = "OwnTags::is_empty")]
    tags: OwnTags,
}

/// What a SAML provider's own file says; its metadata stands beside it.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SamlProviderFile {
    #[serde(default)]
    audiences: AtMostAHundred<Audience>,
    #[serde(default)]
    recipients: AtMostAHundred<Recipient>,
    #[serde(default)]
    replay: Replay,
    #[serde(default = "yes")]
    second_opinion: bool,
    #[serde(default)]
    assertion_encryption: AssertionEncryption,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    unique_id: Option<PrivateKeyId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    created_at: Option<UnixTime>,
    #[serde(default, skip_serializing_if = "OwnTags::is_empty")]
    tags: OwnTags,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    private_keys: Vec<PrivateKeyFile>,
}

/// One of a SAML provider's private keys; the key itself is read and never written.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct PrivateKeyFile {
    id: PrivateKeyId,
    #[serde(default, skip_serializing)]
    private_key: Option<PemText>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    created_at: Option<UnixTime>,
}

/// A private key as a file gives it.
#[derive(Debug)]
struct PemText(Secret<String>);

impl<'de> Deserialize<'de> for PemText {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Ok(Self(Secret::new(text)))
    }
}

const fn yes() -> bool {
    true
}

impl Reader<'_> {
    pub(super) fn read_oidc_providers(&mut self, id: AccountId, account: &mut Account) {
        for (path, _) in self.files_in(&format!("accounts/{id}/oidc-providers/"), ".toml") {
            let Some(file) = self.toml::<OidcProviderFile>(&path) else {
                continue;
            };
            let before = self.current.accounts.get(&id);
            let before = before.and_then(|account| account.oidc_providers.get(&file.url));
            let created_at = file.created_at.or(before.map(|before| before.created_at));
            let provider = OidcProvider {
                url: file.url,
                client_ids: file.client_ids,
                thumbprints: file.thumbprints,
                tags: file.tags,
                created_at: created_at.unwrap_or(self.now),
            };
            let url = provider.url.clone();
            if let Some(twice) = account.oidc_providers.insert(url, Arc::new(provider)) {
                let url = &twice.url;
                let text = format!("another file of the account has the url {url} too");
                self.problem(&path, &text);
            }
        }
    }

    pub(super) fn read_saml_providers(&mut self, id: AccountId, account: &mut Account) {
        for (path, name) in self.files_in(&format!("accounts/{id}/saml-providers/"), ".toml") {
            if let Some((name, provider)) = self.read_saml_provider(id, &path, &name) {
                account.saml_providers.insert(name, Arc::new(provider));
            }
        }
    }

    fn read_saml_provider(
        &mut self,
        id: AccountId,
        path: &str,
        name: &str,
    ) -> Option<(SamlProviderName, SamlProvider)> {
        let document = path.strip_suffix(".toml").unwrap_or(path);
        let metadata = self.metadata(&[document, METADATA].concat(), None);
        let file = self.saml_provider_file(path);
        let name: SamlProviderName = self.parse(path, name)?;
        let (file, metadata) = (file?, metadata?);
        let before = self.current.accounts.get(&id);
        let before = before.and_then(|account| account.saml_providers.get(&name));
        let before = before.filter(|before| {
            let given = file.unique_id.as_ref();
            given.is_none_or(|id| before.unique_id.as_ref().is_none_or(|own| own == id))
        });
        let unique_id = file
            .unique_id
            .or(before.and_then(|it| it.unique_id.clone()));
        let unique_id = match unique_id {
            Some(unique_id) => unique_id,
            None => PrivateKeyId::from_random(self.good(path, draw(self.entropy))?),
        };
        let created_at = file.created_at.or(before.map(|it| it.created_at));
        let kept = before.map(|it| &it.private_keys);
        let provider = SamlProvider {
            settings: SamlProviderSettings {
                audiences: file.audiences,
                recipients: file.recipients,
                replay: file.replay,
                second_opinion: file.second_opinion,
                assertion_encryption: file.assertion_encryption,
            },
            metadata,
            unique_id: Some(unique_id),
            tags: file.tags,
            created_at: created_at.unwrap_or(self.now),
            private_keys: self.read_private_keys(path, file.private_keys, kept),
        };
        Some((name, provider))
    }

    /// What is wrong in a file with private keys is told without a word of it.
    fn saml_provider_file(&mut self, path: &str) -> Option<SamlProviderFile> {
        let text = self.files.get(path);
        if text.is_some_and(|text| text.contains("private_key")) {
            self.secret_toml(path)
        } else {
            self.toml(path)
        }
    }

    fn read_private_keys(
        &mut self,
        path: &str,
        files: Vec<PrivateKeyFile>,
        before: Option<&BTreeMap<PrivateKeyId, ProviderKey>>,
    ) -> BTreeMap<PrivateKeyId, ProviderKey> {
        let mut keys = BTreeMap::new();
        for file in files {
            let kept = before.and_then(|keys| keys.get(&file.id));
            let created_at = file.created_at.or(kept.map(|key| key.created_at));
            let created_at = created_at.unwrap_or(self.now);
            let key = match (file.private_key, kept) {
                (Some(PemText(pem)), _) => {
                    let read = DecryptionKey::read_pem(pem.expose());
                    match self.good(path, read) {
                        Some(key) => key,
                        None => continue,
                    }
                }
                (None, Some(kept)) => kept.key(),
                (None, None) => {
                    self.without_secret(path, ("private_keys", "private_key"), &file.id);
                    continue;
                }
            };
            let key = ProviderKey::new(&key, created_at);
            if keys.insert(file.id.clone(), key).is_some() {
                let text = format!("private_keys: {} is listed twice", file.id);
                self.problem(path, &text);
            }
        }
        keys
    }
}

/// Writes an account's providers; private keys are left out.
pub(super) fn write_providers(
    id: AccountId,
    account: &Account,
    files: &mut DirectoryFiles,
) -> Result<(), Problem> {
    for provider in account.oidc_providers.values() {
        let name = file_name(provider.url.without_scheme());
        let path = format!("accounts/{id}/oidc-providers/{name}.toml");
        let file = OidcProviderFile {
            url: provider.url.clone(),
            client_ids: provider.client_ids.clone(),
            thumbprints: provider.thumbprints.clone(),
            created_at: Some(provider.created_at),
            tags: provider.tags.clone(),
        };
        put_toml(files, path, &file)?;
    }
    for (name, provider) in &account.saml_providers {
        let base = format!("accounts/{id}/saml-providers/{name}");
        put_toml(files, format!("{base}.toml"), &saml_file(provider))?;
        let document = provider.metadata.as_str().to_owned();
        files.insert([&base, METADATA].concat(), document);
    }
    Ok(())
}

fn saml_file(provider: &SamlProvider) -> SamlProviderFile {
    let settings = provider.settings.clone();
    let key = |(id, key): (&PrivateKeyId, &ProviderKey)| PrivateKeyFile {
        id: id.clone(),
        private_key: None,
        created_at: Some(key.created_at),
    };
    SamlProviderFile {
        audiences: settings.audiences,
        recipients: settings.recipients,
        replay: settings.replay,
        second_opinion: settings.second_opinion,
        assertion_encryption: settings.assertion_encryption,
        unique_id: provider.unique_id.clone(),
        created_at: Some(provider.created_at),
        tags: provider.tags.clone(),
        private_keys: provider.private_keys.iter().map(key).collect(),
    }
}
