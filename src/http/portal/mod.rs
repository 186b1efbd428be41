//! The portal: the pages on which a person signs in, chooses a role and takes its keys.
//!
//! | request | flow | answer |
//! |---|---|---|
//! | `GET /` | — | the sign-in page, or on to `/roles` |
//! | `POST /sign-in` | `SignIn::begin` | 303 to the provider, or a form that is posted to it |
//! | `GET`, `POST /oidc/callback/{connection}` | `SignIn::finish` | 303 into the portal |
//! | `GET /roles` | `Portal::offers` | the roles |
//! | `POST /favourites` | `Portal::star` | back to the roles, or nothing |
//! | `GET /go` | `Portal::offers` | one role, by a link |
//! | `GET /why-not` | `Portal::why_not` | why a role is not there |
//! | `POST /credentials` | `Portal::take` | the keys |
//! | `GET /sessions` | `SignOut::own_sessions` | the person's sessions |
//! | `POST /sessions/end`, `end-others`, `end-all` | `SignOut::end_own`, … | some of them are over, with their keys |
//! | `POST /sign-out` | `SignOut::here` | the session is over; the provider is told |
//! | `GET /signed-out` | `SignOut::returned` | an OpenID Connect provider was told |
//! | `POST /oidc/backchannel-logout/{connection}` | `SignOut::told` | 200, or 400 and why, for a provider |
//! | `POST /settings` | — | another language or theme, where one was |
//! | `GET /saml/metadata` | `OwnMetadata::document` | what SAML providers are set up with |
//! | `GET /issuers/{account}/.well-known/…` | `Issuers` | what others verify an account's tokens by |
//! | `POST /saml/acs` | `SignIn::finish` | 303 into the portal |
//! | `GET`, `POST /saml/slo` | `SignOut::asked`, `answered` | back to the provider; or nobody is signed in |
//! | `GET /static/{name}` | — | a static file |

pub mod assets;
mod back_channel;
mod callback;
mod compress;
mod cookies;
mod credentials;
mod error;
mod favourites;
pub mod formats;
pub mod frame;
mod go;
mod guard;
mod home;
mod issuers;
pub mod language;
mod leave;
mod no_roles;
mod own_claims;
pub mod pages;
mod respond;
pub mod role_search;
mod roles;
mod saml;
mod sessions;
mod settings;
pub mod shown;
mod sign_in;
mod sign_out;
mod signed_out;
mod static_file;
mod why_not;
mod words;

use std::sync::Arc;

use actix_web::web::{self, Data, Payload, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};

pub use respond::{CONTENT_SECURITY_POLICY, content_security_policy};

use self::cookies::session_cookie;
use self::error::PortalError;
use self::frame::Frame;
use self::pages::PersonMenu;
use self::shown::Shown;
use super::edge::Edge;
use crate::directory::Snapshot;
use crate::domain::{ProviderRef, RequestId};
use crate::federation::oidc_logout::SIGNED_OUT;
use crate::flows::{
    DISCOVERY, Issuers, KEYS, OpenBrowserSession, OwnMetadata, Portal, RequestMeta, SignIn, SignOut,
};

/// The flows behind the pages.
#[derive(Clone)]
pub struct PortalApi {
    /// The edge.
    pub edge: Edge,
    /// Signing in.
    pub sign_in: SignIn,
    /// What a person who signed in may do.
    pub portal: Portal,
    /// Signing out.
    pub sign_out: SignOut,
    /// What SAML providers are set up with.
    pub own_metadata: OwnMetadata,
    /// Accounts as issuers of tokens.
    pub issuers: Issuers,
    /// What the gateway's owner is called.
    pub organisation: Option<Arc<str>>,
    /// Whom people write to when they can't go on.
    pub contact: Option<Arc<str>>,
    /// The gateway's own URL, as pages print it for AWS clients.
    pub public_url: Arc<str>,
}

/// Adds the portal's routes; `GET /` is dispatched elsewhere, because STS answers there too.
pub fn routes(config: &mut ServiceConfig) {
    config
        .route("/sign-in", web::post().to(sign_in::post))
        .route("/sign-in", web::get().to(home::sign_in_page))
        .route("/oidc/callback/{connection}", web::get().to(callback::get))
        .route(
            "/oidc/callback/{connection}",
            web::post().to(callback::post),
        )
        .route("/roles", web::get().to(roles::get))
        .route("/favourites", web::post().to(favourites::post))
        .route("/favourites", web::get().to(home::to_roles))
        .route("/go", web::get().to(go::get))
        .route("/why-not", web::get().to(why_not::get))
        .route("/credentials", web::post().to(credentials::post))
        .route("/credentials", web::get().to(home::to_roles))
        .route("/sessions", web::get().to(sessions::get))
        .route("/sessions/end", web::post().to(sessions::end))
        .route("/sessions/end-others", web::post().to(sessions::end_others))
        .route("/sessions/end-all", web::post().to(sessions::end_all))
        .route("/sign-out", web::post().to(sign_out::post))
        .route("/settings", web::post().to(settings::post))
        .route("/settings", web::get().to(home::to_roles))
        .route(SIGNED_OUT, web::get().to(signed_out::get))
        .route(
            "/oidc/backchannel-logout/{connection}",
            web::post().to(back_channel::post),
        )
        .route("/saml/metadata", web::get().to(saml::metadata::get))
        .route("/saml/acs", web::post().to(saml::acs::post))
        .route("/saml/slo", web::get().to(saml::slo::get))
        .route("/saml/slo", web::post().to(saml::slo::post))
        .route(
            &["/issuers/{account}", DISCOVERY].concat(),
            web::get().to(issuers::discovery),
        )
        .route(
            &["/issuers/{account}", KEYS].concat(),
            web::get().to(issuers::keys),
        )
        .route("/static/{name}", web::get().to(static_file::get));
}

impl PortalApi {
    /// `GET /` without an action.
    pub async fn home(&self, request: &HttpRequest) -> HttpResponse {
        self.answer(request, async |meta| home::home(self, request, &meta).await)
            .await
    }

    /// What no route is for.
    pub async fn not_found(&self, request: &HttpRequest) -> HttpResponse {
        self.answer(request, async |_| Err(PortalError::NotFound))
            .await
    }

    /// Runs a handler between the edge and the page that says what went wrong.
    async fn answer(
        &self,
        request: &HttpRequest,
        handler: impl AsyncFnOnce(RequestMeta) -> Result<HttpResponse, PortalError>,
    ) -> HttpResponse {
        let now = self.edge.clock.now();
        let Ok(meta) = self.edge.meta(request) else {
            return PortalError::Unavailable.respond(self.frame(request), RequestId::NIL, now);
        };
        let id = meta.id;
        if let Err(error) = self.edge.hosts.check(request.headers()) {
            return PortalError::Host(error).respond(self.frame(request), id, now);
        }
        if let Err(error) = self.edge.admit(&meta) {
            return PortalError::from(error).respond(self.frame(request), id, now);
        }
        handler(meta)
            .await
            .unwrap_or_else(|error| error.respond(self.frame(request), id, now))
    }

    /// The session that the request's cookie opens.
    async fn session(
        &self,
        request: &HttpRequest,
        meta: &RequestMeta,
    ) -> Result<Option<OpenBrowserSession>, PortalError> {
        let Some(secret) = session_cookie(request) else {
            return Ok(None);
        };
        Ok(self.portal.open(&secret, meta.now).await?)
    }

    /// The form that a request of a signed-in person carries, once it is known to be their own.
    async fn own_form(
        &self,
        request: &HttpRequest,
        payload: Payload,
        meta: &mut RequestMeta,
    ) -> Result<(OpenBrowserSession, guard::Form), PortalError> {
        guard::check_origin(request.headers(), self.edge.hosts.origin())?;
        let body = self.edge.bodies.read(request, payload, guard::MAX_BYTES);
        let body = body.await?;
        self.edge.begin(meta);
        let form = guard::Form::read(request.headers(), &body)?;
        let session = self
            .session(request, meta)
            .await?
            .ok_or(PortalError::NotSignedIn)?;
        let token = form.find("csrf").unwrap_or_default();
        if session.is_own_form(token) {
            Ok((session, form))
        } else {
            Err(PortalError::Forbidden)
        }
    }

    fn frame(&self, request: &HttpRequest) -> Frame {
        let shown = |text: &Option<Arc<str>>| text.as_deref().map(Shown::from);
        Frame::of(request, shown(&self.organisation), shown(&self.contact))
    }
}

/// What the account menu says of the person.
fn person(open: &OpenBrowserSession, snapshot: &Snapshot) -> PersonMenu {
    let identity = &open.session.identity;
    let connection = match &identity.provider {
        ProviderRef::Connection(id) => snapshot.connection(id),
        ProviderRef::Account(_) | ProviderRef::Known(_) => None,
    };
    let email = identity
        .claims
        .get("email")
        .filter(|claim| claim.unusable.is_none());
    let email = email
        .and_then(|claim| claim.values.first())
        .map(String::as_str);
    PersonMenu {
        display_name: open.session.display_name.as_str().into(),
        email_or_subject: email.unwrap_or(identity.subject.as_str()).into(),
        connection_name: connection
            .map_or(identity.issuer.as_str(), |connection| {
                connection.display_name.as_str()
            })
            .into(),
        signed_in_at: open.session.created_at,
        csrf: open.csrf_token(),
    }
}

/// The shared state of every handler.
type Api = Data<PortalApi>;
