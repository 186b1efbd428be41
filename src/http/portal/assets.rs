//! The portal's static files, inside the binary.
//!
//! Pages link them with a hash of their bytes (`/static/portal.css?v=…`), so such an address may be
//! cached for a year; the bare address is cached for five minutes.

use std::sync::LazyLock;

use aws_lc_rs::digest;
use data_encoding::BASE64URL_NOPAD;

use super::compress;

/// The tokens: colours, sizes, times.
pub static TOKENS: LazyLock<StaticFile> = LazyLock::new(|| {
    StaticFile::new(
        "tokens.css",
        CSS,
        include_bytes!("../../../static/tokens.css"),
    )
});
/// The rules of the pages.
pub static PORTAL: LazyLock<StaticFile> = LazyLock::new(|| {
    StaticFile::new(
        "portal.css",
        CSS,
        include_bytes!("../../../static/portal.css"),
    )
});
/// What script adds.
pub static SCRIPT: LazyLock<StaticFile> = LazyLock::new(|| {
    StaticFile::new(
        "portal.js",
        "text/javascript; charset=utf-8",
        include_bytes!("../../../static/portal.js"),
    )
});
/// How roles are looked for.
pub static ROLE_SEARCH: LazyLock<StaticFile> = LazyLock::new(|| {
    StaticFile::new(
        "role-search.js",
        "text/javascript; charset=utf-8",
        include_bytes!("../../../static/role-search.js"),
    )
});
/// What script adds to the list of roles.
pub static ROLES: LazyLock<StaticFile> = LazyLock::new(|| {
    StaticFile::new(
        "roles.js",
        "text/javascript; charset=utf-8",
        include_bytes!("../../../static/roles.js"),
    )
});
/// What leaves for an identity provider without a click.
pub static LEAVE: LazyLock<StaticFile> = LazyLock::new(|| {
    StaticFile::new(
        "leave.js",
        "text/javascript; charset=utf-8",
        include_bytes!("../../../static/leave.js"),
    )
});
/// The icons, one `<symbol>` each.
pub static ICONS: LazyLock<StaticFile> = LazyLock::new(|| {
    StaticFile::new(
        "icons.svg",
        SVG,
        include_bytes!("../../../static/icons.svg"),
    )
});
/// The mark in the browser's tab.
pub static FAVICON: LazyLock<StaticFile> = LazyLock::new(|| {
    StaticFile::new(
        "favicon.svg",
        SVG,
        include_bytes!("../../../static/favicon.svg"),
    )
});

const CSS: &str = "text/css; charset=utf-8";
const SVG: &str = "image/svg+xml";
/// Bytes of SHA-256 that a version keeps: 96 bits, enough to tell releases apart.
const VERSION_BYTES: usize = 12;

/// How a file's bytes are sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Coding {
    /// As they are.
    Identity,
    /// Compressed.
    Gzip,
}

/// A file that is served under `/static/`.
#[derive(Debug)]
pub struct StaticFile {
    /// The name below `/static/`.
    pub name: &'static str,
    /// What `Content-Type` says.
    pub content_type: &'static str,
    /// The file.
    pub bytes: &'static [u8],
    /// The file as gzip; empty where that is no shorter.
    pub gzip: Vec<u8>,
    /// A hash of the bytes, in characters that a URL takes as they are.
    pub version: String,
    /// Where pages link it, version included.
    pub href: String,
}

impl StaticFile {
    /// The file of this name, where there is one.
    pub fn named(name: &str) -> Option<&'static Self> {
        let files = [
            &TOKENS,
            &PORTAL,
            &SCRIPT,
            &ROLE_SEARCH,
            &ROLES,
            &LEAVE,
            &ICONS,
            &FAVICON,
        ];
        files
            .into_iter()
            .map(|file| &**file)
            .find(|file| file.name == name)
    }

    /// A strong entity tag (RFC 9110, section 8.8.3), quotes included: the file's, or its gzip's.
    pub fn etag(&self, coding: Coding) -> String {
        let end = match coding {
            Coding::Identity => "\"",
            Coding::Gzip => "-gzip\"",
        };
        ["\"", &self.version, end].concat()
    }

    /// The bytes in this coding.
    pub fn coded(&'static self, coding: Coding) -> &'static [u8] {
        match coding {
            Coding::Identity => self.bytes,
            Coding::Gzip => &self.gzip,
        }
    }

    /// What `Cache-Control` says to a request with this `v` parameter.
    pub fn cache_control(&self, version: Option<&str>) -> &'static str {
        if version == Some(&*self.version) {
            "public, max-age=31536000, immutable"
        } else {
            "public, max-age=300"
        }
    }

    fn new(name: &'static str, content_type: &'static str, bytes: &'static [u8]) -> Self {
        let hash = digest::digest(&digest::SHA256, bytes);
        let kept = hash.as_ref().get(..VERSION_BYTES).unwrap_or_default();
        let version = BASE64URL_NOPAD.encode(kept);
        let gzip = Some(compress::best(bytes));
        let gzip = gzip.filter(|gzip| gzip.len() < bytes.len());
        let href = ["/static/", name, "?v=", &version].concat();
        Self {
            name,
            content_type,
            bytes,
            gzip: gzip.unwrap_or_default(),
            version,
            href,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_listed_names_are_served() {
        assert_eq!(
            StaticFile::named("portal.js").map(|file| file.content_type),
            Some("text/javascript; charset=utf-8")
        );
        for name in [
            "",
            "portal.css ",
            "../Cargo.toml",
            "Portal.css",
            "/tokens.css",
        ] {
            assert!(StaticFile::named(name).is_none(), "{name}");
        }
    }

    #[test]
    fn only_the_right_version_is_kept_for_a_year() {
        let year = "public, max-age=31536000, immutable";
        assert_eq!(ICONS.cache_control(Some(&ICONS.version)), year);
        assert_eq!(ICONS.cache_control(None), "public, max-age=300");
        assert_eq!(
            ICONS.cache_control(Some(&PORTAL.version)),
            "public, max-age=300"
        );
    }

    #[test]
    fn address_and_tag_carry_the_version() {
        assert_eq!(TOKENS.version.len(), 16);
        assert_eq!(
            TOKENS.href,
            format!("/static/tokens.css?v={}", TOKENS.version)
        );
        let version = &TOKENS.version;
        assert_eq!(TOKENS.etag(Coding::Identity), format!("\"{version}\""));
        assert_eq!(TOKENS.etag(Coding::Gzip), format!("\"{version}-gzip\""));
    }

    #[test]
    fn only_the_tokens_name_a_colour() {
        let rules = std::str::from_utf8(PORTAL.bytes).unwrap();
        for (number, line) in rules.lines().enumerate() {
            let colour = ["rgb(", "hsl(", "light-dark(", ": #"]
                .iter()
                .any(|sign| line.contains(sign));
            assert!(!colour, "portal.css:{}", number + 1);
        }
    }

    #[test]
    fn every_token_that_is_used_is_defined() {
        let tokens = std::str::from_utf8(TOKENS.bytes).unwrap();
        let rules = std::str::from_utf8(PORTAL.bytes).unwrap();
        for used in rules.split("var(").skip(1) {
            let name = used.split(')').next().unwrap();
            assert!(tokens.contains(&format!("{name}:")), "{name}");
        }
    }
}
