/* Pictures as drvhost has them: BGR24, rows from the top, nothing between them. */
#ifndef BGR24_H
#define BGR24_H

#include "peer.h"
#include <tmmintrin.h>

/* How far beyond its last pixel a row may be written, so room for as much has to be behind a picture. */
#define BGR24_SPARE 16

/* Four pixels of 32 bits each, of which the last 8 are 0, to 12 bytes. */
static inline __attribute__((target("ssse3"))) void store4(unsigned char *out, __m128i pixels)
{
    const __m128i places = _mm_setr_epi8(0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14, -1, -1, -1, -1);
    _mm_storeu_si128((__m128i *)out, _mm_shuffle_epi8(pixels, places));
}

static inline __attribute__((target("ssse3"))) __m128i widen5(__m128i words)
{
    __m128i five = _mm_and_si128(words, _mm_set1_epi16(31));
    return _mm_or_si128(_mm_slli_epi16(five, 3), _mm_srli_epi16(five, 2));
}

/* A row of 15 bits a pixel, eight pixels at a time: a byte at a time would take longer than most drivers. */
static inline __attribute__((target("ssse3"))) void row_of_15(const unsigned short *from, int width, unsigned char *out)
{
    int at = 0;
    for (; at + 8 <= width; at += 8) {
        __m128i words = _mm_loadu_si128((const __m128i *)(from + at));
        __m128i blue_green = _mm_or_si128(widen5(words), _mm_slli_epi16(widen5(_mm_srli_epi16(words, 5)), 8));
        __m128i red = widen5(_mm_srli_epi16(words, 10));
        store4(out + 3 * at, _mm_unpacklo_epi16(blue_green, red));
        store4(out + 3 * at + 12, _mm_unpackhi_epi16(blue_green, red));
    }
    for (; at < width; at++) {
        unsigned blue = from[at] & 31, green = from[at] >> 5 & 31, red = from[at] >> 10 & 31;
        out[3 * at] = blue << 3 | blue >> 2;
        out[3 * at + 1] = green << 3 | green >> 2;
        out[3 * at + 2] = red << 3 | red >> 2;
    }
}

/* Whether pictures of a format can be converted: of 24 bits a pixel, 15, or 8 with a palette. */
static inline int can_convert(const BITMAPINFOHEADER *format)
{
    return format->biCompression == BI_RGB
        && (format->biBitCount == 24 || format->biBitCount == 16 || format->biBitCount == 8);
}

static inline size_t row_size(const BITMAPINFOHEADER *format)
{
    return ((size_t)format->biWidth * format->biBitCount + 31) / 32 * 4;
}

/* Converts a picture of a format with its palette behind it. */
static inline void convert(const BITMAPINFOHEADER *format, const unsigned char *picture, unsigned char *out)
{
    int height = abs(format->biHeight), width = format->biWidth;
    size_t stride = row_size(format);
    const DWORD *palette = (const DWORD *)((const unsigned char *)format + format->biSize);
    for (int row = 0; row < height; row++, out += 3 * width) {
        const unsigned char *from = picture + stride * (format->biHeight > 0 ? height - 1 - row : row);
        if (format->biBitCount == 24) {
            memcpy(out, from, 3 * width);
        } else if (format->biBitCount == 16) {
            row_of_15((const unsigned short *)from, width, out);
        } else {
            /* Each writes one byte of the next one, which is written later. */
            for (int at = 0; at < width; at++) memcpy(out + 3 * at, &palette[from[at]], 4);
        }
    }
}

#endif
