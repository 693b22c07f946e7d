//! The guest's heap: blocks in guest memory, with a header before each.
//!
//! Headers and free lists lie in guest memory, so a guest can ruin them. That harms only the guest: every access is checked against
//! guest memory, and a header that does not look like one is refused. In exchange the worker needs no memory of its own for them,
//! of which it could get no more.

use guest::layout::Region;
use guest::{Memory, Violation};

/// Size of a header: the size asked for and the owner, or of a free block the next one's address; then the class and a mark. Keeps blocks aligned to 16, as
/// HeapAlloc promises.
const HEADER: u64 = 16;
/// Marks in a header's upper half: in use, or free.
const USED: u32 = 0x7564_7276;
const FREE: u32 = 0x6672_7664;
/// Blocks up to here come in steps of 16 bytes, larger ones in four steps to each power of two.
const SMALL: u64 = 1024;
/// Number of classes: 64 small ones, then four for each power of two up to the heap's size.
const CLASSES: usize = 64 + 4 * 21;

/// The allocator.
#[derive(Debug)]
pub(crate) struct Heap {
    /// Everything from here on has never been handed out, and is zero.
    untouched: u64,
    /// The first free block of each class, 0 for none; each one's header has the address of the next.
    free: [u64; CLASSES],
    /// How often there was no memory.
    pub failures: u64,
}

impl Heap {
    /// A heap whose memory begins at `start`.
    pub fn new(start: u64) -> Self {
        Self { untouched: start + HEADER, free: [0; CLASSES], failures: 0 }
    }

    /// Where what has been handed out so far ends.
    pub fn end(&self) -> u64 {
        self.untouched
    }

    /// `size` bytes, zeroed if asked for; `None` when there are none left.
    pub fn allocate(&mut self, memory: &Memory, size: u64, zeroed: bool) -> Option<u64> {
        let block = self.take(memory, size, zeroed);
        if block.is_none() {
            self.failures += 1;
        }
        block
    }

    fn take(&mut self, memory: &Memory, size: u64, zeroed: bool) -> Option<u64> {
        let (class, room) = class(size)?;
        let recycled = self.pop(memory, class);
        let block = match recycled {
            Some(block) => block,
            None => {
                let block = self.untouched + HEADER;
                let end = block.checked_add(room)?;
                if end > memory.heap_end() {
                    return None;
                }
                self.untouched = end;
                block
            }
        };
        write_header(memory, block, size, class, USED).ok()?;
        if zeroed && recycled.is_some() {
            memory.fill(block, 0, usize::try_from(size).ok()?).ok()?;
        }
        Some(block)
    }

    /// Gives a block back; false when it is none.
    pub fn release(&mut self, memory: &Memory, block: u64) -> bool {
        let Some(Header { class, .. }) = header(memory, block) else { return false };
        // What the block holds stays: C++ run-time libraries have been seen to look at it again while their image is unloaded.
        let freed = write_header(memory, block, self.free[class], class, FREE);
        if freed.is_ok() {
            self.free[class] = block;
        }
        freed.is_ok()
    }

    /// The size that a block was asked for with; `None` when it is none.
    pub fn size(&self, memory: &Memory, block: u64) -> Option<u64> {
        header(memory, block).map(|header| header.size)
    }

    /// Which block this one belongs to, 0 for none; `None` when it is no block.
    pub fn owner(&self, memory: &Memory, block: u64) -> Option<u64> {
        header(memory, block).map(|header| header.owner)
    }

    /// Notes that a block belongs to another one, or to itself.
    pub fn give_to(&self, memory: &Memory, block: u64, owner: u64) {
        if let Some(Header { size, class, .. }) = header(memory, block) {
            // The header has just been read, so it can be written unless the guest protects its page.
            let _ = write_header(memory, block, word(size, owner), class, USED);
        }
    }

    /// Gives a block another size where it is; `None` when it has no room for that, or is none.
    pub fn resize_in_place(&mut self, memory: &Memory, block: u64, size: u64, zeroed: bool) -> Option<u64> {
        let old = header(memory, block)?;
        if class(size)?.0 != old.class {
            return None;
        }
        write_header(memory, block, word(size, old.owner), old.class, USED).ok()?;
        if zeroed && size > old.size {
            memory.fill(block + old.size, 0, usize::try_from(size - old.size).ok()?).ok()?;
        }
        Some(block)
    }

    /// A block of another size with the same contents; the old one is gone unless this answers `None`.
    pub fn resize(&mut self, memory: &Memory, block: u64, size: u64, zeroed: bool) -> Option<u64> {
        let old = header(memory, block)?;
        if let Some(block) = self.resize_in_place(memory, block, size, zeroed) {
            return Some(block);
        }
        let moved = self.allocate(memory, size, zeroed)?;
        memory.copy(moved, block, usize::try_from(old.size.min(size)).ok()?).ok()?;
        self.give_to(memory, moved, old.owner);
        self.release(memory, block);
        Some(moved)
    }

    fn pop(&mut self, memory: &Memory, class: usize) -> Option<u64> {
        let block = *self.free.get(class)?;
        let header = memory.array(block.checked_sub(HEADER)?).ok().map(u128::from_le_bytes)?;
        let heap = &memory.layout()[Region::Heap];
        let next = u64::try_from(header & u128::from(u64::MAX)).ok()?;
        let sound = block != 0
            && header >> 96 == u128::from(FREE)
            && heap.contains(&block)
            && (next == 0 || heap.contains(&next));
        // A list that the guest has ruined is given up.
        self.free[class] = if sound { next } else { 0 };
        sound.then_some(block)
    }
}

/// The class of a size, and the room that its blocks have.
fn class(size: u64) -> Option<(usize, u64)> {
    let size = size.max(1);
    if size <= SMALL {
        let steps = size.div_ceil(16);
        return Some((usize::try_from(steps - 1).ok()?, steps * 16));
    }
    // The power of two below, and which quarter above it: 1025..=1280 is the first.
    let power = (size - 1).ilog2();
    let quarter = 1_u64 << (power - 2);
    let steps = size.div_ceil(quarter);
    let class = 64 + 4 * (power as usize - 10) + usize::try_from(steps).ok()?.checked_sub(5)?;
    (class < CLASSES).then(|| (class, (steps * quarter).next_multiple_of(16) + HEADER))
}

/// What a header begins with. Both fit into half of it, because the heap ends below 2 GiB.
fn word(size: u64, owner: u64) -> u64 {
    size | owner << 32
}

fn write_header(memory: &Memory, block: u64, word: u64, class: usize, mark: u32) -> Result<(), Violation> {
    let class = u32::try_from(class).unwrap_or(u32::MAX);
    let header = u128::from(word) | u128::from(class) << 64 | u128::from(mark) << 96;
    memory.write(block.wrapping_sub(HEADER), &header.to_le_bytes())
}

/// What is known of a block in use.
struct Header {
    size: u64,
    owner: u64,
    class: usize,
}

fn header(memory: &Memory, block: u64) -> Option<Header> {
    if !memory.layout()[Region::Heap].contains(&block) || !block.is_multiple_of(16) {
        return None;
    }
    let header = memory.array(block.checked_sub(HEADER)?).ok().map(u128::from_le_bytes)?;
    let half = |shift: u32| u64::try_from(header >> shift & u128::from(u32::MAX)).ok();
    let (size, owner, noted) = (half(0)?, half(32)?, usize::try_from(half(64)?).ok()?);
    let valid = header >> 96 == u128::from(USED) && class(size).is_some_and(|(class, _)| class == noted);
    valid.then_some(Header { size, owner, class: noted })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_have_room_and_grow() {
        let mut last = (0, 0);
        for size in (1..5000).chain((5000..1 << 29).step_by(77_777)) {
            let (class, room) = class(size).unwrap();
            assert!(room >= size && (class, room) >= last, "{size}: {class} {room} after {last:?}");
            assert!(room <= size + size / 4 + 32);
            last = (class, room);
        }
        assert_eq!(class(u64::MAX), None);
    }
}
