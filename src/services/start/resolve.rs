//! Where a program is: execvp(3) with the environment's PATH, and what some names stand for.

use super::{Command, Init, Root, absolute};
use crate::services::host::file_name;

/// The PATH that runtimes give to a container whose image sets none.
const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// Programs that are a shell, by the name that they are called by.
const SHELLS: [&str; 8] = ["sh", "bash", "dash", "ash", "ksh", "mksh", "zsh", "rbash"];

/// Whether a program of this name is a shell.
pub(super) fn is_shell(called: &str) -> bool {
    SHELLS.contains(&called.strip_prefix('-').unwrap_or(called))
}

/// The path of a command's program.
pub(super) fn program(root: &dyn Root, command: &Command) -> Option<String> {
    let name = command.words.first().filter(|name| !name.is_empty())?;
    if name.contains('/') {
        let path = absolute(command, name);
        return root.is_program(&path).then_some(path);
    }
    let path = command.variables.get("PATH").map_or(PATH, String::as_str);
    let all = path
        .split(':')
        .map(|folder| absolute(command, &format!("{folder}/{name}")));
    let mut all = all.filter(|path| root.is_program(path));
    all.next()
}

/// The init of a system that a program is.
pub(super) fn init(root: &dyn Root, called: &str, real: &str) -> Option<Init> {
    let name = file_name(real);
    if name == "systemd" {
        return Some(Init::Systemd);
    }
    let busybox = name == "busybox" && called == "init";
    let open_rc = matches!(name, "openrc-init" | "openrc");
    let inittab = || {
        root.text("/etc/inittab")
            .is_some_and(|text| text.contains("openrc"))
    };
    (open_rc || busybox && inittab()).then_some(Init::OpenRc)
}
