//! `GET /saml/metadata`: our metadata, which is our entity ID too.

use actix_web::{HttpRequest, HttpResponse};

use crate::http::portal::Api;

/// The media type of SAML metadata (SAML 2.0 Metadata, appendix A).
const MEDIA: &str = "application/samlmetadata+xml";
/// A new key is published a day before it signs, so that an hour in a cache is soon enough.
const CACHED: &str = "public, max-age=3600";

pub(in crate::http::portal) async fn get(api: Api, request: HttpRequest) -> HttpResponse {
    api.answer(&request, async |meta| {
        let document = api.own_metadata.document(&meta)?;
        Ok(HttpResponse::Ok()
            .insert_header(("Content-Type", MEDIA))
            .insert_header(("Cache-Control", CACHED))
            .body(document))
    })
    .await
}
