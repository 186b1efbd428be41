//! HTTP/1.1 by hand: exact bytes out, what comes back in, and never longer than a deadline.

mod connection;

use std::net::SocketAddr;
use std::time::{Duration, Instant};

pub use connection::{NoResponse, RawConnection, exchange};

/// Ordinary calls are answered within this time, or the test fails.
pub const PATIENCE: Duration = Duration::from_secs(20);

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Response {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Response {
    /// The first header of this name, in any case.
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.headers.iter();
        let found = headers.find(|(known, _)| known.eq_ignore_ascii_case(name))?;
        Some(&found.1)
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}

/// An ordinary request on a connection of its own. Redirects are not followed.
#[derive(Debug, Clone)]
pub struct Request {
    address: SocketAddr,
    method: String,
    target: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl Request {
    /// `target` is the path with its query. Host is the address; a header of that name replaces it.
    pub fn get(address: SocketAddr, target: &str) -> Self {
        Self::new(address, "GET", target)
    }

    /// As [`Self::get`], for any method.
    pub fn new(address: SocketAddr, method: &str, target: &str) -> Self {
        Self {
            address,
            method: method.to_owned(),
            target: target.to_owned(),
            headers: Vec::new(),
            body: Vec::new(),
        }
    }

    /// A form, posted.
    pub fn post_form(address: SocketAddr, target: &str, fields: &[(&str, &str)]) -> Self {
        let mut form = form_urlencoded::Serializer::new(String::new());
        let form = form.extend_pairs(fields).finish();
        Self::new(address, "POST", target)
            .with_header("content-type", "application/x-www-form-urlencoded")
            .with_body(form)
    }

    #[must_use]
    pub fn with_header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    #[must_use]
    pub fn with_body(self, body: impl Into<Vec<u8>>) -> Self {
        Self {
            body: body.into(),
            ..self
        }
    }

    /// Sends, and waits for the answer at most [`PATIENCE`].
    pub fn send(&self) -> Response {
        let answer = exchange(self.address, &self.bytes(), PATIENCE);
        answer.unwrap_or_else(|error| panic!("{} {}: {error:?}", self.method, self.target))
    }

    /// As [`Self::send`], where the other side may be gone, or go away.
    pub fn try_send(&self) -> Result<Response, NoResponse> {
        let connection = RawConnection::try_open(self.address);
        let mut connection = connection.map_err(|_| NoResponse::Closed)?;
        connection.exchange(&self.bytes(), PATIENCE)
    }

    /// As [`Self::send`], for a method whose answer has no body whatever its headers say.
    pub fn send_head(&self) -> Response {
        let mut connection = RawConnection::open(self.address);
        let sent = connection.send(&self.bytes());
        let head = sent
            .map_err(|_| NoResponse::Closed)
            .and_then(|()| connection.read_head(Instant::now() + PATIENCE));
        let (status, headers) =
            head.unwrap_or_else(|error| panic!("{} {}: {error:?}", self.method, self.target));
        Response {
            status,
            headers,
            body: Vec::new(),
        }
    }

    /// As [`Self::send`], off the runtime's own thread.
    pub async fn send_async(self) -> Response {
        tokio::task::spawn_blocking(move || self.send())
            .await
            .unwrap()
    }

    /// The request as it is sent, after which the connection ends.
    fn bytes(&self) -> Vec<u8> {
        self.bytes_with("connection: close\r\n")
    }

    /// The request as it is sent where more are to follow on the same connection.
    pub fn kept_alive(&self) -> Vec<u8> {
        self.bytes_with("")
    }

    fn bytes_with(&self, last_lines: &str) -> Vec<u8> {
        let mut head = [&self.method, " ", &self.target, " HTTP/1.1\r\n"].concat();
        let mut line = |name: &str, value: &str| {
            head.push_str(&[name, ": ", value, "\r\n"].concat());
        };
        let has_host = self
            .headers
            .iter()
            .any(|(name, _)| name.eq_ignore_ascii_case("host"));
        if !has_host {
            line("host", &self.address.to_string());
        }
        for (name, value) in &self.headers {
            line(name, value);
        }
        line("content-length", &self.body.len().to_string());
        head.push_str(last_lines);
        let mut bytes = head.into_bytes();
        bytes.extend_from_slice(b"\r\n");
        bytes.extend_from_slice(&self.body);
        bytes
    }
}
