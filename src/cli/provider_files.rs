//! Files that connect a well-known identity provider, for somebody to change and apply.

use clap::ValueEnum;

/// A well-known provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum WellKnown {
    /// Login with Amazon: access tokens at STS
    Amazon,
    /// Apple: the portal and STS
    Apple,
    /// Microsoft Entra ID: the portal and STS
    Entra,
    /// Facebook: access tokens at STS
    Facebook,
    /// GitHub Actions: jobs at STS
    #[value(alias = "github")]
    GithubActions,
    /// GitLab: jobs at STS
    Gitlab,
    /// Google: the portal and STS
    Google,
    /// Okta: the portal and STS
    Okta,
    /// Salesforce: the portal and STS
    Salesforce,
}

impl WellKnown {
    /// Its files, each below a line `#### PATH`, after what is to be known of them.
    pub(super) const fn files(self) -> &'static str {
        match self {
            Self::Amazon => include_str!("../../config/providers/amazon.txt"),
            Self::Apple => include_str!("../../config/providers/apple.txt"),
            Self::Entra => include_str!("../../config/providers/entra.txt"),
            Self::Facebook => include_str!("../../config/providers/facebook.txt"),
            Self::GithubActions => include_str!("../../config/providers/github-actions.txt"),
            Self::Gitlab => include_str!("../../config/providers/gitlab.txt"),
            Self::Google => include_str!("../../config/providers/google.txt"),
            Self::Okta => include_str!("../../config/providers/okta.txt"),
            Self::Salesforce => include_str!("../../config/providers/salesforce.txt"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Config, Environment};
    use crate::directory::{DirectoryFiles, PolicyWarnings, examine, testing};
    use crate::domain::Partition;
    use crate::entropy::SystemEntropy;
    use crate::store::memory::MemoryStore;

    /// The files of a provider, by path.
    fn files(provider: WellKnown) -> DirectoryFiles {
        let sections = provider.files().split("\n#### ").skip(1);
        let files = sections.map(|section| {
            let (path, content) = section.split_once('\n').unwrap();
            (path.to_owned(), content.to_owned())
        });
        files.collect()
    }

    #[tokio::test]
    async fn every_provider_s_files_make_a_directory_whose_rules_pass_their_tests() {
        for provider in WellKnown::value_variants() {
            let mut files = files(*provider);
            files.retain(|path, _| path != "rolegate.toml");
            let account = "accounts/123456789012/account.toml".to_owned();
            files.insert(account, "alias = 'management'".to_owned());
            assert!(files.len() >= 3, "{provider:?}");
            let store = std::sync::Arc::new(MemoryStore::default());
            testing::apply(&testing::open(&store).await, &files).await;
        }
    }

    #[test]
    fn nothing_is_odd_about_any_provider_s_files() {
        for provider in WellKnown::value_variants() {
            let mut files = files(*provider);
            files.retain(|path, _| path != "rolegate.toml");
            let account = "accounts/123456789012/account.toml".to_owned();
            files.insert(account, "alias = 'management'".to_owned());
            let found = examine(&files, Partition::Aws, testing::NOW, &SystemEntropy);
            assert_eq!(found.problems, [], "{provider:?}");
            assert_eq!(found.warnings, PolicyWarnings::default(), "{provider:?}");
        }
    }

    #[test]
    fn github_is_called_by_its_own_name_too() {
        let named = ["github", "github-actions"].map(|name| WellKnown::from_str(name, false));
        assert_eq!(
            named,
            [Ok(WellKnown::GithubActions), Ok(WellKnown::GithubActions)]
        );
    }

    #[test]
    fn settings_of_the_node_are_settings_of_the_node() {
        for provider in [WellKnown::Facebook, WellKnown::Amazon] {
            let own = &files(provider)["rolegate.toml"];
            let text = ["[federation]\nsecret_folder = '/'\n", own].concat();
            let read = Config::from_toml(&text, "/".as_ref(), &Environment::default());
            let known = read.unwrap().federation.known;
            assert!(known.facebook.is_some() || known.amazon.is_some());
        }
    }
}
