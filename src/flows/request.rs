//! What a flow knows of the request that it answers.

use std::net::IpAddr;

use crate::domain::{Endpoint, Region, RequestId, UnixTime};
use crate::policy::Context;

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
    /// By which endpoint.
    pub endpoint: Endpoint,
    /// Whether a page in a browser asked: whoever made the page need not be whom the browser belongs to.
    pub is_of_page: bool,
}

impl RequestMeta {
    /// Sets the condition keys that say how, when and from where something is asked. No service of AWS's asks
    /// here in somebody's name.
    pub(super) fn describe<'a>(&'a self, context: &mut Context<'a>) {
        let secure = if self.is_secure { "true" } else { "false" };
        context
            .set_late("aws:SourceIp", &self.source_ip)
            .set("aws:SecureTransport", secure)
            .set("aws:ViaAWSService", "false")
            .set("aws:UserAgent", self.user_agent.as_str())
            .set("aws:RequestedRegion", self.region.as_str());
        self.describe_time(context);
    }

    /// Sets the condition keys that say when.
    pub(super) fn describe_time<'a>(&'a self, context: &mut Context<'a>) {
        context
            .set_late("aws:CurrentTime", &self.now)
            .set_late("aws:EpochTime", self.now.as_seconds());
    }

    /// What a node does by itself, which nobody asked for.
    pub(super) fn of_the_node(id: RequestId, now: UnixTime, region: Region) -> Self {
        Self {
            id,
            now,
            source_ip: IpAddr::from([0, 0, 0, 0]),
            user_agent: String::new(),
            is_secure: false,
            region,
            endpoint: Endpoint::Global,
            is_of_page: false,
        }
    }
}
