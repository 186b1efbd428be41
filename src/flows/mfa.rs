//! A second factor: a code that a user's virtual device shows (RFC 6238).
//!
//! ```text
//! both a serial number and a code?
//!  └ the user's own device?
//!     └ a try that is left in this half minute, of five, whichever node was asked
//!        └ the code of this half minute by the device's clock, the one before or the one after
//!           └ not used yet
//! ```

use std::sync::Arc;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::hmac;

use super::unavailable::Unavailable;
use crate::directory::{DirectoryError, MfaDevice, User};
use crate::domain::{AccountId, Partition, UniqueId, UnixTime};
use crate::store::{OneTimeUse, Redeemed};

/// A code is shown for so long, in seconds.
const STEP_SECONDS: i64 = 30;
/// Codes of so many steps before and after are good, since clocks differ (RFC 6238, section 5.2).
const STEPS_AWAY: i64 = 1;
/// The clock of a device may be so many steps away, which two codes in a row tell (section 6).
const MAX_DRIFT: i64 = MfaDevice::MAX_DRIFT;
/// A used code is known as such while any clock that the device may be given could show it.
const USED_SECONDS: i64 = STEP_SECONDS * (2 * MAX_DRIFT + STEPS_AWAY + 2);
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
    let (serial, code) = match (shown.serial_number, shown.code) {
        (None, None) => return Ok(None),
        (Some(serial), Some(code)) => (serial, code),
        (Some(_), None) | (None, Some(_)) => return Err(MfaError::Incomplete),
    };
    let devices = devices.ok_or(MfaError::UnknownDevice)?;
    let device = devices.find(serial).ok_or(MfaError::UnknownDevice)?;
    let id = devices.user.unique_id.as_str();
    let step = now.seconds().div_euclid(STEP_SECONDS);
    // Kept while the code of the next step could still be shown.
    let keep_until = now.plus(STEP_SECONDS * (STEPS_AWAY + 2));
    let mut has_try = false;
    for number in 0..TRIES {
        let text = format!("{id} {step} {number}");
        let mark = mark_of(TRIED, &text);
        if redeem(&mark, marks, (keep_until, now)).await? == Redeemed::First {
            has_try = true;
            break;
        }
    }
    if !has_try {
        return Err(MfaError::TooManyTries);
    }
    let seed = device.seed().ok_or(MfaError::WrongCode)?;
    let step = step.saturating_add(device.drift);
    let mut found = None;
    for away in -STEPS_AWAY..=STEPS_AWAY {
        if is_code(seed.expose(), step + away, code) {
            found = Some(step + away);
        }
    }
    let step = found.ok_or(MfaError::WrongCode)?;
    let code = UsedCode::of(&devices.user.unique_id, serial, step);
    match code.use_up(marks, now).await? {
        Redeemed::First => Ok(Some(now)),
        Redeemed::Again => Err(MfaError::UsedCode),
    }
}

async fn redeem(
    mark: &[u8; 32],
    marks: &Arc<dyn OneTimeUse>,
    (keep_until, now): (UnixTime, UnixTime),
) -> Result<Redeemed, MfaError> {
    let redeemed = marks.redeem(mark, keep_until, now).await;
    redeemed.map_err(|error| MfaError::Unavailable(DirectoryError::from(error).into()))
}

/// A code that counts as used.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct UsedCode([u8; 32]);

impl UsedCode {
    /// The code of this step, of a user's device.
    pub fn of(user: &UniqueId, serial: &str, step: i64) -> Self {
        Self(mark_of(USED, &format!("{user} {serial} {step}")))
    }

    /// Marks it: of all who show it, one is the first.
    pub async fn use_up(
        &self,
        marks: &Arc<dyn OneTimeUse>,
        now: UnixTime,
    ) -> Result<Redeemed, MfaError> {
        redeem(&self.0, marks, (now.plus(USED_SECONDS), now)).await
    }
}

/// What two codes in a row tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct InARow {
    /// So many steps the device's clock is before ours; a clock that is right as far as one code tells is right.
    pub drift: i64,
    /// The steps of the codes.
    pub steps: [i64; 2],
}

impl InARow {
    /// Where a device shows these codes one after the other, as near to now as can be.
    pub fn find(seed: &[u8], [first, second]: [&str; 2], now: UnixTime) -> Option<Self> {
        let step = now.seconds().div_euclid(STEP_SECONDS);
        let mut found = None;
        for away in -MAX_DRIFT..=MAX_DRIFT {
            let steps = [step + away - 1, step + away];
            let [before, after] = steps;
            let is_it = is_code(seed, before, first) & is_code(seed, after, second);
            let is_nearer = found.is_none_or(|it: Self| away.abs() < it.drift.abs());
            if is_it && is_nearer {
                found = Some(Self { drift: away, steps });
            }
        }
        let is_right = |drift: i64| drift.abs() <= STEPS_AWAY;
        found.map(|it| Self {
            drift: if is_right(it.drift) { 0 } else { it.drift },
            ..it
        })
    }
}

fn is_code(seed: &[u8], step: i64, code: &str) -> bool {
    let shown = code_of(seed, step);
    verify_slices_are_equal(shown.as_bytes(), code.as_bytes()).is_ok()
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
pub(super) fn code_of(seed: &[u8], step: i64) -> String {
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
    fn two_codes_in_a_row_tell_how_far_a_clock_is_away() {
        let now = UnixTime::from_seconds(1_111_111_111);
        let step = now.seconds() / STEP_SECONDS;
        for away in -15..=15 {
            let steps = [step + away - 1, step + away];
            let codes = steps.map(|step| code_of(SEED, step));
            let found = InARow::find(SEED, [&codes[0], &codes[1]], now);
            let drift = if away.abs() <= 1 { 0 } else { away };
            let expected = (away.abs() <= MAX_DRIFT).then_some(InARow { drift, steps });
            assert_eq!(found, expected, "{away}");
            assert_eq!(InARow::find(SEED, [&codes[1], &codes[0]], now), None);
            assert_eq!(InARow::find(SEED, [&codes[0], &codes[0]], now), None);
        }
    }

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
