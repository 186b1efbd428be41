//! The vocabulary that every room shares: values that can't be wrong once they exist.
//!
//! Each type is parsed at the edge (`FromStr`, `TryFrom`, serde) and trusted from then on. Nothing
//! here does I/O, asks the clock or draws randomness.

mod account;
mod action;
mod arn;
mod claims;
mod credentials;
mod device;
mod email_address;
mod host_name;
mod identity;
mod issuer_traits;
mod known_provider;
mod local_path;
mod network;
mod policy_arn;
mod policy_version;
mod principal;
mod private_key_id;
mod provider_session;
mod regions;
mod request;
mod root;
mod secret;
mod service_name;
mod session;
mod session_claims;
mod tags;
mod text;
mod thumbprint;
mod time;
mod unique_id;

pub use account::{AccountId, Partition};
pub use action::{ActionName, SigningName};
pub use arn::{
    Arn, GroupArn, IamPath, OidcProviderArn, ProviderArn, RoleArn, RoleName, SamlProviderArn,
    SamlProviderName, UserArn,
};
pub use claims::{AssertedAttribute, Claim, ClaimName, ClaimSource, Claims, Unusable};
pub use credentials::{AccessKeyId, Credentials, KeyKind, SecretAccessKey, SessionToken};
pub use device::{Browser, Device, System};
pub use email_address::{EmailAddress, email_domain};
pub use host_name::HostName;
pub use identity::{
    Audience, ConnectionId, EntityId, FederatedIdentity, Issuer, IssuerName, ProviderRef, RuleId,
    SignInId, Subject,
};
pub use issuer_traits::IssuerTraits;
pub use known_provider::{AccessTokenProvider, KnownProvider};
pub use local_path::LocalPath;
pub use network::network_of;
pub use policy_arn::{InstanceProfileName, ManagedPolicyArn, PolicyName};
pub use policy_version::PolicyVersionId;
pub use principal::{
    FederatedName, FederatedUser, GroupName, Lineage, Origin, Passed, Principal, ProvenPerson,
    SessionPrincipal, UserName, UserPrincipal,
};
pub use private_key_id::PrivateKeyId;
pub use provider_session::{IdTokenHint, NameId, OidcSession, ProviderSession};
pub use regions::{
    DefaultRegion, Enabling, Endpoint, KnownRegion, OptInRegion, Regions, TokenVersion,
};
pub use request::{Region, RequestId};
pub use root::{RootPrincipal, RootTask};
pub use secret::{Secret, Wipe};
pub use service_name::ServiceName;
pub use session::{SessionDuration, SessionName, SourceIdentity};
pub use session_claims::{AWS_ATTRIBUTES, AskedOfSession, SessionClaims};
pub use tags::{OwnTags, SessionTags, TagKey, TagValue, TagsError};
pub use text::InvalidValue;
pub(crate) use text::{Parts, deserialize_text, serde_as_text, text_type};
pub use thumbprint::Thumbprint;
pub use time::{UnixTime, WrittenTime};
pub use unique_id::{UniqueId, UniqueIdKind};
