//! Amazon Resource Names.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::str::FromStr;

use super::text::{Parts, is_aws_word, serde_as_text, text_type};
use super::{AccountId, GroupName, InvalidValue, Partition, UserName};

text_type!(
    /// The name of a role: 1 to 64 of `[\w+=,.@-]` (`roleNameType` of the IAM model).
    RoleName,
    "role name",
    "1 to 64 of A-Z a-z 0-9 _ + = , . @ -",
    |text| (1..=64).contains(&text.len()) && is_aws_word(text)
);

text_type!(
    /// Where a role, user or policy stands in its account: `/` or `/a/b/`, at most 512 characters
    /// (`pathType` of the IAM model).
    IamPath,
    "path",
    "/ or /…/ of printable ASCII, at most 512 characters",
    |text| text.len() <= 512
        && text.starts_with('/')
        && text.ends_with('/')
        && text.bytes().all(|byte| (0x21..0x7f).contains(&byte))
        && !text.as_bytes().windows(2).any(|pair| pair == b"//")
);

impl IamPath {
    /// The path `/`.
    pub fn root() -> Self {
        Self("/".into())
    }
}

/// Any ARN: six parts, the last of which may hold further colons.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Arn<'a> {
    /// `aws`, `aws-cn`, …
    pub partition: &'a str,
    /// `iam`, `sts`, …
    pub service: &'a str,
    /// Empty where the resource has none.
    pub region: &'a str,
    /// Empty where the resource has none.
    pub account: &'a str,
    /// All that follows the fifth colon; never empty.
    pub resource: &'a str,
}

impl<'a> Arn<'a> {
    /// Splits an ARN.
    ///
    /// # Errors
    /// Where it doesn't begin with `arn:`, has fewer than six parts, an empty partition or service,
    /// or an empty resource.
    pub fn parse(text: &'a str) -> Result<Self, InvalidValue> {
        const INVALID: InvalidValue = InvalidValue::new(
            "ARN",
            "of the form arn:partition:service:region:account:resource",
        );
        let mut parts = Parts::of(text, b':');
        let mut next = || parts.next().ok_or(INVALID);
        if next()? != "arn" {
            return Err(INVALID);
        }
        let arn = Self {
            partition: next()?,
            service: next()?,
            region: next()?,
            account: next()?,
            resource: parts.rest().ok_or(INVALID)?,
        };
        if arn.partition.is_empty() || arn.service.is_empty() || arn.resource.is_empty() {
            return Err(INVALID);
        }
        Ok(arn)
    }
}

/// The ARN of a role: `arn:aws:iam::123456789012:role/path/Name`.
///
/// A call copies half a dozen of them, so that path and name are places in the one text.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct RoleArn {
    text: Box<str>,
    partition: Partition,
    account: AccountId,
    path_at: usize,
    name_at: usize,
}

/// The text has every part in it.
impl Hash for RoleArn {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        self.text.hash(hasher);
    }
}

impl RoleArn {
    const INVALID: InvalidValue = InvalidValue::new(
        "role ARN",
        "of the form arn:aws:iam::123456789012:role/path/Name",
    );

    /// Builds the ARN from its parts.
    pub fn new(partition: Partition, account: AccountId, path: &IamPath, name: &RoleName) -> Self {
        let text: Box<str> = format!("arn:{partition}:iam::{account}:role{path}{name}").into();
        let name_at = text.len() - name.as_str().len();
        Self {
            partition,
            account,
            path_at: name_at - path.as_str().len(),
            name_at,
            text,
        }
    }

    /// The whole ARN.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The partition.
    pub const fn partition(&self) -> Partition {
        self.partition
    }

    /// The account that the role belongs to.
    pub const fn account(&self) -> AccountId {
        self.account
    }

    /// The path, `/` where there is none.
    pub fn path(&self) -> &str {
        self.text
            .get(self.path_at..self.name_at)
            .unwrap_or_default()
    }

    /// The name without the path.
    pub fn name(&self) -> &str {
        self.text.get(self.name_at..).unwrap_or_default()
    }
}

serde_as_text!(RoleArn);

impl FromStr for RoleArn {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let arn = Arn::parse(text).map_err(|_| Self::INVALID)?;
        let resource = arn.resource.strip_prefix("role").ok_or(Self::INVALID)?;
        let slash_at = memchr::memrchr(b'/', resource.as_bytes()).ok_or(Self::INVALID)?;
        let name_at = slash_at + 1;
        let (path, name) = resource.split_at_checked(name_at).ok_or(Self::INVALID)?;
        if arn.service != "iam" || !arn.region.is_empty() {
            return Err(Self::INVALID);
        }
        let (partition, account) = (arn.partition.parse()?, arn.account.parse()?);
        IamPath::check(path)?;
        RoleName::check(name)?;
        // Every part has one spelling, so that the text is what `new` would build from them.
        Ok(Self {
            partition,
            account,
            path_at: text.len() - resource.len(),
            name_at: text.len() - name.len(),
            text: text.into(),
        })
    }
}

impl fmt::Display for RoleArn {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.text)
    }
}

/// The ARN of a user: `arn:aws:iam::123456789012:user/path/Name`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserArn {
    text: Box<str>,
    partition: Partition,
    account: AccountId,
    path: IamPath,
    name: UserName,
}

impl UserArn {
    const INVALID: InvalidValue = InvalidValue::new(
        "user ARN",
        "of the form arn:aws:iam::123456789012:user/path/Name",
    );

    /// The whole ARN.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The partition.
    pub const fn partition(&self) -> Partition {
        self.partition
    }

    /// The account that the user belongs to.
    pub const fn account(&self) -> AccountId {
        self.account
    }

    /// The path, `/` where there is none.
    pub const fn path(&self) -> &IamPath {
        &self.path
    }

    /// The name without the path.
    pub const fn name(&self) -> &UserName {
        &self.name
    }
}

serde_as_text!(UserArn);

impl FromStr for UserArn {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let arn = Arn::parse(text).map_err(|_| Self::INVALID)?;
        let resource = arn.resource.strip_prefix("user").ok_or(Self::INVALID)?;
        let name_at = resource.rfind('/').ok_or(Self::INVALID)? + 1;
        let (path, name) = resource.split_at_checked(name_at).ok_or(Self::INVALID)?;
        if arn.service != "iam" || !arn.region.is_empty() {
            return Err(Self::INVALID);
        }
        Ok(Self {
            text: text.into(),
            partition: arn.partition.parse()?,
            account: arn.account.parse()?,
            path: path.parse()?,
            name: name.parse()?,
        })
    }
}

/// The ARN of a group: `arn:aws:iam::123456789012:group/path/Name`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupArn {
    text: Box<str>,
    name: GroupName,
}

impl GroupArn {
    const INVALID: InvalidValue = InvalidValue::new(
        "group ARN",
        "of the form arn:aws:iam::123456789012:group/path/Name",
    );

    /// The whole ARN.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The name without the path.
    pub const fn name(&self) -> &GroupName {
        &self.name
    }
}

impl FromStr for GroupArn {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let arn = Arn::parse(text).map_err(|_| Self::INVALID)?;
        let resource = arn.resource.strip_prefix("group").ok_or(Self::INVALID)?;
        let name_at = resource.rfind('/').ok_or(Self::INVALID)? + 1;
        let (path, name) = resource.split_at_checked(name_at).ok_or(Self::INVALID)?;
        if arn.service != "iam" || !arn.region.is_empty() {
            return Err(Self::INVALID);
        }
        arn.partition.parse::<Partition>()?;
        arn.account.parse::<AccountId>()?;
        IamPath::check(path)?;
        Ok(Self {
            text: text.into(),
            name: name.parse()?,
        })
    }
}

/// The ARN of an account's OpenID Connect provider:
/// `arn:aws:iam::123456789012:oidc-provider/idp.example.com/path`.
///
/// The name is the issuer without its scheme; a port is kept.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OidcProviderArn {
    text: Box<str>,
    account: AccountId,
    name_at: usize,
}

impl OidcProviderArn {
    const INVALID: InvalidValue = InvalidValue::new(
        "OpenID Connect provider ARN",
        "of the form arn:aws:iam::123456789012:oidc-provider/idp.example.com",
    );

    /// Builds the ARN of the provider called `name` (an issuer without its scheme).
    pub fn new(partition: Partition, account: AccountId, name: &str) -> Self {
        let prefix = format!("arn:{partition}:iam::{account}:oidc-provider/");
        let name_at = prefix.len();
        Self {
            text: (prefix + name).into(),
            account,
            name_at,
        }
    }

    /// The whole ARN.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The account that made the provider.
    pub const fn account(&self) -> AccountId {
        self.account
    }

    /// The issuer without its scheme, e.g. `idp.example.com/path`.
    pub fn name(&self) -> &str {
        self.text.get(self.name_at..).unwrap_or_default()
    }
}

serde_as_text!(OidcProviderArn);

impl FromStr for OidcProviderArn {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let arn = Arn::parse(text).map_err(|_| Self::INVALID)?;
        let name = arn
            .resource
            .strip_prefix("oidc-provider/")
            .ok_or(Self::INVALID)?;
        let printable = name.bytes().all(|byte| (0x21..0x7f).contains(&byte));
        if arn.service != "iam" || !arn.region.is_empty() || name.is_empty() || !printable {
            return Err(Self::INVALID);
        }
        arn.partition.parse::<Partition>()?;
        Ok(Self {
            text: text.into(),
            account: arn.account.parse()?,
            name_at: text.len() - name.len(),
        })
    }
}

impl fmt::Display for OidcProviderArn {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.text)
    }
}

text_type!(
    /// The name of an account's SAML provider: 1 to 128 of `[\w._-]` (`SAMLProviderNameType` of the
    /// IAM model).
    SamlProviderName,
    "SAML provider name",
    "1 to 128 of A-Z a-z 0-9 . _ -",
    |text| (1..=128).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
);

/// The ARN of an account's SAML provider: `arn:aws:iam::123456789012:saml-provider/Name`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SamlProviderArn {
    text: Box<str>,
    account: AccountId,
    name: SamlProviderName,
}

impl SamlProviderArn {
    const INVALID: InvalidValue = InvalidValue::new(
        "SAML provider ARN",
        "of the form arn:aws:iam::123456789012:saml-provider/Name",
    );

    /// Builds the ARN from its parts.
    pub fn new(partition: Partition, account: AccountId, name: SamlProviderName) -> Self {
        let text = format!("arn:{partition}:iam::{account}:saml-provider/{name}").into();
        Self {
            text,
            account,
            name,
        }
    }

    /// The whole ARN.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The account that made the provider.
    pub const fn account(&self) -> AccountId {
        self.account
    }

    /// The provider's name.
    pub const fn name(&self) -> &SamlProviderName {
        &self.name
    }
}

impl FromStr for SamlProviderArn {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let arn = Arn::parse(text).map_err(|_| Self::INVALID)?;
        let name = arn.resource.strip_prefix("saml-provider/");
        let name = name.ok_or(Self::INVALID)?;
        if arn.service != "iam" || !arn.region.is_empty() {
            return Err(Self::INVALID);
        }
        arn.partition.parse::<Partition>()?;
        Ok(Self {
            text: text.into(),
            account: arn.account.parse()?,
            name: name.parse()?,
        })
    }
}

serde_as_text!(SamlProviderArn);

impl fmt::Display for SamlProviderArn {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.text)
    }
}

/// The ARN of an account's identity provider, whatever its protocol.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ProviderArn {
    /// OpenID Connect.
    Oidc(OidcProviderArn),
    /// SAML 2.0.
    Saml(SamlProviderArn),
}

impl ProviderArn {
    const INVALID: InvalidValue = InvalidValue::new(
        "provider ARN",
        "of the form arn:aws:iam::123456789012:oidc-provider/idp.example.com or …:saml-provider/Name",
    );

    /// The whole ARN.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Oidc(arn) => arn.as_str(),
            Self::Saml(arn) => arn.as_str(),
        }
    }

    /// The account that made the provider.
    pub const fn account(&self) -> AccountId {
        match self {
            Self::Oidc(arn) => arn.account(),
            Self::Saml(arn) => arn.account(),
        }
    }
}

impl From<OidcProviderArn> for ProviderArn {
    fn from(arn: OidcProviderArn) -> Self {
        Self::Oidc(arn)
    }
}

impl From<SamlProviderArn> for ProviderArn {
    fn from(arn: SamlProviderArn) -> Self {
        Self::Saml(arn)
    }
}

impl FromStr for ProviderArn {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let arn = Arn::parse(text).map_err(|_| Self::INVALID)?;
        if arn.resource.starts_with("oidc-provider/") {
            text.parse().map(Self::Oidc)
        } else if arn.resource.starts_with("saml-provider/") {
            text.parse().map(Self::Saml)
        } else {
            Err(Self::INVALID)
        }
    }
}

serde_as_text!(ProviderArn);

impl fmt::Display for ProviderArn {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn role_arn_splits_path_and_name() {
        let arn: RoleArn = "arn:aws:iam::123456789012:role/eng/data/Reader"
            .parse()
            .unwrap();
        assert_eq!(arn.path(), "/eng/data/");
        assert_eq!(arn.name(), "Reader");
        assert_eq!(
            arn.to_string(),
            "arn:aws:iam::123456789012:role/eng/data/Reader"
        );
    }

    #[test]
    fn role_arn_is_the_same_of_its_parts_and_of_its_text() {
        for (path, name) in [("/", "Reader"), ("/eng/data/", "a")] {
            let account = "123456789012".parse().unwrap();
            let (own_path, own_name) = (path.parse().unwrap(), name.parse().unwrap());
            let arn = RoleArn::new(Partition::Aws, account, &own_path, &own_name);
            assert_eq!(arn.as_str().parse(), Ok(arn.clone()));
            assert_eq!((arn.path(), arn.name()), (path, name));
        }
    }

    #[test]
    fn role_arn_is_only_a_role() {
        for bad in [
            "arn:aws:iam::123456789012:user/x",
            "arn:aws:iam::123456789012:role/",
            "arn:aws:iam::123456789012:role",
            "arn:aws:iam::123456789012:rolex/y",
            "arn:aws:iam:eu-west-1:123456789012:role/x",
            "arn:aws:iam::12345678901:role/x",
            "arn:aws:iam::123456789012:role//x",
            "arn:aws:iam::123456789012:role/a b",
            "arn:evil:iam::123456789012:role/x",
        ] {
            assert!(bad.parse::<RoleArn>().is_err(), "{bad}");
        }
    }

    #[test]
    fn group_arn_is_only_a_group() {
        let arn: GroupArn = "arn:aws:iam::123456789012:group/a/Team".parse().unwrap();
        assert_eq!(arn.name().as_str(), "Team");
        for bad in [
            "arn:aws:iam::123456789012:user/Team",
            "arn:aws:iam::123456789012:group/",
            "arn:aws:iam::123456789012:groups/Team",
            "arn:aws:iam::123456789012:group//Team",
            "arn:aws:iam:eu-west-1:123456789012:group/Team",
            "arn:aws:sts::123456789012:group/Team",
            "arn:aws:iam::12345678901:group/Team",
            "arn:evil:iam::123456789012:group/Team",
        ] {
            assert!(bad.parse::<GroupArn>().is_err(), "{bad}");
        }
    }

    #[test]
    fn provider_arn_keeps_the_port() {
        let arn: OidcProviderArn = "arn:aws:iam::123456789012:oidc-provider/127.0.0.1:18999"
            .parse()
            .unwrap();
        assert_eq!(arn.name(), "127.0.0.1:18999");
    }

    #[test]
    fn a_provider_arn_tells_its_protocol() {
        let oidc = "arn:aws:iam::123456789012:oidc-provider/idp.example.com/saml-provider/x";
        let saml = "arn:aws:iam::123456789012:saml-provider/Meridale_1.a-b";
        assert_eq!(oidc.parse(), Ok(ProviderArn::Oidc(oidc.parse().unwrap())));
        assert_eq!(saml.parse(), Ok(ProviderArn::Saml(saml.parse().unwrap())));
        for arn in [oidc, saml] {
            let read: ProviderArn = arn.parse().unwrap();
            let written = serde_json::to_string(&read).unwrap();
            assert_eq!(written, format!("\"{arn}\""));
            assert_eq!(serde_json::from_str::<ProviderArn>(&written).unwrap(), read);
        }
    }

    #[test]
    fn saml_provider_arn_has_one_spelling() {
        let arn: SamlProviderArn = "arn:aws:iam::123456789012:saml-provider/Name"
            .parse()
            .unwrap();
        let (account, name) = (arn.account(), arn.name().clone());
        assert_eq!(SamlProviderArn::new(Partition::Aws, account, name), arn);
        let long = format!(
            "arn:aws:iam::123456789012:saml-provider/{}",
            "x".repeat(129)
        );
        for bad in [
            "arn:aws:iam::123456789012:saml-provider/",
            "arn:aws:iam::123456789012:saml-provider",
            "arn:aws:iam::123456789012:saml-provider/a/b",
            "arn:aws:iam::123456789012:saml-provider/a b",
            "arn:aws:iam::123456789012:saml-provider/a+b",
            "arn:aws:sts::123456789012:saml-provider/a",
            "arn:aws:iam:eu-west-1:123456789012:saml-provider/a",
            "arn:aws:iam::12345678901:saml-provider/a",
            "arn:evil:iam::123456789012:saml-provider/a",
            "arn:aws:iam::123456789012:role/a",
            &long,
        ] {
            assert!(bad.parse::<SamlProviderArn>().is_err(), "{bad}");
            assert!(bad.parse::<ProviderArn>().is_err(), "{bad}");
        }
    }
}
