//! Under which key everything is kept, and who may administer it first.

use std::io::Read as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use super::environment::{self, Environment};
use super::reader::{Findings, Reader};
use super::store::StoreLocation;
use crate::domain::{AccessKeyId, AccountId, InvalidValue, Secret, SecretAccessKey};
use crate::seal::RootKey;

/// Where the root key comes from (decision 4).
#[derive(Debug, Clone)]
pub struct RootKeySettings {
    /// The key that seals.
    pub current: RootKeySource,
    /// A key that still opens what it sealed, while keys are changed.
    pub previous: Option<RootKey>,
    /// Files of these keys that others on the machine may read: the node warns of them.
    pub shared: Vec<PathBuf>,
}

/// A root key as it was read from a file.
#[derive(Debug)]
pub struct RootKeyFile {
    /// The key.
    pub key: RootKey,
    /// Whether others on the machine may read the file.
    pub is_shared: bool,
}

/// Where the key that seals comes from.
#[derive(Debug, Clone)]
pub enum RootKeySource {
    /// It was given, by a file or the environment.
    Given(RootKey),
    /// In this file, with mode 0600; drawn and written at first start.
    MadeAt(PathBuf),
    /// Drawn at every start, because nothing outlives the process.
    Drawn,
}

/// Who administers the node first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AdminSettings {
    /// The account that administrators belong to.
    pub account: AccountId,
    /// The long-term key of the user `admin`, made at start; none where nothing is set.
    pub bootstrap: Option<BootstrapKey>,
}

/// A long-term key from the environment, or one that stands for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BootstrapKey {
    /// Its id.
    pub access_key_id: AccessKeyId,
    /// Its secret: 16 to 128 characters.
    pub secret_access_key: SecretAccessKey,
    /// Who has it.
    pub held_by: KeyHolder,
}

/// Who has the key of the first administrator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyHolder {
    /// Whoever can see the environment; they are told to unset it once there is another administrator.
    Environment,
    /// This process alone, which drew it: it ends with it.
    Process,
}

/// What the root key's file is called after the store's.
const KEY_SUFFIX: &str = ".key";
/// Twelve digits that documentation uses; a node of one's own sets another.
const DEFAULT_ACCOUNT: AccountId = match AccountId::from_number(123_456_789_012) {
    Some(account) => account,
    None => panic!("twelve digits are an account"),
};

impl RootKeySettings {
    pub(super) fn read(
        root: &mut Reader<'_>,
        environment: &Environment,
        findings: &Findings,
        store: &StoreLocation,
    ) -> Self {
        let mut shared = Vec::new();
        let (written, previous) = root.section("root_key", |section| {
            let instead = "name a file in root_key.file or set ROLEGATE_ROOT_KEY";
            section.refuse_secret("key", instead);
            section.refuse_secret("value", instead);
            (
                read_key_file(section, "file", &mut shared),
                read_key_file(section, "previous_file", &mut shared),
            )
        });
        let set = from_environment(environment, findings, &mut shared);
        let previous = previous_from_environment(environment, findings, &mut shared).or(previous);
        let current = match (set.or(written), store) {
            (Some(key), _) => RootKeySource::Given(key),
            (None, StoreLocation::Memory) => RootKeySource::Drawn,
            (None, StoreLocation::Redis(_)) => {
                let text = format_args!(
                    "must be set with Redis (openssl rand -base64 32), the same for every node; or set {} or {}",
                    environment::ROOT_KEY_FILE,
                    environment::ROOT_KEY
                );
                findings.problem("root_key.file", text);
                RootKeySource::Drawn
            }
            (None, StoreLocation::Embedded(file)) => {
                let mut name = file.clone().into_os_string();
                name.push(KEY_SUFFIX);
                RootKeySource::MadeAt(name.into())
            }
        };
        Self {
            current,
            previous,
            shared,
        }
    }
}

/// A file that is named must be there: one made in its place would open nothing that was sealed.
fn read_key_file(
    section: &mut Reader<'_>,
    key: &'static str,
    shared: &mut Vec<PathBuf>,
) -> Option<RootKey> {
    let file = section.readable(key)?;
    match noting_shared(&file, shared) {
        Ok(root_key) => Some(root_key),
        Err(error) => {
            section.problem(key, error);
            None
        }
    }
}

fn noting_shared(path: &Path, shared: &mut Vec<PathBuf>) -> Result<RootKey, RootKeyError> {
    let file = root_key_file(path)?;
    if file.is_shared {
        shared.push(path.to_owned());
    }
    Ok(file.key)
}

fn previous_from_environment(
    environment: &Environment,
    findings: &Findings,
    shared: &mut Vec<PathBuf>,
) -> Option<RootKey> {
    let name = environment::ROOT_KEY_PREVIOUS_FILE;
    let file = environment.text(name, findings)?;
    let key = noting_shared(Path::new(file), shared);
    key.map_err(|error| findings.problem(name, error)).ok()
}

fn from_environment(
    environment: &Environment,
    findings: &Findings,
    shared: &mut Vec<PathBuf>,
) -> Option<RootKey> {
    let text = environment.text(environment::ROOT_KEY, findings);
    let file = environment.text(environment::ROOT_KEY_FILE, findings);
    if text.is_some() && file.is_some() {
        findings.problem(
            environment::ROOT_KEY,
            format_args!("set either this or {}", environment::ROOT_KEY_FILE),
        );
    }
    let (name, key) = match (text, file) {
        (Some(text), _) => (
            environment::ROOT_KEY,
            root_key_text(text).map_err(RootKeyError::from),
        ),
        (None, Some(file)) => (
            environment::ROOT_KEY_FILE,
            noting_shared(Path::new(file), shared),
        ),
        (None, None) => return None,
    };
    key.map_err(|error| findings.problem(name, error)).ok()
}

/// Why a root key can't be had from its file.
#[derive(Debug, thiserror::Error)]
pub enum RootKeyError {
    /// The file can't be read.
    #[error("the file can't be read: {0}")]
    Unreadable(#[from] std::io::Error),
    /// Others could put a key of their own into its place, which opens what they seal.
    #[error(
        "the file's mode is {mode:04o}: others may write the key that seals everything; chmod 0600 it"
    )]
    Writable {
        /// The mode, permissions only.
        mode: u32,
    },
    /// It doesn't hold a root key.
    #[error(transparent)]
    Invalid(#[from] InvalidValue),
}

/// Group and others may write.
const WRITABLE: u32 = 0o022;
/// Others may read.
const READABLE: u32 = 0o004;

/// Reads a root key's file: base64 of 32 bytes, white space around it aside. Nobody but its owner
/// may write it; what counts is the file itself where the path is a link.
///
/// # Errors
/// [`RootKeyError`]
pub fn root_key_file(path: &Path) -> Result<RootKeyFile, RootKeyError> {
    let mut file = std::fs::File::open(path)?;
    let mode = file.metadata()?.permissions().mode() & 0o7777;
    if mode & WRITABLE != 0 {
        return Err(RootKeyError::Writable { mode });
    }
    let mut text = zeroize::Zeroizing::new(String::new());
    file.read_to_string(&mut text)?;
    Ok(RootKeyFile {
        key: root_key_text(&text)?,
        is_shared: mode & READABLE != 0,
    })
}

/// Reads a root key: base64 of 32 bytes, white space around it aside.
pub fn root_key_text(text: &str) -> Result<RootKey, InvalidValue> {
    const INVALID: InvalidValue =
        InvalidValue::new("root key", "base64 of 32 bytes (openssl rand -base64 32)");
    let decoded = data_encoding::BASE64.decode(text.trim().as_bytes());
    let decoded = Secret::new(decoded.map_err(|_| INVALID)?);
    let bytes: [u8; 32] = decoded
        .expose()
        .as_slice()
        .try_into()
        .map_err(|_| INVALID)?;
    Ok(RootKey::new(bytes))
}

impl AdminSettings {
    /// Whether somebody should unset the first administrator's key once there is another administrator.
    pub fn is_to_be_unset(&self) -> bool {
        let key = self.bootstrap.as_ref();
        key.is_some_and(|key| key.held_by == KeyHolder::Environment)
    }

    pub(super) fn read(
        root: &mut Reader<'_>,
        environment: &Environment,
        findings: &Findings,
    ) -> Self {
        let written = root.section("admin", |section| {
            let instead = "set ROLEGATE_ADMIN_ACCESS_KEY_ID and ROLEGATE_ADMIN_SECRET_ACCESS_KEY";
            section.refuse_secret("access_key_id", instead);
            section.refuse_secret("secret_access_key", instead);
            section.parsed("account_id")
        });
        let set = environment.parsed(environment::ADMIN_ACCOUNT_ID, findings);
        Self {
            account: set.or(written).unwrap_or(DEFAULT_ACCOUNT),
            bootstrap: bootstrap_key(environment, findings),
        }
    }
}

fn bootstrap_key(environment: &Environment, findings: &Findings) -> Option<BootstrapKey> {
    use environment::{ADMIN_ACCESS_KEY_ID, ADMIN_SECRET_ACCESS_KEY};
    let id = environment.text(ADMIN_ACCESS_KEY_ID, findings);
    let secret = environment.text(ADMIN_SECRET_ACCESS_KEY, findings);
    match (id, secret) {
        (Some(_), None) => {
            let text = format_args!("must be set beside {ADMIN_ACCESS_KEY_ID}");
            findings.problem(ADMIN_SECRET_ACCESS_KEY, text);
        }
        (None, Some(_)) => {
            let text = format_args!("must be set beside {ADMIN_SECRET_ACCESS_KEY}");
            findings.problem(ADMIN_ACCESS_KEY_ID, text);
        }
        (None, None) | (Some(_), Some(_)) => {}
    }
    let access_key_id = environment.parsed(ADMIN_ACCESS_KEY_ID, findings);
    let good = |secret: &&str| {
        (16..=128).contains(&secret.len()) && secret.bytes().all(|byte| byte.is_ascii_graphic())
    };
    if secret.is_some_and(|secret| !good(&secret)) {
        findings.problem(
            ADMIN_SECRET_ACCESS_KEY,
            "must be 16 to 128 printable ASCII characters without spaces",
        );
    }
    Some(BootstrapKey {
        access_key_id: access_key_id?,
        secret_access_key: SecretAccessKey::new(secret.filter(good)?.to_owned()),
        held_by: KeyHolder::Environment,
    })
}
