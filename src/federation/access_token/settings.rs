//! The apps that this node has at providers of access tokens.

use url::Url;

use super::super::secret_file::SecretFile;
use crate::domain::{Audience, Issuer, text_type};

text_type!(
    /// The id of an app at Facebook: 1 to 32 digits.
    FacebookAppId,
    "app id",
    "1 to 32 digits",
    |text| (1..=32).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
);

/// Where a provider is asked: an address like an issuer's, under which its paths are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProviderEndpoint(Url);

/// Why a text is no address of a provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be an https URL without user info, query or fragment")]
pub struct InvalidEndpoint;

/// The app at Facebook whose people's tokens are taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FacebookApp {
    /// Its id.
    pub id: FacebookAppId,
    /// The file with its secret, without which Facebook tells nothing of its tokens.
    pub secret: SecretFile,
    /// Where Facebook is asked.
    pub endpoint: ProviderEndpoint,
}

/// The apps at Login with Amazon whose people's tokens are taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AmazonApps {
    /// Their client ids; an empty list lets nobody in.
    pub client_ids: Vec<Audience>,
    /// Where Amazon is asked.
    pub endpoint: ProviderEndpoint,
}

impl FacebookApp {
    /// Where Facebook is asked unless the settings say otherwise.
    pub const ENDPOINT: &'static str = "https://graph.facebook.com";
}

impl AmazonApps {
    /// Where Amazon is asked unless the settings say otherwise.
    pub const ENDPOINT: &'static str = "https://api.amazon.com";
}

impl ProviderEndpoint {
    /// The address.
    pub const fn url(&self) -> &Url {
        &self.0
    }
}

impl std::str::FromStr for ProviderEndpoint {
    type Err = InvalidEndpoint;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let issuer: Issuer = text.parse().map_err(|_| InvalidEndpoint)?;
        let url = Url::parse(issuer.as_str()).map_err(|_| InvalidEndpoint)?;
        Ok(Self(url))
    }
}
