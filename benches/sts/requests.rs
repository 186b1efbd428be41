//! The requests, prepared before anything is measured.

use std::net::SocketAddr;

use data_encoding::BASE64;
use form_urlencoded::Serializer;
use rolegate::clock::{Clock as _, SystemClock};
use rolegate::domain::{AccessKeyId, Region, SecretAccessKey, SessionToken, UnixTime};
use rolegate::entropy::SystemEntropy;
use rolegate::seal::{HEAD, SealingKey};
use rolegate::sigv4::{self, HttpRequest, Signer};

use crate::directory::{ASSUMED_ROLE, ROLE, SAML_ROLE, numbered_role};
use crate::identity::Provider;
use crate::load::ask;
use crate::{Outcome, bare};

const FORM: &str = "application/x-www-form-urlencoded; charset=utf-8";
const USER_AGENT: &str =
    "Boto3/1.40.1 md/Botocore#1.40.1 ua/2.1 os/linux#6.8 md/arch#x86_64 lang/python#3.13.5";
/// What a session token of ours holds beside its plaintext: version, key id, salt and tag.
const TOKEN_OVERHEAD: usize = 53;

/// Where the two servers are.
pub struct Addresses {
    /// The bare route.
    pub bare: SocketAddr,
    /// The node.
    pub ours: SocketAddr,
}

/// The same requests for both servers, each as it goes over the wire.
pub struct Paired {
    /// For the bare route.
    pub bare: Vec<Vec<u8>>,
    /// For the node.
    pub ours: Vec<Vec<u8>>,
}

/// Temporary credentials.
pub struct Credentials {
    access_key_id: AccessKeyId,
    secret: SecretAccessKey,
    token: SessionToken,
}

/// Requests for a session, each with a token of its own.
pub fn web_identities(to: &Addresses, provider: &Provider, count: u32) -> Outcome<Paired> {
    let tokens = provider.tokens(usize::try_from(count)?)?;
    let form = |token: &String| {
        Serializer::new(String::new())
            .append_pair("Action", "AssumeRoleWithWebIdentity")
            .append_pair("Version", "2011-06-15")
            .append_pair("RoleArn", ROLE)
            .append_pair("RoleSessionName", "deployment-of-the-day")
            .append_pair("DurationSeconds", "3600")
            .append_pair("WebIdentityToken", token)
            .finish()
    };
    let forms: Vec<String> = tokens.iter().map(form).collect();
    Ok(posted(to, "/web-identity", &forms))
}

/// Requests for a session, each with one of these responses of a SAML provider.
pub fn saml_responses(to: &Addresses, provider: &str, responses: &[String]) -> Paired {
    let form = |response: &String| {
        Serializer::new(String::new())
            .append_pair("Action", "AssumeRoleWithSAML")
            .append_pair("Version", "2011-06-15")
            .append_pair("RoleArn", SAML_ROLE)
            .append_pair("PrincipalArn", provider)
            .append_pair("SAMLAssertion", &BASE64.encode(response.as_bytes()))
            .finish()
    };
    let forms: Vec<String> = responses.iter().map(form).collect();
    posted(to, "/saml", &forms)
}

/// The same forms for both servers, nobody's signature around them.
fn posted(to: &Addresses, bare_path: &str, forms: &[String]) -> Paired {
    let all = |path: &str, address: SocketAddr| {
        let host = address.to_string();
        let request = |(number, form): (usize, &String)| {
            let invocation = invocation(number);
            let headers = usual_headers(&host, &invocation);
            let agent = [("user-agent", USER_AGENT)];
            http_request(path, &headers, &agent, form.as_bytes())
        };
        forms.iter().enumerate().map(request).collect()
    };
    Paired {
        bare: all(bare_path, to.bare),
        ours: all("/", to.ours),
    }
}

/// Those who sign: their credentials are the node's own for the node, and of the same size for the bare
/// route.
pub struct Callers {
    bare: Vec<Credentials>,
    ours: Vec<Credentials>,
}

impl Callers {
    /// As many as are asked for, each with a session of one of these requests.
    pub fn new(to: &Addresses, sessions: &Paired, callers: usize) -> Outcome<Self> {
        let (bare, ours) = credentials(to, sessions, callers)?;
        Ok(Self { bare, ours })
    }

    /// Requests that they sign in turn, for `GetCallerIdentity`.
    pub fn identities(&self, to: &Addresses, count: u32) -> Outcome<Paired> {
        let body = |_| "Action=GetCallerIdentity&Version=2011-06-15".to_owned();
        Ok(Paired {
            bare: signed_by_all("/caller-identity", to.bare, &self.bare, count, body)?,
            ours: signed_by_all("/", to.ours, &self.ours, count, body)?,
        })
    }

    /// Requests that they sign in turn, for `AssumeRole`.
    pub fn assuming(&self, to: &Addresses, count: u32) -> Outcome<Paired> {
        let body = |_| assume_role(ASSUMED_ROLE);
        Ok(Paired {
            bare: signed_by_all("/assume-role", to.bare, &self.bare, count, body)?,
            ours: signed_by_all("/", to.ours, &self.ours, count, body)?,
        })
    }
}

/// Requests for `AssumeRole` to one node, of each role in turn, signed by its own sessions.
pub fn assuming_each(
    node: SocketAddr,
    sessions: &[Vec<u8>],
    (roles, count): (usize, u32),
) -> Outcome<Vec<Vec<u8>>> {
    let callers = sessions_of(node, sessions, sessions.len())?;
    // Neighbours are asked for far from each other.
    let body = |number: usize| assume_role(&numbered_role(number * 7_919 % roles));
    signed_by_all("/", node, &callers, count, body)
}

fn sessions_of(
    node: SocketAddr,
    sessions: &[Vec<u8>],
    callers: usize,
) -> Outcome<Vec<Credentials>> {
    let asked = sessions.iter().take(callers);
    asked
        .map(|request| read_credentials(&ask(node, request)?))
        .collect()
}

fn assume_role(role: &str) -> String {
    Serializer::new(String::new())
        .append_pair("Action", "AssumeRole")
        .append_pair("Version", "2011-06-15")
        .append_pair("RoleArn", role)
        .append_pair("RoleSessionName", "deployment-of-the-day")
        .append_pair("DurationSeconds", "3600")
        .finish()
}

/// Credentials of so many callers: of the bare route, and the node's own.
pub fn credentials(
    to: &Addresses,
    sessions: &Paired,
    callers: usize,
) -> Outcome<(Vec<Credentials>, Vec<Credentials>)> {
    let ours = sessions_of(to.ours, &sessions.ours, callers)?;
    let bare = ours.iter().map(bare_credentials);
    Ok((bare.collect::<Outcome<_>>()?, ours))
}

impl Credentials {
    /// Who signs with them for a service.
    pub const fn signer<'a>(&'a self, region: &'a Region, service: &'a str) -> Signer<'a> {
        Signer {
            access_key_id: &self.access_key_id,
            secret: &self.secret,
            session_token: Some(&self.token),
            region,
            service,
        }
    }
}

fn signed_by_all(
    path: &str,
    address: SocketAddr,
    callers: &[Credentials],
    count: u32,
    body: impl Fn(usize) -> String,
) -> Outcome<Vec<Vec<u8>>> {
    let (host, region, now) = (address.to_string(), Region::us_east_1(), SystemClock.now());
    let count = usize::try_from(count)?;
    let requests = callers.iter().cycle().take(count).enumerate();
    let request = |(number, caller): (usize, &Credentials)| {
        let signer = caller.signer(&region, "sts");
        let (invocation, body) = (invocation(number), body(number));
        let headers = usual_headers(&host, &invocation);
        signed(path, &headers, body.as_bytes(), &signer, now)
    };
    requests.map(request).collect()
}

/// The credentials in an answer of the node.
fn read_credentials(answer: &[u8]) -> Outcome<Credentials> {
    let answer = std::str::from_utf8(answer)?;
    let text = |name: &str| {
        let (_, rest) = answer.split_once(&format!("<{name}>"))?;
        let (text, _) = rest.split_once('<')?;
        Some(text.to_owned())
    };
    let need = |name: &str| text(name).ok_or_else(|| format!("no {name} in the answer"));
    Ok(Credentials {
        access_key_id: need("AccessKeyId")?.parse()?,
        secret: SecretAccessKey::new(need("SecretAccessKey")?),
        token: SessionToken::new(need("SessionToken")?),
    })
}

/// Credentials of the bare route, whose token holds as much as the node's.
fn bare_credentials(ours: &Credentials) -> Outcome<Credentials> {
    let token = BASE64.decode(ours.token.expose().as_bytes())?;
    let mut sealed = vec![b's'; HEAD + token.len() - TOKEN_OVERHEAD];
    let key = SealingKey::new(bare::SEALING_KEY);
    let companion = key.seal_with_companion(&[bare::CONTEXT], &mut sealed, 0, &SystemEntropy)?;
    Ok(Credentials {
        access_key_id: ours.access_key_id.clone(),
        secret: SecretAccessKey::new(bare::secret_of(companion.expose())),
        token: SessionToken::new(BASE64.encode(&sealed)),
    })
}

/// The id of a client's call.
pub fn invocation(number: usize) -> String {
    format!("0b8e5a1c-3f77-4d0e-9c21-{number:012}")
}

fn usual_headers<'a>(host: &'a str, invocation: &'a str) -> [(&'static str, &'a str); 3] {
    [
        ("host", host),
        ("content-type", FORM),
        ("amz-sdk-invocation-id", invocation),
    ]
}

/// A signed POST.
pub fn signed(
    path: &str,
    headers: &[(&str, &str)],
    body: &[u8],
    signer: &Signer<'_>,
    now: UnixTime,
) -> Outcome<Vec<u8>> {
    let to_sign: Vec<(&str, &[u8])> = headers
        .iter()
        .map(|(name, value)| (*name, value.as_bytes()))
        .collect();
    let request = HttpRequest {
        method: "POST",
        path,
        query: "",
        headers: &to_sign,
        body,
    };
    let added = sigv4::sign(&request, signer, now)?;
    let mut added: Vec<(&str, &str)> = added
        .iter()
        .map(|(name, value)| (*name, value.expose().as_str()))
        .collect();
    added.push(("user-agent", USER_AGENT));
    Ok(http_request(path, headers, &added, body))
}

/// A form for `/`, signed.
pub fn form_signed(
    node: SocketAddr,
    body: &str,
    signer: &Signer<'_>,
    now: UnixTime,
) -> Outcome<Vec<u8>> {
    let host = node.to_string();
    let headers = [("host", host.as_str()), ("content-type", FORM)];
    signed("/", &headers, body.as_bytes(), signer, now)
}

/// A POST as it goes over the wire.
fn http_request(
    path: &str,
    headers: &[(&str, &str)],
    more: &[(&str, &str)],
    body: &[u8],
) -> Vec<u8> {
    let length = body.len().to_string();
    let mut request = ["POST ", path, " HTTP/1.1\r\n"].concat().into_bytes();
    let headers = headers.iter().chain(more);
    for (name, value) in headers.chain(&[("content-length", length.as_str())]) {
        request.extend_from_slice([name, ": ", value, "\r\n"].concat().as_bytes());
    }
    request.extend_from_slice(b"\r\n");
    request.extend_from_slice(body);
    request
}
