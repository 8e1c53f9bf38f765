//! Kernel versions, as far as behaviour differs by them: major and minor.

use std::fmt;
use std::str::FromStr;

/// A kernel version such as 6.1. The patch level never decides anything here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version {
    /// First number.
    pub major: u32,
    /// Second number.
    pub minor: u32,
}

impl Version {
    /// Later than every other: what a kernel whose version is not known is taken for.
    pub const NEWEST: Self = Self::new(u32::MAX, 0);

    /// The newest that the model was measured on.
    pub const MEASURED: Self = Self::new(6, 18);

    /// A version from its two numbers.
    pub const fn new(major: u32, minor: u32) -> Self {
        Self { major, minor }
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}

impl FromStr for Version {
    type Err = ();

    /// Reads the beginning of a release as uname(2) gives it: `6.1.0-18-amd64` is 6.1.
    fn from_str(release: &str) -> Result<Self, ()> {
        let mut numbers = release.split(|c: char| !c.is_ascii_digit()).map(str::parse);
        match (numbers.next(), numbers.next()) {
            (Some(Ok(major)), Some(Ok(minor))) => Ok(Self { major, minor }),
            _ => Err(()),
        }
    }
}

/// A condition on the version, such as `>=4.10` or `<5.4`, or a span such as `>=4.4, <6.14`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Requirement {
    bound: Bound,
    other: Option<Bound>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Bound {
    comparison: Comparison,
    version: Version,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Comparison {
    AtLeast,
    Above,
    AtMost,
    Below,
}

impl Requirement {
    /// Whether a version satisfies the condition.
    pub fn holds(&self, version: Version) -> bool {
        self.bound.holds(version) && self.other.is_none_or(|other| other.holds(version))
    }
}

impl Bound {
    fn holds(self, version: Version) -> bool {
        match self.comparison {
            Comparison::AtLeast => version >= self.version,
            Comparison::Above => version > self.version,
            Comparison::AtMost => version <= self.version,
            Comparison::Below => version < self.version,
        }
    }
}

impl Requirement {
    /// In words: `4.10 and later`, `4.4 and later, before 6.14`.
    pub fn words(&self) -> String {
        let bounds = std::iter::once(self.bound).chain(self.other);
        bounds.map(Bound::words).collect::<Vec<_>>().join(", ")
    }
}

impl fmt::Display for Requirement {
    /// As rules write it: `>=4.10`, `>=4.4, <6.14`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.bound.fmt(f)?;
        self.other
            .iter()
            .try_for_each(|other| write!(f, ", {other}"))
    }
}

impl Bound {
    fn words(self) -> String {
        let version = self.version;
        match self.comparison {
            Comparison::AtLeast => format!("{version} and later"),
            Comparison::Above => format!("later than {version}"),
            Comparison::AtMost => format!("up to {version}"),
            Comparison::Below => format!("before {version}"),
        }
    }
}

impl fmt::Display for Bound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = match self.comparison {
            Comparison::AtLeast => ">=",
            Comparison::Above => ">",
            Comparison::AtMost => "<=",
            Comparison::Below => "<",
        };
        write!(f, "{sign}{}", self.version)
    }
}

impl FromStr for Requirement {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (bound, other) = match text.split_once(',') {
            None => (text, None),
            Some((bound, other)) => (bound, Some(other)),
        };
        Ok(Self {
            bound: bound.trim().parse()?,
            other: other.map(|other| other.trim().parse()).transpose()?,
        })
    }
}

impl FromStr for Bound {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        const SIGNS: [(&str, Comparison); 4] = [
            (">=", Comparison::AtLeast),
            ("<=", Comparison::AtMost),
            (">", Comparison::Above),
            ("<", Comparison::Below),
        ];
        let (rest, comparison) = SIGNS
            .iter()
            .find_map(|(sign, comparison)| Some((text.strip_prefix(sign)?, *comparison)))
            .ok_or(())?;
        let rest = rest.trim();
        let numbers_only = rest
            .split('.')
            .all(|part| part.bytes().all(|b| b.is_ascii_digit()));
        if !numbers_only {
            return Err(());
        }
        Ok(Self {
            comparison,
            version: rest.parse()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn releases_of_distributions_are_read() {
        assert_eq!("6.1.0-18-amd64".parse(), Ok(Version::new(6, 1)));
        assert_eq!("3.10.0-1160.el7.x86_64".parse(), Ok(Version::new(3, 10)));
        assert_eq!("6.12-rc4".parse(), Ok(Version::new(6, 12)));
        assert!("linux".parse::<Version>().is_err());
    }

    #[test]
    fn ten_is_above_nine() {
        let requirement: Requirement = ">=4.10".parse().unwrap();
        assert!(requirement.holds(Version::new(4, 10)));
        assert!(!requirement.holds(Version::new(4, 9)));
        assert_eq!(requirement.words(), "4.10 and later");
        assert!("4.10".parse::<Requirement>().is_err());
        assert!(">=4.x".parse::<Requirement>().is_err());
        assert_eq!(requirement.to_string(), ">=4.10");
    }

    #[test]
    fn a_span_has_two_ends() {
        let span: Requirement = ">=4.4, <6.14".parse().unwrap();
        assert!(!span.holds(Version::new(4, 3)));
        assert!(span.holds(Version::new(4, 4)));
        assert!(span.holds(Version::new(6, 13)));
        assert!(!span.holds(Version::new(6, 14)));
        assert!(!span.holds(Version::NEWEST));
        assert!(">=4.4,".parse::<Requirement>().is_err());
        assert!(">=4.4, <5.0, <6.0".parse::<Requirement>().is_err());
    }
}
