/*
 * What winmm does besides sound: DriverCallback, what MCI drivers call, multimedia files, and devices that are not there. The number of its message comes from
 * src/acts.rs.
 */
#include <windows.h>
#include <mmsystem.h>
#include <mmddk.h>
#include <string.h>

#define CHECK(what) \
    do { \
        if (!(what)) \
            return -__LINE__; \
    } while (0)

/* What no header declares. */
BOOL WINAPI DriverCallback(DWORD_PTR, DWORD, HDRVR, DWORD, DWORD_PTR, DWORD_PTR, DWORD_PTR);
BOOL WINAPI mciDriverNotify(HANDLE, MCIDEVICEID, UINT);
UINT WINAPI mciDriverYield(MCIDEVICEID);

/* What no import library has, looked up as drivers do. */
static void *find(const char *name)
{
    return (void *)GetProcAddress(LoadLibraryA("winmm.dll"), name);
}

/* A device's handle; DriverCallback only hands it on. */
#define DEVICE ((HDRVR)(DWORD_PTR)0x1234)
#define DCB_TASK_KIND 2

static struct {
    DWORD thread;
    HDRVR device;
    DWORD message;
    DWORD_PTR user, one, two;
    int count;
} seen;

static void CALLBACK called(HDRVR device, UINT message, DWORD_PTR user, DWORD_PTR one, DWORD_PTR two)
{
    seen.thread = GetCurrentThreadId();
    seen.device = device;
    seen.message = message;
    seen.user = user;
    seen.one = one;
    seen.two = two;
    seen.count++;
}

static BOOL call(void *target, DWORD flags)
{
    return DriverCallback((DWORD_PTR)target, flags, DEVICE, MM_MOM_DONE, (DWORD_PTR)-2, (DWORD_PTR)-3, (DWORD_PTR)4);
}

static LRESULT by_function(void)
{
    memset(&seen, 0, sizeof seen);
    CHECK(call((void *)called, DCB_FUNCTION) == TRUE && seen.count == 1);
    CHECK(seen.thread == GetCurrentThreadId() && seen.device == DEVICE && seen.message == MM_MOM_DONE);
    CHECK(seen.user == (DWORD_PTR)-2 && seen.one == (DWORD_PTR)-3 && seen.two == 4);
    return 1;
}

static LRESULT by_window(void)
{
    HWND window = CreateWindowExA(0, "STATIC", "", 0, 0, 0, 0, 0, HWND_MESSAGE, NULL, NULL, NULL);
    MSG message;
    CHECK(window != NULL && call(window, DCB_WINDOW) == TRUE);
    CHECK(PeekMessageA(&message, window, MM_MOM_DONE, MM_MOM_DONE, PM_REMOVE));
    CHECK(message.hwnd == window && message.message == MM_MOM_DONE);
    CHECK(message.wParam == (WPARAM)DEVICE && message.lParam == -3);
    CHECK(mciDriverNotify(window, 5, MCI_NOTIFY_SUCCESSFUL) == TRUE);
    CHECK(PeekMessageA(&message, window, 0, 0, PM_REMOVE) && message.message == MM_MCINOTIFY);
    CHECK(message.wParam == MCI_NOTIFY_SUCCESSFUL && message.lParam == 5);
    CHECK(!PeekMessageA(&message, window, 0, 0, PM_REMOVE));
    CHECK(DestroyWindow(window) && call(window, DCB_WINDOW) == FALSE);
    CHECK(mciDriverNotify(window, 5, MCI_NOTIFY_SUCCESSFUL) == FALSE);
    return 1;
}

static LRESULT by_thread(void)
{
    MSG message;
    CHECK(call((void *)(DWORD_PTR)GetCurrentThreadId(), DCB_TASK_KIND) == TRUE);
    CHECK(PeekMessageA(&message, NULL, 0, 0, PM_REMOVE));
    CHECK(message.hwnd == NULL && message.message == MM_MOM_DONE);
    CHECK(message.wParam == (WPARAM)DEVICE && message.lParam == -3);
    return 1;
}

static LRESULT by_event(void)
{
    HANDLE event = CreateEventA(NULL, FALSE, FALSE, NULL);
    CHECK(WaitForSingleObject(event, 0) == WAIT_TIMEOUT);
    CHECK(call(event, DCB_EVENT) == TRUE && WaitForSingleObject(event, 0) == WAIT_OBJECT_0);
    CloseHandle(event);
    CHECK(call(event, DCB_EVENT) == FALSE);
    return 1;
}

static LRESULT by_nothing(void)
{
    DWORD flags;
    memset(&seen, 0, sizeof seen);
    for (flags = 0; flags < 8; flags++)
        CHECK(call(NULL, flags) == FALSE);
    CHECK(call((void *)called, DCB_NULL) == FALSE);
    for (flags = 4; flags < 8; flags++)
        if (flags != DCB_EVENT)
            CHECK(call((void *)called, flags) == FALSE);
    CHECK(call((void *)(DWORD_PTR)0x4321, DCB_WINDOW) == FALSE && call((void *)(DWORD_PTR)0x4321, DCB_EVENT) == FALSE);
    CHECK(call((void *)(DWORD_PTR)0x7654321, DCB_TASK_KIND) == FALSE);
    CHECK(seen.count == 0);
    return 1;
}

static LRESULT without_switch(void)
{
    memset(&seen, 0, sizeof seen);
    CHECK(call((void *)called, DCB_FUNCTION | DCB_NOSWITCH) == TRUE && seen.count == 1 && seen.two == 4);
    CHECK(call((void *)called, DCB_NOSWITCH) == FALSE);
    return 1;
}

static LRESULT high_words(void)
{
    memset(&seen, 0, sizeof seen);
    CHECK(call((void *)called, CALLBACK_FUNCTION) == FALSE && seen.count == 0);
    CHECK(call((void *)called, HIWORD(CALLBACK_FUNCTION)) == TRUE && seen.count == 1);
    CHECK(HIWORD(CALLBACK_WINDOW) == DCB_WINDOW && HIWORD(CALLBACK_THREAD) == DCB_TASK_KIND);
    return 1;
}

static UINT CALLBACK yields(MCIDEVICEID device, DWORD data)
{
    return device * 100 + data;
}

static LRESULT mci(void)
{
    typedef DWORD_PTR(WINAPI * get_data)(UINT);
    typedef BOOL(WINAPI * set_data)(UINT, DWORD_PTR);
    typedef UINT(WINAPI * load_resource)(HANDLE, LPCWSTR, UINT);
    get_data mciGetData = (get_data)find("mciGetDriverData");
    set_data mciSetData = (set_data)find("mciSetDriverData");
    load_resource load = (load_resource)find("mciLoadCommandResource");
    DWORD data = 0;
    char text[100] = "x";
    CHECK(mciGetData && mciSetData && load && find("mciFreeCommandResource"));
    CHECK(mciGetData(3) == 0 && mciSetData(3, (DWORD_PTR)text) && mciGetData(3) == (DWORD_PTR)text);
    CHECK(mciGetData(4) == 0 && !mciSetData(0, 1));
    CHECK(mciGetCreatorTask(3) == (HTASK)(DWORD_PTR)GetCurrentThreadId() && mciGetCreatorTask(4) == NULL);
    CHECK(mciDriverYield(3) == 0 && mciGetYieldProc(3, &data) == NULL);
    CHECK(mciSetYieldProc(3, yields, 7) && mciGetYieldProc(3, &data) == yields && data == 7);
    CHECK(mciDriverYield(3) == 307);
    CHECK(mciSetYieldProc(3, NULL, 0) && mciDriverYield(3) == 0 && mciSetData(3, 0) && mciGetData(3) == 0);
    CHECK(load(NULL, L"none", 0) == (UINT)-1);
    CHECK(mciSendCommandA(9, MCI_PLAY, 0, 0) == MCIERR_INVALID_DEVICE_ID);
    CHECK(mciSendCommandA(0, MCI_OPEN, 0, 0) == MCIERR_NULL_PARAMETER_BLOCK);
    CHECK(mciSendStringA("", text, sizeof text, NULL) == MCIERR_MISSING_COMMAND_STRING && text[0] == 0);
    CHECK(mciSendStringA("open x type waveaudio", NULL, 0, NULL) == MCIERR_DEVICE_NOT_INSTALLED);
    CHECK(mciSendStringW(L"frobnicate x", NULL, 0, NULL) == MCIERR_UNRECOGNIZED_COMMAND);
    CHECK(mciGetDeviceIDA("waveaudio") == 0);
    CHECK(mciGetErrorStringA(MCIERR_FILE_NOT_FOUND, text, sizeof text) && strlen(text) > 5);
    CHECK(!mciGetErrorStringA(9999, text, sizeof text));
    return 1;
}

static LRESULT absent(void)
{
    WAVEFORMATEX format = {WAVE_FORMAT_PCM, 2, 44100, 176400, 4, 16, 0};
    HWAVEIN in = NULL;
    HMIDIOUT out = NULL;
    HMIDIIN midi_in = NULL;
    HMIXER mixer = NULL;
    MIDIHDR header = {0};
    MIDIOUTCAPSA caps;
    char text[100];
    CHECK(waveInGetNumDevs() == 0 && midiOutGetNumDevs() == 0 && midiInGetNumDevs() == 0);
    CHECK(auxGetNumDevs() == 0 && mixerGetNumDevs() == 0);
    CHECK(waveInOpen(&in, WAVE_MAPPER, &format, 0, 0, 0) == MMSYSERR_BADDEVICEID);
    CHECK(waveInOpen(&in, 0, NULL, 0, 0, 0) == MMSYSERR_INVALPARAM);
    CHECK(waveInStart(NULL) == MMSYSERR_INVALHANDLE && waveInReset((HWAVEIN)DEVICE) == MMSYSERR_INVALHANDLE);
    CHECK(midiOutOpen(&out, MIDI_MAPPER, 0, 0, 0) == MIDIERR_NODEVICE);
    CHECK(midiOutOpen(&out, 0, 0, 0, 0) == MMSYSERR_BADDEVICEID && midiOutOpen(NULL, 0, 0, 0, 0) == MMSYSERR_INVALPARAM);
    CHECK(midiInOpen(&midi_in, 0, 0, 0, 0) == MMSYSERR_BADDEVICEID);
    CHECK(midiOutShortMsg(NULL, 0x90) == MMSYSERR_INVALHANDLE && midiOutReset((HMIDIOUT)DEVICE) == MMSYSERR_INVALHANDLE);
    CHECK(midiOutLongMsg(NULL, &header, sizeof header) == MMSYSERR_INVALHANDLE);
    CHECK(midiOutGetDevCapsA(0, &caps, sizeof caps) == MMSYSERR_BADDEVICEID);
    CHECK(midiOutGetDevCapsA(0, NULL, 0) == MMSYSERR_INVALPARAM);
    CHECK(midiOutGetErrorTextA(MIDIERR_STILLPLAYING, text, sizeof text) == MMSYSERR_NOERROR && strlen(text) > 5);
    CHECK(auxSetVolume(0, 5) == MMSYSERR_BADDEVICEID);
    CHECK(mixerOpen(&mixer, 0, 0, 0, 0) == MMSYSERR_BADDEVICEID && mixerClose(NULL) == MMSYSERR_INVALHANDLE);
    return 1;
}

/* A file in memory that is written chunk by chunk and read again. */
static LRESULT memory_file(void)
{
    MMIOINFO info = {0};
    MMCKINFO riff = {0}, chunk = {0}, found = {0};
    HMMIO file;
    char text[16];
    int i;
    info.fccIOProc = FOURCC_MEM;
    info.adwInfo[0] = 100;
    file = mmioOpenA(NULL, &info, MMIO_READWRITE | MMIO_CREATE);
    CHECK(file && info.wErrorRet == 0);
    riff.fccType = mmioFOURCC('T', 'E', 'S', 'T');
    CHECK(mmioCreateChunk(file, &riff, MMIO_CREATERIFF) == 0 && riff.dwDataOffset == 8);
    for (i = 0; i < 40; i++) {
        chunk.ckid = mmioFOURCC('c', 'k', '0' + i / 10, '0' + i % 10);
        chunk.cksize = 0;
        CHECK(mmioCreateChunk(file, &chunk, 0) == 0);
        CHECK(mmioWrite(file, "odd content", 11) == 11 && mmioAscend(file, &chunk, 0) == 0 && chunk.cksize == 11);
    }
    CHECK(mmioAscend(file, &riff, 0) == 0 && riff.cksize == 4 + 40 * 20);
    CHECK(mmioSeek(file, 0, SEEK_END) == 12 + 40 * 20 && mmioSeek(file, 0, SEEK_SET) == 0);
    CHECK(mmioDescend(file, &found, NULL, 0) == 0 && found.ckid == FOURCC_RIFF && found.cksize == riff.cksize);
    CHECK(found.fccType == riff.fccType);
    chunk.ckid = mmioFOURCC('c', 'k', '2', '7');
    CHECK(mmioDescend(file, &chunk, &found, MMIO_FINDCHUNK) == 0 && chunk.cksize == 11);
    CHECK(mmioRead(file, text, 11) == 11 && !memcmp(text, "odd content", 11) && mmioAscend(file, &chunk, 0) == 0);
    CHECK(mmioDescend(file, &chunk, &found, 0) == 0 && chunk.ckid == mmioFOURCC('c', 'k', '2', '8'));
    CHECK(mmioAscend(file, &chunk, 0) == 0);
    chunk.ckid = mmioFOURCC('n', 'o', 'n', 'e');
    CHECK(mmioDescend(file, &chunk, &found, MMIO_FINDCHUNK) == MMIOERR_CHUNKNOTFOUND);
    CHECK(mmioSeek(file, -3, SEEK_SET) == -1 && mmioSeek(file, 1, SEEK_CUR) != 0);
    CHECK(mmioGetInfo(file, &info, 0) == 0 && info.fccIOProc == FOURCC_MEM && info.pchEndRead - info.pchBuffer == 812);
    CHECK(mmioClose(file, 0) == 0 && mmioClose(file, 0) == MMSYSERR_INVALHANDLE);
    CHECK(mmioRead(file, text, 1) == -1);

    /* A client's own memory: it has an end. */
    memset(&info, 0, sizeof info);
    info.fccIOProc = FOURCC_MEM;
    info.pchBuffer = text;
    info.cchBuffer = 8;
    memcpy(text, "abcdefghXY", 10);
    file = mmioOpenA(NULL, &info, MMIO_READWRITE);
    CHECK(file && mmioWrite(file, "12", 2) == 2 && mmioSeek(file, 6, SEEK_SET) == 6);
    CHECK(mmioWrite(file, "3456", 4) == -1 && !memcmp(text, "12cdef34XY", 10) && mmioSeek(file, 0, SEEK_SET) == 0);
    CHECK(mmioRead(file, text + 10, 4) == 4 && !memcmp(text + 10, "12cd", 4) && mmioClose(file, 0) == 0);
    CHECK(mmioStringToFOURCCA("abcdef", MMIO_TOUPPER) == mmioFOURCC('A', 'B', 'C', 'D'));
    CHECK(mmioStringToFOURCCW(L"ab", 0) == mmioFOURCC('a', 'b', ' ', ' '));
    return 1;
}

static char store[20000];
static LONG stored, at, calls, renamed;

/* An I/O procedure that keeps its file in `store`. */
static LRESULT CALLBACK procedure(LPSTR given, UINT message, LPARAM one, LPARAM two)
{
    MMIOINFO *info = (MMIOINFO *)given;
    LONG len;
    calls++;
    switch (message) {
    case MMIOM_OPEN:
        at = 0;
        info->adwInfo[1] = 99;
        return one && strcmp((const char *)one, "bad.tst+x") ? MMSYSERR_NOERROR : MMIOERR_CANNOTOPEN;
    case MMIOM_CLOSE:
        return info->adwInfo[1] == 99 ? 0 : MMIOERR_CANNOTCLOSE;
    case MMIOM_READ:
        len = two < stored - at ? (LONG)two : stored - at;
        memcpy((void *)one, store + at, len);
        break;
    case MMIOM_WRITE:
        len = (LONG)two;
        if (at + len > (LONG)sizeof store)
            return -1;
        memcpy(store + at, (void *)one, len);
        if (at + len > stored)
            stored = at + len;
        break;
    case MMIOM_SEEK:
        at = (LONG)one + (two == SEEK_CUR ? at : two == SEEK_END ? stored : 0);
        info->lDiskOffset = at;
        return at;
    case MMIOM_RENAME:
        renamed++;
        return strcmp((char *)one, "a.tst+b") || strcmp((char *)two, "c.tst+d") ? MMIOERR_FILENOTFOUND : 0;
    default:
        return message == MMIOM_USER ? one + two : 0;
    }
    at += len;
    info->lDiskOffset = at;
    return len;
}

static LRESULT own_procedure(void)
{
    FOURCC code = mmioFOURCC('T', 'S', 'T', ' ');
    MMIOINFO info = {0};
    char text[300];
    int buffered, i;
    CHECK(mmioInstallIOProcA(code, procedure, MMIO_INSTALLPROC) == procedure);
    CHECK(mmioInstallIOProcA(code, NULL, MMIO_FINDPROC) == procedure);
    for (buffered = 0; buffered < 2; buffered++) {
        DWORD flags = buffered ? MMIO_ALLOCBUF : 0;
        HMMIO file = mmioOpenA("some.tst+thing", NULL, MMIO_READWRITE | MMIO_CREATE | flags);
        stored = calls = 0;
        CHECK(file);
        for (i = 0; i < 1000; i++)
            CHECK(mmioWrite(file, "0123456789", 10) == 10);
        CHECK(mmioSeek(file, 0, SEEK_CUR) == 10000 && mmioFlush(file, 0) == 0 && stored == 10000);
        /* A buffer spares the procedure most calls. */
        CHECK(buffered ? calls < 20 : calls >= 1000);
        CHECK(mmioSeek(file, 5005, SEEK_SET) == 5005 && mmioRead(file, text, 7) == 7 && !memcmp(text, "5678901", 7));
        CHECK(mmioSeek(file, -3, SEEK_END) == 9997 && mmioRead(file, text, 10) == 3 && !memcmp(text, "789", 3));
        CHECK(mmioSeek(file, 100, SEEK_SET) == 100 && mmioWrite(file, "XY", 2) == 2);
        CHECK(mmioSeek(file, 99, SEEK_SET) == 99 && mmioRead(file, text, 4) == 4 && !memcmp(text, "9XY2", 4));
        CHECK(mmioSendMessage(file, MMIOM_USER, 3, 4) == 7);
        if (buffered) {
            CHECK(mmioSeek(file, 0, SEEK_SET) == 0 && mmioGetInfo(file, &info, 0) == 0);
            CHECK(mmioAdvance(file, &info, MMIO_READ) == 0 && info.pchEndRead - info.pchNext == 8192);
            CHECK(info.pchNext[1] == '1');
            info.pchNext = info.pchEndRead;
            CHECK(mmioAdvance(file, &info, MMIO_READ) == 0 && info.pchEndRead - info.pchNext == 10000 - 8192);
            CHECK(*info.pchNext == '2' && mmioSetInfo(file, &info, 0) == 0);
        }
        CHECK(mmioSetBuffer(file, NULL, buffered ? 0 : 64, 0) == 0 && mmioSeek(file, 20, SEEK_SET) == 20);
        CHECK(mmioRead(file, text, 200) == 200 && !memcmp(text, "012345678901234", 15) && !memcmp(text + 80, "XY2", 3));
        CHECK(mmioClose(file, 0) == 0 && !memcmp(store + 99, "9XY2", 4));
    }
    info.wErrorRet = 5;
    memset(&info, 0, sizeof info);
    CHECK(mmioOpenA("bad.tst+x", &info, MMIO_READ) == NULL && info.wErrorRet == MMIOERR_CANNOTOPEN);
    CHECK(mmioRenameA("a.tst+b", "c.tst+d", NULL, 0) == 0 && renamed == 1);
    CHECK(mmioInstallIOProcA(code, NULL, MMIO_REMOVEPROC) == procedure && !mmioInstallIOProcA(code, NULL, MMIO_FINDPROC));
    memset(&info, 0, sizeof info);
    info.pIOProc = procedure;
    stored = 3;
    {
        HMMIO file = mmioOpenW(L"own", &info, MMIO_READ);
        CHECK(file && mmioRead(file, text, 10) == 3 && mmioClose(file, 0) == 0);
    }
    memset(&info, 0, sizeof info);
    CHECK(mmioOpenA("no-such-file.wav", &info, MMIO_READ) == NULL && info.wErrorRet == MMIOERR_FILENOTFOUND);
    return 1;
}

static LRESULT (*const checks[])(void) = {by_function, by_window, by_thread,      by_event,    by_nothing, without_switch,
                                          high_words,  mci,       absent, memory_file, own_procedure};

__declspec(dllexport) LRESULT CALLBACK DriverProc(DWORD_PTR id, HDRVR hdrvr, UINT message, LPARAM l1, LPARAM l2)
{
    switch (message) {
    case DRV_OPEN:
    case DRV_CLOSE:
        return 1;
    case MMSYSTEM_CHECK:
        return l1 >= 0 && l1 < (LPARAM)(sizeof checks / sizeof *checks) ? checks[l1]() : 0;
    default:
        return DefDriverProc(id, hdrvr, message, l1, l2);
    }
}
