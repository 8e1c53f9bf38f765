//! `backlint explain`, run as a program.

use serde_json::Value;

use crate::support::program::{Run, run};

fn explain(words: &str) -> Run {
    run(std::iter::once("explain").chain(words.split_whitespace()))
}

fn queue(options: &str) -> Value {
    explain(&format!("queue {options} --format json"))
        .ended(0)
        .json()
}

#[test]
fn the_worked_examples_are_reproduced() {
    let old = "--somaxconn 128 --max-syn-backlog 8192 --syncookies 0 --kernel 3.10";
    let many = queue(&format!("--backlog 512 {old}"));
    assert_eq!(many["schema"], "backlint/queue/v1");
    assert_eq!(many["accept_queue"]["max"], 128);
    assert_eq!(many["accept_queue"]["capacity"], 129);
    assert_eq!(many["syn_queue"]["capacity"], 256);
    assert_eq!(many["syn_queue"]["limited_by"], "somaxconn");
    assert_eq!(queue(&format!("--backlog 5 {old}"))["syn_queue"]["max"], 16);
    let eras: Vec<&Value> = many["eras"].as_array().unwrap().iter().collect();
    let syn: Vec<&Value> = eras
        .iter()
        .map(|era| &era["syn_queue"]["capacity"])
        .collect();
    assert_eq!(syn, [256, 128, 129]);
    assert!(many["steps"].as_array().unwrap().len() >= 5);
}

#[test]
fn what_was_not_given_is_a_default_and_is_told() {
    let all = queue("");
    assert_eq!(all["inputs"]["kernel"], "6.18");
    assert_eq!(all["inputs"]["somaxconn"], 4096);
    assert_eq!(all["inputs"]["defaults"].as_array().unwrap().len(), 5);
    assert_eq!(queue("--kernel 5.3.0-el8")["inputs"]["somaxconn"], 128);
    assert_eq!(queue("--backlog -1")["accept_queue"]["capacity"], 4097);
}

#[test]
fn what_the_kernel_would_refuse_is_refused_with_its_range() {
    for (options, words) in [
        ("--somaxconn 65536 --kernel 4.0", "give 0 to 65535"),
        ("--somaxconn -1", "give 0 to 2147483647"),
        ("--syncookies 256", "give 0 to 255"),
        ("--kernel 2.6", "the oldest that was read is 3.0"),
        ("--kernel banana", "write it like 5.10"),
        ("--backlog 2147483648", "--backlog"),
    ] {
        let run = explain(&format!("queue {options}")).ended(2);
        assert!(run.err.contains(words), "{options}: {}", run.err);
        assert_eq!(run.out, "");
    }
}
