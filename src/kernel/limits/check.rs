//! Which inputs a kernel takes at all: its sysctls refuse some numbers.

use std::fmt;
use std::ops::RangeInclusive;

use super::Inputs;
use crate::kernel::sysctls::{self, ValueFault};
use crate::kernel::version::Version;

/// The oldest kernel whose source was read.
pub const OLDEST: Version = Version::new(3, 0);

/// Where the catalogue knows no bounds, a number of 32 bits is taken as it is.
const UNCHECKED: RangeInclusive<i64> = i32::MIN as i64..=i32::MAX as i64;

/// An input that the kernel refuses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// The kernel is older than the model.
    TooOld(Version),
    /// A sysctl does not take the number.
    Refused {
        /// Its key.
        key: &'static str,
        /// Why.
        why: ValueFault,
        /// What the kernel takes.
        range: RangeInclusive<i64>,
    },
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooOld(kernel) => write!(
                f,
                "the rules of Linux {kernel} are not known: the oldest that was read is {OLDEST}; ask for \
                 {OLDEST} or later, as `--kernel {OLDEST}`"
            ),
            Self::Refused { key, why, range } => {
                let (least, most) = (range.start(), range.end());
                write!(f, "{key}: {why}; give {least} to {most}")
            }
        }
    }
}

/// Whether a kernel takes these numbers.
///
/// # Errors
/// The first input that it refuses, with the range.
pub fn check(inputs: &Inputs) -> Result<(), Fault> {
    let kernel = inputs.kernel;
    if kernel < OLDEST {
        return Err(Fault::TooOld(kernel));
    }
    for (key, value) in [
        ("net.core.somaxconn", inputs.somaxconn),
        ("net.ipv4.tcp_max_syn_backlog", inputs.max_syn_backlog),
        ("net.ipv4.tcp_syncookies", inputs.syncookies),
    ] {
        let range = sysctls::range(key, Some(kernel)).unwrap_or(UNCHECKED);
        if !range.contains(&value) {
            let why = ValueFault::OutOfRange {
                value: value.to_string(),
                least: *range.start(),
                most: *range.end(),
                kernel: Some(kernel),
            };
            return Err(Fault::Refused { key, why, range });
        }
    }
    Ok(())
}
