//! What is kept where.

use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};

use super::environment::{self, Environment};
use super::reader::{Findings, Reader};
use crate::domain::Secret;
use crate::store::redis::{
    ClientCertificate, Credentials, Deployment, Durability, InvalidRedisUrl, Limits, RedisSettings,
    RedisTls, RedisUrl,
};

/// Where a node keeps its directory, sessions and marks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StoreLocation {
    /// In memory, until the process ends.
    Memory,
    /// In this file.
    Embedded(PathBuf),
    /// In a Redis, for any number of nodes.
    Redis(Box<RedisSettings>),
}

/// The URL of a store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StoreUrl {
    /// `memory:`
    Memory,
    /// `redb:PATH`
    Embedded(String),
    /// `redis://…` and the like
    Redis(RedisUrl),
}

/// Why a store's URL is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidStoreUrl {
    /// It begins as one of Redis and is none.
    #[error(transparent)]
    Redis(#[from] InvalidRedisUrl),
    /// It is of no store that there is.
    #[error("must be redb:PATH, memory: or a URL of Redis (redis://host)")]
    Unknown,
}

/// The store where nothing is said: this file beside the configuration file, or in the working
/// directory where there is none.
const DEFAULT_STORE: &str = "rolegate.redb";

/// A prefix that is longer makes every key longer.
const MAX_PREFIX: usize = 64;
/// Nobody finds out by a failover what the default was.
const REPLICAS_UNSAID: &str = "must be set with sentinels or a Cluster: so many replicas must have a used proof, a sign-out or a change of the directory before it counts; with 0 a failover may lose the last of them, so that a proof is good twice and a session that was ended is back";
/// Files of passwords, certificates and keys are no longer.
const MAX_FILE_BYTES: usize = 1 << 20;

impl FromStr for StoreUrl {
    type Err = InvalidStoreUrl;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.split_once(':') {
            Some(("memory", "")) => Ok(Self::Memory),
            Some(("redb", path)) if !path.is_empty() => Ok(Self::Embedded(path.to_owned())),
            Some((scheme, _)) if scheme.starts_with("redis") => Ok(Self::Redis(text.parse()?)),
            _ => Err(InvalidStoreUrl::Unknown),
        }
    }
}

impl StoreLocation {
    pub(super) fn read(
        root: &mut Reader<'_>,
        environment: &Environment,
        findings: &Findings,
    ) -> Self {
        let folder = root.folder();
        root.section("store", |store| {
            let instead = "set store.redis.password_file or ROLEGATE_REDIS_PASSWORD";
            store.refuse_secret("password", instead);
            let written: Option<StoreUrl> = store.parsed("url");
            let set: Option<StoreUrl> = environment.parsed(environment::STORE_URL, findings);
            let base = if set.is_some() { Path::new("") } else { folder };
            let url = set.or(written);
            store.section("redis", |redis| {
                let settings = RedisSection::read(redis, environment, findings);
                match url {
                    Some(StoreUrl::Redis(url)) => settings.with(url, redis),
                    Some(StoreUrl::Memory) => Self::Memory,
                    Some(StoreUrl::Embedded(path)) => Self::Embedded(base.join(path)),
                    None => Self::Embedded(folder.join(DEFAULT_STORE)),
                }
            })
        })
    }
}

/// `[store.redis]`, whose URL is elsewhere.
struct RedisSection {
    password: Option<Secret<String>>,
    sentinel: Credentials,
    tls: RedisTls,
    prefix: Option<String>,
    durability: Option<Durability>,
    replicas: Option<u32>,
    limits: Limits,
}

impl RedisSection {
    fn read(section: &mut Reader<'_>, environment: &Environment, findings: &Findings) -> Self {
        let instead = "name a file in password_file or set ROLEGATE_REDIS_PASSWORD";
        section.refuse_secret("password", instead);
        section.refuse_secret("sentinel_password", instead);
        let password = (
            environment::REDIS_PASSWORD,
            environment::REDIS_PASSWORD_FILE,
        );
        let sentinel_password = (
            environment::REDIS_SENTINEL_PASSWORD,
            environment::REDIS_SENTINEL_PASSWORD_FILE,
        );
        let written = read_password(section, "password_file");
        let sentinel_written = read_password(section, "sentinel_password_file");
        let words = [
            ("aof", Durability::AppendOnlyFile),
            ("none", Durability::None),
        ];
        Self {
            password: password_of(environment, password, findings).or(written),
            sentinel: Credentials {
                user: section.parsed::<Name>("sentinel_user").map(|name| name.0),
                password: password_of(environment, sentinel_password, findings)
                    .or(sentinel_written),
            },
            tls: read_tls(section),
            prefix: section.parsed::<Name>("prefix").map(|name| name.0),
            durability: section.word("durability", &words),
            replicas: section.number("replicas", 0..=16),
            limits: read_limits(section),
        }
    }

    fn with(self, url: RedisUrl, section: &Reader<'_>) -> StoreLocation {
        for key in ["ca_file", "certificate_file", "key_file"] {
            if !url.tls && section.has(key) {
                section.problem(key, "goes with a URL that asks for TLS (rediss://…)");
            }
        }
        let watched = matches!(url.deployment, Deployment::Sentinel { .. });
        for key in ["sentinel_user", "sentinel_password_file"] {
            if !watched && section.has(key) {
                section.problem(key, "goes with a URL of sentinels (redis+sentinel://…)");
            }
        }
        if may_fail_over(&url.deployment) && !section.has("replicas") {
            section.problem("replicas", REPLICAS_UNSAID);
        }
        let usual = RedisSettings::at(url);
        StoreLocation::Redis(Box::new(RedisSettings {
            password: self.password,
            sentinel: self.sentinel,
            tls: self.tls,
            prefix: self.prefix.unwrap_or(usual.prefix),
            durability: self.durability.unwrap_or(usual.durability),
            replicas: self.replicas.unwrap_or(usual.replicas),
            limits: self.limits,
            url: usual.url,
        }))
    }
}

/// Whether another server may take the place of one that fails, with what it has by then.
const fn may_fail_over(deployment: &Deployment) -> bool {
    match deployment {
        Deployment::Server(_) => false,
        Deployment::Sentinel { .. } | Deployment::Cluster(_) => true,
    }
}

fn read_limits(section: &mut Reader<'_>) -> Limits {
    let usual = Limits::default();
    let milliseconds = |number: Option<u32>, usual| {
        number.map_or(usual, |number| Duration::from_millis(number.into()))
    };
    Limits {
        connect: milliseconds(
            section.number("connect_milliseconds", 100..=30_000),
            usual.connect,
        ),
        command: milliseconds(
            section.number("command_milliseconds", 50..=10_000),
            usual.command,
        ),
        in_flight: section
            .number("in_flight", 16..=65_536_i64)
            .and_then(|number| usize::try_from(number).ok())
            .unwrap_or(usual.in_flight),
    }
}

/// A name of visible ASCII characters that means nothing to Redis.
struct Name(String);

/// A name is refused.
#[derive(Debug, thiserror::Error)]
#[error("must be 1 to {MAX_PREFIX} of A-Z a-z 0-9 . _ : -")]
struct InvalidName;

impl FromStr for Name {
    type Err = InvalidName;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._:-".contains(&byte);
        if (1..=MAX_PREFIX).contains(&text.len()) && text.bytes().all(plain) {
            Ok(Self(text.to_owned()))
        } else {
            Err(InvalidName)
        }
    }
}

fn read_password(section: &mut Reader<'_>, key: &'static str) -> Option<Secret<String>> {
    let file = section.readable(key)?;
    match password_file(&file) {
        Ok(password) => Some(password),
        Err(wrong) => {
            section.problem(key, wrong);
            None
        }
    }
}

/// The password in the variable, or in the file that the other variable names.
fn password_of(
    environment: &Environment,
    (text, file): (&'static str, &'static str),
    findings: &Findings,
) -> Option<Secret<String>> {
    let given = environment.text(text, findings);
    let named = environment.text(file, findings);
    if given.is_some() && named.is_some() {
        findings.problem(text, format_args!("set either this or {file}"));
    }
    if let Some(password) = given {
        return Some(Secret::new(password.to_owned()));
    }
    match password_file(Path::new(named?)) {
        Ok(password) => Some(password),
        Err(wrong) => {
            findings.problem(file, wrong);
            None
        }
    }
}

/// The one line of the file.
fn password_file(file: &Path) -> Result<Secret<String>, String> {
    let text = std::fs::read_to_string(file)
        .map(Secret::new)
        .map_err(|error| format!("the file can't be read: {error}"))?;
    let line = text.expose().trim_end_matches(['\r', '\n']);
    if line.is_empty() || line.len() > MAX_FILE_BYTES || line.contains(['\r', '\n']) {
        return Err("the file must hold the password and nothing else, on one line".to_owned());
    }
    Ok(Secret::new(line.to_owned()))
}

fn read_tls(section: &mut Reader<'_>) -> RedisTls {
    let authorities = read_pem(section, "ca_file", has_certificate, "certificates");
    let certificates = read_pem(section, "certificate_file", has_certificate, "certificates");
    let key = read_pem(section, "key_file", has_key, "a private key");
    for (key, other) in [
        ("certificate_file", "key_file"),
        ("key_file", "certificate_file"),
    ] {
        if section.has(other) && !section.has(key) {
            let other = section.path(other);
            section.problem(key, format_args!("must be set beside {other}"));
        }
    }
    RedisTls {
        authorities: authorities.map(|pem| pem.expose().clone()),
        client: certificates
            .zip(key)
            .map(|(certificates, key)| ClientCertificate {
                certificates: certificates.expose().clone(),
                key,
            }),
    }
}

fn read_pem(
    section: &mut Reader<'_>,
    key: &'static str,
    is_good: impl Fn(&[u8]) -> bool,
    what: &str,
) -> Option<Secret<Vec<u8>>> {
    let file = section.readable(key)?;
    let pem = match std::fs::read(file) {
        Ok(pem) => Secret::new(pem),
        Err(error) => {
            section.problem(key, format_args!("the file can't be read: {error}"));
            return None;
        }
    };
    if is_good(pem.expose()) {
        return Some(pem);
    }
    section.problem(key, format_args!("the file must hold {what} in PEM"));
    None
}

fn has_certificate(pem: &[u8]) -> bool {
    let mut certificates = CertificateDer::pem_slice_iter(pem).peekable();
    certificates.peek().is_some() && certificates.all(|certificate| certificate.is_ok())
}

fn has_key(pem: &[u8]) -> bool {
    PrivateKeyDer::from_pem_slice(pem).is_ok()
}
