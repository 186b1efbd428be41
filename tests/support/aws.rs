//! Requests that the AWS SDK's own signer signs, in parts that a test can change.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, UNIX_EPOCH};

use aws_credential_types::Credentials as AwsCredentials;
use aws_sigv4::http_request::{
    SignableBody, SignableRequest, SignatureLocation, SigningSettings, sign,
};
use aws_sigv4::sign::v4;

use super::http::{Request, Response};
use super::sts::element;

/// The key of the first administrator, which the environment gives to every node.
pub const ADMIN_KEY: &str = "AKIAQYLPMN5HAAAAAAAA";
pub const ADMIN_SECRET: &str = "the-admins-secret-of-forty-characters-xx";
pub const REGION: &str = "us-east-1";
pub const GET_CALLER_IDENTITY: &str = "Action=GetCallerIdentity&Version=2011-06-15";

/// What an AWS client signs with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AwsKeys {
    pub id: String,
    pub secret: String,
    pub token: Option<String>,
}

impl AwsKeys {
    /// The keys that STS gave.
    pub fn issued(answer: &Response) -> Self {
        Self {
            id: element(answer, "AccessKeyId"),
            secret: element(answer, "SecretAccessKey"),
            token: Some(element(answer, "SessionToken")),
        }
    }

    /// The administrator of the environment.
    pub fn admin() -> Self {
        Self {
            id: ADMIN_KEY.to_owned(),
            secret: ADMIN_SECRET.to_owned(),
            token: None,
        }
    }
}

/// Where a signature goes, what it covers and for whom.
#[derive(Debug, Clone)]
pub struct Signing {
    pub region: &'static str,
    pub service: &'static str,
    pub at: i64,
    pub expires: Option<Duration>,
    pub left_out: Vec<&'static str>,
}

impl Signing {
    pub fn at(at: i64) -> Self {
        Self {
            region: REGION,
            service: "sts",
            at,
            expires: None,
            left_out: Vec::new(),
        }
    }

    /// For the admin API.
    pub fn admin(at: i64) -> Self {
        Self {
            service: "rolegate",
            ..Self::at(at)
        }
    }

    pub fn presigned(at: i64) -> Self {
        Self {
            expires: Some(Duration::from_mins(1)),
            ..Self::at(at)
        }
    }
}

/// A request in parts, so that a test can change any of them after it was signed.
#[derive(Debug, Clone)]
pub struct Call {
    pub method: &'static str,
    pub target: String,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Call {
    /// A POST of this form to STS.
    pub fn post(address: SocketAddr, form: &str) -> Self {
        Self::posting(address, "/", "application/x-www-form-urlencoded", form)
    }

    /// A POST of this document to the admin API, with the hash of the document and a nonce.
    pub fn admin(address: SocketAddr, target: &str, body: impl Into<Vec<u8>>) -> Self {
        static CALLS: AtomicU64 = AtomicU64::new(0);
        let nonce = CALLS.fetch_add(1, Ordering::Relaxed).to_string();
        let call = Self::posting(address, target, "application/json", body);
        let hash = rolegate::sigv4::payload_hash(&call.body);
        call.with_header("x-amz-content-sha256", &hash)
            .with_header("x-rolegate-nonce", &nonce)
    }

    fn posting(
        address: SocketAddr,
        target: &str,
        content_type: &str,
        body: impl Into<Vec<u8>>,
    ) -> Self {
        Self {
            method: "POST",
            target: target.to_owned(),
            headers: vec![
                ("host".to_owned(), address.to_string()),
                ("content-type".to_owned(), content_type.to_owned()),
            ],
            body: body.into(),
        }
    }

    /// A GET of this target.
    pub fn get(address: SocketAddr, target: &str) -> Self {
        Self {
            method: "GET",
            target: target.to_owned(),
            headers: vec![("host".to_owned(), address.to_string())],
            body: Vec::new(),
        }
    }

    #[must_use]
    pub fn with_header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Replaces the header, or takes it out.
    pub fn set_header(&mut self, name: &str, value: Option<&str>) {
        self.headers
            .retain(|(present, _)| !present.eq_ignore_ascii_case(name));
        self.headers
            .extend(value.map(|value| (name.to_owned(), value.to_owned())));
    }

    pub fn header(&self, name: &str) -> &str {
        let mut headers = self.headers.iter();
        let found = headers.find(|(present, _)| present.eq_ignore_ascii_case(name));
        &found.unwrap().1
    }

    /// Signed by the AWS SDK's own signer.
    #[must_use]
    pub fn signed(mut self, keys: &AwsKeys, signing: &Signing) -> Self {
        let identity = AwsCredentials::new(
            keys.id.clone(),
            keys.secret.clone(),
            keys.token.clone(),
            None,
            "test",
        )
        .into();
        let mut settings = SigningSettings::default();
        settings.expires_in = signing.expires;
        if signing.expires.is_some() {
            settings.signature_location = SignatureLocation::QueryParams;
        }
        let excluded = settings.excluded_headers.get_or_insert_default();
        excluded.extend(signing.left_out.iter().map(|name| (*name).into()));
        let at = UNIX_EPOCH + Duration::from_secs(signing.at.try_into().unwrap());
        let parameters = v4::SigningParams::builder()
            .identity(&identity)
            .region(signing.region)
            .name(signing.service)
            .time(at)
            .settings(settings)
            .build()
            .unwrap()
            .into();
        let url = ["http://", self.header("host"), &self.target].concat();
        let headers = self.headers.iter();
        let headers = headers.map(|(name, value)| (name.as_str(), value.as_str()));
        let body = SignableBody::Bytes(&self.body);
        let request = SignableRequest::new(self.method, &url, headers, body).unwrap();
        let (instructions, _) = sign(request, &parameters).unwrap().into_parts();
        let (headers, query) = instructions.into_parts();
        for header in headers {
            let (name, value) = (header.name(), header.value());
            self.headers.push((name.to_owned(), value.to_owned()));
        }
        if !query.is_empty() {
            let separator = if self.target.contains('?') { '&' } else { '?' };
            let mut encoded = form_urlencoded::Serializer::new(String::new());
            let query = query.iter().map(|(name, value)| (*name, value.as_ref()));
            let encoded = encoded.extend_pairs(query).finish();
            self.target = [&self.target, &*separator.to_string(), &encoded].concat();
        }
        self
    }

    pub fn send(&self, address: SocketAddr) -> Response {
        self.request(address).send()
    }

    /// The request as it stands.
    pub fn request(&self, address: SocketAddr) -> Request {
        let request = Request::new(address, self.method, &self.target);
        let headers = self.headers.iter();
        let request = headers.fold(request, |request, (name, value)| {
            request.with_header(name, value)
        });
        request.with_body(self.body.clone())
    }
}
