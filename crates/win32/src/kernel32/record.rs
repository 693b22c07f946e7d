//! Building the structures that shims fill in, field by field, with the padding that Win32's compilers put between.

use guest::Mode;

/// A structure under construction. Fields are aligned to their size, and the whole to that of its widest field.
#[derive(Debug)]
pub(crate) struct Record {
    mode: Mode,
    bytes: Vec<u8>,
    alignment: usize,
}

impl Record {
    /// An empty structure for a guest that runs in this mode.
    pub fn new(mode: Mode) -> Self {
        Self { mode, bytes: Vec::new(), alignment: 1 }
    }

    fn field(mut self, bytes: &[u8]) -> Self {
        self.alignment = self.alignment.max(bytes.len());
        self.bytes.resize(self.bytes.len().next_multiple_of(bytes.len()), 0);
        self.bytes(bytes)
    }

    pub fn u16(self, value: u16) -> Self {
        self.field(&value.to_le_bytes())
    }

    pub fn u32(self, value: u32) -> Self {
        self.field(&value.to_le_bytes())
    }

    pub fn u64(self, value: u64) -> Self {
        self.field(&value.to_le_bytes())
    }

    /// A pointer, handle or SIZE_T, of which a 32-bit guest gets the lower half.
    pub fn pointer(self, value: u64) -> Self {
        let bytes = value.to_le_bytes();
        match self.mode {
            Mode::I386 => self.field(&bytes[..4]),
            Mode::X86_64 => self.field(&bytes),
        }
    }

    /// An array of bytes.
    pub fn bytes(mut self, bytes: &[u8]) -> Self {
        self.bytes.extend_from_slice(bytes);
        self
    }

    /// The bytes, with the padding at the end.
    pub fn finish(mut self) -> Vec<u8> {
        self.bytes.resize(self.bytes.len().next_multiple_of(self.alignment), 0);
        self.bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_aligned_to_their_size() {
        let record = |mode| Record::new(mode).u16(1).u32(2).pointer(3).u16(4).finish();
        assert_eq!(
            record(Mode::X86_64),
            [1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0]
        );
        assert_eq!(record(Mode::I386), [1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 4, 0, 0, 0]);
        assert_eq!(Record::new(Mode::X86_64).u16(1).bytes(&[2]).finish(), [1, 0, 2, 0]);
    }
}
