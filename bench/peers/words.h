/* What the peers share that read a file of little-endian 32-bit words and hash what they made. */
#ifndef WORDS_H
#define WORDS_H

#include "peer.h"

/* What of the file has not been read yet. */
static unsigned char *next;

static inline DWORD number(void)
{
    DWORD value;
    memcpy(&value, next, sizeof value);
    next += sizeof value;
    return value;
}

/* FNV-1a over 64-bit words, of which each goes into the next of four sums, so that they need not wait for each other; what is left of the last
 * word is 0. As in `frames.rs`. */
static inline unsigned long long hash(const unsigned char *bytes, size_t size)
{
    const unsigned long long basis = 0xcbf29ce484222325, prime = 0x100000001b3;
    unsigned long long sums[4] = { basis, basis, basis, basis };
    size_t at = 0;
    for (; at + 32 <= size; at += 32) {
        unsigned long long words[4];
        memcpy(words, bytes + at, 32);
        for (int sum = 0; sum < 4; sum++) sums[sum] = (sums[sum] ^ words[sum]) * prime;
    }
    for (int sum = 0; at < size; at += 8, sum++) {
        unsigned long long word = 0;
        memcpy(&word, bytes + at, size - at < 8 ? size - at : 8);
        sums[sum] = (sums[sum] ^ word) * prime;
    }
    unsigned long long hash = basis;
    for (int sum = 0; sum < 4; sum++) hash = (hash ^ sums[sum]) * prime;
    return hash;
}

static inline void read_words(const wchar_t *name)
{
    FILE *file = _wfopen(name, L"rb");
    need(file != NULL, "opening the input");
    fseek(file, 0, SEEK_END);
    long size = ftell(file);
    rewind(file);
    next = malloc(size);
    need(next != NULL && fread(next, 1, size, file) == (size_t)size, "reading the input");
    fclose(file);
}

/* The performance counter. */
static inline LONGLONG now(void)
{
    LARGE_INTEGER ticks;
    QueryPerformanceCounter(&ticks);
    return ticks.QuadPart;
}

/* Nanoseconds that so many ticks of the performance counter are. */
static inline double nanoseconds(LONGLONG ticks)
{
    LARGE_INTEGER rate;
    QueryPerformanceFrequency(&rate);
    return (double)ticks * 1e9 / (double)rate.QuadPart;
}

/* Prints how long it took from when all was ready and from the program's start until it was done, and the hash of what was made. */
static inline void report_content(LONGLONG ready, LONGLONG started, LONGLONG done, const char *hash)
{
    printf("%.0f\n%.0f\n%s\n", nanoseconds(done - ready), nanoseconds(done - started), hash);
}

#endif
