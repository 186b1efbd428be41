//! `GET /static/{name}`

use actix_web::{HttpRequest, HttpResponse};

use super::Api;
use super::assets::StaticFile;
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
fn file_answer(file: &StaticFile, request: &HttpRequest) -> HttpResponse {
    let query = form_urlencoded::parse(request.query_string().as_bytes());
    let version = query.into_iter().find(|(name, _)| name == "v");
    let version = version.map(|(_, version)| version);
    let known = request
        .headers()
        .get("if-none-match")
        .and_then(|tag| tag.to_str().ok());
    let mut response = if known == Some(&*file.etag()) {
        HttpResponse::NotModified()
    } else {
        HttpResponse::Ok()
    };
    response
        .insert_header(("Content-Type", file.content_type))
        .insert_header(("Cache-Control", file.cache_control(version.as_deref())))
        .insert_header(("ETag", file.etag()));
    if known == Some(&*file.etag()) {
        response.finish()
    } else {
        response.body(file.bytes)
    }
}
