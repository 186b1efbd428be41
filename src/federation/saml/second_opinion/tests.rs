use super::*;

#[cfg(feature = "second-opinion")]
pub(super) mod built_in {
    use rcgen::{CertificateParams, KeyPair, PKCS_RSA_SHA256, RsaKeySize};

    use super::*;

    const DOCUMENT: &str = include_str!(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/data/saml/assertion_signed.xml"
    ));
    const CERTIFICATE: &str = include_str!(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/data/saml/assertion_signed.pem"
    ));

    const PERSON: &str = "ines.okafor@example.org";

    /// The certificate of an RSA key of another length, which signed nothing.
    pub(in super::super) fn other_rsa() -> String {
        let key = KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_3072).unwrap();
        let parameters = CertificateParams::default();
        parameters.self_signed(&key).unwrap().pem()
    }

    fn provider() -> ProviderRef {
        ProviderRef::Connection("okta".parse().unwrap())
    }

    async fn ask(limits: Limits, document: &str) -> Result<Opinion, SecondOpinionError> {
        let second = SecondOpinion::start(limits).unwrap();
        ask_as(PERSON, &second, document).await
    }

    async fn ask_as(
        person: &str,
        second: &SecondOpinion,
        document: &str,
    ) -> Result<Opinion, SecondOpinionError> {
        let certificates = vec![CERTIFICATE.parse().unwrap()];
        let document = Arc::from(document.as_bytes());
        let (provider, person) = (provider(), person.parse().unwrap());
        let asked = second.ask((&provider, &person), document, certificates);
        asked.await
    }

    #[tokio::test]
    async fn an_opinion_comes_back_through_the_pool() {
        let opinion = ask(Limits::default(), DOCUMENT).await.unwrap();
        assert_eq!(opinion.subject.name_id, PERSON);
    }

    #[tokio::test]
    async fn a_refusal_is_final_and_an_overload_is_not() {
        let refused = ask(Limits::default(), "<a/>").await.unwrap_err();
        assert_eq!(refused, SecondOpinionError::Refused(Refusal::NoSignature));
        assert!(!refused.is_retryable());
        assert!(SecondOpinionError::from(Overload::All).is_retryable());
        assert!(!SecondOpinionError::Panicked.is_retryable());
    }

    /// The provider has a place left, for others.
    #[tokio::test]
    async fn whoever_has_a_verification_under_way_waits_for_it() {
        let second = SecondOpinion::start(Limits {
            at_once: 4,
            each_provider: 2,
            wait: std::time::Duration::from_millis(20),
            line: 5,
        });
        let second = second.unwrap();
        let (let_go, wait) = std::sync::mpsc::channel::<()>();
        let (begun, has_begun) = tokio::sync::oneshot::channel();
        let (of, person) = (provider(), PERSON.parse().unwrap());
        let under_way = second.bulkhead.run(Asker::Person(&of, &person), move || {
            begun.send(()).unwrap();
            wait.recv().unwrap();
        });
        let meanwhile = async {
            has_begun.await.unwrap();
            let refused = ask_as(PERSON, &second, DOCUMENT).await.unwrap_err();
            assert_eq!(refused, SecondOpinionError::Overload(Overload::Person));
            assert!(refused.is_retryable());
            let_go.send(()).unwrap();
        };
        let (done, ()) = tokio::join!(under_way, meanwhile);
        assert_eq!(done, Ok(()));
        assert!(ask_as(PERSON, &second, DOCUMENT).await.is_ok());
    }

    #[test]
    fn it_is_built_in_and_starts_as_often_as_one_likes() {
        assert_eq!(require_built_in(), Ok(()));
        for _ in 0..2 {
            assert!(SecondOpinion::start(Limits::default()).is_ok());
        }
    }
}

#[cfg(not(feature = "second-opinion"))]
#[test]
fn without_the_feature_nothing_starts_and_settings_that_want_it_are_refused() {
    assert_eq!(require_built_in(), Err(StartError::NotBuiltIn));
    let started = SecondOpinion::start(Limits::default());
    assert_eq!(started.unwrap_err(), StartError::NotBuiltIn);
}
