//! Responses that nobody should send: as long, deep, wide and dear as they can be.

use super::documents::Signed;
use super::mutation::Mutations;

/// As long as a message may be, less what is around it.
const ALMOST_ALL: usize = 255 * 1024;
const HEAD: &str = "<samlp:Response xmlns:samlp=\"urn:oasis:names:tc:SAML:2.0:protocol\" \
    xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\" \
    xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\" ID=\"_response-1\" Version=\"2.0\">";
const TAIL: &str = "</samlp:Response>";

/// Hostile responses: some made of the signed one, and as many mutations of it.
pub fn all(signed: &Signed) -> Vec<Vec<u8>> {
    let document = signed.document;
    let (head, _) = document.split_once("</saml:AttributeStatement>").unwrap();
    let tail = &document.as_bytes()[head.len()..];
    // In a place that is signed: it is hashed in vain.
    let grown = |piece: &str| {
        let count = (ALMOST_ALL - document.len()) / piece.len();
        [head.as_bytes(), piece.repeat(count).as_bytes(), tail].concat()
    };
    let within = |inside: String| [HEAD, &inside, TAIL].concat().into_bytes();
    let filled = |piece: &str| within(piece.repeat(ALMOST_ALL / piece.len() - 4));
    let long_namespace = format!("<v:v xmlns:v=\"urn:{}\">", "v".repeat(250));
    let declared: Vec<_> = (0..60)
        .map(|it| format!(" xmlns:p{it}=\"urn:{it}\""))
        .collect();
    let declared = declared.concat();
    let attributes: Vec<_> = (0..60).map(|it| format!(" a{it}=\"{it}\"")).collect();
    let attributes = attributes.concat();
    let mut hostile = vec![
        grown(
            "<saml:Attribute Name=\"a\"><saml:AttributeValue>v</saml:AttributeValue></saml:Attribute>",
        ),
        grown("<saml:Attribute Name=\"a\"/>"),
        grown("&#13;"),
        grown(" "),
        filled("<a/>"),
        filled("<a>"),
        filled("&amp;"),
        filled("x"),
        filled("<ds:Signature/>"),
        filled("<saml:Assertion ID=\"_a\"/>"),
        within("<a>".repeat(63) + &"</a>".repeat(63)),
        within(long_namespace.repeat(60) + &"<v:a/>".repeat(7_000) + &"</v:v>".repeat(60)),
        within(format!(
            "<a{declared}>{}</a>",
            "<p0:a p1:a=\"\" p2:a=\"\"/>".repeat(6_000)
        )),
        within(format!("<a{attributes}/>").repeat(400)),
        document
            .replace("<ds:Reference ", "<ds:Reference URI=\"#a\"/>")
            .into(),
        document
            .replace("</ds:SignatureValue>", "AAAA</ds:SignatureValue>")
            .into(),
        document.replacen("ines.okafor@", "root@", 1).into(),
        format!(
            "<!DOCTYPE r [<!ENTITY a \"{}\">]>{document}",
            "a".repeat(10_000)
        )
        .into(),
        vec![b'<'; ALMOST_ALL],
        vec![0xff; ALMOST_ALL],
        Vec::new(),
    ];
    let read = |it: &Vec<u8>| signed.read(it).is_err();
    let mutated = Mutations::new(document, 3)
        .map(|it| it.document)
        .filter(read);
    let count = hostile.len();
    hostile.extend(mutated.take(count));
    hostile
}
