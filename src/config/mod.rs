//! Node settings: file and environment to a validated configuration, every problem reported at once.
//!
//! The file holds settings of the node only; the directory (accounts, roles, connections, rules) is
//! applied to a running node. Secrets come from files of their own or from the environment, never
//! from this file. Without a file and without variables a node runs on loopback, with a store
//! beside it. `config/rolegate.example.toml` lists every setting.

pub mod environment;
mod keys;
mod known_providers;
mod network;
mod rates;
mod reader;
mod sections;
mod store;
mod telemetry;

use std::fmt;
use std::num::NonZeroUsize;
use std::path::Path;

pub use environment::Environment;
pub use keys::{
    AdminSettings, BootstrapKey, KeyHolder, RootKeyError, RootKeyFile, RootKeySettings,
    RootKeySource, root_key_file, root_key_text,
};
pub use network::{Network, PublicUrl, ServedHost, Tls, is_loopback};
pub use reader::Problem;
pub use sections::{
    AuditSettings, AuditSync, AuditTarget, BrowserSessions, DecisionSettings, FederationSettings,
    Limits, LogFormat, LogLevel, LogSettings, OrganisationName, PortalSettings, SamlSettings,
};
pub use store::{StoreLocation, StoreUrl};
pub use telemetry::{CollectorSettings, TelemetrySettings};

use crate::domain::{Partition, Region};
use reader::{Findings, Reader};

/// Everything that a node is told, checked.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where it listens and how it is reached.
    pub network: Network,
    /// The regions that it answers for, the first being the one that is meant where none is named;
    /// never empty.
    pub regions: Vec<Region>,
    /// The partition of the ARNs that it makes.
    pub partition: Partition,
    /// What is kept where.
    pub store: StoreLocation,
    /// Under which key.
    pub root_key: RootKeySettings,
    /// Where audit records go.
    pub audit: AuditSettings,
    /// For how long traces of decisions are kept.
    pub decisions: DecisionSettings,
    /// What callers may take up.
    pub limits: Limits,
    /// How identity providers are reached.
    pub federation: FederationSettings,
    /// How the keys for SAML follow one another.
    pub saml: SamlSettings,
    /// How long people stay signed in.
    pub sessions: BrowserSessions,
    /// What pages say of whose node it is.
    pub portal: PortalSettings,
    /// Who administers the node first.
    pub admin: AdminSettings,
    /// How many threads serve requests; as many as there are processors where this is not set.
    pub workers: Option<NonZeroUsize>,
    /// With a directory older than so many seconds the node refuses to issue and to verify.
    pub max_staleness_seconds: u32,
    /// How long the node goes on accepting when it was told to stop, while `/readyz` says that it is
    /// not ready, in seconds.
    pub drain_notice_seconds: u32,
    /// How long requests under way may take when the node stops, in seconds.
    pub drain_seconds: u32,
    /// Who is told how long its steps take.
    pub telemetry: TelemetrySettings,
    /// What the node says about itself.
    pub log: LogSettings,
}

/// Everything that is wrong with a configuration; at least one problem.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problems(pub Vec<Problem>);

impl fmt::Display for Problems {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.0.iter().enumerate() {
            let separator = if index == 0 { "" } else { "\n" };
            write!(formatter, "{separator}{problem}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Problems {}

impl Config {
    /// A node has at most this many regions.
    pub const MAX_REGIONS: usize = 64;

    /// Reads the file, where there is one, and the environment. Relative paths in the file are
    /// relative to its folder, those in the environment to the working directory.
    ///
    /// # Errors
    /// Every problem that there is, in the order of the settings.
    pub fn load(file: Option<&Path>, environment: &Environment) -> Result<Self, Problems> {
        let Some(file) = file else {
            return Self::from_toml("", Path::new(""), environment);
        };
        let text = std::fs::read_to_string(file).map_err(|error| {
            Problems(vec![Problem {
                path: file.display().to_string(),
                text: format!("the file can't be read: {error}"),
            }])
        })?;
        Self::from_toml(&text, file.parent().unwrap_or(Path::new("")), environment)
    }

    /// Reads the text of a file that stands in `folder`, and the environment.
    ///
    /// # Errors
    /// As [`Self::load`].
    pub fn from_toml(
        text: &str,
        folder: &Path,
        environment: &Environment,
    ) -> Result<Self, Problems> {
        let table = text.parse().map_err(|error| not_toml(text, &error))?;
        let findings = Findings::default();
        let config = Self::read(
            Reader::new(&table, folder, &findings),
            environment,
            &findings,
        );
        let problems = findings.into_problems();
        if problems.is_empty() {
            Ok(config)
        } else {
            Err(Problems(problems))
        }
    }

    /// Reads every setting; what is wrong is in `findings`, and its default stands in for it.
    fn read(mut root: Reader<'_>, environment: &Environment, findings: &Findings) -> Self {
        let network = Network::read(&mut root, environment, findings);
        let store = StoreLocation::read(&mut root, environment, findings);
        let config = Self {
            network,
            regions: read_regions(&mut root),
            partition: root.parsed("partition").unwrap_or_default(),
            root_key: RootKeySettings::read(&mut root, environment, findings, &store),
            store,
            audit: root.section("audit", AuditSettings::read),
            decisions: root.section("decisions", DecisionSettings::read),
            limits: root.section("limits", Limits::read),
            federation: root.section("federation", |section| {
                FederationSettings::read(section, environment, findings)
            }),
            saml: root.section("saml", SamlSettings::read),
            sessions: root.section("sessions", BrowserSessions::read),
            portal: root.section("portal", PortalSettings::read),
            admin: AdminSettings::read(&mut root, environment, findings),
            workers: root
                .number("workers", 1..=1_024)
                .and_then(NonZeroUsize::new),
            max_staleness_seconds: root
                .number("max_staleness_seconds", 5..=3_600)
                .unwrap_or(60),
            drain_notice_seconds: root.number("drain_notice_seconds", 0..=60).unwrap_or(2),
            drain_seconds: root.number("drain_seconds", 0..=600).unwrap_or(30),
            telemetry: root.section("telemetry", TelemetrySettings::read),
            log: root.section("log", LogSettings::read),
        };
        root.finish();
        config
    }
}

fn read_regions(root: &mut Reader<'_>) -> Vec<Region> {
    let Some(mut regions) = root.list::<Region>("regions") else {
        return "us-east-1".parse().into_iter().collect();
    };
    if regions.is_empty() || regions.len() > Config::MAX_REGIONS {
        let most = Config::MAX_REGIONS;
        root.problem("regions", format_args!("must name 1 to {most} regions"));
    }
    let count = regions.len();
    let mut seen = std::collections::BTreeSet::new();
    regions.retain(|region| seen.insert(region.clone()));
    if regions.len() != count {
        root.problem("regions", "must name each region once");
    }
    regions
}

/// The crate's own text would quote the line, which may hold a secret.
fn not_toml(text: &str, error: &toml::de::Error) -> Problems {
    let start = error.span().map_or(0, |span| span.start);
    let line = text.get(..start).unwrap_or_default().matches('\n').count() + 1;
    Problems(vec![Problem {
        path: format!("line {line}"),
        text: error.message().to_owned(),
    }])
}

#[cfg(test)]
mod tests;
