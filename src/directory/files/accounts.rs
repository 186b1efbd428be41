//! An account's files: its settings, roles and providers.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::RoleFile;
use super::read::Reader;
use crate::directory::{Account, AccountSettings, Directory, Role};
use crate::domain::{AccountId, PolicyName, RoleName, UniqueId, UniqueIdKind};
use crate::entropy::draw;
use crate::policy::{IdentityPolicy, PolicyKind, TrustPolicy};

impl Reader<'_> {
    pub(super) fn read_account(&mut self, path: &str, id: &str, directory: &mut Directory) {
        let id: Option<AccountId> = self.parse(path, id);
        let settings: Option<AccountSettings> = self.toml(path);
        let (Some(id), Some(settings)) = (id, settings) else {
            return;
        };
        let mut account = Account::new(settings);
        self.read_policies_of(id, &mut account);
        self.read_roles(id, &mut account);
        self.read_users(id, &mut account);
        self.read_groups(id, &mut account);
        self.read_unassigned_devices(id, &mut account);
        self.read_instance_profiles(id, &mut account);
        self.read_oidc_providers(id, &mut account);
        self.read_saml_providers(id, &mut account);
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
        let trust: Option<TrustPolicy> =
            self.policy(&format!("{base}.trust.json"), PolicyKind::RoleTrust);
        let policies = self.read_policies(base);
        let name: RoleName = self.parse(path, name)?;
        let (file, trust) = (file?, trust?);
        let before = self.role_before(id, &name, &file);
        let created_at = before.map(|role| role.created_at);
        let unique_id = before.map(|role| role.unique_id.clone());
        let unique_id = match file.unique_id.or(unique_id) {
            Some(unique_id) => unique_id,
            None => self.draw_id(UniqueIdKind::Role, path)?,
        };
        let role = Role {
            path: file.path,
            unique_id,
            description: file.description,
            max_session_duration: file.max_session_duration,
            trust,
            policies,
            attached: file.managed_policies,
            boundary: file.permissions_boundary,
            tags: file.tags,
            created_at: file.created_at.or(created_at).unwrap_or(self.now),
        };
        Some((name, role))
    }

    /// The role that this one is the same as: at the same path, with the id that the file gives.
    fn role_before(&self, id: AccountId, name: &RoleName, file: &RoleFile) -> Option<&Role> {
        let before = self.current.accounts.get(&id)?.roles.get(name)?;
        let given = file.unique_id.as_ref();
        let is_same = before.path == file.path && given.is_none_or(|id| *id == before.unique_id);
        is_same.then_some(before)
    }

    /// The inline policies in `<base>.policies`.
    pub(super) fn read_policies(&mut self, base: &str) -> BTreeMap<PolicyName, IdentityPolicy> {
        let mut policies = BTreeMap::new();
        for (path, name) in self.files_in(&format!("{base}.policies/"), ".json") {
            let name: Option<PolicyName> = self.parse(&path, &name);
            let policy = self.policy(&path, PolicyKind::IdentityBased);
            if let (Some(name), Some(policy)) = (name, policy) {
                policies.insert(name, policy);
            }
        }
        policies
    }

    pub(super) fn draw_id(&mut self, kind: UniqueIdKind, path: &str) -> Option<UniqueId> {
        let random = self.good(path, draw(self.entropy))?;
        Some(UniqueId::from_random(kind, random))
    }
}
