//! The use cases, each a straight line. To understand the product read [`AssumeRoleWithWebIdentity`], [`SignIn`] and
//! [`Portal`], and then how a signed request is known ([`Authenticator`]). “Decision 7” in a comment is
//! `docs/decisions/0007-….md`.
//!
//! | flow | who comes | what they leave with |
//! |---|---|---|
//! | **programs** | | |
//! | [`AssumeRoleWithWebIdentity`] | an app with an id_token or an access token | credentials |
//! | [`AssumeRoleWithSaml`] | an app with a SAML response | credentials |
//! | [`AssumeRole`] | a user, a session of a role, or a service | credentials |
//! | [`AssumeRoot`] | a user or a role of the managing account | credentials of another account's root |
//! | [`UserSessions`] | a user | credentials of their own, or for whom they name |
//! | [`GetCallerIdentity`] | a signed request | who signed it |
//! | [`GetWebIdentityToken`] | a user, or a session of a role | a token that tells others who they are |
//! | [`Issuers`] | whoever got such a token | the keys that it is proven by |
//! | [`Authorize`] | a service, with a request that it received | whether it may pass |
//! | **people** | | |
//! | [`SignIn`] | a person, by way of their identity provider | a session in the portal |
//! | [`Portal`] | that session | its roles, and credentials for one |
//! | [`SignOut`] | that session, another of the person's, or the provider | sessions that are over |
//! | [`OwnMetadata`] | a provider that is being set up | how we sign, and where it answers |
//! | **administrators** | | |
//! | [`Iam`](iam::Iam) | a signed request of IAM's | users, keys, roles, policies, told or changed |
//! | [`Administration`] | a signed request of an administrator | the directory, sessions, decisions: told or changed |
//! | **the node by itself** | | |
//! | [`NodeKeys`], [`RefreshMetadata`], [`WriteUsedKeys`] | the clock | first keys, providers' metadata, when keys were last used |
//! | [`Readiness`], [`Observe`] | a load balancer, Prometheus | whether the node can do its work, and how it is |

mod administer;
mod answers;
mod assume_role;
mod assume_role_error;
mod assume_role_with_saml;
mod assume_role_with_web_identity;
mod assume_root;
mod authenticate;
mod authorize;
mod caller_context;
mod end_sessions;
mod even_time;
mod get_caller_identity;
mod get_web_identity_token;
pub mod iam;
mod issuers;
mod kept_by_browser;
mod login_attempt;
mod metadata;
mod mfa;
mod misses;
mod narrowing;
mod node_keys;
mod observe;
mod own_metadata;
mod own_policies;
mod party;
mod portal;
mod rates;
mod reach;
mod readiness;
mod record;
mod recorded_change;
mod request;
mod revoked;
mod saml_conditions;
mod saml_session;
mod sign_in;
mod sign_out;
mod signed_caller;
mod standing;
#[cfg(test)]
mod tests;
mod unavailable;
mod used_keys;
mod user_sessions;
mod web_identity_conditions;

pub use administer::{
    AccountQuery, AdminAction, AdminError, Administration, Applied, ApplyMode, BackUp, BackUps,
    Contents, Decision, Desired, Difference, Erased, Exported, ListedAccount, ListedAccounts,
    ListedSession, ListedSessions, LogQuery, LoggedGeneration, LoggedGenerations, MAX_ACCOUNTS,
    MAX_BACK_UP_TIME, MAX_GENERATIONS, MAX_LISTED, MAX_REPLAYS, MAX_REVOCATIONS, MAX_SAML_KEYS,
    MAX_SEALING_KEYS, MAX_SEARCHES, Person, PreviousKeys, PutAccount, PutMode, RevokeTarget,
    RollBack, SamlKeySettings, SessionId, SessionQuery, USUAL_ACCOUNTS, USUAL_GENERATIONS,
    USUAL_LISTED, another_sealing_key, everything, write_archive,
};
pub use answers::Answers;
pub use assume_role::{AssumeRole, RoleRequest, RoleSession};
pub use assume_role_error::AssumeRoleError;
pub use assume_role_with_saml::{AssumeRoleWithSaml, SamlPerson, SamlRequest, SamlSession};
pub use assume_role_with_web_identity::{
    AssumeRoleWithWebIdentity, PresentedToken, WebIdentityRequest, WebIdentitySession,
};
pub use assume_root::{AssumeRoot, RootError, RootRequest, RootSession};
pub use authenticate::{AuthenticationError, Authenticator, BootstrapAdmin, Caller};
pub use authorize::{
    Answer, Authorize, AuthorizeError, Decided, KeyError, KeyValues, Question, QuestionError,
    RefusalText, Resource, ServiceKeys, Verdict, unproven,
};
pub use end_sessions::{EndSessions, Ended, MAX_BY_PEOPLE, TakenKeys};
pub use get_caller_identity::{CallerIdentityError, GetCallerIdentity};
pub use get_web_identity_token::{
    GetWebIdentityToken, TokenRefused, TokenRequest, WebIdentityToken,
};
pub use issuers::{DISCOVERY, FitIssuers, Issuers, KEYS, OwnIssuers};
pub use kept_by_browser::{ATTEMPT_SECONDS, AttemptKey, MAX_ATTEMPT_BYTES, attempt_key};
pub use metadata::{
    FILE_SECONDS, LastLook, Looks, MAX_LOOKS, Proposal, RefreshError, RefreshMetadata, Turn,
};
pub use mfa::{MfaError, ShownCode};
pub use narrowing::{Narrowing, UnknownPolicy};
pub use node_keys::{NodeKeys, NodeKeysError};
pub use observe::Observe;
pub use own_metadata::OwnMetadata;
pub use portal::{
    Bound, Finding, MAX_RECENT_SHOWN, MAX_TAKEN_WAITING, OfferedRole, Offers, OpenBrowserSession,
    OwnOffers, OwnRoles, Portal, RoleStanding, Star, StarError, TakenCredentials, WantedRole,
    WhyNot,
};
pub use reach::RegionDisabled;
pub use readiness::{Readiness, ReadinessCheck, ReadinessReport, SamlConnectionReport};
pub use record::{Recorder, RefusedCall};
pub use request::RequestMeta;
pub use saml_session::SamlSessionError;
pub use sign_in::{
    BegunHere, Callback, SessionLimits, SignIn, SignInBegun, SignInRefusal, SignedIn, WayToSignIn,
    Wish,
};
pub use sign_out::{
    LogoutRefusal, OwnSession, ProviderLoggedOut, SignOut, SignedOut, SignedOutEverywhere,
    TellingProvider,
};
pub use unavailable::Unavailable;
pub use used_keys::{MAX_WAITING, NOTED_SECONDS, UsedKeys, WriteUsedKeys};
pub use user_sessions::{FederationRequest, UserSessionError, UserSessions};
pub use web_identity_conditions::TagsClaimError;
