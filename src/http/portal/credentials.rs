//! `POST /credentials`: the keys of one role.

use actix_web::http::StatusCode;
use actix_web::web::Payload;
use actix_web::{HttpRequest, HttpResponse};

use super::error::PortalError;
use super::formats::{Formats, ProfileName, Source};
use super::pages::{ChoiceState, CredentialsPage, DurationChoice, DurationLimit, LimitedBy};
use super::respond::page;
use super::roles::environment;
use super::{Api, PortalApi, go, person};
use crate::domain::{RoleArn, SessionDuration};
use crate::flows::{Bound, OpenBrowserSession, RequestMeta, TakenCredentials};

/// The lifetimes that may be chosen, in seconds.
const CHOICES: [u32; 5] = [900, 3600, 14_400, 28_800, 43_200];

pub(super) async fn post(api: Api, request: HttpRequest, payload: Payload) -> HttpResponse {
    api.answer(&request, async |mut meta| {
        take(&api, &request, payload, &mut meta).await
    })
    .await
}

async fn take(
    api: &PortalApi,
    request: &HttpRequest,
    payload: Payload,
    meta: &mut RequestMeta,
) -> Result<HttpResponse, PortalError> {
    let (session, form) = api.own_form(request, payload, meta).await?;
    let role: Option<RoleArn> = form.find("role").and_then(|role| role.parse().ok());
    let role = role.ok_or(PortalError::Malformed("form-no-role"))?;
    let asked = match form.find("duration") {
        None => SessionDuration::DEFAULT,
        Some(seconds) => duration(seconds)?,
    };
    let taken = api.portal.take(&session, &role, asked, meta).await?;
    Ok(page(
        StatusCode::OK,
        &render(api, request, &session, taken, meta)?,
    ))
}

fn render(
    api: &PortalApi,
    request: &HttpRequest,
    session: &OpenBrowserSession,
    taken: TakenCredentials,
    meta: &RequestMeta,
) -> Result<CredentialsPage, PortalError> {
    let arn = taken.arn.clone();
    let settings = taken
        .snapshot
        .account(arn.account())
        .map(|account| &account.settings);
    let profile = ProfileName::of(settings.map(|settings| settings.alias.as_str()), &arn);
    let formats = Formats::new(&Source {
        credentials: &taken.issued.credentials,
        sts_url: &api.public_url,
        region: &meta.region,
        profile: &profile,
    });
    let description = taken.role.description.as_str();
    let limits = limits(&taken);
    Ok(CredentialsPage {
        frame: api.frame(request),
        person: person(session, &taken.snapshot),
        account_alias: settings.map(|settings| settings.alias.as_str().into()),
        environment: settings.and_then(|settings| environment(settings.environment)),
        description: (!description.is_empty()).then(|| description.into()),
        link: go::address_of(&arn, &api.public_url),
        session_name: taken.issued.principal.session.clone(),
        formats: formats.map_err(|_| PortalError::Unavailable)?,
        now: meta.now,
        lifetime_seconds: taken.given.seconds(),
        asked: taken.asked,
        shortened_by: shortened_by(&taken),
        durations: durations(&taken),
        limits,
        role: arn,
        credentials: taken.issued.credentials,
    })
}

fn limits(taken: &TakenCredentials) -> Vec<DurationLimit> {
    let limit = |(bound, seconds): &(Bound, u32)| DurationLimit {
        by: by(bound),
        seconds: *seconds,
    };
    taken.bounds.iter().map(limit).collect()
}

fn by(bound: &Bound) -> LimitedBy {
    match bound {
        Bound::Role => LimitedBy::Role,
        Bound::Rule(rule) => LimitedBy::Rule(rule.as_str().into()),
        Bound::SignIn => LimitedBy::SignIn,
        Bound::Provider => LimitedBy::Provider,
    }
}

fn shortened_by(taken: &TakenCredentials) -> Option<LimitedBy> {
    let lowest = taken.bounds.iter().min_by_key(|(_, seconds)| *seconds);
    lowest
        .filter(|_| taken.given < taken.asked)
        .map(|(bound, _)| by(bound))
}

fn durations(taken: &TakenCredentials) -> Vec<DurationChoice> {
    let most = taken
        .bounds
        .iter()
        .map(|(_, seconds)| *seconds)
        .min()
        .unwrap_or(0);
    choices(taken.given, most)
}

/// A lifetime that somebody asks for, in seconds.
pub(super) fn duration(seconds: &str) -> Result<SessionDuration, PortalError> {
    let seconds = seconds.parse().ok();
    let duration = seconds.and_then(SessionDuration::from_seconds);
    duration.ok_or(PortalError::Malformed("form-no-duration"))
}

/// The usual lifetimes, of which one may be chosen and those beyond `most` seconds may not be.
pub(super) fn choices(chosen: SessionDuration, most: u32) -> Vec<DurationChoice> {
    let choice = |duration: SessionDuration| DurationChoice {
        duration,
        state: if duration == chosen {
            ChoiceState::Chosen
        } else if duration.seconds() <= most {
            ChoiceState::Open
        } else {
            ChoiceState::TooLong
        },
    };
    CHOICES
        .iter()
        .filter_map(|seconds| SessionDuration::from_seconds(*seconds))
        .map(choice)
        .collect()
}
