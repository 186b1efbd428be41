//! Identity providers of accounts.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::keys::PrivateKey;
use super::state::Account;
use crate::domain::{
    AccountId, Audience, EntityId, Issuer, OidcProviderArn, OwnTags, Partition, PrivateKeyId,
    SamlProviderName, Thumbprint, UnixTime,
};
use crate::federation::saml::decryption_key::DecryptionKey;
use crate::federation::saml::metadata::MetadataDocument;
use crate::federation::saml::settings::SamlProviderSettings;

/// An OpenID Connect provider of one account (`CreateOpenIDConnectProvider`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OidcProvider {
    /// The issuer, exactly as its tokens name it.
    pub url: Issuer,
    /// The audiences that the account accepts, at most [`OidcProvider::MAX_CLIENT_IDS`]; without one no
    /// token is accepted.
    pub client_ids: Vec<Audience>,
    /// Kept for clients that manage them, at most [`OidcProvider::MAX_THUMBPRINTS`]; nothing is decided by
    /// them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub thumbprints: Vec<Thumbprint>,
    /// Its tags.
    #[serde(default, skip_serializing_if = "OwnTags::is_empty")]
    pub tags: OwnTags,
    /// When it was made; the epoch where that was not kept yet.
    #[serde(default = "not_kept")]
    pub created_at: UnixTime,
}

impl OidcProvider {
    /// A client id list holds at most this many (IAM quotas).
    pub const MAX_CLIENT_IDS: usize = 100;
    /// A thumbprint list holds at most this many (IAM quotas).
    pub const MAX_THUMBPRINTS: usize = 5;

    /// The ARN of this provider in `account`.
    pub fn arn(&self, partition: Partition, account: AccountId) -> OidcProviderArn {
        OidcProviderArn::new(partition, account, self.url.without_scheme())
    }
}

/// A SAML provider of one account (`CreateSAMLProvider`); its name is its place in the directory.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SamlProvider {
    /// What its assertions must be.
    pub settings: SamlProviderSettings,
    /// Who it is and what it signs with.
    pub metadata: MetadataDocument,
    /// What tells it from one of the same name that is made later; none where that was not kept yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unique_id: Option<PrivateKeyId>,
    /// Its tags.
    #[serde(default, skip_serializing_if = "OwnTags::is_empty")]
    pub tags: OwnTags,
    /// When it was made; the epoch where that was not kept yet.
    #[serde(default = "not_kept")]
    pub created_at: UnixTime,
    /// Keys that open its assertions beside the node's own, at most [`SamlProvider::MAX_KEYS`].
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub private_keys: BTreeMap<PrivateKeyId, ProviderKey>,
}

impl SamlProvider {
    /// As many private keys as IAM allows a provider.
    pub const MAX_KEYS: usize = 2;

    /// What its assertions name as their issuer.
    pub const fn entity_id(&self) -> &EntityId {
        &self.metadata.metadata().entity_id
    }

    /// What it has beside its metadata.
    pub fn details(&self) -> SamlProviderDetails {
        SamlProviderDetails {
            settings: self.settings.clone(),
            unique_id: self.unique_id.clone(),
            tags: self.tags.clone(),
            created_at: self.created_at,
            private_keys: self.private_keys.clone(),
        }
    }

    /// The same metadata with these details.
    #[must_use]
    pub fn with(&self, details: SamlProviderDetails) -> Self {
        Self {
            metadata: self.metadata.clone(),
            settings: details.settings,
            unique_id: details.unique_id,
            tags: details.tags,
            created_at: details.created_at,
            private_keys: details.private_keys,
        }
    }

    /// The keys that open its assertions beside the node's own.
    pub fn decryption_keys(&self) -> Vec<DecryptionKey> {
        self.private_keys.values().map(ProviderKey::key).collect()
    }
}

impl Account {
    /// The OpenID Connect providers of this name in ARNs: one at most, where the directory is valid.
    pub(super) fn oidc_providers_called(
        &self,
        name: &str,
    ) -> impl Iterator<Item = &Arc<OidcProvider>> {
        let issuers = ["http://", "https://"].map(|scheme| [scheme, name].concat());
        let found = issuers.map(|issuer| self.oidc_providers.get(issuer.as_str()));
        found.into_iter().flatten()
    }

    /// Gives a SAML provider other details; nothing happens where there is none.
    pub(super) fn edit_saml_provider(
        &mut self,
        name: SamlProviderName,
        details: &SamlProviderDetails,
    ) {
        if let Some(provider) = self.saml_providers.get(&name) {
            let edited = provider.with(details.clone());
            self.saml_providers.insert(name, Arc::new(edited));
        }
    }
}

/// A SAML provider without its metadata, which is up to ten million characters long and seldom changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SamlProviderDetails {
    settings: SamlProviderSettings,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    unique_id: Option<PrivateKeyId>,
    #[serde(default, skip_serializing_if = "OwnTags::is_empty")]
    tags: OwnTags,
    created_at: UnixTime,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    private_keys: BTreeMap<PrivateKeyId, ProviderKey>,
}

/// A private key of a SAML provider. The log's entries are sealed themselves.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProviderKey {
    private_key: PrivateKey,
    /// When it was added.
    pub created_at: UnixTime,
}

impl ProviderKey {
    /// A key that was added at this time.
    pub fn new(key: &DecryptionKey, created_at: UnixTime) -> Self {
        Self {
            private_key: PrivateKey::new(key.private_key().clone()),
            created_at,
        }
    }

    /// The key.
    pub fn key(&self) -> DecryptionKey {
        DecryptionKey::kept(self.private_key.secret().clone())
    }
}

const fn not_kept() -> UnixTime {
    UnixTime::EPOCH
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::directory::{AccountSettings, Change, Directory};

    #[test]
    fn a_change_of_something_else_leaves_the_metadata_out() {
        let document = crate::directory::testing::metadata_document("https://idp.example.com");
        let before = SamlProvider {
            settings: SamlProviderSettings::default(),
            metadata: MetadataDocument::read(&document, None).unwrap(),
            unique_id: None,
            tags: OwnTags::default(),
            created_at: UnixTime::EPOCH,
            private_keys: BTreeMap::new(),
        };
        let account: AccountId = "123456789012".parse().unwrap();
        let name: SamlProviderName = "Partners".parse().unwrap();
        let mut tagged = before.clone();
        let (key, value) = ("team".parse().unwrap(), "sales".parse().unwrap());
        tagged.tags.put(key, value).unwrap();
        let other = crate::directory::testing::metadata_document("https://other.example.com");
        let other = SamlProvider {
            metadata: MetadataDocument::read(&other, None).unwrap(),
            ..tagged.clone()
        };
        let mut directory = Directory::default();
        let settings = AccountSettings::called("partners".parse().unwrap());
        directory.apply(Change::PutAccount(account, settings));
        let mut present = None;
        for (after, is_whole) in [(before, true), (tagged, false), (other, true)] {
            let after = Arc::new(after);
            let change =
                Change::of_saml_provider(account, name.clone(), present.as_deref(), after.clone());
            let kept = serde_json::to_string(&change).unwrap();
            assert_eq!(kept.contains("EntityDescriptor"), is_whole, "{kept}");
            directory.apply(serde_json::from_str(&kept).unwrap());
            assert_eq!(directory.accounts[&account].saml_providers[&name], after);
            present = Some(after);
        }
    }

    #[test]
    fn an_edit_of_a_provider_that_is_not_there_makes_none() {
        let document = crate::directory::testing::metadata_document("https://idp.example.com");
        let account: AccountId = "123456789012".parse().unwrap();
        let kept = serde_json::json!({
            "settings": SamlProviderSettings::default(),
            "metadata": MetadataDocument::read(&document, None).unwrap(),
        });
        let provider: SamlProvider = serde_json::from_value(kept).unwrap();
        let mut directory = Directory::default();
        let settings = AccountSettings::called("partners".parse().unwrap());
        directory.apply(Change::PutAccount(account, settings));
        let name = "Partners".parse().unwrap();
        let details = Arc::new(provider.details());
        directory.apply(Change::EditSamlProvider(account, name, details));
        assert!(directory.accounts[&account].saml_providers.is_empty());
    }

    #[test]
    fn a_provider_of_an_older_store_is_read() {
        let kept = r#"{"url":"https://idp.example.com","client_ids":["a"]}"#;
        let provider: OidcProvider = serde_json::from_str(kept).unwrap();
        assert_eq!(provider.created_at, UnixTime::EPOCH);
        assert!(provider.thumbprints.is_empty() && provider.tags.is_empty());
        let document = crate::directory::testing::metadata_document("https://idp.example.com");
        let metadata = MetadataDocument::read(&document, None).unwrap();
        let kept = serde_json::json!({
            "settings": { "audiences": [], "recipients": [], "replay": "once", "second_opinion": true },
            "metadata": metadata,
        });
        let provider: SamlProvider = serde_json::from_value(kept).unwrap();
        assert_eq!(provider.unique_id, None);
        assert_eq!(provider.decryption_keys(), []);
    }
}
