//! Notices that the directory has changed, by publish and subscribe.
//!
//! They only save time: a connection that hangs tells nothing, and whoever must know looks at the head.

use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt as _;
use redis::RedisResult;
use redis::aio::PubSub;
use tokio::runtime::Handle;
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::failure::Failure;
use super::link::pause;
use super::target::Target;
use crate::entropy::Entropy;

/// Listens as long as it lives.
pub(super) struct Notice {
    told: Arc<Notify>,
    listener: JoinHandle<()>,
}

/// Who listens where.
pub(super) struct Listening {
    /// Whoever takes the connection will do.
    pub(super) targets: Vec<Target>,
    pub(super) channel: String,
    pub(super) connect: Duration,
    pub(super) entropy: Arc<dyn Entropy>,
}

impl Notice {
    pub(super) fn listen(listening: Listening, runtime: &Handle) -> Self {
        let told = Arc::new(Notify::new());
        let listener = runtime.spawn(listening.forever(Arc::clone(&told)));
        Self { told, listener }
    }

    /// Waits for a notice, which may have come before. One waits at a time.
    pub(super) async fn changed(&self) {
        self.told.notified().await;
    }
}

impl Drop for Notice {
    fn drop(&mut self) {
        self.listener.abort();
    }
}

impl Listening {
    async fn forever(self, told: Arc<Notify>) {
        let mut attempt: u32 = 0;
        for target in self.targets.iter().cycle() {
            match self.tell(target, &told).await {
                Ok(()) => attempt = 0,
                Err(failure) => tracing::debug!(%failure, "nobody tells of changes"),
            }
            tokio::time::sleep(pause(attempt, self.entropy.as_ref())).await;
            attempt = attempt.saturating_add(1);
        }
    }

    /// Passes on what is told, until the connection ends.
    async fn tell(&self, target: &Target, told: &Notify) -> Result<(), Failure> {
        let mut subscribed = self.subscribe(target).await?;
        // What was told while nobody listened.
        told.notify_one();
        let mut messages = subscribed.on_message();
        while messages.next().await.is_some() {
            told.notify_one();
        }
        Ok(())
    }

    async fn subscribe(&self, target: &Target) -> Result<PubSub, Failure> {
        let subscribing = async {
            let mut subscribed = target.client().await?.get_async_pubsub().await?;
            subscribed.subscribe(&self.channel).await?;
            RedisResult::Ok(subscribed)
        };
        timeout(self.connect, subscribing)
            .await
            .map_err(|_| Failure::TimedOut(self.connect))?
            .map_err(Failure::from)
    }
}
