use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::*;
use crate::federation::saml::testing::cut;
use crate::federation::saml::xml::XmlFault;

const NOW: UnixTime = UnixTime::from_seconds(1_795_254_067);
const ENTITY: &str = "https://idp.example/metadata";

/// The base64 of a certificate of its own key.
fn certificate() -> String {
    let key = rcgen::KeyPair::generate().unwrap();
    let made = rcgen::CertificateParams::default()
        .self_signed(&key)
        .unwrap();
    STANDARD.encode(made.der())
}

fn key(purpose: &str, certificate: &str) -> String {
    [
        "<md:KeyDescriptor",
        purpose,
        "><ds:KeyInfo><ds:X509Data><ds:X509Certificate>",
        certificate,
        "</ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor>",
    ]
    .concat()
}

const SIGNING: &str = " use=\"signing\"";
const ENCRYPTION: &str = " use=\"encryption\"";
const SIGN_ON: &str = concat!(
    "<md:SingleSignOnService Binding=\"urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect\" ",
    "Location=\"https://idp.example/sso?a=1&amp;b=2\"/>",
);

/// An entity with these keys.
fn entity(keys: &str) -> String {
    [
        "<md:EntityDescriptor xmlns:md=\"urn:oasis:names:tc:SAML:2.0:metadata\" ",
        "xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\" entityID=\"",
        ENTITY,
        "\"><md:IDPSSODescriptor WantAuthnRequestsSigned=\"true\" ",
        "protocolSupportEnumeration=\"urn:oasis:names:tc:SAML:1.1:protocol ",
        "urn:oasis:names:tc:SAML:2.0:protocol\">",
        keys,
        "<md:SingleLogoutService Binding=\"urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST\" ",
        "Location=\"https://idp.example/slo\" ResponseLocation=\"https://idp.example/slo/done\"/>",
        "<md:NameIDFormat> urn:oasis:names:tc:SAML:2.0:nameid-format:persistent </md:NameIDFormat>",
        "<md:SingleSignOnService Binding=\"urn:mace:shibboleth:1.0:profiles:AuthnRequest\" ",
        "Location=\"ftp://idp.example\"/>",
        SIGN_ON,
        "</md:IDPSSODescriptor></md:EntityDescriptor>",
    ]
    .concat()
}

fn entities(inside: &[&str]) -> String {
    [
        "<md:EntitiesDescriptor xmlns:md=\"urn:oasis:names:tc:SAML:2.0:metadata\">",
        &inside.concat(),
        "</md:EntitiesDescriptor>",
    ]
    .concat()
}

/// Reads and checks.
fn read(document: &str, wanted: Option<&str>) -> Result<ParsedMetadata, MetadataError> {
    let entity = wanted.map(|text| text.parse::<EntityId>().unwrap());
    let parsed = parse(document, entity.as_ref())?;
    let listed = |url: &EndpointUrl| url.as_str().starts_with("http://127.0.0.1:18999/");
    check(&parsed.metadata, NOW, listed)?;
    Ok(parsed)
}

fn der(parsed: &ParsedMetadata) -> Vec<String> {
    let certificates = parsed.metadata.signing_certificates.iter();
    certificates.map(|it| STANDARD.encode(it.der())).collect()
}

#[test]
fn an_entity_is_read_whole() {
    let certificate = certificate();
    let parsed = read(&entity(&key(SIGNING, &certificate)), None).unwrap();
    let url = |text: &str| text.parse::<EndpointUrl>().unwrap();
    let expected = IdpMetadata {
        entity_id: ENTITY.parse().unwrap(),
        signing_certificates: vec![certificate.parse().unwrap()].try_into().unwrap(),
        single_sign_on: vec![Endpoint {
            binding: Binding::Redirect,
            location: url("https://idp.example/sso?a=1&b=2"),
        }],
        single_logout: vec![LogoutEndpoint {
            binding: Binding::Post,
            location: url("https://idp.example/slo"),
            response_location: Some(url("https://idp.example/slo/done")),
        }],
        wants_signed_requests: true,
        valid_until: None,
        name_id_formats: vec![
            "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"
                .parse()
                .unwrap(),
        ],
    };
    assert_eq!(parsed.metadata, expected);
    assert_eq!(parsed.notes, []);
}

#[test]
fn keys_sign_that_are_for_signing_or_for_everything() {
    let [one, two, three] = [(); 3].map(|()| certificate());
    let keys = [
        key(SIGNING, &one),
        key(ENCRYPTION, &two),
        key("", &three),
        key(SIGNING, &one),
    ];
    let parsed = read(&entity(&keys.concat()), None).unwrap();
    assert_eq!(der(&parsed), [one, three]);
}

#[test]
fn a_bad_certificate_beside_a_good_one_is_noted() {
    let good = certificate();
    let keys = [key(SIGNING, "AAAA"), key(SIGNING, &good), key(SIGNING, "?")];
    let parsed = read(&entity(&keys.concat()), None).unwrap();
    assert_eq!(der(&parsed), [good]);
    let note = |position, error| MetadataNote::UnusableCertificate { position, error };
    let expected = [
        note(1, CertificateError::NotACertificate),
        note(3, CertificateError::NotBase64),
    ];
    assert_eq!(parsed.notes, expected);
}

#[test]
fn the_first_notes_are_kept_and_the_others_are_counted() {
    let good = certificate();
    let bad = key(SIGNING, "AAAA");
    let exactly = [bad.repeat(MAX_NOTES), key(SIGNING, &good)].concat();
    assert_eq!(
        read(&entity(&exactly), None).unwrap().notes.len(),
        MAX_NOTES
    );
    let many = [bad.repeat(1_000), key(SIGNING, &good)].concat();
    let notes = read(&entity(&many), None).unwrap().notes;
    assert_eq!(notes.len(), MAX_NOTES + 1);
    assert_eq!(notes.last(), Some(&MetadataNote::More { count: 968 }));
    let Err(MetadataError::NoSigningCertificate(notes)) = read(&entity(&bad.repeat(1_000)), None)
    else {
        panic!("a provider without a certificate");
    };
    assert_eq!(notes.len(), MAX_NOTES + 1);
}

#[test]
fn s55_a_document_type_two_entities_of_one_name_or_an_end_in_the_past_is_refused() {
    let good = entity(&key(SIGNING, &certificate()));
    let external = ["<!DOCTYPE a SYSTEM \"http://127.0.0.1:1/\">", &good].concat();
    assert!(matches!(read(&external, None), Err(MetadataError::Xml(_))));
    let both = [
        "<md:EntitiesDescriptor xmlns:md=\"urn:oasis:names:tc:SAML:2.0:metadata\">",
        &good,
        &good,
        "</md:EntitiesDescriptor>",
    ]
    .concat();
    let parsed = read(&good, None).unwrap();
    let name = parsed.metadata.entity_id.clone();
    let repeated = MetadataError::RepeatedEntity(name.clone());
    assert_eq!(read(&both, Some(name.as_str())), Err(repeated));
    let end: UnixTime = "2026-01-01T00:00:00Z".parse().unwrap();
    let mut over = parsed.metadata;
    over.valid_until = Some(end);
    let checked = |now| check(&over, now, |_| false);
    assert_eq!(checked(end), Err(MetadataError::Expired(end)));
    assert_eq!(checked(end.plus(-1)), Ok(()));
}

#[test]
fn without_a_usable_certificate_there_is_no_provider() {
    let encrypting = key(ENCRYPTION, &certificate());
    let empty = read(&entity(&encrypting), None);
    assert_eq!(empty, Err(MetadataError::NoSigningCertificate(vec![])));
    let error = read(&entity(&key(SIGNING, "AAAA")), None).unwrap_err();
    assert_eq!(
        error.to_string(),
        "no signing certificate is usable: \
         signing certificate 1 is left aside: not an X.509 certificate"
    );
}

#[test]
fn an_authority_behind_a_certificate_signs_no_messages() {
    let [own, authority] = [(); 2].map(|()| certificate());
    let more = [
        &own,
        "</ds:X509Certificate><ds:X509Certificate>",
        &authority,
    ]
    .concat();
    let parsed = read(&entity(&key(SIGNING, &more)), None).unwrap();
    assert_eq!(der(&parsed), [own]);
    assert_eq!(
        parsed.notes,
        [MetadataNote::Chain {
            position: 1,
            count: 2
        }]
    );
}

#[test]
fn there_are_at_most_sixteen_certificates() {
    let keys: Vec<_> = (0..17).map(|_| key(SIGNING, &certificate())).collect();
    assert!(read(&entity(&keys[..16].concat()), None).is_ok());
    let refused = read(&entity(&keys.concat()), None);
    assert_eq!(refused, Err(MetadataError::TooManyCertificates));
}

#[test]
fn one_of_many_entities_is_chosen() {
    let ours = entity(&key(SIGNING, &certificate()));
    let other = ours.replace(ENTITY, "urn:other");
    let nested = entities(&[&other, &entities(&[&ours])]);
    let parsed = read(&nested, Some(ENTITY)).unwrap();
    assert_eq!(parsed.metadata.entity_id.as_str(), ENTITY);
    assert_eq!(read(&nested, None), Err(MetadataError::SeveralProviders));
    let service = concat!(
        "<md:EntityDescriptor entityID=\"urn:sp\"><md:SPSSODescriptor ",
        "protocolSupportEnumeration=\"urn:oasis:names:tc:SAML:2.0:protocol\"/></md:EntityDescriptor>",
    );
    assert_eq!(read(&entities(&[service, &ours]), None).unwrap(), parsed);
}

#[test]
fn s55_an_entity_that_is_missing_or_there_twice_is_refused() {
    let ours = entity(&key(SIGNING, &certificate()));
    let id: EntityId = ENTITY.parse().unwrap();
    let twice = entities(&[&ours, &entities(&[&ours])]);
    assert_eq!(
        read(&twice, Some(ENTITY)),
        Err(MetadataError::RepeatedEntity(id))
    );
    let other: EntityId = "urn:other".parse().unwrap();
    assert_eq!(
        read(&ours, Some("urn:other")),
        Err(MetadataError::UnknownEntity(other))
    );
    assert_eq!(read(&entities(&[]), None), Err(MetadataError::NoProvider));
}

#[test]
fn an_entity_that_hides_in_extensions_is_not_found() {
    let ours = entity(&key(SIGNING, &certificate()));
    let hidden = ["<md:Extensions>", &ours, "</md:Extensions>"].concat();
    let id: EntityId = ENTITY.parse().unwrap();
    let refused = read(&entities(&[&hidden]), Some(ENTITY));
    assert_eq!(refused, Err(MetadataError::UnknownEntity(id)));
}

#[test]
fn exactly_one_role_speaks_saml_2() {
    let ours = entity(&key(SIGNING, &certificate()));
    let none = ours.replace("SAML:2.0:protocol\"", "SAML:2.1:protocol\"");
    assert_eq!(read(&none, Some(ENTITY)), Err(MetadataError::NoProvider));
    let role = cut(&ours, "<md:IDPSSO", "</md:IDPSSODescriptor>");
    let twice = ours.replace(role, &role.repeat(2));
    assert_eq!(read(&twice, None), Err(MetadataError::SeveralRoles));
}

#[test]
fn the_earliest_end_of_validity_counts_wherever_it_stands() {
    let ours = entity(&key(SIGNING, &certificate()));
    let (first, last) = (NOW.plus(1), NOW.plus(2));
    let until = |element: &str, end: UnixTime| {
        let attribute = [element, " validUntil=\"", &end.to_string(), "\""].concat();
        (element.to_owned(), attribute)
    };
    for outer in [
        "<md:EntitiesDescriptor",
        "<md:EntityDescriptor",
        "<md:IDPSSODescriptor",
    ] {
        let document = entities(&[&ours]);
        let (from, to) = until(outer, first);
        let valid = document.replace(&from, &to);
        let (from, to) = until("<md:IDPSSODescriptor", last);
        let both = if outer == from {
            valid
        } else {
            valid.replace(&from, &to)
        };
        let parsed = read(&both, Some(ENTITY)).unwrap();
        assert_eq!(parsed.metadata.valid_until, Some(first), "{outer}");
        let expired = both.replace(&first.to_string(), &NOW.to_string());
        assert_eq!(
            read(&expired, Some(ENTITY)),
            Err(MetadataError::Expired(NOW)),
            "{outer}"
        );
    }
    let odd = ours.replace(" entityID", " validUntil=\"tomorrow\" entityID");
    assert_eq!(
        read(&odd, None),
        Err(MetadataError::NotATime(Quoted::new("tomorrow")))
    );
}

#[test]
fn s55_endpoints_are_https_or_listed_loopback_addresses() {
    let ours = entity(&key(SIGNING, &certificate()));
    let good = "https://idp.example/sso?a=1&amp;b=2";
    let loopback = read(&ours.replace(good, "http://127.0.0.1:18999/sso"), None).unwrap();
    let location = loopback.metadata.sign_on_at(Binding::Redirect).unwrap();
    assert_eq!(location.as_str(), "http://127.0.0.1:18999/sso");
    for plain in ["http://127.0.0.1:1/sso", "http://idp.example/sso"] {
        let error = MetadataError::PlainHttp(plain.parse().unwrap());
        assert_eq!(read(&ours.replace(good, plain), None), Err(error));
    }
    for bad in ["javascript:alert(1)", "https://a@idp.example/", ""] {
        let error = MetadataError::Location {
            service: "SingleSignOnService",
            location: Quoted::new(bad),
        };
        assert_eq!(read(&ours.replace(good, bad), None), Err(error), "{bad}");
    }
    for good in [
        "https://idp.example/slo\"",
        "https://idp.example/slo/done\"",
    ] {
        let error = read(&ours.replace(good, "http://x/\""), None).unwrap_err();
        assert_eq!(
            error,
            MetadataError::PlainHttp("http://x/".parse().unwrap())
        );
    }
}

#[test]
fn a_provider_without_a_sign_on_that_we_speak_is_refused() {
    let ours = entity(&key(SIGNING, &certificate()));
    let refused = read(&ours.replace(SIGN_ON, ""), None);
    assert_eq!(refused, Err(MetadataError::NoSingleSignOn));
    let many = read(&ours.replace(SIGN_ON, &SIGN_ON.repeat(33)), None);
    assert_eq!(many, Err(MetadataError::TooMany("SingleSignOnService")));
}

#[test]
fn another_document_is_refused_by_name() {
    let refused = read("<html/>", None);
    assert_eq!(
        refused,
        Err(MetadataError::NotMetadata(Quoted::new("html")))
    );
    let look_alike =
        entity(&key(SIGNING, &certificate())).replace("SAML:2.0:metadata", "SAML:2.0:x");
    let refused = read(&look_alike, None);
    assert_eq!(
        refused,
        Err(MetadataError::NotMetadata(Quoted::new("EntityDescriptor")))
    );
}

#[test]
fn s55_a_document_type_or_too_long_a_document_is_not_read_at_all() {
    let fault = |document: &str| match read(document, None) {
        Err(MetadataError::Xml(XmlError { fault, .. })) => Some(fault),
        _ => None,
    };
    let ours = entity(&key(SIGNING, &certificate()));
    let doctype = [
        "<!DOCTYPE x [<!ENTITY e SYSTEM \"file:///etc/passwd\">]>",
        &ours,
    ]
    .concat();
    assert_eq!(fault(&doctype), Some(XmlFault::DocumentType));
    let long = [&ours, &*" ".repeat(50_000_000)].concat();
    assert_eq!(fault(&long), Some(XmlFault::TooLong(10_000_000)));
}
