//! Rotation, outage and flood, against a provider on a loopback port and with time as it is told.

use std::time::Duration;

use futures_util::FutureExt as _;
use serde_json::{Value, json};

use super::*;
use crate::federation::outgoing::DEFAULT_TIMEOUT;
use crate::federation::testing::{FakeProvider, NOW, Reply, Signer};

const METADATA: &str = "/.well-known/openid-configuration";

struct Setting {
    provider: FakeProvider,
    cache: Arc<KeyCache>,
}

impl Setting {
    async fn new(keys: &[Value]) -> Self {
        Self::with_timeout(keys, DEFAULT_TIMEOUT).await
    }

    async fn with_timeout(keys: &[Value], timeout: Duration) -> Self {
        let provider = FakeProvider::start(keys).await;
        let cache = Arc::new(KeyCache::new(provider.outgoing(timeout)));
        Self { provider, cache }
    }

    /// What a look for this `kid` comes to, some seconds from now.
    async fn look(&self, kid: &str, seconds: i64) -> &'static str {
        let issuer = &self.provider.issuer;
        let now = NOW.plus(seconds);
        let key = self.cache.key_for(issuer, Some(kid), Algorithm::Es256, now);
        match key.await {
            Ok(_) => "found",
            Err(KeyError::ProviderUnreachable(_)) => "unreachable",
            Err(KeyError::UnknownKey) => "unknown",
            Err(KeyError::OtherAlgorithm) => "other algorithm",
            Err(KeyError::Ambiguous) => "ambiguous",
        }
    }

    fn looks(&self) -> usize {
        self.provider.hits("/jwks")
    }
}

fn key(kid: &'static str) -> Value {
    Signer::p256(kid).jwk()
}

#[tokio::test]
async fn a_known_key_is_found_without_asking_again() {
    let setting = Setting::new(&[key("a")]).await;
    for seconds in [0, 1, 60, MAX_FRESH - 1] {
        assert_eq!(setting.look("a", seconds).await, "found");
    }
    assert_eq!(setting.looks(), 1);
    assert_eq!(setting.provider.hits(METADATA), 1);
}

#[tokio::test]
async fn callers_who_come_together_ask_once() {
    let setting = Setting::new(&[key("a")]).await;
    let looks = (0..50).map(|_| setting.look("a", 0));
    let found = futures_util::future::join_all(looks).await;
    assert!(found.iter().all(|found| *found == "found"));
    assert_eq!(setting.looks(), 1);
}

#[tokio::test]
async fn a_new_key_counts_at_once_and_the_old_one_while_it_is_published() {
    let (old, new) = (key("old"), key("new"));
    let setting = Setting::new(std::slice::from_ref(&old)).await;
    assert_eq!(setting.look("old", 0).await, "found");
    setting.provider.publish(&[old, new.clone()]);
    assert_eq!(setting.look("new", 1).await, "found");
    assert_eq!(setting.look("old", 2).await, "found");
    setting.provider.publish(&[new]);
    assert_eq!(setting.look("old", 1 + MAX_FRESH).await, "unknown");
    assert_eq!(setting.look("new", 1 + MAX_FRESH).await, "found");
}

#[tokio::test]
async fn a_flood_of_unknown_keys_asks_once_in_a_cooldown() {
    let setting = Setting::new(&[key("a")]).await;
    assert_eq!(setting.look("a", 0).await, "found");
    let kids: Vec<String> = (0..100).map(|number| format!("unknown-{number}")).collect();
    let looks = kids.iter().map(|kid| setting.look(kid, 1));
    let found = futures_util::future::join_all(looks).await;
    assert!(found.iter().all(|found| *found == "unknown"));
    assert_eq!(setting.looks(), 2);
    assert_eq!(setting.look("a", 1).await, "found");
    assert_eq!(setting.look("unknown", 1 + COOLDOWN - 1).await, "unknown");
    assert_eq!(setting.looks(), 2);
    assert_eq!(setting.look("unknown", 1 + COOLDOWN).await, "unknown");
    assert_eq!(setting.looks(), 3);
}

#[tokio::test]
async fn a_caller_who_read_the_clock_earlier_does_not_ask_again() {
    let setting = Setting::new(&[key("a")]).await;
    assert_eq!(setting.look("a", 0).await, "found");
    for seconds in [5, 4, 5, 3, 6, 4] {
        assert_eq!(setting.look("unknown", seconds).await, "unknown");
    }
    assert_eq!(setting.looks(), 2);
    assert_eq!(setting.look("unknown", -3600).await, "unknown");
    assert_eq!(setting.looks(), 3);
}

#[tokio::test]
async fn a_key_of_another_algorithm_is_not_asked_for_again() {
    let setting = Setting::new(&[Signer::p384("a").jwk()]).await;
    for seconds in 0..30 {
        assert_eq!(setting.look("a", seconds).await, "other algorithm");
    }
    assert_eq!(setting.looks(), 1);
}

#[tokio::test]
async fn known_keys_outlive_an_outage_for_a_day() {
    let outages = [
        Reply::Raw("HTTP/1.1 500 No", Vec::new()),
        Reply::Raw("HTTP/1.1 200 OK", b"<html>".to_vec()),
        Reply::Raw("HTTP/1.1 200 OK", b"{}".to_vec()),
        Reply::Raw("HTTP/1.1 200 OK", br#"{"keys":[],"keys":[]}"#.to_vec()),
        Reply::Raw("HTTP/1.1 200 OK", vec![b' '; 30_000_000]),
        Reply::Raw("HTTP/1.1 302 Found\r\nLocation: /canary", Vec::new()),
        Reply::Drop,
        Reply::Hang,
    ];
    for outage in outages {
        let timeout = match outage {
            Reply::Hang => Duration::from_millis(500),
            _ => DEFAULT_TIMEOUT,
        };
        let setting = Setting::with_timeout(&[key("a")], timeout).await;
        assert_eq!(setting.look("a", 0).await, "found");
        setting.provider.reply("/jwks", outage);
        let late = MAX_STALE - FAILURE_COOLDOWN;
        assert_eq!(setting.look("unknown", 5).await, "unreachable");
        assert_eq!(setting.look("a", 6).await, "found");
        assert_eq!(setting.look("a", late).await, "found");
        assert_eq!(setting.look("a", MAX_STALE).await, "unreachable");
        assert_eq!(setting.provider.hits("/canary"), 0);
        setting.provider.publish(&[key("a")]);
        assert_eq!(
            setting.look("a", MAX_STALE + 2 * FAILURE_COOLDOWN).await,
            "found"
        );
    }
}

#[tokio::test]
async fn a_failing_provider_is_left_alone_for_a_while() {
    let setting = Setting::new(&[]).await;
    setting.provider.reply(METADATA, Reply::Drop);
    for seconds in 0..FAILURE_COOLDOWN {
        assert_eq!(setting.look("a", seconds).await, "unreachable");
    }
    assert_eq!(setting.provider.hits(METADATA), 1);
    setting.provider.publish_metadata(json!({}));
    setting.provider.publish(&[key("a")]);
    assert_eq!(setting.look("a", FAILURE_COOLDOWN).await, "found");
}

#[tokio::test]
async fn a_hanging_provider_is_waited_for_once() {
    let timeout = Duration::from_millis(300);
    let setting = Setting::with_timeout(&[], timeout).await;
    setting.provider.reply(METADATA, Reply::Hang);
    let looks = (0..20).map(|_| setting.look("a", 0));
    let found = futures_util::future::join_all(looks).await;
    assert!(found.iter().all(|found| *found == "unreachable"));
    assert_eq!(setting.provider.hits(METADATA), 1);
}

#[tokio::test]
async fn a_hanging_provider_is_left_alone_from_the_end_of_the_wait() {
    let setting = Setting::with_timeout(&[], Duration::from_millis(1050)).await;
    setting.provider.reply(METADATA, Reply::Hang);
    for seconds in [0, FAILURE_COOLDOWN - 1, FAILURE_COOLDOWN] {
        assert_eq!(setting.look("a", seconds).await, "unreachable");
    }
    assert_eq!(setting.provider.hits(METADATA), 1);
}

#[test]
fn the_longest_wait_is_far_shorter_than_the_cooldown() {
    let longest = i64::from(crate::config::FederationSettings::MAX_TIMEOUT_SECONDS);
    assert!(3 * longest <= FAILURE_COOLDOWN);
}

#[tokio::test]
async fn a_hanging_provider_holds_no_other_up() {
    let hanging = Setting::new(&[]).await;
    hanging.provider.reply(METADATA, Reply::Hang);
    let working = FakeProvider::start(&[key("a")]).await;
    let settings = crate::federation::outgoing::OutgoingSettings {
        http_issuers: vec![hanging.provider.issuer.clone(), working.issuer.clone()],
        ..Default::default()
    };
    let cache = KeyCache::new(Arc::new(Outgoing::new(&settings).unwrap()));
    let stuck = cache.key_for(&hanging.provider.issuer, None, Algorithm::Es256, NOW);
    let free = cache.key_for(&working.issuer, Some("a"), Algorithm::Es256, NOW);
    tokio::select! {
        biased;
        _ = stuck => panic!("the hanging provider answered"),
        found = free => assert!(found.is_ok()),
    }
}

#[tokio::test]
async fn a_caller_who_breaks_off_does_not_end_the_look() {
    let setting = Setting::new(&[key("a")]).await;
    assert_eq!(setting.look("a", 0).now_or_never(), None);
    assert_eq!(setting.look("a", 0).await, "found");
    assert_eq!(setting.looks(), 1);
}

#[tokio::test]
async fn metadata_of_another_issuer_is_refused() {
    let setting = Setting::new(&[key("a")]).await;
    let other = json!({"issuer": "https://evil.example.com"});
    setting.provider.publish_metadata(other);
    assert_eq!(setting.look("a", 0).await, "unreachable");
    assert_eq!(setting.looks(), 0);
    let (_, why) = setting
        .cache
        .status(&setting.provider.issuer)
        .unwrap()
        .failure
        .unwrap();
    assert!(matches!(
        *why,
        ProviderError::Metadata(MetadataError::OtherIssuer { .. })
    ));
}

#[tokio::test]
async fn keys_elsewhere_than_at_a_plain_http_issuer_are_refused() {
    let setting = Setting::new(&[key("a")]).await;
    let other = FakeProvider::start(&[key("a")]).await;
    let jwks = [other.issuer.as_str(), "/jwks"].concat();
    for jwks_uri in ["file:///etc/passwd", "http://169.254.169.254/jwks", &jwks] {
        setting
            .provider
            .publish_metadata(json!({"jwks_uri": jwks_uri}));
        setting.cache.retain(|_| false);
        assert_eq!(setting.look("a", 0).await, "unreachable");
    }
    assert_eq!(other.hits("/jwks"), 0);
}

#[tokio::test]
async fn a_bad_key_does_not_spoil_the_good_ones() {
    let bad = json!({"kty": "RSA", "kid": "bad", "n": "AQAB", "e": "AQ"});
    let setting = Setting::new(&[bad, key("a")]).await;
    assert_eq!(setting.look("a", 0).await, "found");
    let status = setting.cache.status(&setting.provider.issuer).unwrap();
    assert_eq!(status.keys, [Some("a".to_owned())]);
    assert_eq!(status.refused.len(), 1);
    assert_eq!(status.read_at, Some(NOW));
}

#[tokio::test]
async fn max_age_is_kept_to_within_bounds() {
    for (head, fresh) in [
        ("HTTP/1.1 200 OK\r\nCache-Control: max-age=0", MIN_FRESH),
        ("HTTP/1.1 200 OK\r\nCache-Control: max-age=600", 600),
        (
            "HTTP/1.1 200 OK\r\nCache-Control: max-age=99999999",
            MAX_FRESH,
        ),
    ] {
        let setting = Setting::new(&[]).await;
        let keys = json!({"keys": [key("a")]}).to_string().into_bytes();
        setting.provider.reply("/jwks", Reply::Raw(head, keys));
        assert_eq!(setting.look("a", 0).await, "found");
        assert_eq!(setting.look("a", fresh - 1).await, "found");
        assert_eq!(setting.looks(), 1, "{head}");
        assert_eq!(setting.look("a", fresh).await, "found");
        assert_eq!(setting.looks(), 2, "{head}");
    }
}

#[tokio::test]
async fn sets_are_read_anew_before_anybody_has_to_wait() {
    let setting = Setting::new(&[key("a")]).await;
    assert_eq!(setting.look("a", 0).await, "found");
    setting.cache.refresh_due(NOW.plus(60)).await;
    assert_eq!(setting.looks(), 1);
    setting.cache.refresh_due(NOW.plus(MAX_FRESH - 30)).await;
    assert_eq!(setting.looks(), 2);
    assert_eq!(setting.look("a", MAX_FRESH + 60).await, "found");
    assert_eq!(setting.looks(), 2);
}

#[tokio::test]
async fn keys_of_our_own_are_never_fetched() {
    let setting = Setting::new(&[key("a")]).await;
    let own = json!({"keys": [key("own")]});
    let own = KeySet::read(own.as_object().unwrap()).unwrap();
    setting.cache.serve_own(&setting.provider.issuer, own);
    assert_eq!(setting.look("own", MAX_STALE * 3).await, "found");
    assert_eq!(setting.look("a", 0).await, "unknown");
    assert_eq!(setting.looks(), 0);
}
