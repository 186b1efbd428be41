//! The command line's words.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use super::provider_files::WellKnown;
use crate::directory::{AccountAlias, AccountName, Environment};
use crate::domain::{
    AccessKeyId, AccountId, ConnectionId, InvalidValue, IssuerName, Partition, ProviderArn,
    RequestId, RoleArn, RoleName, RuleId, ServiceName, Subject, UnixTime, UserArn,
};
use crate::federation::saml::metadata::refresh::NewKeys;
use crate::flows::{
    ApplyMode, MAX_ACCOUNTS, MAX_GENERATIONS, MAX_LISTED, PreviousKeys, RevokeTarget, SessionId,
    USUAL_ACCOUNTS, USUAL_GENERATIONS, USUAL_LISTED,
};

/// Rolegate turns a sign-in at an identity provider into short-lived AWS-style credentials.
///
/// `serve` runs the gateway. `demo` runs it with identity providers and a directory to look at.
/// Every other command but `check-config`, `lint`, `connections template`, `migrate`, `restore` and
/// `backup --from` talks to a running gateway: it signs its requests with `AWS_ACCESS_KEY_ID`,
/// `AWS_SECRET_ACCESS_KEY` and `AWS_SESSION_TOKEN`, or with `ROLEGATE_ADMIN_ACCESS_KEY_ID` and
/// `ROLEGATE_ADMIN_SECRET_ACCESS_KEY` where the first are not set, and needs the `rolegate:*` action
/// that its help names.
#[derive(Debug, Parser)]
#[command(version, max_term_width = 100, propagate_version = true)]
pub struct Arguments {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run the gateway.
    ///
    /// Settings come from the file, and the environment overrides them; without a file the defaults
    /// of `config/rolegate.example.toml` hold. Exits 2 where the settings have problems, and names
    /// every one.
    Serve(Serve),
    /// Run the gateway with a demo identity provider, people and roles, on loopback.
    Demo(Demo),
    /// Check a settings file and name every problem; exits 2 where there is one.
    CheckConfig {
        /// The settings file.
        file: PathBuf,
    },
    /// Look through the files under DIR without a gateway: what `apply` would refuse, and what policies say
    /// and hardly mean.
    ///
    /// Exits 1 where there is a problem. A secret that a file leaves out may be in the gateway's directory.
    /// What only a gateway knows is not looked at: its settings, files of secrets, what metadata says now.
    Lint(Lint),
    /// Take a gateway's keys, directory, sessions and marks from one store to another, empty one.
    ///
    /// Every node must be stopped. At the end the directories of both stores are compared.
    Migrate(Migrate),
    /// Write a backup of everything to FILE, which must not exist: the directory with its keys, browsers'
    /// sessions, marks of what was used.
    ///
    /// It is sealed under the root key: keep that apart from it, for as long as the backup. A running
    /// gateway makes it and goes on meanwhile. Needs `rolegate:BackUp`.
    Backup(Backup),
    /// Make an empty store what a backup says.
    ///
    /// Every node must be stopped. What was issued before is over: sessions, credentials, and for a minute
    /// what identity providers sign. Between the backup and now, sessions were ended and proofs used up
    /// that it knows nothing of.
    Restore(Restore),
    /// Make the directory what the files under DIR say.
    ///
    /// The files say everything: accounts, roles, connections, links and rules that they leave out
    /// are removed. Rules run their tests; one that fails refuses the whole. What a policy says and hardly
    /// means is warned of, in every file. Needs
    /// `rolegate:ApplyDirectory`.
    Apply {
        /// The directory's files.
        #[arg(value_name = "DIR")]
        directory: PathBuf,
        /// Say what would change, and change nothing.
        #[arg(long)]
        dry_run: bool,
        /// Refuse if the directory is at another generation than this one, which `export` and
        /// `apply` tell: whatever somebody else changed since then is not undone.
        #[arg(long, value_name = "GENERATION")]
        base: Option<u64>,
        /// Where the gateway is.
        #[command(flatten)]
        gateway: Gateway,
    },
    /// Write the directory as files under DIR, which must not exist or be empty.
    ///
    /// `apply` takes them as they are. Secrets are never among them. Needs
    /// `rolegate:ExportDirectory`.
    Export {
        /// Where to write.
        #[arg(value_name = "DIR")]
        directory: PathBuf,
        /// Where the gateway is.
        #[command(flatten)]
        gateway: Gateway,
    },
    /// The node's keys: those that session tokens are sealed under, those for SAML and for tokens of accounts.
    #[command(subcommand)]
    Keys(Keys),
    /// What the store is written in.
    #[command(subcommand)]
    Store(Store),
    /// Connections to identity providers.
    #[command(subcommand)]
    Connections(Connections),
    /// The accounts that there are.
    #[command(subcommand)]
    Accounts(Accounts),
    /// What the directory was, and who changed it.
    #[command(subcommand)]
    Directory(History),
    /// List the browsers that are signed in, those that were used last first.
    ///
    /// What they may take is decided anew each time: `--role` and `--rule` say whose claims give it now.
    /// Credentials are in no list but the audit log. Needs `rolegate:ListSessions`.
    Sessions(Sessions),
    /// End sessions before their time, on every node.
    ///
    /// The credentials and browser sessions that there are end, and what an identity provider has signed
    /// until now for whoever is revoked opens no others. Whoever may sign in or assume a role may do so
    /// anew: to keep somebody out, take their access away at the provider, in a rule or in a trust policy
    /// first.
    #[command(subcommand)]
    Revoke(Revoke),
    /// Say why somebody was let in or refused, and who holds which key.
    ///
    /// Without an ID: one line for each decision, the newest first. With the ID that an answer or a
    /// refusal's page tells: everything that it was decided by. Needs `rolegate:ListDecisions`, and
    /// `rolegate:GetDecision` for one.
    Decisions(Box<Decisions>),
}

/// `decisions`
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct Decisions {
    /// Something else than to look.
    #[command(subcommand)]
    pub command: Option<DecisionsCommand>,
    /// What to look for.
    #[command(flatten)]
    pub look: Look,
}

/// What to look for.
#[derive(Debug, Args)]
pub struct Look {
    /// The request id that an answer or a page told.
    #[arg(value_name = "ID", conflicts_with_all = [
        "person", "issuer", "connection", "provider", "failed", "check", "key", "since", "limit"
    ])]
    pub id: Option<RequestId>,
    /// About a person, a session or a caller: subject, e-mail address, name, session's name, ARN.
    #[arg(long, value_name = "NAME")]
    pub person: Option<String>,
    /// About people of this issuer: as it is, or `saml:` and the entity id.
    #[arg(long)]
    pub issuer: Option<IssuerName>,
    /// About people who came by this connection.
    #[arg(long, value_name = "ID")]
    pub connection: Option<ConnectionId>,
    /// About people whom this provider of an account vouched for.
    #[arg(long, value_name = "ARN")]
    pub provider: Option<ProviderArn>,
    /// Refusals only.
    #[arg(long)]
    pub failed: bool,
    /// Refusals by this check, e.g. `trust policy`.
    #[arg(long, value_name = "NAME")]
    pub check: Option<String>,
    /// Who was given this access key, or signed with it.
    #[arg(long, value_name = "ASIA…")]
    pub key: Option<AccessKeyId>,
    /// From then on: a time (2026-11-29T20:00:00Z), or so long ago (90m, 12h, 7d).
    #[arg(long, value_name = "WHEN")]
    pub since: Option<Since>,
    /// At most so many.
    #[arg(long, value_name = "NUMBER", default_value_t = 20)]
    pub limit: usize,
    /// As JSON, one object a line.
    #[arg(long)]
    pub json: bool,
    /// Where the gateway is.
    #[command(flatten)]
    pub gateway: Gateway,
}

/// `decisions …`
#[derive(Debug, Subcommand)]
pub enum DecisionsCommand {
    /// Take everything that is kept of decisions about a person out of the store.
    ///
    /// Their favourite roles in the portal, and those that they took last, are taken out, too. The audit
    /// log stays as it is, and records that this was done. Needs `rolegate:EraseDecisions`.
    Erase(EraseDecisions),
}

/// `decisions erase`
#[derive(Debug, Args)]
pub struct EraseDecisions {
    /// What the identity provider calls the person: `sub`, or the name identifier of SAML.
    #[arg(long, value_name = "SUBJECT")]
    pub person: Subject,
    /// Who vouches for the person: the issuer, or `saml:` and the entity id.
    #[arg(long)]
    pub issuer: IssuerName,
    /// Do it: it can't be undone.
    #[arg(long)]
    pub yes: bool,
    /// Where the gateway is.
    #[command(flatten)]
    pub gateway: Gateway,
}

/// A time, or how long ago.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Since {
    /// Then.
    Time(UnixTime),
    /// So many seconds ago.
    Ago(i64),
}

impl Since {
    /// The time, seen from `now`.
    pub(super) const fn before(self, now: UnixTime) -> UnixTime {
        match self {
            Self::Time(time) => time,
            Self::Ago(seconds) => now.plus(-seconds),
        }
    }
}

impl std::str::FromStr for Since {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const RULE: InvalidValue =
            InvalidValue::new("the time", "2026-11-29T20:00:00Z, 90m, 12h or 7d");
        if let Ok(time) = text.parse() {
            return Ok(Self::Time(time));
        }
        let units = [("s", 1), ("m", 60), ("h", 3600), ("d", 86_400)];
        let ago = units.into_iter().find_map(|(unit, seconds)| {
            let number: u32 = text.strip_suffix(unit)?.parse().ok()?;
            Some(i64::from(number) * seconds)
        });
        ago.map(Self::Ago).ok_or(RULE)
    }
}

/// `serve`
#[derive(Debug, Args)]
pub struct Serve {
    /// The settings file (TOML).
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
}

/// `lint`
#[derive(Debug, Args)]
pub struct Lint {
    /// The directory's files.
    #[arg(value_name = "DIR")]
    pub directory: PathBuf,
    /// The partition of the gateway's ARNs.
    #[arg(long, default_value_t)]
    pub partition: Partition,
    /// Fail where there is a warning, too.
    #[arg(long)]
    pub deny_warnings: bool,
    /// As JSON, in one object.
    #[arg(long)]
    pub json: bool,
}

/// `migrate`
#[derive(Debug, Args)]
pub struct Migrate {
    /// The store that there is: `redb:PATH`, or a URL of Redis.
    #[arg(long, value_name = "URL")]
    pub from: String,
    /// The store that is to be.
    #[arg(long, value_name = "URL")]
    pub to: String,
    /// The settings file: what it says of Redis (`[store.redis]`) holds for whichever store is one.
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// The root key of the store that there is. Otherwise the environment's or the settings file's,
    /// and without those the one beside a `redb:` file.
    #[arg(long, value_name = "FILE")]
    pub from_root_key_file: Option<PathBuf>,
    /// The root key of the store that is to be, likewise.
    #[arg(long, value_name = "FILE")]
    pub to_root_key_file: Option<PathBuf>,
}

/// `backup`
#[derive(Debug, Args)]
pub struct Backup {
    /// Where to write.
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// The store, where no node runs: `redb:PATH`, or a URL of Redis. Nobody's keys are needed then,
    /// but the root key.
    #[arg(long, value_name = "URL")]
    pub from: Option<String>,
    /// The settings file, with `--from`.
    #[arg(long, value_name = "FILE", requires = "from")]
    pub config: Option<PathBuf>,
    /// The root key, with `--from`. Otherwise the environment's or the settings file's, and without
    /// those the one beside a `redb:` file.
    #[arg(long, value_name = "FILE", requires = "from")]
    pub root_key_file: Option<PathBuf>,
    /// Where the gateway is.
    #[command(flatten)]
    pub gateway: Gateway,
}

/// `restore`
#[derive(Debug, Args)]
pub struct Restore {
    /// The backup.
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// The store that is to be, empty: `redb:PATH`, or a URL of Redis.
    #[arg(long, value_name = "URL", required_unless_present = "check")]
    pub to: Option<String>,
    /// Read the backup to its end, say what is in it, and write nothing.
    #[arg(long, conflicts_with_all = ["to", "keep_sessions"])]
    pub check: bool,
    /// Let sessions and credentials live on. Only where every node was stopped before the backup was
    /// made, and none has run since.
    #[arg(long)]
    pub keep_sessions: bool,
    /// The settings file: its root key, and what it says of Redis.
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// The root key that the backup was made under. Otherwise the environment's or the settings file's.
    #[arg(long, value_name = "FILE")]
    pub root_key_file: Option<PathBuf>,
    /// The root key of the store that is to be. Otherwise the environment's or the settings file's, and
    /// without those one beside a `redb:` file, which is made where there is none.
    #[arg(long, value_name = "FILE")]
    pub to_root_key_file: Option<PathBuf>,
}

/// `demo`
#[derive(Debug, Args)]
pub struct Demo {
    /// The gateway's port on 127.0.0.1; 0 takes a free one.
    #[arg(long, default_value_t = 8080)]
    pub port: u16,
    /// The demo provider's port on 127.0.0.1; 0 takes a free one.
    #[arg(long, default_value_t = 8081)]
    pub provider_port: u16,
    /// What the demo provider signs of a SAML response.
    #[arg(long, value_name = "WHAT", value_enum, default_value_t)]
    pub saml_sign: SamlSign,
    /// Encrypt SAML assertions for the gateway's certificate.
    #[arg(long)]
    pub encrypt_assertions: bool,
    /// Run the demo provider alone, for STS of the gateway at this URL.
    ///
    /// That gateway must list the provider among its ROLEGATE_ALLOW_HTTP_ISSUERS.
    #[arg(
        long,
        value_name = "URL",
        value_parser = origin,
        conflicts_with_all = ["port", "encrypt_assertions"]
    )]
    pub provider_for: Option<String>,
}

/// A gateway's public URL, without the slash.
fn origin(text: &str) -> Result<String, InvalidValue> {
    let invalid = || InvalidValue::new("URL", "a gateway's, such as http://127.0.0.1:8080");
    let url: url::Url = text.parse().map_err(|_| invalid())?;
    let origin = url.origin().ascii_serialization();
    if url.as_str() == [&origin, "/"].concat() {
        Ok(origin)
    } else {
        Err(invalid())
    }
}

/// What the demo provider signs of a SAML response.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum SamlSign {
    /// The assertion.
    Assertion,
    /// The response around it.
    Response,
    /// Both.
    #[default]
    Both,
}

/// `keys`
#[derive(Debug, Subcommand)]
pub enum Keys {
    /// Seal new session tokens under a new key.
    ///
    /// What earlier keys sealed stays good until it expires. Needs `rolegate:RotateKeys`.
    Rotate {
        /// Drop the earlier keys at once: every session that is alive now ends.
        #[arg(long)]
        drop_previous: bool,
        /// Where the gateway is.
        #[command(flatten)]
        gateway: Gateway,
    },
    /// Sign SAML requests with a new key, and have assertions encrypted to it.
    ///
    /// The new key is published at once in the gateway's metadata and signs after
    /// `saml.key_overlap_seconds`; the earlier ones are gone `saml.key_grace_seconds` later. Needs
    /// `rolegate:RotateSamlKeys`.
    RotateSaml {
        /// Drop the earlier keys at once: until they have read the gateway's metadata anew, identity
        /// providers refuse its requests, and what they encrypt can't be opened.
        #[arg(long)]
        drop_previous: bool,
        /// Where the gateway is.
        #[command(flatten)]
        gateway: Gateway,
    },
    /// Sign accounts' tokens for others (`GetWebIdentityToken`) with a new key.
    ///
    /// The new key is published at once and signs after a day; the earlier ones are gone a day later.
    /// Needs `rolegate:RotateWebIdentityKeys`.
    RotateWebIdentity {
        /// Drop the earlier keys at once: tokens that they signed are refused as soon as verifiers read
        /// the keys anew, and new ones until then.
        #[arg(long)]
        drop_previous: bool,
        /// Where the gateway is.
        #[command(flatten)]
        gateway: Gateway,
    },
}

/// `store`
#[derive(Debug, Subcommand)]
pub enum Store {
    /// Have the store be written in the newest format that the gateway knows.
    ///
    /// Run it once every node runs the new version, and not before: a node that doesn't know the format
    /// answers nothing from then on, and there is no way back but a backup. Needs `rolegate:UpgradeStore`.
    Upgrade {
        /// Where the gateway is.
        #[command(flatten)]
        gateway: Gateway,
    },
}

/// `accounts`
#[derive(Debug, Subcommand)]
pub enum Accounts {
    /// List them, by number.
    ///
    /// Needs `rolegate:ListAccounts`.
    List {
        /// Those after this one.
        #[arg(long, value_name = "ACCOUNT")]
        after: Option<AccountId>,
        /// So many at most.
        #[arg(
            long,
            value_name = "N",
            default_value_t = USUAL_ACCOUNTS,
            value_parser = clap::value_parser!(u16).range(1..=i64::from(MAX_ACCOUNTS))
        )]
        limit: u16,
        /// As JSON.
        #[arg(long)]
        json: bool,
        /// Where the gateway is.
        #[command(flatten)]
        gateway: Gateway,
    },
    /// Make one, which has nothing yet.
    ///
    /// It needs an alias. Needs `rolegate:PutAccount`.
    Create(NewAccount),
    /// Call one otherwise; what is left out stays as it is.
    ///
    /// Needs `rolegate:PutAccount`.
    Rename(NamedAccount),
    /// Remove one; every session of it ends.
    ///
    /// Needs `rolegate:RemoveAccount`. Links and services that name it must be changed first.
    Remove {
        /// The account's number.
        #[arg(value_name = "ACCOUNT")]
        account: AccountId,
        /// Remove its users, roles, policies and providers with it.
        #[arg(long)]
        with_contents: bool,
        /// Where the gateway is.
        #[command(flatten)]
        gateway: Gateway,
    },
}

/// A new account.
#[derive(Debug, Args)]
pub struct NewAccount {
    #[command(flatten)]
    pub named: NamedAccount,
    /// A role to make in it, with AdministratorAccess, that trusts the managing account.
    ///
    /// Whoever there may assume it makes the first users and roles by the IAM API. AWS Organizations calls it
    /// `OrganizationAccountAccessRole`. Without it, the account's first role or user comes by `rolegate apply`.
    #[arg(long, value_name = "NAME")]
    pub access_role: Option<RoleName>,
}

/// What an account is called.
#[derive(Debug, Args)]
pub struct NamedAccount {
    /// The account's number, twelve digits.
    #[arg(value_name = "ACCOUNT")]
    pub account: AccountId,
    /// A short name, such as `payments-prod`.
    #[arg(long)]
    pub alias: Option<AccountAlias>,
    /// A longer name.
    #[arg(long)]
    pub name: Option<AccountName>,
    /// What it is for.
    #[arg(long, value_enum)]
    pub environment: Option<AccountEnvironment>,
    /// Where the gateway is.
    #[command(flatten)]
    pub gateway: Gateway,
}

/// What an account is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum AccountEnvironment {
    /// Customers depend on it.
    Production,
    /// The last stop before production.
    Staging,
    /// Where software is made.
    Development,
    /// Where anything may be tried.
    Sandbox,
    /// Used by several of the others.
    Shared,
    /// Not said.
    None,
}

impl From<AccountEnvironment> for Environment {
    fn from(environment: AccountEnvironment) -> Self {
        match environment {
            AccountEnvironment::Production => Self::Production,
            AccountEnvironment::Staging => Self::Staging,
            AccountEnvironment::Development => Self::Development,
            AccountEnvironment::Sandbox => Self::Sandbox,
            AccountEnvironment::Shared => Self::Shared,
            AccountEnvironment::None => Self::None,
        }
    }
}

/// `directory`
#[derive(Debug, Subcommand)]
pub enum History {
    /// List its generations, the newest first: who made each, when and of what.
    ///
    /// Needs `rolegate:ReadDirectoryLog`.
    Log {
        /// Generations before this one.
        #[arg(long, value_name = "GENERATION")]
        before: Option<u64>,
        /// So many at most.
        #[arg(
            long,
            value_name = "N",
            default_value_t = USUAL_GENERATIONS,
            value_parser = clap::value_parser!(u16).range(1..=i64::from(MAX_GENERATIONS))
        )]
        limit: u16,
        /// As JSON.
        #[arg(long)]
        json: bool,
        /// Where the gateway is.
        #[command(flatten)]
        gateway: Gateway,
    },
    /// Show one generation with every change.
    ///
    /// Needs `rolegate:ReadDirectoryLog`.
    Show {
        /// The generation.
        generation: u64,
        /// Where the gateway is.
        #[command(flatten)]
        gateway: Gateway,
    },
    /// Say what has to change in the directory of generation FROM to make it that of TO.
    ///
    /// Needs `rolegate:ReadDirectoryLog`.
    Diff {
        /// The one.
        from: u64,
        /// The other.
        to: u64,
        /// Where the gateway is.
        #[command(flatten)]
        gateway: Gateway,
    },
    /// Make the directory what it was at a generation, by a new one.
    ///
    /// The node's keys and revocations stay as they are, and so do the access keys and devices of users and
    /// services that are there; those of users and services that come back are inactive. Sessions that ended
    /// stay ended. Try with `--dry-run` first. Needs `rolegate:RollBackDirectory`.
    Rollback {
        /// The generation.
        generation: u64,
        /// Say what would change, and change nothing.
        #[arg(long)]
        dry_run: bool,
        /// Refuse if the directory is at another generation than this one now.
        #[arg(long, value_name = "GENERATION")]
        base: Option<u64>,
        /// Where the gateway is.
        #[command(flatten)]
        gateway: Gateway,
    },
}

/// `connections`
#[derive(Debug, Subcommand)]
pub enum Connections {
    /// Read what a SAML connection's identity provider publishes of itself now.
    ///
    /// The gateway does so by itself every `refresh_seconds`. Needs `rolegate:RefreshMetadata`.
    RefreshMetadata {
        /// The connection.
        #[arg(value_name = "ID")]
        id: ConnectionId,
        /// Take metadata that shares no key with what was known: make sure first, by another way, that
        /// the new keys are the provider's.
        #[arg(long)]
        accept_new_keys: bool,
        /// Where the gateway is.
        #[command(flatten)]
        gateway: Gateway,
    },
    /// Print the files that connect a well-known identity provider, to be changed and applied.
    ///
    /// Each stands below a line with its path: a connection with its link and rule where people can sign in
    /// with it, and what lets its tokens in at STS. Asks no gateway.
    Template {
        /// The provider.
        #[arg(value_name = "PROVIDER", value_enum)]
        provider: WellKnown,
    },
}

/// `sessions`
#[derive(Debug, Args)]
pub struct Sessions {
    /// Of this person: `sub`, or the name identifier of SAML.
    #[arg(long, value_name = "SUBJECT", requires = "issuer")]
    pub person: Option<Subject>,
    /// Who vouches for the person: the issuer, or `saml:` and the entity id.
    #[arg(long, value_name = "ISSUER", requires = "person")]
    pub issuer: Option<IssuerName>,
    /// Of those who came by this connection.
    #[arg(long, value_name = "ID")]
    pub connection: Option<ConnectionId>,
    /// Of those to whom the rules give this role now.
    #[arg(long, value_name = "ARN")]
    pub role: Option<RoleArn>,
    /// Of those to whom this rule gives a role now.
    #[arg(long, value_name = "ID")]
    pub rule: Option<RuleId>,
    /// So many at most.
    #[arg(
        long,
        value_name = "N",
        default_value_t = USUAL_LISTED,
        value_parser = clap::value_parser!(u16).range(1..=i64::from(MAX_LISTED))
    )]
    pub limit: u16,
    /// As JSON.
    #[arg(long)]
    pub json: bool,
    /// Where the gateway is.
    #[command(flatten)]
    pub gateway: Gateway,
}

/// `revoke`
#[derive(Debug, Subcommand)]
pub enum Revoke {
    /// End one session.
    ///
    /// Needs `rolegate:RevokeSession`.
    Session {
        /// A temporary access key, or the id of a browser's sign-in: then the browser's session and the
        /// credentials that were taken in it. The audit log has both.
        #[arg(value_name = "ID")]
        id: SessionId,
        /// Where the gateway is.
        #[command(flatten)]
        gateway: Gateway,
    },
    /// End every session of a person.
    ///
    /// For a minute nobody can sign in as this person: an identity provider's clock may be ahead by so
    /// much. Needs `rolegate:RevokePerson`.
    Person {
        /// What the identity provider calls the person: `sub`, or the name identifier of SAML.
        #[arg(value_name = "SUBJECT")]
        subject: Subject,
        /// Who vouches for the person: the issuer, or `saml:` and the entity id.
        #[arg(long, value_name = "ISSUER")]
        issuer: IssuerName,
        /// Where the gateway is.
        #[command(flatten)]
        gateway: Gateway,
    },
    /// End every session of those who came by a connection.
    ///
    /// For a minute nobody can sign in by it. Needs `rolegate:RevokeConnection`.
    Connection {
        /// The connection.
        #[arg(value_name = "ID")]
        id: ConnectionId,
        /// Where the gateway is.
        #[command(flatten)]
        gateway: Gateway,
    },
    /// End every session of a role.
    ///
    /// Needs `rolegate:RevokeRole`.
    Role {
        /// The role.
        #[arg(value_name = "ARN")]
        arn: RoleArn,
        /// Where the gateway is.
        #[command(flatten)]
        gateway: Gateway,
    },
    /// End every session that came of a user's keys.
    ///
    /// Needs `rolegate:RevokeUser`. The keys themselves stay good: take them out of the user's file, or set
    /// their status to Inactive, first.
    User {
        /// The user.
        #[arg(value_name = "ARN")]
        arn: UserArn,
        /// Where the gateway is.
        #[command(flatten)]
        gateway: Gateway,
    },
    /// End every session that came of a service's keys.
    ///
    /// Needs `rolegate:RevokeService`. The keys themselves stay good: take them out of the service's file, or
    /// set their status to Inactive, first.
    Service {
        /// The service, such as `ci.example.com`.
        #[arg(value_name = "NAME")]
        name: ServiceName,
        /// Where the gateway is.
        #[command(flatten)]
        gateway: Gateway,
    },
    /// End every session of a role that a mapping rule gave.
    ///
    /// Needs `rolegate:RevokeRule`.
    Rule {
        /// The rule.
        #[arg(value_name = "ID")]
        id: RuleId,
        /// Where the gateway is.
        #[command(flatten)]
        gateway: Gateway,
    },
    /// End every session of everybody.
    ///
    /// For a minute nobody can sign in, and no identity provider's token can be exchanged. Needs
    /// `rolegate:RevokeEverything`.
    Everything {
        /// Where the gateway is.
        #[command(flatten)]
        gateway: Gateway,
    },
}

/// Where the gateway is.
#[derive(Debug, Args)]
pub struct Gateway {
    /// The gateway's URL: https, or http on this machine.
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:8080")]
    pub endpoint: url::Url,
    /// Further certificate authorities to trust (PEM).
    #[arg(long, value_name = "FILE")]
    pub ca_file: Option<PathBuf>,
    /// The region to sign for.
    #[arg(long, default_value = "us-east-1")]
    pub region: String,
}

impl Command {
    /// How `--dry-run` reads.
    pub(super) const fn mode(dry_run: bool) -> ApplyMode {
        if dry_run {
            ApplyMode::DryRun
        } else {
            ApplyMode::Apply
        }
    }
}

impl Connections {
    /// How `--accept-new-keys` reads.
    pub(super) const fn new_keys(accept_new_keys: bool) -> NewKeys {
        if accept_new_keys {
            NewKeys::Accept
        } else {
            NewKeys::Refuse
        }
    }
}

impl Revoke {
    /// Whose sessions are to end, and where.
    pub(super) fn target(self) -> (RevokeTarget, Gateway) {
        match self {
            Self::Session { id, gateway } => (RevokeTarget::Session(id), gateway),
            Self::Person {
                subject,
                issuer,
                gateway,
            } => (RevokeTarget::Person { issuer, subject }, gateway),
            Self::Connection { id, gateway } => (RevokeTarget::Connection(id), gateway),
            Self::Role { arn, gateway } => (RevokeTarget::Role(arn), gateway),
            Self::User { arn, gateway } => (RevokeTarget::User(arn), gateway),
            Self::Service { name, gateway } => (RevokeTarget::Service(name), gateway),
            Self::Rule { id, gateway } => (RevokeTarget::Rule(id), gateway),
            Self::Everything { gateway } => (RevokeTarget::Everything, gateway),
        }
    }
}

impl Keys {
    /// How `--drop-previous` reads.
    pub(super) const fn previous(drop_previous: bool) -> PreviousKeys {
        if drop_previous {
            PreviousKeys::Drop
        } else {
            PreviousKeys::Keep
        }
    }
}
