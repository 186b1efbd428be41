//! Where the tests find the programs they drive. `make tools` installs them; a test whose tool is
//! missing fails and says so, it never passes by leaving its work out.

use std::path::{Path, PathBuf};

/// A program or folder that is not part of the Rust build.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tool {
    /// A Chromium or Chrome: `ROLEGATE_TEST_CHROMIUM`, or where Debian's and Google's packages go.
    Chromium,
    /// A Firefox: `ROLEGATE_TEST_FIREFOX`, or where Debian's and Mozilla's packages go.
    Firefox,
    /// The AWS command line, `aws`, in `ROLEGATE_TEST_VENV`.
    AwsCli,
    /// A Python that can import boto3, signxml and pysaml2, in `ROLEGATE_TEST_VENV`.
    Python,
    /// The Node runtime, from `PATH`.
    Node,
    /// The installed Node packages: `ROLEGATE_TEST_NODE_MODULES`.
    NodeModules,
    /// The Java runtime, from `PATH`.
    Java,
    /// The Java libraries and Keycloak: `ROLEGATE_TEST_JAVA_TOOLS`.
    JavaTools,
    /// The command that pysaml2 signs and encrypts with, from `PATH`.
    Xmlsec1,
    /// The server of Redis, which is a sentinel and a Cluster's node as well: from `PATH`, or where
    /// `make tools` links it.
    RedisServer,
    /// Redis's command line, from `PATH`.
    RedisCli,
    /// nginx, in `ROLEGATE_TEST_PROXIES`.
    Nginx,
    /// HAProxy, in `ROLEGATE_TEST_PROXIES`.
    Haproxy,
    /// The command that reads systemd's units, from `PATH`.
    SystemdAnalyze,
}

impl Tool {
    /// Every tool that `make tools` provides.
    pub(crate) const ALL: [Self; 14] = [
        Self::Chromium,
        Self::Firefox,
        Self::AwsCli,
        Self::Python,
        Self::Node,
        Self::NodeModules,
        Self::Java,
        Self::JavaTools,
        Self::Xmlsec1,
        Self::RedisServer,
        Self::RedisCli,
        Self::Nginx,
        Self::Haproxy,
        Self::SystemdAnalyze,
    ];

    /// The tool's place.
    ///
    /// # Panics
    /// When this or any other tool is missing, with all that are and what to run.
    pub(crate) fn path(self) -> PathBuf {
        self.find().unwrap_or_else(|| {
            let missing: Vec<_> = Self::ALL
                .into_iter()
                .filter(|tool| tool.find().is_none())
                .collect();
            panic!("missing test tools: {missing:?}; run `make tools`")
        })
    }

    fn find(self) -> Option<PathBuf> {
        self.places().into_iter().find(|place| place.exists())
    }

    fn places(self) -> Vec<PathBuf> {
        match self {
            Self::Chromium => chromium_places(),
            Self::Firefox => firefox_places(),
            Self::AwsCli => vec![venv().join("bin/aws")],
            Self::Python => vec![venv().join("bin/python")],
            Self::Node => places_in_path("node"),
            Self::NodeModules => vec![node_modules()],
            Self::Java => places_in_path("java"),
            Self::JavaTools => vec![java_tools()],
            Self::Xmlsec1 => places_in_path("xmlsec1"),
            Self::RedisServer => redis_server_places(),
            Self::RedisCli => places_in_path("redis-cli"),
            Self::Nginx => vec![proxies().join("usr/sbin/nginx")],
            Self::Haproxy => vec![proxies().join("usr/sbin/haproxy")],
            Self::SystemdAnalyze => places_in_path("systemd-analyze"),
        }
    }
}

fn chromium_places() -> Vec<PathBuf> {
    named("ROLEGATE_TEST_CHROMIUM").map_or_else(
        || {
            vec![
                "/usr/bin/chromium".into(),
                "/usr/bin/google-chrome-stable".into(),
                "/usr/bin/google-chrome".into(),
            ]
        },
        |place| vec![place],
    )
}

fn firefox_places() -> Vec<PathBuf> {
    named("ROLEGATE_TEST_FIREFOX").map_or_else(
        || vec!["/usr/bin/firefox-esr".into(), "/usr/bin/firefox".into()],
        |place| vec![place],
    )
}

fn places_in_path(program: &str) -> Vec<PathBuf> {
    let path = named("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .map(|folder| folder.join(program))
        .collect()
}

fn redis_server_places() -> Vec<PathBuf> {
    let mut places = places_in_path("redis-server");
    places.push(cache().join("redis/redis-server"));
    places
}

fn venv() -> PathBuf {
    named("ROLEGATE_TEST_VENV").unwrap_or_else(|| cache().join("venv"))
}

fn node_modules() -> PathBuf {
    named("ROLEGATE_TEST_NODE_MODULES").unwrap_or_else(|| cache().join("node/node_modules"))
}

fn java_tools() -> PathBuf {
    named("ROLEGATE_TEST_JAVA_TOOLS").unwrap_or_else(|| cache().join("java"))
}

fn proxies() -> PathBuf {
    named("ROLEGATE_TEST_PROXIES").unwrap_or_else(|| cache().join("proxies"))
}

fn cache() -> PathBuf {
    named("ROLEGATE_CACHE").unwrap_or_else(|| {
        let home = named("HOME").expect("HOME names the home folder");
        Path::new(&home).join(".cache/rolegate")
    })
}

/// A place from the environment; an empty value counts as unset, as in the shell scripts.
#[expect(
    clippy::disallowed_methods,
    reason = "the rule keeps the gateway's settings in one place; these are the tests' own"
)]
fn named(variable: &str) -> Option<PathBuf> {
    std::env::var_os(variable)
        .filter(|value| !value.is_empty())
        .map(PathBuf::from)
}
