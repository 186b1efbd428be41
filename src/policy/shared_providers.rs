//! Providers that everybody can have tokens of: a trust policy must say whose it means ("Identity-provider
//! controls for shared OIDC providers", IAM user guide).

use super::condition::Condition;
use super::document::TrustPolicy;
use super::principal::PrincipalPattern;
use super::statement::{Effect, Scope, Statement};

/// Each by its issuer without the scheme, and the claim, or else the condition key, that tells its customers
/// apart.
const SHARED: [(&str, &str); 16] = [
    ("agent.buildkite.com", "sub"),
    ("api.pulumi.com/oidc", "aud"),
    ("app.terraform.io", "sub"),
    ("cognito-identity.amazonaws.com", "aud"),
    ("gitlab.com", "sub"),
    ("oidc-configuration.audit-log.githubusercontent.com", "sub"),
    ("oidc.codefresh.io", "sub"),
    ("oidc.vercel.com", "aud"),
    ("proidc.upbound.io", "sub"),
    ("sandboxes.cloud", "aud"),
    ("scalr.io", "sub"),
    (
        "sts.windows.net/33e01921-4d64-4f8c-a055-5bdaffd5e33d",
        "sts:RoleSessionName",
    ),
    ("studio.datachain.ai/api", "sub"),
    ("token.actions.githubusercontent.com", "sub"),
    ("tokens.cloud.shisho.dev", "sub"),
    ("vstoken.actions.githubusercontent.com", "sub"),
];

impl TrustPolicy {
    /// The condition key on which a statement must insist and doesn't: it lets in whoever has a token of a
    /// provider that many share. One that lets in everybody lets in those of `issuers`, the account's own
    /// providers, without their scheme.
    pub fn unrestricted_key(&self, issuers: &[&str]) -> Option<String> {
        let statements = self.document().statements().iter();
        let mut allowing = statements.filter(|statement| {
            statement.effect == Effect::Allow
                && statement.covers_action("sts:assumerolewithwebidentity")
        });
        allowing.find_map(|statement| unrestricted(statement, issuers))
    }

    /// Whether this issuer, without its scheme, is one that many share, and a statement lets in whoever has a token
    /// of it, once the account has it as a provider.
    pub fn lets_in_strangers_of(&self, issuer: &str) -> bool {
        let wanted = required_key(issuer);
        wanted.is_some() && self.unrestricted_key(&[issuer]) == wanted
    }
}

fn unrestricted(statement: &Statement, of_account: &[&str]) -> Option<String> {
    // A statement that allows has no NotPrincipal.
    let Some(Scope::Only(named)) = &statement.principals else {
        return None;
    };
    let is_for_all = named.contains(&PrincipalPattern::Anyone);
    let named = named.iter().filter_map(PrincipalPattern::issuer);
    let of_account = of_account.iter().copied().filter(|_| is_for_all);
    let mut keys = named.chain(of_account).filter_map(required_key);
    keys.find(|key| !restricts(&statement.conditions, key))
}

fn required_key(issuer: &str) -> Option<String> {
    let is_it = |shared: &str| {
        let below = issuer.strip_prefix(shared);
        below.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    let (_, claim) = SHARED.iter().find(|(shared, _)| is_it(shared))?;
    Some(if claim.contains(':') {
        (*claim).to_owned()
    } else {
        [issuer, ":", claim].concat()
    })
}

/// Whether some condition holds only for certain values of the key.
fn restricts(conditions: &[Condition], key: &str) -> bool {
    conditions.iter().any(|condition| {
        condition.key().eq_ignore_ascii_case(key)
            && condition.demands()
            && condition.matches_anything().is_none()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unrestricted(provider: &str, condition: &str) -> Option<String> {
        let policy = format!(
            r#"{{"Version":"2012-10-17","Statement":{{"Effect":"Allow",
            "Principal":{{"Federated":"{provider}"}},
            "Action":"sts:AssumeRoleWithWebIdentity","Condition":{condition}}}}}"#
        );
        TrustPolicy::parse(&policy).unwrap().unrestricted_key(&[])
    }

    #[test]
    fn whoever_lets_in_everybody_lets_in_those_of_the_account_s_shared_providers() {
        let key = |principal: &str, condition: &str, issuers: &[&str]| {
            let policy = format!(
                r#"{{"Version":"2012-10-17","Statement":{{"Effect":"Allow",{principal},
                "Action":"sts:*","Condition":{condition}}}}}"#
            );
            let policy = TrustPolicy::parse(&policy).unwrap();
            policy.unrestricted_key(issuers)
        };
        let audience = r#"{"StringEquals":{"token.actions.githubusercontent.com:aud":"sts"}}"#;
        let subject = r#"{"StringLike":{"token.actions.githubusercontent.com:sub":"repo:a/b:*"}}"#;
        let own = "idp.example.com";
        let both = [own, "token.actions.githubusercontent.com"];
        for everybody in [r#""Principal":"*""#, r#""Principal":{"AWS":"*"}"#] {
            assert_eq!(key(everybody, audience, &both).as_deref(), Some(SUBJECT));
            assert_eq!(key(everybody, subject, &both), None);
            assert_eq!(key(everybody, audience, &[own]), None);
        }
        let role = r#""Principal":{"AWS":"arn:aws:iam::123456789012:root"}"#;
        assert_eq!(key(role, "{}", &both), None);
    }

    const GITHUB: &str =
        "arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com";
    const SUBJECT: &str = "token.actions.githubusercontent.com:sub";

    #[test]
    fn the_customers_of_a_shared_provider_are_told_apart() {
        for condition in [
            "{}",
            r#"{"StringEquals":{"token.actions.githubusercontent.com:aud":"sts"}}"#,
            r#"{"StringLike":{"token.actions.githubusercontent.com:sub":"*"}}"#,
            r#"{"StringEqualsIfExists":{"token.actions.githubusercontent.com:sub":"repo:a/b:x"}}"#,
            r#"{"StringNotEquals":{"token.actions.githubusercontent.com:sub":"repo:a/b:x"}}"#,
            r#"{"ForAllValues:StringEquals":{"token.actions.githubusercontent.com:sub":"repo:a/b:x"}}"#,
            r#"{"Null":{"token.actions.githubusercontent.com:sub":"false"}}"#,
        ] {
            let key = unrestricted(GITHUB, condition);
            assert_eq!(key.as_deref(), Some(SUBJECT), "{condition}");
        }
        let good = r#"{"StringLike":{"token.actions.githubusercontent.com:sub":"repo:a/b:*"}}"#;
        assert_eq!(unrestricted(GITHUB, good), None);
    }

    #[test]
    fn an_own_provider_needs_no_such_condition() {
        let own = "arn:aws:iam::123456789012:oidc-provider/idp.example.com";
        assert_eq!(unrestricted(own, "{}"), None);
        let alike = format!("{GITHUB}.example.com");
        assert_eq!(unrestricted(&alike, "{}"), None);
    }

    #[test]
    fn some_are_told_apart_by_the_name_of_the_session() {
        let provider = "arn:aws:iam::123456789012:oidc-provider/sts.windows.net/33e01921-4d64-4f8c-a055-5bdaffd5e33d";
        let key = "sts:RoleSessionName";
        assert_eq!(unrestricted(provider, "{}").as_deref(), Some(key));
        let good = r#"{"StringEquals":{"sts:RoleSessionName":"MicrosoftSentinel_1"}}"#;
        assert_eq!(unrestricted(provider, good), None);
    }

    #[test]
    fn a_provider_below_a_path_is_shared_too() {
        let below = format!("{GITHUB}/acme");
        let key = "token.actions.githubusercontent.com/acme:sub";
        assert_eq!(unrestricted(&below, "{}").as_deref(), Some(key));
    }
}
