//! libxmlsec1 follows the address of a Reference before it checks anything. Once the second opinion
//! has started, it does no longer.
//!
//! One test in a program of its own: what is shown here concerns the whole process.

// Clippy exempts tests from its rules against panics by the first of these marks.
#![cfg(test)]
#![cfg(feature = "second-opinion")]

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::thread;

use rcgen::{CertificateParams, KeyPair, PKCS_ECDSA_P256_SHA256};
use rolegate::federation::saml::second_opinion::{Limits, SecondOpinion};
use samael::crypto::{CertificateDer, Crypto, CryptoError, CryptoProvider as _, ReduceMode};

const CONTENT: &str = "fetched content";
const LAST_WORD: &str = "the test is over";

/// A server that keeps the first line of each request, until the test says that it is over.
struct Canary {
    address: SocketAddr,
    server: thread::JoinHandle<Vec<String>>,
}

impl Canary {
    fn listen() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let server = thread::spawn(move || {
            let requests = listener.incoming().map(|stream| answer(stream.unwrap()));
            requests
                .take_while(|request| request != LAST_WORD)
                .collect()
        });
        Self { address, server }
    }

    /// The requests there were; every earlier connection was accepted before this one.
    fn requests(self) -> Vec<String> {
        let mut stream = TcpStream::connect(self.address).unwrap();
        stream.write_all(LAST_WORD.as_bytes()).unwrap();
        self.server.join().unwrap()
    }
}

/// Answers a request, and gives its first line.
fn answer(mut stream: TcpStream) -> String {
    let mut request = [0; 4096];
    let read = stream.read(&mut request).unwrap();
    let length = CONTENT.len();
    write!(
        stream,
        "HTTP/1.0 200 OK\r\nContent-Type: text/xml\r\nContent-Length: {length}\r\n\r\n{CONTENT}"
    )
    .unwrap();
    let request = String::from_utf8_lossy(&request[..read]);
    request.lines().next().unwrap().to_owned()
}

/// A document whose signature refers to `address`, to be filled in by the signer.
fn unsigned(address: &str) -> String {
    format!(
        "<r ID=\"_1\"><Signature xmlns=\"http://www.w3.org/2000/09/xmldsig#\"><SignedInfo>\
         <CanonicalizationMethod Algorithm=\"http://www.w3.org/2001/10/xml-exc-c14n#\"/>\
         <SignatureMethod Algorithm=\"http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256\"/>\
         <Reference URI=\"{address}\">\
         <DigestMethod Algorithm=\"http://www.w3.org/2001/04/xmlenc#sha256\"/><DigestValue/>\
         </Reference></SignedInfo><SignatureValue/></Signature></r>"
    )
}

fn verified(document: &str, certificate: &CertificateDer) -> Result<String, CryptoError> {
    let certificates = std::slice::from_ref(certificate);
    Crypto::reduce_xml_to_signed(document, certificates, ReduceMode::PreDigest)
}

#[test]
fn a_reference_leads_to_no_address_and_no_file_once_the_second_opinion_has_started() {
    let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).unwrap();
    let certificate = CertificateParams::default().self_signed(&key).unwrap();
    let certificate = CertificateDer::from(certificate.der().to_vec());
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("canary.txt");
    std::fs::write(&file, CONTENT).unwrap();
    let canary = Canary::listen();
    let addresses = [
        format!("http://{}/canary", canary.address),
        format!("file://{}", file.display()),
    ];

    // Before: both are fetched, to sign them and to verify them. Else this test would show nothing.
    let signed = addresses
        .clone()
        .map(|address| Crypto::sign_xml(unsigned(&address), &key.serialize_der()).unwrap());
    for document in &signed {
        assert_eq!(verified(document, &certificate).unwrap(), CONTENT);
    }

    SecondOpinion::start(Limits::default()).unwrap();

    for (address, document) in addresses.iter().zip(&signed) {
        let refused = verified(document, &certificate);
        assert!(
            matches!(refused, Err(CryptoError::CryptoProviderError(_))),
            "{refused:?}"
        );
        let refused = Crypto::sign_xml(unsigned(address), &key.serialize_der());
        assert!(
            matches!(refused, Err(CryptoError::CryptoProviderError(_))),
            "{refused:?}"
        );
    }
    let before = ["GET /canary HTTP/1.0", "GET /canary HTTP/1.0"];
    assert_eq!(canary.requests(), before);
}
