/* What midisynth.c plays: channels, voices, events in the order of their times, and streams. */
#include "../codec.h"

#define RATE 44100
#define MOST_BUFFERS 16
#define MOST_FRAMES 4096
#define VOICES 64
#define CLIENTS 4
#define DEVICES 2
#define EVENTS 131072

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
#define MODM_STRMDATA 14
#define MODM_GETPOS 17
#define MODM_PAUSE 18
#define MODM_RESTART 19
#define MODM_STOP 20
#define MODM_PROPERTIES 21
#define MIDI_IO_COOKED 2
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
    struct {
        BOOL runs, timed;
        DWORD division, tempo, at, wait, ticks;
        ULONGLONG passed;
        MIDIHDR *played;
    } stream;
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

/* Does the events of a stream that are due; a buffer whose events are done is put aside. */
static void do_events(struct client *client)
{
    MIDIHDR *header;
    while ((header = client->queue)) {
        const DWORD *event = (const DWORD *)(header->lpData + client->stream.at);
        if (client->stream.at + 12 > header->dwBytesRecorded) {
            MIDIHDR **last = &client->stream.played;
            client->queue = header->lpNext;
            client->stream.at = 0;
            while (*last)
                last = &(*last)->lpNext;
            header->lpNext = NULL;
            *last = header;
            continue;
        }
        if (!client->stream.timed)
            client->stream.wait = event[0];
        client->stream.timed = TRUE;
        if (client->stream.wait)
            return;
        client->stream.timed = FALSE;
        client->stream.at += 12;
        switch (event[2] >> 24 & ~0x40) {
        case 0: /* MEVT_SHORTMSG */
            play(client->device, event[2]);
            break;
        case 1: /* MEVT_TEMPO */
            client->stream.tempo = event[2] & 0xFFFFFF;
            break;
        case 0x80: /* MEVT_LONGMSG */
            swallow((const BYTE *)(event + 3), event[2] & 0xFFFFFF);
            client->stream.at += ((event[2] & 0xFFFFFF) + 3) & ~3;
            break;
        }
    }
}

/* A sample's time passes for a stream. */
static void advance(struct client *client)
{
    ULONGLONG tick = (ULONGLONG)client->stream.tempo * RATE;
    do_events(client);
    client->stream.passed += (ULONGLONG)client->stream.division * 1000000;
    while (client->stream.passed >= tick) {
        client->stream.passed -= tick;
        client->stream.ticks++;
        if (client->stream.timed && client->stream.wait)
            client->stream.wait--;
        do_events(client);
    }
}

/* The events are in the order of their times. */
static void render(SHORT *to)
{
    int n, c, done = 0;
    for (n = 0; n < player.frames; n++) {
        while (!held && done < event_count && events[done].at <= player.written + n) {
            play(events[done].device, events[done].message);
            done++;
        }
        for (c = 0; c < CLIENTS; c++)
            if (clients[c].open && clients[c].stream.runs)
                advance(&clients[c]);
        render_sample(to + 2 * n);
    }
    memmove(events, events + done, (event_count - done) * sizeof *events);
    event_count -= done;
    player.written += player.frames;
}
