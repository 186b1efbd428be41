//! `GET /roles`: what the person may take.

use actix_web::http::StatusCode;
use actix_web::http::uri::PathAndQuery;
use actix_web::web::Query;
use actix_web::{HttpRequest, HttpResponse};
use serde::Deserialize;
use url::form_urlencoded;

use super::error::PortalError;
use super::pages::{self, AccountRoles, ClaimSeen, NoRolesHint, NoRolesPage, RoleRow, RolesPage};
use super::respond::{page, redirect};
use super::{Api, PortalApi, person};
use crate::directory::Environment;
use crate::domain::{Claims, LocalPath, Unusable};
use crate::flows::{OfferedRole, Offers, OpenBrowserSession, RequestMeta};

/// Claims that rules usually look at; shown to a person without roles, as they came.
const SHOWN_CLAIMS: [&str; 6] = ["groups", "roles", "department", "email", "sub", "hasgroups"];
/// So many values of a claim are shown.
const SHOWN_VALUES: usize = 50;

/// What to search for.
#[derive(Deserialize)]
struct Search {
    #[serde(default)]
    q: String,
}

pub(super) async fn get(api: Api, request: HttpRequest) -> HttpResponse {
    api.answer(&request, async |meta| roles(&api, &request, &meta).await)
        .await
}

async fn roles(
    api: &PortalApi,
    request: &HttpRequest,
    meta: &RequestMeta,
) -> Result<HttpResponse, PortalError> {
    let Some(session) = api.session(request, meta).await? else {
        return Ok(sign_in_first(request));
    };
    let offers = api.portal.offers(&session, meta)?;
    if offers.roles.is_empty() {
        return Ok(page(
            StatusCode::OK,
            &no_roles(api, request, &session, &offers, meta),
        ));
    }
    let query = Query::<Search>::from_query(request.query_string());
    let query = query
        .map(|search| search.into_inner().q)
        .unwrap_or_default();
    let person = person(&session, &offers.snapshot);
    Ok(page(
        StatusCode::OK,
        &RolesPage::new(api.frame(request), person, accounts(&offers), &query),
    ))
}

/// To the sign-in, which leads back here with the same search; without one it does so anyway.
fn sign_in_first(request: &HttpRequest) -> HttpResponse {
    let here = request.uri().path_and_query().map(PathAndQuery::as_str);
    let here: Option<LocalPath> = here.and_then(|here| here.parse().ok());
    let Some(here) = here.filter(|_| !request.query_string().is_empty()) else {
        return redirect("/");
    };
    let query = form_urlencoded::Serializer::new(String::new())
        .append_pair("return_to", here.as_str())
        .finish();
    redirect(&["/?", &query].concat())
}

fn accounts(offers: &Offers) -> Vec<AccountRoles> {
    let mut accounts: Vec<AccountRoles> = Vec::new();
    for role in &offers.roles {
        let id = role.arn.account();
        if let Some(account) = accounts.last_mut().filter(|account| account.id == id) {
            account.roles.push(row(role));
            continue;
        }
        let settings = offers.snapshot.account(id).map(|account| &account.settings);
        accounts.push(AccountRoles {
            id,
            alias: settings.map(|settings| settings.alias.as_str().into()),
            environment: settings.and_then(|settings| environment(settings.environment)),
            roles: vec![row(role)],
        });
    }
    accounts
}

fn row(role: &OfferedRole) -> RoleRow {
    let description = role.role.description.as_str();
    RoleRow {
        arn: role.arn.clone(),
        description: (!description.is_empty()).then(|| description.into()),
        longest: role.longest,
    }
}

/// How a page shows what an account is for.
pub(super) const fn environment(environment: Environment) -> Option<pages::Environment> {
    match environment {
        Environment::Production => Some(pages::Environment::Production),
        Environment::Staging => Some(pages::Environment::Staging),
        Environment::Development => Some(pages::Environment::Development),
        Environment::Sandbox => Some(pages::Environment::Sandbox),
        Environment::Shared => Some(pages::Environment::Shared),
        Environment::None => None,
    }
}

fn no_roles(
    api: &PortalApi,
    request: &HttpRequest,
    session: &OpenBrowserSession,
    offers: &Offers,
    meta: &RequestMeta,
) -> NoRolesPage {
    let claims = &session.session.identity.claims;
    NoRolesPage {
        frame: api.frame(request),
        person: person(session, &offers.snapshot),
        claims: SHOWN_CLAIMS
            .iter()
            .filter_map(|name| seen(claims, name))
            .collect(),
        hint: hint(claims),
        request_id: meta.id,
    }
}

fn seen(claims: &Claims, name: &str) -> Option<ClaimSeen> {
    let claim = claims.get(name)?;
    let values = claim.values.iter().take(SHOWN_VALUES);
    Some(ClaimSeen {
        name: name.into(),
        values: values.map(|value| value.as_str().into()).collect(),
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
