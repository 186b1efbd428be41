//! Files to a directory: each file goes to whoever reads its kind.

use std::fmt::Display;
use std::ops::Bound;
use std::str::FromStr;
use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::DirectoryFiles;
use crate::directory::{Directory, Link, LinkId, PolicyWarnings, Problem, check, lint};
use crate::domain::{EntityId, Partition, RuleId, UnixTime};
use crate::entropy::Entropy;
use crate::federation::saml::metadata::MetadataDocument;
use crate::mapping::Rule;
use crate::policy::{PolicyError, PolicyKind};

/// Reads files into the directory that they describe. What `current` holds beside (keys, fetched
/// metadata, the unique ids of roles that stay) is kept. Users and roles in trust policies are as the files name
/// them: [`Directory::bind_principals`] comes next.
///
/// # Errors
/// Every problem of every file.
pub fn read(
    files: &DirectoryFiles,
    current: &Directory,
    now: UnixTime,
    entropy: &dyn Entropy,
) -> Result<Directory, Vec<Problem>> {
    let mut reader = Reader {
        files,
        current,
        now,
        entropy,
        secrets: MissingSecret::IsProblem,
        problems: Vec::new(),
    };
    let directory = reader.read();
    if reader.problems.is_empty() {
        Ok(directory)
    } else {
        Err(reader.problems)
    }
}

/// What files say without a gateway.
#[derive(Debug, Serialize)]
pub struct Findings {
    /// What `apply` would refuse.
    pub problems: Vec<Problem>,
    /// What should be looked at.
    #[serde(flatten)]
    pub warnings: PolicyWarnings,
}

/// Looks through files as they are, without the directory that there is: a secret that is missing may be
/// kept there. Links, bounds and rules are looked at where every file can be read.
pub fn examine(
    files: &DirectoryFiles,
    partition: Partition,
    now: UnixTime,
    entropy: &dyn Entropy,
) -> Findings {
    let mut reader = Reader {
        files,
        current: &Directory::default(),
        now,
        entropy,
        secrets: MissingSecret::IsKept,
        problems: Vec::new(),
    };
    let mut directory = reader.read();
    let mut problems = reader.problems;
    if problems.is_empty() {
        directory.bind_principals(partition);
        problems = check(&directory, partition);
    }
    Findings {
        problems,
        warnings: lint(&directory),
    }
}

/// What it means that a key or a device of a file stands there without its secret, and isn't known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum MissingSecret {
    /// It must be given.
    IsProblem,
    /// A directory that isn't looked at may have it.
    IsKept,
}

pub(super) struct Reader<'a> {
    pub(super) files: &'a DirectoryFiles,
    pub(super) current: &'a Directory,
    pub(super) now: UnixTime,
    pub(super) entropy: &'a dyn Entropy,
    secrets: MissingSecret,
    problems: Vec<Problem>,
}

impl Reader<'_> {
    /// What the files that can be read say; what is wrong with the others is among the problems.
    fn read(&mut self) -> Directory {
        let mut directory = Directory {
            sealing_keys: self.current.sealing_keys.clone(),
            service_provider_keys: self.current.service_provider_keys.clone(),
            web_identity_keys: self.current.web_identity_keys.clone(),
            ..Directory::default()
        };
        for path in self.files.keys() {
            self.read_file(path, &mut directory);
        }
        if directory.accounts.is_empty() && self.problems.is_empty() {
            self.problem(
                "accounts",
                "no account is listed; a directory without accounts is refused",
            );
        }
        directory
    }

    fn read_file(&mut self, path: &str, directory: &mut Directory) {
        let parts: Vec<&str> = path.split('/').collect();
        match parts.as_slice() {
            ["accounts", id, "account.toml"] => self.read_account(path, id, directory),
            ["accounts", id, "roles", file] => self.check_role_file(path, id, file),
            ["accounts", id, "roles", folder, file] => {
                self.check_policy_file(path, id, folder, file);
            }
            ["accounts", id, "users", file] => self.check_user_file(path, id, file),
            ["accounts", id, "users", folder, file] => {
                self.check_user_policy_file(path, id, folder, file);
            }
            ["accounts", id, "groups", file] => self.check_group_file(path, id, file),
            ["accounts", id, "groups", folder, file] => {
                self.check_group_policy_file(path, id, folder, file);
            }
            ["accounts", id, "mfa-devices.toml"] => self.check_account(path, id),
            ["accounts", id, "policies", file] => self.check_managed_file(path, id, file),
            ["accounts", id, "policies", folder, file] => {
                self.check_version_file(path, id, folder, file);
            }
            ["accounts", id, "instance-profiles", file] => self.check_profile_file(path, id, file),
            ["accounts", id, "oidc-providers", file] => self.check_oidc_file(path, id, file),
            ["accounts", id, "saml-providers", file] => self.check_saml_file(path, id, file),
            ["organization.toml"] => directory.organization = self.toml(path),
            ["connections", file] => self.read_connection(path, file, directory),
            ["links", file] => self.read_link(path, file, directory),
            ["rules", file] => self.read_rule(path, file, directory),
            ["services", file] => self.read_service(path, file, directory),
            _ => self.problem(
                path,
                "no resource has this place; see the layout of directory files",
            ),
        }
    }

    fn read_link(&mut self, path: &str, file: &str, directory: &mut Directory) {
        let id: Option<LinkId> = self.stem(path, file);
        if let (Some(id), Some(link)) = (id, self.toml::<Link>(path)) {
            directory.links.insert(id, link);
        }
    }

    fn read_rule(&mut self, path: &str, file: &str, directory: &mut Directory) {
        let id: Option<RuleId> = self.stem(path, file);
        let (Some(id), Some(rule)) = (id, self.toml::<Rule>(path)) else {
            return;
        };
        if let Some(own) = rule.id().filter(|own| **own != id) {
            self.problem(
                path,
                &format!("id: the rule calls itself {own}, but its file's name says {id}"),
            );
        }
        directory.rules.insert(id, Arc::new(rule));
    }

    /// Every file that begins with `start` and ends with `end`, and what stands between.
    pub(super) fn files_in(&self, start: &str, end: &str) -> Vec<(String, String)> {
        let paths = self
            .files
            .range::<str, _>((Bound::Included(start), Bound::Unbounded));
        paths
            .map_while(|(path, _)| Some((path, path.strip_prefix(start)?)))
            .filter_map(|(path, rest)| {
                let name = rest.strip_suffix(end)?;
                (!name.contains('/')).then(|| (path.clone(), name.to_owned()))
            })
            .collect()
    }

    pub(super) fn toml<T: DeserializeOwned>(&mut self, path: &str) -> Option<T> {
        let text = self.text(path)?;
        let read = toml::from_str(&text);
        self.good(path, read)
    }

    /// As [`Self::toml`], of a file in which secrets stand: what is wrong is told without a word of the file.
    pub(super) fn secret_toml<T: DeserializeOwned>(&mut self, path: &str) -> Option<T> {
        let text = self.text(path)?;
        match toml::from_str(&text) {
            Ok(value) => Some(value),
            Err(error) => {
                let before = error.span().and_then(|span| text.get(..span.start));
                let line = before.map_or(1, |before| before.matches('\n').count() + 1);
                let why = member_of(error.message()).unwrap_or_else(|| {
                    "a value is missing, or is not what it must be; see the layout of directory files"
                        .to_owned()
                });
                self.problem(path, &format!("line {line}: {why}"));
                None
            }
        }
    }

    /// A policy of this kind; one that is refused is told in IAM's words as well.
    pub(super) fn policy<P: FromStr<Err = PolicyError>>(
        &mut self,
        path: &str,
        kind: PolicyKind,
    ) -> Option<P> {
        let text = self.text(path)?;
        match text.parse() {
            Ok(policy) => Some(policy),
            Err(error) => {
                self.problems.push(Problem::of_policy(path, &error, kind));
                None
            }
        }
    }

    /// A metadata document, and what it says of `entity` or of the only provider in it.
    pub(super) fn metadata(
        &mut self,
        path: &str,
        entity: Option<&EntityId>,
    ) -> Option<MetadataDocument> {
        let text = self.text(path)?;
        self.good(path, MetadataDocument::read(&text, entity))
    }

    pub(super) fn stem<T: FromStr<Err: Display>>(&mut self, path: &str, file: &str) -> Option<T> {
        let Some(stem) = file.strip_suffix(".toml") else {
            self.problem(path, "the file must end in .toml");
            return None;
        };
        self.parse(path, stem)
    }

    pub(super) fn parse<T: FromStr<Err: Display>>(&mut self, path: &str, text: &str) -> Option<T> {
        self.good(path, text.parse())
    }

    /// The value, or its problem.
    pub(super) fn good<T, E: Display>(&mut self, path: &str, read: Result<T, E>) -> Option<T> {
        match read {
            Ok(value) => Some(value),
            Err(error) => {
                self.problem(path, &error.to_string());
                None
            }
        }
    }

    /// A key or a device of this name has no secret in its file, and none that is kept.
    pub(super) fn without_secret(
        &mut self,
        path: &str,
        (member, secret): (&str, &str),
        name: impl Display,
    ) {
        match self.secrets {
            MissingSecret::IsProblem => self.problem(
                path,
                &format!("{member}: {name} is new here, so its {secret} must stand beside it"),
            ),
            MissingSecret::IsKept => {}
        }
    }

    pub(super) fn problem(&mut self, at: &str, text: &str) {
        self.problems.push(Problem::new(at, text.trim_end()));
    }

    fn text(&mut self, path: &str) -> Option<String> {
        let text = self.files.get(path).cloned();
        if text.is_none() {
            self.problem(path, "the file is missing");
        }
        text
    }
}

/// A message that names a member of a file and none of its values.
fn member_of(message: &str) -> Option<String> {
    let names_member = ["unknown field `", "missing field `", "duplicate field `"];
    let first = message.lines().next()?;
    names_member
        .iter()
        .any(|start| first.starts_with(start))
        .then(|| first.to_owned())
}
