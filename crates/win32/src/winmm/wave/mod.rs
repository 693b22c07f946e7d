//! Sound: one device that plays what its clients write, and none that records.
//!
//! The device plays in the worker, by the process's clock, on the device thread ([`crate::winmm::device`]): it knows how far each stream is, gives buffers
//! back and tells clients. What it has played goes to the host, which keeps it or not ([`sink`]). Where the clock is the process's own, a stream also knows where
//! each of its samples is in time ([`line`]).

mod caps;
mod format;
mod header;
pub(super) mod input;
mod line;
pub(super) mod output;
mod queue;
mod sink;
mod stream;

pub(super) use caps::{MAPPER, SHORT_MAPPER, waveOutGetDevCaps, waveOutGetNumDevs, waveOutMessage};

use std::ops::Range;
use std::time::Duration;

use guest::Stop;
use mmsystem::devices::WOM_DONE;

use crate::abi::{Handle, Pointer};
use crate::process::Process;
use crate::winmm::device::Share;
use header::{Header, WHDR_DONE, WHDR_INQUEUE};
use sink::Device;
use stream::{Pace, Stream};

/// How many streams can be open at once; a sound card's mixer has room for about as many.
const MOST: usize = 16;
/// What the first stream's handle is; later ones count up from there, so that a stale one names nothing.
const FIRST_HANDLE: u64 = 0x5_7A00;
/// How many pieces of sound are played before others have their turn.
const BURST: usize = 16;

/// The streams that are open, and what is known of the device.
#[derive(Debug, Default)]
pub(crate) struct Waves {
    streams: Vec<Stream>,
    /// How many have been opened.
    opened: u64,
    /// How many the host has been told of, where it answers nothing.
    told: u32,
    /// What the host has, once it has been asked.
    device: Option<Device>,
}

impl Waves {
    /// The stream with a handle.
    fn get(&mut self, handle: Handle) -> Option<&mut Stream> {
        self.streams.iter_mut().find(|stream| stream.handle == handle)
    }

    /// The handle of the next stream; `None` when too many are open.
    fn next_handle(&mut self) -> Option<Handle> {
        if self.streams.len() >= MOST {
            return None;
        }
        self.opened += 1;
        Some(Handle(FIRST_HANDLE + 4 * self.opened))
    }

    /// How fast the device plays.
    fn pace(&self) -> Pace {
        self.device.map_or(Pace::Real, |device| device.pace)
    }

    /// When a stream has something to do; the end of time for one that has nothing to play.
    pub fn next_due(&self, now: Duration, share: Share) -> Option<Duration> {
        let pace = self.pace();
        let streams = self.streams.iter().filter(|stream| share.has(stream.callback.calls()));
        streams.map(|stream| stream.next_due(now, pace).unwrap_or(Duration::MAX)).min()
    }
}

/// Plays what is due, on the device thread if functions are called; whether there was anything.
pub(super) fn play(process: &mut Process, share: Share) -> Result<bool, Stop> {
    let streams = process.winmm.waves.streams.iter().filter(|stream| share.has(stream.callback.calls()));
    let handles: Vec<Handle> = streams.map(|stream| stream.handle).collect();
    let mut worked = false;
    for handle in handles {
        worked |= advance(process, handle)?;
    }
    Ok(worked)
}

/// Plays what is due of one stream; whether there was anything.
fn advance(process: &mut Process, handle: Handle) -> Result<bool, Stop> {
    for piece in 0..BURST {
        let Some(finished) = play_piece(process, handle, |_, due| Some(due))? else { return Ok(piece > 0) };
        give_back(process, handle, finished)?;
    }
    Ok(true)
}

/// Plays what is due of one stream, but for what would give a buffer back: its client is not to be called. What the client is told to have been played it may
/// overwrite, as those do that play one buffer over and over.
fn fetch(process: &mut Process, handle: Handle) -> Result<(), Stop> {
    for _ in 0..BURST {
        if play_piece(process, handle, Stream::without_return)?.is_none() {
            break;
        }
    }
    Ok(())
}

/// Plays a piece of what is due of one stream, as much of it as is `wanted`. Answers the headers of the buffers that are finished with that; `None` where nothing was played.
fn play_piece(
    process: &mut Process,
    handle: Handle,
    wanted: fn(&Stream, u64) -> Option<u64>,
) -> Result<Option<Vec<Pointer>>, Stop> {
    let (now, pace) = (process.now(), process.winmm.waves.pace());
    let Some(stream) = process.winmm.waves.get(handle).filter(|stream| !stream.busy) else { return Ok(None) };
    let (due, next) = (stream.due_bytes(now, pace), stream.queue.next());
    let wanted = due.and_then(|due| wanted(stream, due));
    let (Some(wanted), Some((at, left))) = (wanted, next) else { return Ok(None) };
    // Whole blocks, so that no sample is cut in two.
    let bytes = wanted.min(sink::LONGEST - sink::LONGEST % stream.format.block());
    if bytes == 0 && left > 0 {
        return Ok(None);
    }
    stream.busy = true;
    let delivered = sink::deliver(process, handle, at, bytes);
    let mut finished = Vec::new();
    if let Some(stream) = process.winmm.waves.get(handle) {
        stream.busy = false;
        stream.advance(bytes);
        finished = stream.queue.played(bytes);
    }
    // Whoever waits for the stream not to be busy.
    process.changed_otherwise();
    delivered?;
    Ok(Some(finished))
}

/// Plays what is due where the clock is the process's own, and hands the host what it does not have yet.
pub(crate) fn catch_up(process: &mut Process) -> Result<(), Stop> {
    play(process, Share::All)?;
    let handles: Vec<Handle> = process.winmm.waves.streams.iter().map(|stream| stream.handle).collect();
    handles.into_iter().try_for_each(|handle| sink::hand_over(process, handle))
}

/// How far each stream is.
pub(crate) fn played(process: &Process) -> Vec<wire::StreamState> {
    let state = |stream: &Stream| {
        let played = stream.line.total();
        let written = played.saturating_add(stream.queue.left());
        stream.sink.map(|stream| wire::StreamState { stream, written, played })
    };
    process.winmm.waves.streams.iter().filter_map(state).collect()
}

/// Closes the streams whose client is an image that is gone. Nobody is told, and the buffers are not given back: they were its own.
pub(super) fn forget_image(process: &mut Process, code: &Range<u64>) {
    let own = |stream: &mut Stream| stream.callback.leads_into(code);
    let handles: Vec<Handle> = process
        .winmm
        .waves
        .streams
        .iter_mut()
        .filter_map(|stream| own(stream).then_some(stream.handle))
        .collect();
    for handle in handles {
        let _ = sink::hand_over(process, handle);
    }
    let closed: Vec<Stream> = process.winmm.waves.streams.extract_if(.., own).collect();
    for stream in closed {
        // What cannot be said now is said by the end of the process.
        let _ = sink::close(process, stream.sink);
    }
}

/// Waits until no samples of a stream are on their way to the host.
fn settle(process: &mut Process, handle: Handle) -> Result<(), Stop> {
    let idle = |process: &mut Process| {
        let busy = process.winmm.waves.get(handle).is_some_and(|stream| stream.busy);
        Ok((!busy).then_some(()))
    };
    process.wait_for(Duration::MAX, idle).map(|_| ())
}

/// Gives buffers back: marks them done, and tells the client of each (C132).
fn give_back(process: &mut Process, handle: Handle, headers: Vec<Pointer>) -> Result<(), Stop> {
    if let Some(stream) = process.winmm.waves.get(handle) {
        stream.returning += headers.len();
    }
    let mut ended = Ok(());
    for at in headers {
        let Some(stream) = process.winmm.waves.get(handle) else { break };
        stream.returning -= 1;
        let callback = stream.callback;
        let (machine, header) = (&process.machine, Header::known(process.machine.mode(), at));
        // One whose memory is gone cannot be marked.
        let _ = header
            .flags(machine)
            .and_then(|flags| header.set_flags(machine, flags & !WHDR_INQUEUE | WHDR_DONE));
        // Where telling of one ends in a fault, the others are told of all the same.
        let told = callback.tell(process, handle, WOM_DONE, at).map(|_| ());
        ended = ended.and(told);
    }
    ended
}
