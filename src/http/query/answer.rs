//! Answers of the AWS Query protocol, as XML or, where the caller accepts it, JSON.

use std::borrow::Cow;

use quick_xml::escape::escape;

use crate::domain::{RequestId, Secret, UnixTime};

/// The namespace of faults before an operation is found.
pub const FAULT_NAMESPACE: &str = "http://webservices.amazon.com/AWSFault/2005-15-09";

/// How the caller wants the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// `text/xml`, as every SDK expects.
    Xml,
    /// `application/json`, for who sends `Accept: application/json`.
    Json,
}

impl Format {
    /// The Content-Type of the answer.
    pub const fn content_type(self) -> &'static str {
        match self {
            Self::Xml => "text/xml",
            Self::Json => "application/json",
        }
    }
}

/// One value of an answer.
#[derive(Debug)]
pub enum Value<'a> {
    /// A text.
    Text(Cow<'a, str>),
    /// A text that is wiped once the answer is written.
    Secret(Secret<String>),
    /// A whole number.
    Number(u32),
    /// `true` or `false`.
    Bool(bool),
    /// A time: ISO 8601 in XML, seconds since the epoch in JSON.
    Time(UnixTime),
    /// Named values, in the order of the wire.
    Members(Vec<(&'static str, Value<'a>)>),
    /// Values of one kind, each a `member` in XML.
    List(Vec<Value<'a>>),
    /// Values by name: an `entry` of `key` and `value` each in XML.
    Map(Vec<(Cow<'a, str>, Value<'a>)>),
}

impl<'a> From<&'a str> for Value<'a> {
    fn from(text: &'a str) -> Self {
        Self::Text(Cow::Borrowed(text))
    }
}

impl From<Secret<String>> for Value<'_> {
    fn from(text: Secret<String>) -> Self {
        Self::Secret(text)
    }
}

impl From<String> for Value<'_> {
    fn from(text: String) -> Self {
        Self::Text(Cow::Owned(text))
    }
}

/// The members of an answer, in the order of the wire.
pub type Members<'a> = Vec<(&'static str, Value<'a>)>;

/// The answer of an operation that succeeded: `<OpResponse><OpResult>…`.
#[derive(Debug)]
pub struct Success<'a> {
    /// E.g. `GetCallerIdentity`.
    pub operation: &'static str,
    /// The members of the result; `None` for an operation that has none.
    pub members: Option<Members<'a>>,
}

impl<'a> Success<'a> {
    /// An answer with these members.
    pub const fn new(operation: &'static str, members: Members<'a>) -> Self {
        Self {
            operation,
            members: Some(members),
        }
    }

    /// The whole answer.
    pub fn render(self, namespace: &str, id: RequestId, format: Format) -> Vec<u8> {
        let metadata = Value::Members(vec![("RequestId", id.to_string().into())]);
        match format {
            Format::Xml => self.xml(namespace, &metadata),
            Format::Json => self.json(&metadata),
        }
    }

    fn xml(self, namespace: &str, metadata: &Value<'_>) -> Vec<u8> {
        let operation = self.operation;
        let mut xml = Xml::open(&[operation, "Response"], namespace);
        xml.depth = 1;
        if let Some(members) = self.members {
            xml.element(&[operation, "Result"], &Value::Members(members));
        }
        xml.element(&["ResponseMetadata"], metadata);
        xml.depth = 0;
        xml.new_line();
        xml.close(&[operation, "Response"])
    }

    fn json(self, metadata: &Value<'_>) -> Vec<u8> {
        let mut body = serde_json::Map::new();
        if let Some(members) = self.members {
            let result = to_json(&Value::Members(members));
            body.insert([self.operation, "Result"].concat(), result);
        }
        body.insert("ResponseMetadata".to_owned(), to_json(metadata));
        let mut whole = serde_json::Map::new();
        whole.insert([self.operation, "Response"].concat(), body.into());
        line(&whole.into())
    }
}

/// A refusal.
#[derive(Debug)]
pub struct Fault<'a> {
    /// The API's, or [`FAULT_NAMESPACE`].
    pub namespace: &'static str,
    /// `Sender` where the caller can mend it, `Receiver` otherwise.
    pub blame: &'static str,
    /// AWS's code.
    pub code: &'a str,
    /// AWS's text; some errors have none.
    pub message: Option<&'a str>,
}

impl Fault<'_> {
    /// The whole answer.
    pub fn render(&self, id: RequestId, format: Format) -> Vec<u8> {
        let mut error = vec![("Type", self.blame.into()), ("Code", self.code.into())];
        error.extend(self.message.map(|message| ("Message", message.into())));
        let body = Value::Members(vec![
            ("Error", Value::Members(error)),
            ("RequestId", id.to_string().into()),
        ]);
        match format {
            Format::Xml => {
                let mut xml = Xml::open(&["ErrorResponse"], self.namespace);
                xml.content(&body);
                xml.close(&["ErrorResponse"])
            }
            Format::Json => line(&to_json(&body)),
        }
    }
}

/// Writes indented XML. The names of elements stand in the code and hold nothing to escape, and so does the
/// namespace; all text passes [`escaped`].
struct Xml {
    bytes: Vec<u8>,
    depth: usize,
}

impl Xml {
    fn open(root: &[&str], namespace: &str) -> Self {
        const USUAL_BYTES: usize = 2048;
        let mut xml = Self {
            bytes: Vec::with_capacity(USUAL_BYTES),
            depth: 0,
        };
        xml.push(&["<"]);
        xml.push(root);
        xml.push(&[" xmlns=\"", namespace, "\">"]);
        xml
    }

    fn close(mut self, root: &[&str]) -> Vec<u8> {
        self.push(&["</"]);
        self.push(root);
        self.push(&[">\n"]);
        self.bytes
    }

    /// An element on a line of its own.
    fn element(&mut self, name: &[&str], value: &Value<'_>) {
        self.new_line();
        self.bytes.push(b'<');
        self.push(name);
        self.bytes.push(b'>');
        self.content(value);
        self.bytes.push(b'<');
        self.bytes.push(b'/');
        self.push(name);
        self.bytes.push(b'>');
    }

    fn content(&mut self, value: &Value<'_>) {
        match value {
            Value::Members(members) => self.elements(members, |xml, (name, value)| {
                xml.element(&[name], value);
            }),
            Value::List(values) => self.elements(values, |xml, value| {
                xml.element(&["member"], value);
            }),
            Value::Map(entries) => self.elements(entries, |xml, (key, value)| {
                xml.new_line();
                xml.push(&["<entry>"]);
                xml.depth += 1;
                xml.element(&["key"], &Value::Text(Cow::Borrowed(key)));
                xml.element(&["value"], value);
                xml.depth -= 1;
                xml.new_line();
                xml.push(&["</entry>"]);
            }),
            scalar => self.push(&[&escaped(scalar)]),
        }
    }

    fn elements<T>(&mut self, all: &[T], one: impl Fn(&mut Self, &T)) {
        if all.is_empty() {
            return;
        }
        self.depth += 1;
        for it in all {
            one(self, it);
        }
        self.depth -= 1;
        self.new_line();
    }

    fn new_line(&mut self) {
        self.bytes.push(b'\n');
        self.bytes.resize(self.bytes.len() + 2 * self.depth, b' ');
    }

    fn push(&mut self, parts: &[&str]) {
        for part in parts {
            self.bytes.extend_from_slice(part.as_bytes());
        }
    }
}

/// A scalar as it stands in XML, without the characters that XML 1.0 can't hold.
fn escaped<'v>(value: &'v Value<'_>) -> Cow<'v, str> {
    match value {
        Value::Text(text) => escaped_text(text),
        Value::Secret(text) => escaped_text(text.expose()),
        Value::Number(number) => Cow::Owned(number.to_string()),
        Value::Time(time) => Cow::Owned(time.written().as_str().to_owned()),
        Value::Bool(flag) => Cow::Borrowed(if *flag { "true" } else { "false" }),
        Value::Members(_) | Value::List(_) | Value::Map(_) => Cow::Borrowed(""),
    }
}

fn escaped_text(text: &str) -> Cow<'_, str> {
    if is_plain(text) {
        return Cow::Borrowed(text);
    }
    let known = |c| if is_xml_character(c) { c } else { '\u{fffd}' };
    let text: String = text.chars().map(known).collect();
    // A carriage return as it is would be read as a line feed (XML 1.0, section 2.11).
    Cow::Owned(escape(text).replace('\r', "&#13;"))
}

/// Whether a text is printable ASCII without anything to escape, as keys, tokens and ARNs are.
fn is_plain(text: &str) -> bool {
    let plain = |byte: u8| {
        matches!(byte, b' '..=b'~') && !matches!(byte, b'<' | b'>' | b'&' | b'\'' | b'"')
    };
    // Without an early return, so that the compiler can look at many bytes at once.
    text.bytes().fold(true, |all, byte| all & plain(byte))
}

/// `Char` of XML 1.0, section 2.2.
const fn is_xml_character(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..)
}

fn line(value: &serde_json::Value) -> Vec<u8> {
    let mut bytes = value.to_string().into_bytes();
    bytes.push(b'\n');
    bytes
}

fn to_json(value: &Value<'_>) -> serde_json::Value {
    match value {
        Value::Text(text) => serde_json::Value::String(text.as_ref().to_owned()),
        Value::Secret(text) => serde_json::Value::String(text.expose().clone()),
        Value::Number(number) => (*number).into(),
        Value::Time(time) => time.seconds().into(),
        Value::Bool(flag) => (*flag).into(),
        Value::List(values) => values.iter().map(to_json).collect(),
        Value::Map(entries) => {
            let entries = entries.iter();
            let entries = entries.map(|(key, value)| (key.as_ref().to_owned(), to_json(value)));
            serde_json::Value::Object(entries.collect())
        }
        Value::Members(members) => {
            let members = members
                .iter()
                .map(|(name, value)| ((*name).to_owned(), to_json(value)));
            serde_json::Value::Object(members.collect())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STS_NAMESPACE: &str = "https://sts.amazonaws.com/doc/2011-06-15/";

    fn success() -> Success<'static> {
        Success {
            operation: "X",
            members: Some(vec![
                ("Arn", "a<&\"'>\u{1}\r".into()),
                (
                    "Expiration",
                    Value::Time(UnixTime::from_seconds(1_795_254_067)),
                ),
                ("PackedPolicySize", Value::Number(7)),
            ]),
        }
    }

    #[test]
    fn xml_is_indented_escaped_and_has_no_prolog() {
        let text = String::from_utf8(success().render(
            STS_NAMESPACE,
            RequestId::from_random([0; 16]),
            Format::Xml,
        ));
        insta::assert_snapshot!(text.unwrap(), @r#"
        <XResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
          <XResult>
            <Arn>a&lt;&amp;&quot;&apos;&gt;�&#13;</Arn>
            <Expiration>2026-11-21T09:41:07Z</Expiration>
            <PackedPolicySize>7</PackedPolicySize>
          </XResult>
          <ResponseMetadata>
            <RequestId>00000000-0000-4000-8000-000000000000</RequestId>
          </ResponseMetadata>
        </XResponse>
        "#);
    }

    #[test]
    fn a_secret_is_written_as_any_text() {
        for format in [Format::Xml, Format::Json] {
            let written = |value: Value<'_>| {
                let success = Success::new("X", vec![("SessionToken", value)]);
                success.render(STS_NAMESPACE, RequestId::from_random([0; 16]), format)
            };
            let secret = Secret::new("a<b".to_owned());
            assert_eq!(written(secret.into()), written("a<b".into()));
        }
    }

    #[test]
    fn json_has_times_in_seconds() {
        let text = String::from_utf8(success().render(
            STS_NAMESPACE,
            RequestId::from_random([0; 16]),
            Format::Json,
        ));
        insta::assert_snapshot!(text.unwrap(), @r#"{"XResponse":{"ResponseMetadata":{"RequestId":"00000000-0000-4000-8000-000000000000"},"XResult":{"Arn":"a<&\"'>\u0001\r","Expiration":1795254067,"PackedPolicySize":7}}}"#);
    }

    #[test]
    fn lists_and_maps_have_a_member_or_an_entry_for_each() {
        let list = Value::List(vec!["a".into(), Value::Bool(true)]);
        let success = Success::new(
            "X",
            vec![
                ("Names", list),
                ("Nothing", Value::List(Vec::new())),
                (
                    "Counts",
                    Value::Map(vec![("Users".into(), Value::Number(2))]),
                ),
            ],
        );
        let xml = success.render(STS_NAMESPACE, RequestId::from_random([0; 16]), Format::Xml);
        insta::assert_snapshot!(String::from_utf8(xml).unwrap(), @r#"
        <XResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
          <XResult>
            <Names>
              <member>a</member>
              <member>true</member>
            </Names>
            <Nothing></Nothing>
            <Counts>
              <entry>
                <key>Users</key>
                <value>2</value>
              </entry>
            </Counts>
          </XResult>
          <ResponseMetadata>
            <RequestId>00000000-0000-4000-8000-000000000000</RequestId>
          </ResponseMetadata>
        </XResponse>
        "#);
    }

    #[test]
    fn a_fault_may_have_no_message() {
        let fault = Fault {
            namespace: STS_NAMESPACE,
            blame: "Sender",
            code: "MalformedInput",
            message: None,
        };
        let text = String::from_utf8(fault.render(RequestId::from_random([0; 16]), Format::Xml));
        insta::assert_snapshot!(text.unwrap(), @r#"
        <ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
          <Error>
            <Type>Sender</Type>
            <Code>MalformedInput</Code>
          </Error>
          <RequestId>00000000-0000-4000-8000-000000000000</RequestId>
        </ErrorResponse>
        "#);
    }
}
