//! `backlint explain`, run as a program.

use std::fs;

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
        ("--kernel 2.6", "ask for 3.0 or later, as `--kernel 3.0`"),
        (
            "--backlog 4k",
            "write a whole number in digits alone, such as 4096",
        ),
        ("--kernel banana", "write it like 5.10"),
        ("--backlog 2147483648", "--backlog"),
    ] {
        let run = explain(&format!("queue {options}")).ended(2);
        assert!(run.err.contains(words), "{options}: {}", run.err);
        assert_eq!(run.out, "");
    }
}

/// The first line of what a word leads to.
fn title(word: &str) -> String {
    let run = explain(word).ended(0);
    run.out.lines().next().unwrap_or_default().to_owned()
}

#[test]
fn a_word_leads_to_its_page_in_any_spelling() {
    for word in [
        "BL101",
        "bl101",
        "backlog-truncated",
        "Backlog-Truncated",
        "rule:bl101",
    ] {
        assert!(
            title(word).starts_with("BL101 backlog-truncated: "),
            "{word}"
        );
    }
    for word in ["BL2", "bl2xx", "BL2XX", "family:BL2"] {
        assert_eq!(title(word), "BL2: the SYN queue", "{word}");
    }
    assert!(title("BL").starts_with("BL: "));
    for word in ["BL1x", "BLxxx", "BL9"] {
        // What --only does not take is no family here either.
        assert_eq!(run(["explain", word]).status, 2, "{word}");
    }
    for word in [
        "somaxconn",
        "net.core.somaxconn",
        "net/core/somaxconn",
        "/proc/sys/net/core/somaxconn",
        "SOMAXCONN",
    ] {
        assert!(title(word).starts_with("net.core.somaxconn: "), "{word}");
    }
    for word in [
        "ListenOverflows",
        "listenoverflows",
        "TcpExt.ListenOverflows",
        "TcpExtListenOverflows",
    ] {
        assert!(
            title(word).starts_with("TcpExt.ListenOverflows: "),
            "{word}"
        );
    }
    assert!(title("accept-queue").starts_with("accept-queue: "));
    assert!(title("redis-server").starts_with("redis: "));
    assert!(title("QUEUE").starts_with("listen(fd, 4096) on Linux "));
}

#[test]
fn what_nothing_is_called_is_answered_with_what_is_near() {
    for (word, near) in [
        ("somaxcon", "`somaxconn`"),
        ("BL999", "`backlint explain` alone"),
        ("ListenOverflow", "`ListenOverflows`"),
        ("acept-queue", "`accept-queue`"),
        (
            "service:BL101",
            "`BL101` is a rule: backlint explain rule:BL101",
        ),
        ("ngnix", "`nginx`"),
    ] {
        let run = explain(word).ended(2);
        assert!(run.err.contains(near), "{word}: {}", run.err);
        assert_eq!(run.out, "");
    }
}

#[test]
fn the_page_of_a_rule_has_all_that_is_known_in_one_order() {
    let page = explain("BL101 --format json").ended(0).json();
    assert_eq!(page["schema"], "backlint/explain/v1");
    assert_eq!(page["facts"]["severity"], "high");
    let headings: Vec<&str> = page["sections"]
        .as_array()
        .unwrap()
        .iter()
        .map(|section| section["heading"].as_str().unwrap())
        .collect();
    assert_eq!(
        headings,
        [
            "What it is",
            "Why it matters",
            "See it by hand",
            "Fix it",
            "What does not help",
            "By kernel version",
            "Sources"
        ]
    );
    let text = explain("BL101").ended(0).out;
    assert!(!text.contains('\x1b'), "no escapes outside of a terminal");
    let mut at = 0;
    for heading in headings {
        at += text[at..]
            .find(&format!("\n{heading}\n"))
            .unwrap_or_else(|| panic!("{heading}"));
    }
}

#[test]
fn a_rule_of_the_user_is_explained_with_the_page_beside_it() {
    let folder = tempfile::tempdir().unwrap();
    let rule = "id: ACME1\nname: acme-swaps\ntitle: T\nseverity: low\nscope: host\n\
                when: sysctl[\"vm.swappiness\"] > 10\nmessage: m\nwhy: Because.\n";
    fs::write(folder.path().join("swaps.yaml"), rule).unwrap();
    let path = folder.path().to_str().unwrap();
    let plain = explain(&format!("ACME1 --rules {path}")).ended(0).out;
    assert!(plain.contains("Because.") && !plain.contains("Fix it"));
    fs::write(
        folder.path().join("swaps.md"),
        "## Fix it\n\nSwap \x1b[2J less.\n",
    )
    .unwrap();
    let page = explain(&format!("acme-swaps --rules {path}")).ended(0).out;
    assert!(page.contains("Fix it") && page.contains("less."), "{page}");
    assert!(!page.contains('\x1b'));
}

#[test]
fn the_index_names_every_kind() {
    let index = explain("").ended(0).out;
    for word in [
        "queue",
        "client-symptoms",
        "BL101",
        "ListenDrops",
        "net.core.somaxconn",
        "nginx",
    ] {
        assert!(index.contains(word), "{word}");
    }
}

#[test]
fn the_words_of_the_calculator_are_true_of_odd_numbers() {
    let said = |options: &str| {
        let run = explain(&format!("queue {options}")).ended(0);
        run.out.split_whitespace().collect::<Vec<_>>().join(" ")
    };
    let negative = "--max-syn-backlog=-5 --syncookies 0";
    let equation = "-5 - (-5 >> 2) + 1 = -2, less than 0, so nothing is admitted; min(";
    for (options, words) in [
        (negative, equation),
        (
            "--max-syn-backlog=-5 --kernel 4.3",
            "-5 = 4294967295 unsigned; roundup_pow_of_two(max(8, min(128, 4294967295)) + 1) → 256",
        ),
        ("--kernel 6.13", "4.4 to 6.13"),
        ("--kernel 6.13", "6.13 itself was not read"),
    ] {
        let out = said(options);
        assert!(out.contains(words), "{options}: {out}");
    }
    let none = said("--backlog 0 --syncookies 0 --kernel 6.12");
    assert!(none.contains("no TCP connection can be made"), "{none}");
    assert!(!none.contains("until earlier requests end"), "{none}");
}

#[test]
fn everyday_words_lead_to_a_topic_and_kinds_that_are_wrong_to_the_right_one() {
    for (word, topic) in [
        ("backlog", "accept-queue"),
        ("Listen", "accept-queue"),
        ("overflow", "drops"),
        ("Recv-Q", "by-hand"),
        ("Send-Q", "by-hand"),
        ("topic:backlog", "accept-queue"),
    ] {
        let run = explain(word).ended(0);
        assert_eq!(run.out, explain(&format!("topic:{topic}")).out, "{word}");
    }
    let run = explain("sysctl:redis").ended(2);
    let words = "`redis` is a service: backlint explain service:redis";
    assert!(run.err.contains(words), "{}", run.err);
}

#[test]
fn what_is_said_is_told_from_what_is_true() {
    let run = explain("folklore").ended(0);
    let marked = |mark: &str| run.out.matches(mark).count();
    assert_eq!(marked("Said: "), marked("True: "));
    assert!(marked("Said: ") > 15, "{}", run.out);
}
