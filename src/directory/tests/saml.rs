//! SAML connections and providers, in files, in the log and against each other.

use std::sync::Arc;

use super::assert_named;
use crate::directory::testing::{
    ENTITY, LINK_FILE, NOW, SAML_CONNECTION_FILE, SAML_CONNECTION_METADATA, SAML_LINK_FILE,
    SAML_PROVIDER, SAML_PROVIDER_FILE, SAML_PROVIDER_METADATA, directory_of, edited_in,
    metadata_document, saml_files,
};
use crate::directory::{
    Change, ConnectionMetadata, Directory, DirectoryFiles, Problem, ServiceProviderKeyRecord,
    Snapshot, Touched, UnusableKey, check, diff, read, write,
};
use crate::domain::{ConnectionId, Partition, SamlProviderArn};
use crate::entropy::SystemEntropy;
use crate::federation::saml::service_provider::{KeyError, Rotation, ServiceProviderKey};
use crate::federation::saml::settings::Replay;

const FROM_URL: &str = "metadata = { url = 'https://saml.example.com/metadata' }";

fn partners() -> ConnectionId {
    "partners".parse().unwrap()
}

fn edited(path: &str, from: &str, to: &str) -> DirectoryFiles {
    edited_in(saml_files(), path, from, to)
}

fn without(path: &str) -> DirectoryFiles {
    let mut files = saml_files();
    files.remove(path).unwrap();
    files
}

fn read_problems(files: &DirectoryFiles) -> Vec<Problem> {
    read(files, &Directory::default(), NOW, &SystemEntropy).unwrap_err()
}

fn problems(files: &DirectoryFiles) -> Vec<Problem> {
    check(&directory_of(files), Partition::Aws)
}

/// The files of a connection whose metadata is fetched.
fn fetching() -> DirectoryFiles {
    let mut files = edited(SAML_CONNECTION_FILE, "metadata = 'upload'", FROM_URL);
    files.remove(SAML_CONNECTION_METADATA);
    files
}

/// A directory with metadata that was fetched.
fn fetched() -> Directory {
    let uploaded = directory_of(&saml_files()).connection_metadata[&partners()].clone();
    let metadata = ConnectionMetadata::Fetched(uploaded.provider().clone());
    let mut directory = directory_of(&fetching());
    directory.apply(Change::PutConnectionMetadata(
        partners(),
        Arc::new(metadata),
    ));
    directory
}

#[test]
fn saml_files_say_a_valid_directory() {
    let directory = directory_of(&saml_files());
    assert_eq!(check(&directory, Partition::Aws), []);
    let account = &directory.accounts[&"482011739056".parse().unwrap()];
    let provider = &account.saml_providers["Partners"];
    assert_eq!(provider.entity_id().as_str(), ENTITY);
    assert_eq!(provider.settings.replay, Replay::Once);
    assert_eq!(provider.metadata.as_str(), metadata_document(ENTITY));
    let known = directory.connection_metadata[&partners()].provider();
    assert_eq!(known.entity_id.as_str(), ENTITY);
}

#[test]
fn an_export_restores_saml_too() {
    let first = directory_of(&saml_files());
    let exported = write(&first, Partition::Aws).unwrap();
    assert_eq!(exported[SAML_PROVIDER_METADATA], metadata_document(ENTITY));
    assert_eq!(
        exported[SAML_CONNECTION_METADATA],
        metadata_document(ENTITY)
    );
    assert_eq!(directory_of(&exported), first);
}

#[test]
fn a_mistake_in_a_saml_file_names_the_file() {
    let unnamed = metadata_document("urn:other");
    for (files, path, why) in [
        (
            without(SAML_PROVIDER_METADATA),
            SAML_PROVIDER_METADATA,
            "the file is missing",
        ),
        (
            without(SAML_CONNECTION_METADATA),
            SAML_CONNECTION_METADATA,
            "the file is missing",
        ),
        (
            without(SAML_PROVIDER_FILE),
            SAML_PROVIDER_METADATA,
            "there is no accounts/482011739056/saml-providers/Partners.toml",
        ),
        (
            without(SAML_CONNECTION_FILE),
            SAML_CONNECTION_METADATA,
            "there is no connections/partners.toml",
        ),
        (
            edited(SAML_PROVIDER_FILE, "'once'", "'twice'"),
            SAML_PROVIDER_FILE,
            "unknown variant `twice`",
        ),
        (
            edited(SAML_PROVIDER_METADATA, "</md:IDP", "<md:IDP"),
            SAML_PROVIDER_METADATA,
            "the metadata can't be read",
        ),
        (
            edited(
                SAML_CONNECTION_METADATA,
                &metadata_document(ENTITY),
                &unnamed,
            ),
            SAML_CONNECTION_METADATA,
            "no such SAML 2.0 identity provider",
        ),
        (
            edited(SAML_CONNECTION_FILE, "metadata = 'upload'", FROM_URL),
            SAML_CONNECTION_METADATA,
            "the connection's metadata is not uploaded",
        ),
        (
            edited(SAML_CONNECTION_FILE, "[saml]", "[oidc]"),
            SAML_CONNECTION_FILE,
            "unknown field `entity_id`",
        ),
    ] {
        assert_named(&read_problems(&files), path, why);
    }
}

#[test]
fn a_saml_file_whose_name_is_no_resource_s_name_is_told() {
    for (path, why) in [
        (
            "accounts/482011739056/saml-providers/Partners.xml",
            "a SAML provider has <Name>.toml and",
        ),
        (
            "accounts/482011739056/saml-providers/a b.toml",
            "SAML provider name",
        ),
        (
            "accounts/310957264483/saml-providers/A.toml",
            "there is no accounts/310957264483/account.toml",
        ),
        (
            "connections/customers.metadata.xml",
            "there is no connections/customers.toml",
        ),
    ] {
        let mut files = saml_files();
        files.insert(path.to_owned(), String::new());
        assert_named(&read_problems(&files), path, why);
    }
}

#[test]
fn a_link_joins_what_speaks_the_same_protocol() {
    let (oidc, at) = (
        "arn:aws:iam::482011739056:oidc-provider/idp.example.com",
        "links/partners",
    );
    let to_oidc = edited(SAML_LINK_FILE, SAML_PROVIDER, oidc);
    assert_named(
        &problems(&to_oidc),
        at,
        "speaks another protocol than the connection partners",
    );
    let to_saml = edited(LINK_FILE, oidc, SAML_PROVIDER);
    let why = "speaks another protocol than the connection workforce";
    assert_named(&problems(&to_saml), "links/workforce", why);
    let nowhere = edited(SAML_LINK_FILE, "/Partners", "/Others");
    let why = "there is no provider arn:aws:iam::482011739056:saml-provider/Others";
    assert_named(&problems(&nowhere), at, why);
    let foreign = edited(SAML_LINK_FILE, "arn:aws:", "arn:aws-cn:");
    assert_named(
        &problems(&foreign),
        at,
        "there is no provider arn:aws-cn:iam",
    );
}

#[test]
fn a_saml_connection_speaks_as_a_provider_of_its_own_entity_only() {
    let other = metadata_document("urn:other");
    let files = edited(SAML_PROVIDER_METADATA, &metadata_document(ENTITY), &other);
    let why = "has the issuer urn:other, the connection partners has https://saml.example.com/idp";
    assert_named(&problems(&files), "links/partners", why);
}

#[test]
fn metadata_must_fit_its_connection() {
    let mut directory = directory_of(&saml_files());
    let at = "connections/partners";
    directory.connection_metadata.clear();
    let why = "there is no connections/partners.metadata.xml";
    assert_named(&check(&directory, Partition::Aws), at, why);

    let binding = edited(
        SAML_CONNECTION_FILE,
        "metadata",
        "request_binding = 'post'\nmetadata",
    );
    assert_named(
        &problems(&binding),
        at,
        "no SingleSignOnService with the binding",
    );

    let mut directory = fetched();
    assert_eq!(check(&directory, Partition::Aws), []);
    let mut metadata = directory.connection_metadata[&partners()]
        .provider()
        .clone();
    metadata.entity_id = "urn:other".parse().unwrap();
    let metadata = Arc::new(ConnectionMetadata::Fetched(metadata));
    directory.apply(Change::PutConnectionMetadata(partners(), metadata));
    assert_named(
        &check(&directory, Partition::Aws),
        at,
        "the metadata is about urn:other",
    );

    let mut directory = fetched();
    let stray = directory.connection_metadata[&partners()].clone();
    directory
        .connection_metadata
        .insert("workforce".parse().unwrap(), stray);
    let why = "the connection does not speak SAML";
    assert_named(
        &check(&directory, Partition::Aws),
        "connections/workforce",
        why,
    );
}

#[test]
fn a_connection_may_wait_for_its_first_fetch() {
    assert_eq!(problems(&fetching()), []);
}

#[test]
fn fetched_metadata_survives_an_apply_that_asks_the_same_place() {
    let current = fetched();
    let kept = &current.connection_metadata;
    let rarer = "metadata = { url = 'https://saml.example.com/metadata', refresh_seconds = 600 }";
    let rarer = edited_in(fetching(), SAML_CONNECTION_FILE, FROM_URL, rarer);
    for files in [fetching(), rarer] {
        let again = read(&files, &current, NOW, &SystemEntropy).unwrap();
        assert_eq!(again.connection_metadata, *kept);
    }
    let elsewhere = edited_in(fetching(), SAML_CONNECTION_FILE, "/metadata'", "/other'");
    let other = edited_in(fetching(), SAML_CONNECTION_FILE, "com/idp", "com/two");
    for files in [elsewhere, other] {
        let again = read(&files, &current, NOW, &SystemEntropy).unwrap();
        assert!(again.connection_metadata.is_empty());
        let changes = diff(&current, &again);
        assert!(changes.contains(&Change::RemoveConnectionMetadata(partners())));
    }
}

#[test]
fn fetched_metadata_is_not_exported() {
    let exported = write(&fetched(), Partition::Aws).unwrap();
    assert!(!exported.contains_key(SAML_CONNECTION_METADATA));
    assert_eq!(
        exported
            .keys()
            .filter(|path| path.ends_with(".metadata.xml"))
            .count(),
        1
    );
}

#[test]
fn metadata_goes_with_its_connection() {
    let mut directory = fetched();
    let metadata = directory.connection_metadata[&partners()].clone();
    directory.apply(Change::RemoveConnection(partners()));
    assert!(directory.connection_metadata.is_empty());
    directory.apply(Change::PutConnectionMetadata(partners(), metadata));
    assert!(directory.connection_metadata.is_empty());
}

#[test]
fn a_snapshot_finds_a_saml_provider_by_its_whole_arn() {
    let directory = Arc::new(directory_of(&saml_files()));
    let snapshot = Snapshot::compile(1, directory, Partition::Aws);
    let found = |arn: &str| snapshot.saml_provider(&arn.parse::<SamlProviderArn>().unwrap());
    assert_eq!(found(SAML_PROVIDER).unwrap().entity_id().as_str(), ENTITY);
    for other in [
        "arn:aws:iam::482011739056:saml-provider/partners",
        "arn:aws:iam::123456789012:saml-provider/Partners",
        "arn:aws-cn:iam::482011739056:saml-provider/Partners",
    ] {
        assert!(found(other).is_none(), "{other}");
    }
    assert!(snapshot.connection_metadata(&partners()).is_some());
    assert!(
        snapshot
            .connection_metadata(&"workforce".parse().unwrap())
            .is_none()
    );
}

#[test]
fn changes_of_saml_say_what_they_are() {
    let (empty, full) = (Directory::default(), directory_of(&saml_files()));
    let lines = |changes: Vec<Change>| changes.iter().map(ToString::to_string).collect::<Vec<_>>();
    let put = lines(diff(&empty, &full));
    let position = |line: &str| put.iter().position(|other| other == line).unwrap();
    assert!(position("put connection partners") < position("put metadata of connection partners"));
    assert!(position("put SAML provider Partners in 482011739056") < position("put link partners"));
    let mut fewer = full.clone();
    let account = fewer
        .accounts
        .get_mut(&"482011739056".parse().unwrap())
        .unwrap();
    Arc::make_mut(account).saml_providers.clear();
    let removed = lines(diff(&full, &fewer));
    assert_eq!(removed, ["remove SAML provider Partners in 482011739056"]);
}

/// A snapshot of these keys alone, and one of a later generation.
fn snapshots(records: Vec<ServiceProviderKeyRecord>) -> (Snapshot, Snapshot) {
    let directory = Arc::new(Directory {
        service_provider_keys: records,
        ..Directory::default()
    });
    let first = Snapshot::compile(1, Arc::clone(&directory), Partition::Aws);
    let later = first.succeeded_by(2, directory, &Touched::everything());
    (first, later)
}

#[test]
fn service_provider_keys_are_opened_once_for_as_long_as_they_stay() {
    let key = ServiceProviderKey::generate("sso.example.com", NOW).unwrap();
    let schedule = Rotation::default().plan(&[], NOW).unwrap().new;
    let record = ServiceProviderKeyRecord::of(&key, schedule);
    assert_eq!(record.schedule(), schedule);
    let (first, later) = snapshots(vec![record]);
    let keys = first.service_provider_keys().unwrap();
    let signing = keys.signing(NOW).unwrap();
    assert_eq!(signing.certificate(), key.certificate());
    assert!(Arc::ptr_eq(keys, later.service_provider_keys().unwrap()));
}

#[test]
fn where_one_service_provider_key_can_not_be_opened_there_is_none() {
    let schedule = Rotation::default().plan(&[], NOW).unwrap().new;
    let [one, other] =
        [(); 2].map(|()| ServiceProviderKey::generate("sso.example.com", NOW).unwrap());
    let good = ServiceProviderKeyRecord::of(&one, schedule);
    let bad = ServiceProviderKeyRecord::new(
        one.private_key().expose().clone(),
        other.certificate().clone(),
        NOW,
        NOW,
    );
    let unusable = UnusableKey {
        id: bad.id(),
        source: KeyError::OtherCertificate,
    };
    let (first, later) = snapshots(vec![good, bad]);
    for snapshot in [first, later] {
        assert_eq!(snapshot.service_provider_keys().unwrap_err(), unusable);
    }
}

#[test]
fn service_provider_keys_are_never_exported_and_never_lost() {
    let metadata = directory_of(&saml_files()).connection_metadata[&partners()].clone();
    let certificates = &metadata.provider().signing_certificates;
    let certificate = certificates.iter().next().unwrap().clone();
    let secret = b"a private key".to_vec();
    let key = ServiceProviderKeyRecord::new(secret, certificate, NOW, NOW.plus(60));
    let added = Change::AddServiceProviderKey(Box::new(key.clone()));
    let removed = Change::RemoveServiceProviderKey(key.id());
    assert!(!format!("{added:?} {added}").contains("a private key"));
    for change in [&added, &removed] {
        let written = serde_json::to_vec(change).unwrap();
        assert_eq!(serde_json::from_slice::<Change>(&written).unwrap(), *change);
    }
    let mut current = directory_of(&saml_files());
    current.apply(added);
    let exported = write(&current, Partition::Aws).unwrap();
    let base64 = data_encoding::BASE64.encode(b"a private key");
    assert!(!exported.values().any(|text| text.contains(&base64)));
    let mut again = read(&exported, &current, NOW, &SystemEntropy).unwrap();
    assert_eq!(again.service_provider_keys, [key]);
    again.apply(removed);
    assert_eq!(again.service_provider_keys, []);
}

#[test]
fn a_private_key_is_given_once_kept_and_never_written() {
    let key = ServiceProviderKey::generate("a.example", NOW).unwrap();
    let encoded = data_encoding::BASE64.encode(key.private_key().expose());
    let lines = format!(
        "[[private_keys]]\nid = 'AAAAAAAAAAAAAAAAAAAAAAAA'\nprivate_key = \"\"\"\n-----BEGIN PRIVATE KEY-----\n{encoded}\n-----END PRIVATE KEY-----\n\"\"\"\n"
    );
    let with = |lines: &str| {
        let mut files = saml_files();
        files.get_mut(SAML_PROVIDER_FILE).unwrap().push_str(lines);
        files
    };
    let given = directory_of(&with(&lines));
    let written = write(&given, Partition::Aws).unwrap();
    assert!(!written[SAML_PROVIDER_FILE].contains("PRIVATE KEY"));
    let again = read(&written, &given, NOW, &SystemEntropy).unwrap();
    assert_eq!(again.accounts, given.accounts);
    let unknown = read_problems(&written);
    let why = "is new here, so its private_key must stand beside it";
    assert_named(&unknown, SAML_PROVIDER_FILE, why);
    for bad in [
        lines.replace("BEGIN PRIVATE", "BEGIN EC PRIVATE"),
        lines.replace("private_key =", "privat_key ="),
    ] {
        for problem in read_problems(&with(&bad)) {
            let begin: String = encoded.chars().take(20).collect();
            assert!(!problem.text.contains(&begin), "{problem}");
        }
    }
    let third = ["A", "B", "C"].map(|letter| lines.replace(&"A".repeat(24), &letter.repeat(24)));
    let why = "private_keys: at most 2";
    let at = "accounts/482011739056/saml-providers/Partners";
    assert_named(&problems(&with(&third.concat())), at, why);
}
