//! `demo`: what it prints works as it is pasted.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use super::gateway::program;
use super::tools::Tool;

/// A running demo; it is killed when it is dropped.
struct Demo {
    child: Child,
    /// What it printed.
    printed: String,
}

impl Demo {
    fn start(folder: &Path, options: &[&str]) -> Self {
        let arguments = [&["demo", "--port", "0", "--provider-port", "0"], options].concat();
        let mut child = program(folder, &arguments, &[("TMPDIR", folder.to_str().unwrap())])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut printed = String::new();
        let mut output = BufReader::new(child.stdout.take().unwrap());
        while !printed.contains("Ctrl-C") {
            assert!(output.read_line(&mut printed).unwrap() > 0, "{printed}");
        }
        Self { child, printed }
    }

    /// The first word after `label`.
    fn word_after(&self, label: &str) -> &str {
        let rest = self.printed.split_once(label).unwrap().1;
        rest.split_whitespace().next().unwrap()
    }

    /// The lines to paste: an id_token becomes keys.
    fn command(&self) -> String {
        self.lines_from("export ")
    }

    /// The lines to paste: a SAML response becomes keys.
    fn saml_command(&self) -> String {
        let first = self.command();
        let first = first.lines().next().unwrap();
        [first, &self.lines_from("aws sts assume-role-with-saml ")].join("\n")
    }

    fn lines_from(&self, start: &str) -> String {
        let lines = self.printed.lines();
        let pasted = lines
            .skip_while(|line| !line.trim_start().starts_with(start))
            .take_while(|line| !line.is_empty());
        pasted.collect::<Vec<_>>().join("\n")
    }

    fn terminate(&mut self) -> Option<i32> {
        let id = self.child.id().to_string();
        assert!(
            Command::new("kill")
                .args(["-INT", &id])
                .status()
                .unwrap()
                .success()
        );
        self.child.wait().unwrap().code()
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

fn answer_to(folder: &Path, command: &str) -> serde_json::Value {
    let output = bash(folder, command);
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{told}\n{command}");
    serde_json::from_slice(&output.stdout).unwrap()
}

fn bash(folder: &Path, script: &str) -> std::process::Output {
    let aws = Tool::AwsCli.path();
    let path = [aws.parent().unwrap().to_str().unwrap(), ":/usr/bin:/bin"].concat();
    Command::new("bash")
        .args(["-euo", "pipefail", "-c", script])
        .env_clear()
        .env("PATH", path)
        .env("HOME", folder)
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .current_dir(folder)
        .output()
        .unwrap()
}

#[test]
fn the_demo_s_command_line_works_as_it_is_pasted() {
    let folder = tempfile::tempdir().unwrap();
    let mut demo = Demo::start(folder.path(), &[]);
    let answer = answer_to(folder.path(), &demo.command());
    let arn = "arn:aws:sts::482011739056:assumed-role/ReadOnly/ines";
    assert_eq!(answer["AssumedRoleUser"]["Arn"], arn);
    let audit = std::fs::read_to_string(demo.word_after("What was decided, why")).unwrap();
    let key = answer["Credentials"]["AccessKeyId"].as_str().unwrap();
    assert!(audit.lines().any(|line| line.contains(key)));
    assert_eq!(demo.terminate(), Some(0));
}

#[test]
fn the_demo_s_saml_command_line_works_as_it_is_pasted() {
    let folder = tempfile::tempdir().unwrap();
    let mut demo = Demo::start(folder.path(), &[]);
    let answer = answer_to(folder.path(), &demo.saml_command());
    let arn = "arn:aws:sts::482011739056:assumed-role/ReadOnly/ines.okafor@meridale.example";
    assert_eq!(answer["AssumedRoleUser"]["Arn"], arn);
    assert_eq!(answer["Subject"], "mrd-20417");
    assert_eq!(answer["SubjectType"], "persistent");
    assert_eq!(answer["SourceIdentity"], "mrd-20417");
    assert_eq!(demo.terminate(), Some(0));
}

/// What the README says of breaking a response on purpose.
#[test]
fn a_response_takes_nothing_once_a_byte_is_changed_or_a_role_is_not_meant_for_it() {
    let folder = tempfile::tempdir().unwrap();
    let mut demo = Demo::start(folder.path(), &["--saml-sign", "assertion"]);
    let good = demo.saml_command();
    let changed = good.replace(
        "person=ines')",
        "person=ines' | base64 -d | sed s/mrd-20417/mrd-20418/ | base64 -w 0)",
    );
    let lukas = good.replace("person=ines", "person=lukas");
    let billing = lukas
        .replace("482011739056", "123456789012")
        .replace("engineering/ReadOnly", "finance/BillingViewer");
    for (command, error, why) in [
        (&changed, "InvalidIdentityToken", "digest"),
        (&lukas, "AccessDenied", "the attribute Role lists no pair"),
        (&billing, "AccessDenied", "trust policy"),
    ] {
        assert_ne!(*command, good);
        let output = bash(folder.path(), command);
        let told = String::from_utf8_lossy(&output.stderr);
        assert!(told.contains(error), "{told}");
        let audit = std::fs::read_to_string(demo.word_after("What was decided, why")).unwrap();
        let last = audit.lines().last().unwrap();
        assert!(last.contains(why), "{last}");
    }
    assert_eq!(demo.terminate(), Some(0));
}

#[test]
fn a_token_takes_only_the_roles_that_name_its_person() {
    let folder = tempfile::tempdir().unwrap();
    let mut demo = Demo::start(folder.path(), &[]);
    let taken = |from: (&str, &str), to: (&str, &str)| {
        let command = demo.command();
        assert!(command.contains(from.0) && command.contains(from.1));
        bash(
            folder.path(),
            &command.replace(from.0, to.0).replace(from.1, to.1),
        )
    };
    let own = ("person=ines", "482011739056:role/engineering/ReadOnly");
    for (person, role) in [
        ("person=lukas", own.1),
        ("person=ines", "482011739056:role/engineering/Deploy"),
        ("person=ines", "123456789012:role/RolegateAdmin"),
    ] {
        let output = taken(own, (person, role));
        let told = String::from_utf8_lossy(&output.stderr);
        assert!(told.contains("AccessDenied"), "{person} {role}: {told}");
    }
    let output = taken(own, ("person=lukas", "571203948816:role/data/Analyst"));
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{told}");
    assert_eq!(demo.terminate(), Some(0));
}

#[test]
fn the_demo_s_portal_opens_and_everything_goes_with_it() {
    let folder = tempfile::tempdir().unwrap();
    let mut demo = Demo::start(folder.path(), &[]);
    let script = format!(
        "curl -sf {}/ && curl -sf {}/.well-known/openid-configuration",
        demo.word_after("Open "),
        demo.word_after("The identity provider")
    );
    let output = bash(folder.path(), &script);
    assert!(output.status.success(), "{}", demo.printed);
    let page = String::from_utf8_lossy(&output.stdout);
    assert!(page.contains("Meridale Workforce"), "{page}");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    assert_eq!(demo.terminate(), Some(0));
    assert_eq!(
        std::fs::read_dir(folder.path()).unwrap().count(),
        0,
        "nothing is left"
    );
}

#[test]
fn the_provider_alone_is_for_a_gateway_without_a_path() {
    let folder = tempfile::tempdir().unwrap();
    for url in ["http://127.0.0.1:8080/sts", "gateway.example.com"] {
        let arguments = ["demo", "--provider-for", url];
        let output = program(folder.path(), &arguments, &[]).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{url}");
        let told = String::from_utf8_lossy(&output.stderr);
        assert!(told.contains("such as http://127.0.0.1:8080"), "{told}");
    }
}
