//! How the kernel reads the value of a sysctl: numbers in C's notation (`010` is 8, `0x10` is 16),
//! with white space or the end after each; what follows the last that is needed is forgotten
//! (`proc_get_long` and those around it, kernel/sysctl.c).

/// Characters of a number that the kernel looks at (`TMPBUFLEN` without its end).
const NUMBER_LENGTH: usize = 21;

/// What may stand behind a number (`proc_wspace_sep`).
const SEPARATORS: [char; 3] = [' ', '\t', '\n'];
/// White space besides, which the kernel passes over in front of a number alone.
const OTHER_SPACE: [char; 3] = ['\r', '\x0b', '\x0c'];

/// The words of a value, up to one that begins a comment: the kernel stops looking before it.
pub(super) fn fields(value: &str) -> Vec<&str> {
    let words = value.split(SEPARATORS);
    let words = words.map(|word| word.trim_start_matches(OTHER_SPACE));
    words
        .filter(|word| !word.is_empty())
        .take_while(|word| !word.starts_with(['#', ';']))
        .collect()
}

/// A number as the kernel reads it: `-` but no `+`, `0x` for hexadecimal, `0` for octal.
pub(super) fn number(field: &str) -> Option<i128> {
    if field.len() >= NUMBER_LENGTH {
        return None;
    }
    let (negative, digits) = match field.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, field),
    };
    let hexadecimal = digits
        .strip_prefix("0x")
        .or_else(|| digits.strip_prefix("0X"));
    let (radix, digits) = match (hexadecimal, digits.strip_prefix('0')) {
        (Some(rest), _) => (16, rest),
        (None, Some(rest)) if !rest.is_empty() => (8, rest),
        _ => (10, digits),
    };
    let digits_only = digits.bytes().all(|byte| byte.is_ascii_alphanumeric());
    let number = i128::from_str_radix(digits, radix)
        .ok()
        .filter(|_| digits_only)?;
    Some(if negative { -number } else { number })
}
