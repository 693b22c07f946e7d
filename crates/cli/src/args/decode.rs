//! `drvhost decode`.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::ValueEnum;
use drvhost::decode::FrameRange;

/// `drvhost decode`.
#[derive(Debug, clap::Args)]
pub struct Decode {
    /// An AVI or WAV file; with ffmpeg installed also MKV, ASF or MOV, if its streams are for VfW and ACM codecs. With --out-dir also several, and folders
    /// with all that is in them
    #[arg(required = true, value_name = "INPUT")]
    pub inputs: Vec<PathBuf>,
    /// Where to write: `.avi` (uncompressed BGR24 and PCM), `.y4m` (4:4:4, BT.601, limited range), `.wav` (PCM), pictures as `name%05d.png`,
    /// `-` for standard output (Y4M or WAV; then all text and JSON goes to standard error), or what ffmpeg writes: `.mkv` (FFV1 and FLAC), `.mov`
    /// (FFV1 and PCM), others as it likes; without it nothing is written
    #[arg(short, long, value_name = "OUTPUT")]
    pub output: Option<PathBuf>,
    /// Write an output for each input into this folder, in the same subfolders, and what became of each into manifest.jsonl there; a second run passes
    /// over what is done
    #[arg(long, value_name = "FOLDER", conflicts_with = "output")]
    pub out_dir: Option<PathBuf>,
    /// How many files to decode at a time; unless given, as many as there are processors
    #[arg(long, value_name = "N", requires = "out_dir")]
    pub jobs: Option<NonZeroUsize>,
    /// What to write, by the ending of its name: `mkv`, `avi`, `mov`, `y4m`, `wav`, ...; unless given, `mkv` where ffmpeg is installed, else `avi`, with `wav`
    /// for sound alone
    #[arg(long, value_name = "ENDING", requires = "out_dir")]
    pub to: Option<String>,
    /// Decode again what is done
    #[arg(long, requires = "out_dir")]
    pub again: bool,
    /// The driver to use, instead of the one that the format asks for; for the video where there is any
    #[arg(long, value_name = "DRIVER")]
    pub driver: Option<String>,
    /// Decode the stream of this number alone, counted from 0 (`drvhost decode` names what it leaves out); unless given, the first video and its sound
    #[arg(long, value_name = "N")]
    pub stream: Option<u16>,
    /// Decode these frames only, and the sound that goes with them: `1..100`, `250..`, `..10`; counted from 1, both included
    #[arg(long, value_name = "A..B")]
    pub frames: Option<FrameRange>,
    /// Write this pixel format, by ffmpeg's name (`yuv420p`); ffmpeg writes the file then
    #[arg(long, value_name = "FORMAT")]
    pub pix_fmt: Option<String>,
    /// What becomes of a frame that the driver refuses or fails on; the exit code tells in any case
    #[arg(long, value_enum, value_name = "WHAT", default_value_t = OnError::Repeat)]
    pub on_error: OnError,
}

/// What becomes of a frame that cannot be decoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum OnError {
    /// The picture before it is shown again
    Repeat,
    /// A black picture takes its place
    Black,
    /// It is left out
    Skip,
    /// Decoding stops before it; what came before is written
    Stop,
}

impl From<OnError> for drvhost::decode::OnError {
    fn from(on_error: OnError) -> Self {
        match on_error {
            OnError::Repeat => Self::Repeat,
            OnError::Black => Self::Black,
            OnError::Skip => Self::Skip,
            OnError::Stop => Self::Stop,
        }
    }
}
