//! What no definition of an option tells: the files of the configuration, and pages of others.

use clap::Command;

use super::sections::Block;

/// The section FILES: of a command that takes a configuration.
pub(super) fn files(command: &Command) -> Vec<Block> {
    let takes = |name| {
        command
            .get_arguments()
            .any(|it| it.get_long() == Some(name))
    };
    if !takes("config") {
        return Vec::new();
    }
    vec![
        Block::Item(
            "backlint.toml, .backlint.toml, backlint.yaml, .backlint.yaml".to_owned(),
            "The configuration: the first one from the current directory upwards to the root of the file \
             system, and it alone. One that was not named with --config has to belong to root, or to you if \
             you are not root, and to be writable by nobody else; it can write no files, and the files that \
             it names lie below its own folder. `backlint --show-config` prints what is in force, and from \
             where."
                .to_owned(),
        ),
    ]
}

/// Pages of others, by the name of ours.
pub(super) fn see_also(page: &str) -> &'static [(&'static str, &'static str)] {
    match page {
        "backlint" => &[("listen", "2"), ("ss", "8"), ("sysctl", "8"), ("tcp", "7")],
        "backlint-list" => &[("ss", "8"), ("listen", "2")],
        "backlint-patch" => &[("patch", "1"), ("sysctl.conf", "5"), ("sysctl.d", "5")],
        "backlint-trace" => &[("listen", "2"), ("seccomp", "2"), ("strace", "1")],
        "backlint-why" => &[("sysctl.conf", "5"), ("sysctl.d", "5"), ("sysctl", "8")],
        _ => &[("listen", "2")],
    }
}
