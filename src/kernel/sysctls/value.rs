//! What write(2) does with a value, by what the catalogue's entry says that the sysctl takes.
//! tests/it/live/catalogue.rs compares with the running kernel.

use std::fmt;
use std::ops::RangeInclusive;

use super::entry::{Kind, Takes};
use super::find;
use super::notation::{fields, number};
use crate::kernel::version::Version;

/// Seconds that fit in 31 bits of ticks where these are longest, a hundred a second. What a kernel
/// with more of them a second takes is less, and which it is cannot be told from its version.
const MOST_SECONDS: i64 = i32::MAX as i64 / 100;
/// Why the kernel refuses a value, or keeps another than was meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ValueFault {
    /// There is nothing to write.
    Empty,
    /// A number is wanted.
    NotANumber,
    /// The wrong number of fields: the kernel keeps the old value of those that are missing, and
    /// forgets those that are too many.
    Fields {
        /// Fields that the sysctl has.
        wanted: usize,
        /// Fields of the value.
        found: usize,
    },
    /// A number below the least or above the most.
    OutOfRange {
        /// The number as it was written.
        value: String,
        /// The least that is taken.
        least: i64,
        /// The most that is taken.
        most: i64,
        /// The version that it was checked for. `None`: the newest known.
        kernel: Option<Version>,
    },
    /// Nothing can be written.
    ReadOnly,
    /// Something else than the sysctl is made of.
    OtherText {
        /// What it is made of.
        wanted: &'static str,
    },
}

impl fmt::Display for ValueFault {
    /// A clause, such as `70000 is more than 65535, the most that Linux 4.0 takes`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("there is no value"),
            Self::NotANumber => f.write_str("it is not a whole number"),
            Self::Fields { wanted: 1, found } => {
                write!(
                    f,
                    "it is one number, not {found}: the kernel keeps the first alone"
                )
            }
            Self::Fields { wanted, found } if found < wanted => write!(
                f,
                "it has {found} of {wanted} fields: the kernel keeps the others as they are"
            ),
            Self::Fields { wanted, found } => {
                write!(f, "it has {found} fields, and the sysctl has {wanted}")
            }
            Self::OutOfRange {
                value,
                least,
                most,
                kernel,
            } => {
                let above =
                    !value.starts_with('-') && number(value).is_none_or(|n| n > i128::from(*most));
                let (than, limit, end) = match above {
                    true => ("more", most, "most"),
                    false => ("less", least, "least"),
                };
                write!(f, "{value} is {than} than {limit}, the {end} that Linux ")?;
                if let Some(kernel) = kernel {
                    write!(f, "{kernel} ")?;
                }
                f.write_str("takes")
            }
            Self::ReadOnly => f.write_str("it is read-only"),
            Self::OtherText { wanted } => write!(f, "it is not {wanted}"),
        }
    }
}

/// What writing a value to a sysctl does on a kernel, the newest known where the version is not:
/// nothing is wrong with a key, or with the range of a version, that is not known.
///
/// NOTE: a name that only the running kernel can judge, such as a congestion control's, is fine
/// here, and so is a value that another sysctl, the build or the processor bounds.
///
/// # Errors
/// The kernel refuses the value, or keeps something else.
pub fn check_value(key: &str, value: &str, kernel: Option<Version>) -> Result<(), ValueFault> {
    let Some(sysctl) = find(key) else {
        return Ok(());
    };
    let fields = fields(value);
    match sysctl.taken(kernel) {
        Some(Takes::Number(least, most)) => one(&fields, least, most, kernel),
        Some(Takes::Seconds) => one(&fields, -MOST_SECONDS, MOST_SECONDS, kernel),
        Some(Takes::Milliseconds) => one(&fields, i64::MIN, i64::MAX, kernel),
        Some(Takes::Numbers(wanted, least, most)) => {
            several(&fields, wanted, least, most, kernel).map(drop)
        }
        Some(Takes::PortRange) => {
            let ports = several(&fields, 2, 1, i64::from(u16::MAX), kernel)?;
            let wanted = "the lowest port and then the highest";
            let ordered = ports.is_sorted();
            ordered
                .then_some(())
                .ok_or(ValueFault::OtherText { wanted })
        }
        Some(Takes::Ports) => ports(value.trim()),
        Some(Takes::Word) => word(value),
        Some(Takes::Nothing) => Err(ValueFault::ReadOnly),
        None if sysctl.kind == Kind::Int => one(&fields, i64::MIN, i64::MAX, kernel),
        None => Ok(()),
    }
}

/// What a sysctl of one number has after a value was written to it. `None`: it is none, or has no
/// number in 64 bits then.
pub fn written(key: &str, value: &str) -> Option<i64> {
    let int = find(key)?.kind == Kind::Int;
    let fields = fields(value);
    let first = fields.first().filter(|_| int)?;
    i64::try_from(number(first)?).ok()
}

/// A value as the kernel shows it once it was written: numbers in decimal, single blanks between them,
/// and of a sysctl of one number only the first. What a value leaves as it was is not in it.
pub fn kept(key: &str, value: &str) -> String {
    let sysctl = find(key);
    if sysctl.is_some_and(|sysctl| matches!(sysctl.taken(None), Some(Takes::Word))) {
        return value.split_whitespace().collect::<Vec<_>>().join(" ");
    }
    let int = sysctl.is_some_and(|sysctl| sysctl.kind == Kind::Int);
    let fields = fields(value).into_iter();
    let shown = |field: &str| match number(field) {
        Some(number) => number.to_string(),
        None => field.to_owned(),
    };
    let fields = fields.take(if int { 1 } else { usize::MAX }).map(shown);
    fields.collect::<Vec<_>>().join(" ")
}

/// The least and the most that a kernel takes for a sysctl of one number. `None`: it is none, or
/// the bounds are not known.
pub fn range(key: &str, kernel: Option<Version>) -> Option<RangeInclusive<i64>> {
    match find(key)?.taken(kernel)? {
        Takes::Number(least, most) => Some(least..=most),
        Takes::Seconds => Some(-MOST_SECONDS..=MOST_SECONDS),
        _ => None,
    }
}

/// What a value does that the kernel takes and that nobody means.
pub fn questionable(key: &str, value: &str) -> Option<&'static str> {
    let fields = fields(value);
    let first = fields.first().and_then(|field| number(field))?;
    match (key, first) {
        ("net.core.somaxconn", 0) => Some("every accept queue holds one connection"),
        ("net.ipv4.tcp_max_syn_backlog", 0) => {
            Some("without SYN cookies a listener holds one request")
        }
        ("net.ipv4.tcp_synack_retries", 0) => Some("a SYN-ACK that is lost is never sent again"),
        ("net.ipv4.tcp_tw_recycle", 1..) => {
            Some("clients that share an address are refused, such as those behind NAT")
        }
        ("net.ipv4.ip_local_port_range", low) => {
            let high = fields.get(1).and_then(|field| number(field));
            (high == Some(low)).then_some("one port is left for all outgoing connections")
        }
        _ => None,
    }
}

fn one(fields: &[&str], least: i64, most: i64, kernel: Option<Version>) -> Result<(), ValueFault> {
    let first = fields.first().ok_or(ValueFault::Empty)?;
    within(first, least, most, kernel)?;
    match fields.len() {
        1 => Ok(()),
        found => Err(ValueFault::Fields { wanted: 1, found }),
    }
}

fn several(
    fields: &[&str],
    wanted: usize,
    least: i64,
    most: i64,
    kernel: Option<Version>,
) -> Result<Vec<i128>, ValueFault> {
    if fields.is_empty() {
        return Err(ValueFault::Empty);
    }
    let numbers: Result<Vec<i128>, ValueFault> = fields
        .iter()
        .take(wanted)
        .map(|field| within(field, least, most, kernel))
        .collect();
    let numbers = numbers?;
    match fields.len() {
        found if found != wanted => Err(ValueFault::Fields { wanted, found }),
        _ => Ok(numbers),
    }
}

/// A number that has to be in a range.
fn within(field: &str, least: i64, most: i64, kernel: Option<Version>) -> Result<i128, ValueFault> {
    let number = number(field).ok_or(ValueFault::NotANumber)?;
    if (i128::from(least)..=i128::from(most)).contains(&number) {
        return Ok(number);
    }
    Err(ValueFault::OutOfRange {
        value: field.to_owned(),
        least,
        most,
        kernel,
    })
}

/// Ports and ranges of ports with commas between (`proc_do_large_bitmap`).
fn ports(value: &str) -> Result<(), ValueFault> {
    let port = |text: &str| number(text).filter(|port| (0..=i128::from(u16::MAX)).contains(port));
    let fits = |item: &str| match item.split_once('-') {
        Some((low, high)) => match (port(low), port(high)) {
            (Some(low), Some(high)) => low <= high,
            _ => false,
        },
        None => port(item).is_some(),
    };
    let list = value.strip_suffix(',').unwrap_or(value);
    let wanted = "ports with commas between, such as 80,8000-8010";
    let fine = value.is_empty() || list.split(',').all(fits);
    fine.then_some(()).ok_or(ValueFault::OtherText { wanted })
}

fn word(value: &str) -> Result<(), ValueFault> {
    let mut words = value.split_ascii_whitespace();
    match (words.next(), words.next()) {
        (None, _) => Err(ValueFault::Empty),
        (Some(_), None) => Ok(()),
        (Some(_), Some(_)) => Err(ValueFault::OtherText { wanted: "one word" }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(key: &str, value: &str, kernel: Option<(u32, u32)>) -> String {
        let kernel = kernel.map(|(major, minor)| Version::new(major, minor));
        match check_value(key, value, kernel) {
            Ok(()) => "fine".to_owned(),
            Err(fault) => fault.to_string(),
        }
    }

    fn newest(key: &str, value: &str) -> String {
        said(key, value, None)
    }

    #[test]
    fn somaxconn_has_16_bits_before_4_1() {
        let key = "net.core.somaxconn";
        let refused = "70000 is more than 65535, the most that Linux 4.0 takes";
        assert_eq!(said(key, "70000", Some((4, 0))), refused);
        assert_eq!(said(key, "70000", Some((4, 1))), "fine");
        let refused = "2147483648 is more than 2147483647, the most that Linux takes";
        assert_eq!(newest(key, "2147483648"), refused);
        let refused = "-1 is less than 0, the least that Linux 6.1 takes";
        assert_eq!(said(key, "-1", Some((6, 1))), refused);
    }

    #[test]
    fn numbers_are_read_as_c_has_them() {
        let key = "net.core.somaxconn";
        for value in [
            "2",
            " 2",
            "2\n",
            "0x10",
            "0X1f",
            "010",
            "-0",
            "65535 # ours",
            "2 ; x",
        ] {
            assert_eq!(newest(key, value), "fine", "{value:?}");
        }
        let odd = [
            "+2", "08", "2k", "2,3", "1e3", "2.5", "2#c", "0x", "-", "lots", "0x-1", "--1",
        ];
        for value in odd {
            assert_eq!(newest(key, value), "it is not a whole number", "{value:?}");
        }
        assert_eq!(newest(key, " "), "there is no value");
        let two = "it is one number, not 2: the kernel keeps the first alone";
        assert_eq!(newest(key, "2 3"), two);
    }

    #[test]
    fn a_buffer_has_three_fields() {
        let key = "net.ipv4.tcp_rmem";
        assert_eq!(newest(key, "4096 131072 6291456"), "fine");
        assert_eq!(newest(key, "4096\t131072\t6291456 # ours"), "fine");
        let two = "it has 2 of 3 fields: the kernel keeps the others as they are";
        assert_eq!(newest(key, "4096 131072"), two);
        let four = "it has 4 fields, and the sysctl has 3";
        assert_eq!(newest(key, "1 2 3 4"), four);
        assert_eq!(
            newest(key, "0 1 2"),
            "0 is less than 1, the least that Linux takes"
        );
        assert_eq!(
            newest(key, "4096,131072,6291456"),
            "it is not a whole number"
        );
    }

    #[test]
    fn bytes_took_more_before_5_13() {
        let key = "net.ipv4.tcp_syncookies";
        assert_eq!(said(key, "256", Some((5, 12))), "fine");
        let refused = "256 is more than 255, the most that Linux 5.13 takes";
        assert_eq!(said(key, "256", Some((5, 13))), refused);
    }

    #[test]
    fn ranges_of_ports_and_lists_of_ports_are_told_apart() {
        let range = "net.ipv4.ip_local_port_range";
        assert_eq!(newest(range, "1024 65535"), "fine");
        let reversed = "it is not the lowest port and then the highest";
        assert_eq!(newest(range, "65535 1024"), reversed);
        assert_eq!(newest(range, "1024-65535"), "it is not a whole number");
        let list = "net.ipv4.ip_local_reserved_ports";
        for value in ["", "80", "80,90-100", "80,"] {
            assert_eq!(newest(list, value), "fine", "{value:?}");
        }
        for value in ["80 90", "x", "70000", "100-90", "80 # c", ",80"] {
            let refused = "it is not ports with commas between, such as 80,8000-8010";
            assert_eq!(newest(list, value), refused, "{value:?}");
        }
    }

    #[test]
    fn words_are_not_judged_and_read_only_files_take_nothing() {
        assert_eq!(newest("net.ipv4.tcp_congestion_control", "bbr"), "fine");
        assert_eq!(
            newest("net.ipv4.tcp_congestion_control", "reno # x"),
            "it is not one word"
        );
        let key = "net.ipv4.tcp_available_congestion_control";
        assert_eq!(newest(key, "bbr"), "it is read-only");
        assert_eq!(newest("dev.unknown.key", "whatever"), "fine");
        assert_eq!(
            newest("net.ipv4.conf.eth0.rp_filter", "on"),
            "it is not a whole number"
        );
    }

    #[test]
    fn only_seconds_that_no_kernel_takes_are_refused() {
        assert_eq!(newest("net.ipv4.tcp_fin_timeout", "8589935"), "fine");
        let refused = "21474837 is more than 21474836, the most that Linux takes";
        assert_eq!(newest("net.ipv4.tcp_fin_timeout", "21474837"), refused);
    }

    #[test]
    fn values_that_nobody_means_are_named() {
        let key = "net.core.somaxconn";
        assert_eq!(
            questionable(key, "0"),
            Some("every accept queue holds one connection")
        );
        assert_eq!(questionable(key, "4096"), None);
        assert!(questionable("net.ipv4.ip_local_port_range", "1024 1024").is_some());
        assert!(questionable("net.ipv4.ip_local_port_range", "1024 65535").is_none());
        assert!(questionable("net.ipv4.tcp_tw_recycle", "1").is_some());
    }
}
