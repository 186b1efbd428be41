//! Which check a token failed, with both compared values.

use crate::domain::UnixTime;
use crate::federation::Quoted;
use crate::federation::json::JsonError;
use crate::federation::key_cache::KeyError;

use super::{MAX_AGE, MAX_CHARS, MAX_LIFETIME};

/// Why an id_token, or a token for logout, is refused: one variant a check. No text quotes the token itself.
#[derive(Debug, Clone, thiserror::Error)]
pub enum TokenError {
    /// The token is longer than [`MAX_CHARS`].
    #[error("the token has {length} characters, {MAX_CHARS} are allowed")]
    TooLong {
        /// The token's length in bytes.
        length: usize,
    },
    /// The token isn't three parts with two dots between.
    #[error("the token is not in compact form: header.payload.signature")]
    NotCompact,
    /// A part is no base64url without padding.
    #[error("the {part} is not base64url without padding")]
    Encoding {
        /// `header`, `payload` or `signature`.
        part: &'static str,
    },
    /// A part is no strict JSON object.
    #[error("the {part} is not strict JSON")]
    Json {
        /// `header` or `payload`.
        part: &'static str,
        /// What is wrong with it.
        source: JsonError,
    },
    /// The header has a member that would change how the token is to be read, or brings a key along.
    #[error("the header has \"{member}\", which is not accepted")]
    HeaderMember {
        /// `crit`, `b64`, `zip`, `enc`, `jwk`, `jku`, `x5c` or `x5u`.
        member: &'static str,
    },
    /// The token is of another kind.
    #[error("the header's typ is \"{found}\" instead of \"{expected}\"")]
    Type {
        /// What it may be.
        expected: Quoted,
        /// The `typ`, or its JSON where it is no text.
        found: Quoted,
    },
    /// The signature algorithm is none that is accepted.
    #[error("the algorithm \"{found}\" is not accepted")]
    Algorithm {
        /// The `alg`, or its JSON where it is no text.
        found: Quoted,
    },
    /// The `kid` is no text of 1 to 256 printable characters.
    #[error("the key id is not 1 to 256 printable characters")]
    KeyId,
    /// No key to check with: [`KeyError`] tells the provider's fault from the token's.
    #[error("there is no key \"{key_id}\" to check the signature with")]
    Key {
        /// The `kid`; empty where the token names none.
        key_id: Quoted,
        /// Why there is none.
        source: KeyError,
    },
    /// The signature is not of the registered issuer's key over this token.
    #[error("the signature does not match the provider's key")]
    Signature,
    /// A required claim is missing.
    #[error("the claim {claim} is missing")]
    Missing {
        /// The claim's name.
        claim: &'static str,
    },
    /// A claim is of the wrong type or out of its bounds.
    #[error("the claim {claim} is not {rule}")]
    Malformed {
        /// The claim's name.
        claim: &'static str,
        /// What it must be.
        rule: &'static str,
    },
    /// The token is of another issuer.
    #[error("the issuer is \"{found}\" instead of \"{expected}\"")]
    Issuer {
        /// The registered issuer.
        expected: Quoted,
        /// The `iss`.
        found: Quoted,
    },
    /// The token is for somebody else.
    #[error("the audience is \"{found}\" and none of \"{expected}\"")]
    Audience {
        /// The provider's clients, with spaces between.
        expected: Quoted,
        /// The `aud` values, with spaces between.
        found: Quoted,
    },
    /// The token was issued to somebody else.
    #[error("the authorized party is \"{found}\" and none of \"{expected}\"")]
    AuthorizedParty {
        /// The provider's clients, with spaces between.
        expected: Quoted,
        /// The `azp`.
        found: Quoted,
    },
    /// There are several audiences and no `azp` to say which of them the token was issued to.
    #[error("the token has {audiences} audiences and no azp")]
    AuthorizedPartyMissing {
        /// How many there are.
        audiences: usize,
    },
    /// The token is over.
    #[error("the token expired at {expired_at}; it is {now}")]
    Expired {
        /// The time of the check.
        now: UnixTime,
        /// The `exp`.
        expired_at: UnixTime,
    },
    /// The token is not valid yet.
    #[error("the token is valid from {not_before}; it is {now}")]
    NotYetValid {
        /// The time of the check.
        now: UnixTime,
        /// The `nbf`.
        not_before: UnixTime,
    },
    /// The token was issued in the future.
    #[error("the token was issued at {issued_at}; it is {now}")]
    IssuedInFuture {
        /// The time of the check.
        now: UnixTime,
        /// The `iat`.
        issued_at: UnixTime,
    },
    /// The token was issued too long ago.
    #[error("the token is {seconds} seconds old, {MAX_AGE} are allowed")]
    TooOld {
        /// The seconds since `iat`.
        seconds: i64,
    },
    /// The token lives too long, or ends before it begins.
    #[error("the token's lifetime is {seconds} seconds, 1 to {MAX_LIFETIME} are allowed")]
    Lifetime {
        /// `exp` less `iat`, in seconds.
        seconds: i64,
    },
    /// The token doesn't answer our authorization request.
    #[error("the nonce is \"{found}\" instead of \"{expected}\"")]
    Nonce {
        /// The nonce of the request.
        expected: Quoted,
        /// The `nonce`.
        found: Quoted,
    },
    /// The token doesn't belong to the access token or the code that came with it.
    #[error("{claim} is \"{found}\" instead of \"{expected}\"")]
    Hash {
        /// `at_hash` or `c_hash`.
        claim: &'static str,
        /// What it must be.
        expected: Quoted,
        /// The claim.
        found: Quoted,
    },
    /// The person proved themselves longer ago than the connection allows.
    #[error("the authentication is {seconds} seconds old, {allowed} are allowed")]
    Authentication {
        /// The seconds since `auth_time`.
        seconds: i64,
        /// The connection's `max_age`.
        allowed: u32,
    },
    /// It tells of something that happened, and proves nobody (RFC 8417).
    #[error("the token has events: it is no id_token")]
    Event,
    /// A token for logout tells of nothing, or of something else.
    #[error("the token does not tell of a logout: {found}")]
    NoLogout {
        /// What its `events` are, as JSON.
        found: Quoted,
    },
    /// A token for logout has what only an id_token has.
    #[error("the token has a nonce: it is no token for logout")]
    NonceOfLogout,
    /// A token for logout names neither a person nor a session.
    #[error("the token has neither sub nor sid")]
    NobodyNamed,
    /// The provider says more than is kept.
    #[error(
        "the claims have more than {allowed} values, or take more than {bytes} bytes; {values} values were read"
    )]
    TooManyClaims {
        /// How many values there are.
        values: usize,
        /// How many may be there.
        allowed: usize,
        /// How many bytes they may take.
        bytes: usize,
    },
}

impl TokenError {
    /// The name of the check that failed, for traces; it never changes.
    pub const fn check(&self) -> &'static str {
        match self {
            Self::TooLong { .. } => "size",
            Self::NotCompact => "compact form",
            Self::Encoding { .. } => "encoding",
            Self::Json { .. } => "json",
            Self::HeaderMember { .. } => "header",
            Self::Type { .. } | Self::Event => "type",
            Self::NoLogout { .. } => "events",
            Self::Algorithm { .. } => "algorithm",
            Self::KeyId => "key id",
            Self::Key { .. } => "key",
            Self::Signature => "signature",
            Self::Missing { .. } | Self::Malformed { .. } | Self::NobodyNamed => "claims",
            Self::Issuer { .. } => "issuer",
            Self::Audience { .. } => "audience",
            Self::AuthorizedParty { .. } | Self::AuthorizedPartyMissing { .. } => {
                "authorized party"
            }
            Self::Expired { .. } => "expiry",
            Self::NotYetValid { .. } => "not before",
            Self::IssuedInFuture { .. } => "issued at",
            Self::TooOld { .. } => "age",
            Self::Lifetime { .. } => "lifetime",
            Self::Nonce { .. } | Self::NonceOfLogout => "nonce",
            Self::Hash { claim, .. } => claim,
            Self::Authentication { .. } => "authentication time",
            Self::TooManyClaims { .. } => "claim count",
        }
    }

    /// Whether the provider could not be asked, so that the token may be good and a later try may
    /// succeed (`IDPCommunicationError`).
    pub const fn is_provider_unreachable(&self) -> bool {
        matches!(
            self,
            Self::Key {
                source: KeyError::ProviderUnreachable(_),
                ..
            }
        )
    }
}
