//! The schema lines of files: `backlint/snapshot/v1`.

/// The number in a schema line behind the rest of it, `backlint/snapshot/v`. `None`: it is another schema.
pub fn version(schema: &str, format: &str) -> Option<u32> {
    let digits = schema.strip_prefix(format)?;
    let plain = digits.bytes().all(|it| it.is_ascii_digit());
    digits.parse().ok().filter(|_| plain)
}

#[cfg(test)]
mod tests {
    use super::version;

    #[test]
    fn the_number_is_behind_the_format() {
        let of = |schema| version(schema, "backlint/report/v");
        assert_eq!(of("backlint/report/v1"), Some(1));
        assert_eq!(of("backlint/report/v17"), Some(17));
        for other in [
            "backlint/report/v",
            "backlint/report/v1.1",
            "backlint/report/v+1",
            "backlint/list/v1",
            "",
        ] {
            assert_eq!(of(other), None, "{other}");
        }
    }
}
