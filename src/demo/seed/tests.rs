use std::collections::BTreeSet;

use serde_json::Value;

use super::*;
use crate::demo::people::meridale;
use crate::domain::{AccountId, OidcProviderArn, Partition, RoleArn, RoleName, SessionDuration};

fn seed() -> Seed {
    Seed {
        issuer: "http://127.0.0.1:9000".parse().unwrap(),
        portal_client: "rolegate-portal".parse().unwrap(),
        sts_client: "rolegate-sts".parse().unwrap(),
        portal_secret_file: "/tmp/demo/portal secret".into(),
    }
}

fn files() -> Vec<SeedFile> {
    seed().files().unwrap()
}

fn toml_of(file: &SeedFile) -> toml::Table {
    file.text
        .parse()
        .unwrap_or_else(|error| panic!("{}: {error}", file.path.display()))
}

fn parts(file: &SeedFile) -> Vec<&str> {
    file.path
        .iter()
        .map(|part| part.to_str().unwrap())
        .collect()
}

/// Each role with its account: the files `accounts/<id>/roles/<Name>.toml`.
fn roles() -> Vec<(RoleArn, toml::Table)> {
    let files = files();
    let roles = files.iter().filter_map(|file| match parts(file)[..] {
        ["accounts", account, "roles", name] => {
            let name: RoleName = name.strip_suffix(".toml")?.parse().unwrap();
            let table = toml_of(file);
            let path = table["path"].as_str()?.parse().unwrap();
            let account: AccountId = account.parse().unwrap();
            Some((RoleArn::new(Partition::Aws, account, path, name), table))
        }
        _ => None,
    });
    roles.collect()
}

fn file(path: &str) -> SeedFile {
    let found = files()
        .into_iter()
        .find(|file| file.path == Path::new(path));
    found.unwrap_or_else(|| panic!("no {path}"))
}

fn rules() -> Vec<toml::Table> {
    let files = files();
    let rules = files.iter().filter(|file| file.path.starts_with("rules"));
    rules.map(toml_of).collect()
}

fn texts<'a>(table: &'a toml::Table, key: &str) -> Vec<&'a str> {
    let list = table[key].as_array().unwrap().iter();
    list.map(|text| text.as_str().unwrap()).collect()
}

fn paths_below(directory: &Path, root: &Path, found: &mut BTreeSet<PathBuf>) {
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            paths_below(&path, root, found);
        } else {
            found.insert(path.strip_prefix(root).unwrap().to_owned());
        }
    }
}

#[test]
fn every_file_on_disk_is_built_in() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("config/demo");
    let mut on_disk = BTreeSet::new();
    paths_below(&root, &root, &mut on_disk);
    let built_in: BTreeSet<PathBuf> = files().iter().map(|file| file.path.to_owned()).collect();
    assert_eq!(built_in, on_disk);
}

#[test]
fn every_placeholder_is_filled_in() {
    for file in files() {
        for placeholder in ["@issuer", "@portal", "@sts"] {
            assert!(!file.text.contains(placeholder), "{}", file.path.display());
        }
    }
    let connection = toml_of(&file("connections/workforce.toml"));
    assert_eq!(
        connection["oidc"]["issuer"].as_str(),
        Some("http://127.0.0.1:9000")
    );
    let secret_file = connection["oidc"]["client_auth"]["client_secret_basic"]["file"].as_str();
    assert_eq!(secret_file, Some("/tmp/demo/portal secret"));
}

#[test]
fn a_value_can_neither_leave_its_quotes_nor_name_a_placeholder() {
    let path = "C:\\demo\\\" @sts_client@";
    let seed = Seed {
        portal_secret_file: path.into(),
        ..seed()
    };
    let files = seed.files().unwrap();
    let connection = files
        .iter()
        .find(|file| file.path.starts_with("connections"));
    let connection = toml_of(connection.unwrap());
    assert_eq!(
        connection["oidc"]["client_auth"]["client_secret_basic"]["file"].as_str(),
        Some(path)
    );
}

#[test]
fn there_are_forty_roles_in_six_accounts() {
    let roles = roles();
    let accounts: BTreeSet<AccountId> = roles.iter().map(|(role, _)| role.account()).collect();
    assert_eq!((roles.len(), accounts.len()), (40, 6));
}

#[test]
fn every_role_lasts_as_long_as_a_role_may() {
    for (role, table) in roles() {
        let seconds = table["max_session_duration"].as_integer().unwrap();
        let duration = SessionDuration::from_seconds(u32::try_from(seconds).unwrap());
        assert!(duration >= Some(SessionDuration::DEFAULT), "{role}");
    }
}

/// The statements of a role's trust policy.
fn statements(role: &RoleArn) -> Vec<Value> {
    let trust = [
        "accounts/",
        &role.account().to_string(),
        "/roles/",
        role.name().as_str(),
        ".trust.json",
    ];
    let trust: Value = serde_json::from_str(&file(&trust.concat()).text).unwrap();
    trust["Statement"].as_array().unwrap().clone()
}

#[test]
fn every_role_is_trusted_by_its_own_account_s_provider_and_an_audience() {
    for (role, _) in roles() {
        let provider = OidcProviderArn::new(Partition::Aws, role.account(), "127.0.0.1:9000");
        for statement in statements(&role) {
            let federated = &statement["Principal"]["Federated"];
            assert_eq!(federated, provider.as_str(), "{role}");
            let audience = &statement["Condition"]["StringEquals"]["127.0.0.1:9000:aud"];
            assert!(audience.is_string(), "{role}");
        }
    }
}

#[test]
fn whoever_brings_a_proof_to_sts_is_named() {
    let mut takable = Vec::new();
    for (role, _) in roles() {
        for statement in statements(&role) {
            let condition = &statement["Condition"]["StringEquals"];
            if condition["127.0.0.1:9000:aud"] != "rolegate-sts" {
                continue;
            }
            let person = condition["127.0.0.1:9000:sub"].as_str().unwrap();
            let people = meridale();
            let person = people.iter().find(|one| one.subject == person).unwrap();
            takable.push(format!("{} {}", person.key, role.name()));
        }
    }
    let expected = [
        "ines IntegrationTest",
        "ines ReadOnly",
        "lukas Analyst",
        "tomas Developer",
    ];
    takable.sort();
    assert_eq!(takable, expected);
}

#[test]
fn every_json_file_is_an_object_with_a_version() {
    let files = files();
    let policies = files
        .iter()
        .filter(|file| file.path.extension() == Some("json".as_ref()));
    for file in policies {
        let policy: Value = serde_json::from_str(&file.text).unwrap();
        assert_eq!(policy["Version"], "2012-10-17", "{}", file.path.display());
    }
}

#[test]
fn rules_name_only_roles_that_exist() {
    let roles: BTreeSet<String> = roles().iter().map(|(role, _)| role.to_string()).collect();
    for rule in rules() {
        let tests = rule["tests"].as_array().unwrap();
        assert!((1..=2).contains(&tests.len()));
        let tested = tests
            .iter()
            .map(|test| texts(test.as_table().unwrap(), "roles"));
        for named in tested.flatten().chain(texts(&rule, "roles")) {
            let is_template = named.contains('{');
            assert!(is_template || roles.contains(named), "{named}");
        }
    }
}

#[test]
fn the_link_reaches_every_account() {
    let link = toml_of(&file("links/workforce.toml"));
    let linked: BTreeSet<AccountId> = texts(&link, "providers")
        .iter()
        .map(|arn| arn.parse::<OidcProviderArn>().unwrap().account())
        .collect();
    let accounts = roles().iter().map(|(role, _)| role.account()).collect();
    assert_eq!(linked, accounts);
}

#[test]
fn only_ines_may_break_the_glass() {
    let trust = file("accounts/482011739056/roles/BreakGlass.trust.json");
    let trust: Value = serde_json::from_str(&trust.text).unwrap();
    let subject = &trust["Statement"][0]["Condition"]["StringEquals"]["127.0.0.1:9000:sub"];
    let people = meridale();
    let ines = people.iter().find(|person| person.key == "ines").unwrap();
    assert_eq!(*subject, ines.subject);
}
