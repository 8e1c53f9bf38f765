//! Records of hosts that never were: known and unknown programs, private and public paths, files of every
//! loader with the odd lines that people write.

use backlint::snapshot::{
    AcceptQueue, Boot, Container, Engine, FileText, Host, Listener, Namespace, Owner, Protocol,
    Requested, SCHEMA, Snapshot, Source, SysctlValue,
};
use proptest::collection::{btree_map, vec};
use proptest::option::of;
use proptest::prelude::*;
use proptest::sample::select;

fn of_pool(pool: &'static [&'static str]) -> impl Strategy<Value = String> {
    select(pool).prop_map(str::to_owned)
}

fn own_word() -> impl Strategy<Value = String> {
    "[a-z][a-z0-9]{1,3}(-[a-z0-9]{1,4})?"
}

fn program() -> impl Strategy<Value = String> {
    prop_oneof![
        of_pool(&[
            "nginx",
            "redis-server",
            "php-fpm7.4",
            "php-fpm: pool web",
            "sshd",
            "systemd",
            "memcached",
            "haproxy",
            "postgres",
            "python3.11",
            "ruby2.7",
            "node",
            "java",
            "gunicorn",
            "busybox",
            "tcpsvd",
            "nsd: server 1",
        ]),
        own_word(),
    ]
}

fn exe() -> impl Strategy<Value = String> {
    let folder = of_pool(&[
        "/usr/sbin/",
        "/usr/bin/",
        "/usr/local/bin/",
        "/opt/acme/bin/",
        "/home/ann/",
        "/srv/app/",
        "/usr/lib/postgresql/15/bin/",
        "/",
    ]);
    (folder, program(), any::<bool>()).prop_map(|(folder, name, gone)| {
        format!("{folder}{name}{}", if gone { " (deleted)" } else { "" })
    })
}

fn unit() -> impl Strategy<Value = String> {
    (
        program(),
        of_pool(&["", "@web", "@1000"]),
        of_pool(&[".service", ".scope", ".socket"]),
    )
        .prop_map(|(name, instance, end)| format!("{name}{instance}{end}"))
}

fn address() -> impl Strategy<Value = (Protocol, String)> {
    let port = 1_u16..;
    prop_oneof![
        (any::<[u8; 4]>(), port.clone()).prop_map(|(ip, port)| {
            (
                Protocol::Tcp,
                format!("{}:{port}", std::net::Ipv4Addr::from(ip)),
            )
        }),
        (any::<[u16; 8]>(), port.clone()).prop_map(|(ip, port)| {
            (
                Protocol::Mptcp,
                format!("[{}%wg-acme]:{port}", std::net::Ipv6Addr::from(ip)),
            )
        }),
        (
            select(vec![
                "0.0.0.0",
                "[::]",
                "127.0.0.1",
                "[::1]",
                "127.0.0.53%lo"
            ]),
            port
        )
            .prop_map(|(ip, port)| (Protocol::Tcp, format!("{ip}:{port}"))),
        own_word().prop_map(|name| (Protocol::Unix, format!("/run/{name}/{name}.sock"))),
        own_word().prop_map(|name| (Protocol::UnixSeqpacket, format!("@{name}-{name}"))),
        own_word().prop_map(|name| (Protocol::Unix, format!("@/containerd-shim/{name}.sock"))),
        (0_u32..9).prop_map(|port| (Protocol::Vsock, format!("*:{port}"))),
    ]
}

fn owner() -> impl Strategy<Value = Owner> {
    let program_of = of(of_pool(&[
        "gunicorn",
        "app.py",
        "start.jar",
        "org.springframework.boot.loader.Acme",
    ]));
    (1_u32..5, of(program()), of(exe()), program_of).prop_map(|(pid, comm, exe, program)| Owner {
        pid: Some(pid),
        comm,
        exe,
        program,
        ..Owner::default()
    })
}

fn requested() -> impl Strategy<Value = Requested> {
    let source = select(vec![Source::Trace, Source::Config, Source::Default]);
    (of(0_i64..9000), source, of(own_word()), any::<bool>()).prop_map(
        |(backlog, source, place, applied)| {
            let place = place.map(|name| format!("/srv/{name}/x.conf:3"));
            Requested {
                backlog,
                source,
                place,
                applied,
            }
        },
    )
}

fn listener() -> impl Strategy<Value = Listener> {
    let max = select(vec![0, 5, 100, 128, 129, 511, 1024, 4096, 65535]);
    let queue = (of(0_u32..200), of(max));
    (
        (address(), queue, of(0_u32..3), vec(owner(), 0..3)),
        (of(unit()), of(program()), of(requested()), of(own_word())),
    )
        .prop_map(
            |((name, queue, drops, owners), (unit, service, requested, container))| Listener {
                accept_queue: AcceptQueue {
                    len: queue.0,
                    max: queue.1,
                },
                drops,
                owners,
                unit,
                service,
                requested,
                container: container.map(|name| format!("docker/{name}")),
                ..Listener::new(name.0, name.1)
            },
        )
}

/// Keys and values that files and the kernel have.
const KEYS: [&str; 9] = [
    "net.core.somaxconn",
    "net.ipv4.tcp_syncookies",
    "net.ipv4.tcp_max_syn_backlog",
    "net.ipv4.tcp_tw_recycle",
    "net.core.soamxconn",
    "net.ipv4.conf.wg-acme.rp_filter",
    "kernel.domainname",
    "net.ipv4.tcp_rmem",
    "vm.swappiness",
];
const VALUES: [&str; 10] = [
    "0",
    "1",
    "128",
    "4096",
    "65535",
    "0x80",
    "acme.example",
    "4096 131072 6291456",
    "yes",
    "128 # acme",
];

fn line() -> impl Strategy<Value = String> {
    let assigned = (
        select(&KEYS[..]),
        select(&VALUES[..]),
        of_pool(&["", "-", " "]),
        of_pool(&["=", " = "]),
    )
        .prop_map(|(key, value, front, equals)| format!("{front}{key}{equals}{value}"));
    prop_oneof![
        4 => assigned,
        1 => of_pool(&["", "# acme", "; acme \\", "acme", "-net.core.somaxconn", "acme = 3", "[acme]", "net.core.* = 7"]),
    ]
}

fn file() -> impl Strategy<Value = FileText> {
    let folder = of_pool(&[
        "/etc/sysctl.d",
        "/run/sysctl.d",
        "/usr/lib/sysctl.d",
        "/lib/sysctl.d",
    ]);
    let name = (
        of_pool(&["", "10-", "60-", "99-"]),
        own_word(),
        of_pool(&[".conf", ".conf", ".bak", ""]),
    )
        .prop_map(|(number, name, end)| format!("{number}{name}{end}"));
    let name = prop_oneof![3 => name, 1 => of_pool(&["99-sysctl.conf", "50-default.conf", "60-gce-network-security.conf"])];
    let path = prop_oneof![
        4 => (folder, name).prop_map(|(folder, name)| format!("{folder}/{name}")),
        1 => of_pool(&["/etc/sysctl.conf", "/etc/ufw/sysctl.conf"]),
    ];
    let end = of_pool(&["\n", "\r\n", "\n", "\r"]);
    (path, vec((line(), end), 0..5), of(Just("/etc/sysctl.conf"))).prop_map(
        |(path, lines, link)| {
            let text: String = lines
                .iter()
                .map(|(line, end)| format!("{line}{end}"))
                .collect();
            let link = link
                .filter(|_| path.ends_with("99-sysctl.conf"))
                .map(str::to_owned);
            FileText {
                link,
                ..FileText::new(path, text)
            }
        },
    )
}

fn namespace() -> impl Strategy<Value = Namespace> {
    let value = select(&VALUES[..]).prop_map(SysctlValue::parse);
    let number = select(vec![128_i64, 4096, 65535]).prop_map(SysctlValue::Int);
    let sysctls = btree_map(select(&KEYS[5..]).prop_map(str::to_owned), value, 0..3);
    let counters = btree_map(
        of_pool(&["TcpExt.ListenOverflows", "TcpExt.ListenDrops"]),
        0_u64..3,
        0..3,
    );
    (
        own_word(),
        of(own_word()),
        of(number),
        sysctls,
        counters,
        vec(listener(), 0..5),
    )
        .prop_map(|(name, workload, cap, mut sysctls, counters, listeners)| {
            sysctls.extend(cap.map(|cap| (KEYS[0].to_owned(), cap)));
            let name = format!("docker/{name}");
            Namespace {
                containers: vec![Container::new(name.clone(), Engine::Docker)],
                workload: workload.map(|name| format!("compose/{name}")),
                sysctls,
                counters,
                listeners,
                ..Namespace::new(name)
            }
        })
}

pub(super) fn record() -> impl Strategy<Value = Snapshot> {
    let kernel = of_pool(&[
        "6.1.0-18-amd64",
        "3.10.0-1160.el7.x86_64",
        "6.6.30-acme",
        "4.4.0",
    ]);
    let traces = vec(
        of_pool(&[
            "/usr/lib/systemd/systemd-sysctl",
            "/sbin/openrc",
            "/usr/sbin/sysctl",
            "/usr/bin/dockerd",
        ]),
        0..3,
    );
    let files = of((vec(file(), 0..6), traces));
    (of(kernel), vec(namespace(), 1..4), files, any::<bool>()).prop_map(
        |(kernel, mut namespaces, files, host)| {
            let mut names = std::collections::BTreeSet::new();
            namespaces.retain(|netns| names.insert(netns.name.clone()));
            if let Some(first) = namespaces.first_mut().filter(|_| host) {
                first.name = "host".to_owned();
            }
            let (mut files, traces) = files.unzip();
            let mut paths = std::collections::BTreeSet::new();
            files.iter_mut().for_each(|all: &mut Vec<FileText>| {
                all.retain(|file| paths.insert(file.path.clone()))
            });
            let found =
                |traces: Vec<String>| traces.into_iter().map(|trace| (trace, None)).collect();
            Snapshot {
                schema: SCHEMA.to_owned(),
                host: Host {
                    name: Some("acme1".to_owned()),
                    kernel,
                    os: None,
                },
                namespaces,
                files,
                boot: traces.map(|traces| Boot {
                    found: found(traces),
                    ..Boot::default()
                }),
                ..Snapshot::default()
            }
        },
    )
}
