//! Errors and flags of multimedia file I/O (mmsystem.h).

use crate::abi::MmResult;

pub(super) const MMIOERR_FILENOTFOUND: MmResult = MmResult(257);
pub(super) const MMIOERR_OUTOFMEMORY: MmResult = MmResult(258);
pub(super) const MMIOERR_CANNOTOPEN: MmResult = MmResult(259);
pub(super) const MMIOERR_CANNOTCLOSE: MmResult = MmResult(260);
pub(super) const MMIOERR_CANNOTREAD: MmResult = MmResult(261);
pub(super) const MMIOERR_CANNOTWRITE: MmResult = MmResult(262);
pub(super) const MMIOERR_CANNOTSEEK: MmResult = MmResult(263);
pub(super) const MMIOERR_CANNOTEXPAND: MmResult = MmResult(264);
pub(super) const MMIOERR_CHUNKNOTFOUND: MmResult = MmResult(265);
pub(super) const MMIOERR_UNBUFFERED: MmResult = MmResult(266);
pub(super) const MMIOERR_PATHNOTFOUND: MmResult = MmResult(267);
pub(super) const MMIOERR_ACCESSDENIED: MmResult = MmResult(268);
pub(super) const MMIOERR_TOOMANYOPENFILES: MmResult = MmResult(271);

/// Flags of mmioOpen.
pub(super) const MMIO_WRITE: u32 = 1;
pub(super) const MMIO_READWRITE: u32 = 2;
pub(super) const MMIO_PARSE: u32 = 0x100;
pub(super) const MMIO_DELETE: u32 = 0x200;
pub(super) const MMIO_CREATE: u32 = 0x1000;
pub(super) const MMIO_EXIST: u32 = 0x4000;
pub(super) const MMIO_ALLOCBUF: u32 = 0x1_0000;
pub(super) const MMIO_GETTEMP: u32 = 0x2_0000;
/// The buffer has what the file does not have yet.
pub(super) const MMIO_DIRTY: u32 = 0x1000_0000;
/// Flags of mmioInstallIOProc.
pub(super) const MMIO_GLOBALPROC: u32 = 0x1000_0000;
pub(super) const MMIO_REMOVEPROC: u32 = 0x2_0000;
pub(super) const MMIO_FINDPROC: u32 = 0x4_0000;
/// MMIO_TOUPPER.
pub(super) const MMIO_TOUPPER: u32 = 0x10;
