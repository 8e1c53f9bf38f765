//! Why an image cannot be read: one clear sentence with its path and what to do about it.

use std::path::Path;

use crate::text::untrusted::clean;

/// Why an image cannot be read. What only some entries of it have is a gap and no error.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ImageError {
    /// The system refuses to open or to read it.
    #[error("{path} cannot be read: {why}{}", saved(path))]
    Unreadable {
        /// The image.
        path: String,
        /// The system's words.
        why: String,
    },
    /// A pipe, a socket, a device.
    #[error(
        "{path} can be read only once, from its start, as a pipe is: write the image to a file (podman save -o image.tar IMAGE) and name that"
    )]
    NotSeekable {
        /// The image.
        path: String,
    },
    /// Nothing that is understood.
    #[error(
        "{path} is no image: {why}; an image is an archive of podman save or docker save, an OCI layout, or a folder that is a root file system"
    )]
    NoImage {
        /// The path.
        path: String,
        /// What was looked for.
        why: String,
    },
    /// More than one, and nobody said which.
    #[error(
        "{path} has several images, {images}: save the one that is meant (podman save -o image.tar IMAGE)"
    )]
    Several {
        /// The archive.
        path: String,
        /// Their names.
        images: String,
    },
    /// None for the platform.
    #[error("{path} has no image for {wanted}, only for {there}: choose with --platform")]
    NoPlatform {
        /// The archive.
        path: String,
        /// What was asked for.
        wanted: String,
        /// What there is.
        there: String,
    },
    /// A part is missing, cut off or not what it should be.
    #[error("{path} is damaged: {part}: {why}; save the image once more")]
    Damaged {
        /// The archive.
        path: String,
        /// Which part: a file of the archive.
        part: String,
        /// What is wrong.
        why: String,
    },
    /// Written in a way that is not known here.
    #[error(
        "{path}: {part} {why}, which backlint does not read; load the image and save it once more (podman load, podman save)"
    )]
    Unknown {
        /// The archive.
        path: String,
        /// Which part.
        part: String,
        /// How it is written.
        why: String,
    },
    /// More than any image has: made to exhaust who reads it.
    #[error("{path} was not read to the end: {part} {why}")]
    TooLarge {
        /// The archive.
        path: String,
        /// Which part.
        part: String,
        /// What is too large.
        why: String,
    },
}

/// What to do with the name of an image that stands where a file was meant. Nothing, where a file is there
/// or nothing but a path is written like this.
fn saved(path: &str) -> String {
    let is_path = path.starts_with(['/', '.', '-']) || Path::new(path).exists();
    let archive = [".tar", ".gz", ".zst", ".tgz"]
        .iter()
        .any(|end| path.ends_with(end));
    if is_path || archive {
        return String::new();
    }
    let path = shlex::try_quote(path).unwrap_or_default();
    format!(
        "; if that is the name of an image, save it (podman save {path} -o image.tar) and name the file"
    )
}

/// A path for a message.
pub(super) fn shown(path: &Path) -> String {
    clean(&path.to_string_lossy()).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_in_place_of_a_file_is_told_how_to_save() {
        let text = |path: &str| {
            let (path, why) = (path.to_owned(), "No such file".to_owned());
            ImageError::Unreadable { path, why }.to_string()
        };
        let told = text("localhost/web:1");
        assert!(
            told.contains("podman save localhost/web:1 -o image.tar"),
            "{told}"
        );
        for path in ["/no/such", "./web", "web.tar", "Cargo.toml"] {
            assert!(!text(path).contains("podman"), "{path}");
        }
    }
}
