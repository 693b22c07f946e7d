/*
 * What a driver finds of MIDI output devices, checked from inside: with none, and with those of midisynth.c. The number of its message comes from src/acts.rs;
 * suite/synth/clients.rs says which check needs which devices.
 */
#include <windows.h>
#include <mmsystem.h>
#include <string.h>

#define CHECK(what) \
    do { \
        if (!(what)) \
            return -__LINE__; \
    } while (0)

static BYTE master[8] = {0xF0, 0x7F, 0x7F, 4, 1, 0, 0x40, 0xF7};
static volatile LONG told[3];
static HMIDIOUT told_by;
static DWORD_PTR told_user;
static DWORD told_flags;

static void count(UINT message, DWORD_PTR device, DWORD_PTR p1)
{
    if (message < MOM_OPEN || message > MOM_DONE)
        return;
    told_by = (HMIDIOUT)device;
    if (message == MOM_DONE)
        told_flags = ((const MIDIHDR *)p1)->dwFlags;
    InterlockedIncrement(&told[message - MOM_OPEN]);
}

static void CALLBACK called(HMIDIOUT device, UINT message, DWORD_PTR user, DWORD_PTR p1, DWORD_PTR p2)
{
    told_user = user;
    count(message, (DWORD_PTR)device, p1);
}

static LRESULT no_device(void)
{
    MIDIOUTCAPSA caps;
    HMIDIOUT device = NULL;
    CHECK(midiOutGetNumDevs() == 0);
    CHECK(midiOutGetDevCapsA(0, &caps, sizeof caps) == MMSYSERR_BADDEVICEID);
    CHECK(midiOutGetDevCapsA(0, NULL, sizeof caps) == MMSYSERR_INVALPARAM);
    CHECK(midiOutOpen(&device, 0, 0, 0, CALLBACK_NULL) == MMSYSERR_BADDEVICEID);
    CHECK(midiOutOpen(&device, MIDI_MAPPER, 0, 0, CALLBACK_NULL) == MIDIERR_NODEVICE);
    CHECK(midiOutOpen(NULL, 0, 0, 0, CALLBACK_NULL) == MMSYSERR_INVALPARAM);
    CHECK(midiOutShortMsg((HMIDIOUT)0x1234, 0) == MMSYSERR_INVALHANDLE && midiOutClose(NULL) == MMSYSERR_INVALHANDLE);
    return 1;
}

/* Plays a long message, as all do. */
static LRESULT play_long(HMIDIOUT device)
{
    static MIDIHDR header;
    int n;
    memset(&header, 0, sizeof header);
    header.lpData = (LPSTR)master;
    header.dwBufferLength = sizeof master;
    CHECK(midiOutLongMsg(device, &header, sizeof header) == MIDIERR_UNPREPARED);
    CHECK(midiOutPrepareHeader(device, &header, 8) == MMSYSERR_INVALPARAM);
    CHECK(midiOutPrepareHeader(device, &header, sizeof header) == MMSYSERR_NOERROR && header.dwFlags == MHDR_PREPARED);
    CHECK(midiOutPrepareHeader(device, &header, sizeof header) == MMSYSERR_NOERROR);
    CHECK(midiOutLongMsg(device, &header, sizeof header) == MMSYSERR_NOERROR);
    for (n = 0; n < 10000 && !(*(volatile DWORD *)&header.dwFlags & MHDR_DONE); n++)
        Sleep(1);
    CHECK(header.dwFlags == (MHDR_PREPARED | MHDR_DONE));
    CHECK(midiOutUnprepareHeader(device, &header, sizeof header) == MMSYSERR_NOERROR);
    CHECK(!(header.dwFlags & MHDR_PREPARED));
    CHECK(midiOutUnprepareHeader(device, &header, sizeof header) == MMSYSERR_NOERROR);
    return 1;
}

static LRESULT devices(void)
{
    MIDIOUTCAPSA narrow;
    MIDIOUTCAPSW wide;
    HMIDIOUT device = NULL, other = NULL;
    DWORD volume = 0;
    UINT id = 9;
    LRESULT played;
    CHECK(midiOutGetNumDevs() == 2 && midiOutGetNumDevs() == 2);
    CHECK(midiOutGetDevCapsW(0, &wide, sizeof wide) == MMSYSERR_NOERROR);
    CHECK(!lstrcmpW(wide.szPname, L"Test Synth \x266B") && wide.wTechnology == MOD_SWSYNTH && wide.wVoices == 64);
    CHECK(midiOutGetDevCapsA(1, &narrow, sizeof narrow) == MMSYSERR_NOERROR);
    CHECK(!lstrcmpA(narrow.szPname, "Test Synth, alone") && narrow.wPid == 2 && narrow.wChannelMask == 0xFFFF);
    CHECK(midiOutGetDevCapsA(2, &narrow, sizeof narrow) == MMSYSERR_BADDEVICEID);
    CHECK(midiOutGetDevCapsA(MIDI_MAPPER, &narrow, sizeof narrow) == MMSYSERR_NOERROR && narrow.wPid == 1);
    memset(&narrow, 7, sizeof narrow);
    CHECK(midiOutGetDevCapsA(0, &narrow, 4) == MMSYSERR_NOERROR && narrow.wPid == 1 && narrow.wVoices == 0x0707);

    told[0] = told[1] = told[2] = 0;
    CHECK(midiOutOpen(&device, 1, (DWORD_PTR)called, 0x5157, CALLBACK_FUNCTION) == MMSYSERR_NOERROR);
    CHECK(told[0] == 1 && told_by == device && told_user == 0x5157);
    CHECK(midiOutGetID(device, &id) == MMSYSERR_NOERROR && id == 1);
    CHECK(midiOutOpen(&other, 1, 0, 0, CALLBACK_NULL) == MMSYSERR_ALLOCATED && !other);
    CHECK(midiOutOpen(&other, 2, 0, 0, CALLBACK_NULL) == MMSYSERR_BADDEVICEID);
    CHECK(midiOutOpen(&other, 0, 0, 0, 0x00070000) == MMSYSERR_INVALPARAM);
    CHECK(midiOutOpen(&other, 0, 0, 0, 2) == MMSYSERR_INVALFLAG);
    CHECK(midiOutOpen(&other, MIDI_MAPPER, 0, 0, CALLBACK_NULL) == MMSYSERR_NOERROR && other != device);
    CHECK(midiOutShortMsg(device, 0x643C90) == MMSYSERR_NOERROR && midiOutShortMsg(other, 0x644090) == MMSYSERR_NOERROR);
    CHECK((played = play_long(device)) == 1 ? told[2] == 1 : played);
    CHECK((told_flags & (MHDR_DONE | MHDR_INQUEUE)) == MHDR_DONE);
    CHECK(midiOutSetVolume(device, 0x12345678) == MMSYSERR_NOERROR);
    CHECK(midiOutGetVolume(other, &volume) == MMSYSERR_NOERROR && volume == 0x12345678);
    CHECK(midiOutGetVolume(device, NULL) == MMSYSERR_INVALPARAM);
    CHECK(midiOutMessage(device, 0x777, 0, 0) == MMSYSERR_NOTSUPPORTED);
    CHECK(midiOutCachePatches(device, 0, NULL, 1) == MMSYSERR_NOTSUPPORTED);
    CHECK(midiStreamRestart((HMIDISTRM)device) == MMSYSERR_INVALHANDLE);
    CHECK(midiOutReset(device) == MMSYSERR_NOERROR);
    CHECK(midiOutClose(device) == MMSYSERR_NOERROR && told[1] == 1);
    CHECK(midiOutClose(device) == MMSYSERR_INVALHANDLE && midiOutShortMsg(device, 0) == MMSYSERR_INVALHANDLE);
    CHECK(midiOutClose(other) == MMSYSERR_NOERROR);
    return 1;
}

/* An event is set, and a window and a thread get messages. */
static LRESULT told_otherwise(void)
{
    HANDLE event = CreateEventA(NULL, FALSE, FALSE, NULL);
    HWND window = CreateWindowExA(0, "STATIC", "client", 0, 0, 0, 0, 0, HWND_MESSAGE, NULL, NULL, NULL);
    HMIDIOUT device;
    MSG message;
    LRESULT played;
    int kind;
    CHECK(midiOutOpen(&device, 0, (DWORD_PTR)event, 0, CALLBACK_EVENT) == MMSYSERR_NOERROR);
    CHECK(WaitForSingleObject(event, 0) == WAIT_OBJECT_0);
    CHECK((played = play_long(device)) == 1 || !played);
    CHECK(WaitForSingleObject(event, 0) == WAIT_OBJECT_0 && WaitForSingleObject(event, 0) == WAIT_TIMEOUT);
    CHECK(midiOutClose(device) == MMSYSERR_NOERROR && WaitForSingleObject(event, 0) == WAIT_OBJECT_0);
    CHECK(midiOutOpen(&device, 0, 0x1234, 0, CALLBACK_WINDOW) == MMSYSERR_INVALPARAM);
    for (kind = 0; kind < 2; kind++) {
        told[0] = told[1] = told[2] = 0;
        CHECK(midiOutOpen(&device, 0, kind ? GetCurrentThreadId() : (DWORD_PTR)window, 0, kind ? CALLBACK_THREAD : CALLBACK_WINDOW) ==
              MMSYSERR_NOERROR);
        CHECK((played = play_long(device)) == 1);
        CHECK(midiOutClose(device) == MMSYSERR_NOERROR);
        while (PeekMessageA(&message, kind ? (HWND)-1 : window, 0, 0, PM_REMOVE))
            count(message.message, message.wParam, message.lParam);
        CHECK(told[0] == 1 && told[1] == 1 && told[2] == 1 && told_by == device);
    }
    DestroyWindow(window);
    CloseHandle(event);
    return 1;
}

static LRESULT thread_result;

static LRESULT play_from_thread(void)
{
    HMIDIOUT device;
    CHECK(midiOutGetNumDevs() == 2);
    CHECK(midiOutOpen(&device, 0, 0, 0, CALLBACK_NULL) == MMSYSERR_NOERROR);
    CHECK(midiOutShortMsg(device, 0x643C90) == MMSYSERR_NOERROR);
    CHECK(play_long(device) == 1);
    CHECK(midiOutClose(device) == MMSYSERR_NOERROR);
    return 1;
}

static DWORD WINAPI run(void *parameter)
{
    thread_result = play_from_thread();
    return 0;
}

/* Once they are known, any thread may use them. */
static LRESULT from_a_thread(void)
{
    HANDLE thread;
    CHECK(midiOutGetNumDevs() == 2);
    thread = CreateThread(NULL, 0, run, NULL, 0, NULL);
    CHECK(WaitForSingleObject(thread, 20000) == WAIT_OBJECT_0);
    CloseHandle(thread);
    return thread_result;
}

static LRESULT streams(void)
{
    static DWORD events[] = {0, 0, 0x643C90, 48, 0, 0x003C90};
    MIDIPROPTIMEDIV division = {sizeof division, 480};
    MIDIHDR header = {0};
    MMTIME time = {TIME_TICKS, {0}};
    HMIDISTRM stream;
    UINT id = 0;
    int n;
    CHECK(midiStreamOpen(&stream, NULL, 1, 0, 0, CALLBACK_NULL) == MMSYSERR_INVALPARAM);
    CHECK(midiStreamOpen(&stream, &id, 1, (DWORD_PTR)called, 7, CALLBACK_FUNCTION) == MMSYSERR_NOERROR);
    CHECK(midiStreamProperty(stream, (LPBYTE)&division, MIDIPROP_SET | MIDIPROP_TIMEDIV) == MMSYSERR_NOERROR);
    header.lpData = (LPSTR)events;
    header.dwBufferLength = header.dwBytesRecorded = sizeof events;
    CHECK(midiStreamOut(stream, &header, sizeof header) == MIDIERR_UNPREPARED);
    CHECK(midiOutPrepareHeader((HMIDIOUT)stream, &header, sizeof header) == MMSYSERR_NOERROR);
    told[2] = 0;
    CHECK(midiStreamOut(stream, &header, sizeof header) == MMSYSERR_NOERROR && midiStreamRestart(stream) == MMSYSERR_NOERROR);
    CHECK(midiStreamOut(stream, &header, sizeof header) == MIDIERR_STILLPLAYING);
    for (n = 0; n < 10000 && !told[2]; n++)
        Sleep(1);
    CHECK(told[2] == 1 && midiStreamPosition(stream, &time, sizeof time) == MMSYSERR_NOERROR && time.u.ticks >= 48);
    CHECK(midiStreamPause(stream) == MMSYSERR_NOERROR && midiStreamStop(stream) == MMSYSERR_NOERROR);
    CHECK(midiOutUnprepareHeader((HMIDIOUT)stream, &header, sizeof header) == MMSYSERR_NOERROR);
    CHECK(midiStreamClose(stream) == MMSYSERR_NOERROR && midiStreamClose(stream) == MMSYSERR_INVALHANDLE);
    return 1;
}

/* A device that stays open. */
static LRESULT leave(void)
{
    HMIDIOUT device;
    CHECK(midiOutOpen(&device, 0, (DWORD_PTR)called, 0, CALLBACK_FUNCTION) == MMSYSERR_NOERROR);
    CHECK(midiOutOpen(&device, 0, 0, 0, CALLBACK_NULL) == MMSYSERR_NOERROR);
    CHECK(midiOutShortMsg(device, 0x643C90) == MMSYSERR_NOERROR);
    return 1;
}

static LRESULT count_devices(void)
{
    return midiOutGetNumDevs();
}

static LRESULT (*const checks[])(void) = {no_device, devices, told_otherwise, from_a_thread, streams, leave, count_devices};

__declspec(dllexport) LRESULT CALLBACK DriverProc(DWORD_PTR id, HDRVR hdrvr, UINT message, LPARAM l1, LPARAM l2)
{
    switch (message) {
    case DRV_OPEN:
    case DRV_CLOSE:
        return 1;
    case MIDICLIENT_CHECK:
        return l1 >= 0 && l1 < (LPARAM)(sizeof checks / sizeof *checks) ? checks[l1]() : 0;
    default:
        return DefDriverProc(id, hdrvr, message, l1, l2);
    }
}
