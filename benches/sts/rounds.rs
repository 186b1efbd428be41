//! The two servers, and the rounds in which they are asked in turn.

use std::fs;
use std::path::Path;

use crate::directory::{Admin, CHECKED, QUICK, SAML_ROLE};
use crate::identity::Provider;
use crate::report::{Cost, Round, say, say_details, say_ratio};
use crate::requests::{Callers, Paired};
use crate::saml::SamlProvider;
use crate::server::{Server, WORKERS};
use crate::{Outcome, authorize, directory, load, ours, requests};

/// Rounds that count; an odd number has a median.
const ROUNDS: usize = 15;
/// Rounds before them that don't: keys are fetched, memory is taken, caches fill.
const WARM_UP_ROUNDS: usize = 2;
/// Requests to each server in a round, each another one.
const REQUESTS: u32 = 15_000;
/// Likewise with SAML responses, which are larger and are signed just before: none is good for long.
const SAML_REQUESTS: u32 = 4_000;
/// Likewise where a second verifier is asked.
const CHECKED_REQUESTS: u32 = 2_500;
/// Roles of a small directory, and of a large one.
const FEW_ROLES: usize = 10;
const MANY_ROLES: usize = 10_000;
/// So many temporary credentials sign the requests of callers.
const CALLERS: usize = 256;
/// So many, in turn, that none is remembered until its next request.
const STRANGERS: usize = 8_192;

struct Servers {
    bare: Server,
    ours: Server,
}

/// What calls that are signed with sessions cost.
struct Signed {
    caller_identity: Vec<Round>,
    assume_role: Vec<Round>,
    by_strangers: Vec<Round>,
}

/// Runs everything and prints it.
pub fn run() -> Outcome<()> {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR"))?;
    let provider = Provider::new()?;
    provider.publish(folder.path())?;
    let saml_provider = SamlProvider::new()?;
    saml_provider.publish(folder.path())?;
    let size = ours::Size {
        workers: WORKERS,
        traces: ours::USUAL_TRACES,
    };
    ours::write_settings(folder.path(), provider.issuer(), &size)?;
    let admin = Admin::new()?;
    let servers = Servers {
        bare: Server::start("bare", folder.path(), &[])?,
        ours: Server::start("ours", folder.path(), &admin.variables())?,
    };
    let audit = folder.path().join(ours::AUDIT);
    say(&format!(
        "{WORKERS} workers in each server, {} connections; medians of {ROUNDS} rounds, asked in turn",
        load::CONNECTIONS
    ))?;
    let providers = (&provider, &saml_provider);
    directory::apply(servers.ours.address, providers, &admin)?;

    let sessions = requests::web_identities(&servers.addresses(), &provider, REQUESTS)?;
    let web_identity = servers.rounds(&sessions, &audit)?;
    say_details("web identity", &web_identity, REQUESTS)?;

    let signed = servers.signed(&sessions, &audit)?;

    let paired = authorize::questions(&servers.addresses(), &sessions, CALLERS, REQUESTS)?;
    let authorize = servers.rounds(&paired, &audit)?;
    say_details("authorize", &authorize, REQUESTS)?;

    let saml = |name, provider, count| {
        let responses = saml_provider.responses(count, SAML_ROLE, provider)?;
        let paired = requests::saml_responses(&servers.addresses(), provider, &responses);
        let rounds = servers.rounds(&paired, &audit)?;
        let bytes = responses.first().map_or(0, String::len);
        say_details(&format!("{name} of {bytes} bytes"), &rounds, count)?;
        Outcome::Ok(rounds)
    };
    let quick = saml("SAML response", QUICK, SAML_REQUESTS)?;
    let checked = saml(
        "with a second opinion, SAML response",
        CHECKED,
        CHECKED_REQUESTS,
    )?;

    say_ratio("assume_role_with_saml", &quick)?;
    say_ratio("assume_role_with_saml_second_opinion", &checked)?;
    say_ratio("authorize", &authorize)?;
    drop(servers);
    let many_roles = many_roles(&provider, &admin)?;
    say_ratio("web_identity", &web_identity)?;
    say_ratio("caller_identity", &signed.caller_identity)?;
    say_ratio("assume_role", &signed.assume_role)?;
    say_ratio("assume_role_not_seen_lately", &signed.by_strangers)?;
    say_ratio("roles_10k", &many_roles)
}

/// What `AssumeRole` costs a node with few roles, as the bare one, and one with many.
fn many_roles(provider: &Provider, admin: &Admin) -> Outcome<Vec<Round>> {
    let few = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR"))?;
    let many = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR"))?;
    let node = |folder: &Path| {
        let size = ours::Size {
            workers: WORKERS,
            traces: ours::USUAL_TRACES,
        };
        ours::write_settings(folder, provider.issuer(), &size)?;
        Server::start("ours", folder, &admin.variables())
    };
    let servers = Servers {
        bare: node(few.path())?,
        ours: node(many.path())?,
    };
    let asked = |node: &Server, roles| {
        let address = node.address;
        directory::apply_many(address, provider, roles, admin)?;
        let to = requests::Addresses {
            bare: address,
            ours: address,
        };
        let sessions = requests::web_identities(&to, provider, u32::try_from(CALLERS)?)?;
        requests::assuming_each(address, &sessions.ours, (roles, REQUESTS))
    };
    let paired = Paired {
        bare: asked(&servers.bare, FEW_ROLES)?,
        ours: asked(&servers.ours, MANY_ROLES)?,
    };
    let few_audit = few.path().join(ours::AUDIT);
    let many_audit = many.path().join(ours::AUDIT);
    let mut rounds = Vec::new();
    for _ in 0..WARM_UP_ROUNDS + ROUNDS {
        rounds.push(servers.round(&paired, &many_audit)?);
        take_records(&few_audit)?;
    }
    let rounds = rounds.split_off(WARM_UP_ROUNDS);
    say_details(
        &format!("assume role, with {FEW_ROLES} roles (bare) and {MANY_ROLES} (ours)"),
        &rounds,
        REQUESTS,
    )?;
    Ok(rounds)
}

impl Servers {
    fn addresses(&self) -> requests::Addresses {
        requests::Addresses {
            bare: self.bare.address,
            ours: self.ours.address,
        }
    }

    /// Calls that are signed with sessions.
    fn signed(&self, sessions: &Paired, audit: &Path) -> Outcome<Signed> {
        let to = self.addresses();
        let measured = |name, paired| {
            let rounds = self.rounds(&paired, audit)?;
            say_details(name, &rounds, REQUESTS)?;
            Outcome::Ok(rounds)
        };
        let callers = Callers::new(&to, sessions, CALLERS)?;
        let caller_identity = measured("caller identity", callers.identities(&to, REQUESTS)?)?;
        let assume_role = measured("assume role", callers.assuming(&to, REQUESTS)?)?;
        let strangers = Callers::new(&to, sessions, STRANGERS)?.assuming(&to, REQUESTS)?;
        let by_strangers = measured("assume role, by sessions not seen lately", strangers)?;
        Ok(Signed {
            caller_identity,
            assume_role,
            by_strangers,
        })
    }

    fn rounds(&self, requests: &Paired, audit: &Path) -> Outcome<Vec<Round>> {
        let rounds = (0..WARM_UP_ROUNDS + ROUNDS).map(|_| self.round(requests, audit));
        let mut rounds = rounds.collect::<Outcome<Vec<_>>>()?;
        Ok(rounds.split_off(WARM_UP_ROUNDS))
    }

    fn round(&self, requests: &Paired, audit: &Path) -> Outcome<Round> {
        take_records(audit)?;
        let round = Round {
            bare: cost(&self.bare, &requests.bare)?,
            ours: cost(&self.ours, &requests.ours)?,
        };
        let records = take_records(audit)?;
        if records != requests.ours.len() {
            let sent = requests.ours.len();
            return Err(format!("{sent} requests left {records} audit records").into());
        }
        Ok(round)
    }
}

fn cost(server: &Server, requests: &[Vec<u8>]) -> Outcome<Cost> {
    let before = server.cpu()?;
    let elapsed = load::send_all(server.address, requests)?;
    Ok(Cost {
        cpu: server.cpu()?.saturating_sub(before),
        elapsed,
    })
}

/// Counts the records of the audit log and empties it, so that the disk is not filled.
fn take_records(audit: &Path) -> Outcome<usize> {
    let mut records = 0;
    for file in fs::read_dir(audit)? {
        let path = file?.path();
        let text = fs::read(&path)?;
        records += memchr::memchr_iter(b'\n', &text).count();
        fs::OpenOptions::new().write(true).open(&path)?.set_len(0)?;
    }
    Ok(records)
}
