//! `GET /static/{name}`

use actix_web::http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, HeaderValue, VARY};
use actix_web::{HttpRequest, HttpResponse};

use super::Api;
use super::assets::{Coding, StaticFile};
use super::compress::{accepts_gzip, say_gzip};
use super::error::PortalError;

/// `GET /static/{name}`
pub(super) async fn get(api: Api, request: HttpRequest) -> HttpResponse {
    api.answer(&request, async |_| {
        let name = request.match_info().query("name");
        let file = StaticFile::named(name).ok_or(PortalError::NotFound)?;
        Ok(file_answer(file, &request))
    })
    .await
}

/// The file, or that the browser has it. Of its address `v` says which version was linked; whatever
/// else stands there is nobody's concern.
fn file_answer(file: &'static StaticFile, request: &HttpRequest) -> HttpResponse {
    let query = form_urlencoded::parse(request.query_string().as_bytes());
    let version = query.into_iter().find(|(name, _)| name == "v");
    let version = version.map(|(_, version)| version);
    let coding = if accepts_gzip(request.headers()) && !file.gzip.is_empty() {
        Coding::Gzip
    } else {
        Coding::Identity
    };
    let known = request
        .headers()
        .get("if-none-match")
        .and_then(|tag| tag.to_str().ok());
    let etag = file.etag(coding);
    let mut response = if known == Some(&*etag) {
        HttpResponse::NotModified().finish()
    } else {
        HttpResponse::Ok().body(file.coded(coding))
    };
    let cache = file.cache_control(version.as_deref());
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(file.content_type));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static(cache));
    headers.insert(VARY, HeaderValue::from_static("accept-encoding"));
    if coding == Coding::Gzip {
        say_gzip(headers);
    }
    if let Ok(etag) = HeaderValue::from_str(&etag) {
        headers.insert(ETAG, etag);
    }
    response
}
