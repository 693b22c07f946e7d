//! The chunks of a WAVE file in the three forms that there are.
//!
//! RIFF has sizes of 32 bits. RF64 (EBU Tech 3306; ITU-R BS.2088, which calls it BW64) is the same with 0xFFFFFFFF for a size that does not
//! fit, and a chunk `ds64` at the beginning that has the real ones. Sony Wave64 has GUIDs for identifiers, and sizes of 64 bits that count
//! the header as well; its chunks begin at multiples of eight.

use std::io::{Read, Seek};

use crate::media::error::MediaError;
use crate::media::riff::{Chunk, FourCc, HEADER_LEN, RiffReader, fourcc, le32, le64};

/// The longest `ds64` chunk that is read.
const MAX_SIZES: u64 = 1 << 20;
/// Length of a chunk's header in a Wave64 file: a GUID and 64 bits.
const W64_HEADER_LEN: u64 = 24;
/// What follows `riff` in the GUID at the beginning of a Wave64 file.
pub(super) const W64_RIFF: [u8; 12] = [0x2E, 0x91, 0xCF, 0x11, 0xA5, 0xD6, 0x28, 0xDB, 4, 0xC1, 0, 0];
/// What follows the four characters in the GUIDs of `wave`, `fmt `, `fact` and `data`.
pub(super) const W64_WAVE: [u8; 12] = [0xF3, 0xAC, 0xD3, 0x11, 0x8C, 0xD1, 0, 0xC0, 0x4F, 0x8E, 0xDB, 0x8A];

/// The form of a WAVE file.
pub(super) enum Form {
    Riff,
    Rf64(Sizes),
    Wave64,
}

/// What a `ds64` chunk says; nothing before it is read.
#[derive(Default)]
pub(super) struct Sizes {
    /// Bytes of the `data` chunk.
    data: u64,
    /// Samples per channel, for the `fact` chunk.
    samples: u64,
    /// The sizes of other chunks.
    table: Vec<(FourCc, u64)>,
}

impl Form {
    /// What form the file has, and where its first chunk is.
    pub fn of<R: Read + Seek>(riff: &mut RiffReader<R>) -> Result<(Self, u64), MediaError> {
        let mut head = [0; 40];
        let len = riff.len().min(head.len() as u64) as usize;
        let head = head.get_mut(..len).unwrap_or_default();
        riff.read_at(0, head)?;
        if [Some(*b"RF64"), Some(*b"BW64")].contains(&fourcc(head, 0)) && fourcc(head, 8) == Some(*b"WAVE") {
            return Ok((Self::Rf64(Sizes::default()), HEADER_LEN + 4));
        }
        if w64_id(head) == Some(*b"riff") && head.get(24..).and_then(w64_id) == Some(*b"wave") {
            return Ok((Self::Wave64, 40));
        }
        Ok((Self::Riff, riff.form(*b"WAVE", "a WAVE file")?.start))
    }

    /// The chunk whose header starts at `at`, and where the next one starts; `None` at the end, and where there can be no chunk.
    pub fn chunk_at<R: Read + Seek>(
        &self,
        riff: &mut RiffReader<R>,
        at: u64,
    ) -> Result<Option<(Chunk, u64)>, MediaError> {
        let file_end = riff.len();
        if !matches!(self, Self::Wave64) {
            let Some(mut chunk) = riff.chunk_at(at, file_end)? else { return Ok(None) };
            if let Some(size) = self.long_size(&chunk) {
                chunk.size = size;
                chunk.present = size.min(file_end - chunk.body());
            }
            return Ok(Some((chunk, chunk.next())));
        }
        if file_end.saturating_sub(at) < W64_HEADER_LEN {
            return Ok(None);
        }
        let mut header = [0; W64_HEADER_LEN as usize];
        riff.read_at(at, &mut header)?;
        let Some(stated) = le64(&header, 16).filter(|size| *size >= W64_HEADER_LEN) else { return Ok(None) };
        let size = stated - W64_HEADER_LEN;
        let present = size.min(file_end - at - W64_HEADER_LEN);
        // The body starts where that of a RIFF chunk would that begins at the header's last eight bytes.
        let offset = at + W64_HEADER_LEN - HEADER_LEN;
        let chunk = Chunk { id: w64_id(&header).unwrap_or_default(), offset, size, present };
        let next = at.checked_add(stated).and_then(|end| end.checked_next_multiple_of(8));
        Ok(Some((chunk, next.unwrap_or(u64::MAX))))
    }

    /// Takes what a `ds64` chunk says. One that is too short or too long says nothing.
    pub fn learn<R: Read + Seek>(
        &mut self,
        riff: &mut RiffReader<R>,
        chunk: &Chunk,
    ) -> Result<(), MediaError> {
        let Self::Rf64(sizes) = self else { return Ok(()) };
        let mut body = vec![0_u8; chunk.present.min(MAX_SIZES) as usize];
        riff.read_at(chunk.body(), &mut body)?;
        // The RIFF chunk's own length stands first.
        let (Some(data), Some(samples)) = (le64(&body, 8), le64(&body, 16)) else { return Ok(()) };
        let entries = body.get(28..).unwrap_or_default().as_chunks::<12>().0;
        let count = le32(&body, 24).unwrap_or(0) as usize;
        let entry = |[a, b, c, d, size @ ..]: &[u8; 12]| ([*a, *b, *c, *d], u64::from_le_bytes(*size));
        *sizes = Sizes { data, samples, table: entries.iter().take(count).map(entry).collect() };
        Ok(())
    }

    /// The size that stands elsewhere.
    fn long_size(&self, chunk: &Chunk) -> Option<u64> {
        let Self::Rf64(sizes) = self else { return None };
        let is_data = &chunk.id == b"data";
        if chunk.size != u64::from(u32::MAX) && !(is_data && chunk.size == 0) {
            return None;
        }
        let other = || sizes.table.iter().find(|(id, _)| *id == chunk.id).map(|(_, size)| *size);
        if is_data { (sizes.data != 0).then_some(sizes.data) } else { other() }
    }

    /// Whether the length of a `data` chunk was never filled in.
    pub fn is_open_ended(&self, data: &Chunk) -> bool {
        match self {
            Self::Rf64(sizes) if sizes.data != 0 && data.size == sizes.data => false,
            Self::Riff | Self::Rf64(_) => data.size == 0 || data.size == u64::from(u32::MAX),
            // Some writers begin with the greatest number that is positive.
            Self::Wave64 => data.size == 0 || data.size >= i64::MAX as u64 - W64_HEADER_LEN,
        }
    }

    /// The number of samples in a `fact` chunk.
    pub fn samples(&self, fact: &[u8]) -> Option<u64> {
        let short = le32(fact, 0).map(u64::from);
        match self {
            Self::Riff => short,
            Self::Rf64(sizes) if short == Some(u32::MAX.into()) => Some(sizes.samples),
            Self::Rf64(_) => short,
            Self::Wave64 => le64(fact, 0).or(short),
        }
    }
}

/// The four characters of a Wave64 file's GUID; `None` for one that has none.
fn w64_id(guid: &[u8]) -> Option<FourCc> {
    let id = fourcc(guid, 0)?;
    let tail = guid.get(4..16)?;
    let expected = if &id == b"riff" { W64_RIFF } else { W64_WAVE };
    (tail == expected).then_some(id)
}
