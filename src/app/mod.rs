//! The composition root: the only place that names concrete adapters.
//!
//! ```text
//! Config ── open: root key, store, audit log ── directory (first start: its keys)
//!            └ flows ── http: one listener, and one for admin and ops where it is set
//!               └ background: providers' keys, the log's head, expired records, certificates
//! ```

mod background;
mod compose;
mod listen;
mod migrate;
mod open;
mod put;
mod restore;
mod server;
mod telemetry;
mod tls;

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use actix_web::dev::ServerHandle;
use tokio::task::JoinHandle;

pub use compose::Flows;
pub use migrate::{MigrateError, Migrated, migrate};
pub use open::StartError;
pub use put::PutError;
pub use restore::{BackUpError, RestoreError, Restored, WhatWasHeld, back_up, check, restore};

use self::background::Background;
use crate::causes::with_causes;
use crate::clock::{Clock, SystemClock};
use crate::config::Config;
use crate::directory::Format;

/// A node that answers.
pub struct RunningNode {
    /// Where it listens.
    pub address: SocketAddr,
    /// Where its admin API and ops listen, where that is another place.
    pub ops_address: Option<SocketAddr>,
    /// What it does; it is large, and who stops a node moves all of it.
    pub flows: Box<Flows>,
    servers: Vec<(ServerHandle, JoinHandle<std::io::Result<()>>)>,
    background: Background,
    draining: Arc<AtomicBool>,
    notice: Duration,
    drain: Duration,
}

impl RunningNode {
    /// Starts a node, on the running tokio runtime.
    ///
    /// # Errors
    /// [`StartError`] says what is in the way.
    pub async fn start(config: Config) -> Result<Self, StartError> {
        Self::start_with(config, Arc::new(SystemClock)).await
    }

    /// As [`Self::start`], for a node that goes by another clock: what takes minutes can be tried
    /// out in no time.
    ///
    /// # Errors
    /// [`StartError`] says what is in the way.
    pub async fn start_with(config: Config, clock: Arc<dyn Clock>) -> Result<Self, StartError> {
        Self::start_knowing(Format::NEWEST, config, clock).await
    }

    /// As [`Self::start_with`], for a node that knows another format of the store than this program: what
    /// becomes of two versions side by side can be tried out with one.
    ///
    /// # Errors
    /// [`StartError`] says what is in the way.
    pub async fn start_knowing(
        known: Format,
        config: Config,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, StartError> {
        let listeners = server::Listeners::bind(&config.network)?;
        let address = listeners.main_address()?;
        let ops_address = listeners.ops_address()?;
        let mut resources = open::open(&config, clock).await?;
        resources.known = known;
        let telemetry = resources.telemetry.take();
        let draining = Arc::new(AtomicBool::new(false));
        let flows = compose::compose(&config, resources, address, Arc::clone(&draining)).await?;
        let certificates = config
            .network
            .tls
            .as_ref()
            .map(|tls| tls::Certificates::load(tls, flows.recorder.metrics()))
            .transpose()?;
        let servers = server::serve(&config, listeners, &flows, certificates.as_ref())?;
        let background = Background::start(&flows, certificates, telemetry);
        let notice = Duration::from_secs(config.drain_notice_seconds.into());
        let drain = Duration::from_secs(config.drain_seconds.into());
        Ok(Self {
            address,
            ops_address,
            flows: Box::new(flows),
            servers,
            background,
            draining,
            notice,
            drain,
        })
    }

    /// Stops: from now on not ready, then no new connections, and what was begun is finished within
    /// `drain_seconds`.
    pub async fn stop(self) {
        self.draining.store(true, Ordering::Release);
        self.finish_begun().await;
        self.end().await;
    }

    /// Answers until SIGTERM or SIGINT. Then `/readyz` says that the node is not ready for
    /// `drain_notice_seconds`, and the node stops as by [`Self::stop`]. A second signal ends it at
    /// once.
    ///
    /// # Errors
    /// Where signals can't be listened for.
    pub async fn run_until_signal(self) -> std::io::Result<()> {
        use tokio::signal::unix::{SignalKind, signal};
        let (mut terminate, mut interrupt) = (
            signal(SignalKind::terminate())?,
            signal(SignalKind::interrupt())?,
        );
        let mut told = async || {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
        };
        told().await;
        self.draining.store(true, Ordering::Release);
        tracing::info!("told to stop: not ready from now on");
        let orderly = async {
            tokio::time::sleep(self.notice).await;
            self.finish_begun().await;
        };
        tokio::select! {
            () = orderly => {}
            () = told() => tracing::warn!("told to stop again: ending what was begun"),
        }
        self.end().await;
        Ok(())
    }

    async fn finish_begun(&self) {
        tracing::info!("stopping: finishing what was begun");
        let stops = self.servers.iter().map(|(handle, _)| handle.stop(true));
        if tokio::time::timeout(self.drain, futures_util::future::join_all(stops))
            .await
            .is_err()
        {
            tracing::warn!("some requests were not finished in time");
        }
    }

    /// Whatever still runs ends with the process; what was counted is told.
    async fn end(self) {
        for (handle, _) in &self.servers {
            // It is told to; nobody waits for it.
            drop(handle.stop(false));
        }
        self.background.stop().await;
        let (edge, recorder) = (&self.flows.edge, &self.flows.recorder);
        let flushed = recorder.flush_refusals(edge.regions.base(), edge.clock.now());
        if let Err(error) = flushed.await {
            tracing::error!(
                error = with_causes(&error),
                "counts of refusals could not be recorded"
            );
        }
        let flushed = self.flows.decisions.flush(edge.clock.now());
        if let Err(error) = flushed.await {
            tracing::warn!(
                error = with_causes(&error),
                "traces of decisions could not be written"
            );
        }
    }
}

impl std::fmt::Debug for RunningNode {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("RunningNode")
            .field("address", &self.address)
            .finish_non_exhaustive()
    }
}
