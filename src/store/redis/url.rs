//! The URL of a Redis.
//!
//! ```text
//! redis://[user@]host[:6379][/database]
//! redis+sentinel://[user@]host[:26379],host…/service[/database]
//! redis+cluster://[user@]host[:6379],host…
//! ```
//! With `rediss` instead of `redis` every connection is TLS. A password has no place in it: URLs are
//! told in logs and listings of processes.

use std::fmt;
use std::str::FromStr;

use crate::domain::HostName;

/// Where a Redis is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RedisUrl {
    /// What kind of Redis it is.
    pub deployment: Deployment,
    /// Whether connections are TLS.
    pub tls: bool,
    /// The user to be at the servers; the default one where none is named.
    pub user: Option<String>,
    /// The database on the servers.
    pub database: u16,
}

/// What kind of Redis it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Deployment {
    /// One server, or a name that leads to the primary.
    Server(ServerAddress),
    /// Servers that sentinels watch: they say which is the primary.
    Sentinel {
        /// The sentinels.
        sentinels: Vec<ServerAddress>,
        /// What they call these servers.
        service: String,
    },
    /// A Cluster, known by some of its nodes.
    Cluster(Vec<ServerAddress>),
}

/// A host and a port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerAddress {
    /// A name or an address; no brackets.
    pub host: String,
    /// The port.
    pub port: u16,
}

/// Why a text is no URL of a Redis.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidRedisUrl {
    /// The scheme is another.
    #[error("must begin with redis://, redis+sentinel:// or redis+cluster://, or rediss… for TLS")]
    Scheme,
    /// There is a password.
    #[error("must not hold a password; set store.redis.password_file or ROLEGATE_REDIS_PASSWORD")]
    Password,
    /// A host or a port is wrong.
    #[error("must name hosts as host or host:port, separated by commas")]
    Host,
    /// More than one host.
    #[error("must name one host; several are for redis+sentinel:// and redis+cluster://")]
    ManyHosts,
    /// More hosts than are tried.
    #[error("must name at most {MAX_HOSTS} hosts")]
    TooManyHosts,
    /// No service.
    #[error("must name the service that the sentinels watch: redis+sentinel://host,host/service")]
    Service,
    /// The path is no database.
    #[error("must end in the database's number, or without one")]
    Database,
    /// A Cluster has one database.
    #[error("must have no path: a Cluster has database 0 only")]
    ClusterPath,
    /// A query or a fragment.
    #[error("must have no ? and no #; settings are under [store.redis]")]
    Query,
}

const MAX_HOSTS: usize = 64;
const REDIS_PORT: u16 = 6379;
const SENTINEL_PORT: u16 = 26_379;
/// Redis has 16 databases unless told otherwise; nobody has more than this.
const MAX_DATABASE: u16 = 9_999;

impl FromStr for RedisUrl {
    type Err = InvalidRedisUrl;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (scheme, rest) = text.split_once("://").ok_or(InvalidRedisUrl::Scheme)?;
        let (protocol, kind) = scheme.split_once('+').unwrap_or((scheme, ""));
        let tls = match protocol {
            "redis" => false,
            "rediss" => true,
            _ => return Err(InvalidRedisUrl::Scheme),
        };
        let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
        let (user, hosts) = user_and_hosts(authority)?;
        if rest.contains(['?', '#']) {
            return Err(InvalidRedisUrl::Query);
        }
        let (deployment, database) = match kind {
            "" => (one_server(hosts)?, database(path)?),
            "sentinel" => sentinels(hosts, path)?,
            "cluster" if path.is_empty() => (Deployment::Cluster(addresses(hosts, REDIS_PORT)?), 0),
            "cluster" => return Err(InvalidRedisUrl::ClusterPath),
            _ => return Err(InvalidRedisUrl::Scheme),
        };
        Ok(Self {
            deployment,
            tls,
            user,
            database,
        })
    }
}

/// The last `@` divides: a password may hold one, and must be found to be refused.
fn user_and_hosts(authority: &str) -> Result<(Option<String>, &str), InvalidRedisUrl> {
    let Some((user, hosts)) = authority.rsplit_once('@') else {
        return Ok((None, authority));
    };
    if user.contains(':') {
        return Err(InvalidRedisUrl::Password);
    }
    let user = percent_encoding::percent_decode_str(user)
        .decode_utf8()
        .map_err(|_| InvalidRedisUrl::Host)?;
    Ok((
        Some(user.into_owned()).filter(|user| !user.is_empty()),
        hosts,
    ))
}

fn one_server(hosts: &str) -> Result<Deployment, InvalidRedisUrl> {
    let mut addresses = addresses(hosts, REDIS_PORT)?;
    match (addresses.pop(), addresses.is_empty()) {
        (Some(address), true) => Ok(Deployment::Server(address)),
        _ => Err(InvalidRedisUrl::ManyHosts),
    }
}

fn sentinels(hosts: &str, path: &str) -> Result<(Deployment, u16), InvalidRedisUrl> {
    let (service, rest) = path.split_once('/').unwrap_or((path, ""));
    let is_name = |name: &str| {
        !name.is_empty()
            && name.len() <= 255
            && name
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
    };
    if !is_name(service) {
        return Err(InvalidRedisUrl::Service);
    }
    let deployment = Deployment::Sentinel {
        sentinels: addresses(hosts, SENTINEL_PORT)?,
        service: service.to_owned(),
    };
    Ok((deployment, database(rest)?))
}

fn database(path: &str) -> Result<u16, InvalidRedisUrl> {
    if path.is_empty() {
        return Ok(0);
    }
    let is_number = path.bytes().all(|byte| byte.is_ascii_digit());
    let number = is_number.then(|| path.parse().ok()).flatten();
    number
        .filter(|number| *number <= MAX_DATABASE)
        .ok_or(InvalidRedisUrl::Database)
}

fn addresses(hosts: &str, port: u16) -> Result<Vec<ServerAddress>, InvalidRedisUrl> {
    if hosts.split(',').count() > MAX_HOSTS {
        return Err(InvalidRedisUrl::TooManyHosts);
    }
    hosts.split(',').map(|host| address(host, port)).collect()
}

fn address(text: &str, default_port: u16) -> Result<ServerAddress, InvalidRedisUrl> {
    let (host, port) = if let Some(rest) = text.strip_prefix('[') {
        let (host, port) = rest.split_once(']').ok_or(InvalidRedisUrl::Host)?;
        host.parse::<std::net::Ipv6Addr>()
            .map_err(|_| InvalidRedisUrl::Host)?;
        (
            host,
            port.strip_prefix(':').or(port.is_empty().then_some("")),
        )
    } else {
        let (host, port) = text.split_once(':').unwrap_or((text, ""));
        if host.parse::<std::net::Ipv4Addr>().is_err() {
            let name = host.to_ascii_lowercase();
            name.parse::<HostName>()
                .map_err(|_| InvalidRedisUrl::Host)?;
        }
        (host, Some(port))
    };
    let port = match port.ok_or(InvalidRedisUrl::Host)? {
        "" => default_port,
        port => port.parse().map_err(|_| InvalidRedisUrl::Host)?,
    };
    Ok(ServerAddress {
        host: host.to_owned(),
        port,
    })
}

impl fmt::Display for ServerAddress {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { host, port } = self;
        if host.contains(':') {
            write!(formatter, "[{host}]:{port}")
        } else {
            write!(formatter, "{host}:{port}")
        }
    }
}

/// What is told of it in messages: no user.
impl fmt::Display for RedisUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (kind, hosts) = match &self.deployment {
            Deployment::Server(address) => ("", std::slice::from_ref(address)),
            Deployment::Sentinel { sentinels, .. } => ("+sentinel", sentinels.as_slice()),
            Deployment::Cluster(nodes) => ("+cluster", nodes.as_slice()),
        };
        let secure = if self.tls { "s" } else { "" };
        let hosts: Vec<String> = hosts.iter().map(ToString::to_string).collect();
        write!(formatter, "redis{secure}{kind}://{}", hosts.join(","))?;
        if let Deployment::Sentinel { service, .. } = &self.deployment {
            write!(formatter, "/{service}")?;
        }
        match self.database {
            0 => Ok(()),
            database => write!(formatter, "/{database}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<RedisUrl, InvalidRedisUrl> {
        text.parse()
    }

    fn server(host: &str, port: u16) -> ServerAddress {
        ServerAddress {
            host: host.to_owned(),
            port,
        }
    }

    #[test]
    fn every_kind_of_redis_is_named_by_its_scheme() {
        let plain = parse("redis://cache.example.com").unwrap();
        assert_eq!(
            plain.deployment,
            Deployment::Server(server("cache.example.com", 6379))
        );
        assert_eq!((plain.tls, plain.user, plain.database), (false, None, 0));
        let tls = parse("rediss://gate@[::1]:7000/3").unwrap();
        assert_eq!(tls.deployment, Deployment::Server(server("::1", 7000)));
        assert_eq!(tls.user.as_deref(), Some("gate"));
        assert_eq!((tls.tls, tls.database), (true, 3));
        let sentinel = parse("redis+sentinel://a,b:1/main/2").unwrap();
        let sentinels = vec![server("a", 26_379), server("b", 1)];
        let service = "main".to_owned();
        assert_eq!(
            sentinel.deployment,
            Deployment::Sentinel { sentinels, service }
        );
        assert_eq!(sentinel.database, 2);
        let cluster = parse("rediss+cluster://10.0.0.1:7000,10.0.0.2").unwrap();
        let nodes = vec![server("10.0.0.1", 7000), server("10.0.0.2", 6379)];
        assert_eq!(cluster.deployment, Deployment::Cluster(nodes));
    }

    #[test]
    fn a_password_is_refused_wherever_it_stands() {
        for text in [
            "redis://user:hunter2@host",
            "redis://:hunter2@host",
            "redis://user:hun@ter2@host",
            "redis+cluster://user:hunter2@a,b",
        ] {
            assert_eq!(parse(text), Err(InvalidRedisUrl::Password), "{text}");
        }
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (text, wrong) in [
            ("valkey://host", InvalidRedisUrl::Scheme),
            ("redis:host", InvalidRedisUrl::Scheme),
            ("redis+other://host", InvalidRedisUrl::Scheme),
            ("redis://", InvalidRedisUrl::Host),
            ("redis://host:port", InvalidRedisUrl::Host),
            ("redis://a b", InvalidRedisUrl::Host),
            ("redis://[::1", InvalidRedisUrl::Host),
            ("redis://[::1]x", InvalidRedisUrl::Host),
            ("redis+cluster://a,,b", InvalidRedisUrl::Host),
            ("redis://a,b", InvalidRedisUrl::ManyHosts),
            ("redis+sentinel://a,b", InvalidRedisUrl::Service),
            ("redis+sentinel://a/ma in", InvalidRedisUrl::Service),
            ("redis://host/x", InvalidRedisUrl::Database),
            ("redis://host/+1", InvalidRedisUrl::Database),
            ("redis://host/10000", InvalidRedisUrl::Database),
            ("redis+cluster://a/1", InvalidRedisUrl::ClusterPath),
            ("redis://host/0?protocol=resp3", InvalidRedisUrl::Query),
            ("rediss://host/#insecure", InvalidRedisUrl::Query),
        ] {
            assert_eq!(parse(text), Err(wrong), "{text}");
        }
        let many = ["a"; MAX_HOSTS + 1].join(",");
        let text = ["redis+cluster://", &many].concat();
        assert_eq!(parse(&text), Err(InvalidRedisUrl::TooManyHosts));
    }

    #[test]
    fn what_is_told_reads_back_without_the_user() {
        let told = parse("rediss+sentinel://gate@[::1],b/main/2")
            .unwrap()
            .to_string();
        assert_eq!(told, "rediss+sentinel://[::1]:26379,b:26379/main/2");
        assert_eq!(parse(&told).unwrap().user, None);
    }
}
