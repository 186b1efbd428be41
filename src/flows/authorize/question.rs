//! What a service asks.

use super::keys::{KeyError, ServiceKeys};
use crate::directory::Service;
use crate::domain::{AccountId, ActionName, Arn, Partition, Region, ServiceName, SigningName};
use crate::policy::{PolicyError, ResourcePolicy};
use crate::sigv4::{HttpRequest, ReceivedBody};

/// Whether the request that a service received may do this.
#[derive(Debug)]
pub struct Question<'a> {
    /// What the request must be signed for: one of the service's signing names.
    pub service: SigningName,
    /// The service's own region, where it says which: the request must be signed for it.
    pub region: Option<Region>,
    /// The request, as it was received.
    pub request: HttpRequest<'a>,
    /// What is known of its body.
    pub body: ReceivedBody,
    /// What it would do.
    pub action: ActionName,
    /// With what.
    pub resource: Resource,
    /// What the resource says of who may.
    pub policy: Option<ResourcePolicy>,
    /// What else the service vouches for.
    pub keys: ServiceKeys,
}

/// What something is done with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resource {
    /// Its ARN; `*` where the action is about none.
    pub arn: String,
    /// Its partition; none of `*`.
    pub partition: Option<Partition>,
    /// Whose it is; none of `*`, which is the caller's own account's.
    pub account: Option<AccountId>,
}

/// Why a question can't be answered.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum QuestionError {
    /// The body is not what a question is.
    #[error("{0}")]
    Malformed(String),
    /// The resource is neither `*` nor an ARN.
    #[error(
        "resource: an ARN of a partition of AWS's, of at most {} characters, or *",
        Resource::MAX
    )]
    Resource,
    /// The ARN has no account, and nobody says whose the resource is.
    #[error("resource_account: the resource's ARN has no account; say whose it is")]
    NoAccount,
    /// The ARN has another account.
    #[error("resource_account: the resource's ARN has another account; leave it out")]
    OtherAccount,
    /// The resource's policy can't be used.
    #[error("resource_policy: {0}")]
    Policy(#[from] PolicyError),
    /// The resource's policy is longer than S3 lets a bucket's be.
    #[error("resource_policy: at most {} characters", Question::MAX_POLICY)]
    LongPolicy,
    /// A resource that has no policy of that kind.
    #[error(
        "resource_policy: a role has none but its trust policy, which the gateway knows; leave it out"
    )]
    PolicyOfRole,
    /// A key that can't be used.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// A key that is not for a service to say.
    #[error("context: {0} is not for the service to say; leave it out")]
    ForeignKey(String),
    /// The service doesn't receive such requests.
    #[error(
        "service: {name} receives requests that are signed for {own}; an operator can set its signing_names"
    )]
    ForeignScope {
        /// The service.
        name: ServiceName,
        /// What it does receive.
        own: String,
    },
    /// The action is another service's.
    #[error(
        "action: {name} asks about actions of {own} and iam:PassRole; an operator can set its action_prefixes"
    )]
    ForeignAction {
        /// The service.
        name: ServiceName,
        /// Whose it asks about.
        own: String,
    },
    /// The service has nothing to do in that account.
    #[error(
        "resource: {name} is not registered for account {account}; an operator can add it to its accounts"
    )]
    OutOfReach {
        /// The service.
        name: ServiceName,
        /// The account.
        account: AccountId,
    },
}

impl QuestionError {
    /// Whether the service asks for what it may not ask, not how it may not.
    pub const fn is_denial(&self) -> bool {
        match self {
            Self::ForeignScope { .. } | Self::ForeignAction { .. } | Self::OutOfReach { .. } => {
                true
            }
            Self::Malformed(_)
            | Self::Resource
            | Self::NoAccount
            | Self::OtherAccount
            | Self::Policy(_)
            | Self::LongPolicy
            | Self::PolicyOfRole
            | Self::Key(_)
            | Self::ForeignKey(_) => false,
        }
    }
}

impl Resource {
    /// An ARN has so many characters at most.
    pub const MAX: usize = 2_048;

    /// Reads a resource; `account` where the service says whose it is.
    ///
    /// # Errors
    /// [`QuestionError`]
    pub fn read(text: &str, account: Option<AccountId>) -> Result<Self, QuestionError> {
        if text == "*" {
            return Ok(Self {
                arn: text.to_owned(),
                partition: None,
                account,
            });
        }
        let is_plain = text.bytes().all(|byte| !byte.is_ascii_control());
        if text.len() > Self::MAX || !is_plain {
            return Err(QuestionError::Resource);
        }
        let arn = Arn::parse(text).map_err(|_| QuestionError::Resource)?;
        let partition = arn.partition.parse().map_err(|_| QuestionError::Resource)?;
        let own = match arn.account {
            "" => None,
            own => Some(own.parse().map_err(|_| QuestionError::Resource)?),
        };
        let account = match (own, account) {
            (None, None) => return Err(QuestionError::NoAccount),
            (Some(own), Some(said)) if own != said => return Err(QuestionError::OtherAccount),
            (Some(account), _) | (None, Some(account)) => account,
        };
        Ok(Self {
            arn: text.to_owned(),
            partition: Some(partition),
            account: Some(account),
        })
    }
}

impl Question<'_> {
    /// As long as S3 lets a bucket's policy be, in characters.
    pub const MAX_POLICY: usize = 20_480;

    /// Whether the service may ask this.
    ///
    /// # Errors
    /// [`QuestionError`]
    pub(super) fn check(&self, name: &ServiceName, service: &Service) -> Result<(), QuestionError> {
        let own = |names: &[SigningName]| {
            let names: Vec<&str> = names.iter().map(SigningName::as_str).collect();
            names.join(", ")
        };
        let name = || name.clone();
        let scopes = service.signing_names(&name());
        if !scopes.contains(&self.service) {
            let (name, own) = (name(), own(&scopes));
            return Err(QuestionError::ForeignScope { name, own });
        }
        let prefixes = service.action_prefixes(&name());
        let prefix = self.action.prefix();
        let is_own = prefixes.iter().any(|own| own.as_str() == prefix);
        if !is_own && !super::is_pass_role(&self.action) {
            let (name, own) = (name(), own(&prefixes));
            return Err(QuestionError::ForeignAction { name, own });
        }
        if let Some(account) = self.resource.account
            && !service.reach.has(account)
        {
            let name = name();
            return Err(QuestionError::OutOfReach { name, account });
        }
        if self.policy.is_some() && super::is_pass_role(&self.action) {
            return Err(QuestionError::PolicyOfRole);
        }
        match self.keys.foreign(&prefixes, &self.action) {
            Some(key) => Err(QuestionError::ForeignKey(key.to_owned())),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whose_a_resource_is_must_be_known() {
        let account = |text: &str| text.parse::<AccountId>().unwrap();
        let (one, other) = (account("123456789012"), account("482011739056"));
        let bucket = "arn:aws:s3:::reports";
        assert_eq!(Resource::read(bucket, None), Err(QuestionError::NoAccount));
        assert_eq!(
            Resource::read(bucket, Some(one)).unwrap().account,
            Some(one)
        );
        let table = "arn:aws:dynamodb:us-east-1:123456789012:table/a";
        assert_eq!(Resource::read(table, None).unwrap().account, Some(one));
        assert_eq!(
            Resource::read(table, Some(other)),
            Err(QuestionError::OtherAccount)
        );
        assert_eq!(Resource::read("*", None).unwrap().account, None);
        for bad in [
            "",
            "s3",
            "arn:x:s3:::a",
            "arn:aws:s3::42:a",
            "arn:aws:s3:::a\nb",
        ] {
            assert_eq!(
                Resource::read(bad, Some(one)),
                Err(QuestionError::Resource),
                "{bad}"
            );
        }
    }
}
