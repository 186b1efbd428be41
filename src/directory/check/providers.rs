//! What must hold of an account's identity providers.

use std::collections::BTreeSet;

use super::Problem;
use crate::directory::providers::{OidcProvider, SamlProvider};
use crate::directory::state::Account;
use crate::domain::AccountId;

/// Checks the providers of an account.
pub(super) fn check(id: AccountId, account: &Account, problems: &mut Vec<Problem>) {
    let mut names = BTreeSet::new();
    for provider in account.oidc_providers.values() {
        let at = format!(
            "accounts/{id}/oidc-providers/{}",
            provider.url.without_scheme()
        );
        if !names.insert(provider.url.without_scheme()) {
            problems.push(same_arn(&at));
        }
        check_oidc_provider(&at, provider, problems);
    }
    for (name, provider) in &account.saml_providers {
        let at = format!("accounts/{id}/saml-providers/{name}");
        check_saml_provider(&at, provider, problems);
    }
}

pub(super) fn same_arn(at: &str) -> Problem {
    let text = "another provider of the account has this url with the other scheme, and the same ARN; remove one";
    Problem::new(at, text)
}

pub(super) fn check_oidc_provider(at: &str, provider: &OidcProvider, problems: &mut Vec<Problem>) {
    if provider.client_ids.len() > OidcProvider::MAX_CLIENT_IDS {
        let text = "client_ids must list at most 100 audiences";
        problems.push(Problem::new(at, text));
    }
    if provider.thumbprints.len() > OidcProvider::MAX_THUMBPRINTS {
        let text = "thumbprints must list at most 5";
        problems.push(Problem::new(at, text));
    }
}

pub(super) fn check_saml_provider(at: &str, provider: &SamlProvider, problems: &mut Vec<Problem>) {
    if provider.private_keys.len() > SamlProvider::MAX_KEYS {
        let text = "private_keys: at most 2 of one provider";
        problems.push(Problem::new(at, text));
    }
}
