//! `POST /sign-in`: off to the provider that was chosen, by its connection or by an e-mail address.

use actix_web::web::Payload;
use actix_web::{HttpRequest, HttpResponse};

use super::error::PortalError;
use super::home::{Choosing, choose};
use super::leave::{Leaving, leave};
use super::pages::AddressProblem;
use super::{Api, PortalApi, cookies, guard};
use crate::domain::{ConnectionId, EmailAddress, LocalPath};
use crate::flows::{RequestMeta, SignInRefusal, Wish};

/// What a form asks for.
enum Chosen {
    /// A connection, and the address that led there.
    Connection(ConnectionId, Option<EmailAddress>),
    /// An address that leads nowhere. Of the person nothing is known, and nothing is told.
    Nothing(AddressProblem),
}

pub(super) async fn post(api: Api, request: HttpRequest, payload: Payload) -> HttpResponse {
    api.answer(&request, async |mut meta| {
        begin(&api, &request, payload, &mut meta).await
    })
    .await
}

async fn begin(
    api: &PortalApi,
    request: &HttpRequest,
    payload: Payload,
    meta: &mut RequestMeta,
) -> Result<HttpResponse, PortalError> {
    api.edge.admit_sign_in(meta)?;
    guard::check_origin(request.headers(), api.edge.hosts.origin())?;
    let body = api.edge.bodies.read(request, payload, guard::MAX_BYTES);
    let body = body.await?;
    api.edge.begin(meta);
    let form = guard::Form::read(request.headers(), &body)?;
    let return_to: Option<LocalPath> = form.find("return_to").and_then(|path| path.parse().ok());
    match chosen(api, &form, meta)? {
        Chosen::Nothing(problem) => {
            let problem = Some(problem);
            choose(api, request, meta, Choosing { return_to, problem })
        }
        Chosen::Connection(connection, email) => {
            let session = cookies::session_cookie(request);
            let wish = Wish {
                connection: &connection,
                return_to: &return_to.unwrap_or_else(LocalPath::root),
                session: session.as_deref(),
                email: email.as_ref(),
            };
            depart(api, request, wish, meta).await
        }
    }
}

async fn depart(
    api: &PortalApi,
    request: &HttpRequest,
    wish: Wish<'_>,
    meta: &RequestMeta,
) -> Result<HttpResponse, PortalError> {
    let begun = api.sign_in.begin(wish, meta).await?;
    let mut response = leave(
        api.frame(request),
        Leaving::ToSignIn,
        begun.departure,
        &begun.sites,
    )?;
    response
        .add_cookie(&cookies::set_login(&begun.attempt, &begun.sealed))
        .map_err(|_| PortalError::Unavailable)?;
    Ok(response)
}

/// The connection that a form names, or that the address in it leads to.
fn chosen(api: &PortalApi, form: &guard::Form, meta: &RequestMeta) -> Result<Chosen, PortalError> {
    let Some(email) = form.find("email") else {
        let connection = form.find("connection").and_then(|id| id.parse().ok());
        let connection = connection.ok_or(SignInRefusal::UnknownConnection)?;
        return Ok(Chosen::Connection(connection, None));
    };
    let Ok(email) = email.parse::<EmailAddress>() else {
        return Ok(Chosen::Nothing(AddressProblem::NoAddress));
    };
    Ok(match api.sign_in.connection_of(email.domain(), meta)? {
        Some(connection) => Chosen::Connection(connection, Some(email)),
        None => Chosen::Nothing(AddressProblem::UnknownDomain(
            email.domain().as_str().into(),
        )),
    })
}
