//! Real servers in real containers with different limits: each is named, judged by its own limit, and
//! the flags that backlint writes lift it. Podman needs root for that.

use serde_json::Value;

use crate::support::podman::Podman;
use crate::support::program::{findings, run};
use crate::support::wait;

const IMAGE: &str = "localhost/backlint-redis:1";
const REDIS: &str = "/usr/bin/redis-server";

/// The report about these containers, once each has its listeners.
fn audit(names: &[String]) -> Value {
    let options: Vec<&str> = names.iter().flat_map(|name| ["--netns", name]).collect();
    wait::until("the servers", || {
        let words = ["audit", "--format", "json"].iter().chain(&options);
        let run = run(words.copied());
        // A container that is only being made has no namespace yet.
        let report: Value = serde_json::from_str(&run.out).ok()?;
        let of = |name: &String| {
            let listeners = report["listeners"].as_array().unwrap();
            listeners.iter().any(|one| one["container"] == **name)
        };
        names.iter().all(of).then_some(report)
    })
}

/// The messages of a rule's findings about a container.
fn messages(report: &Value, rule: &str, container: &str) -> Vec<String> {
    let about = |finding: &&Value| {
        let names = finding["subject"]["namespaces"].as_array().unwrap();
        names.iter().any(|name| name == container)
    };
    let found = findings(report, rule).into_iter().filter(about);
    found
        .map(|finding| finding["message"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn a_capped_container_is_named_and_the_flags_that_are_written_lift_the_cap() {
    assert!(
        rustix::process::geteuid().is_root(),
        "this test makes containers and needs root"
    );
    let podman = Podman::new();
    // Other tests have containers at the same time.
    let pid = std::process::id();
    let (capped, free) = (format!("capped-{pid}"), format!("free-{pid}"));
    podman.image(IMAGE, &[(REDIS, REDIS)], &[REDIS, "--save", ""]);
    podman.run(&["--sysctl=net.core.somaxconn=128"], &capped, IMAGE, &[]);
    podman.run(&[], &free, IMAGE, &[]);
    let names = [format!("podman/{capped}"), format!("podman/{free}")];
    let report = audit(&names);
    let truncated = messages(&report, "BL101", &names[0]);
    assert_eq!(
        truncated,
        [
            "redis on 0.0.0.0:6379 asked for 511 by default and got 128",
            "redis on [::]:6379 asked for 511 by default and got 128"
        ]
    );
    assert_eq!(
        messages(&report, "BL101", &names[1]),
        [""; 0],
        "its cap is above what it asks"
    );
    let step = &report["plan"][0];
    assert_eq!(step["for"], "podman", "{step:#}");
    assert_eq!(step["namespaces"], serde_json::json!([names[0]]));
    let flag = "podman run --sysctl net.core.somaxconn=511";
    assert!(
        step["apply"][0].as_str().unwrap().contains(flag),
        "{step:#}"
    );

    let text = run(["patch", "--for", "podman", "--netns", &names[0]])
        .ended(0)
        .out;
    podman.ask(&["rm", "--force", "--time=0", &capped]);
    podman.shell(&text, "run --detach").ended(0);
    let report = audit(&names);
    for rule in ["BL101", "BL402"] {
        assert_eq!(messages(&report, rule, &names[0]), [""; 0], "{report:#}");
    }
    let nothing = run(["patch", "--for", "podman", "--netns", &names[0]]).ended(0);
    assert_eq!(nothing.out, "");
}

#[test]
fn containers_that_are_alike_are_one_line_and_one_step_with_all_their_names() {
    let podman = Podman::new();
    let pid = std::process::id();
    podman.image(
        IMAGE,
        &[(REDIS, REDIS)],
        &[REDIS, "--save", "", "--port", "7000"],
    );
    let own: Vec<String> = (0..4).map(|n| format!("alike-{pid}-{n}")).collect();
    for name in &own {
        podman.run(&["--sysctl=net.core.somaxconn=64"], name, IMAGE, &[]);
    }
    let names: Vec<String> = own.iter().map(|name| format!("podman/{name}")).collect();
    let report = audit(&names);
    for name in &names {
        assert_eq!(messages(&report, "BL101", name).len(), 2, "{report:#}");
    }
    let plan = report["plan"].as_array().unwrap();
    assert_eq!(plan.len(), 1, "{plan:#?}");
    assert_eq!(plan[0]["namespaces"], serde_json::json!(names));
    let text = run(["--netns", &names[0], "--netns", &names[1]])
        .ended(1)
        .out;
    let place = format!("- {}, {}: redis on", names[0], names[1]);
    assert!(text.replace("\n    ", " ").contains(&place), "{text}");
}
