/* synth DRIVER TEXT SONG: plays a song on a synth that is opened with this text. Prints the nanoseconds from the first event until
 * the last sample was there, hashing included, those that the program has taken from its start, and the hash of all samples. A song's file has the form that `synth/song.rs` says. */
#include "synth.h"

/* The song's samples begin behind what the driver had rendered before the first event. */
static ULONGLONG ahead;
static BYTE *song;

static void hear(const SHORT *samples, DWORD frames, ULONGLONG at)
{
    DWORD before = at >= ahead ? 0 : ahead - at < frames ? (DWORD)(ahead - at) : frames;
    memcpy(song + (at + before - ahead) * FRAME, samples + 2 * before, (size_t)(frames - before) * FRAME);
}

int wmain(int count, wchar_t **arguments)
{
    LONGLONG started = now();
    need(count == 4, "synth DRIVER TEXT SONG");
    read_words(arguments[3]);
    DWORD frames = number(), events = number();
    song = malloc((size_t)frames * FRAME);
    need(song != NULL, "memory");
    open_synth(arguments[1], arguments[2]);
    ahead = device.written;
    LONGLONG first = now();
    while (events-- > 0) {
        play_until(number());
        need(tell(MODM_DATA, number(), 0) == MMSYSERR_NOERROR, "MODM_DATA");
    }
    play_until(ahead + frames);
    unsigned long long heard = hash(song, (size_t)frames * FRAME);
    LONGLONG ticks = now() - first;
    close_synth();
    printf("%.0f\n%.0f\n%016llx\n", nanoseconds(ticks), nanoseconds(now() - started), heard);
    return 0;
}
