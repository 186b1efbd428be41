//! Pages and redirects as answers, and the policy that browsers hold them to.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{self, ContentType};
use askama::Template;

/// The policy of every answer.
pub const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'";

/// The policy of a page whose form leads on to other sites: Chromium blocks the redirect of a form
/// to any site that is not named.
pub fn content_security_policy(form_leads_to: &[String]) -> String {
    let own = "form-action 'self'";
    let mut with_sites = own.to_owned();
    for site in form_leads_to {
        with_sites.push(' ');
        with_sites.push_str(site);
    }
    CONTENT_SECURITY_POLICY.replace(own, &with_sites)
}

/// A page, never to be kept by a browser or a proxy.
pub(super) fn page(status: StatusCode, template: &impl Template) -> HttpResponse {
    match template.render() {
        Ok(html) => HttpResponse::build(status)
            .insert_header(ContentType::html())
            .insert_header(("Cache-Control", "no-store"))
            .body(html),
        Err(error) => {
            tracing::error!(%error, "a page could not be rendered");
            HttpResponse::InternalServerError()
                .insert_header(("Cache-Control", "no-store"))
                .finish()
        }
    }
}

/// A page whose script asks this site for more.
pub(super) fn page_that_fetches(status: StatusCode, template: &impl Template) -> HttpResponse {
    let mut response = page(status, template);
    let policy = [CONTENT_SECURITY_POLICY, "; connect-src 'self'"].concat();
    if let Ok(policy) = policy.parse() {
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    response
}

/// On to a place of our own or, from a sign-in, of the provider's. 303: the next request is a GET.
pub(super) fn redirect(location: &str) -> HttpResponse {
    HttpResponse::SeeOther()
        .insert_header(("Location", location))
        .insert_header(("Cache-Control", "no-store"))
        .finish()
}
