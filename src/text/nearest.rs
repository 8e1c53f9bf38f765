//! "Did you mean": the nearest of a set of valid names.

/// The candidate that is most like `name`, when one is near enough to be a likely slip: alike by
/// Jaro and Winkler, or one letter off.
pub fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    likely(name, candidates)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, candidate)| candidate)
}

/// The candidates that are likely slips, the most alike first, and no more than `most`.
pub fn several<'a>(
    name: &str,
    candidates: impl IntoIterator<Item = &'a str>,
    most: usize,
) -> Vec<&'a str> {
    let mut found: Vec<(f64, &str)> = likely(name, candidates).collect();
    found.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(b.1)));
    found.dedup_by(|a, b| a.1 == b.1);
    let words = found.into_iter().map(|(_, candidate)| candidate);
    words.take(most).collect()
}

/// The candidates that are likely slips, each with how alike it is.
fn likely<'a>(
    name: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> impl Iterator<Item = (f64, &'a str)> {
    let weighed = candidates.into_iter().map(move |candidate| {
        let one_off = name.len() > 1 && strsim::osa_distance(name, candidate) == 1;
        let likeness = strsim::jaro_winkler(name, candidate);
        (
            if one_off { likeness.max(0.9) } else { likeness },
            candidate,
        )
    });
    weighed.filter(|(likeness, _)| *likeness > 0.8)
}

#[cfg(test)]
mod tests {
    use super::{nearest, several};

    #[test]
    fn several_are_told_once_each_and_the_most_alike_first() {
        let words = ["listen", "listener", "listener", "zzz", "listening"];
        assert_eq!(several("listener", words, 2), ["listener", "listen"]);
    }

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
