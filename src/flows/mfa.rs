//! A second factor: a code that a user's virtual device shows (RFC 6238).
//!
//! ```text
//! both a serial number and a code?
//!  └ the user's own device?
//!     └ a try that is left in this half minute, of five, whichever node was asked
//!        └ the code of this half minute, the one before or the one after
//!           └ not used yet
//! ```

use std::sync::Arc;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::hmac;

use super::unavailable::Unavailable;
use crate::directory::{DirectoryError, MfaDevice, User};
use crate::domain::{AccountId, Partition, UnixTime};
use crate::store::{OneTimeUse, Redeemed};

/// A code is shown for so long, in seconds.
const STEP_SECONDS: i64 = 30;
/// Codes of so many steps before and after are good, since clocks differ (RFC 6238, section 5.2).
const STEPS_AWAY: i64 = 1;
/// So many codes of a user may be tried in one step, of whichever of their devices.
const TRIES: u8 = 5;
/// A code has so many digits.
const DIGITS: usize = 6;
/// What the marks are, so that no other mark is taken for one.
const USED: &[u8] = b"rolegate mfa code ";
const TRIED: &[u8] = b"rolegate mfa try ";

/// What a caller shows: the device's serial number and its code.
#[derive(Clone, Copy, Default)]
pub struct ShownCode<'a> {
    /// The serial number.
    pub serial_number: Option<&'a str>,
    /// The code.
    pub code: Option<&'a str>,
}

/// Why a code doesn't count.
#[derive(Debug, thiserror::Error)]
pub enum MfaError {
    /// One of both is missing.
    #[error("must provide both MFA serial number and one time pass code")]
    Incomplete,
    /// The caller has no such device.
    #[error("the caller has no MFA device of this serial number")]
    UnknownDevice,
    /// Too many codes were tried.
    #[error("more than {TRIES} codes of the user were tried within {STEP_SECONDS} seconds")]
    TooManyTries,
    /// It is not the device's code now.
    #[error("the code is not the one that the device shows")]
    WrongCode,
    /// It was used already.
    #[error("the code was used already")]
    UsedCode,
    /// It can't be known whether it was used.
    #[error(transparent)]
    Unavailable(Unavailable),
}

/// Whose devices are asked.
#[derive(Debug, Clone, Copy)]
pub(super) struct DevicesOf<'a> {
    pub user: &'a User,
    pub partition: Partition,
    pub account: AccountId,
}

/// Takes a code, once. The moment of it; `None` where none is shown.
pub(super) async fn take(
    shown: ShownCode<'_>,
    devices: Option<DevicesOf<'_>>,
    marks: &Arc<dyn OneTimeUse>,
    now: UnixTime,
) -> Result<Option<UnixTime>, MfaError> {
    match (shown.serial_number, shown.code) {
        (None, None) => Ok(None),
        (Some(serial), Some(code)) => {
            // Boxed, so that who shows none has no room for it.
            let taking = Box::pin(take_shown((serial, code), devices, marks, now));
            taking.await.map(Some)
        }
        (Some(_), None) | (None, Some(_)) => Err(MfaError::Incomplete),
    }
}

async fn take_shown(
    (serial, code): (&str, &str),
    devices: Option<DevicesOf<'_>>,
    marks: &Arc<dyn OneTimeUse>,
    now: UnixTime,
) -> Result<UnixTime, MfaError> {
    let devices = devices.ok_or(MfaError::UnknownDevice)?;
    let device = devices.find(serial).ok_or(MfaError::UnknownDevice)?;
    let id = devices.user.unique_id.as_str();
    let step = now.seconds().div_euclid(STEP_SECONDS);
    // Kept while the code of the next step could still be shown.
    let keep_until = now.plus(STEP_SECONDS * (STEPS_AWAY + 2));
    let redeem = async |mark: [u8; 32]| {
        let redeemed = marks.redeem(&mark, keep_until, now).await;
        redeemed.map_err(|error| MfaError::Unavailable(DirectoryError::from(error).into()))
    };
    let mut has_try = false;
    for number in 0..TRIES {
        let text = format!("{id} {step} {number}");
        if redeem(mark_of(TRIED, &text)).await? == Redeemed::First {
            has_try = true;
            break;
        }
    }
    if !has_try {
        return Err(MfaError::TooManyTries);
    }
    let seed = device.seed().ok_or(MfaError::WrongCode)?;
    let mut found = None;
    for away in -STEPS_AWAY..=STEPS_AWAY {
        let shown = code_of(seed.expose(), step + away);
        if verify_slices_are_equal(shown.as_bytes(), code.as_bytes()).is_ok() {
            found = Some(step + away);
        }
    }
    let step = found.ok_or(MfaError::WrongCode)?;
    match redeem(mark_of(USED, &format!("{id} {serial} {step}"))).await? {
        Redeemed::First => Ok(now),
        Redeemed::Again => Err(MfaError::UsedCode),
    }
}

impl DevicesOf<'_> {
    fn find(&self, serial: &str) -> Option<&MfaDevice> {
        let mut devices = self.user.mfa_devices.iter();
        let named = |name: &crate::directory::DeviceName| {
            name.serial_number(self.partition, self.account) == serial
        };
        devices.find_map(|(name, device)| named(name).then_some(device))
    }
}

fn mark_of(kind: &[u8], text: &str) -> [u8; 32] {
    let mut mark = [0; 32];
    let hash = digest(&SHA256, &[kind, text.as_bytes()].concat());
    mark.copy_from_slice(hash.as_ref());
    mark
}

/// The code of a step (RFC 4226, section 5.3).
fn code_of(seed: &[u8], step: i64) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, seed);
    let tag = hmac::sign(&key, &step.to_be_bytes());
    let tag = tag.as_ref();
    let offset = usize::from(tag.last().copied().unwrap_or_default() & 0xf);
    let bytes = tag.get(offset..).and_then(|rest| rest.first_chunk::<4>());
    let number = u32::from_be_bytes(bytes.copied().unwrap_or_default()) & 0x7fff_ffff;
    format!("{:0width$}", number % 1_000_000, width = DIGITS)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The seed of RFC 6238's test vectors.
    const SEED: &[u8] = b"12345678901234567890";

    #[test]
    fn codes_are_those_of_the_rfc() {
        // Appendix B, whose codes have eight digits.
        for (seconds, code) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
            (20_000_000_000, "353130"),
        ] {
            assert_eq!(code_of(SEED, seconds / STEP_SECONDS), code, "{seconds}");
        }
    }
}
