//! Films of many gigabytes that take little room on the disk.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::Path;

/// Every so many frames there is a key frame.
const KEYS: u32 = 8;
/// What the frames of one second are.
const RATE: u32 = 25;

/// An OpenDML film of one video stream, whose frames are their first byte and nothing else but zeros, which the file has as holes.
#[derive(Debug, Clone)]
pub struct LongFilm {
    /// `biCompression` and `fccHandler`.
    pub codec: [u8; 4],
    /// Pixels a row, and rows.
    pub size: [u32; 2],
    /// `RIFF` chunks.
    pub parts: u32,
    /// Frames in each of them.
    pub frames: u32,
    /// Bytes of a frame.
    pub frame_len: u32,
}

impl LongFilm {
    /// How many frames there are.
    #[must_use]
    pub fn total(&self) -> u32 {
        self.parts * self.frames
    }

    /// How many of them are key frames.
    #[must_use]
    pub fn key_frames(&self) -> u32 {
        self.total().div_ceil(KEYS)
    }

    /// The first byte of a frame: a letter that is no `F` and no `R`.
    #[must_use]
    pub fn byte(number: u32) -> u8 {
        b'a' + (number % 26) as u8
    }

    /// Writes the file; answers its length.
    ///
    /// # Panics
    /// When it cannot be written.
    pub fn write(&self, path: &Path) -> u64 {
        let file = File::create(path).expect("a film");
        let put = |at: u64, bytes: &[u8]| file.write_all_at(bytes, at).expect("a film's bytes");
        let headers = self.headers(&vec![0; 16 * self.parts as usize]).len() as u64;
        let mut super_index = Vec::new();
        let (mut at, mut number) = (0, 0);
        for part in 0..self.parts {
            let riff = at;
            let list = if part == 0 { 12 + headers } else { riff + 12 };
            at = list + 12;
            let mut entries = Vec::new();
            for _ in 0..self.frames {
                put(at, &[b"00dc".as_slice(), &self.frame_len.to_le_bytes(), &[Self::byte(number)]].concat());
                let is_key = number.is_multiple_of(KEYS);
                entries.extend(words(&[(at + 8 - list) as u32, self.frame_len | u32::from(!is_key) << 31]));
                at += 8 + u64::from(self.frame_len);
                number += 1;
            }
            // AVISTDINDEX: two words an entry, an index of chunks.
            let mut index = [words(&[2 | 1 << 24, self.frames]), b"00dc".to_vec()].concat();
            index.extend(list.to_le_bytes());
            index.extend([words(&[0]), entries].concat());
            let index = chunk(b"ix00", &index);
            super_index.extend(at.to_le_bytes());
            super_index.extend(words(&[index.len() as u32, self.frames]));
            put(at, &index);
            at += index.len() as u64;
            let form = if part == 0 { b"AVI " } else { b"AVIX" };
            put(riff, &[b"RIFF".as_slice(), &((at - riff - 8) as u32).to_le_bytes(), form].concat());
            put(list, &[b"LIST".as_slice(), &((at - list - 8) as u32).to_le_bytes(), b"movi"].concat());
        }
        put(12, &self.headers(&super_index));
        at
    }

    /// The list `hdrl`.
    fn headers(&self, super_index: &[u8]) -> Vec<u8> {
        let [width, height] = self.size;
        let main = words(&[1_000_000 / RATE, 0, 0, 0, self.frames, 0, 1, 0, width, height, 0, 0, 0, 0]);
        let mut stream = [b"vids".as_slice(), &self.codec].concat();
        stream.extend(words(&[0, 0, 0, 1, RATE, 0, self.total(), 0, u32::MAX, 0, 0, 0]));
        let mut format = words(&[40, width, height, 1 | 24 << 16]);
        format.extend(self.codec);
        format.extend(words(&[0; 5]));
        // AVISUPERINDEX: four words an entry, an index of indexes.
        let index =
            [words(&[4, self.parts]), b"00dc".to_vec(), words(&[0; 3]), super_index.to_vec()].concat();
        let stream =
            [b"strl".to_vec(), chunk(b"strh", &stream), chunk(b"strf", &format), chunk(b"indx", &index)];
        let all = [b"odml".to_vec(), chunk(b"dmlh", &words(&[self.total()]))].concat();
        let headers =
            [b"hdrl".to_vec(), chunk(b"avih", &main), chunk(b"LIST", &stream.concat()), chunk(b"LIST", &all)];
        chunk(b"LIST", &headers.concat())
    }
}

fn words(words: &[u32]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_le_bytes()).collect()
}

fn chunk(id: &[u8; 4], body: &[u8]) -> Vec<u8> {
    [id.as_slice(), &(body.len() as u32).to_le_bytes(), body].concat()
}
