//! Building the structures that shims fill in, field by field, with the padding that Win32's compilers put between.

/// A structure under construction. Fields are aligned to their size.
#[derive(Debug, Default)]
pub(crate) struct Record(Vec<u8>);

impl Record {
    pub fn new() -> Self {
        Self::default()
    }

    fn field<const N: usize>(mut self, bytes: [u8; N]) -> Self {
        self.0.resize(self.0.len().next_multiple_of(N), 0);
        self.bytes(&bytes)
    }

    pub fn u16(self, value: u16) -> Self {
        self.field(value.to_le_bytes())
    }

    pub fn u32(self, value: u32) -> Self {
        self.field(value.to_le_bytes())
    }

    /// A pointer, handle or SIZE_T of a 64-bit guest.
    pub fn pointer(self, value: u64) -> Self {
        self.field(value.to_le_bytes())
    }

    /// An array of bytes.
    pub fn bytes(mut self, bytes: &[u8]) -> Self {
        self.0.extend_from_slice(bytes);
        self
    }

    /// The bytes, without padding at the end.
    pub fn finish(self) -> Vec<u8> {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_aligned_to_their_size() {
        let record = Record::new().u16(1).u32(2).pointer(3).u16(4).finish();
        assert_eq!(record, [1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0, 4, 0]);
    }
}
