use std::collections::BTreeSet;

use serde_json::Value;

use super::*;
use crate::demo::people::meridale;
use crate::domain::{
    AccountId, OidcProviderArn, Partition, ProviderArn, RoleArn, RoleName, SessionDuration,
};

const ACS: &str = "http://127.0.0.1:8080/saml/acs";
const STS: &str = "http://127.0.0.1:8080/saml";

fn seed() -> Seed {
    Seed {
        issuer: "http://127.0.0.1:9000".parse().unwrap(),
        portal_client: "rolegate-portal".parse().unwrap(),
        sts_client: "rolegate-sts".parse().unwrap(),
        portal_secret_file: "/tmp/demo/portal secret".into(),
        saml: SamlSeed {
            entity_id: "http://127.0.0.1:9000/saml/metadata".parse().unwrap(),
            metadata: "<md:EntityDescriptor a=\"b\"/>".to_owned(),
            assertion_consumer_service: ACS.parse().unwrap(),
            sts: STS.parse().unwrap(),
        },
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
            Some((RoleArn::new(Partition::Aws, account, &path, &name), table))
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
        for placeholder in ["@issuer", "@portal", "@sts", "@saml"] {
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
        .find(|file| file.path == Path::new("connections/workforce.toml"));
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
        role.name(),
        ".trust.json",
    ];
    let trust: Value = serde_json::from_str(&file(&trust.concat()).text).unwrap();
    trust["Statement"].as_array().unwrap().clone()
}

/// The provider, audience and subject that a statement asks for.
fn asked<'s>(role: &RoleArn, statement: &'s Value) -> (&'static str, &'s Value, &'s Value) {
    let account = role.account();
    let oidc = OidcProviderArn::new(Partition::Aws, account, "127.0.0.1:9000");
    let saml = [
        "arn:aws:iam::",
        &account.to_string(),
        ":saml-provider/Meridale",
    ]
    .concat();
    let condition = &statement["Condition"]["StringEquals"];
    let (protocol, prefix) = match statement["Principal"]["Federated"].as_str() {
        Some(arn) if arn == oidc.as_str() => ("oidc", "127.0.0.1:9000:"),
        Some(arn) if arn == saml => ("saml", "saml:"),
        _ => panic!("{role}: {statement}"),
    };
    let key = |name: &str| &condition[[prefix, name].concat()];
    (protocol, key("aud"), key("sub"))
}

#[test]
fn every_role_is_trusted_by_its_own_account_s_providers_and_an_audience() {
    for (role, _) in roles() {
        let asked = statements(&role);
        let asked: Vec<_> = asked.iter().map(|it| self::asked(&role, it)).collect();
        assert!(
            asked.iter().all(|(_, audience, _)| audience.is_string()),
            "{role}"
        );
        let portal = |protocol: &str, audience: &str| {
            let mut asked = asked.iter();
            asked.any(|(own, aud, _)| *own == protocol && **aud == audience)
        };
        let by_both = [portal("oidc", "rolegate-portal"), portal("saml", ACS)];
        let expected = role.name() != "IntegrationTest";
        assert_eq!(by_both, [expected; 2], "{role}");
    }
}

#[test]
fn whoever_brings_a_proof_to_sts_is_named() {
    let mut takable = Vec::new();
    for (role, _) in roles() {
        for statement in statements(&role) {
            let (protocol, audience, subject) = asked(&role, &statement);
            if *audience != "rolegate-sts" && *audience != STS {
                continue;
            }
            let people = meridale();
            let person = people.iter().find(|one| *subject == one.subject).unwrap();
            takable.push(format!("{} {} {protocol}", person.key, role.name()));
        }
    }
    let expected = [
        "ines IntegrationTest oidc",
        "ines ReadOnly oidc",
        "ines ReadOnly saml",
        "lukas Analyst oidc",
        "lukas Analyst saml",
        "tomas Developer oidc",
        "tomas Developer saml",
    ];
    takable.sort();
    assert_eq!(takable, expected);
}

#[test]
fn every_role_that_the_provider_gives_at_sts_is_there() {
    let roles: BTreeSet<String> = roles().iter().map(|(role, _)| role.to_string()).collect();
    for pair in meridale().iter().flat_map(|person| &person.sts_roles) {
        let (role, provider) = pair.split_once(',').unwrap();
        assert!(roles.contains(role), "{role}");
        let account = role.parse::<RoleArn>().unwrap().account().to_string();
        let folder = ["accounts/", &account, "/saml-providers/Meridale.toml"].concat();
        file(&folder);
        assert!(provider.contains(&account), "{pair}");
    }
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
fn each_link_reaches_every_account() {
    let accounts: BTreeSet<_> = roles().iter().map(|(role, _)| role.account()).collect();
    for path in ["links/workforce.toml", "links/workforce-saml.toml"] {
        let link = toml_of(&file(path));
        let linked: BTreeSet<AccountId> = texts(&link, "providers")
            .iter()
            .map(|arn| arn.parse::<ProviderArn>().unwrap().account())
            .collect();
        assert_eq!(linked, accounts);
    }
}

#[test]
fn only_ines_may_break_the_glass() {
    let roles = roles();
    let mut roles = roles.iter().map(|(role, _)| role);
    let role = roles.find(|role| role.name() == "BreakGlass").unwrap();
    let people = meridale();
    let ines = people.iter().find(|person| person.key == "ines").unwrap();
    for statement in statements(role) {
        let (_, _, subject) = asked(role, &statement);
        assert_eq!(*subject, ines.subject);
    }
}
