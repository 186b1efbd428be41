//! What must hold of services.

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
