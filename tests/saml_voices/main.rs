//! Three verifiers that share no code read the same thousands of documents: ours, samael (libxml2 and
//! libxmlsec1) and the crate `saml` (Rust). Nobody may read what was not signed; where one accepts and
//! another refuses, `docs/saml-differences.md` must say why.

// Clippy exempts tests from its rules against panics by the first of these marks.
#![cfg(test)]
#![cfg(feature = "second-opinion")]

mod mutation;
mod voices;

use std::collections::{BTreeMap, BTreeSet};
use std::thread;

use mutation::{Mutated, Mutations};
use voices::{Answer, Case, Voices};

const DOCUMENT: &str = include_str!("../../docs/saml-differences.md");
/// Changed documents for each of the six.
const CHANGED: usize = 1_700;

/// What was met in the changed documents of a case.
struct Met {
    /// Who accepts what another refuses, with the first document.
    differences: BTreeMap<(String, String), String>,
    /// How often ours and samael both accepted.
    both_accepted: usize,
}

fn cases() -> Vec<Case> {
    macro_rules! case {
        ($name:literal) => {
            Case::new(
                $name,
                include_str!(concat!("../data/saml/", $name, ".xml")),
                include_str!(concat!("../data/saml/", $name, ".pem")),
            )
        };
    }
    vec![
        case!("assertion_signed"),
        case!("response_signed"),
        case!("both_signed"),
        case!("assertion_signed_p256"),
        case!("both_signed_p384"),
        case!("assertion_signed_rsa_sha512"),
    ]
}

/// The first two cells of each row of the document's table: who accepts, and who refuses for what.
fn explained() -> BTreeSet<(String, String)> {
    let rows = DOCUMENT.lines().filter_map(|line| {
        let mut cells = line.strip_prefix("| `")?.split("` | `");
        let accepts = cells.next()?.to_owned();
        let refuses = cells.next()?.split('`').next()?.to_owned();
        Some((accepts, refuses))
    });
    rows.collect()
}

/// Who accepts what somebody else refuses.
fn differences(answers: &[(&'static str, Answer); 3]) -> Vec<(String, String)> {
    let accepting = answers.iter().filter(|(_, answer)| answer.is_ok());
    let refusing = || {
        answers.iter().filter_map(|(who, answer)| {
            let why = answer.as_ref().err()?;
            Some(format!("{who}: {why}"))
        })
    };
    accepting
        .flat_map(|(who, _)| refusing().map(|why| ((*who).to_owned(), why)))
        .collect()
}

#[test]
fn all_three_read_the_same_in_documents_that_nobody_has_touched() {
    let voices = Voices::start();
    for case in cases() {
        let document = case.document.as_bytes();
        let [(_, ours), (_, samael), (_, saml)] = voices.hear(&case, document);
        let ours = ours.unwrap();
        assert_eq!(samael.unwrap(), ours, "{}", case.name);
        assert_eq!(saml.unwrap(), ours, "{}", case.name);
        assert_eq!(voices.agreement(&case, document), Some(Ok(())));
    }
}

/// Has all three read changed documents, which say what was signed or are refused.
fn change(voices: &Voices, case: &Case) -> Met {
    let [(_, signed), ..] = voices.hear(case, case.document.as_bytes());
    let (mut differences_met, mut both_accepted) = (BTreeMap::new(), 0);
    for Mutated { how, document } in Mutations::new(case.document, 1).take(CHANGED) {
        let answers = voices.hear(case, &document);
        let readings = answers.iter().filter(|(_, answer)| answer.is_ok());
        for (who, reading) in readings {
            assert_eq!(reading, &signed, "{who}, {}: {how}", case.name);
        }
        let agreement = voices.agreement(case, &document);
        let is_agreed = agreement.as_ref().is_none_or(Result::is_ok);
        assert!(is_agreed, "{}: {how}: {agreement:?}", case.name);
        both_accepted += usize::from(agreement.is_some());
        for difference in differences(&answers) {
            differences_met
                .entry(difference)
                .or_insert_with(|| format!("{}: {how}", case.name));
        }
    }
    Met {
        differences: differences_met,
        both_accepted,
    }
}

#[test]
fn no_mutation_changes_what_is_read_and_every_difference_in_acceptance_is_explained() {
    let (voices, cases) = (Voices::start(), cases());
    let met: Vec<_> = thread::scope(|scope| {
        let voices = &voices;
        let begin = |case| scope.spawn(move || change(voices, case));
        let threads: Vec<_> = cases.iter().map(begin).collect();
        threads.into_iter().map(|it| it.join().unwrap()).collect()
    });
    let accepted: usize = met.iter().map(|it| it.both_accepted).sum();
    assert!(accepted > 500, "mutations that both accept: {accepted}");
    let met: BTreeMap<_, _> = met.into_iter().flat_map(|it| it.differences).collect();
    let explained = explained();
    let unexplained: Vec<_> = met
        .iter()
        .filter(|(difference, _)| !explained.contains(difference))
        .map(|((accepts, refuses), how)| format!("| `{accepts}` | `{refuses}` | {how} |"))
        .collect();
    assert!(unexplained.is_empty(), "\n{}", unexplained.join("\n"));
    let stale: Vec<_> = explained
        .iter()
        .filter(|difference| !met.contains_key(difference))
        .collect();
    assert!(stale.is_empty(), "explained, but never met: {stale:#?}");
}
