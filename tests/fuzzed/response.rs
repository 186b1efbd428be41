//! The verifier of responses.

use std::sync::LazyLock;

use rolegate::domain::Secret;
use rolegate::federation::saml::certificate::Certificate;
use rolegate::federation::saml::checks::{Expected, Request};
use rolegate::federation::saml::response::{Undecryptable, authenticate};
use rolegate::federation::saml::second_opinion::Opinion;
use rolegate::federation::saml::signing::{PLACEHOLDER, SigningKey};
use rolegate::federation::saml::xml::Element;

use super::scene::{NOW, PROVIDER};

const ISSUER: &str = "https://idp.example.com/metadata";
const AUDIENCE: &str = "https://sso.example.com/saml";
const ACS: &str = "https://sso.example.com/saml/acs";

/// Documents that others have signed, and what they say.
struct Known {
    certificates: Vec<Certificate>,
    opinions: Vec<Opinion>,
}

static KNOWN: LazyLock<Known> = LazyLock::new(|| {
    macro_rules! signed {
        ($($name:literal)*) => {
            [$((
                include_str!(concat!("../data/saml/", $name, ".xml")),
                include_str!(concat!("../data/saml/", $name, ".pem")),
            )),*]
        };
    }
    let documents = signed!(
        "assertion_signed" "response_signed" "both_signed" "assertion_signed_p256"
        "both_signed_p384" "assertion_signed_rsa_sha512" "targeted_id" "typical_6k"
        "typical_6k_both" "attributes_200"
    );
    let certificates: Vec<Certificate> = documents
        .iter()
        .map(|(_, pem)| pem.parse().unwrap())
        .collect();
    let read = |document: &str| {
        Opinion::from(&authenticate(document.as_bytes(), &certificates, &no_keys).unwrap())
    };
    let opinions = documents
        .iter()
        .map(|(document, _)| read(document))
        .collect();
    Known {
        certificates,
        opinions,
    }
});

/// What nobody signed is refused, or says what was signed. What a hostile provider signed is read
/// without harm, and accepted only as what it says.
pub fn run(bytes: &[u8]) {
    if let Ok(response) = authenticate(bytes, &KNOWN.certificates, &no_keys) {
        let read = Opinion::from(&response);
        assert!(KNOWN.opinions.contains(&read), "nobody signed {read:?}");
    }
    let Ok(draft) = str::from_utf8(bytes) else {
        return;
    };
    if draft.contains(PLACEHOLDER) {
        read_signed(draft, &["_a1"]);
        read_signed(draft, &["_r1"]);
        read_signed(draft, &["_a1", "_r1"]);
    }
}

/// Signs a draft in these places and reads it, if there are these places.
fn read_signed(draft: &str, ids: &[&str]) {
    let sign = |draft: String, id: &&str| SigningKey::sign_element(&PROVIDER.key, &draft, id);
    let Ok(message) = ids.iter().try_fold(draft.to_owned(), sign) else {
        return;
    };
    let Ok(response) = authenticate(message.as_bytes(), &PROVIDER.certificates, &no_keys) else {
        return;
    };
    let signed = Opinion::from(&response);
    if ids.contains(&"_a1") {
        assert_eq!(signed.assertion_id, "_a1");
    }
    let expected = Expected {
        issuer: ISSUER,
        audiences: &[AUDIENCE],
        recipients: &[ACS],
        request: Request::Exactly("_q1"),
    };
    if let Ok(accepted) = response.accept(&expected, NOW) {
        assert_eq!(accepted.issuer(), ISSUER);
        assert_eq!(accepted.name_id().value, signed.subject.name_id);
        assert!(
            signed
                .audiences
                .iter()
                .all(|any| any.iter().any(|it| it == AUDIENCE))
        );
    }
}

fn no_keys(_: Element<'_>) -> Result<Secret<String>, Undecryptable> {
    Err(Undecryptable)
}
