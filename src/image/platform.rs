//! For which machine an image is: operating system, architecture and variant, spelt as Go does.
//!
//! Follows the image-spec's `platform` object and the names that docker and podman take for `--platform`.

use std::fmt;
use std::str::FromStr;

use crate::text::untrusted::clean;

/// For which machine: `linux/amd64`, `linux/arm/v7`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Platform {
    /// `linux`.
    pub os: String,
    /// `amd64`, `arm64`, `arm`, `s390x`, as Go names them.
    pub architecture: String,
    /// `v7`, `v8`; `None`: any when it is asked for, none when an image tells.
    pub variant: Option<String>,
}

/// What other tools call an architecture.
const ALIASES: [(&str, &str, Option<&str>); 9] = [
    ("x86_64", "amd64", None),
    ("x86-64", "amd64", None),
    ("x86", "386", None),
    ("i386", "386", None),
    ("i686", "386", None),
    ("aarch64", "arm64", None),
    ("armhf", "arm", Some("v7")),
    ("armel", "arm", Some("v6")),
    ("powerpc64", "ppc64", None),
];

impl Platform {
    /// That of the machine that this runs on.
    pub fn here() -> Self {
        let little = cfg!(target_endian = "little");
        let architecture = match std::env::consts::ARCH {
            "powerpc64" if little => "ppc64le",
            "loongarch64" => "loong64",
            other => other,
        };
        Self::new("linux", architecture, None)
    }

    /// From its parts, as an image or a person spells them.
    pub(super) fn new(os: &str, architecture: &str, variant: Option<&str>) -> Self {
        let known = ALIASES.iter().find(|(alias, ..)| *alias == architecture);
        let (architecture, default) =
            known.map_or((architecture, None), |(_, name, variant)| (*name, *variant));
        let variant = variant.filter(|variant| !variant.is_empty()).or(default);
        Self {
            os: os.to_owned(),
            architecture: architecture.to_owned(),
            variant: variant.map(str::to_owned),
        }
    }

    /// How well an image of this platform does where `wanted` was asked for; smaller is better. `None`: not at all.
    pub(super) fn distance(&self, wanted: &Self) -> Option<u8> {
        if (&self.os, &self.architecture) != (&wanted.os, &wanted.architecture) {
            return None;
        }
        // 64-bit ARM has had one variant for years, and every 32-bit one is at least the sixth.
        let usual = match self.architecture.as_str() {
            "arm64" => Some("v8"),
            "amd64" => Some("v1"),
            "arm" => Some("v7"),
            _ => None,
        };
        let or_usual = |platform: &Self| platform.variant.clone().or(usual.map(str::to_owned));
        match &wanted.variant {
            _ if self.variant == wanted.variant => Some(0),
            _ if or_usual(self) == or_usual(wanted) => Some(1),
            None => Some(2),
            Some(_) => None,
        }
    }
}

/// Why words name no platform.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0} is not a platform; write OS/ARCHITECTURE or OS/ARCHITECTURE/VARIANT, such as linux/arm64"
)]
pub struct NoPlatform(String);

impl FromStr for Platform {
    type Err = NoPlatform;

    fn from_str(text: &str) -> Result<Self, NoPlatform> {
        let word = |part: &&str| {
            let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte);
            !part.is_empty() && part.bytes().all(fits)
        };
        let lower = text.to_ascii_lowercase();
        let parts: Vec<&str> = lower.split('/').collect();
        match parts.as_slice() {
            parts if !parts.iter().all(word) => Err(NoPlatform(clean(text).into_owned())),
            [os, architecture] => Ok(Self::new(os, architecture, None)),
            [os, architecture, variant] => Ok(Self::new(os, architecture, Some(variant))),
            _ => Err(NoPlatform(clean(text).into_owned())),
        }
    }
}

impl fmt::Display for Platform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", clean(&self.os), clean(&self.architecture))?;
        match &self.variant {
            Some(variant) => write!(f, "/{}", clean(variant)),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn platform(text: &str) -> Platform {
        text.parse().unwrap()
    }

    #[test]
    fn platforms_are_written_as_they_are_read() {
        for text in ["linux/amd64", "linux/arm/v7", "windows/amd64"] {
            assert_eq!(platform(text).to_string(), text);
        }
        for (text, same) in [
            ("linux/x86_64", "linux/amd64"),
            ("Linux/aarch64", "linux/arm64"),
            ("linux/armhf", "linux/arm/v7"),
        ] {
            assert_eq!(platform(text).to_string(), same);
        }
        for text in [
            "",
            "linux",
            "linux/",
            "/amd64",
            "linux/a/b/c",
            "linux/a b",
            "a\x1b/b",
        ] {
            let error = text.parse::<Platform>().unwrap_err().to_string();
            assert!(
                error.contains("is not a platform") && !error.contains('\x1b'),
                "{error}"
            );
        }
    }

    #[test]
    fn the_nearest_variant_is_told_from_others() {
        let distance = |image: &str, wanted: &str| platform(image).distance(&platform(wanted));
        assert_eq!(distance("linux/arm64/v8", "linux/arm64"), Some(1));
        assert_eq!(distance("linux/arm64", "linux/arm64/v8"), Some(1));
        assert_eq!(distance("linux/arm/v6", "linux/arm"), Some(2));
        assert_eq!(distance("linux/arm/v7", "linux/arm"), Some(1));
        assert_eq!(distance("linux/arm/v6", "linux/arm/v7"), None);
        assert_eq!(distance("linux/amd64", "linux/arm64"), None);
        assert_eq!(distance("windows/amd64", "linux/amd64"), None);
    }
}
