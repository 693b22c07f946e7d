/* note_on DRIVER TEXT NOTES: plays notes on a synth that is opened with this text, one after the other, as a file of the form that
 * `synth/note_on.rs` says has them. Prints a line for each: the nanoseconds from the call of MODM_DATA until the driver had written the buffer
 * that the note begins in, and how many frames that beginning is behind the call. */
#include "synth.h"

#define NONE (~0ULL)

/* The first frame that is not silent. */
static ULONGLONG sounding = NONE;

static void hear(const SHORT *samples, DWORD frames, ULONGLONG at)
{
    DWORD n;
    for (n = 0; sounding == NONE && n < frames; n++)
        if (samples[2 * n] != 0 || samples[2 * n + 1] != 0) sounding = at + n;
}

int wmain(int count, wchar_t **arguments)
{
    need(count == 4, "note_on DRIVER TEXT NOTES");
    read_words(arguments[3]);
    open_synth(arguments[1], arguments[2]);
    for (DWORD notes = number(); notes > 0; notes--) {
        DWORD at = number(), due = number(), end = number(), on = number(), off = number();
        play_until(at);
        settle();
        need(sounding == NONE, "silence before a note");
        ULONGLONG before = device.written;
        LONGLONG start = now();
        need(tell(MODM_DATA, on, 0) == MMSYSERR_NOERROR, "MODM_DATA");
        play_until(due);
        settle();
        LONGLONG ticks = now() - start;
        ULONGLONG after = device.written;
        need(tell(MODM_DATA, off, 0) == MMSYSERR_NOERROR, "MODM_DATA");
        play_until(end);
        need(before <= sounding && sounding < after, "finding the note in what was written");
        printf("%.0f %u\n", nanoseconds(ticks), (unsigned)(sounding - at));
        /* The note's end has been played, too. */
        sounding = NONE;
    }
    close_synth();
    return 0;
}
