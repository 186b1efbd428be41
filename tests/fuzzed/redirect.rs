//! The redirect binding, and the logout messages that come by it.

use rolegate::federation::saml::messages::{
    ExpectedLogout, ReceivedLogoutRequest, unverified_issuer,
};
use rolegate::federation::saml::redirect::{
    MAX_MESSAGE_BYTES, MAX_QUERY_BYTES, MessageKind, RedirectMessage, UnverifiedRedirect,
};

use super::scene::{NOW, PROVIDER};

/// A query is refused, or holds a message of bounded length that nobody has signed. A message that
/// we send as a signed query comes in as it was.
pub fn run(bytes: &[u8]) {
    let Ok(text) = str::from_utf8(bytes) else {
        return;
    };
    let [certificate] = &PROVIDER.certificates;
    if let Ok(message) = UnverifiedRedirect::parse(text) {
        assert!(message.unverified_xml().len() <= MAX_MESSAGE_BYTES);
        let _ends = unverified_issuer(message.unverified_xml());
        assert!(message.verify([certificate.key()]).is_err());
    }
    let sent = RedirectMessage {
        kind: MessageKind::Request,
        xml: text,
        relay_state: None,
    };
    let endpoint = "https://sso.example.com/saml/logout";
    let url = sent
        .url(&endpoint.parse().unwrap(), Some(&PROVIDER.key))
        .unwrap();
    let (_, query) = url.split_once('?').unwrap();
    if query.len() > MAX_QUERY_BYTES || text.len() > MAX_MESSAGE_BYTES {
        return;
    }
    let message = UnverifiedRedirect::parse(query).unwrap();
    let verified = message.verify([certificate.key()]).unwrap();
    assert_eq!(verified.xml, text);
    let expected = ExpectedLogout {
        issuer: &"https://idp.example.com/metadata".parse().unwrap(),
        destination: &endpoint.parse().unwrap(),
        now: NOW,
    };
    if let Ok(request) = ReceivedLogoutRequest::from_redirect(&verified, &expected) {
        assert!(!request.name_id.value.is_empty());
    }
}
