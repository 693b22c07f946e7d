//! Decompressing ahead: the codec gets the next frames while what it has made of the last ones is looked at.
//!
//! It writes each picture to the same place, because codecs build a frame on the picture before it. So the worker copies a picture that is finished, before
//! the codec gets the next frame.

use std::collections::VecDeque;

use super::decompress::{Decompressor, FRAME_MARGIN, flags};
use super::icerr;
use crate::arena::Block;
use crate::error::Error;
use crate::opened::{Opened, encoded};
use crate::queue::{Answer, Copies, Queue};

/// The largest picture that is copied so. A larger one fits into no processor's own memory: moving it once more takes longer than each side waits for the other.
const MOST_BYTES: usize = 2 << 20;
/// The room that a frame gets at least.
const LEAST_ROOM: usize = 16 << 10;

/// The frames that a codec is ahead by.
#[derive(Debug)]
pub(super) struct Ahead<'s> {
    /// `None` once the codec is closed.
    queue: Option<Queue<'s>>,
    /// What is queued, in order: each with the block that its picture is copied to.
    frames: VecDeque<(Input, Block)>,
    /// Blocks of frames that are done.
    spare: Vec<Input>,
}

/// What a codec gets of a frame.
#[derive(Debug)]
struct Input {
    /// The format's header with the frame's size, which is copied to where the codec knows the format to be.
    header: Block,
    parameters: Block,
    frame: Block,
}

/// What became of a frame.
#[derive(Debug)]
pub(crate) enum Made {
    /// A picture in the codec's format, at the beginning of the block.
    Picture(Block),
    /// The one before it stays.
    Same,
    /// The driver was not asked, because it failed on a frame before it.
    Dropped,
}

impl<'s> Ahead<'s> {
    /// None yet.
    ///
    /// # Errors
    /// As [`Session::queue`](crate::Session::queue).
    pub fn new(opened: &Opened<'s>) -> Result<Self, Error> {
        Ok(Self { queue: Some(opened.queue()?), frames: VecDeque::new(), spare: Vec::new() })
    }

    /// Waits until the codec has answered all frames.
    pub fn end(&mut self) {
        self.queue = None;
        self.frames.clear();
    }

    /// Blocks for a header, parameters of so many bytes, and a frame with its margin.
    fn input(
        &mut self,
        opened: &Opened<'_>,
        header: &[u8],
        parameters: usize,
        room: usize,
    ) -> Result<Input, Error> {
        let frame = || {
            let room = room.max(LEAST_ROOM);
            opened.arena.block(room.checked_next_power_of_two().unwrap_or(room))
        };
        let input = match self.spare.pop() {
            Some(input) if input.frame.len() >= room => input,
            Some(input) => Input { frame: frame()?, ..input },
            None => {
                let (header, parameters) =
                    (opened.arena.block(header.len())?, opened.arena.block(parameters)?);
                Input { header, parameters, frame: frame()? }
            }
        };
        input.header.write(0, header)?;
        Ok(input)
    }
}

impl Decompressor<'_> {
    /// Whether frames are to be [queued](Self::queue): pictures are small enough.
    pub(crate) fn goes_ahead(&self) -> bool {
        self.picture.len() <= MOST_BYTES
    }

    /// Whether the next frame should be queued now, and not after the next one is made.
    pub(crate) fn has_room(&self) -> bool {
        self.ahead.queue.as_ref().is_some_and(Queue::has_room)
    }

    /// Has the driver decompress a frame when it has done those before it. What becomes of it, [`made`](Self::made) says.
    ///
    /// # Errors
    /// As [`decompress`](Self::decompress), where it cannot even be asked.
    pub(crate) fn queue(&mut self, frame: &[u8], key_frame: Option<bool>) -> Result<(), Error> {
        let Self { ahead, opened: Some(opened), formats, picture, .. } = self else { return Err(closed()) };
        formats.header.biSizeImage = frame.len() as u32;
        let header = encoded(&formats.header, ())?;
        let (size, room) = (formats.way.parameters_size(opened), frame.len() + FRAME_MARGIN.len());
        let input = ahead.input(opened, &header, size, room)?;
        input.frame.write(0, frame)?;
        input.frame.write(frame.len(), &FRAME_MARGIN)?;
        let parameters =
            formats.way.parameters(&formats.between(), flags(key_frame), [&input.frame, picture])?;
        input.parameters.write(0, &parameters)?;
        let kept = opened.arena.block(picture.len())?;
        let copies = Copies { before: Some((&input.header, &formats.input)), then: Some((picture, &kept)) };
        let (lparam1, lparam2) = (input.parameters.lparam(), input.parameters.len() as i64);
        let queue = ahead.queue.as_mut().ok_or_else(closed)?;
        queue.send(formats.way.message(), lparam1, lparam2, copies)?;
        ahead.frames.push_back((input, kept));
        Ok(())
    }

    /// What became of the first frame that is queued: waits for that if `waits`. `None` where it is not known, and where none is queued.
    ///
    /// # Errors
    /// As [`decompress`](Self::decompress).
    pub(crate) fn made(&mut self, waits: bool) -> Option<Result<Made, Error>> {
        let queue = self.ahead.queue.as_mut()?;
        let answer = if waits { queue.next()? } else { queue.next_if_there()? };
        let (input, picture) = self.ahead.frames.pop_front()?;
        self.ahead.spare.push(input);
        Some(answer.and_then(|answer| {
            match answer {
                Answer::Answered(answer) => self
                    .is_there(icerr(answer))
                    .map(|is_there| if is_there { Made::Picture(picture) } else { Made::Same }),
                Answer::Dropped => Ok(Made::Dropped),
            }
        }))
    }
}

fn closed() -> Error {
    Error::Bug("a decompressor was used when closed".into())
}
