//! What the flows are given of the configuration, in their own types.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use crate::app::open::{Resources, StartError};
use crate::clock::Clock;
use crate::config::{Config, FederationSettings, StoreLocation};
use crate::domain::{Region, Regions};
use crate::federation::access_token::TokenInspector;
use crate::federation::known::KnownProviders;
use crate::federation::outgoing::{Outgoing, OutgoingSettings};
use crate::federation::secret_file::SecretFolder;
use crate::flows::BootstrapAdmin;
use crate::http::edge::{Bodies, Edge, Hosts, Queue, TrustedProxies};
use crate::policy::IdentityPolicy;

/// What the user `admin` of the environment may do.
const ADMINISTRATOR_ACCESS: &str =
    r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#;

/// How long a new key is known before anything is sealed under it, in seconds.
///
/// A node that has not seen the key by then has not confirmed its directory for longer than
/// `max_staleness`, so it answers nothing. The second `max_staleness` is what clocks may differ by. Where
/// one process has the store, a key is known everywhere at once.
pub(super) fn key_propagation(config: &Config) -> i64 {
    match config.store {
        StoreLocation::Memory | StoreLocation::Embedded(_) => 0,
        StoreLocation::Redis(_) => 2 * i64::from(config.max_staleness_seconds),
    }
}

pub(super) fn secret_folder(settings: &FederationSettings) -> SecretFolder {
    let folder = settings.secret_folder.clone();
    folder.map_or_else(SecretFolder::default, SecretFolder::at)
}

pub(super) fn outgoing(settings: &FederationSettings) -> OutgoingSettings {
    OutgoingSettings {
        timeout: Duration::from_secs(settings.timeout_seconds.into()),
        allowed_networks: settings.allow_private_addresses.clone(),
        http_issuers: settings.allow_http_issuers.clone(),
        extra_authorities: settings.ca_file.clone(),
        resolve: settings.resolve.clone(),
    }
}

pub(super) fn known_providers(
    settings: &FederationSettings,
    outgoing: &Arc<Outgoing>,
) -> KnownProviders {
    let known = settings.known.clone();
    let inspector = TokenInspector::new(
        Arc::clone(outgoing),
        secret_folder(settings),
        known.facebook,
        known.amazon,
    );
    KnownProviders::new(known.google, inspector)
}

pub(super) fn bootstrap_admin(config: &Config) -> Result<Option<Arc<BootstrapAdmin>>, StartError> {
    let Some(key) = &config.admin.bootstrap else {
        return Ok(None);
    };
    let policy: IdentityPolicy = ADMINISTRATOR_ACCESS.parse()?;
    Ok(Some(Arc::new(BootstrapAdmin {
        access_key_id: key.access_key_id.clone(),
        secret_access_key: key.secret_access_key.clone(),
        account: config.admin.account,
        partition: config.partition,
        policy,
    })))
}

pub(super) fn edge(
    config: &Config,
    public_url: &url::Url,
    address: SocketAddr,
    resources: &Resources,
) -> Edge {
    let hosts: Vec<String> = config
        .network
        .hosts
        .iter()
        .map(|host| host.as_str().to_owned())
        .collect();
    let proxies = TrustedProxies::new(
        config.network.trusted_proxies.clone(),
        config.network.tls.is_some(),
    );
    let regions = Arc::new(Regions::new(config.partition, &config.regions));
    let hosts = Hosts::new(public_url, &hosts, address, Arc::clone(&regions));
    Edge {
        hosts: Arc::new(hosts),
        proxies: Arc::new(proxies),
        bodies: Bodies::new(
            Duration::from_secs(config.limits.body_seconds.into()),
            config.limits.bodies_bytes,
        ),
        regions,
        clock: Arc::clone(&resources.clock) as Arc<dyn Clock>,
        entropy: Arc::clone(&resources.entropy),
        queue: Queue::new(config.limits.waiting, Arc::clone(&resources.metrics)),
        throttle: Arc::clone(&resources.throttle),
    }
}

/// The region of the base host: the first that is enabled. The configuration lists at least one.
pub(super) fn base_region(regions: &[Region]) -> Region {
    regions.first().cloned().unwrap_or_else(Region::us_east_1)
}
