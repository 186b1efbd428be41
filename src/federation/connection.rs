//! What an admin says about a connection to an identity provider.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::saml::settings::SamlSettings;
use super::secret_file::SecretFile;
use crate::domain::text_type;
use crate::domain::{
    Audience, ConnectionId, HostName, InvalidValue, Issuer, IssuerName, email_domain,
};

/// A connection to an identity provider, as it stands in the directory and its files: what every
/// connection has, and one table for the protocol that it speaks.
///
/// ```toml
/// id = "meridale"
/// display_name = "Meridale"
/// domains = ["meridale.example"]
///
/// [oidc]
/// issuer = "https://login.meridale.example"
/// client_id = "rolegate"
/// client_auth = { client_secret_basic = { file = "/run/secrets/meridale" } }
/// scopes = ["openid", "email", "groups"]
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Written", into = "Written")]
pub struct ConnectionSettings {
    /// The id: part of the URLs that the provider answers at, and the name that rules and links use.
    pub id: ConnectionId,
    /// What people choose on the sign-in page.
    pub display_name: DisplayName,
    /// For admins.
    pub description: Description,
    /// Whose e-mail addresses lead here from the sign-in page. It says where somebody is sent, and never
    /// what the provider may say of them.
    pub domains: Domains,
    /// The protocol, and what is to be said for it.
    pub protocol: Protocol,
}

/// What a connection speaks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Protocol {
    /// OpenID Connect.
    Oidc(OidcSettings),
    /// SAML 2.0.
    Saml(Box<SamlSettings>),
}

/// A connection to an OpenID Connect provider: its id, and what is said for the protocol.
#[derive(Debug, Clone, Copy)]
pub struct OidcConnection<'c> {
    /// The connection's id.
    pub id: &'c ConnectionId,
    /// What is said for OpenID Connect.
    pub settings: &'c OidcSettings,
}

/// A connection to a SAML identity provider: its id, and what is said for the protocol.
#[derive(Debug, Clone, Copy)]
pub struct SamlConnection<'c> {
    /// The connection's id.
    pub id: &'c ConnectionId,
    /// What is said for SAML.
    pub settings: &'c SamlSettings,
}

impl ConnectionSettings {
    /// The connection, if it speaks OpenID Connect.
    pub const fn oidc(&self) -> Option<OidcConnection<'_>> {
        match &self.protocol {
            Protocol::Oidc(settings) => Some(OidcConnection {
                id: &self.id,
                settings,
            }),
            Protocol::Saml(_) => None,
        }
    }

    /// The connection, if it speaks SAML.
    pub fn saml(&self) -> Option<SamlConnection<'_>> {
        match &self.protocol {
            Protocol::Saml(settings) => Some(SamlConnection {
                id: &self.id,
                settings,
            }),
            Protocol::Oidc(_) => None,
        }
    }

    /// Who vouches for the people who come by this connection.
    pub fn issuer(&self) -> IssuerName {
        match &self.protocol {
            Protocol::Oidc(settings) => settings.issuer.clone().into(),
            Protocol::Saml(settings) => settings.entity_id.clone().into(),
        }
    }

    /// Whether `issuer` vouches for the people who come by this connection.
    pub fn is_of(&self, issuer: &IssuerName) -> bool {
        match (&self.protocol, issuer) {
            (Protocol::Oidc(settings), IssuerName::Oidc(issuer)) => settings.issuer == *issuer,
            (Protocol::Saml(settings), IssuerName::Saml(entity)) => settings.entity_id == *entity,
            (Protocol::Oidc(_), IssuerName::Saml(_)) | (Protocol::Saml(_), IssuerName::Oidc(_)) => {
                false
            }
        }
    }
}

/// A connection as it is written.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    id: ConnectionId,
    display_name: DisplayName,
    #[serde(default)]
    description: Description,
    #[serde(default, skip_serializing_if = "Domains::is_empty")]
    domains: Domains,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    oidc: Option<OidcSettings>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    saml: Option<Box<SamlSettings>>,
}

impl TryFrom<Written> for ConnectionSettings {
    type Error = InvalidValue;

    fn try_from(written: Written) -> Result<Self, Self::Error> {
        let protocol = match (written.oidc, written.saml) {
            (Some(oidc), None) => Protocol::Oidc(oidc),
            (None, Some(saml)) => Protocol::Saml(saml),
            (None, None) | (Some(_), Some(_)) => {
                return Err(InvalidValue::new(
                    "connection",
                    "of one protocol: a table [oidc] or a table [saml]",
                ));
            }
        };
        Ok(Self {
            id: written.id,
            display_name: written.display_name,
            description: written.description,
            domains: written.domains,
            protocol,
        })
    }
}

impl From<ConnectionSettings> for Written {
    fn from(connection: ConnectionSettings) -> Self {
        let (oidc, saml) = match connection.protocol {
            Protocol::Oidc(oidc) => (Some(oidc), None),
            Protocol::Saml(saml) => (None, Some(saml)),
        };
        Self {
            id: connection.id,
            display_name: connection.display_name,
            description: connection.description,
            domains: connection.domains,
            oidc,
            saml,
        }
    }
}

/// What is said of a connection to an OpenID Connect provider.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OidcSettings {
    /// The provider.
    pub issuer: Issuer,
    /// Who we are there.
    pub client_id: Audience,
    /// How we prove it.
    pub client_auth: ClientAuth,
    /// What is asked for.
    #[serde(default)]
    pub scopes: Scopes,
    /// How the provider sends its answer.
    #[serde(default)]
    pub response_mode: ResponseMode,
    /// Whether further claims are fetched from the UserInfo endpoint.
    #[serde(default)]
    pub userinfo: bool,
    /// Whether the provider is told the e-mail address that a person gave on the sign-in page, so that it
    /// need not ask for it again (`login_hint`).
    #[serde(default, skip_serializing_if = "is_off")]
    pub login_hint: bool,
    /// How long ago a person may have proved themselves to the provider, in seconds; not asked for
    /// where it is absent.
    #[serde(default)]
    pub max_age: Option<u32>,
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde asks with a reference"
)]
const fn is_off(setting: &bool) -> bool {
    !*setting
}

/// How a client authenticates at the token endpoint (OpenID Connect Core 1.0, section 9).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum ClientAuth {
    /// The secret in the request's body.
    ClientSecretPost {
        /// Where the secret is.
        file: SecretFile,
    },
    /// The secret in the Authorization header.
    ClientSecretBasic {
        /// Where the secret is.
        file: SecretFile,
    },
    /// A signed assertion (RFC 7523).
    PrivateKeyJwt {
        /// A PEM file with a PKCS#8 private key: RSA of 2048 bits or more, P-256, P-384 or Ed25519.
        file: SecretFile,
        /// The `kid` that the provider knows the key by.
        #[serde(default)]
        key_id: Option<KeyId>,
    },
    /// A public client: PKCE alone.
    None,
}

impl ClientAuth {
    /// The file that it needs, if it needs one.
    pub const fn file(&self) -> Option<&SecretFile> {
        match self {
            Self::ClientSecretPost { file }
            | Self::ClientSecretBasic { file }
            | Self::PrivateKeyJwt { file, .. } => Some(file),
            Self::None => None,
        }
    }
}

/// How a provider sends its answer to an authorization request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ResponseMode {
    /// In the redirect's query.
    #[default]
    Query,
    /// In the body of a cross-site POST.
    FormPost,
}

text_type!(
    /// What a connection is called on the sign-in page: 1 to 64 characters without control
    /// characters.
    DisplayName,
    "display name",
    "1 to 64 characters without control characters",
    |text| (1..=64).contains(&text.chars().count()) && !text.chars().any(char::is_control)
);

text_type!(
    /// A note for admins: at most 256 characters without control characters.
    Description,
    "description",
    "at most 256 characters without control characters",
    |text| text.chars().count() <= 256 && !text.chars().any(char::is_control)
);

impl Default for Description {
    fn default() -> Self {
        Self("".into())
    }
}

/// The domains of a connection: at most 100, each as the name system has it, in their order.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(try_from = "Vec<String>", into = "Vec<String>")]
pub struct Domains(BTreeSet<HostName>);

impl Domains {
    const INVALID: InvalidValue = InvalidValue::new(
        "domains",
        "at most 100 domains of e-mail addresses such as \"example.com\", without @ and *",
    );
    const MAX: usize = 100;

    /// The domains, each once.
    pub fn iter(&self) -> impl Iterator<Item = &HostName> {
        self.0.iter()
    }

    /// Whether addresses of this domain lead to the connection: of this very one, and of none below it.
    pub fn has(&self, domain: &HostName) -> bool {
        self.0.contains(domain)
    }

    /// Whether no address leads to it.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl TryFrom<Vec<String>> for Domains {
    type Error = InvalidValue;

    fn try_from(domains: Vec<String>) -> Result<Self, Self::Error> {
        if domains.len() > Self::MAX {
            return Err(Self::INVALID);
        }
        let kept: Option<_> = domains.iter().map(|domain| email_domain(domain)).collect();
        kept.map(Self).ok_or(Self::INVALID)
    }
}

impl From<Domains> for Vec<String> {
    fn from(domains: Domains) -> Self {
        let domains = domains.0.iter().map(HostName::as_str);
        domains.map(str::to_owned).collect()
    }
}

text_type!(
    /// The id of a key: 1 to 256 printable ASCII characters.
    KeyId,
    "key id",
    "1 to 256 printable ASCII characters",
    |text| super::jwks::is_key_id(text)
);

/// The scopes that are asked for: `openid` and at most 31 others, each of 1 to 128 characters of a
/// scope token (RFC 6749, section 3.3).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Vec<String>", into = "Vec<String>")]
pub struct Scopes(Vec<String>);

impl Scopes {
    const INVALID: InvalidValue = InvalidValue::new(
        "scopes",
        "\"openid\" and at most 31 others, each of 1 to 128 printable characters without space, \" and \\",
    );
    const MAX: usize = 32;

    /// The scopes, each once.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }
}

impl Default for Scopes {
    fn default() -> Self {
        Self(["openid", "email", "profile"].map(str::to_owned).into())
    }
}

impl TryFrom<Vec<String>> for Scopes {
    type Error = InvalidValue;

    fn try_from(mut scopes: Vec<String>) -> Result<Self, Self::Error> {
        let is_token = |scope: &String| {
            (1..=128).contains(&scope.len())
                && scope
                    .bytes()
                    .all(|byte| byte.is_ascii_graphic() && byte != b'"' && byte != b'\\')
        };
        let good = scopes.len() <= Self::MAX
            && scopes.iter().any(|scope| scope == "openid")
            && scopes.iter().all(is_token);
        if !good {
            return Err(Self::INVALID);
        }
        let mut seen = BTreeSet::new();
        scopes.retain(|scope| seen.insert(scope.clone()));
        Ok(Self(scopes))
    }
}

impl From<Scopes> for Vec<String> {
    fn from(scopes: Scopes) -> Self {
        scopes.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = r#"
id = "meridale"
display_name = "Meridale"
[oidc]
issuer = "https://login.meridale.example"
client_id = "rolegate"
client_auth = { private_key_jwt = { file = "/run/secrets/key.pem", key_id = "k1" } }
scopes = ["openid", "groups", "openid"]
response_mode = "form_post"
"#;

    #[test]
    fn reads_what_it_writes() {
        let settings: ConnectionSettings = toml::from_str(GOOD).unwrap();
        let oidc = settings.oidc().unwrap().settings;
        assert_eq!(oidc.response_mode, ResponseMode::FormPost);
        assert_eq!(oidc.scopes.iter().collect::<Vec<_>>(), ["openid", "groups"]);
        let written = toml::to_string(&settings).unwrap();
        assert_eq!(
            toml::from_str::<ConnectionSettings>(&written).unwrap(),
            settings
        );
    }

    #[test]
    fn a_public_client_is_one_word() {
        let text = GOOD.replace(
            r#"{ private_key_jwt = { file = "/run/secrets/key.pem", key_id = "k1" } }"#,
            r#""none""#,
        );
        let settings: ConnectionSettings = toml::from_str(&text).unwrap();
        let oidc = settings.oidc().unwrap().settings;
        assert_eq!(oidc.client_auth, ClientAuth::None);
    }

    #[test]
    fn a_wrong_value_is_named() {
        for (from, to, why) in [
            (
                r#""openid", "groups", "openid""#,
                r#""groups""#,
                "scopes must be",
            ),
            (r#""groups""#, r#""gro ups""#, "scopes must be"),
            (
                "id = \"meridale\"",
                "id = \"Meridale\"",
                "connection id must be",
            ),
            ("/run/secrets/key.pem", "../key.pem", "secret file must be"),
            ("https://login", "ftp://login", "issuer must be"),
            ("form_post", "fragment", "unknown variant `fragment`"),
            ("key_id", "secret", "unexpected keys in table: secret"),
            ("response_mode", "userinf", "unknown field `userinf`"),
            ("display_name", "name", "unknown field `name`"),
            ("[oidc]", "[ldap]", "unknown field `ldap`"),
            ("[oidc]", "[saml]", "unknown field `client_auth`"),
            ("[oidc]", "", "unknown field `client_auth`"),
        ] {
            let error = toml::from_str::<ConnectionSettings>(&GOOD.replace(from, to)).unwrap_err();
            assert!(error.to_string().contains(why), "{error}");
        }
    }

    #[test]
    fn domains_are_kept_as_the_name_system_has_them() {
        let text = GOOD.replace(
            "[oidc]",
            r#"domains = ["Meridale.Example", "müller.example.", "meridale.example"]
[oidc]
login_hint = true"#,
        );
        let settings: ConnectionSettings = toml::from_str(&text).unwrap();
        let domains: Vec<&str> = settings.domains.iter().map(HostName::as_str).collect();
        assert_eq!(domains, ["meridale.example", "xn--mller-kva.example"]);
        assert!(settings.domains.has(&"meridale.example".parse().unwrap()));
        assert!(
            !settings
                .domains
                .has(&"ext.meridale.example".parse().unwrap())
        );
        let written = toml::to_string(&settings).unwrap();
        let read: ConnectionSettings = toml::from_str(&written).unwrap();
        assert_eq!(read, settings);
        assert!(read.oidc().unwrap().settings.login_hint);
    }

    #[test]
    fn what_is_no_domain_is_refused() {
        let many: Vec<String> = (0..=Domains::MAX)
            .map(|number| format!("d{number}.example"))
            .collect();
        assert_eq!(Domains::try_from(many), Err(Domains::INVALID));
        for domain in ["", "*.meridale.example", "@meridale.example", "meridale"] {
            let domains = Domains::try_from(vec![domain.to_owned()]);
            assert_eq!(domains, Err(Domains::INVALID), "{domain}");
        }
    }

    const SAML: &str = r#"
id = "meridale"
display_name = "Meridale"
[saml]
entity_id = "https://login.meridale.example"
metadata = "upload"
"#;

    #[test]
    fn a_connection_speaks_one_protocol() {
        let (none, _) = GOOD.split_once("[oidc]").unwrap();
        let (_, saml) = SAML.split_once("[saml]").unwrap();
        for text in [none, &[GOOD, "[saml]", saml].concat()] {
            let error = toml::from_str::<ConnectionSettings>(text).unwrap_err();
            let why = "connection must be of one protocol: a table [oidc] or a table [saml]";
            assert!(error.to_string().contains(why), "{error}");
        }
    }

    #[test]
    fn a_connection_is_of_an_issuer_of_its_own_protocol_only() {
        let oidc: ConnectionSettings = toml::from_str(GOOD).unwrap();
        let saml: ConnectionSettings = toml::from_str(SAML).unwrap();
        assert!(oidc.is_of(&oidc.issuer()) && saml.is_of(&saml.issuer()));
        assert_eq!(oidc.issuer().as_str(), saml.issuer().as_str());
        assert!(!oidc.is_of(&saml.issuer()) && !saml.is_of(&oidc.issuer()));
        assert!(oidc.oidc().is_some() && oidc.saml().is_none());
        assert!(saml.oidc().is_none() && saml.saml().is_some());
    }
}
