//! What an act is given and what it brings back: `struct reach` in `drivers/reach.c`, the same for both machines.

use std::path::Path;

const PATH: usize = 24;
const WINDOWS: usize = PATH + 256;
const TEXT: usize = WINDOWS + 256;
const FOUND: usize = TEXT + 64;
const SIZE: usize = FOUND + 512;

/// The bytes of a `struct reach`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Block(pub Vec<u8>);

impl Default for Block {
    fn default() -> Self {
        Self(vec![0; SIZE])
    }
}

impl Block {
    /// The process, port or amount that is meant.
    #[must_use]
    pub fn target(mut self, target: i64) -> Self {
        self.0[0..8].copy_from_slice(&target.to_le_bytes());
        self
    }

    /// The address that is meant.
    pub fn set_address(&mut self, address: u64) {
        self.0[8..16].copy_from_slice(&address.to_le_bytes());
    }

    /// What is to be written there.
    #[must_use]
    pub fn value(mut self, value: i64) -> Self {
        self.0[16..24].copy_from_slice(&value.to_le_bytes());
        self
    }

    /// The file or folder that is meant, by both of its names.
    #[must_use]
    pub fn path(mut self, path: &Path) -> Self {
        let name = path.display().to_string();
        self.put(PATH..WINDOWS, &name);
        self.put(WINDOWS..TEXT, &format!("Z:{}", name.replace('/', "\\")));
        self
    }

    /// The text that is to be written or sent.
    #[must_use]
    pub fn text(mut self, text: &str) -> Self {
        self.put(TEXT..FOUND, text);
        self
    }

    /// What does not fit is cut off; the last byte stays 0.
    fn put(&mut self, place: std::ops::Range<usize>, text: &str) {
        let room = &mut self.0[place];
        let len = text.len().min(room.len() - 1);
        room[..len].copy_from_slice(&text.as_bytes()[..len]);
    }

    /// Whether the driver found this.
    #[must_use]
    pub fn found(&self, text: &str) -> bool {
        self.0[FOUND..].windows(text.len()).any(|window| window == text.as_bytes())
    }

    /// The number that the driver found; 0 if it found none.
    #[must_use]
    pub fn found_number(&self) -> i64 {
        self.0[FOUND..FOUND + 8].try_into().map_or(0, i64::from_le_bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_lie_where_the_driver_has_them() {
        let mut block = Block::default().target(7).value(8).path(Path::new("/a/b")).text("secret");
        block.set_address(9);
        assert_eq!(block.0.len(), 1112);
        assert_eq!([block.0[0], block.0[8], block.0[16]], [7, 9, 8]);
        assert_eq!(&block.0[24..29], b"/a/b\0");
        assert_eq!(&block.0[280..287], b"Z:\\a\\b\0");
        assert_eq!(&block.0[536..543], b"secret\0");
        assert!(!block.found("secret"));
        block.0[700..706].copy_from_slice(b"secret");
        assert!(block.found("secret"));
    }
}
