/*
 * What the test codecs share: spy.c with its instances and its log, and a record of what each message's parameters pointed at.
 *
 * A codec's DriverProc calls `see` first, and leaves to `spy` what it does not do itself.
 */
#define DriverProc spy
#include "spy.c"
#undef DriverProc

/* The layout that src/seen.rs reads and writes. */
#define SEEN_BYTES 128
struct seen {
    LONGLONG message, index;
    BYTE first[SEEN_BYTES], second[SEEN_BYTES];
};
#define MAX_SEEN 64
static struct seen all_seen[MAX_SEEN];
static int seen_count;

/* Guest memory lies below 2 GiB; what is no address in it is a number. */
static int is_address(LPARAM value)
{
    return value >= 0x10000 && value < 0x80000000;
}

static void look(BYTE *bytes, LPARAM value)
{
    int n;
    for (n = 0; is_address(value) && n < SEEN_BYTES; n++)
        bytes[n] = ((const BYTE *)value)[n];
}

#ifdef RACING
#include "racing.h"
#else
#define race(value) ((void)(value))
#endif

/* Keeps what the parameters point at as it is now; NULL when there is no room left. */
static struct seen *see(UINT message, LPARAM l1, LPARAM l2)
{
    struct seen *seen = seen_count < MAX_SEEN ? &all_seen[seen_count++] : NULL;
    race(l1);
    race(l2);
    if (seen) {
        seen->message = message;
        look(seen->first, l1);
        look(seen->second, l2);
    }
    return seen;
}

/* Answers a question for the message that came as the `index`th of its number; 0 if none did. */
static LRESULT tell(struct seen *question)
{
    LONGLONG index = question->index;
    int n;
    for (n = 0; n < seen_count; n++)
        if (all_seen[n].message == question->message && index-- == 0) {
            memcpy(question->first, all_seen[n].first, sizeof(question->first));
            memcpy(question->second, all_seen[n].second, sizeof(question->second));
            return 1;
        }
    return 0;
}
