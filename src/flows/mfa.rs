//! A second factor: a code that a user's virtual device shows (RFC 6238).
//!
//! ```text
//! both a serial number and a code?
//!  └ the user's own device?
//!     └ a try that is left in this half minute, of five, whichever node was asked
//!        └ the code of this half minute by the device's clock, the one before or the one after
//!           └ not used yet
//!              └ many wrong ones within a day? the device's next code, too
//! ```
//! Nobody is shut out for good: a limit of tries that refused every code would be a way to lock a user out. Where
//! somebody seems to guess, a right code alone is told as a wrong one, and the next one that the device shows, from
//! the same network, is taken.

use std::net::IpAddr;
use std::sync::Arc;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::hmac;

use super::request::RequestMeta;
use super::unavailable::Unavailable;
use crate::directory::{MfaDevice, User};
use crate::domain::{AccountId, Partition, Secret, UniqueId, UnixTime, network_of};
use crate::store::{OneTimeUse, Redeemed, StoreError};

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
/// After so many wrong codes of a user within so many seconds somebody seems to guess: one more counts until that
/// much later. Beyond it a guesser needs two right codes in a row.
const WRONG: u8 = 8;
const WRONG_SECONDS: i64 = 24 * 3600;
/// The second of two codes in a row must come within so many seconds.
const IN_A_ROW_SECONDS: i64 = 3 * STEP_SECONDS;
/// A code has so many digits.
const DIGITS: usize = 6;
/// What the marks are, so that no other mark is taken for one.
const USED: &[u8] = b"rolegate mfa code ";
const TRIED: &[u8] = b"rolegate mfa try ";
const WRONG_ONE: &[u8] = b"rolegate mfa wrong ";
const FIRST_OF_TWO: &[u8] = b"rolegate mfa first ";

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
    /// Somebody seems to guess. Whether this one was right is not told.
    #[error(
        "{WRONG} codes of the user were wrong within a day, so that two in a row are needed: the code is not the device's, or it was the first of two, and the next one that it shows is taken"
    )]
    TwoNeeded,
    /// It can't be known whether it was used.
    #[error(transparent)]
    Unavailable(Unavailable),
}

impl MfaError {
    /// Whether a code was shown that did not count.
    pub const fn is_failed_proof(&self) -> bool {
        matches!(
            self,
            Self::WrongCode | Self::UsedCode | Self::TwoNeeded | Self::TooManyTries
        )
    }
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
    meta: &RequestMeta,
) -> Result<Option<UnixTime>, MfaError> {
    match (shown.serial_number, shown.code) {
        (None, None) => Ok(None),
        (Some(serial), Some(code)) => {
            // Boxed, so that who shows none has no room for it.
            let taking = Box::pin(take_shown((serial, code), devices, marks, meta));
            taking.await.map(Some)
        }
        (Some(_), None) | (None, Some(_)) => Err(MfaError::Incomplete),
    }
}

async fn take_shown(
    (serial, code): (&str, &str),
    devices: Option<DevicesOf<'_>>,
    marks: &Arc<dyn OneTimeUse>,
    meta: &RequestMeta,
) -> Result<UnixTime, MfaError> {
    let devices = devices.ok_or(MfaError::UnknownDevice)?;
    let device = devices.find(serial).ok_or(MfaError::UnknownDevice)?;
    let trial = Trial {
        user: devices.user.unique_id.clone(),
        serial: serial.to_owned(),
        device: device.clone(),
        code: Secret::new(code.to_owned()),
        from: network_of(meta.source_ip),
        marks: Arc::clone(marks),
        now: meta.now,
    };
    // Whoever goes away once they could know that they were wrong is counted all the same.
    let judged = tokio::spawn(async move { trial.judge().await }).await;
    judged.map_err(|gone| {
        let gone = StoreError::Unavailable(Box::new(gone));
        MfaError::Unavailable(gone.into())
    })?
}

async fn redeem(
    mark: &[u8; 32],
    marks: &Arc<dyn OneTimeUse>,
    (keep_until, now): (UnixTime, UnixTime),
) -> Result<Redeemed, MfaError> {
    let redeemed = marks.redeem(mark, keep_until, now).await;
    redeemed.map_err(|error| MfaError::Unavailable(error.into()))
}

/// A code that somebody shows, and what it is held against.
struct Trial {
    user: UniqueId,
    serial: String,
    device: MfaDevice,
    code: Secret<String>,
    /// The network that it is shown from.
    from: IpAddr,
    marks: Arc<dyn OneTimeUse>,
    now: UnixTime,
}

impl Trial {
    /// When it was taken.
    async fn judge(&self) -> Result<UnixTime, MfaError> {
        self.take_try().await?;
        if !self.is_suspected().await? {
            let taken = self.take_code().await;
            if matches!(taken, Err(MfaError::WrongCode)) {
                self.note_wrong().await?;
            }
            return taken.map(|_| self.now);
        }
        // Whatever it is, a right code that comes alone is told as a wrong one.
        match self.take_code().await {
            Ok(step) if self.is_second(step).await? => Ok(self.now),
            Err(MfaError::WrongCode) => {
                self.stay_suspected().await?;
                Err(MfaError::TwoNeeded)
            }
            Ok(_) | Err(MfaError::UsedCode) => Err(MfaError::TwoNeeded),
            Err(other) => Err(other),
        }
    }

    /// Takes one of the tries that a user has in this half minute.
    async fn take_try(&self) -> Result<(), MfaError> {
        let step = self.now.seconds().div_euclid(STEP_SECONDS);
        // Kept while the code of the next step could still be shown.
        let keep_until = self.now.plus(STEP_SECONDS * (STEPS_AWAY + 2));
        for number in 0..TRIES {
            let mark = mark_of(TRIED, &format!("{} {step} {number}", self.user));
            if self.mark(&mark, keep_until).await? == Redeemed::First {
                return Ok(());
            }
        }
        Err(MfaError::TooManyTries)
    }

    /// Uses the code up; the step of which it is.
    async fn take_code(&self) -> Result<i64, MfaError> {
        let seed = self.device.seed().ok_or(MfaError::WrongCode)?;
        let step = self.now.seconds().div_euclid(STEP_SECONDS);
        let step = step.saturating_add(self.device.drift);
        let mut found = None;
        for away in -STEPS_AWAY..=STEPS_AWAY {
            if is_code(seed.expose(), step + away, self.code.expose()) {
                found = Some(step + away);
            }
        }
        let step = found.ok_or(MfaError::WrongCode)?;
        let code = UsedCode::of(&self.user, &self.serial, step);
        match code.use_up(&self.marks, self.now).await? {
            Redeemed::First => Ok(step),
            Redeemed::Again => Err(MfaError::UsedCode),
        }
    }

    async fn mark(&self, mark: &[u8; 32], keep_until: UnixTime) -> Result<Redeemed, MfaError> {
        redeem(mark, &self.marks, (keep_until, self.now)).await
    }

    async fn is_marked(&self, mark: &[u8; 32]) -> Result<bool, MfaError> {
        let marked = self.marks.is_redeemed(mark, self.now).await;
        marked.map_err(|error| MfaError::Unavailable(error.into()))
    }

    fn wrong(&self, number: u8) -> [u8; 32] {
        mark_of(WRONG_ONE, &format!("{} {number}", self.user))
    }

    /// Whether somebody guesses this user's codes.
    async fn is_suspected(&self) -> Result<bool, MfaError> {
        self.is_marked(&self.wrong(WRONG - 1)).await
    }

    /// One more wrong code. Those that are counted already stay counted until their own time.
    async fn note_wrong(&self) -> Result<(), MfaError> {
        let until = self.now.plus(WRONG_SECONDS);
        for number in 0..WRONG {
            let mark = self.wrong(number);
            let is_counted = self.is_marked(&mark).await?;
            if !is_counted && self.mark(&mark, until).await? == Redeemed::First {
                break;
            }
        }
        Ok(())
    }

    /// It goes on: they are suspected until a day from now.
    async fn stay_suspected(&self) -> Result<(), MfaError> {
        let until = self.now.plus(WRONG_SECONDS);
        self.mark(&self.wrong(WRONG - 1), until).await?;
        Ok(())
    }

    /// Whether the right code of this step is the second of two in a row; otherwise it is the first. Whoever only
    /// asks from elsewhere gains nothing by the owner's first one.
    async fn is_second(&self, step: i64) -> Result<bool, MfaError> {
        let Self {
            user, serial, from, ..
        } = self;
        let first = |step: i64| mark_of(FIRST_OF_TWO, &format!("{user} {serial} {from} {step}"));
        if self.is_marked(&first(step - 1)).await? {
            return Ok(true);
        }
        let until = self.now.plus(IN_A_ROW_SECONDS);
        self.mark(&first(step), until).await?;
        Ok(false)
    }
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
