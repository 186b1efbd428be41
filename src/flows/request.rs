//! What a flow knows of the request that it answers.

use std::net::IpAddr;

use crate::domain::{Region, RequestId, UnixTime};

/// One request, as the edge saw it: who asked from where, and when.
#[derive(Debug, Clone)]
pub struct RequestMeta {
    /// The id under which it is answered and recorded.
    pub id: RequestId,
    /// When it was there as a whole; the one time that its flow goes by.
    pub now: UnixTime,
    /// Who asked; behind a trusted proxy, whom that proxy names.
    pub source_ip: IpAddr,
    /// The User-Agent header, at most 512 characters.
    pub user_agent: String,
    /// Whether it came over TLS, here or at a trusted proxy.
    pub is_secure: bool,
    /// The region that it was sent to.
    pub region: Region,
}
