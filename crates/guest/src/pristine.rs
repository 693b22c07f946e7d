//! What the host hands over for images that come while guest code runs, as it is.

use crate::fault::Access;
use crate::layout::PRISTINE_SIZE;
use crate::memory::Memory;

impl Memory {
    /// The address of `len` bytes from `offset` on of what the host has handed over.
    fn pristine(&self, offset: u64, len: usize) -> Option<*const u8> {
        let end = offset.checked_add(len as u64)?;
        (end <= PRISTINE_SIZE && !self.pristine.is_null())
            .then(|| self.pristine.wrapping_add(usize::try_from(offset).unwrap_or(0)))
    }

    /// Copies what the host has handed over, from `offset` on, to `out`. False when there is not as much.
    #[must_use]
    pub fn read_pristine(&self, offset: u64, out: &mut [u8]) -> bool {
        let Some(from) = self.pristine(offset, out.len()) else { return false };
        // SAFETY: `pristine` found all of it inside of what `map_brought` has mapped for good, readable; `out` lies elsewhere.
        unsafe { std::ptr::copy_nonoverlapping(from, out.as_mut_ptr(), out.len()) };
        true
    }

    /// Copies as much of what the host has handed over, from `offset` on, to guest memory. False when there is not as much, or it cannot be written there.
    pub(crate) fn copy_pristine(&self, to: u64, offset: u64, len: usize) -> bool {
        let (Some(from), Ok(to)) = (self.pristine(offset, len), self.checked(to, len, Access::Write)) else {
            return false;
        };
        // SAFETY: `pristine` and `checked` found both mapped with the needed protection; what cannot be written does not overlap with what can.
        unsafe { std::ptr::copy_nonoverlapping(from, to, len) };
        true
    }
}
