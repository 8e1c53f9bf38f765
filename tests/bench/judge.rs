//! What backlint spends on its own thinking: loading rules, assessing, judging and advising, and
//! writing JSON, for 10,000 listeners; and what starting it costs.

#![allow(missing_docs)] // what the macros of criterion make

use std::fs::File;
use std::hint::black_box;
use std::io::{self, BufWriter};
use std::process::{Command, Stdio};

use backlint::advise::advise;
use backlint::assess::Facts;
use backlint::gate::Gated;
use backlint::report::json::{self, Json};
use backlint::report::table::Table;
use backlint::report::{Format as _, Report, style::Look};
use backlint::rules::engine::judge;
use backlint::rules::{RuleSet, load};
use backlint::snapshot::{
    AcceptQueue, Host, Listener, Namespace, Owner, Protocol, SCHEMA, Snapshot, SynQueue,
    SysctlValue,
};
use criterion::{Criterion, criterion_group, criterion_main};

const LISTENERS: u32 = 10_000;

/// What the listeners of a host are like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Five services, and nothing wrong with them: rules see the same few values again and again.
    Alike,
    /// Every queue has its own length, maximum, drops and program.
    Distinct,
    /// All of them are truncated, so that each one is a finding with remedies.
    Truncated,
}

const KINDS: [(&str, Kind); 3] = [
    ("alike", Kind::Alike),
    ("distinct", Kind::Distinct),
    ("truncated", Kind::Truncated),
];

fn host(kind: Kind) -> Snapshot {
    let somaxconn = if kind == Kind::Truncated { 128 } else { 65_535 };
    let sysctls = [
        ("net.core.somaxconn", somaxconn),
        ("net.ipv4.tcp_max_syn_backlog", 2048),
        ("net.ipv4.tcp_syncookies", 1),
        ("net.ipv4.tcp_abort_on_overflow", 0),
    ];
    let counters = ["TcpExt.ListenOverflows", "TcpExt.ListenDrops"];
    let namespace = Namespace {
        id: Some(4_026_531_840),
        sysctls: sysctls
            .map(|(key, value)| (key.to_owned(), SysctlValue::Int(value)))
            .into(),
        counters: counters.map(|name| (name.to_owned(), 0)).into(),
        listeners: (0..LISTENERS).map(|n| listener(kind, n)).collect(),
        ..Namespace::new("host")
    };
    Snapshot {
        written_by: None,
        schema: SCHEMA.to_owned(),
        host: Host {
            name: Some("bench".to_owned()),
            kernel: Some("6.1.0-18-amd64".to_owned()),
            os: None,
        },
        namespaces: vec![namespace],
        files: None,
        boot: None,
        image: None,
        gaps: Vec::new(),
    }
}

fn listener(kind: Kind, n: u32) -> Listener {
    const SERVICES: [(&str, u32); 5] = [
        ("nginx", 511),
        ("redis-server", 511),
        ("apache2", 511),
        ("postgres", 200),
        ("some-program", 1000),
    ];
    let (comm, max) = SERVICES[n as usize % SERVICES.len()];
    let (comm, len, max, drops) = match kind {
        Kind::Alike => (comm.to_owned(), 0, max, 0),
        Kind::Distinct => (format!("program-{n}"), n % 977, n + 1, n),
        Kind::Truncated => ("nginx".to_owned(), 0, 128, 0),
    };
    let mut listener = Listener::new(Protocol::Tcp, format!("127.0.{}.1:{n}", n / 250));
    listener.accept_queue = AcceptQueue {
        len: Some(len),
        max: Some(max),
    };
    listener.syn_queue = SynQueue { len: Some(0) };
    listener.drops = Some(drops);
    listener.inode = Some(u64::from(n) + 5000);
    listener.uid = Some(0);
    listener.owners = vec![Owner {
        pid: Some(n + 2),
        exe: Some(format!("/usr/sbin/{comm}")),
        comm: Some(comm),
        fd: Some(6),
        ..Owner::default()
    }];
    listener.cgroup = Some("/system.slice/web.service".to_owned());
    listener.unit = Some("web.service".to_owned());
    listener
}

fn rules() -> RuleSet {
    match load::load(&[]) {
        Ok(rules) => rules,
        // The benches measure nothing without rules; the tests say what is wrong with them.
        Err(_) => RuleSet::new(Vec::new()),
    }
}

fn stages(criterion: &mut Criterion) {
    let rules = rules();
    for (name, kind) in KINDS {
        let snapshot = host(kind);
        let catalogue = backlint::services::Catalogue::builtin();
        let facts = Facts::new(&snapshot, &catalogue);
        let judgement = judge(&rules, &facts);
        let advice = advise(&judgement.findings, &facts);
        let mut group = criterion.benchmark_group(format!("10000-{name}-listeners"));
        group.sample_size(10);
        group.bench_function("assess", |b| {
            b.iter(|| Facts::new(black_box(&snapshot), &catalogue))
        });
        group.bench_function("judge", |b| b.iter(|| judge(&rules, black_box(&facts))));
        group.bench_function("advise", |b| {
            b.iter(|| advise(black_box(&judgement.findings), &facts));
        });
        let keep: Vec<_> = (0..LISTENERS as usize).map(|n| (0, n)).collect();
        // Where the command line writes to, and /dev/null behind it.
        let mut out = BufWriter::with_capacity(64 * 1024, null());
        group.bench_function("list-json", |b| {
            b.iter(|| json::list(&facts, black_box(&keep), &mut out));
        });
        let reports = [Report {
            again: String::new(),
            source: None,
            facts: &facts,
            gated: Gated::open(judgement),
            advice,
            rules: &rules,
            positions: None,
        }];
        group.bench_function("report-json", |b| {
            b.iter(|| Json.write(black_box(&reports), &mut out));
        });
        let look = Look {
            color: false,
            width: 100,
        };
        group.bench_function("report-table", |b| {
            b.iter(|| Table { look }.write(black_box(&reports), &mut out));
        });
        group.finish();
    }
}

fn start(criterion: &mut Criterion) {
    criterion.bench_function("load-built-in-rules", |b| b.iter(|| load::load(&[])));
    let snapshot = Namespace {
        listeners: Vec::new(),
        ..host(Kind::Alike).namespaces.remove(0)
    };
    let empty = Snapshot {
        namespaces: vec![snapshot],
        ..host(Kind::Alike)
    };
    let rules = rules();
    let catalogue = backlint::services::Catalogue::builtin();
    let facts = Facts::new(&empty, &catalogue);
    criterion.bench_function("judge-no-listener", |b| b.iter(|| judge(&rules, &facts)));
    criterion.bench_function("process/--version", |b| {
        b.iter(|| process(env!("CARGO_BIN_EXE_backlint"), &["--version"]));
    });
    // The least that any process costs here, to compare.
    criterion.bench_function("process/true", |b| b.iter(|| process("true", &[])));
}

fn null() -> Box<dyn io::Write> {
    match File::options().write(true).open("/dev/null") {
        Ok(file) => Box::new(file),
        Err(_) => Box::new(io::sink()),
    }
}

fn process(program: &str, arguments: &[&str]) -> io::Result<()> {
    let mut command = Command::new(program);
    command.args(arguments).stdout(Stdio::null());
    command.status().map(|_| ())
}

criterion_group!(benches, start, stages);
criterion_main!(benches);
