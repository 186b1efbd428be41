//! The outermost wall: which requests are whole, which hosts are served, who is asking, how much may
//! be sent and how slowly, how often, and how long a connection may be held.

mod admission;
mod answers;
mod body;
mod connection;
mod guard;
mod host;
mod peer;
mod queue;
mod transport;
mod wall;

use std::borrow::Cow;
use std::sync::Arc;

use actix_web::HttpRequest;
use actix_web::http::header::{HeaderMap, HeaderValue, ORIGIN, USER_AGENT};

pub use admission::NotAdmitted;
pub use answers::{ANSWERS_BUDGET, Answers, AnswersFull, LongAnswer, SHORT_ANSWER_BYTES};
pub use body::{Bodies, Body, BodyError, Pace, announced, pass_over};
pub use connection::{Bounded, Connection, ConnectionLimits, Readable, tell_connection};
pub use host::{HostError, Hosts};
pub use peer::TrustedProxies;
pub use queue::{Queue, QueueFull};
pub use transport::Transport;
pub use wall::{Wall, wall};

use crate::clock::Clock;
use crate::domain::{Endpoint, Regions, RequestId};
use crate::entropy::{Entropy, EntropyError, draw_id};
use crate::flows::RequestMeta;
use crate::throttle::Throttle;

/// A User-Agent is kept up to this many characters.
const MAX_USER_AGENT: usize = 512;

/// What every handler asks before it looks at a request.
#[derive(Clone)]
pub struct Edge {
    /// The hosts that are served.
    pub hosts: Arc<Hosts>,
    /// The proxies whose word counts.
    pub proxies: Arc<TrustedProxies>,
    /// Reads bodies.
    pub bodies: Bodies,
    /// The regions that there are; what is sent to no region's own endpoint is sent to the base.
    pub regions: Arc<Regions>,
    /// Asked once a request.
    pub clock: Arc<dyn Clock>,
    /// Draws request ids.
    pub entropy: Arc<dyn Entropy>,
    /// Where requests wait for their worker.
    pub queue: Queue,
    /// How often addresses may ask.
    pub throttle: Arc<Throttle>,
}

impl Edge {
    /// What is known of a request before its content is looked at. Where it has a body its time is
    /// that of [`Self::begin`].
    ///
    /// # Errors
    /// Where no request id can be drawn.
    pub fn meta(&self, request: &HttpRequest) -> Result<RequestMeta, EntropyError> {
        let peer = self.proxies.peer(request);
        let user_agent = request.headers().get(USER_AGENT).map(HeaderValue::as_bytes);
        Ok(RequestMeta {
            id: RequestId::from_random(draw_id(self.entropy.as_ref())?),
            now: self.clock.now(),
            source_ip: peer.address,
            user_agent: beginning(user_agent.unwrap_or_default()),
            is_secure: peer.is_secure,
            region: self.regions.base().clone(),
            endpoint: Endpoint::Global,
            is_of_page: is_of_page(request.headers()),
        })
    }

    /// The request's flow begins: its body has been read, however slowly it was sent.
    pub fn begin(&self, meta: &mut RequestMeta) {
        meta.now = self.clock.now();
    }
}

/// Whether a page asked, as every browser says; not whoever typed an address (Fetch standard, "Origin header";
/// Fetch Metadata, "Sec-Fetch-Site").
fn is_of_page(headers: &HeaderMap) -> bool {
    let site = headers.get("sec-fetch-site");
    headers.contains_key(ORIGIN) || site.is_some_and(|site| site != "none")
}

/// The text of a User-Agent header, up to [`MAX_USER_AGENT`] characters.
fn beginning(header: &[u8]) -> String {
    let text = match std::str::from_utf8(header) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => String::from_utf8_lossy(header),
    };
    if text.len() <= MAX_USER_AGENT {
        return text.into_owned();
    }
    text.chars().take(MAX_USER_AGENT).collect()
}
