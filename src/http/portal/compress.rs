//! Which answers are compressed, and how: static files, and the list of roles where nobody has chosen a word
//! of it.
//!
//! How small an answer gets tells what in it repeats. Who can put a word of their own into a page of somebody
//! else, and sees how long it is, can guess what else stands in it (BREACH). So a page is compressed only where
//! its request has no query, which says nothing that the page repeats; and pages with keys, never.

use std::io::Write as _;

use actix_web::HttpRequest;
use actix_web::HttpResponse;
use actix_web::body::MessageBody as _;
use actix_web::http::header::{self, HeaderMap, HeaderValue};
use flate2::Compression;
use flate2::write::GzEncoder;

/// Small enough, and several times as fast as the best.
const OF_PAGES: u32 = 4;

/// Whether a browser takes gzip.
pub(super) fn accepts_gzip(headers: &HeaderMap) -> bool {
    let accepted = headers.get_all(header::ACCEPT_ENCODING);
    let accepted = accepted.filter_map(|value| value.to_str().ok());
    accepted.flat_map(|value| value.split(',')).any(|coding| {
        let mut parts = coding.split(';').map(str::trim);
        let is_gzip = parts
            .next()
            .is_some_and(|it| it.eq_ignore_ascii_case("gzip"));
        let refuses = parts.any(|part| {
            let weight = part.strip_prefix("q=").or_else(|| part.strip_prefix("Q="));
            weight.is_some_and(|weight| weight.parse().is_ok_and(|weight: f32| weight <= 0.0))
        });
        is_gzip && !refuses
    })
}

/// The bytes as gzip, as small as can be: for what is compressed once.
pub(super) fn best(bytes: &[u8]) -> Vec<u8> {
    gzip(bytes, Compression::best())
}

/// The page as it is, or compressed, where its request has no query and the browser takes it.
pub(super) async fn page(request: &HttpRequest, page: HttpResponse) -> HttpResponse {
    if !request.query_string().is_empty() || !accepts_gzip(request.headers()) {
        return page;
    }
    let (mut page, body) = page.into_parts();
    let body = match body.try_into_bytes() {
        Ok(body) => body,
        Err(body) => return page.set_body(body),
    };
    let whole = body.clone();
    let level = Compression::new(OF_PAGES);
    // Whoever is answered by the same worker does not wait for it.
    match tokio::task::spawn_blocking(move || gzip(&whole, level)).await {
        Ok(compressed) if !compressed.is_empty() => {
            say_gzip(page.headers_mut());
            page.set_body(compressed).map_into_boxed_body()
        }
        _ => page.set_body(body).map_into_boxed_body(),
    }
}

/// Says that the body is gzip.
pub(super) fn say_gzip(headers: &mut HeaderMap) {
    headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
}

/// Writing to memory does not fail; nothing if it did.
fn gzip(bytes: &[u8], level: Compression) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::with_capacity(bytes.len() / 4), level);
    let written = encoder.write_all(bytes);
    let finished = encoder.finish();
    match (written, finished) {
        (Ok(()), Ok(compressed)) => compressed,
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use super::*;

    fn accepts(values: &[&'static str]) -> bool {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(header::ACCEPT_ENCODING, HeaderValue::from_static(value));
        }
        accepts_gzip(&headers)
    }

    #[test]
    fn gzip_is_sent_to_those_who_ask_for_it() {
        for values in [
            &["gzip"][..],
            &["GZIP"],
            &["deflate, gzip;q=0.5, br"],
            &["br", "gzip ; q=1"],
        ] {
            assert!(accepts(values), "{values:?}");
        }
        for values in [
            &[][..],
            &[""],
            &["br, deflate"],
            &["gzip;q=0"],
            &["gzip; q=0.000"],
            &["xgzip"],
            &["*"],
        ] {
            assert!(!accepts(values), "{values:?}");
        }
    }

    #[test]
    fn what_was_compressed_opens() {
        let text = "a role, ".repeat(1000);
        let compressed = best(text.as_bytes());
        assert!(compressed.len() < text.len() / 10);
        let mut opened = String::new();
        let mut decoder = flate2::read::GzDecoder::new(&*compressed);
        decoder.read_to_string(&mut opened).unwrap();
        assert_eq!(opened, text);
    }
}
