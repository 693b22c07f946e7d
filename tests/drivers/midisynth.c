/*
 * A MIDI synth with two devices, and one wave and one auxiliary device of which there is no more than the description.
 *
 * It renders on a thread of its own and feeds a wave output device, which wakes it by an event. All is done in whole numbers, so that src/midisynth.rs can say
 * what every sample is. A note lasts until it is turned off; velocity, channel volume, pan, pitch bend, and master volume by system exclusive message count.
 *
 * Words in the text of the last DRV_OPEN: `buffers=` and `frames=`, how many buffers of how many frames it plays; `timed=1`, that an event counts from the sample on
 * that is `buffers * frames` behind the device's position, and not from the next buffer on; `async=1`, that long messages wait for the thread; `caps=1`, that it knows
 * the narrow form of capabilities only and says so, `caps=2`, that it takes no notice of the form; `prepare=1`, that it prepares buffers itself.
 *
 * Numbers of its messages (MIDISYNTH_...) come from src/acts.rs.
 */
#include "codec.h"

#define RATE 44100
#define MOST_BUFFERS 16
#define MOST_FRAMES 4096
#define VOICES 64
#define CLIENTS 4
#define DEVICES 2
#define EVENTS 1024

#define MODM_GETNUMDEVS 1
#define MODM_GETDEVCAPS 2
#define MODM_OPEN 3
#define MODM_CLOSE 4
#define MODM_PREPARE 5
#define MODM_UNPREPARE 6
#define MODM_DATA 7
#define MODM_LONGDATA 8
#define MODM_RESET 9
#define MODM_GETVOLUME 10
#define MODM_SETVOLUME 11
#define DRVM_INIT 100
#define DRVM_EXIT 101

/* What `see` keeps messages of the entry points under: their number and this. */
#define OF_MOD 0x10000

#pragma pack(push, 1)
struct open_desc {
    HANDLE hMidi;
    DWORD_PTR dwCallback, dwInstance, dnDevNode;
    DWORD cIds;
};
#pragma pack(pop)

BOOL WINAPI DriverCallback(DWORD_PTR, UINT, HDRVR, UINT, DWORD_PTR, DWORD_PTR, DWORD_PTR);

struct channel {
    int volume, pan, bend;
};
struct voice {
    int device, channel, note, velocity;
    DWORD phase;
};
struct event {
    DWORD device, message;
    ULONGLONG at;
};
static struct client {
    BOOL open;
    UINT device;
    UINT flags;
    struct open_desc desc;
    MIDIHDR *queue;
} clients[CLIENTS];

static CRITICAL_SECTION lock;
static struct channel channels[DEVICES][16];
static struct voice voices[VOICES];
static int voice_count;
static struct event events[EVENTS];
static int event_count;
static int master = 16383;
static DWORD volume = 0xFFFFFFFF;
static BYTE sysex[64];
static DWORD sysex_length, sysex_bytes, sysex_sum;
static int initialised, held;

static struct {
    HWAVEOUT device;
    HANDLE thread, wake, ready;
    volatile LONG quit;
    int buffers, frames;
    ULONGLONG written;
    WAVEHDR headers[MOST_BUFFERS];
    SHORT samples[MOST_BUFFERS][2 * MOST_FRAMES];
} player;

/* Steps of the notes of the highest octave (120 to 131), in 2^-32 of a period a sample; each octave below has half of them. */
static const DWORD steps[12] = {815363807, 863847862, 915214929, 969636441, 1027294024, 1088380105,
                                1153098554, 1221665363, 1294309365, 1371273005, 1452813141, 1539201906};

/* Of the last DRV_OPEN. */
static WCHAR text_copy[MAX_TEXT + 1];

static LRESULT option(const char *name, LRESULT otherwise)
{
    return behaviour(text_copy, name, otherwise).answer;
}

static DWORD step_of(int note, int bend)
{
    DWORD step = steps[note % 12] >> (10 - note / 12);
    return step + (DWORD)((LONGLONG)step * bend / 65536);
}

/* Two parabolas for the period of a sine, of 16384 at most. */
static int wave(DWORD phase)
{
    int x = (SHORT)(phase >> 16);
    return x * (32768 - (x < 0 ? -x : x)) / 16384;
}

static void reset_channels(int device)
{
    int n;
    for (n = 0; n < 16; n++) {
        channels[device][n].volume = 100;
        channels[device][n].pan = 64;
        channels[device][n].bend = 0;
    }
}

static void end_voices(int device, int channel, int note)
{
    int n, kept = 0;
    for (n = 0; n < voice_count; n++)
        if (voices[n].device != device || (channel >= 0 && voices[n].channel != channel) ||
            (note >= 0 && voices[n].note != note))
            voices[kept++] = voices[n];
    voice_count = kept;
}

static void play(int device, DWORD message)
{
    int status = message & 0xFF, first = message >> 8 & 0x7F, second = message >> 16 & 0x7F;
    int channel = status & 15;
    struct channel *state = &channels[device][channel];
    switch (status >> 4) {
    case 9:
        end_voices(device, channel, first);
        if (second && voice_count == VOICES)
            memmove(voices, voices + 1, --voice_count * sizeof *voices);
        if (second) {
            struct voice voice = {device, channel, first, second, 0};
            voices[voice_count++] = voice;
        }
        break;
    case 8:
        end_voices(device, channel, first);
        break;
    case 11:
        if (first == 7)
            state->volume = second;
        else if (first == 10)
            state->pan = second;
        else if (first == 120 || first == 123)
            end_voices(device, channel, -1);
        break;
    case 14:
        state->bend = first + 128 * second - 8192;
        break;
    }
}

static int clip(LONGLONG sample)
{
    return sample > 32767 ? 32767 : sample < -32768 ? -32768 : (int)sample;
}

static void render_sample(SHORT *to)
{
    LONGLONG left = 0, right = 0;
    int n;
    for (n = 0; n < voice_count; n++) {
        struct voice *voice = &voices[n];
        struct channel *state = &channels[voice->device][voice->channel];
        LONGLONG mono = (LONGLONG)wave(voice->phase) * voice->velocity * state->volume / 16384;
        left += mono * (127 - state->pan) / 127;
        right += mono * state->pan / 127;
        voice->phase += step_of(voice->note, state->bend);
    }
    to[0] = clip(left * master / 16383 * ((volume & 0xFFFF) + 1) / 65536);
    to[1] = clip(right * master / 16383 * ((volume >> 16) + 1) / 65536);
}

/* The events are in the order of their times. */
static void render(SHORT *to)
{
    int n, done = 0;
    for (n = 0; n < player.frames; n++) {
        while (!held && done < event_count && events[done].at <= player.written + n) {
            play(events[done].device, events[done].message);
            done++;
        }
        render_sample(to + 2 * n);
    }
    memmove(events, events + done, (event_count - done) * sizeof *events);
    event_count -= done;
    player.written += player.frames;
}

static void tell_client(struct client *client, UINT message, DWORD_PTR p1)
{
    DriverCallback(client->desc.dwCallback, HIWORD(client->flags), (HDRVR)client->desc.hMidi, message, client->desc.dwInstance, p1,
                   0);
}

static void swallow(const BYTE *data, DWORD length)
{
    DWORD n;
    for (n = 0; n < length; n++) {
        sysex_bytes++;
        sysex_sum = sysex_sum * 31 + data[n];
        if (data[n] == 0xF0)
            sysex_length = 0;
        if (sysex_length < sizeof sysex)
            sysex[sysex_length] = data[n];
        sysex_length++;
        if (data[n] == 0xF7 && sysex_length == 8 && !memcmp(sysex, "\xF0\x7F\x7F\x04\x01", 5))
            master = sysex[5] + 128 * sysex[6];
    }
}

static void give_back(struct client *client, MIDIHDR *header)
{
    header->dwFlags = (header->dwFlags & ~MHDR_INQUEUE) | MHDR_DONE;
    tell_client(client, MOM_DONE, (DWORD_PTR)header);
}

/* What waits is done when nobody holds the lock: a client may call from its callback. */
static void do_long_messages(void)
{
    int n;
    for (n = 0; n < CLIENTS; n++)
        for (;;) {
            MIDIHDR *header;
            EnterCriticalSection(&lock);
            header = clients[n].open ? clients[n].queue : NULL;
            if (header) {
                clients[n].queue = header->lpNext;
                swallow((const BYTE *)header->lpData, header->dwBufferLength);
            }
            LeaveCriticalSection(&lock);
            if (!header)
                break;
            give_back(&clients[n], header);
        }
}

static void feed(void)
{
    int n;
    for (n = 0; n < player.buffers; n++) {
        WAVEHDR *header = &player.headers[n];
        if (!(header->dwFlags & WHDR_DONE))
            continue;
        EnterCriticalSection(&lock);
        render(player.samples[n]);
        LeaveCriticalSection(&lock);
        waveOutWrite(player.device, header, sizeof *header);
    }
    do_long_messages();
}

static DWORD WINAPI run(void *parameter)
{
    int n;
    for (n = 0; n < player.buffers; n++) {
        WAVEHDR *header = &player.headers[n];
        memset(header, 0, sizeof *header);
        header->lpData = (LPSTR)player.samples[n];
        header->dwBufferLength = player.frames * 4;
        waveOutPrepareHeader(player.device, header, sizeof *header);
        header->dwFlags |= WHDR_DONE;
    }
    feed();
    SetEvent(player.ready);
    while (WaitForSingleObject(player.wake, INFINITE) == WAIT_OBJECT_0 && !player.quit)
        feed();
    return 0;
}

static DWORD start(void)
{
    WAVEFORMATEX format = {WAVE_FORMAT_PCM, 2, RATE, RATE * 4, 4, 16, 0};
    DWORD result;
    int n;
    player.buffers = (int)option("buffers=", 4);
    player.frames = (int)option("frames=", 512);
    if (player.buffers < 1 || player.buffers > MOST_BUFFERS || player.frames < 1 || player.frames > MOST_FRAMES)
        return MMSYSERR_ERROR;
    player.quit = 0;
    player.written = 0;
    event_count = voice_count = 0;
    master = 16383;
    volume = 0xFFFFFFFF;
    for (n = 0; n < DEVICES; n++)
        reset_channels(n);
    player.wake = CreateEventA(NULL, FALSE, FALSE, NULL);
    player.ready = CreateEventA(NULL, FALSE, FALSE, NULL);
    result = waveOutOpen(&player.device, WAVE_MAPPER, &format, (DWORD_PTR)player.wake, 0, CALLBACK_EVENT);
    if (result != MMSYSERR_NOERROR)
        return result;
    player.thread = CreateThread(NULL, 0, run, NULL, 0, NULL);
    SetThreadPriority(player.thread, THREAD_PRIORITY_TIME_CRITICAL);
    WaitForSingleObject(player.ready, INFINITE);
    return MMSYSERR_NOERROR;
}

static void stop(void)
{
    int n;
    player.quit = 1;
    SetEvent(player.wake);
    WaitForSingleObject(player.thread, INFINITE);
    CloseHandle(player.thread);
    waveOutReset(player.device);
    for (n = 0; n < player.buffers; n++)
        waveOutUnprepareHeader(player.device, &player.headers[n], sizeof(WAVEHDR));
    waveOutClose(player.device);
    CloseHandle(player.wake);
    CloseHandle(player.ready);
}

static int open_clients(void)
{
    int n, count = 0;
    for (n = 0; n < CLIENTS; n++)
        count += clients[n].open;
    return count;
}

/* The first device has as many clients as there may be, the second one only one. */
static DWORD open_device(UINT device, DWORD_PTR *user, const struct open_desc *desc, UINT flags)
{
    struct client *client = NULL;
    int n;
    DWORD result;
    for (n = 0; n < CLIENTS; n++) {
        if (!clients[n].open)
            client = &clients[n];
        else if (device == 1 && clients[n].device == 1)
            return MMSYSERR_ALLOCATED;
    }
    if (!client)
        return MMSYSERR_ALLOCATED;
    if (LOWORD(flags) & ~MIDI_IO_STATUS)
        return MMSYSERR_INVALFLAG;
    if (open_clients() == 0 && (result = start()) != MMSYSERR_NOERROR)
        return result;
    client->device = device;
    client->flags = flags;
    client->desc = *desc;
    client->queue = NULL;
    client->open = TRUE;
    *user = (DWORD_PTR)client;
    tell_client(client, MOM_OPEN, 0);
    return MMSYSERR_NOERROR;
}

static DWORD close_device(struct client *client)
{
    if (client->queue)
        return MIDIERR_STILLPLAYING;
    tell_client(client, MOM_CLOSE, 0);
    EnterCriticalSection(&lock);
    client->open = FALSE;
    LeaveCriticalSection(&lock);
    if (open_clients() == 0)
        stop();
    return MMSYSERR_NOERROR;
}

static DWORD data(struct client *client, DWORD message)
{
    DWORD result = MMSYSERR_NOERROR;
    MMTIME time = {TIME_SAMPLES, {0}};
    if (option("timed=", 0))
        waveOutGetPosition(player.device, &time, sizeof time);
    EnterCriticalSection(&lock);
    if (event_count < EVENTS) {
        struct event event = {client->device, message, 0};
        if (option("timed=", 0))
            event.at = (ULONGLONG)time.u.sample + player.buffers * player.frames;
        events[event_count++] = event;
    } else
        result = MIDIERR_NOTREADY;
    LeaveCriticalSection(&lock);
    return result;
}

static DWORD long_data(struct client *client, MIDIHDR *header)
{
    if (!(header->dwFlags & MHDR_PREPARED))
        return MIDIERR_UNPREPARED;
    header->dwFlags = (header->dwFlags & ~MHDR_DONE) | MHDR_INQUEUE;
    if (option("async=", 0)) {
        MIDIHDR **last = &client->queue;
        EnterCriticalSection(&lock);
        while (*last)
            last = &(*last)->lpNext;
        header->lpNext = NULL;
        *last = header;
        LeaveCriticalSection(&lock);
        return MMSYSERR_NOERROR;
    }
    EnterCriticalSection(&lock);
    swallow((const BYTE *)header->lpData, header->dwBufferLength);
    LeaveCriticalSection(&lock);
    give_back(client, header);
    return MMSYSERR_NOERROR;
}

static DWORD reset(struct client *client)
{
    MIDIHDR *header;
    EnterCriticalSection(&lock);
    event_count = 0;
    end_voices(client->device, -1, -1);
    reset_channels(client->device);
    header = client->queue;
    client->queue = NULL;
    LeaveCriticalSection(&lock);
    while (header) {
        MIDIHDR *next = header->lpNext;
        give_back(client, header);
        header = next;
    }
    return MMSYSERR_NOERROR;
}

static DWORD prepare(MIDIHDR *header, BOOL prepared)
{
    if (!option("prepare=", 0))
        return MMSYSERR_NOTSUPPORTED;
    if (header->dwFlags & MHDR_INQUEUE)
        return MIDIERR_STILLPLAYING;
    header->dwFlags = prepared ? header->dwFlags | MHDR_PREPARED : header->dwFlags & ~MHDR_PREPARED;
    return MMSYSERR_NOERROR;
}

static DWORD capabilities(UINT device, void *to, DWORD size)
{
    MIDIOUTCAPSW wide = {0x7A5E, 0, 0x0203, L"", MOD_SWSYNTH, VOICES, VOICES, 0xFFFF, MIDICAPS_VOLUME | MIDICAPS_LRVOLUME};
    MIDIOUTCAPSA narrow = {0x7A5E, 0, 0x0203, "", MOD_SWSYNTH, VOICES, VOICES, 0xFFFF, MIDICAPS_VOLUME | MIDICAPS_LRVOLUME};
    int form = (int)option("caps=", 0);
    wide.wPid = narrow.wPid = (WORD)(device + 1);
    lstrcpyW(wide.szPname, device ? L"Test Synth, alone" : L"Test Synth \x266B");
    lstrcpyA(narrow.szPname, device ? "Test Synth, alone" : "Test Synth \xE9");
    if (form == 1 && size != sizeof narrow)
        return MMSYSERR_INVALPARAM;
    if (form == 2 || size == sizeof narrow)
        memcpy(to, &narrow, sizeof narrow);
    else
        memcpy(to, &wide, size < sizeof wide ? size : sizeof wide);
    return MMSYSERR_NOERROR;
}

__declspec(dllexport) DWORD WINAPI modMessage(UINT device, UINT message, DWORD_PTR user, DWORD_PTR p1, DWORD_PTR p2)
{
    struct client *client = NULL;
    int n;
    see(OF_MOD + message, message == MODM_DATA || message == MODM_SETVOLUME ? 0 : (LPARAM)p1, 0);
    switch (message) {
    case DRVM_INIT:
        if (initialised++)
            return MMSYSERR_ERROR;
        return MMSYSERR_NOERROR;
    case DRVM_EXIT:
        initialised--;
        return MMSYSERR_NOERROR;
    case MODM_GETNUMDEVS:
        return DEVICES;
    }
    if (message < MODM_GETDEVCAPS || message > MODM_SETVOLUME)
        return MMSYSERR_NOTSUPPORTED;
    if (device >= DEVICES)
        return MMSYSERR_BADDEVICEID;
    if (message == MODM_GETDEVCAPS)
        return capabilities(device, (void *)p1, (DWORD)p2);
    if (message == MODM_OPEN)
        return open_device(device, (DWORD_PTR *)user, (const struct open_desc *)p1, (UINT)p2);
    for (n = 0; n < CLIENTS; n++)
        if (clients[n].open && (DWORD_PTR)&clients[n] == user && clients[n].device == device)
            client = &clients[n];
    if (!client)
        return MMSYSERR_INVALHANDLE;
    switch (message) {
    case MODM_CLOSE:
        return close_device(client);
    case MODM_PREPARE:
    case MODM_UNPREPARE:
        return prepare((MIDIHDR *)p1, message == MODM_PREPARE);
    case MODM_DATA:
        return data(client, (DWORD)p1);
    case MODM_LONGDATA:
        return long_data(client, (MIDIHDR *)p1);
    case MODM_RESET:
        return reset(client);
    case MODM_GETVOLUME:
        *(DWORD *)p1 = volume;
        return MMSYSERR_NOERROR;
    default:
        volume = (DWORD)p1;
        return MMSYSERR_NOERROR;
    }
}

__declspec(dllexport) DWORD WINAPI wodMessage(UINT device, UINT message, DWORD_PTR user, DWORD_PTR p1, DWORD_PTR p2)
{
    WAVEOUTCAPSW caps = {0x7A5E, 3, 0x0203, L"Test Wave", WAVE_FORMAT_4S16, 2, 0, 0};
    switch (message) {
    case 3: /* WODM_GETNUMDEVS */
        return 1;
    case 4: /* WODM_GETDEVCAPS */
        if (device)
            return MMSYSERR_BADDEVICEID;
        if (p2 != sizeof caps)
            return MMSYSERR_INVALPARAM;
        memcpy((void *)p1, &caps, sizeof caps);
        return MMSYSERR_NOERROR;
    default:
        return MMSYSERR_NOTSUPPORTED;
    }
}

__declspec(dllexport) DWORD WINAPI auxMessage(UINT device, UINT message, DWORD_PTR user, DWORD_PTR p1, DWORD_PTR p2)
{
    AUXCAPSA caps = {0x7A5E, 4, 0x0203, "Test Aux", AUXCAPS_CDAUDIO, 0, AUXCAPS_VOLUME};
    switch (message) {
    case 3: /* AUXDM_GETNUMDEVS */
        return 1;
    case 4: /* AUXDM_GETDEVCAPS */
        if (p2 != sizeof caps)
            return MMSYSERR_INVALPARAM;
        memcpy((void *)p1, &caps, sizeof caps);
        return MMSYSERR_NOERROR;
    default:
        return MMSYSERR_NOTSUPPORTED;
    }
}

/* Clients of each kind, for the host to name: what they are told is counted. */
static HANDLE client_event, client_ready;
static DWORD client_thread;
static LONGLONG told[6];

static void count(UINT message, DWORD_PTR handle, DWORD_PTR p1)
{
    if (message < MOM_OPEN || message > MOM_DONE)
        return;
    told[message - MOM_OPEN]++;
    told[3] = (LONGLONG)handle;
    if (message == MOM_DONE)
        told[5] = ((const MIDIHDR *)p1)->dwFlags;
}

static void CALLBACK client_function(HDRVR handle, UINT message, DWORD_PTR user, DWORD_PTR p1, DWORD_PTR p2)
{
    count(message, (DWORD_PTR)handle, p1);
    told[4] = (LONGLONG)user;
}

static LRESULT CALLBACK client_procedure(HWND window, UINT message, WPARAM wparam, LPARAM lparam)
{
    count(message, wparam, lparam);
    return DefWindowProcA(window, message, wparam, lparam);
}

/* Ends with the device. */
static DWORD WINAPI client_loop(void *parameter)
{
    MSG message;
    PeekMessageA(&message, NULL, 0, 0, PM_NOREMOVE);
    SetEvent(client_ready);
    while (!told[1] && GetMessageA(&message, NULL, 0, 0) > 0) {
        count(message.message, message.wParam, message.lParam);
        if (message.message == WM_APP || told[1])
            SetEvent(client_ready);
    }
    return 0;
}

static LRESULT client(LPARAM kind)
{
    HWND window;
    memset(told, 0, sizeof told);
    switch (kind) {
    case 1:
        window = CreateWindowExA(0, "STATIC", "client", 0, 0, 0, 0, 0, HWND_MESSAGE, NULL, NULL, NULL);
        SetWindowLongPtrA(window, GWLP_WNDPROC, (LONG_PTR)client_procedure);
        return (LRESULT)window;
    case 2:
        client_ready = CreateEventA(NULL, FALSE, FALSE, NULL);
        CreateThread(NULL, 0, client_loop, NULL, 0, &client_thread);
        WaitForSingleObject(client_ready, INFINITE);
        return client_thread;
    case 3:
        return (LRESULT)client_function;
    case 5:
        client_event = CreateEventA(NULL, FALSE, FALSE, NULL);
        return (LRESULT)client_event;
    default:
        return 0;
    }
}

static LRESULT what_was_told(LPARAM kind, LONGLONG *to)
{
    int n;
    if (kind == 5 && WaitForSingleObject(client_event, 0) == WAIT_OBJECT_0)
        told[0]++;
    /* Behind all that has been posted. */
    if (kind == 2 && PostThreadMessageA(client_thread, WM_APP, 0, 0))
        WaitForSingleObject(client_ready, 10000);
    for (n = 0; n < 6; n++)
        to[n] = told[n];
    return 1;
}

static LRESULT open_synth(DWORD_PTR id, HDRVR hdrvr, LPARAM l1, LPARAM l2)
{
    int n;
    for (n = 0; l1 && ((const WCHAR *)l1)[n] && n < MAX_TEXT; n++)
        text_copy[n] = ((const WCHAR *)l1)[n];
    text_copy[n] = 0;
    return spy(id, hdrvr, DRV_OPEN, l1, l2);
}

__declspec(dllexport) LRESULT CALLBACK DriverProc(DWORD_PTR id, HDRVR hdrvr, UINT message, LPARAM l1, LPARAM l2)
{
    LRESULT answer;
    switch (message) {
    case DRV_LOAD:
        InitializeCriticalSection(&lock);
        return spy(id, hdrvr, message, l1, l2);
    case DRV_OPEN:
        return open_synth(id, hdrvr, l1, l2);
    case DRV_QUERYCONFIGURE:
        spy(id, hdrvr, message, l1, l2);
        return option("configure=", 0);
    case CODEC_SEEN:
        return tell((struct seen *)l1);
    case MIDISYNTH_CLIENT:
        return client(l1);
    case MIDISYNTH_TOLD:
        return what_was_told(l1, (LONGLONG *)l2);
    case MIDISYNTH_SYSEX:
        EnterCriticalSection(&lock);
        *(LONGLONG *)l1 = sysex_sum;
        answer = (LRESULT)sysex_bytes;
        sysex_bytes = sysex_sum = 0;
        LeaveCriticalSection(&lock);
        return answer;
    case MIDISYNTH_HOLD:
        EnterCriticalSection(&lock);
        held = (int)l1;
        LeaveCriticalSection(&lock);
        return 1;
    case MIDISYNTH_SOUNDING:
        EnterCriticalSection(&lock);
        answer = voice_count;
        LeaveCriticalSection(&lock);
        return answer;
    default:
        return spy(id, hdrvr, message, l1, l2);
    }
}
