/*
 * Has a thread change what lies in the memory that is shared with the host, while the host reads it: each of the last structures that the driver was shown, and
 * what pointers in it lead to. A word has another value for a moment, and then again the one before, so that what is looked at twice differs.
 */

/* Where the guest sees that memory. */
#define SHARED_BEGIN 0x70000000u
#define SHARED_END 0x80000000u

#define RACING_PLACES 32
#define RACING_WORDS 32
/* How many words are others at a time. */
#define RACING_AT_ONCE 8
static volatile DWORD *volatile racing_places[RACING_PLACES];
static unsigned racing_count;

static int is_shared(ULONG_PTR value)
{
    return value >= SHARED_BEGIN && value < SHARED_END - 4 * RACING_WORDS;
}

static DWORD WINAPI change_all(void *nothing)
{
    static const DWORD odd[] = {0, 1, 2, 40, 0x7FFF, 0xFFFF, 0x10000, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 0xFFFFFFD8, 0x41414141, 0x00410041, 0x10000000, 0x7FFFFFF0, 0x08000000};
    unsigned number = 1;
    (void)nothing;
    for (;;) {
        volatile DWORD *words[RACING_AT_ONCE];
        DWORD before[RACING_AT_ONCE];
        unsigned n, count = 0;
        for (n = 0; n < RACING_AT_ONCE; n++) {
            volatile DWORD *place;
            number = number * 1664525 + 1013904223;
            place = racing_places[(number >> 24) % RACING_PLACES];
            if (!place)
                continue;
            words[count] = place + (number >> 16) % RACING_WORDS;
            before[count] = *words[count];
            *words[count++] = number & 0x8000 ? odd[(number >> 10) % 16] : number;
        }
        for (n = (number >> 8) % 128; n > 0; n--)
            __asm__ volatile("pause");
        /* The last one first, as it may have been changed twice. */
        while (count-- > 0)
            *words[count] = before[count];
    }
    return 0;
}

static void race(ULONG_PTR value)
{
    unsigned n;
    if (!is_shared(value))
        return;
    if (racing_count == 0)
        CreateThread(NULL, 0, change_all, NULL, 0, NULL);
    racing_places[racing_count++ % RACING_PLACES] = (volatile DWORD *)(value & ~(ULONG_PTR)3);
    /* Some structures are packed to bytes. */
    for (n = 0; n < 100; n += 2) {
        ULONG_PTR further;
        memcpy(&further, (const char *)value + n, sizeof further);
        if (is_shared(further))
            racing_places[racing_count++ % RACING_PLACES] = (volatile DWORD *)(further & ~(ULONG_PTR)3);
    }
}
