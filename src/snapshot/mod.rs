//! The record of what was seen on a host: every later stage works on this value alone, so a
//! judgement on the host and a judgement on its snapshot file are the same computation.
//!
//! These types *are* the file format `backlint/snapshot/v1` (see [`mod@file`]): every field but the
//! schema line is optional, because a fact that nobody recorded is absent, never zero. They hold
//! no opinion; limits and verdicts are computed from them in `assess`.

pub mod address;
mod boot;
mod container;
pub mod file;
pub mod fragment;
mod gap;
mod image;
pub mod merge;
mod owner;
mod protocol;
pub mod redact;
mod remedy;
mod requested;
pub mod schema;
mod unique;
pub mod version;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use boot::{Boot, CONTAINER_TRACES, DROP_INS, FileText, Loader, MOST_LINES, TRACES, Writer};
pub use container::{Compose, Container, Engine, Pod};
pub use gap::Gap;
pub use image::Image;
pub use owner::{Libc, Owner, Runtime};
pub use protocol::Protocol;
pub use requested::{Configuration, Requested, Source};

/// The schema line of the snapshot file; see [`version`] for what is read.
pub const SCHEMA: &str = "backlint/snapshot/v1";

/// Name of the network namespace that a host's services live in.
pub const HOST_NETNS: &str = "host";

/// Name of the namespace that backlint runs in, where that is not the host's and nobody named it.
pub const OWN_NETNS: &str = "self";

/// Name of the namespace that a container of an image would get.
pub const IMAGE_NETNS: &str = "image";

/// What was seen on one host at one moment.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "A record of backlint", transform = schema::some_namespace)]
pub struct Snapshot {
    /// The format of the record, [`SCHEMA`]: the first line of every record.
    #[schemars(schema_with = "schema::line")]
    pub schema: String,
    /// The backlint that wrote the record, such as `backlint 0.1.0`. `None`: a person did, or a version
    /// before 0.1.0. It says which fields it may have, and nothing is judged by it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub written_by: Option<String>,
    /// The machine and its kernel.
    #[serde(default, skip_serializing_if = "Host::is_empty")]
    pub host: Host,
    /// The container image that was looked at, where it was one. `None`: something that runs was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image: Option<Image>,
    /// One entry a network namespace, the host's own first; at least one.
    #[serde(default)]
    #[schemars(length(min = 1))]
    pub namespaces: Vec<Namespace>,
    /// Texts of the persistent sysctl configuration. `None`: nobody looked. An empty list: looked,
    /// and there were none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub files: Option<Vec<FileText>>,
    /// How the machine sets its sysctls when it boots. `None`: nobody looked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub boot: Option<Boot>,
    /// What could not be read.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub gaps: Vec<Gap>,
}

/// The machine that was looked at.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Host {
    /// Node name, from uname(2).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Kernel release as uname(2) gives it, such as `6.1.0-18-amd64`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kernel: Option<String>,
    /// Distribution, from os-release(5).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub os: Option<Os>,
}

impl Host {
    fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// A distribution: `ID` and `VERSION_ID` of os-release(5).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Os {
    /// `ID`, lower case, such as `debian`.
    pub id: String,
    /// `VERSION_ID`, such as `12`. Rolling distributions have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
}

/// One network namespace: its sysctls, its counters and its listeners.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Namespace {
    /// Display name, unique on the host: `host`, a name under /run/netns, `docker/web`,
    /// `pod/shop/web-0`, `nginx.service`, `process/redis-server/4711`, `self`.
    #[serde(default = "host_netns")]
    pub name: String,
    /// What the name is an instance of, the same when it is made again: `pod/shop/web` of
    /// `pod/shop/web-5d9c7b6f4-x2x7z`. `None`: the name itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workload: Option<String>,
    /// Inode of the namespace in nsfs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<u64>,
    /// Whether it belongs to another user namespace than the first, as those of rootless containers
    /// do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rootless: Option<bool>,
    /// A process in it, the lowest pid of those seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pid: Option<u32>,
    /// Its name for ip-netns(8), below /run/netns.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub named: Option<String>,
    /// The systemd unit that it was made for (`PrivateNetwork=`, `NetworkNamespacePath=`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
    /// Whether it belongs to something inside its containers, which only start what made it: Docker in
    /// Docker, a node of kind.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub nested: bool,
    /// The containers whose processes are in it, the one that it was made for first: several of one pod,
    /// and on the host those that share its network.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub containers: Vec<Container>,
    /// Runtime values by dotted key, as a process of this namespace reads them.
    #[serde(
        default,
        deserialize_with = "unique::map",
        skip_serializing_if = "BTreeMap::is_empty"
    )]
    pub sysctls: BTreeMap<String, SysctlValue>,
    /// Keys that were looked for because a file of the machine sets them, and that are not there.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub absent: BTreeSet<String>,
    /// Counters by name, such as `TcpExt.ListenOverflows`: events since the namespace was made.
    #[serde(
        default,
        deserialize_with = "unique::map",
        skip_serializing_if = "BTreeMap::is_empty"
    )]
    pub counters: BTreeMap<String, u64>,
    /// Every socket in LISTEN, in the order of [`Listener::sort_key`] when backlint wrote it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub listeners: Vec<Listener>,
}

impl Namespace {
    /// A namespace of which only its name is known.
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            workload: None,
            id: None,
            rootless: None,
            pid: None,
            named: None,
            unit: None,
            nested: false,
            containers: Vec::new(),
            sysctls: BTreeMap::new(),
            absent: BTreeSet::new(),
            counters: BTreeMap::new(),
            listeners: Vec::new(),
        }
    }

    /// Whether it is the one that the machine itself starts with.
    pub fn is_host(&self) -> bool {
        self.name == HOST_NETNS
    }

    /// The name that stays when the namespace is made again.
    pub fn stable_name(&self) -> &str {
        self.workload.as_deref().unwrap_or(&self.name)
    }

    /// The runtime value of a sysctl that holds one whole number.
    pub fn sysctl_int(&self, key: &str) -> Option<i64> {
        match self.sysctls.get(key)? {
            SysctlValue::Int(value) => Some(*value),
            SysctlValue::Text(_) => None,
        }
    }
}

fn host_netns() -> String {
    HOST_NETNS.to_owned()
}

/// A sysctl's runtime value: most are one whole number, some are words or lists
/// (`net.ipv4.tcp_rmem` is `4096 131072 6291456`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged, expecting = "a whole number or a text")]
pub enum SysctlValue {
    /// One whole number.
    Int(i64),
    /// Anything else, with runs of white space folded to one space.
    Text(String),
}

impl SysctlValue {
    /// Reads the content of a file below /proc/sys.
    pub fn parse(content: &str) -> Self {
        let mut words = content.split_whitespace();
        if let (Some(word), None) = (words.next(), words.next())
            && let Ok(number) = word.parse()
        {
            return Self::Int(number);
        }
        Self::Text(content.split_whitespace().collect::<Vec<_>>().join(" "))
    }
}

impl fmt::Display for SysctlValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Int(value) => value.fmt(f),
            Self::Text(value) => value.fmt(f),
        }
    }
}

/// A socket in LISTEN.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(transform = schema::addresses)]
pub struct Listener {
    /// Protocol.
    pub protocol: Protocol,
    /// `0.0.0.0:443`, `[::]:443`, `127.0.0.53%lo:53`, `/run/x.sock`, `@abstract`.
    pub address: String,
    /// Connections established and waiting for accept(2).
    #[serde(default)]
    pub accept_queue: AcceptQueue,
    /// Connections not yet established.
    #[serde(default, skip_serializing_if = "SynQueue::is_unknown")]
    pub syn_queue: SynQueue,
    /// `sk_drops` of the socket: a hint, up to +2 a packet, and other causes than a full queue.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub drops: Option<u32>,
    /// Inode of the socket in sockfs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inode: Option<u64>,
    /// User that created the socket.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uid: Option<u32>,
    /// Processes that hold the socket, by pid; one descriptor each.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub owners: Vec<Owner>,
    /// Whether every process was looked at to the end. `false`: more owners may exist.
    #[serde(default = "yes", skip_serializing_if = "is_true")]
    pub owners_complete: bool,
    /// Path of the control group, from the root of its hierarchy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cgroup: Option<String>,
    /// systemd unit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
    /// Name of its container, that of [`Container::name`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub container: Option<String>,
    /// Whether it is only presumed to be there: of an image it may not be clear which program runs, or
    /// where it listens.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub presumed: bool,
    /// Name of the service, where the owners alone do not tell: it was recognised by its command
    /// line, or somebody wrote it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<String>,
    /// Version of the service, where its default depends on it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// Whether the service's configuration was read. `None`: nobody looked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub configuration: Option<Configuration>,
    /// What the program passed to listen(2), where somebody saw or wrote it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requested: Option<Requested>,
}

impl Listener {
    /// A listener of which only its name is known.
    pub fn new(protocol: Protocol, address: impl Into<String>) -> Self {
        Self {
            protocol,
            address: address.into(),
            accept_queue: AcceptQueue::default(),
            syn_queue: SynQueue::default(),
            drops: None,
            inode: None,
            uid: None,
            owners: Vec::new(),
            owners_complete: true,
            cgroup: None,
            unit: None,
            container: None,
            presumed: false,
            service: None,
            version: None,
            configuration: None,
            requested: None,
        }
    }

    /// The order of every listing: protocol, then port, then address, then inode.
    pub fn sort_key(&self) -> (Protocol, Option<u32>, &str, Option<u64>) {
        (
            self.protocol,
            address::sort_port(self.protocol, &self.address),
            &self.address,
            self.inode,
        )
    }
}

fn yes() -> bool {
    true
}

#[allow(clippy::trivially_copy_pass_by_ref)] // the signature that serde calls
fn is_true(value: &bool) -> bool {
    *value
}

/// The accept queue. Its capacity is max + 1: the kernel refuses only when len > max
/// (`sk_acceptq_is_full`, include/net/sock.h).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AcceptQueue {
    /// Connections waiting now, `sk_ack_backlog`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub len: Option<u32>,
    /// The clamped backlog, `sk_max_ack_backlog`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max: Option<u32>,
}

/// The SYN queue.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SynQueue {
    /// Request sockets (SYN_RECV) that belong to this listener's address and port now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub len: Option<u32>,
}

impl SynQueue {
    fn is_unknown(&self) -> bool {
        self.len.is_none()
    }
}
