//! What a child must do to itself between fork(2) and execve(2). The only unsafe code of the tests.
#![allow(unsafe_code)]

use std::io;
use std::os::unix::process::CommandExt as _;
use std::process::Command;

use rustix::process::{Signal, set_parent_process_death_signal};
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter,
    SeccompRule,
};

/// Sends the child this signal when the test ends, however it ends.
pub(crate) fn die_with_parent(command: &mut Command, signal: Signal) -> &mut Command {
    let hook = move || set_parent_process_death_signal(Some(signal)).map_err(io::Error::from);
    // SAFETY: the hook makes one system call and neither allocates nor locks.
    unsafe { command.pre_exec(hook) }
}

/// Makes `socket(AF_NETLINK, ...)` fail with this error number in the child, as container
/// sandboxes do.
pub(crate) fn refuse_netlink(command: &mut Command, errno: i32) -> &mut Command {
    let filter = netlink_filter(errno);
    let hook = move || seccompiler::apply_filter(&filter).map_err(io::Error::other);
    // SAFETY: the filter was built before; the hook makes two calls of prctl(2) and seccomp(2), and
    // allocates only when they fail.
    unsafe { command.pre_exec(hook) }
}

/// Makes one system call fail with this error number in the child, as container sandboxes do.
pub(crate) fn refuse_call(command: &mut Command, number: i64, errno: i32) -> &mut Command {
    let filter = filter((number, vec![]), errno);
    let hook = move || seccompiler::apply_filter(&filter).map_err(io::Error::other);
    // SAFETY: as for the other filter.
    unsafe { command.pre_exec(hook) }
}

fn netlink_filter(errno: i32) -> BpfProgram {
    let netlink = u64::try_from(libc::AF_NETLINK).unwrap();
    let family = SeccompCondition::new(0, SeccompCmpArgLen::Dword, SeccompCmpOp::Eq, netlink);
    let rule = SeccompRule::new(vec![family.unwrap()]).unwrap();
    filter((libc::SYS_socket, vec![rule]), errno)
}

fn filter(refused: (i64, Vec<SeccompRule>), errno: i32) -> BpfProgram {
    let filter = SeccompFilter::new(
        [refused].into_iter().collect(),
        SeccompAction::Allow,
        SeccompAction::Errno(u32::try_from(errno).unwrap()),
        std::env::consts::ARCH
            .try_into()
            .expect("seccomp knows this architecture"),
    );
    filter.unwrap().try_into().unwrap()
}
