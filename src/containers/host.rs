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
    /// When the process started, in a unit of which only the order counts. `None`: gone, or not
    /// readable.
    fn started(&self, pid: u32) -> Option<u64>;
    /// The inode of the process's network namespace. `None`: gone, or not readable.
    fn netns(&self, pid: u32) -> Option<u64>;
    /// The user that the process runs as. `None`: gone, or not readable.
    fn user(&self, pid: u32) -> Option<u32>;
    /// A variable of the environment that the process was started with.
    fn variable(&self, pid: u32, name: &str) -> Option<String>;
    /// The name of the process, see `proc_pid_comm(5)`.
    fn comm(&self, pid: u32) -> Option<String>;
    /// The text of a regular file as backlint's own root shows it. `None`: it does not exist, is no
    /// regular file, or may not be read.
    ///
    /// # Errors
    ///
    /// It is longer than is read of a file, in words.
    fn read(&self, path: &str) -> Result<Option<String>, String>;
    /// The names in a directory as backlint's own root shows it. Empty: none, or not readable.
    fn list(&self, path: &str) -> Vec<String>;
}
