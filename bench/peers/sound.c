/* sound decode|encode DRIVER SOUND: converts a sound by an ACM driver once, as much at a time as drvhost does. Prints the nanoseconds from when driver and
 * sound were ready until all was converted and hashed, those from the program's start until then, the hash of what was made, and the nanoseconds that the driver took of the first.
 * The sound's file is made of little-endian 32-bit words: the size of the source's format and the format, the same of the destination, the size of the
 * data and the data. */
#include "content.h"
#include "words.h"

#define ACMDM_STREAM_OPEN 0x604C
#define ACMDM_STREAM_CLOSE 0x604D
#define ACMDM_STREAM_SIZE 0x604E
#define ACMDM_STREAM_CONVERT 0x604F
#define ACMDM_STREAM_PREPARE 0x6051
#define ACMDM_STREAM_UNPREPARE 0x6052
#define NONREALTIME 4
#define BLOCKALIGN 0x04
#define START 0x10
#define END 0x20
#define PREPARED 2

/* As Wine and its drivers have them: with the fields where the compiler puts them. */
struct description {
    DWORD cbStruct, fccType, fccComp, dwVersion, dwFlags, dwError;
    const wchar_t *pszSectionName, *pszAliasName;
    DWORD dnDevNode;
};

struct stream {
    DWORD cbStruct;
    void *pwfxSrc, *pwfxDst, *pwfltr;
    DWORD_PTR dwCallback, dwInstance;
    DWORD fdwOpen, fdwDriver;
    DWORD_PTR dwDriver;
    void *has;
};

struct size {
    DWORD cbStruct, fdwSize, cbSrcLength, cbDstLength;
};

/* This one is packed for everybody. */
#pragma pack(push, 1)
struct header {
    DWORD cbStruct, fdwStatus;
    DWORD_PTR dwUser;
    unsigned char *pbSrc;
    DWORD cbSrcLength, cbSrcLengthUsed;
    DWORD_PTR dwSrcUser;
    unsigned char *pbDst;
    DWORD cbDstLength, cbDstLengthUsed;
    DWORD_PTR dwDstUser;
    DWORD fdwConvert;
    void *padshNext;
    DWORD fdwDriver;
    DWORD_PTR dwDriver;
    DWORD fdwPrepared;
    void *dwPrepared;
    unsigned char *pbPreparedSrc;
    DWORD cbPreparedSrcLength;
    unsigned char *pbPreparedDst;
    DWORD cbPreparedDstLength;
};
#pragma pack(pop)

/* How much is given to the driver at a time, in whole blocks. */
#define PIECE 32768

static HDRVR driver;
static struct stream stream = { .cbStruct = sizeof stream, .fdwOpen = NONREALTIME };
static struct header header = { .cbStruct = sizeof header };
static struct content made;
/* Ticks of the performance counter while the driver converted. */
static LONGLONG converting;

/* Converts what is at `next`, and answers how much of it was used. */
static DWORD convert(DWORD size, DWORD flags)
{
    static DWORD start = START;
    memcpy(header.pbSrc, next, size);
    header.cbSrcLength = size;
    header.cbSrcLengthUsed = header.cbDstLengthUsed = 0;
    header.fdwStatus = PREPARED;
    header.fdwConvert = flags | start;
    start = 0;
    LONGLONG before = now();
    LRESULT answer = SendDriverMessage(driver, ACMDM_STREAM_CONVERT, (LPARAM)&stream, (LPARAM)&header);
    converting += now() - before;
    need(answer == 0 && header.cbSrcLengthUsed <= size, "ACMDM_STREAM_CONVERT");
    add_content(&made, header.pbDst, header.cbDstLengthUsed);
    next += header.cbSrcLengthUsed;
    return header.cbSrcLengthUsed;
}

static WAVEFORMATEX *read_format(void)
{
    DWORD size = number();
    WAVEFORMATEX *format = calloc(1, size + sizeof *format);
    need(format != NULL, "memory");
    memcpy(format, next, size);
    next += size;
    return format;
}

int wmain(int count, wchar_t **arguments)
{
    LONGLONG started = now();
#ifdef __i386__
    /* mingw's start sets the x87 to 64 bits of precision; in programs of Microsoft's compiler it has 53, and drivers count on that. */
    const unsigned short usual = 0x27f;
    __asm__ volatile("fldcw %0" : : "m"(usual));
#endif
    need(count == 4, "sound decode|encode DRIVER SOUND");
    int encodes = wcscmp(arguments[1], L"encode") == 0;
    read_words(arguments[3]);
    WAVEFORMATEX *source = read_format(), *destination = read_format();
    DWORD left = number();
    struct description description = { .cbStruct = sizeof description, .fccType = mmioFOURCC('a', 'u', 'd', 'c'), .dwVersion = 0x04000565 };
    description.pszSectionName = L"Drivers32";
    driver = open_driver(arguments[2], (LPARAM)&description);
    stream.pwfxSrc = source, stream.pwfxDst = destination, stream.has = &stream;
    need(SendDriverMessage(driver, ACMDM_STREAM_OPEN, (LPARAM)&stream, 0) == 0, "ACMDM_STREAM_OPEN");
    DWORD block = source->nBlockAlign > 0 ? source->nBlockAlign : 1, capacity = PIECE / block > 0 ? PIECE / block * block : block;
    struct size size = { .cbStruct = sizeof size, .cbSrcLength = capacity };
    need(SendDriverMessage(driver, ACMDM_STREAM_SIZE, (LPARAM)&stream, (LPARAM)&size) == 0, "ACMDM_STREAM_SIZE");
    header.pbSrc = header.pbPreparedSrc = calloc(1, capacity);
    header.pbDst = header.pbPreparedDst = calloc(1, size.cbDstLength);
    header.cbSrcLength = header.cbPreparedSrcLength = capacity;
    header.cbDstLength = header.cbPreparedDstLength = size.cbDstLength;
    header.dwPrepared = &stream;
    need(header.pbSrc != NULL && header.pbDst != NULL, "memory");
    /* One that has nothing to prepare answers MMSYSERR_NOTSUPPORTED. */
    LRESULT prepared = SendDriverMessage(driver, ACMDM_STREAM_PREPARE, (LPARAM)&stream, (LPARAM)&header);
    need(prepared == 0 || prepared == MMSYSERR_NOTSUPPORTED, "ACMDM_STREAM_PREPARE");
    begin_content(&made);
    LONGLONG ready = now();

    while (left > capacity || (encodes && left == capacity)) {
        DWORD used = convert(capacity, BLOCKALIGN);
        need(used > 0 || header.cbDstLengthUsed > 0, "using the sound");
        left -= used;
    }
    DWORD flags[] = { BLOCKALIGN | END, END };
    for (int step = 0; step < 2; step++) {
        while (left > 0 || step == 0) {
            DWORD used = convert(left, flags[step]);
            left -= used;
            int full = header.cbDstLengthUsed + destination->nBlockAlign > header.cbDstLength;
            if (!full && (used == 0 || left == 0)) break;
        }
    }
    need(left == 0, "using all of the sound");
    if (prepared == 0) {
        header.cbSrcLength = capacity;
        header.cbDstLengthUsed = 0;
        need(SendDriverMessage(driver, ACMDM_STREAM_UNPREPARE, (LPARAM)&stream, (LPARAM)&header) == 0, "ACMDM_STREAM_UNPREPARE");
        /* Some encoders keep their last frames until then; decoders may leave anything there. */
        if (encodes) add_content(&made, header.pbDst, header.cbDstLengthUsed);
    }
    const char *all = end_content(&made);
    LONGLONG done = now();
    SendDriverMessage(driver, ACMDM_STREAM_CLOSE, (LPARAM)&stream, 0);
    CloseDriver(driver, 0, 0);
    report_content(ready, started, done, all);
    printf("%.0f\n", nanoseconds(converting));
    return 0;
}
