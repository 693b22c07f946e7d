//! Thread-local storage: the TLS directory (PE/COFF, "The .tls Section").

use object::LittleEndian as LE;
use object::pe::{self, ImageTlsDirectory32, ImageTlsDirectory64};

use crate::error::{PeError, Place};
use crate::image::{Image, MAX_IMAGE_SIZE};

/// The most callbacks an image may have.
const MAX_CALLBACKS: u64 = 256;

/// What each thread of the image's process gets a copy of. The directory's absolute addresses are told as RVAs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tls {
    /// Where the template of a thread's data starts.
    pub start_rva: u32,
    /// Where the template ends; not before its start.
    pub end_rva: u32,
    /// How many zero bytes follow the template in a thread's data. Template and zeros together fit in 256 MiB.
    pub zero_fill: u32,
    /// Where the loader stores the image's 32-bit TLS index.
    pub index_rva: u32,
    /// The functions to call, with `DllMain`'s parameters, before `DllMain`.
    pub callbacks: Vec<u32>,
}

impl Image<'_> {
    /// The TLS directory; `None` if the image has none.
    ///
    /// # Errors
    /// If an address in it lies outside the image, or a size or count is beyond its limit.
    pub fn tls(&self) -> Result<Option<Tls>, PeError> {
        const WHAT: &str = "the TLS directory";
        let Some((rva, _)) = self.directory(pe::IMAGE_DIRECTORY_ENTRY_TLS) else {
            return Ok(None);
        };
        let (start, end, index, callbacks, zero_fill) = if self.is_64() {
            let tls: ImageTlsDirectory64 = self.read(rva, WHAT)?;
            (
                tls.start_address_of_raw_data.get(LE),
                tls.end_address_of_raw_data.get(LE),
                tls.address_of_index.get(LE),
                tls.address_of_call_backs.get(LE),
                tls.size_of_zero_fill.get(LE),
            )
        } else {
            let tls: ImageTlsDirectory32 = self.read(rva, WHAT)?;
            (
                tls.start_address_of_raw_data.get(LE).into(),
                tls.end_address_of_raw_data.get(LE).into(),
                tls.address_of_index.get(LE).into(),
                tls.address_of_call_backs.get(LE).into(),
                tls.size_of_zero_fill.get(LE),
            )
        };
        let (start_rva, end_rva) = if (start, end) == (0, 0) {
            (0, 0)
        } else {
            (self.rva_of(start, "the TLS template")?, self.rva_of(end, "the end of the TLS template")?)
        };
        let Some(template_size) = end_rva.checked_sub(start_rva) else {
            return Err(PeError::malformed(WHAT, Place::Rva(rva), "its template ends before it starts"));
        };
        let size = u64::from(template_size) + u64::from(zero_fill);
        PeError::limit("the size of a thread's TLS data", size, MAX_IMAGE_SIZE.into())?;
        let index_rva = self.rva_of(index, "the TLS index")?;
        self.check_inside(index_rva, 4, "the TLS index")?;
        let callbacks = self.tls_callbacks(callbacks)?;
        Ok(Some(Tls { start_rva, end_rva, zero_fill, index_rva, callbacks }))
    }

    /// The callbacks of the zero-terminated array at an absolute address; 0 means that there is no array.
    fn tls_callbacks(&self, array: u64) -> Result<Vec<u32>, PeError> {
        const WHAT: &str = "the TLS callback array";
        let mut callbacks = Vec::new();
        if array == 0 {
            return Ok(callbacks);
        }
        let mut rva = self.rva_of(array, WHAT)?;
        loop {
            let callback = self.pointer_at(rva, WHAT)?;
            if callback == 0 {
                return Ok(callbacks);
            }
            PeError::limit("the number of TLS callbacks", callbacks.len() as u64 + 1, MAX_CALLBACKS)?;
            let callback_rva = self.rva_of(callback, "a TLS callback")?;
            self.check_inside(callback_rva, 1, "a TLS callback")?;
            callbacks.push(callback_rva);
            rva += self.pointer_size();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::builder::Builder;
    use crate::machine::Machine;

    /// An image with a TLS directory whose fields are these, in pointer-sized words relative to the image base plus
    /// the directory's RVA, but 0 stays 0; then the zero fill; then two callbacks in the code.
    fn with_tls(machine: Machine, words: [u64; 4], zero_fill: u32) -> Vec<u8> {
        let word = move |value: u64| {
            let bytes = value.to_le_bytes();
            if machine.is_64() { bytes.to_vec() } else { bytes[..4].to_vec() }
        };
        Builder::new(machine)
            .code(&[0xC3; 32])
            .directory(pe::IMAGE_DIRECTORY_ENTRY_TLS, move |rva| {
                let base = Builder::image_base(machine);
                let absolute = |offset: u64| if offset == 0 { 0 } else { base + u64::from(rva) + offset };
                let mut table: Vec<u8> = words.iter().flat_map(|offset| word(absolute(*offset))).collect();
                table.extend(zero_fill.to_le_bytes());
                table.resize(64, 0);
                table.extend([base + 0x1000, base + 0x1010, 0].into_iter().flat_map(word));
                table
            })
            .build()
    }

    #[test]
    fn the_directory_is_told_as_rvas() {
        for machine in [Machine::I386, Machine::X86_64] {
            let file = with_tls(machine, [48, 56, 60, 64], 100);
            let tls = Image::parse(&file).unwrap().tls().unwrap().unwrap();
            assert_eq!(tls.end_rva - tls.start_rva, 8);
            assert_eq!(tls.index_rva, tls.start_rva + 12);
            assert_eq!(tls.zero_fill, 100);
            assert_eq!(tls.callbacks, [0x1000, 0x1010]);
        }
        assert_eq!(Image::parse(&Builder::new(Machine::I386).build()).unwrap().tls(), Ok(None));
    }

    #[test]
    fn an_image_without_template_and_callbacks_is_read() {
        let file = with_tls(Machine::I386, [0, 0, 60, 0], 16);
        let tls = Image::parse(&file).unwrap().tls().unwrap().unwrap();
        assert_eq!((tls.start_rva, tls.end_rva, tls.zero_fill), (0, 0, 16));
        assert_eq!(tls.callbacks, []);
    }

    #[test]
    fn addresses_and_sizes_are_checked() {
        let error = |words, zero_fill| {
            let file = with_tls(Machine::X86_64, words, zero_fill);
            Image::parse(&file).unwrap().tls().unwrap_err().to_string()
        };
        assert!(error([56, 48, 60, 0], 0).ends_with("its template ends before it starts"));
        assert!(error([48, 1 << 40, 60, 0], 0).starts_with("the end of the TLS template at address"));
        assert!(error([48, 56, 0, 0], 0).starts_with("the TLS index at address 0x0"));
        assert!(error([48, 56, 60, 0], u32::MAX).starts_with("the size of a thread's TLS data is too large"));
    }
}
