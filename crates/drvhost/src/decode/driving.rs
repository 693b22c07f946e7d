//! The part of decoding a stream of video that the driver does.
//!
//! The driver has the next frames already while its last pictures are looked at. What became of each is settled in the film's order: where it fails on a frame,
//! it is asked again for those behind that, which it was not given then.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, SyncSender, TryRecvError, TrySendError};

use super::painting::Drawn;
use super::pictures::Pictures;
use super::range::FrameRange;
use super::shared::Shared;
use super::trouble::{MAX_RENEWALS, OnError, RefusedPalettes, Troubles, is_of_one_packet, is_of_one_worker};
use super::video::Read;
use crate::error::Error;
use crate::media::{MediaError, PaletteChange, PictureFormat};
use crate::places::{Placed, Two};
use crate::vfw::Made;

/// How many frames are kept at most until it is settled what becomes of them.
const MOST_KEPT: usize = 16;
/// How many pictures are handed over at once at most, and how many bytes they have as BGR24: more than that leaves the processors' own memory before it is looked at.
const MOST_AT_ONCE: usize = 8;
const BYTES_AT_ONCE: usize = 8 << 20;
/// How many there are at first, whatever their size, and after how many pictures it is one more: each has a place in memory, and memory that nobody has used yet costs more than a few waits.
const AT_ONCE_FIRST: usize = 2;
const ONE_MORE_EVERY: u64 = 8;
/// How many pictures are made one by one first where host and driver share a processor, and so never work at the same time.
const ONE_BY_ONE: u64 = 16;
/// How much must not be painted yet for its thread to be busy for a while.
const BUSY: usize = 2;

/// How the driver's part ended.
pub(super) struct Driven {
    pub troubles: Troubles,
    pub palettes: RefusedPalettes,
    pub shown: u64,
    /// Why it stopped before the end.
    pub stopped: Option<String>,
}

/// The ways to the threads that read and show.
pub(super) struct Lines<'a> {
    pub packets: &'a Receiver<Vec<(u64, Read)>>,
    /// Where buffers of packets go back to.
    pub spent: &'a Sender<Vec<u8>>,
    /// What is to be shown, and whether it counts.
    pub pictures: &'a SyncSender<Vec<(bool, Drawn)>>,
    /// Buffers for pictures.
    pub empty: &'a Receiver<Vec<u8>>,
    /// How much of what was handed over is not painted yet.
    pub behind: &'a AtomicUsize,
}

/// Where the driver's part runs.
pub(super) struct Places {
    /// Whether the driver can work while others do.
    pub has_company: bool,
    /// The two processors, where there are just two.
    pub two: Option<Two>,
    /// The driver's worker, which has its place on one of them, beside this thread.
    pub placed: Option<Placed>,
}

/// A frame.
struct Frame {
    number: u64,
    bytes: Vec<u8>,
    key_frame: Option<bool>,
}

/// What becomes of something that was read.
enum Fate {
    /// The driver is to be asked for it.
    Open(Frame),
    /// The driver has been asked.
    Asked(Frame),
    /// It is known.
    Settled(Drawn),
    /// A frame that cannot be decoded.
    Failed(u64, Error),
}

/// The part of the work that the driver does.
pub(super) struct Driver<'a, 's> {
    pictures: &'a mut Pictures<'s>,
    range: FrameRange,
    on_error: OnError,
    shared: &'a Shared<'a>,
    lines: Lines<'a>,
    done: Driven,
    /// What was read and not looked at.
    read: VecDeque<(u64, Read)>,
    /// Whether nothing more comes.
    all_read: bool,
    /// In the film's order, with whether it counts.
    fates: VecDeque<(bool, Fate)>,
    /// How many of these the driver has been asked for.
    asked: usize,
    /// What is to be handed over.
    drawn: Vec<(bool, Drawn)>,
    /// The format of what the driver draws, with the colours of what is drawn next.
    colours: PictureFormat,
    /// Whether the driver was opened again, and has not seen a key frame since.
    lost: bool,
    renewals: u32,
    /// How many pictures the driver has made.
    made: u64,
    /// How many are handed over at once at most.
    most: usize,
    places: Places,
    /// Whether nothing that follows is wanted.
    over: bool,
}

impl<'a, 's> Driver<'a, 's> {
    pub fn new(
        pictures: &'a mut Pictures<'s>,
        range: FrameRange,
        on_error: OnError,
        shared: &'a Shared<'a>,
        lines: Lines<'a>,
        places: Places,
    ) -> Self {
        let done = Driven {
            troubles: Troubles::new(on_error),
            palettes: RefusedPalettes::default(),
            shown: 0,
            stopped: None,
        };
        let colours = pictures.format().clone();
        let most = BYTES_AT_ONCE / colours.bgr24_size().max(1);
        Self {
            pictures,
            range,
            on_error,
            shared,
            lines,
            done,
            read: VecDeque::new(),
            all_read: false,
            fates: VecDeque::new(),
            asked: 0,
            drawn: Vec::new(),
            colours,
            lost: false,
            renewals: 0,
            made: 0,
            most: most.clamp(AT_ONCE_FIRST, MOST_AT_ONCE),
            places,
            over: false,
        }
    }

    /// Decodes until nothing more comes or is wanted.
    ///
    /// While the driver has been asked for something, nobody else can call it. So this thread waits for others only when it has answered all.
    pub fn run(mut self) -> Result<Driven, Error> {
        while !self.over {
            self.shared.go_on()?;
            self.take_in(false);
            self.ask_ahead();
            let mut any = false;
            while !self.over && self.drawn.len() < self.most_at_once() && self.settle(false)? {
                any = true;
            }
            self.convert()?;
            self.offer();
            if any || self.over {
                continue;
            }
            if self.asked > 0 {
                self.settle(true)?;
            } else if !self.drawn.is_empty() {
                self.hand_over();
            } else if self.all_read && self.fates.is_empty() {
                break;
            } else {
                self.take_in(true);
            }
        }
        self.hand_over();
        Ok(self.done)
    }

    /// Whether the driver gets frames ahead.
    fn goes_ahead(&self) -> bool {
        (self.made >= ONE_BY_ONE || self.places.has_company) && self.pictures.goes_ahead()
    }

    fn most_at_once(&self) -> usize {
        if !self.goes_ahead() {
            return 1;
        }
        let more = usize::try_from(self.made / ONE_MORE_EVERY).unwrap_or(MOST_AT_ONCE);
        self.most.min(more.saturating_add(AT_ONCE_FIRST))
    }

    /// Looks at what was read, waiting for it if `waits`.
    fn take_in(&mut self, waits: bool) {
        let most = if self.goes_ahead() { MOST_KEPT } else { 1 };
        while self.fates.len() < most && !self.all_read {
            if self.read.is_empty() {
                let lot = if waits && self.fates.is_empty() {
                    self.lines.packets.recv().map_err(|_| TryRecvError::Disconnected)
                } else {
                    self.lines.packets.try_recv()
                };
                match lot {
                    Ok(lot) => self.read.extend(lot),
                    Err(TryRecvError::Empty) => return,
                    Err(TryRecvError::Disconnected) => self.all_read = true,
                }
            }
            let Some((number, read)) = self.read.pop_front() else { continue };
            let wanted = self.range.contains(number);
            let (wanted, fate) = match read {
                Read::Palette(bytes) => match palette_change(self.pictures, &bytes) {
                    Ok(change) => (false, Fate::Settled(Drawn::Palette(change))),
                    Err(error) => {
                        self.done.palettes.add(error);
                        continue;
                    }
                },
                Read::Dropped => (wanted, Fate::Settled(Drawn::Again)),
                Read::Unreadable(error) => (wanted, Fate::Failed(number, error.into())),
                Read::Frame(bytes, key_frame) => (wanted, Fate::Open(Frame { number, bytes, key_frame })),
            };
            self.fates.push_back((wanted, fate));
        }
    }

    /// Asks the driver for the next frames, as long as it should have more.
    fn ask_ahead(&mut self) {
        if !self.goes_ahead() {
            return;
        }
        let most = self.most_at_once();
        for (_, fate) in &mut self.fates {
            match fate {
                Fate::Settled(_) | Fate::Asked(_) => {}
                // What becomes of the next frame depends on that.
                Fate::Failed(..) => return,
                Fate::Open(frame) => {
                    // Where it has lost what frames build on, which frames it gets depends on the next picture.
                    let may_ask = self.asked == 0 || !self.lost && self.pictures.has_room();
                    if !may_ask || self.drawn.len() + self.asked >= most {
                        return;
                    }
                    if self.lost && frame.key_frame == Some(false) {
                        return;
                    }
                    let asked = self.pictures.queue(&frame.bytes, frame.key_frame);
                    let number = frame.number;
                    let frame = Frame { number, bytes: std::mem::take(&mut frame.bytes), ..*frame };
                    *fate = match asked {
                        Ok(()) => Fate::Asked(frame),
                        Err(error) => Fate::Failed(number, error),
                    };
                    self.asked += usize::from(matches!(fate, Fate::Asked(_)));
                }
            }
        }
    }

    /// Settles what becomes of the first thing that was read: waits for the driver if `waits`. Whether it is settled.
    fn settle(&mut self, waits: bool) -> Result<bool, Error> {
        let made = match self.fates.front() {
            Some((_, Fate::Asked(_))) => match self.pictures.made(waits) {
                Some(Ok(Made::Dropped)) => {
                    self.reopen();
                    return Ok(true);
                }
                Some(made) => made,
                None => return Ok(false),
            },
            Some((_, Fate::Open(frame))) => {
                if self.lost && frame.key_frame == Some(false) {
                    self.done.troubles.add_dependent(frame.number + 1);
                    if let Some((wanted, Fate::Open(frame))) = self.fates.pop_front() {
                        self.give_back(frame.bytes);
                        self.drawn.push((wanted, Drawn::Missing));
                    }
                    return Ok(true);
                }
                if self.goes_ahead() {
                    return Ok(false);
                }
                Ok(Made::Same)
            }
            None => return Ok(false),
            Some((_, Fate::Settled(_) | Fate::Failed(..))) => Ok(Made::Same),
        };
        let Some((wanted, fate)) = self.fates.pop_front() else { return Ok(false) };
        let (number, drawn) = match fate {
            Fate::Settled(drawn) => {
                if let Drawn::Palette(change) = &drawn {
                    // What was drawn before it has the colours of then.
                    self.colours.change_palette(change)?;
                }
                self.drawn.push((wanted, drawn));
                return Ok(true);
            }
            Fate::Failed(number, error) => (number, Err(error)),
            Fate::Asked(frame) => {
                self.asked -= 1;
                self.give_back(frame.bytes);
                let drawn = made.map(|made| match made {
                    Made::Picture(kept) => Drawn::Kept(kept, None),
                    Made::Same | Made::Dropped => Drawn::Again,
                });
                (frame.number, drawn)
            }
            Fate::Open(frame) => {
                let mut picture = self.lines.empty.try_recv().unwrap_or_default();
                let decoded = self.pictures.decode(&frame.bytes, frame.key_frame, &mut picture);
                self.give_back(frame.bytes);
                let drawn =
                    decoded.map(|is_there| if is_there { Drawn::Picture(picture) } else { Drawn::Again });
                (frame.number, drawn)
            }
        };
        let drawn = match drawn {
            Ok(drawn) => {
                if matches!(drawn, Drawn::Picture(_) | Drawn::Kept(..)) {
                    (self.lost, self.renewals) = (false, 0);
                    self.made += 1;
                    self.done.shown += u64::from(wanted);
                }
                drawn
            }
            Err(error) => {
                self.note(number, error)?;
                Drawn::Missing
            }
        };
        if !self.over {
            self.drawn.push((wanted, drawn));
        }
        Ok(true)
    }

    /// Takes note of a frame that could not be decoded, and opens the driver again where it failed.
    fn note(&mut self, number: u64, error: Error) -> Result<(), Error> {
        let of_worker = is_of_one_worker(&error);
        if !of_worker && !is_of_one_packet(&error) {
            return Err(error);
        }
        if self.on_error == OnError::Stop {
            self.stop(format!("decoding stopped before frame {}: {error}", number + 1));
        }
        self.done.troubles.add(number + 1, error);
        if !of_worker || self.over {
            return Ok(());
        }
        self.renewals += 1;
        let again = if self.renewals > MAX_RENEWALS {
            Err(format!("the driver failed {} times in a row", self.renewals))
        } else {
            self.renew().map_err(|error| error.to_string())
        };
        match again {
            Ok(()) => {
                self.lost = true;
                self.reopen();
            }
            Err(why) => self.stop(format!("decoding stopped at frame {}: {why}", number + 1)),
        }
        Ok(())
    }

    /// Opens the driver again, in a worker that is started as the first one was.
    fn renew(&mut self) -> Result<(), Error> {
        let Places { two, placed, .. } = &mut self.places;
        *placed = None;
        self.pictures.renew()?;
        *placed = two.as_ref().zip(self.pictures.worker()).map(|(two, worker)| two.together(worker));
        Ok(())
    }

    fn stop(&mut self, why: String) {
        self.done.stopped = Some(why);
        self.over = true;
    }

    /// The driver is to be asked again for what it was asked for and will not answer.
    fn reopen(&mut self) {
        self.asked = 0;
        for (_, fate) in &mut self.fates {
            if let Fate::Asked(frame) = fate {
                let frame = Frame { bytes: std::mem::take(&mut frame.bytes), ..*frame };
                *fate = Fate::Open(frame);
            }
        }
    }

    fn give_back(&self, buffer: Vec<u8>) {
        // The reader may be done already.
        let _ = self.lines.spent.send(buffer);
    }

    /// Converts what is drawn as long as who does that otherwise has enough to do.
    fn convert(&mut self) -> Result<(), Error> {
        if self.drawn.iter().any(|(_, drawn)| matches!(drawn, Drawn::Palette(_))) {
            // Some of it has the colours of before.
            return Ok(());
        }
        for (_, drawn) in &mut self.drawn {
            match drawn {
                Drawn::Kept(block, bgr @ None) if self.lines.behind.load(Ordering::Relaxed) >= BUSY => {
                    let mut pixels = self.lines.empty.try_recv().unwrap_or_default();
                    self.colours.to_bgr24_by_rows(|at, row| block.read(at, row), &mut pixels)?;
                    *bgr = Some(pixels);
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Hands over what is drawn if somebody is ready for it.
    fn offer(&mut self) {
        let count = self.drawn.len();
        if count == 0 {
            return;
        }
        self.lines.behind.fetch_add(count, Ordering::Relaxed);
        match self.lines.pictures.try_send(std::mem::take(&mut self.drawn)) {
            Ok(()) => {}
            Err(TrySendError::Full(drawn)) => {
                self.lines.behind.fetch_sub(count, Ordering::Relaxed);
                self.drawn = drawn;
            }
            Err(TrySendError::Disconnected(_)) => self.over = true,
        }
    }

    /// Hands over what is drawn as soon as somebody is ready for it.
    fn hand_over(&mut self) {
        let drawn = std::mem::take(&mut self.drawn);
        self.lines.behind.fetch_add(drawn.len(), Ordering::Relaxed);
        self.over |= !drawn.is_empty() && self.lines.pictures.send(drawn).is_err();
    }
}

/// Reads a change of the palette that can be made.
fn palette_change(pictures: &Pictures<'_>, chunk: &[u8]) -> Result<PaletteChange, Error> {
    let change = PaletteChange::parse(chunk)?;
    if pictures.has_palette() {
        return Ok(change);
    }
    let what = "a palette change".to_owned();
    let why = match pictures {
        Pictures::Codec(_) => "what the driver decodes to has its colours already".to_owned(),
        Pictures::Plain(_) => "the pictures have no palette".to_owned(),
    };
    Err(MediaError::Unsupported { what, why }.into())
}
