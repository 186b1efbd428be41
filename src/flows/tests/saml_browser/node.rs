//! What a node makes of its own trouble, and of what another node knows before it.

use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;
use crate::federation::saml::second_opinion::SecondOpinionError;

/// Marks of a store that looks up, and doesn't write while it is full.
struct FullMarks {
    store: Arc<MemoryStore>,
    /// How many it still has room for.
    room: AtomicUsize,
}

impl FullMarks {
    /// Gives the flow's marks room for so many more.
    fn with_room_for(setting: &mut Setting, room: usize) -> Arc<Self> {
        let marks = Arc::new(Self {
            store: Arc::clone(&setting.node.store),
            room: room.into(),
        });
        setting.flow.marks = Arc::clone(&marks) as Arc<dyn OneTimeUse>;
        marks
    }

    fn make_room(&self) {
        self.room.store(100, Ordering::Relaxed);
    }
}

#[async_trait]
impl OneTimeUse for FullMarks {
    async fn redeem(
        &self,
        what: &[u8; 32],
        keep_until: UnixTime,
        now: UnixTime,
    ) -> Result<Redeemed, StoreError> {
        let less = |room: usize| room.checked_sub(1);
        let room = self
            .room
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, less);
        if room.is_err() {
            return Err(StoreError::Unavailable("full".into()));
        }
        self.store.redeem(what, keep_until, now).await
    }

    async fn is_redeemed(&self, what: &[u8; 32], now: UnixTime) -> Result<bool, StoreError> {
        self.store.is_redeemed(what, now).await
    }
}

#[tokio::test]
async fn a_response_that_the_node_could_not_take_signs_in_when_it_comes_again() {
    let mut setting = Setting::new().await;
    let marks = FullMarks::with_room_for(&mut setting, 0);
    let browser = setting.begin().await;
    let answer = response(Some(&browser.request), &[]);
    let refused = setting.finish(&browser, &answer).await;
    assert!(
        matches!(refused, Err(SignInRefusal::Unavailable(_))),
        "{refused:?}"
    );
    marks.make_room();
    assert!(setting.finish(&browser, &answer).await.is_ok());
    let again = setting.finish(&browser, &answer).await;
    assert!(matches!(again, Err(SignInRefusal::NoAttempt)), "{again:?}");
}

/// Two records can't be written as one everywhere, and it can't be known whether the second was written:
/// the sign-in is over, and the person begins another (decision 45).
#[tokio::test]
async fn a_response_of_which_one_mark_was_written_never_signs_in_and_a_new_sign_in_does() {
    let mut setting = Setting::new().await;
    let marks = FullMarks::with_room_for(&mut setting, 1);
    let browser = setting.begin().await;
    let answer = response(Some(&browser.request), &[]);
    let refused = setting.finish(&browser, &answer).await;
    assert!(
        matches!(refused, Err(SignInRefusal::Unavailable(_))),
        "{refused:?}"
    );
    marks.make_room();
    let again = setting.finish(&browser, &answer).await;
    assert!(matches!(again, Err(SignInRefusal::NoAttempt)), "{again:?}");
    let another = setting.begin().await;
    let answer = response(Some(&another.request), &[("_a1", "_a2")]);
    let signed_in = setting.finish(&another, &answer).await;
    assert!(signed_in.is_ok(), "{signed_in:?}");
}

#[tokio::test]
async fn a_response_that_was_refused_for_itself_uses_the_attempt_up() {
    let setting = Setting::new().await;
    let browser = setting.begin().await;
    let forged = response_by(&STRANGER, Some(&browser.request), &[]);
    let refused = setting.finish(&browser, &forged).await;
    assert!(matches!(error(&refused), Some(SamlError::Signature(_))));
    let good = response(Some(&browser.request), &[]);
    let late = setting.finish(&browser, &good).await;
    assert!(matches!(late, Err(SignInRefusal::NoAttempt)), "{late:?}");
}

/// What another node was told of while this one holds the snapshot of before.
async fn told_elsewhere(setting: &Setting, files: &DirectoryFiles) {
    setting.node.beside().await.apply(files).await;
}

#[tokio::test]
async fn a_key_that_another_node_knows_already_counts_at_once() {
    let setting = Setting::new().await;
    let browser = setting.begin().await;
    let mut rolled = files();
    for path in [
        "connections/partners.metadata.xml",
        "accounts/482011739056/saml-providers/Partners.metadata.xml",
    ] {
        rolled.insert(path.to_owned(), metadata(ENTITY, &STRANGER));
    }
    told_elsewhere(&setting, &rolled).await;
    let answer = response_by(&STRANGER, Some(&browser.request), &[]);
    let signed_in = setting.finish(&browser, &answer).await;
    assert!(signed_in.is_ok(), "{signed_in:?}");
    let browser = setting.begin().await;
    let by_the_old_key = response(Some(&browser.request), &[("_a1", "_a2")]);
    let refused = setting.finish(&browser, &by_the_old_key).await;
    assert!(
        matches!(error(&refused), Some(SamlError::Signature(_))),
        "{refused:?}"
    );
}

#[tokio::test]
async fn a_provider_that_another_node_lets_begin_may_begin_here_too() {
    let setting = Setting::new().await;
    told_elsewhere(&setting, &files_with("idp_initiated = true\n")).await;
    let unasked = response(None, &[]);
    let signed_in = setting.finish_with(&unasked, (None, None)).await;
    assert!(signed_in.is_ok(), "{signed_in:?}");
}

#[tokio::test]
async fn a_logout_signed_by_a_key_that_another_node_knows_already_is_taken() {
    let setting = Setting::with_key(&files()).await;
    let secret = setting.signed_in().await;
    let mut rolled = files();
    rolled.insert(
        "connections/partners.metadata.xml".to_owned(),
        metadata(ENTITY, &STRANGER),
    );
    told_elsewhere(&setting, &rolled).await;
    let query = Ask::good().query(Some(&STRANGER.key));
    let message = LogoutMessage::from_query(&query).unwrap();
    let ended = setting.out.asked(&message, &meta()).await;
    assert!(ended.is_ok(), "{ended:?}");
    assert!(setting.open(&secret).await.is_none());
}

/// That two verifiers disagree is seen although strangers have used up all of their lines; it fills no
/// disk either.
#[tokio::test]
async fn a_flood_of_refused_sign_ins_hides_no_alarm() {
    let setting = Setting::new().await;
    let connection = "partners".parse().unwrap();
    let refuse = async |refusal: SignInRefusal| {
        let meta = meta();
        setting.flow.refuse(Some(&connection), refusal, &meta).await
    };
    for _ in 0..130 {
        refuse(SignInRefusal::OtherBrowser).await;
    }
    assert_eq!(setting.node.audit.told().len(), 100);
    for _ in 0..130 {
        let error = SamlProofError::SecondOpinion(SecondOpinionError::Panicked);
        let error = ProviderError::Saml(SamlSignInError::from(error));
        refuse(error.into()).await;
    }
    assert_eq!(setting.node.audit.told().len(), 200);
}
