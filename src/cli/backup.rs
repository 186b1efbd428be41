//! `backup` and `restore`

use std::fs::{File, OpenOptions, remove_file};
use std::io::{self, BufWriter, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use super::arguments::{Backup, Restore};
use super::{CommandError, client, say};
use crate::app::{
    Restored, WhatWasHeld, back_up as back_up_store, check, restore as restore_store,
};
use crate::clock::SystemClock;
use crate::config::{Config, Environment, RootKeySource, StoreLocation};
use crate::http::admin::BackupRequest;

pub(super) async fn back_up(command: Backup) -> Result<(), CommandError> {
    let path = command.file.clone();
    let name = path.display().to_string();
    let mut file = BufWriter::new(create(&path)?);
    let made = write(command, &mut file).await;
    let made = match made {
        Ok(()) => finish(file).map_err(CommandError::from),
        failed => failed,
    };
    if let Err(error) = made {
        // What is there is no backup. Where it can't be removed, `restore` refuses it.
        let _left = remove_file(&path);
        return Err(error);
    }
    let bytes = path.metadata()?.len();
    say(&format!(
        "{name}: {bytes} bytes; try it with `rolegate restore --check {name}`"
    ))
}

async fn write(command: Backup, file: &mut BufWriter<File>) -> Result<(), CommandError> {
    let Some(url) = &command.from else {
        let path = "/admin/v1/backup";
        let client = client(command.gateway)?;
        return Ok(client
            .download(path, &BackupRequest {}, file, &SystemClock)
            .await?);
    };
    let config = config(
        command.config.as_deref(),
        url,
        command.root_key_file.as_deref(),
    )?;
    if let StoreLocation::Embedded(path) = &config.store
        && !path.exists()
    {
        return Err(CommandError::NoStore(path.display().to_string()));
    }
    let contents = back_up_store(&config, file).await?;
    say(&contents.to_string())
}

/// A file that was not there, for nobody else to read.
fn create(path: &Path) -> Result<File, CommandError> {
    let mut options = OpenOptions::new();
    let created = options.write(true).create_new(true).mode(0o600).open(path);
    created.map_err(|error| match error.kind() {
        io::ErrorKind::AlreadyExists => CommandError::Exists(path.display().to_string()),
        _ => error.into(),
    })
}

fn finish(mut file: BufWriter<File>) -> io::Result<()> {
    file.flush()?;
    file.get_ref().sync_all()
}

pub(super) async fn restore(command: &Restore) -> Result<(), CommandError> {
    let sealed_by = sealed_by(command)?;
    let Some(to) = &command.to else {
        let (begun_at, contents) = check(&command.file, &sealed_by)?;
        return say(&format!("whole, of {begun_at}: {contents}"));
    };
    let to = config(
        command.config.as_deref(),
        to,
        command.to_root_key_file.as_deref(),
    )?;
    let held = if command.keep_sessions {
        WhatWasHeld::Stays
    } else {
        WhatWasHeld::Ends
    };
    let restored = restore_store(&command.file, &sealed_by, &to, held).await?;
    let Restored {
        begun_at,
        contents,
        digest,
    } = restored;
    let before = match held {
        WhatWasHeld::Ends => "what was issued before is over",
        WhatWasHeld::Stays => "what was issued before lives on",
    };
    say(&format!(
        "of {begun_at}: {contents}; the directory is {digest}; {before}"
    ))
}

/// The settings whose root key opens the backup.
fn sealed_by(command: &Restore) -> Result<Config, CommandError> {
    let key = command.root_key_file.as_deref();
    let config = match (&command.to, key) {
        (Some(to), _) => config(command.config.as_deref(), to, key)?,
        (None, Some(_)) => config(command.config.as_deref(), "memory:", key)?,
        (None, None) => Config::load(command.config.as_deref(), &Environment::of_this_process())?,
    };
    match &config.root_key.current {
        // One that was made now would open nothing.
        RootKeySource::Drawn => Err(CommandError::NoRootKey),
        RootKeySource::MadeAt(path) if !path.exists() => Err(CommandError::NoRootKey),
        RootKeySource::MadeAt(_) | RootKeySource::Given(_) => Ok(config),
    }
}

fn config(
    file: Option<&Path>,
    url: &str,
    root_key_file: Option<&Path>,
) -> Result<Config, CommandError> {
    let key = root_key_file.map(Path::to_string_lossy);
    let environment = Environment::of_this_process().with_store(url, key.as_deref());
    Ok(Config::load(file, &environment)?)
}
