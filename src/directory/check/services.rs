//! What must hold of services.

use std::collections::BTreeSet;

use super::holders::check_keys;
use super::{MAX_DESCRIPTION, Problem};
use crate::directory::services::{Reach, Service};
use crate::directory::state::Directory;

/// Checks every service.
pub(super) fn check(directory: &Directory, problems: &mut Vec<Problem>) {
    for (name, service) in &directory.services {
        let at = format!("services/{name}");
        if service.description.chars().count() > MAX_DESCRIPTION {
            let text = "description must have at most 1000 characters";
            problems.push(Problem::new(&at, text));
        }
        let most = Service::MAX_NAMES;
        for (member, names) in [
            ("signing_names", &service.signing_names),
            ("action_prefixes", &service.action_prefixes),
        ] {
            if names.len() > most {
                problems.push(Problem::new(&at, format!("{member}: at most {most}")));
            }
        }
        let names = service.signing_names(name).into_iter();
        let names = names.chain(service.action_prefixes(name));
        let ours = names.filter(|name| Service::OURS.contains(&name.as_str()));
        for ours in ours.collect::<BTreeSet<_>>() {
            let text = format!(
                "{ours} is the gateway's own, and what it stands for nobody else's to receive or say; set signing_names and action_prefixes to others"
            );
            problems.push(Problem::new(&at, text));
        }
        check_keys(&at, &service.access_keys, Service::MAX_KEYS, problems);
        if let Reach::Accounts(accounts) = &service.reach {
            if accounts.is_empty() {
                let text = "accounts: list one at least, or leave accounts out for all of them";
                problems.push(Problem::new(&at, text));
            }
            let known = |id: &&_| !directory.accounts.contains_key(id);
            let unknown = accounts.iter().filter(known);
            problems.extend(
                unknown.map(|id| Problem::new(&at, format!("accounts: there is no account {id}"))),
            );
        }
    }
}
