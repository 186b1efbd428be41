//! Every action of IAM's model stands in docs/iam-api.md, as what it is here: done, or refused.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::Command;

use rolegate::http::iam::ACTIONS;

use super::tools::Tool;

const HEADING: &str = "## Every action of the model";
/// As many as botocore's model has; a newer one may have more.
const LEAST_OF_THE_MODEL: usize = 180;
/// With this in the environment the table is written as it should be, as with snapshots.
const UPDATE: &str = "INSTA_UPDATE";

fn document() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("docs/iam-api.md")
}

/// The names of the model that botocore has.
fn model() -> Vec<String> {
    let script = "import botocore.session as b, json\n\
        print(json.dumps(sorted(b.Session().get_service_model('iam').operation_names)))";
    let output = Command::new(Tool::Python.path())
        .args(["-c", script])
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    serde_json::from_slice(&output.stdout).unwrap()
}

fn row(action: &str) -> String {
    let is_done = ACTIONS.contains(&action);
    let what = if is_done {
        "done"
    } else {
        "refused: `InvalidAction`"
    };
    format!("| `{action}` | {what} |")
}

/// The rows that there should be.
fn expected() -> Vec<String> {
    let model = model();
    assert!(model.len() >= LEAST_OF_THE_MODEL, "{}", model.len());
    model.iter().map(|action| row(action)).collect()
}

/// The document up to the rows of the table, the rows, and what follows.
fn parts(text: &str) -> (String, Vec<String>, String) {
    let at = text.find(HEADING).expect("the heading of the table");
    let (before, table) = text.split_at(at);
    let is_row = |line: &str| line.starts_with("| `");
    let head: Vec<&str> = table.lines().take_while(|line| !is_row(line)).collect();
    let rest = table.lines().skip(head.len());
    let rows: Vec<String> = rest
        .clone()
        .take_while(|line| is_row(line))
        .map(str::to_owned)
        .collect();
    let after: Vec<&str> = rest.skip(rows.len()).collect();
    let before = [before, &head.join("\n"), "\n"].concat();
    (before, rows, after.join("\n"))
}

#[test]
fn every_action_of_the_model_is_told_as_what_it_is() {
    let text = std::fs::read_to_string(document()).unwrap();
    let (before, rows, after) = parts(&text);
    let expected = expected();
    #[expect(clippy::disallowed_methods, reason = "as insta asks")]
    let is_update = std::env::var(UPDATE).is_ok_and(|value| value == "always");
    if is_update && rows != expected {
        let whole = [&before, &*expected.join("\n"), "\n", &after].concat();
        std::fs::write(document(), whole).unwrap();
        return;
    }
    let told: BTreeSet<&String> = rows.iter().collect();
    let should: BTreeSet<&String> = expected.iter().collect();
    let missing: Vec<_> = should.difference(&told).collect();
    let wrong: Vec<_> = told.difference(&should).collect();
    assert!(
        rows == expected,
        "docs/iam-api.md, {HEADING:?}: put in {missing:#?}, take out {wrong:#?}, and keep the order of names; \
        or run this with {UPDATE}=always"
    );
}

#[test]
fn every_action_that_there_is_is_one_of_the_model_and_there_once() {
    let model: BTreeSet<String> = model().into_iter().collect();
    let unknown: Vec<_> = ACTIONS.iter().filter(|it| !model.contains(**it)).collect();
    assert!(unknown.is_empty(), "{unknown:?}");
    let names: BTreeSet<_> = ACTIONS.iter().collect();
    assert_eq!(names.len(), ACTIONS.len());
}
