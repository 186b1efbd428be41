//! What an event says, for whoever keeps more of it than a line.

use std::net::IpAddr;

use super::{Event, EventSource, Parameter, ParameterValue};
use crate::audit::Check;
use crate::domain::{
    AccessKeyId, ConnectionId, ProviderArn, RequestId, RoleArn, RuleId, SignInId, UnixTime,
};
use crate::mapping::RuleTrace;

/// The parts of an event.
#[derive(Debug, Clone, Copy)]
pub struct EventParts<'a> {
    /// The request that is answered.
    pub request: RequestId,
    /// When.
    pub at: UnixTime,
    /// The part of the gateway that was asked.
    pub source: EventSource,
    /// The operation.
    pub name: &'a str,
    /// The caller's address.
    pub address: IpAddr,
    /// The caller's program; empty where it didn't say.
    pub user_agent: &'a str,
    /// AWS's code and text, where it was refused.
    pub refused: Option<(&'static str, &'a str)>,
    /// Who signed it, if that is known: an ARN, or what a service is called, and the key.
    pub signer: Option<(&'a str, Option<&'a AccessKeyId>)>,
    /// Whom a service asks about, and the key.
    pub caller: Option<(&'a str, Option<&'a str>)>,
    /// The role.
    pub role: Option<&'a RoleArn>,
    /// What the session is called.
    pub session: Option<&'a str>,
    /// The duration asked for, in seconds.
    pub duration: Option<u64>,
    /// The credentials that were issued, and their end.
    pub issued: Option<(&'a AccessKeyId, UnixTime)>,
    /// The connection that they come from.
    pub connection: Option<&'a ConnectionId>,
    /// The account's provider that they come from.
    pub provider: Option<&'a ProviderArn>,
    /// The rule that gave the role.
    pub rule: Option<&'a RuleId>,
    /// The directory that it was decided by.
    pub generation: Option<u64>,
    /// The browser's sign-in.
    pub sign_in: Option<SignInId>,
    /// The checks.
    pub checks: &'a [Check<'a>],
    /// What became of the mapping rules.
    pub rules: &'a [RuleTrace],
}

impl Event<'_> {
    /// What the event says.
    pub fn parts(&self) -> EventParts<'_> {
        let record = &*self.0;
        let more = &record.additional_event_data;
        let response = record.response_elements.as_ref();
        let issued = response.and_then(|response| response.credentials.as_ref());
        let message = record.error_message.as_ref();
        EventParts {
            request: record.request_id,
            at: record.time,
            source: record.source,
            name: record.name.as_str(),
            address: record.source_ip_address,
            user_agent: record
                .user_agent
                .as_ref()
                .map_or("", |agent| agent.as_str()),
            refused: record
                .error_code
                .map(|code| (code, message.map_or("", |message| message.as_str()))),
            signer: record.user_identity.signer(),
            caller: self
                .text(Parameter::Caller)
                .map(|caller| (caller, self.text(Parameter::AccessKeyId))),
            role: record.resources.first().map(|resource| resource.arn),
            session: self.text(Parameter::RoleSessionName),
            duration: self.number(Parameter::DurationSeconds),
            issued: issued.map(|issued| (issued.access_key_id, issued.expiration)),
            connection: more.connection,
            provider: more.provider_arn,
            rule: more.rule,
            generation: more.generation,
            sign_in: more.sign_in,
            checks: &more.checks,
            rules: more.mapping_rules,
        }
    }

    fn value(&self, wanted: Parameter) -> Option<&ParameterValue<'_>> {
        let parameters = &self.0.request_parameters;
        let found = parameters.iter().find(|(name, _)| *name == wanted);
        found.map(|(_, value)| value)
    }

    fn text(&self, wanted: Parameter) -> Option<&str> {
        match self.value(wanted)? {
            ParameterValue::Text(text) => Some(text.as_str()),
            ParameterValue::Number(_) | ParameterValue::List(_) => None,
        }
    }

    fn number(&self, wanted: Parameter) -> Option<u64> {
        match self.value(wanted)? {
            ParameterValue::Number(number) => Some(*number),
            ParameterValue::Text(_) | ParameterValue::List(_) => None,
        }
    }
}
