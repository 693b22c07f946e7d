/* What the peers share that read clips, as `clip.rs` writes them. */
#ifndef CLIP_H
#define CLIP_H

#include "words.h"

/* Every message here answers ICERR_OK, except those that answer a size. */
static inline void ask(HDRVR driver, UINT message, void *one, void *other)
{
    need(SendDriverMessage(driver, message, (LPARAM)one, (LPARAM)other) == ICERR_OK, "a message to the codec");
}

/* The clip's format, with room for a palette behind it: drivers of that time read and write one behind any format. */
static inline BITMAPINFOHEADER *read_format(void)
{
    BITMAPINFOHEADER *format = calloc(1, 4096);
    DWORD size = number();
    need(format != NULL && size <= 2048, "a format of usual size");
    memcpy(format, next, size);
    next += size;
    return format;
}

static inline HDRVR open_codec(const wchar_t *file, const wchar_t *code, DWORD mode)
{
    ICOPEN open = { .dwSize = sizeof open, .fccType = ICTYPE_VIDEO, .dwVersion = 0x1000, .dwFlags = mode };
    open.fccHandler = mmioFOURCC(code[0], code[1], code[2], code[3]);
    return open_driver(file, (LPARAM)&open);
}

/* Prints how long the driver took, how long all of it has taken since `started`, and what came of it. */
static inline void report(LONGLONG ticks, LONGLONG started, const unsigned long long *hashes, DWORD count)
{
    printf("%.0f\n", nanoseconds(ticks));
    printf("%.0f\n", nanoseconds(now() - started));
    for (DWORD at = 0; at < count; at++) printf("%016llx\n", hashes[at]);
}

#endif
