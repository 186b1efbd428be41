//! `/end-session`: there is no session here that could end, and the page says so.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;

use crate::demo::pages::{MessagePage, page};

/// `GET` or `POST /end-session`.
pub(in crate::demo) async fn end_session() -> HttpResponse {
    let template = MessagePage {
        title: "Nothing to sign out of",
        text: "The demo provider keeps no session: it asks who you are each time.",
    };
    page(StatusCode::OK, &template)
}
