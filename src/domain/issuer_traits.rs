//! What is particular about the issuers that many people use: which claims of their tokens are
//! condition keys, and whether everybody can have a token of theirs.

use super::KnownProvider;

/// Claims of GitHub Actions ("Available keys for AWS OIDC federation", IAM user guide).
const GITHUB: &[&str] = &[
    "actor",
    "actor_id",
    "enterprise_id",
    "environment",
    "job_workflow_ref",
    "ref",
    "repository",
    "repository_id",
    "repository_owner_id",
    "workflow",
];
/// Claims of jobs of GitLab.
const GITLAB: &[&str] = &[
    "namespace_id",
    "pipeline_source",
    "project_id",
    "ref_protected",
    "runner_environment",
    "user_access_level",
    "user_email",
    "user_id",
    "user_login",
];
/// Google writes it as a member of the object `google`.
const GOOGLE: &[&str] = &["/google/organization_number"];

const GITHUB_HOST: &str = "token.actions.githubusercontent.com";
const GITLAB_HOST: &str = "gitlab.com";

/// What is particular about an issuer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct IssuerTraits {
    /// The claims, or JSON pointers of claims, that are condition keys beside those that every issuer
    /// has; a key is the name without the first slash.
    pub condition_claims: &'static [&'static str],
    /// Subjects of people whom nobody meant, as the issuer writes them: it gives everybody a token for
    /// any audience that they ask for. None where it doesn't.
    pub strangers: &'static [&'static str],
}

impl IssuerTraits {
    /// Of the issuer of this name, which has no scheme.
    pub fn of(issuer: &str) -> Self {
        if is_github(issuer) {
            Self {
                condition_claims: GITHUB,
                strangers: if issuer == GITHUB_HOST {
                    &[
                        "repo:somebody-else/something:ref:refs/heads/main",
                        "repo:somebody-else/something:environment:production",
                        "repo:somebody-else/something:pull_request",
                        "repo:somebody-else@1/something@2:ref:refs/heads/main",
                    ]
                } else {
                    &[]
                },
            }
        } else if issuer == GITLAB_HOST {
            Self {
                condition_claims: GITLAB,
                strangers: &[
                    "project_path:somebody-else/something:ref_type:branch:ref:main",
                    "project_path:somebody-else/something:ref_type:tag:ref:v1",
                ],
            }
        } else if issuer == KnownProvider::Google.name() {
            Self {
                condition_claims: GOOGLE,
                strangers: &[],
            }
        } else {
            Self::default()
        }
    }
}

/// GitHub's own, an enterprise's path below it, or an enterprise's own host.
fn is_github(issuer: &str) -> bool {
    let below = issuer.strip_prefix(GITHUB_HOST);
    if let Some(path) = below {
        return path.is_empty() || path.starts_with('/');
    }
    let host = issuer.strip_prefix("token.actions.");
    let name = host.and_then(|host| host.strip_suffix(".ghe.com"));
    name.is_some_and(|name| !name.is_empty() && !name.contains(['.', '/', ':']))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_issuer_is_told_by_its_whole_name() {
        for (issuer, expected) in [
            ("token.actions.githubusercontent.com", GITHUB),
            ("token.actions.githubusercontent.com/octo", GITHUB),
            ("token.actions.octo.ghe.com", GITHUB),
            ("gitlab.com", GITLAB),
            ("accounts.google.com", GOOGLE),
            ("token.actions.githubusercontent.com.example.com", &[]),
            ("token.actions.a.example.com/.ghe.com", &[]),
            ("token.actions..ghe.com", &[]),
            ("gitlab.com.example.com", &[]),
            ("gitlab.com/", &[]),
            ("login.example.com", &[]),
        ] {
            let traits = IssuerTraits::of(issuer);
            assert_eq!(traits.condition_claims, expected, "{issuer}");
        }
    }

    #[test]
    fn an_enterprise_s_own_issuer_gives_no_stranger_a_token() {
        let of_all = IssuerTraits::of("token.actions.githubusercontent.com");
        assert_eq!(of_all.strangers.len(), 4);
        let own = IssuerTraits::of("token.actions.githubusercontent.com/octo");
        assert_eq!(own.strangers.len(), 0);
    }
}
