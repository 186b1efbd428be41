//! The settings that stand by themselves: audit, limits, federation, browser sessions, log.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::Arc;

use ipnet::IpNet;

use super::environment::{self, Environment};
use super::known_providers;
use super::network::{is_loopback, read_nets};
use super::rates;
use super::reader::{Findings, Reader};
use crate::domain::{EmailAddress, HostName, Issuer};
use crate::federation::known::KnownProviderSettings;
use crate::throttle::Rates;

/// Where audit records go (decision 10).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditSettings {
    /// The place.
    pub target: AuditTarget,
    /// When a record counts as written.
    pub sync: AuditSync,
}

/// Where audit records are written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AuditTarget {
    /// One file, for somebody else to rotate.
    File(PathBuf),
    /// Files in this folder, one after another.
    Folder {
        /// The folder.
        path: PathBuf,
        /// A file that has grown so long, in bytes, is followed by the next.
        rotate_bytes: u64,
        /// Files are removed after so many days; none are where this is not set.
        keep_days: Option<u32>,
    },
}

/// When an audit record counts as written, so that the answer may go out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AuditSync {
    /// When the system has taken it: it outlives the process.
    Write,
    /// When the disk has it: it outlives the machine's fall.
    Fdatasync,
}

/// For how long traces of decisions are kept, and in how much room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DecisionSettings {
    /// So many days; none are kept for 0.
    pub keep_days: u32,
    /// In so many bytes of the store; none are kept in 0.
    pub max_bytes: u64,
}

/// Bounds of what callers may take up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// The longest body of a request to STS, in bytes.
    pub body_bytes: usize,
    /// How many bytes all bodies under way may take together, the beginning of each left out.
    pub bodies_bytes: usize,
    /// How long a caller may take to send a request's head, in seconds.
    pub header_seconds: u32,
    /// How long a caller may take to send a request's body, in seconds.
    pub body_seconds: u32,
    /// How long an idle connection is kept, in seconds.
    pub keep_alive_seconds: u32,
    /// How many connections each listener has open at once, shared out evenly among its workers.
    pub connections: usize,
    /// How many requests may wait for each worker.
    pub waiting: usize,
    /// How often anybody may ask.
    pub rates: Rates,
}

/// How a node reaches identity providers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FederationSettings {
    /// Issuers that may be plain `http`; all of them on loopback.
    pub allow_http_issuers: Vec<Issuer>,
    /// Private networks in which issuers may be.
    pub allow_private_addresses: Vec<IpNet>,
    /// Further roots to trust, in PEM.
    pub ca_file: Option<PathBuf>,
    /// Where the files with connections' secrets are; without it no connection may name one.
    pub secret_folder: Option<PathBuf>,
    /// How long one answer may take, in seconds.
    pub timeout_seconds: u32,
    /// Names that stand for these addresses; the system resolves every other name.
    pub resolve: BTreeMap<HostName, Vec<IpAddr>>,
    /// The apps that this node has at the providers that every account knows.
    pub known: KnownProviderSettings,
}

/// How the node's keys as a SAML service provider follow one another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SamlSettings {
    /// A new key is published for so many seconds before it signs.
    pub key_overlap_seconds: u32,
    /// An old key is published, and opens what is encrypted to it, for so many seconds after.
    pub key_grace_seconds: u32,
}

/// What pages say of whose node it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PortalSettings {
    /// The organisation; pages name nobody where this is not set.
    pub organisation: Option<OrganisationName>,
    /// Whom people write to when they can't go on; pages name no address where this is not set.
    pub contact: Option<EmailAddress>,
}

/// The name of the organisation that runs the node, as pages show it: 1 to 64 characters, none of
/// them a control.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrganisationName(Arc<str>);

/// Why a text is no name of an organisation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be 1 to 64 characters in one line, without spaces at its ends")]
pub struct InvalidOrganisationName;

/// How long people stay signed in (decision 15).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BrowserSessions {
    /// A session ends after so many seconds without use.
    pub idle_seconds: u32,
    /// A session ends after so many seconds, whatever happens.
    pub absolute_seconds: u32,
}

/// What the node says about itself on standard error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogSettings {
    /// How a line is written.
    pub format: LogFormat,
    /// The least important lines that are written.
    pub level: LogLevel,
}

/// How a line of the log is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

/// How important a line of the log is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogLevel {
    /// What went wrong.
    Error,
    /// What may go wrong.
    Warn,
    /// What happened.
    Info,
    /// How it happened.
    Debug,
    /// Every step.
    Trace,
}

impl AuditSettings {
    const ROTATE_BYTES: u64 = 100 << 20;

    pub(super) fn read(section: &mut Reader<'_>) -> Self {
        let file = section.place("file");
        let folder = section.place("dir");
        let rotate_bytes = section.number("rotate_bytes", 1 << 20..=1 << 40);
        let keep_days = section.number("keep_days", 1..=36_500);
        let syncs = [
            ("write", AuditSync::Write),
            ("fdatasync", AuditSync::Fdatasync),
        ];
        let sync = section.word("sync", &syncs).unwrap_or(AuditSync::Write);
        for key in ["dir", "rotate_bytes", "keep_days"] {
            if file.is_some() && section.has(key) {
                section.problem(key, "doesn't go with audit.file, which is never rotated");
            }
        }
        let default = || section.folder().join("audit");
        let target = match file {
            Some(file) => AuditTarget::File(file),
            None => AuditTarget::Folder {
                path: folder.unwrap_or_else(default),
                rotate_bytes: rotate_bytes.unwrap_or(Self::ROTATE_BYTES),
                keep_days,
            },
        };
        Self { target, sync }
    }
}

impl Limits {
    pub(super) fn read(section: &mut Reader<'_>) -> Self {
        Self {
            body_bytes: section
                .number("body_bytes", 64 << 10..=8 << 20)
                .unwrap_or(256 << 10),
            bodies_bytes: section
                .number("bodies_bytes", 1 << 20..=64 << 30)
                .unwrap_or(64 << 20),
            header_seconds: section.number("header_seconds", 1..=60).unwrap_or(10),
            body_seconds: section.number("body_seconds", 1..=300).unwrap_or(30),
            keep_alive_seconds: section.number("keep_alive_seconds", 1..=600).unwrap_or(75),
            connections: section
                .number("connections", 16..=1_000_000)
                .unwrap_or(10_000),
            waiting: section.number("waiting", 16..=65_536).unwrap_or(256),
            rates: section.section("rates", rates::read),
        }
    }
}

impl FederationSettings {
    /// A caller who waits for a provider has an answer within five seconds.
    const TIMEOUT_SECONDS: u32 = 4;
    /// One answer may take at most so many seconds: a provider that fails is left alone for three
    /// times as long.
    pub const MAX_TIMEOUT_SECONDS: u32 = 10;

    pub(super) fn read(
        section: &mut Reader<'_>,
        environment: &Environment,
        findings: &Findings,
    ) -> Self {
        let written: Vec<HttpIssuer> = section.list("allow_http_issuers").unwrap_or_default();
        let set = http_issuers(environment, findings);
        let issuers = set.unwrap_or(written);
        let issuers: Vec<Issuer> = issuers.into_iter().map(|issuer| issuer.0).collect();
        let secret_folder = read_secret_folder(section);
        Self {
            known: known_providers::read(section, &issuers, secret_folder.is_some()),
            allow_http_issuers: issuers,
            allow_private_addresses: read_nets(section, "allow_private_addresses"),
            ca_file: section.readable("ca_file"),
            secret_folder,
            timeout_seconds: section
                .number("timeout_seconds", 1..=Self::MAX_TIMEOUT_SECONDS)
                .unwrap_or(Self::TIMEOUT_SECONDS),
            resolve: section.lists("resolve"),
        }
    }
}

fn read_secret_folder(section: &mut Reader<'_>) -> Option<PathBuf> {
    let folder = section.place("secret_folder")?;
    if !folder.is_dir() {
        section.problem("secret_folder", "must be a folder that is there");
    }
    Some(folder)
}

fn http_issuers(environment: &Environment, findings: &Findings) -> Option<Vec<HttpIssuer>> {
    let name = environment::ALLOW_HTTP_ISSUERS;
    let texts = environment.text(name, findings)?.split(',').map(str::trim);
    let parsed = texts.map(str::parse::<HttpIssuer>);
    let told = parsed.map(|issuer| issuer.map_err(|error| findings.problem(name, error)));
    Some(told.filter_map(Result::ok).collect())
}

/// A plain-http issuer on loopback.
struct HttpIssuer(Issuer);

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be an http:// issuer on 127.0.0.1, [::1] or localhost; https needs no listing")]
struct NotHttpIssuer;

impl std::str::FromStr for HttpIssuer {
    type Err = NotHttpIssuer;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let issuer: Issuer = text.parse().map_err(|_| NotHttpIssuer)?;
        let url = url::Url::parse(text).map_err(|_| NotHttpIssuer)?;
        if issuer.is_plain_http() && is_loopback(&url) {
            Ok(Self(issuer))
        } else {
            Err(NotHttpIssuer)
        }
    }
}

impl DecisionSettings {
    /// Less is no room for traces.
    const LEAST_BYTES: u64 = 1 << 20;
    const MOST_BYTES: u64 = 16 << 30;
    const USUAL_BYTES: u64 = 256 << 20;

    pub(super) fn read(section: &mut Reader<'_>) -> Self {
        let max_bytes = section.number("max_bytes", 0..=Self::MOST_BYTES);
        if max_bytes.is_some_and(|bytes| (1..Self::LEAST_BYTES).contains(&bytes)) {
            section.problem("max_bytes", "must be 0, or from 1048576 on");
        }
        Self {
            keep_days: section.number("keep_days", 0..=3_650).unwrap_or(30),
            max_bytes: max_bytes.unwrap_or(Self::USUAL_BYTES),
        }
    }
}

impl SamlSettings {
    const DAY: u32 = 24 * 60 * 60;

    pub(super) fn read(section: &mut Reader<'_>) -> Self {
        Self {
            key_overlap_seconds: section
                .number("key_overlap_seconds", 0..=90 * Self::DAY)
                .unwrap_or(Self::DAY),
            // What was encrypted to the old key a moment ago must still be opened.
            key_grace_seconds: section
                .number("key_grace_seconds", 600..=90 * Self::DAY)
                .unwrap_or(7 * Self::DAY),
        }
    }
}

impl PortalSettings {
    pub(super) fn read(section: &mut Reader<'_>) -> Self {
        Self {
            organisation: section.parsed("organisation"),
            contact: section.parsed("contact"),
        }
    }

    /// The organisation's name, as every page has it.
    pub fn organisation_name(&self) -> Option<Arc<str>> {
        self.organisation.as_ref().map(OrganisationName::shared)
    }

    /// The address to write to, as every page has it.
    pub fn contact_address(&self) -> Option<Arc<str>> {
        let contact = self.contact.as_ref();
        contact.map(|contact| contact.as_str().into())
    }
}

impl OrganisationName {
    const MAX_CHARS: usize = 64;

    /// The name itself.
    pub fn shared(&self) -> Arc<str> {
        Arc::clone(&self.0)
    }
}

impl std::str::FromStr for OrganisationName {
    type Err = InvalidOrganisationName;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let long = text.chars().count();
        let good = (1..=Self::MAX_CHARS).contains(&long)
            && text.trim() == text
            && !text.chars().any(char::is_control);
        if good {
            Ok(Self(text.into()))
        } else {
            Err(InvalidOrganisationName)
        }
    }
}

impl BrowserSessions {
    pub(super) fn read(section: &mut Reader<'_>) -> Self {
        let sessions = Self {
            idle_seconds: section.number("idle_seconds", 60..=43_200).unwrap_or(1_800),
            absolute_seconds: section
                .number("absolute_seconds", 300..=86_400)
                .unwrap_or(43_200),
        };
        if sessions.idle_seconds > sessions.absolute_seconds {
            section.problem(
                "idle_seconds",
                "must not be more than sessions.absolute_seconds",
            );
        }
        sessions
    }
}

impl LogSettings {
    pub(super) fn read(section: &mut Reader<'_>) -> Self {
        let formats = [("text", LogFormat::Text), ("json", LogFormat::Json)];
        let levels = [
            ("error", LogLevel::Error),
            ("warn", LogLevel::Warn),
            ("info", LogLevel::Info),
            ("debug", LogLevel::Debug),
            ("trace", LogLevel::Trace),
        ];
        Self {
            format: section.word("format", &formats).unwrap_or(LogFormat::Text),
            level: section.word("level", &levels).unwrap_or(LogLevel::Info),
        }
    }
}
