//! Where a provider's metadata comes from.

use std::fmt;

use serde::de::value::MapAccessDeserializer;
use serde::de::{Error as _, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::domain::{InvalidValue, Issuer, text_type};
use crate::federation::saml::vocabulary::{has_same_origin, is_web_address};
use crate::federation::secret_file::SecretFile;

/// Where a connection's metadata comes from: `"upload"`, `{ url = "…", refresh_seconds = 45 }` or
/// `{ file = "…" }`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MetadataSource {
    /// It stands in the directory, as `<id>.metadata.xml` beside the connection.
    Upload,
    /// It is fetched.
    Url {
        /// From here.
        url: MetadataUrl,
        /// So often.
        refresh: RefreshInterval,
    },
    /// It stands in a file of the node, in the folder of secret files, and is read again when it
    /// changes.
    File(SecretFile),
}

impl MetadataSource {
    /// Whether both are the same place, however often it is asked.
    pub fn is_same_place(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Upload, Self::Upload) => true,
            (Self::Url { url, .. }, Self::Url { url: other, .. }) => url == other,
            (Self::File(file), Self::File(other)) => file == other,
            (Self::Upload | Self::Url { .. } | Self::File(_), _) => false,
        }
    }
}

text_type!(
    /// Where metadata is fetched: an https URL, or http where the node allows it, of at most 1,024
    /// visible ASCII characters without user info and fragment.
    MetadataUrl,
    "metadata url",
    "an https URL of at most 1024 characters without user info and fragment",
    |text| is_metadata_url(text)
);

impl MetadataUrl {
    /// Whether an issuer is at the same scheme, host and port.
    pub fn has_origin_of(&self, issuer: &Issuer) -> bool {
        has_same_origin(self.as_str(), issuer.as_str())
    }

    /// Whether the URL is plain `http`.
    pub fn is_plain_http(&self) -> bool {
        self.as_str().starts_with("http://")
    }
}

fn is_metadata_url(text: &str) -> bool {
    text.len() <= 1024
        && text.bytes().all(|byte| (0x21..0x7f).contains(&byte))
        && is_web_address(text)
        && !text.contains(['@', '#', '\\'])
        && url::Url::parse(text).is_ok_and(|url| url.has_host())
}

/// How often metadata is fetched: every 10 to 86,400 seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "u32", into = "u32")]
pub struct RefreshInterval(u32);

impl RefreshInterval {
    /// The interval in seconds.
    pub const fn seconds(self) -> u32 {
        self.0
    }
}

impl Default for RefreshInterval {
    /// 45 seconds, so that a provider's new key counts within a minute and a half.
    fn default() -> Self {
        Self(45)
    }
}

impl TryFrom<u32> for RefreshInterval {
    type Error = InvalidValue;

    fn try_from(seconds: u32) -> Result<Self, Self::Error> {
        if (10..=86_400).contains(&seconds) {
            Ok(Self(seconds))
        } else {
            Err(InvalidValue::new("refresh_seconds", "10 to 86400"))
        }
    }
}

impl From<RefreshInterval> for u32 {
    fn from(interval: RefreshInterval) -> Self {
        interval.0
    }
}

const UPLOAD: &str = "upload";
const SHAPE: &str = "\"upload\", { url = \"…\" } or { file = \"…\" }";

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    url: Option<MetadataUrl>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    refresh_seconds: Option<RefreshInterval>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    file: Option<SecretFile>,
}

impl Serialize for MetadataSource {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (url, refresh_seconds, file) = match self {
            Self::Upload => return serializer.serialize_str(UPLOAD),
            Self::Url { url, refresh } => (Some(url.clone()), Some(*refresh), None),
            Self::File(file) => (None, None, Some(file.clone())),
        };
        let written = Written {
            url,
            refresh_seconds,
            file,
        };
        written.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for MetadataSource {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(WordOrTable)
    }
}

struct WordOrTable;

impl<'de> Visitor<'de> for WordOrTable {
    type Value = MetadataSource;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(SHAPE)
    }

    fn visit_str<E: serde::de::Error>(self, word: &str) -> Result<Self::Value, E> {
        if word == UPLOAD {
            Ok(MetadataSource::Upload)
        } else {
            Err(E::custom(InvalidValue::new("metadata", SHAPE)))
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
        let written = Written::deserialize(MapAccessDeserializer::new(map))?;
        match (written.url, written.refresh_seconds, written.file) {
            (Some(url), refresh, None) => Ok(MetadataSource::Url {
                url,
                refresh: refresh.unwrap_or_default(),
            }),
            (None, None, Some(file)) => Ok(MetadataSource::File(file)),
            _ => Err(A::Error::custom(InvalidValue::new("metadata", SHAPE))),
        }
    }
}
