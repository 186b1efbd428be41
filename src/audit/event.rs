//! One event, in the shape of a CloudTrail record (version 1.11).

mod parts;

use std::borrow::Cow;
use std::net::IpAddr;

use serde::{Serialize, Serializer};

pub use parts::EventParts;

use super::json;
use super::{AuditUnavailable, Check, Text, UserIdentity};
use crate::domain::{
    AccessKeyId, AccountId, ConnectionId, Lineage, Origin, ProviderArn, ProviderRef, Region,
    RequestId, RoleArn, RuleId, SessionPrincipal, SignInId, UnixTime,
};
use crate::mapping::RuleTrace;

/// An event's own id: a random UUID.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(transparent)]
pub struct EventId(uuid::Uuid);

impl EventId {
    /// The id made of these random bytes (RFC 9562, version 4).
    pub const fn from_random(random: [u8; 16]) -> Self {
        Self(uuid::Builder::from_random_bytes(random).into_uuid())
    }
}

/// Which part of the gateway was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum EventSource {
    /// The security token service.
    #[serde(rename = "sts.amazonaws.com")]
    Sts,
    /// Identity and access management.
    #[serde(rename = "iam.amazonaws.com")]
    Iam,
    /// Cognito identity pools.
    #[serde(rename = "cognito-identity.amazonaws.com")]
    CognitoIdentity,
    /// The SSO portal and SSO OIDC.
    #[serde(rename = "sso.amazonaws.com")]
    Sso,
    /// Sign-in by browser.
    #[serde(rename = "signin.amazonaws.com")]
    SignIn,
    /// The gateway's own API: token exchange, authorisation, administration.
    #[serde(rename = "rolegate")]
    Gateway,
}

/// Whether an operation can change anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReadOnly {
    /// It only reads.
    Yes,
    /// It issues, writes or revokes.
    No,
}

impl Serialize for ReadOnly {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bool(matches!(self, Self::Yes))
    }
}

/// When, where and by which request something happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Occasion<'a> {
    /// The event's own id.
    pub id: EventId,
    /// The request that is answered.
    pub request: RequestId,
    /// The flow's time.
    pub at: UnixTime,
    /// The part that was asked.
    pub source: EventSource,
    /// The operation, e.g. `AssumeRole`; as the caller wrote it where it is none.
    pub name: Text<'a, { Occasion::MAX_NAME_BYTES }>,
    /// Whether the operation can change anything.
    pub read_only: ReadOnly,
    /// The region that was asked.
    pub region: Cow<'a, Region>,
    /// The caller's address, after trusted proxies.
    pub source_address: IpAddr,
    /// The `User-Agent` header.
    pub user_agent: Option<Text<'a, { Occasion::MAX_USER_AGENT_BYTES }>>,
}

impl Occasion<'_> {
    /// An operation's name is cut to this many bytes.
    pub const MAX_NAME_BYTES: usize = 128;
    /// A user agent is cut to this many bytes.
    pub const MAX_USER_AGENT_BYTES: usize = 512;
}

/// A request parameter that is recorded. A closed list, so that none that carries a token, an
/// assertion or a secret can be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Parameter {
    /// The role asked for.
    RoleArn,
    /// The name asked for the session.
    RoleSessionName,
    /// The duration asked for, in seconds.
    DurationSeconds,
    /// The `ExternalId` of a trust policy's condition; AWS counts it as no secret.
    ExternalId,
    /// The source identity asked for.
    SourceIdentity,
    /// The ARNs of managed session policies.
    PolicyArns,
    /// The keys of session tags.
    TagKeys,
    /// The keys of transitive session tags.
    TransitiveTagKeys,
    /// The serial number of an MFA device.
    SerialNumber,
    /// The provider named in the call.
    PrincipalArn,
    /// The `ID` of an assertion that was proven; nothing else of it.
    #[serde(rename = "sAMLAssertionID")]
    SamlAssertionId,
    /// An access key that was asked about or changed.
    AccessKeyId,
    /// The connection that was used or changed.
    Connection,
    /// The user that was changed.
    UserName,
    /// The role that was changed.
    RoleName,
    /// The policy that was changed.
    PolicyName,
    /// The rule that was changed.
    Rule,
    /// The OAuth client.
    ClientId,
    /// The OAuth scopes asked for.
    Scope,
    /// The action asked about.
    Action,
    /// The resource asked about.
    Resource,
    /// Who signed the request that was asked about.
    Caller,
    /// Whether that request may pass: `allow` or `deny`.
    Decision,
    /// The directory's generation that a change was based on.
    BaseGeneration,
    /// The directory's generation after a change.
    Generation,
    /// What a change of the directory consists of, a line each.
    Changes,
    /// How many changes there are over all lines of the change.
    ChangeCount,
    /// For whom a token is.
    Audience,
    /// How it is signed.
    SigningAlgorithm,
    /// The account whose root was asked for.
    TargetPrincipal,
    /// What for.
    TaskPolicy,
}

/// A recorded parameter's value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum ParameterValue<'a> {
    /// Text.
    Text(Text<'a, { Event::MAX_PARAMETER_BYTES }>),
    /// A number.
    Number(u64),
    /// A list, of which [`Event::MAX_LIST`] are kept.
    List(Vec<Text<'a, { Event::MAX_PARAMETER_BYTES }>>),
}

impl<'a> From<&'a str> for ParameterValue<'a> {
    fn from(text: &'a str) -> Self {
        Self::Text(text.into())
    }
}

impl From<String> for ParameterValue<'_> {
    fn from(text: String) -> Self {
        Self::Text(text.into())
    }
}

impl From<u64> for ParameterValue<'_> {
    fn from(number: u64) -> Self {
        Self::Number(number)
    }
}

impl<'a> ParameterValue<'a> {
    /// A list of texts.
    pub fn list(texts: impl IntoIterator<Item = &'a str>) -> Self {
        let kept = texts.into_iter().take(Event::MAX_LIST);
        Self::List(kept.map(Text::new).collect())
    }
}

/// One event. Made for an [`Occasion`] and completed by what the flow learns, which it borrows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Event<'a>(Box<Record<'a>>);

/// The members of an event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
struct Record<'a> {
    #[serde(rename = "eventVersion")]
    version: &'static str,
    user_identity: UserIdentity<'a>,
    #[serde(rename = "eventTime", serialize_with = "as_text")]
    time: UnixTime,
    #[serde(rename = "eventSource")]
    source: EventSource,
    #[serde(rename = "eventName")]
    name: Text<'a, { Occasion::MAX_NAME_BYTES }>,
    aws_region: Cow<'a, Region>,
    #[serde(rename = "sourceIPAddress")]
    source_ip_address: IpAddr,
    user_agent: Option<Text<'a, { Occasion::MAX_USER_AGENT_BYTES }>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error_code: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error_message: Option<Text<'a, { Event::MAX_MESSAGE_BYTES }>>,
    #[serde(serialize_with = "as_map")]
    request_parameters: Vec<(Parameter, ParameterValue<'a>)>,
    response_elements: Option<ResponseElements<'a>>,
    additional_event_data: AdditionalData<'a>,
    #[serde(rename = "requestID")]
    request_id: RequestId,
    #[serde(rename = "eventID")]
    id: EventId,
    read_only: ReadOnly,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    resources: Vec<Resource<'a>>,
    #[serde(rename = "eventType")]
    kind: &'static str,
    #[serde(rename = "managementEvent")]
    is_management: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    recipient_account_id: Option<AccountId>,
    #[serde(rename = "eventCategory")]
    category: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct ResponseElements<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    credentials: Option<IssuedCredentials<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    assumed_role_user: Option<AssumedRoleUser>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
struct IssuedCredentials<'a> {
    access_key_id: &'a AccessKeyId,
    #[serde(serialize_with = "as_text")]
    expiration: UnixTime,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
struct AssumedRoleUser {
    assumed_role_id: String,
    arn: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
struct Resource<'a> {
    #[serde(rename = "ARN")]
    arn: &'a RoleArn,
    account_id: AccountId,
    r#type: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct AdditionalData<'a> {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    checks: Vec<Check<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    connection: Option<&'a ConnectionId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    provider_arn: Option<&'a ProviderArn>,
    #[serde(skip_serializing_if = "Option::is_none")]
    issuer: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    subject: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rule: Option<&'a RuleId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    generation: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sign_in: Option<SignInId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    chain_depth: Option<u8>,
    #[serde(skip_serializing_if = "<[RuleTrace]>::is_empty")]
    mapping_rules: &'a [RuleTrace],
    #[serde(skip_serializing_if = "Option::is_none")]
    coalesced: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sessions_ended: Option<u64>,
}

impl<'a> Event<'a> {
    /// An error message is cut to this many bytes.
    pub const MAX_MESSAGE_BYTES: usize = 1024;
    /// A parameter's value, or one of a list, is cut to this many bytes.
    pub const MAX_PARAMETER_BYTES: usize = 1024;
    /// At most this many values of a list are kept.
    pub const MAX_LIST: usize = 50;
    /// At most this many checks are kept.
    pub const MAX_CHECKS: usize = 64;
    /// At most this many mapping rules are kept.
    pub const MAX_RULES: usize = 200;
    /// At most this many resources are kept.
    pub const MAX_RESOURCES: usize = 8;

    /// An event of this occasion, of an unknown caller and with nothing issued or refused.
    pub fn new(occasion: Occasion<'a>) -> Self {
        Self(Box::new(Record {
            version: "1.11",
            user_identity: UserIdentity::unknown(),
            time: occasion.at,
            source: occasion.source,
            name: occasion.name,
            aws_region: occasion.region,
            source_ip_address: occasion.source_address,
            user_agent: occasion.user_agent,
            error_code: None,
            error_message: None,
            request_parameters: Vec::new(),
            response_elements: None,
            additional_event_data: AdditionalData::default(),
            request_id: occasion.request,
            id: occasion.id,
            read_only: occasion.read_only,
            resources: Vec::new(),
            kind: "AwsApiCall",
            is_management: true,
            recipient_account_id: None,
            category: "Management",
        }))
    }

    /// Names the caller.
    pub fn by(mut self, identity: UserIdentity<'a>) -> Self {
        self.0.user_identity = identity;
        self
    }

    /// Records a parameter of the request; the last value of one counts.
    pub fn parameter(mut self, parameter: Parameter, value: impl Into<ParameterValue<'a>>) -> Self {
        self.0
            .request_parameters
            .retain(|(present, _)| *present != parameter);
        self.0.request_parameters.push((parameter, value.into()));
        self
    }

    /// Names a role that the request is about, and its account as the one concerned.
    pub fn role(mut self, role: &'a RoleArn) -> Self {
        self.0.recipient_account_id = Some(role.account());
        if self.0.resources.len() < Self::MAX_RESOURCES {
            self.0.resources.push(Resource {
                arn: role,
                account_id: role.account(),
                r#type: "AWS::IAM::Role",
            });
        }
        self
    }

    /// Names the account concerned, where no role is.
    pub fn account(mut self, account: AccountId) -> Self {
        self.0.recipient_account_id = Some(account);
        self
    }

    /// Adds checks to the trace, in order.
    pub fn checks(mut self, checks: impl IntoIterator<Item = Check<'a>>) -> Self {
        let kept = &mut self.0.additional_event_data.checks;
        kept.extend(
            checks
                .into_iter()
                .take(Self::MAX_CHECKS.saturating_sub(kept.len())),
        );
        self
    }

    /// Says what became of every mapping rule, in their order.
    pub fn mapping(mut self, trace: &'a [RuleTrace]) -> Self {
        let kept = trace.get(..Self::MAX_RULES).unwrap_or(trace);
        self.0.additional_event_data.mapping_rules = kept;
        self
    }

    /// Says where the caller's rights come from.
    pub fn lineage(mut self, lineage: &'a Lineage) -> Self {
        let (connection, provider_arn) = match lineage.person().map(|person| &person.provider) {
            Some(ProviderRef::Connection(connection)) => (Some(connection), None),
            Some(ProviderRef::Account(provider)) => (None, Some(provider)),
            // The issuer tells which of those that every account knows.
            Some(ProviderRef::Known(_)) | None => (None, None),
        };
        let (issuer, subject) = match &lineage.origin {
            Origin::Person(person) => (
                Some(person.issuer.as_str()),
                Cow::Borrowed(person.subject.as_str()),
            ),
            Origin::User(user) => (None, Cow::Owned(user.arn())),
            Origin::Service(name) => (None, Cow::Borrowed(name.as_str())),
        };
        let data = &mut self.0.additional_event_data;
        data.connection = connection;
        data.provider_arn = provider_arn;
        data.issuer = issuer;
        data.subject = Some(subject);
        data.rule = lineage.rule.as_ref();
        data.generation = Some(lineage.generation);
        data.sign_in = lineage.sign_in;
        data.chain_depth = Some(lineage.chain_depth());
        self
    }

    /// Credentials were issued.
    pub fn issued(mut self, access_key_id: &'a AccessKeyId, expiration: UnixTime) -> Self {
        self.0.response_elements.get_or_insert_default().credentials = Some(IssuedCredentials {
            access_key_id,
            expiration,
        });
        self
    }

    /// A role was assumed.
    pub fn assumed(mut self, session: &SessionPrincipal) -> Self {
        let response = self.0.response_elements.get_or_insert_default();
        response.assumed_role_user = Some(AssumedRoleUser {
            assumed_role_id: session.assumed_role_id(),
            arn: session.arn(),
        });
        self
    }

    /// The request was refused, with AWS's code and text.
    pub fn refused(
        mut self,
        code: &'static str,
        message: impl Into<Text<'a, { Event::MAX_MESSAGE_BYTES }>>,
    ) -> Self {
        self.0.error_code = Some(code);
        self.0.error_message = Some(message.into());
        self
    }

    /// The event stands for this many further refusals that have no line of their own.
    pub fn coalesced(mut self, count: u64) -> Self {
        self.0.additional_event_data.coalesced = Some(count);
        self
    }

    /// A sign-out ended this many sessions here.
    pub fn sessions_ended(mut self, count: u64) -> Self {
        self.0.additional_event_data.sessions_ended = Some(count);
        self
    }

    /// The event as one line of JSON with its newline; ASCII controls, C1 controls and characters
    /// that turn or hide text are escaped.
    ///
    /// # Errors
    /// [`AuditUnavailable::Unwritable`], which the types of this module never bring about.
    pub fn to_line(&self) -> Result<Vec<u8>, AuditUnavailable> {
        json::to_line(self).map_err(|_| AuditUnavailable::Unwritable)
    }

    /// The same for whoever only reads the line.
    ///
    /// # Errors
    /// As [`Self::to_line`].
    pub fn with_line<R>(&self, read: impl FnOnce(&[u8]) -> R) -> Result<R, AuditUnavailable> {
        json::with_line(self, read).map_err(|_| AuditUnavailable::Unwritable)
    }
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde hands fields over so"
)]
pub(super) fn as_text<S: Serializer>(time: &UnixTime, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(time.written().as_str())
}

fn as_map<S: Serializer>(
    parameters: &[(Parameter, ParameterValue<'_>)],
    serializer: S,
) -> Result<S::Ok, S::Error> {
    if parameters.is_empty() {
        return serializer.serialize_none();
    }
    serializer.collect_map(parameters.iter().map(|(name, value)| (name, value)))
}

#[cfg(test)]
pub(super) mod tests;
