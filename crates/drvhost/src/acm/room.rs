//! A header with the buffers that it names: what a driver is given to convert, and where it puts what comes out.

use std::sync::Arc;

use mmsystem::{
    ACMDRVSTREAMHEADER, ACMSTREAMHEADER_STATUSF_DONE, ACMSTREAMHEADER_STATUSF_PREPARED, Structure,
};

use crate::arena::{Arena, Block};
use crate::error::Error;
use crate::opened::{decoded, encoded};
use crate::queue::Standing;

/// A header and its buffers.
#[derive(Debug)]
pub(super) struct Room {
    header: Block,
    source: Block,
    destination: Block,
    /// The header as the driver left it: it may keep values of its own there.
    state: ACMDRVSTREAMHEADER,
    /// Whether the driver has prepared it.
    prepared: bool,
}

/// What a driver says that it has done with a piece.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Done {
    /// How many bytes of the source it has used.
    pub used: u32,
    /// How many bytes of the destination it has filled.
    pub made: u32,
}

impl Room {
    /// Buffers of these sizes, and a header that a driver can be asked to prepare for the stream at `instance`.
    ///
    /// # Errors
    /// [`Error::TooLarge`].
    pub fn new(
        arena: &Arc<Arena>,
        instance: &Block,
        source_size: usize,
        destination_size: u32,
    ) -> Result<Self, Error> {
        let (source, destination) = (arena.block(source_size)?, arena.block(destination_size as usize)?);
        let state = ACMDRVSTREAMHEADER {
            cbStruct: ACMDRVSTREAMHEADER::size(arena.width()) as u32,
            pbSrc: source.address(),
            cbSrcLength: source_size as u32,
            pbDst: destination.address(),
            cbDstLength: destination_size,
            dwPrepared: instance.address(),
            pbPreparedSrc: source.address(),
            cbPreparedSrcLength: source_size as u32,
            pbPreparedDst: destination.address(),
            cbPreparedDstLength: destination_size,
            ..ACMDRVSTREAMHEADER::default()
        };
        let header = arena.block(ACMDRVSTREAMHEADER::size(arena.width()))?;
        let room = Self { header, source, destination, state, prepared: false };
        room.show()?;
        Ok(room)
    }

    /// The header's address, as drivers get it.
    pub fn lparam(&self) -> i64 {
        self.header.lparam()
    }

    /// How many bytes fit into the source.
    pub fn source_len(&self) -> usize {
        self.source.len()
    }

    /// How many bytes fit into the destination.
    pub fn destination_len(&self) -> usize {
        self.destination.len()
    }

    /// It can be used; `by_driver`: because the driver has prepared it, and it is unprepared when it is used no more.
    pub fn prepared(&mut self, by_driver: bool) -> Result<(), Error> {
        self.prepared = by_driver;
        self.keep_own_values()?;
        self.state.fdwStatus = ACMSTREAMHEADER_STATUSF_PREPARED;
        self.show()
    }

    /// Whether it is to be unprepared, and gives the header the lengths with which it was prepared ("acmStreamUnprepareHeader", MS Learn). `takes`: whether
    /// what is made then is of interest.
    pub fn begin_to_unprepare(&mut self, takes: bool) -> Result<bool, Error> {
        if !std::mem::take(&mut self.prepared) {
            return Ok(false);
        }
        self.state.cbSrcLength = self.source.len() as u32;
        if takes {
            // A driver that puts nothing out leaves the field alone.
            self.state.cbDstLengthUsed = 0;
        }
        self.show()?;
        Ok(true)
    }

    /// Puts source data in, with the `ACM_STREAMCONVERTF_` flags that go with it.
    pub fn give(&mut self, data: &[u8], flags: u32) -> Result<(), Error> {
        self.source.write(0, data)?;
        self.state.cbSrcLength = data.len() as u32;
        (self.state.cbSrcLengthUsed, self.state.cbDstLengthUsed) = (0, 0);
        self.state.fdwStatus &= !ACMSTREAMHEADER_STATUSF_DONE;
        self.state.fdwConvert = flags;
        self.show()
    }

    /// What stands in the header when the driver has used all that it was given.
    pub fn all_used(&self) -> Option<Standing<'_>> {
        let used =
            ACMDRVSTREAMHEADER::fields(self.header.width()).find(|field| field.name == "cbSrcLengthUsed")?;
        Some(Standing { block: &self.header, at: used.offset, number: self.state.cbSrcLength })
    }

    /// Takes over what the driver has set once it has converted (C123).
    pub fn done(&mut self) -> Result<Done, Error> {
        self.keep_own_values()?;
        let Done { used, made } = self.said()?;
        (self.state.cbSrcLengthUsed, self.state.cbDstLengthUsed) = (used, made);
        self.state.fdwStatus |= ACMSTREAMHEADER_STATUSF_DONE;
        self.show()?;
        Ok(Done { used, made })
    }

    /// What the driver has set.
    pub fn said(&self) -> Result<Done, Error> {
        let left: ACMDRVSTREAMHEADER = decoded(&self.header, self.header.width())?;
        Ok(Done { used: left.cbSrcLengthUsed, made: left.cbDstLengthUsed })
    }

    /// Replaces `out` by the destination's beginning.
    pub fn take(&self, made: usize, out: &mut Vec<u8>) -> Result<(), Error> {
        // What is there already need not be filled with zeros before it is written over.
        out.resize(made, 0);
        self.destination.read(0, out)
    }

    /// Shows the driver the header as the host knows it.
    fn show(&self) -> Result<(), Error> {
        self.header.write(0, &encoded(&self.state, self.header.width())?)
    }

    /// Takes over the values that the driver keeps in the header.
    fn keep_own_values(&mut self) -> Result<(), Error> {
        let left: ACMDRVSTREAMHEADER = decoded(&self.header, self.header.width())?;
        self.state.fdwDriver = left.fdwDriver;
        self.state.dwDriver = left.dwDriver;
        self.state.padshNext = left.padshNext;
        Ok(())
    }
}
