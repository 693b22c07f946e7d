//! Some pictures of a film, each found by seeking and decoded by the driver.

use super::pictures::Pictures;
use super::trouble::{MAX_RENEWALS, is_of_one_packet, is_of_one_worker};
use super::{Decode, Job};
use crate::error::Error;
use crate::media::{
    AviReader, FileReader, MediaError, PacketKind, Packets, PaletteChange, PictureFormat, VideoStream,
};
use crate::session::Session;

/// Which pictures of which film.
pub(crate) struct Stills<'a> {
    pub session: &'a Session,
    /// How the driver is chosen.
    pub what: &'a Decode,
    pub file: FileReader,
    pub video: &'a VideoStream,
    /// Whether to stop; asked before each frame.
    pub stop: &'a dyn Fn() -> bool,
}

impl Stills<'_> {
    /// Decodes the pictures of these frames, whose numbers ascend, and hands each on as top-down BGR24, or says why there is none; and what
    /// pictures measure across and down.
    ///
    /// # Errors
    /// Where no driver opens, as [`run`](super::run); [`Error::Interrupted`]; [`Error::Media`] where the file cannot be read.
    pub fn run(
        self,
        wanted: &[u64],
        mut shown: impl FnMut(Result<&[u8], String>, (usize, usize)),
    ) -> Result<(), Error> {
        let job = Job { session: self.session, what: self.what };
        let pictures = Pictures::open(&job, self.what.driver.as_ref(), self.video)?;
        let size = (pictures.format().width() as usize, pictures.format().height() as usize);
        let mut avi = AviReader::open(self.file)?;
        let mut bgr = Vec::new();
        let first = pictures.raw_format().cloned();
        let mut film = Film {
            packets: avi.packets(self.video.index)?,
            pictures,
            raw: first.clone(),
            first,
            next: 0,
            picture: Vec::new(),
            lost: false,
            renewals: 0,
            gone: None,
        };
        for &frame in wanted {
            match film.go_to(frame, self.stop)? {
                Ok(()) => match &film.raw {
                    Some(format) => {
                        format.to_bgr24(&film.picture, &mut bgr)?;
                        shown(Ok(&bgr), size);
                    }
                    None => shown(Ok(&film.picture), size),
                },
                Err(why) => shown(Err(why), size),
            }
        }
        if film.gone.is_none()
            && let Err(error) = film.pictures.close()
        {
            tracing::warn!(%error, "a driver could not be closed");
        }
        Ok(())
    }
}

/// A film on its way from frame to frame.
struct Film<'a, 's> {
    packets: Packets<'a, FileReader>,
    pictures: Pictures<'s>,
    /// The format of pictures, with today's colours; `None` where they are BGR24.
    raw: Option<PictureFormat>,
    /// The same with the colours that the film begins with.
    first: Option<PictureFormat>,
    /// The number of the next frame.
    next: u64,
    /// The last picture; empty before the first.
    picture: Vec<u8>,
    /// Whether the driver was opened again, and has not seen a key frame since.
    lost: bool,
    renewals: u32,
    /// Why there is no driver any more.
    gone: Option<String>,
}

impl Film<'_, '_> {
    /// Decodes up to a frame. Answers why there is no picture of it, if there is none.
    fn go_to(&mut self, frame: u64, stop: &dyn Fn() -> bool) -> Result<Result<(), String>, Error> {
        if let Some(why) = &self.gone {
            return Ok(Err(why.clone()));
        }
        let next = self.packets.advance(frame)?;
        if next != self.next {
            self.picture.clear();
            if next < self.next {
                self.raw = self.first.clone();
            }
        }
        self.next = next;
        let mut shown = Err("the film has no such frame".to_owned());
        let mut bytes = Vec::new();
        while self.next <= frame {
            if stop() {
                return Err(Error::Interrupted);
            }
            let packet = match self.packets.next_packet(&mut bytes) {
                Ok(Some(packet)) => packet,
                Ok(None) => return Ok(Err("the film ends before it".to_owned())),
                Err(error @ MediaError::TooLarge { .. }) => {
                    self.next += 1;
                    shown = Err(error.to_string());
                    continue;
                }
                Err(error) => return Err(error.into()),
            };
            if packet.kind == PacketKind::PaletteChange {
                self.change_palette(&bytes);
                continue;
            }
            self.next += 1;
            shown = if packet.size == 0 { Ok(()) } else { self.decode(&bytes, packet.keyframe)? };
            if self.gone.is_some() {
                break;
            }
        }
        if shown.is_ok() && self.picture.is_empty() {
            shown = Err("it repeats a picture that is not there".to_owned());
        }
        Ok(shown)
    }

    /// Decodes a frame. Answers why it has no picture, if it has none.
    fn decode(&mut self, bytes: &[u8], key_frame: Option<bool>) -> Result<Result<(), String>, Error> {
        if self.lost && key_frame == Some(false) {
            return Ok(Err("it builds on frames that were lost when the driver failed".to_owned()));
        }
        let mut picture = Vec::new();
        match self.pictures.decode(bytes, key_frame, &mut picture) {
            Ok(is_there) => {
                if is_there {
                    (self.picture, self.lost, self.renewals) = (picture, false, 0);
                }
                Ok(Ok(()))
            }
            Err(error) if is_of_one_worker(&error) => {
                self.lost = true;
                self.picture.clear();
                self.renewals += 1;
                if self.renewals > MAX_RENEWALS {
                    self.gone = Some(format!("the driver failed {} times in a row: {error}", self.renewals));
                } else if let Err(why) = self.pictures.renew() {
                    self.gone = Some(why.to_string());
                }
                Ok(Err(error.to_string()))
            }
            Err(error) if is_of_one_packet(&error) => Ok(Err(error.to_string())),
            Err(error) => Err(error),
        }
    }

    /// Changes the palette, where that can be done; else the colours are those that the film begins with.
    fn change_palette(&mut self, chunk: &[u8]) {
        if self.pictures.has_palette()
            && let Some(format) = &mut self.raw
            && let Ok(change) = PaletteChange::parse(chunk)
            && let Err(error) = format.change_palette(&change)
        {
            tracing::debug!(%error, "a change of the palette was left out");
        }
    }
}
