/* decode DRIVER FOURCC CLIP: decompresses a clip once, to the format that the driver names. Prints the nanoseconds that all ICM_DECOMPRESS took
 * together, those that the program has taken from its start, and the hash of each picture, one a line. The clip's form is that of `clip.rs`.
 * decode DRIVER FOURCC CLIP bgr24: also converts each picture to BGR24, rows from the top, as the others do. Prints the nanoseconds from when driver and
 * frames were ready until all was decoded, converted and hashed, those from the program's start until then, and the hash of all pictures. */
#include "bgr24.h"
#include "clip.h"
#include "content.h"

int wmain(int count, wchar_t **arguments)
{
    LONGLONG started = now();
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
    size_t bytes = row_size(output) * abs(output->biHeight), bgr_bytes = (size_t)3 * output->biWidth * abs(output->biHeight);
    unsigned char *picture = calloc(1, bytes), *bgr = calloc(1, bgr_bytes + BGR24_SPARE);
    need(!converts || can_convert(output), "8, 15 or 24 bits a pixel");
    unsigned long long *hashes = calloc(frames, sizeof *hashes);
    need(picture != NULL && bgr != NULL && hashes != NULL, "memory");
    static struct content content;
    begin_content(&content);
    LONGLONG ticks = 0, ready = now();
    for (frame = 0; frame < frames; frame++) {
        ICDECOMPRESS parameters = { .lpbiInput = input, .lpbiOutput = output, .lpOutput = picture };
        input->biSizeImage = number();
        parameters.dwFlags = number();
        parameters.lpInput = next;
        next += input->biSizeImage;
        LONGLONG start = now();
        LRESULT answer = SendDriverMessage(driver, ICM_DECOMPRESS, (LPARAM)&parameters, sizeof parameters);
        ticks += now() - start;
        need(answer == ICERR_OK, "ICM_DECOMPRESS");
        if (converts) {
            convert(output, picture, bgr);
            add_content(&content, bgr, bgr_bytes);
        } else {
            hashes[frame] = hash(picture, bytes);
        }
    }
    const char *all = end_content(&content);
    LONGLONG done = now();
    SendDriverMessage(driver, ICM_DECOMPRESS_END, 0, 0);
    CloseDriver(driver, 0, 0);
    if (converts) {
        report_content(ready, started, done, all);
    } else {
        report(ticks, started, hashes, frames);
    }
    return 0;
}
