//! What a person sees who may take no role.

use super::error::PortalError;
use super::frame::Frame;
use super::own_claims::{found, received};
use super::pages::{NoRolesHint, NoRolesPage};
use super::{PortalApi, person};
use crate::domain::{Claims, Unusable};
use crate::flows::{OpenBrowserSession, RequestMeta};

/// The page, under an id by which an administrator finds what every rule saw.
pub(super) async fn no_roles(
    api: &PortalApi,
    frame: Frame,
    session: &OpenBrowserSession,
    meta: &RequestMeta,
) -> Result<NoRolesPage, PortalError> {
    let told = api.portal.why_not(session, None, meta).await?;
    let claims = &session.session.identity.claims;
    Ok(NoRolesPage {
        frame,
        person: person(session, &told.offers.snapshot),
        hint: hint(claims),
        findings: told.findings.iter().map(found).collect(),
        claims: received(claims, &told.findings),
        request_id: meta.id,
    })
}

fn hint(claims: &Claims) -> Option<NoRolesHint> {
    match claims.get("groups") {
        Some(groups) if groups.unusable == Some(Unusable::Incomplete) => {
            Some(NoRolesHint::GroupsLeftOut)
        }
        None => Some(NoRolesHint::NoGroupsSent),
        Some(_) => None,
    }
}
