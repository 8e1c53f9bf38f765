//! Programs that start several others: supervisord, s6 and runit.
//!
//! Follows supervisord's `supervisor/options.py` (`[program:x] command=`, `[include] files=`), s6-svscan(8)
//! and s6-overlay's folders, and runsvdir(8).

use std::collections::BTreeSet;

use super::shell::Budget;
use super::{Command, MOST, Root, absolute};
use crate::services::host::{file_name, parent};

/// What a supervisor starts.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) commands: Vec<Command>,
    /// What is not clear, and why.
    pub(super) unclear: Vec<(String, String)>,
}

/// Where supervisord looks, as it is started without `-c` (below its own folder first).
const SUPERVISORD: [&str; 4] = [
    "/etc/supervisord.conf",
    "/etc/supervisor/supervisord.conf",
    "/usr/etc/supervisord.conf",
    "/etc/supervisor.conf",
];

/// Files that one includes, at most.
const MOST_FILES: usize = 1024;

/// Folders of s6-overlay, which its /init starts.
const OVERLAY: [&str; 3] = ["/etc/services.d", "/etc/s6-overlay/s6-rc.d", "/run/service"];

/// Whether an interpreter is execline's: one command behind the other.
pub(super) fn is_execline(called: &str) -> bool {
    matches!(called, "execlineb" | "with-contenv")
}

/// The programs that a supervisor starts. `None`: it is none.
pub(super) fn programs(
    root: &dyn Root,
    called: &str,
    real: &str,
    command: &Command,
    budget: &Budget,
) -> Option<Found> {
    let words = &command.words[1..];
    match called {
        "supervisord" => Some(supervisord(root, command, budget)),
        "s6-svscan" | "runsvdir" => {
            let folder = words
                .iter()
                .rfind(|word| !word.starts_with('-') || word.contains('/'));
            let folder = folder.map_or_else(|| "/service".to_owned(), |it| absolute(command, it));
            Some(services(root, &[folder], command))
        }
        "runit" | "runit-init" | "runsvinit" => {
            let folders = ["/etc/service", "/etc/runit/runsvdir/default"].map(str::to_owned);
            Some(services(root, &folders, command))
        }
        "execlineb" => Some(Found {
            unclear: vec![(command.words.join(" "), "execline is not read".to_owned())],
            ..Found::default()
        }),
        "init"
            if file_name(real) == "init" && !root.names("/etc/s6-overlay").is_empty()
                || called == "init" && !root.names("/etc/s6").is_empty()
                || real.contains("/s6-overlay") =>
        {
            let mut found = services(root, &OVERLAY.map(str::to_owned), command);
            // The image's command runs beside the services.
            if !words.is_empty() {
                found.commands.push(Command {
                    words: words.to_vec(),
                    ..command.clone()
                });
            }
            Some(found)
        }
        _ => None,
    }
}

/// The `run` scripts of service folders.
fn services(root: &dyn Root, folders: &[String], command: &Command) -> Found {
    let mut found = Found::default();
    for folder in folders {
        for name in root.names(folder) {
            let directory = format!("{folder}/{name}");
            let run = format!("{directory}/run");
            let script = root.text(&run).is_some() || root.is_program(&run);
            // The follower says of one more than it follows that they are too many.
            if script && found.commands.len() <= MOST {
                found.commands.push(Command {
                    words: vec![run],
                    directory,
                    ..command.clone()
                });
            }
        }
    }
    found
}

/// supervisord(1) with its configuration.
fn supervisord(root: &dyn Root, command: &Command, budget: &Budget) -> Found {
    let mut found = Found::default();
    let mut words = command.words.iter();
    let mut named = None;
    while let Some(word) = words.next() {
        match word.as_str() {
            "-c" | "--configuration" => named = words.next().map(|path| absolute(command, path)),
            word => {
                if let Some(path) = word.strip_prefix("--configuration=") {
                    named = Some(absolute(command, path));
                }
            }
        }
    }
    let usual = || {
        let mut all = ["supervisord.conf", "etc/supervisord.conf"]
            .map(|path| absolute(command, path))
            .into_iter()
            .chain(SUPERVISORD.map(str::to_owned));
        all.find(|path| root.text(path).is_some())
    };
    let Some(path) = named.or_else(usual) else {
        let what = "supervisord".to_owned();
        let why = "its configuration is not in the image".to_owned();
        found.unclear.push((what, why));
        return found;
    };
    let mut files = vec![path.clone()];
    let mut at = 0;
    while let Some(file) = files.get(at).cloned() {
        at += 1;
        let Some(text) = root.text(&file) else {
            found.unclear.push((file, "it cannot be read".to_owned()));
            continue;
        };
        let included = section_file(&file, &text, (command, budget), &mut found);
        // Only the main file includes others.
        if at == 1 {
            let folder = parent(&path).to_owned();
            let all = included
                .iter()
                .flat_map(|pattern| matching(root, &folder, pattern));
            let all: BTreeSet<String> = all.take(MOST_FILES).collect();
            files.extend(all);
        }
    }
    found
}

/// One file: its programs go to `found`. Returns the patterns that it includes.
fn section_file(
    file: &str,
    text: &str,
    (command, budget): (&Command, &Budget),
    found: &mut Found,
) -> Vec<String> {
    let mut included = Vec::new();
    let mut section = "";
    let mut program = Section::default();
    for (n, line) in text.lines().enumerate() {
        let line = line.split(" ;").next().unwrap_or_default().trim();
        if line.is_empty() || line.starts_with(['#', ';']) {
            continue;
        }
        let header = line
            .strip_prefix('[')
            .and_then(|rest| rest.strip_suffix(']'));
        if let Some(name) = header {
            std::mem::take(&mut program).keep(file, command, found);
            section = name.trim();
            continue;
        }
        let Some((key, value)) = line.split_once(['=', ':']) else {
            continue;
        };
        let value = value.trim();
        match key.trim() {
            "files" if section == "include" => {
                included.extend(value.split_whitespace().map(str::to_owned));
            }
            _ if !section.starts_with("program:") => {}
            "command" => program.command = Some((n + 1, expand(value, command, budget))),
            "directory" => program.directory = Some(absolute(command, value)),
            "autostart" => program.stays = value == "false",
            _ => {}
        }
    }
    program.keep(file, command, found);
    included
}

/// One `[program:x]`.
#[derive(Debug, Default)]
struct Section {
    /// Line and value.
    command: Option<(usize, String)>,
    directory: Option<String>,
    /// Whether it is not started by itself.
    stays: bool,
}

impl Section {
    fn keep(self, file: &str, command: &Command, found: &mut Found) {
        if found.commands.len() + found.unclear.len() > MOST {
            return;
        }
        let Some((line, text)) = self.command.filter(|_| !self.stays) else {
            return;
        };
        let words = shlex::split(&text).unwrap_or_default();
        if words.is_empty() || text.contains("%(") {
            let why = "which program it is only supervisord knows".to_owned();
            return found.unclear.push((format!("{file}:{line}"), why));
        }
        found.commands.push(Command {
            words,
            directory: self.directory.unwrap_or_else(|| command.directory.clone()),
            ..command.clone()
        });
    }
}

/// `%(ENV_NAME)s` of supervisord, once: what a value holds is not looked at again. What cannot be replaced
/// stays as it is.
fn expand(value: &str, command: &Command, budget: &Budget) -> String {
    let mut out = String::new();
    let mut rest = value;
    while let Some((before, after)) = rest.split_once("%(") {
        out.push_str(before);
        let known = after.split_once(")s").and_then(|(name, behind)| {
            let value = command.variables.get(name.strip_prefix("ENV_")?)?;
            budget.take(value.len()).then_some((value, behind))
        });
        match known {
            Some((value, behind)) => {
                out.push_str(value);
                rest = behind;
            }
            None => {
                out.push_str("%(");
                rest = after;
            }
        }
    }
    out + rest
}

/// The files that a pattern of `[include]` means: only its last part may have wildcards here.
fn matching(root: &dyn Root, folder: &str, pattern: &str) -> Vec<String> {
    let pattern = crate::services::host::join(folder, pattern);
    let directory = parent(&pattern);
    let Ok(glob) = glob::Pattern::new(file_name(&pattern)) else {
        return Vec::new();
    };
    let names = root.names(directory).into_iter();
    let fitting = names.filter(|name| glob.matches(name));
    fitting.map(|name| format!("{directory}/{name}")).collect()
}
