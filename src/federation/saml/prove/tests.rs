use super::*;
use crate::domain::IssuerName;
use crate::entropy::SystemEntropy;
use crate::federation::saml::certificate::Certificate;
use crate::federation::saml::decrypt::{ContentAlgorithm, EncryptedAssertion, KeyTransport};
use crate::federation::saml::error::InsideError;
use crate::federation::saml::metadata::{Binding, Endpoint};
use crate::federation::saml::service_provider::{Rotation, ServiceProviderKey};
use crate::federation::saml::signature::SignatureError;
use crate::federation::saml::testing::{
    ACS, AUDIENCE, ISSUER, PERSON, PROVIDER, Provider, REQUEST, STRANGER, Signed, assertion_of,
    response, response_with,
};
use crate::federation::testing::NOW;

fn metadata_of(providers: &[&Provider]) -> IdpMetadata {
    let certificates: Vec<Certificate> = providers
        .iter()
        .map(|provider| provider.certificates[0].clone())
        .collect();
    IdpMetadata {
        entity_id: ISSUER.parse().unwrap(),
        signing_certificates: certificates.try_into().unwrap(),
        single_sign_on: vec![Endpoint {
            binding: Binding::Post,
            location: "https://idp.example.com/sso".parse().unwrap(),
        }],
        single_logout: Vec::new(),
        wants_signed_requests: false,
        valid_until: None,
        name_id_formats: Vec::new(),
    }
}

fn registered(metadata: &IdpMetadata) -> SamlIdentityProvider<'_> {
    SamlIdentityProvider {
        reference: ProviderRef::Connection("partners".parse().unwrap()),
        metadata,
        audiences: vec![AUDIENCE],
        recipients: vec![ACS],
        agreement: Agreement::NotAsked,
        aliases: BTreeSet::new(),
        encryption: AssertionEncryption::Allowed,
        decryption_keys: Vec::new(),
    }
}

fn unverified(text: &str) -> UnverifiedResponse {
    UnverifiedResponse::decode(&STANDARD.encode(text)).unwrap()
}

/// What a verifier makes of a response, as the answer to the request that was made.
async fn prove_with(
    second: Option<SecondOpinion>,
    text: &str,
    provider: &SamlIdentityProvider<'_>,
    keys: &ServiceProviderKeys,
) -> Result<ProvenAssertion, SamlProofError> {
    let verifier = SamlVerifier::new(second.map(Arc::new), Arc::new(SystemEntropy));
    let presented = Presented {
        response: &unverified(text),
        request: Request::Exactly(REQUEST),
        keys,
        now: NOW,
    };
    verifier.prove(&presented, provider).await
}

/// The same, where our own verifier decides alone.
async fn prove(text: &str) -> Result<ProvenAssertion, SamlProofError> {
    let metadata = metadata_of(&[&PROVIDER]);
    let none = ServiceProviderKeys::default();
    prove_with(None, text, &registered(&metadata), &none).await
}

#[tokio::test]
async fn a_good_response_proves_its_person() {
    let proven = prove(&response(Signed::Assertion)).await.unwrap();
    let identity = proven.identity();
    let connection = ProviderRef::Connection("partners".parse().unwrap());
    assert_eq!(identity.provider(), &connection);
    let issuer = IssuerName::Saml(ISSUER.parse().unwrap());
    assert_eq!(identity.issuer(), &issuer);
    assert_eq!(identity.subject().as_str(), PERSON);
    assert_eq!(identity.audience().as_str(), AUDIENCE);
    assert_eq!(identity.claims().get("groups").unwrap().values.len(), 2);
    assert_eq!(identity.proved_at, NOW);
    assert_eq!(identity.proof, *proven.assertion().mark());
    assert_eq!(proven.assertion().recipient(), ACS);
}

/// An assertion that is valid for an hour is too old after five minutes; none of both may be
/// presented after its mark is forgotten.
#[tokio::test]
async fn the_proof_ends_with_the_validity_or_with_the_age_whichever_is_first() {
    let short = prove(&response(Signed::Assertion)).await.unwrap();
    assert_eq!(
        short.assertion().ends_at(),
        short.identity().issued_at().plus(300)
    );
    assert_eq!(short.identity().expires_at(), short.assertion().ends_at());
    let end = "NotOnOrAfter=\"2026-11-21T09:46:05Z\"";
    let long = response_with(end, "NotOnOrAfter=\"2026-11-21T10:41:05Z\"");
    let long = prove(&long).await.unwrap();
    assert_eq!(
        long.identity().expires_at(),
        long.identity().issued_at().plus(301)
    );
}

#[tokio::test]
async fn metadata_counts_until_its_end() {
    let mut metadata = metadata_of(&[&PROVIDER]);
    let text = response(Signed::Assertion);
    let none = ServiceProviderKeys::default();
    metadata.valid_until = Some(NOW.plus(1));
    assert!(
        prove_with(None, &text, &registered(&metadata), &none)
            .await
            .is_ok()
    );
    metadata.valid_until = Some(NOW);
    let refused = prove_with(None, &text, &registered(&metadata), &none).await;
    let refused = refused.unwrap_err();
    assert!(matches!(refused, SamlProofError::MetadataExpired(end) if end == NOW));
    assert_eq!(refused.check(), "metadata");
}

#[tokio::test]
async fn a_key_counts_only_while_it_is_in_the_metadata() {
    let text = response(Signed::Assertion);
    let none = ServiceProviderKeys::default();
    let both = metadata_of(&[&STRANGER, &PROVIDER]);
    assert!(
        prove_with(None, &text, &registered(&both), &none)
            .await
            .is_ok()
    );
    let without = metadata_of(&[&STRANGER]);
    let refused = prove_with(None, &text, &registered(&without), &none).await;
    assert!(matches!(
        refused,
        Err(SamlProofError::Response(SamlError::Signature(
            SignatureError::Key { .. }
        )))
    ));
}

#[tokio::test]
async fn a_name_identifier_that_is_no_subject_is_refused() {
    for name in ["&#x9;a", &"n".repeat(257)] {
        let text = response_with(&[">", PERSON, "<"].concat(), &[">", name, "<"].concat());
        let refused = prove(&text).await.unwrap_err();
        assert!(
            matches!(
                refused,
                SamlProofError::Response(SamlError::Malformed { what: "NameID", .. })
            ),
            "{refused}"
        );
    }
}

#[tokio::test]
async fn more_attributes_than_are_kept_are_refused() {
    let value = "<saml:AttributeValue>x</saml:AttributeValue>";
    let attribute = "<saml:AttributeStatement>";
    let more = [
        "<saml:Attribute Name=\"a\">",
        &value.repeat(4096),
        "</saml:Attribute>",
    ];
    let text = response_with(attribute, &[attribute, &more.concat()].concat());
    let refused = prove(&text).await.unwrap_err();
    assert!(
        matches!(refused, SamlProofError::TooManyClaims { values } if values > Claims::MAX_VALUES),
        "{refused}"
    );
}

#[test]
fn base64_is_strict_but_for_white_space() {
    let decoded = |text: &str| UnverifiedResponse::decode(text).map(|response| response.0);
    let spaced = " PGE\r\n+PC9\thPg==\n";
    assert_eq!(decoded(spaced), Ok(b"<a></a>".to_vec()));
    for bad in [
        "PGE+PC9hPg",
        "PGE+PC9hPg=",
        "PGE-PC9hPg==",
        "PGE+PC9hPh==",
        "PGE+PC9hPg==PGE+",
        "<a></a>",
        "PGE+\u{a0}PC9hPg==",
    ] {
        assert_eq!(decoded(bad), Err(ResponseTextError::NotBase64), "{bad}");
    }
}

#[test]
fn a_response_is_at_most_256_kib_decoded() {
    let decoded = |bytes: usize| UnverifiedResponse::decode(&STANDARD.encode(vec![b'a'; bytes]));
    assert!(decoded(UnverifiedResponse::MAX_BYTES).is_ok());
    for longer in [1, 2, 3, 1_000_000] {
        let refused = decoded(UnverifiedResponse::MAX_BYTES + longer);
        assert_eq!(refused.unwrap_err(), ResponseTextError::TooLong);
    }
}

#[test]
fn an_unverified_response_does_not_print_itself() {
    let printed = format!("{:?}", unverified(&response(Signed::Assertion)));
    assert!(printed.ends_with(" bytes)"), "{printed}");
}

#[test]
fn our_names_stand_below_the_public_url() {
    let own = OwnNames::at(&"https://aws.example.com".parse().unwrap()).unwrap();
    let expected = OwnNames {
        entity_id: "https://aws.example.com/saml/metadata".parse().unwrap(),
        assertion_consumer_service: "https://aws.example.com/saml/acs".to_owned(),
        sts: "https://aws.example.com/saml".to_owned(),
    };
    assert_eq!(own, expected);
}

/// A key of ours and all that is needed to use it.
fn own_key() -> (Certificate, ServiceProviderKeys) {
    let key = ServiceProviderKey::generate("sso.example.com", NOW).unwrap();
    let schedule = Rotation::default().plan(&[], NOW).unwrap().new;
    let certificate = key.certificate().clone();
    (certificate, ServiceProviderKeys::new(vec![(schedule, key)]))
}

/// A response whose assertion is encrypted for this certificate.
fn encrypted(certificate: &Certificate, signed: Signed) -> String {
    let plain = response(signed);
    let assertion = assertion_of(&plain);
    let how = (ContentAlgorithm::Aes256Gcm, KeyTransport::OaepMgf1p);
    let sealed = EncryptedAssertion::encrypt(assertion, certificate, how, &SystemEntropy);
    plain.replace(assertion, &sealed.unwrap().to_xml())
}

#[tokio::test]
async fn an_encrypted_assertion_is_opened_with_a_key_of_ours_and_must_be_signed_inside() {
    let (certificate, keys) = own_key();
    let metadata = metadata_of(&[&PROVIDER]);
    let provider = registered(&metadata);
    let text = encrypted(&certificate, Signed::Assertion);
    let proven = prove_with(None, &text, &provider, &keys).await.unwrap();
    assert_eq!(proven.identity().subject().as_str(), PERSON);
    let none = ServiceProviderKeys::default();
    let refused = prove_with(None, &text, &provider, &none).await;
    assert!(matches!(
        refused,
        Err(SamlProofError::Response(SamlError::Decryption))
    ));
    let unsigned = encrypted(&certificate, Signed::Nothing);
    let refused = prove_with(None, &unsigned, &provider, &keys).await;
    assert!(matches!(
        refused,
        Err(SamlProofError::Response(SamlError::Inside(
            InsideError::Unsigned
        )))
    ));
}

/// An encrypted assertion in a response that a stranger wrote: nothing in it opens.
fn garbage(certificate: &Certificate) -> String {
    let text = encrypted(certificate, Signed::Assertion);
    let value = "</xenc:CipherValue></xenc:CipherData></xenc:EncryptedData>";
    assert!(text.contains(value));
    text.replace(value, &["AAAA", value].concat())
}

#[tokio::test]
async fn no_key_works_for_a_response_that_would_be_refused_anyway() {
    let (certificate, keys) = own_key();
    let metadata = metadata_of(&[&PROVIDER]);
    let provider = registered(&metadata);
    let text = garbage(&certificate);
    let refused = prove_with(None, &text, &provider, &keys).await.unwrap_err();
    assert_eq!(refused.check(), "decryption", "{refused}");
    let envelope = text.split_once("<saml:EncryptedAssertion").unwrap().0;
    for (from, to, check) in [
        (ISSUER, "https://other.example.com", "issuer"),
        (ACS, "https://other.example.com/acs", "recipient"),
        ("IssueInstant=\"2026", "IssueInstant=\"2025", "age"),
        (REQUEST, "_other", "request"),
    ] {
        assert!(envelope.contains(from), "{from}");
        let changed = text.replacen(from, to, 1);
        let refused = prove_with(None, &changed, &provider, &keys).await;
        assert_eq!(refused.unwrap_err().check(), check);
    }
}

/// The text with something else as the encrypted content.
fn with_content(text: &str, change: impl FnOnce(&mut Vec<u8>)) -> String {
    let (before, rest) = text.rsplit_once("<xenc:CipherValue>").unwrap();
    let (content, after) = rest.split_once('<').unwrap();
    let mut content = STANDARD.decode(content).unwrap();
    change(&mut content);
    let content = STANDARD.encode(content);
    [before, "<xenc:CipherValue>", &content, "<", after].concat()
}

/// All of it is one error without a field, from which the answer is made.
#[tokio::test]
async fn s40_a_thousand_failures_of_each_kind_are_one_error() {
    const XENC: &str = "http://www.w3.org/2001/04/xmlenc#";
    let (certificate, keys) = own_key();
    let metadata = metadata_of(&[&PROVIDER]);
    let provider = registered(&metadata);
    let good = encrypted(&certificate, Signed::Assertion);
    let cbc = good.replace(
        ContentAlgorithm::Aes256Gcm.uri(),
        &[XENC, "aes256-cbc"].concat(),
    );
    let older = good.replace(KeyTransport::OaepMgf1p.uri(), &[XENC, "rsa-1_5"].concat());
    assert!(cbc != good && older != good);
    for variant in 0..1_000_usize {
        let drawn: [u8; 64] = crate::entropy::draw(&SystemEntropy).unwrap();
        let flip = |content: &mut Vec<u8>| {
            let place = variant % content.len();
            content[place] ^= 1 << (variant % 8);
        };
        for text in [
            with_content(&cbc, |content| *content = drawn.to_vec()),
            with_content(&good, flip),
            with_content(&older, flip),
        ] {
            let refused = prove_with(None, &text, &provider, &keys).await;
            assert!(
                matches!(
                    refused,
                    Err(SamlProofError::Response(SamlError::Decryption))
                ),
                "{variant}: {refused:?}"
            );
        }
    }
}

#[tokio::test]
async fn without_a_place_to_open_an_assertion_the_answer_is_to_come_again() {
    let (certificate, keys) = own_key();
    let metadata = metadata_of(&[&PROVIDER]);
    let verifier = SamlVerifier::without_places(Arc::new(SystemEntropy));
    let sealed = unverified(&encrypted(&certificate, Signed::Assertion));
    let plain = unverified(&response(Signed::Assertion));
    let presented = |response| Presented {
        response,
        request: Request::Exactly(REQUEST),
        keys: &keys,
        now: NOW,
    };
    let provider = registered(&metadata);
    let refused = verifier.prove(&presented(&sealed), &provider).await;
    let refused = refused.unwrap_err();
    assert!(
        refused.is_unavailable() && !refused.is_alarm(),
        "{refused:?}"
    );
    let proven = verifier.prove(&presented(&plain), &provider).await;
    assert!(proven.is_ok(), "{proven:?}");
}

/// Opening is asked for by anybody, so that it may not hold up whoever serves requests.
#[tokio::test]
async fn assertions_are_opened_on_a_thread_of_their_own() {
    struct Witness(std::sync::Mutex<Vec<std::thread::ThreadId>>);
    impl Entropy for Witness {
        fn fill(&self, bytes: &mut [u8]) -> Result<(), crate::entropy::EntropyError> {
            self.0.lock().unwrap().push(std::thread::current().id());
            SystemEntropy.fill(bytes)
        }
    }
    let (certificate, keys) = own_key();
    let metadata = metadata_of(&[&PROVIDER]);
    let witness = Arc::new(Witness(std::sync::Mutex::default()));
    let verifier = SamlVerifier::new(None, Arc::clone(&witness) as Arc<dyn Entropy>);
    let presented = Presented {
        response: &unverified(&encrypted(&certificate, Signed::Assertion)),
        request: Request::Exactly(REQUEST),
        keys: &keys,
        now: NOW,
    };
    let proven = verifier.prove(&presented, &registered(&metadata)).await;
    assert!(proven.is_ok(), "{proven:?}");
    let threads = witness.0.lock().unwrap();
    assert_eq!(threads.len(), 1);
    assert_ne!(threads[0], std::thread::current().id());
}

#[tokio::test]
async fn without_a_second_verifier_a_provider_that_wants_one_proves_nobody() {
    let metadata = metadata_of(&[&PROVIDER]);
    let provider = SamlIdentityProvider {
        agreement: Agreement::Required,
        ..registered(&metadata)
    };
    let none = ServiceProviderKeys::default();
    let text = response(Signed::Assertion);
    let refused = prove_with(None, &text, &provider, &none).await.unwrap_err();
    assert!(matches!(refused, SamlProofError::NoSecondOpinion));
    assert!(refused.is_unavailable() && !refused.is_alarm());
}

#[cfg(feature = "second-opinion")]
mod with_a_second_verifier {
    use super::*;
    use crate::federation::saml::second_opinion::{Limits, Refusal};
    use crate::federation::saml::testing::{ELLIPTIC, draft};

    fn second() -> SecondOpinion {
        SecondOpinion::start(Limits::default()).unwrap()
    }

    fn required(metadata: &IdpMetadata) -> SamlIdentityProvider<'_> {
        SamlIdentityProvider {
            agreement: Agreement::Required,
            ..registered(metadata)
        }
    }

    #[tokio::test]
    async fn what_both_read_alike_is_proven() {
        let metadata = metadata_of(&[&PROVIDER]);
        let (certificate, keys) = own_key();
        let mut texts: Vec<_> = Signed::BY_SOMEBODY.map(response).into();
        texts.push(encrypted(&certificate, Signed::Assertion));
        for text in texts {
            let proven = prove_with(Some(second()), &text, &required(&metadata), &keys).await;
            assert_eq!(
                proven.unwrap().identity().subject().as_str(),
                PERSON,
                "{text}"
            );
        }
    }

    /// Whoever has one good assertion may write around it, and into a `KeyInfo`: ours refuses what the
    /// second would choke on, so that nobody raises an alarm at will.
    #[tokio::test]
    async fn what_nobody_signs_raises_no_alarm() {
        let metadata = metadata_of(&[&PROVIDER]);
        let none = ServiceProviderKeys::default();
        let good = response(Signed::Assertion);
        let in_response = |inside: &str| ("</samlp:Status>", ["</samlp:Status>", inside].concat());
        let in_key_info = |inside: &str| {
            let value = "</ds:SignatureValue>";
            let info = [value, "<ds:KeyInfo>", inside, "</ds:KeyInfo>"].concat();
            (value, info)
        };
        let long = "n".repeat(50_001);
        for ((from, to), is_taken) in [
            (in_response(&format!("<{long}/>")), false),
            (in_response(&format!("<a {long}=''/>")), false),
            (in_response(&format!("<a b='{long}'>{long}</a>")), true),
            (in_response("<a xmlns='http://h:99999999999/'/>"), false),
            (in_response("<a xmlns='a:?#'><b xmlns='a://:1'/></a>"), true),
            (
                in_response("<a xml:id='a b' Id='' xml:space='no' xml:base='::'/>"),
                true,
            ),
            (in_response("<a ID='a b'/>"), false),
            (
                in_key_info(
                    "<ds:X509Data><ds:X509Certificate>!</ds:X509Certificate></ds:X509Data>",
                ),
                true,
            ),
            (
                in_key_info("<ds:RetrievalMethod URI='http://127.0.0.1:1/'/>"),
                true,
            ),
            (
                in_key_info("<ds:KeyValue><ds:RSAKeyValue/></ds:KeyValue>"),
                true,
            ),
            (in_key_info("<ds:KeyInfo/>text"), true),
        ] {
            let text = good.replacen(from, &to, 1);
            let outcome = prove_with(Some(second()), &text, &required(&metadata), &none).await;
            assert!(
                !outcome.as_ref().is_err_and(SamlProofError::is_alarm),
                "{to:.99}: {outcome:?}"
            );
            assert_eq!(outcome.is_ok(), is_taken, "{to:.99}: {outcome:?}");
        }
    }

    /// An assertion signed on an elliptic curve in a response signed with RSA: libxmlsec1 can't choose
    /// between keys of two types.
    #[tokio::test]
    async fn what_the_second_refuses_is_refused_with_an_alarm() {
        let metadata = metadata_of(&[&PROVIDER, &ELLIPTIC]);
        let text = ELLIPTIC.sign(&draft(Signed::Both), &["_a1"]);
        let text = PROVIDER.sign(&text, &["_r1"]);
        let none = ServiceProviderKeys::default();
        let alone = prove_with(None, &text, &registered(&metadata), &none).await;
        assert!(alone.is_ok(), "{alone:?}");
        let refused = prove_with(Some(second()), &text, &required(&metadata), &none).await;
        let refused = refused.unwrap_err();
        assert!(
            matches!(
                refused,
                SamlProofError::SecondOpinion(SecondOpinionError::Refused(Refusal::MixedKeyTypes))
            ),
            "{refused:?}"
        );
        assert!(refused.is_alarm() && !refused.is_unavailable());
        assert_eq!(refused.check(), "second opinion");
    }

    #[tokio::test]
    async fn overload_is_no_refusal() {
        let metadata = metadata_of(&[&PROVIDER]);
        let full = SecondOpinion::without_places().unwrap();
        let text = response(Signed::Assertion);
        let none = ServiceProviderKeys::default();
        let refused = prove_with(Some(full), &text, &required(&metadata), &none).await;
        let refused = refused.unwrap_err();
        assert!(
            refused.is_unavailable() && !refused.is_alarm(),
            "{refused:?}"
        );
    }

    #[tokio::test]
    async fn what_ours_refuses_the_second_never_sees() {
        let metadata = metadata_of(&[&PROVIDER]);
        let full = SecondOpinion::without_places().unwrap();
        let text = STRANGER.sign(&draft(Signed::Assertion), &["_a1"]);
        let none = ServiceProviderKeys::default();
        let refused = prove_with(Some(full), &text, &required(&metadata), &none).await;
        assert!(matches!(
            refused,
            Err(SamlProofError::Response(SamlError::Signature(_)))
        ));
    }
}
