//! Bytes and blocks: `memcpy` and its kin, `malloc` and its kin.

use guest::Stop;

use crate::abi::Pointer;
use crate::crt::invalid::invalid;
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

/// _memicmp: as `_stricmp` compares letters, of so many bytes.
pub fn _memicmp(process: &mut Process, left: Pointer, right: Pointer, count: Pointer) -> Result<i32, Stop> {
    if count.0 > 0 && (left.is_null() || right.is_null()) {
        return invalid(process, EINVAL, i32::MAX);
    }
    let bytes = |at| Text::<u8>::new(&process.machine, at);
    for (_, (left, right)) in (0..count.0).zip(bytes(left).zip(bytes(right))) {
        let (left, right) = (left?.to_ascii_lowercase(), right?.to_ascii_lowercase());
        if left != right {
            return Ok(if left < right { -1 } else { 1 });
        }
    }
    Ok(0)
}

/// _memccpy: up to a byte, behind whose copy the answer leads; NULL where it does not come.
pub fn _memccpy(
    process: &mut Process,
    to: Pointer,
    from: Pointer,
    last: u8,
    count: Pointer,
) -> Result<Pointer, Stop> {
    let found = memchr(process, from, last, count)?;
    let len = if found.is_null() { count.0 } else { found.0 - from.0 + 1 };
    process.machine.memory.copy(to.0, from.0, Pointer(len).size())?;
    Ok(if found.is_null() { found } else { to.at(len) })
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

pub fn _msize(process: &mut Process, block: Pointer) -> Result<Pointer, Stop> {
    match process.heap.size(&process.machine.memory, block.0) {
        Some(size) => Ok(Pointer(size)),
        None => invalid(process, EINVAL, Pointer(u64::MAX)),
    }
}

/// _aligned_malloc. The address of the block itself is kept just below the address that is answered.
pub fn _aligned_malloc(process: &mut Process, size: Pointer, alignment: Pointer) -> Result<Pointer, Stop> {
    let sound = alignment.0.is_power_of_two();
    let alignment = alignment.0.max(16);
    let (true, Some(room)) = (sound, size.0.checked_add(alignment)) else {
        return invalid(process, EINVAL, Pointer::NULL);
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

/// _aligned_realloc: a block with another size, at an address as wanted.
pub fn _aligned_realloc(
    process: &mut Process,
    aligned: Pointer,
    size: Pointer,
    alignment: Pointer,
) -> Result<Pointer, Stop> {
    if aligned.is_null() {
        return _aligned_malloc(process, size, alignment);
    }
    if size.0 == 0 {
        return _aligned_free(process, aligned).map(|()| Pointer::NULL);
    }
    let room = _aligned_msize(process, aligned, alignment, Pointer(0))?;
    let moved = _aligned_malloc(process, size, alignment)?;
    if !moved.is_null() {
        process.machine.memory.copy(moved.0, aligned.0, room.min(size).size())?;
        _aligned_free(process, aligned)?;
    }
    Ok(moved)
}

/// _aligned_msize: how much there is from the address to the end of its block.
pub fn _aligned_msize(
    process: &mut Process,
    aligned: Pointer,
    _alignment: Pointer,
    _offset: Pointer,
) -> Result<Pointer, Stop> {
    const NONE: Pointer = Pointer(u64::MAX);
    if aligned.is_null() {
        return invalid(process, EINVAL, NONE);
    }
    let block = pointer_at(&process.machine, note_below(process, aligned))?;
    let size = process.heap.size(&process.machine.memory, block.0);
    let left = size.and_then(|size| (block.0 + size).checked_sub(aligned.0));
    Ok(left.map_or(NONE, Pointer))
}

/// _recalloc: what a block grows by is zero.
pub fn _recalloc(
    process: &mut Process,
    block: Pointer,
    count: Pointer,
    size: Pointer,
) -> Result<Pointer, Stop> {
    if block.is_null() {
        return Ok(calloc(process, count, size));
    }
    let Some(wanted) = count.0.checked_mul(size.0) else { return Ok(noted(process, Pointer::NULL)) };
    if wanted == 0 {
        free(process, block);
        return Ok(Pointer::NULL);
    }
    let moved = process.resize(block, wanted, true);
    Ok(noted(process, moved))
}

/// _expand: a block with another size, if it needs not move for that; it never grows here.
pub fn _expand(process: &mut Process, block: Pointer, size: Pointer) -> Result<Pointer, Stop> {
    if block.is_null() {
        return invalid(process, EINVAL, Pointer::NULL);
    }
    let room = process.heap.size(&process.machine.memory, block.0);
    if room.is_some_and(|room| size.0 <= room) { Ok(block) } else { Ok(noted(process, Pointer::NULL)) }
}

/// _heapchk: the heap is well (`_HEAPOK`).
pub fn _heapchk(_: &mut Process) -> i32 {
    -2
}

/// _heapmin: nothing is given back.
pub fn _heapmin(_: &mut Process) -> i32 {
    0
}
