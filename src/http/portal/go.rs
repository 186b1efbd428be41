//! `GET /go?account=…&role=…&duration=…`: a link to one role.
//!
//! It leads to a page with one button, never to keys: those take a form of the person's own session.

use actix_web::http::StatusCode;
use actix_web::web::Query;
use actix_web::{HttpRequest, HttpResponse};
use serde::Deserialize;
use url::form_urlencoded;

use super::error::PortalError;
use super::frame::Frame;
use super::pages::{ChoiceState, Destination, DurationChoice, PersonMenu, RolePage};
use super::respond::{page, redirect};
use super::roles::{environment, sign_in_first};
use super::{Api, PortalApi, credentials, person, why_not};
use crate::domain::{LocalPath, RoleArn, SessionDuration};
use crate::flows::{OfferedRole, Offers, RequestMeta, WantedRole};

/// The role that a link names.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub(super) struct Named {
    /// The account's number or alias; any account where it is empty.
    #[serde(default)]
    pub(super) account: String,
    /// The role's name, with its path or without; or its ARN.
    #[serde(default)]
    pub(super) role: String,
    /// How long its keys are to last, in seconds.
    duration: Option<String>,
}

impl Named {
    /// What a query names. One that names something twice names nothing.
    pub(super) fn of(query: &str) -> Self {
        let named = Query::<Self>::from_query(query);
        named.map(Query::into_inner).unwrap_or_default()
    }

    pub(super) fn wanted(&self) -> Option<WantedRole> {
        WantedRole::parse(&self.account, &self.role).ok()
    }

    fn duration(&self) -> Result<SessionDuration, PortalError> {
        match &self.duration {
            None => Ok(SessionDuration::DEFAULT),
            Some(seconds) => credentials::duration(seconds),
        }
    }
}

pub(super) async fn get(api: Api, request: HttpRequest) -> HttpResponse {
    api.answer(&request, async |meta| go(&api, &request, &meta).await)
        .await
}

async fn go(
    api: &PortalApi,
    request: &HttpRequest,
    meta: &RequestMeta,
) -> Result<HttpResponse, PortalError> {
    let Some(session) = api.session(request, meta).await? else {
        return Ok(sign_in_first(request));
    };
    let named = Named::of(request.query_string());
    if named.role.trim().is_empty() {
        return Ok(search(&named.account));
    }
    let Some(wanted) = named.wanted() else {
        return Ok(redirect(&why_not::href(&named)));
    };
    let asked = named.duration()?;
    let offers = api.portal.offers(&session, meta)?;
    match offers.meant_by(&wanted).as_slice() {
        [] => Ok(redirect(&why_not::href(&named))),
        [role] => Ok(page(
            StatusCode::OK,
            &role_page(
                api.frame(request),
                person(&session, &offers.snapshot),
                &offers,
                (role, asked),
                &api.public_url,
            ),
        )),
        _ => Ok(search(&wanted.role())),
    }
}

/// The roles, searched for what was named.
fn search(text: &str) -> HttpResponse {
    if text.trim().is_empty() {
        return redirect("/roles");
    }
    let query = form_urlencoded::Serializer::new(String::new())
        .append_pair("q", text)
        .finish();
    redirect(&["/roles?", &query].concat())
}

/// The page of one role, from which one press takes its keys.
fn role_page(
    frame: Frame,
    person: PersonMenu,
    offers: &Offers,
    (role, asked): (&OfferedRole, SessionDuration),
    public_url: &str,
) -> RolePage {
    let arn = &role.arn;
    let account = offers.snapshot.account(arn.account());
    let settings = account.map(|account| &account.settings);
    let description = role.role.description.as_str();
    RolePage {
        frame,
        person,
        role: arn.clone(),
        account_alias: settings.map(|settings| settings.alias.as_str().into()),
        environment: settings.and_then(|settings| environment(settings.environment)),
        description: (!description.is_empty()).then(|| description.into()),
        link: address_of(arn, public_url),
        durations: durations(asked.min(role.longest), role.longest),
        longest: role.longest,
    }
}

/// The usual lifetimes, and the one that the link asks for.
fn durations(chosen: SessionDuration, longest: SessionDuration) -> Vec<DurationChoice> {
    let mut durations = credentials::choices(chosen, longest.seconds());
    if !durations.iter().any(|choice| choice.duration == chosen) {
        durations.push(DurationChoice {
            duration: chosen,
            state: ChoiceState::Chosen,
        });
        durations.sort_by_key(|choice| choice.duration);
    }
    durations
}

/// The whole address of the page of a role, to be handed on.
pub(super) fn address_of(role: &RoleArn, public_url: &str) -> String {
    [public_url.trim_end_matches('/'), &link(role)].concat()
}

/// The address of the page of a role.
pub(super) fn link(role: &RoleArn) -> String {
    let name = [role.path().trim_start_matches('/'), role.name()].concat();
    address("/go", &role.account().to_string(), &name)
}

/// A page about a role of an account.
pub(super) fn address(page: &str, account: &str, role: &str) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    for (name, value) in [("account", account), ("role", role)] {
        if !value.is_empty() {
            query.append_pair(name, value);
        }
    }
    [page, "?", &query.finish()].concat()
}

/// The sign-in page that leads to this one afterwards; the first page alone where that is too long.
pub(super) fn sign_in_to(wanted: &LocalPath) -> LocalPath {
    if *wanted == LocalPath::root() {
        return LocalPath::root();
    }
    let query = form_urlencoded::Serializer::new(String::new())
        .append_pair("return_to", wanted.as_str())
        .finish();
    let page = ["/sign-in?", &query].concat().parse();
    page.unwrap_or_else(|_| LocalPath::root())
}

/// What a link to one role says that a sign-in leads to. Nobody has looked whether there is such a role,
/// and whoever wrote the link chose the words: what could be a sentence is left out.
pub(super) fn destination(return_to: &LocalPath) -> Option<Destination> {
    let query = return_to.as_str().strip_prefix("/go?")?;
    let wanted = Named::of(query).wanted()?;
    let is_one_word = |account: &String| {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
        account.bytes().all(allowed)
    };
    let account = wanted.account().filter(is_one_word);
    Some(Destination {
        account: account.map(|account| account.as_str().into()),
        role: wanted.name().as_str().into(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(return_to: &str) -> Option<(Option<String>, String)> {
        let destination = destination(&return_to.parse().unwrap())?;
        let account = destination.account.map(|account| account.to_string());
        Some((account, destination.role.to_string()))
    }

    #[test]
    fn a_link_says_where_it_leads() {
        for (link, account) in [
            (
                "/go?account=payments-prod&role=Reader",
                Some("payments-prod"),
            ),
            ("/go?role=Reader", None),
            (
                "/go?account=482011739056&role=engineering%2FReader",
                Some("482011739056"),
            ),
            (
                "/go?role=arn:aws:iam::482011739056:role/Reader&duration=900",
                Some("482011739056"),
            ),
            ("/go?account=Call+us+at+once&role=Reader", None),
        ] {
            let account = account.map(str::to_owned);
            assert_eq!(told(link), Some((account, "Reader".to_owned())), "{link}");
        }
    }

    #[test]
    fn what_names_no_role_says_nothing() {
        for link in [
            "/",
            "/roles?q=Reader",
            "/go",
            "/go?",
            "/go?account=payments-prod",
            "/go?role=Your+account+is+locked",
            "/go?role=a&role=b",
            "/gone?role=Reader",
        ] {
            assert_eq!(told(link), None, "{link}");
        }
    }

    #[test]
    fn a_roles_own_link_names_it_again() {
        let arn: RoleArn = "arn:aws:iam::482011739056:role/a/b+c/Read,Only@x"
            .parse()
            .unwrap();
        let link = link(&arn);
        let link: LocalPath = link.parse().unwrap();
        let query = link.as_str().strip_prefix("/go?").unwrap();
        let wanted = Named::of(query).wanted().unwrap();
        assert_eq!(wanted.account().as_deref(), Some("482011739056"));
        assert_eq!(wanted.role(), "a/b+c/Read,Only@x");
    }
}
