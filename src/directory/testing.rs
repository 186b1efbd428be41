//! A small valid directory for tests, each of which changes one thing in it.

use std::sync::Arc;

use super::{Change, ChangeSet, Directory, DirectoryFiles, LiveDirectory, SealingKeyRecord};
use super::{diff, read};
use crate::domain::{Partition, RequestId, UnixTime};
use crate::entropy::SystemEntropy;
use crate::store::DirectoryLog;

/// What time it is in every test, unless it moves on.
pub(crate) const NOW: UnixTime = UnixTime::from_seconds(1_795_254_067);
/// The issuer of the connection and of every account's provider.
pub(crate) const ISSUER: &str = "https://idp.example.com";
/// A role that the group `readers` is given; sessions last up to 7200 seconds.
pub(crate) const READER: &str = "arn:aws:iam::482011739056:role/engineering/Reader";
/// A role of the managing account that may do everything here.
pub(crate) const ADMIN: &str = "arn:aws:iam::123456789012:role/Admin";
/// The snapshot may be so old, in seconds.
pub(crate) const MAX_STALENESS: i64 = 60;

pub(crate) const READER_FILE: &str = "accounts/482011739056/roles/Reader.toml";
pub(crate) const READER_TRUST: &str = "accounts/482011739056/roles/Reader.trust.json";
pub(crate) const PROVIDER_FILE: &str = "accounts/482011739056/oidc-providers/idp.toml";
pub(crate) const CONNECTION_FILE: &str = "connections/workforce.toml";
pub(crate) const LINK_FILE: &str = "links/workforce.toml";
pub(crate) const RULE_FILE: &str = "rules/readers.toml";

/// The first sealing key.
pub(crate) const FIRST_KEY: [u8; 32] = [1; 32];

const FILES: [(&str, &str); 15] = [
    (
        "accounts/482011739056/account.toml",
        "alias = 'payments-prod'\nname = 'Payments'\nenvironment = 'production'\n",
    ),
    (
        READER_FILE,
        "path = '/engineering/'\ndescription = 'Reads'\nmax_session_duration = 7200\n",
    ),
    (
        READER_TRUST,
        r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow",
        "Principal":{"Federated":"arn:aws:iam::482011739056:oidc-provider/idp.example.com"},
        "Action":["sts:AssumeRoleWithWebIdentity","sts:TagSession","sts:SetSourceIdentity"],
        "Condition":{"StringEquals":{"idp.example.com:aud":["sts","portal"]}}}}"#,
    ),
    (
        "accounts/482011739056/roles/Reader.policies/read.json",
        r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:Get*","Resource":"*"}}"#,
    ),
    (
        PROVIDER_FILE,
        "url = 'https://idp.example.com'\nclient_ids = ['sts']\n",
    ),
    (
        "accounts/123456789012/account.toml",
        "alias = 'management'\n",
    ),
    (
        "accounts/123456789012/roles/Admin.toml",
        "description = 'Administers'\n",
    ),
    (
        "accounts/123456789012/roles/Admin.trust.json",
        r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow",
        "Principal":{"Federated":"arn:aws:iam::123456789012:oidc-provider/idp.example.com"},
        "Action":"sts:AssumeRoleWithWebIdentity"}}"#,
    ),
    (
        "accounts/123456789012/roles/Admin.policies/administer.json",
        r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"rolegate:*","Resource":"*"}}"#,
    ),
    (
        "accounts/123456789012/oidc-providers/idp.toml",
        "url = 'https://idp.example.com'\nclient_ids = ['sts']\n",
    ),
    (
        CONNECTION_FILE,
        "display_name = 'Workforce'\n[oidc]\nissuer = 'https://idp.example.com'\nclient_id = 'portal'\nclient_auth = 'none'\n",
    ),
    (
        LINK_FILE,
        "connection = 'workforce'\nproviders = ['arn:aws:iam::482011739056:oidc-provider/idp.example.com', 'arn:aws:iam::123456789012:oidc-provider/idp.example.com']\n",
    ),
    (
        RULE_FILE,
        "connections = ['workforce']
session_name = '{sub}'
roles = ['arn:aws:iam::482011739056:role/engineering/Reader']
when = { claim = 'groups', equals = 'readers' }
[[tests]]
name = 'A reader reads'
claims = { sub = 'ines', groups = ['readers'] }
roles = ['arn:aws:iam::482011739056:role/engineering/Reader']
",
    ),
    (
        "rules/admins.toml",
        "connections = ['workforce']
session_name = '{sub}'
roles = ['arn:aws:iam::123456789012:role/Admin']
when = { claim = 'groups', equals = 'admins' }
",
    ),
    (
        "accounts/482011739056/roles/Reader.policies/list.json",
        r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:List*","Resource":"*"}}"#,
    ),
];

/// The directory's files.
pub(crate) fn files() -> DirectoryFiles {
    let owned = |(path, text): &(&str, &str)| ((*path).to_owned(), (*text).to_owned());
    FILES.iter().map(owned).collect()
}

/// The entity id of the provider behind the SAML connection.
pub(crate) const ENTITY: &str = "https://saml.example.com/idp";
pub(crate) const SAML_CONNECTION_FILE: &str = "connections/partners.toml";
pub(crate) const SAML_CONNECTION_METADATA: &str = "connections/partners.metadata.xml";
pub(crate) const SAML_LINK_FILE: &str = "links/partners.toml";
pub(crate) const SAML_PROVIDER_FILE: &str = "accounts/482011739056/saml-providers/Partners.toml";
pub(crate) const SAML_PROVIDER_METADATA: &str =
    "accounts/482011739056/saml-providers/Partners.metadata.xml";
/// The ARN of the account's SAML provider.
pub(crate) const SAML_PROVIDER: &str = "arn:aws:iam::482011739056:saml-provider/Partners";

/// The directory's files, and a SAML connection that is linked to a SAML provider.
pub(crate) fn saml_files() -> DirectoryFiles {
    let mut files = files();
    for (path, text) in [
        (SAML_CONNECTION_FILE, "display_name = 'Partners'\n[saml]\nentity_id = 'https://saml.example.com/idp'\nmetadata = 'upload'\n".to_owned()),
        (SAML_CONNECTION_METADATA, metadata_document(ENTITY)),
        (SAML_LINK_FILE, format!("connection = 'partners'\nproviders = ['{SAML_PROVIDER}']\n")),
        (SAML_PROVIDER_FILE, "replay = 'once'\naudiences = ['urn:sts']\n".to_owned()),
        (SAML_PROVIDER_METADATA, metadata_document(ENTITY)),
    ] {
        files.insert(path.to_owned(), text);
    }
    files
}

/// The metadata of a provider of this name.
pub(crate) fn metadata_document(entity: &str) -> String {
    include_str!("testing/idp.metadata.xml").replace("@entity@", entity)
}

/// The files, with `from` in one of them replaced by `to`.
pub(crate) fn edited(path: &str, from: &str, to: &str) -> DirectoryFiles {
    edited_in(files(), path, from, to)
}

/// These files, with `from` in one of them replaced by `to`.
pub(crate) fn edited_in(
    mut files: DirectoryFiles,
    path: &str,
    from: &str,
    to: &str,
) -> DirectoryFiles {
    let text = files.get_mut(path).unwrap();
    assert!(text.contains(from), "{path} has no {from}");
    *text = text.replace(from, to);
    files
}

/// The files and one more.
pub(crate) fn with(path: &str, text: &str) -> DirectoryFiles {
    let mut files = files();
    files.insert(path.to_owned(), text.to_owned());
    files
}

/// The files without those whose paths begin so.
pub(crate) fn without(start: &str) -> DirectoryFiles {
    let mut files = files();
    let before = files.len();
    files.retain(|path, _| !path.starts_with(start));
    assert!(files.len() < before, "no file begins with {start}");
    files
}

/// What these files say to an empty directory.
pub(crate) fn directory_of(files: &DirectoryFiles) -> Directory {
    let mut directory = read(files, &Directory::default(), NOW, &SystemEntropy).unwrap();
    directory.bind_principals(Partition::Aws);
    directory
}

/// A change set of somebody, at [`NOW`].
pub(crate) fn change_set(changes: Vec<Change>) -> ChangeSet {
    ChangeSet {
        author: "somebody".to_owned(),
        at: NOW,
        request: RequestId::from_random([1; 16]),
        changes,
    }
}

/// A directory over `log`, as its newest generation says.
pub(crate) async fn open(log: &Arc<impl DirectoryLog + 'static>) -> LiveDirectory {
    let log = Arc::clone(log) as Arc<dyn DirectoryLog>;
    LiveDirectory::open(log, Partition::Aws, MAX_STALENESS, NOW)
        .await
        .unwrap()
}

/// A directory over `log` that these files were applied to, with [`FIRST_KEY`] to seal with.
pub(crate) async fn seeded(
    log: &Arc<impl DirectoryLog + 'static>,
    files: &DirectoryFiles,
) -> LiveDirectory {
    let live = open(log).await;
    let mut changes = diff(&Directory::default(), &directory_of(files));
    let key = SealingKeyRecord::new(FIRST_KEY, NOW, NOW);
    changes.push(Change::AddSealingKey(key));
    live.commit(0, change_set(changes), NOW).await.unwrap();
    live
}

/// Makes the directory what these files say.
pub(crate) async fn apply(live: &LiveDirectory, files: &DirectoryFiles) {
    let current = live.catch_up(NOW).await.unwrap();
    let mut desired = read(files, current.directory(), NOW, &SystemEntropy).unwrap();
    desired.bind_principals(Partition::Aws);
    let changes = diff(current.directory(), &desired);
    live.commit(current.generation(), change_set(changes), NOW)
        .await
        .unwrap();
}
