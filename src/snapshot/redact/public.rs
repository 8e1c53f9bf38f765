//! What everybody knows, by its shape: numbers, versions, ids and names that machines make up. Words that
//! are known by themselves stand in `lists`.

use super::lists::{DISTRIBUTIONS, EXTENSIONS, INTERFACES, OF_VERSIONS, STARTS_OF_IDS};

/// What joins the parts of a name.
pub(super) const JOINTS: [char; 6] = ['-', '_', '.', ':', ' ', '+'];

/// Whether an interface's name is one of those that nobody chose: `eth0`, `enp3s0f1`.
pub(super) fn is_interface(name: &str) -> bool {
    let start = INTERFACES
        .iter()
        .filter_map(|start| name.strip_prefix(start))
        .min_by_key(|rest| rest.len());
    let numbered = |c: char| c.is_ascii_digit() || ".sfdnpv".contains(c);
    start.is_some_and(|rest| rest.len() <= 8 && rest.chars().all(numbered))
}

/// Digits that a number of anything here has at most.
const DIGITS: usize = 20;

/// Whether a word is a number, a fraction, a size in hexadecimal, or a list, a range or a pair of numbers.
/// What may be an address is none: of a host, `10.20.30.40-10.20.30.99`, or of a network card.
pub(super) fn is_number(word: &str) -> bool {
    let digits = word.strip_prefix(['-', '+', '>', '<']).unwrap_or(word);
    if let Some(hex) = digits.strip_prefix("0x") {
        return !hex.is_empty() && hex.len() <= 16 && hex.bytes().all(|b| b.is_ascii_hexdigit());
    }
    let digits = digits.strip_suffix('%').unwrap_or(digits);
    digits.split(',').all(|part| {
        let (first, last) = part.split_once(['-', ':']).unwrap_or((part, "0"));
        is_plain_number(first) && is_plain_number(last)
    })
}

/// Digits with one dot among them at most.
fn is_plain_number(text: &str) -> bool {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    [whole, fraction]
        .iter()
        .all(|run| (1..=DIGITS).contains(&run.len()) && run.bytes().all(|b| b.is_ascii_digit()))
}

/// Whether the numbers in a name may be an address: `web-10-20-30-40`, `52-54-00-12-34-56`,
/// `5254.0012.3456`.
pub(super) fn is_like_address(name: &str) -> bool {
    let numbers = name.split(|c: char| !c.is_ascii_digit());
    let numbers: Vec<&str> = numbers.filter(|run| !run.is_empty()).collect();
    let long = numbers.iter().any(|run| run.len() >= 4);
    numbers.len() >= 4 || (numbers.len() == 3 && long)
}

/// Splits off the end that tells what something is. Empty: there is none.
pub(super) fn extension(word: &str) -> (&str, &str) {
    let end = word.rfind('.').map_or(word.len(), |at| at);
    let (stem, end) = word.split_at(end);
    match EXTENSIONS.has(end) {
        true => (stem, end),
        false => (word, ""),
    }
}

/// Splits a name of a control group into what a runtime puts there and the id behind it.
pub(super) fn start_of_id(word: &str) -> Option<(&'static str, &str)> {
    let all = STARTS_OF_IDS.iter().filter_map(|start| {
        let rest = word.strip_prefix(start)?;
        // Many words begin with `pod`; a UID is long.
        let least = if start == "pod" { 32 } else { 1 };
        (rest.len() >= least).then_some((start, rest))
    });
    all.min_by_key(|(_, rest)| rest.len())
}

/// Whether a text is a version whole, as in the tag of an image.
pub(super) fn is_version(text: &str) -> bool {
    let distribution =
        |word: &str| DISTRIBUTIONS.has(word) || matches!(word, "latest" | "slim" | "stable");
    let words = text.split(['-', '.', '_']);
    words
        .into_iter()
        .all(|word| distribution(word) || version_length(word) == word.len())
}

/// How many bytes of a version are numbers and words of [`OF_VERSIONS`]; a word of somebody's own ends it,
/// with what joins it to them.
pub(super) fn version_length(version: &str) -> usize {
    let mut kept = 0;
    let mut at = 0;
    while at < version.len() {
        let rest = &version[at..];
        let joints = rest.len()
            - rest
                .trim_start_matches(|c: char| "-._:+~^".contains(c))
                .len();
        let word = &rest[joints..];
        let end = word
            .find(|c: char| !c.is_ascii_alphanumeric())
            .unwrap_or(word.len());
        let mut runs = word[..end].split(|c: char| c.is_ascii_digit());
        if end == 0 || !runs.all(|run| run.is_empty() || run.len() == 1 || OF_VERSIONS.has(run)) {
            break;
        }
        at += joints + end;
        kept = at;
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_end_at_a_word_of_somebodys_own() {
        for version in [
            "6.1.0-18-amd64",
            "5.14.0-427.el9.x86_64",
            "1:4.0.2-3+deb12u1",
            "8.2",
        ] {
            assert_eq!(version_length(version), version.len(), "{version}");
        }
        assert_eq!(version_length("6.6.30-acme-prod"), "6.6.30".len());
        assert_eq!(version_length("acme"), 0);
        assert!(is_version("1.25-alpine") && !is_version("1.25-acme"));
    }

    #[test]
    fn numbers_and_interfaces_that_nobody_chose_are_known() {
        for number in [
            "0",
            "-1",
            "4096",
            "0x80",
            "30000-30010",
            "1.5",
            "12:30",
            "8080,9148",
            "0-3,8-11",
            "50%",
        ] {
            assert!(is_number(number), "{number}");
        }
        for other in [
            "",
            "-",
            "1-",
            "1.2.3",
            "10.20.30.40-10.20.30.99",
            "10.20.30.40:80-90",
            "010.020.030.040",
            "2001:470:1:18",
            "52-54-00-12-34-56",
            "a1",
            "0x",
            "52:54:00:12:34:56",
            "123456789012345678901",
        ] {
            assert!(!is_number(other), "{other}");
        }
        for name in ["web-10-20-30-40", "52-54-00-12-34-56", "5254.0012.3456"] {
            assert!(is_like_address(name), "{name}");
        }
        for name in ["python3.11", "0.1.0", "30-file-1.2"] {
            assert!(!is_like_address(name), "{name}");
        }
        for name in ["eth0", "enp3s0f1", "lo", "br0", "wlan1", "all", "eth0.100"] {
            assert!(is_interface(name), "{name}");
        }
        for name in ["wg-acme", "brussels", "ethel", "lobby", ""] {
            assert!(!is_interface(name), "{name}");
        }
    }
}
