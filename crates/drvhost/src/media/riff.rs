//! RIFF: a file of nested, sized chunks (MS Learn: Resource Interchange File Format (RIFF)).
//!
//! A chunk is an identifier, a 32-bit little-endian size and that many bytes, padded to an even length. `RIFF`
//! and `LIST` chunks start with a form type and hold further chunks. Positions are 64 bits wide, because files
//! of several `RIFF` chunks pass 4 GiB. A chunk that claims more bytes than the file has is not an error here:
//! [`Chunk::missing`] tells how many.

use std::io::{BufReader, Read, Seek, SeekFrom};

use super::error::MediaError;
use super::sniff;

/// A four-character code as it stands in the file.
pub type FourCc = [u8; 4];

/// Length of a chunk's identifier and size.
pub(super) const HEADER_LEN: u64 = 8;

/// A code for a message: its characters in quotes, or a number where they do not print.
pub(super) fn fourcc_text(code: FourCc) -> String {
    match str::from_utf8(&code) {
        Ok(text) if code.iter().all(|byte| byte.is_ascii_graphic() || *byte == b' ') => format!("'{text}'"),
        _ => format!("{:#010x}", u32::from_le_bytes(code)),
    }
}

/// The little-endian 16-bit number at `offset`, or `None` where `bytes` is too short.
pub(super) fn le16(bytes: &[u8], offset: usize) -> Option<u16> {
    Some(u16::from_le_bytes(*bytes.get(offset..)?.first_chunk()?))
}

/// The little-endian 32-bit number at `offset`, or `None` where `bytes` is too short.
pub(super) fn le32(bytes: &[u8], offset: usize) -> Option<u32> {
    fourcc(bytes, offset).map(u32::from_le_bytes)
}

/// The little-endian 64-bit number at `offset`, or `None` where `bytes` is too short.
pub(super) fn le64(bytes: &[u8], offset: usize) -> Option<u64> {
    Some(u64::from_le_bytes(*bytes.get(offset..)?.first_chunk()?))
}

/// The four-character code at `offset`, or `None` where `bytes` is too short.
pub(super) fn fourcc(bytes: &[u8], offset: usize) -> Option<FourCc> {
    bytes.get(offset..)?.first_chunk().copied()
}

/// Where a chunk is and how long it says it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Chunk {
    /// The chunk's identifier.
    pub id: FourCc,
    /// Offset of the identifier in the file.
    pub offset: u64,
    /// Length of the body as the chunk states it.
    pub size: u64,
    /// How many of those bytes the file has.
    pub present: u64,
}

impl Chunk {
    /// Offset of the first byte behind the header.
    pub fn body(&self) -> u64 {
        self.offset + HEADER_LEN
    }

    /// Offset behind the body as the chunk states it; may lie beyond the end of the file.
    pub fn end(&self) -> u64 {
        self.body().saturating_add(self.size)
    }

    /// Offset where the next chunk should start: the end, made even.
    pub fn next(&self) -> u64 {
        self.end().saturating_add(self.size & 1)
    }

    /// How many bytes of the body the file does not have.
    pub fn missing(&self) -> u64 {
        self.size - self.present
    }
}

/// The inside of a `RIFF` or `LIST` chunk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct List {
    /// The form type, for example `movi`.
    pub form: FourCc,
    /// Offset of the first chunk inside.
    pub start: u64,
    /// Offset behind the last byte inside that the file has.
    pub end: u64,
    /// How many bytes the list states beyond the end of the file.
    pub missing: u64,
    /// The stated size cannot even hold the form type: a writer never came back to fill it in. The list then
    /// reaches to the end of what encloses it.
    pub unfinished: bool,
}

impl List {
    /// Whether a chunk that passes the list's end was cut off, rather than stating a wrong size.
    pub fn is_cut(&self) -> bool {
        self.missing > 0 || self.unfinished
    }
}

/// Reads chunks at any offset of a file.
pub(crate) struct RiffReader<R> {
    inner: BufReader<R>,
    /// Where the next byte comes from; `None` after a failure.
    position: Option<u64>,
    len: u64,
}

impl<R: Read + Seek> RiffReader<R> {
    pub fn new(inner: R) -> Result<Self, MediaError> {
        let mut inner = BufReader::with_capacity(64 << 10, inner);
        let len =
            inner.seek(SeekFrom::End(0)).map_err(|err| MediaError::io("finding the file's length", err))?;
        Ok(Self { inner, position: Some(len), len })
    }

    /// Length of the file in bytes.
    pub fn len(&self) -> u64 {
        self.len
    }

    /// The file's first `RIFF` chunk, which must be of the form `form`. `wanted` names that kind of file.
    pub fn form(&mut self, form: FourCc, wanted: &'static str) -> Result<List, MediaError> {
        if let Some(chunk) = self.chunk_at(0, self.len)?
            && &chunk.id == b"RIFF"
            && let Some(list) = self.list(&chunk, self.len)?
            && list.form == form
        {
            return Ok(list);
        }
        let mut head = vec![0; self.len.min(16) as usize];
        self.read_at(0, &mut head)?;
        Err(MediaError::WrongForm { wanted, found: sniff::describe(&head) })
    }

    /// The chunk whose header starts at `offset`, or `None` where no header fits before `end`.
    pub fn chunk_at(&mut self, offset: u64, end: u64) -> Result<Option<Chunk>, MediaError> {
        if end.min(self.len).saturating_sub(offset) < HEADER_LEN {
            return Ok(None);
        }
        let mut header = [0; HEADER_LEN as usize];
        self.read_at(offset, &mut header)?;
        let [a, b, c, d, size @ ..] = header;
        let size = u64::from(u32::from_le_bytes(size));
        let present = size.min(self.len - offset - HEADER_LEN);
        Ok(Some(Chunk { id: [a, b, c, d], offset, size, present }))
    }

    /// The inside of `chunk`, a `RIFF` or `LIST` within something that ends at `parent_end`; `None` where the
    /// file ends before the form type.
    pub fn list(&mut self, chunk: &Chunk, parent_end: u64) -> Result<Option<List>, MediaError> {
        let start = chunk.body() + 4;
        if start > self.len {
            return Ok(None);
        }
        let mut form = [0; 4];
        self.read_at(chunk.body(), &mut form)?;
        let unfinished = chunk.size < 4;
        let end = if unfinished { parent_end.min(self.len) } else { chunk.body() + chunk.present };
        Ok(Some(List { form, start, end: end.max(start), missing: chunk.missing(), unfinished }))
    }

    /// The body of a chunk that must be whole and at most `limit` bytes long. `what` names it in errors.
    pub fn body(&mut self, chunk: &Chunk, limit: u64, what: &'static str) -> Result<Vec<u8>, MediaError> {
        if chunk.size > limit {
            return Err(MediaError::TooLarge {
                what: format!("the {what} at byte {}", chunk.offset),
                why: format!("it states {} bytes, and {limit} is the limit", chunk.size),
            });
        }
        if chunk.missing() > 0 {
            let why =
                format!("it should have {} bytes, and the file ends after {}", chunk.size, chunk.present);
            return Err(MediaError::Malformed { what, offset: chunk.offset, why });
        }
        let mut body = vec![0; chunk.size as usize];
        self.read_at(chunk.body(), &mut body)?;
        Ok(body)
    }

    /// Fills `buf` from `offset`.
    pub fn read_at(&mut self, offset: u64, buf: &mut [u8]) -> Result<(), MediaError> {
        // Going a relative distance keeps what is buffered.
        let distance = self.position.take().and_then(|position| offset.checked_signed_diff(position));
        let moved = match distance {
            Some(distance) => self.inner.seek_relative(distance),
            None => self.inner.seek(SeekFrom::Start(offset)).map(drop),
        };
        moved
            .and_then(|()| self.inner.read_exact(buf))
            .map_err(|err| MediaError::io(format!("reading {} bytes at byte {offset}", buf.len()), err))?;
        self.position = Some(offset + buf.len() as u64);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    fn reader(bytes: &[u8]) -> RiffReader<Cursor<&[u8]>> {
        RiffReader::new(Cursor::new(bytes)).unwrap()
    }

    #[test]
    fn odd_bodies_are_padded() {
        let mut riff = reader(b"abcd\x03\0\0\0xyz\0next\0\0\0\0");
        let chunk = riff.chunk_at(0, 20).unwrap().unwrap();
        assert_eq!((chunk.size, chunk.end(), chunk.next(), chunk.missing()), (3, 11, 12, 0));
        assert_eq!(riff.body(&chunk, 3, "test").unwrap(), b"xyz");
        assert_eq!(riff.chunk_at(chunk.next(), 20).unwrap().unwrap().id, *b"next");
        assert_eq!(riff.chunk_at(20, 20).unwrap(), None);
    }

    #[test]
    fn a_size_beyond_the_file_is_data_and_is_never_allocated() {
        let mut riff = reader(b"abcd\xFF\xFF\xFF\xFFxyz");
        let chunk = riff.chunk_at(0, 11).unwrap().unwrap();
        assert_eq!((chunk.present, chunk.missing()), (3, 0xFFFF_FFFC));
        assert!(matches!(riff.body(&chunk, u64::MAX, "test"), Err(MediaError::Malformed { offset: 0, .. })));
        assert!(matches!(riff.body(&chunk, 100, "test"), Err(MediaError::TooLarge { .. })));
    }

    #[test]
    fn an_unfinished_list_reaches_to_its_parents_end() {
        let mut riff = reader(b"LIST\0\0\0\0movi00dc\0\0\0\0tail");
        let chunk = riff.chunk_at(0, 24).unwrap().unwrap();
        let list = riff.list(&chunk, 20).unwrap().unwrap();
        assert_eq!((list.form, list.start, list.end, list.is_cut()), (*b"movi", 12, 20, true));
    }

    #[test]
    fn another_form_is_named() {
        let err = reader(b"RIFF\x04\0\0\0CDXA").form(*b"AVI ", "an AVI file").unwrap_err();
        assert_eq!(err.to_string(), "this is not an AVI file: it looks like a RIFF file of form 'CDXA'");
    }
}
