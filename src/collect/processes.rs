//! Facts of single processes beyond what every record needs: command line, start, environment.
//! They are read where somebody asks, and none of them goes into the record as it is: command
//! lines and environments have passwords in them.
//!
//! Follows proc_pid_cmdline(5), proc_pid_environ(5), proc_pid_stat(5), proc_pid_limits(5),
//! proc_pid_cgroup(5), proc_pid_mountinfo(5), proc_pid_comm(5), proc_pid_status(5), namespaces(7).

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Read as _;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};

use procfs::FromRead as _;
use procfs::process::{LimitValue, Limits};
use rustix::time::{ClockId, clock_gettime};

/// Bytes of a command line or an environment that are read.
const MOST: u64 = 1 << 20;

/// The processes of a procfs.
#[derive(Debug, Clone)]
pub struct Processes {
    proc: PathBuf,
    /// When the clock of starts was zero, in milliseconds since 1970.
    boot: i64,
    /// The mount namespace of this process.
    mounts: Option<PathBuf>,
}

/// When a process started and which one is its parent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Status {
    /// The parent.
    pub parent: u32,
    /// In milliseconds since 1970, as exact as the kernel tells: a hundredth of a second.
    pub started: Option<u64>,
}

impl Processes {
    /// The processes below `proc`.
    pub fn new(proc: &Path) -> Self {
        let milliseconds = |clock| {
            let time = clock_gettime(clock);
            time.tv_sec * 1000 + time.tv_nsec / 1_000_000
        };
        Self {
            proc: proc.to_owned(),
            mounts: fs::read_link(proc.join("self/ns/mnt")).ok(),
            boot: milliseconds(ClockId::Realtime) - milliseconds(ClockId::Boottime),
        }
    }

    /// When a process started, in ticks since the boot: with its pid a name that no other process has.
    pub fn ticks(&self, pid: u32) -> Option<u64> {
        let stat = self.read(pid, "stat")?;
        stat_fields(&stat)?.nth(19)?.parse().ok()
    }

    /// When a process started and which one is its parent.
    pub fn status(&self, pid: u32) -> Option<Status> {
        let stat = self.read(pid, "stat")?;
        let mut fields = stat_fields(&stat)?.skip(1);
        let parent = fields.next()?.parse().ok()?;
        let ticks: Option<u64> = fields.nth(17).and_then(|ticks| ticks.parse().ok());
        let hertz = rustix::param::clock_ticks_per_second().max(1);
        let since_boot = ticks.and_then(|ticks| i64::try_from(ticks * 1000 / hertz).ok());
        let started = since_boot.and_then(|after| u64::try_from(self.boot + after).ok());
        Some(Status { parent, started })
    }

    /// The command line, the program's name first. `None`: not readable.
    pub fn arguments(&self, pid: u32) -> Option<Vec<String>> {
        let bytes = self.read(pid, "cmdline")?;
        let end = bytes
            .iter()
            .rposition(|byte| *byte != 0)
            .map_or(0, |at| at + 1);
        let words = bytes[..end].split(|byte| *byte == 0);
        let words = words.map(|word| String::from_utf8_lossy(word).into_owned());
        Some(words.collect())
            .filter(|_| end > 0)
            .or(Some(Vec::new()))
    }

    /// The working directory as the process itself would spell it.
    pub fn directory(&self, pid: u32) -> Option<String> {
        let link = |name: &str| fs::read_link(self.path(pid, name)).ok();
        let directory = link("cwd")?;
        let directory = match link("root") {
            Some(root) => Path::new("/").join(directory.strip_prefix(root).ok()?),
            None => directory,
        };
        directory.to_str().map(str::to_owned)
    }

    /// The environment that the process was started with. Of a name that stands twice the first
    /// counts, as for getenv(3).
    pub fn environment(&self, pid: u32) -> Option<BTreeMap<String, String>> {
        let bytes = self.read(pid, "environ")?;
        let mut variables = BTreeMap::new();
        for variable in bytes.split(|byte| *byte == 0) {
            let text = String::from_utf8_lossy(variable);
            if let Some((name, value)) = text.split_once('=') {
                let known = variables.entry(name.to_owned());
                known.or_insert_with(|| value.to_owned());
            }
        }
        Some(variables)
    }

    /// Soft and hard limit of open descriptors; `u64::MAX` for none.
    pub fn descriptor_limit(&self, pid: u32) -> Option<(u64, u64)> {
        let bytes = self.read(pid, "limits")?;
        let limits = Limits::from_read(bytes.as_slice()).ok()?.max_open_files;
        let number = |limit| match limit {
            LimitValue::Unlimited => u64::MAX,
            LimitValue::Value(number) => number,
        };
        Some((number(limits.soft_limit), number(limits.hard_limit)))
    }

    /// The text of its control groups, one line a hierarchy.
    pub fn cgroup(&self, pid: u32) -> Option<String> {
        self.text(pid, "cgroup")
    }

    /// The text of its mounts, one line each; of very many the first.
    pub fn mounts(&self, pid: u32) -> Option<String> {
        self.text(pid, "mountinfo")
    }

    /// Its name, of 15 bytes at most.
    pub fn comm(&self, pid: u32) -> Option<String> {
        let mut name = self.text(pid, "comm")?;
        name.truncate(name.trim_end_matches('\n').len());
        Some(name)
    }

    /// The user that a process runs as, the effective one.
    pub fn user(&self, pid: u32) -> Option<u32> {
        let status = self.text(pid, "status")?;
        let users = status.lines().find_map(|line| line.strip_prefix("Uid:"))?;
        users.split_ascii_whitespace().nth(1)?.parse().ok()
    }

    /// The process that a thread belongs to.
    pub fn of_thread(&self, thread: u32) -> Option<u32> {
        let status = self.text(thread, "status")?;
        let group = status.lines().find_map(|line| line.strip_prefix("Tgid:"))?;
        group.trim().parse().ok()
    }

    /// How long a thread has run, in nanoseconds. `None`: gone, or a kernel that does not count.
    pub fn ran(&self, thread: u32) -> Option<u64> {
        let text = self.text(thread, "schedstat")?;
        text.split_ascii_whitespace().next()?.parse().ok()
    }

    /// Path of the executable.
    pub fn executable(&self, pid: u32) -> Option<String> {
        let link = fs::read_link(self.path(pid, "exe")).ok()?;
        Some(link.to_string_lossy().into_owned())
    }

    /// Inode of the socket that a process has open at this number. `None`: not readable, or no socket.
    pub fn socket(&self, pid: u32, descriptor: u32) -> Option<u64> {
        let link = fs::read_link(self.path(pid, "fd").join(descriptor.to_string())).ok()?;
        let inode = link.to_str()?.strip_prefix("socket:[")?.strip_suffix(']')?;
        inode.parse().ok()
    }

    /// What a security module calls a thread (`/proc/PID/attr/current`). `None`: there is none, or it does not tell.
    pub fn label(&self, thread: u32) -> Option<Vec<u8>> {
        fs::read(self.path(thread, "attr/current")).ok()
    }

    /// Bytes of a process's memory.
    pub fn memory(&self, pid: u32, address: u64, bytes: &mut [u8]) -> Option<()> {
        let memory = File::open(self.path(pid, "mem")).ok()?;
        memory.read_exact_at(bytes, address).ok()
    }

    /// All processes, ascending.
    pub fn all(&self) -> Vec<u32> {
        let Ok(entries) = fs::read_dir(&self.proc) else {
            return Vec::new();
        };
        let pid = |entry: fs::DirEntry| entry.file_name().to_str()?.parse().ok();
        let mut pids: Vec<u32> = entries.flatten().filter_map(pid).collect();
        pids.sort_unstable();
        pids
    }

    /// A process's descendants, ascending.
    pub fn descendants(&self, ancestor: u32) -> Vec<u32> {
        let parents: BTreeMap<u32, u32> = self
            .all()
            .into_iter()
            .filter_map(|pid| Some((pid, self.status(pid)?.parent)))
            .collect();
        let is_below = |pid: &u32| {
            let up = std::iter::successors(Some(*pid), |pid| parents.get(pid).copied());
            // A pid that was given again while we read could make a circle.
            let mut up = up.skip(1).take(parents.len());
            up.any(|parent| parent == ancestor)
        };
        parents.keys().copied().filter(is_below).collect()
    }

    /// The inode of a process's network namespace.
    pub fn netns(&self, pid: u32) -> Option<u64> {
        let link = fs::read_link(self.path(pid, "ns/net")).ok()?;
        let inode = link.to_str()?.strip_prefix("net:[")?.strip_suffix(']')?;
        inode.parse().ok()
    }

    /// Whether a process has the mount namespace of this one. `false`: another, or not readable.
    pub fn shares_mounts(&self, pid: u32) -> bool {
        let theirs = || fs::read_link(self.path(pid, "ns/mnt")).ok();
        self.mounts.is_some() && self.mounts == theirs()
    }

    /// The root directory of a process, as a path of this one.
    pub fn root(&self, pid: u32) -> PathBuf {
        self.path(pid, "root")
    }

    fn path(&self, pid: u32, name: &str) -> PathBuf {
        self.proc.join(pid.to_string()).join(name)
    }

    /// A file as text; bytes that are not UTF-8 are replaced.
    fn text(&self, pid: u32, name: &str) -> Option<String> {
        let bytes = self.read(pid, name)?;
        Some(
            String::from_utf8(bytes)
                .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned()),
        )
    }

    fn read(&self, pid: u32, name: &str) -> Option<Vec<u8>> {
        let mut bytes = Vec::new();
        let file = File::open(self.path(pid, name)).ok()?;
        file.take(MOST).read_to_end(&mut bytes).ok()?;
        Some(bytes)
    }
}

/// The fields of /proc/PID/stat from the third on, counted from behind the name, which may hold
/// anything.
pub(super) fn stat_fields(stat: &[u8]) -> Option<impl Iterator<Item = &str>> {
    let end = stat.iter().rposition(|byte| *byte == b')')?;
    let fields = std::str::from_utf8(stat.get(end + 1..)?).ok()?;
    Some(fields.split_ascii_whitespace())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_is_read() {
        let processes = Processes::new(Path::new("/proc"));
        let pid = std::process::id();
        let status = processes.status(pid).unwrap();
        assert_eq!(status.parent, std::os::unix::process::parent_id());
        let now = std::time::UNIX_EPOCH.elapsed().unwrap().as_millis() as u64;
        let age = now.checked_sub(status.started.unwrap()).unwrap();
        assert!(age < 3_600_000, "{age}");
        let arguments: Vec<String> = std::env::args().collect();
        assert_eq!(processes.arguments(pid), Some(arguments));
        let directory = std::env::current_dir().unwrap();
        assert_eq!(processes.directory(pid).as_deref(), directory.to_str());
        let environment = processes.environment(pid).unwrap();
        assert_eq!(environment.get("PATH"), std::env::var("PATH").ok().as_ref());
        let (soft, hard) = processes.descriptor_limit(pid).unwrap();
        assert!(soft > 0 && soft <= hard);
        assert_eq!(processes.status(4_194_305), None);
        let comm = std::fs::read_to_string("/proc/self/comm").unwrap();
        assert_eq!(processes.comm(pid).as_deref(), Some(comm.trim_end()));
        assert!(processes.cgroup(pid).unwrap().contains(":/"));
        assert!(processes.mounts(pid).unwrap().contains(" - proc "));
        assert_eq!(processes.cgroup(4_194_305), None);
        assert_eq!(
            processes.user(pid),
            Some(rustix::process::geteuid().as_raw())
        );
        let netns = fs::metadata("/proc/self/ns/net").unwrap();
        let inode = std::os::unix::fs::MetadataExt::ino(&netns);
        assert_eq!(processes.netns(pid), Some(inode));
        assert_eq!(
            (processes.user(4_194_305), processes.netns(4_194_305)),
            (None, None)
        );
    }
}
