/* What the peers share that read clips, as `clip.rs` writes them. */
#include "peer.h"

static unsigned char *next;

static DWORD number(void)
{
    DWORD value;
    memcpy(&value, next, sizeof value);
    next += sizeof value;
    return value;
}

/* FNV-1a over 64-bit words; what is left of the last one is 0. As in `frames.rs`. */
static unsigned long long hash(const unsigned char *bytes, size_t size)
{
    unsigned long long hash = 0xcbf29ce484222325;
    for (size_t at = 0; at < size; at += 8) {
        unsigned long long word = 0;
        memcpy(&word, bytes + at, size - at < 8 ? size - at : 8);
        hash = (hash ^ word) * 0x100000001b3;
    }
    return hash;
}

static void read_clip(const wchar_t *name)
{
    FILE *file = _wfopen(name, L"rb");
    need(file != NULL, "opening the clip");
    fseek(file, 0, SEEK_END);
    long size = ftell(file);
    rewind(file);
    next = malloc(size);
    need(next != NULL && fread(next, 1, size, file) == (size_t)size, "reading the clip");
    fclose(file);
}

/* Every message here answers ICERR_OK, except those that answer a size. */
static void ask(HDRVR driver, UINT message, void *one, void *other)
{
    need(SendDriverMessage(driver, message, (LPARAM)one, (LPARAM)other) == ICERR_OK, "a message to the codec");
}

/* The clip's format, with room for a palette behind it: drivers of that time read and write one behind any format. */
static BITMAPINFOHEADER *read_format(void)
{
    BITMAPINFOHEADER *format = calloc(1, 4096);
    DWORD size = number();
    need(format != NULL && size <= 2048, "a format of usual size");
    memcpy(format, next, size);
    next += size;
    return format;
}

static HDRVR open_codec(const wchar_t *file, const wchar_t *code, DWORD mode)
{
    ICOPEN open = { .dwSize = sizeof open, .fccType = ICTYPE_VIDEO, .dwVersion = 0x1000, .dwFlags = mode };
    open.fccHandler = mmioFOURCC(code[0], code[1], code[2], code[3]);
    return open_driver(file, (LPARAM)&open);
}

/* Prints what took how long, and what came of it. */
static void report(LONGLONG ticks, const unsigned long long *hashes, DWORD count)
{
    LARGE_INTEGER rate;
    QueryPerformanceFrequency(&rate);
    printf("%.0f\n", (double)ticks * 1e9 / (double)rate.QuadPart);
    for (DWORD at = 0; at < count; at++) printf("%016llx\n", hashes[at]);
}
