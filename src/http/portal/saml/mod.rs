//! What SAML identity providers know us by: our metadata, the address for responses, the address for
//! logout messages.

pub(super) mod acs;
pub(super) mod metadata;
pub(super) mod slo;

use actix_web::HttpRequest;
use actix_web::web::Payload;

use super::error::PortalError;
use super::{PortalApi, guard};
use crate::federation::saml::posted::MAX_FORM_BYTES;
use crate::flows::RequestMeta;

/// The body of a form that a provider had the browser post. It comes from another site, and carries
/// its own proof.
async fn read_form(
    api: &PortalApi,
    request: &HttpRequest,
    payload: Payload,
    meta: &mut RequestMeta,
) -> Result<String, PortalError> {
    api.edge.admit_sign_in(meta)?;
    guard::check_media(request.headers())?;
    let body = api.edge.bodies.read(request, payload, MAX_FORM_BYTES);
    let body = body.await?;
    api.edge.begin(meta);
    let text = std::str::from_utf8(&body);
    let text = text.map_err(|_| PortalError::Malformed("form-not-utf-8"))?;
    Ok(text.to_owned())
}
