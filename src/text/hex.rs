//! Digests of texts, as the short names that stay.

use std::fmt::Write as _;

use sha2::{Digest as _, Sha256};

/// Bytes of the digest that a name has: two digits each.
const BYTES: usize = 16;

/// The first half of a text's SHA-256: 32 digits from 0 to f.
pub fn digest(text: &str) -> String {
    let digest = Sha256::digest(text);
    let bytes = digest.iter().take(BYTES);
    bytes.fold(String::with_capacity(2 * BYTES), |mut out, byte| {
        // A string takes everything.
        let _ = write!(out, "{byte:02x}");
        out
    })
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_digest_is_the_first_half_of_the_sum_that_sha256sum_prints() {
        assert_eq!(super::digest("abc"), "ba7816bf8f01cfea414140de5dae2223");
    }
}
