//! "Did you mean": the nearest of a set of valid names.

/// The candidate that is most like `name`, when one is near enough to be a likely slip: alike by
/// Jaro and Winkler, or one letter off.
pub fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    candidates
        .into_iter()
        .map(|candidate| {
            let one_off = name.len() > 1 && strsim::osa_distance(name, candidate) == 1;
            let likeness = strsim::jaro_winkler(name, candidate);
            (
                if one_off { likeness.max(0.9) } else { likeness },
                candidate,
            )
        })
        .filter(|(likeness, _)| *likeness > 0.8)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn a_slip_finds_its_word_and_a_stranger_finds_none() {
        let words = [
            "listener.accept_queue.max",
            "listener.accept_queue.len",
            "netns.name",
        ];
        assert_eq!(
            nearest("listener.accept_queue.mx", words),
            Some("listener.accept_queue.max")
        );
        assert_eq!(nearest("zzz", words), None);
        assert_eq!(nearest("wy", ["when", "why", "x"]), Some("why"));
    }
}
