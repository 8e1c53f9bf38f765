//! The names of what the machine's files set at the next boot: how they are loaded, and for each sysctl
//! what runs, what will, and every line that has a part in it.

use super::words::{built, int, text, truth};
use super::{Entry, Scope, Type, entry};
use crate::assess::Settings;
use crate::assess::settings::{is_recorded, words};
use crate::kernel::sysctls;

use Scope::{Host, Setting};
use Type::{Bool, Int, Text};

/// The entries.
pub(super) static ENTRIES: [Entry; 36] = [
    entry(
        "host.boot.loader",
        Host,
        Text,
        "what loads sysctl files at boot: systemd-sysctl, procps or busybox; absent: nothing does",
        |s| text(Some(settings(s)?.persistent.runs().loader?.name())),
    ),
    entry(
        "host.boot.how",
        Host,
        Text,
        "how that is known, in words",
        |s| text(Some(&settings(s)?.persistent.runs().how)),
    ),
    entry(
        "host.boot.in_container",
        Host,
        Bool,
        "whether the files are those of a container, where nothing loads them",
        |s| truth(settings(s)?.persistent.runs().in_container),
    ),
    entry(
        "host.boot.dead_files",
        Host,
        Int,
        "files of the administrator that nothing reads and that would set other values",
        |s| int(Some(settings(s)?.dead_files().len())),
    ),
    entry(
        "host.boot.dead_words",
        Host,
        Text,
        "these files, each with why and with what it would set",
        |s| built(words::dead_files(settings(s)?)),
    ),
    entry(
        "host.boot.unusable_lines",
        Host,
        Int,
        "their lines that the loader reads and can make nothing of, as BusyBox of `-key`",
        |s| int(Some(settings(s)?.unusable().len())),
    ),
    entry(
        "host.boot.unusable_words",
        Host,
        Text,
        "file and line of these",
        |s| built(words::unusable(settings(s)?)),
    ),
    entry("setting.key", Setting, Text, "dotted key", |s| {
        text(Some(&s.setting?.key))
    }),
    entry(
        "setting.subtree",
        Setting,
        Text,
        "first part of the key: net, kernel, vm, fs and so on",
        |s| text(s.setting?.key.split('.').next()),
    ),
    entry(
        "setting.running",
        Setting,
        Text,
        "value at run time, in the host's own namespace",
        |s| text(s.setting?.running.as_deref()),
    ),
    entry(
        "setting.kernel_default",
        Setting,
        Text,
        "value that this kernel starts with; absent where it depends on memory or is not known",
        |s| text(s.setting?.kernel_default.as_deref()),
    ),
    entry(
        "setting.value",
        Setting,
        Text,
        "what a line sets at the next boot; absent: no line does",
        |s| text(s.setting?.history.value.as_deref()),
    ),
    entry(
        "setting.after_boot",
        Setting,
        Text,
        "value after the next boot: what a line sets, or else the kernel's default",
        |s| text(s.setting?.after_boot()),
    ),
    entry(
        "setting.lasts",
        Setting,
        Bool,
        "whether the value at run time is the one after the next boot; absent: not known",
        |s| truth(s.setting?.lasts()?),
    ),
    entry(
        "setting.raised",
        Setting,
        Bool,
        "whether the value at run time is a larger number than the one after the next boot",
        |s| truth(s.setting?.is_raised()),
    ),
    entry(
        "setting.persists",
        Setting,
        Bool,
        "whether a line sets it at the next boot",
        |s| truth(s.setting?.history.value.is_some()),
    ),
    entry(
        "setting.recorded",
        Setting,
        Bool,
        "whether every record of a host has it, because it decides the accept path",
        |s| truth(is_recorded(&s.setting?.key)),
    ),
    entry(
        "setting.set_elsewhere",
        Setting,
        Bool,
        "whether a script, a unit or a program that is installed sets it by itself",
        |s| truth(!s.setting?.elsewhere.is_empty()),
    ),
    entry(
        "setting.elsewhere_words",
        Setting,
        Text,
        "these, in words",
        |s| built(s.setting?.elsewhere.join("; ")),
    ),
    entry(
        "setting.where",
        Setting,
        Text,
        "the line that counts, such as /etc/sysctl.conf:3; absent: none does",
        |s| built(s.setting?.history.winner()?.place()),
    ),
    entry(
        "setting.place",
        Setting,
        Text,
        "the line that counts, or else the last that would set it",
        |s| built(s.setting?.line()?.place()),
    ),
    entry(
        "setting.lines",
        Setting,
        Int,
        "lines of the administrator (/etc/sysctl.conf, /etc/sysctl.d, the kernel's command line) that are read",
        |s| int(Some(s.setting?.read().count())),
    ),
    entry(
        "setting.overridden",
        Setting,
        Int,
        "those whose other value is beaten by a line that is not the administrator's",
        |s| int(Some(s.setting?.overridden().count())),
    ),
    entry(
        "setting.overridden_words",
        Setting,
        Text,
        "these, such as 65535 at /etc/sysctl.conf:3",
        |s| built(words::lines(s.setting?.overridden())),
    ),
    entry(
        "setting.conflicts",
        Setting,
        Int,
        "those whose other value is beaten by another line of the administrator",
        |s| int(Some(s.setting?.conflicts().count())),
    ),
    entry(
        "setting.conflicts_words",
        Setting,
        Text,
        "these, such as 65535 at /etc/sysctl.conf:3",
        |s| built(words::lines(s.setting?.conflicts())),
    ),
    entry(
        "setting.dead",
        Setting,
        Int,
        "lines of the administrator that nothing reads, with another value than the next boot's",
        |s| int(Some(s.setting?.dead().count())),
    ),
    entry(
        "setting.dead_words",
        Setting,
        Text,
        "these, each with why nothing reads it",
        |s| built(words::dead(s.setting?.dead())),
    ),
    entry(
        "setting.masked",
        Setting,
        Int,
        "lines of files that one of the same name hides",
        |s| int(Some(s.setting?.masked().count())),
    ),
    entry(
        "setting.existence",
        Setting,
        Text,
        "exists, removed, not-yet, misspelt, absent (the kernel could have it, and does not) or unknown",
        |s| text(Some(s.setting?.existence_name())),
    ),
    entry(
        "setting.existence_words",
        Setting,
        Text,
        "why it does not exist, such as Linux 4.12 removed it",
        |s| built(words::existence(s.setting?)?),
    ),
    entry(
        "setting.fault",
        Setting,
        Text,
        "what is wrong with a value that a line sets: the kernel refuses it, or keeps another",
        |s| text(s.setting?.fault.as_deref()),
    ),
    entry(
        "setting.questionable",
        Setting,
        Text,
        "why nobody means the value that counts, though the kernel takes it",
        |s| text(s.setting?.questionable.as_deref()),
    ),
    entry(
        "setting.scope",
        Setting,
        Text,
        "whose value it is: namespace (each has its own) or machine; absent: not known",
        |s| {
            let scope = sysctls::scope(&s.setting?.key, s.facts.kernel)?;
            text(Some(match scope {
                sysctls::Scope::Namespace => "namespace",
                sysctls::Scope::Machine { .. } => "machine",
            }))
        },
    ),
    entry(
        "setting.procps_value",
        Setting,
        Text,
        "what `sysctl --system` of procps would set; absent: nothing",
        |s| built(settings(s)?.with_procps(s.setting?)?),
    ),
    entry(
        "setting.procps_differs",
        Setting,
        Bool,
        "whether procps is installed beside another loader and would set another value",
        |s| truth(settings(s)?.procps_differs(s.setting?)),
    ),
];

fn settings<'a>(subject: super::Subject<'a>) -> Option<&'a Settings<'a>> {
    subject.facts.settings.as_ref()
}
