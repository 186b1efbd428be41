//! An account's groups.

use std::sync::Arc;

use super::GroupFile;
use super::read::Reader;
use crate::directory::{Account, Group};
use crate::domain::{AccountId, GroupName, UniqueIdKind};

impl Reader<'_> {
    pub(super) fn read_groups(&mut self, id: AccountId, account: &mut Account) {
        for (path, name) in self.files_in(&format!("accounts/{id}/groups/"), ".toml") {
            if let Some((name, group)) = self.read_group(id, &path, &name) {
                account.groups.insert(name, Arc::new(group));
            }
        }
    }

    fn read_group(&mut self, id: AccountId, path: &str, name: &str) -> Option<(GroupName, Group)> {
        let base = path.strip_suffix(".toml")?;
        let file: Option<GroupFile> = self.toml(path);
        let policies = self.read_policies(base);
        let name: GroupName = self.parse(path, name)?;
        let file = file?;
        let before = self.current.accounts.get(&id);
        let before = before.and_then(|account| account.groups.get(&name));
        let before = before.filter(|before| {
            let given = file.unique_id.as_ref();
            before.path == file.path && given.is_none_or(|id| *id == before.unique_id)
        });
        let unique_id = before.map(|group| group.unique_id.clone());
        let unique_id = match file.unique_id.or(unique_id) {
            Some(unique_id) => unique_id,
            None => self.draw_id(UniqueIdKind::Group, path)?,
        };
        let created_at = file.created_at.or(before.map(|group| group.created_at));
        let group = Group {
            path: file.path,
            unique_id,
            created_at: created_at.unwrap_or(self.now),
            policies,
            attached: file.managed_policies,
        };
        Some((name, group))
    }
}
