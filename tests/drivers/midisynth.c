/*
 * A MIDI synth with two devices, and one wave and one auxiliary device of which there is no more than the description.
 *
 * It renders on a thread of its own and feeds a wave output device, which wakes it by an event. All is done in whole numbers, so that src/midisynth.rs can say
 * what every sample is. A note lasts until it is turned off; velocity, channel volume, pan, pitch bend, and master volume by system exclusive message count.
 *
 * Words in the text of the last DRV_OPEN: `buffers=` and `frames=`, how many buffers of how many frames it plays; `timed=1`, that an event counts from the sample on
 * that is `buffers * frames` behind the device's position, and not from the next buffer on; `async=1`, that long messages wait for the thread; `caps=1`, that it knows
 * the narrow form of capabilities only and says so, `caps=2`, that it takes no notice of the form; `prepare=1`, that it prepares buffers itself; `streams=1`, that it plays
 * streams; `font=`, a file whose first two bytes are the master volume, without which a device does not open.
 *
 * Numbers of its messages (MIDISYNTH_...) come from src/acts.rs.
 */
#include "midisynth/sound.h"
#include "midisynth/clients.h"

static void tell_client(struct client *client, UINT message, DWORD_PTR p1)
{
    DriverCallback(client->desc.dwCallback, HIWORD(client->flags), (HDRVR)client->desc.hMidi, message, client->desc.dwInstance, p1,
                   0);
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
            header = NULL;
            if (clients[n].open && clients[n].flags & MIDI_IO_COOKED) {
                header = clients[n].stream.played;
                if (header)
                    clients[n].stream.played = header->lpNext;
            } else if (clients[n].open && (header = clients[n].queue)) {
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

/* The master volume that a sound font says. */
static BOOL read_font(void)
{
    char path[MAX_TEXT + 1];
    const WCHAR *name = word(text_copy, "font=");
    BYTE bytes[2];
    DWORD got = 0;
    HANDLE file;
    int n;
    master = 16383;
    if (!name)
        return TRUE;
    for (n = 0; name[n] && name[n] != ' '; n++)
        path[n] = (char)name[n];
    path[n] = 0;
    file = CreateFileA(path, GENERIC_READ, FILE_SHARE_READ, NULL, OPEN_EXISTING, 0, NULL);
    if (file == INVALID_HANDLE_VALUE)
        return FALSE;
    if (ReadFile(file, bytes, sizeof bytes, &got, NULL) && got == sizeof bytes)
        master = bytes[0] + 128 * bytes[1];
    CloseHandle(file);
    return got == sizeof bytes;
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
    if (LOWORD(flags) & ~(MIDI_IO_STATUS | (option("streams=", 0) ? MIDI_IO_COOKED : 0)))
        return MMSYSERR_INVALFLAG;
    if (open_clients() == 0) {
        if (!read_font())
            return MMSYSERR_ERROR;
        if ((result = start()) != MMSYSERR_NOERROR)
            return result;
    }
    client->device = device;
    client->flags = flags;
    client->desc = *desc;
    client->queue = NULL;
    memset(&client->stream, 0, sizeof client->stream);
    client->stream.division = 96;
    client->stream.tempo = 500000;
    client->open = TRUE;
    *user = (DWORD_PTR)client;
    tell_client(client, MOM_OPEN, 0);
    return MMSYSERR_NOERROR;
}

static DWORD close_device(struct client *client)
{
    if (client->queue || client->stream.played)
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
    MIDIHDR *header[2], *all = NULL;
    int n;
    EnterCriticalSection(&lock);
    event_count = 0;
    end_voices(client->device, -1, -1);
    reset_channels(client->device);
    for (n = 0; n < 2; n++) {
        header[n] = n ? client->queue : client->stream.played;
        while (header[n]) {
            MIDIHDR *next = header[n]->lpNext;
            header[n]->lpNext = all;
            all = header[n];
            header[n] = next;
        }
    }
    client->queue = client->stream.played = NULL;
    client->stream.runs = client->stream.timed = FALSE;
    client->stream.at = 0;
    LeaveCriticalSection(&lock);
    while (all) {
        MIDIHDR *next = all->lpNext;
        give_back(client, all);
        all = next;
    }
    return MMSYSERR_NOERROR;
}

static DWORD stream_data(struct client *client, MIDIHDR *header)
{
    MIDIHDR **last = &client->queue;
    if ((header->dwFlags & (MHDR_PREPARED | MHDR_ISSTRM)) != (MHDR_PREPARED | MHDR_ISSTRM))
        return MIDIERR_UNPREPARED;
    header->dwFlags = (header->dwFlags & ~MHDR_DONE) | MHDR_INQUEUE;
    EnterCriticalSection(&lock);
    while (*last)
        last = &(*last)->lpNext;
    header->lpNext = NULL;
    *last = header;
    LeaveCriticalSection(&lock);
    return MMSYSERR_NOERROR;
}

static DWORD property(struct client *client, DWORD *property, DWORD what)
{
    DWORD *own = what & MIDIPROP_TIMEDIV ? &client->stream.division : &client->stream.tempo;
    if (property[0] < 8)
        return MMSYSERR_INVALPARAM;
    EnterCriticalSection(&lock);
    if (what & MIDIPROP_SET)
        *own = property[1];
    else
        property[1] = *own;
    LeaveCriticalSection(&lock);
    return MMSYSERR_NOERROR;
}

/* The messages of streams. */
static DWORD stream(struct client *client, UINT message, DWORD_PTR p1, DWORD_PTR p2)
{
    if (!(client->flags & MIDI_IO_COOKED))
        return MMSYSERR_NOTSUPPORTED;
    switch (message) {
    case MODM_STRMDATA:
        return stream_data(client, (MIDIHDR *)p1);
    case MODM_GETPOS:
        ((MMTIME *)p1)->wType = TIME_TICKS;
        ((MMTIME *)p1)->u.ticks = client->stream.ticks;
        return MMSYSERR_NOERROR;
    case MODM_PAUSE:
    case MODM_RESTART:
        client->stream.runs = message == MODM_RESTART;
        return MMSYSERR_NOERROR;
    case MODM_STOP:
        return reset(client);
    case MODM_PROPERTIES:
        return property(client, (DWORD *)p1, (DWORD)p2);
    default:
        return MMSYSERR_NOTSUPPORTED;
    }
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
    if (option("streams=", 0))
        wide.dwSupport |= MIDICAPS_STREAM;
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
    if (message < MODM_GETDEVCAPS || message > MODM_PROPERTIES)
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
    case MODM_SETVOLUME:
        volume = (DWORD)p1;
        return MMSYSERR_NOERROR;
    default:
        return stream(client, message, p1, p2);
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
