//! OpenID Connect providers of the account. STS takes their tokens for roles of the account; nobody signs in
//! by them (decision 1).

use std::sync::Arc;

use super::tagging::{TagActions, Tagged};
use super::{Action, Done, IamCode, Question, Refusal, Scene};
use crate::directory::{Change, OidcProvider};
use crate::domain::{Audience, Issuer, OidcProviderArn, OwnTags, Thumbprint, UnixTime};

/// As many providers as an account may have (IAM quotas).
pub const MAX_OIDC_PROVIDERS: usize = 100;

/// A provider as IAM tells of one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OidcProviderView {
    /// The issuer without its scheme.
    pub url: String,
    /// The audiences that are accepted.
    pub client_ids: Vec<Audience>,
    /// Whatever was said of certificates.
    pub thumbprints: Vec<Thumbprint>,
    /// When it was made.
    pub created_at: UnixTime,
    /// Its tags.
    pub tags: OwnTags,
}

impl OidcProviderView {
    fn of(provider: &OidcProvider) -> Self {
        Self {
            url: provider.url.without_scheme().to_owned(),
            client_ids: provider.client_ids.clone(),
            thumbprints: provider.thumbprints.clone(),
            created_at: provider.created_at,
            tags: provider.tags.clone(),
        }
    }
}

impl Scene<'_> {
    fn find_oidc_provider(&self, arn: &OidcProviderArn) -> Option<&Arc<OidcProvider>> {
        let mut providers = self.account.oidc_providers.values();
        providers.find(|provider| provider.arn(self.partition, self.account_id) == *arn)
    }

    /// A provider of the account.
    fn oidc_provider(&self, arn: &OidcProviderArn) -> Result<&Arc<OidcProvider>, Refusal> {
        self.find_oidc_provider(arn).ok_or_else(|| {
            let text = format!("OpenIDConnect Provider not found for arn {arn}");
            Refusal::new(IamCode::NoSuchEntity, text)
        })
    }

    /// Whether `iam:<action>` is allowed on this provider, whether or not there is one.
    fn ask_of_oidc_provider(&self, action: &str, arn: &OidcProviderArn) -> Question {
        let question = Question::new(action, arn.as_str());
        match self.find_oidc_provider(arn) {
            Some(provider) => question.of_tagged(&provider.tags),
            None => question,
        }
    }

    /// What is left once the provider is like this; nothing where it is already.
    fn with_oidc_provider(&self, before: &Arc<OidcProvider>, after: OidcProvider) -> Done<()> {
        Done::replaced((Some(before), after), (), |after| {
            Change::PutOidcProvider(self.account_id, after)
        })
    }
}

fn check_client_ids(client_ids: &[Audience]) -> Result<(), Refusal> {
    let most = OidcProvider::MAX_CLIENT_IDS;
    if client_ids.len() > most {
        return Err(Refusal::over_quota(
            "ClientIdsPerOpenIdConnectProvider",
            most,
        ));
    }
    Ok(())
}

fn check_thumbprints(thumbprints: &[Thumbprint]) -> Result<(), Refusal> {
    let most = OidcProvider::MAX_THUMBPRINTS;
    if thumbprints.len() > most {
        let text = format!("Thumbprint list must contain at most {most} entries.");
        return Err(Refusal::new(IamCode::InvalidInput, text));
    }
    Ok(())
}

/// `CreateOpenIDConnectProvider`
#[derive(Debug)]
pub struct CreateOidcProvider {
    /// The issuer, exactly as its tokens name it.
    pub url: Issuer,
    /// The audiences that are accepted.
    pub client_ids: Vec<Audience>,
    /// Whatever is said of certificates.
    pub thumbprints: Vec<Thumbprint>,
    /// Its tags.
    pub tags: OwnTags,
}

impl Action for CreateOidcProvider {
    type Answer = (OidcProviderArn, OwnTags);
    const NAME: &'static str = "CreateOpenIDConnectProvider";
    const WRITES: bool = true;

    fn asks(&self, scene: &Scene<'_>) -> Result<Vec<Question>, Refusal> {
        let arn = self.arn(scene);
        Ok(Question::new(Self::NAME, arn.as_str()).making::<OfOidcProvider>(&self.tags))
    }

    fn run(&self, scene: &Scene<'_>) -> Result<Done<Self::Answer>, Refusal> {
        if let Some(text) = scene.issuers.unfit(&self.url) {
            return Err(Refusal::new(IamCode::InvalidInput, text));
        }
        let arn = self.arn(scene);
        if scene.find_oidc_provider(&arn).is_some() {
            let text = format!("Provider with url {} already exists.", self.url);
            return Err(Refusal::new(IamCode::EntityAlreadyExists, text));
        }
        let issuer = self.url.without_scheme();
        let mut roles = scene.account.roles.iter();
        if let Some((name, _)) = roles.find(|(_, role)| role.trust.lets_in_strangers_of(issuer)) {
            let text = format!(
                "Everybody can have tokens of {issuer}, and the trust policy of the role {name} lets them in. Let it say whose it accepts first."
            );
            return Err(Refusal::new(IamCode::InvalidInput, text));
        }
        if scene.account.oidc_providers.len() >= MAX_OIDC_PROVIDERS {
            let quota = "OpenIdConnectProvidersPerAccount";
            return Err(Refusal::over_quota(quota, MAX_OIDC_PROVIDERS));
        }
        let mut client_ids: Vec<Audience> = Vec::new();
        for id in &self.client_ids {
            if !client_ids.contains(id) {
                client_ids.push(id.clone());
            }
        }
        check_client_ids(&client_ids)?;
        check_thumbprints(&self.thumbprints)?;
        let provider = OidcProvider {
            url: self.url.clone(),
            client_ids,
            thumbprints: self.thumbprints.clone(),
            tags: self.tags.clone(),
            created_at: scene.now,
        };
        let change = Change::PutOidcProvider(scene.account_id, Arc::new(provider));
        Ok(Done::changed((arn, self.tags.clone()), vec![change]))
    }
}

impl CreateOidcProvider {
    fn arn(&self, scene: &Scene<'_>) -> OidcProviderArn {
        OidcProviderArn::new(scene.partition, scene.account_id, self.url.without_scheme())
    }
}

/// `GetOpenIDConnectProvider`
#[derive(Debug)]
pub struct GetOidcProvider {
    /// Which one.
    pub arn: OidcProviderArn,
}

impl Action for GetOidcProvider {
    type Answer = OidcProviderView;
    const NAME: &'static str = "GetOpenIDConnectProvider";
    const WRITES: bool = false;

    fn asks(&self, scene: &Scene<'_>) -> Result<Vec<Question>, Refusal> {
        Ok(vec![scene.ask_of_oidc_provider(Self::NAME, &self.arn)])
    }

    fn run(&self, scene: &Scene<'_>) -> Result<Done<OidcProviderView>, Refusal> {
        let provider = scene.oidc_provider(&self.arn)?;
        Ok(Done::told(OidcProviderView::of(provider)))
    }
}

/// `ListOpenIDConnectProviders`
#[derive(Debug)]
pub struct ListOidcProviders;

impl Action for ListOidcProviders {
    type Answer = Vec<OidcProviderArn>;
    const NAME: &'static str = "ListOpenIDConnectProviders";
    const WRITES: bool = false;

    fn asks(&self, scene: &Scene<'_>) -> Result<Vec<Question>, Refusal> {
        let resource = scene.arn("oidc-provider/*");
        Ok(vec![Question::new(Self::NAME, resource)])
    }

    fn run(&self, scene: &Scene<'_>) -> Result<Done<Self::Answer>, Refusal> {
        let providers = scene.account.oidc_providers.values();
        let arns = providers.map(|provider| provider.arn(scene.partition, scene.account_id));
        Ok(Done::told(arns.collect()))
    }
}

/// `DeleteOpenIDConnectProvider`
#[derive(Debug)]
pub struct DeleteOidcProvider {
    /// Which one; one that is not there is gone already.
    pub arn: OidcProviderArn,
}

impl Action for DeleteOidcProvider {
    type Answer = ();
    const NAME: &'static str = "DeleteOpenIDConnectProvider";
    const WRITES: bool = true;

    fn asks(&self, scene: &Scene<'_>) -> Result<Vec<Question>, Refusal> {
        Ok(vec![scene.ask_of_oidc_provider(Self::NAME, &self.arn)])
    }

    fn run(&self, scene: &Scene<'_>) -> Result<Done<()>, Refusal> {
        let Some(provider) = scene.find_oidc_provider(&self.arn) else {
            return Ok(Done::told(()));
        };
        scene.check_unlinked(&self.arn.clone().into())?;
        let change = Change::RemoveOidcProvider(scene.account_id, provider.url.clone());
        Ok(Done::changed((), vec![change]))
    }
}

/// `AddClientIDToOpenIDConnectProvider`
#[derive(Debug)]
pub struct AddClientId {
    /// Of which provider.
    pub arn: OidcProviderArn,
    /// A further audience; one that is there stays.
    pub client_id: Audience,
}

impl Action for AddClientId {
    type Answer = ();
    const NAME: &'static str = "AddClientIDToOpenIDConnectProvider";
    const WRITES: bool = true;

    fn asks(&self, scene: &Scene<'_>) -> Result<Vec<Question>, Refusal> {
        Ok(vec![scene.ask_of_oidc_provider(Self::NAME, &self.arn)])
    }

    fn run(&self, scene: &Scene<'_>) -> Result<Done<()>, Refusal> {
        let before = scene.oidc_provider(&self.arn)?;
        let mut after = OidcProvider::clone(before);
        if !after.client_ids.contains(&self.client_id) {
            after.client_ids.push(self.client_id.clone());
        }
        check_client_ids(&after.client_ids)?;
        Ok(scene.with_oidc_provider(before, after))
    }
}

/// `RemoveClientIDFromOpenIDConnectProvider`
#[derive(Debug)]
pub struct RemoveClientId {
    /// Of which provider.
    pub arn: OidcProviderArn,
    /// The audience; one that is not there is gone already.
    pub client_id: Audience,
}

impl Action for RemoveClientId {
    type Answer = ();
    const NAME: &'static str = "RemoveClientIDFromOpenIDConnectProvider";
    const WRITES: bool = true;

    fn asks(&self, scene: &Scene<'_>) -> Result<Vec<Question>, Refusal> {
        Ok(vec![scene.ask_of_oidc_provider(Self::NAME, &self.arn)])
    }

    fn run(&self, scene: &Scene<'_>) -> Result<Done<()>, Refusal> {
        let before = scene.oidc_provider(&self.arn)?;
        let mut after = OidcProvider::clone(before);
        after.client_ids.retain(|id| *id != self.client_id);
        Ok(scene.with_oidc_provider(before, after))
    }
}

/// `UpdateOpenIDConnectProviderThumbprint`
#[derive(Debug)]
pub struct UpdateThumbprints {
    /// Of which provider.
    pub arn: OidcProviderArn,
    /// The thumbprints that take the place of those that there are.
    pub thumbprints: Vec<Thumbprint>,
}

impl Action for UpdateThumbprints {
    type Answer = ();
    const NAME: &'static str = "UpdateOpenIDConnectProviderThumbprint";
    const WRITES: bool = true;

    fn asks(&self, scene: &Scene<'_>) -> Result<Vec<Question>, Refusal> {
        Ok(vec![scene.ask_of_oidc_provider(Self::NAME, &self.arn)])
    }

    fn run(&self, scene: &Scene<'_>) -> Result<Done<()>, Refusal> {
        let before = scene.oidc_provider(&self.arn)?;
        check_thumbprints(&self.thumbprints)?;
        let after = OidcProvider {
            thumbprints: self.thumbprints.clone(),
            ..OidcProvider::clone(before)
        };
        Ok(scene.with_oidc_provider(before, after))
    }
}

/// OpenID Connect providers.
#[derive(Debug)]
pub struct OfOidcProvider;

impl Tagged for OfOidcProvider {
    type Name = OidcProviderArn;
    const ACTIONS: TagActions = TagActions {
        tag: "TagOpenIDConnectProvider",
        untag: "UntagOpenIDConnectProvider",
        list: "ListOpenIDConnectProviderTags",
    };
    const QUOTA: &'static str = "TagsPerOpenIdConnectProvider";

    fn ask(scene: &Scene<'_>, action: &str, arn: &OidcProviderArn) -> Question {
        scene.ask_of_oidc_provider(action, arn)
    }

    fn tags(scene: &Scene<'_>, arn: &OidcProviderArn) -> Result<OwnTags, Refusal> {
        Ok(scene.oidc_provider(arn)?.tags.clone())
    }

    fn retagged(
        scene: &Scene<'_>,
        arn: &OidcProviderArn,
        edit: impl FnOnce(&OwnTags) -> Result<OwnTags, Refusal>,
    ) -> Result<Done<()>, Refusal> {
        let before = scene.oidc_provider(arn)?;
        let after = OidcProvider {
            tags: edit(&before.tags)?,
            ..OidcProvider::clone(before)
        };
        Ok(scene.with_oidc_provider(before, after))
    }
}
