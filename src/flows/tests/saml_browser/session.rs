//! How long a session lasts, what ends with it, and what its record says.

use super::*;
use crate::flows::sign_in::{session_key, session_name};
use crate::store::{Created, SessionKey};

impl Setting {
    async fn take(&self, secret: &str, now: UnixTime) -> Result<UnixTime, AssumeRoleError> {
        let open = self.portal().open(secret, now).await.unwrap().unwrap();
        let (role, asked) = (ROLE.parse().unwrap(), SessionDuration::DEFAULT);
        let taken = self
            .portal()
            .take(&open, &role, asked, &meta_at(now))
            .await?;
        Ok(taken.issued.credentials.expiration)
    }

    /// A session of an assertion with these changes.
    async fn signed_in_by(&self, changes: &[(&str, &str)]) -> String {
        let browser = self.begin().await;
        let answer = response(Some(&browser.request), changes);
        let signed_in = self.finish(&browser, &answer).await.unwrap();
        signed_in.session_secret.expose().clone()
    }

    /// How many sessions the last record says to have ended.
    fn ended(&self) -> Value {
        let events = self.node.audit.kept.events();
        events.last().unwrap()["additionalEventData"]["sessionsEnded"].clone()
    }
}

#[tokio::test]
async fn keys_end_with_the_provider_s_session_and_are_not_given_for_less_than_the_shortest() {
    let setting = Setting::new().await;
    let end = NOW.plus(2_000);
    let ends = [(
        "SessionNotOnOrAfter=\"2026-11-21T17:40:00Z\"",
        &*format!("SessionNotOnOrAfter=\"{end}\""),
    )];
    let secret = setting.signed_in_by(&ends).await;
    assert_eq!(setting.take(&secret, NOW).await.unwrap(), end);
    let last_moment = end.plus(-900);
    setting.node.directory.catch_up(last_moment).await.unwrap();
    assert_eq!(setting.take(&secret, last_moment).await.unwrap(), end);
    let too_late = last_moment.plus(1);
    let refused = setting.take(&secret, too_late).await;
    assert!(
        matches!(refused, Err(AssumeRoleError::ProviderSessionEnds { at }) if at == end),
        "{refused:?}"
    );
    let told = setting.node.audit.told();
    let (name, code) = told.last().unwrap();
    assert_eq!(
        (&**name, &**code),
        ("TakeRoleCredentials", "ExpiredTokenException")
    );
}

#[tokio::test]
async fn a_sign_out_here_ends_the_person_s_other_sessions_by_that_provider_and_says_how_many() {
    let setting = Setting::with_key(&files()).await;
    let (one, other) = (setting.signed_in().await, setting.signed_in().await);
    let somebody_else = setting
        .signed_in_by(&[(PERSON, "bob@example.com"), ("_a1", "_b1")])
        .await;
    sign_out(&setting, &one).await.unwrap();
    assert_eq!(setting.ended(), 2);
    assert!(setting.open(&one).await.is_none());
    assert!(setting.open(&other).await.is_none());
    assert!(setting.open(&somebody_else).await.is_some());
    let anew = setting.signed_in().await;
    assert!(setting.open(&anew).await.is_some());
}

#[tokio::test]
async fn the_record_of_a_provider_s_logout_says_how_many_sessions_it_ended() {
    let setting = Setting::with_key(&files()).await;
    for expected in [3, 0] {
        for _ in 0..expected {
            setting.signed_in().await;
        }
        let id = format!("_l{expected}");
        let ask = Ask {
            id: &id,
            at: NOW.plus(-10),
            ..Ask::good()
        };
        setting.out.asked(&ask.redirect(), &meta()).await.unwrap();
        assert_eq!(setting.ended(), expected);
    }
    let refused = Ask {
        issuer: "https://unknown.example.com",
        ..Ask::good()
    };
    let refused = setting.out.asked(&refused.redirect(), &meta()).await;
    assert!(refused.is_err());
    assert_eq!(setting.ended(), Value::Null);
}

/// W4: the form of a provider that begins comes without the session's own cookie.
#[tokio::test]
async fn a_sign_in_that_a_provider_begins_ends_the_session_that_the_browser_names() {
    let setting = Setting::with(&files_with("idp_initiated = true\n")).await;
    let (before, elsewhere) = (setting.signed_in().await, setting.signed_in().await);
    let name = session_name(&session_key(&before));
    for (named, number) in [("no name", "_a7"), (&name, "_a8")] {
        let unasked = response(None, &[("\"_a1\"", &["\"", number, "\""].concat())]);
        assert!(setting.open(&before).await.is_some(), "{named}");
        let callback = Callback {
            answer: Answer::Saml {
                response: UnverifiedResponse::decode(&STANDARD.encode(unasked)).unwrap(),
                relay_state: None,
            },
            sealed: None,
            previous_session: None,
            named_session: Some(named),
        };
        let signed_in = setting.flow.finish(callback, &meta()).await.unwrap();
        assert!(
            setting
                .open(signed_in.session_secret.expose())
                .await
                .is_some()
        );
        let own = session_key(signed_in.session_secret.expose());
        assert_eq!(signed_in.session_name, session_name(&own));
    }
    assert!(setting.open(&before).await.is_none());
    assert!(setting.open(&elsewhere).await.is_some());
}

#[tokio::test]
async fn who_has_a_session_in_every_place_signs_in_all_the_same_and_one_of_them_ends() {
    let setting = Setting::new().await;
    let first = setting.signed_in().await;
    let store = &setting.node.store;
    let mine = store
        .find(&session_key(&first), NOW)
        .await
        .unwrap()
        .unwrap();
    store.end(&session_key(&first)).await.unwrap();
    for number in 0..=u8::MAX {
        let key = SessionKey::new(mine.person.place(number), [number; 16]);
        assert_eq!(store.create(&key, &mine).await.unwrap(), Created::Kept);
    }
    let anew = setting.signed_in().await;
    assert!(setting.open(&anew).await.is_some());
    let mut live = 0;
    for number in 0..=u8::MAX {
        let key = SessionKey::new(mine.person.place(number), [number; 16]);
        live += u32::from(store.find(&key, NOW).await.unwrap().is_some());
    }
    assert_eq!(live, 255);
}

/// The place in a cookie is no secret, and nothing without the rest.
#[tokio::test]
async fn a_cookie_with_a_place_and_another_secret_opens_and_ends_nothing() {
    let setting = Setting::new().await;
    let own = setting.signed_in().await;
    let end = if own.ends_with('A') { "B" } else { "A" };
    let other = [own.get(..own.len() - 1).unwrap(), end].concat();
    assert_eq!(session_key(&other).place(), session_key(&own).place());
    assert!(setting.open(&other).await.is_none());
    let ended = setting.node.store.end(&session_key(&other)).await;
    assert_eq!(ended.unwrap(), None);
    assert!(setting.open(&own).await.is_some());
}
