use super::assert_named;
use crate::demo::{SamlSeed, Seed};
use crate::directory::testing::{
    self, CONNECTION_FILE, NOW, PROVIDER_FILE, READER_FILE, READER_TRUST, RULE_FILE, directory_of,
    edited, with, without,
};
use crate::directory::{Directory, DirectoryFiles, Environment, Problem, Role, lint, read, write};
use crate::domain::{AccountId, Partition, PolicyName, RoleName, SessionDuration};
use crate::entropy::{Entropy, EntropyError, SystemEntropy};

fn problems_of(files: &DirectoryFiles) -> Vec<Problem> {
    read(files, &Directory::default(), NOW, &SystemEntropy).unwrap_err()
}

fn account() -> AccountId {
    "482011739056".parse().unwrap()
}

fn role<'d>(directory: &'d Directory, name: &str) -> &'d Role {
    let name: RoleName = name.parse().unwrap();
    &directory.accounts[&account()].roles[&name]
}

#[test]
fn every_kind_of_file_is_read() {
    let directory = directory_of(&testing::files());
    let account = &directory.accounts[&account()];
    assert_eq!(account.settings.alias.as_str(), "payments-prod");
    assert_eq!(account.settings.environment, Environment::Production);
    let reader = role(&directory, "Reader");
    assert_eq!(reader.max_session_duration.seconds(), 7200);
    let policies: Vec<&str> = reader.policies.keys().map(PolicyName::as_str).collect();
    assert_eq!(policies, ["list", "read"]);
    assert_eq!(account.oidc_providers.len(), 1);
    let kinds = (
        directory.accounts.len(),
        directory.connections.len(),
        directory.links.len(),
        directory.rules.len(),
    );
    assert_eq!(kinds, (2, 1, 1, 2));
}

#[test]
fn what_a_file_leaves_out_has_its_default() {
    let directory = directory_of(&edited(READER_FILE, "max_session_duration = 7200", ""));
    let reader = role(&directory, "Reader");
    assert_eq!(reader.max_session_duration, SessionDuration::DEFAULT);
    assert_eq!(reader.created_at, NOW);
}

#[test]
fn an_account_s_alias_and_name_have_bounds() {
    let path = "accounts/482011739056/account.toml";
    let (long, longer) = ("x".repeat(64), "x".repeat(129));
    for (from, to, why) in [
        ("'payments-prod'", "''", "account alias must be 1 to 63"),
        ("payments-prod", &long, "account alias must be 1 to 63"),
        (
            "'payments-prod'",
            "\"a\\u001Bb\"",
            "account alias must be 1 to 63",
        ),
        ("Payments", &longer, "account name must be at most 128"),
    ] {
        assert_named(&problems_of(&edited(path, from, to)), path, why);
    }
}

#[test]
fn a_mistake_in_an_account_s_file_names_the_file() {
    for (path, from, to, why) in [
        (
            "accounts/482011739056/account.toml",
            "alias",
            "alas",
            "unknown field `alas`",
        ),
        (
            "accounts/482011739056/account.toml",
            "'production'",
            "'prod'",
            "unknown variant `prod`",
        ),
        (READER_FILE, "7200", "899", "900 to 43200 seconds"),
        (
            READER_FILE,
            "'/engineering/'",
            "'engineering'",
            "path must be",
        ),
        (
            READER_FILE,
            "description",
            "max_sesion",
            "unknown field `max_sesion`",
        ),
        (READER_TRUST, "Allow", "Alow", "Effect"),
        (READER_TRUST, "Principal", "Principle", "Principle"),
        (
            "accounts/482011739056/roles/Reader.policies/read.json",
            "s3:Get*",
            "s3",
            "an action is * or",
        ),
        (PROVIDER_FILE, "https://", "ftp://", "issuer must be"),
        (
            PROVIDER_FILE,
            "client_ids",
            "clients",
            "unknown field `clients`",
        ),
    ] {
        assert_named(&problems_of(&edited(path, from, to)), path, why);
    }
}

#[test]
fn a_mistake_in_another_file_names_the_file() {
    for (path, from, to, why) in [
        (CONNECTION_FILE, "https://", "ftp://", "issuer must be"),
        (
            CONNECTION_FILE,
            "display_name",
            "name",
            "unknown field `name`",
        ),
        (CONNECTION_FILE, "[oidc]", "", "unknown field `client_auth`"),
        (
            CONNECTION_FILE,
            "[oidc]",
            "[saml]",
            "unknown field `client_auth`",
        ),
        (
            "links/workforce.toml",
            "iam::482011739056",
            "iam::48201173905",
            "provider",
        ),
        (RULE_FILE, "equals", "equal", "unknown field `equal`"),
        (
            RULE_FILE,
            "session_name",
            "id = 'writers'\nsession_name",
            "its file's name says readers",
        ),
    ] {
        assert_named(&problems_of(&edited(path, from, to)), path, why);
    }
}

#[test]
fn a_file_whose_name_is_no_resource_s_name_is_told() {
    for (path, why) in [
        ("notes.toml", "no resource has this place"),
        (
            "accounts/482011739056/teams/readers.toml",
            "no resource has this place",
        ),
        ("accounts/482011739056/users/in es.toml", "user name"),
        (
            "accounts/482011739056/users/ines.json",
            "a user has <Name>.toml",
        ),
        (
            "accounts/482011739056/users/ines.policies/read.json",
            "there is no accounts/482011739056/users/ines.toml",
        ),
        (
            "accounts/482011739056/policies/read.json",
            "there is no accounts/482011739056/policies/read.toml",
        ),
        (
            "accounts/482011739056/roles/Reader.policies/deep/read.json",
            "no resource has this place",
        ),
        ("accounts/48201173905/account.toml", "account id"),
        ("accounts/482011739056/roles/Rea der.toml", "role name"),
        (
            "accounts/482011739056/roles/Reader.yaml",
            "a role has <Name>.toml",
        ),
        (
            "accounts/482011739056/roles/Reader.policies/read.toml",
            "<Name>.policies/<policy>.json",
        ),
        (
            "accounts/482011739056/roles/Reader/read.json",
            "<Name>.policies/<policy>.json",
        ),
        (
            "accounts/482011739056/roles/Reader.policies/re ad.json",
            "policy name",
        ),
        (
            "accounts/482011739056/oidc-providers/idp.json",
            "a provider's file ends in .toml",
        ),
        ("connections/work force.toml", "connection id"),
        ("connections/workforce.json", "must end in .toml"),
        ("links/Workforce.toml", "link id"),
        ("links/workforce.json", "must end in .toml"),
        ("rules/Readers.toml", "rule id"),
        ("rules/readers.json", "must end in .toml"),
    ] {
        assert_named(&problems_of(&with(path, "alias = 'x'")), path, why);
    }
}

#[test]
fn a_role_needs_its_trust_policy() {
    let problems = problems_of(&without(READER_TRUST));
    assert_named(&problems, READER_TRUST, "the file is missing");
}

#[test]
fn what_belongs_to_a_role_needs_the_role() {
    let problems = problems_of(&without(READER_FILE));
    let why = "there is no accounts/482011739056/roles/Reader.toml";
    assert_named(&problems, READER_TRUST, why);
    let policy = "accounts/482011739056/roles/Reader.policies/read.json";
    assert_named(&problems, policy, why);
}

#[test]
fn what_belongs_to_an_account_needs_the_account() {
    let problems = problems_of(&without("accounts/482011739056/account.toml"));
    let why = "there is no accounts/482011739056/account.toml";
    for path in [READER_FILE, READER_TRUST, PROVIDER_FILE] {
        assert_named(&problems, path, why);
    }
}

#[test]
fn a_role_has_its_own_policies_and_not_those_of_a_longer_name() {
    let mut files = testing::files();
    let base = "accounts/482011739056/roles/Reader";
    for (more, text) in [
        ("Plus.toml", ""),
        ("Plus.trust.json", &files[READER_TRUST].clone()),
        (
            "Plus.policies/write.json",
            r#"{"Version":"2012-10-17","Statement":[]}"#,
        ),
    ] {
        files.insert([base, more].concat(), text.to_owned());
    }
    let statement =
        r#"{"Version":"2012-10-17","Statement":{"Effect":"Deny","Action":"*","Resource":"*"}}"#;
    files.insert(
        [base, "Plus.policies/write.json"].concat(),
        statement.to_owned(),
    );
    let directory = directory_of(&files);
    assert_eq!(role(&directory, "Reader").policies.len(), 2);
    let names = role(&directory, "ReaderPlus").policies.keys();
    assert_eq!(names.map(PolicyName::as_str).collect::<Vec<_>>(), ["write"]);
}

#[test]
fn a_role_may_be_called_like_another_s_folder() {
    let mut files = testing::files();
    let trust = files[READER_TRUST].clone();
    let base = "accounts/482011739056/roles/Reader.policies";
    files.insert([base, ".toml"].concat(), String::new());
    files.insert([base, ".trust.json"].concat(), trust);
    let directory = directory_of(&files);
    assert_eq!(role(&directory, "Reader.policies").policies.len(), 0);
    assert_eq!(role(&directory, "Reader").policies.len(), 2);
}

#[test]
fn two_files_of_one_provider_are_refused() {
    let again = "accounts/482011739056/oidc-providers/second.toml";
    let files = with(
        again,
        "url = 'https://idp.example.com'\nclient_ids = ['x']\n",
    );
    assert_named(
        &problems_of(&files),
        again,
        "has the url https://idp.example.com too",
    );
}

#[test]
fn files_without_an_account_are_refused() {
    let nothing = DirectoryFiles::new();
    assert_named(&problems_of(&nothing), "accounts", "no account is listed");
}

#[test]
fn every_problem_of_every_file_is_told_at_once() {
    let mut files = edited(READER_FILE, "7200", "1");
    files.insert("rules/x.toml".into(), "nonsense".into());
    files.insert("notes.toml".into(), String::new());
    let problems = problems_of(&files);
    let places: Vec<&str> = problems.iter().map(|problem| &*problem.at).collect();
    assert_eq!(places, [READER_FILE, "notes.toml", "rules/x.toml"]);
}

#[test]
fn a_role_keeps_its_unique_id_as_long_as_its_place_stays() {
    let first = directory_of(&testing::files());
    let files = edited(READER_FILE, "'Reads'", "'Reads all'");
    let again = read(&files, &first, NOW.plus(9), &SystemEntropy).unwrap();
    let (before, after) = (role(&first, "Reader"), role(&again, "Reader"));
    assert_eq!(after.unique_id, before.unique_id);
    assert_eq!(after.created_at, NOW);
}

#[test]
fn a_role_at_another_path_is_another_role() {
    let first = directory_of(&testing::files());
    let files = edited(READER_FILE, "'/engineering/'", "'/'");
    let again = read(&files, &first, NOW.plus(9), &SystemEntropy).unwrap();
    let (before, after) = (role(&first, "Reader"), role(&again, "Reader"));
    assert_ne!(after.unique_id, before.unique_id);
    assert_eq!(after.created_at, NOW.plus(9));
}

#[test]
fn a_role_that_was_removed_comes_back_as_another_one() {
    let first = directory_of(&testing::files());
    let mut fewer = without("accounts/482011739056/roles/");
    fewer.remove(RULE_FILE);
    let removed = read(&fewer, &first, NOW, &SystemEntropy).unwrap();
    let again = read(&testing::files(), &removed, NOW, &SystemEntropy).unwrap();
    assert_ne!(
        role(&again, "Reader").unique_id,
        role(&first, "Reader").unique_id
    );
}

#[test]
fn a_role_whose_id_can_t_be_drawn_is_told() {
    struct Nothing;
    impl Entropy for Nothing {
        fn fill(&self, _: &mut [u8]) -> Result<(), EntropyError> {
            Err(EntropyError)
        }
    }
    let files = testing::files();
    let problems = read(&files, &Directory::default(), NOW, &Nothing).unwrap_err();
    assert_named(&problems, READER_FILE, "no random bytes");
}

#[test]
fn an_export_restores_the_same_directory_into_an_empty_store() {
    let first = directory_of(&testing::files());
    let exported = write(&first, Partition::Aws).unwrap();
    let restored = read(
        &exported,
        &Directory::default(),
        NOW.plus(9),
        &SystemEntropy,
    );
    assert_eq!(restored.unwrap(), first);
}

#[test]
fn an_export_says_what_reading_it_says_again() {
    let exported = write(&directory_of(&testing::files()), Partition::Aws).unwrap();
    assert_eq!(
        write(&directory_of(&exported), Partition::Aws).unwrap(),
        exported
    );
}

#[test]
fn the_demo_s_directory_survives_an_export() {
    let seed = Seed {
        issuer: "http://127.0.0.1:9000".parse().unwrap(),
        portal_client: "rolegate-portal".parse().unwrap(),
        sts_client: "rolegate-sts".parse().unwrap(),
        portal_secret_file: "/tmp/demo/portal secret".into(),
        saml: SamlSeed {
            entity_id: "http://127.0.0.1:9000/saml/metadata".parse().unwrap(),
            metadata: testing::metadata_document("http://127.0.0.1:9000/saml/metadata"),
            assertion_consumer_service: "http://127.0.0.1:8080/saml/acs".parse().unwrap(),
            sts: "http://127.0.0.1:8080/saml".parse().unwrap(),
        },
    };
    let files = seed.files().unwrap().into_iter();
    let files = files.map(|file| (file.path.to_str().unwrap().to_owned(), file.text));
    let directory = directory_of(&files.collect());
    assert_eq!(
        directory_of(&write(&directory, Partition::Aws).unwrap()),
        directory
    );
    assert_eq!(lint(&directory).warnings, []);
}

#[test]
fn sealing_keys_are_never_exported_and_never_lost() {
    let key = crate::directory::SealingKeyRecord::new([7; 32], NOW, NOW);
    let mut current = directory_of(&testing::files());
    current.sealing_keys.push(key.clone());
    let exported = write(&current, Partition::Aws).unwrap();
    let bytes = data_encoding::BASE64.encode(&[7; 32]);
    assert!(!exported.values().any(|text| text.contains(&bytes)));
    let again = read(&exported, &current, NOW, &SystemEntropy).unwrap();
    assert_eq!(again.sealing_keys, [key]);
}

#[test]
fn a_connection_is_called_as_its_file() {
    let files = edited(
        CONNECTION_FILE,
        "display_name",
        "id = 'customers'\ndisplay_name",
    );
    assert_named(&problems_of(&files), CONNECTION_FILE, "take id out");
}
