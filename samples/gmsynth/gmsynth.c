/*
 * A General MIDI synth as an installable driver: TinySoundFont (tsf.h, which scripts/gm-synth fetches) behind the entry points that Windows calls.
 *
 * As usual for such drivers it renders on a thread of its own, eight buffers of 512 frames, and takes what has come meanwhile into the next one. Its settings are in the
 * file of its own name beside it, gmsynth.ini:
 *
 *     [gmsynth]
 *     soundfont=Z:\usr\share\sounds\sf2\TimGM6mb.sf2     where none is named, gmsynth.sf2 beside it
 *     format=float                                       where this is not said, 16 bits
 *     log=C:\events.txt                                  each message, behind the frame of the device's that it counts from
 *
 * or, where that names no sound font, the value SoundFont of HKEY_CURRENT_USER\Software\gmsynth.
 */
#include <windows.h>
#include <mmsystem.h>
#include <mmreg.h>
#include <mmddk.h>
#include <stdio.h>
#include <string.h>

#include "engine.h"

#define BUFFERS 8
#define EVENTS 65536
#define FLOATS 3 /* WAVE_FORMAT_IEEE_FLOAT */

BOOL WINAPI DriverCallback(DWORD_PTR, UINT, HDRVR, UINT, DWORD_PTR, DWORD_PTR, DWORD_PTR);

static HINSTANCE image;
static CRITICAL_SECTION lock;
static MIDIOPENDESC client;
static UINT client_flags;
static BOOL is_open;

static DWORD events[EVENTS];
static unsigned first_event, next_event;
static HANDLE thread, wake, ready;
static volatile LONG quits;
static HWAVEOUT device;
static BOOL floats;
static FILE *event_log;
static DWORD rendered;
static DWORD volume = 0xFFFFFFFF;
static WAVEHDR headers[BUFFERS];
static float samples[BUFFERS][FRAMES * 2];

/* ---- Settings ---- */

static void beside(char path[MAX_PATH], const char *ending)
{
    char *dot;
    GetModuleFileNameA(image, path, MAX_PATH);
    dot = strrchr(path, '.');
    if (dot && (size_t)(dot - path) + strlen(ending) < MAX_PATH)
        strcpy(dot, ending);
}

static void setting(const char *name, char to[MAX_PATH])
{
    char ini[MAX_PATH];
    beside(ini, ".ini");
    GetPrivateProfileStringA("gmsynth", name, "", to, MAX_PATH, ini);
}

static void sound_font(char path[MAX_PATH])
{
    HKEY key;
    DWORD size = MAX_PATH - 1, kind;
    setting("soundfont", path);
    if (!*path && !RegOpenKeyExA(HKEY_CURRENT_USER, "Software\\gmsynth", 0, KEY_READ, &key)) {
        if (!RegQueryValueExA(key, "SoundFont", NULL, &kind, (BYTE *)path, &size) && kind == REG_SZ)
            path[size] = 0;
        else
            *path = 0;
        RegCloseKey(key);
    }
    if (!*path)
        beside(path, ".sf2");
}

/* ---- What is played ---- */

/* System exclusive messages come in pieces, and not always whole ones: GM on, GS reset, and the master volume. */
static void swallow(const BYTE *data, DWORD length)
{
    static BYTE message[16];
    static DWORD had;
    while (length-- > 0) {
        if (*data == 0xF0)
            had = 0;
        if (had < sizeof message)
            message[had++] = *data;
        if (*data++ != 0xF7)
            continue;
        EnterCriticalSection(&lock);
        if (synth && had == 6 && message[1] == 0x7E && message[3] == 9)
            begin();
        else if (synth && had == 11 && message[1] == 0x41 && message[6] == 0x7F)
            begin();
        else if (synth && had == 8 && message[1] == 0x7F && message[3] == 4 && message[4] == 1)
            tsf_set_volume(synth, (message[5] | message[6] << 7) / 16383.0f);
        LeaveCriticalSection(&lock);
        had = 0;
    }
}

static void render(int n)
{
    EnterCriticalSection(&lock);
    for (; first_event != next_event; first_event = (first_event + 1) % EVENTS) {
        take(events[first_event]);
        if (event_log)
            fprintf(event_log, "%lu %lx\n", (unsigned long)rendered, (unsigned long)events[first_event]);
    }
    if (floats)
        tsf_render_float(synth, samples[n], FRAMES, 0);
    else
        tsf_render_short(synth, (short *)samples[n], FRAMES, 0);
    LeaveCriticalSection(&lock);
    rendered += FRAMES;
    waveOutWrite(device, &headers[n], sizeof headers[n]);
}

/* ---- The thread ---- */

static BOOL load(void)
{
    char path[MAX_PATH];
    sound_font(path);
    if (!begin_with(path))
        return FALSE;
    setting("format", path);
    floats = !strcmp(path, "float");
    setting("log", path);
    event_log = *path ? fopen(path, "w") : NULL;
    return TRUE;
}

static BOOL start_device(void)
{
    WAVEFORMATEX format = {WAVE_FORMAT_PCM, 2, RATE, RATE * 4, 4, 16, 0};
    int n;
    if (floats) {
        WAVEFORMATEX wide = {FLOATS, 2, RATE, RATE * 8, 8, 32, 0};
        format = wide;
    }
    if (waveOutOpen(&device, WAVE_MAPPER, &format, (DWORD_PTR)wake, 0, CALLBACK_EVENT))
        return FALSE;
    for (n = 0; n < BUFFERS; n++) {
        memset(&headers[n], 0, sizeof headers[n]);
        headers[n].lpData = (char *)samples[n];
        headers[n].dwBufferLength = FRAMES * format.nBlockAlign;
        waveOutPrepareHeader(device, &headers[n], sizeof headers[n]);
    }
    return TRUE;
}

static DWORD WINAPI run(void *started)
{
    int n;
    SetThreadPriority(GetCurrentThread(), THREAD_PRIORITY_TIME_CRITICAL);
    rendered = 0;
    if (load() && start_device()) {
        *(BOOL *)started = TRUE;
        for (n = 0; n < BUFFERS; n++)
            render(n);
        SetEvent(ready);
        while (!quits) {
            WaitForSingleObject(wake, INFINITE);
            for (n = 0; n < BUFFERS && !quits; n++)
                if (headers[n].dwFlags & WHDR_DONE)
                    render(n);
        }
        waveOutReset(device);
        for (n = 0; n < BUFFERS; n++)
            waveOutUnprepareHeader(device, &headers[n], sizeof headers[n]);
        waveOutClose(device);
    }
    EnterCriticalSection(&lock);
    tsf_close(synth);
    synth = NULL;
    if (event_log)
        fclose(event_log);
    event_log = NULL;
    LeaveCriticalSection(&lock);
    SetEvent(ready);
    return 0;
}

static BOOL start(void)
{
    BOOL started = FALSE;
    quits = 0;
    first_event = next_event = 0;
    wake = CreateEventA(NULL, FALSE, FALSE, NULL);
    ready = CreateEventA(NULL, FALSE, FALSE, NULL);
    thread = CreateThread(NULL, 0, run, &started, 0, NULL);
    WaitForSingleObject(ready, INFINITE);
    return started;
}

static void stop(void)
{
    InterlockedExchange(&quits, 1);
    SetEvent(wake);
    WaitForSingleObject(thread, INFINITE);
    CloseHandle(thread);
    CloseHandle(wake);
    CloseHandle(ready);
}

/* ---- The entry points ---- */

static void tell(UINT message, DWORD_PTR first)
{
    DriverCallback(client.dwCallback, HIWORD(client_flags), (HDRVR)client.hMidi, message, client.dwInstance, first, 0);
}

static DWORD capabilities(void *to, DWORD size)
{
    MIDIOUTCAPSW wide = {0};
    MIDIOUTCAPSA narrow = {MM_UNMAPPED, MM_PID_UNMAPPED, 0x100, "TinySoundFont", MOD_SWSYNTH, 256, 256, 0xFFFF, MIDICAPS_VOLUME};
    if (size < sizeof wide) {
        memcpy(to, &narrow, size < sizeof narrow ? size : sizeof narrow);
        return MMSYSERR_NOERROR;
    }
    wide.wMid = narrow.wMid;
    wide.wPid = narrow.wPid;
    wide.vDriverVersion = narrow.vDriverVersion;
    lstrcpyW(wide.szPname, L"TinySoundFont");
    wide.wTechnology = narrow.wTechnology;
    wide.wVoices = narrow.wVoices;
    wide.wNotes = narrow.wNotes;
    wide.wChannelMask = narrow.wChannelMask;
    wide.dwSupport = narrow.dwSupport;
    memcpy(to, &wide, sizeof wide);
    return MMSYSERR_NOERROR;
}

static DWORD open_client(DWORD_PTR *user, const MIDIOPENDESC *description, UINT flags)
{
    if (is_open)
        return MMSYSERR_ALLOCATED;
    if (!start()) {
        stop();
        return MMSYSERR_NOTENABLED;
    }
    is_open = TRUE;
    client = *description;
    client_flags = flags;
    *user = 1;
    tell(MOM_OPEN, 0);
    return MMSYSERR_NOERROR;
}

static void put(DWORD message)
{
    EnterCriticalSection(&lock);
    if ((next_event + 1) % EVENTS != first_event) {
        events[next_event] = message;
        next_event = (next_event + 1) % EVENTS;
    }
    LeaveCriticalSection(&lock);
}

static void reset(void)
{
    int channel;
    for (channel = 0; channel < 16; channel++) {
        put(0x78B0 | channel);
        put(0x79B0 | channel);
    }
}

__declspec(dllexport) DWORD WINAPI modMessage(UINT id, UINT message, DWORD_PTR user, DWORD_PTR first, DWORD_PTR second)
{
    MIDIHDR *header;
    switch (message) {
    case DRVM_INIT:
    case DRVM_EXIT:
        return MMSYSERR_NOERROR;
    case MODM_GETNUMDEVS:
        return 1;
    case MODM_GETDEVCAPS:
        return capabilities((void *)first, (DWORD)second);
    case MODM_OPEN:
        return open_client((DWORD_PTR *)user, (const MIDIOPENDESC *)first, (UINT)second);
    case MODM_CLOSE:
        stop();
        is_open = FALSE;
        tell(MOM_CLOSE, 0);
        return MMSYSERR_NOERROR;
    case MODM_DATA:
        put((DWORD)first);
        return MMSYSERR_NOERROR;
    case MODM_LONGDATA:
        header = (MIDIHDR *)first;
        if (!(header->dwFlags & MHDR_PREPARED))
            return MIDIERR_UNPREPARED;
        swallow((const BYTE *)header->lpData, header->dwBufferLength);
        header->dwFlags |= MHDR_DONE;
        tell(MOM_DONE, first);
        return MMSYSERR_NOERROR;
    case MODM_RESET:
        reset();
        return MMSYSERR_NOERROR;
    case MODM_GETVOLUME:
        *(DWORD *)first = volume;
        return MMSYSERR_NOERROR;
    case MODM_SETVOLUME:
        volume = (DWORD)first;
        waveOutSetVolume(device, volume);
        return MMSYSERR_NOERROR;
    default:
        return MMSYSERR_NOTSUPPORTED;
    }
}

__declspec(dllexport) LRESULT WINAPI DriverProc(DWORD_PTR id, HDRVR driver, UINT message, LPARAM first, LPARAM second)
{
    char path[MAX_PATH];
    switch (message) {
    case DRV_LOAD:
    case DRV_ENABLE:
    case DRV_OPEN:
    case DRV_CLOSE:
    case DRV_DISABLE:
    case DRV_FREE:
    case DRV_QUERYCONFIGURE:
        return 1;
    case DRV_CONFIGURE:
        sound_font(path);
        MessageBoxA((HWND)first, path, "gmsynth: sound font", MB_OK);
        return DRVCNF_OK;
    case DRV_INSTALL:
    case DRV_REMOVE:
        return DRVCNF_OK;
    default:
        return DefDriverProc(id, driver, message, first, second);
    }
}

BOOL WINAPI DllMain(HINSTANCE instance, DWORD reason, void *reserved)
{
    if (reason == DLL_PROCESS_ATTACH) {
        image = instance;
        InitializeCriticalSection(&lock);
        DisableThreadLibraryCalls(instance);
    }
    return TRUE;
}
