//! An account's instance profiles.

use std::sync::Arc;

use super::InstanceProfileFile;
use super::read::Reader;
use crate::directory::{Account, InstanceProfile};
use crate::domain::{AccountId, InstanceProfileName, UniqueIdKind};

impl Reader<'_> {
    pub(super) fn read_instance_profiles(&mut self, id: AccountId, account: &mut Account) {
        let folder = format!("accounts/{id}/instance-profiles/");
        for (path, name) in self.files_in(&folder, ".toml") {
            let name: Option<InstanceProfileName> = self.parse(&path, &name);
            let file: Option<InstanceProfileFile> = self.toml(&path);
            if let (Some(name), Some(file)) = (name, file)
                && let Some(profile) = self.instance_profile(id, &path, &name, file)
            {
                account.instance_profiles.insert(name, Arc::new(profile));
            }
        }
    }

    fn instance_profile(
        &mut self,
        id: AccountId,
        path: &str,
        name: &InstanceProfileName,
        file: InstanceProfileFile,
    ) -> Option<InstanceProfile> {
        let before = self.current.accounts.get(&id);
        let before = before.and_then(|account| account.instance_profiles.get(name));
        let before = before.filter(|before| before.path == file.path);
        let created_at = before.map(|profile| profile.created_at);
        let unique_id = before.map(|profile| profile.unique_id.clone());
        let unique_id = match file.unique_id.or(unique_id) {
            Some(unique_id) => unique_id,
            None => self.draw_id(UniqueIdKind::InstanceProfile, path)?,
        };
        Some(InstanceProfile {
            path: file.path,
            unique_id,
            created_at: file.created_at.or(created_at).unwrap_or(self.now),
            tags: file.tags,
            role: file.role,
        })
    }
}
