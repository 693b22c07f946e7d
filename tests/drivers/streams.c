/*
 * A MIDI driver that opens a wave output stream for each note, and closes it with the note: a level of half of what there is, for two seconds at most. By channel these are 16 bits at 44.1 kHz in
 * two channels, 8 bits at 22.05 kHz in one, and floating-point at 48 kHz in two. Long messages are refused.
 */
#include "codec.h"

#define KINDS 3
#define SECONDS 2
#define WAVE_FORMAT_IEEE_FLOAT 3

static struct stream {
    HWAVEOUT device;
    WAVEHDR header;
} streams[KINDS];

static WAVEFORMATEX formats[KINDS] = {
    {WAVE_FORMAT_PCM, 2, 44100, 44100 * 4, 4, 16, 0},
    {WAVE_FORMAT_PCM, 1, 22050, 22050, 1, 8, 0},
    {WAVE_FORMAT_IEEE_FLOAT, 2, 48000, 48000 * 8, 8, 32, 0},
};

static BYTE samples[KINDS][SECONDS * 48000 * 8];

static void fill(int kind)
{
    DWORD n, length = SECONDS * formats[kind].nAvgBytesPerSec;
    for (n = 0; n < length; n++)
        switch (kind) {
        case 0:
            samples[kind][n] = n % 2 ? 0x40 : 0;
            break;
        case 1:
            samples[kind][n] = 0xC0;
            break;
        default:
            samples[kind][n] = n % 4 == 3 ? 0x3F : 0;
        }
    streams[kind].header.lpData = (LPSTR)samples[kind];
    streams[kind].header.dwBufferLength = length;
}

static DWORD begin(int kind)
{
    struct stream *stream = &streams[kind];
    DWORD result;
    if (stream->device)
        return MMSYSERR_NOERROR;
    result = waveOutOpen(&stream->device, WAVE_MAPPER, &formats[kind], 0, 0, CALLBACK_NULL);
    if (result != MMSYSERR_NOERROR)
        return result;
    memset(&stream->header, 0, sizeof stream->header);
    fill(kind);
    waveOutPrepareHeader(stream->device, &stream->header, sizeof stream->header);
    return waveOutWrite(stream->device, &stream->header, sizeof stream->header);
}

static DWORD end(int kind)
{
    struct stream *stream = &streams[kind];
    if (stream->device) {
        waveOutReset(stream->device);
        waveOutUnprepareHeader(stream->device, &stream->header, sizeof stream->header);
        waveOutClose(stream->device);
        stream->device = NULL;
    }
    return MMSYSERR_NOERROR;
}

__declspec(dllexport) DWORD WINAPI modMessage(UINT device, UINT message, DWORD_PTR user, DWORD_PTR p1, DWORD_PTR p2)
{
    int kind;
    see(0x10000 + message, 0, 0);
    switch (message) {
    case 1: /* MODM_GETNUMDEVS */
        return 1;
    case 3: /* MODM_OPEN */
        return MMSYSERR_NOERROR;
    case 4: /* MODM_CLOSE */
    case 9: /* MODM_RESET */
        for (kind = 0; kind < KINDS; kind++)
            end(kind);
        return MMSYSERR_NOERROR;
    case 7: /* MODM_DATA */
        kind = (p1 & 15) % KINDS;
        switch (p1 & 0xF0) {
        case 0x90:
            return begin(kind);
        case 0x80:
            return end(kind);
        }
        return MMSYSERR_NOERROR;
    case 8: /* MODM_LONGDATA */
        return MMSYSERR_INVALPARAM;
    default:
        return MMSYSERR_NOTSUPPORTED;
    }
}

__declspec(dllexport) LRESULT CALLBACK DriverProc(DWORD_PTR id, HDRVR hdrvr, UINT message, LPARAM l1, LPARAM l2)
{
    if (message == CODEC_SEEN)
        return tell((struct seen *)l1);
    return spy(id, hdrvr, message, l1, l2);
}
