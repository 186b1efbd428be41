//! Proves who somebody is by a SAML response: the one way in, for the browser and for STS.
//!
//! ```text
//! base64 ─ decode ─> UnverifiedResponse
//!   └ metadata still counts
//!      └ receive                 our verifier
//!         ├ encrypted: what the response itself says, then open with every live key of ours
//!         └ accept               issuer, audience, recipient, request, times
//!            └ second opinion    of what ours accepted, where the provider wants it: it must agree
//!               └─> ProvenAssertion: the identity, and what else the assertion says
//! ```

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::alarm::AlarmLines;
use super::attributes;
pub use super::bulkhead::Load;
use super::bulkhead::{Asker, Bulkhead, Limits, RunError};
use super::checks::{AcceptedAssertion, Expected, MAX_AGE, Request, check_before_opening};
use super::decrypt::{EncryptedAssertion, FormatError};
use super::decryption_key::DecryptionKey;
use super::error::SamlError;
use super::metadata::IdpMetadata;
use super::response::{
    AuthenticatedResponse, Received, SealedResponse, authenticate_opened, receive,
};
use super::second_opinion::{Disagreement, Opinion, SecondOpinion, SecondOpinionError};
use super::service_provider::ServiceProviderKeys;
use super::settings::{
    AssertionEncryption, AttributeAlias, Recipient, SamlProviderSettings, SamlSettings,
};
use super::xml::Profile;
use crate::domain::{
    Audience, Claims, ConnectionId, ProviderRef, SamlProviderArn, Secret, UnixTime,
};
use crate::entropy::Entropy;
use crate::federation::ProvenIdentity;

/// A response of which nothing is proven.
#[derive(Clone)]
pub struct UnverifiedResponse(Vec<u8>);

/// Why a text is no response.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ResponseTextError {
    /// It is longer than [`UnverifiedResponse::MAX_BYTES`] when it is decoded.
    #[error("the SAML response is longer than 262144 bytes")]
    TooLong,
    /// It is not base64.
    #[error("the SAML response is not base64")]
    NotBase64,
}

impl UnverifiedResponse {
    /// The longest response, in bytes.
    pub const MAX_BYTES: usize = Profile::MESSAGE_BYTES;

    /// Decodes a response as forms and STS carry it: base64 (RFC 4648, section 4) with its padding, in
    /// which white space is passed over. It is never inflated (SAML 2.0 Bindings, section 3.5.4).
    pub fn decode(text: &str) -> Result<Self, ResponseTextError> {
        let most = Self::MAX_BYTES.div_ceil(3) * 4;
        let encoded = without_spaces(text, most + 1);
        if encoded.len() > most {
            return Err(ResponseTextError::TooLong);
        }
        let bytes = STANDARD.decode(&*encoded);
        let bytes = bytes.map_err(|_| ResponseTextError::NotBase64)?;
        if bytes.len() > Self::MAX_BYTES {
            return Err(ResponseTextError::TooLong);
        }
        Ok(Self(bytes))
    }

    /// The response as it was received, to learn what it says to be; anybody may have written it.
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }
}

/// The text without white space, up to so many bytes. Most have none.
fn without_spaces(text: &str, most: usize) -> Cow<'_, [u8]> {
    let text = text.as_bytes();
    let has_spaces = memchr::memchr3(b' ', b'\r', b'\n', text).is_some();
    if !has_spaces && memchr::memchr(b'\t', text).is_none() {
        return Cow::Borrowed(text);
    }
    let is_space = |byte: &&u8| matches!(byte, b' ' | b'\t' | b'\r' | b'\n');
    let encoded = text.iter().filter(|byte| !is_space(byte));
    Cow::Owned(encoded.take(most).copied().collect())
}

impl fmt::Debug for UnverifiedResponse {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "UnverifiedResponse({} bytes)", self.0.len())
    }
}

/// What we are called and where we are reached, as the providers know it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnNames {
    /// Our entity ID, `{public_url}/saml/metadata`: the audience of every assertion for us.
    pub entity_id: Audience,
    /// Where browsers post responses: `{public_url}/saml/acs`.
    pub assertion_consumer_service: String,
    /// What a response for STS may name as its recipient beside that, though nothing is posted there:
    /// `{public_url}/saml`, as `https://signin.aws.amazon.com/saml` is for AWS.
    pub sts: String,
}

impl OwnNames {
    /// The names below a public URL, which has no path.
    ///
    /// # Errors
    /// Where the entity ID would be longer than an audience may be.
    pub fn at(public_url: &url::Url) -> Result<Self, crate::domain::InvalidValue> {
        let below = |path: &str| [public_url.as_str().trim_end_matches('/'), path].concat();
        Ok(Self {
            entity_id: below("/saml/metadata").parse()?,
            assertion_consumer_service: below("/saml/acs"),
            sts: below("/saml"),
        })
    }
}

/// A provider, and what its responses must be.
#[derive(Debug, Clone)]
pub struct SamlIdentityProvider<'p> {
    /// What it is registered as.
    pub reference: ProviderRef,
    /// Its entity ID and what it signs with.
    pub metadata: &'p IdpMetadata,
    /// The names that an assertion must be restricted to, one of them.
    pub audiences: Vec<&'p str>,
    /// The addresses that a response may be sent to.
    pub recipients: Vec<&'p str>,
    /// Whether the second verifier must agree.
    pub agreement: Agreement,
    /// By which further names attributes are found.
    pub aliases: BTreeSet<AttributeAlias>,
    /// Whether its assertions may come in the open.
    pub encryption: AssertionEncryption,
    /// Keys of its own that open them, beside ours.
    pub decryption_keys: Vec<DecryptionKey>,
}

/// Whether the second verifier must agree with ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Agreement {
    /// It must.
    Required,
    /// It is not asked.
    NotAsked,
}

impl Agreement {
    const fn of(second_opinion: bool) -> Self {
        if second_opinion {
            Self::Required
        } else {
            Self::NotAsked
        }
    }
}

impl<'p> SamlIdentityProvider<'p> {
    /// A provider of an account, for STS: responses for a browser of ours are taken, too.
    pub fn of_account(
        arn: SamlProviderArn,
        metadata: &'p IdpMetadata,
        settings: &'p SamlProviderSettings,
        own: &'p OwnNames,
        decryption_keys: Vec<DecryptionKey>,
    ) -> Self {
        let audiences = settings.audiences.iter().map(Audience::as_str);
        let recipients = settings.recipients.iter().map(Recipient::as_str);
        let ours = [&*own.assertion_consumer_service, &*own.sts];
        Self {
            reference: ProviderRef::Account(arn.into()),
            metadata,
            audiences: std::iter::once(own.entity_id.as_str())
                .chain(audiences)
                .collect(),
            recipients: ours.into_iter().chain(recipients).collect(),
            agreement: Agreement::of(settings.second_opinion),
            aliases: BTreeSet::new(),
            encryption: settings.assertion_encryption,
            decryption_keys,
        }
    }

    /// The provider behind a connection, for browsers.
    pub fn of_connection(
        id: ConnectionId,
        metadata: &'p IdpMetadata,
        settings: &'p SamlSettings,
        own: &'p OwnNames,
    ) -> Self {
        let audiences = settings.audiences.iter().map(Audience::as_str);
        let recipients = settings.recipients.iter().map(Recipient::as_str);
        let acs = own.assertion_consumer_service.as_str();
        Self {
            reference: ProviderRef::Connection(id),
            metadata,
            audiences: std::iter::once(own.entity_id.as_str())
                .chain(audiences)
                .collect(),
            recipients: std::iter::once(acs).chain(recipients).collect(),
            agreement: Agreement::of(settings.second_opinion),
            aliases: settings.attribute_aliases.clone(),
            encryption: AssertionEncryption::Allowed,
            decryption_keys: Vec::new(),
        }
    }
}

/// A response as somebody presents it.
#[derive(Debug, Clone, Copy)]
pub struct Presented<'p> {
    /// The response.
    pub response: &'p UnverifiedResponse,
    /// The request that it must answer.
    pub request: Request<'p>,
    /// Our keys, of which those that are live open an encrypted assertion.
    pub keys: &'p ServiceProviderKeys,
    /// When.
    pub now: UnixTime,
}

/// Who was proven, and what else the assertion says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProvenAssertion {
    identity: ProvenIdentity,
    assertion: AcceptedAssertion,
}

impl ProvenAssertion {
    /// Who it is; nobody has looked yet whether the assertion was used before.
    pub const fn identity(&self) -> &ProvenIdentity {
        &self.identity
    }

    /// What the assertion says: the recipient, the name identifier with its format and qualifiers, the
    /// session, every attribute as it stands there.
    pub const fn assertion(&self) -> &AcceptedAssertion {
        &self.assertion
    }

    /// Both, each to be used on its own.
    pub fn into_parts(self) -> (ProvenIdentity, AcceptedAssertion) {
        (self.identity, self.assertion)
    }
}

/// Why nobody is proven.
#[derive(Debug, thiserror::Error)]
pub enum SamlProofError {
    /// The provider's metadata counts no more.
    #[error("the provider's metadata was valid until {0}")]
    MetadataExpired(UnixTime),
    /// The response is not accepted.
    #[error(transparent)]
    Response(#[from] SamlError),
    /// The attributes are more than is kept.
    #[error(
        "the assertion has {values} values, {} are allowed, or more than {} bytes of attributes",
        Claims::MAX_VALUES,
        Claims::MAX_BYTES
    )]
    TooManyClaims {
        /// How many values there are, aliases included.
        values: usize,
    },
    /// The second verifier has read something else.
    #[error(transparent)]
    Disagreement(#[from] Disagreement),
    /// The second verifier refuses or fails; or there was no place in time for it, or for opening an
    /// encrypted assertion.
    #[error(transparent)]
    SecondOpinion(#[from] SecondOpinionError),
    /// The provider's settings want the second verifier to agree, and this program has none.
    #[error(
        "this program was built without the second verifier that the provider's settings ask for"
    )]
    NoSecondOpinion,
}

impl SamlProofError {
    /// The name of the check that failed, for traces; it never changes.
    pub const fn check(&self) -> &'static str {
        match self {
            Self::MetadataExpired(_) => "metadata",
            Self::Response(error) => error.check(),
            Self::TooManyClaims { .. } => "claims",
            Self::Disagreement(_) | Self::SecondOpinion(_) | Self::NoSecondOpinion => {
                "second opinion"
            }
        }
    }

    /// Whether this node is to blame and not the response, which may be taken later or elsewhere.
    pub const fn is_unavailable(&self) -> bool {
        match self {
            Self::SecondOpinion(error) => error.is_retryable(),
            Self::NoSecondOpinion => true,
            Self::MetadataExpired(_)
            | Self::Response(_)
            | Self::TooManyClaims { .. }
            | Self::Disagreement(_) => false,
        }
    }

    /// Whether newer metadata, or newer keys of ours, may accept the same response.
    pub const fn may_have_changed(&self) -> bool {
        match self {
            Self::MetadataExpired(_)
            | Self::Response(
                SamlError::Signature(_)
                | SamlError::Decryption
                | SamlError::Inside(_)
                | SamlError::NotEncrypted
                | SamlError::Issuer { .. },
            ) => true,
            Self::Response(_)
            | Self::TooManyClaims { .. }
            | Self::Disagreement(_)
            | Self::SecondOpinion(_)
            | Self::NoSecondOpinion => false,
        }
    }

    /// Whether the two verifiers disagree: one of them is wrong, and somebody must look at it.
    pub const fn is_alarm(&self) -> bool {
        match self {
            Self::Disagreement(_) => true,
            Self::SecondOpinion(error) => !error.is_retryable(),
            Self::MetadataExpired(_)
            | Self::Response(_)
            | Self::TooManyClaims { .. }
            | Self::NoSecondOpinion => false,
        }
    }
}

/// How full the places of a verifier are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VerifierLoad {
    /// Those in which encrypted assertions are opened.
    pub opening: Load,
    /// Those of the second verifier, where there is one.
    pub second_opinion: Option<Load>,
}

/// Proves responses.
#[derive(Clone)]
pub struct SamlVerifier {
    second: Option<Arc<SecondOpinion>>,
    /// Where encrypted assertions are opened. The second verifier has other places: it only works on
    /// what a provider has signed, and strangers shall not take those.
    opening: Arc<Bulkhead>,
    alarms: Arc<AlarmLines>,
    entropy: Arc<dyn Entropy>,
}

impl fmt::Debug for SamlVerifier {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("SamlVerifier")
    }
}

/// What the second verifier is to be asked.
struct Question {
    document: Arc<[u8]>,
    ours: Opinion,
}

impl SamlVerifier {
    /// A verifier; without a second one it proves nothing of a provider that wants it to agree.
    pub fn new(second: Option<Arc<SecondOpinion>>, entropy: Arc<dyn Entropy>) -> Self {
        Self {
            second,
            opening: Arc::new(Bulkhead::new(Limits::default())),
            alarms: Arc::default(),
            entropy,
        }
    }

    /// How full its places are now.
    pub fn load(&self) -> VerifierLoad {
        VerifierLoad {
            opening: self.opening.load(),
            second_opinion: self.second.as_ref().map(|second| second.load()),
        }
    }

    /// One that never has a place to open an assertion in.
    #[cfg(test)]
    fn without_places(entropy: Arc<dyn Entropy>) -> Self {
        Self {
            opening: Arc::new(Bulkhead::without_places()),
            ..Self::new(None, entropy)
        }
    }

    /// Proves who a response is about: it is of this provider, for us, an answer to the request, and
    /// good now. Whether it was used before is for [`ProvenIdentity`] to say.
    ///
    /// # Errors
    /// [`SamlProofError`]; where it [is an alarm](SamlProofError::is_alarm), the log has a line of it,
    /// unless it had many in this minute.
    pub async fn prove(
        &self,
        presented: &Presented<'_>,
        provider: &SamlIdentityProvider<'_>,
    ) -> Result<ProvenAssertion, SamlProofError> {
        let proven = self.prove_quietly(presented, provider).await;
        if let Err(error) = &proven
            && error.is_alarm()
            && let Some(left_out) = self.alarms.admit(presented.now)
        {
            tracing::error!(
                provider = %provider.metadata.entity_id,
                error = error as &dyn std::error::Error,
                left_out,
                "the two SAML verifiers disagree about a response; it was refused"
            );
        }
        proven
    }

    /// That the second verifier takes another response of this provider now: where not, none need be read.
    ///
    /// # Errors
    /// [`SamlProofError`]: its line is full.
    pub fn check_line(&self, provider: &ProviderRef) -> Result<(), SamlProofError> {
        match &self.second {
            Some(second) => Ok(second.check_line(provider)?),
            None => Ok(()),
        }
    }

    async fn prove_quietly(
        &self,
        presented: &Presented<'_>,
        provider: &SamlIdentityProvider<'_>,
    ) -> Result<ProvenAssertion, SamlProofError> {
        let (metadata, now) = (provider.metadata, presented.now);
        if let Some(end) = metadata.valid_until.filter(|_| !metadata.is_valid(now)) {
            return Err(SamlProofError::MetadataExpired(end));
        }
        let second = self.second_for(provider)?;
        if let Some(second) = second {
            second.check_line(&provider.reference)?;
        }
        let (accepted, question) = self.accept(presented, provider).await?;
        let proven = proven(accepted, provider, now)?;
        if let Some((second, Question { document, ours })) = second.zip(question) {
            let certificates = metadata.signing_certificates.as_slice().to_vec();
            let person = (&provider.reference, proven.identity.subject());
            let theirs = second.ask(person, document, certificates);
            theirs.await?.agree(&ours)?;
        }
        Ok(proven)
    }

    /// The verifier that must agree; none where the provider's settings do without.
    fn second_for(
        &self,
        provider: &SamlIdentityProvider<'_>,
    ) -> Result<Option<&SecondOpinion>, SamlProofError> {
        match (provider.agreement, &self.second) {
            (Agreement::NotAsked, _) => Ok(None),
            (Agreement::Required, Some(second)) => Ok(Some(second)),
            (Agreement::Required, None) => Err(SamlProofError::NoSecondOpinion),
        }
    }

    /// What our own verifier makes of a response. It takes a tenth of a millisecond, so that it is done
    /// where the caller runs; but an encrypted assertion is opened elsewhere.
    async fn accept(
        &self,
        presented: &Presented<'_>,
        provider: &SamlIdentityProvider<'_>,
    ) -> Result<(AcceptedAssertion, Option<Question>), SamlProofError> {
        let expected = Expected {
            issuer: provider.metadata.entity_id.as_str(),
            audiences: &provider.audiences,
            recipients: &provider.recipients,
            request: presented.request,
        };
        let certificates = provider.metadata.signing_certificates.as_slice();
        let received = receive(
            &presented.response.0,
            certificates,
            EncryptedAssertion::read,
        )?;
        let authenticated = match received {
            Received::Open(_) if provider.encryption == AssertionEncryption::Required => {
                return Err(SamlError::NotEncrypted.into());
            }
            Received::Open(response) => *response,
            Received::Sealed(SealedResponse {
                envelope,
                assertion,
            }) => {
                check_before_opening(&envelope, &expected, presented.now)?;
                let plaintext = self.open(assertion, presented, provider).await?;
                authenticate_opened(envelope, plaintext, certificates)?
            }
        };
        let question = match provider.agreement {
            Agreement::Required => Some(Question::about(&authenticated)),
            Agreement::NotAsked => None,
        };
        Ok((authenticated.accept(&expected, presented.now)?, question))
    }

    /// Opens an assertion with whichever of our live keys fits, or of the provider's own, on a thread of its
    /// own: every key is tried, and whoever sent it may be a stranger. A form that is not understood is answered like
    /// one that does not open.
    async fn open(
        &self,
        assertion: Result<EncryptedAssertion, FormatError>,
        presented: &Presented<'_>,
        provider: &SamlIdentityProvider<'_>,
    ) -> Result<Secret<String>, SamlProofError> {
        let assertion = assertion.map_err(|_| SamlError::Decryption)?;
        let live: Vec<_> = presented.keys.decrypting(presented.now).cloned().collect();
        let own = provider.decryption_keys.clone();
        let entropy = Arc::clone(&self.entropy);
        let asker = Asker::Stranger(&provider.reference);
        let opened = self.opening.run(asker, move || {
            let own: Vec<_> = own.iter().filter_map(DecryptionKey::open).collect();
            let live = live.iter().map(|key| key.decrypting());
            assertion.decrypt_by(live.chain(&own), entropy.as_ref())
        });
        match opened.await {
            Ok(opened) => Ok(opened.map_err(|_| SamlError::Decryption)?),
            Err(RunError::Overload(overload)) => Err(SecondOpinionError::from(overload).into()),
            Err(RunError::Panicked) => Err(SamlError::Decryption.into()),
        }
    }
}

impl Question {
    fn about(response: &AuthenticatedResponse<'_>) -> Self {
        Self {
            document: response.document().into(),
            ours: Opinion::from(response),
        }
    }
}

/// The identity that an accepted assertion proves.
///
/// Its proof is kept as long as the assertion could be accepted: to the end of its validity, and not
/// beyond the age at which every assertion is too old.
fn proven(
    assertion: AcceptedAssertion,
    provider: &SamlIdentityProvider<'_>,
    now: UnixTime,
) -> Result<ProvenAssertion, SamlProofError> {
    let claims = attributes::claims(&assertion, &provider.aliases);
    if claims.is_too_large() {
        let values = claims.value_count();
        return Err(SamlProofError::TooManyClaims { values });
    }
    let malformed = |what| {
        move |error: crate::domain::InvalidValue| SamlError::Malformed {
            what,
            rule: error.rule,
        }
    };
    let too_old_at = assertion.issued_at().plus(MAX_AGE + 1);
    let identity = ProvenIdentity {
        provider: provider.reference.clone(),
        issuer: provider.metadata.entity_id.clone().into(),
        subject: assertion
            .name_id()
            .value
            .parse()
            .map_err(malformed("NameID"))?,
        audience: assertion
            .audience()
            .parse()
            .map_err(malformed("Audience"))?,
        claims,
        proved_at: now,
        issued_at: assertion.issued_at(),
        expires_at: assertion.ends_at().min(too_old_at),
        proof: *assertion.mark(),
    };
    Ok(ProvenAssertion {
        identity,
        assertion,
    })
}

#[cfg(test)]
mod tests;
