//! MIDI files put together by hand.

/// A Standard MIDI File.
#[derive(Debug, Clone)]
pub struct Smf {
    /// The format: 0, 1 or 2.
    pub format: u16,
    /// Ticks in a quarter note, or by [`Smf::frames`].
    pub division: u16,
    /// The tracks, in order.
    pub tracks: Vec<SmfTrack>,
}

/// A track: each method adds an event, `delta` ticks after the one before.
#[derive(Debug, Clone, Default)]
pub struct SmfTrack(pub Vec<u8>);

impl Smf {
    /// A file of one track.
    #[must_use]
    pub fn single(division: u16, track: SmfTrack) -> Self {
        Self { format: 0, division, tracks: vec![track] }
    }

    /// The division for SMPTE time: `rate` is 24, 25, 29 or 30 frames a second.
    #[must_use]
    pub fn frames(rate: u8, ticks: u8) -> u16 {
        u16::from_be_bytes([rate.wrapping_neg(), ticks])
    }

    /// The file.
    #[must_use]
    pub fn bytes(&self) -> Vec<u8> {
        let numbers = [self.format, self.tracks.len() as u16, self.division];
        let mut bytes = chunk(b"MThd", numbers.map(u16::to_be_bytes).as_flattened());
        for track in &self.tracks {
            bytes.extend(chunk(b"MTrk", &track.0));
        }
        bytes
    }

    /// The file in a RIFF file, with a chunk before and behind it.
    #[must_use]
    pub fn rmid(&self) -> Vec<u8> {
        let riff = |id: &[u8; 4], body: &[u8]| {
            let mut bytes = [id.as_slice(), &(body.len() as u32).to_le_bytes(), body].concat();
            bytes.resize(bytes.len().next_multiple_of(2), 0);
            bytes
        };
        let chunks = [riff(b"DISP", b"odd"), riff(b"data", &self.bytes()), riff(b"LIST", b"INFO")].concat();
        riff(b"RIFF", &[b"RMID".as_slice(), &chunks].concat())
    }
}

impl SmfTrack {
    /// A track without events.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Any bytes, status first unless running status is meant.
    #[must_use]
    pub fn event(mut self, delta: u32, bytes: &[u8]) -> Self {
        number(&mut self.0, delta);
        self.0.extend(bytes);
        self
    }

    /// An event with a length behind its status, which for a meta event has its kind with it.
    fn sized(self, delta: u32, status: &[u8], content: &[u8]) -> Self {
        let mut track = self.event(delta, status);
        number(&mut track.0, content.len() as u32);
        track.0.extend(content);
        track
    }

    /// A meta event.
    #[must_use]
    pub fn meta(self, delta: u32, kind: u8, content: &[u8]) -> Self {
        self.sized(delta, &[0xFF, kind], content)
    }

    /// Microseconds a quarter note.
    #[must_use]
    pub fn tempo(self, delta: u32, tempo: u32) -> Self {
        self.meta(delta, 0x51, &tempo.to_be_bytes()[1..])
    }

    /// The sequence's or track's name.
    #[must_use]
    pub fn name(self, delta: u32, name: &str) -> Self {
        self.meta(delta, 0x03, name.as_bytes())
    }

    /// A system exclusive message, given with its F0; its beginning, if it does not end in F7.
    #[must_use]
    pub fn sysex(self, delta: u32, message: &[u8]) -> Self {
        self.sized(delta, &message[..1], &message[1..])
    }

    /// An F7 event: a further piece of a system exclusive message, or an escape.
    #[must_use]
    pub fn escape(self, delta: u32, bytes: &[u8]) -> Self {
        self.sized(delta, &[0xF7], bytes)
    }

    /// A note on the channel (0 to 15).
    #[must_use]
    pub fn on(self, delta: u32, channel: u8, key: u8, velocity: u8) -> Self {
        self.event(delta, &[0x90 | channel, key, velocity])
    }

    /// Its end.
    #[must_use]
    pub fn off(self, delta: u32, channel: u8, key: u8) -> Self {
        self.event(delta, &[0x80 | channel, key, 64])
    }

    /// End of Track.
    #[must_use]
    pub fn end(self, delta: u32) -> Self {
        self.meta(delta, 0x2F, b"")
    }
}

/// A number of variable length.
fn number(bytes: &mut Vec<u8>, number: u32) {
    for shift in [21, 14, 7] {
        if number >> shift > 0 {
            bytes.push((number >> shift) as u8 | 0x80);
        }
    }
    bytes.push(number as u8 & 0x7F);
}

fn chunk(id: &[u8; 4], body: &[u8]) -> Vec<u8> {
    [id.as_slice(), &(body.len() as u32).to_be_bytes(), body].concat()
}
