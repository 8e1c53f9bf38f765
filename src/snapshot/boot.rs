//! What tells how a machine sets its sysctls when it boots: the files that do, and who reads them.

use std::collections::BTreeMap;
use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What sets sysctls from files when a machine boots.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Loader {
    /// systemd-sysctl(8), the files of sysctl.d(5).
    SystemdSysctl,
    /// `sysctl --system` of procps, sysctl(8).
    Procps,
    /// `sysctl -p` of BusyBox for each file, as Alpine's OpenRC calls it.
    Busybox,
}

impl Loader {
    /// All loaders, in the order of outputs.
    pub const ALL: [Self; 3] = [Self::SystemdSysctl, Self::Procps, Self::Busybox];

    /// The name in outputs and records.
    pub const fn name(self) -> &'static str {
        match self {
            Self::SystemdSysctl => "systemd-sysctl",
            Self::Procps => "procps",
            Self::Busybox => "busybox",
        }
    }
}

impl fmt::Display for Loader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Lines that all files of a record have together, at most: each may be a key that is looked into.
pub const MOST_LINES: usize = 10_000;

/// The directories of sysctl.d(5), best first.
pub const DROP_INS: [&str; 5] = [
    "/etc/sysctl.d",
    "/run/sysctl.d",
    "/usr/local/lib/sysctl.d",
    "/usr/lib/sysctl.d",
    "/lib/sysctl.d",
];

/// Files that are there because this is a container: Docker's, Podman's, and that of systemd for all
/// others. They are among [`TRACES`].
pub const CONTAINER_TRACES: [&str; 3] = [
    "/.dockerenv",
    "/run/.containerenv",
    "/run/systemd/container",
];

/// The paths that tell what runs at boot: those that a record may have in [`Boot::found`].
pub const TRACES: [&str; 23] = [
    CONTAINER_TRACES[0],
    CONTAINER_TRACES[1],
    CONTAINER_TRACES[2],
    "/sbin/init",
    "/usr/sbin/init",
    "/usr/lib/systemd/systemd-sysctl",
    "/lib/systemd/systemd-sysctl",
    "/etc/systemd/system/systemd-sysctl.service",
    "/sbin/openrc",
    "/usr/sbin/openrc",
    "/etc/runlevels/boot/sysctl",
    "/etc/runlevels/sysinit/sysctl",
    "/etc/runlevels/default/sysctl",
    "/etc/init.d/procps",
    "/etc/runit/core-services/08-sysctl.sh",
    "/etc/NIXOS",
    "/sbin/sysctl",
    "/usr/sbin/sysctl",
    "/etc/systemd/system/multi-user.target.wants/tuned.service",
    "/usr/bin/dockerd",
    "/usr/bin/kubelet",
    "/usr/sbin/libvirtd",
    "/usr/sbin/NetworkManager",
];

/// What was seen of how a machine boots.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Boot {
    /// What sets sysctls from files, where whoever wrote the record says so. Otherwise `found`
    /// decides.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub loader: Option<Loader>,
    /// The paths that exist of those that tell what runs at boot, and where a symbolic link leads.
    #[serde(
        default,
        deserialize_with = "super::unique::map",
        skip_serializing_if = "BTreeMap::is_empty"
    )]
    pub found: BTreeMap<String, Option<String>>,
    /// Versions of the packages that decide.
    #[serde(
        default,
        deserialize_with = "super::unique::map",
        skip_serializing_if = "BTreeMap::is_empty"
    )]
    pub packages: BTreeMap<String, String>,
    /// The `sysctl.KEY=VALUE` words of the kernel's command line, in their order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cmdline: Vec<String>,
    /// Lines of udev rules, units and scripts that set sysctls or call something that does.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub writers: Vec<Writer>,
}

/// A line that sets sysctls in its own way, outside of the files of sysctl.d(5).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Writer {
    /// Absolute path inside the root that was looked at.
    pub path: String,
    /// Line number, from 1.
    pub line: usize,
    /// The line; untrusted.
    pub text: String,
}

/// A configuration file's text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FileText {
    /// Absolute path inside the root that was looked at.
    pub path: String,
    /// The text; bytes that are not UTF-8 are replaced.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub text: String,
    /// Where the path leads, for a symbolic link.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link: Option<String>,
    /// Why it could not be read. It is there all the same, and hides files of its name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unread: Option<String>,
    /// Whether it is no regular file: a directory, a device, a link to nothing.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub irregular: bool,
}

impl FileText {
    /// How many lines it has for any loader; one at least, so that files are counted too.
    pub fn lines(&self) -> usize {
        let ends = self.text.bytes();
        1 + ends
            .filter(|byte| matches!(byte, b'\n' | b'\r' | 0))
            .count()
    }

    /// A file that was read.
    pub fn new(path: impl Into<String>, text: impl Into<String>) -> Self {
        Self {
            path: path.into(),
            text: text.into(),
            link: None,
            unread: None,
            irregular: false,
        }
    }
}
