use super::*;
use crate::directory::testing::{PROVIDER_FILE, edited};
use crate::domain::LocalPath;
use crate::federation::outgoing::DEFAULT_TIMEOUT;
use crate::federation::relying_party::{AuthorizationAnswer, RelyingParty, SignInError};
use crate::federation::saml::browser_sso::BrowserSso;
use crate::federation::saml::own_addresses::OwnAddresses;
use crate::federation::saml::prove::{OwnNames, SamlVerifier};
use crate::federation::secret_file::SecretFolder;
use crate::federation::sign_in::{Answer, Departure, ProviderError, ProviderSignIn};
use crate::federation::testing::{FakeProvider, Reply};
use crate::flows::answers::MAX_OF_A_CONNECTION;
use crate::store::Sessions;

/// A provider on a loopback port, and the files that know it.
struct Setting {
    node: Node,
    provider: FakeProvider,
    flow: SignIn,
    keys: Arc<KeyCache>,
}

/// What a browser holds between its two visits.
struct Browser {
    state: String,
    nonce: String,
    cookie: String,
}

impl Setting {
    async fn new() -> Self {
        let provider = FakeProvider::start(&[SIGNER.jwk()]).await;
        let node = Node::with(&files_of(&provider)).await;
        let outgoing = provider.outgoing(DEFAULT_TIMEOUT);
        let keys = Arc::new(KeyCache::new(outgoing.clone()));
        let url = "https://gate.example.com".parse().unwrap();
        let party = RelyingParty::new(
            Arc::clone(&keys),
            outgoing,
            Arc::new(SystemEntropy),
            SecretFolder::default(),
            url,
        );
        let flow = SignIn {
            directory: Arc::clone(&node.directory),
            providers: Arc::new(providers(party)),
            sessions: Arc::clone(&node.store) as Arc<dyn Sessions>,
            marks: Arc::clone(&node.store) as Arc<dyn OneTimeUse>,
            answers: Arc::default(),
            recorder: Arc::clone(&node.recorder),
            entropy: Arc::new(SystemEntropy),
            limits: SessionLimits {
                idle_seconds: 1800,
                absolute_seconds: 43_200,
            },
        };
        Self {
            node,
            provider,
            flow,
            keys,
        }
    }

    async fn begin(&self) -> Browser {
        let workforce = "workforce".parse().unwrap();
        let wish = Wish {
            connection: &workforce,
            return_to: &"/roles".parse::<LocalPath>().unwrap(),
            session: None,
            email: None,
        };
        let begun = self.flow.begin(wish, &meta()).await.unwrap();
        let Departure::Redirect(url) = &begun.departure else {
            panic!("a redirect");
        };
        let url: url::Url = url.parse().unwrap();
        let query = |name: &str| {
            let pairs = url.query_pairs();
            let mut found = pairs.filter(|(key, _)| key == name);
            found.next().unwrap().1.into_owned()
        };
        Browser {
            state: query("state"),
            nonce: query("nonce"),
            cookie: begun.sealed.expose().clone(),
        }
    }

    /// The id_token that the provider gives for this browser's code.
    fn answer_with_token_for(&self, browser: &Browser) -> String {
        let token = token(json!({
            "iss": self.provider.issuer.as_str(),
            "aud": "portal",
            "nonce": browser.nonce,
            "name": "Ines Okafor",
            "groups": ["readers"],
        }));
        let answer = json!({"access_token": "a", "token_type": "Bearer", "id_token": token});
        self.provider.reply("/token", Reply::Json(answer));
        token
    }

    async fn finish_with(
        &self,
        browser: &Browser,
        change: impl FnOnce(&mut Return),
    ) -> Result<SignedIn, SignInRefusal> {
        let mut back = Return {
            connection: "workforce",
            answer: format!("code=c-1&state={}", browser.state),
            cookie: Some(browser.cookie.clone()),
            previous: None,
            now: NOW,
        };
        change(&mut back);
        let callback = Callback {
            answer: Answer::Oidc {
                connection: back.connection.parse().unwrap(),
                answer: AuthorizationAnswer::parse(&back.answer).unwrap(),
            },
            sealed: back.cookie.as_deref(),
            previous_session: back.previous.as_deref(),
            named_session: None,
        };
        self.flow.finish(callback, &meta_at(back.now)).await
    }

    async fn finish(&self, browser: &Browser) -> Result<SignedIn, SignInRefusal> {
        self.finish_with(browser, |_| ()).await
    }

    fn portal(&self) -> Portal {
        Portal {
            directory: Arc::clone(&self.node.directory),
            sessions: Arc::clone(&self.node.store) as Arc<dyn Sessions>,
            own_roles: own_roles(&self.node),
            throttle: no_rates(),
            recorder: Arc::clone(&self.node.recorder),
            entropy: Arc::new(SystemEntropy),
            max_claim_age: 43_200,
        }
    }

    async fn is_signed_in(&self, secret: &str) -> bool {
        self.portal().open(secret, NOW).await.unwrap().is_some()
    }

    #[track_caller]
    fn assert_told(&self, codes: &[&str]) {
        let told = self.node.audit.told();
        let expected: Vec<_> = codes
            .iter()
            .map(|code| ("SignIn".to_owned(), (*code).to_owned()))
            .collect();
        assert_eq!(told, expected);
    }
}

/// Both protocols; nobody here speaks SAML.
fn providers(oidc: RelyingParty) -> ProviderSignIn {
    let url = "https://gate.example.com".parse().unwrap();
    let entropy: Arc<dyn crate::entropy::Entropy> = Arc::new(SystemEntropy);
    let saml = BrowserSso::new(
        OwnAddresses::at(&url).unwrap(),
        Arc::new(OwnNames::at(&url).unwrap()),
        SamlVerifier::new(None, Arc::clone(&entropy)),
        Arc::clone(&entropy),
    );
    ProviderSignIn::new(oidc, saml, entropy)
}

/// How a browser comes back.
struct Return {
    connection: &'static str,
    answer: String,
    cookie: Option<String>,
    previous: Option<String>,
    now: UnixTime,
}

/// The small directory with this provider as its issuer, whose portal client is listed at STS, and
/// with a second connection.
fn files_of(provider: &FakeProvider) -> DirectoryFiles {
    let name = provider.issuer.without_scheme();
    let mut files = edited(PROVIDER_FILE, "['sts']", "['sts', 'portal']");
    for text in files.values_mut() {
        *text = text
            .replace(ISSUER, provider.issuer.as_str())
            .replace("idp.example.com", name);
    }
    let second = files["connections/workforce.toml"].clone();
    files.insert("connections/second.toml".into(), second);
    files
}

#[tokio::test]
async fn a_person_signs_in_and_goes_where_they_wanted() {
    let setting = Setting::new().await;
    let browser = setting.begin().await;
    setting.answer_with_token_for(&browser);
    let signed_in = setting.finish(&browser).await.unwrap();
    assert_eq!(signed_in.return_to.to_string(), "/roles");
    let secret = signed_in.session_secret.expose();
    let open = setting.portal().open(secret, NOW).await.unwrap().unwrap();
    assert_eq!(open.session.display_name, "Ines Okafor");
    assert_eq!(open.session.ends_at, NOW.plus(43_200));
    setting.assert_told(&[""]);
}

#[tokio::test]
async fn another_browser_can_t_finish() {
    let setting = Setting::new().await;
    let (browser, other) = (setting.begin().await, setting.begin().await);
    setting.answer_with_token_for(&browser);
    for cookie in [None, Some(""), Some("x"), Some(&*other.cookie)] {
        let refused = setting
            .finish_with(&browser, |back| back.cookie = cookie.map(str::to_owned))
            .await;
        assert!(
            matches!(refused, Err(SignInRefusal::OtherBrowser)),
            "{refused:?}"
        );
    }
    assert_eq!(setting.provider.hits("/token"), 0, "no code was sent");
    assert!(setting.finish(&browser).await.is_ok());
}

#[tokio::test]
async fn an_attempt_is_finished_once() {
    let setting = Setting::new().await;
    let browser = setting.begin().await;
    setting.answer_with_token_for(&browser);
    setting.finish(&browser).await.unwrap();
    let again = setting.finish(&browser).await;
    assert!(matches!(again, Err(SignInRefusal::NoAttempt)), "{again:?}");
    assert_eq!(setting.provider.hits("/token"), 1, "no code was sent again");
    setting.assert_told(&["", "NoLoginAttempt"]);
}

/// With another token for the same attempt, which a second consent gives.
#[tokio::test]
async fn of_callbacks_that_come_together_one_wins() {
    let setting = Setting::new().await;
    let browser = setting.begin().await;
    setting.answer_with_token_for(&browser);
    let both = tokio::join!(setting.finish(&browser), async {
        setting.answer_with_token_for(&browser);
        setting.finish(&browser).await
    });
    let won = usize::from(both.0.is_ok()) + usize::from(both.1.is_ok());
    assert_eq!(won, 1, "{both:?}");
}

#[tokio::test]
async fn another_node_finishes_what_this_one_began() {
    let setting = Setting::new().await;
    let browser = setting.begin().await;
    setting.answer_with_token_for(&browser);
    let beside = setting.node.beside().await;
    let first = setting.flow.clone();
    let mut other = Setting {
        flow: SignIn {
            directory: Arc::clone(&beside.directory),
            recorder: Arc::clone(&beside.recorder),
            answers: Arc::default(),
            ..setting.flow
        },
        node: beside,
        provider: setting.provider,
        keys: setting.keys,
    };
    assert!(other.finish(&browser).await.is_ok());
    for flow in [other.flow.clone(), first] {
        other.flow = flow;
        let again = other.finish(&browser).await;
        assert!(matches!(again, Err(SignInRefusal::NoAttempt)), "{again:?}");
    }
    assert_eq!(other.provider.hits("/token"), 1, "no code was sent again");
}

#[tokio::test]
async fn what_was_begun_and_what_strangers_send_is_not_kept() {
    let setting = Setting::new().await;
    for _ in 0..3 {
        let browser = setting.begin().await;
        let stranger = setting
            .finish_with(&browser, |back| back.cookie = None)
            .await;
        assert!(matches!(stranger, Err(SignInRefusal::OtherBrowser)));
    }
    let forever = NOW.plus(1_000_000_000);
    assert_eq!(setting.node.store.sweep(forever), 0);
}

/// Anybody can begin sign-ins and refuse or make up what comes back.
#[tokio::test]
async fn an_answer_that_signs_nobody_in_leaves_nothing_in_the_store() {
    let setting = Setting::new().await;
    setting.provider.reply("/token", Reply::Json(json!({})));
    for answer in ["error=access_denied", "code=made-up"].repeat(3) {
        let browser = setting.begin().await;
        let answer = format!("{answer}&state={}", browser.state);
        let refused = setting
            .finish_with(&browser, |back| back.answer = answer)
            .await;
        assert!(
            matches!(refused, Err(SignInRefusal::Provider(_))),
            "{refused:?}"
        );
    }
    let forever = NOW.plus(1_000_000_000);
    assert_eq!(setting.node.store.sweep(forever), 0);
}

#[tokio::test]
async fn while_too_many_answers_are_looked_at_others_wait_and_may_come_again() {
    let setting = Setting::new().await;
    let browser = setting.begin().await;
    setting.answer_with_token_for(&browser);
    let workforce = "workforce".parse().unwrap();
    let looked_at: Vec<_> = (0..MAX_OF_A_CONNECTION)
        .map(|number| {
            let attempt = attempt_key(&number.to_string());
            setting.flow.answers.begin(attempt, &workforce).unwrap()
        })
        .collect();
    let refused = setting.finish(&browser).await;
    assert!(
        matches!(refused, Err(SignInRefusal::Unavailable(Unavailable::Busy))),
        "{refused:?}"
    );
    assert_eq!(setting.provider.hits("/token"), 0, "no code was sent");
    drop(looked_at);
    assert!(setting.finish(&browser).await.is_ok());
}

#[tokio::test]
async fn a_state_is_answered_once_whatever_comes_of_it() {
    let setting = Setting::new().await;
    let browser = setting.begin().await;
    setting.provider.reply("/token", Reply::Json(json!({})));
    let failed = setting.finish(&browser).await;
    assert!(
        matches!(failed, Err(SignInRefusal::Provider(_))),
        "{failed:?}"
    );
    setting.answer_with_token_for(&browser);
    let again = setting.finish(&browser).await;
    assert!(matches!(again, Err(SignInRefusal::NoAttempt)), "{again:?}");
}

#[tokio::test]
async fn an_answer_to_another_connection_is_refused() {
    let setting = Setting::new().await;
    let browser = setting.begin().await;
    setting.answer_with_token_for(&browser);
    let mixed = setting
        .finish_with(&browser, |back| back.connection = "second")
        .await;
    assert!(
        matches!(mixed, Err(SignInRefusal::OtherBrowser)),
        "{mixed:?}"
    );
    setting.assert_told(&["OtherBrowser"]);
}

#[tokio::test]
async fn a_connection_that_was_changed_meanwhile_is_told_no_code() {
    for (from, to) in [
        ("client_id = 'portal'", "client_id = 'other'"),
        ("http://", "https://"),
    ] {
        let setting = Setting::new().await;
        let browser = setting.begin().await;
        setting.answer_with_token_for(&browser);
        let asked = setting.provider.request_count();
        let mut files = files_of(&setting.provider);
        files.retain(|path, _| !path.starts_with("links/"));
        let connection = files.get_mut("connections/workforce.toml").unwrap();
        *connection = connection.replace(from, to);
        setting.node.apply(&files).await;
        let refused = setting.finish(&browser).await;
        assert!(
            matches!(
                refused,
                Err(SignInRefusal::Provider(ProviderError::Oidc(
                    SignInError::OtherConnection
                )))
            ),
            "{refused:?}"
        );
        assert_eq!(setting.provider.request_count(), asked, "nobody was asked");
    }
}

#[tokio::test]
async fn an_attempt_is_over_after_ten_minutes() {
    let setting = Setting::new().await;
    let browser = setting.begin().await;
    setting.answer_with_token_for(&browser);
    let late = NOW.plus(ATTEMPT_SECONDS);
    setting.node.directory.catch_up(late).await.unwrap();
    let expired = setting.finish_with(&browser, |back| back.now = late).await;
    assert!(
        matches!(expired, Err(SignInRefusal::NoAttempt)),
        "{expired:?}"
    );
}

#[tokio::test]
async fn a_state_that_was_never_given_is_refused() {
    let setting = Setting::new().await;
    let browser = setting.begin().await;
    let foreign = setting
        .finish_with(&browser, |back| back.answer = "code=c&state=made-up".into())
        .await;
    assert!(
        matches!(foreign, Err(SignInRefusal::OtherBrowser)),
        "{foreign:?}"
    );
}

#[tokio::test]
async fn signing_in_ends_the_session_before_and_gives_a_new_secret() {
    let setting = Setting::new().await;
    let first = setting.begin().await;
    setting.answer_with_token_for(&first);
    let before = setting.finish(&first).await.unwrap().session_secret;
    let second = setting.begin().await;
    setting.answer_with_token_for(&second);
    let previous = before.expose().clone();
    let after = setting
        .finish_with(&second, |back| back.previous = Some(previous))
        .await
        .unwrap()
        .session_secret;
    assert!(!setting.is_signed_in(before.expose()).await);
    assert!(setting.is_signed_in(after.expose()).await);
}

#[tokio::test]
async fn a_session_cookie_that_somebody_planted_stays_nobody_s() {
    let setting = Setting::new().await;
    let browser = setting.begin().await;
    setting.answer_with_token_for(&browser);
    let signed_in = setting
        .finish_with(&browser, |back| back.previous = Some("planted".to_owned()))
        .await
        .unwrap();
    assert_ne!(signed_in.session_secret.expose(), "planted");
    assert!(!setting.is_signed_in("planted").await);
}

#[tokio::test]
async fn a_refused_sign_in_leaves_the_session_before_alone() {
    let setting = Setting::new().await;
    let first = setting.begin().await;
    setting.answer_with_token_for(&first);
    let before = setting.finish(&first).await.unwrap().session_secret;
    let second = setting.begin().await;
    let previous = before.expose().clone();
    let refused = setting
        .finish_with(&second, |back| {
            back.answer = format!("error=access_denied&state={}", second.state);
            back.previous = Some(previous);
        })
        .await;
    assert!(
        matches!(
            refused,
            Err(SignInRefusal::Provider(ProviderError::Oidc(
                SignInError::Refused { .. }
            )))
        ),
        "{refused:?}"
    );
    assert!(setting.is_signed_in(before.expose()).await);
}

#[tokio::test]
async fn an_unknown_connection_is_refused_and_recorded() {
    let setting = Setting::new().await;
    let nowhere = "nowhere".parse().unwrap();
    let wish = Wish {
        connection: &nowhere,
        return_to: &LocalPath::root(),
        session: None,
        email: None,
    };
    let begun = setting.flow.begin(wish, &meta()).await;
    assert!(
        matches!(begun, Err(SignInRefusal::UnknownConnection)),
        "{begun:?}"
    );
    setting.assert_told(&["UnknownConnection"]);
}

#[tokio::test]
async fn without_a_record_nobody_is_signed_in() {
    let setting = Setting::new().await;
    let browser = setting.begin().await;
    setting.answer_with_token_for(&browser);
    setting.node.audit.leave_room_for(0);
    let refused = setting.finish(&browser).await;
    assert!(
        matches!(
            refused,
            Err(SignInRefusal::Unavailable(Unavailable::Audit(_)))
        ),
        "{refused:?}"
    );
}

#[tokio::test]
async fn a_sign_in_without_the_marks_is_refused() {
    let mut setting = Setting::new().await;
    setting.flow.marks = Arc::new(MarksDown);
    let browser = setting.begin().await;
    setting.answer_with_token_for(&browser);
    let refused = setting.finish(&browser).await;
    assert!(
        matches!(
            refused,
            Err(SignInRefusal::Unavailable(Unavailable::Store(_)))
        ),
        "{refused:?}"
    );
    setting.assert_told(&["ServiceUnavailable"]);
    assert_eq!(setting.provider.hits("/token"), 0, "no code was sent");
    setting.flow.marks = Arc::clone(&setting.node.store) as Arc<dyn OneTimeUse>;
    assert!(setting.finish(&browser).await.is_ok(), "it comes again");
}

#[tokio::test]
async fn the_token_that_signed_a_person_in_is_no_use_at_sts() {
    let setting = Setting::new().await;
    let browser = setting.begin().await;
    let token = setting.answer_with_token_for(&browser);
    let sts = AssumeRoleWithWebIdentity {
        keys: Arc::clone(&setting.keys),
        ..setting.node.web_identity()
    };
    let before = sts.run(request(&token), &meta()).await;
    assert!(before.is_ok(), "{:?}", before.err());
    setting.finish(&browser).await.unwrap();
    let after = sts.run(request(&token), &meta()).await;
    assert!(
        matches!(after, Err(AssumeRoleError::Consumed)),
        "{:?}",
        after.err()
    );
}
