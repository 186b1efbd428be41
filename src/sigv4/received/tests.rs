//! Requests to a service that were signed by AWS's own signer, in every form that S3 has.

use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{
    PayloadChecksumKind, PercentEncodingMode, SignableBody, SignableRequest, SignatureLocation,
    SigningSettings, UriPathNormalizationMode, sign as aws_sign,
};
use aws_sigv4::sign::v4::SigningParams;

use super::*;
use crate::domain::SecretAccessKey;
use crate::sigv4::{HttpRequest, read};

const KEY_ID: &str = "AKIARZPUZDIKGB2VALC4";
const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
const NOW: UnixTime = UnixTime::from_seconds(1_795_254_067);
const HOST: &str = "s3.meridale.example";

/// A request as it is on the wire.
#[derive(Debug, Clone)]
struct Wire {
    method: &'static str,
    path: String,
    query: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

/// How it is signed.
struct How {
    service: &'static str,
    body: SignableBody<'static>,
    presigned: Option<u64>,
}

const PLAIN: How = How {
    service: "s3",
    body: SignableBody::Bytes(b"hello"),
    presigned: None,
};

fn signed(path: &str, how: &How) -> Wire {
    let is_s3 = how.service == "s3";
    let mut settings = SigningSettings::default();
    if is_s3 {
        settings.percent_encoding_mode = PercentEncodingMode::Single;
        settings.uri_path_normalization_mode = UriPathNormalizationMode::Disabled;
        settings.payload_checksum_kind = PayloadChecksumKind::XAmzSha256;
    }
    if let Some(seconds) = how.presigned {
        settings.signature_location = SignatureLocation::QueryParams;
        settings.payload_checksum_kind = PayloadChecksumKind::NoHeader;
        settings.expires_in = Some(Duration::from_secs(seconds));
    }
    let identity = Credentials::new(KEY_ID, SECRET, None, None, "test").into();
    let seconds = u64::try_from(NOW.seconds()).unwrap();
    let params = SigningParams::builder()
        .identity(&identity)
        .region("us-east-1")
        .name(how.service)
        .time(SystemTime::UNIX_EPOCH + Duration::from_secs(seconds))
        .settings(settings)
        .build()
        .unwrap()
        .into();
    let mut wire = Wire {
        method: "PUT",
        path: path.to_owned(),
        query: String::new(),
        headers: vec![("Host".to_owned(), HOST.to_owned())],
        body: b"hello".to_vec(),
    };
    let url = format!("https://{HOST}{path}");
    let headers = [("host", HOST)].into_iter();
    let signable = SignableRequest::new(wire.method, url, headers, how.body.clone()).unwrap();
    let (instructions, _) = aws_sign(signable, &params).unwrap().into_parts();
    let (headers, parameters) = instructions.into_parts();
    for header in headers {
        let pair = (header.name().to_owned(), header.value().to_owned());
        wire.headers.push(pair);
    }
    for (name, value) in parameters {
        let encoded =
            percent_encoding::utf8_percent_encode(&value, percent_encoding::NON_ALPHANUMERIC);
        let separator = if wire.query.is_empty() { "" } else { "&" };
        wire.query = format!("{}{separator}{name}={encoded}", wire.query);
    }
    wire
}

fn verify_at(
    wire: &Wire,
    service: &str,
    body: &ReceivedBody,
    now: UnixTime,
) -> Result<Payload, SigV4Error> {
    let headers: Vec<(&str, &[u8])> = wire
        .headers
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_bytes()))
        .collect();
    let request = HttpRequest {
        method: wire.method,
        path: &wire.path,
        query: &wire.query,
        headers: &headers,
        body: &wire.body,
    };
    let regions = ["us-east-1".parse().unwrap()];
    let by = ReceivedBy {
        service,
        regions: &regions,
    };
    let secret = SecretAccessKey::new(SECRET.to_owned());
    let signature = read(&request)?.ok_or(SigV4Error::NotSigned)?;
    let (verified, payload) = signature.verify_received(&secret, &by, body, now)?;
    assert_eq!(verified.access_key_id().as_str(), KEY_ID);
    Ok(payload)
}

fn verify(wire: &Wire, service: &str) -> Result<Payload, SigV4Error> {
    verify_at(wire, service, &ReceivedBody::Whole, NOW)
}

#[test]
fn s3_s_paths_are_names_as_they_are() {
    for path in [
        "/bucket/key",
        "/bucket/a//b/../c.",
        "/bucket/a%20b%2Bc",
        "/bucket/%E1%88%B4~",
    ] {
        let wire = signed(path, &PLAIN);
        assert_eq!(verify(&wire, "s3"), Ok(Payload::Signed), "{path}");
    }
}

#[test]
fn another_service_s_path_is_normalised_and_encoded_again() {
    let how = How {
        service: "ci",
        ..PLAIN
    };
    for path in ["/a/./b//c", "/a%20b"] {
        let wire = signed(path, &how);
        assert_eq!(verify(&wire, "ci"), Ok(Payload::Signed), "{path}");
        assert_eq!(verify(&wire, "s3"), Err(SigV4Error::ForeignService));
    }
}

#[test]
fn one_change_of_an_s3_request_is_noticed() {
    let good = signed("/bucket/a//b", &PLAIN);
    let mut moved = good.clone();
    moved.path = "/bucket/a/b".to_owned();
    assert_eq!(verify(&moved, "s3"), Err(SigV4Error::SignatureMismatch));
    let mut encoded = good.clone();
    encoded.path = "/bucket%2Fa//b".to_owned();
    assert_eq!(verify(&encoded, "s3"), Err(SigV4Error::AmbiguousPath));
    let mut other_body = good.clone();
    other_body.body = b"hullo".to_vec();
    assert_eq!(verify(&other_body, "s3"), Err(SigV4Error::WrongPayloadHash));
    let mut read_only = good;
    read_only.method = "GET";
    assert_eq!(verify(&read_only, "s3"), Err(SigV4Error::SignatureMismatch));
}

#[test]
fn a_hash_stands_for_a_body_that_is_not_shown() {
    let mut wire = signed("/bucket/key", &PLAIN);
    wire.body.clear();
    let hash = |body: &[u8]| ReceivedBody::Hash(payload_hash(body).parse().unwrap());
    assert_eq!(
        verify_at(&wire, "s3", &hash(b"hello"), NOW),
        Ok(Payload::Signed)
    );
    let other = verify_at(&wire, "s3", &hash(b"hullo"), NOW);
    assert_eq!(other, Err(SigV4Error::WrongPayloadHash));
    assert!("HELLO".parse::<PayloadHash>().is_err());
}

#[test]
fn an_unsigned_body_is_told_as_such_and_is_s3_s_alone() {
    let unsigned = |service, presigned| How {
        service,
        body: SignableBody::UnsignedPayload,
        presigned,
    };
    let mut wire = signed("/bucket/key", &unsigned("s3", None));
    wire.body = b"anything".to_vec();
    assert_eq!(verify(&wire, "s3"), Ok(Payload::Unsigned));
    let mut wire = signed("/bucket/key", &unsigned("s3", Some(60)));
    wire.body = b"anything".to_vec();
    assert_eq!(verify(&wire, "s3"), Ok(Payload::Unsigned));
    let mut wire = signed("/key", &unsigned("ci", None));
    wire.headers.push((
        "x-amz-content-sha256".to_owned(),
        UNSIGNED_PAYLOAD.to_owned(),
    ));
    let told = verify(&wire, "ci");
    assert!(
        matches!(
            told,
            Err(SigV4Error::UnsignedHeader(_) | SigV4Error::UnsignedPayload)
        ),
        "{told:?}"
    );
}

#[test]
fn chunks_are_told_as_such() {
    for (stated, told) in [
        ("STREAMING-AWS4-HMAC-SHA256-PAYLOAD", Payload::Chunks),
        (
            "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER",
            Payload::Chunks,
        ),
        ("STREAMING-UNSIGNED-PAYLOAD-TRAILER", Payload::Unsigned),
    ] {
        let how = How {
            body: SignableBody::Precomputed(stated.to_owned()),
            ..PLAIN
        };
        let wire = signed("/bucket/key", &how);
        assert_eq!(verify(&wire, "s3"), Ok(told), "{stated}");
        let mut other = wire;
        for (name, value) in &mut other.headers {
            if name == "x-amz-content-sha256" {
                "UNSIGNED-PAYLOAD".clone_into(value);
            }
        }
        assert_eq!(verify(&other, "s3"), Err(SigV4Error::SignatureMismatch));
    }
}

#[test]
fn a_presigned_url_ends_when_it_says() {
    let how = How {
        body: SignableBody::UnsignedPayload,
        presigned: Some(604_800),
        ..PLAIN
    };
    let wire = signed("/bucket/key", &how);
    let at = |seconds| verify_at(&wire, "s3", &ReceivedBody::Whole, NOW.plus(seconds));
    assert_eq!(at(604_800), Ok(Payload::Unsigned));
    assert!(matches!(
        at(604_801),
        Err(SigV4Error::PresignedUrlExpired { .. })
    ));
    let by_header = signed("/bucket/key", &PLAIN);
    let at = |seconds| verify_at(&by_header, "s3", &ReceivedBody::Whole, NOW.plus(seconds));
    assert_eq!(at(900), Ok(Payload::Signed));
    assert!(matches!(at(901), Err(SigV4Error::SignatureExpired { .. })));
    assert!(matches!(
        at(-901),
        Err(SigV4Error::SignatureNotYetCurrent { .. })
    ));
}
