//! systemd: `Backlog=` of .socket units with their drop-ins, and the command line that a service
//! was started with.
//!
//! Follows systemd.unit(5) (unit paths, drop-ins by name, masks), systemd.syntax(7) and
//! systemd.socket(5).

use std::collections::BTreeMap;

use super::{Place, Reading, Setting};
use crate::services::endpoint::Endpoint;
use crate::services::host::{Files, Host};

/// Where units are, best first.
const DIRECTORIES: [&str; 5] = [
    "/etc/systemd/system",
    "/run/systemd/system",
    "/usr/local/lib/systemd/system",
    "/usr/lib/systemd/system",
    "/lib/systemd/system",
];

/// What all .socket units ask for, by the addresses that they listen on.
pub(in crate::services) fn sockets(files: &mut Files<'_>) -> Reading {
    let mut names: Vec<String> = DIRECTORIES
        .iter()
        .flat_map(|directory| files.list(directory))
        .filter(|name| name.ends_with(".socket"))
        .collect();
    names.sort();
    names.dedup();
    let mut settings = Vec::new();
    for name in names {
        let mut addresses = Vec::new();
        let mut backlog = None;
        for (text, path) in texts(files, &name) {
            for Assignment {
                section,
                key,
                value,
                line,
            } in assignments(&text)
            {
                match (section.as_str(), key.as_str()) {
                    ("Socket", "ListenStream" | "ListenSequentialPacket") if value.is_empty() => {
                        addresses.clear()
                    }
                    ("Socket", "ListenStream" | "ListenSequentialPacket") => {
                        addresses.extend(endpoints(&value))
                    }
                    ("Socket", "Backlog") => {
                        let place = Place::Line(path.clone(), line);
                        // 4294967295 is its spelling of "as much as there is".
                        let number = value.parse::<u32>().ok().map(i64::from);
                        backlog = number.map(|number| (number.min(i64::from(i32::MAX)), place));
                    }
                    _ => {}
                }
            }
        }
        if let Some((number, place)) = backlog {
            let number = (number < i64::from(i32::MAX)).then_some(number);
            settings.extend(
                addresses
                    .into_iter()
                    .map(|on| Setting::configured(on, number, place.clone())),
            );
        }
    }
    Reading {
        settings,
        complete: !files.has_faults(),
    }
}

/// The sockets of an address: a port alone is one socket of IPv6 that serves IPv4 too, or one of
/// IPv4 where there is no IPv6.
fn endpoints(value: &str) -> Vec<Endpoint> {
    let value = value.replace("%t", "/run").replace("%%", "%");
    if let Ok(port) = value.parse() {
        return vec![Endpoint::port_v6(port), Endpoint::port_v4(port)];
    }
    Endpoint::parse(&value, None).into_iter().collect()
}

/// The command line of a service unit, as far as it can be read from its files.
pub(in crate::services) fn command_line(
    host: &dyn Host,
    pid: u32,
    unit: &str,
) -> Option<Vec<String>> {
    let mut files = Files::new(host, pid);
    let mut started = None;
    let mut variables = BTreeMap::new();
    for (text, _) in texts(&mut files, unit) {
        for Assignment {
            section,
            key,
            value,
            ..
        } in assignments(&text)
        {
            match (section.as_str(), key.as_str()) {
                ("Service", "ExecStart") if value.is_empty() => started = None,
                ("Service", "ExecStart") => started = Some(value),
                ("Service", "Environment") => keep_variables(&value, &mut variables),
                ("Service", "EnvironmentFile") => {
                    let text = files
                        .read(value.trim_start_matches('-'))
                        .unwrap_or_default();
                    for line in text
                        .lines()
                        .filter(|line| !line.trim_start().starts_with(['#', ';']))
                    {
                        keep_variables(line, &mut variables);
                    }
                }
                _ => {}
            }
        }
    }
    let words = shlex::split(started?.trim_start_matches(['@', '-', ':', '+', '!']))?;
    let instance = unit
        .split_once('@')
        .and_then(|(_, rest)| rest.rsplit_once('.'));
    let instance = instance.map_or("", |(instance, _)| instance);
    let expand = |word: String| -> Vec<String> {
        let word = word
            .replace("%i", instance)
            .replace("%I", instance)
            .replace("%t", "/run");
        let name = word
            .strip_prefix('$')
            .map(|name| name.trim_start_matches('{').trim_end_matches('}'));
        match name {
            // A variable alone is split into words, one in braces is not.
            Some(name) if word.starts_with("${") => {
                variables.get(name).cloned().into_iter().collect()
            }
            Some(name) => variables
                .get(name)
                .and_then(|value| shlex::split(value))
                .unwrap_or_default(),
            None => vec![word],
        }
    };
    Some(words.into_iter().flat_map(expand).collect())
}

fn keep_variables(value: &str, variables: &mut BTreeMap<String, String>) {
    for word in shlex::split(value).unwrap_or_default() {
        if let Some((name, value)) = word.split_once('=') {
            variables.insert(name.to_owned(), value.to_owned());
        }
    }
}

/// The texts of a unit in the order that they count: its own file, then its drop-ins by name.
fn texts(files: &mut Files<'_>, unit: &str) -> Vec<(String, String)> {
    // An instance without a file of its own has that of its template.
    let template = unit
        .split_once('@')
        .and_then(|(name, rest)| Some((name, rest.rsplit_once('.')?.1)));
    let template = template.map(|(name, suffix)| format!("{name}@.{suffix}"));
    let mut found = Vec::new();
    for name in [Some(unit), template.as_deref()].into_iter().flatten() {
        let paths = DIRECTORIES.map(|directory| format!("{directory}/{name}"));
        if let Some((path, text)) = files.first(&paths) {
            found.push((text, path));
            break;
        }
    }
    if found.is_empty() {
        return found;
    }
    // A drop-in of a better directory takes the place of one with the same name.
    let mut drop_ins: BTreeMap<String, String> = BTreeMap::new();
    for name in [Some(unit), template.as_deref()].into_iter().flatten() {
        for directory in DIRECTORIES {
            let directory = format!("{directory}/{name}.d");
            for file in files.list(&directory) {
                if file.ends_with(".conf") {
                    let path = format!("{directory}/{file}");
                    drop_ins.entry(file).or_insert(path);
                }
            }
        }
    }
    for path in drop_ins.into_values() {
        if let Some(text) = files.read(&path) {
            found.push((text, path));
        }
    }
    found
}

struct Assignment {
    section: String,
    key: String,
    value: String,
    line: usize,
}

/// The assignments of a unit file; a backslash at the end of a line continues it.
fn assignments(text: &str) -> Vec<Assignment> {
    let mut found = Vec::new();
    let mut section = String::new();
    let mut lines = text.lines().enumerate();
    while let Some((number, line)) = lines.next() {
        let mut content = line.trim().to_owned();
        if content.starts_with(['#', ';']) {
            continue;
        }
        while let Some(begun) = content.strip_suffix('\\') {
            let Some((_, next)) = lines.next() else { break };
            content = if next.trim_start().starts_with(['#', ';']) {
                content
            } else {
                format!("{begun} {}", next.trim())
            };
        }
        if let Some(name) = content
            .strip_prefix('[')
            .and_then(|rest| rest.strip_suffix(']'))
        {
            section = name.to_owned();
        } else if let Some((key, value)) = content.split_once('=') {
            found.push(Assignment {
                section: section.clone(),
                key: key.trim().to_owned(),
                value: value.trim().to_owned(),
                line: number + 1,
            });
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::services::readers::tests::Fake;

    fn settings(files: &[(&str, &str)]) -> Vec<String> {
        let fake = Fake::new(files);
        fake.settings(|context| sockets(&mut context.files), &[], None)
            .0
    }

    #[test]
    fn a_drop_in_decides_and_a_better_directory_hides() {
        let found = settings(&[
            (
                "/usr/lib/systemd/system/ssh.socket",
                "[Socket]\nListenStream=22\nBacklog=128\n",
            ),
            (
                "/usr/lib/systemd/system/a.socket",
                "[Socket]\nListenStream=%t/a\nBacklog=1\n",
            ),
            (
                "/etc/systemd/system/a.socket",
                "[Socket]\nListenStream=%t/b\n\nBacklog = \\\n 2\n",
            ),
            (
                "/etc/systemd/system/ssh.socket.d/backlog.conf",
                "# more\n[Socket]\nBacklog=4096\n",
            ),
            (
                "/lib/systemd/system/none.socket",
                "[Socket]\nListenStream=1\n",
            ),
        ]);
        let expected = [
            "/run/b = 2 at /etc/systemd/system/a.socket:4",
            "[::]:22 = 4096 at /etc/systemd/system/ssh.socket.d/backlog.conf:3",
            "0.0.0.0:22 = 4096 at /etc/systemd/system/ssh.socket.d/backlog.conf:3",
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn as_much_as_there_is_has_no_number() {
        let found = settings(&[(
            "/etc/systemd/system/a.socket",
            "[Socket]\nListenStream=@a\nBacklog=4294967295\n",
        )]);
        assert_eq!(found, ["@a = all at /etc/systemd/system/a.socket:3"]);
    }

    #[test]
    fn a_command_line_is_read_from_the_unit() {
        let fake = Fake::new(&[
            (
                "/lib/systemd/system/r@.service",
                "[Service]\nEnvironmentFile=-/etc/default/r\nExecStart=-/usr/bin/r /etc/%i.conf \\\n  $OPTIONS \"a b\"\n",
            ),
            ("/etc/default/r", "# x\nOPTIONS=\"--n 7\"\n"),
        ]);
        let words = command_line(&fake, 1, "r@one.service").unwrap();
        assert_eq!(words, ["/usr/bin/r", "/etc/one.conf", "--n", "7", "a b"]);
        assert_eq!(command_line(&fake, 1, "x.service"), None);
    }
}
