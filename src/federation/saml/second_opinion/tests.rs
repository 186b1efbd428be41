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
        let certificates = vec![CERTIFICATE.parse().unwrap()];
        let document = Arc::from(document.as_bytes());
        second.ask(&provider(), document, certificates).await
    }

    #[tokio::test]
    async fn an_opinion_comes_back_through_the_pool() {
        let opinion = ask(Limits::default(), DOCUMENT).await.unwrap();
        assert_eq!(opinion.subject.name_id, "ines.okafor@example.org");
    }

    #[tokio::test]
    async fn a_refusal_is_final_and_an_overload_is_not() {
        let refused = ask(Limits::default(), "<a/>").await.unwrap_err();
        assert_eq!(refused, SecondOpinionError::Refused(Refusal::NoSignature));
        assert!(!refused.is_retryable());
        assert!(SecondOpinionError::from(Overload::All).is_retryable());
        assert!(!SecondOpinionError::Panicked.is_retryable());
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
