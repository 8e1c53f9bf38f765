//! Words that everybody knows. The lists are the files beside this one, one word or ending a line; they are
//! short on purpose: a word that is missing is replaced, which costs a reader a little, and one too many
//! could tell whose machine it is.

use std::collections::BTreeSet;
use std::sync::LazyLock;

/// The words of a file.
#[derive(Debug)]
pub(super) struct List(LazyLock<BTreeSet<&'static str>>);

impl List {
    pub(super) fn has(&self, word: &str) -> bool {
        self.0.contains(word)
    }

    /// From the first of the alphabet to the last.
    pub(super) fn iter(&self) -> impl Iterator<Item = &'static str> {
        self.0.iter().copied()
    }
}

macro_rules! list {
    ($file:literal) => {
        List(LazyLock::new(|| include_str!($file).lines().collect()))
    };
}

/// Directories, files and words of names that come with a system, a runtime or a service.
pub(super) static WORDS: List = list!("lists/words.txt");
/// Programs that systems and runtimes bring, beside those of the catalogue of services.
pub(super) static PROGRAMS: List = list!("lists/programs.txt");
/// Words of our own sentences, and of the kernel's about errors.
static SENTENCES: List = list!("lists/sentences.txt");
/// Components of sysctls of modules, which the catalogue of sysctls says nothing of.
pub(super) static COMPONENTS: List = list!("lists/components.txt");
/// Names that options have in files which are no lists of sysctls: TuneD's and ufw's.
pub(super) static OPTIONS: List = list!("lists/options.txt");
/// Ends of names that tell what something is.
pub(super) static EXTENSIONS: List = list!("lists/extensions.txt");
/// What ids are put behind in the names of control groups.
pub(super) static STARTS_OF_IDS: List = list!("lists/ids.txt");
/// Ids of distributions, as in os-release(5).
pub(super) static DISTRIBUTIONS: List = list!("lists/distributions.txt");
/// Registries of images that everybody may use.
pub(super) static REGISTRIES: List = list!("lists/registries.txt");
/// Beginnings of names that the kernel, udev and runtimes give to interfaces.
pub(super) static INTERFACES: List = list!("lists/interfaces.txt");
/// Words that kernels, distributions and projects put into versions.
pub(super) static OF_VERSIONS: List = list!("lists/versions.txt");

/// Whether a word is one of our own sentences', at the beginning of one or within.
pub(super) fn is_of_sentence(word: &str) -> bool {
    SENTENCES.has(word) || SENTENCES.has(&word.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    #[test]
    fn lists_are_sorted_and_have_no_word_twice() {
        for text in [
            include_str!("lists/words.txt"),
            include_str!("lists/programs.txt"),
            include_str!("lists/sentences.txt"),
            include_str!("lists/components.txt"),
            include_str!("lists/options.txt"),
            include_str!("lists/extensions.txt"),
            include_str!("lists/ids.txt"),
            include_str!("lists/distributions.txt"),
            include_str!("lists/registries.txt"),
            include_str!("lists/interfaces.txt"),
            include_str!("lists/versions.txt"),
        ] {
            let lines: Vec<&str> = text.lines().collect();
            assert!(lines.windows(2).all(|pair| pair[0] < pair[1]), "{lines:?}");
        }
    }
}
