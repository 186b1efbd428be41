//! What STS answers, in XML.

use std::net::SocketAddr;
use std::time::Duration;

use super::aws::AwsKeys;
use super::http::{Request, Response};

/// What STS answered, in XML.
#[derive(Debug, Clone)]
pub struct StsAnswer {
    pub status: u16,
    pub code: Option<String>,
    pub message: Option<String>,
    pub credentials: Option<AwsKeys>,
    pub request_id: String,
    pub subject: Option<String>,
    pub took: Duration,
    pub body: String,
}

impl StsAnswer {
    /// Reads an answer, which must be well-formed XML.
    pub fn read(response: &Response, took: Duration) -> Self {
        assert_eq!(
            response.header("content-type"),
            Some("text/xml"),
            "{response:?}"
        );
        let body = response.text();
        assert_well_formed(&body);
        let find = |name| find_in(&body, name);
        let credentials = find("SecretAccessKey").map(|secret| AwsKeys {
            id: find("AccessKeyId").unwrap(),
            secret,
            token: Some(find("SessionToken").unwrap()),
        });
        Self {
            status: response.status,
            code: find("Code"),
            message: find("Message"),
            credentials,
            request_id: find("RequestId").unwrap(),
            subject: find("SubjectFromWebIdentityToken"),
            took,
            body,
        }
    }
}

/// Parameters in place of those of a good call; `None` leaves one out.
pub type Changes<'a> = &'a [(&'a str, Option<&'a str>)];

/// `AssumeRoleWithWebIdentity` with this role and token.
pub fn assume_role(address: SocketAddr, role: &str, token: &str, changes: Changes<'_>) -> Response {
    let mut fields = vec![
        ("Action", "AssumeRoleWithWebIdentity"),
        ("Version", "2011-06-15"),
        ("RoleArn", role),
        ("RoleSessionName", "ines"),
        ("WebIdentityToken", token),
    ];
    fields.retain(|(name, _)| !changes.iter().any(|(changed, _)| changed == name));
    let others = changes.iter();
    fields.extend(others.filter_map(|(name, value)| Some((*name, (*value)?))));
    Request::post_form(address, "/", &fields).send()
}

/// The text of the first element of this name, where there is one.
pub fn find_element(answer: &Response, name: &str) -> Option<String> {
    find_in(&answer.text(), name)
}

/// As [`find_element`], where there must be one.
#[track_caller]
pub fn element(answer: &Response, name: &str) -> String {
    find_element(answer, name).unwrap_or_else(|| panic!("no {name} in {answer:?}"))
}

fn find_in(xml: &str, name: &str) -> Option<String> {
    let (_, rest) = xml.split_once(&["<", name, ">"].concat())?;
    let (text, _) = rest.split_once(&["</", name, ">"].concat())?;
    Some(quick_xml::escape::unescape(text).unwrap().into_owned())
}

/// Asserts a refusal of the STS API by status and code.
#[track_caller]
pub fn assert_refused(response: &Response, status: u16, code: &str) {
    assert_eq!(response.status, status, "{response:?}");
    assert_eq!(element(response, "Code"), code, "{response:?}");
}

/// Reads to the end, and looks for characters that XML 1.0 doesn't have.
fn assert_well_formed(xml: &str) {
    let mut reader = quick_xml::Reader::from_str(xml);
    while !matches!(reader.read_event().unwrap(), quick_xml::events::Event::Eof) {}
    let is_foreign = |c: char| (c < ' ' && !"\t\r\n".contains(c)) || "\u{fffe}\u{ffff}".contains(c);
    assert!(!xml.contains(is_foreign), "{xml:?}");
}
