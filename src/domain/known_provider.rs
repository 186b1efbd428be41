//! The providers that every account knows.

use serde::{Deserialize, Serialize};

/// A provider that every account knows by its host name (IAM user guide, "Create a role for OpenID
/// Connect federation"): no account registers it, and a trust policy names it as it is. Whether a node
/// takes what it says is for whoever runs the node to settle.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum KnownProvider {
    /// Google, whose proof is an id_token.
    Google,
    /// Facebook, whose proof is an access token.
    Facebook,
    /// Login with Amazon, whose proof is an access token.
    Amazon,
}

/// A known provider that gives no id_token: it is asked who an access token is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AccessTokenProvider {
    /// Facebook.
    Facebook,
    /// Login with Amazon.
    Amazon,
}

impl KnownProvider {
    /// What trust policies call it, and what its condition keys begin with.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Google => "accounts.google.com",
            Self::Facebook => "graph.facebook.com",
            Self::Amazon => "www.amazon.com",
        }
    }

    /// The condition key, after the provider's name, that says which app a proof was made for.
    pub const fn app_key(self) -> &'static str {
        match self {
            Self::Google => "aud",
            Self::Facebook | Self::Amazon => "app_id",
        }
    }

    /// The condition key, after the provider's name, that says who somebody is.
    pub const fn person_key(self) -> &'static str {
        match self {
            Self::Google => "sub",
            Self::Facebook => "id",
            Self::Amazon => "user_id",
        }
    }

    /// The provider of this name.
    pub fn named(name: &str) -> Option<Self> {
        let all = [Self::Google, Self::Facebook, Self::Amazon];
        all.into_iter().find(|known| known.name() == name)
    }

    /// As whom it vouches for people: its name as an address.
    pub(super) const fn issuer(self) -> &'static str {
        match self {
            Self::Google => "https://accounts.google.com",
            Self::Facebook => "https://graph.facebook.com",
            Self::Amazon => "https://www.amazon.com",
        }
    }
}

impl AccessTokenProvider {
    /// The provider that `ProviderId` names, character by character.
    pub fn named(name: &str) -> Option<Self> {
        match KnownProvider::named(name)? {
            KnownProvider::Google => None,
            KnownProvider::Facebook => Some(Self::Facebook),
            KnownProvider::Amazon => Some(Self::Amazon),
        }
    }
}

impl From<AccessTokenProvider> for KnownProvider {
    fn from(provider: AccessTokenProvider) -> Self {
        match provider {
            AccessTokenProvider::Facebook => Self::Facebook,
            AccessTokenProvider::Amazon => Self::Amazon,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Issuer;
    use super::*;

    #[test]
    fn a_known_provider_vouches_as_the_address_of_its_name() {
        for known in [
            KnownProvider::Google,
            KnownProvider::Facebook,
            KnownProvider::Amazon,
        ] {
            let issuer = Issuer::from(known);
            assert_eq!(known.issuer().parse(), Ok(issuer.clone()));
            assert_eq!(issuer.without_scheme(), known.name());
            assert_eq!(KnownProvider::named(known.name()), Some(known));
        }
    }

    #[test]
    fn a_provider_of_access_tokens_has_one_spelling() {
        for name in [
            "Graph.Facebook.com",
            "graph.facebook.com/",
            "https://graph.facebook.com",
            " www.amazon.com",
            "amazon.com",
            "accounts.google.com",
            "",
        ] {
            assert_eq!(AccessTokenProvider::named(name), None, "{name:?}");
        }
    }
}
