//! One conversion by several instances of a driver, each in a worker of its own, that take turns at the pieces.
//!
//! That is for formats whose blocks have nothing to do with each other, and where the driver has more to do than whoever gives it the pieces. A driver that has been opened
//! once more must first make the same of a piece as the one that converts already. So where one goes on from what came before all the same, the others are not asked.

use std::collections::VecDeque;
use std::iter;
use std::time::{Duration, Instant};

use mmsystem::{Packing, WAVE_FORMAT_ADPCM, WAVE_FORMAT_ALAW, WAVE_FORMAT_DVI_ADPCM, WAVE_FORMAT_MULAW};

use super::Codec;
use super::stream::{Converted, Ends, Stream};
use crate::error::Error;
use crate::media::WaveFormat;
use crate::places::{Placed, Two};
use crate::registry::DriverFile;
use crate::session::Session;

/// The formats whose blocks can be converted in any order: each block of the ADPCMs begins with the values that its samples are predicted from, and a byte of the others
/// is a sample by itself ("New Multimedia Data Types and Data Techniques", 1994; ITU-T G.711).
const OF_SEPARATE_BLOCKS: &[u16] =
    &[WAVE_FORMAT_ADPCM, WAVE_FORMAT_DVI_ADPCM, WAVE_FORMAT_ALAW, WAVE_FORMAT_MULAW];
/// The most streams: each is a worker.
const MOST: usize = 4;
/// After how many pieces it is looked at who waits for whom.
const WATCHED: u32 = 32;
/// Help is of use where whoever gives the pieces waits for the driver for at least one part in so many of the time: where it waits less, two streams on two processors gain
/// less than a seventh. It is of use
const WAITS: u32 = 4;
/// where it waits at least so long for each piece, too, because with further workers somebody has to be woken for nearly every piece.
const WAITS_LONG: Duration = Duration::from_micros(40);

/// A conversion stream, and others of the same driver that help with it. Dropping it closes all of them.
#[derive(Debug)]
pub struct Team<'s> {
    /// The one that was opened first.
    first: Stream<'s>,
    /// Those that take turns with it.
    others: Vec<Stream<'s>>,
    turn: Turn,
    /// The pieces that have begun: with which stream, and how many bytes each has.
    begun: VecDeque<(usize, usize)>,
    /// Whether what has begun is not wanted, because a part of a piece before it was left.
    void: bool,
    help: Help<'s>,
    /// Where the first stream's worker and whoever gives it pieces run, while they are alone.
    placed: Option<Placed>,
    /// How others are opened.
    again: Again<'s>,
}

/// Which stream gets the next piece: 0 is the first one.
#[derive(Debug, Clone, Copy)]
enum Turn {
    /// This one, and then the one that comes after it.
    Of(usize),
    /// Always this one.
    Only(usize),
}

/// Who helps.
#[derive(Debug)]
enum Help<'s> {
    /// Nobody, or nobody who does not take turns already.
    None,
    /// Others, on so many processors in all, once it is seen that that is of use.
    Wanted(usize, Watch),
    /// These have converted a piece that the first one is still to convert, and each with what it has made of it.
    Tried { others: Vec<(Stream<'s>, Vec<u8>)>, processors: usize, pieces_before: usize },
}

/// How the driver is opened once more.
#[derive(Debug)]
struct Again<'s> {
    session: &'s Session,
    driver: DriverFile,
    source: WaveFormat,
}

impl<'s> Team<'s> {
    /// Opens a driver and a stream to PCM, as [`Stream::open`].
    ///
    /// # Errors
    /// As there.
    pub fn open(
        session: &'s Session,
        driver: &DriverFile,
        packing: Option<Packing>,
        source: &WaveFormat,
    ) -> Result<Option<Self>, Error> {
        let first = Stream::open(session, driver, packing, source, None)?;
        Ok(first.map(|first| Self {
            first,
            others: Vec::new(),
            turn: Turn::Of(0),
            begun: VecDeque::new(),
            void: false,
            help: Help::None,
            placed: None,
            again: Again { session, driver: driver.clone(), source: source.clone() },
        }))
    }

    /// Has others help, on so many processors, where the format is one of separate blocks. They are opened in workers of their own ([`Session::open_apart`]) when the first
    /// stream has shown that it uses pieces as a whole, can be given several, and takes longer for them than whoever gives them.
    pub fn ask_for_help(&mut self, processors: usize) {
        if processors > 1 && OF_SEPARATE_BLOCKS.contains(&self.again.source.codec_tag()) {
            self.help = Help::Wanted(processors, Watch::new(Instant::now()));
        }
    }

    /// Has the calling thread, which is to give it all pieces, and the driver's worker run on a processor each where there are two.
    pub(crate) fn take_places(&mut self) {
        self.placed = Two::of_this_thread().zip(self.first.worker()).map(|(two, worker)| two.apart(worker));
    }

    /// As [`Stream::format`].
    #[must_use]
    pub fn format(&self) -> &WaveFormat {
        self.first.format()
    }

    /// As [`Stream::warning`].
    #[must_use]
    pub fn warning(&self) -> Option<&str> {
        self.first.warning()
    }

    /// As [`Stream::capacity`].
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.first.capacity()
    }

    /// As [`Stream::has_room`].
    #[must_use]
    pub fn has_room(&self) -> bool {
        !self.void && self.streams().nth(self.turn.number()).is_some_and(Stream::has_room)
    }

    /// As [`Stream::begin`]. Opens those that are to help where that is of use.
    ///
    /// # Errors
    /// As there.
    pub fn begin(&mut self, data: &[u8], ends: Ends) -> Result<(), Error> {
        let number = self.turn.number();
        self.stream(number)?.begin(data, ends)?;
        self.begun.push_back((number, data.len()));
        self.turn = self.turn.next(1 + self.others.len());
        // The driver has enough to do meanwhile.
        if ends == Ends::Open && !self.has_room() {
            self.try_others(data);
        }
        Ok(())
    }

    /// As [`Stream::converted`].
    ///
    /// # Errors
    /// As there.
    pub fn converted(&mut self, out: &mut Vec<u8>) -> Result<Option<Converted>, Error> {
        let none = || Error::Bug("a piece was taken that was not given".into());
        let (number, given) = self.begun.pop_front().ok_or_else(none)?;
        let asked = Instant::now();
        let converted = self.stream(number)?.converted(out);
        if let Help::Wanted(_, watch) = &mut self.help {
            watch.waited(asked.elapsed());
        }
        if self.void {
            self.void = !self.begun.is_empty();
            if let Err(error) = converted {
                tracing::debug!(%error, "a piece failed that was not wanted");
            }
            return Ok(None);
        }
        match &converted {
            Ok(Some(converted)) if converted.used == given => self.take_others(out),
            Ok(_) => self.go_on_alone(number),
            Err(_) => {
                iter::once(&mut self.first).chain(&mut self.others).for_each(Stream::give_up);
                self.begun.clear();
            }
        }
        converted
    }

    /// Closes all streams.
    ///
    /// # Errors
    /// As [`Stream::close`], of the first one that fails.
    pub fn close(self) -> Result<(), Error> {
        let Self { first, others, placed, .. } = self;
        drop(placed);
        others.into_iter().map(Stream::close).fold(first.close(), Result::and)
    }

    fn streams(&self) -> impl Iterator<Item = &Stream<'s>> {
        iter::once(&self.first).chain(&self.others)
    }

    fn stream(&mut self, number: usize) -> Result<&mut Stream<'s>, Error> {
        let stream = iter::once(&mut self.first).chain(&mut self.others).nth(number);
        stream.ok_or_else(|| Error::Bug("it is the turn of a stream that is not there".into()))
    }

    /// Where that is of use, opens those that are to help, and has them convert the piece that the first one was given last.
    fn try_others(&mut self, piece: &[u8]) {
        let Help::Wanted(processors, watch) = &mut self.help else { return };
        if watch.pieces < WATCHED || !self.first.uses_all() {
            return;
        }
        let (now, processors) = (Instant::now(), *processors);
        let Some(streams) = watch.streams(now) else {
            // That may change.
            *watch = Watch::new(now);
            return;
        };
        // They begin where the system puts them.
        self.placed = None;
        let others = 1..streams.min(processors).min(MOST);
        let tried: Result<_, Error> = others.map(|_| self.again.try_on(&self.first, piece)).collect();
        self.help = match tried {
            Ok(others) => Help::Tried { others, processors, pieces_before: self.begun.len() - 1 },
            Err(error) => {
                tracing::info!(%error, "the driver is not helped, as it cannot be opened once more");
                Help::None
            }
        };
    }

    /// Has those take turns who have made the same of a piece as the first stream, if `made` is what that has made of it.
    fn take_others(&mut self, made: &[u8]) {
        let Help::Tried { others, processors, pieces_before } = &mut self.help else { return };
        if *pieces_before > 0 {
            *pieces_before -= 1;
            return;
        }
        let (others, processors) = (std::mem::take(others), *processors);
        self.help = Help::None;
        if others.iter().any(|(_, theirs)| theirs != made) {
            let driver = self.again.driver.file_name();
            tracing::info!(driver, "it is not helped, as what it makes of a piece depends on those before");
            return;
        }
        self.others.extend(others.into_iter().map(|(stream, _)| stream));
        // Whoever gives the pieces is at work as well.
        let crowded = self.others.len() + 2 > processors;
        self.streams().for_each(|stream| stream.set_crowded(crowded));
    }

    /// A stream has left a part of a piece, and must get what follows from there; what has begun behind that piece is wrong.
    fn go_on_alone(&mut self, number: usize) {
        (self.help, self.turn) = (Help::None, Turn::Only(number));
        self.void = !self.begun.is_empty();
        self.streams().for_each(|stream| stream.set_crowded(false));
    }
}

impl Turn {
    fn number(self) -> usize {
        match self {
            Self::Of(number) | Self::Only(number) => number,
        }
    }

    /// Whose turn it is then, of so many streams.
    fn next(self, streams: usize) -> Self {
        match self {
            Self::Of(number) => Self::Of((number + 1) % streams),
            Self::Only(_) => self,
        }
    }
}

impl<'s> Again<'s> {
    /// Opens a stream like `first` in a worker of its own, and has it convert a piece.
    fn try_on(&self, first: &Stream<'_>, piece: &[u8]) -> Result<(Stream<'s>, Vec<u8>), Error> {
        let codec = Codec::open_apart(self.session, &self.driver, first.packing())?;
        let mut stream = codec.stream(&self.source, Some(first.format()))?;
        let mut made = Vec::new();
        stream.convert(piece, Ends::Open, &mut made)?;
        Ok((stream, made))
    }
}

/// How long whoever gives the pieces waits for them.
#[derive(Debug)]
struct Watch {
    since: Instant,
    pieces: u32,
    waited: Duration,
}

impl Watch {
    fn new(since: Instant) -> Self {
        Self { since, pieces: 0, waited: Duration::ZERO }
    }

    fn waited(&mut self, time: Duration) {
        self.pieces += 1;
        self.waited += time;
    }

    /// How many streams would have as much to do as whoever gives them the pieces, where more than one are of use.
    fn streams(&self, now: Instant) -> Option<usize> {
        let whole = now.saturating_duration_since(self.since);
        let of_use = self.waited >= (whole / WAITS).max(WAITS_LONG * self.pieces);
        let busy = whole.saturating_sub(self.waited).max(Duration::from_nanos(1));
        let streams = whole.as_nanos().div_ceil(busy.as_nanos());
        of_use.then(|| usize::try_from(streams).unwrap_or(usize::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is made of pieces that take `busy` and `waited` microseconds each.
    fn streams(busy: u64, waited: u64) -> Option<usize> {
        let since = Instant::now();
        let mut watch = Watch::new(since);
        (0..WATCHED).for_each(|_| watch.waited(Duration::from_micros(waited)));
        watch.streams(since + WATCHED * Duration::from_micros(busy + waited))
    }

    #[test]
    fn as_many_streams_are_of_use_as_keep_up() {
        assert_eq!([streams(100, 0), streams(1000, 300), streams(10, 39)], [None; 3]);
        assert_eq!([streams(100, 40), streams(100, 100), streams(100, 101)], [Some(2), Some(2), Some(3)]);
        assert_eq!(streams(0, 100), Some(WATCHED as usize * 100_000));
    }

    #[test]
    fn turns_go_round_until_one_is_left() {
        let round: Vec<_> = iter::successors(Some(Turn::Of(0)), |turn| Some(turn.next(3))).take(5).collect();
        assert_eq!(round.iter().map(|turn| turn.number()).collect::<Vec<_>>(), [0, 1, 2, 0, 1]);
        assert_eq!(Turn::Only(2).next(3).number(), 2);
    }
}
