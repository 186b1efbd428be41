//! What the region of a call allows: where STS is active for an account, and in which regions the token
//! counts that is issued there.

use super::request::RequestMeta;
use crate::directory::{Account, Snapshot};
use crate::domain::{AccountId, Enabling, Endpoint, Region, TokenVersion};

/// STS gives no credentials for this account in the region that was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("STS is not active in this region for the account {account}")]
pub struct RegionDisabled {
    /// Whose credentials were asked for.
    pub account: AccountId,
}

/// The version of a token that is issued for `account` by this call.
///
/// # Errors
/// [`RegionDisabled`]
pub(super) fn reach(
    account: AccountId,
    snapshot: &Snapshot,
    meta: &RequestMeta,
) -> Result<TokenVersion, RegionDisabled> {
    let settings = snapshot.account(account).map(|account| &account.settings);
    match meta.endpoint {
        // Its calls are made in a region, too, which an account that has no use for it can deactivate.
        Endpoint::Global => match settings {
            Some(settings) if !settings.is_active_in(&meta.region, Enabling::Default) => {
                Err(RegionDisabled { account })
            }
            Some(settings) => Ok(settings.global_endpoint_token_version),
            None => Ok(TokenVersion::One),
        },
        Endpoint::Regional(enabling) => {
            // The account of the first administrator may stand in no directory yet.
            let is_active = settings.map_or(enabling == Enabling::Default, |settings| {
                settings.is_active_in(&meta.region, enabling)
            });
            let disabled = RegionDisabled { account };
            is_active.then_some(TokenVersion::Two).ok_or(disabled)
        }
    }
}

/// Whether who signs with a key or token of `account` is known in the region that was asked: a region that
/// accounts switch on has nobody of the others, and takes no token of version 1.
pub(super) fn is_known_there(
    account: AccountId,
    token: Option<TokenVersion>,
    snapshot: &Snapshot,
    meta: &RequestMeta,
) -> bool {
    match meta.endpoint {
        Endpoint::Global => true,
        Endpoint::Regional(enabling) => {
            is_known_in((&meta.region, enabling), account, token, snapshot)
        }
    }
}

/// The same of any region.
pub(super) fn is_known_in(
    (region, enabling): (&Region, Enabling),
    account: AccountId,
    token: Option<TokenVersion>,
    snapshot: &Snapshot,
) -> bool {
    let has = |account: &Account| account.settings.has_region(region, enabling);
    match enabling {
        Enabling::Default => true,
        Enabling::OptIn => {
            token != Some(TokenVersion::One) && snapshot.account(account).is_some_and(has)
        }
    }
}
