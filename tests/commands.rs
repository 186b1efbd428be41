//! The commands as their users run them: the real program, as child processes.

#![cfg(test)]

#[path = "commands/backup.rs"]
mod backup;
#[path = "commands/crash.rs"]
mod crash;
#[path = "commands/decisions.rs"]
mod decisions;
#[path = "commands/demo.rs"]
mod demo;
#[path = "commands/directory.rs"]
mod directory;
#[path = "commands/gateway.rs"]
mod gateway;
#[path = "commands/history.rs"]
mod history;
#[path = "commands/lint.rs"]
mod lint;
#[path = "commands/migrate.rs"]
mod migrate;
#[path = "commands/saml.rs"]
mod saml;
#[path = "commands/serve.rs"]
mod serve;
#[path = "commands/sessions.rs"]
mod sessions;
#[path = "commands/words.rs"]
mod words;

#[path = "support/redis.rs"]
mod servers;
mod support;
mod tools;
