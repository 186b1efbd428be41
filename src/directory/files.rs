//! The directory as files, for `apply` and `export`: one resource a file, policies as plain IAM JSON
//! beside them.
//!
//! ```text
//! accounts/<id>/account.toml                       alias, name, environment
//! accounts/<id>/roles/<Name>.toml                  path, description, max_session_duration
//! accounts/<id>/roles/<Name>.trust.json            its trust policy
//! accounts/<id>/roles/<Name>.policies/<policy>.json its inline policies
//! accounts/<id>/oidc-providers/<name>.toml         url, client_ids
//! connections/<id>.toml
//! links/<id>.toml                                  connection, providers
//! rules/<id>.toml
//! ```
//! The files say the whole directory: what they leave out is removed. A role keeps its unique id as
//! long as its account, path and name stay, or takes the one that its file gives.

use std::collections::BTreeMap;
use std::str::FromStr;
use std::sync::Arc;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::check::Problem;
use super::state::{Account, AccountSettings, Directory, Link, OidcProvider, PolicyName, Role};
use crate::domain::{
    AccountId, ConnectionId, RoleName, RolePath, RuleId, SessionDuration, UniqueId, UniqueIdKind,
    UnixTime,
};
use crate::entropy::{Entropy, draw};
use crate::federation::connection::ConnectionSettings;
use crate::mapping::Rule;
use crate::policy::{IdentityPolicy, TrustPolicy};

/// File paths, relative and with `/`, and their texts.
pub type DirectoryFiles = BTreeMap<String, String>;

/// What a role's own file says.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RoleFile {
    #[serde(default = "RolePath::root")]
    path: RolePath,
    #[serde(default)]
    description: String,
    #[serde(default = "default_maximum")]
    max_session_duration: SessionDuration,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    unique_id: Option<UniqueId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    created_at: Option<UnixTime>,
}

const fn default_maximum() -> SessionDuration {
    SessionDuration::DEFAULT
}

/// Reads files into the directory that they describe. What `current` holds beside (sealing keys,
/// the unique ids of roles that stay) is kept.
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
        problems: Vec::new(),
    };
    let mut directory = Directory {
        sealing_keys: current.sealing_keys.clone(),
        ..Directory::default()
    };
    for path in files.keys() {
        reader.read_file(path, &mut directory);
    }
    if directory.accounts.is_empty() && reader.problems.is_empty() {
        reader.problem(
            "accounts",
            "no account is listed; a directory without accounts is refused",
        );
    }
    if reader.problems.is_empty() {
        Ok(directory)
    } else {
        Err(reader.problems)
    }
}

struct Reader<'a> {
    files: &'a DirectoryFiles,
    current: &'a Directory,
    now: UnixTime,
    entropy: &'a dyn Entropy,
    problems: Vec<Problem>,
}

impl Reader<'_> {
    fn read_file(&mut self, path: &str, directory: &mut Directory) {
        let parts: Vec<&str> = path.split('/').collect();
        match parts.as_slice() {
            ["accounts", id, "account.toml"] => self.read_account(path, id, directory),
            ["accounts", id, "roles", file] => self.check_role_file(path, id, file),
            ["accounts", id, "roles", folder, file] => {
                self.check_policy_file(path, id, folder, file);
            }
            ["accounts", id, "oidc-providers", file] => self.check_provider_file(path, id, file),
            ["connections", file] => self.read_connection(path, file, directory),
            ["links", file] => {
                if let (Some(id), Some(link)) = (self.stem(path, file), self.toml::<Link>(path)) {
                    directory.links.insert(id, link);
                }
            }
            ["rules", file] => {
                if let (Some(id), Some(rule)) = (self.stem(path, file), self.toml::<Rule>(path)) {
                    self.check_rule_id(path, &id, &rule);
                    directory.rules.insert(id, Arc::new(rule));
                }
            }
            _ => self.problem(
                path,
                "no resource has this place; see the layout of directory files",
            ),
        }
    }

    fn read_account(&mut self, path: &str, id: &str, directory: &mut Directory) {
        let id: Option<AccountId> = self.parse(path, id);
        let settings: Option<AccountSettings> = self.toml(path);
        let (Some(id), Some(settings)) = (id, settings) else {
            return;
        };
        let mut account = Account {
            settings,
            roles: BTreeMap::new(),
            oidc_providers: BTreeMap::new(),
        };
        self.read_roles(id, &mut account);
        self.read_providers(id, &mut account);
        directory.accounts.insert(id, Arc::new(account));
    }

    fn read_roles(&mut self, id: AccountId, account: &mut Account) {
        let folder = format!("accounts/{id}/roles/");
        for (path, name) in self.files_in(&folder, ".toml") {
            if let Some((name, role)) = self.read_role(id, &path, &name) {
                account.roles.insert(name, Arc::new(role));
            }
        }
    }

    fn read_role(&mut self, id: AccountId, path: &str, name: &str) -> Option<(RoleName, Role)> {
        let base = path.strip_suffix(".toml")?;
        let file: Option<RoleFile> = self.toml(path);
        let trust: Option<TrustPolicy> = self.policy(&format!("{base}.trust.json"));
        let policies = self.read_policies(base);
        let name: RoleName = self.parse(path, name)?;
        let (file, trust) = (file?, trust?);
        let before = self
            .current
            .accounts
            .get(&id)
            .and_then(|account| account.roles.get(&name));
        let before = before.filter(|role| role.path == file.path);
        let before = before.filter(|role| {
            file.unique_id
                .as_ref()
                .is_none_or(|id| *id == role.unique_id)
        });
        let unique_id = match (file.unique_id, before) {
            (Some(unique_id), _) => unique_id,
            (None, Some(before)) => before.unique_id.clone(),
            (None, None) => self.draw_role_id(path)?,
        };
        let created_at = file
            .created_at
            .or(before.map(|role| role.created_at))
            .unwrap_or(self.now);
        let role = Role {
            path: file.path,
            unique_id,
            description: file.description,
            max_session_duration: file.max_session_duration,
            trust,
            policies,
            created_at,
        };
        Some((name, role))
    }

    fn read_policies(&mut self, base: &str) -> BTreeMap<PolicyName, IdentityPolicy> {
        let mut policies = BTreeMap::new();
        for (path, name) in self.files_in(&format!("{base}.policies/"), ".json") {
            let name: Option<PolicyName> = self.parse(&path, &name);
            if let (Some(name), Some(policy)) = (name, self.policy(&path)) {
                policies.insert(name, policy);
            }
        }
        policies
    }

    fn read_providers(&mut self, id: AccountId, account: &mut Account) {
        for (path, _) in self.files_in(&format!("accounts/{id}/oidc-providers/"), ".toml") {
            let Some(provider) = self.toml::<OidcProvider>(&path) else {
                continue;
            };
            let twice = account
                .oidc_providers
                .insert(provider.url.clone(), Arc::new(provider));
            if let Some(provider) = twice {
                self.problem(
                    &path,
                    &format!(
                        "another file of the account has the url {} too",
                        provider.url
                    ),
                );
            }
        }
    }

    fn read_connection(&mut self, path: &str, file: &str, directory: &mut Directory) {
        let id: Option<ConnectionId> = self.stem(path, file);
        let table: Option<toml::Table> = self.toml(path);
        let (Some(id), Some(mut table)) = (id, table) else {
            return;
        };
        if table.contains_key("id") {
            return self.problem(path, "a connection's id is its file's name; take id out");
        }
        table.insert("id".to_owned(), toml::Value::String(id.to_string()));
        match table.try_into::<ConnectionSettings>() {
            Ok(connection) => {
                directory
                    .connections
                    .insert(connection.id.clone(), Arc::new(connection));
            }
            Err(error) => self.problem(path, error.message()),
        }
    }

    /// A trust policy must stand beside its role, and the role in a listed account.
    fn check_role_file(&mut self, path: &str, id: &str, file: &str) {
        let name = file
            .strip_suffix(".toml")
            .or_else(|| file.strip_suffix(".trust.json"));
        match name {
            None => self.problem(
                path,
                "a role has <Name>.toml, <Name>.trust.json and <Name>.policies/<policy>.json",
            ),
            Some(name) => self.check_role(path, id, name),
        }
    }

    fn check_policy_file(&mut self, path: &str, id: &str, folder: &str, file: &str) {
        let role = folder.strip_suffix(".policies");
        match role.filter(|_| file.strip_suffix(".json").is_some()) {
            None => self.problem(
                path,
                "the policies of a role stand in <Name>.policies/<policy>.json",
            ),
            Some(name) => self.check_role(path, id, name),
        }
    }

    fn check_provider_file(&mut self, path: &str, id: &str, file: &str) {
        if file.strip_suffix(".toml").is_none() {
            self.problem(path, "a provider's file ends in .toml");
        }
        self.check_owner(path, id);
    }

    fn check_rule_id(&mut self, path: &str, id: &RuleId, rule: &Rule) {
        if let Some(own) = rule.id().filter(|own| *own != id) {
            self.problem(
                path,
                &format!("id: the rule calls itself {own}, but its file's name says {id}"),
            );
        }
    }

    fn check_role(&mut self, path: &str, id: &str, name: &str) {
        if !self
            .files
            .contains_key(&format!("accounts/{id}/roles/{name}.toml"))
        {
            self.problem(
                path,
                &format!("there is no accounts/{id}/roles/{name}.toml"),
            );
        }
        self.check_owner(path, id);
    }

    fn check_owner(&mut self, path: &str, id: &str) {
        if !self
            .files
            .contains_key(&format!("accounts/{id}/account.toml"))
        {
            self.problem(path, &format!("there is no accounts/{id}/account.toml"));
        }
    }

    /// Every file that begins with `start` and ends with `end`, and what stands between.
    fn files_in(&self, start: &str, end: &str) -> Vec<(String, String)> {
        let paths = self.files.keys();
        paths
            .filter_map(|path| {
                let name = path.strip_prefix(start)?.strip_suffix(end)?;
                (!name.contains('/')).then(|| (path.clone(), name.to_owned()))
            })
            .collect()
    }

    fn draw_role_id(&mut self, path: &str) -> Option<UniqueId> {
        match draw(self.entropy) {
            Ok(random) => Some(UniqueId::from_random(UniqueIdKind::Role, random)),
            Err(error) => {
                self.problem(path, &error.to_string());
                None
            }
        }
    }

    fn text(&mut self, path: &str) -> Option<String> {
        let text = self.files.get(path).cloned();
        if text.is_none() {
            self.problem(path, "the file is missing");
        }
        text
    }

    fn toml<T: DeserializeOwned>(&mut self, path: &str) -> Option<T> {
        let text = self.text(path)?;
        match toml::from_str(&text) {
            Ok(value) => Some(value),
            Err(error) => {
                self.problem(path, &error.to_string());
                None
            }
        }
    }

    fn policy<P: FromStr<Err: std::fmt::Display>>(&mut self, path: &str) -> Option<P> {
        let text = self.text(path)?;
        self.parse(path, &text)
    }

    fn stem<T: FromStr<Err: std::fmt::Display>>(&mut self, path: &str, file: &str) -> Option<T> {
        let Some(stem) = file.strip_suffix(".toml") else {
            self.problem(path, "the file must end in .toml");
            return None;
        };
        self.parse(path, stem)
    }

    fn parse<T: FromStr<Err: std::fmt::Display>>(&mut self, path: &str, text: &str) -> Option<T> {
        match text.parse() {
            Ok(value) => Some(value),
            Err(error) => {
                self.problem(path, &error.to_string());
                None
            }
        }
    }

    fn problem(&mut self, at: &str, text: &str) {
        self.problems.push(Problem::new(at, text.trim_end()));
    }
}

/// Writes the directory as files; reading them gives the same directory. Sealing keys are left out.
///
/// # Errors
/// Where a resource can't be written as TOML, which names it.
pub fn write(directory: &Directory) -> Result<DirectoryFiles, Problem> {
    let mut files = DirectoryFiles::new();
    for (id, account) in &directory.accounts {
        write_account(*id, account, &mut files)?;
    }
    for (id, connection) in &directory.connections {
        let path = format!("connections/{id}.toml");
        let mut table = toml::Table::try_from(connection.as_ref())
            .map_err(|error| Problem::new(&path, error.to_string()))?;
        table.remove("id");
        put_toml(&mut files, path, &table)?;
    }
    for (id, link) in &directory.links {
        put_toml(&mut files, format!("links/{id}.toml"), link)?;
    }
    for (id, rule) in &directory.rules {
        put_toml(&mut files, format!("rules/{id}.toml"), rule.as_ref())?;
    }
    Ok(files)
}

fn write_account(
    id: AccountId,
    account: &Account,
    files: &mut DirectoryFiles,
) -> Result<(), Problem> {
    put_toml(
        files,
        format!("accounts/{id}/account.toml"),
        &account.settings,
    )?;
    for (name, role) in &account.roles {
        let base = format!("accounts/{id}/roles/{name}");
        let file = RoleFile {
            path: role.path.clone(),
            description: role.description.clone(),
            max_session_duration: role.max_session_duration,
            unique_id: Some(role.unique_id.clone()),
            created_at: Some(role.created_at),
        };
        put_toml(files, format!("{base}.toml"), &file)?;
        files.insert(
            format!("{base}.trust.json"),
            role.trust.as_json().to_owned(),
        );
        for (policy, document) in &role.policies {
            files.insert(
                format!("{base}.policies/{policy}.json"),
                document.as_json().to_owned(),
            );
        }
    }
    for provider in account.oidc_providers.values() {
        let name = file_name(provider.url.without_scheme());
        put_toml(
            files,
            format!("accounts/{id}/oidc-providers/{name}.toml"),
            provider.as_ref(),
        )?;
    }
    Ok(())
}

/// An issuer as a file name: what is not a letter, digit, dot or hyphen is written `_` and its code,
/// so that two issuers never share a file.
fn file_name(issuer: &str) -> String {
    let coded = |c: char| {
        let plain = c.is_ascii_alphanumeric() || c == '.' || c == '-';
        if plain {
            c.to_string()
        } else {
            format!("_{:02x}", u32::from(c))
        }
    };
    issuer.chars().map(coded).collect()
}

fn put_toml(
    files: &mut DirectoryFiles,
    path: String,
    value: &impl Serialize,
) -> Result<(), Problem> {
    let text =
        toml::to_string_pretty(value).map_err(|error| Problem::new(&path, error.to_string()))?;
    files.insert(path, text);
    Ok(())
}
