//! Sorting and searching arrays of the guest's, with its own comparison.

use guest::Stop;

use crate::abi::Pointer;
use crate::crt::EINVAL;
use crate::crt::invalid::invalid;
use crate::crt::startup::low_int;
use crate::process::{Process, still_wanted};

/// An array in the guest, with the function that compares its elements.
struct Array {
    base: Pointer,
    size: u64,
    compare: Comparison,
}

/// A function of the guest's that compares, and what it is told first, if anything.
#[derive(Clone, Copy)]
struct Comparison {
    function: Pointer,
    context: Option<Pointer>,
}

impl Array {
    fn at(&self, index: u64) -> Pointer {
        self.base.at(index * self.size)
    }

    fn less(&self, process: &mut Process, left: u64, right: u64) -> Result<bool, Stop> {
        Ok(compare(process, self.compare, self.at(left), self.at(right))? < 0)
    }

    fn swap(&self, process: &Process, left: u64, right: u64) -> Result<(), Stop> {
        const CHUNK: usize = 64;
        let memory = &process.machine.memory;
        let (mut ours, mut theirs) = ([0; CHUNK], [0; CHUNK]);
        let mut done = 0;
        while done < self.size {
            still_wanted(&process.machine)?;
            let len = usize::try_from(self.size - done).unwrap_or(CHUNK).min(CHUNK);
            let (left, right) = (self.at(left).at(done).0, self.at(right).at(done).0);
            memory.read(left, &mut ours[..len])?;
            memory.read(right, &mut theirs[..len])?;
            memory.write(left, &theirs[..len])?;
            memory.write(right, &ours[..len])?;
            done += len as u64;
        }
        Ok(())
    }

    /// Lets the element at `root` sink to where those below it, in the heap of the first `count`, are not greater.
    fn sink(&self, process: &mut Process, mut root: u64, count: u64) -> Result<(), Stop> {
        loop {
            let mut child = 2 * root + 1;
            if child >= count {
                return Ok(());
            }
            if child + 1 < count && self.less(process, child, child + 1)? {
                child += 1;
            }
            if !self.less(process, root, child)? {
                return Ok(());
            }
            self.swap(process, root, child)?;
            root = child;
        }
    }
}

fn compare(process: &mut Process, by: Comparison, left: Pointer, right: Pointer) -> Result<i32, Stop> {
    let arguments = by.context.into_iter().chain([left, right]).map(|pointer| pointer.0);
    Ok(low_int(process.call(by.function.0, &arguments.collect::<Vec<_>>())?))
}

/// qsort: in place, by heap sort, which takes no memory and no more time for any order.
pub fn qsort(
    process: &mut Process,
    base: Pointer,
    count: Pointer,
    size: Pointer,
    compare: Pointer,
) -> Result<(), Stop> {
    sort(process, base, count, size, Comparison { function: compare, context: None })
}

/// qsort_s: the function is told the context first.
pub fn qsort_s(
    process: &mut Process,
    base: Pointer,
    count: Pointer,
    size: Pointer,
    compare: Pointer,
    context: Pointer,
) -> Result<(), Stop> {
    sort(process, base, count, size, Comparison { function: compare, context: Some(context) })
}

fn sort(
    process: &mut Process,
    base: Pointer,
    count: Pointer,
    size: Pointer,
    compare: Comparison,
) -> Result<(), Stop> {
    let (count, array) = (count.0, Array { base, size: size.0, compare });
    let sound = count.checked_mul(size.0).is_some_and(|_| size.0 > 0) && !compare.function.is_null();
    if !sound || (base.is_null() && count > 0) {
        return invalid(process, EINVAL, ());
    }
    for root in (0..count / 2).rev() {
        array.sink(process, root, count)?;
    }
    for last in (1..count).rev() {
        array.swap(process, 0, last)?;
        array.sink(process, 0, last)?;
    }
    Ok(())
}

pub fn bsearch(
    process: &mut Process,
    key: Pointer,
    base: Pointer,
    count: Pointer,
    size: Pointer,
    compare: Pointer,
) -> Result<Pointer, Stop> {
    search(process, key, base, count, size, Comparison { function: compare, context: None })
}

/// bsearch_s: the function is told the context first.
pub fn bsearch_s(
    process: &mut Process,
    key: Pointer,
    base: Pointer,
    count: Pointer,
    size: Pointer,
    compare: Pointer,
    context: Pointer,
) -> Result<Pointer, Stop> {
    search(process, key, base, count, size, Comparison { function: compare, context: Some(context) })
}

fn search(
    process: &mut Process,
    key: Pointer,
    base: Pointer,
    count: Pointer,
    size: Pointer,
    by: Comparison,
) -> Result<Pointer, Stop> {
    let sound = count.0.checked_mul(size.0).is_some_and(|_| size.0 > 0) && !by.function.is_null();
    if !sound || (base.is_null() && count.0 > 0) {
        return invalid(process, EINVAL, Pointer::NULL);
    }
    let (mut start, mut end) = (0, count.0);
    while start < end {
        let middle = start + (end - start) / 2;
        let element = base.at(middle * size.0);
        match compare(process, by, key, element)? {
            0 => return Ok(element),
            ..0 => end = middle,
            _ => start = middle + 1,
        }
    }
    Ok(Pointer::NULL)
}

/// _lfind: one after the other; the number of elements is where the pointer leads.
pub fn _lfind(
    process: &mut Process,
    key: Pointer,
    base: Pointer,
    count: Pointer,
    size: u32,
    function: Pointer,
) -> Result<Pointer, Stop> {
    if key.is_null() || count.is_null() || base.is_null() || function.is_null() {
        return invalid(process, EINVAL, Pointer::NULL);
    }
    let elements = process.machine.memory.array(count.0).map(u32::from_le_bytes)?;
    let by = Comparison { function, context: None };
    for index in 0..u64::from(elements) {
        still_wanted(&process.machine)?;
        let element = base.at(index * u64::from(size));
        if compare(process, by, key, element)? == 0 {
            return Ok(element);
        }
    }
    Ok(Pointer::NULL)
}
