//! SAML connections, providers and keys by the command line.

use std::path::Path;

use super::gateway::{ADMIN, Gateway, STORE, files, text, write};

const ENTITY: &str = "https://saml.example.com/idp";
const CONNECTION: &str = "dir/connections/partners.toml";
const DOCUMENT: &str = "dir/connections/partners.metadata.xml";

/// A folder with a directory that has SAML in both places.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let mut all = files("https://idp.example.com");
    let provider = "accounts/123456789012/saml-providers/Partners";
    for (path, text) in [
        ("connections/partners.toml", connection("'upload'")),
        ("connections/partners.metadata.xml", metadata()),
        (
            &[provider, ".toml"].concat(),
            "replay = 'once'\n".to_owned(),
        ),
        (&[provider, ".metadata.xml"].concat(), metadata()),
    ] {
        all.push((path.to_owned(), text));
    }
    write(&folder.path().join("dir"), &all);
    folder
}

fn connection(source: &str) -> String {
    format!(
        "display_name = 'Partners'\n[saml]\nentity_id = '{ENTITY}'\nmetadata = {source}\nsecond_opinion = false\n"
    )
}

/// The metadata of a provider with a key that nobody else has.
fn metadata() -> String {
    let key = rcgen::KeyPair::generate().unwrap();
    let certificate = rcgen::CertificateParams::default().self_signed(&key);
    let certificate = data_encoding::BASE64.encode(certificate.unwrap().der());
    format!(
        r#"<EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata" entityID="{ENTITY}"><IDPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol"><KeyDescriptor use="signing"><KeyInfo xmlns="http://www.w3.org/2000/09/xmldsig#"><X509Data><X509Certificate>{certificate}</X509Certificate></X509Data></KeyInfo></KeyDescriptor><SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect" Location="https://saml.example.com/sso"/></IDPSSODescriptor></EntityDescriptor>"#
    )
}

fn start(folder: &Path) -> Gateway {
    Gateway::start(folder, &[&ADMIN[..], &[STORE]].concat())
}

#[track_caller]
fn done(gateway: &Gateway, folder: &Path, arguments: &[&str]) -> String {
    let output = gateway.run(folder, arguments);
    assert!(output.status.success(), "{}", text(&output.stderr));
    text(&output.stdout)
}

#[track_caller]
fn failed(gateway: &Gateway, folder: &Path, arguments: &[&str]) -> String {
    let output = gateway.run(folder, arguments);
    assert!(!output.status.success(), "{}", text(&output.stdout));
    text(&output.stderr)
}

#[test]
fn an_export_of_saml_applied_again_changes_nothing() {
    let folder = folder();
    let gateway = start(folder.path());
    let told = done(&gateway, folder.path(), &["apply", "dir"]);
    assert!(
        told.contains("put metadata of connection partners\n"),
        "{told}"
    );
    done(&gateway, folder.path(), &["export", "out"]);
    for file in [
        "connections/partners.metadata.xml",
        "accounts/123456789012/saml-providers/Partners.metadata.xml",
    ] {
        let read = |root: &str| std::fs::read(folder.path().join(root).join(file)).unwrap();
        assert_eq!(read("out"), read("dir"), "{file}");
    }
    let again = done(&gateway, folder.path(), &["apply", "out"]);
    let changed = again.lines().last();
    assert_eq!(changed, Some("0 changed; the directory is at generation 2"));
}

/// W15.
#[test]
fn a_file_that_is_no_metadata_is_refused_by_its_name() {
    let folder = folder();
    let gateway = start(folder.path());
    let place = folder.path().join(DOCUMENT);
    let good = std::fs::read_to_string(&place).unwrap();
    for (content, why) in [
        (
            &b"PK\x03\x04\xff\xfe\x00"[..],
            "the file is no text in UTF-8",
        ),
        (
            b"<svg xmlns='http://www.w3.org/2000/svg'/>",
            "the metadata is svg, not EntityDescriptor",
        ),
        (
            b"<!DOCTYPE x [<!ENTITY e SYSTEM 'file:///etc/passwd'>]><x>&e;</x>",
            "the metadata can't be read",
        ),
        (b"", "the metadata can't be read"),
        (
            good.replace(ENTITY, "urn:other").as_bytes(),
            "the metadata describes no such SAML 2.0 identity provider",
        ),
    ] {
        std::fs::write(&place, content).unwrap();
        let told = failed(&gateway, folder.path(), &["apply", "dir"]);
        assert!(
            told.contains("connections/partners.metadata.xml: "),
            "{told}"
        );
        assert!(told.contains(why), "{told}");
    }
    std::fs::File::create(&place)
        .unwrap()
        .set_len(100 << 20)
        .unwrap();
    let told = failed(&gateway, folder.path(), &["apply", "dir"]);
    assert!(
        told.contains("partners.metadata.xml: the file is longer than 10000000 bytes"),
        "{told}"
    );
    std::fs::write(&place, good).unwrap();
    let climbing = "connections/x%2f..%2f..%2fy";
    let name = ["dir/", climbing, ".metadata.xml"].concat();
    std::fs::write(folder.path().join(name), "<x/>").unwrap();
    let told = failed(&gateway, folder.path(), &["apply", "dir"]);
    let missing = format!("{climbing}.metadata.xml: there is no {climbing}.toml");
    assert!(told.contains(&missing), "{told}");
    let out = done(&gateway, folder.path(), &["export", "out"]);
    assert!(out.starts_with("generation 1: 0 files"), "{out}");
}

#[test]
fn a_connection_whose_provider_is_away_is_applied_and_says_so() {
    let folder = folder();
    let gateway = start(folder.path());
    std::fs::remove_file(folder.path().join(DOCUMENT)).unwrap();
    let source = "{ url = 'https://127.0.0.1:9/metadata' }";
    std::fs::write(folder.path().join(CONNECTION), connection(source)).unwrap();
    let told = done(&gateway, folder.path(), &["apply", "dir"]);
    let note = "note: connections/partners: nobody can sign in by it until";
    assert!(told.contains(note), "{told}");
    let refresh = ["connections", "refresh-metadata", "partners"];
    let told = failed(&gateway, folder.path(), &refresh);
    assert!(
        told.contains("MetadataUnavailable") || told.contains("could not be fetched"),
        "{told}"
    );
    let told = failed(
        &gateway,
        folder.path(),
        &["connections", "refresh-metadata", "nobody"],
    );
    assert!(
        told.contains("there is no SAML connection nobody"),
        "{told}"
    );
}

#[test]
fn a_key_for_saml_is_rotated_and_no_second_one_before_it_signs() {
    let folder = folder();
    let gateway = start(folder.path());
    let told = done(&gateway, folder.path(), &["keys", "rotate-saml"]);
    assert!(
        told.ends_with("2 changed; the directory is at generation 2\n"),
        "{told}"
    );
    let told = failed(&gateway, folder.path(), &["keys", "rotate-saml"]);
    assert!(told.contains("a new key is published already"), "{told}");
    let drop = ["keys", "rotate-saml", "--drop-previous"];
    let told = done(&gateway, folder.path(), &drop);
    assert_eq!(
        told.matches("remove service provider key").count(),
        2,
        "{told}"
    );
}
