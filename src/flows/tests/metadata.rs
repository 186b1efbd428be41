//! The metadata of SAML connections, fetched from a server that the tests program.

use std::cell::Cell;
use std::time::Duration;

use super::administer::{admin, administration, session_of, told};
use super::*;
use crate::directory::ConnectionMetadata;
use crate::directory::testing::{
    ENTITY, SAML_CONNECTION_FILE, SAML_CONNECTION_METADATA, SAML_PROVIDER_METADATA, edited_in,
    metadata_document, saml_files,
};
use crate::domain::ConnectionId;
use crate::federation::saml::certificate::{Certificate, Fingerprint};
use crate::federation::saml::metadata::refresh::{NewKeys, RefreshRefusal};
use crate::federation::testing::{FakeProvider, Reply};
use crate::flows::metadata::{Look, Turn};

/// The default of `refresh_seconds`.
const INTERVAL: i64 = 45;

/// A node whose connection `partners` has its metadata from a server.
struct Scene {
    provider: FakeProvider,
    node: Node,
    metadata: RefreshMetadata,
    /// When it last looked.
    at: Cell<UnixTime>,
}

impl Scene {
    async fn new() -> Self {
        let provider = FakeProvider::start(&[]).await;
        let files = fetching_from(&format!("{}/metadata", provider.issuer));
        let node = Node::with(&files).await;
        let metadata = node.metadata(&ways_to(&provider));
        let scene = Self {
            provider,
            node,
            metadata,
            at: Cell::new(NOW),
        };
        scene.publish(&metadata_document(ENTITY));
        scene
    }

    /// A scene in which what is published is known.
    async fn known() -> Self {
        let scene = Self::new().await;
        scene.look(NOW).await;
        assert!(scene.keys().is_some());
        scene
    }

    fn publish(&self, document: &str) {
        let reply = Reply::Raw("HTTP/1.1 200 OK", document.as_bytes().to_vec());
        self.provider.reply("/metadata", reply);
    }

    /// Looks at whatever is due, and says whether anything was.
    async fn look(&self, now: UnixTime) -> bool {
        self.at.set(now);
        self.node.directory.catch_up(now).await.unwrap();
        let due = self.metadata.due(now);
        let is_due = !due.is_empty();
        for turn in due {
            self.metadata.look(turn, now).await;
        }
        is_due
    }

    /// The keys that are known of the provider.
    fn keys(&self) -> Option<Vec<Fingerprint>> {
        let snapshot = self.node.directory.snapshot(self.at.get()).unwrap();
        let metadata = snapshot.connection_metadata(&partners())?;
        let certificates = metadata.provider().signing_certificates.iter();
        Some(certificates.map(Certificate::fingerprint).collect())
    }

    fn generation(&self) -> u64 {
        let snapshot = self.node.directory.snapshot(self.at.get());
        snapshot.unwrap().generation()
    }

    fn problem(&self) -> Option<String> {
        let last = self.metadata.looks.last(&partners()).unwrap();
        last.problem.map(|problem| problem.as_ref().into())
    }

    async fn ask(&self, keys: NewKeys) -> Result<Applied, AdminError> {
        let caller = admin(&self.node).await;
        let administration = Administration {
            metadata: self.metadata.clone(),
            ..administration(&self.node)
        };
        administration
            .refresh_metadata(&caller, &partners(), keys, &meta())
            .await
    }
}

fn partners() -> ConnectionId {
    "partners".parse().unwrap()
}

/// The files, with metadata that is read from there.
fn fetching_from(url: &str) -> DirectoryFiles {
    let source = format!("metadata = {{ url = '{url}' }}");
    let files = saml_files();
    let mut files = edited_in(files, SAML_CONNECTION_FILE, "metadata = 'upload'", &source);
    files.remove(SAML_CONNECTION_METADATA).unwrap();
    files
}

/// The ways out of a node that lists this server.
fn ways_to(provider: &FakeProvider) -> OutgoingSettings {
    OutgoingSettings {
        http_issuers: vec![provider.issuer.clone()],
        ..OutgoingSettings::default()
    }
}

/// The certificate of a new key.
fn certificate() -> Certificate {
    let key = rcgen::KeyPair::generate().unwrap();
    let made = rcgen::CertificateParams::default().self_signed(&key);
    Certificate::from_der(made.unwrap().der()).unwrap()
}

/// The certificate of [`metadata_document`].
fn first_certificate() -> Certificate {
    let document = metadata_document(ENTITY);
    let (_, rest) = document.split_once("<ds:X509Certificate>").unwrap();
    rest.split_once('<').unwrap().0.parse().unwrap()
}

/// The metadata with these keys in place of its own.
fn document_with(certificates: &[&Certificate]) -> String {
    let document = metadata_document(ENTITY);
    let (before, rest) = document.split_once("<md:KeyDescriptor").unwrap();
    let (descriptor, after) = rest.split_once("<md:SingleSignOnService").unwrap();
    let own = String::from(first_certificate());
    let key = |certificate: &&Certificate| {
        let certificate = String::from((*certificate).clone());
        ["<md:KeyDescriptor", &descriptor.replace(&own, &certificate)].concat()
    };
    let keys: String = certificates.iter().map(key).collect();
    [before, &keys, "<md:SingleSignOnService", after].concat()
}

#[tokio::test]
async fn what_is_published_first_is_taken_and_recorded() {
    let scene = Scene::new().await;
    assert_eq!(scene.keys(), None);
    assert!(scene.look(NOW).await);
    assert_eq!(scene.keys().unwrap(), [first_certificate().fingerprint()]);
    let snapshot = scene.node.directory.snapshot(NOW).unwrap();
    let metadata = snapshot.connection_metadata(&partners()).unwrap();
    assert!(matches!(**metadata, ConnectionMetadata::Fetched(_)));
    let expected = [("RefreshMetadata", ""), ("RefreshMetadata", "")];
    assert_eq!(scene.node.audit.told(), told(&expected));
    let record = &scene.node.audit.kept.events()[0];
    assert_eq!(record["userIdentity"]["type"], "AWSService");
}

#[tokio::test]
async fn what_is_known_already_writes_nothing() {
    let scene = Scene::known().await;
    let before = scene.generation();
    assert!(scene.look(NOW.plus(INTERVAL)).await);
    assert_eq!(scene.generation(), before);
    assert_eq!(scene.node.audit.told().len(), 2);
    assert_eq!(scene.provider.hits("/metadata"), 2);
}

#[tokio::test]
async fn a_key_rolls_over_and_the_old_one_is_gone_with_the_next_look() {
    let scene = Scene::known().await;
    let (old, new) = (first_certificate(), certificate());
    scene.publish(&document_with(&[&old, &new]));
    assert!(scene.look(NOW.plus(INTERVAL)).await);
    let both = [old.fingerprint(), new.fingerprint()];
    assert_eq!(scene.keys().unwrap(), both);
    scene.publish(&document_with(&[&new]));
    assert!(scene.look(NOW.plus(2 * INTERVAL)).await);
    assert_eq!(scene.keys().unwrap(), [new.fingerprint()]);
}

#[tokio::test]
async fn a_withdrawn_key_is_looked_for_within_less_than_a_minute() {
    let scene = Scene::known().await;
    assert!(!scene.look(NOW.plus(INTERVAL * 7 / 8 - 1)).await);
    assert!(scene.look(NOW.plus(INTERVAL)).await);
}

#[tokio::test]
async fn s55_a_swap_of_every_key_is_refused_and_told_once() {
    let scene = Scene::known().await;
    let (before, at) = (scene.keys(), scene.generation());
    scene.publish(&document_with(&[&certificate()]));
    for look in 1..=3 {
        assert!(scene.look(NOW.plus(look * INTERVAL)).await);
    }
    assert_eq!((scene.keys(), scene.generation()), (before, at));
    let problem = scene.problem().unwrap();
    assert_eq!(problem, RefreshRefusal::DropsEveryKey.to_string());
    let records = scene.node.audit.told();
    assert_eq!(records[2..], told(&[("RefreshMetadata", "NotCommitted")]));
    let record = &scene.node.audit.kept.events()[2];
    let why = record["errorMessage"].as_str().unwrap();
    assert!(
        why.starts_with("connection partners: the metadata drops"),
        "{why}"
    );
}

#[tokio::test]
async fn an_administrator_may_accept_a_swap_of_every_key() {
    let scene = Scene::known().await;
    let (before, new) = (scene.keys(), certificate());
    scene.publish(&document_with(&[&new]));
    let refused = scene.ask(NewKeys::Refuse).await;
    assert_eq!(refused.unwrap_err().code(), "MetadataRefused");
    assert_eq!(scene.keys(), before);
    let applied = scene.ask(NewKeys::Accept).await.unwrap();
    assert_eq!(applied.changes, ["put metadata of connection partners"]);
    let told = [
        format!("the signing certificate {} is new", new.fingerprint()),
        format!("the signing certificate {} is gone", before.unwrap()[0]),
    ];
    assert_eq!(applied.notes, told);
    assert_eq!(scene.keys().unwrap(), [new.fingerprint()]);
}

#[tokio::test]
async fn an_administrator_learns_why_there_is_no_metadata() {
    let scene = Scene::new().await;
    scene.provider.reply("/metadata", Reply::Drop);
    let unavailable = scene.ask(NewKeys::Accept).await.unwrap_err();
    assert_eq!(unavailable.code(), "MetadataUnavailable");
    let unknown = administration(&scene.node)
        .refresh_metadata(
            &admin(&scene.node).await,
            &"workforce".parse().unwrap(),
            NewKeys::Accept,
            &meta(),
        )
        .await;
    assert_eq!(unknown.unwrap_err().code(), "NoSuchConnection");
    let codes = [("RefreshMetadata", "NotCommitted"); 2];
    assert_eq!(scene.node.audit.told(), told(&codes));
}

#[tokio::test]
async fn whoever_may_not_refresh_metadata_fetches_nothing() {
    let scene = Scene::new().await;
    let caller = session_of(&scene.node, READER, None).await;
    let denied = Administration {
        metadata: scene.metadata.clone(),
        ..administration(&scene.node)
    }
    .refresh_metadata(&caller, &partners(), NewKeys::Accept, &meta())
    .await;
    assert_eq!(denied.unwrap_err().code(), "AccessDenied");
    assert_eq!(scene.provider.hits("/metadata"), 0);
}

/// Documents that are refused, by what is wrong with them.
fn hostile_documents() -> Vec<(&'static str, String)> {
    const OVER: &str = " validUntil=\"2026-11-20T00:00:00Z\"";
    const ENTITIES: &str =
        "<!DOCTYPE x [<!ENTITY e SYSTEM \"file:///etc/passwd\"><!ENTITY f \"&e;&e;\">]>";
    let good = metadata_document(ENTITY);
    let changed = |from: &str, to: &str| {
        assert!(good.contains(from), "{from}");
        good.replace(from, to)
    };
    let several = |attributes: &str, inner: &[&str]| {
        let namespace = "urn:oasis:names:tc:SAML:2.0:metadata";
        let inner = inner.concat();
        format!(
            "<m:EntitiesDescriptor xmlns:m=\"{namespace}\"{attributes}>{inner}</m:EntitiesDescriptor>"
        )
    };
    let endpoint = "https://saml.example.com/sso";
    let expanded = changed("<md:SingleSignOn", "&f;<md:SingleSignOn");
    vec![
        ("a document type", [ENTITIES, &good].concat()),
        ("an entity", [ENTITIES, &expanded].concat()),
        ("a length", [&*good, &" ".repeat(10_000_000)].concat()),
        ("one entity twice", several("", &[&good, &good])),
        ("another entity", metadata_document("urn:other")),
        (
            "its end",
            changed(" entityID=", &[OVER, " entityID="].concat()),
        ),
        ("the end of what it is in", several(OVER, &[&good])),
        ("no key", document_with(&[])),
        (
            "no sign-on",
            changed("SingleSignOnS", "ArtifactResolutionS"),
        ),
        (
            "plain http",
            changed(endpoint, "http://saml.example.com/sso"),
        ),
        ("a script", changed(endpoint, "javascript:alert(1)")),
        ("the other binding", changed("HTTP-Redirect", "HTTP-POST")),
        (
            "a picture",
            "<svg xmlns=\"http://www.w3.org/2000/svg\"/>".to_owned(),
        ),
        ("nothing", String::new()),
        ("no XML", "PK\u{3}\u{4}".to_owned()),
    ]
}

#[tokio::test]
async fn s55_a_document_that_is_of_no_use_changes_nothing() {
    let scene = Scene::known().await;
    let (before, at) = (scene.keys(), scene.generation());
    for ((what, document), look) in hostile_documents().into_iter().zip(1..) {
        scene.publish(&document);
        assert!(scene.look(NOW.plus(look * INTERVAL)).await);
        assert!(scene.problem().is_some(), "{what}");
        assert_eq!(
            (scene.keys(), scene.generation()),
            (before.clone(), at),
            "{what}"
        );
    }
    scene.publish(&metadata_document(ENTITY));
    assert!(scene.look(NOW.plus(100 * INTERVAL)).await);
    assert_eq!(scene.problem(), None);
}

#[tokio::test]
async fn s55_a_document_that_is_of_no_use_is_not_taken_first_either() {
    for (what, document) in hostile_documents() {
        let scene = Scene::new().await;
        scene.publish(&document);
        scene.look(NOW).await;
        assert_eq!(scene.keys(), None, "{what}");
    }
}

#[tokio::test]
async fn s55_an_answer_that_is_no_document_changes_nothing() {
    let scene = Scene::known().await;
    let before = scene.keys();
    let canary = FakeProvider::start(&[]).await;
    let location = format!("Location: {}/metadata", canary.issuer);
    let redirect: &'static str = ["HTTP/1.1 302 Found\r\n", &location].concat().leak();
    let good = metadata_document(ENTITY).into_bytes();
    for (reply, look) in [
        Reply::Raw(redirect, good.clone()),
        Reply::Raw("HTTP/1.1 404 Not Found", good.clone()),
        Reply::Raw("HTTP/1.1 200 OK\r\nContent-Length: 10000001", good),
        Reply::Raw("HTTP/1.1 200 OK", vec![0xff, 0xfe]),
        Reply::Drop,
    ]
    .into_iter()
    .zip(1..)
    {
        scene.provider.reply("/metadata", reply);
        assert!(scene.look(NOW.plus(look * INTERVAL)).await);
        assert!(scene.problem().is_some(), "{look}");
        assert_eq!(scene.keys(), before, "{look}");
    }
    assert_eq!(canary.request_count(), 0);
    // None of them is a refusal of what is published, which would be recorded.
    assert_eq!(scene.node.audit.told().len(), 2);
}

#[tokio::test]
async fn s55_no_address_of_the_inside_is_asked() {
    let canary = FakeProvider::start(&[]).await;
    let canary_url = canary.issuer.as_str();
    let port = canary_url.rsplit(':').next().unwrap();
    for url in [
        format!("{canary_url}/metadata"),
        format!("https://127.0.0.1:{port}/metadata"),
        format!("https://localhost:{port}/metadata"),
        "https://169.254.169.254/latest/meta-data".to_owned(),
        "http://169.254.169.254/latest/meta-data".to_owned(),
        "https://[::ffff:169.254.169.254]/".to_owned(),
        "https://10.0.0.1/metadata".to_owned(),
    ] {
        let node = Node::with(&fetching_from(&url)).await;
        let metadata = node.metadata(&OutgoingSettings::default());
        for turn in metadata.due(NOW) {
            metadata.look(turn, NOW).await;
        }
        let last = metadata.looks.last(&partners()).unwrap();
        let problem = last.problem.unwrap();
        let is_barred = problem.contains("may not be asked") || problem.contains("not allowed");
        assert!(is_barred, "{url}: {problem}");
    }
    assert_eq!(canary.request_count(), 0);
}

#[tokio::test]
async fn a_server_that_hangs_holds_no_other_up() {
    let scene = Scene::new().await;
    let url = format!("{}/hangs", scene.provider.issuer);
    let mut files = fetching_from(&format!("{}/metadata", scene.provider.issuer));
    let slow = files[SAML_CONNECTION_FILE].replace("/metadata", "/hangs");
    assert!(slow.contains(&url));
    files.insert("connections/slow.toml".to_owned(), slow);
    scene.node.apply(&files).await;
    scene.provider.reply("/hangs", Reply::Hang);
    let mut waiting = tokio::task::JoinSet::new();
    for turn in scene.metadata.due(NOW) {
        let (metadata, id) = (scene.metadata.clone(), turn.connection.clone());
        waiting.spawn(async move {
            metadata.look(turn, NOW).await;
            id
        });
    }
    let first = tokio::time::timeout(Duration::from_secs(5), waiting.join_next()).await;
    assert_eq!(first.unwrap().unwrap().unwrap(), partners());
    // The one that hangs has its turn still, so that it is not asked again.
    let again = scene.metadata.due(NOW.plus(INTERVAL));
    let again: Vec<_> = again.iter().map(|turn| &turn.connection).collect();
    assert_eq!(again, [&partners()]);
}

#[tokio::test]
async fn of_two_nodes_one_takes_it_and_both_have_it() {
    let scene = Scene::new().await;
    let other = scene.node.beside().await;
    let of_other = other.metadata(&ways_to(&scene.provider));
    let before = scene.generation();
    let look = async |metadata: &RefreshMetadata| {
        for turn in metadata.due(NOW) {
            metadata.look(turn, NOW).await;
        }
    };
    tokio::join!(look(&scene.metadata), look(&of_other));
    for node in [&scene.node, &other] {
        let snapshot = node.directory.catch_up(NOW).await.unwrap();
        assert_eq!(snapshot.generation(), before + 1);
        assert!(snapshot.connection_metadata(&partners()).is_some());
    }
    for metadata in [&scene.metadata, &of_other] {
        assert_eq!(metadata.looks.last(&partners()).unwrap().problem, None);
    }
}

/// A node that is slow has read keys of which another node has learnt since that one is gone.
#[tokio::test]
async fn what_was_read_before_another_node_took_something_newer_is_not_taken() {
    let scene = Scene::known().await;
    let (first, second) = (first_certificate(), certificate());
    scene.publish(&document_with(&[&first, &second]));
    let slow = scene.node.beside().await;
    let of_slow = slow.metadata(&ways_to(&scene.provider));
    let snapshot = slow.directory.snapshot(NOW).unwrap();
    let connection = snapshot.connection(&partners()).unwrap().clone();
    let read = of_slow.read(&connection, NOW).await.unwrap();
    assert!(scene.look(NOW.plus(INTERVAL)).await);
    scene.publish(&document_with(&[&second]));
    assert!(scene.look(NOW.plus(2 * INTERVAL)).await);
    assert_eq!(scene.keys().unwrap(), [second.fingerprint()]);
    let before = scene.generation();
    let later = NOW.plus(2 * INTERVAL);
    let outcome = of_slow.take(snapshot, &connection, read, later).await;
    assert!(matches!(outcome, Ok(Look::Overtaken)), "{outcome:?}");
    let newest = scene.node.directory.catch_up(later).await.unwrap();
    assert_eq!(newest.generation(), before);
}

/// What an overtaken look has read may be that a key is gone.
#[tokio::test]
async fn a_look_that_was_overtaken_is_made_up_for_at_once() {
    let scene = Scene::known().await;
    for (outcome, is_due_again) in [(Look::Overtaken, true), (Look::Over, false)] {
        let now = scene.at.get().plus(INTERVAL);
        scene.at.set(now);
        let [turn] = <[Turn; 1]>::try_from(scene.metadata.due(now)).unwrap();
        scene.metadata.note(turn, Ok(outcome), now).await;
        assert_eq!(scene.look(now).await, is_due_again, "{outcome:?}");
    }
}

#[tokio::test]
async fn what_was_asked_of_the_place_before_is_not_taken() {
    let scene = Scene::new().await;
    let under_way = scene.metadata.due(NOW);
    assert_eq!(under_way.len(), 1);
    let elsewhere = fetching_from(&format!("{}/elsewhere", scene.provider.issuer));
    scene.node.apply(&elsewhere).await;
    let again = scene.metadata.due(NOW);
    assert_eq!(
        again.len(),
        1,
        "the new place is looked at although the old one is under way"
    );
}

#[tokio::test]
async fn nothing_is_changed_that_can_t_be_recorded() {
    let scene = Scene::new().await;
    scene.node.audit.leave_room_for(0);
    scene.look(NOW).await;
    assert_eq!(scene.keys(), None);
    assert!(scene.problem().unwrap().contains("audit"));
    scene.node.audit.leave_room_for(usize::MAX);
    scene.look(NOW.plus(INTERVAL)).await;
    assert!(scene.keys().is_some());
}

#[tokio::test]
async fn a_file_counts_within_seconds_of_its_change() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("idp.xml");
    let source = "metadata = { file = 'idp.xml' }";
    let files = edited_in(
        saml_files(),
        SAML_CONNECTION_FILE,
        "metadata = 'upload'",
        source,
    );
    let mut files = files;
    files.remove(SAML_CONNECTION_METADATA).unwrap();
    let node = Node::with(&files).await;
    let mut metadata = node.metadata(&OutgoingSettings::default());
    metadata.reader.files = SecretFolder::at(folder.path().to_owned());
    let look = async |now| {
        node.directory.catch_up(now).await.unwrap();
        for turn in metadata.due(now) {
            metadata.look(turn, now).await;
        }
        let snapshot = node.directory.snapshot(now).unwrap();
        let known = snapshot.connection_metadata(&partners())?;
        Some(known.provider().signing_certificates.iter().len())
    };
    assert_eq!(look(NOW).await, None);
    std::fs::write(&place, metadata_document(ENTITY)).unwrap();
    assert_eq!(look(NOW.plus(5)).await, Some(1));
    let both = document_with(&[&first_certificate(), &certificate()]);
    std::fs::write(&place, both).unwrap();
    assert_eq!(look(NOW.plus(10)).await, Some(2));
}

async fn apply(scene: &Scene, files: &DirectoryFiles) -> Result<Applied, AdminError> {
    let caller = admin(&scene.node).await;
    let administration = Administration {
        metadata: scene.metadata.clone(),
        issuers: FitIssuers {
            own: OwnIssuers::below("https://sso.example.com"),
            plain_http: Arc::clone(&scene.metadata.reader.plain_http),
        },
        ..administration(&scene.node)
    };
    let files = without_second_opinion(files.clone());
    let desired = Desired {
        files,
        mode: ApplyMode::Apply,
        base: None,
    };
    administration.apply(&caller, desired, &meta()).await
}

#[tokio::test]
async fn apply_reads_the_first_metadata_in_the_same_generation() {
    let scene = Scene::new().await;
    scene.node.apply(&testing::files()).await;
    let before = scene.generation();
    let files = fetching_from(&format!("{}/metadata", scene.provider.issuer));
    let applied = apply(&scene, &files).await.unwrap();
    assert_eq!(applied.generation, before + 1);
    let line = "put metadata of connection partners".to_owned();
    assert!(applied.changes.contains(&line), "{applied:?}");
    assert!(scene.keys().is_some());
}

#[tokio::test]
async fn apply_succeeds_and_says_so_where_there_is_no_metadata_yet() {
    let scene = Scene::new().await;
    scene.node.apply(&testing::files()).await;
    scene.provider.reply("/metadata", Reply::Drop);
    let files = fetching_from(&format!("{}/metadata", scene.provider.issuer));
    let applied = apply(&scene, &files).await.unwrap();
    let [note] = &applied.notes[..] else {
        panic!("{applied:?}")
    };
    assert!(
        note.starts_with("connections/partners: nobody can sign in by it"),
        "{note}"
    );
    scene.publish(&metadata_document(ENTITY));
    assert!(scene.look(NOW).await);
    assert!(scene.keys().is_some());
}

#[tokio::test]
async fn a_document_that_is_over_is_not_uploaded_and_one_that_is_there_stays() {
    let over = |files: DirectoryFiles, path: &str, end: &str| {
        edited_in(
            files,
            path,
            " entityID=",
            &format!(" validUntil=\"{end}\" entityID="),
        )
    };
    let scene = Scene::new().await;
    for path in [SAML_CONNECTION_METADATA, SAML_PROVIDER_METADATA] {
        let files = over(saml_files(), path, "2026-11-20T00:00:00Z");
        let refused = apply(&scene, &files).await;
        let Err(AdminError::Invalid(problems)) = refused else {
            panic!("{refused:?}")
        };
        let [problem] = &problems[..] else {
            panic!("{problems:?}")
        };
        assert_eq!(problem.at, path);
        assert!(
            problem.text.starts_with("the metadata was valid until"),
            "{problem}"
        );
    }
    let files = over(saml_files(), SAML_PROVIDER_METADATA, "2026-11-20T00:00:00Z");
    let there = without_second_opinion(files.clone());
    scene.node.apply(&there).await;
    let mut files = files;
    files.remove("rules/admins.toml").unwrap();
    apply(&scene, &files).await.unwrap();
}

#[tokio::test]
async fn an_endpoint_of_an_upload_is_no_plain_http_that_is_not_listed() {
    let scene = Scene::new().await;
    let files = |url: &str| {
        let files = saml_files();
        edited_in(
            files,
            SAML_CONNECTION_METADATA,
            "https://saml.example.com/sso",
            url,
        )
    };
    let refused = apply(&scene, &files("http://saml.example.com/sso")).await;
    assert!(
        matches!(refused, Err(AdminError::Invalid(_))),
        "{refused:?}"
    );
    let listed = format!("{}/sso", scene.provider.issuer);
    apply(&scene, &files(&listed)).await.unwrap();
}
