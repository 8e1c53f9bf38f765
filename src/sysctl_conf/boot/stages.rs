//! The stages of a boot that set sysctls, in their order, and what they come to for one key.

use std::collections::{BTreeMap, BTreeSet};

use super::lines::Lines;
use super::loader::{self, Fate, Procps, Runs};
use super::resolve::{Fare, Line, Rules, resolve};
use super::{Assigned, CANNOT_USE, History, Kernel, Status, tuned};
use crate::snapshot::{Boot, FileText, Loader};
use crate::sysctl_conf::dialect::{self, Setting};
use crate::sysctl_conf::key::normalise_key;
use crate::sysctl_conf::{Entry, entries};

/// ufw's switch, its settings, and the file that it loads unless these name another.
const UFW: &str = "/etc/ufw/ufw.conf";
const UFW_DEFAULTS: &str = "/etc/default/ufw";
const UFW_SYSCTLS: &str = "/etc/ufw/sysctl.conf";
/// ufw's name as a stage.
pub(super) const UFW_NAME: &str = "ufw";
/// Why ufw's line counts, as far as it does: its unit has no order against the loader's.
const UNORDERED: &str = "ufw applies it when it starts, in no fixed order with the loader";
/// What the words of the kernel's command line are said to stand in.
const CMDLINE: &str = "/proc/cmdline";

/// One thing that sets sysctls at boot.
#[derive(Debug)]
pub(super) struct Stage {
    /// Who it is, for people.
    pub(super) who: String,
    /// Its lines in the order of application.
    pub(super) lines: Lines,
    /// Lines that are not applied.
    pub(super) passed: Lines,
    /// For each of these what it fares, with the reason.
    why: Vec<(Status, String)>,
}

/// All stages of a boot with this loader.
pub(super) fn all(
    loader: Option<Loader>,
    files: &[FileText],
    boot: Option<&Boot>,
    runs: &Runs,
) -> Vec<Stage> {
    let mut stages = Vec::new();
    // A container shows the machine's command line.
    let boot = boot.filter(|_| !runs.in_container);
    stages.extend(boot.and_then(|boot| cmdline(&boot.cmdline)));
    stages.extend(of_loader(loader, files, runs));
    // Nothing of the following starts in a container.
    if !runs.in_container {
        stages.extend(ufw(files));
        stages.extend(tuned::stages(files, boot));
    }
    stages
}

/// `sysctl.KEY=VALUE` on the kernel's command line, which the kernel applies before it starts init
/// (`do_sysctl_args`, fs/proc/proc_sysctl.c, since 5.8).
fn cmdline(words: &[String]) -> Option<Stage> {
    let line = |(n, word): (usize, &String)| {
        let word = word
            .strip_prefix("sysctl.")
            .or_else(|| word.strip_prefix("sysctl/"))?;
        let (key, value) = word
            .split_once('=')
            .filter(|(_, value)| !value.is_empty())?;
        Some(Line {
            file: CMDLINE.to_owned(),
            line: n + 1,
            key: normalise_key(&key.replace('/', ".")),
            value: Some(value.to_owned()),
            recognised: true,
            only: None,
        })
    };
    let lines: Vec<Line> = words.iter().enumerate().filter_map(line).collect();
    (!lines.is_empty()).then(|| Stage::new("the kernel's command line", Rules::Each, lines))
}

/// A file's path for people: a link to a file that is one of the configuration's own is told as
/// that file, so that a line has one place.
fn shown(file: &FileText) -> &str {
    match file.link.as_deref() {
        Some("/dev/null") | None => &file.path,
        Some(target) => target,
    }
}

/// The stages of a loader: one, but where it starts a program for each file.
fn of_loader(loader: Option<Loader>, files: &[FileText], runs: &Runs) -> Vec<Stage> {
    let (order, fates) = loader::order(loader, files, runs);
    let (who, rules, read) = program(loader, runs);
    let mut passed = Vec::new();
    let mut applied: Vec<Vec<Line>> = Vec::new();
    for &index in &order {
        let file = &files[index];
        let settings = read(&file.text);
        passed.extend(unusable(file, &settings, who));
        applied.push(
            settings
                .into_iter()
                .map(|setting| line(file, setting))
                .collect(),
        );
    }
    for (file, fate) in files.iter().zip(&fates) {
        let (status, why) = match fate {
            Fate::Read => continue,
            Fate::Masked(by) => {
                let why = format!("{} has the same name and comes first", files[*by].path);
                (Status::Masked, why)
            }
            Fate::Dead(_) if is_others(&file.path) || is_read_as_link(file, files, &fates) => {
                continue;
            }
            Fate::Dead(why) => (Status::Dead, why.clone()),
        };
        let settings = dialect::systemd(&file.text).into_iter();
        passed.extend(settings.map(|setting| (line(file, setting), status, why.clone())));
    }
    if loader != Some(Loader::Busybox) {
        applied = vec![applied.concat()];
    }
    // What is not applied comes with a stage of its own, as there may be none else.
    applied.push(Vec::new());
    let mut stages: Vec<Stage> = applied
        .into_iter()
        .map(|lines| Stage::new(who, rules, lines))
        .collect();
    if let Some(last) = stages.last_mut() {
        last.pass_over(passed);
    }
    stages
}

/// What a loader runs: its name, its rules, and how it reads a file.
type Program = (&'static str, Rules, fn(&str) -> Vec<Setting<'_>>);

fn program(loader: Option<Loader>, runs: &Runs) -> Program {
    let of_procps: Program = match runs.procps {
        Procps::Globs => ("procps", Rules::List, |text| dialect::procps(text, true)),
        _ => ("procps", Rules::Each, |text| dialect::procps(text, false)),
    };
    match loader {
        None => ("nothing", Rules::Map, dialect::systemd),
        Some(Loader::SystemdSysctl) => ("systemd-sysctl", Rules::Map, dialect::systemd),
        Some(Loader::Procps) => of_procps,
        Some(Loader::Busybox) if runs.openrc_with_procps => of_procps,
        Some(Loader::Busybox) => ("busybox", Rules::UntilRefused, dialect::busybox),
    }
}

/// Whether a file is one that another stage reads.
fn is_others(path: &str) -> bool {
    path != loader::SYSCTL_CONF && !loader::is_drop_in(path)
}

/// Whether a file is read under the name of a link to it.
fn is_read_as_link(file: &FileText, files: &[FileText], fates: &[Fate]) -> bool {
    let mut links = files.iter().zip(fates);
    links.any(|(link, fate)| *fate == Fate::Read && link.link.as_deref() == Some(&file.path))
}

fn line(file: &FileText, setting: Setting<'_>) -> Line {
    Line {
        file: shown(file).to_owned(),
        line: setting.line,
        key: setting.key,
        value: setting.value.map(std::borrow::Cow::into_owned),
        recognised: setting.recognised,
        only: None,
    }
}

/// Lines that look like settings and are none to this loader.
fn unusable<'a>(
    file: &'a FileText,
    settings: &'a [Setting<'_>],
    who: &'a str,
) -> impl Iterator<Item = (Line, Status, String)> + 'a {
    let used: BTreeSet<(usize, &str)> = settings.iter().map(|it| (it.line, &*it.key)).collect();
    entries(file.text.as_bytes()).filter_map(move |entry| {
        let Entry::Assignment(found) = entry else {
            return None;
        };
        let used = used.contains(&(found.line, &found.key));
        (!used).then(|| {
            let line = Line {
                file: shown(file).to_owned(),
                line: found.line,
                key: found.key,
                value: Some(String::from_utf8_lossy(found.value).into_owned()),
                recognised: true,
                only: None,
            };
            (line, Status::Dead, format!("{who} {CANNOT_USE}"))
        })
    })
}

/// ufw loads a file of its own with `sysctl -p` when it starts (`ufw-init-functions`).
fn ufw(files: &[FileText]) -> Option<Stage> {
    let text = |path: &str| files.iter().find(|file| file.path == path);
    let setting = |path: &str, name: &str| {
        let lines = text(path)?.text.lines().rev();
        let mut values = lines.filter_map(|line| line.trim().strip_prefix(name)?.strip_prefix('='));
        Some(values.next()?.trim().trim_matches(['"', '\'']).to_owned())
    };
    if setting(UFW, "ENABLED").as_deref() != Some("yes") {
        return None;
    }
    let path = setting(UFW_DEFAULTS, "IPT_SYSCTL").unwrap_or_else(|| UFW_SYSCTLS.to_owned());
    let file = text(&path)?;
    let settings = dialect::procps(&file.text, true).into_iter();
    let lines = settings.map(|setting| line(file, setting)).collect();
    Some(Stage::new(UFW_NAME, Rules::List, lines))
}

impl Stage {
    pub(super) fn new(who: &str, rules: Rules, lines: Vec<Line>) -> Self {
        Self {
            who: who.to_owned(),
            lines: Lines::new(rules, lines),
            passed: Lines::new(rules, Vec::new()),
            why: Vec::new(),
        }
    }

    /// Adds lines that are not applied.
    fn pass_over(&mut self, passed: Vec<(Line, Status, String)>) {
        let mut lines = Vec::with_capacity(passed.len());
        for (line, status, why) in passed {
            lines.push(line);
            self.why.push((status, why));
        }
        self.passed = Lines::new(self.lines.rules, lines);
    }
}

/// What the stages come to for a key.
pub(super) fn history(stages: &[Stage], key: &str, kernel: &dyn Kernel) -> History {
    let mut applied: Vec<(Assigned, Option<&str>)> = Vec::new();
    let mut rest: Vec<Assigned> = Vec::new();
    let mut now = kernel.default(key);
    let mut value = None;
    for stage in stages {
        for (n, fare) in resolve(&stage.lines, key, now.as_deref(), kernel) {
            let line = &stage.lines.all[n];
            let (status, reason, written) = match fare {
                Fare::Written(new) => {
                    now = Some(new.clone());
                    value = Some(new);
                    (Status::Overridden, String::new(), Some(&*stage.who))
                }
                Fare::Beaten(why) => (Status::Overridden, why, None),
                Fare::Refused(why) => (Status::Refused, why, None),
                Fare::Left(why) => (Status::Dead, why, None),
            };
            applied.push((assigned(line, status, reason), written));
        }
        let (mut passed, covering) = stage.passed.about(key);
        passed.extend(covering);
        passed.sort_unstable();
        for n in passed {
            let (status, why) = &stage.why[n];
            rest.push(assigned(&stage.passed.all[n], *status, why.clone()));
        }
    }
    let winner = applied.iter().rposition(|(_, written)| written.is_some());
    if let Some(winner) = winner {
        let after = format!("{} sets it after that", applied[winner].0.place());
        for (n, (assigned, written)) in applied.iter_mut().enumerate() {
            match written {
                Some(who) if n == winner => {
                    assigned.status = Status::Wins;
                    assigned.reason = match *who {
                        UFW_NAME => UNORDERED.to_owned(),
                        who => format!("{who} applies it last"),
                    };
                }
                Some(_) => assigned.reason.clone_from(&after),
                None => {}
            }
        }
    }
    let applied = applied.into_iter().map(|(assigned, _)| assigned);
    History {
        assignments: once(applied.chain(rest).collect()),
        value,
    }
}

fn assigned(line: &Line, status: Status, reason: String) -> Assigned {
    Assigned {
        file: line.file.clone(),
        line: line.line,
        key: line.key.clone(),
        value: line.value.clone(),
        status,
        reason,
    }
}

/// Each line once, as it fares best: a file that is read twice, as itself and as a link, has its
/// last application.
fn once(all: Vec<Assigned>) -> Vec<Assigned> {
    let mut kept: Vec<Assigned> = Vec::with_capacity(all.len());
    let mut places: BTreeMap<(String, usize), usize> = BTreeMap::new();
    for assigned in all.into_iter().rev() {
        let place = (assigned.file.clone(), assigned.line);
        match places.get(&place).and_then(|at| kept.get_mut(*at)) {
            Some(known) if assigned.status < known.status => *known = assigned,
            Some(_) => {}
            None => {
                places.insert(place, kept.len());
                kept.push(assigned);
            }
        }
    }
    kept.reverse();
    kept
}
