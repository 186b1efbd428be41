//! `GET /why-not?account=…&role=…`: why a role is not there.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse};

use super::error::PortalError;
use super::go::{self, Named};
use super::own_claims::{found, received};
use super::pages::{Asked, LinkedRole, Standing, WhyNotAnswer, WhyNotPage};
use super::respond::page;
use super::roles::sign_in_first;
use super::{Api, PortalApi, person};
use crate::domain::LocalPath;
use crate::flows::{
    OfferedRole, Offers, OpenBrowserSession, RequestMeta, RoleStanding, WantedRole,
};

/// So many other roles of the account are named.
const MAX_BESIDE: usize = 5;

pub(super) async fn get(api: Api, request: HttpRequest) -> HttpResponse {
    api.answer(&request, async |meta| why_not(&api, &request, &meta).await)
        .await
}

/// Where the page about this role is.
pub(super) fn href(named: &Named) -> String {
    go::address("/why-not", &named.account, &named.role)
}

async fn why_not(
    api: &PortalApi,
    request: &HttpRequest,
    meta: &RequestMeta,
) -> Result<HttpResponse, PortalError> {
    let Some(session) = api.session(request, meta).await? else {
        return Ok(sign_in_first(request));
    };
    let named = Named::of(request.query_string());
    let asked = match named.wanted() {
        None if named.role.trim().is_empty() => Asked::Nothing,
        None => Asked::Unreadable,
        Some(wanted) => Asked::Role(Box::new(answer(api, &session, &wanted, meta).await?)),
    };
    let snapshot = api.portal.offers(&session, meta)?.snapshot;
    let template = WhyNotPage {
        frame: api.frame(request),
        person: person(&session, &snapshot),
        account: named.account.as_str().into(),
        role: named.role.as_str().into(),
        asked,
    };
    Ok(page(StatusCode::OK, &template))
}

async fn answer(
    api: &PortalApi,
    session: &OpenBrowserSession,
    wanted: &WantedRole,
    meta: &RequestMeta,
) -> Result<WhyNotAnswer, PortalError> {
    let told = api.portal.why_not(session, Some(wanted), meta).await?;
    let standing = match &told.standing {
        RoleStanding::Offered(role) => Standing::Offered(linked(role, &told.offers)),
        RoleStanding::NotTaken => Standing::NotTaken,
        RoleStanding::NotGiven => Standing::NotGiven,
    };
    let beside = told.offers.beside(wanted);
    let beside = beside.into_iter().take(MAX_BESIDE);
    Ok(WhyNotAnswer {
        account: wanted.account().map(|account| account.as_str().into()),
        role: wanted.role().as_str().into(),
        standing,
        findings: told.findings.iter().map(found).collect(),
        claims: received(&session.session.identity.claims, &told.findings),
        beside: beside.map(|role| linked(role, &told.offers)).collect(),
        sign_in_again: sign_in_again(wanted),
        request_id: meta.id,
    })
}

/// A new sign-in that leads back here; one of a long name leads to the first page.
fn sign_in_again(wanted: &WantedRole) -> LocalPath {
    let account = wanted.account().unwrap_or_default();
    let here = go::address("/why-not", &account, &wanted.role()).parse();
    go::sign_in_to(&here.unwrap_or_else(|_| LocalPath::root()))
}

fn linked(role: &OfferedRole, offers: &Offers) -> LinkedRole {
    let arn = &role.arn;
    let account = offers.snapshot.account(arn.account());
    let alias = account.map(|account| account.settings.alias.as_str().into());
    LinkedRole {
        account: alias.unwrap_or_else(|| arn.account().to_string().as_str().into()),
        role: arn.name().into(),
        href: go::link(arn).parse().unwrap_or_else(|_| LocalPath::root()),
    }
}
