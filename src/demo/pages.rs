//! The demo provider's pages.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header;
use askama::Template;

use super::faults::{Fault, Protocol, Words};
use super::people::Person;

/// Everybody as a button, and everything that can be broken.
#[derive(Template)]
#[template(path = "demo/choose.html")]
pub(super) struct ChoosePage<'a> {
    pub(super) client: &'a str,
    pub(super) action: &'a str,
    pub(super) parameters: Vec<(&'a str, &'a str)>,
    pub(super) people: &'a [Person],
    pub(super) protocol: Protocol,
    pub(super) has_unpublished_key: bool,
}

impl ChoosePage<'_> {
    /// The value of each button that breaks something, and what it says.
    fn faults(&self) -> [(&'static str, Words); Fault::ALL.len()] {
        Fault::ALL.map(|fault| (fault.key(), fault.words(self.protocol)))
    }
}

/// A form that the browser posts to the client.
#[derive(Template)]
#[template(path = "demo/form_post.html")]
pub(super) struct FormPostPage<'a> {
    pub(super) action: &'a str,
    pub(super) parameters: Vec<(&'a str, &'a str)>,
}

/// What this is, and who is here.
#[derive(Template)]
#[template(path = "demo/home.html")]
pub(super) struct HomePage<'a> {
    pub(super) issuer: &'a str,
    pub(super) people: &'a [Person],
    pub(super) clients: Vec<&'a str>,
    pub(super) service_providers: Vec<&'a str>,
    pub(super) signed_in: Vec<SignedIn<'a>>,
    pub(super) speaks_to_sts: bool,
    pub(super) has_unpublished_key: bool,
}

/// Somebody with open sessions at service providers.
pub(super) struct SignedIn<'a> {
    pub(super) person: &'a Person,
    pub(super) sessions: usize,
}

/// Who has sessions by OpenID Connect.
#[derive(Template)]
#[template(path = "demo/end_session.html")]
pub(super) struct EndSessionPage<'a> {
    pub(super) signed_in: Vec<SignedIn<'a>>,
}

/// One sentence, and what to do.
#[derive(Template)]
#[template(path = "demo/message.html")]
pub(super) struct MessagePage<'a> {
    pub(super) title: &'a str,
    pub(super) text: &'a str,
}

/// Renders a page whose forms lead nowhere but back here.
pub(super) fn page(status: StatusCode, template: &impl Template) -> HttpResponse {
    page_with_form_to(&[], status, template)
}

/// Renders a page whose form leads, in the end, to the origin of a client as well: a browser holds
/// the redirect after a form to the page's `form-action`, too.
pub(super) fn page_with_form_to(
    origins: &[String],
    status: StatusCode,
    template: &impl Template,
) -> HttpResponse {
    let Ok(body) = template.render() else {
        return HttpResponse::InternalServerError().finish();
    };
    HttpResponse::build(status)
        .content_type("text/html; charset=utf-8")
        .insert_header((
            header::CONTENT_SECURITY_POLICY,
            content_security_policy(origins),
        ))
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .insert_header((header::REFERRER_POLICY, "no-referrer"))
        .insert_header((header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .body(body)
}

fn content_security_policy(form_origins: &[String]) -> String {
    let mut policy = String::from(
        "default-src 'none'; style-src 'self'; img-src 'self'; script-src 'self'; \
         base-uri 'none'; frame-ancestors 'none'; form-action 'self'",
    );
    for origin in form_origins {
        policy.push(' ');
        policy.push_str(origin);
    }
    policy
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::demo::people::meridale;

    const HOSTILE: &str = "\"'><script>alert(1)</script>";

    fn hostile_people() -> Vec<Person> {
        let mut people = meridale();
        for person in &mut people {
            for field in [
                &mut person.key,
                &mut person.name,
                &mut person.email,
                &mut person.title,
                &mut person.shows,
                &mut person.department,
                &mut person.subject,
            ] {
                HOSTILE.clone_into(field);
            }
        }
        people
    }

    fn assert_escaped(page: &impl Template) {
        let html = page.render().unwrap();
        assert!(!html.contains("<script>"), "{html}");
        assert!(!html.contains("\"'>"), "{html}");
        assert!(html.contains("script&#62;"), "{html}");
    }

    #[test]
    fn hostile_values_stay_text_on_every_page() {
        let people = hostile_people();
        assert_escaped(&ChoosePage {
            client: HOSTILE,
            action: HOSTILE,
            parameters: vec![(HOSTILE, HOSTILE)],
            people: &people,
            protocol: Protocol::Saml,
            has_unpublished_key: true,
        });
        assert_escaped(&FormPostPage {
            action: HOSTILE,
            parameters: vec![(HOSTILE, HOSTILE)],
        });
        assert_escaped(&HomePage {
            issuer: HOSTILE,
            people: &people,
            clients: vec![HOSTILE],
            service_providers: vec![HOSTILE],
            signed_in: people
                .iter()
                .map(|person| SignedIn {
                    person,
                    sessions: 2,
                })
                .collect(),
            speaks_to_sts: true,
            has_unpublished_key: true,
        });
        assert_escaped(&MessagePage {
            title: HOSTILE,
            text: HOSTILE,
        });
    }

    #[test]
    fn a_form_may_lead_to_further_origins() {
        let origins = ["https://gw.example", "https://a.example:1"].map(str::to_owned);
        let policy = content_security_policy(&origins);
        assert!(
            policy.ends_with("form-action 'self' https://gw.example https://a.example:1"),
            "{policy}"
        );
    }
}
