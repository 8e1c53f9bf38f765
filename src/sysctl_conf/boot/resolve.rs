//! Which of a stage's lines sets a key, by the rules of whatever applies them.

use std::collections::BTreeMap;

use super::Kernel;
use super::lines::Lines;

/// A line of a stage, in the order of application.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Line {
    /// Path of the file, for people: where a link leads.
    pub(super) file: String,
    /// Line number, from 1.
    pub(super) line: usize,
    /// Normalised; may be a glob.
    pub(super) key: String,
    /// `None`: keeps its key out of globs.
    pub(super) value: Option<String>,
    /// Whether the key, named here, is kept out of globs.
    pub(super) recognised: bool,
    /// Whether the value is written only where it changes the current one in one direction.
    pub(super) only: Option<Only>,
}

/// TuneD's modifiers of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Only {
    /// `=>`
    Raise,
    /// `=<`
    Lower,
}

/// The rules of what applies the lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rules {
    /// One assignment a key, the last; it counts more than a glob, and an exclusion undoes it
    /// (systemd-sysctl).
    Map,
    /// Every line in its order, but a key that any line names is left out of globs (procps 4).
    List,
    /// Every line in its order; no globs.
    Each,
    /// The same up to the first value that the kernel refuses, which ends the program (BusyBox).
    UntilRefused,
}

/// How a line fares within its stage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Fare {
    /// The kernel gets this value.
    Written(String),
    /// Another line of the stage counts instead, for this reason.
    Beaten(String),
    /// The kernel does not take it, for this reason.
    Refused(String),
    /// It is left out, for this reason.
    Left(String),
}

impl Line {
    fn place(&self) -> String {
        format!("{}:{}", self.file, self.line)
    }
}

/// How the lines that are about a key fare, by index, in the order in which they are written. `now`
/// is the value before.
pub(super) fn resolve(
    lines: &Lines,
    key: &str,
    now: Option<&str>,
    kernel: &dyn Kernel,
) -> Vec<(usize, Fare)> {
    let (explicit, globs) = lines.about(key);
    let (rules, lines, end) = (lines.rules, &lines.all, || lines.end(kernel));
    match rules {
        Rules::Each | Rules::UntilRefused => {
            let end = match rules {
                Rules::UntilRefused => end(),
                _ => None,
            };
            let reached = |n: &&usize| end.is_none_or(|end| **n <= end);
            let (reached, beyond): (Vec<usize>, Vec<usize>) = explicit.iter().partition(reached);
            let mut fares = write(lines, &reached, key, now, kernel);
            if let Some(end) = end {
                let why = format!(
                    "the kernel does not take the value of {}, which ends this file",
                    lines[end].place()
                );
                fares.extend(beyond.iter().map(|&n| (n, Fare::Refused(why.clone()))));
            }
            let why = "patterns are not known here";
            fares.extend(globs.iter().map(|&n| (n, Fare::Left(why.to_owned()))));
            fares
        }
        Rules::List => write_list(lines, &explicit, &globs, key, now, kernel),
        Rules::Map => {
            let mut fares = beaten_globs(lines, &globs, &explicit);
            let Some((&last, earlier)) = explicit.split_last() else {
                fares.extend(globs_of_map(lines, &globs, key, now, kernel));
                return fares;
            };
            let of_last = &lines[last];
            let why = match of_last.value {
                Some(_) => format!("{} sets it after that", of_last.place()),
                None => format!("{} takes it back: -{key}", of_last.place()),
            };
            fares.extend(earlier.iter().map(|&n| (n, Fare::Beaten(why.clone()))));
            match of_last.value {
                Some(_) => fares.extend(write(lines, &[last], key, now, kernel)),
                None => fares.extend(excluding(&[last])),
            }
            fares
        }
    }
}

/// The lines of procps 4: each in its order, and globs only where no line names the key.
fn write_list(
    lines: &[Line],
    explicit: &[usize],
    globs: &[usize],
    key: &str,
    now: Option<&str>,
    kernel: &dyn Kernel,
) -> Vec<(usize, Fare)> {
    let sets = |n: &&usize| lines[**n].value.is_some();
    let (mut written, kept_out): (Vec<usize>, Vec<usize>) = explicit.iter().partition(sets);
    let (patterns, mute): (Vec<usize>, Vec<usize>) = globs.iter().partition(sets);
    let named = explicit.iter().copied().filter(|&n| lines[n].recognised);
    let named: Vec<usize> = named.collect();
    let mut fares: Vec<(usize, Fare)> = excluding(&kept_out).collect();
    let why = "it sets nothing: an exclusion cannot be a pattern here";
    fares.extend(mute.iter().map(|&n| (n, Fare::Refused(why.to_owned()))));
    fares.extend(beaten_globs(lines, &patterns, &named));
    if named.is_empty() {
        written.extend(patterns);
        written.sort_unstable();
    }
    fares.extend(write(lines, &written, key, now, kernel));
    fares
}

/// Lines that only keep a key out of globs.
fn excluding(lines: &[usize]) -> impl Iterator<Item = (usize, Fare)> + '_ {
    let why = "it sets nothing: it keeps the key out of patterns";
    lines.iter().map(move |&n| (n, Fare::Left(why.to_owned())))
}

/// Globs where a line names the key itself.
fn beaten_globs(lines: &[Line], globs: &[usize], explicit: &[usize]) -> Vec<(usize, Fare)> {
    let Some(&by) = explicit.last() else {
        return Vec::new();
    };
    let why = match lines[by].value {
        Some(_) => format!("{} names the key itself", lines[by].place()),
        None => format!("{} keeps the key out of patterns", lines[by].place()),
    };
    let beaten = globs.iter().map(|&n| (n, Fare::Beaten(why.clone())));
    beaten.collect()
}

/// The globs of systemd-sysctl: each is known once, at the place where it was first given its value.
fn globs_of_map(
    lines: &[Line],
    globs: &[usize],
    key: &str,
    now: Option<&str>,
    kernel: &dyn Kernel,
) -> Vec<(usize, Fare)> {
    // Of each glob: its place in the order, and the line that counts.
    let mut known: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    let mut fares = Vec::new();
    for &n in globs {
        let line = &lines[n];
        let place = match known.get(line.key.as_str()) {
            Some(&(place, before)) => {
                let why = format!("{} sets the same pattern after that", line.place());
                fares.push((before, Fare::Beaten(why)));
                if lines[before].value == line.value {
                    place
                } else {
                    n
                }
            }
            None => n,
        };
        known.insert(&line.key, (place, n));
    }
    let mut order: Vec<(usize, usize)> = known.into_values().collect();
    order.sort_unstable();
    let order: Vec<usize> = order.into_iter().map(|(_, line)| line).collect();
    let (set, kept_out): (Vec<usize>, Vec<usize>) =
        order.iter().partition(|&&n| lines[n].value.is_some());
    fares.extend(excluding(&kept_out));
    fares.extend(write(lines, &set, key, now, kernel));
    fares
}

/// Lines that are written one after the other.
fn write(
    lines: &[Line],
    which: &[usize],
    key: &str,
    now: Option<&str>,
    kernel: &dyn Kernel,
) -> Vec<(usize, Fare)> {
    let mut now = now.map(str::to_owned);
    let mut fares = Vec::with_capacity(which.len());
    for &n in which {
        let line = &lines[n];
        let value = line.value.clone().unwrap_or_default();
        let refusal = || {
            let why = kernel.refusal(key, &value)?;
            Some(format!("the kernel does not take it: {why}"))
        };
        let fare = match kernel.lacks(key).or_else(refusal) {
            Some(why) => Fare::Refused(why),
            None => match kept(line.only, now.as_deref(), &value) {
                Some(why) => Fare::Left(why),
                None => {
                    now = Some(value.clone());
                    Fare::Written(value)
                }
            },
        };
        fares.push((n, fare));
    }
    fares
}

/// Why a value that is written only in one direction is left out.
fn kept(only: Option<Only>, now: Option<&str>, value: &str) -> Option<String> {
    let number = |text: &str| text.trim().parse::<i64>().ok();
    let (now, value) = (number(now?)?, number(value)?);
    match only? {
        Only::Raise => {
            (now >= value).then(|| format!("it only raises, and there is {now} already"))
        }
        Only::Lower => {
            (now <= value).then(|| format!("it only lowers, and there is {now} already"))
        }
    }
}
