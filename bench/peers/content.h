/* The hash by which drvhost tells what it has decoded: BLAKE3, by its authors' C, which chooses the processor's best instructions as theirs for Rust does. */
#ifndef CONTENT_H
#define CONTENT_H

#include "peer.h"
#include <blake3.h>

/* Bytes that are hashed together, as in drvhost's `hash.rs`: BLAKE3 is quickest with as many as the processor has lanes for. */
#define TOGETHER 32768

struct content {
    blake3_hasher hasher;
    /* What is not hashed yet. */
    unsigned char rest[TOGETHER];
    size_t waiting;
};

static inline void begin_content(struct content *content)
{
    blake3_hasher_init(&content->hasher);
    content->waiting = 0;
}

static inline void add_content(struct content *content, const unsigned char *bytes, size_t size)
{
    if (content->waiting > 0) {
        size_t missing = TOGETHER - content->waiting, part = size < missing ? size : missing;
        memcpy(content->rest + content->waiting, bytes, part);
        content->waiting += part, bytes += part, size -= part;
        if (content->waiting < TOGETHER) return;
        blake3_hasher_update(&content->hasher, content->rest, TOGETHER);
    }
    content->waiting = size % TOGETHER;
    blake3_hasher_update(&content->hasher, bytes, size - content->waiting);
    memcpy(content->rest, bytes + size - content->waiting, content->waiting);
}

/* Lower-case hexadecimal, as drvhost prints it; there until the next. */
static inline const char *end_content(struct content *content)
{
    static char text[2 * BLAKE3_OUT_LEN + 1];
    unsigned char hash[BLAKE3_OUT_LEN];
    blake3_hasher_update(&content->hasher, content->rest, content->waiting);
    blake3_hasher_finalize(&content->hasher, hash, sizeof hash);
    for (size_t at = 0; at < sizeof hash; at++) snprintf(text + 2 * at, 3, "%02x", hash[at]);
    return text;
}

#endif
