//! The hash by which decoded content is compared.

use std::fmt;

/// BLAKE3 over decoded content, shown in lower-case hexadecimal.
///
/// Video counts as its frames in order, each as top-down BGR24 without padding; audio as its PCM bytes. So the
/// hash equals that of `ffmpeg -i FILE -pix_fmt bgr24 -f rawvideo - | b3sum`. Not SHA-256, which takes longer than most
/// old codecs take to decode on a processor without instructions for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ContentHash(blake3::Hash);

impl ContentHash {
    /// The 32 bytes of the hash.
    pub fn as_bytes(&self) -> &[u8; 32] {
        self.0.as_bytes()
    }
}

impl fmt::Display for ContentHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.to_hex())
    }
}

/// Bytes that are hashed together. BLAKE3 hashes as many kilobytes side by side as the processor has lanes for, where they begin at a multiple of as
/// many. Pictures end anywhere, and what follows would be hashed in small pieces, which takes a quarter longer.
const TOGETHER: usize = 32 << 10;

/// Computes a [`ContentHash`] piece by piece.
#[derive(Clone, Debug, Default)]
pub struct ContentHasher {
    hasher: blake3::Hasher,
    /// What is not hashed yet: less than [`TOGETHER`].
    rest: Vec<u8>,
}

impl ContentHasher {
    /// A hasher that has seen nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds decoded bytes: one frame, or any run of PCM bytes.
    pub fn update(&mut self, mut bytes: &[u8]) {
        if !self.rest.is_empty() {
            let (begin, behind) = bytes.split_at(bytes.len().min(TOGETHER - self.rest.len()));
            self.rest.extend_from_slice(begin);
            bytes = behind;
            if self.rest.len() < TOGETHER {
                return;
            }
            self.hasher.update(&self.rest);
            self.rest.clear();
        }
        let (together, rest) = bytes.split_at(bytes.len() - bytes.len() % TOGETHER);
        self.hasher.update(together);
        self.rest.extend_from_slice(rest);
    }

    /// The hash of everything added.
    pub fn finish(mut self) -> ContentHash {
        self.hasher.update(&self.rest);
        ContentHash(self.hasher.finalize())
    }
}

#[cfg(test)]
mod tests {
    use super::ContentHasher;

    #[test]
    fn how_bytes_are_cut_does_not_matter() {
        let bytes: Vec<u8> = (0..3 * super::TOGETHER + 5).map(|at| (at % 251) as u8).collect();
        let whole = blake3::hash(&bytes);
        for piece in [1, 1000, super::TOGETHER - 1, super::TOGETHER, super::TOGETHER + 1, bytes.len()] {
            let mut hasher = ContentHasher::new();
            bytes.chunks(piece).for_each(|piece| hasher.update(piece));
            assert_eq!(hasher.finish().as_bytes(), whole.as_bytes(), "pieces of {piece}");
        }
    }

    #[test]
    fn hashes_as_b3sum_prints() {
        let mut hasher = ContentHasher::new();
        hasher.update(b"a");
        hasher.update(b"bc");
        let expected = "6437b3ac38465133ffb63b75273a8db548c558465d79db03fd359c6cd5bd9d85";
        assert_eq!(hasher.finish().to_string(), expected);
    }
}
