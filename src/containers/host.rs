//! What finding the containers may ask of a running host. The live host implements this in the
//! command line's stage; tests do over a recorded tree. All texts are untrusted: bytes that are not
//! UTF-8 are replaced by the implementation, everything else is as some process or user wrote it.

/// A host with processes and files; several threads ask it.
pub trait Host: Sync {
    /// The text of /proc/PID/cgroup, see cgroups(7). `None`: gone, or not readable.
    fn cgroup(&self, pid: u32) -> Option<String>;
    /// Whether the process has backlint's own mount namespace, and so is in no container of this host.
    /// `false`: it has another, or nobody knows.
    fn shares_mounts(&self, pid: u32) -> bool;
    /// The text of /proc/PID/mountinfo, see proc_pid_mountinfo(5). It may be cut off.
    fn mounts(&self, pid: u32) -> Option<String>;
    /// The command line, the program's name first; empty for none. `None`: not readable.
    fn arguments(&self, pid: u32) -> Option<Vec<String>>;
    /// The parent. `None`: gone, or not readable.
    fn parent(&self, pid: u32) -> Option<u32>;
    /// A variable of the environment that the process was started with.
    fn variable(&self, pid: u32, name: &str) -> Option<String>;
    /// The name of the process, see `proc_pid_comm(5)`.
    fn comm(&self, pid: u32) -> Option<String>;
    /// The text of a regular file as backlint's own root shows it, within a bound. `None`: it does
    /// not exist, is no regular file, is too long, or cannot be read.
    fn read(&self, path: &str) -> Option<String>;
    /// The names in a directory as backlint's own root shows it. Empty: none, or not readable.
    fn list(&self, path: &str) -> Vec<String>;
}
