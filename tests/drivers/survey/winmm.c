/* Cases of winmm.dll. No test computer has a sound card, so Wine finds no device where drvhost has one of its own. */
#include "survey.h"
#include <mmddk.h>

/* What headers leave out. */
BOOL WINAPI DriverCallback(DWORD_PTR, DWORD, HDRVR, DWORD, DWORD_PTR, DWORD_PTR, DWORD_PTR);
BOOL WINAPI mciDriverNotify(HANDLE, MCIDEVICEID, UINT);
DWORD_PTR WINAPI mciGetDriverData(MCIDEVICEID);
BOOL WINAPI mciSetDriverData(MCIDEVICEID, DWORD_PTR);

#define NO_HANDLE ((void *)(DWORD_PTR)0x1234)

static WAVEFORMATEX format = {WAVE_FORMAT_PCM, 1, 8000, 16000, 2, 16, 0};
static char samples[160];
static WAVEHDR header;
static MIDIHDR midi_header;

/* An open device, or NULL where there is none. */
static HWAVEOUT opened(void)
{
    HWAVEOUT device = NULL;
    winmm(waveOutOpen)(&device, WAVE_MAPPER, &format, 0, 0, CALLBACK_NULL);
    memset(&header, 0, sizeof header);
    header.lpData = samples;
    header.dwBufferLength = sizeof samples;
    return device;
}

GOOD(winmm, DefDriverProc, of_standard_messages)
{
    number(winmm(DefDriverProc)(0, NULL, DRV_LOAD, 0, 0));
    number(winmm(DefDriverProc)(0, NULL, DRV_FREE, 0, 0));
    number(winmm(DefDriverProc)(0, NULL, DRV_OPEN, 0, 0));
}

WRONG(winmm, DefDriverProc, of_other_messages)
{
    number(winmm(DefDriverProc)(0, NULL, DRV_USER + 5, 1, 2));
    number(winmm(DefDriverProc)(0, NULL, 0xffffffff, 1, 2));
}

GOOD(winmm, GetDriverModuleHandle, of_an_opened_driver)
{
    /* This driver itself is one, but a case does not know its handle: what can be asked without is that none is known. */
    pointer(winmm(GetDriverModuleHandle)(NULL));
}

WRONG(winmm, GetDriverModuleHandle, of_no_driver)
{
    pointer(winmm(GetDriverModuleHandle)((HDRVR)NO_HANDLE));
}

static DWORD_PTR seen;

static void CALLBACK called(HDRVR device, UINT message, DWORD_PTR user, DWORD_PTR one, DWORD_PTR two)
{
    seen = message + 10 * user + 100 * one + 1000 * two;
}

GOOD(winmm, DriverCallback, of_a_function)
{
    seen = 0;
    yes(winmm(DriverCallback)((DWORD_PTR)called, 3, (HDRVR)NO_HANDLE, 4, 5, 6, 7));
    number(seen);
}

WRONG(winmm, DriverCallback, of_nothing)
{
    yes(winmm(DriverCallback)(0, 3, (HDRVR)NO_HANDLE, 4, 5, 6, 7));
    yes(winmm(DriverCallback)((DWORD_PTR)called, CALLBACK_FUNCTION, (HDRVR)NO_HANDLE, 4, 5, 6, 7));
}

GOOD(winmm, mciDriverNotify, of_no_window)
{
    yes(winmm(mciDriverNotify)(NULL, 1, MCI_NOTIFY_SUCCESSFUL));
}

WRONG(winmm, mciDriverNotify, of_a_dead_window)
{
    yes(winmm(mciDriverNotify)(NO_HANDLE, 1, MCI_NOTIFY_SUCCESSFUL));
}

GOOD(winmm, mciSetDriverData, of_a_device)
{
    yes(winmm(mciSetDriverData)(7, 5));
}

WRONG(winmm, mciSetDriverData, of_no_device)
{
    yes(winmm(mciSetDriverData)(0, 5));
}

GOOD(winmm, mciGetDriverData, of_a_device)
{
    winmm(mciSetDriverData)(7, 5);
    number(winmm(mciGetDriverData)(7));
}

WRONG(winmm, mciGetDriverData, of_no_device)
{
    number(winmm(mciGetDriverData)(0xffff));
}

GOOD(winmm, midiOutGetNumDevs, of_this_computer)
{
    number(winmm(midiOutGetNumDevs)());
}
NO_WRONG(winmm, midiOutGetNumDevs, "it takes no arguments")

GOOD(winmm, midiOutOpen, of_the_first_device)
{
    HMIDIOUT device = NULL;
    number(winmm(midiOutOpen)(&device, 0, 0, 0, CALLBACK_NULL));
    pointer(device);
}

WRONG(winmm, midiOutOpen, of_no_device)
{
    HMIDIOUT device = NULL;
    number(winmm(midiOutOpen)(&device, 99, 0, 0, CALLBACK_NULL));
}

GOOD(winmm, midiOutGetDevCapsW, of_the_first_device)
{
    MIDIOUTCAPSW caps;
    number(winmm(midiOutGetDevCapsW)(0, &caps, sizeof caps));
}

WRONG(winmm, midiOutGetDevCapsW, into_null)
{
    number(winmm(midiOutGetDevCapsW)(0, NULL, sizeof(MIDIOUTCAPSW)));
}

/* There is no device whose handle could be given: what is good about these is only that they are what a driver calls after it could not open one. */
#define OF_NO_DEVICE(function, ...)                                                                                        \
    GOOD(winmm, function, of_null) { number(winmm(function)(NULL, ##__VA_ARGS__)); }                                   \
    WRONG(winmm, function, of_no_handle) { number(winmm(function)(NO_HANDLE, ##__VA_ARGS__)); }

OF_NO_DEVICE(midiOutClose)
OF_NO_DEVICE(midiOutReset)
OF_NO_DEVICE(midiOutShortMsg, 0x7f3c90)
OF_NO_DEVICE(midiOutLongMsg, &midi_header, sizeof midi_header)
OF_NO_DEVICE(midiOutPrepareHeader, &midi_header, sizeof midi_header)
OF_NO_DEVICE(midiOutUnprepareHeader, &midi_header, sizeof midi_header)
OF_NO_DEVICE(waveInAddBuffer, &header, sizeof header)
OF_NO_DEVICE(waveInClose)
OF_NO_DEVICE(waveInPrepareHeader, &header, sizeof header)
OF_NO_DEVICE(waveInReset)
OF_NO_DEVICE(waveInStart)
OF_NO_DEVICE(waveInStop)
OF_NO_DEVICE(waveInUnprepareHeader, &header, sizeof header)

GOOD(winmm, waveInGetNumDevs, of_this_computer)
{
    number(winmm(waveInGetNumDevs)());
}
NO_WRONG(winmm, waveInGetNumDevs, "it takes no arguments")

GOOD(winmm, waveInOpen, of_the_mapper)
{
    HWAVEIN device = NULL;
    number(winmm(waveInOpen)(&device, WAVE_MAPPER, &format, 0, 0, CALLBACK_NULL));
}

WRONG(winmm, waveInOpen, of_no_device)
{
    HWAVEIN device = NULL;
    number(winmm(waveInOpen)(&device, 99, &format, 0, 0, CALLBACK_NULL));
}

static HMMIO memory_file(char *memory, int size)
{
    MMIOINFO info;
    memset(&info, 0, sizeof info);
    info.fccIOProc = FOURCC_MEM;
    info.pchBuffer = memory;
    info.cchBuffer = size;
    return winmm(mmioOpenW)(NULL, &info, MMIO_READWRITE);
}

static char riff[] = "RIFF\x1c\0\0\0TESTone \3\0\0\0abc\0two \4\0\0\0wxyz";

GOOD(winmm, mmioOpenW, of_memory)
{
    HMMIO file = memory_file(riff, 36);
    pointer(file);
    number(winmm(mmioClose)(file, 0));
}

WRONG(winmm, mmioOpenW, of_a_file_that_is_not_there)
{
    MMIOINFO info;
    memset(&info, 0, sizeof info);
    pointer(winmm(mmioOpenW)((WCHAR *)L"no-such-file.wav", &info, MMIO_READ));
    number(info.wErrorRet);
}

GOOD(winmm, mmioClose, of_a_file)
{
    number(winmm(mmioClose)(memory_file(riff, 36), 0));
}

WRONG(winmm, mmioClose, of_no_file)
{
    number(winmm(mmioClose)(NULL, 0));
}

GOOD(winmm, mmioRead, of_a_file)
{
    char read[8] = "";
    HMMIO file = memory_file(riff, 36);
    number(winmm(mmioRead)(file, read, 4));
    bytes(read, 4);
    number(winmm(mmioRead)(file, samples, 100));
    number(winmm(mmioRead)(file, samples, 100));
    winmm(mmioClose)(file, 0);
}

WRONG(winmm, mmioRead, of_no_file)
{
    number(winmm(mmioRead)(NULL, samples, 4));
}

GOOD(winmm, mmioWrite, to_memory)
{
    char memory[] = "..........";
    HMMIO file = memory_file(memory, 10);
    number(winmm(mmioWrite)(file, "abcd", 4));
    text(memory);
    winmm(mmioClose)(file, 0);
}

WRONG(winmm, mmioWrite, to_no_file)
{
    number(winmm(mmioWrite)(NULL, "abcd", 4));
}

GOOD(winmm, mmioSeek, in_a_file)
{
    HMMIO file = memory_file(riff, 36);
    number(winmm(mmioSeek)(file, 10, SEEK_SET));
    number(winmm(mmioSeek)(file, -4, SEEK_CUR));
    number(winmm(mmioSeek)(file, -6, SEEK_END));
    winmm(mmioClose)(file, 0);
}

WRONG(winmm, mmioSeek, in_no_file)
{
    number(winmm(mmioSeek)(NULL, 10, SEEK_SET));
}

GOOD(winmm, mmioDescend, into_chunks)
{
    MMCKINFO whole = {0}, part = {0};
    HMMIO file = memory_file(riff, 36);
    whole.fccType = mmioFOURCC('T', 'E', 'S', 'T');
    number(winmm(mmioDescend)(file, &whole, NULL, MMIO_FINDRIFF));
    number(whole.cksize);
    number(whole.dwDataOffset);
    part.ckid = mmioFOURCC('t', 'w', 'o', ' ');
    number(winmm(mmioDescend)(file, &part, &whole, MMIO_FINDCHUNK));
    number(part.cksize);
    number(part.dwDataOffset);
    winmm(mmioClose)(file, 0);
}

WRONG(winmm, mmioDescend, to_what_is_not_there)
{
    MMCKINFO whole = {0}, part = {0};
    HMMIO file = memory_file(riff, 36);
    winmm(mmioDescend)(file, &whole, NULL, 0);
    part.ckid = mmioFOURCC('n', 'o', 'n', 'e');
    number(winmm(mmioDescend)(file, &part, &whole, MMIO_FINDCHUNK));
    winmm(mmioClose)(file, 0);
}

GOOD(winmm, mmioAscend, out_of_a_chunk)
{
    MMCKINFO whole = {0}, part = {0};
    HMMIO file = memory_file(riff, 36);
    winmm(mmioDescend)(file, &whole, NULL, 0);
    winmm(mmioDescend)(file, &part, &whole, 0);
    number(winmm(mmioAscend)(file, &part, 0));
    number(winmm(mmioSeek)(file, 0, SEEK_CUR));
    winmm(mmioClose)(file, 0);
}

WRONG(winmm, mmioAscend, in_no_file)
{
    MMCKINFO part = {0};
    number(winmm(mmioAscend)(NULL, &part, 0));
}

GOOD(winmm, mmioCreateChunk, in_memory)
{
    char memory[64] = "";
    MMCKINFO whole = {0};
    HMMIO file = memory_file(memory, sizeof memory);
    whole.fccType = mmioFOURCC('T', 'E', 'S', 'T');
    number(winmm(mmioCreateChunk)(file, &whole, MMIO_CREATERIFF));
    number(whole.dwDataOffset);
    winmm(mmioWrite)(file, "abc", 3);
    number(winmm(mmioAscend)(file, &whole, 0));
    number(whole.cksize);
    bytes(memory, 16);
    winmm(mmioClose)(file, 0);
}

WRONG(winmm, mmioCreateChunk, in_no_file)
{
    MMCKINFO whole = {0};
    number(winmm(mmioCreateChunk)(NULL, &whole, MMIO_CREATERIFF));
}

GOOD(winmm, mmioRenameW, of_a_file_that_is_not_there)
{
    number(winmm(mmioRenameW)(L"no-such-file", L"other", NULL, 0));
}

WRONG(winmm, mmioRenameW, of_null)
{
    number(winmm(mmioRenameW)(NULL, L"other", NULL, 0));
}

GOOD(winmm, timeGetTime, twice)
{
    DWORD before = winmm(timeGetTime)();
    yes(winmm(timeGetTime)() - before < 10000);
}
NO_WRONG(winmm, timeGetTime, "it takes no arguments")

GOOD(winmm, waveOutGetNumDevs, of_this_computer)
{
    number(winmm(waveOutGetNumDevs)());
}
NO_WRONG(winmm, waveOutGetNumDevs, "it takes no arguments")

GOOD(winmm, waveOutGetDevCapsA, of_the_first_device)
{
    WAVEOUTCAPSA caps;
    number(winmm(waveOutGetDevCapsA)(0, &caps, sizeof caps));
}

WRONG(winmm, waveOutGetDevCapsA, into_null)
{
    number(winmm(waveOutGetDevCapsA)(0, NULL, sizeof(WAVEOUTCAPSA)));
}

GOOD(winmm, waveOutOpen, of_the_mapper)
{
    HWAVEOUT device = opened();
    pointer(device);
    winmm(waveOutClose)(device);
}

WRONG(winmm, waveOutOpen, of_no_device)
{
    HWAVEOUT device = NULL;
    number(winmm(waveOutOpen)(&device, 99, &format, 0, 0, CALLBACK_NULL));
}

GOOD(winmm, waveOutClose, of_a_device)
{
    number(winmm(waveOutClose)(opened()));
}

/* With a device that plays, or that could. */
#define OF_A_DEVICE(function, ...)                                                                                         \
    GOOD(winmm, function, of_a_device)                                                                                   \
    {                                                                                                                    \
        HWAVEOUT device = opened();                                                                                      \
        number(winmm(function)(device, ##__VA_ARGS__));                                                                  \
        winmm(waveOutClose)(device);                                                                                     \
    }

OF_A_DEVICE(waveOutPause)
OF_A_DEVICE(waveOutReset)
OF_A_DEVICE(waveOutRestart)
OF_A_DEVICE(waveOutPrepareHeader, &header, sizeof header)
OF_A_DEVICE(waveOutUnprepareHeader, &header, sizeof header)

static MMTIME position = {TIME_BYTES, {0}};
OF_A_DEVICE(waveOutGetPosition, &position, sizeof position)

GOOD(winmm, waveOutWrite, to_a_device)
{
    HWAVEOUT device = opened();
    number(winmm(waveOutPrepareHeader)(device, &header, sizeof header));
    number(winmm(waveOutWrite)(device, &header, sizeof header));
    number(winmm(waveOutReset)(device));
    number(header.dwFlags & (WHDR_DONE | WHDR_INQUEUE));
    winmm(waveOutUnprepareHeader)(device, &header, sizeof header);
    winmm(waveOutClose)(device);
}

#define OF_NO_HANDLE(function, ...)                                                                                        \
    WRONG(winmm, function, of_no_handle) { number(winmm(function)(NO_HANDLE, ##__VA_ARGS__)); }

OF_NO_HANDLE(waveOutClose)
OF_NO_HANDLE(waveOutPause)
OF_NO_HANDLE(waveOutReset)
OF_NO_HANDLE(waveOutRestart)
OF_NO_HANDLE(waveOutPrepareHeader, &header, sizeof header)
OF_NO_HANDLE(waveOutUnprepareHeader, &header, sizeof header)
OF_NO_HANDLE(waveOutGetPosition, &position, sizeof position)
OF_NO_HANDLE(waveOutWrite, &header, sizeof header)
