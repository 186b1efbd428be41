//! How often somebody who was proven may ask, and for an account (decision 60).
//!
//! Asked after the proof and before anything is issued: whoever only writes somebody's name, or an account's,
//! into a request takes nothing from their rates.

use super::authenticate::Caller;
use crate::domain::{AccountId, IssuerName, Origin, Principal, Subject};
use crate::throttle::{Limit, Throttle, Throttled};

/// One more call of a person for something in `account`.
pub(super) fn admit_person(
    throttle: &Throttle,
    (issuer, subject): (&IssuerName, &Subject),
    account: AccountId,
) -> Result<(), Throttled> {
    throttle.admit(Limit::Principal, &(issuer, subject))?;
    throttle.admit(Limit::Account, &account)
}

/// One more call that was signed: of the person behind the session, whichever of their sessions it is, or of
/// the user or service. Who belongs to no account takes nothing from the rate of one.
pub(super) fn admit_caller(throttle: &Throttle, caller: &Caller) -> Result<(), Throttled> {
    let origin = caller.session.as_ref().map(|it| &it.lineage.origin);
    match (origin, &caller.principal) {
        (Some(Origin::Person(person)), _) => {
            throttle.admit(Limit::Principal, &(&person.issuer, &person.subject))?;
        }
        (Some(Origin::User(user)), _) | (None, Principal::User(user)) => {
            throttle.admit(Limit::Principal, &user.unique_id)?;
        }
        (Some(Origin::Service(name)), _) | (None, Principal::Service(name)) => {
            throttle.admit(Limit::Principal, name)?;
        }
        // Nobody has these without a session.
        (None, Principal::Session(session)) => {
            throttle.admit(Limit::Principal, &session.role_id)?;
        }
        (None, Principal::FederatedUser(federated)) => {
            throttle.admit(Limit::Principal, &federated.by.unique_id)?;
        }
        (None, Principal::Root(root)) => throttle.admit(Limit::Principal, &root.by)?,
    }
    match caller.principal.account() {
        Some(account) => throttle.admit(Limit::Account, &account),
        None => Ok(()),
    }
}
