//! AVI files put together by hand, for what ffmpeg has no encoder for.

/// A colour: red, green, blue.
pub type Colour = [u8; 3];

/// An AVI file with one video stream of ten frames a second.
#[derive(Debug, Clone)]
pub struct Avi {
    /// `fccHandler`.
    pub handler: [u8; 4],
    /// `biCompression`.
    pub compression: [u8; 4],
    /// `biBitCount`.
    pub bits: u16,
    /// Pixels a row.
    pub width: u32,
    /// Rows.
    pub height: u32,
    /// The palette; its length is `biClrUsed`.
    pub palette: Vec<Colour>,
    /// The chunks in `movi`, in order.
    pub chunks: Vec<Chunk>,
}

/// A chunk of the stream.
#[derive(Debug, Clone)]
pub enum Chunk {
    /// `00dc`.
    Frame(Vec<u8>),
    /// The same, and the index says that it needs no other.
    Key(Vec<u8>),
    /// `00pc`: new colours, from the entry of this number on.
    Palette(u8, Vec<Colour>),
}

impl Chunk {
    fn id(&self) -> &'static [u8; 4] {
        match self {
            Self::Frame(_) | Self::Key(_) => b"00dc",
            Self::Palette(..) => b"00pc",
        }
    }

    /// The chunk's content; for a palette an AVIPALCHANGE structure.
    fn body(&self) -> Vec<u8> {
        match self {
            Self::Frame(frame) | Self::Key(frame) => frame.clone(),
            Self::Palette(first, colours) => {
                // 256 entries are written as 0.
                let head = [*first, colours.len() as u8, 0, 0];
                let entries = colours.iter().flat_map(|&[red, green, blue]| [red, green, blue, 0]);
                head.into_iter().chain(entries).collect()
            }
        }
    }
}

impl Avi {
    /// A film for the test codec `spyc` (`drivers/vfw.c`), which paints a picture of a frame's first byte, refuses an `R`, and faults on an `F`. Of its
    /// frames, `A` and `G` are key frames.
    #[must_use]
    pub fn for_spyc(frames: &str) -> Self {
        let chunk = |frame: char| {
            let bytes = vec![frame as u8];
            if matches!(frame, 'A' | 'G') { Chunk::Key(bytes) } else { Chunk::Frame(bytes) }
        };
        let chunks = frames.chars().map(chunk).collect();
        let (compression, handler) = (*b"spyc", *b"spyc");
        Self { handler, compression, bits: 24, width: 8, height: 4, palette: Vec::new(), chunks }
    }

    /// The file. Its index says that the first frame is a key frame, and those that are one by [`Chunk::Key`].
    #[must_use]
    pub fn bytes(&self) -> Vec<u8> {
        let frames = self.chunks.iter().filter(|chunk| !matches!(chunk, Chunk::Palette(..))).count() as u32;
        let (mut movi, mut index) = (b"movi".to_vec(), Vec::new());
        let mut key = 0x10;
        for part in &self.chunks {
            let body = part.body();
            let is_frame = !matches!(part, Chunk::Palette(..));
            if matches!(part, Chunk::Key(_)) {
                key = 0x10;
            }
            index.extend(part.id());
            // AVIIF_KEYFRAME, or AVIIF_NO_TIME.
            let flags = if is_frame { std::mem::take(&mut key) } else { 0x100 };
            index.extend(words(&[flags, movi.len() as u32, body.len() as u32]));
            movi.extend(chunk(part.id(), &body));
        }
        let Self { width, height, .. } = *self;
        let main = words(&[100_000, 0, 0, 0x10, frames, 0, 1, 0, width, height, 0, 0, 0, 0]);
        let mut stream = [b"vids".as_slice(), &self.handler].concat();
        // AVISF_VIDEO_PALCHANGES
        stream.extend(words(&[0x0001_0000, 0, 0, 1, 10, 0, frames, 0, u32::MAX, 0]));
        stream.extend([0, 0, width as u16, height as u16].map(u16::to_le_bytes).as_flattened());
        let mut format = words(&[40, width, height, 1 | u32::from(self.bits) << 16]);
        format.extend(self.compression);
        format.extend(words(&[0, 0, 0, self.palette.len() as u32, 0]));
        format.extend(self.palette.iter().flat_map(|&[red, green, blue]| [blue, green, red, 0]));
        let stream = [b"strl".to_vec(), chunk(b"strh", &stream), chunk(b"strf", &format)].concat();
        let headers = [b"hdrl".to_vec(), chunk(b"avih", &main), chunk(b"LIST", &stream)].concat();
        let parts =
            [b"AVI ".to_vec(), chunk(b"LIST", &headers), chunk(b"LIST", &movi), chunk(b"idx1", &index)];
        chunk(b"RIFF", &parts.concat())
    }
}

fn words(words: &[u32]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_le_bytes()).collect()
}

fn chunk(id: &[u8; 4], body: &[u8]) -> Vec<u8> {
    let mut bytes = [id.as_slice(), &(body.len() as u32).to_le_bytes(), body].concat();
    bytes.resize(bytes.len().next_multiple_of(2), 0);
    bytes
}
