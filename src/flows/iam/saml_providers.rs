//! SAML providers of the account. STS takes their responses for roles of the account; nobody signs in by them
//! (decision 1).

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use super::tagging::{TagActions, Tagged};
use super::{Action, Done, IamCode, Preparation, Question, Refusal, Scene};
use crate::causes::with_causes;
use crate::directory::{Change, ProviderKey, SamlProvider};
use crate::domain::{OwnTags, PrivateKeyId, SamlProviderArn, SamlProviderName, Secret, UnixTime};
use crate::federation::saml::decryption_key::DecryptionKey;
use crate::federation::saml::metadata::MetadataDocument;
use crate::federation::saml::second_opinion::require_built_in;
use crate::federation::saml::settings::{AssertionEncryption, SamlProviderSettings};

/// As many providers as an account may have (IAM quotas).
pub const MAX_SAML_PROVIDERS: usize = 100;
/// So many bytes the metadata documents of an account's providers may have together: every node holds them.
pub const MAX_METADATA_BYTES: usize = 32 * 1024 * 1024;

/// A longer document is read elsewhere than where callers are answered, in bytes.
const SHORT_BYTES: usize = 64 * 1024;

/// A metadata document as it was sent; it is read once, when it is first needed.
#[derive(Debug)]
pub struct SentMetadata {
    text: Arc<str>,
    read: Arc<OnceLock<Result<MetadataDocument, String>>>,
}

impl SentMetadata {
    /// A document of which nothing is known but its length.
    pub fn new(text: &str) -> Self {
        Self {
            text: text.into(),
            read: Arc::default(),
        }
    }

    fn preparation(&self) -> Option<Preparation> {
        if self.text.len() <= SHORT_BYTES || self.read.get().is_some() {
            return None;
        }
        let (text, read) = (Arc::clone(&self.text), Arc::clone(&self.read));
        Some(Box::new(move || {
            read.get_or_init(|| parsed(&text));
        }))
    }

    fn read(&self) -> Result<MetadataDocument, Refusal> {
        let read = self.read.get_or_init(|| parsed(&self.text));
        read.clone().map_err(|why| {
            let text = format!("Could not parse metadata: {why}");
            Refusal::new(IamCode::InvalidInput, text)
        })
    }
}

fn parsed(text: &str) -> Result<MetadataDocument, String> {
    MetadataDocument::read(text, None).map_err(|error| with_causes(&error))
}

/// A private key as it was sent: PEM.
#[derive(Debug)]
pub struct SentKey(Secret<String>);

impl SentKey {
    /// A text of which nothing is known but its length.
    pub const fn new(pem: String) -> Self {
        Self(Secret::new(pem))
    }

    /// The key, added to these under an id of its own.
    fn add_to(
        &self,
        keys: &mut BTreeMap<PrivateKeyId, ProviderKey>,
        scene: &Scene<'_>,
    ) -> Result<(), Refusal> {
        let read = DecryptionKey::read_pem(self.0.expose());
        let key = read.map_err(|error| {
            let text = format!("Invalid private key: {error}.");
            Refusal::new(IamCode::InvalidInput, text)
        })?;
        if keys.values().any(|present| present.key() == key) {
            let text = "The provider has this private key already.";
            return Err(Refusal::new(IamCode::InvalidInput, text));
        }
        if keys.len() >= SamlProvider::MAX_KEYS {
            let quota = "PrivateKeysPerSAMLProvider";
            return Err(Refusal::over_quota(quota, SamlProvider::MAX_KEYS));
        }
        let id = PrivateKeyId::from_random(scene.draw()?);
        keys.insert(id, ProviderKey::new(&key, scene.now));
        Ok(())
    }
}

/// A provider as IAM tells of one.
#[derive(Debug, Clone)]
pub struct SamlProviderView {
    /// What tells it from one of the same name that is made later, where that was kept.
    pub unique_id: Option<PrivateKeyId>,
    /// Its metadata.
    pub metadata: MetadataDocument,
    /// When it was made.
    pub created_at: UnixTime,
    /// Its tags.
    pub tags: OwnTags,
    /// Whether its assertions may come in the open.
    pub encryption: AssertionEncryption,
    /// The ids of its private keys, and when each was added.
    pub private_keys: Vec<(PrivateKeyId, UnixTime)>,
}

/// A provider in a list.
#[derive(Debug, Clone)]
pub struct ListedSamlProvider {
    /// Its ARN.
    pub arn: SamlProviderArn,
    /// When it was made.
    pub created_at: UnixTime,
    /// Until when its metadata counts, where that says so.
    pub valid_until: Option<UnixTime>,
}

impl Scene<'_> {
    fn saml_arn(&self, name: &SamlProviderName) -> SamlProviderArn {
        SamlProviderArn::new(self.partition, self.account_id, name.clone())
    }

    fn find_saml_provider(&self, arn: &SamlProviderArn) -> Option<&Arc<SamlProvider>> {
        let is_own = self.saml_arn(arn.name()) == *arn;
        self.account
            .saml_providers
            .get(arn.name())
            .filter(|_| is_own)
    }

    /// A provider of the account.
    fn saml_provider(&self, arn: &SamlProviderArn) -> Result<&Arc<SamlProvider>, Refusal> {
        self.find_saml_provider(arn).ok_or_else(|| {
            let text = format!("Manifest not found for arn {arn}");
            Refusal::new(IamCode::NoSuchEntity, text)
        })
    }

    /// Whether `iam:<action>` is allowed on this provider, whether or not there is one.
    fn ask_of_saml_provider(&self, action: &str, arn: &SamlProviderArn) -> Question {
        let question = Question::new(action, arn.as_str());
        match self.find_saml_provider(arn) {
            Some(provider) => question.of_tagged(&provider.tags),
            None => question,
        }
    }

    /// What is left once the provider is like this, with this answer; nothing where it is already.
    fn with_saml_provider<A>(
        &self,
        arn: &SamlProviderArn,
        (before, after): (&Arc<SamlProvider>, SamlProvider),
        answer: A,
    ) -> Done<A> {
        Done::replaced((Some(before), after), answer, |after| {
            let name = arn.name().clone();
            Change::of_saml_provider(self.account_id, name, Some(before), after)
        })
    }

    /// That there is room for this document beside those of the account's other providers.
    fn check_room(
        &self,
        name: &SamlProviderName,
        document: &MetadataDocument,
    ) -> Result<(), Refusal> {
        let providers = self.account.saml_providers.iter();
        let others = providers.filter(|(other, _)| *other != name);
        let taken: usize = others.map(|(_, it)| it.metadata.as_str().len()).sum();
        if taken + document.as_str().len() > MAX_METADATA_BYTES {
            let quota = "SAMLMetadataBytesPerAccount";
            return Err(Refusal::over_quota(quota, MAX_METADATA_BYTES));
        }
        Ok(())
    }
}

/// `CreateSAMLProvider`
#[derive(Debug)]
pub struct CreateSamlProvider {
    /// What it is called.
    pub name: SamlProviderName,
    /// Its metadata.
    pub metadata: SentMetadata,
    /// Its tags.
    pub tags: OwnTags,
    /// Whether its assertions may come in the open.
    pub encryption: AssertionEncryption,
    /// A key that opens its assertions, beside the node's own.
    pub private_key: Option<SentKey>,
}

impl Action for CreateSamlProvider {
    type Answer = (SamlProviderArn, OwnTags);
    const NAME: &'static str = "CreateSAMLProvider";
    const WRITES: bool = true;

    fn asks(&self, scene: &Scene<'_>) -> Result<Vec<Question>, Refusal> {
        let arn = scene.saml_arn(&self.name);
        Ok(Question::new(Self::NAME, arn.as_str()).making::<OfSamlProvider>(&self.tags))
    }

    fn preparation(&self) -> Option<Preparation> {
        self.metadata.preparation()
    }

    fn run(&self, scene: &Scene<'_>) -> Result<Done<Self::Answer>, Refusal> {
        let arn = scene.saml_arn(&self.name);
        let mut names = scene.account.saml_providers.keys();
        if names.any(|other| other.as_str().eq_ignore_ascii_case(self.name.as_str())) {
            let text = format!("SAML provider with name {} already exists.", self.name);
            return Err(Refusal::new(IamCode::EntityAlreadyExists, text));
        }
        if scene.account.saml_providers.len() >= MAX_SAML_PROVIDERS {
            let quota = "SAMLProvidersPerAccount";
            return Err(Refusal::over_quota(quota, MAX_SAML_PROVIDERS));
        }
        let metadata = self.metadata.read()?;
        scene.check_room(&self.name, &metadata)?;
        let mut private_keys = BTreeMap::new();
        if let Some(key) = &self.private_key {
            key.add_to(&mut private_keys, scene)?;
        }
        let provider = SamlProvider {
            settings: SamlProviderSettings {
                assertion_encryption: self.encryption,
                second_opinion: require_built_in().is_ok(),
                ..SamlProviderSettings::default()
            },
            metadata,
            unique_id: Some(PrivateKeyId::from_random(scene.draw()?)),
            tags: self.tags.clone(),
            created_at: scene.now,
            private_keys,
        };
        let (account, name) = (scene.account_id, self.name.clone());
        let change = Change::PutSamlProvider(account, name, Arc::new(provider));
        Ok(Done::changed((arn, self.tags.clone()), vec![change]))
    }
}

/// `GetSAMLProvider`
#[derive(Debug)]
pub struct GetSamlProvider {
    /// Which one.
    pub arn: SamlProviderArn,
}

impl Action for GetSamlProvider {
    type Answer = SamlProviderView;
    const NAME: &'static str = "GetSAMLProvider";
    const WRITES: bool = false;

    fn asks(&self, scene: &Scene<'_>) -> Result<Vec<Question>, Refusal> {
        Ok(vec![scene.ask_of_saml_provider(Self::NAME, &self.arn)])
    }

    fn run(&self, scene: &Scene<'_>) -> Result<Done<SamlProviderView>, Refusal> {
        let provider = scene.saml_provider(&self.arn)?;
        let keys = provider.private_keys.iter();
        Ok(Done::told(SamlProviderView {
            unique_id: provider.unique_id.clone(),
            metadata: provider.metadata.clone(),
            created_at: provider.created_at,
            tags: provider.tags.clone(),
            encryption: provider.settings.assertion_encryption,
            private_keys: keys.map(|(id, key)| (id.clone(), key.created_at)).collect(),
        }))
    }
}

/// `ListSAMLProviders`
#[derive(Debug)]
pub struct ListSamlProviders;

impl Action for ListSamlProviders {
    type Answer = Vec<ListedSamlProvider>;
    const NAME: &'static str = "ListSAMLProviders";
    const WRITES: bool = false;

    fn asks(&self, scene: &Scene<'_>) -> Result<Vec<Question>, Refusal> {
        Ok(vec![Question::new(
            Self::NAME,
            scene.arn("saml-provider/*"),
        )])
    }

    fn run(&self, scene: &Scene<'_>) -> Result<Done<Self::Answer>, Refusal> {
        let providers = scene.account.saml_providers.iter();
        let listed = providers.map(|(name, provider)| ListedSamlProvider {
            arn: scene.saml_arn(name),
            created_at: provider.created_at,
            valid_until: provider.metadata.metadata().valid_until,
        });
        Ok(Done::told(listed.collect()))
    }
}

/// `UpdateSAMLProvider`
#[derive(Debug)]
pub struct UpdateSamlProvider {
    /// Which one.
    pub arn: SamlProviderArn,
    /// Metadata in the place of what there is. Where another provider speaks there, sessions that rest on
    /// the one before end.
    pub metadata: Option<SentMetadata>,
    /// Whether its assertions may come in the open.
    pub encryption: Option<AssertionEncryption>,
    /// A further key.
    pub add_key: Option<SentKey>,
    /// A key that is taken away, before another is added.
    pub remove_key: Option<PrivateKeyId>,
}

impl Action for UpdateSamlProvider {
    type Answer = SamlProviderArn;
    const NAME: &'static str = "UpdateSAMLProvider";
    const WRITES: bool = true;

    fn asks(&self, scene: &Scene<'_>) -> Result<Vec<Question>, Refusal> {
        Ok(vec![scene.ask_of_saml_provider(Self::NAME, &self.arn)])
    }

    fn preparation(&self) -> Option<Preparation> {
        self.metadata.as_ref()?.preparation()
    }

    fn run(&self, scene: &Scene<'_>) -> Result<Done<SamlProviderArn>, Refusal> {
        let before = scene.saml_provider(&self.arn)?;
        let mut after = SamlProvider::clone(before);
        if let Some(metadata) = &self.metadata {
            after.metadata = metadata.read()?;
            scene.check_room(self.arn.name(), &after.metadata)?;
        }
        if let Some(encryption) = self.encryption {
            after.settings.assertion_encryption = encryption;
        }
        if let Some(id) = &self.remove_key
            && after.private_keys.remove(id).is_none()
        {
            return Err(Refusal::no_such("private key", id.as_str()));
        }
        if let Some(key) = &self.add_key {
            key.add_to(&mut after.private_keys, scene)?;
        }
        Ok(scene.with_saml_provider(&self.arn, (before, after), self.arn.clone()))
    }
}

/// `DeleteSAMLProvider`
#[derive(Debug)]
pub struct DeleteSamlProvider {
    /// Which one.
    pub arn: SamlProviderArn,
}

impl Action for DeleteSamlProvider {
    type Answer = ();
    const NAME: &'static str = "DeleteSAMLProvider";
    const WRITES: bool = true;

    fn asks(&self, scene: &Scene<'_>) -> Result<Vec<Question>, Refusal> {
        Ok(vec![scene.ask_of_saml_provider(Self::NAME, &self.arn)])
    }

    fn run(&self, scene: &Scene<'_>) -> Result<Done<()>, Refusal> {
        scene.saml_provider(&self.arn)?;
        scene.check_unlinked(&self.arn.clone().into())?;
        let change = Change::RemoveSamlProvider(scene.account_id, self.arn.name().clone());
        Ok(Done::changed((), vec![change]))
    }
}

/// SAML providers.
#[derive(Debug)]
pub struct OfSamlProvider;

impl Tagged for OfSamlProvider {
    type Name = SamlProviderArn;
    const ACTIONS: TagActions = TagActions {
        tag: "TagSAMLProvider",
        untag: "UntagSAMLProvider",
        list: "ListSAMLProviderTags",
    };
    const QUOTA: &'static str = "TagsPerSAMLProvider";

    fn ask(scene: &Scene<'_>, action: &str, arn: &SamlProviderArn) -> Question {
        scene.ask_of_saml_provider(action, arn)
    }

    fn tags(scene: &Scene<'_>, arn: &SamlProviderArn) -> Result<OwnTags, Refusal> {
        Ok(scene.saml_provider(arn)?.tags.clone())
    }

    fn retagged(
        scene: &Scene<'_>,
        arn: &SamlProviderArn,
        edit: impl FnOnce(&OwnTags) -> Result<OwnTags, Refusal>,
    ) -> Result<Done<()>, Refusal> {
        let before = scene.saml_provider(arn)?;
        let after = SamlProvider {
            tags: edit(&before.tags)?,
            ..SamlProvider::clone(before)
        };
        Ok(scene.with_saml_provider(arn, (before, after), ()))
    }
}
