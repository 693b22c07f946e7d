//! winmm.dll: drivers, what tells their clients, and the devices of sound and time that they use.

mod absent;
mod callback;
mod device;
mod driver;
mod mci;
mod midi;
mod mmio;
mod play;
mod results;
mod texts;
mod timer;
mod wave;

use std::ops::Range;

use guest::Violation;

use crate::abi::Pointer;
use crate::process::Process;

/// What winmm keeps for the guest.
#[derive(Debug, Default)]
pub(crate) struct State {
    device: device::Device,
    mci: mci::Devices,
    midi: midi::Devices,
    files: mmio::Files,
    /// What PlaySound plays while its caller goes on.
    playing: Option<play::Playing>,
    timers: timer::Timers,
    waves: wave::Waves,
}

pub(crate) use device::{next_due_here, work_here};
pub(crate) use midi::let_go as let_midi_go;
pub(crate) use wave::{catch_up, played};

/// Ends what would call into an image that is gone: its timers, the streams whose client it is, and its procedures.
pub(crate) fn forget_image(process: &mut Process, code: &Range<u64>) {
    process.winmm.timers.forget_image(code);
    process.winmm.files.forget_image(code);
    process.winmm.mci.forget_image(code);
    process.winmm.midi.forget_image(code);
    wave::forget_image(process, code);
    device::wake_if_running(process);
}

/// Values of MMTIME's wType.
const TIME_MS: u32 = 1;
const TIME_SAMPLES: u32 = 2;
const TIME_BYTES: u32 = 4;
/// The size of MMTIME: wType and a union whose widest member has 8 bytes.
const MMTIME_SIZE: u64 = 12;

/// Fills in an MMTIME.
fn put_time(process: &Process, out: Pointer, unit: u32, value: u32) -> Result<(), Violation> {
    let mut bytes = [0; 8];
    bytes[..4].copy_from_slice(&unit.to_le_bytes());
    bytes[4..].copy_from_slice(&value.to_le_bytes());
    process.machine.memory.write(out.0, &bytes)
}

/// The lower half of a guest's word, which is all that there is of a DWORD.
fn low(word: u64) -> u32 {
    let [a, b, c, d, ..] = word.to_le_bytes();
    u32::from_le_bytes([a, b, c, d])
}

/// Writes as much of a structure as its reader has room for.
fn put_cut(process: &Process, out: Pointer, room: u32, structure: &[u8]) -> Result<(), Violation> {
    process.machine.memory.write(out.0, &structure[..structure.len().min(room as usize)])
}

library! {
    /// winmm, with the functions' older names.
    LIBRARY, Stdcall, ["winmm.dll"], "https://learn.microsoft.com/windows/win32/";
    driver::DefDriverProc, "api/mmiscapi/nf-mmiscapi-defdriverproc";
    driver::DefDriverProc as "DrvDefDriverProc", "api/mmiscapi/nf-mmiscapi-defdriverproc";
    driver::OpenDriver<u16> as "OpenDriver", "api/mmiscapi/nf-mmiscapi-opendriver";
    driver::OpenDriver<u16> as "DrvOpen", "api/mmiscapi/nf-mmiscapi-opendriver";
    driver::OpenDriver<u8> as "OpenDriverA", "api/mmiscapi/nf-mmiscapi-opendriver";
    driver::OpenDriver<u8> as "DrvOpenA", "api/mmiscapi/nf-mmiscapi-opendriver";
    driver::CloseDriver, "api/mmiscapi/nf-mmiscapi-closedriver";
    driver::CloseDriver as "DrvClose", "api/mmiscapi/nf-mmiscapi-closedriver";
    driver::SendDriverMessage, "api/mmiscapi/nf-mmiscapi-senddrivermessage";
    driver::SendDriverMessage as "DrvSendMessage", "api/mmiscapi/nf-mmiscapi-senddrivermessage";
    driver::GetDriverModuleHandle, "api/mmiscapi/nf-mmiscapi-getdrivermodulehandle";
    driver::GetDriverModuleHandle as "DrvGetModuleHandle", "api/mmiscapi/nf-mmiscapi-drvgetmodulehandle";
    driver::GetDriverFlags, "api/mmiscapi/nf-mmiscapi-getdriverflags";
    callback::DriverCallback, "api/mmiscapi/nf-mmiscapi-drivercallback";

    timer::timeBeginPeriod, "api/timeapi/nf-timeapi-timebeginperiod";
    timer::timeBeginPeriod as "timeEndPeriod", "api/timeapi/nf-timeapi-timeendperiod";
    timer::timeGetDevCaps, "api/timeapi/nf-timeapi-timegetdevcaps";
    timer::timeGetSystemTime, "api/timeapi/nf-timeapi-timegetsystemtime";
    timer::timeGetTime, "api/timeapi/nf-timeapi-timegettime";
    timer::timeKillEvent, "multimedia/timekillevent";
    timer::timeSetEvent, "multimedia/timesetevent";

    play::PlaySound<u8> as "PlaySound", "../previous-versions/dd743680(v=vs.85)";
    play::PlaySound<u8> as "PlaySoundA", "../previous-versions/dd743680(v=vs.85)";
    play::PlaySound<u16> as "PlaySoundW", "../previous-versions/dd743680(v=vs.85)";
    play::sndPlaySound<u8> as "sndPlaySoundA", "../previous-versions/dd798676(v=vs.85)";
    play::sndPlaySound<u16> as "sndPlaySoundW", "../previous-versions/dd798676(v=vs.85)";

    wave::output::waveOutBreakLoop, "api/mmeapi/nf-mmeapi-waveoutbreakloop";
    wave::output::waveOutClose, "api/mmeapi/nf-mmeapi-waveoutclose";
    wave::waveOutGetDevCaps<u8> as "waveOutGetDevCapsA", "api/mmeapi/nf-mmeapi-waveoutgetdevcapsa";
    wave::waveOutGetDevCaps<u16> as "waveOutGetDevCapsW", "api/mmeapi/nf-mmeapi-waveoutgetdevcapsw";
    texts::GetErrorText<u8> as "waveOutGetErrorTextA", "api/mmeapi/nf-mmeapi-waveoutgeterrortexta";
    texts::GetErrorText<u16> as "waveOutGetErrorTextW", "api/mmeapi/nf-mmeapi-waveoutgeterrortextw";
    wave::output::waveOutGetID, "api/mmeapi/nf-mmeapi-waveoutgetid";
    wave::waveOutGetNumDevs, "api/mmeapi/nf-mmeapi-waveoutgetnumdevs";
    wave::output::waveOutGetPitch, "api/mmeapi/nf-mmeapi-waveoutgetpitch";
    wave::output::waveOutGetPitch as "waveOutGetPlaybackRate", "api/mmeapi/nf-mmeapi-waveoutgetplaybackrate";
    wave::output::waveOutGetPosition, "api/mmeapi/nf-mmeapi-waveoutgetposition";
    wave::output::waveOutGetVolume, "api/mmeapi/nf-mmeapi-waveoutgetvolume";
    wave::waveOutMessage, "api/mmeapi/nf-mmeapi-waveoutmessage";
    wave::output::waveOutOpen, "api/mmeapi/nf-mmeapi-waveoutopen";
    wave::output::waveOutPause, "api/mmeapi/nf-mmeapi-waveoutpause";
    wave::output::waveOutPrepareHeader, "api/mmeapi/nf-mmeapi-waveoutprepareheader";
    wave::output::waveOutReset, "api/mmeapi/nf-mmeapi-waveoutreset";
    wave::output::waveOutRestart, "api/mmeapi/nf-mmeapi-waveoutrestart";
    wave::output::waveOutGetPitch as "waveOutSetPitch", "api/mmeapi/nf-mmeapi-waveoutsetpitch";
    wave::output::waveOutGetPitch as "waveOutSetPlaybackRate", "api/mmeapi/nf-mmeapi-waveoutsetplaybackrate";
    wave::output::waveOutSetVolume, "api/mmeapi/nf-mmeapi-waveoutsetvolume";
    wave::output::waveOutUnprepareHeader, "api/mmeapi/nf-mmeapi-waveoutunprepareheader";
    wave::output::waveOutWrite, "api/mmeapi/nf-mmeapi-waveoutwrite";

    absent::of_handle_3 as "waveInAddBuffer", "api/mmeapi/nf-mmeapi-waveinaddbuffer";
    absent::of_handle as "waveInClose", "api/mmeapi/nf-mmeapi-waveinclose";
    absent::caps as "waveInGetDevCapsA", "api/mmeapi/nf-mmeapi-waveingetdevcapsa";
    absent::caps as "waveInGetDevCapsW", "api/mmeapi/nf-mmeapi-waveingetdevcapsw";
    texts::GetErrorText<u8> as "waveInGetErrorTextA", "api/mmeapi/nf-mmeapi-waveingeterrortexta";
    texts::GetErrorText<u16> as "waveInGetErrorTextW", "api/mmeapi/nf-mmeapi-waveingeterrortextw";
    absent::of_handle_2 as "waveInGetID", "api/mmeapi/nf-mmeapi-waveingetid";
    absent::count as "waveInGetNumDevs", "api/mmeapi/nf-mmeapi-waveingetnumdevs";
    absent::of_handle_3 as "waveInGetPosition", "api/mmeapi/nf-mmeapi-waveingetposition";
    absent::of_handle_4 as "waveInMessage", "api/mmeapi/nf-mmeapi-waveinmessage";
    wave::input::waveInOpen, "api/mmeapi/nf-mmeapi-waveinopen";
    absent::of_handle_3 as "waveInPrepareHeader", "api/mmeapi/nf-mmeapi-waveinprepareheader";
    absent::of_handle as "waveInReset", "api/mmeapi/nf-mmeapi-waveinreset";
    absent::of_handle as "waveInStart", "api/mmeapi/nf-mmeapi-waveinstart";
    absent::of_handle as "waveInStop", "api/mmeapi/nf-mmeapi-waveinstop";
    absent::of_handle_3 as "waveInUnprepareHeader", "api/mmeapi/nf-mmeapi-waveinunprepareheader";

    midi::output::midiOutCacheDrumPatches, "api/mmeapi/nf-mmeapi-midioutcachedrumpatches";
    midi::output::midiOutCachePatches, "api/mmeapi/nf-mmeapi-midioutcachepatches";
    midi::output::midiOutClose, "api/mmeapi/nf-mmeapi-midioutclose";
    midi::output::midiOutGetDevCaps<u8> as "midiOutGetDevCapsA", "api/mmeapi/nf-mmeapi-midioutgetdevcapsa";
    midi::output::midiOutGetDevCaps<u16> as "midiOutGetDevCapsW", "api/mmeapi/nf-mmeapi-midioutgetdevcapsw";
    texts::GetErrorText<u8> as "midiOutGetErrorTextA", "api/mmeapi/nf-mmeapi-midioutgeterrortexta";
    texts::GetErrorText<u16> as "midiOutGetErrorTextW", "api/mmeapi/nf-mmeapi-midioutgeterrortextw";
    midi::output::midiOutGetID, "api/mmeapi/nf-mmeapi-midioutgetid";
    midi::output::midiOutGetNumDevs, "api/mmeapi/nf-mmeapi-midioutgetnumdevs";
    midi::output::midiOutGetVolume, "api/mmeapi/nf-mmeapi-midioutgetvolume";
    midi::output::midiOutLongMsg, "api/mmeapi/nf-mmeapi-midioutlongmsg";
    midi::output::midiOutMessage, "api/mmeapi/nf-mmeapi-midioutmessage";
    midi::output::midiOutOpen, "api/mmeapi/nf-mmeapi-midioutopen";
    midi::output::midiOutPrepareHeader, "api/mmeapi/nf-mmeapi-midioutprepareheader";
    midi::output::midiOutReset, "api/mmeapi/nf-mmeapi-midioutreset";
    midi::output::midiOutSetVolume, "api/mmeapi/nf-mmeapi-midioutsetvolume";
    midi::output::midiOutShortMsg, "api/mmeapi/nf-mmeapi-midioutshortmsg";
    midi::output::midiOutUnprepareHeader, "api/mmeapi/nf-mmeapi-midioutunprepareheader";
    midi::stream::midiStreamClose, "api/mmeapi/nf-mmeapi-midistreamclose";
    midi::stream::midiStreamOpen, "api/mmeapi/nf-mmeapi-midistreamopen";
    midi::stream::midiStreamOut, "api/mmeapi/nf-mmeapi-midistreamout";
    midi::stream::midiStreamPause, "api/mmeapi/nf-mmeapi-midistreampause";
    midi::stream::midiStreamPosition, "api/mmeapi/nf-mmeapi-midistreamposition";
    midi::stream::midiStreamProperty, "api/mmeapi/nf-mmeapi-midistreamproperty";
    midi::stream::midiStreamRestart, "api/mmeapi/nf-mmeapi-midistreamrestart";
    midi::stream::midiStreamStop, "api/mmeapi/nf-mmeapi-midistreamstop";
    absent::of_handle_3 as "midiConnect", "api/mmeapi/nf-mmeapi-midiconnect";
    absent::of_handle_3 as "midiDisconnect", "api/mmeapi/nf-mmeapi-mididisconnect";

    absent::of_handle_3 as "midiInAddBuffer", "api/mmeapi/nf-mmeapi-midiinaddbuffer";
    absent::of_handle as "midiInClose", "api/mmeapi/nf-mmeapi-midiinclose";
    absent::caps as "midiInGetDevCapsA", "api/mmeapi/nf-mmeapi-midiingetdevcapsa";
    absent::caps as "midiInGetDevCapsW", "api/mmeapi/nf-mmeapi-midiingetdevcapsw";
    texts::GetErrorText<u8> as "midiInGetErrorTextA", "api/mmeapi/nf-mmeapi-midiingeterrortexta";
    texts::GetErrorText<u16> as "midiInGetErrorTextW", "api/mmeapi/nf-mmeapi-midiingeterrortextw";
    absent::of_handle_2 as "midiInGetID", "api/mmeapi/nf-mmeapi-midiingetid";
    absent::count as "midiInGetNumDevs", "api/mmeapi/nf-mmeapi-midiingetnumdevs";
    absent::of_handle_4 as "midiInMessage", "api/mmeapi/nf-mmeapi-midiinmessage";
    absent::open as "midiInOpen", "api/mmeapi/nf-mmeapi-midiinopen";
    absent::of_handle_3 as "midiInPrepareHeader", "api/mmeapi/nf-mmeapi-midiinprepareheader";
    absent::of_handle as "midiInReset", "api/mmeapi/nf-mmeapi-midiinreset";
    absent::of_handle as "midiInStart", "api/mmeapi/nf-mmeapi-midiinstart";
    absent::of_handle as "midiInStop", "api/mmeapi/nf-mmeapi-midiinstop";
    absent::of_handle_3 as "midiInUnprepareHeader", "api/mmeapi/nf-mmeapi-midiinunprepareheader";

    absent::caps as "auxGetDevCapsA", "api/mmeapi/nf-mmeapi-auxgetdevcapsa";
    absent::caps as "auxGetDevCapsW", "api/mmeapi/nf-mmeapi-auxgetdevcapsw";
    absent::count as "auxGetNumDevs", "api/mmeapi/nf-mmeapi-auxgetnumdevs";
    absent::of_aux as "auxGetVolume", "api/mmeapi/nf-mmeapi-auxgetvolume";
    absent::auxOutMessage, "api/mmeapi/nf-mmeapi-auxoutmessage";
    absent::of_aux as "auxSetVolume", "api/mmeapi/nf-mmeapi-auxsetvolume";
    absent::of_handle as "mixerClose", "api/mmeapi/nf-mmeapi-mixerclose";
    absent::of_mixer as "mixerGetControlDetailsA", "api/mmeapi/nf-mmeapi-mixergetcontroldetailsa";
    absent::of_mixer as "mixerGetControlDetailsW", "api/mmeapi/nf-mmeapi-mixergetcontroldetailsw";
    absent::caps as "mixerGetDevCapsA", "api/mmeapi/nf-mmeapi-mixergetdevcapsa";
    absent::caps as "mixerGetDevCapsW", "api/mmeapi/nf-mmeapi-mixergetdevcapsw";
    absent::mixerGetID, "api/mmeapi/nf-mmeapi-mixergetid";
    absent::of_mixer as "mixerGetLineControlsA", "api/mmeapi/nf-mmeapi-mixergetlinecontrolsa";
    absent::of_mixer as "mixerGetLineControlsW", "api/mmeapi/nf-mmeapi-mixergetlinecontrolsw";
    absent::of_mixer as "mixerGetLineInfoA", "api/mmeapi/nf-mmeapi-mixergetlineinfoa";
    absent::of_mixer as "mixerGetLineInfoW", "api/mmeapi/nf-mmeapi-mixergetlineinfow";
    absent::count as "mixerGetNumDevs", "api/mmeapi/nf-mmeapi-mixergetnumdevs";
    absent::of_handle_4 as "mixerMessage", "api/mmeapi/nf-mmeapi-mixermessage";
    absent::open as "mixerOpen", "api/mmeapi/nf-mmeapi-mixeropen";
    absent::of_mixer as "mixerSetControlDetails", "api/mmeapi/nf-mmeapi-mixersetcontroldetails";

    mci::mciDriverNotify, "api/mmiscapi/nf-mmiscapi-mcidrivernotify";
    mci::mciDriverYield, "api/mmiscapi/nf-mmiscapi-mcidriveryield";
    mci::mciExecute, "multimedia/mciexecute";
    mci::mciFreeCommandResource, "api/mmiscapi/nf-mmiscapi-mcifreecommandresource";
    mci::mciGetCreatorTask, "multimedia/mcigetcreatortask";
    mci::mciGetDeviceID as "mciGetDeviceIDA", "multimedia/mcigetdeviceid";
    mci::mciGetDeviceID as "mciGetDeviceIDW", "multimedia/mcigetdeviceid";
    mci::mciGetDeviceIDFromElementID as "mciGetDeviceIDFromElementIDA", "multimedia/mcigetdeviceidfromelementid";
    mci::mciGetDeviceIDFromElementID as "mciGetDeviceIDFromElementIDW", "multimedia/mcigetdeviceidfromelementid";
    mci::mciGetDriverData, "api/mmiscapi/nf-mmiscapi-mcigetdriverdata";
    texts::mciGetErrorString<u8> as "mciGetErrorStringA", "multimedia/mcigeterrorstring";
    texts::mciGetErrorString<u16> as "mciGetErrorStringW", "multimedia/mcigeterrorstring";
    mci::mciGetYieldProc, "multimedia/mcigetyieldproc";
    mci::mciLoadCommandResource, "api/mmiscapi/nf-mmiscapi-mciloadcommandresource";
    mci::mciSendCommand as "mciSendCommandA", "multimedia/mcisendcommand";
    mci::mciSendCommand as "mciSendCommandW", "multimedia/mcisendcommand";
    mci::mciSendString<u8> as "mciSendStringA", "multimedia/mcisendstring";
    mci::mciSendString<u16> as "mciSendStringW", "multimedia/mcisendstring";
    mci::mciSetDriverData, "api/mmiscapi/nf-mmiscapi-mcisetdriverdata";
    mci::mciSetYieldProc, "multimedia/mcisetyieldproc";

    mmio::mmioAdvance, "api/mmiscapi/nf-mmiscapi-mmioadvance";
    mmio::chunk::mmioAscend, "api/mmiscapi/nf-mmiscapi-mmioascend";
    mmio::mmioClose, "api/mmiscapi/nf-mmiscapi-mmioclose";
    mmio::chunk::mmioCreateChunk, "api/mmiscapi/nf-mmiscapi-mmiocreatechunk";
    mmio::chunk::mmioDescend, "api/mmiscapi/nf-mmiscapi-mmiodescend";
    mmio::mmioFlush, "api/mmiscapi/nf-mmiscapi-mmioflush";
    mmio::mmioGetInfo, "api/mmiscapi/nf-mmiscapi-mmiogetinfo";
    mmio::mmioInstallIOProc as "mmioInstallIOProcA", "api/mmiscapi/nf-mmiscapi-mmioinstallioproca";
    mmio::mmioInstallIOProc as "mmioInstallIOProcW", "api/mmiscapi/nf-mmiscapi-mmioinstallioprocw";
    mmio::mmioOpen<u8> as "mmioOpenA", "api/mmiscapi/nf-mmiscapi-mmioopena";
    mmio::mmioOpen<u16> as "mmioOpenW", "api/mmiscapi/nf-mmiscapi-mmioopenw";
    mmio::mmioRead, "api/mmiscapi/nf-mmiscapi-mmioread";
    mmio::mmioRename<u8> as "mmioRenameA", "api/mmiscapi/nf-mmiscapi-mmiorenamea";
    mmio::mmioRename<u16> as "mmioRenameW", "api/mmiscapi/nf-mmiscapi-mmiorenamew";
    mmio::mmioSeek, "api/mmiscapi/nf-mmiscapi-mmioseek";
    mmio::mmioSendMessage, "api/mmiscapi/nf-mmiscapi-mmiosendmessage";
    mmio::mmioSetBuffer, "api/mmiscapi/nf-mmiscapi-mmiosetbuffer";
    mmio::mmioSetInfo, "api/mmiscapi/nf-mmiscapi-mmiosetinfo";
    mmio::mmioStringToFOURCC<u8> as "mmioStringToFOURCCA", "api/mmiscapi/nf-mmiscapi-mmiostringtofourcca";
    mmio::mmioStringToFOURCC<u16> as "mmioStringToFOURCCW", "api/mmiscapi/nf-mmiscapi-mmiostringtofourccw";
    mmio::mmioWrite, "api/mmiscapi/nf-mmiscapi-mmiowrite";
}
