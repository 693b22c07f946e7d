//! Media files: reading AVI and WAV, writing AVI, Y4M, WAV and PNG, and turning decoded bitmaps into plain pixels.
//!
//! Nothing here calls a driver. [`AviReader`] and [`WavReader`] yield a format block and the packets a driver is
//! fed with, or where it is sound, a [`SampleSource`]; [`PictureFormat`] turns the bitmap a driver answers into top-down BGR24; [`AviWriter`],
//! [`Y4mWriter`], [`WavWriter`] and [`PngSeries`] store the result. BGR24 (rows from the top, three bytes a pixel, no padding)
//! is the one picture form that passes between these parts.
//!
//! Input files are untrusted. Every size and offset is checked against the file before it is used, and memory is
//! only taken for bytes the file really has. A file that is cut short or damaged in the middle is no error: what
//! is whole is returned, and [`Damage`] says what is missing.

mod avi;
mod avi_writer;
mod codec_input;
mod damage;
mod dib;
mod error;
mod file;
mod hash;
mod layout;
mod output;
mod palette;
mod pixels;
mod png_series;
mod riff;
mod samples;
mod sinc;
mod sniff;
mod staged;
mod stream;
#[cfg(test)]
mod testing;
mod wav;
mod wav_writer;
mod y4m_writer;
mod ycbcr;

pub use avi::{
    AudioStream, AviReader, AviSamples, IndexState, MAX_PACKET, MainHeader, Packet, PacketKind, Packets,
    Stream, StreamHeader, StreamWalk, VideoStream, Walk,
};
pub use avi_writer::{AviTrack, AviWriter, VideoShape};
pub use codec_input::{CodecInput, Pixels};
pub use damage::{Damage, DamageKind, Flaw, Unit};
pub use dib::{BI_BITFIELDS, BI_RGB, BitmapInfoHeader, to_dib24};
pub use error::MediaError;
pub use file::FileReader;
pub use hash::{ContentHash, ContentHasher};
pub use output::{OutputKind, PngPattern};
pub use palette::{Palette, PaletteChange};
pub use pixels::PictureFormat;
pub use png_series::{PngSeries, write_png};
pub use riff::FourCc;
pub(crate) use riff::RiffReader;
pub use samples::SampleSource;
pub use sinc::{kaiser, sinc};
pub(crate) use sniff::describe;
pub use sniff::{MediaKind, is_remuxable, kind_of};
pub use stream::OutputStream;
pub use wav::{WavReader, WaveFormat};
pub use wav_writer::{PcmFormat, SampleType, WavWriter};
pub use y4m_writer::Y4mWriter;
