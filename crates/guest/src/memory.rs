//! Guest memory: reserved once, reached by checked copies only.

use std::fs::File;
use std::io;
use std::ops::Range;
use std::os::fd::{AsRawFd, BorrowedFd};
use std::sync::atomic::{AtomicU32, Ordering};

use crate::fault::Access;
use crate::layout::{self, GUEST_END, Layout, PAGE, PRISTINE_SIZE, Region};

/// An access that the guest's page protections do not allow; the guest would have faulted here, so its call ends with that fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no memory to {access} {len} bytes at {address:#x}")]
pub struct Violation {
    /// The first address of the access.
    pub address: u64,
    /// How many bytes it wanted.
    pub len: usize,
    /// What it wanted to do.
    pub access: Access,
}

/// What may be done with a range of pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Protection {
    /// Reading them.
    pub read: bool,
    /// Writing to them.
    pub write: bool,
    /// Running what is there.
    pub execute: bool,
}

impl Protection {
    /// Nothing.
    pub const NONE: Self = Self { read: false, write: false, execute: false };
    /// Reading only.
    pub const READ: Self = Self { read: true, ..Self::NONE };
    /// Data.
    pub const READ_WRITE: Self = Self { read: true, write: true, execute: false };
    /// Code.
    pub const READ_EXECUTE: Self = Self { read: true, write: false, execute: true };

    /// What either of the two allows.
    #[must_use]
    pub const fn or(self, other: Self) -> Self {
        Self {
            read: self.read || other.read,
            write: self.write || other.write,
            execute: self.execute || other.execute,
        }
    }

    fn bits(self) -> libc::c_int {
        let bit = |on, bit| if on { bit } else { 0 };
        bit(self.read, libc::PROT_READ)
            | bit(self.write, libc::PROT_WRITE)
            | bit(self.execute, libc::PROT_EXEC)
    }
}

/// How many stretches of pages there may be. A guest that changes every other page of its own would otherwise fill the worker's memory with them.
const MOST_STRETCHES: usize = 1024;

/// Pages that allow the same.
#[derive(Debug, Clone)]
struct Stretch {
    range: Range<u64>,
    protection: Protection,
}

/// All memory that the guest can use, with the protections it has.
///
/// The table here is what makes every access below sound: it lists only ranges that this process has mapped for good
/// (`reserve`, `map_arena` and `map_brought` map, nothing unmaps), with the protection they have now (only `protect` and `protect_data` change it).
#[derive(Debug)]
pub struct Memory {
    layout: Layout,
    /// Sorted by address, not overlapping.
    stretches: Vec<Stretch>,
    /// Where what the heap can have ends.
    pub(crate) heap_end: u64,
    /// What the host hands over for further images, as it is, mapped for good; null as long as nothing is.
    pub(crate) pristine: *const u8,
}

impl Memory {
    /// Reserves every region but those that [`map_arena`](Self::map_arena) and [`map_brought`](Self::map_brought) map.
    ///
    /// # Errors
    /// `mmap`'s, for example when something is mapped there already.
    pub(crate) fn reserve(layout: Layout) -> io::Result<Self> {
        let ranges = [
            (layout::IMAGES, Protection::NONE),
            (layout[Region::Thunks].clone(), Protection::READ_WRITE),
            (layout[Region::Natives].clone(), Protection::READ_WRITE),
            (layout[Region::System].clone(), Protection::READ_WRITE),
            (layout.stack_guard(0), Protection::NONE),
            (layout.stack(0), Protection::READ_WRITE),
            (layout[Region::Heap].clone(), Protection::READ_WRITE),
        ];
        let heap_end = layout[Region::Heap].end;
        let mut memory = Self { layout, stretches: Vec::new(), heap_end, pristine: std::ptr::null() };
        for (range, protection) in ranges {
            map_at(&range, protection, None)?;
            memory.set(range, protection);
        }
        map_at(&memory.layout[Region::Threads], Protection::NONE, None)?;
        Ok(memory)
    }

    /// Where its regions lie.
    #[must_use]
    pub fn layout(&self) -> &Layout {
        &self.layout
    }

    /// Makes the stack of a thread of the pool usable.
    pub(crate) fn add_stack(&mut self, number: usize) -> io::Result<()> {
        let (range, threads) = (self.layout.stack(number), &self.layout[Region::Threads]);
        if range.start < threads.start || range.end > threads.end {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        let start =
            std::ptr::with_exposed_provenance_mut(usize::try_from(range.start).map_err(io::Error::other)?);
        let len = usize::try_from(range.end - range.start).map_err(io::Error::other)?;
        // SAFETY: the check above keeps the range inside what `reserve` mapped for such stacks; no Rust object lies there.
        if unsafe { libc::mprotect(start, len, Protection::READ_WRITE.bits()) } == -1 {
            return Err(io::Error::last_os_error());
        }
        self.set(range, Protection::READ_WRITE);
        Ok(())
    }

    /// Maps the arena, the memory that `file` holds and the host shares, at the start of [`Region::Arena`] for good.
    ///
    /// # Errors
    /// `fstat`'s or `mmap`'s, or `InvalidInput` when there is more of it than the layout has room for.
    pub fn map_arena(&mut self, file: BorrowedFd<'_>) -> io::Result<()> {
        let len = File::from(file.try_clone_to_owned()?).metadata()?.len();
        let arena = &self.layout[Region::Arena];
        let range = arena.start..arena.start.saturating_add(len);
        if len == 0 || range.end > arena.end {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        map_at(&range, Protection::READ_WRITE, Some((file, libc::MAP_SHARED)))?;
        self.set(range, Protection::READ_WRITE);
        Ok(())
    }

    /// Maps what the host hands over for further images, for good: the beginning of `file` as [`Region::Brought`], and [`PRISTINE_SIZE`] bytes of it for
    /// [`read_pristine`](Self::read_pristine), out of the guest's reach. Privately: what is written in [`Region::Brought`] stays here, and what
    /// the host writes to the file shows in every page that was not written.
    ///
    /// # Errors
    /// `fstat`'s or `mmap`'s, or `InvalidInput` when the file is too short.
    pub fn map_brought(&mut self, file: BorrowedFd<'_>) -> io::Result<()> {
        let len = File::from(file.try_clone_to_owned()?).metadata()?.len();
        if len < PRISTINE_SIZE {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        let size = usize::try_from(PRISTINE_SIZE).map_err(io::Error::other)?;
        let (protection, flags) = (Protection::READ.bits(), libc::MAP_PRIVATE | libc::MAP_NORESERVE);
        // SAFETY: a mapping at a place of the kernel's choice.
        let pristine =
            unsafe { libc::mmap(std::ptr::null_mut(), size, protection, flags, file.as_raw_fd(), 0) };
        if pristine == libc::MAP_FAILED {
            return Err(io::Error::last_os_error());
        }
        self.pristine = pristine.cast();
        let brought = self.layout[Region::Brought].clone();
        map_at(&brought, Protection::READ_EXECUTE, Some((file, libc::MAP_PRIVATE)))?;
        self.set(brought, Protection::READ_EXECUTE);
        Ok(())
    }

    /// Gives the pages of `range` a protection.
    pub(crate) fn protect(&mut self, range: Range<u64>, protection: Protection) -> io::Result<()> {
        let len = usize::try_from(range.end.saturating_sub(range.start)).map_err(io::Error::other)?;
        let known = [Region::Thunks, Region::Natives, Region::Brought];
        if !range.start.is_multiple_of(PAGE) || !self.lies_in(&range, &known) {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        let start =
            std::ptr::with_exposed_provenance_mut(usize::try_from(range.start).map_err(io::Error::other)?);
        // SAFETY: the check above keeps the range inside regions that `reserve` or `map_brought` mapped for the guest alone; no Rust object lies there.
        if unsafe { libc::mprotect(start, len, protection.bits()) } == -1 {
            return Err(io::Error::last_os_error());
        }
        self.set(range, protection);
        Ok(())
    }

    /// Gives pages of the guest's own data another protection: of an image or of the heap, where nothing but checked copies is done with them on the
    /// host's side. None of them may be code: what has lost the right to be run never gets it back.
    ///
    /// # Errors
    /// `InvalidInput` for other pages, `OutOfMemory` when there are too many ranges that differ, or `mprotect`'s.
    pub fn protect_data(&mut self, range: Range<u64>, protection: Protection) -> io::Result<()> {
        let inside = self.lies_in(&range, &[Region::Brought, Region::Heap]);
        let aligned = range.start.is_multiple_of(PAGE) && range.end.is_multiple_of(PAGE);
        let code = protection.execute || self.overlapping(&range).any(|region| region.protection.execute);
        if !inside || !aligned || code || range.is_empty() {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        if self.stretches.len() + 2 > MOST_STRETCHES {
            return Err(io::ErrorKind::OutOfMemory.into());
        }
        let start =
            std::ptr::with_exposed_provenance_mut(usize::try_from(range.start).map_err(io::Error::other)?);
        let len = usize::try_from(range.end - range.start).map_err(io::Error::other)?;
        // SAFETY: the check above keeps the range inside regions that `reserve` or `map_brought` mapped for the guest alone; no Rust object lies
        // there, and what the host does there goes through `checked`, which the table below is for. Exclusive access says that no such copy is under way.
        if unsafe { libc::mprotect(start, len, protection.bits()) } == -1 {
            return Err(io::Error::last_os_error());
        }
        self.set(range, protection);
        Ok(())
    }

    /// Whether a range lies in one of these regions, or where images do.
    fn lies_in(&self, range: &Range<u64>, regions: &[Region]) -> bool {
        let holds = |known: &Range<u64>| known.start <= range.start && range.end <= known.end;
        holds(&layout::IMAGES) || regions.iter().any(|&region| holds(&self.layout[region]))
    }

    /// The stretches that have pages in common with a range.
    fn overlapping(&self, range: &Range<u64>) -> impl Iterator<Item = &Stretch> {
        let first = self.stretches.partition_point(|region| region.range.end <= range.start);
        let end = range.end;
        self.stretches[first..].iter().take_while(move |region| region.range.start < end)
    }

    /// Copies guest memory at `address` to `out`.
    ///
    /// # Errors
    /// [`Violation`] when not all of it is readable.
    pub fn read(&self, address: u64, out: &mut [u8]) -> Result<(), Violation> {
        let from = self.checked(address, out.len(), Access::Read)?;
        // SAFETY: `checked` found all `out.len()` bytes at `from` mapped and readable; guest memory never overlaps `out`, which is the host's.
        unsafe { std::ptr::copy_nonoverlapping(from, out.as_mut_ptr(), out.len()) };
        Ok(())
    }

    /// Copies `bytes` to guest memory at `address`.
    ///
    /// # Errors
    /// [`Violation`] when not all of it is writable.
    pub fn write(&self, address: u64, bytes: &[u8]) -> Result<(), Violation> {
        let to = self.checked(address, bytes.len(), Access::Write)?;
        // SAFETY: `checked` found all `bytes.len()` bytes at `to` mapped and writable; `bytes` is the host's and does not overlap.
        unsafe { std::ptr::copy_nonoverlapping(bytes.as_ptr(), to, bytes.len()) };
        Ok(())
    }

    /// Copies `len` bytes inside guest memory; the ranges may overlap (`memmove`).
    ///
    /// # Errors
    /// [`Violation`] when the source is not all readable or the destination not all writable; then nothing is copied.
    pub fn copy(&self, to: u64, from: u64, len: usize) -> Result<(), Violation> {
        let from = self.checked(from, len, Access::Read)?;
        let to = self.checked(to, len, Access::Write)?;
        // SAFETY: `checked` found both ranges mapped with the needed protection; `copy` allows them to overlap.
        unsafe { std::ptr::copy(from, to, len) };
        Ok(())
    }

    /// Sets `len` bytes at `address` to `value` (`memset`).
    ///
    /// # Errors
    /// [`Violation`] when not all of it is writable.
    pub fn fill(&self, address: u64, value: u8, len: usize) -> Result<(), Violation> {
        let to = self.checked(address, len, Access::Write)?;
        // SAFETY: `checked` found all `len` bytes at `to` mapped and writable.
        unsafe { std::ptr::write_bytes(to, value, len) };
        Ok(())
    }

    /// The `N` bytes at `address`, for the integers' `from_le_bytes`.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    pub fn array<const N: usize>(&self, address: u64) -> Result<[u8; N], Violation> {
        let mut bytes = [0; N];
        self.read(address, &mut bytes).map(|()| bytes)
    }

    /// Puts what `change` makes of the 32-bit number at `address` in its place, and answers what was there. At one stroke for the guest's other
    /// threads, whatever instructions they use, unless the address is misaligned; `change` may be asked more than once.
    ///
    /// # Errors
    /// [`Violation`] when not all of it is writable.
    pub fn update(&self, address: u64, change: impl Fn(u32) -> u32) -> Result<u32, Violation> {
        let at = self.checked(address, size_of::<u32>(), Access::Write)?.cast::<u32>();
        if !at.is_aligned() {
            let before = self.array(address).map(u32::from_le_bytes)?;
            return self.write(address, &change(before).to_le_bytes()).map(|()| before);
        }
        // SAFETY: `checked` found the four bytes at `at` mapped and writable (what is writable is readable), and it is aligned.
        let number = unsafe { AtomicU32::from_ptr(at) };
        let change = |before| Some(change(before));
        Ok(number.fetch_update(Ordering::SeqCst, Ordering::SeqCst, change).unwrap_or_else(|before| before))
    }

    /// Whether `len` bytes at `address` may be accessed so.
    #[must_use]
    pub fn allows(&self, address: u64, len: usize, access: Access) -> bool {
        self.checked(address, len, access).is_ok()
    }

    /// The pages around `address` that allow the same, and what that is; `None` for the space between regions.
    #[must_use]
    pub fn region(&self, address: u64) -> (Range<u64>, Option<Protection>) {
        let next = self.stretches.partition_point(|region| region.range.end <= address);
        match self.stretches.get(next) {
            Some(region) if region.range.start <= address => (region.range.clone(), Some(region.protection)),
            after => {
                let start = next.checked_sub(1).map_or(0, |before| self.stretches[before].range.end);
                (start..after.map_or(GUEST_END.max(address), |region| region.range.start), None)
            }
        }
    }

    pub(crate) fn checked(&self, address: u64, len: usize, access: Access) -> Result<*mut u8, Violation> {
        let violation = Violation { address, len, access };
        let end = address.checked_add(len as u64).ok_or(violation)?;
        let mut covered = address;
        let first = self.stretches.partition_point(|region| region.range.end <= address);
        for region in &self.stretches[first..] {
            let allowed = match access {
                Access::Read => region.protection.read,
                Access::Write => region.protection.write,
                Access::Execute => region.protection.execute,
            };
            if covered >= end || region.range.start > covered || !allowed {
                break;
            }
            covered = region.range.end;
        }
        // An access of no bytes is allowed anywhere, as the C library's functions allow it.
        if covered < end {
            return Err(Violation { address: covered, ..violation });
        }
        Ok(std::ptr::with_exposed_provenance_mut(usize::try_from(address).map_err(|_| violation)?))
    }

    /// Records the protection of `range`, splitting what it overlaps.
    fn set(&mut self, range: Range<u64>, protection: Protection) {
        let mut stretches = Vec::with_capacity(self.stretches.len() + 2);
        for old in self.stretches.drain(..) {
            for part in [
                old.range.start..old.range.end.min(range.start),
                old.range.start.max(range.end)..old.range.end,
            ] {
                if part.start < part.end {
                    stretches.push(Stretch { range: part, protection: old.protection });
                }
            }
        }
        if range.start < range.end {
            stretches.push(Stretch { range, protection });
        }
        let layout = &self.layout;
        stretches.sort_by_key(|region| region.range.start);
        // What allows the same again is one stretch again, or the table would grow with every change. What the layout keeps apart stays apart.
        stretches.dedup_by(|next, last| {
            let same = last.range.end == next.range.start
                && last.protection == next.protection
                && !layout.begins(next.range.start);
            if same {
                last.range.end = next.range.end;
            }
            same
        });
        self.stretches = stretches;
    }
}

/// Maps free addresses: to a file, shared or privately, or to memory of the guest's own.
fn map_at(
    range: &Range<u64>,
    protection: Protection,
    file: Option<(BorrowedFd<'_>, libc::c_int)>,
) -> io::Result<()> {
    let kind = file.map_or(libc::MAP_PRIVATE | libc::MAP_ANONYMOUS, |(_, sharing)| sharing);
    let flags = kind | libc::MAP_NORESERVE | libc::MAP_FIXED_NOREPLACE;
    let file = file.map_or(-1, |(file, _)| file.as_raw_fd());
    let start =
        std::ptr::with_exposed_provenance_mut(usize::try_from(range.start).map_err(io::Error::other)?);
    let len = usize::try_from(range.end - range.start).map_err(io::Error::other)?;
    // SAFETY: MAP_FIXED_NOREPLACE maps free addresses only, so no memory in use is replaced.
    let base = unsafe { libc::mmap(start, len, protection.bits(), flags, file, 0) };
    if base == libc::MAP_FAILED { Err(io::Error::last_os_error()) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> Memory {
        let layout = Layout::fixed();
        let heap_end = layout[Region::Heap].end;
        let mut memory = Memory { layout, stretches: Vec::new(), heap_end, pristine: std::ptr::null() };
        memory.set(0x1000..0x5000, Protection::READ_WRITE);
        memory.set(0x2000..0x3000, Protection::READ);
        memory
    }

    #[test]
    fn protections_split_and_accesses_cross_regions() {
        let memory = table();
        assert!(memory.allows(0x1000, 0x4000, Access::Read));
        assert!(!memory.allows(0x1000, 0x4001, Access::Read));
        assert!(memory.allows(0x1000, 0x1000, Access::Write));
        assert_eq!(memory.checked(0x1fff, 2, Access::Write).unwrap_err().address, 0x2000);
        assert!(!memory.allows(0x1000, 1, Access::Execute));
        assert!(!memory.allows(u64::MAX, 2, Access::Read));
        assert!(memory.allows(0, 0, Access::Write));
    }

    #[test]
    fn regions_that_allow_the_same_are_one() {
        let mut memory = table();
        memory.set(0x2000..0x3000, Protection::READ_WRITE);
        assert_eq!(memory.stretches.len(), 1);
        assert_eq!(memory.region(0x4000), (0x1000..0x5000, Some(Protection::READ_WRITE)));
        let heap = memory.layout[Region::Heap].clone();
        memory.set(heap.clone(), Protection::READ_WRITE);
        memory.set(heap.start - PAGE..heap.start, Protection::READ_WRITE);
        assert_eq!(memory.region(heap.start).0, heap);
    }

    #[test]
    fn only_data_changes_its_protection() {
        let mut memory = Memory::reserve(Layout::fixed()).unwrap();
        let page = |at: u64| at..at + PAGE;
        let heap = memory.layout[Region::Heap].clone();
        let at = heap.start + 4 * PAGE;
        memory.protect_data(page(at), Protection::READ).unwrap();
        assert!(memory.write(at, &[1]).is_err());
        memory.protect_data(page(at), Protection::NONE).unwrap();
        assert!(memory.read(at, &mut [0]).is_err());
        memory.protect_data(page(at), Protection::READ_WRITE).unwrap();
        memory.write(at, &[1]).unwrap();
        assert_eq!(memory.region(at).0, heap);
        let [system, thunks] = [Region::System, Region::Thunks].map(|region| memory.layout[region].start);
        for at in [memory.layout.stack(0).start, system, thunks, heap.end - PAGE / 2] {
            assert!(memory.protect_data(page(at), Protection::READ).is_err(), "{at:#x}");
        }
        assert!(memory.protect_data(page(at), Protection::READ_EXECUTE).is_err());
        memory.protect(page(layout::IMAGES.start), Protection::READ_EXECUTE).unwrap();
        assert!(memory.protect_data(layout::IMAGES.start..at, Protection::READ).is_err());
        assert!(memory.protect_data(page(layout::IMAGES.start), Protection::NONE).is_err());
    }

    #[test]
    fn a_guest_cannot_fill_the_table() {
        let mut memory = Memory::reserve(Layout::fixed()).unwrap();
        let pages = memory.layout[Region::Heap].clone().step_by(2 * PAGE as usize);
        let outcome: io::Result<Vec<()>> =
            pages.map(|at| memory.protect_data(at..at + PAGE, Protection::READ)).collect();
        assert_eq!(outcome.unwrap_err().kind(), io::ErrorKind::OutOfMemory);
        assert!(memory.stretches.len() <= MOST_STRETCHES);
    }

    #[test]
    fn regions_and_the_space_between_are_found() {
        let memory = table();
        assert_eq!(memory.region(0x2fff), (0x2000..0x3000, Some(Protection::READ)));
        assert_eq!(memory.region(0x3000), (0x3000..0x5000, Some(Protection::READ_WRITE)));
        assert_eq!(memory.region(0), (0..0x1000, None));
        assert_eq!(memory.region(0x5000), (0x5000..GUEST_END, None));
    }

    #[test]
    fn reserved_memory_is_reached_by_copies() {
        let memory = Memory::reserve(Layout::fixed()).unwrap();
        let heap = memory.layout[Region::Heap].clone();
        let at = heap.start + 0xffe;
        memory.write(at, b"over the page\0").unwrap();
        assert_eq!(memory.array(at).unwrap(), *b"over the page");
        memory.copy(at + 5, at, 4).unwrap();
        assert_eq!(memory.array(at).unwrap(), *b"over overpage");
        assert!(memory.read(layout::IMAGES.start, &mut [0]).is_err());
        assert!(memory.write(heap.end - 1, &[0; 2]).is_err());
    }
}
