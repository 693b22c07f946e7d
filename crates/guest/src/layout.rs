//! Where guest memory lies.
//!
//! Everything that the guest has is below 2 GiB: 32-bit code reaches all of it, and an address is positive in either width. Each [`Region`] lies
//! in a window of its own, another place of it in every process ([`Layout::random`]), so that nobody knows an address who has not been told one. Windows are
//! constants, of which the system-call filter knows those with the guest's data. Regions are reserved before the filter is installed; none
//! of them ever moves or grows.

use std::ops::{Index, Range};

/// Size of a page.
pub const PAGE: u64 = 0x1000;

/// Alignment of images and of reservations, as on Windows (`dwAllocationGranularity`).
pub const GRANULARITY: u64 = 0x1_0000;

/// The driver that the process was started for. Begins where linkers put programs, as old drivers without relocations may want to lie.
pub const IMAGES: Range<u64> = 0x40_0000..0x2000_0000;

/// Bytes of what the host hands over for images that come while guest code runs already, as it is: [`Region::Brought`]'s contents, then the files.
pub const PRISTINE_SIZE: u64 = 0x800_0000;

/// The end of what a 32-bit pointer reaches; code at or above it is the worker's own.
pub const GUEST_END: u64 = 1 << 32;

/// A part of guest memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Region {
    /// Import thunks: readable and executable.
    Thunks,
    /// Functions that 32-bit guest code calls without leaving its mode: readable and executable.
    Natives,
    /// Thread and process blocks, and data that shims lend to the guest.
    System,
    /// The stack of the thread that serves requests, growing down, at the end; all below it is unmapped, so that a frame of any usual size that runs over its end
    /// faults there.
    Stack,
    /// Images that come while guest code runs. All of it may be run and nothing written at first; pages that are to be written lose the right to be run for good, so
    /// that no page ever has code which the host has not put there.
    Brought,
    /// What HeapAlloc and its kin hand out. Pages cost nothing until they are touched.
    Heap,
    /// The stacks of further threads, and the unmapped space under each.
    Threads,
    /// Where the memory that host and worker share is mapped; the host decides how much of it there is.
    Arena,
}

/// Where a region may lie.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Window {
    /// The addresses that are kept for it.
    pub range: Range<u64>,
    /// Bytes of the region.
    pub size: u64,
    /// The distance between two places that it may have.
    pub step: u64,
}

/// How much of [`Region::Stack`] is the stack.
const STACK_SIZE: u64 = 0x20_0000;

/// Of [`Region::Threads`], what each thread has, and how much of it is its stack.
const THREAD: u64 = 0x20_0000;
const THREAD_STACK: u64 = 0x10_0000;

impl Region {
    /// All of them, by address.
    pub const ALL: [Self; 8] = [
        Self::Thunks,
        Self::Natives,
        Self::System,
        Self::Stack,
        Self::Brought,
        Self::Heap,
        Self::Threads,
        Self::Arena,
    ];

    /// Its name, for people.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Thunks => "thunks",
            Self::Natives => "natives",
            Self::System => "blocks",
            Self::Stack => "stack",
            Self::Brought => "further images",
            Self::Heap => "heap",
            Self::Threads => "threads' stacks",
            Self::Arena => "arena",
        }
    }

    /// Where it may lie.
    #[must_use]
    pub const fn window(self) -> Window {
        let (range, size, step) = match self {
            Self::Thunks => (IMAGES.end..0x2200_0000, 0x4_0000, PAGE),
            Self::Natives => (0x2200_0000..0x2400_0000, 0x1_0000, PAGE),
            Self::System => (0x2400_0000..0x2700_0000, 0xf0_0000, PAGE),
            Self::Stack => (0x2700_0000..0x2c00_0000, 0x100_0000 + STACK_SIZE, PAGE),
            Self::Brought => (0x2c00_0000..0x3400_0000, 0x400_0000, GRANULARITY),
            Self::Heap => (0x3400_0000..0x6400_0000, 0x2c00_0000, PAGE),
            Self::Threads => (0x6400_0000..0x6a00_0000, crate::threads::POOL as u64 * THREAD, PAGE),
            Self::Arena => (0x6a00_0000..0x8000_0000, 0x1000_0000, PAGE),
        };
        Window { range, size, step }
    }
}

impl Window {
    /// In how many places the region may lie.
    #[must_use]
    pub const fn places(&self) -> u64 {
        (self.range.end - self.range.start - self.size) / self.step + 1
    }

    /// The same in bits, rounded down.
    #[must_use]
    pub const fn bits(&self) -> u32 {
        self.places().ilog2()
    }

    /// The region in one of its places.
    const fn at(&self, place: u64) -> Range<u64> {
        let start = self.range.start + place * self.step;
        start..start + self.size
    }
}

/// In how many bits of places an image of a page would lie.
pub const IMAGE_BITS: u32 = ((IMAGES.end - IMAGES.start) / GRANULARITY).ilog2();

/// Where each region lies in a process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layout {
    ranges: [Range<u64>; Region::ALL.len()],
    /// What decides where the driver's image lies; `None`: it does itself.
    image: Option<u64>,
}

impl Layout {
    /// How many random numbers a layout is made of.
    pub const WORDS: usize = Region::ALL.len() + 1;

    /// Each region where its window begins, and the driver where it wants to: the same in every process, for who repeats a fault.
    #[must_use]
    pub fn fixed() -> Self {
        Self { ranges: Region::ALL.map(|region| region.window().at(0)), image: None }
    }

    /// Each region in a place of its window which one of these numbers decides, all places being as likely if all numbers are.
    #[must_use]
    pub fn random(words: [u64; Self::WORDS]) -> Self {
        let [image, words @ ..] = words;
        let mut ranges = Self::fixed().ranges;
        for ((range, region), word) in ranges.iter_mut().zip(Region::ALL).zip(words) {
            let window = region.window();
            *range = window.at(scaled(word, window.places()));
        }
        Self { ranges, image: Some(image) }
    }

    /// Where in [`IMAGES`] an image of so many bytes is to lie that can lie anywhere; `None` where it has the choice, or no room.
    #[must_use]
    pub fn image(&self, size: u64) -> Option<u64> {
        let room = (IMAGES.end - IMAGES.start).checked_sub(size)?;
        Some(IMAGES.start + scaled(self.image?, room / GRANULARITY + 1) * GRANULARITY)
    }

    /// The stack of a thread; number 0 is the one that serves requests.
    #[must_use]
    pub fn stack(&self, number: usize) -> Range<u64> {
        let end = self.stack_room(number).end;
        let size = if number == 0 { STACK_SIZE } else { THREAD_STACK };
        end - size..end
    }

    /// The unmapped space under a thread's stack, in which a fault counts as a stack overflow.
    #[must_use]
    pub fn stack_guard(&self, number: usize) -> Range<u64> {
        self.stack_room(number).start..self.stack(number).start
    }

    /// A thread's stack and what is below it.
    fn stack_room(&self, number: usize) -> Range<u64> {
        match (number as u64).checked_sub(1) {
            None => self[Region::Stack].clone(),
            Some(before) => {
                let start = self[Region::Threads].start + before * THREAD;
                start..start + THREAD
            }
        }
    }

    /// Whether a region begins here, or images do.
    pub(crate) fn begins(&self, address: u64) -> bool {
        address == IMAGES.start || self.ranges.iter().any(|range| range.start == address)
    }
}

impl Index<Region> for Layout {
    type Output = Range<u64>;

    fn index(&self, region: Region) -> &Range<u64> {
        &self.ranges[region as usize]
    }
}

/// A number below `bound` for one of 64 bits, each as often as any other to within one in 2^64.
fn scaled(word: u64, bound: u64) -> u64 {
    let scaled = (u128::from(word) * u128::from(bound)) >> 64;
    u64::try_from(scaled).unwrap_or(0)
}

/// `size` rounded up to whole pages; `None` when that is past the end of numbers.
#[must_use]
pub fn page_round(size: u64) -> Option<u64> {
    size.checked_next_multiple_of(PAGE)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What every layout has to be.
    fn is_sound(layout: &Layout) {
        let mut end = IMAGES.end;
        for region in Region::ALL {
            let (range, window) = (&layout[region], region.window());
            assert!(end <= range.start, "{region:?} overlaps what lies before it");
            assert!(window.range.start <= range.start && range.end <= window.range.end, "{region:?}");
            assert_eq!(range.end - range.start, window.size, "{region:?}");
            assert!(range.start.is_multiple_of(window.step), "{region:?}");
            assert!(layout.begins(range.start));
            end = range.end;
        }
        assert!(end <= 1 << 31, "an address is positive in 32 bits");
        for number in 0..=crate::threads::POOL {
            let region = if number == 0 { Region::Stack } else { Region::Threads };
            let (stack, guard) = (layout.stack(number), layout.stack_guard(number));
            assert!(layout[region].start <= guard.start && stack.end <= layout[region].end, "{number}");
            assert_eq!(guard.end, stack.start, "{number}");
            assert!(guard.end - guard.start >= 1 << 20 && stack.end - stack.start >= 1 << 20, "{number}");
            if number > 1 {
                assert_eq!(guard.start, layout.stack(number - 1).end);
            }
        }
    }

    fn is_sound_for_image(layout: &Layout, size: u64) {
        let place = layout.image(size);
        assert_eq!(place.is_some(), size <= IMAGES.end - IMAGES.start);
        if let Some(base) = place {
            assert!(IMAGES.start <= base && base + size <= IMAGES.end && base.is_multiple_of(GRANULARITY));
        }
    }

    #[test]
    fn windows_follow_each_other_and_hold_their_regions() {
        let mut end = IMAGES.end;
        for region in Region::ALL {
            let window = region.window();
            assert_eq!(window.range.start, end, "{region:?}");
            assert!(window.size.is_multiple_of(PAGE) && window.step.is_multiple_of(PAGE), "{region:?}");
            assert!(window.range.start.is_multiple_of(GRANULARITY), "{region:?}");
            end = window.range.end;
        }
        assert_eq!(end, 1 << 31);
    }

    /// What `docs/architecture.md` says, and `drvhost info --host`.
    #[test]
    fn so_many_bits_are_random() {
        let bits = Region::ALL.map(|region| (region.name(), region.window().bits()));
        assert_eq!(
            bits,
            [
                ("thunks", 12),
                ("natives", 12),
                ("blocks", 13),
                ("stack", 13),
                ("further images", 10),
                ("heap", 14),
                ("threads' stacks", 13),
                ("arena", 14),
            ]
        );
        assert_eq!(IMAGE_BITS, 12);
    }

    #[test]
    fn the_least_and_the_greatest_numbers_are_the_ends_of_the_windows() {
        let (least, greatest) =
            (Layout::random([0; Layout::WORDS]), Layout::random([u64::MAX; Layout::WORDS]));
        for layout in [&Layout::fixed(), &least, &greatest] {
            is_sound(layout);
        }
        assert_eq!(least.ranges, Layout::fixed().ranges);
        for region in Region::ALL {
            assert!(region.window().range.end - greatest[region].end < region.window().step, "{region:?}");
        }
        assert_eq!(greatest.image(PAGE), Some(IMAGES.end - GRANULARITY));
        assert_eq!((least.image(PAGE), Layout::fixed().image(PAGE)), (Some(IMAGES.start), None));
    }

    proptest! {
        #[test]
        fn any_numbers_make_a_sound_layout(words: [u64; Layout::WORDS], size in 1..0x3000_0000_u64) {
            let layout = Layout::random(words);
            is_sound(&layout);
            is_sound_for_image(&layout, size);
        }

        /// A number moves one region, and no other follows from where it is.
        #[test]
        fn each_number_decides_for_one_region(words: [u64; Layout::WORDS], which in 0..Layout::WORDS, word: u64) {
            let mut others = words;
            others[which] = word;
            let (one, other) = (Layout::random(words), Layout::random(others));
            for (index, region) in Region::ALL.into_iter().enumerate() {
                prop_assert!(index + 1 == which || one[region] == other[region]);
            }
            prop_assert!(which == 0 || one.image(PAGE) == other.image(PAGE));
        }
    }
}
