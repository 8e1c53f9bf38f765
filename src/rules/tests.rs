//! Conditions, messages and rule files: what they mean, and where their faults are.

use super::engine::judge;
use super::expr::Expr;
use super::finding::Finding;
use super::template::Template;
use super::vocabulary::{Subject, Value};
use super::*;
use crate::assess::Facts;
use crate::snapshot::{Snapshot, file};

mod broken;
mod settings;

fn snapshot(body: &str) -> Snapshot {
    let text = format!("schema: backlint/snapshot/v1\n{body}");
    file::parse("test", &text).unwrap_or_else(|fault| panic!("{fault}"))
}

const ONE: &str = r#"
host: {name: web1}
namespaces:
  - sysctls: {net.core.somaxconn: 128, vm.overcommit_kbytes: 7, net.ipv4.tcp_rmem: 4096 131072 6291456}
    counters: {TcpExt.ListenOverflows: 3}
    listeners:
      - {protocol: tcp, address: "0.0.0.0:80", accept_queue: {max: 128}, owners: [{comm: nginx}]}
"#;

/// Does something for the one listener of [`ONE`].
fn with_listener<R>(run: impl FnOnce(Subject<'_>) -> R) -> R {
    let snapshot = snapshot(ONE);
    let catalogue = crate::services::Catalogue::builtin();
    let facts = Facts::new(&snapshot, &catalogue);
    let netns = &facts.namespaces[0];
    let listener = Some(&netns.listeners[0]);
    run(Subject {
        facts: &facts,
        netns,
        listener,
        setting: None,
    })
}

/// The value of an expression for the one listener of [`ONE`]; a fault as text.
fn value(source: &str) -> Result<Value<'static>, String> {
    let expr = Expr::parse(source, Scope::Listener).map_err(|faults| faults[0].message.clone())?;
    with_listener(|subject| expr.evaluate(subject)).map_err(|why| {
        let missing: Vec<String> = why.missing.into_iter().collect();
        format!(
            "missing {} {}",
            missing.join(","),
            why.fault.unwrap_or_default()
        )
    })
}

#[test]
fn names_operators_and_functions_have_their_values() {
    for (source, expected) in [
        ("listener.port == 80", true),
        ("listener.label == \"nginx on 0.0.0.0:80\"", true),
        ("sysctl[\"net.core.somaxconn\"] * 2 - 1 >= 255", true),
        ("counters['TcpExt.ListenOverflows'] > 3", false),
        ("sysctl['vm.overcommit_kbytes'] < 8", true),
        ("sysctl['net.ipv4.tcp_rmem'].startsWith('4096 ')", true),
        ("listener.limited_by in ['stale', 'somaxconn']", true),
        (
            "!(listener.service == 'redis') && host.name.contains('eb')",
            true,
        ),
        (
            "size(host.name) == 4 && string(listener.port).endsWith('0')",
            true,
        ),
        ("listener.port == 80 ? true : false", true),
        ("-listener.port < 0", true),
    ] {
        assert_eq!(value(source), Ok(Value::Bool(expected)), "{source}");
    }
}

#[test]
fn an_absent_fact_counts_only_where_it_decides() {
    let missing = "missing listener.drops ".to_owned();
    assert_eq!(value("listener.drops > 0"), Err(missing.clone()));
    assert_eq!(
        value("listener.drops > 0 || listener.port == 80"),
        Ok(Value::Bool(true))
    );
    assert_eq!(
        value("listener.port == 80 || listener.drops > 0"),
        Ok(Value::Bool(true))
    );
    assert_eq!(
        value("listener.drops > 0 && listener.port == 81"),
        Ok(Value::Bool(false))
    );
    assert_eq!(
        value("listener.drops > 0 && listener.port == 80"),
        Err(missing.clone())
    );
    assert_eq!(value("!(listener.drops > 0)"), Err(missing));
    assert_eq!(
        value("sysctl['a.b'] == 1"),
        Err("missing sysctl.a.b ".to_owned())
    );
}

#[test]
fn presence_can_be_asked() {
    for (source, expected) in [
        ("has(listener.drops)", false),
        ("has(listener.accept_queue.max)", true),
        ("has(listener.accept_queue.len)", false),
        ("has(listener.accept_queue)", true),
        ("has(listener.syn_queue)", false),
        ("has(listener.requested.where)", true),
        ("has(listener.drops) && listener.drops > 0", false),
        ("'net.core.somaxconn' in sysctl", true),
        ("'a.b' in sysctl", false),
        ("'TcpExt.ListenDrops' in counters", false),
    ] {
        assert_eq!(value(source), Ok(Value::Bool(expected)), "{source}");
    }
}

#[test]
fn what_has_no_meaning_is_refused_when_it_is_loaded() {
    for (source, fault) in [
        ("", "the expression is empty"),
        ("listener", "`listener` is a group, not a value"),
        (
            "listener.accept_queue",
            "`listener.accept_queue` is a group, not a value",
        ),
        (
            "listener.port == '80'",
            "a number on the left, a text on the right",
        ),
        (
            "listener.port && true",
            "this is a number, and true or false is needed",
        ),
        ("true < false", "true and false have no order"),
        ("true + false == true", "true and false cannot be added"),
        (
            "listener.unit == null",
            "nothing is ever null: a fact that was not read is absent",
        ),
        (
            "listener.port == 80.0",
            "numbers are whole here, without a point or a letter",
        ),
        ("sysctl == 1", "`sysctl` is read by key, in brackets"),
        (
            "sysctl.net.core == 1",
            "`sysctl` is read by key, in brackets",
        ),
        (
            "sysctl[host.name] == 1",
            "the key must be written out: it decides what is read from the host",
        ),
        (
            "host.name['x'] == 1",
            "only `sysctl`, `after_boot` and `counters` are read by key",
        ),
        (
            "[1].exists(x, x == 1)",
            "maps, structures and comprehensions are not offered here",
        ),
        ("[1] == [1]", "a list stands only on the right of `in`"),
        (
            "'a' in host.name",
            "on the right of `in` stands a list, `sysctl`, `after_boot` or `counters`",
        ),
        (
            "matches(host.name, 'a')",
            "there is no function `matches` for this",
        ),
        ("(1 == 1", "expected ')'"),
        ("1 ==", "the expression ends too early"),
    ] {
        assert_eq!(value(source), Err(fault.to_owned()), "{source}");
    }
}

#[test]
fn deep_nesting_ends_in_a_fault_and_not_in_a_stack_overflow() {
    // The stack that a program's main thread has; that of a test's is smaller.
    let main_thread = std::thread::Builder::new().stack_size(8 << 20);
    main_thread.spawn(nest_deeply).unwrap().join().unwrap();
}

fn nest_deeply() {
    for (open, middle, close) in [
        ("(", "true", ")"),
        ("!", "true", ""),
        ("-", "1", ""),
        ("true ? ", "true", " : true"),
        ("[", "1", "]"),
        ("(", "1 + true", ")"),
        ("string(", "1", ")"),
        ("", "1", " + 1"),
        ("", "true", " || true"),
        ("", "host", ".name"),
    ] {
        for depth in [30, 190, 100_000] {
            let source = format!("{}{middle}{}", open.repeat(depth), close.repeat(depth));
            if let Ok(expr) = Expr::parse(&source, Scope::Host) {
                let _ = with_listener(|subject| expr.evaluate(subject));
                assert!(source.chars().count() <= expr::LONGEST, "{open} {depth}");
            }
        }
    }
}

#[test]
fn messages_render_what_they_name() {
    let render = |source: &str| {
        let template = Template::parse(source, Scope::Listener);
        template.map(|template| with_listener(|subject| template.render(subject)))
    };
    assert_eq!(render("{{{listener.port}}}").as_deref(), Ok("{80}"));
    assert_eq!(
        render("drops {listener.drops}").as_deref(),
        Ok("drops unknown")
    );
    assert_eq!(
        render("{listener.port == 80 ? \"web\" : \"\"}!").as_deref(),
        Ok("web!")
    );
    assert_eq!(render("a {listener.prt}").unwrap_err()[0].range, 3..15);
    assert_eq!(render("a }").unwrap_err()[0].range, 2..3);
}

const RULE: &str =
    "id: ACME1\nname: x\ntitle: t\nseverity: low\nscope: listener\nmessage: m\nwhy: w\n";

/// Line, column and text that a rule's fault points at.
fn fault(when: &str) -> (usize, usize, String) {
    let text = format!("{RULE}{when}\n");
    let fault = load::load_one("x.yaml", &text).unwrap_err().remove(0);
    let (line, column) = fault.position().unwrap();
    (line, column, text[fault.span.unwrap()].to_owned())
}

#[test]
fn faults_in_conditions_are_found_in_every_style_of_yaml() {
    let name = || "listener.prt".to_owned();
    assert_eq!(fault("when: listener.prt == 1"), (8, 7, name()));
    assert_eq!(fault("when: \"listener.prt == \\\"x\\\"\""), (8, 8, name()));
    assert_eq!(
        fault("when: 'listener.protocol == ''tcp'' && listener.prt == 1'"),
        (8, 40, name())
    );
    assert_eq!(
        fault("when: |\n  true\n  && listener.prt == 1"),
        (10, 6, name())
    );
    assert_eq!(
        fault("when: >-\n  true &&\n  listener.prt == 1"),
        (10, 3, name())
    );
    assert_eq!(
        fault("when: \"true\"\nremediation: [{sysctl: a.b, value: listener.prt}]"),
        (9, 36, name())
    );
}

/// Namespaces of which some are alike, with listeners of which some are.
fn many_namespaces() -> Snapshot {
    use std::fmt::Write as _;
    let mut body = "host: {kernel: 6.1.0}\nnamespaces:\n".to_owned();
    for (name, somaxconn, overflows) in
        [("host", 256, 0), ("a", 128, 0), ("b", 64, 3), ("c", 128, 0)]
    {
        writeln!(
            body,
            "  - name: {name}\n    sysctls: {{net.core.somaxconn: {somaxconn}, net.ipv4.tcp_syncookies: 1}}\n    counters: {{TcpExt.ListenOverflows: {overflows}}}\n    listeners:"
        )
        .unwrap();
        for n in 0..120_u32 {
            let max = if n % 3 == 0 { 128 } else { 64 };
            let comm = if n % 2 == 0 { "nginx" } else { "x" };
            let len = if n % 5 == 0 {
                String::new()
            } else {
                format!("len: {}, ", n % 70)
            };
            writeln!(
                body,
                "      - {{protocol: tcp, address: \"0.0.0.0:{n}\", accept_queue: {{{len}max: {max}}}, owners: [{{comm: {comm}}}]}}"
            )
            .unwrap();
        }
    }
    snapshot(&body)
}

#[test]
fn equal_inputs_get_equal_verdicts_and_the_order_is_the_records() {
    let snapshot = many_namespaces();
    let catalogue = crate::services::Catalogue::builtin();
    let facts = Facts::new(&snapshot, &catalogue);
    let rules = load::load(&[]).unwrap_or_else(|faults| panic!("{}", faults[0]));
    let judgement = judge(&rules, &facts);
    for rule in rules
        .iter()
        .filter(|rule| matches!(rule.scope, Scope::Netns | Scope::Listener))
        .filter(|rule| rule.applies_to(facts.kernel))
    {
        // The same, one by one and without a memo.
        let (mut fires, mut skipped) = (Vec::new(), 0);
        for (at, netns) in facts.namespaces.iter().enumerate() {
            let listeners = netns.listeners.iter().enumerate();
            let listeners = listeners.map(|(index, listener)| (Some(index), Some(listener)));
            let subjects: Vec<_> = match rule.scope {
                Scope::Listener => listeners.collect(),
                _ => vec![(None, None)],
            };
            for (index, listener) in subjects {
                match rule.when.holds(Subject {
                    facts: &facts,
                    netns,
                    listener,
                    setting: None,
                }) {
                    Ok(true) => fires.push((at, index)),
                    Ok(false) => {}
                    Err(_) => skipped += 1,
                }
            }
        }
        let mut found: Vec<(usize, Option<usize>)> = judgement
            .findings
            .iter()
            .filter(|finding| finding.rule.id == rule.id)
            .flat_map(Finding::abouts)
            .map(|about| {
                let listener = about.listener.as_ref();
                (about.netns_index, listener.map(|listener| listener.index))
            })
            .collect();
        // Findings are sorted by confidence first.
        found.sort_unstable();
        assert_eq!(found, fires, "{}", rule.id);
        let not_evaluated = judgement.not_evaluated.iter();
        let not_evaluated = not_evaluated.filter(|skipped| skipped.rule.id == rule.id);
        let subjects: usize = not_evaluated.map(|skipped| skipped.subjects).sum();
        assert_eq!(subjects, skipped, "{}", rule.id);
    }
}
