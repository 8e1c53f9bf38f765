//! A network namespace of its own for the command: fresh, with loopback alone, and with the sysctls that
//! were asked for. Nothing of the host is changed.
//!
//! Follows user_namespaces(7) and network_namespaces(7). An ordinary user gets a user namespace too, in
//! which they are who they were, and may use every port.

use std::fs;
use std::io;
use std::os::fd::AsFd as _;
use std::path::{Path, PathBuf};

use rustix::net::{AddressFamily, SocketType, socket};
use rustix::process::{getegid, geteuid};

use super::{Fault, sys};

/// Moves this process, which must have no other thread, into a namespace of its own.
pub(super) fn isolate(sysctls: &[(String, String)]) -> Result<(), Fault> {
    make()?;
    let fault = |what: &str, error: &io::Error| Fault::io(what, error);
    let control = socket(AddressFamily::INET, SocketType::DGRAM, None);
    let control = control.map_err(|error| fault("no socket can be made", &error.into()))?;
    sys::loopback_up(control.as_fd())
        .map_err(|error| fault("the loopback interface cannot be switched on", &error))?;
    for (key, value) in sysctls {
        let path = path(key);
        fs::write(&path, value).map_err(|error| {
            let what = format!("{key} cannot be set to {value} in the new network namespace");
            match error.kind() {
                io::ErrorKind::NotFound => Fault::Other(format!(
                    "{what}: this kernel has no such sysctl, or it is the machine's alone"
                )),
                _ => fault(&what, &error),
            }
        })?;
    }
    Ok(())
}

fn make() -> Result<(), Fault> {
    match sys::unshare(libc::CLONE_NEWNET) {
        Ok(()) => return Ok(()),
        Err(error) if error.raw_os_error() == Some(libc::EPERM) => {}
        Err(error) => return Err(refused(&error)),
    }
    let (user, group) = (geteuid().as_raw(), getegid().as_raw());
    sys::unshare(libc::CLONE_NEWUSER | libc::CLONE_NEWNET).map_err(|error| refused(&error))?;
    let write = |name: &str, text: &str| {
        let path = Path::new("/proc/self").join(name);
        fs::write(path, text).map_err(|error| Fault::io("no user can be mapped", &error))
    };
    write("setgroups", "deny")?;
    write("uid_map", &format!("{user} {user} 1\n"))?;
    write("gid_map", &format!("{group} {group} 1\n"))?;
    // The command keeps no capability over execve(2), and so could not use low ports.
    let _ = fs::write(path("net.ipv4.ip_unprivileged_port_start"), "0");
    Ok(())
}

fn refused(error: &io::Error) -> Fault {
    Fault::Refused(format!(
        "no network namespace can be made ({error}): run as root, allow user namespaces \
         (kernel.unprivileged_userns_clone, kernel.apparmor_restrict_unprivileged_userns, user.max_net_namespaces), \
         or leave --new-netns out"
    ))
}

/// The file of a key; a slash in it is a dot of the name.
fn path(key: &str) -> PathBuf {
    let parts = key.split('.').map(|part| part.replace('/', "."));
    Path::new("/proc/sys").join(parts.collect::<PathBuf>())
}
