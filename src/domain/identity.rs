//! Who an identity provider says somebody is.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::text::{deserialize_text, text_type};
use super::{Claims, InvalidValue, KnownProvider, ProviderArn, SamlProviderArn, UnixTime};

text_type!(
    /// The id of a connection: 1 to 64 of `[a-z0-9-]`, beginning with a letter or digit.
    ConnectionId,
    "connection id",
    "1 to 64 of a-z 0-9 - and begin with a letter or digit",
    |text| is_slug(text)
);

text_type!(
    /// The id of a mapping rule: 1 to 64 of `[a-z0-9-]`, beginning with a letter or digit.
    RuleId,
    "rule id",
    "1 to 64 of a-z 0-9 - and begin with a letter or digit",
    |text| is_slug(text)
);

text_type!(
    /// What an issuer calls a person: 1 to 256 characters, none of them a control character. As many
    /// as a persistent SAML name identifier has (SAML 2.0 core, section 8.3.7); a `sub` claim has
    /// fewer.
    Subject,
    "subject",
    "1 to 256 characters without control characters",
    |text| (1..=256).contains(&text.chars().count()) && !text.chars().any(char::is_control)
);

text_type!(
    /// What a SAML system entity is called, usually a URI: 1 to 1,024 characters (SAML 2.0 core,
    /// section 8.3.6) without white space and control characters, compared character by character.
    EntityId,
    "entity id",
    "1 to 1024 characters without white space and control characters",
    |text| (1..=1024).contains(&text.chars().count())
        && !text.chars().any(|c| c.is_whitespace() || c.is_control())
);

text_type!(
    /// An `aud` value or client id: 1 to 255 printable characters (`clientIDType` of the IAM model).
    Audience,
    "audience",
    "1 to 255 characters without control characters",
    |text| (1..=255).contains(&text.chars().count()) && !text.chars().any(char::is_control)
);

fn is_slug(text: &str) -> bool {
    (1..=64).contains(&text.len())
        && !text.starts_with('-')
        && text
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
}

/// An issuer identifier, compared character by character (OpenID Connect Core 1.0, section 2).
///
/// `https`, or `http` where the node lists it; no user info, query or fragment, at most 255
/// characters. It is kept exactly as written.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Issuer(Box<str>);

impl Issuer {
    const INVALID: InvalidValue = InvalidValue::new(
        "issuer",
        "an https URL without user info, query or fragment, of at most 255 characters",
    );

    /// The issuer as written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The issuer without its scheme: the name of a provider ARN and the prefix of its condition
    /// keys (`idp.example.com/path`, `127.0.0.1:18999`).
    pub fn without_scheme(&self) -> &str {
        after_scheme(&self.0).unwrap_or(&self.0)
    }

    /// Whether the issuer is plain `http`.
    pub fn is_plain_http(&self) -> bool {
        self.0.starts_with("http://")
    }
}

/// Issuers are looked up by what a token says, which is no issuer yet.
impl std::borrow::Borrow<str> for Issuer {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl std::str::FromStr for Issuer {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let good = text.len() <= 255
            && text.bytes().all(is_issuer_byte)
            && after_scheme(text).is_some_and(has_own_keys)
            && (is_plain_url(text) || is_url(text));
        if good {
            Ok(Self(text.into()))
        } else {
            Err(Self::INVALID)
        }
    }
}

fn after_scheme(text: &str) -> Option<&str> {
    let https = text.strip_prefix("https://");
    https.or_else(|| text.strip_prefix("http://"))
}

fn is_url(text: &str) -> bool {
    url::Url::parse(text).is_ok_and(|url| {
        url.username().is_empty() && url.host_str().is_some_and(|host| !host.is_empty())
    })
}

/// What begins a user's name, a query or a fragment is none.
fn is_issuer_byte(byte: u8) -> bool {
    (0x21..0x7f).contains(&byte) && !matches!(byte, b'@' | b'?' | b'#' | b'\\')
}

/// Whether a text is certainly a URL, as most issuers are at a glance: a name or an IPv4 address,
/// perhaps a port, perhaps a path of unreserved characters. Sessions are read more often than
/// anything else, and each names its issuer.
fn is_plain_url(text: &str) -> bool {
    let Some(rest) = after_scheme(text) else {
        return false;
    };
    let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
    let (host, port) = authority.split_once(':').unwrap_or((authority, "1"));
    let path_byte = |byte: u8| byte.is_ascii_alphanumeric() || b"/-._~".contains(&byte);
    (is_plain_name(host) || host.parse::<std::net::Ipv4Addr>().is_ok())
        && port.bytes().all(|byte| byte.is_ascii_digit())
        && port.parse::<u16>().is_ok()
        && path.bytes().all(path_byte)
}

/// A host name of lower-case labels; the last one has no digit, so that it can't be read as an
/// address, and none is in Punycode, whose letters would have to be looked at.
fn is_plain_name(host: &str) -> bool {
    let byte = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(byte)
            && !label.starts_with('-')
            && !label.ends_with('-')
            && !label.starts_with("xn--")
    };
    let last = host.rsplit('.').next().unwrap_or_default();
    host.split('.').all(label) && last.bytes().all(|byte| byte.is_ascii_lowercase())
}

/// An issuer's name prefixes its condition keys. One without a dot or a port could be `aws` or `sts`
/// and write into AWS's own.
fn has_own_keys(name: &str) -> bool {
    name.bytes().any(|byte| matches!(byte, b'.' | b':'))
}

impl TryFrom<String> for Issuer {
    type Error = InvalidValue;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

/// Who gives access tokens alone vouches under an address of its own host, which nobody else can be the
/// issuer of.
impl From<KnownProvider> for Issuer {
    fn from(provider: KnownProvider) -> Self {
        Self(provider.issuer().into())
    }
}

impl From<Issuer> for String {
    fn from(issuer: Issuer) -> Self {
        issuer.0.into()
    }
}

impl fmt::Display for Issuer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// What marks an entity id where issuers of both protocols are kept as text. No OpenID Connect issuer
/// begins so.
const SAML_MARK: &str = "saml:";

/// Who vouches for people: the issuer of a protocol. Two of different protocols are never the same,
/// even where they are written alike.
///
/// Prints as written; is kept as text, an entity id with `saml:` before it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum IssuerName {
    /// The `iss` of an OpenID Connect provider; of a provider of access tokens, the address of its host.
    Oidc(Issuer),
    /// The entity id of a SAML identity provider.
    Saml(EntityId),
}

impl IssuerName {
    /// The name as written.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Oidc(issuer) => issuer.as_str(),
            Self::Saml(entity) => entity.as_str(),
        }
    }
}

impl From<Issuer> for IssuerName {
    fn from(issuer: Issuer) -> Self {
        Self::Oidc(issuer)
    }
}

impl From<EntityId> for IssuerName {
    fn from(entity: EntityId) -> Self {
        Self::Saml(entity)
    }
}

impl std::str::FromStr for IssuerName {
    type Err = InvalidValue;

    /// Reads the text that is kept, which tells the protocols apart; what a message says is an
    /// [`Issuer`] or an [`EntityId`] first.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.strip_prefix(SAML_MARK) {
            Some(entity) => entity.parse().map(Self::Saml),
            None => text.parse().map(Self::Oidc),
        }
    }
}

impl Serialize for IssuerName {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Oidc(issuer) => serializer.serialize_str(issuer.as_str()),
            Self::Saml(entity) => serializer.serialize_str(&[SAML_MARK, entity.as_str()].concat()),
        }
    }
}

impl<'de> Deserialize<'de> for IssuerName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserialize_text(deserializer)
    }
}

impl fmt::Display for IssuerName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// Who proved somebody's identity: a connection of the gateway, a provider of one account, or one that
/// every account knows.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum ProviderRef {
    /// A connection feeds the portal, token exchange and the CLI.
    Connection(ConnectionId),
    /// An account's provider serves only STS calls for roles of that account.
    Account(ProviderArn),
    /// A provider that every account knows serves only STS calls, too.
    Known(KnownProvider),
}

impl ProviderRef {
    /// The account's SAML provider, if it is one. The account says by itself with which keys an entity speaks
    /// there, so its people are not those whom the entity vouches for elsewhere. An issuer of OpenID Connect
    /// has its keys at its own address, whoever looks at them.
    pub const fn as_account_saml(&self) -> Option<&SamlProviderArn> {
        match self {
            Self::Account(ProviderArn::Saml(arn)) => Some(arn),
            Self::Account(ProviderArn::Oidc(_)) | Self::Connection(_) | Self::Known(_) => None,
        }
    }
}

/// The id of one browser sign-in: 128 random bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SignInId(uuid::Uuid);

impl SignInId {
    /// The id made of these random bytes.
    pub const fn from_random(random: [u8; 16]) -> Self {
        Self(uuid::Builder::from_random_bytes(random).into_uuid())
    }
}

impl std::str::FromStr for SignInId {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let id = uuid::Uuid::try_parse(text).map(Self);
        id.map_err(|_| InvalidValue::new("sign-in id", "a UUID, as the audit has it"))
    }
}

impl fmt::Display for SignInId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0.as_hyphenated(), formatter)
    }
}

/// An identity that a provider proved and whose proof was used up where it must be: one claims map,
/// whatever the protocol was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FederatedIdentity {
    /// Who proved it.
    pub provider: ProviderRef,
    /// The issuer behind that provider.
    pub issuer: IssuerName,
    /// The person; unique together with the issuer only.
    pub subject: Subject,
    /// The client that the proof was made for.
    pub audience: Audience,
    /// All that the provider said.
    pub claims: Claims,
    /// When the proof was verified; bounds how long the claims may be used.
    pub proved_at: UnixTime,
}

#[cfg(test)]
mod tests {
    use super::*;

    proptest::proptest! {
        #[test]
        fn what_is_certainly_a_url_is_one(text in "https?://[a-z0-9.:/x-]{1,24}([.:/][a-z0-9-]{0,4}){0,4}") {
            proptest::prop_assert!(!is_plain_url(&text) || is_url(&text), "{text}");
        }
    }

    #[test]
    fn usual_issuers_are_certainly_urls() {
        for text in [
            "https://login.example.com",
            "https://login.example.com/realms/a_b/",
            "http://127.0.0.1:18999",
        ] {
            assert!(is_plain_url(text), "{text}");
        }
        for text in [
            "https://a..b",
            "https://xn--a.com",
            "https://1.2",
            "https://a.b:65536",
            "https://[::1]",
            "https://A.b",
        ] {
            assert!(!is_plain_url(text), "{text}");
        }
    }

    #[test]
    fn issuer_is_kept_as_written() {
        let issuer: Issuer = "https://IdP.example.com/realms/a/".parse().unwrap();
        assert_eq!(issuer.as_str(), "https://IdP.example.com/realms/a/");
        assert_eq!(issuer.without_scheme(), "IdP.example.com/realms/a/");
    }

    #[test]
    fn issuer_has_no_user_info_query_or_fragment() {
        for bad in [
            "idp.example.com",
            "ftp://idp.example.com",
            "file:///etc/passwd",
            "https://u@idp.example.com",
            "https://idp.example.com?x",
            "https://idp.example.com#x",
            "https://",
            "https:\\\\idp.example.com",
            "https://aws",
            "https://sts",
            "https://idp.example.com/a b",
        ] {
            assert!(bad.parse::<Issuer>().is_err(), "{bad}");
        }
    }

    #[test]
    fn subject_has_no_control_characters() {
        for bad in ["", "a\r\nb", "a\u{85}b", &"é".repeat(257)] {
            assert!(bad.parse::<Subject>().is_err(), "{bad}");
        }
        for good in ["<b>&\"'", "ü", &"é".repeat(256)] {
            assert!(good.parse::<Subject>().is_ok(), "{good}");
        }
    }

    #[test]
    fn entity_id_has_no_white_space() {
        for bad in ["", "a b", "a\nb", "a\u{2003}b", "a\0", &"x".repeat(1025)] {
            assert!(bad.parse::<EntityId>().is_err(), "{bad}");
        }
        for good in [
            "urn:meridale:idp",
            "https://idp.example.com/saml?x#y",
            &"x".repeat(1024),
        ] {
            assert!(good.parse::<EntityId>().is_ok(), "{good}");
        }
    }

    #[test]
    fn issuers_of_two_protocols_are_never_the_same() {
        const TEXT: &str = "https://idp.example.com";
        let oidc = IssuerName::Oidc(TEXT.parse().unwrap());
        let saml = IssuerName::Saml(TEXT.parse().unwrap());
        assert_ne!(oidc, saml);
        assert_eq!(oidc.to_string(), saml.to_string());
        for name in [oidc, saml, IssuerName::Saml("saml:saml:x".parse().unwrap())] {
            let written = serde_json::to_string(&name).unwrap();
            assert_eq!(serde_json::from_str::<IssuerName>(&written).unwrap(), name);
        }
    }

    #[test]
    fn an_issuer_is_kept_as_before_there_were_two_protocols() {
        let name: IssuerName = serde_json::from_str("\"https://idp.example.com\"").unwrap();
        assert_eq!(
            name,
            IssuerName::Oidc("https://idp.example.com".parse().unwrap())
        );
        assert!(serde_json::from_str::<IssuerName>("\"urn:idp\"").is_err());
        assert!(serde_json::from_str::<IssuerName>("\"saml:\"").is_err());
    }
}
