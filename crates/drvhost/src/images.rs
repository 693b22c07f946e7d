//! The images of one worker: the driver that it was started for, and further ones that this driver opens.
//!
//! A worker cannot make code, not even while it is asked to load something: whoever has taken it over would ask for that, too. So the host
//! puts further images together, in a file that the worker sees and cannot write (`wire::Brought`).

use std::fs::File;
use std::io::{Seek, SeekFrom};
use std::os::fd::OwnedFd;
use std::os::unix::fs::FileExt;

use wire::{BROUGHT_SIZE, Brought, FILES_SIZE, given};

use crate::error::Error;
use crate::module::Image;

/// Alignment of images, as on Windows (`dwAllocationGranularity`).
const GRANULARITY: u32 = 0x1_0000;
/// How many distances there are that an image may have from the one before.
const DISTANCES: u32 = 16;
/// The largest file of a further image. The worker needs room for a copy of it.
pub(crate) const MAX_FILE: u32 = 16 << 20;

/// The file with the images, and what lies where.
#[derive(Debug)]
pub(crate) struct Images {
    file: File,
    /// Whether each worker has them at the same addresses.
    fixed_addresses: bool,
    /// In the order in which they came.
    places: Vec<Place>,
    /// Where its file goes.
    next_file: u32,
}

/// One further image.
#[derive(Debug)]
struct Place {
    brought: Brought,
    /// Where it ends.
    end: u32,
    content: blake3::Hash,
    /// Who uses it.
    user: Option<User>,
}

impl Place {
    /// Whether an image of so many bytes from `start` on lies elsewhere.
    fn is_apart(&self, start: u32, size: u32) -> bool {
        self.end <= start || start + size <= self.brought.image
    }
}

/// Who has an image brought. Each frees its own only: what the worker says of its libraries says nothing of drivers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum User {
    /// The host, for a driver that a driver opens.
    Driver,
    /// The worker, for a library that lies beside a driver.
    Library,
}

impl Images {
    /// A file for a worker.
    ///
    /// # Errors
    /// [`Error::Worker`].
    pub fn new() -> Result<Self, Error> {
        let failed = |error: std::io::Error| Error::Worker(error.to_string());
        let mut file = File::from(sandbox::memory_file(given::IMAGES).map_err(failed)?);
        file.set_len(given::DRIVER).map_err(failed)?;
        // The worker reads from here on.
        file.seek(SeekFrom::Start(given::DRIVER)).map_err(failed)?;
        Ok(Self::of(file))
    }

    /// In a file that a worker has been given ([`given::IMAGES`]) and that has nothing in it.
    pub fn of(file: File) -> Self {
        Self { file, fixed_addresses: false, places: Vec::new(), next_file: 0 }
    }

    /// Puts the driver there that the worker is for, before it is told of that, and sets whether further images lie at the same addresses in each worker.
    ///
    /// # Errors
    /// [`Error::Worker`].
    pub fn begin(&mut self, driver: &[u8], fixed_addresses: bool) -> Result<(), Error> {
        self.fixed_addresses = fixed_addresses;
        self.file.write_all_at(driver, given::DRIVER).map_err(|error| Error::Worker(error.to_string()))
    }

    /// The file, for the worker.
    ///
    /// # Errors
    /// [`Error::Worker`].
    pub fn descriptor(&self) -> Result<OwnedFd, Error> {
        let file = self.file.try_clone().map_err(|error| Error::Worker(error.to_string()))?;
        Ok(file.into())
    }

    /// Puts a further image together for a worker that sees the beginning of the file at `base`. What was there before and is not used any more
    /// serves again.
    ///
    /// # Errors
    /// [`Error::NotADriver`] for an image that cannot lie there, [`Error::Worker`].
    pub fn bring(&mut self, driver: &Image, base: u64, user: User) -> Result<Brought, Error> {
        let content = blake3::hash(&driver.bytes);
        if let Some(place) =
            self.places.iter_mut().find(|place| place.user.is_none() && place.content == content)
        {
            place.user = Some(user);
            return Ok(place.brought);
        }
        let not_a_driver = |why: String| Error::NotADriver { file: driver.file.clone(), why };
        let no_room = || not_a_driver("its opener's worker has no room left for it".into());
        let image = pe::Image::parse(&driver.bytes).map_err(|error| not_a_driver(error.to_string()))?;
        let file_len =
            u32::try_from(driver.bytes.len()).ok().filter(|&len| len <= MAX_FILE).ok_or_else(no_room)?;
        let next_file = self.next_file.checked_add(file_len).filter(|&end| end <= FILES_SIZE);
        let (next_file, size) = (next_file.ok_or_else(no_room)?, image.size_of_image());
        let start = self.room(size)?.ok_or_else(no_room)?;
        let brought = Brought { image: start, file: self.next_file, file_len };
        let base = base + u64::from(brought.image);
        if image.relocs_stripped() && image.image_base() != base {
            let wanted = image.image_base();
            return Err(not_a_driver(format!(
                "it has no relocations, and its place at {wanted:#x} cannot be had beside its opener"
            )));
        }
        let laid = image.laid_out(base).map_err(|error| not_a_driver(error.to_string()))?;
        self.file
            .write_all_at(&laid, brought.image.into())
            .and_then(|()| {
                self.file.write_all_at(&driver.bytes, u64::from(BROUGHT_SIZE) + u64::from(brought.file))
            })
            .map_err(|error| Error::Worker(error.to_string()))?;
        self.next_file = next_file;
        self.places.push(Place { brought, end: start + size, content, user: Some(user) });
        Ok(brought)
    }

    /// Where an image of so many bytes goes; `None` when there is no room.
    ///
    /// The first one lies anywhere and each further one somewhere behind the one before, so that the room stays whole for large ones.
    fn room(&self, size: u32) -> Result<Option<u32>, Error> {
        let Some(last) = BROUGHT_SIZE.checked_sub(size) else { return Ok(None) };
        let fits = |start: u32| start <= last && self.places.iter().all(|place| place.is_apart(start, size));
        let behind = |place: &Place| place.end.next_multiple_of(GRANULARITY);
        let wanted = match self.places.last() {
            None => vec![self.steps(last / GRANULARITY + 1)?],
            Some(before) => {
                let (before, distance) = (behind(before), self.steps(DISTANCES)?);
                vec![before + distance, before, distance]
            }
        };
        let anywhere = std::iter::once(0).chain(self.places.iter().map(behind));
        Ok(wanted.into_iter().chain(anywhere).find(|&start| fits(start)))
    }

    /// A random number of steps below `bound`, in bytes; none where addresses are fixed.
    fn steps(&self, bound: u32) -> Result<u32, Error> {
        let steps = if self.fixed_addresses { Ok(0) } else { sandbox::addresses::below(bound) };
        Ok(steps.map_err(|error| Error::Worker(error.to_string()))? * GRANULARITY)
    }

    /// An image is unloaded and none of its code runs.
    pub fn free(&mut self, brought: Brought, user: User) {
        let is_it = |place: &&mut Place| place.brought == brought && place.user == Some(user);
        if let Some(place) = self.places.iter_mut().find(is_it) {
            place.user = None;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;
    use std::path::PathBuf;

    use pe::builder::Builder;

    use super::*;
    use crate::machine::Machine;

    const BASE: u64 = 0x2c00_0000;

    fn image_for(machine: Machine, code: u8) -> Image {
        let builder = Builder::new(machine.into());
        let bytes = builder.code(&[code; 8]).relocation(0).export("DriverProc", 0).build();
        Image { name: "a.dll".into(), file: PathBuf::from("a.dll"), machine, bytes }
    }

    fn begun(driver: &[u8], fixed_addresses: bool) -> Images {
        let mut images = Images::new().unwrap();
        images.begin(driver, fixed_addresses).unwrap();
        images
    }

    fn image(code: u8) -> Image {
        image_for(Machine::X86_64, code)
    }

    #[test]
    fn the_worker_reads_its_driver_from_where_the_file_stands() {
        let driver = image(0xC3);
        let images = begun(&driver.bytes, false);
        let mut read = Vec::new();
        File::from(images.descriptor().unwrap()).read_to_end(&mut read).unwrap();
        assert_eq!(read, driver.bytes);
    }

    #[test]
    fn images_lie_side_by_side_and_serve_again() {
        let (first, second) = (image(1), image(2));
        let mut images = begun(&first.bytes, true);
        let at_first = images.bring(&first, BASE, User::Driver).unwrap();
        let at_second = images.bring(&second, BASE, User::Driver).unwrap();
        assert!(at_second.image >= at_first.image + 0x3000 && at_second.image.is_multiple_of(GRANULARITY));
        let laid =
            pe::Image::parse(&second.bytes).unwrap().laid_out(BASE + u64::from(at_second.image)).unwrap();
        let mut there = vec![0; laid.len()];
        images.file.read_exact_at(&mut there, at_second.image.into()).unwrap();
        assert!(there == laid, "what lies there is not the image");
        // One that is used is not given out again, even for the same file.
        assert_ne!(images.bring(&first, BASE, User::Driver).unwrap(), at_first);
        images.free(at_first, User::Library);
        assert_ne!(images.bring(&first, BASE, User::Driver).unwrap(), at_first, "a driver's is no library");
        images.free(at_first, User::Driver);
        assert_eq!(images.bring(&first, BASE, User::Driver).unwrap(), at_first);
    }

    /// The ranges that images have which are brought one after the other.
    fn ranges(fixed_addresses: bool, count: usize) -> Vec<(u32, u32)> {
        let mut images = begun(&[], fixed_addresses);
        for _ in 0..count {
            images.bring(&image(9), BASE, User::Library).unwrap();
        }
        images.places.iter().map(|place| (place.brought.image, place.end)).collect()
    }

    #[test]
    fn images_lie_anywhere_and_apart_unless_addresses_are_fixed() {
        assert_eq!(ranges(true, 3), ranges(true, 3));
        let mut firsts: Vec<u32> = (0..40).map(|_| ranges(false, 1)[0].0).collect();
        firsts.sort_unstable();
        firsts.dedup();
        assert!(firsts.len() > 20 && firsts[firsts.len() - 1] - firsts[0] > BROUGHT_SIZE / 4, "{firsts:x?}");
        let mut many = ranges(false, 100);
        let distances = many.windows(2).map(|pair| pair[1].0.wrapping_sub(pair[0].1) / GRANULARITY);
        assert!(distances.collect::<std::collections::BTreeSet<_>>().len() > 4, "{many:x?}");
        many.sort_unstable();
        assert!(many.windows(2).all(|pair| pair[0].1 <= pair[1].0), "{many:x?}");
        assert!(many.iter().all(|&(start, end)| start.is_multiple_of(GRANULARITY) && end <= BROUGHT_SIZE));
    }

    /// Images that lie apart leave no gaps that none fits into: nearly as many find room as side by side.
    #[test]
    fn the_room_stays_whole() {
        // PE/COFF: where the optional header is, and how far into it SizeOfImage.
        const E_LFANEW: usize = 0x3c;
        const SIZE_OF_IMAGE: usize = 24 + 56;
        let large = |size: u32| {
            let mut image = image(0xC3);
            let at = usize::from(image.bytes[E_LFANEW]) + SIZE_OF_IMAGE;
            image.bytes[at..at + 4].copy_from_slice(&size.to_le_bytes());
            image
        };
        for _ in 0..20 {
            let mut images = begun(&[], false);
            for _ in 0..10 {
                images.bring(&large(1 << 20), BASE, User::Library).unwrap();
            }
            images.bring(&large(12 << 20), BASE, User::Library).unwrap();
        }
    }

    #[test]
    fn pointers_of_either_width_are_moved() {
        for machine in Machine::ALL {
            let driver = image_for(machine, 0x10);
            let mut images = begun(&driver.bytes, false);
            images.bring(&driver, BASE, User::Driver).unwrap();
            let brought = images.bring(&driver, BASE, User::Driver).unwrap();
            let mut moved = [0; 8];
            // The code, with the pointer at its start.
            images.file.read_exact_at(&mut moved, u64::from(brought.image) + 0x1000).unwrap();
            let by = (BASE + u64::from(brought.image)).wrapping_sub(Builder::image_base(machine.into()));
            let expected = 0x1010_1010_1010_1010_u64.wrapping_add(by);
            let expected = match machine {
                Machine::X86_64 => expected,
                Machine::I386 => 0x1010_1010 << 32 | expected & 0xFFFF_FFFF,
            };
            assert_eq!(u64::from_le_bytes(moved), expected, "{machine}");
        }
    }

    #[test]
    fn there_is_an_end_to_the_room() {
        let driver = image(3);
        let mut images = begun(&driver.bytes, false);
        let error = (0..).find_map(|_| images.bring(&driver, BASE, User::Driver).err()).unwrap();
        assert!(error.to_string().contains("no room"), "{error}");
    }
}
