//! `POST /admin/v1/backup`: the store's archive, as it is made.
//!
//! Its length isn't known when it begins. Where it can't be finished the answer breaks off, so that no
//! client takes it for whole.

use std::io;
use std::time::Duration;

use actix_web::web::{Bytes, Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use futures_util::stream;
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc::{Receiver, Sender, channel};
use tokio::time::{Instant, timeout};

use super::{AdminApi, AdminFault, Admitted, Body, done_under, run};
use crate::causes::with_causes;
use crate::flows::{AdminAction, BackUp, MAX_BACK_UP_TIME};

/// Pieces that wait to be sent.
const WAITING: usize = 4;

/// Whoever takes a backup more slowly loses it: nobody else can have one made meanwhile.
pub const LEAST_BYTES_PER_SECOND: u32 = 256 * 1024;
/// So long they may stand still altogether, however much they have taken.
pub const MAX_STANDSTILL: Duration = Duration::from_secs(30);

/// What `backup` is sent.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BackupRequest {}

pub(super) async fn post(
    api: Data<AdminApi>,
    request: HttpRequest,
    payload: Payload,
) -> HttpResponse {
    let mut meta = match api.edge.meta(&request) {
        Ok(meta) => meta,
        Err(error) => return AdminFault::from(error).respond(crate::domain::RequestId::NIL),
    };
    let id = meta.id;
    let begun = run(
        &api,
        &request,
        (payload, Body::Small),
        &mut meta,
        async |call: &Admitted| {
            let BackupRequest {} = call.json()?;
            let flow = &api.administration;
            call.once(flow, AdminAction::BackUp).await?;
            Ok(flow.back_up(&call.caller, &call.meta).await?)
        },
    );
    match begun.await {
        Ok(back_up) => done_under(id)
            .content_type("application/octet-stream")
            .streaming(pieces(back_up)),
        Err(fault) => fault.respond(id),
    }
}

/// The archive's pieces, and an error where it can't be finished.
fn pieces(back_up: BackUp) -> impl futures_util::Stream<Item = io::Result<Bytes>> {
    let (into, pieces) = channel(WAITING);
    actix_web::rt::spawn(make(back_up, into));
    stream::unfold(pieces, async |mut pieces| {
        let piece = pieces.recv().await?;
        Some((piece, pieces))
    })
}

async fn make(back_up: BackUp, into: Sender<io::Result<Bytes>>) {
    let (sender, made) = channel(1);
    let run = async {
        let done = timeout(MAX_BACK_UP_TIME, back_up.run(&sender)).await;
        drop(sender);
        done
    };
    let (done, passed) = tokio::join!(run, pass_on(made, &into, Progress::default()));
    let error = match (passed, done) {
        (Err(slow), _) => io::Error::other(slow),
        (Ok(()), Ok(Ok(_))) => return,
        (Ok(()), Ok(Err(error))) => io::Error::other(error),
        (Ok(()), Err(late)) => io::Error::other(late),
    };
    tracing::error!(
        error = with_causes(&error),
        "a backup could not be finished"
    );
    // Whoever took it may be gone, which says it as well.
    let _gone = into.send(Err(error)).await;
}

/// A backup was taken too slowly.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "a backup was taken more slowly than {LEAST_BYTES_PER_SECOND} bytes a second, and given up"
)]
struct TooSlow;

/// How much was taken, and how long that was waited for; the time that the store takes is not counted.
#[derive(Debug, Default)]
struct Progress {
    bytes: usize,
    waited: Duration,
}

impl Progress {
    /// For how much longer the next piece, of so many bytes, may be waited for.
    fn patience(&self, bytes: usize) -> Duration {
        let bytes = u32::try_from(self.bytes.saturating_add(bytes)).unwrap_or(u32::MAX);
        let due = Duration::from_secs((bytes / LEAST_BYTES_PER_SECOND).into());
        (MAX_STANDSTILL + due).saturating_sub(self.waited)
    }

    const fn took(&mut self, bytes: usize, time: Duration) {
        self.bytes = self.bytes.saturating_add(bytes);
        self.waited = self.waited.saturating_add(time);
    }
}

/// Passes the pieces on until nobody takes them, or not fast enough.
async fn pass_on(
    mut made: Receiver<Vec<u8>>,
    into: &Sender<io::Result<Bytes>>,
    mut progress: Progress,
) -> Result<(), TooSlow> {
    while let Some(piece) = made.recv().await {
        let (bytes, begun) = (piece.len(), Instant::now());
        let sending = into.send(Ok(Bytes::from(piece)));
        match timeout(progress.patience(bytes), sending).await {
            Ok(Ok(())) => progress.took(bytes, begun.elapsed()),
            Ok(Err(_)) => break,
            Err(_) => return Err(TooSlow),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_takes_a_backup_may_stand_still_for_a_while_and_no_longer() {
        let mut progress = Progress::default();
        assert_eq!(progress.patience(1000), MAX_STANDSTILL);
        progress.took(1000, Duration::from_secs(20));
        assert_eq!(progress.patience(1000), Duration::from_secs(10));
        // What was taken meanwhile counts.
        let second = LEAST_BYTES_PER_SECOND as usize;
        progress.took(100 * second, Duration::from_secs(100));
        assert_eq!(progress.patience(0), Duration::from_secs(10));
        progress.took(0, Duration::from_secs(11));
        assert_eq!(progress.patience(0), Duration::ZERO);
    }

    #[tokio::test]
    async fn who_takes_nothing_ends_the_backup() {
        let (into, _taken) = channel(1);
        let (sender, made) = channel(8);
        for _ in 0..8 {
            sender.try_send(vec![0; 10]).unwrap();
        }
        let waited = MAX_STANDSTILL;
        let late = Progress { bytes: 0, waited };
        assert_eq!(pass_on(made, &into, late).await, Err(TooSlow));
        assert!(sender.is_closed());
    }
}
