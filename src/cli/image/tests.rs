//! An image in memory becomes a record: which listeners, of what, and how sure.

use std::collections::BTreeMap;

use super::*;
use crate::assess::Facts;
use crate::collect::exe::Shown;
use crate::image::{Exposed, Unread};
use crate::rules::engine::judge;
use crate::rules::load;
use crate::snapshot::{Protocol, Runtime};

/// An image in memory: files by path, a link's text begins with `-> `, a program's with `ELF`.
struct Memory(BTreeMap<&'static str, &'static str>);

impl Memory {
    fn new(files: &[(&'static str, &'static str)]) -> Self {
        let usual = [
            ("/bin/sh", "ELF"),
            ("/usr/sbin/nginx", "ELF"),
            ("/usr/bin/redis-server", "ELF"),
            ("/app/server", "ELF go"),
            ("/usr/bin/tini", "ELF"),
        ];
        Self(usual.into_iter().chain(files.iter().copied()).collect())
    }
}

impl Tree for Memory {
    fn read(&self, path: &str) -> Result<Option<Vec<u8>>, Unread> {
        let text = self.real(path).and_then(|path| self.0.get(path.as_str()));
        Ok(text.map(|text| text.replace("ELF", "\u{7f}ELF\0").into_bytes()))
    }

    fn list(&self, path: &str) -> Result<Option<Vec<String>>, Unread> {
        let below = format!("{}/", path.trim_end_matches('/'));
        let rests = self.0.keys().filter_map(|name| name.strip_prefix(&below));
        let names = rests.filter_map(|rest| rest.split('/').next());
        let names: BTreeSet<String> = names.map(str::to_owned).collect();
        Ok((!names.is_empty()).then(|| names.into_iter().collect()))
    }

    fn real(&self, path: &str) -> Option<String> {
        let text = self.0.get(path)?;
        Some(text.strip_prefix("-> ").unwrap_or(path).to_owned())
    }

    fn is_program(&self, path: &str) -> bool {
        let real = self.real(path).unwrap_or_default();
        let text = self.0.get(real.as_str());
        text.is_some_and(|text| text.starts_with("ELF") || text.starts_with("#!"))
    }

    fn shown(&self, path: &str) -> Result<Option<Shown>, Unread> {
        let go = self.0.get(path).is_some_and(|text| text.ends_with("go"));
        Ok(Some(Shown {
            runtime: go.then_some(Runtime::Go),
            libc: None,
        }))
    }
}

fn recorded(files: &[(&'static str, &'static str)], words: &[&str], ports: &[u16]) -> Snapshot {
    let exposed = ports.iter().map(|port| Exposed {
        protocol: Protocol::Tcp,
        port: *port,
    });
    let config = Config {
        entrypoint: words.iter().map(|word| (*word).to_owned()).collect(),
        exposed: exposed.collect(),
        ..Config::default()
    };
    let namespace = Namespace {
        sysctls: BTreeMap::from([(SOMAXCONN.to_owned(), SysctlValue::Int(4096))]),
        ..Namespace::new(IMAGE_NETNS)
    };
    let begun = Snapshot {
        schema: SCHEMA.to_owned(),
        image: Some(described("web".to_owned(), Some(&config))),
        namespaces: vec![namespace],
        ..Snapshot::default()
    };
    let catalogue = Catalogue::builtin();
    let mut snapshot = complete(begun, Some(&config), &Memory::new(files), &catalogue);
    assess::predict(&mut snapshot, &catalogue);
    snapshot
}

/// Each listener as `who on address: asked, maximum, confidence`.
fn short(files: &[(&'static str, &'static str)], words: &[&str], ports: &[u16]) -> Vec<String> {
    let snapshot = recorded(files, words, ports);
    let catalogue = Catalogue::builtin();
    let facts = Facts::new(&snapshot, &catalogue);
    let number = |it: Option<i64>| it.map_or("-".to_owned(), |it| it.to_string());
    let one = |facts: &assess::ListenerFacts<'_>| {
        let asked = facts.requested.as_ref();
        let asked = asked.map_or("?".to_owned(), |asked| number(asked.backlog));
        let max = number(facts.listener.accept_queue.max.map(i64::from));
        format!("{}: {asked}, {max}, {}", facts.label, facts.confidence)
    };
    facts.namespaces[0].listeners.iter().map(one).collect()
}

const NGINX: (&str, &str) = (
    "/etc/nginx/nginx.conf",
    "http { server { listen 80 backlog=65535; listen [::]:80; } }",
);

#[test]
fn a_configuration_states_addresses_with_and_without_a_number() {
    let nginx = ["nginx", "-g", "daemon off;"];
    assert_eq!(
        short(&[NGINX], &nginx, &[80, 443]),
        [
            "nginx on 0.0.0.0:80: 65535, 4096, certain",
            "nginx on [::]:80: 511, 511, likely"
        ]
    );
    let tini = ["tini", "--", "nginx"];
    assert_eq!(short(&[NGINX], &tini, &[]).len(), 2);
}

#[test]
fn what_runs_before_the_server_may_write_its_configuration() {
    let words = [
        "sh",
        "-c",
        "sed -i s/a/b/ /etc/nginx/nginx.conf; exec nginx",
    ];
    assert_eq!(
        short(&[NGINX], &words, &[]),
        [
            "nginx on 0.0.0.0:80: 65535, 4096, possible",
            "nginx on [::]:80: 511, 511, possible"
        ]
    );
    let told = recorded(&[NGINX], &words, &[]).gaps;
    assert_eq!(told[0].why, "runs sed before the server starts");
}

#[test]
fn commands_that_differ_at_one_address_are_all_only_possible() {
    for (text, wanted) in [
        (
            "[ -n \"$BIG\" ] && exec redis-server --tcp-backlog 9000\nexec redis-server --tcp-backlog 400",
            [9000, 400],
        ),
        (
            "if false; then redis-server --tcp-backlog 9000; fi; exec redis-server",
            [9000, 511],
        ),
    ] {
        let found = short(&[], &["sh", "-c", text], &[6379]);
        let one = |asked: i32| {
            let max = asked.min(4096);
            format!("redis on 0.0.0.0:6379: {asked}, {max}, possible")
        };
        assert_eq!(found, wanted.map(one), "{text}");
        let gaps = recorded(&[], &["sh", "-c", text], &[]).gaps;
        assert!(
            gaps.iter().any(|gap| gap.what == "0.0.0.0:6379"),
            "{gaps:#?}"
        );
    }
    let ports = "[ -n \"$A\" ] && exec redis-server --port 1 --tcp-backlog 9\nexec redis-server --port 2 --tcp-backlog 9";
    let found = short(&[], &["sh", "-c", ports], &[]);
    assert!(
        found.len() == 2 && found.iter().all(|it| it.ends_with("possible")),
        "{found:?}"
    );
    let same =
        "if a; then exec redis-server --tcp-backlog 9; fi\nexec redis-server --tcp-backlog 9";
    let found = short(&[], &["sh", "-c", same], &[6379]);
    assert_eq!(found.len(), 1, "{found:?}");
}

#[test]
fn a_program_of_which_nothing_tells_a_port_is_a_gap() {
    for words in [
        &["/srv/app", "-x"][..],
        &["/app/server"],
        &["/py", "main.py"],
    ] {
        let snapshot = recorded(&[("/srv/app", "ELF"), ("/py", "ELF")], words, &[]);
        let gaps: Vec<&str> = snapshot.gaps.iter().map(|gap| gap.what.as_str()).collect();
        assert_eq!(gaps, [words.join(" ")]);
    }
}

#[test]
fn a_configuration_that_is_named_and_not_there_is_a_gap() {
    let words = ["redis-server", "/etc/redis/prod.conf"];
    let snapshot = recorded(&[], &words, &[]);
    let gaps: Vec<&str> = snapshot.gaps.iter().map(|gap| gap.what.as_str()).collect();
    assert!(gaps.contains(&"/etc/redis/prod.conf"), "{gaps:?}");
    assert_eq!(
        short(&[], &words, &[]),
        ["redis on 0.0.0.0:6379: 511, 511, possible"]
    );
}

#[test]
fn where_the_program_is_not_clear_everything_is_only_possible() {
    let script = "#!/bin/sh\nif [ -n \"$A\" ]; then exec redis-server; fi\nexec nginx\n";
    assert_eq!(
        short(&[NGINX, ("/start", script)], &["/start"], &[]),
        [
            "nginx on 0.0.0.0:80: 65535, 4096, possible",
            "nginx on [::]:80: 511, 511, possible",
            "redis on 0.0.0.0:6379: 511, 511, possible"
        ]
    );
    // Servers that are merely there, of an image that begins with a shell.
    let shell = recorded(&[NGINX], &["sh"], &[80]);
    let found = &shell.namespaces[0].listeners;
    assert!(
        found.iter().all(|listener| listener.presumed) && found.len() == 2,
        "{found:#?}"
    );
    let gaps: Vec<&str> = shell.gaps.iter().map(|gap| gap.what.as_str()).collect();
    assert_eq!(gaps, ["sh"]);
}

#[test]
fn exposed_ports_are_those_of_the_program_that_nothing_else_explains() {
    let go = ["/app/server"];
    assert_eq!(
        short(&[], &go, &[8080]),
        ["server on 0.0.0.0:8080: -, 4096, likely"]
    );
    let redis = ["redis-server"];
    assert_eq!(
        short(&[], &redis, &[]),
        ["redis on 0.0.0.0:6379: 511, 511, likely"]
    );
    let seven = ["redis-server", "--port", "7000", "--tcp-backlog", "9000"];
    assert_eq!(
        short(&[], &seven, &[6379]),
        ["redis on 0.0.0.0:7000: 9000, 4096, certain"]
    );
    let unknown = recorded(&[("/srv/app", "ELF")], &["/srv/app"], &[9000]);
    assert_eq!(unknown.namespaces[0].listeners[0].accept_queue.max, None);
    let gaps = unknown.gaps.iter().map(|gap| gap.what.as_str());
    assert_eq!(gaps.collect::<Vec<_>>(), ["request of app on 0.0.0.0:9000"]);
}

#[test]
fn units_count_where_systemd_is_what_runs() {
    let files = [
        ("/sbin/init", "-> /lib/systemd/systemd"),
        ("/lib/systemd/systemd", "ELF"),
        (
            "/etc/systemd/system/sockets.target.wants/web.socket",
            "[Socket]\nListenStream=81\nBacklog=70000\n",
        ),
        (
            "/etc/systemd/system/web.socket",
            "[Socket]\nListenStream=81\nBacklog=70000\n",
        ),
        (
            "/etc/systemd/system/multi-user.target.wants/redis.service",
            "[Service]\nExecStart=/usr/bin/redis-server --port 1\n",
        ),
        (
            "/etc/systemd/system/redis.service",
            "[Service]\nExecStart=/usr/bin/redis-server --port 1\n",
        ),
    ];
    assert_eq!(
        short(&files, &["/sbin/init"], &[]),
        [
            "redis on 0.0.0.0:1: 511, 511, likely",
            "systemd on [::]:81: 70000, 4096, certain"
        ]
    );
    assert!(
        short(&files, &["nginx"], &[])
            .iter()
            .all(|line| !line.contains("81"))
    );
}

#[test]
fn what_only_a_run_shows_is_not_asked_and_files_are_dead() {
    let sysctl = ("/etc/sysctl.d/60-web.conf", "net.core.somaxconn = 65535\n");
    let snapshot = recorded(&[NGINX, sysctl], &["nginx"], &[]);
    let catalogue = Catalogue::builtin();
    let facts = Facts::new(&snapshot, &catalogue);
    let judgement = judge(&load::load(&[]).unwrap(), &facts);
    let found: Vec<&str> = judgement
        .findings
        .iter()
        .map(|it| it.rule.id.as_str())
        .collect();
    assert_eq!(found, ["BL101", "BL504"]);
    assert!(
        judgement.not_evaluated.is_empty(),
        "{:#?}",
        judgement.not_evaluated
    );
    assert!(judgement.not_asked.iter().any(|rule| rule.id == "BL106"));
}

#[test]
fn thousands_of_exposed_ports_are_one_gap() {
    let all: Vec<u16> = (1..=u16::MAX).collect();
    for words in [&["/srv/app"][..], &["sh"], &["nginx"]] {
        let began = std::time::Instant::now();
        let snapshot = recorded(&[("/srv/app", "ELF")], words, &all);
        assert!(snapshot.namespaces[0].listeners.len() < 10, "{words:?}");
        let ports = |gap: &&Gap| gap.what.ends_with("exposed ports");
        assert_eq!(snapshot.gaps.iter().filter(ports).count(), 1, "{words:?}");
        assert!(began.elapsed().as_secs() < 20);
    }
    let few: Vec<u16> = (1..=20).collect();
    let snapshot = recorded(&[("/srv/app", "ELF")], &["/srv/app"], &few);
    assert_eq!(snapshot.namespaces[0].listeners.len(), 20);
}

#[test]
fn more_listeners_than_are_kept_are_told() {
    let listens = (1..=5000).map(|port| format!("listen {port};"));
    let text = listens.collect::<String>();
    let text: &'static str = Box::leak(format!("http {{ server {{ {text} }} }}").into_boxed_str());
    let snapshot = recorded(&[("/etc/nginx/nginx.conf", text)], &["nginx"], &[]);
    assert!(
        snapshot
            .gaps
            .iter()
            .any(|gap| gap.why == "there are more than 4096")
    );
}
