/*
 * What wave output devices and timers do, checked from inside a driver. The number of its message comes from src/acts.rs; suite/sound.rs says which check
 * needs which device.
 */
#include <windows.h>
#include <mmsystem.h>
#include <string.h>

#define CHECK(what) \
    do { \
        if (!(what)) \
            return -__LINE__; \
    } while (0)

static const WAVEFORMATEX mono = {WAVE_FORMAT_PCM, 1, 8000, 16000, 2, 16, 0};
static SHORT data[4][4000];
static WAVEHDR headers[4];

static HWAVEOUT opened(DWORD_PTR target, DWORD flags)
{
    HWAVEOUT device = NULL;
    return waveOutOpen(&device, 0, &mono, target, 7, flags) == MMSYSERR_NOERROR ? device : NULL;
}

/* Prepares a buffer of the first samples of data[which]. */
static BOOL prepared(HWAVEOUT device, int which, DWORD samples)
{
    memset(&headers[which], 0, sizeof(WAVEHDR));
    headers[which].lpData = (LPSTR)data[which];
    headers[which].dwBufferLength = 2 * samples;
    return waveOutPrepareHeader(device, &headers[which], sizeof(WAVEHDR)) == MMSYSERR_NOERROR;
}

static BOOL written(HWAVEOUT device, int which)
{
    return waveOutWrite(device, &headers[which], sizeof(WAVEHDR)) == MMSYSERR_NOERROR;
}

static DWORD flags_of(int which)
{
    return *(volatile DWORD *)&headers[which].dwFlags;
}

static BOOL comes_back(int which)
{
    int i;
    for (i = 0; i < 20000 && !(flags_of(which) & WHDR_DONE); i++)
        Sleep(1);
    return (flags_of(which) & (WHDR_DONE | WHDR_INQUEUE)) == WHDR_DONE;
}

static DWORD position(HWAVEOUT device, UINT unit)
{
    MMTIME time = {unit, {0}};
    if (waveOutGetPosition(device, &time, sizeof time) != MMSYSERR_NOERROR || time.wType != unit)
        return 0xbad;
    return time.u.cb;
}

static void fill(int which, SHORT first)
{
    int i;
    for (i = 0; i < 4000; i++)
        data[which][i] = (SHORT)(first + i);
}

/* What there is, and what is wrong to ask of it. */
static LRESULT devices(void)
{
    WAVEOUTCAPSA ansi;
    WAVEOUTCAPSW wide;
    WAVEFORMATEX format = mono;
    HWAVEOUT device = NULL, none = (HWAVEOUT)(DWORD_PTR)0x1234;
    MMTIME time = {TIME_BYTES, {0}};
    WAVEHDR header = {0};
    DWORD volume = 0;
    UINT id = 9;
    char text[64];
    CHECK(waveOutGetNumDevs() == 1);
    CHECK(waveOutGetDevCapsA(0, &ansi, sizeof ansi) == MMSYSERR_NOERROR);
    CHECK(strstr(ansi.szPname, "drvhost") && ansi.wChannels == 2 && (ansi.dwFormats & WAVE_FORMAT_4S16));
    CHECK(waveOutGetDevCapsW(WAVE_MAPPER, &wide, sizeof wide) == MMSYSERR_NOERROR);
    CHECK(wide.szPname[0] == (WCHAR)ansi.szPname[0] && wide.dwSupport == ansi.dwSupport);
    CHECK(waveOutGetDevCapsA(1, &ansi, sizeof ansi) == MMSYSERR_BADDEVICEID);
    CHECK(waveOutGetDevCapsA(0, NULL, sizeof ansi) == MMSYSERR_INVALPARAM);
    memset(&ansi, 0x55, sizeof ansi);
    CHECK(waveOutGetDevCapsA(0, &ansi, 8) == MMSYSERR_NOERROR && ansi.szPname[0] == 0x55);

    CHECK(waveOutOpen(NULL, 0, &format, 0, 0, WAVE_FORMAT_QUERY) == MMSYSERR_NOERROR);
    CHECK(waveOutOpen(NULL, 0, &format, 0, 0, 0) == MMSYSERR_INVALPARAM);
    CHECK(waveOutOpen(&device, 0, NULL, 0, 0, 0) == MMSYSERR_INVALPARAM);
    CHECK(waveOutOpen(&device, 1, &format, 0, 0, 0) == MMSYSERR_BADDEVICEID);
    CHECK(waveOutOpen(&device, 0, &format, 0, 0, 0x80000000) == MMSYSERR_INVALFLAG);
    CHECK(waveOutOpen(&device, 0, &format, 0x1234, 0, CALLBACK_WINDOW) == MMSYSERR_INVALPARAM);
    format.wFormatTag = 2; /* WAVE_FORMAT_ADPCM */
    CHECK(waveOutOpen(NULL, 0, &format, 0, 0, WAVE_FORMAT_QUERY) == WAVERR_BADFORMAT);
    format.wFormatTag = WAVE_FORMAT_PCM;
    format.nBlockAlign = 3;
    CHECK(waveOutOpen(&device, 0, &format, 0, 0, WAVE_FORMAT_DIRECT) == WAVERR_BADFORMAT);
    CHECK(device == NULL);

    CHECK(waveOutWrite(none, &header, sizeof header) == MMSYSERR_INVALHANDLE);
    CHECK(waveOutReset(none) == MMSYSERR_INVALHANDLE && waveOutClose(NULL) == MMSYSERR_INVALHANDLE);
    CHECK(waveOutPause(none) == MMSYSERR_INVALHANDLE && waveOutRestart(none) == MMSYSERR_INVALHANDLE);
    CHECK(waveOutBreakLoop(none) == MMSYSERR_INVALHANDLE && waveOutGetID(none, &id) == MMSYSERR_INVALHANDLE);
    CHECK(waveOutGetPosition(none, &time, sizeof time) == MMSYSERR_INVALHANDLE);

    device = opened(0, CALLBACK_NULL);
    CHECK(device != NULL);
    CHECK(waveOutGetID(device, &id) == MMSYSERR_NOERROR && id == 0);
    CHECK(waveOutGetDevCapsA((UINT_PTR)device, &ansi, sizeof ansi) == MMSYSERR_NOERROR);
    CHECK(waveOutPrepareHeader(device, NULL, sizeof header) == MMSYSERR_INVALPARAM);
    CHECK(waveOutPrepareHeader(device, &header, 4) == MMSYSERR_INVALPARAM);
    CHECK(waveOutWrite(device, &header, sizeof header) == WAVERR_UNPREPARED);
    CHECK(waveOutUnprepareHeader(device, &header, sizeof header) == MMSYSERR_NOERROR);
    CHECK(waveOutGetPosition(device, NULL, sizeof time) == MMSYSERR_INVALPARAM);
    CHECK(waveOutGetPosition(device, &time, 4) == MMSYSERR_INVALPARAM);
    time.wType = TIME_SMPTE;
    CHECK(waveOutGetPosition(device, &time, sizeof time) == MMSYSERR_NOERROR && time.wType == TIME_BYTES);
    CHECK(waveOutGetVolume(device, &volume) == MMSYSERR_NOERROR && volume == 0xffffffff);
    CHECK(waveOutSetVolume(device, 0x80004000) == MMSYSERR_NOERROR);
    CHECK(waveOutGetVolume(device, &volume) == MMSYSERR_NOERROR && volume == 0x80004000);
    CHECK(waveOutGetVolume(device, NULL) == MMSYSERR_INVALPARAM);
    CHECK(waveOutGetPitch(device, &volume) == MMSYSERR_NOTSUPPORTED);
    CHECK(waveOutSetPlaybackRate(device, 0x20000) == MMSYSERR_NOTSUPPORTED);
    CHECK(waveOutMessage(device, 0x805, 0, 0) == MMSYSERR_NOERROR);
    CHECK(waveOutMessage(device, 0x7000, 0, 0) == MMSYSERR_NOTSUPPORTED);
    CHECK(waveOutClose(device) == MMSYSERR_NOERROR && waveOutClose(device) == MMSYSERR_INVALHANDLE);

    CHECK(waveOutGetErrorTextA(WAVERR_STILLPLAYING, text, sizeof text) == MMSYSERR_NOERROR && strlen(text) > 10);
    CHECK(waveOutGetErrorTextA(MMSYSERR_NOMEM, text, 5) == MMSYSERR_NOERROR && strlen(text) == 4);
    CHECK(waveOutGetErrorTextA(5000, text, sizeof text) == MMSYSERR_BADERRNUM);
    CHECK(waveOutGetErrorTextA(0, NULL, 0) == MMSYSERR_INVALPARAM);
    return 1;
}

/* Nothing plays while it is paused, and a reset gives everything back. */
static LRESULT pause_and_reset(void)
{
    HWAVEOUT device = opened(0, CALLBACK_NULL);
    CHECK(device && waveOutPause(device) == MMSYSERR_NOERROR);
    CHECK(prepared(device, 0, 4000) && prepared(device, 1, 4000) && written(device, 0) && written(device, 1));
    CHECK(flags_of(0) == (WHDR_PREPARED | WHDR_INQUEUE));
    CHECK(waveOutWrite(device, &headers[0], sizeof(WAVEHDR)) == WAVERR_STILLPLAYING);
    CHECK(waveOutUnprepareHeader(device, &headers[0], sizeof(WAVEHDR)) == WAVERR_STILLPLAYING);
    CHECK(waveOutClose(device) == WAVERR_STILLPLAYING);
    Sleep(50);
    CHECK(position(device, TIME_BYTES) == 0 && !(flags_of(0) & WHDR_DONE));
    CHECK(waveOutReset(device) == MMSYSERR_NOERROR);
    CHECK(flags_of(0) == (WHDR_PREPARED | WHDR_DONE) && flags_of(1) == (WHDR_PREPARED | WHDR_DONE));
    CHECK(waveOutUnprepareHeader(device, &headers[0], sizeof(WAVEHDR)) == MMSYSERR_NOERROR);
    CHECK(!(flags_of(0) & WHDR_PREPARED));
    CHECK(waveOutClose(device) == MMSYSERR_NOERROR);
    return 1;
}

/* A loop of two buffers, five times, between two others. What is played, the test reads. */
static LRESULT loop(void)
{
    HWAVEOUT device = opened(0, CALLBACK_NULL);
    int i;
    CHECK(device);
    for (i = 0; i < 4; i++) {
        fill(i, (SHORT)(1000 * i));
        CHECK(prepared(device, i, 10));
    }
    headers[1].dwFlags |= WHDR_BEGINLOOP;
    headers[1].dwLoops = 5;
    headers[2].dwFlags |= WHDR_ENDLOOP;
    for (i = 0; i < 4; i++)
        CHECK(written(device, i));
    for (i = 0; i < 4; i++)
        CHECK(comes_back(i));
    CHECK(position(device, TIME_SAMPLES) == 120 && position(device, TIME_MS) == 15);
    CHECK(waveOutClose(device) == MMSYSERR_NOERROR);
    return 1;
}

/* A loop without end, until it is broken. */
static LRESULT endless_loop(void)
{
    HWAVEOUT device = opened(0, CALLBACK_NULL);
    CHECK(device && prepared(device, 0, 80));
    headers[0].dwFlags |= WHDR_BEGINLOOP | WHDR_ENDLOOP;
    headers[0].dwLoops = 0xffffffff;
    CHECK(written(device, 0));
    while (position(device, TIME_SAMPLES) < 400)
        Sleep(1);
    CHECK(!(flags_of(0) & WHDR_DONE));
    CHECK(waveOutBreakLoop(device) == MMSYSERR_NOERROR && comes_back(0));
    CHECK(position(device, TIME_SAMPLES) % 80 == 0);
    CHECK(waveOutClose(device) == MMSYSERR_NOERROR);
    return 1;
}

static volatile LONG order[16], told;

static void CALLBACK called(HWAVEOUT handle, UINT message, DWORD_PTR user, DWORD_PTR p1, DWORD_PTR p2)
{
    LONG which = message == WOM_DONE ? (LONG)((WAVEHDR *)p1 - headers) : 100 + (LONG)message - WOM_OPEN;
    LONG at = InterlockedIncrement(&told) - 1;
    if (at < 16)
        order[at] = user == 7 && p2 == 0 ? which : -1;
    /* A buffer is marked before this is called, and can be written again from here. */
    if (message == WOM_DONE && at == 1 && (flags_of(0) & WHDR_DONE))
        waveOutWrite(handle, &headers[0], sizeof(WAVEHDR));
}

/* With real time: how long it takes at least, in which order buffers come back, and that the position goes on in between. */
static LRESULT real_time(void)
{
    DWORD begun = timeGetTime(), last = 0, seen = 0;
    HWAVEOUT device = opened((DWORD_PTR)called, CALLBACK_FUNCTION);
    int i;
    CHECK(device && told == 1 && order[0] == 100);
    for (i = 0; i < 3; i++)
        CHECK(prepared(device, i, 800));
    for (i = 0; i < 3; i++)
        CHECK(written(device, i));
    while (told < 5) {
        DWORD now = position(device, TIME_SAMPLES);
        CHECK(now >= last && now <= 3200);
        seen += now != last && now % 800 != 0;
        last = now;
        /* Four buffers of a tenth of a second. */
        CHECK((timeGetTime() - begun) * 8 + 8 >= now);
        Sleep(1);
    }
    CHECK(timeGetTime() - begun >= 400 && seen > 2);
    CHECK(order[1] == 0 && order[2] == 1 && order[3] == 2 && order[4] == 0);
    CHECK(position(device, TIME_SAMPLES) == 3200);
    CHECK(waveOutClose(device) == MMSYSERR_NOERROR && told == 6 && order[5] == 101);
    return 1;
}

/* Half of it is played, and that much reaches the file. */
static LRESULT reset_while_playing(void)
{
    HWAVEOUT device = opened(0, CALLBACK_NULL);
    DWORD played;
    fill(0, 0);
    CHECK(device && prepared(device, 0, 4000) && written(device, 0));
    while ((played = position(device, TIME_SAMPLES)) < 400)
        Sleep(1);
    CHECK(waveOutPause(device) == MMSYSERR_NOERROR);
    played = position(device, TIME_SAMPLES);
    CHECK(played >= 400 && played < 4000);
    Sleep(20);
    CHECK(position(device, TIME_SAMPLES) == played);
    CHECK(waveOutRestart(device) == MMSYSERR_NOERROR);
    while (position(device, TIME_SAMPLES) < played + 100)
        Sleep(1);
    CHECK(waveOutReset(device) == MMSYSERR_NOERROR && flags_of(0) == (WHDR_PREPARED | WHDR_DONE));
    CHECK(position(device, TIME_SAMPLES) == 0);
    CHECK(waveOutClose(device) == MMSYSERR_NOERROR);
    return 1;
}

/* Half as loud. */
static LRESULT volume(void)
{
    HWAVEOUT device = opened(0, CALLBACK_NULL);
    int i;
    for (i = 0; i < 100; i++)
        data[0][i] = 10000;
    CHECK(device && waveOutSetVolume(device, 0x7fff7fff) == MMSYSERR_NOERROR);
    CHECK(prepared(device, 0, 100) && written(device, 0) && comes_back(0));
    CHECK(waveOutClose(device) == MMSYSERR_NOERROR);
    return 1;
}

/* As many streams as there can be, and one more. */
static LRESULT many(void)
{
    HWAVEOUT devices[64];
    HWAVEOUT more = NULL;
    int i, count;
    for (count = 0; count < 64 && (devices[count] = opened(0, CALLBACK_NULL)); count++)
        ;
    CHECK(count > 1 && count < 64);
    CHECK(waveOutOpen(&more, 0, &mono, 0, 0, 0) == MMSYSERR_ALLOCATED);
    for (i = 0; i < count; i++)
        CHECK(waveOutClose(devices[i]) == MMSYSERR_NOERROR);
    more = opened(0, CALLBACK_NULL);
    CHECK(more && waveOutClose(more) == MMSYSERR_NOERROR);
    return 1;
}

/* There is nothing to play on. */
static LRESULT no_device(void)
{
    HWAVEOUT device = NULL;
    WAVEOUTCAPSA caps;
    CHECK(waveOutGetNumDevs() == 0);
    CHECK(waveOutOpen(&device, WAVE_MAPPER, &mono, 0, 0, 0) == MMSYSERR_BADDEVICEID);
    CHECK(waveOutOpen(&device, 0, &mono, 0, 0, 0) == MMSYSERR_BADDEVICEID);
    CHECK(waveOutGetDevCapsA(0, &caps, sizeof caps) == MMSYSERR_BADDEVICEID);
    return 1;
}

static volatile LONG fired, wrong;
static HANDLE event;
static UINT own_timer;

static void CALLBACK ticked(UINT id, UINT message, DWORD_PTR user, DWORD_PTR one, DWORD_PTR two)
{
    if (user != 77 || one || two)
        wrong++;
    if (InterlockedIncrement(&fired) == 3)
        SetEvent(event);
}

static void CALLBACK kills_itself(UINT id, UINT message, DWORD_PTR user, DWORD_PTR one, DWORD_PTR two)
{
    fired++;
    if (timeKillEvent(id) != TIMERR_NOERROR)
        wrong++;
    SetEvent(event);
}

static LRESULT timers(void)
{
    TIMECAPS caps;
    MMTIME time = {0};
    DWORD begun;
    UINT id;
    CHECK(timeGetDevCaps(&caps, sizeof caps) == TIMERR_NOERROR && caps.wPeriodMin == 1 && caps.wPeriodMax >= 1000);
    CHECK(timeGetDevCaps(&caps, 4) == TIMERR_NOCANDO && timeGetDevCaps(NULL, 8) == TIMERR_NOCANDO);
    CHECK(timeBeginPeriod(1) == TIMERR_NOERROR && timeEndPeriod(1) == TIMERR_NOERROR);
    CHECK(timeBeginPeriod(0) == TIMERR_NOCANDO && timeEndPeriod(0xffffffff) == TIMERR_NOCANDO);
    begun = timeGetTime();
    CHECK(timeGetSystemTime(&time, sizeof time) == TIMERR_NOERROR && time.wType == TIME_MS && time.u.ms - begun < 10000);
    CHECK(timeSetEvent(0, 0, ticked, 0, TIME_ONESHOT) == 0 && timeSetEvent(10, 0, NULL, 0, TIME_ONESHOT) == 0);
    CHECK(timeKillEvent(12345) == MMSYSERR_INVALPARAM);

    event = CreateEventA(NULL, FALSE, FALSE, NULL);
    begun = timeGetTime();
    id = timeSetEvent(10, 0, ticked, 77, TIME_PERIODIC | TIME_CALLBACK_FUNCTION | TIME_KILL_SYNCHRONOUS);
    CHECK(id && WaitForSingleObject(event, 20000) == WAIT_OBJECT_0);
    CHECK(timeGetTime() - begun >= 29 && timeKillEvent(id) == TIMERR_NOERROR);
    fired = 100;
    Sleep(50);
    CHECK(fired == 100 && !wrong && timeKillEvent(id) == MMSYSERR_INVALPARAM);

    begun = timeGetTime();
    CHECK(timeSetEvent(20, 0, (LPTIMECALLBACK)event, 0, TIME_ONESHOT | TIME_CALLBACK_EVENT_SET));
    CHECK(WaitForSingleObject(event, 20000) == WAIT_OBJECT_0 && timeGetTime() - begun >= 19);
    CHECK(WaitForSingleObject(event, 60) == WAIT_TIMEOUT);
    id = timeSetEvent(5, 0, (LPTIMECALLBACK)event, 0, TIME_PERIODIC | TIME_CALLBACK_EVENT_PULSE);
    CHECK(id && WaitForSingleObject(event, 20000) == WAIT_OBJECT_0 && timeKillEvent(id) == TIMERR_NOERROR);

    fired = 0;
    own_timer = timeSetEvent(5, 0, kills_itself, 0, TIME_PERIODIC | TIME_KILL_SYNCHRONOUS);
    CHECK(own_timer && WaitForSingleObject(event, 20000) == WAIT_OBJECT_0);
    Sleep(30);
    CHECK(fired == 1 && !wrong && timeKillEvent(own_timer) == MMSYSERR_INVALPARAM);
    CloseHandle(event);
    return 1;
}

/* A timer's function that faults ends, and the next one fires all the same. */
static void CALLBACK faults(UINT id, UINT message, DWORD_PTR user, DWORD_PTR one, DWORD_PTR two)
{
    *(volatile int *)user = 1;
}

static LRESULT fault(void)
{
    event = CreateEventA(NULL, FALSE, FALSE, NULL);
    fired = wrong = 0;
    CHECK(timeSetEvent(1, 0, faults, 0, TIME_ONESHOT));
    CHECK(timeSetEvent(10, 0, (LPTIMECALLBACK)event, 0, TIME_ONESHOT | TIME_CALLBACK_EVENT_SET));
    CHECK(WaitForSingleObject(event, 20000) == WAIT_OBJECT_0);
    return 1;
}

/* PlaySound: 1000 samples at 8000 Hz from memory, and from a file that the test has put beside the driver. */
static LRESULT whole_sounds(void)
{
    static const unsigned char head[44] = "RIFF\xf4\x07\0\0WAVEfmt \x10\0\0\0\1\0\1\0\x40\x1f\0\0\x80\x3e\0\0\2\0\x10\0data\xd0\x07\0";
    static unsigned char file[44 + 2000];
    int i;
    memcpy(file, head, sizeof head);
    for (i = 0; i < 2000; i++)
        file[44 + i] = (unsigned char)(i * 7);
    CHECK(PlaySoundA((char *)file, NULL, SND_MEMORY | SND_SYNC));
    CHECK(sndPlaySoundA("tone.wav", SND_SYNC | SND_NODEFAULT));
    CHECK(PlaySoundW(L"tone.wav", NULL, SND_FILENAME | SND_ASYNC | SND_LOOP));
    CHECK(PlaySoundW(NULL, NULL, 0) && PlaySoundA(NULL, NULL, SND_PURGE));
    CHECK(!PlaySoundA("absent.wav", NULL, SND_FILENAME) && !PlaySoundA("SystemExit", NULL, SND_ALIAS));
    CHECK(!PlaySoundA(MAKEINTRESOURCEA(99), NULL, SND_RESOURCE));
    file[0] = 'X';
    CHECK(!PlaySoundA((char *)file, NULL, SND_MEMORY));
    return 1;
}

static volatile LONG early_close = -1, early_flags;

static void CALLBACK closes(HWAVEOUT device, UINT message, DWORD_PTR user, DWORD_PTR header, DWORD_PTR none)
{
    if (message == WOM_DONE && InterlockedIncrement(&told) == 1) {
        early_flags = (LONG)flags_of(1);
        early_close = (LONG)waveOutClose(device);
    }
}

/* Two buffers of a loop come back together: the first one's client cannot close the device before the second one is back, too. */
static LRESULT returned_together(void)
{
    HWAVEOUT device = opened((DWORD_PTR)closes, CALLBACK_FUNCTION);
    CHECK(device && prepared(device, 0, 10) && prepared(device, 1, 10));
    headers[0].dwFlags |= WHDR_BEGINLOOP;
    headers[0].dwLoops = 2;
    headers[1].dwFlags |= WHDR_ENDLOOP;
    told = 0;
    CHECK(written(device, 0) && written(device, 1) && comes_back(0) && comes_back(1));
    while (told < 2)
        Sleep(1);
    CHECK((early_flags & WHDR_INQUEUE) && early_close == WAVERR_STILLPLAYING);
    CHECK(waveOutClose(device) == MMSYSERR_NOERROR && told == 2);
    return 1;
}

static LRESULT (*const checks[])(void) = {devices,   pause_and_reset,     loop,   endless_loop, real_time, reset_while_playing,
                                          volume, many, no_device, timers, fault, whole_sounds,
                                          returned_together};

__declspec(dllexport) LRESULT CALLBACK DriverProc(DWORD_PTR id, HDRVR hdrvr, UINT message, LPARAM l1, LPARAM l2)
{
    switch (message) {
    case DRV_OPEN:
    case DRV_CLOSE:
        return 1;
    case SOUND_CHECK:
        return l1 >= 0 && l1 < (LPARAM)(sizeof checks / sizeof *checks) ? checks[l1]() : 0;
    default:
        return DefDriverProc(id, hdrvr, message, l1, l2);
    }
}
