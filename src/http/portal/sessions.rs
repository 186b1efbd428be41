//! `/sessions`: where the person is signed in, and ending that.

use actix_web::http::StatusCode;
use actix_web::web::Payload;
use actix_web::{HttpRequest, HttpResponse};

use super::error::PortalError;
use super::pages::{AtProvider, SessionRow, SessionsPage, TakenIn};
use super::respond::{page, redirect};
use super::{Api, PortalApi, person, sign_out};
use crate::directory::Snapshot;
use crate::domain::SignInId;
use crate::flows::{Ended, OwnSession, RequestMeta, TakenKeys};
use crate::store::TakenRole;

/// The page, and the page that says beside that keys go on.
const PAGE: &str = "/sessions";
const KEYS_GO_ON: &str = "keys-go-on";

pub(super) async fn get(api: Api, request: HttpRequest) -> HttpResponse {
    api.answer(&request, async |meta| sessions(&api, &request, &meta).await)
        .await
}

async fn sessions(
    api: &PortalApi,
    request: &HttpRequest,
    meta: &RequestMeta,
) -> Result<HttpResponse, PortalError> {
    let Some(open) = api.session(request, meta).await? else {
        return Ok(redirect("/"));
    };
    let own = api.sign_out.own_sessions(&open, meta).await?;
    let snapshot = api.portal.directory.snapshot(meta.now);
    let snapshot = snapshot.map_err(|_| PortalError::Unavailable)?;
    Ok(page(
        StatusCode::OK,
        &SessionsPage {
            frame: api.frame(request),
            person: person(&open, &snapshot),
            sessions: own.iter().map(|own| row(own, &snapshot)).collect(),
            keys_go_on: request.query_string() == KEYS_GO_ON,
        },
    ))
}

fn row(own: &OwnSession, snapshot: &Snapshot) -> SessionRow {
    let session = &own.session;
    let taken = session.details.taken.iter();
    SessionRow {
        id: session.sign_in,
        device: session.details.device,
        address: session.details.address,
        signed_in_at: session.created_at,
        last_seen: session.last_seen,
        taken: taken.map(|taken| taken_in(taken, snapshot)).collect(),
        is_this: own.is_this,
    }
}

fn taken_in(taken: &TakenRole, snapshot: &Snapshot) -> TakenIn {
    let account = snapshot.account(taken.role.account());
    TakenIn {
        account_alias: account.map(|account| account.settings.alias.as_str().into()),
        role: taken.role.clone(),
        at: taken.at,
    }
}

/// `POST /sessions/end`: one of them. What is not the person's is not there, and neither is what is over
/// already: the page that follows says which there are.
pub(super) async fn end(api: Api, request: HttpRequest, payload: Payload) -> HttpResponse {
    api.answer(&request, async |mut meta| {
        let (open, form) = api.own_form(&request, payload, &mut meta).await?;
        let id: Option<SignInId> = form.find("session").and_then(|id| id.parse().ok());
        let id = id.ok_or(PortalError::Malformed("form-no-session"))?;
        let ended = api.sign_out.end_own(&open, id, &meta).await?;
        Ok(back(ended))
    })
    .await
}

/// `POST /sessions/end-others`
pub(super) async fn end_others(api: Api, request: HttpRequest, payload: Payload) -> HttpResponse {
    api.answer(&request, async |mut meta| {
        let (open, _) = api.own_form(&request, payload, &mut meta).await?;
        let ended = api.sign_out.end_others(&open, &meta).await?;
        Ok(back(ended))
    })
    .await
}

/// `POST /sessions/end-all`: this one, too.
pub(super) async fn end_all(api: Api, request: HttpRequest, payload: Payload) -> HttpResponse {
    api.answer(&request, async |mut meta| {
        let (open, _) = api.own_form(&request, payload, &mut meta).await?;
        let ended = api.sign_out.end_everywhere(&open, &meta).await?;
        let frame = api.frame(&request);
        if ended.keys == TakenKeys::Over {
            return sign_out::answer(frame, ended.signed_out);
        }
        // What has to be known comes before the way on to the provider.
        let mut response = sign_out::signed_out_here(frame, AtProvider::KeysGoOn);
        sign_out::forget_session(&mut response)?;
        Ok(response)
    })
    .await
}

fn back(ended: Ended) -> HttpResponse {
    match ended.keys {
        TakenKeys::Over => redirect(PAGE),
        TakenKeys::GoOn => redirect(&[PAGE, "?", KEYS_GO_ON].concat()),
    }
}
