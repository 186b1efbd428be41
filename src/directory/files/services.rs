//! Services' files.

use std::sync::Arc;

use super::ServiceFile;
use super::read::Reader;
use crate::directory::{Directory, Reach, Service};
use crate::domain::ServiceName;

impl Reader<'_> {
    pub(super) fn read_service(&mut self, path: &str, file: &str, directory: &mut Directory) {
        let name: Option<ServiceName> = self.stem(path, file);
        let file: Option<ServiceFile> = self.secret_toml(path);
        let (Some(name), Some(file)) = (name, file) else {
            return;
        };
        let before = self.current.services.get(&name);
        let before = before.map(|service| &service.access_keys);
        let service = Service {
            description: file.description,
            reach: file.accounts.map_or(Reach::EveryAccount, Reach::Accounts),
            signing_names: file.signing_names,
            action_prefixes: file.action_prefixes,
            access_keys: self.read_keys(path, file.access_keys, before),
        };
        directory.services.insert(name, Arc::new(service));
    }
}
