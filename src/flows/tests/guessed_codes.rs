//! Codes of a device that somebody guesses at, day after day.

use super::*;
use crate::domain::{AccountId, Partition};
use crate::flows::mfa::{DevicesOf, MfaError, ShownCode, code_of, take};

const SEED: &[u8] = b"12345678901234567890";
const SERIAL: &str = "arn:aws:iam::482011739056:mfa/phone";
const OTHER_SERIAL: &str = "arn:aws:iam::482011739056:mfa/spare";
const STEP: i64 = 30;
const DAY: i64 = 24 * 3600;
const HOME: [u8; 4] = [203, 0, 113, 7];
const ELSEWHERE: [u8; 4] = [198, 51, 100, 9];

/// A user who has two devices of the same seed.
struct Ada {
    node: Node,
    marks: Arc<dyn OneTimeUse>,
}

impl Ada {
    async fn new() -> Self {
        let mut files = testing::files();
        let device = |name| {
            format!("[[mfa_devices]]\nname = '{name}'\nseed = 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ'\n")
        };
        files.insert(
            "accounts/482011739056/users/ada.toml".to_owned(),
            [device("phone"), device("spare")].concat(),
        );
        Self {
            node: Node::with(&files).await,
            marks: Arc::new(MemoryStore::default()),
        }
    }

    /// Shows a code so many seconds after the beginning.
    async fn show(
        &self,
        (serial, code): (&str, &str),
        from: [u8; 4],
        after: i64,
    ) -> Result<(), MfaError> {
        let snapshot = self.node.directory.snapshot(NOW).unwrap();
        let account: AccountId = "482011739056".parse().unwrap();
        let user = &snapshot.account(account).unwrap().users["ada"];
        let devices = DevicesOf {
            user,
            partition: Partition::Aws,
            account,
        };
        let meta = RequestMeta {
            source_ip: from.into(),
            ..meta_at(NOW.plus(after))
        };
        let shown = ShownCode {
            serial_number: Some(serial),
            code: Some(code),
        };
        let taken = take(shown, Some(devices), &self.marks, &meta).await?;
        assert_eq!(taken, Some(meta.now));
        Ok(())
    }

    async fn guess(&self, after: i64) -> MfaError {
        let wrong = (SERIAL, "no code");
        self.show(wrong, ELSEWHERE, after).await.unwrap_err()
    }

    /// As many wrong codes as make it likely that somebody guesses, by the end of the second step.
    async fn be_guessed_at(&self) {
        for number in 0..8 {
            let error = self.guess(STEP * (number / 4)).await;
            assert!(matches!(error, MfaError::WrongCode), "{error:?}");
        }
    }

    async fn is_taken(&self, serial: &str, from: [u8; 4], after: i64) -> bool {
        let code = code(after);
        match self.show((serial, &code), from, after).await {
            Ok(()) => true,
            Err(MfaError::TwoNeeded) => false,
            Err(other) => panic!("{other:?}"),
        }
    }
}

/// The code that is shown so many seconds after the beginning.
fn code(after: i64) -> String {
    code_of(SEED, NOW.plus(after).seconds() / STEP)
}

#[tokio::test]
async fn after_many_wrong_codes_two_in_a_row_are_needed() {
    let ada = Ada::new().await;
    ada.be_guessed_at().await;
    assert!(!ada.is_taken(SERIAL, HOME, 3 * STEP).await);
    assert!(ada.is_taken(SERIAL, HOME, 4 * STEP).await);
    // The one that was taken begins no other two.
    assert!(!ada.is_taken(SERIAL, HOME, 5 * STEP).await);
    assert!(ada.is_taken(SERIAL, HOME, 6 * STEP).await);
}

/// Marks that answer a moment later.
struct Slow(MemoryStore);

#[async_trait]
impl OneTimeUse for Slow {
    async fn redeem(
        &self,
        what: &[u8; 32],
        keep_until: UnixTime,
        now: UnixTime,
    ) -> Result<Redeemed, StoreError> {
        tokio::task::yield_now().await;
        self.0.redeem(what, keep_until, now).await
    }

    async fn is_redeemed(&self, what: &[u8; 32], now: UnixTime) -> Result<bool, StoreError> {
        tokio::task::yield_now().await;
        self.0.is_redeemed(what, now).await
    }
}

/// A client that hangs up drops what answers it.
#[tokio::test]
async fn who_goes_away_before_the_answer_is_counted_all_the_same() {
    let ada = Ada {
        marks: Arc::new(Slow(MemoryStore::default())),
        ..Ada::new().await
    };
    for number in 0..8 {
        let wrong = (SERIAL, "no code");
        let mut shown = Box::pin(ada.show(wrong, ELSEWHERE, STEP * (number / 4)));
        let begun = futures_util::poll!(shown.as_mut());
        assert!(begun.is_pending(), "{begun:?}");
        drop(shown);
        for _ in 0..100 {
            tokio::task::yield_now().await;
        }
    }
    assert!(!ada.is_taken(SERIAL, HOME, 3 * STEP).await);
    assert!(ada.is_taken(SERIAL, HOME, 4 * STEP).await);
}

#[tokio::test]
async fn who_shows_one_wrong_code_less_needs_one() {
    let ada = Ada::new().await;
    for number in 0..7 {
        ada.guess(STEP * (number / 4)).await;
    }
    assert!(ada.is_taken(SERIAL, HOME, 3 * STEP).await);
    // That one was right lets nobody begin to guess anew.
    let error = ada.guess(4 * STEP).await;
    assert!(matches!(error, MfaError::WrongCode), "{error:?}");
    assert!(!ada.is_taken(SERIAL, HOME, 5 * STEP).await);
}

#[tokio::test]
async fn wrong_codes_of_other_days_do_not_count() {
    let ada = Ada::new().await;
    for number in 0..20 {
        let error = ada.guess(number * DAY / 6).await;
        assert!(matches!(error, MfaError::WrongCode), "{number}: {error:?}");
    }
}

#[tokio::test]
async fn only_the_next_code_of_the_device_from_the_same_network_is_the_second() {
    let ada = Ada::new().await;
    ada.be_guessed_at().await;
    assert!(!ada.is_taken(SERIAL, HOME, 3 * STEP).await);
    assert!(!ada.is_taken(SERIAL, ELSEWHERE, 4 * STEP).await, "network");
    assert!(!ada.is_taken(SERIAL, HOME, 6 * STEP).await, "not the next");
    assert!(!ada.is_taken(OTHER_SERIAL, HOME, 7 * STEP).await, "device");
    assert!(ada.is_taken(OTHER_SERIAL, HOME, 8 * STEP).await);
}

/// Nobody learns whether a code that comes alone was right: not even by showing it again.
#[tokio::test]
async fn a_right_code_alone_is_told_as_a_wrong_one() {
    let ada = Ada::new().await;
    ada.be_guessed_at().await;
    let right = code(3 * STEP);
    for code in [right.as_str(), &right, "no code"] {
        let error = ada.show((SERIAL, code), HOME, 3 * STEP).await.unwrap_err();
        assert!(matches!(error, MfaError::TwoNeeded), "{error:?}");
    }
}

#[tokio::test]
async fn it_is_over_a_day_after_the_last_wrong_code() {
    let ada = Ada::new().await;
    ada.be_guessed_at().await;
    let last = DAY - STEP;
    let error = ada.guess(last).await;
    assert!(matches!(error, MfaError::TwoNeeded), "{error:?}");
    assert!(!ada.is_taken(SERIAL, HOME, last + DAY).await);
    assert!(ada.is_taken(SERIAL, HOME, last + DAY + 3 * STEP).await);
}
