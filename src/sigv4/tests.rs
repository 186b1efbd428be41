//! Requests signed by AWS's own signer are accepted; one change, and they are refused by name.

use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{
    SignableBody, SignableRequest, SignatureLocation, SigningSettings, sign as aws_sign,
};
use aws_sigv4::sign::v4::SigningParams;
use proptest::prelude::*;

use super::*;
use crate::domain::{AccessKeyId, Region, SecretAccessKey, SessionToken, UnixTime};

const KEY_ID: &str = "ASIARZPUZDIKGB2VALC4";
const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
const NOW: UnixTime = UnixTime::from_seconds(1_795_254_067);
const BOTOCORE_BY_DATE: &str = "AWS4-HMAC-SHA256 Credential=ASIARZPUZDIKGB2VALC4/20261121/us-east-1/sts/aws4_request, SignedHeaders=content-type;date;host, Signature=0edfa863fed47b444c74efa91b0fca3bdb58f138dd30b2f99b83e93ec0122fe6";
const HOST: &str = "gateway.meridale.example:8443";

/// A request that owns its parts, so that a test can change one.
#[derive(Debug, Clone)]
struct Wire {
    method: String,
    path: String,
    query: String,
    headers: Vec<(String, Vec<u8>)>,
    body: Vec<u8>,
}

/// How a wire request is signed.
#[derive(Debug, Clone)]
enum How {
    Header,
    Presigned(u64),
}

impl Wire {
    fn get_caller_identity() -> Self {
        Self {
            method: "POST".into(),
            path: "/".into(),
            query: String::new(),
            headers: vec![
                ("Host".into(), HOST.into()),
                (
                    "Content-Type".into(),
                    "application/x-www-form-urlencoded; charset=utf-8".into(),
                ),
            ],
            body: b"Action=GetCallerIdentity&Version=2011-06-15".to_vec(),
        }
    }

    fn presigned_get() -> Self {
        Self {
            method: "GET".into(),
            query: "Action=GetCallerIdentity&Version=2011-06-15".into(),
            headers: vec![("Host".into(), HOST.into())],
            body: Vec::new(),
            ..Self::get_caller_identity()
        }
    }

    fn signed(self, how: &How, token: Option<&str>) -> Self {
        self.signed_at(NOW, how, token).0
    }

    /// Signs with AWS's own signer; gives the signature too.
    fn signed_at(mut self, at: UnixTime, how: &How, token: Option<&str>) -> (Self, String) {
        let identity =
            Credentials::new(KEY_ID, SECRET, token.map(str::to_owned), None, "test").into();
        let mut settings = SigningSettings::default();
        if let How::Presigned(seconds) = how {
            settings.signature_location = SignatureLocation::QueryParams;
            settings.expires_in = Some(Duration::from_secs(*seconds));
        }
        let seconds = u64::try_from(at.seconds()).unwrap();
        let params = SigningParams::builder()
            .identity(&identity)
            .region("us-east-1")
            .name("sts")
            .time(SystemTime::UNIX_EPOCH + Duration::from_secs(seconds))
            .settings(settings)
            .build()
            .unwrap()
            .into();
        let url = format!("https://{HOST}{}?{}", self.path, self.query);
        let headers = self.headers.clone();
        let headers = headers
            .iter()
            .map(|(name, value)| (name.as_str(), std::str::from_utf8(value).unwrap()));
        let body = self.body.clone();
        let signable =
            SignableRequest::new(&self.method, url, headers, SignableBody::Bytes(&body)).unwrap();
        let (instructions, signature) = aws_sign(signable, &params).unwrap().into_parts();
        let (headers, parameters) = instructions.into_parts();
        for header in headers {
            self.set(header.name(), header.value());
        }
        for (name, value) in parameters {
            self.add_parameter(name, &value);
        }
        (self, signature)
    }

    fn add_parameter(&mut self, name: &str, value: &str) {
        let encode =
            |text| percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC);
        let separator = if self.query.is_empty() { "" } else { "&" };
        self.query = format!("{}{separator}{name}={}", self.query, encode(value));
    }

    fn add(&mut self, name: &str, value: &str) {
        self.headers.push((name.to_owned(), value.into()));
    }

    fn remove(&mut self, name: &str) {
        self.headers
            .retain(|(present, _)| !present.eq_ignore_ascii_case(name));
    }

    fn set(&mut self, name: &str, value: &str) {
        self.remove(name);
        self.add(name, value);
    }

    fn header(&self, name: &str) -> String {
        let found = self
            .headers
            .iter()
            .find(|(present, _)| present.eq_ignore_ascii_case(name));
        String::from_utf8(found.unwrap().1.clone()).unwrap()
    }

    /// Replaces a part of the `Authorization` header or of the query, which must be there.
    fn replace(&mut self, from: &str, to: &str) {
        if self.query.contains(from) {
            self.query = self.query.replacen(from, to, 1);
            return;
        }
        let authorization = self.header("Authorization");
        assert!(authorization.contains(from), "{from} in {authorization}");
        self.set("Authorization", &authorization.replacen(from, to, 1));
    }

    fn borrowed_headers(&self) -> Vec<(&str, &[u8])> {
        let pairs = self.headers.iter();
        pairs
            .map(|(name, value)| (name.as_str(), value.as_slice()))
            .collect()
    }

    fn with<T>(&self, act: impl FnOnce(&HttpRequest<'_>) -> T) -> T {
        let headers = self.borrowed_headers();
        act(&HttpRequest {
            method: &self.method,
            path: &self.path,
            query: &self.query,
            headers: &headers,
            body: &self.body,
        })
    }

    fn verify_at(&self, now: UnixTime) -> Result<VerifiedSignature, SigV4Error> {
        self.verify_as("sts", SECRET, now)
    }

    fn verify(&self) -> Result<VerifiedSignature, SigV4Error> {
        self.verify_at(NOW)
    }

    fn verify_as(
        &self,
        service: &'static str,
        secret: &str,
        now: UnixTime,
    ) -> Result<VerifiedSignature, SigV4Error> {
        let regions = ["eu-central-1", "us-east-1"].map(|region| region.parse().unwrap());
        let expected = ExpectedScope {
            service,
            regions: &regions,
        };
        self.with(|request| {
            read(request)?.ok_or(SigV4Error::NotSigned)?.verify(
                &SecretAccessKey::new(secret.to_owned()),
                &expected,
                now,
            )
        })
    }
}

fn by_header() -> Wire {
    Wire::get_caller_identity().signed(&How::Header, None)
}

fn by_query() -> Wire {
    Wire::presigned_get().signed(&How::Presigned(60), None)
}

fn changed(
    mut wire: Wire,
    change: impl FnOnce(&mut Wire),
) -> Result<VerifiedSignature, SigV4Error> {
    change(&mut wire);
    wire.verify()
}

// --- What AWS's signer makes is accepted -----------------------------------------------------------

fn encoded_text() -> impl Strategy<Value = String> {
    "[ -~äß\u{1234}]{0,8}".prop_map(|text| {
        percent_encoding::utf8_percent_encode(&text, percent_encoding::NON_ALPHANUMERIC).to_string()
    })
}

fn wire() -> impl Strategy<Value = Wire> {
    let segment = "[A-Za-z0-9_~@:=+,-]{0,6}(%20|%C3%A4|%7e)?(\\.[a-z])?";
    let path =
        prop::collection::vec(segment, 0..4).prop_map(|parts| format!("/{}", parts.join("/")));
    let name = "[A-Za-z][A-Za-z0-9_.-]{0,6}";
    let query = prop::collection::vec((name, encoded_text()), 0..5).prop_map(|pairs| {
        let pairs = pairs.iter().map(|(name, value)| format!("{name}={value}"));
        pairs.collect::<Vec<_>>().join("&")
    });
    let header = ("X-(Custom|Amz-Meta|K8s-Aws-Id)-[a-c]", "[ -~]{0,12}");
    let headers = prop::collection::vec(header, 0..5);
    let method = prop::sample::select(vec!["GET", "POST", "PUT", "DELETE"]);
    let body = prop::collection::vec(any::<u8>(), 0..64);
    (method, path, query, headers, body).prop_map(|(method, path, query, headers, body)| {
        let mut wire = Wire {
            method: method.to_owned(),
            path,
            query,
            headers: Wire::get_caller_identity().headers,
            body,
        };
        for (name, value) in headers {
            wire.add(&name, &value);
        }
        wire
    })
}

fn token() -> impl Strategy<Value = Option<String>> {
    prop::option::of("[A-Za-z0-9+/]{8,80}={0,2}")
}

fn how() -> impl Strategy<Value = How> {
    prop_oneof![
        Just(How::Header),
        (1_u64..=604_800).prop_map(How::Presigned)
    ]
}

/// A change, and what it is called.
type Mutation = (&'static str, fn(&mut Wire));

/// Every single change that a man in the middle could make to what the signature covers.
fn mutations() -> Vec<Mutation> {
    vec![
        ("body byte", |wire| wire.body.push(b'x')),
        ("body bit", |wire| match wire.body.first_mut() {
            Some(byte) => *byte ^= 1,
            None => wire.body.push(0),
        }),
        ("method", |wire| {
            wire.method = if wire.method == "GET" { "POST" } else { "GET" }.into();
        }),
        ("parameter added", |wire| wire.add_parameter("extra", "1")),
        ("path", |wire| wire.path.insert_str(0, "/x")),
        ("host", |wire| wire.set("Host", "evil.example")),
        ("content type", |wire| {
            wire.set("Content-Type", "text/plain");
        }),
        ("value added to a signed header", |wire| {
            wire.add("X-Custom-Signed", "second");
        }),
        ("signed header's value", |wire| {
            wire.set("X-Custom-Signed", "Value");
        }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn what_the_aws_signer_signs_is_accepted(wire in wire(), token in token(), how in how()) {
        let signed = wire.signed(&how, token.as_deref());
        let verified = signed.verify();
        prop_assert!(verified.is_ok(), "{verified:?}");
        let found = signed.with(|request| {
            let read = read(request).unwrap().unwrap();
            read.session_token().map(str::to_owned)
        });
        prop_assert_eq!(found, token);
    }

    #[test]
    fn our_signatures_are_those_of_the_aws_signer(mut wire in wire(), token in token()) {
        // The AWS signer normalises the values that it is given; ours signs what will be sent.
        let (_, signature) = wire.clone().signed_at(NOW, &How::Header, token.as_deref());
        let (key_id, secret) = credentials();
        let token = token.map(SessionToken::new);
        let region = "us-east-1".parse().unwrap();
        let signer = Signer {
            access_key_id: &key_id,
            secret: &secret,
            session_token: token.as_ref(),
            region: &region,
            service: "sts",
        };
        let added = wire.with(|request| sign(request, &signer, NOW)).unwrap();
        for (name, value) in added {
            wire.add(name, value.expose());
        }
        let authorization = wire.header("authorization");
        prop_assert!(authorization.ends_with(&signature), "{authorization} {signature}");
        prop_assert!(wire.verify().is_ok());
    }

    #[test]
    fn every_single_change_is_refused(mut wire in wire(), token in token(), how in how()) {
        wire.set("X-Custom-Signed", "value");
        let signed = wire.signed(&how, token.as_deref());
        for (change, mutate) in mutations() {
            let mut altered = signed.clone();
            mutate(&mut altered);
            prop_assert_eq!(altered.verify(), Err(SigV4Error::SignatureMismatch), "{}", change);
        }
    }

    #[test]
    fn one_flipped_bit_of_the_signature_is_refused(bit in 0_usize..256) {
        let mut wire = by_header();
        let authorization = wire.header("Authorization");
        let (head, hex) = authorization.split_at(authorization.len() - 64);
        let mut bytes = data_encoding::HEXLOWER.decode(hex.as_bytes()).unwrap();
        bytes[bit / 8] ^= 1 << (bit % 8);
        let flipped = format!("{head}{}", data_encoding::HEXLOWER.encode(&bytes));
        wire.set("Authorization", &flipped);
        prop_assert_eq!(wire.verify(), Err(SigV4Error::SignatureMismatch));
    }

    #[test]
    fn hostile_bytes_never_pass_and_never_panic(
        authorization in "AWS4-HMAC-SHA256 [ -~]{0,80}|[ -~]{0,80}",
        query in "(X-Amz-[A-Z][a-z]{2,9}=[ -~]{0,12}&?){0,4}|[ -~ä]{0,40}",
        path in "/[ -~ä]{0,20}",
    ) {
        let mut wire = Wire::presigned_get();
        wire.path = path;
        wire.query = query;
        wire.set("Authorization", &authorization);
        prop_assert!(wire.verify().is_err());
        wire.remove("Authorization");
        prop_assert!(wire.verify().is_err());
    }
}

fn credentials() -> (AccessKeyId, SecretAccessKey) {
    (
        KEY_ID.parse().unwrap(),
        SecretAccessKey::new(SECRET.to_owned()),
    )
}

#[test]
fn verified_signature_says_who_where_and_when() {
    let verified = by_header().verify().unwrap();
    assert_eq!(verified.access_key_id().as_str(), KEY_ID);
    assert_eq!(verified.region(), &"us-east-1".parse::<Region>().unwrap());
    assert_eq!(verified.signed_at(), NOW);
}

#[test]
fn the_same_request_verifies_twice() {
    let wire = by_header();
    assert_eq!(wire.verify(), wire.verify());
    assert!(wire.verify().is_ok());
}

#[test]
fn presigned_url_may_carry_further_signed_headers() {
    for name in ["x-k8s-aws-id", "X-Vault-AWS-IAM-Server-ID"] {
        let mut wire = Wire::presigned_get();
        wire.add(name, "cluster-1");
        let signed = wire.signed(&How::Presigned(60), None);
        assert!(signed.verify().is_ok(), "{name}");
        let refused = changed(signed, |wire| wire.set(name, "cluster-2"));
        assert_eq!(refused, Err(SigV4Error::SignatureMismatch), "{name}");
    }
}

#[test]
fn unsigned_request_reads_as_none() {
    assert!(Wire::get_caller_identity().with(|request| read(request).unwrap().is_none()));
    assert!(Wire::presigned_get().with(|request| read(request).unwrap().is_none()));
}

// --- A1: times ------------------------------------------------------------------------------------

#[test]
fn header_signature_is_good_for_15_minutes_around_its_time() {
    let wire = by_header();
    for seconds in [-900, -240, 0, 240, 900] {
        assert!(wire.verify_at(NOW.plus(seconds)).is_ok(), "{seconds}");
    }
    for seconds in [901, 1200] {
        let now = NOW.plus(seconds);
        let expired = SigV4Error::SignatureExpired {
            signed_at: NOW,
            now,
        };
        assert_eq!(wire.verify_at(now), Err(expired), "{seconds}");
    }
    for seconds in [-901, -1200] {
        let now = NOW.plus(seconds);
        let early = SigV4Error::SignatureNotYetCurrent {
            signed_at: NOW,
            now,
        };
        assert_eq!(wire.verify_at(now), Err(early), "{seconds}");
    }
}

#[test]
fn presigned_url_is_good_until_it_expires() {
    let wire = by_query();
    assert!(wire.verify_at(NOW.plus(-900)).is_ok());
    assert!(wire.verify_at(NOW.plus(60)).is_ok());
    let now = NOW.plus(61);
    let ended_at = NOW.plus(60);
    assert_eq!(
        wire.verify_at(now),
        Err(SigV4Error::PresignedUrlExpired { ended_at, now })
    );
    let now = NOW.plus(-901);
    let signed_at = NOW;
    assert_eq!(
        wire.verify_at(now),
        Err(SigV4Error::SignatureNotYetCurrent { signed_at, now })
    );
}

#[test]
fn date_is_needed_and_must_be_a_date() {
    let missing = changed(by_header(), |wire| wire.remove("X-Amz-Date"));
    assert_eq!(missing, Err(SigV4Error::MissingDate));
    let malformed = changed(by_header(), |wire| wire.set("X-Amz-Date", "now"));
    assert_eq!(malformed, Err(SigV4Error::MalformedDate));
    let repeated = changed(by_header(), |wire| {
        wire.add("x-amz-date", "20261121T094107Z");
    });
    assert_eq!(
        repeated,
        Err(SigV4Error::RepeatedHeader { name: "X-Amz-Date" })
    );
}

#[test]
fn date_header_must_be_signed_where_it_stands_in() {
    let refused = changed(by_header(), |wire| {
        wire.remove("X-Amz-Date");
        wire.add("Date", "Sat, 21 Nov 2026 09:41:07 GMT");
    });
    assert_eq!(
        refused,
        Err(SigV4Error::UnsignedHeader(RequiredHeader::Date))
    );
}

/// A signature that botocore made over its `Date` header.
#[test]
fn signed_date_header_stands_in_for_the_amz_date() {
    let mut wire = Wire::get_caller_identity();
    wire.add("Date", "Sat, 21 Nov 2026 09:41:07 -0000");
    wire.add("Authorization", BOTOCORE_BY_DATE);
    assert!(wire.verify().is_ok());
    wire.set("Date", "Sat, 21 Nov 2026 09:41:08 -0000");
    assert_eq!(wire.verify(), Err(SigV4Error::SignatureMismatch));
}

#[test]
fn moving_the_date_within_the_day_breaks_the_signature() {
    let moved = changed(by_header(), |wire| {
        wire.set("X-Amz-Date", "20261121T094108Z");
    });
    assert_eq!(moved, Err(SigV4Error::SignatureMismatch));
}

// --- A2: headers that must be signed ----------------------------------------------------------------

#[test]
fn host_and_every_amz_header_must_be_signed() {
    let host = changed(by_header(), |wire| {
        wire.replace("content-type;host;", "content-type;");
    });
    assert_eq!(host, Err(SigV4Error::UnsignedHeader(RequiredHeader::Host)));
    let presigned_host = changed(by_query(), |wire| {
        wire.add("x-other", "1");
        wire.replace("X-Amz-SignedHeaders=host", "X-Amz-SignedHeaders=x-other");
    });
    assert_eq!(
        presigned_host,
        Err(SigV4Error::UnsignedHeader(RequiredHeader::Host))
    );
    let date = changed(by_header(), |wire| wire.replace("host;x-amz-date", "host"));
    assert_eq!(date, Err(SigV4Error::UnsignedHeader(RequiredHeader::Amz)));
    for wire in [by_header(), by_query()] {
        let target = changed(wire, |wire| wire.add("X-Amz-Target", "Service.Operation"));
        assert_eq!(target, Err(SigV4Error::UnsignedHeader(RequiredHeader::Amz)));
    }
}

#[test]
fn session_token_must_be_signed() {
    let added = changed(by_header(), |wire| {
        wire.add("X-Amz-Security-Token", "token");
    });
    assert_eq!(added, Err(SigV4Error::UnsignedHeader(RequiredHeader::Amz)));
    let swapped = changed(
        Wire::get_caller_identity().signed(&How::Header, Some("one")),
        |wire| wire.set("X-Amz-Security-Token", "two"),
    );
    assert_eq!(swapped, Err(SigV4Error::SignatureMismatch));
    let removed = changed(
        Wire::presigned_get().signed(&How::Presigned(60), Some("one")),
        |wire| wire.replace("&X-Amz-Security-Token=one", ""),
    );
    assert_eq!(removed, Err(SigV4Error::SignatureMismatch));
}

#[test]
fn content_type_may_stay_unsigned_only_where_it_is_a_usual_one() {
    let mut without = Wire::get_caller_identity();
    without.remove("Content-Type");
    let signed = without.signed(&How::Header, None);
    for usual in [
        "application/x-www-form-urlencoded; charset=UTF-8",
        "application/x-amz-json-1.1",
    ] {
        assert!(
            changed(signed.clone(), |wire| wire.set("Content-Type", usual)).is_ok(),
            "{usual}"
        );
    }
    let other = changed(signed, |wire| wire.set("Content-Type", "text/xml"));
    assert_eq!(
        other,
        Err(SigV4Error::UnsignedHeader(RequiredHeader::ContentType))
    );
}

#[test]
fn list_of_signed_headers_is_sorted_lower_case_and_complete() {
    let list = |to: &'static str| {
        changed(by_header(), move |wire| {
            wire.replace("content-type;host;x-amz-date", to);
        })
    };
    for to in [
        "host;content-type;x-amz-date",
        "content-type;Host;x-amz-date",
        "content-type;host;host;x-amz-date",
        "content-type;;host;x-amz-date",
        "content-type;host;x-amz-date;",
        "content-type;ho st;x-amz-date",
    ] {
        assert_eq!(list(to), Err(SigV4Error::MalformedSignedHeaders), "{to}");
    }
    assert_eq!(
        list("content-type;host;x-absent;x-amz-date"),
        Err(SigV4Error::AbsentSignedHeader)
    );
    let many = (0..=MAX_SIGNED_HEADERS)
        .map(|n| format!("h{n:03}"))
        .collect::<Vec<_>>();
    let refused = changed(by_header(), |wire| {
        wire.replace("content-type;host;x-amz-date", &many.join(";"));
    });
    assert_eq!(refused, Err(SigV4Error::TooManySignedHeaders));
}

#[test]
fn headers_of_one_value_may_not_be_repeated() {
    for name in [
        "Host",
        "Content-Type",
        "Authorization",
        "X-Amz-Security-Token",
        "X-Amz-Content-Sha256",
    ] {
        let mut wire = by_header();
        wire.add(name, "a");
        wire.add(name, "b");
        assert_eq!(
            wire.verify(),
            Err(SigV4Error::RepeatedHeader { name }),
            "{name}"
        );
    }
}

// --- A4: the body -----------------------------------------------------------------------------------

#[test]
fn stated_body_hash_must_be_the_bodys() {
    let signed_with = |hash: &str| {
        let mut wire = Wire::get_caller_identity();
        wire.add("X-Amz-Content-Sha256", hash);
        wire.signed(&How::Header, None).verify()
    };
    let body = Wire::get_caller_identity().body;
    let hash = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, &body);
    assert!(signed_with(&data_encoding::HEXLOWER.encode(hash.as_ref())).is_ok());
    assert_eq!(
        signed_with(&"0".repeat(64)),
        Err(SigV4Error::WrongPayloadHash)
    );
    assert_eq!(
        signed_with("UNSIGNED-PAYLOAD"),
        Err(SigV4Error::UnsignedPayload)
    );
    assert_eq!(
        signed_with("STREAMING-AWS4-HMAC-SHA256-PAYLOAD"),
        Err(SigV4Error::WrongPayloadHash)
    );
}

/// What [`UnverifiedSignature::verify_head`] says of the request without its body.
fn head_of(wire: &Wire) -> Result<(), SigV4Error> {
    let secret = SecretAccessKey::new(SECRET.to_owned());
    let expected = ExpectedScope {
        service: "sts",
        regions: &[Region::us_east_1()],
    };
    wire.with(|request| {
        let head = HttpRequest {
            body: b"",
            ..*request
        };
        read(&head)?.unwrap().verify_head(&secret, &expected, NOW)
    })
}

#[test]
fn head_is_verified_by_the_body_hash_that_it_states() {
    let stating = |hash: &str| {
        let mut wire = Wire::get_caller_identity();
        wire.add("X-Amz-Content-Sha256", hash);
        wire.signed(&How::Header, None)
    };
    let hash = payload_hash(&Wire::get_caller_identity().body);
    assert_eq!(head_of(&stating(&hash)), Ok(()));
    assert_eq!(head_of(&by_header()), Err(SigV4Error::MissingPayloadHash));
    for none in ["UNSIGNED-PAYLOAD", "", &hash.to_uppercase()] {
        assert_eq!(head_of(&stating(none)), Err(SigV4Error::MissingPayloadHash));
    }
    let mut altered = stating(&hash);
    altered.set("X-Amz-Content-Sha256", &payload_hash(b"another"));
    assert_eq!(head_of(&altered), Err(SigV4Error::SignatureMismatch));
    assert_eq!(head_of(&by_query()), Err(SigV4Error::Presigned));
}

#[test]
fn presigned_url_may_leave_only_an_empty_body_unsigned() {
    let mut wire = by_query();
    wire.add_parameter("X-Amz-Content-Sha256", "UNSIGNED-PAYLOAD");
    assert_eq!(wire.verify(), Err(SigV4Error::SignatureMismatch));
    wire.body = b"Action=AssumeRole".to_vec();
    assert_eq!(wire.verify(), Err(SigV4Error::UnsignedPayload));
    wire.body = Vec::new();
    wire.method = "POST".into();
    assert_eq!(wire.verify(), Err(SigV4Error::UnsignedPayload));
}

// --- A5: scope --------------------------------------------------------------------------------------

#[test]
fn scope_must_be_ours() {
    let scope = |to: &'static str| {
        changed(by_header(), move |wire| {
            wire.replace("20261121/us-east-1/sts/aws4_request", to);
        })
    };
    assert_eq!(
        scope("20261121/mars-1/sts/aws4_request"),
        Err(SigV4Error::WrongRegion)
    );
    assert_eq!(
        scope("20261121/US-EAST-1/sts/aws4_request"),
        Err(SigV4Error::WrongRegion)
    );
    assert_eq!(
        scope("20261121/us-east-1/iam/aws4_request"),
        Err(SigV4Error::WrongService { expected: "sts" })
    );
    assert_eq!(
        scope("20261121/us-east-1/sts/aws5_request"),
        Err(SigV4Error::WrongTerminator)
    );
    assert_eq!(
        scope("20261120/us-east-1/sts/aws4_request"),
        Err(SigV4Error::WrongScopeDate {
            scope: ScopeDate::parse("20261120").unwrap(),
            signed_at: NOW
        })
    );
    for parts in [
        "20261121/us-east-1/sts",
        "20261121/us-east-1/aws4_request",
        "20261121/us-east-1/sts/aws4_request/more",
        "20261121//sts/aws4_request",
        "20261121/us-east-1//aws4_request",
        "2026112/us-east-1/sts/aws4_request",
    ] {
        assert_eq!(
            scope(parts),
            Err(SigV4Error::MalformedCredential),
            "{parts}"
        );
    }
    assert_eq!(
        scope("20261121/eu-central-1/sts/aws4_request"),
        Err(SigV4Error::SignatureMismatch)
    );
}

#[test]
fn no_enabled_region_means_nobody() {
    let expected = ExpectedScope {
        service: "sts",
        regions: &[],
    };
    let refused = by_header().with(|request| {
        let signature = read(request).unwrap().unwrap();
        signature.verify(&credentials().1, &expected, NOW)
    });
    assert_eq!(refused, Err(SigV4Error::WrongRegion));
}

#[test]
fn signature_for_another_service_is_refused() {
    assert_eq!(
        by_header().verify_as("iam", SECRET, NOW),
        Err(SigV4Error::WrongService { expected: "iam" })
    );
}

#[test]
fn another_secret_is_refused() {
    assert_eq!(
        by_header().verify_as("sts", "another", NOW),
        Err(SigV4Error::SignatureMismatch)
    );
}

#[test]
fn access_key_id_must_be_one() {
    let refused = changed(by_header(), |wire| wire.replace(KEY_ID, "short"));
    assert_eq!(refused, Err(SigV4Error::MalformedAccessKeyId));
}

#[test]
fn only_hmac_sha256() {
    for wire in [by_header(), by_query()] {
        let refused = changed(wire, |wire| {
            // The query has its hyphens percent-encoded.
            let (from, to) = if wire.query.is_empty() {
                ("AWS4-HMAC-SHA256", "AWS4-HMAC-SHA1")
            } else {
                ("AWS4%2DHMAC%2DSHA256", "AWS4%2DHMAC%2DSHA1")
            };
            wire.replace(from, to);
        });
        assert_eq!(refused, Err(SigV4Error::UnsupportedAlgorithm));
    }
}

#[test]
fn two_signatures_are_refused() {
    let authorization = by_header().header("Authorization");
    let both = changed(by_query(), |wire| wire.add("Authorization", &authorization));
    assert_eq!(both, Err(SigV4Error::SignedTwice));
    let token = changed(by_header(), |wire| {
        wire.add_parameter("X-Amz-Security-Token", "t");
    });
    assert_eq!(token, Err(SigV4Error::SignedTwice));
    let token = changed(by_query(), |wire| wire.add("X-Amz-Security-Token", "t"));
    assert_eq!(token, Err(SigV4Error::SignedTwice));
}

// --- A6: presigned URLs -----------------------------------------------------------------------------

#[test]
fn presigned_parameters_are_all_needed_and_stand_once() {
    for name in [
        "X-Amz-Algorithm",
        "X-Amz-Credential",
        "X-Amz-Date",
        "X-Amz-Expires",
        "X-Amz-SignedHeaders",
        "X-Amz-Signature",
    ] {
        let twice = changed(by_query(), |wire| wire.add_parameter(name, "x"));
        assert_eq!(twice, Err(SigV4Error::RepeatedParameter { name }), "{name}");
        let missing = changed(by_query(), |wire| {
            let others = wire.query.split('&').filter(|pair| !pair.starts_with(name));
            wire.query = others.collect::<Vec<_>>().join("&");
        });
        assert_eq!(
            missing,
            Err(SigV4Error::MissingQueryParameter { name }),
            "{name}"
        );
    }
}

#[test]
fn presigned_expiry_is_bounded_and_signed() {
    for expires in ["", "0", "-60", "sixty", "691200"] {
        let refused = changed(by_query(), |wire| {
            wire.replace("X-Amz-Expires=60", &format!("X-Amz-Expires={expires}"));
        });
        assert_eq!(refused, Err(SigV4Error::MalformedExpires), "{expires}");
    }
    let longer = changed(by_query(), |wire| wire.replace("Expires=60", "Expires=600"));
    assert_eq!(longer, Err(SigV4Error::SignatureMismatch));
}

#[test]
fn presigned_action_is_signed() {
    let other = changed(by_query(), |wire| {
        wire.replace("GetCallerIdentity", "GetSessionToken");
    });
    assert_eq!(other, Err(SigV4Error::SignatureMismatch));
}

#[test]
fn malformed_signature_has_its_name() {
    let signature = by_header().header("Authorization");
    let signature = signature.rsplit_once('=').unwrap().1.to_owned();
    for bad in [
        signature.strip_suffix(|_: char| true).unwrap(),
        &signature.to_uppercase(),
        "",
        &format!("{signature}00"),
    ] {
        let refused = changed(by_header(), |wire| wire.replace(&signature, bad));
        assert_eq!(refused, Err(SigV4Error::MalformedSignature), "{bad}");
    }
}

// --- The answers ------------------------------------------------------------------------------------

#[test]
fn answers_are_those_of_aws() {
    let now = NOW.plus(1200);
    let expired = SigV4Error::SignatureExpired {
        signed_at: NOW,
        now,
    };
    for (error, code, status, message) in [
        (
            SigV4Error::NotSigned,
            "MissingAuthenticationToken",
            403,
            "Request is missing Authentication Token",
        ),
        (
            expired,
            "SignatureDoesNotMatch",
            403,
            "Signature expired: 20261121T094107Z is now earlier than 20261121T094607Z (20261121T100107Z - 15 min.)",
        ),
        (
            SigV4Error::WrongService { expected: "sts" },
            "SignatureDoesNotMatch",
            403,
            "Credential should be scoped to correct service: 'sts'. ",
        ),
        (
            SigV4Error::MissingHeaderParameter { name: "Credential" },
            "IncompleteSignature",
            400,
            "Authorization header requires 'Credential' parameter.",
        ),
        (
            SigV4Error::MalformedAccessKeyId,
            "InvalidClientTokenId",
            403,
            "The security token included in the request is invalid",
        ),
    ] {
        assert_eq!((error.code(), error.status()), (code, status), "{error}");
        assert_eq!(error.aws_message(), message);
    }
}

#[test]
fn signing_needs_a_host_and_signs_once() {
    let (key_id, secret) = credentials();
    let region = "us-east-1".parse().unwrap();
    let signer = Signer {
        access_key_id: &key_id,
        secret: &secret,
        session_token: None,
        region: &region,
        service: "sts",
    };
    let mut wire = Wire::get_caller_identity();
    wire.remove("Host");
    let hostless = wire.with(|request| sign(request, &signer, NOW));
    assert_eq!(
        hostless,
        Err(SigV4Error::UnsignedHeader(RequiredHeader::Host))
    );
    let twice = by_header().with(|request| sign(request, &signer, NOW));
    assert_eq!(
        twice,
        Err(SigV4Error::RepeatedHeader { name: "x-amz-date" })
    );
}

#[test]
fn debug_shows_no_token_and_no_signature() {
    let token = "a-token-that-must-not-print";
    for wire in [
        Wire::get_caller_identity().signed(&How::Header, Some(token)),
        Wire::presigned_get().signed(&How::Presigned(60), Some(token)),
    ] {
        let shown = wire.with(|request| format!("{request:?} {:?}", read(request)));
        assert!(shown.contains(KEY_ID), "{shown}");
        assert!(!shown.contains(token), "{shown}");
        assert!(!shown.contains("Signature="), "{shown}");
    }
}
