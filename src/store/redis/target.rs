//! Where connections lead: the clients that the settings make.

use std::sync::Arc;

use redis::cluster::{ClusterClient, ClusterClientBuilder};
use redis::io::tcp::TcpSettings;
use redis::sentinel::{SentinelClient, SentinelClientBuilder, SentinelServerType};
use redis::{
    Client, ClientTlsConfig, ConnectionAddr, ConnectionInfo, IntoConnectionInfo as _,
    RedisConnectionInfo, RedisResult, TlsCertificates, TlsMode,
};
use tokio::sync::Mutex;

use super::settings::{Credentials, RedisSettings, RedisTls};
use super::url::{Deployment, ServerAddress};

/// What leads to the one server that is the primary now.
#[derive(Clone)]
pub(super) enum Target {
    Server(Box<Client>),
    /// One question to the sentinels at a time.
    Sentinel(Arc<Mutex<SentinelClient>>),
}

impl Target {
    /// A client of the server that is the primary now.
    pub(super) async fn client(&self) -> RedisResult<Client> {
        match self {
            Self::Server(client) => Ok(Client::clone(client)),
            Self::Sentinel(sentinels) => sentinels.lock().await.async_get_client().await,
        }
    }
}

/// One server, whatever others there are.
pub(super) fn single(settings: &RedisSettings, address: &ServerAddress) -> RedisResult<Target> {
    let info = info(settings, address)?;
    let client = if settings.url.tls {
        Client::build_with_tls(info, certificates(&settings.tls))?
    } else {
        Client::open(info)?
    };
    Ok(Target::Server(Box::new(client)))
}

pub(super) fn sentinel(
    settings: &RedisSettings,
    sentinels: &[ServerAddress],
    service: &str,
) -> RedisResult<Target> {
    let addresses = sentinels.iter().map(|address| addr(settings, address));
    let mut builder = SentinelClientBuilder::new(addresses, service, SentinelServerType::Master)?
        .set_client_to_redis_db(settings.url.database.into())
        .set_client_to_redis_tcp_settings(tcp())
        .set_client_to_sentinel_tcp_settings(tcp());
    if let Some(user) = &settings.url.user {
        builder = builder.set_client_to_redis_username(user);
    }
    if let Some(password) = &settings.password {
        builder = builder.set_client_to_redis_password(password.expose());
    }
    let Credentials { user, password } = &settings.sentinel;
    if let Some(user) = user {
        builder = builder.set_client_to_sentinel_username(user);
    }
    if let Some(password) = password {
        builder = builder.set_client_to_sentinel_password(password.expose());
    }
    if settings.url.tls {
        builder = builder
            .set_client_to_redis_tls_mode(TlsMode::Secure)
            .set_client_to_redis_certificates(certificates(&settings.tls))
            .set_client_to_sentinel_tls_mode(TlsMode::Secure)
            .set_client_to_sentinel_certificates(certificates(&settings.tls));
    }
    Ok(Target::Sentinel(Arc::new(Mutex::new(builder.build()?))))
}

pub(super) fn cluster(
    settings: &RedisSettings,
    nodes: &[ServerAddress],
) -> RedisResult<ClusterClient> {
    let infos: RedisResult<Vec<_>> = nodes.iter().map(|node| info(settings, node)).collect();
    let limits = settings.limits;
    let mut builder = ClusterClientBuilder::new(infos?)
        .tcp_settings(tcp())
        .connection_timeout(limits.connect)
        .response_timeout(limits.command)
        .retries(CLUSTER_RETRIES)
        .connection_concurrency_limit(limits.in_flight);
    if let Some(user) = &settings.url.user {
        builder = builder.username(user);
    }
    if let Some(password) = &settings.password {
        builder = builder.password(password.expose());
    }
    if settings.url.tls {
        builder = builder
            .tls(TlsMode::Secure)
            .certs(certificates(&settings.tls));
    }
    builder.build()
}

/// A command that is led elsewhere or finds its node gone is sent so often again.
const CLUSTER_RETRIES: u32 = 3;

/// A client for notices, of whichever server takes one: in a Cluster every node tells them.
pub(super) fn any_of(settings: &RedisSettings) -> RedisResult<Vec<Target>> {
    match &settings.url.deployment {
        Deployment::Server(address) => Ok(vec![single(settings, address)?]),
        Deployment::Sentinel { sentinels, service } => {
            Ok(vec![sentinel(settings, sentinels, service)?])
        }
        Deployment::Cluster(nodes) => nodes.iter().map(|node| single(settings, node)).collect(),
    }
}

fn info(settings: &RedisSettings, address: &ServerAddress) -> RedisResult<ConnectionInfo> {
    let mut redis = RedisConnectionInfo::default().set_db(settings.url.database.into());
    if let Some(user) = &settings.url.user {
        redis = redis.set_username(user);
    }
    if let Some(password) = &settings.password {
        redis = redis.set_password(password.expose());
    }
    let info = addr(settings, address).into_connection_info()?;
    Ok(info.set_redis_settings(redis).set_tcp_settings(tcp()))
}

/// Commands are small, and nobody wants to wait for the next.
fn tcp() -> TcpSettings {
    TcpSettings::default().set_nodelay(true)
}

fn addr(settings: &RedisSettings, address: &ServerAddress) -> ConnectionAddr {
    let ServerAddress { host, port } = address.clone();
    if settings.url.tls {
        ConnectionAddr::TcpTls {
            host,
            port,
            insecure: false,
            tls_params: None,
        }
    } else {
        ConnectionAddr::Tcp(host, port)
    }
}

fn certificates(tls: &RedisTls) -> TlsCertificates {
    TlsCertificates {
        client_tls: tls.client.as_ref().map(|client| ClientTlsConfig {
            client_cert: client.certificates.clone(),
            client_key: client.key.expose().clone(),
        }),
        root_cert: tls.authorities.clone(),
    }
}
