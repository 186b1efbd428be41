//! `POST /demo/publish-keys`: what has signed already is published, as a provider does it that rotates
//! its keys in the wrong order and notices.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};

use crate::demo::pages::{MessagePage, page};
use crate::demo::provider::DemoProvider;

/// `POST /demo/publish-keys`.
pub(in crate::demo) async fn keys(provider: web::Data<DemoProvider>) -> HttpResponse {
    provider.publish_keys();
    let template = MessagePage {
        title: "The new key is published",
        text: "The provider signs with it from now on, and its old key stays published beside it. By OpenID Connect a sign-in finds it, ten seconds after the one that did not. By SAML the gateway reads metadata once an hour, or at once by “rolegate connections refresh-metadata workforce-saml”.",
    };
    page(StatusCode::OK, &template)
}
