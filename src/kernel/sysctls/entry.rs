//! What one entry of the catalogue says, and the words that the tables are written in. A version is
//! the first with a fact, as the kernel's source or Documentation/ has it; a distribution may have
//! brought it to an older one. What is not certain is left out, never guessed.

use crate::kernel::version::Version;

/// What a sysctl's value is, for typing the conditions of rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// One whole number.
    Int,
    /// Words, several numbers, or a number that may not fit in 63 bits.
    Text,
}

/// One known sysctl.
#[derive(Debug)]
pub struct Sysctl {
    /// Dotted key. A `*` stands for one whole component, such as the interface's name in
    /// `net.ipv4.conf.*.rp_filter`.
    pub key: &'static str,
    /// Kind of its value.
    pub kind: Kind,
    /// What it decides, with its unit.
    pub meaning: &'static str,
    /// The kernel's file that has it, as a path in its source.
    pub source: &'static str,
    /// Whose value it is. `None`: not known.
    pub(super) owner: Option<Owner>,
    /// The first version that has it. `None`: as old as [`OLDEST`], or not known.
    pub(super) since: Option<Version>,
    /// The first version without it.
    pub(super) gone: Option<Gone>,
    /// What the kernel itself starts with.
    pub(super) default: Start,
    /// What can be written, by the first version where that holds. Nothing before the first: not
    /// known there.
    pub(super) takes: &'static [(Version, Takes)],
}

/// Whose value a sysctl is.
#[derive(Debug, Clone, Copy)]
pub(super) enum Owner {
    /// Each namespace has its own since this version, and the machine had one before.
    Each(Version),
    /// The machine has one, which other namespaces show since this version. `None`: none does.
    Machine(Option<Version>),
}

/// How a sysctl ended.
#[derive(Debug, Clone, Copy)]
pub(super) struct Gone {
    /// The first version without it.
    pub(super) in_: Version,
    /// The key that does the same.
    pub(super) instead: Option<&'static str>,
}

/// What the kernel itself starts with.
#[derive(Debug, Clone, Copy)]
pub(super) enum Start {
    /// It depends on memory, on processors or on the build, or is not known.
    Depends,
    /// The same in all versions.
    Always(&'static str),
    /// By the first version that starts so, oldest first; `None` where it depends.
    By(&'static [(Version, Option<&'static str>)]),
}

/// What write(2) takes.
#[derive(Debug, Clone, Copy)]
pub(super) enum Takes {
    /// One whole number in this range.
    Number(i64, i64),
    /// Seconds that are kept as ticks in 31 bits (`proc_dointvec_jiffies`).
    Seconds,
    /// Milliseconds that are rounded to ticks (`proc_dointvec_ms_jiffies`).
    Milliseconds,
    /// So many whole numbers, each in this range.
    Numbers(usize, i64, i64),
    /// The lowest and the highest port.
    PortRange,
    /// Ports and ranges of ports with commas between, or nothing.
    Ports,
    /// One word.
    Word,
    /// Nothing: the file is read-only.
    Nothing,
}

/// Where the catalogue begins: older kernels are not told from it.
pub(super) const OLDEST: Version = Version::new(3, 0);
pub(super) const V3_10: Version = Version::new(3, 10);
pub(super) const V4_15: Version = Version::new(4, 15);
/// Where small numbers came to be kept in 8 bits (commit cb9444130662).
pub(super) const V5_13: Version = Version::new(5, 13);
/// The version on which all that has no older entry was measured.
pub(super) const MEASURED: Version = Version::new(6, 18);

pub(super) const I32: Takes = Takes::Number(i32::MIN as i64, i32::MAX as i64);
pub(super) const U31: Takes = Takes::Number(0, i32::MAX as i64);
pub(super) const U8: Takes = Takes::Number(0, 255);
pub(super) const FLAG: Takes = Takes::Number(0, 1);

/// Any number of 32 bits.
pub(super) const ANY: &[(Version, Takes)] = &[(OLDEST, I32)];
/// No number below 0.
pub(super) const POSITIVE: &[(Version, Takes)] = &[(OLDEST, U31)];
/// 0 or 1.
pub(super) const SWITCH: &[(Version, Takes)] = &[(OLDEST, FLAG)];
/// 8 bits of late (`proc_dou8vec_minmax`).
pub(super) const BYTE: &[(Version, Takes)] = &[(OLDEST, I32), (V5_13, U8)];
pub(super) const SECONDS: &[(Version, Takes)] = &[(OLDEST, Takes::Seconds)];
pub(super) const MILLISECONDS: &[(Version, Takes)] = &[(OLDEST, Takes::Milliseconds)];
pub(super) const READ_ONLY: &[(Version, Takes)] = &[(OLDEST, Takes::Nothing)];
pub(super) const WORD: &[(Version, Takes)] = &[(OLDEST, Takes::Word)];
/// A number of 63 bits (`proc_doulongvec_minmax`).
pub(super) const LONG: &[(Version, Takes)] = &[(OLDEST, Takes::Number(0, i64::MAX))];

/// Three limits of the machine's memory, in pages.
pub(super) const MEMORY: &[(Version, Takes)] = &[(OLDEST, Takes::Numbers(3, 0, i64::MAX))];

/// A sysctl that is one whole number.
pub(super) const fn int(key: &'static str, source: &'static str, meaning: &'static str) -> Sysctl {
    Sysctl {
        key,
        kind: Kind::Int,
        meaning,
        source,
        owner: None,
        since: None,
        gone: None,
        default: Start::Depends,
        takes: &[],
    }
}

/// A sysctl that is something else.
pub(super) const fn text(key: &'static str, source: &'static str, meaning: &'static str) -> Sysctl {
    let mut entry = int(key, source, meaning);
    entry.kind = Kind::Text;
    entry
}

impl Sysctl {
    /// Each namespace has its own since this version.
    pub(super) const fn own(mut self, since: Version) -> Self {
        self.owner = Some(Owner::Each(since));
        self
    }

    /// The machine has one, and no other namespace has the file.
    pub(super) const fn machine(mut self) -> Self {
        self.owner = Some(Owner::Machine(None));
        self
    }

    /// The machine has one, which other namespaces show since this version.
    pub(super) const fn shown(mut self, since: Version) -> Self {
        self.owner = Some(Owner::Machine(Some(since)));
        self
    }

    /// The first version that has it.
    pub(super) const fn since(mut self, major: u32, minor: u32) -> Self {
        self.since = Some(Version::new(major, minor));
        self
    }

    /// The first version without it, and what does the same there.
    pub(super) const fn gone(
        mut self,
        major: u32,
        minor: u32,
        instead: Option<&'static str>,
    ) -> Self {
        let in_ = Version::new(major, minor);
        self.gone = Some(Gone { in_, instead });
        self
    }

    /// What every kernel starts with.
    pub(super) const fn starts(mut self, value: &'static str) -> Self {
        self.default = Start::Always(value);
        self
    }

    /// What kernels start with, by version.
    pub(super) const fn starts_by(
        mut self,
        values: &'static [(Version, Option<&'static str>)],
    ) -> Self {
        self.default = Start::By(values);
        self
    }

    /// What can be written.
    pub(super) const fn takes(mut self, takes: &'static [(Version, Takes)]) -> Self {
        self.takes = takes;
        self
    }

    /// What can be written in a kernel, the newest known where the version is not.
    pub(super) fn taken(&self, kernel: Option<Version>) -> Option<Takes> {
        at(self.takes, kernel)
    }

    /// What the kernel itself starts with.
    pub(super) fn start(&self, kernel: Option<Version>) -> Option<&'static str> {
        match self.default {
            Start::Depends => None,
            Start::Always(value) => Some(value),
            Start::By(values) => at(values, kernel).flatten(),
        }
    }

    /// Whether the key is this one, or one that its `*` stands for.
    pub(super) fn fits(&self, key: &str) -> bool {
        let (mut pattern, mut parts) = (self.key.split('.'), key.split('.'));
        loop {
            match (pattern.next(), parts.next()) {
                (None, None) => return true,
                (Some("*"), Some(part)) if !part.is_empty() => {}
                (Some(wanted), Some(part)) if wanted == part => {}
                _ => return false,
            }
        }
    }

    /// Whether the key has a `*`.
    pub(super) fn is_pattern(&self) -> bool {
        self.key.contains('*')
    }
}

/// The last that holds in a kernel, of a list that is sorted by version.
fn at<T: Copy>(list: &[(Version, T)], kernel: Option<Version>) -> Option<T> {
    let mut held = list.iter().rev();
    let holds = |from: Version| kernel.is_none_or(|kernel| kernel >= from);
    held.find(|(from, _)| holds(*from)).map(|(_, what)| *what)
}
