//! What host and worker say to each other, and the rings that carry it.
//!
//! The two never link each other; these bytes in shared memory are the whole boundary between them. Everything that comes from
//! a worker is hostile input: the [`ring`] checks stamps and lengths before it copies, and what was copied is decoded by `postcard`,
//! which bounds every length by the bytes that are there, or is a few numbers ([`Plain`]).
//!
//! The conversation is strictly by turns, like calls on one stack: the host asks ([`ToWorker::Call`]) and the worker answers
//! ([`ToHost::Answered`] or [`ToHost::Faulted`]); before it answers, it may itself ask ([`ToHost::Asked`]), and before the host
//! answers that, the host may ask again. Only what the guest's further threads [want](Want) goes beside that, on a line of its own, and the host may
//! [queue](ToWorker::Queued) calls that are made one after the other without its being asked in between.
#![forbid(unsafe_code)]

pub mod channel;
pub mod given;
mod message;
mod plain;
pub mod ring;
mod want;
mod wave;

pub use channel::{Channel, ChannelError, Line, Side};
pub use message::{
    Advanced, Asked, BROUGHT_SIZE, Begin, Brought, Call, Copied, DialogAnswer, Effect, Entered, FILES_SIZE,
    Fault, FaultKind, Layer, Load, LoadRefusal, Loaded, MOST_QUEUED, Place, Queued, Segments, ShimCalls,
    Stands, Started, ToHost, ToWorker, short,
};
pub use plain::Plain;
pub use want::{
    Disposition, Entry, FileCall, FileInfo, KeyInfo, LONGEST_PATH, LibraryCall, PIECE, RegistryCall, Served,
    Want,
};
pub use wave::{Heard, SoundDevice, StreamState, WaveCall, WaveFormat};

/// Bytes of the memory that a [`Channel`] needs.
pub const CHANNEL_SIZE: usize = channel::WORDS * size_of::<u32>();
