//! `GET /roles`: what the person may take.

use std::collections::HashSet;

use actix_web::http::StatusCode;
use actix_web::http::uri::PathAndQuery;
use actix_web::web::Query;
use actix_web::{HttpRequest, HttpResponse};
use serde::Deserialize;
use url::form_urlencoded;

use super::compress;
use super::error::PortalError;
use super::no_roles::no_roles;
use super::pages::{self, AccountRoles, Looking, OwnRoles, PickedRole, RoleRow, RolesPage};
use super::respond::{page, page_that_fetches, redirect};
use super::shown::Shown;
use super::{Api, PortalApi, person};
use crate::directory::Environment;
use crate::domain::{AccountId, LocalPath, RoleArn, UnixTime};
use crate::flows::{OfferedRole, Offers, OwnOffers, RequestMeta};

/// What to search for.
#[derive(Default, Deserialize)]
struct Search {
    #[serde(default)]
    q: String,
    /// What accounts are for; any where it is empty or not known.
    #[serde(default)]
    env: String,
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
        let frame = api.frame(request);
        return Ok(page(
            StatusCode::OK,
            &no_roles(api, frame, &session, meta).await?,
        ));
    }
    let search = Query::<Search>::from_query(request.query_string());
    let search = search.map(Query::into_inner).unwrap_or_default();
    let own = api.portal.own_offers(&session, &offers, meta.now).await;
    let person = person(&session, &offers.snapshot);
    let favourites = own.as_ref().map_or(&[][..], |own| &own.favourites);
    let accounts = accounts(&offers, favourites);
    let own = own_roles(&offers, own.as_ref());
    let looking = Looking {
        query: &search.q,
        environment: pages::Environment::named(&search.env),
        links: [api.public_url.trim_end_matches('/'), "/go"].concat(),
    };
    let page = RolesPage::new(api.frame(request), person, own, accounts, looking);
    let page = page_that_fetches(StatusCode::OK, &page);
    Ok(compress::page(request, page).await)
}

/// To the sign-in, which leads back here with the same query; without one to the first page.
pub(super) fn sign_in_first(request: &HttpRequest) -> HttpResponse {
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

fn accounts(offers: &Offers, favourites: &[&OfferedRole]) -> Vec<AccountRoles> {
    let favourites: HashSet<&RoleArn> = favourites.iter().map(|role| &role.arn).collect();
    let mut accounts: Vec<AccountRoles> = Vec::new();
    for role in &offers.roles {
        let row = row(role, favourites.contains(&role.arn));
        let id = role.arn.account();
        if let Some(account) = accounts.last_mut().filter(|account| account.id == id) {
            account.roles.push(row);
            continue;
        }
        let (alias, environment) = names(offers, id);
        accounts.push(AccountRoles {
            id,
            alias,
            environment,
            roles: vec![row],
        });
    }
    accounts
}

/// What people call an account, and what it is for.
fn names(offers: &Offers, id: AccountId) -> (Option<Shown>, Option<pages::Environment>) {
    let settings = offers.snapshot.account(id).map(|account| &account.settings);
    let alias = settings.map(|settings| settings.alias.as_str().into());
    (
        alias,
        settings.and_then(|settings| environment(settings.environment)),
    )
}

fn row(role: &OfferedRole, is_favourite: bool) -> RoleRow {
    let description = role.role.description.as_str();
    let tags = role.role.tags.iter();
    RoleRow {
        arn: role.arn.clone(),
        description: (!description.is_empty()).then(|| description.into()),
        tags: tags
            .map(|(key, value)| [key.as_str(), "=", value.as_str()].concat())
            .map(|tag| tag.as_str().into())
            .collect(),
        longest: role.longest,
        is_favourite,
    }
}

fn own_roles(offers: &Offers, own: Option<&OwnOffers<'_>>) -> OwnRoles {
    let picked = |role: &OfferedRole, taken_at: Option<UnixTime>| {
        let id = role.arn.account();
        let (alias, environment) = names(offers, id);
        PickedRole {
            arn: role.arn.clone(),
            account: alias.unwrap_or_else(|| id.to_string().as_str().into()),
            environment,
            longest: role.longest,
            taken_at,
        }
    };
    let favourites = own.into_iter().flat_map(|own| &own.favourites);
    let recent = own.into_iter().flat_map(|own| &own.recent);
    OwnRoles {
        are_known: own.is_some(),
        favourites: favourites.map(|role| picked(role, None)).collect(),
        recent: recent.map(|(role, at)| picked(role, Some(*at))).collect(),
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
