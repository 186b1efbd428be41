//! How Redis is reached, and what is expected of it.

use std::time::Duration;

use super::url::RedisUrl;
use crate::domain::Secret;

/// All that is to be known of a Redis.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RedisSettings {
    /// Where it is.
    pub url: RedisUrl,
    /// The password of the servers, with the URL's user where it names one.
    pub password: Option<Secret<String>>,
    /// Who we are to the sentinels.
    pub sentinel: Credentials,
    /// For URLs that ask for TLS.
    pub tls: RedisTls,
    /// What every key begins with.
    pub prefix: String,
    /// What the servers must do to keep what they are given.
    pub durability: Durability,
    /// So many replicas must have a change of the directory, a mark or the end of a session before it
    /// counts.
    pub replicas: u32,
    /// What a node may ask for, and how long it waits.
    pub limits: Limits,
}

/// A user and a password, where they are asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Credentials {
    /// The user; the default one where none is named.
    pub user: Option<String>,
    /// The user's password.
    pub password: Option<Secret<String>>,
}

/// Whom to trust and who we are.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RedisTls {
    /// Roots, PEM; the system's where there are none.
    pub authorities: Option<Vec<u8>>,
    /// Our own certificate, where the servers want one.
    pub client: Option<ClientCertificate>,
}

/// A certificate and its key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientCertificate {
    /// The certificate and those between it and its root, PEM.
    pub certificates: Vec<u8>,
    /// The private key, PEM.
    pub key: Secret<Vec<u8>>,
}

/// What servers must do to keep what they are given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    /// Write an append-only file.
    AppendOnlyFile,
    /// Nothing: whoever sets this can do without the directory and the marks.
    None,
}

/// What a node may ask for, and how long it waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// For a connection, with everything that belongs to it.
    pub connect: Duration,
    /// For a command's answer, with whatever is tried again.
    pub command: Duration,
    /// So many commands may be under way; one more is refused at once.
    pub in_flight: usize,
}

impl RedisSettings {
    /// What every key begins with unless said otherwise.
    pub const PREFIX: &'static str = "rolegate";

    /// A Redis without a password, as its URL says.
    pub fn at(url: RedisUrl) -> Self {
        Self {
            url,
            password: None,
            sentinel: Credentials::default(),
            tls: RedisTls::default(),
            prefix: Self::PREFIX.to_owned(),
            durability: Durability::AppendOnlyFile,
            replicas: 0,
            limits: Limits::default(),
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(2),
            command: Duration::from_secs(1),
            in_flight: 1024,
        }
    }
}
