//! An account's users and managed policies.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::read::Reader;
use super::{AccessKeyFile, PolicyFile, UserFile};
use crate::directory::{AccessKey, Account, ManagedPolicy, PolicyVersion, PolicyVersions, User};
use crate::domain::{AccessKeyId, AccountId, PolicyName, PolicyVersionId, UniqueIdKind, UserName};
use crate::policy::{IdentityPolicy, PolicyKind};

impl Reader<'_> {
    pub(super) fn read_users(&mut self, id: AccountId, account: &mut Account) {
        for (path, name) in self.files_in(&format!("accounts/{id}/users/"), ".toml") {
            if let Some((name, user)) = self.read_user(id, &path, &name) {
                account.users.insert(name, Arc::new(user));
            }
        }
    }

    fn read_user(&mut self, id: AccountId, path: &str, name: &str) -> Option<(UserName, User)> {
        let base = path.strip_suffix(".toml")?;
        let file: Option<UserFile> = self.secret_toml(path);
        let policies = self.read_policies(base);
        let name: UserName = self.parse(path, name)?;
        let file = file?;
        let before = self.current.accounts.get(&id);
        let before = before.and_then(|account| account.users.get(&name));
        let before = before.filter(|before| {
            let given = file.unique_id.as_ref();
            before.path == file.path && given.is_none_or(|id| *id == before.unique_id)
        });
        let unique_id = before.map(|user| user.unique_id.clone());
        let unique_id = match file.unique_id.or(unique_id) {
            Some(unique_id) => unique_id,
            None => self.draw_id(UniqueIdKind::User, path)?,
        };
        let created_at = before.map(|user| user.created_at);
        let user = User {
            path: file.path,
            unique_id,
            created_at: file.created_at.or(created_at).unwrap_or(self.now),
            tags: file.tags,
            policies,
            attached: file.managed_policies,
            boundary: file.permissions_boundary,
            access_keys: self.read_keys(
                path,
                file.access_keys,
                before.map(|user| &user.access_keys),
            ),
            mfa_devices: self.read_devices((path, id), file.mfa_devices, before.map(AsRef::as_ref)),
            groups: file.groups,
        };
        Some((name, user))
    }

    /// The keys of a user or service who had these before.
    pub(super) fn read_keys(
        &mut self,
        path: &str,
        files: Vec<AccessKeyFile>,
        before: Option<&BTreeMap<AccessKeyId, AccessKey>>,
    ) -> BTreeMap<AccessKeyId, AccessKey> {
        let mut keys = BTreeMap::new();
        for file in files {
            let kept = before.and_then(|keys| keys.get(&file.id));
            let secret = file.secret.map(|given| given.0);
            let Some(secret) = secret.or_else(|| kept.map(AccessKey::secret)) else {
                self.without_secret(path, ("access_keys", "secret"), &file.id);
                continue;
            };
            let created_at = file.created_at.or(kept.map(|key| key.created_at));
            let created_at = created_at.unwrap_or(self.now);
            let key = AccessKey::new(&secret, file.status, created_at);
            if keys.insert(file.id.clone(), key).is_some() {
                self.problem(path, &format!("access_keys: {} is listed twice", file.id));
            }
        }
        keys
    }

    pub(super) fn read_policies_of(&mut self, id: AccountId, account: &mut Account) {
        for (path, name) in self.files_in(&format!("accounts/{id}/policies/"), ".toml") {
            if let Some((name, policy)) = self.read_managed(id, &path, &name) {
                account.policies.insert(name, Arc::new(policy));
            }
        }
    }

    fn read_managed(
        &mut self,
        id: AccountId,
        path: &str,
        name: &str,
    ) -> Option<(PolicyName, ManagedPolicy)> {
        let base = path.strip_suffix(".toml")?;
        let file: Option<PolicyFile> = self.toml(path);
        let document: Option<IdentityPolicy> =
            self.policy(&[base, ".json"].concat(), PolicyKind::IdentityBased);
        let name: PolicyName = self.parse(path, name)?;
        let (file, document) = (file?, document?);
        let others = self.read_versions(base, &file);
        let before = self.current.accounts.get(&id);
        let before = before.and_then(|account| account.policies.get(&name));
        let before = before.filter(|before| before.path == file.path);
        let unique_id = before.map(|policy| policy.unique_id.clone());
        let unique_id = match file.unique_id.or(unique_id) {
            Some(unique_id) => unique_id,
            None => self.draw_id(UniqueIdKind::ManagedPolicy, path)?,
        };
        let created_at = file.created_at.or(before.map(|policy| policy.created_at));
        let known = others.keys().copied().chain([file.default_version]);
        let known = known.chain(before.map(|policy| policy.versions.last));
        let last = file.last_version.or(known.max());
        let policy = ManagedPolicy {
            path: file.path,
            unique_id,
            description: file.description,
            created_at: created_at.unwrap_or(self.now),
            document,
            tags: file.tags,
            versions: PolicyVersions {
                default: file.default_version,
                default_created_at: file.default_version_created_at,
                last: last.unwrap_or(file.default_version),
                others,
            },
        };
        Some((name, policy))
    }

    /// The versions in `<base>.versions`, which don't hold.
    fn read_versions(
        &mut self,
        base: &str,
        file: &PolicyFile,
    ) -> BTreeMap<PolicyVersionId, PolicyVersion> {
        let mut versions = BTreeMap::new();
        for (path, name) in self.files_in(&format!("{base}.versions/"), ".json") {
            let id: Option<PolicyVersionId> = self.parse(&path, &name);
            let document = self.policy(&path, PolicyKind::IdentityBased);
            let (Some(id), Some(document)) = (id, document) else {
                continue;
            };
            let created_at = file.versions.get(&id).copied().unwrap_or(self.now);
            let version = PolicyVersion {
                document,
                created_at,
            };
            versions.insert(id, version);
        }
        for id in file.versions.keys().filter(|id| !versions.contains_key(id)) {
            let text = format!("versions: there is no {base}.versions/{id}.json");
            self.problem(&format!("{base}.toml"), &text);
        }
        versions
    }
}
