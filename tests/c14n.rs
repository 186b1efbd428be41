//! Canonical forms as libxml2 and Apache Santuario write them, document by document.

// Clippy exempts tests from its rules against panics by this mark, helper functions included.
#![cfg(test)]

#[path = "tools/mod.rs"]
mod tools;

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use aws_lc_rs::digest::{SHA256, digest};
use data_encoding::{BASE64, HEXLOWER};
use rolegate::federation::saml::c14n::{InclusivePrefixes, canonicalize};
use rolegate::federation::saml::xml::{Document, Element, Profile, namespace};

use tools::Tool;

/// The same documents in every run, so that a failure is there in the next one, too.
const SEED: &str = "20261122";
const COUNT: &str = "20000";

/// What the tests/interop/c14n programs are given: a line is a PrefixList, a tab, a document in base64.
struct Documents {
    file: PathBuf,
    lines: String,
    _folder: tempfile::TempDir,
}

impl Documents {
    fn make() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("documents");
        let mut command = Command::new(Tool::Python.path());
        command.arg(program("documents.py"));
        command.args(["--seed", SEED, "--count", COUNT]);
        let lines = output(command);
        std::fs::write(&file, &lines).unwrap();
        Self {
            file,
            lines,
            _folder: folder,
        }
    }

    /// Compares the hashes of canonical forms that another program prints.
    fn assert_canonical_as_by(&self, mut other: Command) {
        other.stdin(File::open(&self.file).unwrap());
        let hashes = output(other);
        assert_eq!(hashes.lines().count().to_string(), COUNT);
        for (line, hash) in self.lines.lines().zip(hashes.lines()) {
            let (prefixes, encoded) = line.split_once('\t').unwrap();
            let document = BASE64.decode(encoded.as_bytes()).unwrap();
            let form = canonical(&document, prefixes);
            assert_eq!(
                HEXLOWER.encode(digest(&SHA256, &form).as_ref()),
                hash,
                "{:?} with {prefixes:?} is {:?}",
                String::from_utf8_lossy(&document),
                String::from_utf8_lossy(&form),
            );
        }
    }
}

/// The canonical form of the element with the ID "apex" without its signature.
fn canonical(document: &[u8], prefixes: &str) -> Vec<u8> {
    let document = Document::parse(document, Profile::MESSAGE).unwrap();
    let mut all = std::iter::once(document.root()).chain(document.root().descendants());
    let apex = all.find(|element| element.attribute("ID") == Some("apex"));
    let apex = apex.unwrap();
    let is_signature = |child: &Element<'_>| child.is(namespace::SIGNATURE, "Signature");
    let signature = apex.children().find(is_signature);
    let prefixes = InclusivePrefixes::parse(prefixes).unwrap();
    canonicalize(apex, signature, &prefixes).unwrap()
}

fn program(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/interop/c14n");
    folder.join(name)
}

fn output(mut command: Command) -> String {
    let output = command.stderr(Stdio::inherit()).output().unwrap();
    assert!(output.status.success(), "{command:?}");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn twenty_thousand_documents_are_canonical_as_by_libxml2_and_by_santuario() {
    let documents = Documents::make();
    let mut lxml = Command::new(Tool::Python.path());
    lxml.arg(program("with_lxml.py"));
    documents.assert_canonical_as_by(lxml);
    let mut santuario = Command::new(Tool::Java.path());
    santuario
        .arg("-cp")
        .arg(Tool::JavaTools.path().join("lib/*"));
    santuario.arg(program("WithSantuario.java"));
    documents.assert_canonical_as_by(santuario);
}
