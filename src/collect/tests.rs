//! The whole stage, against sockets that the test makes and against fake trees.

use std::net::{Ipv4Addr, SocketAddrV4, TcpListener, TcpStream};
use std::os::fd::AsRawFd;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixListener};

use rustix::net::{AddressFamily, RawProtocol, SocketType, bind, getsockname, listen, socket};

use super::*;
use crate::snapshot::Protocol;

fn everything() -> Wanted {
    Wanted {
        sysctls: BTreeSet::from(["net.core.somaxconn".to_owned(), "vm.swappiness".to_owned()]),
        counters: BTreeSet::from(["TcpExt.ListenOverflows".to_owned()]),
        owners: true,
        syn_queues: true,
        boot: boot::Depth::Files,
    }
}

fn proc_only() -> Sources {
    Sources {
        netlink: false,
        ..Sources::default()
    }
}

/// A TCP listener on 127.0.0.1 with this backlog.
fn tcp(backlog: i32) -> (TcpListener, String) {
    let fd = socket(AddressFamily::INET, SocketType::STREAM, None).unwrap();
    bind(&fd, &SocketAddrV4::new(Ipv4Addr::LOCALHOST, 0)).unwrap();
    listen(&fd, backlog).unwrap();
    let name = SocketAddrV4::try_from(getsockname(&fd).unwrap()).unwrap();
    (TcpListener::from(fd), name.to_string())
}

fn find<'a>(snapshot: &'a Snapshot, address: &str) -> &'a Listener {
    let mut all = snapshot.namespaces[0].listeners.iter();
    all.find(|listener| listener.address == address).unwrap()
}

/// Waits until the kernel has queued as many connections as a test made.
fn until(mut done: impl FnMut() -> bool) {
    for _ in 0..200 {
        if done() {
            return;
        }
        thread::sleep(std::time::Duration::from_millis(10));
    }
    panic!("the queue never had the expected length");
}

#[test]
fn a_listener_is_found_with_queue_and_owner() {
    let (socket, address) = tcp(7);
    let clients: Vec<_> = (0..2)
        .map(|_| TcpStream::connect(&address).unwrap())
        .collect();
    until(|| {
        let snapshot = snapshot(&Sources::default(), &everything()).unwrap();
        find(&snapshot, &address).accept_queue.len == Some(2)
    });
    let snapshot = snapshot(&Sources::default(), &everything()).unwrap();
    let listener = find(&snapshot, &address);
    assert_eq!(listener.protocol, Protocol::Tcp);
    assert_eq!(listener.accept_queue.max, Some(7));
    assert_eq!(listener.syn_queue.len, Some(0));
    assert_eq!(listener.drops, Some(0));
    assert_eq!(listener.uid, Some(rustix::process::geteuid().as_raw()));
    let this = listener
        .owners
        .iter()
        .find(|owner| owner.pid == Some(std::process::id()))
        .unwrap();
    assert_eq!(this.fd, u32::try_from(socket.as_raw_fd()).ok());
    assert_eq!(
        this.exe.as_deref(),
        std::env::current_exe().unwrap().to_str()
    );
    assert!(this.comm.is_some());
    assert_eq!(this.runtime, Some(crate::snapshot::Runtime::Rust));
    let namespace = &snapshot.namespaces[0];
    assert!(namespace.sysctl_int("net.core.somaxconn").is_some());
    assert!(namespace.sysctl_int("vm.swappiness").is_some());
    assert!(namespace.id.is_some());
    assert!(namespace.counters.contains_key("TcpExt.ListenOverflows"));
    assert!(snapshot.host.kernel.is_some() && snapshot.files.is_some());
    drop(clients);
}

#[test]
fn an_mptcp_listener_is_one_listener() {
    let mptcp = rustix::net::Protocol::from_raw(RawProtocol::new(262).unwrap());
    let fd = socket(AddressFamily::INET, SocketType::STREAM, Some(mptcp)).expect("has MPTCP");
    bind(&fd, &SocketAddrV4::new(Ipv4Addr::LOCALHOST, 0)).unwrap();
    listen(&fd, 4).unwrap();
    let address = SocketAddrV4::try_from(getsockname(&fd).unwrap())
        .unwrap()
        .to_string();
    let snapshot = snapshot(&Sources::default(), &Wanted::default()).unwrap();
    let all = &snapshot.namespaces[0].listeners;
    let found: Vec<_> = all
        .iter()
        .filter(|listener| listener.address == address)
        .collect();
    assert_eq!(found.len(), 1);
    assert_eq!(
        (found[0].protocol, found[0].accept_queue.max),
        (Protocol::Mptcp, Some(4))
    );
}

#[test]
fn without_sock_diag_only_the_maximum_is_missing() {
    let (_socket, address) = tcp(7);
    let _client = TcpStream::connect(&address).unwrap();
    until(|| {
        let snapshot = snapshot(&proc_only(), &everything()).unwrap();
        find(&snapshot, &address).accept_queue.len == Some(1)
    });
    let snapshot = snapshot(&proc_only(), &everything()).unwrap();
    let listener = find(&snapshot, &address);
    assert_eq!(listener.accept_queue.max, None);
    assert_eq!(listener.syn_queue.len, Some(0));
    assert_eq!(listener.owners[0].pid, Some(std::process::id()));
    let gaps: Vec<_> = snapshot
        .gaps
        .iter()
        .filter(|gap| gap.what == "sock_diag")
        .collect();
    assert_eq!(gaps.len(), 1);
    assert_eq!(gaps[0].blinds, "the maximum of every accept queue");
}

#[test]
fn abstract_unix_listeners_are_found_both_ways() {
    let name = format!("backlint-test-{}", std::process::id());
    let address = SocketAddr::from_abstract_name(&name).unwrap();
    let socket = UnixListener::bind_addr(&address).unwrap();
    listen(&socket, 3).unwrap();
    let _client = std::os::unix::net::UnixStream::connect_addr(&address).unwrap();
    for (sources, max) in [(Sources::default(), Some(3)), (proc_only(), None)] {
        let snapshot = snapshot(&sources, &everything()).unwrap();
        let listener = find(&snapshot, &format!("@{name}"));
        assert_eq!(listener.protocol, Protocol::Unix);
        assert_eq!(listener.accept_queue.len, Some(1));
        assert_eq!(listener.accept_queue.max, max);
        assert_eq!(listener.syn_queue.len, None);
        assert_eq!(
            listener.owners[0].fd,
            u32::try_from(socket.as_raw_fd()).ok()
        );
    }
}

#[test]
fn a_listener_under_a_high_descriptor_is_found() {
    let (socket, address) = tcp(1);
    let high = rustix::io::fcntl_dupfd_cloexec(&socket, 950).unwrap();
    drop(socket);
    let snapshot = snapshot(&Sources::default(), &everything()).unwrap();
    let owner = &find(&snapshot, &address).owners[0];
    assert_eq!(owner.pid, Some(std::process::id()));
    assert_eq!(owner.fd, u32::try_from(high.as_raw_fd()).ok());
}

#[test]
fn nothing_but_listeners_is_read_unless_it_is_wanted() {
    let (_socket, address) = tcp(1);
    let snapshot = snapshot(&Sources::default(), &Wanted::default()).unwrap();
    let listener = find(&snapshot, &address);
    assert_eq!(listener.syn_queue.len, None);
    assert!(listener.owners.is_empty());
    assert_eq!(
        (&snapshot.files, snapshot.namespaces[0].sysctls.len()),
        (&None, 0)
    );
}

#[test]
fn listeners_come_in_the_order_of_the_listing() {
    let _sockets = [tcp(1), tcp(1), tcp(1)];
    let snapshot = snapshot(&Sources::default(), &Wanted::default()).unwrap();
    assert!(snapshot.namespaces[0].listeners.is_sorted_by_key(|one| {
        let (protocol, port, address, inode) = one.sort_key();
        (protocol, port, address.to_owned(), inode)
    }));
}

#[test]
fn a_long_walk_of_connections_runs_beside_the_search() {
    let (_socket, address) = tcp(1);
    let (sources, wanted) = (Sources::default(), everything());
    let mut begun = Begun::read(&sources, &wanted);
    begun.tables.sockets = procfs::FromRead::from_read(&b"TCP: inuse 1 alloc 30000\n"[..]).unwrap();
    assert!(begun.many());
    let inodes: BTreeSet<u64> = begun.inodes().collect();
    let families = begun.families(&wanted);
    let (answers, owners) = look::beside(&families, || owners::find(&sources.proc, &inodes));
    assert_eq!(answers.len(), 2);
    let part = begun.finish(&wanted, answers);
    let mut rows = part.rows.iter().map(|row| &row.listener);
    let listener = rows.find(|listener| listener.address == address).unwrap();
    assert_eq!(owners.unwrap().take(listener.inode.unwrap()).len(), 1);
    assert_eq!(listener.syn_queue.len, Some(0));
    assert_eq!(part.gaps, []);
}

/// A fake host with these files below its /proc/thread-self/net.
fn fake(tables: &[(&str, &str)]) -> (tempfile::TempDir, Sources) {
    let root = tempfile::tempdir().unwrap();
    let net = root.path().join("proc/thread-self/net");
    std::fs::create_dir_all(&net).unwrap();
    for (name, text) in tables {
        std::fs::write(net.join(name), text).unwrap();
    }
    let sources = Sources {
        proc: root.path().join("proc"),
        sys: root.path().join("sys"),
        root: root.path().to_owned(),
        netlink: false,
    };
    (root, sources)
}

const TCP: &str = "header
   0: 0100007F:07E8 00000000:0000 0A 00000000:00000003 00:00000000 00000000    33        0 109 1
   1: 0100007F:07E8 0100007F:9C41 03 00000000:00000000 01:00000000 00000000     0        0 0 1
";

#[test]
fn a_fake_host_is_read_and_its_gaps_are_named() {
    let (root, sources) = fake(&[("tcp", TCP), ("tcp6", "header\n")]);
    let holder = root.path().join("proc/1/fd");
    std::fs::create_dir_all(&holder).unwrap();
    std::fs::write(root.path().join("proc/1/comm"), "init\n").unwrap();
    std::os::unix::fs::symlink("socket:[109]", holder.join("4")).unwrap();
    let snapshot = snapshot(&sources, &everything()).unwrap();
    let listener = find(&snapshot, "127.0.0.1:2024");
    assert_eq!(listener.accept_queue.len, Some(3));
    assert_eq!(listener.syn_queue.len, Some(1));
    assert_eq!(listener.owners[0].comm.as_deref(), Some("init"));
    assert!(listener.owners_complete);
    assert_eq!(snapshot.host.os, None);
    assert_eq!(snapshot.files, Some(Vec::new()));
    let gaps: Vec<_> = snapshot.gaps.iter().map(|gap| gap.what.as_str()).collect();
    assert_eq!(
        gaps,
        [
            "sock_diag",
            "/proc/thread-self/net/unix",
            "/proc/sys",
            "/proc/net/netstat"
        ]
    );
}

const EPS: &str = " ENDPT     SOCK   STY SST HBKT LPORT   UID INODE LADDRS
       0        0 2   10  29   3868     33 11818 10.0.0.1 10.0.0.2
";

/// The gaps about these families of a host without sock_diag that has these tables.
fn gaps_of(tables: &[(&str, &str)], families: [&str; 2]) -> (Snapshot, Vec<Gap>) {
    let (root, sources) = fake(&[("tcp", TCP), ("tcp6", "header\n"), ("unix", "header\n")]);
    let net = root.path().join("proc/thread-self/net");
    for (name, text) in tables {
        std::fs::create_dir_all(net.join(name).parent().unwrap()).unwrap();
        std::fs::write(net.join(name), text).unwrap();
    }
    let snapshot = snapshot(&sources, &Wanted::default()).unwrap();
    let mut gaps = snapshot.gaps.clone();
    gaps.retain(|gap| families.contains(&gap.what.as_str()));
    (snapshot, gaps)
}

#[test]
fn sctp_is_read_from_proc_where_sock_diag_does_not_list_it() {
    let protocols = "protocol size sockets\nSCTP 1384 1 0 no\nAF_VSOCK 1240 0 -1 NI\n";
    let tables = [("protocols", protocols), ("sctp/eps", EPS)];
    let (snapshot, gaps) = gaps_of(&tables, ["sctp", "vsock"]);
    let listener = find(&snapshot, "10.0.0.1,10.0.0.2:3868");
    assert_eq!(listener.protocol, Protocol::Sctp);
    assert_eq!(listener.accept_queue.max, None);
    assert_eq!(gaps, []);
}

#[test]
fn sctp_sockets_that_cannot_be_listed_are_a_gap() {
    let protocols = "protocol size sockets\nSCTPv6 1520 2 0 no\n";
    let (_, gaps) = gaps_of(&[("protocols", protocols)], ["sctp", "vsock"]);
    assert_eq!(gaps.len(), 1);
    assert!(gaps[0].why.starts_with("there are 2 sockets; sock_diag: "));
    assert_eq!(gaps[0].blinds, "every listener of sctp");
}

#[test]
fn no_maximum_is_missing_where_nothing_has_a_queue() {
    let protocols = "protocol size sockets\nSCTP 1384 1 0 no\n";
    let eps = "header\n 0 0 0 10 29 5000 0 11819 0.0.0.0\n 0 0 2 7 29 5001 0 11820 0.0.0.0\n";
    let tables = [("protocols", protocols), ("sctp/eps", eps)];
    let (snapshot, gaps) = gaps_of(&tables, ["sctp", "sock_diag"]);
    let listener = find(&snapshot, "0.0.0.0:5000");
    assert_eq!(listener.protocol, Protocol::SctpSeqpacket);
    assert_eq!(gaps.len(), 1);
    assert_eq!(gaps[0].blinds, "the maximum of every accept queue");
}

#[test]
fn families_without_sockets_are_no_gap() {
    let none = "protocol size sockets\nSCTP 1384 0 0 no\nTCP 2496 9 398 no\n";
    let (_, gaps) = gaps_of(&[("protocols", none)], ["sctp", "vsock"]);
    assert_eq!(gaps, []);
    assert_eq!(gaps_of(&[], ["sctp", "vsock"]).1, []);
}

#[test]
fn no_table_at_all_is_an_error() {
    let (_root, sources) = fake(&[]);
    let error = snapshot(&sources, &everything()).unwrap_err();
    assert!(error.to_string().contains("no table of listeners"));
}
