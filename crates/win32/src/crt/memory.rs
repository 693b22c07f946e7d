//! Bytes and blocks: `memcpy` and its kin, `malloc` and its kin.

use guest::Stop;

use crate::abi::Pointer;
use crate::crt::{EINVAL, ENOMEM, pointer_at, put_pointer, set_errno};
use crate::process::{Process, still_wanted};
use crate::text::Text;

/// How many bytes are compared at a time.
const CHUNK: usize = 256;

pub fn memcpy(process: &mut Process, to: Pointer, from: Pointer, count: Pointer) -> Result<Pointer, Stop> {
    process.machine.memory.copy(to.0, from.0, count.size())?;
    Ok(to)
}

pub fn memset(process: &mut Process, to: Pointer, value: u8, count: Pointer) -> Result<Pointer, Stop> {
    process.machine.memory.fill(to.0, value, count.size())?;
    Ok(to)
}

pub fn memcmp(process: &mut Process, left: Pointer, right: Pointer, count: Pointer) -> Result<i32, Stop> {
    let (mut ours, mut theirs) = ([0; CHUNK], [0; CHUNK]);
    for (at, len) in chunks(count) {
        still_wanted(&process.machine)?;
        let (ours, theirs) = (&mut ours[..len], &mut theirs[..len]);
        process.machine.memory.read(left.at(at).0, ours)?;
        process.machine.memory.read(right.at(at).0, theirs)?;
        match (*ours).cmp(theirs) as i32 {
            0 => {}
            order => return Ok(order),
        }
    }
    Ok(0)
}

pub fn memchr(process: &mut Process, buffer: Pointer, wanted: u8, count: Pointer) -> Result<Pointer, Stop> {
    for (at, byte) in (0..count.0).zip(Text::<u8>::new(&process.machine, buffer)) {
        if byte? == wanted {
            return Ok(buffer.at(at));
        }
    }
    Ok(Pointer::NULL)
}

/// Offsets and lengths of the chunks that `count` bytes make.
fn chunks(count: Pointer) -> impl Iterator<Item = (u64, usize)> {
    let step = CHUNK as u64;
    (0..count.0.div_ceil(step)).map(move |index| {
        let at = index * step;
        (at, usize::try_from(count.0 - at).unwrap_or(CHUNK).min(CHUNK))
    })
}

pub fn malloc(process: &mut Process, size: Pointer) -> Pointer {
    let block = process.allocate(size.0, false);
    noted(process, block)
}

pub fn calloc(process: &mut Process, count: Pointer, size: Pointer) -> Pointer {
    let size_max = u64::MAX >> (64 - 8 * process.machine.mode().pointer_size());
    let size = count.0.checked_mul(size.0).filter(|&size| size <= size_max);
    let block = size.map_or(Pointer::NULL, |size| process.allocate(size, true));
    noted(process, block)
}

/// realloc. A size of 0 frees the block.
pub fn realloc(process: &mut Process, block: Pointer, size: Pointer) -> Pointer {
    if block.is_null() {
        return malloc(process, size);
    }
    if size.0 == 0 {
        free(process, block);
        return Pointer::NULL;
    }
    let moved = process.resize(block, size.0, false);
    noted(process, moved)
}

/// free. What is no block is ignored.
pub fn free(process: &mut Process, block: Pointer) {
    if !block.is_null() {
        process.heap.release(&process.machine.memory, block.0);
    }
}

pub fn _msize(process: &mut Process, block: Pointer) -> Pointer {
    let size = process.heap.size(&process.machine.memory, block.0);
    size.map_or_else(
        || {
            set_errno(process, EINVAL);
            Pointer(u64::MAX)
        },
        Pointer,
    )
}

/// _aligned_malloc. The address of the block itself is kept just below the address that is answered.
pub fn _aligned_malloc(process: &mut Process, size: Pointer, alignment: Pointer) -> Result<Pointer, Stop> {
    let alignment = alignment.0.max(16);
    let room = size.0.checked_add(alignment);
    let (true, Some(room)) = (alignment.is_power_of_two(), room) else {
        set_errno(process, EINVAL);
        return Ok(Pointer::NULL);
    };
    let block = process.allocate(room, false);
    if block.is_null() {
        return Ok(noted(process, block));
    }
    // Blocks are aligned to 16, so at least 16 bytes are between it and the aligned address above it.
    let aligned = Pointer((block.0 | (alignment - 1)) + 1);
    put_pointer(&process.machine, note_below(process, aligned), block)?;
    Ok(aligned)
}

pub fn _aligned_free(process: &mut Process, aligned: Pointer) -> Result<(), Stop> {
    if !aligned.is_null() {
        let block = pointer_at(&process.machine, note_below(process, aligned))?;
        free(process, block);
    }
    Ok(())
}

/// Where the block itself is kept.
fn note_below(process: &Process, aligned: Pointer) -> Pointer {
    Pointer(aligned.0.wrapping_sub(process.machine.mode().pointer_size()))
}

/// A block as it is answered: for NULL, `errno` tells why.
fn noted(process: &mut Process, block: Pointer) -> Pointer {
    if block.is_null() {
        set_errno(process, ENOMEM);
    }
    block
}
