/* decode DRIVER FOURCC CLIP [bgr24]: decompresses a clip once, to the format that the driver names, and with the last word converts each picture
 * to BGR24, rows from the top, as the others do. Prints the nanoseconds that all ICM_DECOMPRESS took together, then the hash of each
 * picture, one a line. The clip's form is that of `clip.rs`. */
#include "clip.h"

/* Converts a picture of 24 bits a pixel, or of 15, to BGR24. */
static void convert(const BITMAPINFOHEADER *format, const unsigned char *picture, size_t stride, unsigned char *out)
{
    int height = abs(format->biHeight), width = format->biWidth;
    for (int row = 0; row < height; row++, out += 3 * width) {
        const unsigned char *from = picture + stride * (format->biHeight > 0 ? height - 1 - row : row);
        if (format->biBitCount == 24) {
            memcpy(out, from, 3 * width);
            continue;
        }
        const unsigned short *pixels = (const unsigned short *)from;
        for (int at = 0; at < width; at++) {
            unsigned blue = pixels[at] & 31, green = pixels[at] >> 5 & 31, red = pixels[at] >> 10 & 31;
            out[3 * at] = blue << 3 | blue >> 2;
            out[3 * at + 1] = green << 3 | green >> 2;
            out[3 * at + 2] = red << 3 | red >> 2;
        }
    }
}

int wmain(int count, wchar_t **arguments)
{
    int converts = count == 5 && wcscmp(arguments[4], L"bgr24") == 0;
    need((count == 4 || converts) && wcslen(arguments[2]) == 4, "decode DRIVER FOURCC CLIP [bgr24]");
    read_words(arguments[3]);
    BITMAPINFOHEADER *input = read_format(), *output = calloc(1, 4096);
    need(output != NULL, "memory");
    HDRVR driver = open_codec(arguments[1], arguments[2], ICMODE_DECOMPRESS);
    ask(driver, ICM_DECOMPRESS_QUERY, input, NULL);
    ask(driver, ICM_DECOMPRESS_GET_FORMAT, input, output);
    ask(driver, ICM_DECOMPRESS_BEGIN, input, output);

    DWORD frames = number(), frame;
    size_t stride = ((size_t)output->biWidth * output->biBitCount + 31) / 32 * 4, bytes = stride * abs(output->biHeight);
    size_t pixels = (size_t)output->biWidth * abs(output->biHeight);
    unsigned char *picture = calloc(1, bytes), *bgr = calloc(3, pixels);
    need(!converts || (output->biCompression == BI_RGB && (output->biBitCount == 24 || output->biBitCount == 16)), "15 or 24 bits a pixel");
    unsigned long long *hashes = calloc(frames, sizeof *hashes);
    need(picture != NULL && bgr != NULL && hashes != NULL, "memory");
    LONGLONG ticks = 0;
    for (frame = 0; frame < frames; frame++) {
        ICDECOMPRESS parameters = { .lpbiInput = input, .lpbiOutput = output, .lpOutput = picture };
        input->biSizeImage = number();
        parameters.dwFlags = number();
        parameters.lpInput = next;
        next += input->biSizeImage;
        LARGE_INTEGER start, end;
        QueryPerformanceCounter(&start);
        LRESULT answer = SendDriverMessage(driver, ICM_DECOMPRESS, (LPARAM)&parameters, sizeof parameters);
        QueryPerformanceCounter(&end);
        need(answer == ICERR_OK, "ICM_DECOMPRESS");
        ticks += end.QuadPart - start.QuadPart;
        if (converts) convert(output, picture, stride, bgr);
        hashes[frame] = converts ? hash(bgr, 3 * pixels) : hash(picture, bytes);
    }
    SendDriverMessage(driver, ICM_DECOMPRESS_END, 0, 0);
    CloseDriver(driver, 0, 0);
    report(ticks, hashes, frames);
    return 0;
}
