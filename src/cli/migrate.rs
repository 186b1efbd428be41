//! `migrate`

use std::path::Path;

use super::arguments::Migrate;
use super::{CommandError, say};
use crate::app::{Migrated, migrate};
use crate::config::{Config, Environment, StoreLocation};

pub(super) async fn run(command: &Migrate) -> Result<(), CommandError> {
    let config = |url: &str, root_key_file: Option<&Path>| {
        let key = root_key_file.map(Path::to_string_lossy);
        let environment = Environment::of_this_process().with_store(url, key.as_deref());
        Config::load(command.config.as_deref(), &environment)
    };
    let from = config(&command.from, command.from_root_key_file.as_deref())?;
    let to = config(&command.to, command.to_root_key_file.as_deref())?;
    // Opening one that isn't there would make it.
    if let StoreLocation::Embedded(path) = &from.store
        && !path.exists()
    {
        return Err(CommandError::NoStore(path.display().to_string()));
    }
    let Migrated { contents, digest } = migrate(&from, &to).await?;
    say(&format!("{contents}; both directories are {digest}"))
}
