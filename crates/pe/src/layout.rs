//! Putting an image together as the Windows loader does: headers and sections at their places, words that depend on the
//! address changed (PE/COFF, "Section Table" and "The .reloc Section").

use crate::error::{PeError, Place};
use crate::image::Image;
use crate::relocations::RelocationKind;

/// Where an image is put together: `size_of_image` bytes that are zero to begin with.
pub trait Canvas {
    /// Why a place cannot be written or read.
    type Error: From<PeError>;

    /// Writes `bytes` at an offset.
    ///
    /// # Errors
    /// When not all of them lie in the image.
    fn write(&mut self, rva: u32, bytes: &[u8]) -> Result<(), Self::Error>;

    /// Reads `out.len()` bytes at an offset.
    ///
    /// # Errors
    /// When not all of them lie in the image.
    fn read(&self, rva: u32, out: &mut [u8]) -> Result<(), Self::Error>;
}

impl Image<'_> {
    /// Puts the image together as it is when it lies at `base`. Imports are left as the file has them.
    ///
    /// # Errors
    /// [`PeError`] for a damaged relocation table, and the canvas's.
    pub fn lay_out<C: Canvas>(&self, base: u64, canvas: &mut C) -> Result<(), C::Error> {
        canvas.write(0, self.headers())?;
        for section in self.sections() {
            canvas.write(section.rva, section.data)?;
        }
        let delta = base.wrapping_sub(self.image_base());
        if delta == 0 {
            return Ok(());
        }
        for relocation in self.relocations()? {
            match relocation.kind {
                RelocationKind::Dir64 => {
                    let mut word = [0; 8];
                    canvas.read(relocation.rva, &mut word)?;
                    let moved = u64::from_le_bytes(word).wrapping_add(delta);
                    canvas.write(relocation.rva, &moved.to_le_bytes())?;
                }
                RelocationKind::HighLow => {
                    let mut word = [0; 4];
                    canvas.read(relocation.rva, &mut word)?;
                    // 32 bits of an address: the delta's low half moves it.
                    let low = u32::try_from(delta & u64::from(u32::MAX)).unwrap_or(0);
                    let moved = u32::from_le_bytes(word).wrapping_add(low);
                    canvas.write(relocation.rva, &moved.to_le_bytes())?;
                }
            }
        }
        Ok(())
    }

    /// The bytes of the image as it is when it lies at `base`, [`size_of_image`](Image::size_of_image) of them.
    ///
    /// # Errors
    /// As [`lay_out`](Image::lay_out).
    pub fn laid_out(&self, base: u64) -> Result<Vec<u8>, PeError> {
        let mut bytes = Bytes(vec![0; self.size_of_image() as usize]);
        self.lay_out(base, &mut bytes)?;
        Ok(bytes.0)
    }
}

/// An image in the process's own memory.
struct Bytes(Vec<u8>);

impl Bytes {
    fn outside(rva: u32) -> PeError {
        PeError::malformed("the image", Place::Rva(rva), "something reaches beyond its size")
    }
}

impl Canvas for Bytes {
    type Error = PeError;

    fn write(&mut self, rva: u32, bytes: &[u8]) -> Result<(), PeError> {
        let place = self.0.get_mut(rva as usize..).and_then(|rest| rest.get_mut(..bytes.len()));
        place.ok_or_else(|| Self::outside(rva))?.copy_from_slice(bytes);
        Ok(())
    }

    fn read(&self, rva: u32, out: &mut [u8]) -> Result<(), PeError> {
        let place = self.0.get(rva as usize..).and_then(|rest| rest.get(..out.len()));
        out.copy_from_slice(place.ok_or_else(|| Self::outside(rva))?);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use crate::builder::Builder;
    use crate::{Image, Machine};

    #[test]
    fn sections_lie_at_their_addresses_and_unmoved_words_stay() {
        let file = Builder::new(Machine::X86_64).code(&[0x90, 0xC3]).export("DriverProc", 0).build();
        let image = Image::parse(&file).unwrap();
        let laid = image.laid_out(image.image_base()).unwrap();
        assert_eq!(laid.len(), image.size_of_image() as usize);
        assert!(laid.starts_with(b"MZ"));
        for section in image.sections() {
            let at = section.rva as usize;
            assert_eq!(&laid[at..at + section.data.len()], section.data, "{}", section.name);
        }
    }

    #[test]
    fn words_that_depend_on_the_address_move_with_it() {
        let file = Builder::new(Machine::X86_64).code(&[0x11; 8]).relocation(0).build();
        let image = Image::parse(&file).unwrap();
        let relocations = image.relocations().unwrap();
        assert!(!relocations.is_empty());
        let (here, there) =
            (image.laid_out(image.image_base()).unwrap(), image.laid_out(0x2C00_0000).unwrap());
        let delta = 0x2C00_0000_u64.wrapping_sub(image.image_base());
        for relocation in relocations {
            let word = |laid: &[u8]| {
                let at = relocation.rva as usize;
                u64::from_le_bytes(laid[at..at + 8].try_into().unwrap())
            };
            assert_eq!(word(&there), word(&here).wrapping_add(delta));
        }
    }
}
