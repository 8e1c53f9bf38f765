//! The catalogue of sysctls against the running kernel: which keys there are, what a fresh network
//! namespace starts with, and what can be written. Only sysctls of the test's own namespace are
//! written; those of the machine are read.

use std::fs;
use std::path::{Path, PathBuf};

use backlint::kernel::sysctls::{
    self, Existence, Scope, ValueFault, check_value, default_value, existence, range, scope,
};
use backlint::kernel::version::Version;

use crate::support::netns::in_netns;

/// What a kernel may be built without, by the beginning of the key.
const OPTIONAL: [&str; 25] = [
    "fs.aio",
    "fs.epoll.",
    "fs.inotify.",
    "fs.mqueue.",
    "kernel.domainname",
    "kernel.msg",
    "kernel.perf_event_paranoid",
    "kernel.printk",
    "kernel.sem",
    "kernel.shm",
    "kernel.sysrq",
    "net.core.bpf_jit_",
    "net.core.busy_",
    "net.core.default_qdisc",
    "net.core.flow_limit_table_len",
    "net.core.rps_sock_flow_entries",
    "net.core.xfrm_acq_expires",
    "net.ipv4.tcp_l3mdev_accept",
    "net.ipv4.tcp_syncookies",
    "net.ipv6.",
    "net.netfilter.",
    "net.nf_conntrack_max",
    "vm.mmap_min_addr",
    "vm.nr_hugepages",
    "vm.zone_reclaim_mode",
];

/// The most seconds that the catalogue claims, which is for 100 ticks a second.
const SECONDS_OF_LONG_TICKS: i64 = 21_474_836;
/// What 1000 ticks a second allow.
const SECONDS_OF_SHORT_TICKS: i64 = 2_147_483;

fn running() -> Version {
    let release = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap();
    release.parse().expect("a release")
}

/// A key that the entry stands for: `default` has the settings of interfaces to come.
fn instance(key: &str) -> String {
    key.replace('*', "default")
}

fn path(key: &str) -> PathBuf {
    Path::new("/proc/sys").join(key.replace('.', "/"))
}

fn read(key: &str) -> String {
    let text = fs::read_to_string(path(key)).unwrap_or_else(|error| panic!("{key}: {error}"));
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn write(key: &str, value: &str) -> bool {
    assert!(key.starts_with("net."), "{key} belongs to the machine");
    fs::write(path(key), value).is_ok()
}

/// Whether the user namespace has all groups: others are read as one that nobody is in, and refused.
fn every_group_is_here() -> bool {
    let map = fs::read_to_string("/proc/self/gid_map").unwrap();
    map.split_whitespace().nth(2) == Some("4294967295")
}

/// Keys of the catalogue that the running kernel should have, and that each namespace has of its own.
fn own() -> Vec<String> {
    let kernel = Some(running());
    sysctls::all()
        .map(|sysctl| instance(sysctl.key))
        .filter(|key| key.starts_with("net.") && path(key).exists())
        .filter(|key| scope(key, kernel) == Some(Scope::Namespace))
        .collect()
}

/// Whether the file is there, where the catalogue decides that: `shown` for those of the machine.
fn check_presence(key: &str, shown: bool) {
    let there = path(key).exists();
    match existence(key, Some(running())) {
        Existence::Removed { .. } | Existence::NotYet { .. } => assert!(!there, "{key} is there"),
        Existence::Exists if !shown => assert!(!there, "{key} is shown"),
        Existence::Exists => {
            let optional = OPTIONAL.iter().any(|beginning| key.starts_with(beginning));
            assert!(there || optional, "{key} is absent");
        }
        other => panic!("{key}: {other:?}"),
    }
}

#[test]
fn every_entry_of_the_catalogue_is_where_it_says() {
    in_netns(|_| {
        for sysctl in sysctls::all() {
            let key = instance(sysctl.key);
            let hidden = Some(Scope::Machine { shown: false });
            check_presence(&key, scope(&key, Some(running())) != hidden);
        }
    });
}

#[test]
fn the_first_namespace_has_what_others_do_not() {
    let first = path("net.core.netdev_max_backlog").exists();
    for sysctl in sysctls::all() {
        let key = instance(sysctl.key);
        let hidden = scope(&key, Some(running())) == Some(Scope::Machine { shown: false });
        check_presence(&key, first || !hidden);
    }
}

#[test]
fn a_fresh_namespace_starts_with_the_defaults() {
    in_netns(|_| {
        let mut compared = 0;
        for key in own() {
            // Those of interfaces, and what sets them all, are copied from the first namespace
            // (`devinet_init_net`, net/ipv4/devinet.c).
            let copied = key.starts_with("net.ipv4.conf.") || key == "net.ipv4.ip_forward";
            let otherwise =
                copied || (key == "net.ipv4.ping_group_range" && !every_group_is_here());
            if let (Some(wanted), false) = (default_value(&key, Some(running())), otherwise) {
                assert_eq!(read(&key), wanted, "{key}");
                compared += 1;
            }
        }
        assert!(compared > 60, "only {compared} defaults");
    });
}

/// What the machine has now is something that it takes: nothing of the machine is written here.
#[test]
fn every_value_that_is_there_is_one_that_the_catalogue_lets_pass() {
    for sysctl in sysctls::all() {
        let key = instance(sysctl.key);
        let Ok(value) = fs::read_to_string(path(&key)) else {
            continue;
        };
        match check_value(&key, value.trim_end_matches('\n'), Some(running())) {
            Ok(()) | Err(ValueFault::ReadOnly) => {}
            Err(fault) => panic!("{key}: {value:?}: {fault}"),
        }
    }
}

/// Whether the kernel takes a number and keeps it.
fn keeps(key: &str, number: i64) -> bool {
    write(key, &number.to_string()) && read(key) == number.to_string()
}

#[test]
fn ranges_end_where_the_kernel_says() {
    in_netns(|_| {
        // It may not reach into the ports of outgoing connections.
        assert!(write("net.ipv4.ip_local_port_range", "65535 65535"));
        let mut compared = 0;
        for key in own() {
            let Some(range) = range(&key, Some(running())) else {
                continue;
            };
            let (least, most) = range.into_inner();
            let before = read(&key);
            let (low, high) = match most {
                SECONDS_OF_LONG_TICKS => (-SECONDS_OF_SHORT_TICKS, SECONDS_OF_SHORT_TICKS),
                _ => (least, most),
            };
            assert!(keeps(&key, low), "{key} = {low}");
            assert!(keeps(&key, high), "{key} = {high}");
            assert!(
                !write(&key, &(least - 1).to_string()),
                "{key} below {least}"
            );
            assert!(!write(&key, &(most + 1).to_string()), "{key} above {most}");
            assert!(write(&key, &before), "{key} = {before}");
            compared += 1;
        }
        assert!(compared > 80, "only {compared} ranges");
    });
}

#[test]
fn what_is_read_only_takes_nothing() {
    in_netns(|_| {
        for key in own() {
            let faulty = check_value(&key, "1", Some(running())) == Err(ValueFault::ReadOnly);
            let mode = fs::metadata(path(&key)).unwrap().permissions();
            assert_eq!(faulty, mode.readonly(), "{key}");
        }
    });
}

/// Writes each value over a known one, and compares whether it is taken with what the catalogue
/// says. One that the kernel takes in part is a fault for the catalogue alone.
fn compare(key: &str, first: &str, values: &[&str]) {
    for value in values {
        assert!(write(key, first), "{key} = {first}");
        let taken = write(key, value);
        let partly = |fault: &ValueFault| matches!(fault, ValueFault::Fields { .. });
        match check_value(key, value, Some(running())) {
            Ok(()) => assert!(taken, "{key} refuses {value:?}"),
            Err(fault) if partly(&fault) => {}
            Err(fault) => assert!(!taken, "{key} takes {value:?}: {fault}"),
        }
    }
}

#[test]
fn numbers_are_read_as_the_kernel_reads_them() {
    let values = [
        "2",
        "0x10",
        "0X2",
        "010",
        "08",
        "+2",
        "-1",
        " 2",
        "2 ",
        "2\n",
        "2 # c",
        "2#c",
        "2 3",
        "2,3",
        "2;",
        "2k",
        "\n",
        " ",
        "\t2",
        "2\t3",
        "1e3",
        "2.5",
        "0x",
        "-",
        "--1",
        "0x-1",
        "2\n3",
        "2\x0b",
        "00000000000000000002",
        "000000000000000000002",
        "0000000000000000000002",
        "99999999999999999999999",
        "one",
    ];
    in_netns(|_| {
        for key in [
            "net.core.somaxconn",
            "net.ipv4.tcp_syncookies",
            "net.ipv4.tcp_notsent_lowat",
            "net.ipv4.tcp_max_syn_backlog",
            "net.ipv4.udp_rmem_min",
        ] {
            compare(key, "1", &values);
        }
        // Negative seconds are taken.
        let not_negative: Vec<&str> = values.into_iter().filter(|value| *value != "-1").collect();
        compare("net.ipv4.tcp_fin_timeout", "1", &not_negative);
        compare(
            "net.ipv4.tcp_invalid_ratelimit",
            "4",
            &["1000", "4 # c", "x", "2,3"],
        );
    });
}

#[test]
fn several_numbers_are_read_as_the_kernel_reads_them() {
    let three = [
        "4096 8192 16384",
        "1 2 3",
        "3 2 1",
        "0 1 2",
        "1 0 2",
        "1 2 0",
        "-1 2 3",
        "1\t2\t3",
        "1 2 2147483647",
        "1 2 2147483648",
        "1,2,3",
        "0x1000 2 3",
        "x 1 2",
        "1 2 3 # c",
    ];
    let ports = [
        "1024 65535",
        "65535 1024",
        "0 10",
        "1024 65536",
        "1024-65535",
        "1024 1024",
        "1024 x",
        "1024 65535 # c",
        "1024 65535\n",
    ];
    let list = [
        "80",
        "80,90-100",
        "80 90",
        "x",
        "70000",
        "",
        "100-90",
        "80,",
        "80 # c",
        "80, 90",
        "80-80",
        "65535",
        "80\n",
    ];
    in_netns(|_| {
        compare("net.ipv4.tcp_rmem", "4096 131072 6291456", &three);
        compare("net.ipv4.tcp_wmem", "4096 16384 4194304", &three);
        compare("net.ipv4.ip_local_port_range", "32768 60999", &ports);
        compare("net.ipv4.ip_local_reserved_ports", "443", &list);
        let groups = ["0 10", "1 0", "0 4294967294", "0 4294967295", "0 x", "-1 3"];
        if every_group_is_here() {
            compare("net.ipv4.ping_group_range", "1 0", &groups);
        }
        compare("net.ipv4.tcp_congestion_control", "reno", &["reno\n"]);
    });
}

#[test]
fn too_few_fields_leave_the_others_as_they_were() {
    in_netns(|_| {
        let key = "net.ipv4.tcp_rmem";
        assert!(write(key, "1 2 3") && write(key, "4 5"));
        assert_eq!(read(key), "4 5 3");
        let fault = ValueFault::Fields {
            wanted: 3,
            found: 2,
        };
        assert_eq!(check_value(key, "4 5", Some(running())), Err(fault));
    });
}
