//! The files of `config/providers` with tokens as their providers document them: what the files mean to
//! let in is let in, and what is another in one claim is not.

use super::*;
use crate::domain::IssuerTraits;

const GITHUB: &str = include_str!("../../../config/providers/github-actions.txt");
const GITLAB: &str = include_str!("../../../config/providers/gitlab.txt");
const GOOGLE: &str = include_str!("../../../config/providers/google.txt");
const ENTRA: &str = include_str!("../../../config/providers/entra.txt");
const OKTA: &str = include_str!("../../../config/providers/okta.txt");
const SALESFORCE: &str = include_str!("../../../config/providers/salesforce.txt");
const APPLE: &str = include_str!("../../../config/providers/apple.txt");
const TENANT: &str = "11111111-2222-3333-4444-555555555555";

/// A provider's files in an account that has nothing else.
fn files(text: &str) -> DirectoryFiles {
    let sections = text.split("\n#### ").skip(1);
    let files = sections.map(|section| {
        let (path, content) = section.split_once('\n').unwrap();
        (path.to_owned(), content.to_owned())
    });
    let account = "accounts/123456789012/account.toml".to_owned();
    let own = std::iter::once((account, "alias = 'management'".to_owned()));
    files.chain(own).collect()
}

/// The one role of the files.
fn role(files: &DirectoryFiles) -> String {
    let trust = files.keys().find(|path| path.ends_with(".trust.json"));
    let name = trust.unwrap().rsplit('/').next().unwrap();
    let name = name.trim_end_matches(".trust.json");
    ["arn:aws:iam::123456789012:role/", name].concat()
}

/// How a call with these claims ends: an error's code, or nothing.
async fn ended(files: &DirectoryFiles, claims: &Value) -> Option<&'static str> {
    let node = Node::with(files).await;
    let keys = KeyCache::new(Arc::new(Outgoing::new(&nowhere()).unwrap()));
    let issuer = claims["iss"].as_str().unwrap();
    keys.serve_own(&issuer.parse().unwrap(), key_set(&SIGNER));
    let flow = AssumeRoleWithWebIdentity {
        keys: Arc::new(keys),
        ..node.web_identity()
    };
    let token = token(claims.clone());
    let request = WebIdentityRequest {
        role: role(files).parse().unwrap(),
        ..request(&token)
    };
    let result = flow.run(request, &meta()).await;
    result.err().map(|error| error.code())
}

fn changed(mut claims: Value, change: &Value) -> Value {
    for (name, value) in change.as_object().unwrap() {
        claims[name] = value.clone();
    }
    claims
}

/// The claims are let in, and each of the changes keeps them out, with this code.
async fn assert_meant(text: &str, claims: &Value, changes: &[(Value, &str)]) {
    let files = files(text);
    assert_eq!(ended(&files, claims).await, None, "{claims}");
    for (change, code) in changes {
        let claims = changed(claims.clone(), change);
        assert_eq!(ended(&files, &claims).await, Some(*code), "{change}");
    }
}

const DENIED: &str = "AccessDenied";
const INVALID: &str = "InvalidIdentityToken";

fn github() -> Value {
    json!({
        "iss": "https://token.actions.githubusercontent.com",
        "jti": "example-id",
        "sub": "repo:example/payments:environment:production",
        "aud": "sts.amazonaws.com",
        "ref": "refs/heads/main",
        "sha": "0123456789abcdef0123456789abcdef01234567",
        "repository": "example/payments",
        "repository_id": "520556977",
        "repository_owner": "example",
        "repository_owner_id": "73232739",
        "repository_visibility": "private",
        "enterprise_id": "4321",
        "environment": "production",
        "run_id": "1234567890",
        "run_number": "10",
        "run_attempt": "2",
        "actor": "ines",
        "actor_id": "12",
        "workflow": "deploy",
        "head_ref": "",
        "base_ref": "",
        "event_name": "push",
        "ref_type": "branch",
        "job_workflow_ref": "example/shared/.github/workflows/deploy.yml@refs/heads/main",
        "runner_environment": "github-hosted",
        "nbf": NOW.seconds() - 5,
    })
}

fn gitlab() -> Value {
    json!({
        "iss": "https://gitlab.com",
        "namespace_id": "445508",
        "namespace_path": "example",
        "project_id": "87006951",
        "project_path": "example/payments",
        "user_id": "42",
        "user_login": "ines",
        "user_email": "ines@example.com",
        "user_access_level": "developer",
        "user_identities": [{ "provider": "github", "extern_uid": "2435223452345" }],
        "pipeline_id": "574",
        "pipeline_source": "push",
        "job_id": "302",
        "ref": "main",
        "ref_type": "branch",
        "ref_path": "refs/heads/main",
        "ref_protected": "true",
        "groups_direct": ["example"],
        "runner_id": 1,
        "runner_environment": "gitlab-hosted",
        "sha": "0123456789abcdef0123456789abcdef01234567",
        "sub": "project_path:example/payments:ref_type:branch:ref:main",
        "aud": "https://aws.example.com",
        "nbf": NOW.seconds() - 5,
    })
}

fn google() -> Value {
    json!({
        "iss": "https://accounts.google.com",
        "azp": "YOUR-APP.apps.googleusercontent.com",
        "aud": "YOUR-APP.apps.googleusercontent.com",
        "sub": "109876543210987654321",
        "hd": "example.com",
        "email": "ines@example.com",
        "email_verified": true,
        "at_hash": "HK6E_P6Dh8Y93mRNtsDB1Q",
    })
}

#[tokio::test]
async fn a_job_of_github_actions() {
    let other = json!({ "sub": "repo:somebody-else/payments:environment:production" });
    let fork = json!({ "sub": "repo:example/payments:pull_request" });
    let again = json!({ "repository_id": "999" });
    let number = json!({ "repository_id": 520_556_978 });
    let changes = [
        (other, DENIED),
        (fork, DENIED),
        (again, DENIED),
        (number, DENIED),
        (json!({ "repository_id": null }), DENIED),
        (json!({ "aud": "https://github.com/example" }), INVALID),
    ];
    assert_meant(GITHUB, &github(), &changes).await;
}

#[tokio::test]
async fn a_job_of_gitlab() {
    let branch = json!({ "sub": "project_path:example/payments:ref_type:branch:ref:test" });
    let changes = [
        (branch, DENIED),
        (json!({ "project_id": "1" }), DENIED),
        (json!({ "ref_protected": "false" }), DENIED),
        (json!({ "aud": "https://gitlab.com" }), INVALID),
    ];
    assert_meant(GITLAB, &gitlab(), &changes).await;
}

/// Of all who can sign in to the portal, those whom a rule names may; STS knows no rule, and takes no
/// token of the portal's client.
#[tokio::test]
async fn a_person_of_google() {
    let portal = "YOUR-PORTAL.apps.googleusercontent.com";
    let changes = [
        (json!({ "sub": "109876543210987654322" }), DENIED),
        (json!({ "aud": portal, "azp": portal }), INVALID),
        (json!({ "azp": portal }), INVALID),
    ];
    assert_meant(GOOGLE, &google(), &changes).await;
}

fn entra() -> Value {
    json!({
        "iss": format!("https://login.microsoftonline.com/{TENANT}/v2.0"),
        "aud": "YOUR-APP",
        "sub": "AAAAAAAAAAAAAAAAAAAAAIkzqFVrSaSaFHy782bbtaQ",
        "aio": "Df2UVXL1ix!lMCWMSOJBcFatzcGfvFGhjKv8q5g0x732dR5MB5BisvGQO7YWByjd8iQDLq",
        "groups": ["66666666-7777-8888-9999-000000000000"],
        "name": "Ines Okafor",
        "oid": "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee",
        "preferred_username": "ines@example.com",
        "tid": TENANT,
        "ver": "2.0",
        "nbf": NOW.seconds() - 300,
    })
}

/// Every tenant has an issuer of its own, and so has each version of its tokens.
#[tokio::test]
async fn a_person_of_entra() {
    let another = "https://login.microsoftonline.com/99999999-2222-3333-4444-555555555555/v2.0";
    let first = format!("https://sts.windows.net/{TENANT}/");
    let changes = [
        (
            json!({ "sub": "AAAAAAAAAAAAAAAAAAAAAIkzqFVrSaSaFHy782bbtaR" }),
            DENIED,
        ),
        (json!({ "iss": another }), INVALID),
        (json!({ "iss": first }), INVALID),
        (json!({ "aud": "YOUR-PORTAL" }), INVALID),
    ];
    assert_meant(ENTRA, &entra(), &changes).await;
}

#[tokio::test]
async fn a_version_1_token_of_entra_has_a_provider_of_its_own() {
    let name = format!("sts.windows.net/{TENANT}/");
    let second = format!("login.microsoftonline.com/{TENANT}/v2.0");
    let mut files = files(ENTRA);
    for path in ["connections", "links", "rules"] {
        files.remove(&format!("{path}/entra.toml"));
    }
    for text in files.values_mut() {
        *text = text.replace(&second, &name);
    }
    let first = json!({ "iss": format!("https://{name}"), "ver": "1.0" });
    let claims = changed(entra(), &first);
    assert_eq!(ended(&files, &claims).await, None);
    let without_slash = json!({ "iss": format!("https://sts.windows.net/{TENANT}") });
    let claims = changed(entra(), &without_slash);
    assert_eq!(ended(&files, &claims).await, Some(INVALID));
}

#[tokio::test]
async fn a_person_of_okta() {
    let claims = json!({
        "iss": "https://example.okta.com",
        "ver": 1,
        "sub": "00u1a2b3c4D5E6F7g8h9",
        "aud": "YOUR-APP",
        "jti": "ID.4eAWJOCMB3SX8XewDfVR",
        "amr": ["pwd", "mfa"],
        "idp": "00o1a2b3c4D5E6F7g8h9",
        "preferred_username": "ines@example.com",
        "auth_time": NOW.seconds() - 60,
        "groups": ["Everyone"],
    });
    let server = json!({ "iss": "https://example.okta.com/oauth2/default" });
    let changes = [
        (json!({ "sub": "00u1a2b3c4D5E6F7g8h0" }), DENIED),
        (server, INVALID),
    ];
    assert_meant(OKTA, &claims, &changes).await;
}

#[tokio::test]
async fn a_person_of_salesforce() {
    let claims = json!({
        "iss": "https://example.my.salesforce.com",
        "sub": "https://login.salesforce.com/id/00Dx00000001gPLEAY/005x00000012Q9PAAU",
        "aud": "YOUR-APP",
        "at_hash": "m9ROKNkDPQvCvNPSPKpqIA",
    });
    let other = "https://login.salesforce.com/id/00Dx00000001gPLEAZ/005x00000012Q9PAAU";
    let changes = [
        (json!({ "sub": other }), DENIED),
        (json!({ "iss": "https://login.salesforce.com" }), INVALID),
    ];
    assert_meant(SALESFORCE, &claims, &changes).await;
}

#[tokio::test]
async fn a_person_of_apple() {
    let claims = json!({
        "iss": "https://appleid.apple.com",
        "aud": "com.example.app",
        "sub": "001234.0123456789abcdef0123456789abcdef.0123",
        "email": "x1y2z3@privaterelay.appleid.com",
        "email_verified": "true",
        "is_private_email": "true",
        "nonce_supported": true,
        "real_user_status": 2,
        "auth_time": NOW.seconds() - 3,
    });
    let changes = [
        (
            json!({ "sub": "001234.0123456789abcdef0123456789abcdef.0124" }),
            DENIED,
        ),
        (json!({ "aud": "com.example.portal" }), INVALID),
    ];
    assert_meant(APPLE, &claims, &changes).await;
}

/// The files of a provider whose trust policy wants this key to be so, too.
fn wanting(text: &str, key: &str, value: &str) -> DirectoryFiles {
    let mut files = files(text);
    let trust = files
        .iter_mut()
        .find(|(path, _)| path.ends_with(".trust.json"));
    let trust = trust.unwrap().1;
    let mut policy: Value = serde_json::from_str(trust).unwrap();
    let statement = match &mut policy["Statement"] {
        Value::Array(statements) => statements.last_mut().unwrap(),
        one => one,
    };
    statement["Condition"]["StringEquals"][key] = value.into();
    *trust = policy.to_string();
    files
}

/// What the claims say under this name or JSON pointer, as text.
fn said(claims: &Value, claim: &str) -> String {
    let value = claims.pointer(claim).or_else(|| claims.get(claim)).unwrap();
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}

#[tokio::test]
async fn each_claim_that_is_a_key_of_its_provider_is_judged() {
    let google = changed(
        google(),
        &json!({ "google": { "organization_number": 1_234 } }),
    );
    for (text, claims) in [(GITHUB, github()), (GITLAB, gitlab()), (GOOGLE, google)] {
        let issuer = claims["iss"]
            .as_str()
            .unwrap()
            .trim_start_matches("https://");
        let own = IssuerTraits::of(issuer).condition_claims;
        assert!(!own.is_empty(), "{issuer}");
        for claim in own {
            let key = [issuer, ":", claim.trim_start_matches('/')].concat();
            let value = said(&claims, claim);
            let right = ended(&wanting(text, &key, &value), &claims).await;
            assert_eq!(right, None, "{key} = {value}");
            let wrong = ended(&wanting(text, &key, "something else"), &claims).await;
            assert_eq!(wrong, Some(DENIED), "{key}");
        }
    }
}

/// A provider of anybody's making says nothing under such keys.
#[tokio::test]
async fn a_claim_of_another_issuer_is_no_key() {
    let key = "example.okta.com:repository";
    let claims = json!({
        "iss": "https://example.okta.com",
        "sub": "00u1a2b3c4D5E6F7g8h9",
        "aud": "YOUR-APP",
        "repository": "example/payments",
    });
    assert_eq!(ended(&files(OKTA), &claims).await, None);
    let wanted = wanting(OKTA, key, "example/payments");
    assert_eq!(ended(&wanted, &claims).await, Some(DENIED));
}
