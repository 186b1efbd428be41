//! `POST /admin/v1/backup`: the store's archive, as it is made.
//!
//! Its length isn't known when it begins. Where it can't be finished the answer breaks off, so that no
//! client takes it for whole.

use std::io;

use actix_web::web::{Bytes, Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use futures_util::stream;
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc::{Receiver, Sender, channel};

use super::{AdminApi, AdminFault, Admitted, Body, done_under, run};
use crate::flows::{AdminAction, BackUp, MAX_BACK_UP_TIME};

/// Pieces that wait to be sent.
const WAITING: usize = 4;

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
        let done = tokio::time::timeout(MAX_BACK_UP_TIME, back_up.run(&sender)).await;
        drop(sender);
        done
    };
    let (done, ()) = tokio::join!(run, pass_on(made, &into));
    let error = match done {
        Ok(Ok(_)) => return,
        Ok(Err(error)) => io::Error::other(error),
        Err(late) => io::Error::other(late),
    };
    tracing::error!(%error, "a backup could not be finished");
    // Whoever took it may be gone, which says it as well.
    let _gone = into.send(Err(error)).await;
}

async fn pass_on(mut made: Receiver<Vec<u8>>, into: &Sender<io::Result<Bytes>>) {
    while let Some(piece) = made.recv().await {
        if into.send(Ok(Bytes::from(piece))).await.is_err() {
            break;
        }
    }
}
