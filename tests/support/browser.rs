//! Browsers: what they send, what they keep, and the sign-ins that they begin.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use url::Url;

use super::http::{Request, Response};

/// The cookie of a session, and what the name of an attempt's cookie begins with.
const SESSION_COOKIE: &str = "__Host-rolegate-session";
const ATTEMPT_COOKIE: &str = "__Host-rolegate-login-";

/// A browser that keeps cookies and follows no redirect.
#[derive(Debug, Clone)]
pub struct Browser {
    address: SocketAddr,
    pub cookies: BTreeMap<String, String>,
}

impl Browser {
    /// A browser without cookies.
    pub const fn new(address: SocketAddr) -> Self {
        Self {
            address,
            cookies: BTreeMap::new(),
        }
    }

    /// Begins a sign-in at a connection, as the form of the first page does.
    pub fn begin(&mut self, connection: &str, return_to: &str) -> Departure {
        Departure::read(self.post_sign_in(connection, return_to))
    }

    /// The form of the first page, whatever becomes of it.
    pub fn post_sign_in(&mut self, connection: &str, return_to: &str) -> Response {
        let fields = [("connection", connection), ("return_to", return_to)];
        self.send(own_form(self.address, "/sign-in", &fields))
    }

    /// Comes back from the provider with these parameters in the query.
    pub fn come_back(&mut self, connection: &str, parameters: &[(&str, &str)]) -> Response {
        let request = self.coming_back(connection, parameters);
        self.send(request)
    }

    /// The request of [`Self::come_back`], with the browser's cookies.
    pub fn coming_back(&self, connection: &str, parameters: &[(&str, &str)]) -> Request {
        let mut query = form_urlencoded::Serializer::new(String::new());
        let query = query.extend_pairs(parameters).finish();
        let target = ["/oidc/callback/", connection, "?", &query].concat();
        Request::get(self.address, &target)
    }

    /// Gets a page.
    pub fn get(&mut self, target: &str) -> Response {
        self.send(Request::get(self.address, target))
    }

    /// Sends a request with the browser's cookies and keeps those that come back.
    pub fn send(&mut self, request: Request) -> Response {
        let response = self.with_cookies(request).send();
        self.keep_cookies(&response);
        response
    }

    /// The request with the browser's cookies.
    pub fn with_cookies(&self, request: Request) -> Request {
        if self.cookies.is_empty() {
            return request;
        }
        let pairs = self.cookies.iter();
        let pairs: Vec<_> = pairs
            .map(|(name, value)| [name, "=", value].concat())
            .collect();
        request.with_header("cookie", &pairs.join("; "))
    }

    /// Whether the node takes this browser for somebody who signed in.
    pub fn is_signed_in(&mut self) -> bool {
        self.get("/roles").status == 200
    }

    /// The value of the session cookie.
    pub fn session(&self) -> Option<&str> {
        self.cookies.get(SESSION_COOKIE).map(String::as_str)
    }

    fn keep_cookies(&mut self, response: &Response) {
        let set = |(name, _): &&(String, String)| name.eq_ignore_ascii_case("set-cookie");
        for (_, line) in response.headers.iter().filter(set) {
            let pair = line.split(';').next().unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            if value.is_empty() {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
    }
}

/// A form of a browser that is on one of the node's own pages.
pub fn own_form(address: SocketAddr, target: &str, fields: &[(&str, &str)]) -> Request {
    Request::post_form(address, target, fields)
        .with_header("origin", &["http://", &address.to_string()].concat())
        .with_header("sec-fetch-site", "same-origin")
}

/// A sign-in that was begun: where it led the browser, and what the browser keeps of it.
#[derive(Debug, Clone)]
pub struct Departure {
    pub authorization_url: Url,
    pub state: String,
    pub nonce: String,
    pub redirect_uri: String,
    /// `name=value` of the cookie that ties it to the browser.
    pub cookie: String,
    pub response: Response,
}

impl Departure {
    #[track_caller]
    pub fn read(response: Response) -> Self {
        assert_eq!(response.status, 303, "{}", response.text());
        let authorization_url: Url = response.header("location").unwrap().parse().unwrap();
        let parameter = |wanted: &str| {
            let mut pairs = authorization_url.query_pairs();
            let found = pairs.find(|(name, _)| name == wanted);
            found.unwrap().1.into_owned()
        };
        Self {
            state: parameter("state"),
            nonce: parameter("nonce"),
            redirect_uri: parameter("redirect_uri"),
            cookie: cookie(&response, ATTEMPT_COOKIE).unwrap(),
            authorization_url,
            response,
        }
    }

    /// Where the provider sends the browser back to, with a code.
    pub fn callback(&self) -> String {
        let redirect_uri: Url = self.redirect_uri.parse().unwrap();
        let mut query = form_urlencoded::Serializer::new(String::new());
        let issuer = self.authorization_url.origin().ascii_serialization();
        let pairs = [
            ("code", "authorization-code-in-no-log"),
            ("state", &self.state),
            ("iss", &issuer),
        ];
        let query = query.extend_pairs(pairs).finish();
        [redirect_uri.path(), "?", &query].concat()
    }
}

/// A person's session in the portal, without the browser around it.
#[derive(Debug, Clone)]
pub struct Session {
    /// `name=value` of its cookie.
    pub cookie: String,
    /// What its forms carry.
    pub csrf: String,
}

impl Session {
    /// The session that a sign-in's last answer opens.
    #[track_caller]
    pub fn read(address: SocketAddr, response: &Response) -> Self {
        assert_eq!(response.status, 303, "{}", response.text());
        let cookie = cookie(response, SESSION_COOKIE).unwrap();
        let page = Request::get(address, "/roles")
            .with_header("cookie", &cookie)
            .send();
        assert_eq!(page.status, 200, "{}", page.text());
        let csrf = csrf(&page);
        Self { cookie, csrf }
    }

    pub fn get(&self, address: SocketAddr, target: &str) -> Response {
        Request::get(address, target)
            .with_header("cookie", &self.cookie)
            .send()
    }

    /// Whether the cookie still opens it.
    pub fn is_signed_in(&self, address: SocketAddr) -> bool {
        let response = self.get(address, "/roles");
        match response.status {
            200 => true,
            303 => {
                assert_eq!(response.header("location"), Some("/"));
                false
            }
            _ => panic!("{response:?}"),
        }
    }

    /// A form of one of its pages.
    pub fn form(&self, address: SocketAddr, target: &str, fields: &[(&str, &str)]) -> Request {
        let mut fields = fields.to_vec();
        fields.push(("csrf", &self.csrf));
        own_form(address, target, &fields).with_header("cookie", &self.cookie)
    }
}

/// `name=value` of the cookie whose name begins so, where the answer sets one.
pub fn cookie(response: &Response, start: &str) -> Option<String> {
    let mut set = response.headers.iter().filter_map(|(name, value)| {
        let is_set = name.eq_ignore_ascii_case("set-cookie");
        let pair = value.split(';').next()?;
        (is_set && pair.starts_with(start) && !pair.ends_with('=')).then_some(pair)
    });
    set.next_back().map(str::to_owned)
}

/// What the forms of this page carry.
pub fn csrf(page: &Response) -> String {
    let text = page.text();
    let (_, field) = text.split_once("name=\"csrf\"").unwrap();
    let (_, value) = field.split_once("value=\"").unwrap();
    let (value, _) = value.split_once('"').unwrap();
    value.to_owned()
}
