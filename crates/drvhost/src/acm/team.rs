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
    /// Which stream has converted the last piece.
    last: usize,
    help: Help<'s>,
    /// Those that are of no use. They are closed at the end, when no worker has anything to answer that they could wait for.
    retired: Vec<Stream<'s>>,
    /// Where the first stream's worker and whoever gives it pieces run, while they are alone.
    placed: Option<Placed>,
    /// Whether they are to have such places.
    wants_places: bool,
    /// How others are opened.
    again: Again<'s>,
    /// How many processors there are for all.
    processors: usize,
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
    /// Others, once it is seen that that is of use.
    Wanted(Watch),
    /// So many streams in all, once nothing is under way: a driver that is opened may want something of another one, whose worker must be able to answer.
    Due(usize),
    /// These are open, and try the next piece but so many.
    Open(Vec<Stream<'s>>, u32),
    /// These have converted a piece that the first one is still to convert, and so many before it, each with what it has made of that.
    Tried(Vec<(Stream<'s>, Vec<u8>)>, usize),
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
            last: 0,
            help: Help::None,
            retired: Vec::new(),
            placed: None,
            wants_places: false,
            again: Again { session, driver: driver.clone(), source: source.clone() },
            processors: 1,
        }))
    }

    /// Has others help, on so many processors, where the format is one of separate blocks. They are opened in workers of their own ([`Session::open_apart`]) when the first
    /// stream has shown that it uses pieces as a whole, can be given several, and takes longer for them than whoever gives them.
    pub fn ask_for_help(&mut self, processors: usize) {
        if processors > 1 && OF_SEPARATE_BLOCKS.contains(&self.again.source.codec_tag()) {
            self.processors = processors;
            self.help = Help::Wanted(Watch::new(Instant::now()));
        }
    }

    /// Has the calling thread, which is to give it all pieces, and the driver's worker run on a processor each where there are two.
    pub(crate) fn take_places(&mut self) {
        self.wants_places = true;
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
        let waits = self.void || matches!(self.help, Help::Due(_)) && !self.begun.is_empty();
        !waits && self.streams().nth(self.turn.number()).is_some_and(Stream::has_room)
    }

    /// As [`Stream::begin`]. Opens those that are to help where that is of use.
    ///
    /// # Errors
    /// As there.
    pub fn begin(&mut self, data: &[u8], ends: Ends) -> Result<(), Error> {
        if ends == Ends::Open && self.begun.is_empty() {
            self.open_others();
        }
        // What a driver has left to put out is its own, not that of the next one.
        let number = if data.is_empty() { self.last } else { self.turn.number() };
        self.stream(number)?.begin(data, ends)?;
        self.begun.push_back((number, data.len()));
        self.turn = self.turn.next(1 + self.others.len());
        if ends == Ends::Open {
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
        // While one is waited for, the others are not kept from anybody longer than they have to be.
        iter::once(&mut self.first).chain(&mut self.others).for_each(Stream::take_in);
        let asked = Instant::now();
        let converted = self.stream(number)?.converted(out);
        self.last = number;
        if let Help::Wanted(watch) = &mut self.help {
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
            Ok(Some(converted)) if converted.used == given => {
                self.watch();
                self.take_others(out);
            }
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
        let Self { first, others, retired, placed, .. } = self;
        drop(placed);
        others.into_iter().chain(retired).map(Stream::close).fold(first.close(), Result::and)
    }

    fn streams(&self) -> impl Iterator<Item = &Stream<'s>> {
        iter::once(&self.first).chain(&self.others)
    }

    fn stream(&mut self, number: usize) -> Result<&mut Stream<'s>, Error> {
        let stream = iter::once(&mut self.first).chain(&mut self.others).nth(number);
        stream.ok_or_else(|| Error::Bug("it is the turn of a stream that is not there".into()))
    }

    /// Looks whether others would be of use.
    fn watch(&mut self) {
        let Help::Wanted(watch) = &mut self.help else { return };
        if watch.pieces < WATCHED || !self.first.uses_all() {
            return;
        }
        let now = Instant::now();
        match watch.streams(now) {
            Some(streams) => self.help = Help::Due(streams.min(self.processors).min(MOST)),
            // That may change.
            None => *watch = Watch::new(now),
        }
    }

    /// Opens those that are to help, where it is time for that. Nothing is under way.
    fn open_others(&mut self) {
        let Help::Due(streams) = self.help else { return };
        // They begin where the system puts them.
        self.placed = None;
        let opened: Result<Vec<_>, Error> = (1..streams).map(|_| self.again.open(&self.first)).collect();
        self.help = match opened {
            Ok(others) if iter::once(&self.first).chain(&others).any(Stream::has_opened) => {
                // What it says to them could wait for a worker that is waited for by nobody.
                tracing::info!("the driver is not helped, as it has opened others");
                self.retired.extend(others);
                Help::None
            }
            Ok(others) => Help::Open(others, 0),
            Err(error) => {
                tracing::info!(%error, "the driver is not helped, as it cannot be opened once more");
                Help::None
            }
        };
        self.go_back_to_places();
    }

    /// Has those that are open convert a piece that the first one has begun with.
    fn try_others(&mut self, piece: &[u8]) {
        match std::mem::replace(&mut self.help, Help::None) {
            Help::Open(others, 0) => {
                let tried: Result<_, Error> = others.into_iter().map(|other| tried(other, piece)).collect();
                match tried {
                    Ok(tried) => self.help = Help::Tried(tried, self.begun.len() - 1),
                    Err(error) => {
                        tracing::info!(%error, "the driver is not helped, as it fails where it is opened once more");
                        self.go_back_to_places();
                    }
                }
            }
            Help::Open(others, pieces) => self.help = Help::Open(others, pieces - 1),
            other => self.help = other,
        }
    }

    /// Has those take turns who have made the same of a piece as the first stream, if `made` is what that has made of it.
    fn take_others(&mut self, made: &[u8]) {
        let Help::Tried(_, pieces_before @ 1..) = &mut self.help else { return self.judge(made) };
        *pieces_before -= 1;
    }

    fn judge(&mut self, made: &[u8]) {
        let Help::Tried(tried, _) = &mut self.help else { return };
        let (others, theirs): (Vec<_>, Vec<_>) = std::mem::take(tried).into_iter().unzip();
        self.help = Help::None;
        if theirs.iter().any(|theirs| theirs != made) {
            let driver = self.again.driver.file_name();
            tracing::info!(driver, "it is not helped, as what it makes of a piece depends on those before");
            self.retired.extend(others);
            self.go_back_to_places();
        } else if is_uniform(made, self.format().block_align) {
            // Of silence, any driver makes silence.
            self.help = Help::Open(others, WATCHED);
        } else {
            self.others = others;
            // Whoever gives the pieces is at work as well.
            let crowded = self.others.len() + 2 > self.processors;
            self.streams().for_each(|stream| stream.set_crowded(crowded));
        }
    }

    /// A stream has left a part of a piece, and must get what follows from there; what has begun behind that piece is wrong.
    fn go_on_alone(&mut self, number: usize) {
        match std::mem::replace(&mut self.help, Help::None) {
            Help::Open(others, _) => self.retired.extend(others),
            Help::Tried(tried, _) => self.retired.extend(tried.into_iter().map(|(other, _)| other)),
            Help::None | Help::Wanted(_) | Help::Due(_) => {}
        }
        self.turn = Turn::Only(number);
        self.void = !self.begun.is_empty();
        self.streams().for_each(|stream| stream.set_crowded(false));
    }

    /// Takes places again where nobody helps.
    fn go_back_to_places(&mut self) {
        if self.wants_places && matches!(self.help, Help::None) {
            self.take_places();
        }
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
    /// Opens a stream like `first` in a worker of its own.
    fn open(&self, first: &Stream<'_>) -> Result<Stream<'s>, Error> {
        let codec = Codec::open_apart(self.session, &self.driver, first.packing())?;
        codec.stream(&self.source, Some(first.format()))
    }
}

/// A stream, and what it makes of a piece.
fn tried<'s>(mut stream: Stream<'s>, piece: &[u8]) -> Result<(Stream<'s>, Vec<u8>), Error> {
    let mut made = Vec::new();
    stream.convert(piece, Ends::Open, &mut made)?;
    Ok((stream, made))
}

/// Whether all samples are the same, of so many bytes for all channels.
fn is_uniform(made: &[u8], size: u16) -> bool {
    let mut samples = made.chunks_exact(usize::from(size.max(1)));
    let first = samples.next();
    samples.all(|sample| Some(sample) == first)
}

/// How long whoever gives the pieces waits for them, by the clock: a driver that does not get its processor is waited for, too.
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
    fn silence_is_uniform_and_sound_is_not() {
        assert!(is_uniform(&[], 4) && is_uniform(&[1, 2, 1, 2], 2) && is_uniform(&[7; 9], 1));
        assert!(!is_uniform(&[1, 2, 1, 3], 2) && !is_uniform(&[0, 0, 0, 1], 1));
    }

    #[test]
    fn turns_go_round_until_one_is_left() {
        let round: Vec<_> = iter::successors(Some(Turn::Of(0)), |turn| Some(turn.next(3))).take(5).collect();
        assert_eq!(round.iter().map(|turn| turn.number()).collect::<Vec<_>>(), [0, 1, 2, 0, 1]);
        assert_eq!(Turn::Only(2).next(3).number(), 2);
    }
}
