//! Credentials as text to paste: shells, a profile, JSON.
//!
//! Every value that goes into a text is `Graphic` first: visible ASCII without spaces. So no value
//! can end a line, hide in a terminal's control sequence or start a comment in a profile; what is
//! left, the shells' own quotes, each writer escapes by its shell's rule.

use serde::Serialize;

use crate::domain::{Credentials, Region, RoleArn, Secret};

/// One set of credentials in every format.
pub struct Formats {
    /// `export` lines for POSIX shells (bash, zsh).
    pub bash: Snippet,
    /// `set -gx` lines for fish.
    pub fish: Snippet,
    /// `$Env:` lines for PowerShell.
    pub power_shell: Snippet,
    /// A profile for `~/.aws/credentials`.
    pub profile: Snippet,
    /// What the profile needs beside it in `~/.aws/config`: a credentials file holds keys only.
    pub config: Snippet,
    /// What a `credential_process` prints (version 1), which is also how AssumeRole names its parts.
    pub json: Snippet,
    /// A command for POSIX shells that keeps the JSON in a file that only its owner reads.
    pub process: Snippet,
    /// The profile in `~/.aws/config` whose `credential_process` prints that file.
    pub process_config: Snippet,
}

/// What the formats are made of.
pub struct Source<'a> {
    /// The keys.
    pub credentials: &'a Credentials,
    /// Where the gateway's STS answers: `public_url`.
    pub sts_url: &'a str,
    /// The region that clients sign for.
    pub region: &'a Region,
    /// What the profile is called.
    pub profile: &'a ProfileName,
}

/// A value can't be pasted safely: it is empty or not visible ASCII.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{what} is empty or holds something other than visible ASCII")]
pub struct NotGraphic {
    /// Which value.
    pub what: &'static str,
}

impl Formats {
    /// Writes the credentials in every format.
    ///
    /// # Errors
    /// [`NotGraphic`] where a key, the token or the URL can't be pasted safely.
    pub fn new(source: &Source<'_>) -> Result<Self, NotGraphic> {
        let parts = Parts::new(source)?;
        let variables = parts.variables();
        Ok(Self {
            bash: Snippet(variables.map(|(name, value)| posix(name, value)).into()),
            fish: Snippet(variables.map(|(name, value)| fish(name, value)).into()),
            power_shell: Snippet(
                variables
                    .map(|(name, value)| power_shell(name, value))
                    .into(),
            ),
            profile: parts.profile(source.profile),
            config: parts.config(source.profile),
            process: process(source.profile, source.credentials),
            process_config: parts.process_config(source.profile),
            json: json(source.credentials),
        })
    }
}

/// Text to paste, line by line.
pub struct Snippet(Vec<Line>);

impl Snippet {
    /// The lines, each without its line break.
    pub fn lines(&self) -> &[Line] {
        &self.0
    }
}

/// One line: what a reader scans for, then the rest. The text is both, one after the other.
pub struct Line {
    /// A keyword, variable or setting; may be empty.
    pub lead: String,
    /// All that follows.
    pub rest: Secret<String>,
}

impl Line {
    fn new(lead: impl Into<String>, rest: &[&str]) -> Self {
        Self {
            lead: lead.into(),
            rest: Secret::new(rest.concat()),
        }
    }
}

/// The name of a profile: 1 to 128 of `[a-z0-9-]`, never `default`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProfileName(Box<str>);

impl ProfileName {
    /// No profile name is longer.
    pub const MAX_CHARS: usize = 128;

    /// The name for a role in an account with this alias: `payments-prod-support-readonly`.
    ///
    /// The role's path is in it, so that two roles of one name don't overwrite each other. Without
    /// an alias the account's number stands there.
    pub fn of(alias: Option<&str>, role: &RoleArn) -> Self {
        let number = role.account().to_string();
        let alias = alias.map(slug).filter(|alias| !alias.is_empty());
        let account = alias.unwrap_or(number);
        let name = slug(&[&account, role.path(), role.name()].join("-"));
        let name: String = name.chars().take(Self::MAX_CHARS).collect();
        if name == "default" {
            return Self("default-account".into());
        }
        Self(name.into())
    }

    /// The name itself.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Lower-case ASCII letters and digits; every run of anything else is one hyphen.
fn slug(text: &str) -> String {
    let words = text.split(|letter: char| !letter.is_ascii_alphanumeric());
    let words: Vec<&str> = words.filter(|word| !word.is_empty()).collect();
    words.join("-").to_ascii_lowercase()
}

/// Where a command keeps keys for a `credential_process`.
const KEPT_IN: &str = "~/.aws/rolegate/";

/// Keeps the JSON in a file; a profile's name needs no quotes, and no line of the JSON ends it early.
fn process(profile: &ProfileName, keys: &Credentials) -> Snippet {
    let file = [KEPT_IN, profile.as_str(), ".json"].concat();
    let into_file = [
        " -p ",
        KEPT_IN,
        " && (umask 077; cat > ",
        &file,
        ") <<'KEYS'",
    ];
    let mut lines = vec![Line::new("mkdir", &into_file)];
    lines.extend(json(keys).0);
    lines.push(Line::new("KEYS", &[]));
    Snippet(lines)
}

/// Visible ASCII without spaces (0x21 to 0x7e), at least one character.
#[derive(Clone, Copy)]
struct Graphic<'a>(&'a str);

impl<'a> Graphic<'a> {
    fn new(what: &'static str, text: &'a str) -> Result<Self, NotGraphic> {
        if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic()) {
            Ok(Self(text))
        } else {
            Err(NotGraphic { what })
        }
    }
}

struct Parts<'a> {
    access_key_id: Graphic<'a>,
    secret_access_key: Graphic<'a>,
    session_token: Graphic<'a>,
    sts_url: Graphic<'a>,
    region: Graphic<'a>,
}

impl<'a> Parts<'a> {
    fn new(source: &Source<'a>) -> Result<Self, NotGraphic> {
        let keys = source.credentials;
        Ok(Self {
            access_key_id: Graphic::new("the access key id", keys.access_key_id.as_str())?,
            secret_access_key: Graphic::new(
                "the secret access key",
                keys.secret_access_key.expose(),
            )?,
            session_token: Graphic::new("the session token", keys.session_token.expose())?,
            sts_url: Graphic::new("the STS URL", source.sts_url)?,
            region: Graphic::new("the region", source.region.as_str())?,
        })
    }

    /// Both names of the region: boto3 and version 1 of the AWS CLI read only the second.
    fn variables(&self) -> [(&'static str, Graphic<'a>); 6] {
        [
            ("AWS_ACCESS_KEY_ID", self.access_key_id),
            ("AWS_SECRET_ACCESS_KEY", self.secret_access_key),
            ("AWS_SESSION_TOKEN", self.session_token),
            ("AWS_ENDPOINT_URL_STS", self.sts_url),
            ("AWS_REGION", self.region),
            ("AWS_DEFAULT_REGION", self.region),
        ]
    }

    fn profile(&self, name: &ProfileName) -> Snippet {
        Snippet(vec![
            Line::new("", &["[", name.as_str(), "]"]),
            Line::new("aws_access_key_id", &[" = ", self.access_key_id.0]),
            Line::new("aws_secret_access_key", &[" = ", self.secret_access_key.0]),
            Line::new("aws_session_token", &[" = ", self.session_token.0]),
        ])
    }

    /// Only STS is sent to the gateway: a bare `endpoint_url` would send every service there.
    fn config(&self, name: &ProfileName) -> Snippet {
        let mut lines = vec![Line::new("", &["[profile ", name.as_str(), "]"])];
        lines.extend(self.settings(name));
        Snippet(lines)
    }

    /// The AWS command line starts a process without a shell, which is what knows of `~`.
    fn process_config(&self, name: &ProfileName) -> Snippet {
        let mut lines = vec![Line::new("", &["[profile ", name.as_str(), "]"])];
        let command = [" = sh -c 'cat ", KEPT_IN, name.as_str(), ".json'"];
        lines.push(Line::new("credential_process", &command));
        lines.extend(self.settings(name));
        Snippet(lines)
    }

    fn settings(&self, name: &ProfileName) -> [Line; 6] {
        [
            Line::new("region", &[" = ", self.region.0]),
            Line::new("services", &[" = ", name.as_str()]),
            Line::new("", &[]),
            Line::new("", &["[services ", name.as_str(), "]"]),
            Line::new("sts", &[" ="]),
            Line::new("  endpoint_url", &[" = ", self.sts_url.0]),
        ]
    }
}

/// Within single quotes a POSIX shell reads everything as it is, so a quote has to stand outside.
fn posix(name: &str, value: Graphic<'_>) -> Line {
    let quoted = value.0.replace('\'', r"'\''");
    Line::new("export", &[" ", name, "='", &quoted, "'"])
}

/// Within single quotes fish reads `\\` and `\'` as escapes, and nothing else.
fn fish(name: &str, value: Graphic<'_>) -> Line {
    let quoted = value.0.replace('\\', r"\\").replace('\'', r"\'");
    Line::new("set -gx", &[" ", name, " '", &quoted, "'"])
}

/// Within single quotes PowerShell reads `''` as a quote and nothing else specially. The curly
/// quotes that it also takes for `'` are not ASCII and can't occur.
fn power_shell(name: &str, value: Graphic<'_>) -> Line {
    let quoted = value.0.replace('\'', "''");
    Line::new(["$Env:", name].concat(), &[" = '", &quoted, "'"])
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct ProcessOutput<'a> {
    version: u8,
    access_key_id: &'a str,
    secret_access_key: &'a str,
    session_token: &'a str,
    expiration: String,
}

fn json(credentials: &Credentials) -> Snippet {
    let output = ProcessOutput {
        version: 1,
        access_key_id: credentials.access_key_id.as_str(),
        secret_access_key: credentials.secret_access_key.expose(),
        session_token: credentials.session_token.expose(),
        expiration: credentials.expiration.to_string(),
    };
    let text = Secret::new(serde_json::to_string_pretty(&output).unwrap_or_default());
    Snippet(text.expose().lines().map(json_line).collect())
}

/// A pretty-printed member is `"Name": value`, and no name of ours holds `": `.
fn json_line(line: &str) -> Line {
    match line.split_once("\": ") {
        Some((name, value)) => Line::new([name, "\""].concat(), &[": ", value]),
        None => Line::new("", &[line]),
    }
}

#[cfg(test)]
mod tests;
