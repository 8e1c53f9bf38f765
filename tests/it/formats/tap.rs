//! TAP, read by perl's TAP::Parser, which prove(1) is made of.

use serde_json::Value;

use super::{HOSTILE, NGINX, Repository};
use crate::support::program::{backlint, finish, scrubbed};

/// Prints what TAP::Parser understood as JSON.
const READ: &str = r#"
use TAP::Parser; use JSON::PP;
my $parser = TAP::Parser->new({ source => $ARGV[0] });
my (@tests, $last);
while (my $it = $parser->next) {
    if ($it->is_test) {
        $last = { ok => $it->is_actual_ok ? 1 : 0, name => $it->description,
            directive => $it->directive, why => $it->explanation };
        push @tests, $last;
    }
    if ($it->is_yaml) { $last->{yaml} = $it->data; }
}
print JSON::PP->new->latin1->canonical->encode({ tests => \@tests, faults => [$parser->parse_errors],
    planned => $parser->tests_planned, passed => $parser->is_good_plan });
"#;

fn understood(repository: &Repository) -> Value {
    let mut perl = scrubbed("perl");
    perl.args(["-e", READ]).arg(repository.path("out.tap"));
    finish(&mut perl).ended(0).json()
}

#[test]
fn a_harness_reads_every_test_and_its_diagnostics() {
    let repository = Repository::new();
    repository.judge(&["-f", "tap=out.tap"]).ended(1);
    let document = understood(&repository);
    assert_eq!(
        document["faults"].as_array().unwrap().len(),
        0,
        "{document}"
    );
    let tests = document["tests"].as_array().unwrap();
    assert_eq!(document["planned"], tests.len());
    assert_eq!(tests[0]["ok"], 0);
    assert_eq!(
        tests[0]["name"],
        "- BL101 backlog-truncated: tcp 0.0.0.0:443 (nginx)"
    );
    let yaml = &tests[0]["yaml"];
    assert_eq!(yaml["severity"], "high");
    assert_eq!(yaml["at"], format!("fix tures/web.yaml:{NGINX}"));
    assert!(
        yaml["do"][0]
            .as_str()
            .unwrap()
            .starts_with("set net.core.somaxconn")
    );
    assert_eq!(tests[1]["yaml"]["message"], HOSTILE);
    // A # in a socket's name begins no directive.
    assert_eq!(tests[1]["directive"], "");
    let skipped = tests.iter().find(|it| it["directive"] == "SKIP").unwrap();
    assert!(skipped["why"].as_str().unwrap().starts_with("not known: "));
}

#[test]
fn prove_agrees_with_the_exit_status() {
    let repository = Repository::new();
    for (fail_on, status) in [("high", 1), ("never", 0)] {
        let arguments = ["--fail-on", fail_on, "-f", "tap=out.tap"];
        repository.judge(&arguments).ended(status);
        let mut prove = scrubbed("prove");
        prove
            .args(["--exec", "cat"])
            .arg(repository.path("out.tap"));
        let run = finish(&mut prove);
        assert_eq!(run.status.min(1), status, "{run:#?}");
    }
}

#[test]
fn a_rule_that_is_not_about_the_kernel_has_not_passed() {
    let repository = Repository::new();
    let text =
        "schema: backlint/snapshot/v1\nnamespaces: [{sysctls: {net.core.somaxconn: 4096}}]\n";
    for (name, kernel) in [
        ("unknown.yaml", ""),
        ("new.yaml", "host: {kernel: 6.1.0}\n"),
    ] {
        std::fs::write(repository.path(name), format!("{text}{kernel}")).unwrap();
        let mut command = backlint();
        command
            .args(["--snapshot", name, "-f", "tap"])
            .current_dir(repository.path(""));
        let run = finish(&mut command).ended(0);
        let line = run.out.lines().find(|line| line.contains("BL118")).unwrap();
        assert!(line.contains("# SKIP"), "{line}");
    }
}
