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

/// Computes a [`ContentHash`] piece by piece.
#[derive(Clone, Debug, Default)]
pub struct ContentHasher(blake3::Hasher);

impl ContentHasher {
    /// A hasher that has seen nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds decoded bytes: one frame, or any run of PCM bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// The hash of everything added.
    pub fn finish(self) -> ContentHash {
        ContentHash(self.0.finalize())
    }
}

#[cfg(test)]
mod tests {
    use super::ContentHasher;

    #[test]
    fn hashes_as_b3sum_prints() {
        let mut hasher = ContentHasher::new();
        hasher.update(b"a");
        hasher.update(b"bc");
        let expected = "6437b3ac38465133ffb63b75273a8db548c558465d79db03fd359c6cd5bd9d85";
        assert_eq!(hasher.finish().to_string(), expected);
    }
}
