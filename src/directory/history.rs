//! The directory as it was, by its log.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::change::ChangeSet;
use super::live::{DirectoryError, LiveDirectory};
use super::map::Map;
use super::replay::{READ_LIMIT, Replayed, unreadable};
use super::services::Service;
use super::state::{Account, ConnectionMetadata, Directory};
use super::users::{AccessKey, KeyStatus, User};
use crate::domain::{AccessKeyId, UniqueId, UserName};
use crate::store::{Generation, Position};

/// One generation: who made it, and of what.
#[derive(Debug, Clone)]
pub struct Logged {
    /// Which one.
    pub generation: Generation,
    /// What was changed, by whom and when.
    pub set: ChangeSet,
}

impl LiveDirectory {
    /// The generations after `after`, oldest first, at most `limit`.
    ///
    /// # Errors
    /// [`DirectoryError`] where the log can't be read.
    pub async fn logged_after(
        &self,
        after: Generation,
        limit: usize,
    ) -> Result<Vec<Logged>, DirectoryError> {
        let entries = self.reader().log.read_after(after, limit).await?;
        let read = entries.into_iter().map(|entry| {
            let generation = entry.generation;
            let set = serde_json::from_slice(&entry.change);
            let set = set.map_err(|source| unreadable(generation, source))?;
            Ok(Logged { generation, set })
        });
        read.collect()
    }

    /// The directory as it was at `generation`, replayed from the log's beginning; none where there is no such
    /// generation yet.
    ///
    /// # Errors
    /// [`DirectoryError`] where the log can't be read.
    pub async fn at(&self, generation: Generation) -> Result<Option<Directory>, DirectoryError> {
        let reader = self.reader();
        let mut replayed = Replayed::none(Position::START, Directory::default());
        while replayed.position.generation < generation {
            let after = replayed.position.generation;
            let mut entries = reader.log.read_after(after, READ_LIMIT).await?;
            entries.retain(|entry| entry.generation <= generation);
            if entries.is_empty() {
                return Ok(None);
            }
            replayed = replayed.and(&entries, reader.known)?;
        }
        Ok(Some(replayed.directory))
    }
}

impl Directory {
    /// This directory as it was at an earlier time, as far as it may be again.
    ///
    /// Keys of the node, revocations and the format stay as they are, and so do the access keys and devices of
    /// users and services that are there: nobody's secret comes back that was taken away. Those of users and
    /// services that come back are inactive until somebody says otherwise, and users who come back have no devices;
    /// the account's own devices stay as they are. Metadata that was fetched stays, or
    /// is fetched anew: its provider's keys of that time may have been withdrawn.
    #[must_use]
    pub fn rolled_back_to(&self, then: Self) -> Self {
        let mut back = Self {
            sealing_keys: self.sealing_keys.clone(),
            service_provider_keys: self.service_provider_keys.clone(),
            web_identity_keys: self.web_identity_keys.clone(),
            since: self.since.clone(),
            revocations: self.revocations.clone(),
            format: self.format,
            ..then
        };
        back.accounts = changed(&back.accounts, |id, account: &mut Account| {
            let now = self.accounts.get(id);
            account.mfa_devices = now.map_or_else(Map::new, |now| now.mfa_devices.clone());
            account.users = changed(&account.users, |name, user| {
                let now = now.and_then(|account| same_user(account, name, &user.unique_id));
                keep_secrets(user, now.map(AsRef::as_ref));
            });
        });
        back.services = changed(&back.services, |name, service: &mut Service| {
            let now = self.services.get(name).map(|now| &now.access_keys);
            keep_keys(&mut service.access_keys, now);
        });
        let fetched =
            |metadata: &ConnectionMetadata| matches!(metadata, ConnectionMetadata::Fetched(_));
        let uploaded = back.connection_metadata.iter();
        let uploaded = uploaded.filter(|(_, then)| !fetched(then));
        let uploaded = uploaded.map(|(id, then)| (id.clone(), Arc::clone(then)));
        back.connection_metadata = uploaded.collect();
        for (id, now) in &self.connection_metadata {
            let is_asked_the_same = back.connections.get(id) == self.connections.get(id);
            if fetched(now) && is_asked_the_same {
                back.connection_metadata.insert(id.clone(), Arc::clone(now));
            }
        }
        back
    }
}

/// The user of this id, whatever they are called by now.
fn same_user<'a>(account: &'a Account, name: &UserName, id: &UniqueId) -> Option<&'a Arc<User>> {
    let by_name = account.users.get(name).filter(|it| it.unique_id == *id);
    by_name.or_else(|| account.users.values().find(|it| it.unique_id == *id))
}

/// The map with each value as `change` leaves it.
fn changed<K: Ord + Clone, V: Clone>(
    map: &Map<K, Arc<V>>,
    mut change: impl FnMut(&K, &mut V),
) -> Map<K, Arc<V>> {
    let values = map.iter().map(|(key, value)| {
        let mut value = V::clone(value);
        change(key, &mut value);
        (key.clone(), Arc::new(value))
    });
    values.collect()
}

fn keep_secrets(user: &mut User, now: Option<&User>) {
    keep_keys(&mut user.access_keys, now.map(|now| &now.access_keys));
    user.mfa_devices = now.map_or_else(BTreeMap::new, |now| now.mfa_devices.clone());
}

/// The keys that there are now; of somebody who comes back, the keys of then, of which none is good.
fn keep_keys(
    keys: &mut BTreeMap<AccessKeyId, AccessKey>,
    now: Option<&BTreeMap<AccessKeyId, AccessKey>>,
) {
    match now {
        Some(now) => keys.clone_from(now),
        None => keys
            .values_mut()
            .for_each(|key| key.status = KeyStatus::Inactive),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::directory::testing::{NOW, directory_of, files, with};
    use crate::directory::{Change, diff};
    use crate::domain::{AccountId, SecretAccessKey};

    const USER: &str = "accounts/123456789012/users/ana.toml";
    const KEYS: [&str; 2] = ["AKIAQYLPMN5HAAAAAAAA", "AKIAQYLPMN5HAAAAAAAB"];

    /// A directory with a user who has the first of the keys.
    fn then() -> Directory {
        let key = format!(
            "unique_id = 'AIDAAAAAAAAAAAAAAAAAA'\n[[access_keys]]\nid = '{}'\nsecret = 'a secret of sixteen or more'\n",
            KEYS[0]
        );
        directory_of(&with(USER, &key))
    }

    fn keys(directory: &Directory) -> Vec<(String, KeyStatus)> {
        let users = directory.accounts.values().flat_map(|it| it.users.values());
        let keys = users.flat_map(|user| user.access_keys.iter());
        keys.map(|(id, key)| (id.to_string(), key.status)).collect()
    }

    fn user(directory: &mut Directory) -> &mut User {
        let id: AccountId = "123456789012".parse().unwrap();
        let account = directory.accounts.get_mut(&id);
        let account = Arc::make_mut(account.unwrap());
        let ana = "ana".parse::<UserName>().unwrap();
        Arc::make_mut(account.users.get_mut(&ana).unwrap())
    }

    #[test]
    fn whoever_comes_back_has_no_key_that_is_good() {
        let then = then();
        let mut now = then.clone();
        let name = "ana".parse().unwrap();
        now.apply(Change::RemoveUser("123456789012".parse().unwrap(), name));
        let back = now.rolled_back_to(then);
        assert_eq!(keys(&back), [(KEYS[0].to_owned(), KeyStatus::Inactive)]);
        assert_eq!(diff(&now, &back).len(), 1);
    }

    #[test]
    fn the_keys_of_whoever_is_there_stay_as_they_are() {
        let then = then();
        let mut now = then.clone();
        let secret = SecretAccessKey::new("another secret of sixteen".to_owned());
        let key = AccessKey::new(&secret, KeyStatus::Active, NOW);
        user(&mut now).access_keys = [(KEYS[1].parse().unwrap(), key)].into();
        let back = now.rolled_back_to(then);
        assert_eq!(keys(&back), [(KEYS[1].to_owned(), KeyStatus::Active)]);
        assert_eq!(diff(&now, &back), []);
    }

    #[test]
    fn another_user_of_the_same_name_is_another_one() {
        let mut now = then();
        user(&mut now).unique_id = "AIDAAAAAAAAAAAAAAAAAB".parse().unwrap();
        let back = now.rolled_back_to(then());
        assert_eq!(keys(&back), [(KEYS[0].to_owned(), KeyStatus::Inactive)]);
    }

    #[test]
    fn keys_of_the_node_and_what_is_over_stay_as_they_are() {
        let mut now = directory_of(&files());
        let key = crate::directory::SealingKeyRecord::new([7; 32], NOW, NOW);
        now.apply(Change::AddSealingKey(key));
        let back = now.rolled_back_to(then());
        assert_eq!(back.sealing_keys, now.sealing_keys);
        assert_eq!(back.revocations, now.revocations);
    }
}
