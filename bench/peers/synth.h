/* What the peers share that play on a MIDI synth: the driver, called by its entry points, and the wave output device that it finds.
 *
 * Wine has no such device where the computer has none. So what the driver imports of waveOut leads to functions here, which take
 * buffers, play them when the program says so, and wake the driver by its event for each that has been played. Programs define `hear`. */
#include "words.h"
#include <mmddk.h>

/* The synth's format. */
#define RATE 44100
#define FRAME 4

/* Milliseconds that the driver's next buffer may take. */
#define PATIENCE 30000

/* Told what is played: frames of two samples, of which the first has the number `at`. */
static void hear(const SHORT *samples, DWORD frames, ULONGLONG at);

static struct {
    CRITICAL_SECTION lock;
    CONDITION_VARIABLE changed;
    /* The driver's event. */
    HANDLE wake;
    /* What is to be played, in this order, and how many frames of the first have been. */
    WAVEHDR *first, **last;
    DWORD begun;
    /* How many buffers there are, and how many of them wait to be played. */
    int prepared, waiting;
    /* Frames. */
    ULONGLONG written, played;
} device;

static MMRESULT WINAPI wave_open(HWAVEOUT *out, UINT id, const WAVEFORMATEX *format, DWORD_PTR callback, DWORD_PTR user, DWORD flags)
{
    need(format->wFormatTag == WAVE_FORMAT_PCM && format->nSamplesPerSec == RATE && format->nBlockAlign == FRAME, "the synth's format");
    need((flags & CALLBACK_TYPEMASK) == CALLBACK_EVENT, "being woken by an event");
    device.wake = (HANDLE)callback;
    device.first = NULL;
    device.last = &device.first;
    *out = (HWAVEOUT)&device;
    SetEvent(device.wake);
    return MMSYSERR_NOERROR;
}

static MMRESULT WINAPI wave_prepare(HWAVEOUT out, WAVEHDR *header, UINT size)
{
    EnterCriticalSection(&device.lock);
    header->dwFlags |= WHDR_PREPARED;
    device.prepared++;
    LeaveCriticalSection(&device.lock);
    return MMSYSERR_NOERROR;
}

static MMRESULT WINAPI wave_unprepare(HWAVEOUT out, WAVEHDR *header, UINT size)
{
    EnterCriticalSection(&device.lock);
    header->dwFlags &= ~WHDR_PREPARED;
    device.prepared--;
    LeaveCriticalSection(&device.lock);
    return MMSYSERR_NOERROR;
}

static MMRESULT WINAPI wave_write(HWAVEOUT out, WAVEHDR *header, UINT size)
{
    EnterCriticalSection(&device.lock);
    header->dwFlags = (header->dwFlags & ~WHDR_DONE) | WHDR_INQUEUE;
    header->lpNext = NULL;
    *device.last = header;
    device.last = &header->lpNext;
    device.waiting++;
    device.written += header->dwBufferLength / FRAME;
    LeaveCriticalSection(&device.lock);
    WakeConditionVariable(&device.changed);
    return MMSYSERR_NOERROR;
}

static MMRESULT WINAPI wave_position(HWAVEOUT out, MMTIME *time, UINT size)
{
    EnterCriticalSection(&device.lock);
    time->wType = TIME_SAMPLES;
    time->u.sample = (DWORD)device.played;
    LeaveCriticalSection(&device.lock);
    return MMSYSERR_NOERROR;
}

/* Gives the first buffer back; the lock is held. */
static void give_back(void)
{
    WAVEHDR *header = device.first;
    device.first = header->lpNext;
    if (device.first == NULL) device.last = &device.first;
    device.begun = 0;
    device.waiting--;
    header->dwFlags = (header->dwFlags & ~WHDR_INQUEUE) | WHDR_DONE;
    SetEvent(device.wake);
}

static MMRESULT WINAPI wave_reset(HWAVEOUT out)
{
    EnterCriticalSection(&device.lock);
    while (device.first != NULL) give_back();
    LeaveCriticalSection(&device.lock);
    return MMSYSERR_NOERROR;
}

static MMRESULT WINAPI wave_close(HWAVEOUT out)
{
    return device.first == NULL ? MMSYSERR_NOERROR : WAVERR_STILLPLAYING;
}

/* Plays up to a frame, as fast as there is something to play. */
static void play_until(ULONGLONG frame)
{
    EnterCriticalSection(&device.lock);
    while (device.played < frame) {
        while (device.first == NULL)
            need(SleepConditionVariableCS(&device.changed, &device.lock, PATIENCE), "waiting for the driver's next buffer");
        WAVEHDR *header = device.first;
        DWORD left = header->dwBufferLength / FRAME - device.begun;
        DWORD frames = frame - device.played < left ? (DWORD)(frame - device.played) : left;
        hear((const SHORT *)header->lpData + 2 * device.begun, frames, device.played);
        device.begun += frames;
        device.played += frames;
        if (frames == left) give_back();
    }
    LeaveCriticalSection(&device.lock);
}

/* Waits until the driver has filled all of its buffers. */
static inline void settle(void)
{
    EnterCriticalSection(&device.lock);
    while (device.waiting < device.prepared)
        need(SleepConditionVariableCS(&device.changed, &device.lock, PATIENCE), "waiting for the driver to fill its buffers");
    LeaveCriticalSection(&device.lock);
}

static const struct {
    const char *name;
    void *function;
} wave_out[] = {
    {"waveOutOpen", wave_open},
    {"waveOutPrepareHeader", wave_prepare},
    {"waveOutUnprepareHeader", wave_unprepare},
    {"waveOutWrite", wave_write},
    {"waveOutGetPosition", wave_position},
    {"waveOutReset", wave_reset},
    {"waveOutClose", wave_close},
};

/* Has an address in an import address table lead elsewhere if it is of a function of waveOut ("PE Format", MS Learn). */
static int redirect(const IMAGE_IMPORT_BY_NAME *import, ULONG_PTR *address)
{
    for (size_t n = 0; n < sizeof wave_out / sizeof *wave_out; n++) {
        DWORD before;
        if (strcmp((const char *)import->Name, wave_out[n].name) != 0) continue;
        need(VirtualProtect(address, sizeof *address, PAGE_READWRITE, &before), "VirtualProtect");
        *address = (ULONG_PTR)wave_out[n].function;
        need(VirtualProtect(address, sizeof *address, before, &before), "VirtualProtect");
        return 1;
    }
    return 0;
}

/* Leads all that a loaded image imports of waveOut to the functions here. */
static void give_device(HMODULE module)
{
    BYTE *image = (BYTE *)module;
    const IMAGE_NT_HEADERS *headers = (const IMAGE_NT_HEADERS *)(image + ((const IMAGE_DOS_HEADER *)image)->e_lfanew);
    const IMAGE_DATA_DIRECTORY *directory = &headers->OptionalHeader.DataDirectory[IMAGE_DIRECTORY_ENTRY_IMPORT];
    const IMAGE_IMPORT_DESCRIPTOR *library = (const IMAGE_IMPORT_DESCRIPTOR *)(image + directory->VirtualAddress);
    size_t redirected = 0;
    for (; library->Name != 0; library++) {
        if (_stricmp((const char *)(image + library->Name), "winmm.dll") != 0) continue;
        const IMAGE_THUNK_DATA *name = (const IMAGE_THUNK_DATA *)(image + library->OriginalFirstThunk);
        IMAGE_THUNK_DATA *address = (IMAGE_THUNK_DATA *)(image + library->FirstThunk);
        for (; name->u1.AddressOfData != 0; name++, address++)
            if (!IMAGE_SNAP_BY_ORDINAL(name->u1.Ordinal))
                redirected += redirect((const IMAGE_IMPORT_BY_NAME *)(image + name->u1.AddressOfData), (ULONG_PTR *)&address->u1.Function);
    }
    need(redirected == sizeof wave_out / sizeof *wave_out, "finding the driver's imports of waveOut");
}

typedef LRESULT(CALLBACK *driver_proc)(DWORD_PTR, HDRVR, UINT, LPARAM, LPARAM);
typedef DWORD(WINAPI *mod_message)(UINT, UINT, DWORD_PTR, DWORD_PTR, DWORD_PTR);

static struct {
    driver_proc driver;
    mod_message midi;
    DWORD_PTR id, user;
} synth;

/* The handle of the driver's instance, which nobody but the driver looks at. */
#define HANDLE_OF_INSTANCE ((HDRVR)0x1000)

static DWORD tell(UINT message, DWORD_PTR one, DWORD_PTR other)
{
    return synth.midi(0, message, synth.user, one, other);
}

/* Loads a driver, opens it with a text, and opens its first device. All of its buffers are filled then. */
static void open_synth(const wchar_t *file, const wchar_t *text)
{
    MIDIOPENDESC description = { .hMidi = (HMIDI)0x2000 };
    DWORD_PTR user = 0;
    InitializeCriticalSection(&device.lock);
    InitializeConditionVariable(&device.changed);
    HMODULE module = LoadLibraryW(file);
    need(module != NULL, "LoadLibrary");
    give_device(module);
    synth.driver = (driver_proc)(void *)GetProcAddress(module, "DriverProc");
    synth.midi = (mod_message)(void *)GetProcAddress(module, "modMessage");
    need(synth.driver != NULL && synth.midi != NULL, "finding the driver's entry points");
    need(synth.driver(0, NULL, DRV_LOAD, 0, 0) != 0, "DRV_LOAD");
    synth.driver(0, NULL, DRV_ENABLE, 0, 0);
    synth.id = (DWORD_PTR)synth.driver(0, HANDLE_OF_INSTANCE, DRV_OPEN, (LPARAM)text, 0);
    need(synth.id != 0, "DRV_OPEN");
    need(tell(DRVM_INIT, 0, 0) == MMSYSERR_NOERROR, "DRVM_INIT");
    need(synth.midi(0, MODM_OPEN, (DWORD_PTR)&user, (DWORD_PTR)&description, CALLBACK_NULL) == MMSYSERR_NOERROR, "MODM_OPEN");
    synth.user = user;
    settle();
}

static void close_synth(void)
{
    need(tell(MODM_RESET, 0, 0) == MMSYSERR_NOERROR, "MODM_RESET");
    need(tell(MODM_CLOSE, 0, 0) == MMSYSERR_NOERROR, "MODM_CLOSE");
    tell(DRVM_EXIT, 0, 0);
    synth.driver(synth.id, HANDLE_OF_INSTANCE, DRV_CLOSE, 0, 0);
    synth.driver(0, NULL, DRV_DISABLE, 0, 0);
    synth.driver(0, NULL, DRV_FREE, 0, 0);
}
