//! Whole processes with their files, in memory: who they are and what they ask for.

use super::*;
use crate::services::host::{Listing, Status, Text};
use crate::snapshot::{Namespace, Protocol};

/// Milliseconds at which every main process of these tests starts.
const START: u64 = 1_000_000;

#[derive(Default)]
struct Fake {
    processes: BTreeMap<u32, (Status, Vec<String>)>,
    files: BTreeMap<String, Text>,
    reads: std::sync::atomic::AtomicUsize,
}

impl Fake {
    fn process(mut self, pid: u32, parent: u32, after: u64, line: &[&str]) -> Self {
        let status = Status {
            parent,
            started: Some(START + after),
        };
        let line = line.iter().map(|word| (*word).to_owned()).collect();
        self.processes.insert(pid, (status, line));
        self
    }

    /// A file that was changed this long after [`START`]; negative before.
    fn file(mut self, path: &str, after: i64, text: &str) -> Self {
        let text = Text {
            text: text.to_owned(),
            modified: START.checked_add_signed(after),
        };
        self.files.insert(path.to_owned(), text);
        self
    }

    /// What the record says of one TCP listener of these owners afterwards.
    fn inspect(&self, address: &str, unit: Option<&str>, owners: &[Owner]) -> Listener {
        let mut listener = Listener::new(Protocol::Tcp, address);
        listener.unit = unit.map(str::to_owned);
        listener.owners = owners.to_vec();
        let mut snapshot = Snapshot {
            namespaces: vec![Namespace {
                listeners: vec![listener.clone(), listener],
                ..Namespace::new("self")
            }],
            ..Snapshot::default()
        };
        inspect(&mut snapshot, self, &Catalogue::builtin());
        snapshot.namespaces.remove(0).listeners.remove(1)
    }
}

impl Host for Fake {
    fn status(&self, pid: u32) -> Option<Status> {
        self.processes.get(&pid).map(|(status, _)| *status)
    }

    fn arguments(&self, pid: u32) -> Option<Vec<String>> {
        self.processes.get(&pid).map(|(_, line)| line.clone())
    }

    fn directory(&self, _: u32) -> Option<String> {
        Some("/srv".to_owned())
    }

    fn variable(&self, _: u32, _: &str) -> Option<String> {
        None
    }

    fn descriptor_limit(&self, _: u32) -> Option<(u64, u64)> {
        None
    }

    fn package(&self, _: u32, _: &str) -> Option<String> {
        None
    }

    fn read(&self, _: u32, path: &str) -> Result<Option<Text>, String> {
        self.reads
            .fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        Ok(self.files.get(path).cloned())
    }

    fn list(&self, _: u32, path: &str) -> Result<Option<Listing>, String> {
        let names = self
            .files
            .keys()
            .filter_map(|file| file.strip_prefix(path)?.strip_prefix('/'));
        let mut names: Vec<String> = names
            .filter_map(|rest| rest.split('/').next())
            .map(str::to_owned)
            .collect();
        names.dedup();
        Ok(Some(Listing {
            names,
            modified: None,
        }))
    }
}

fn owner(pid: u32, comm: &str, exe: &str) -> Owner {
    Owner {
        pid: Some(pid),
        comm: Some(comm.to_owned()),
        exe: Some(exe.to_owned()),
        ..Owner::default()
    }
}

fn nginx() -> Vec<Owner> {
    [20, 10]
        .map(|pid| owner(pid, "nginx", "/usr/sbin/nginx"))
        .into()
}

fn nginx_host(changed: i64, reloaded: u64) -> Fake {
    Fake::default()
        .process(10, 1, 0, &["nginx: master process nginx"])
        .process(20, 10, reloaded, &["nginx: worker process"])
        .file(
            "/etc/nginx/nginx.conf",
            changed,
            "http { server { listen 80 backlog=77; } }",
        )
}

#[test]
fn the_configuration_of_the_main_process_counts_and_is_read_once() {
    let host = nginx_host(-5000, 50);
    let found = host.inspect("0.0.0.0:80", None, &nginx());
    let asked = found.requested.unwrap();
    assert_eq!((asked.backlog, asked.applied), (Some(77), true));
    assert_eq!(asked.place.as_deref(), Some("/etc/nginx/nginx.conf:1"));
    assert_eq!(found.configuration, Some(Configuration::Read));
    assert_eq!(
        (found.service, found.version),
        (None, None),
        "its owners tell"
    );
    assert_eq!(host.reads.into_inner(), 1, "two listeners, one reading");
}

#[test]
fn what_is_not_set_is_left_to_the_default() {
    let found = nginx_host(-5000, 50).inspect("[::]:80", None, &nginx());
    assert_eq!(
        (found.requested, found.configuration),
        (None, Some(Configuration::Read))
    );
}

#[test]
fn a_change_after_the_start_is_not_applied_unless_a_reload_followed() {
    let applied = |changed, reloaded| {
        let found = nginx_host(changed, reloaded).inspect("0.0.0.0:80", None, &nginx());
        found.requested.unwrap().applied
    };
    assert!(!applied(60_000, 50));
    assert!(applied(60_000, 90_000));
    let unset = nginx_host(60_000, 50).inspect("[::]:80", None, &nginx());
    assert_eq!(
        unset.configuration,
        Some(Configuration::Hidden),
        "what was set before is not known"
    );
}

#[test]
fn a_command_line_that_was_overwritten_is_taken_from_the_unit() {
    let owners = [owner(10, "redis-server", "/usr/bin/redis-check-rdb")];
    let host = |unit: &str| {
        Fake::default()
            .process(10, 1, 0, &["/usr/bin/redis-server 127.0.0.1:6379"])
            .file("/etc/redis/redis.conf", -9000, "port 6379\ntcp-backlog 9\n")
            .file("/lib/systemd/system/redis.service", -9000, unit)
            .inspect("127.0.0.1:6379", Some("redis.service"), &owners)
    };
    let found = host("[Service]\nExecStart=/usr/bin/redis-server /etc/redis/redis.conf\n");
    assert_eq!(
        found.requested.unwrap().place.as_deref(),
        Some("/etc/redis/redis.conf:2")
    );
    let hidden = host("[Service]\n");
    assert_eq!(
        (hidden.requested, hidden.configuration),
        (None, Some(Configuration::Hidden))
    );
}

#[test]
fn a_socket_of_systemd_has_the_units_backlog() {
    let mut systemd = owner(1, "systemd", "/usr/lib/systemd/systemd");
    systemd.fd = Some(40);
    let host = |text: &str| {
        Fake::default()
            .process(10, 1, 0, &["sshd: /usr/sbin/sshd -D [listener]"])
            .file("/lib/systemd/system/ssh.socket", -9000, text)
            .inspect(
                "[::]:22",
                Some("ssh.service"),
                &[systemd.clone(), owner(10, "sshd", "/usr/sbin/sshd")],
            )
    };
    let found = host("[Socket]\nListenStream=22\nBacklog=300\n");
    let asked = found.requested.unwrap();
    assert_eq!(
        (asked.backlog, asked.place.as_deref()),
        (Some(300), Some("/lib/systemd/system/ssh.socket:3"))
    );
    assert_eq!(host("[Socket]\nListenStream=22\n").requested, None);
}

#[test]
fn a_program_that_nobody_knows_is_left_as_it_is() {
    let host = Fake::default().process(10, 1, 0, &["acmed", "--backlog", "9"]);
    let before = owner(10, "acmed", "/opt/acmed");
    let found = host.inspect("0.0.0.0:9", None, std::slice::from_ref(&before));
    assert_eq!(
        (found.requested, found.configuration, found.owners),
        (None, None, vec![before])
    );
}

#[test]
fn what_an_interpreter_runs_is_recorded() {
    let host =
        Fake::default().process(10, 1, 0, &["python3", "/srv/app/serve.py", "--secret", "x"]);
    let found = host.inspect(
        "0.0.0.0:9",
        None,
        &[owner(10, "python3", "/usr/bin/python3.11")],
    );
    assert_eq!(found.owners[0].program.as_deref(), Some("serve.py"));
}
