//! The providers that every account knows, as far as this node takes what they say: none of them unless
//! its settings name an app there.

use super::OidcProvider;
use super::access_token::{AmazonApps, FacebookApp, TokenInspector};
use crate::domain::{AccessTokenProvider, Audience, KnownProvider, ProviderRef};

/// The apps that this node has at them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct KnownProviderSettings {
    /// The clients whose id_tokens of Google are taken; an empty list lets nobody in.
    pub google: Vec<Audience>,
    /// The app at Facebook.
    pub facebook: Option<FacebookApp>,
    /// The apps at Login with Amazon.
    pub amazon: Option<AmazonApps>,
}

/// Who proves the people of these providers.
#[derive(Debug)]
pub struct KnownProviders {
    google: Option<OidcProvider>,
    inspector: TokenInspector,
}

impl KnownProviders {
    /// Google's clients, and who asks about access tokens.
    pub fn new(google: Vec<Audience>, inspector: TokenInspector) -> Self {
        let provider = OidcProvider {
            reference: ProviderRef::Known(KnownProvider::Google),
            issuer: KnownProvider::Google.into(),
            clients: google,
        };
        Self {
            google: Some(provider).filter(|google| !google.clients.is_empty()),
            inspector,
        }
    }

    /// The provider of id_tokens with this issuer.
    pub fn oidc(&self, issuer: &str) -> Option<&OidcProvider> {
        let google = self.google.as_ref()?;
        (google.issuer.as_str() == issuer).then_some(google)
    }

    /// Whether this node takes what the provider says: sessions that rest on another one are over.
    pub const fn has(&self, provider: KnownProvider) -> bool {
        match provider {
            KnownProvider::Google => self.google.is_some(),
            KnownProvider::Facebook => self.inspector.has_app(AccessTokenProvider::Facebook),
            KnownProvider::Amazon => self.inspector.has_app(AccessTokenProvider::Amazon),
        }
    }

    /// Who asks about access tokens.
    pub const fn inspector(&self) -> &TokenInspector {
        &self.inspector
    }
}
