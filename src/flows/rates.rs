//! How often somebody who was proven may ask, and for an account (decision 60).
//!
//! Asked after the proof and before anything is issued: whoever only writes somebody's name, or an account's,
//! into a request takes nothing from their rates.

use super::authenticate::Caller;
use crate::domain::{AccountId, IssuerName, Origin, Subject};
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

/// One more call that was signed: of the person behind the session, whichever of their sessions it is, or
/// of the user.
pub(super) fn admit_caller(throttle: &Throttle, caller: &Caller) -> Result<(), Throttled> {
    let account = caller.principal.account();
    let origin = caller.session.as_ref().map(|it| &it.lineage.origin);
    match origin {
        Some(Origin::Person(person)) => {
            return admit_person(throttle, (&person.issuer, &person.subject), account);
        }
        Some(Origin::User(user)) => throttle.admit(Limit::Principal, &user.unique_id)?,
        None => throttle.admit(Limit::Principal, caller.principal.unique_id())?,
    }
    throttle.admit(Limit::Account, &account)
}
