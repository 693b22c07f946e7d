//! How much of its heap a guest can have.

use std::io;

use crate::layout::{PAGE, Region};
use crate::memory::{Memory, Protection};

impl Memory {
    /// Takes from the heap what is beyond its first `len` bytes, in whole pages, for good.
    ///
    /// # Errors
    /// `mprotect`'s.
    pub fn bound_heap(&mut self, len: u64) -> io::Result<()> {
        let heap = self.layout()[Region::Heap].clone();
        let end = heap.start.saturating_add(len / PAGE * PAGE).min(self.heap_end);
        if end < heap.end {
            self.protect_data(end..heap.end, Protection::NONE)?;
        }
        self.heap_end = end;
        Ok(())
    }

    /// Where what the heap can have ends.
    #[must_use]
    pub fn heap_end(&self) -> u64 {
        self.heap_end
    }
}
