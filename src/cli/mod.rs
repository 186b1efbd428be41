//! The command line.

mod accounts;
mod arguments;
mod backup;
mod client;
mod decisions;
mod demo;
mod directory;
mod files;
mod lint;
mod log;
mod migrate;
mod provider_files;
mod sessions;

use std::io::{self, Write as _};
use std::process::ExitCode;

use clap::Parser as _;

use self::arguments::{Arguments, Command, Connections, Gateway, Keys, Revoke, Store};
use self::client::{Client, ClientError};
use self::files::FilesError;
use crate::app::{BackUpError, MigrateError, RestoreError, RunningNode, StartError};
use crate::causes::with_causes;
use crate::clock::SystemClock;
use crate::config::environment::{AdminCredentials, Environment, NoCredentials};
use crate::config::{Config, Problems};
use crate::flows::{Applied, Exported};
use crate::http::admin::{
    ApplyRequest, RefreshRequest, RevokeRequest, RotateRequest, UpgradeRequest,
};

/// What the settings have problems with exits with this code.
const EXIT_SETTINGS: u8 = 2;
/// Everything else that fails exits with this one.
const EXIT_FAILED: u8 = 1;

/// Why a command did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CommandError {
    #[error(transparent)]
    Settings(#[from] Problems),
    #[error("the node did not start: {0}")]
    Start(#[from] StartError),
    #[error(transparent)]
    Migrate(#[from] MigrateError),
    #[error(transparent)]
    BackUp(#[from] BackUpError),
    #[error(transparent)]
    Restore(#[from] RestoreError),
    #[error("{0} exists; name a file that doesn't")]
    Exists(String),
    #[error(
        "name the root key that the backup was made under, by --root-key-file or in the settings"
    )]
    NoRootKey,
    #[error("there is no file {0}")]
    NoStore(String),
    #[error(transparent)]
    Client(#[from] ClientError),
    #[error(transparent)]
    Files(#[from] FilesError),
    #[error(transparent)]
    NoCredentials(#[from] NoCredentials),
    #[error(transparent)]
    Demo(#[from] demo::DemoCommandError),
    #[error("{0}")]
    Findings(String),
    #[error("what is erased is gone for good; add --yes")]
    NotConfirmed,
    /// Whoever read what is said has gone.
    #[error("nobody reads what is said")]
    NobodyReads,
    #[error("{0}")]
    Io(#[from] io::Error),
}

/// Runs the command line of this process.
pub fn run() -> ExitCode {
    let arguments = Arguments::parse();
    let runtime = match tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => return failed(&error.into()),
    };
    match runtime.block_on(execute(arguments.command)) {
        Ok(()) => ExitCode::SUCCESS,
        // Nobody is told of a failure, and nothing is called done.
        Err(CommandError::NobodyReads) => ExitCode::from(EXIT_FAILED),
        Err(error) => failed(&error),
    }
}

async fn execute(command: Command) -> Result<(), CommandError> {
    match command {
        Command::Serve(serve) => {
            let config = Config::load(serve.config.as_deref(), &Environment::of_this_process())?;
            log::start(config.log);
            let node = RunningNode::start(config).await?;
            tracing::info!(address = %node.address, url = node.flows.public_url(), "serving");
            Ok(node.run_until_signal().await?)
        }
        Command::Demo(demo) => Ok(demo::run(&demo).await?),
        Command::CheckConfig { file } => {
            Config::load(Some(&file), &Environment::of_a_file_alone())?;
            say(&format!("{}: no problems", file.display()))
        }
        Command::Lint(command) => lint::run(&command),
        Command::Migrate(command) => migrate::run(&command).await,
        Command::Backup(command) => backup::back_up(command).await,
        Command::Restore(command) => backup::restore(&command).await,
        Command::Apply {
            directory,
            dry_run,
            base,
            gateway,
        } => {
            let files = files::read(&directory)?;
            let request = ApplyRequest {
                mode: Command::mode(dry_run),
                base,
                files,
            };
            let applied: Applied = client(gateway)?
                .post("/admin/v1/directory", &request, &SystemClock)
                .await?;
            say_applied(&applied, if dry_run { "would change" } else { "changed" })
        }
        Command::Export { directory, gateway } => {
            let exported: Exported = client(gateway)?
                .get("/admin/v1/directory", &SystemClock)
                .await?;
            files::write(&directory, &exported.files)?;
            say(&format!(
                "generation {}: {} files in {}",
                exported.generation,
                exported.files.len(),
                directory.display()
            ))
        }
        Command::Keys(keys) => rotate(keys).await,
        Command::Store(command) => upgrade_store(command).await,
        Command::Connections(command) => connections(command).await,
        Command::Accounts(command) => accounts::run(command).await,
        Command::Directory(command) => directory::run(command).await,
        Command::Sessions(command) => sessions::run(command).await,
        Command::Revoke(target) => revoke(target).await,
        Command::Decisions(command) => decisions::run(*command).await,
    }
}

async fn connections(command: Connections) -> Result<(), CommandError> {
    let (request, gateway) = match command {
        Connections::Template { provider } => return say(provider.files().trim_end()),
        Connections::RefreshMetadata {
            id,
            accept_new_keys,
            gateway,
        } => {
            let request = RefreshRequest {
                connection: id,
                new_keys: Connections::new_keys(accept_new_keys),
            };
            (request, gateway)
        }
    };
    let path = "/admin/v1/connections/refresh-metadata";
    let applied: Applied = client(gateway)?.post(path, &request, &SystemClock).await?;
    say_applied(&applied, "changed")
}

async fn upgrade_store(command: Store) -> Result<(), CommandError> {
    let Store::Upgrade { gateway } = command;
    let (path, request) = ("/admin/v1/store/upgrade", UpgradeRequest {});
    let applied: Applied = client(gateway)?.post(path, &request, &SystemClock).await?;
    say_applied(&applied, "changed")
}

async fn revoke(target: Revoke) -> Result<(), CommandError> {
    let (revoke, gateway) = target.target();
    let path = "/admin/v1/revocations";
    let request = RevokeRequest { revoke };
    let applied: Applied = client(gateway)?.post(path, &request, &SystemClock).await?;
    say_applied(&applied, "changed")
}

async fn rotate(keys: Keys) -> Result<(), CommandError> {
    let (path, drop_previous, gateway) = match keys {
        Keys::Rotate {
            drop_previous,
            gateway,
        } => ("/admin/v1/keys/rotate", drop_previous, gateway),
        Keys::RotateSaml {
            drop_previous,
            gateway,
        } => ("/admin/v1/keys/rotate-saml", drop_previous, gateway),
        Keys::RotateWebIdentity {
            drop_previous,
            gateway,
        } => ("/admin/v1/keys/rotate-web-identity", drop_previous, gateway),
    };
    let request = RotateRequest {
        previous: Keys::previous(drop_previous),
    };
    let applied: Applied = client(gateway)?.post(path, &request, &SystemClock).await?;
    say_applied(&applied, "changed")
}

fn client(gateway: Gateway) -> Result<Client, CommandError> {
    let credentials = AdminCredentials::of(&Environment::of_this_process())?;
    Ok(Client::new(gateway, credentials)?)
}

fn say_applied(applied: &Applied, verb: &str) -> Result<(), CommandError> {
    for change in &applied.changes {
        say(change)?;
    }
    for note in &applied.notes {
        say(&format!("note: {note}"))?;
    }
    lint::say_warnings(&applied.warnings)?;
    say(&format!(
        "{} {verb}; the directory is at generation {}",
        applied.changes.len(),
        applied.generation
    ))
}

fn say(text: &str) -> Result<(), CommandError> {
    say_bytes([text, "\n"].concat().as_bytes())
}

/// Where nobody reads any more, as after `| head`, the rest is left unsaid.
fn say_bytes(bytes: &[u8]) -> Result<(), CommandError> {
    match io::stdout().write_all(bytes) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Err(CommandError::NobodyReads),
        other => Ok(other?),
    }
}

fn failed(error: &CommandError) -> ExitCode {
    // Nothing is left to tell it to where standard error is closed.
    let _told = writeln!(io::stderr(), "rolegate: {}", with_causes(error));
    if let CommandError::Client(ClientError::Refused(refusal)) = error {
        for problem in &refusal.error.problems {
            let _told = writeln!(io::stderr(), "  {problem}");
        }
    }
    match error {
        CommandError::Settings(_) => ExitCode::from(EXIT_SETTINGS),
        _ => ExitCode::from(EXIT_FAILED),
    }
}
