//! Reading an image at an RVA: what every table is read with.

use std::borrow::Cow;

use object::LittleEndian as LE;
use object::pod::{self, Pod};
use object::{U32, U64};

use crate::error::{PeError, Place};
use crate::image::Image;

/// The longest name (of a symbol or library) that is accepted, in bytes: what Microsoft's compilers emit at most.
const MAX_NAME: usize = 4096;

impl<'a> Image<'a> {
    /// The bytes of the file from `rva` to the end of what is mapped there, and how many bytes are mapped there in
    /// all: what the file does not supply is zeros.
    fn mapped(&self, rva: u32) -> Option<(&'a [u8], usize)> {
        let (start, data, len) = if rva < self.optional.size_of_headers {
            (0, self.headers(), self.optional.size_of_headers)
        } else {
            let following = self.sections.partition_point(|section| section.rva <= rva);
            let section = self.sections.get(following.checked_sub(1)?)?;
            (section.rva, section.data, section.mapped_size(&self.optional))
        };
        let offset = rva - start;
        let left = len.checked_sub(offset).filter(|left| *left > 0)?;
        Some((data.get(offset as usize..).unwrap_or(&[]), left as usize))
    }

    /// `len` bytes at `rva`, all of which the file must supply.
    pub(crate) fn bytes_at(&self, rva: u32, len: u32, what: &'static str) -> Result<&'a [u8], PeError> {
        let data = self.mapped(rva).map_or(&[][..], |(data, _)| data);
        data.get(..len as usize).ok_or_else(|| outside(what, rva))
    }

    /// The structure at `rva`, at most 64 bytes long. What is mapped but not in the file reads as zeros.
    pub(crate) fn read<T: Pod>(&self, rva: u32, what: &'static str) -> Result<T, PeError> {
        let size = size_of::<T>();
        let (data, mapped) = self.mapped(rva).ok_or_else(|| outside(what, rva))?;
        let mut buffer = [0_u8; 64];
        if size > mapped || size > buffer.len() {
            return Err(outside(what, rva));
        }
        buffer.iter_mut().zip(data).take(size).for_each(|(to, from)| *to = *from);
        pod::from_bytes::<T>(&buffer).map(|(value, _)| *value).map_err(|()| outside(what, rva))
    }

    /// The 32-bit number at `rva`.
    pub(crate) fn u32_at(&self, rva: u32, what: &'static str) -> Result<u32, PeError> {
        self.read::<U32<LE>>(rva, what).map(|value| value.get(LE))
    }

    /// The pointer-sized number at `rva`.
    pub(crate) fn pointer_at(&self, rva: u32, what: &'static str) -> Result<u64, PeError> {
        if self.is_64() {
            self.read::<U64<LE>>(rva, what).map(|value| value.get(LE))
        } else {
            self.u32_at(rva, what).map(u64::from)
        }
    }

    /// The size of a pointer in bytes.
    pub(crate) fn pointer_size(&self) -> u32 {
        if self.is_64() { 8 } else { 4 }
    }

    /// The text at `rva` up to its NUL, at most 4096 bytes.
    pub(crate) fn text_at(&self, rva: u32, what: &'static str) -> Result<&'a [u8], PeError> {
        let (data, mapped) = self.mapped(rva).ok_or_else(|| outside(what, rva))?;
        let window = data.get(..=MAX_NAME).unwrap_or(data);
        match window.iter().position(|byte| *byte == 0) {
            Some(end) => Ok(window.get(..end).unwrap_or(window)),
            None if window.len() > MAX_NAME => {
                Err(PeError::malformed(what, Place::Rva(rva), "the text is longer than 4096 bytes"))
            }
            None if mapped > data.len() => Ok(data),
            None => Err(PeError::malformed(what, Place::Rva(rva), "the text has no end")),
        }
    }

    /// The RVA of an absolute address in the image. The image's end counts as inside, as it ends a range.
    pub(crate) fn rva_of(&self, va: u64, what: &'static str) -> Result<u32, PeError> {
        va.checked_sub(self.image_base())
            .and_then(|rva| u32::try_from(rva).ok())
            .filter(|rva| *rva <= self.size_of_image())
            .ok_or_else(|| PeError::malformed(what, Place::Va(va), "it lies outside the image"))
    }

    /// `Ok` if `len` bytes at `rva` lie in the image.
    pub(crate) fn check_inside(&self, rva: u32, len: u32, what: &'static str) -> Result<(), PeError> {
        match rva.checked_add(len) {
            Some(end) if end <= self.size_of_image() => Ok(()),
            _ => Err(outside(what, rva)),
        }
    }
}

/// Bounds the memory that the names of one table take: names may overlap in the file, copies do not.
pub(crate) struct NameBudget {
    left: usize,
}

impl NameBudget {
    /// 16 MiB, several times what the largest real libraries export.
    const LIMIT: usize = 16 << 20;

    pub(crate) fn new() -> Self {
        Self { left: Self::LIMIT }
    }

    /// The name as text; bytes that are no UTF-8 are replaced.
    pub(crate) fn text(&mut self, name: &[u8]) -> Result<String, PeError> {
        self.left = self.left.checked_sub(name.len()).ok_or(PeError::TooLarge {
            what: Cow::Borrowed("the total length of the names of a table"),
            value: (Self::LIMIT - self.left + name.len()) as u64,
            limit: Self::LIMIT as u64,
        })?;
        Ok(String::from_utf8_lossy(name).into_owned())
    }
}

/// Where the entry with this index starts in a table of entries of `size` bytes.
pub(crate) fn entry_rva(table: u32, index: u32, size: u32, what: &'static str) -> Result<u32, PeError> {
    index.checked_mul(size).and_then(|offset| table.checked_add(offset)).ok_or_else(|| outside(what, table))
}

fn outside(what: &'static str, rva: u32) -> PeError {
    PeError::malformed(what, Place::Rva(rva), "it lies outside the image or the file's data")
}
