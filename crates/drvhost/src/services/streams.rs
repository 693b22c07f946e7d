//! What the drivers of one worker play. Format, amount and names of streams are checked here, whatever the worker says.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use wire::{Heard, PIECE, Served, WaveCall, WaveFormat};

use crate::clock::StreamState;
use crate::media::{MediaError, PcmFormat, SampleType, WavWriter};
use crate::sound::{Piece, Recorder, StreamId};

/// How many streams of one worker are open at once.
const MOST: usize = 16;

/// How much silence is written at once.
const SILENCE: u64 = 1 << 16;

/// Codes of waveOutOpen's, which the worker hands on ("waveOutOpen", MS Learn): MMSYSERR_ALLOCATED, MMSYSERR_INVALHANDLE, MMSYSERR_ERROR,
/// WAVERR_BADFORMAT.
const ALLOCATED: u32 = 4;
const INVALID_HANDLE: u32 = 5;
const ERROR: u32 = 1;
const BAD_FORMAT: u32 = 32;

/// The streams of a worker. What is open when this is dropped is finished.
pub(super) struct Streams {
    driver: String,
    recorder: Arc<Recorder>,
    open: BTreeMap<u32, Stream>,
    opened: u32,
    /// Set once the worker has ended: nothing is written any more.
    over: bool,
}

/// An open stream.
struct Stream {
    id: StreamId,
    format: PcmFormat,
    /// How many bytes it has had, silence included.
    len: u64,
    out: Out,
}

/// Where a stream goes. Its file begins with its first samples, so that a driver that only tries whether it could play leaves none.
enum Out {
    /// Nowhere yet.
    Quiet,
    Writing(WavWriter),
    /// To the recorder's sink.
    Sink,
    /// It could not be written.
    Broken,
}

impl std::fmt::Debug for Streams {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Streams").field("open", &self.open.len()).finish_non_exhaustive()
    }
}

impl Streams {
    pub fn new(driver: &str, recorder: Arc<Recorder>) -> Self {
        Self { driver: driver.to_owned(), recorder, open: BTreeMap::new(), opened: 0, over: false }
    }

    /// Does what is wanted of it.
    pub fn serve(&mut self, call: &WaveCall) -> Served {
        let done = match call {
            WaveCall::Device => return Served::Sound(self.recorder.sound.device()),
            _ if self.over => Err(ERROR),
            WaveCall::Open { format } => {
                return self.open(*format).map_or_else(Served::Failed, Served::Number);
            }
            WaveCall::Write { stream, bytes } => self.write(*stream, bytes),
            WaveCall::Close { stream } => self.close(*stream),
        };
        done.map_or_else(Served::Failed, |()| Served::Done)
    }

    /// Takes what was played by a virtual clock. What an honest worker does not say is passed over.
    pub fn hear(&mut self, heard: &Heard) {
        if self.over {
            return;
        }
        match heard {
            Heard::Opened { stream, format } => {
                if self.opened.checked_add(1) == Some(*stream) {
                    let _ = self.open(*format);
                }
            }
            Heard::Played { stream, begin, at, bytes } => {
                let _ = self.play(*stream, Duration::from_nanos(*begin), Some(*at), bytes);
            }
            Heard::Closed { stream } => {
                let _ = self.close(*stream);
            }
        }
    }

    /// What a worker says of how far its streams are, as far as it is possible.
    pub fn states(&self, states: &[wire::StreamState]) -> Vec<StreamState> {
        let state = |state: &wire::StreamState| {
            let Stream { id, format, .. } = self.open.get(&state.stream)?;
            let block = block(format);
            let (written, played) = (state.written / block, state.played / block);
            Some(StreamState { stream: *id, format: *format, written: written.max(played), played })
        };
        // An honest worker names each once.
        states.iter().take(MOST).filter_map(state).collect()
    }

    fn open(&mut self, format: WaveFormat) -> Result<u64, u32> {
        if self.open.len() >= MOST {
            return Err(ALLOCATED);
        }
        let sample = match format.floating {
            true => Some(SampleType::F32),
            false => SampleType::of_bits(format.bits_per_sample),
        };
        let sample = sample.filter(|_| format.is_playable()).ok_or(BAD_FORMAT)?;
        let (channels, samples_per_sec) = (format.channels, format.samples_per_sec);
        self.opened = self.opened.checked_add(1).ok_or(ALLOCATED)?;
        let format = PcmFormat { channels, samples_per_sec, sample };
        let id = self.recorder.next_stream();
        let out = match self.recorder.sink() {
            Some(sink) => {
                sink.open(id, format, &self.driver);
                Out::Sink
            }
            None => Out::Quiet,
        };
        self.open.insert(self.opened, Stream { id, format, len: 0, out });
        Ok(self.opened.into())
    }

    fn write(&mut self, number: u32, bytes: &[u8]) -> Result<(), u32> {
        self.play(number, Duration::ZERO, None, bytes)
    }

    /// Takes samples: those that come next, or those at a place on the stream's line.
    fn play(&mut self, number: u32, begin: Duration, at: Option<u64>, bytes: &[u8]) -> Result<(), u32> {
        let stream = self.open.get_mut(&number).ok_or(INVALID_HANDLE)?;
        if bytes.len() > PIECE {
            return Err(ERROR);
        }
        let silence = at.map_or(0, |at| at.saturating_sub(stream.len));
        let Stream { id, format, .. } = *stream;
        stream.len = stream.len.saturating_add(silence);
        let frame = stream.len / block(&format);
        stream.len = stream.len.saturating_add(bytes.len() as u64);
        if let (Out::Sink, Some(sink)) = (&stream.out, self.recorder.sink()) {
            sink.play(&Piece { stream: id, format, begin, frame, bytes });
            return Ok(());
        }
        if matches!(stream.out, Out::Quiet) {
            stream.out = match self.recorder.next_file().map(|path| WavWriter::create(&path, format)) {
                Some(Ok(writer)) => Out::Writing(writer),
                Some(Err(error)) => broken(&self.driver, &error),
                None => Out::Broken,
            };
        }
        let Out::Writing(writer) = &mut stream.out else { return Err(ERROR) };
        if !self.recorder.take(silence.saturating_add(bytes.len() as u64)) {
            tracing::warn!(driver = self.driver, "the driver has played more than is kept; the rest is lost");
            // What there is stays.
            finish(&self.driver, std::mem::replace(&mut stream.out, Out::Broken));
            return Err(ERROR);
        }
        let written = write_silence(writer, format.sample, silence).and_then(|()| writer.write(bytes));
        written.map_err(|error| {
            stream.out = broken(&self.driver, &error);
            ERROR
        })
    }

    fn close(&mut self, number: u32) -> Result<(), u32> {
        let stream = self.open.remove(&number).ok_or(INVALID_HANDLE)?;
        self.finish_one(stream);
        Ok(())
    }

    fn finish_one(&self, stream: Stream) {
        match (&stream.out, self.recorder.sink()) {
            (Out::Sink, Some(sink)) => sink.close(stream.id),
            _ => finish(&self.driver, stream.out),
        }
    }

    /// Finishes all streams: the worker has ended.
    pub fn finish(&mut self) {
        self.over = true;
        for stream in std::mem::take(&mut self.open).into_values() {
            self.finish_one(stream);
        }
    }
}

impl Drop for Streams {
    fn drop(&mut self) {
        self.finish();
    }
}

/// Bytes of a frame.
fn block(format: &PcmFormat) -> u64 {
    u64::from(format.channels).saturating_mul(format.sample.bytes().into()).max(1)
}

fn write_silence(writer: &mut WavWriter, sample: SampleType, mut len: u64) -> Result<(), MediaError> {
    let silent = if sample == SampleType::U8 { 0x80 } else { 0 };
    while len > 0 {
        let piece = len.min(SILENCE);
        writer.write(&vec![silent; usize::try_from(piece).unwrap_or(0)])?;
        len -= piece;
    }
    Ok(())
}

fn broken(driver: &str, error: &MediaError) -> Out {
    tracing::warn!(driver, %error, "what the driver plays is lost");
    Out::Broken
}

/// Gives a stream's file its name, with all that has been played.
fn finish(driver: &str, out: Out) {
    if let Out::Writing(writer) = out
        && let Err(error) = writer.finish()
    {
        broken(driver, &error);
    }
}

#[cfg(test)]
mod tests {
    use std::fs::{self, File};

    use super::*;
    use crate::media::WavReader;
    use crate::sound::{Pace, Sink, Sound, SoundSink};

    const FORMAT: WaveFormat =
        WaveFormat { floating: false, channels: 1, samples_per_sec: 8000, bits_per_sample: 16 };

    fn streams(folder: &tempfile::TempDir) -> Streams {
        let sound = Sound::File { path: folder.path().join("out.wav"), pace: Pace::Real };
        Streams::new("test", Arc::new(Recorder::new(sound).unwrap()))
    }

    fn open(streams: &mut Streams, format: WaveFormat) -> u32 {
        match streams.serve(&WaveCall::Open { format }) {
            Served::Number(stream) => stream.try_into().unwrap(),
            other => panic!("{other:?}"),
        }
    }

    fn write(streams: &mut Streams, stream: u32, bytes: &[u8]) -> Served {
        streams.serve(&WaveCall::Write { stream, bytes: bytes.to_vec() })
    }

    #[test]
    fn each_stream_gets_a_file_when_it_plays() {
        let folder = tempfile::tempdir().unwrap();
        let mut streams = streams(&folder);
        let probe = open(&mut streams, FORMAT);
        let float = open(&mut streams, WaveFormat { floating: true, bits_per_sample: 32, ..FORMAT });
        let plain = open(&mut streams, FORMAT);
        assert_eq!(write(&mut streams, plain, b"abcd"), Served::Done);
        assert_eq!(write(&mut streams, float, &1.0_f32.to_le_bytes()), Served::Done);
        assert_eq!(write(&mut streams, plain, b"ef"), Served::Done);
        for stream in [probe, float, plain] {
            assert_eq!(streams.serve(&WaveCall::Close { stream }), Served::Done);
            assert_eq!(streams.serve(&WaveCall::Close { stream }), Served::Failed(INVALID_HANDLE));
        }
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
        let read = |name: &str| WavReader::open(File::open(folder.path().join(name)).unwrap()).unwrap();
        let (plain, float) = (read("out.wav"), read("out-2.wav"));
        assert_eq!((plain.format().tag, plain.data_len(), plain.damage()), (1, 6, None));
        assert_eq!((float.format().tag, float.data_len(), float.format().bits_per_sample), (3, 4, 32));
    }

    fn hear(streams: &mut Streams, stream: u32, at: u64, bytes: &[u8]) {
        streams.hear(&Heard::Played { stream, begin: 5, at, bytes: bytes.to_vec() });
    }

    #[test]
    fn what_lies_between_pieces_is_silence() {
        let folder = tempfile::tempdir().unwrap();
        let mut streams = streams(&folder);
        let format = WaveFormat { bits_per_sample: 8, ..FORMAT };
        streams.hear(&Heard::Opened { stream: 2, format });
        assert_eq!(streams.open.len(), 0, "streams count up");
        streams.hear(&Heard::Opened { stream: 1, format });
        hear(&mut streams, 1, 0, b"ab");
        hear(&mut streams, 1, 100_002, b"cd");
        hear(&mut streams, 1, 5, b"ef");
        hear(&mut streams, 1, u64::MAX, b"more than is kept");
        streams.hear(&Heard::Closed { stream: 1 });
        let mut reader = WavReader::open(File::open(folder.path().join("out.wav")).unwrap()).unwrap();
        let mut data = vec![0; 100_010];
        let len = reader.read_data(&mut data).unwrap();
        let expected = [b"ab".as_slice(), &[0x80; 100_000], b"cdef"].concat();
        assert!(data[..len] == expected);
    }

    #[derive(Default)]
    struct Told(std::sync::Mutex<Vec<String>>);

    impl SoundSink for Told {
        fn open(&self, stream: StreamId, format: PcmFormat, driver: &str) {
            self.0.lock().unwrap().push(format!("{driver} opens {} of {}", stream.0, format.samples_per_sec));
        }

        fn play(&self, piece: &Piece<'_>) {
            let Piece { stream, frame, bytes, .. } = *piece;
            let at = piece.at().as_nanos();
            self.0.lock().unwrap().push(format!("{}: {} bytes at {frame}, {at}", stream.0, bytes.len()));
        }

        fn close(&self, stream: StreamId) {
            self.0.lock().unwrap().push(format!("closes {}", stream.0));
        }
    }

    #[test]
    fn a_sink_is_told_what_is_played_and_where() {
        let told = Arc::new(Told::default());
        let sink = Sink::from(Arc::clone(&told) as Arc<dyn SoundSink>);
        let recorder = Arc::new(Recorder::new(Sound::Sink { sink, pace: Pace::Real }).unwrap());
        let mut streams = Streams::new("test", Arc::clone(&recorder));
        streams.hear(&Heard::Opened { stream: 1, format: FORMAT });
        hear(&mut streams, 1, 0, b"abcd");
        hear(&mut streams, 1, 16, b"ef");
        let state = wire::StreamState { stream: 1, written: 100, played: 6 };
        let states = streams.states(&[state, wire::StreamState { stream: 9, ..state }]);
        assert_eq!(states.len(), 1);
        assert_eq!((states[0].stream, states[0].written, states[0].played), (StreamId(1), 50, 3));
        assert_eq!(states[0].ahead(), Duration::from_micros(47 * 125));
        // A session's streams count up, whichever worker they are of.
        let mut others = Streams::new("other", recorder);
        let stream = open(&mut others, FORMAT);
        write(&mut others, stream, b"gh");
        drop(others);
        streams.hear(&Heard::Closed { stream: 1 });
        let expected = [
            "test opens 1 of 8000",
            "1: 4 bytes at 0, 5",
            "1: 2 bytes at 8, 1000005",
            "other opens 2 of 8000",
            "2: 2 bytes at 0, 0",
            "closes 2",
            "closes 1",
        ];
        assert_eq!(*told.0.lock().unwrap(), expected);
    }

    #[test]
    fn what_is_open_at_the_end_is_finished() {
        let folder = tempfile::tempdir().unwrap();
        let mut streams = streams(&folder);
        let stream = open(&mut streams, FORMAT);
        write(&mut streams, stream, b"abcd");
        streams.finish();
        assert_eq!(write(&mut streams, stream, b"late"), Served::Failed(ERROR));
        assert_eq!(streams.serve(&WaveCall::Open { format: FORMAT }), Served::Failed(ERROR));
        assert_eq!(fs::read(folder.path().join("out.wav")).unwrap().len(), 84);
    }

    #[test]
    fn a_hostile_worker_gets_only_so_much() {
        let folder = tempfile::tempdir().unwrap();
        let mut streams = streams(&folder);
        let odd = WaveFormat { bits_per_sample: 12, ..FORMAT };
        assert_eq!(streams.serve(&WaveCall::Open { format: odd }), Served::Failed(BAD_FORMAT));
        assert_eq!(write(&mut streams, 1, b"x"), Served::Failed(INVALID_HANDLE));
        let opened: Vec<u32> = (0..MOST).map(|_| open(&mut streams, FORMAT)).collect();
        assert_eq!(streams.serve(&WaveCall::Open { format: FORMAT }), Served::Failed(ALLOCATED));
        assert_eq!(write(&mut streams, opened[0], &[0; PIECE + 1]), Served::Failed(ERROR));
        assert!(streams.recorder.take(2 << 30));
        assert_eq!(write(&mut streams, opened[0], b"too much"), Served::Failed(ERROR));
        assert_eq!(write(&mut streams, opened[0], b""), Served::Failed(ERROR), "it takes no more");
    }
}
