/* As much of an AVI file as decoding its first video stream needs, where the file is whole. */
#ifndef AVI_H
#define AVI_H

#include "peer.h"

#define MOST_FRAMES 4096

struct frame {
    unsigned char *bytes;
    DWORD size;
    /* Whether the index says that it needs no other. */
    int key;
};

struct avi {
    unsigned char *file;
    /* A BITMAPINFO with room for a palette behind it. */
    BITMAPINFOHEADER *format;
    struct frame frames[MOST_FRAMES];
    DWORD count;
    /* The number of the stream, as chunks have it: "00". */
    char number[3];
    /* How many streams there were before, and whether the one at hand is the one. */
    int streams, wanted;
};

static inline DWORD word(const unsigned char *bytes)
{
    DWORD value;
    memcpy(&value, bytes, sizeof value);
    return value;
}

static inline int is(const unsigned char *name, const char *wanted)
{
    return memcmp(name, wanted, 4) == 0;
}

static inline void read_chunks(struct avi *avi, unsigned char *at, const unsigned char *end)
{
    for (; end - at >= 8; at += 8 + ((size_t)word(at + 4) + 1) / 2 * 2) {
        unsigned char *body = at + 8;
        DWORD size = word(at + 4);
        need(size <= (size_t)(end - body), "a whole file");
        if (is(at, "RIFF") || is(at, "LIST")) {
            read_chunks(avi, body + 4, body + size);
        } else if (is(at, "strh")) {
            avi->wanted = is(body, "vids") && avi->format == NULL;
            if (avi->wanted) snprintf(avi->number, sizeof avi->number, "%02d", avi->streams);
            avi->streams++;
        } else if (is(at, "strf") && avi->wanted) {
            avi->format = calloc(1, 4096);
            need(avi->format != NULL && size <= 2048, "a format of usual size");
            memcpy(avi->format, body, size);
        } else if (memcmp(at, avi->number, 2) == 0 && at[2] == 'd' && size > 0) {
            need(avi->count < MOST_FRAMES, "few frames");
            avi->frames[avi->count++] = (struct frame){ body, size, 0 };
        } else if (is(at, "idx1")) {
            DWORD frame = 0;
            for (DWORD entry = 0; entry + 16 <= size; entry += 16) {
                if (memcmp(body + entry, avi->number, 2) != 0 || body[entry + 2] != 'd') continue;
                if (word(body + entry + 12) > 0 && frame < avi->count) avi->frames[frame++].key = word(body + entry + 4) & AVIIF_KEYFRAME;
            }
        }
    }
}

static inline struct avi *read_avi(const wchar_t *name)
{
    struct avi *avi = calloc(1, sizeof *avi);
    FILE *file = _wfopen(name, L"rb");
    need(avi != NULL && file != NULL, "opening the clip");
    fseek(file, 0, SEEK_END);
    long size = ftell(file);
    rewind(file);
    avi->file = malloc(size);
    need(avi->file != NULL && fread(avi->file, 1, size, file) == (size_t)size, "reading the clip");
    fclose(file);
    read_chunks(avi, avi->file, avi->file + size);
    need(avi->format != NULL && avi->count > 0, "a video stream with frames");
    return avi;
}

static inline void free_avi(struct avi *avi)
{
    free(avi->format);
    free(avi->file);
    free(avi);
}

#endif
