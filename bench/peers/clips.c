/* clips DRIVER FOURCC AVI OUTPUT: decodes a clip, writes its pictures into a file as BGR24, and prints a hash of them, and how many nanoseconds decoding, converting, hashing and
 * writing took.
 * clips: says that it is ready; then does the same for each line of standard input, with tabs between the four. */
#include "avi.h"
#include "bgr24.h"
#include "clip.h"
#include "content.h"
#include "ticks.h"

static double working;

static const char *decode(const wchar_t *file, const wchar_t *code, const wchar_t *clip, const wchar_t *out)
{
    struct avi *avi = read_avi(clip);
    BITMAPINFOHEADER *output = calloc(1, 4096);
    need(output != NULL, "memory");
    HDRVR driver = open_codec(file, code, ICMODE_DECOMPRESS);
    ask(driver, ICM_DECOMPRESS_QUERY, avi->format, NULL);
    ask(driver, ICM_DECOMPRESS_GET_FORMAT, avi->format, output);
    ask(driver, ICM_DECOMPRESS_BEGIN, avi->format, output);
    need(can_convert(output), "8, 15 or 24 bits a pixel");
    size_t bytes = row_size(output) * abs(output->biHeight), bgr_bytes = (size_t)3 * output->biWidth * abs(output->biHeight);
    unsigned char *picture = calloc(1, bytes), *bgr = calloc(1, bgr_bytes + BGR24_SPARE);
    FILE *made = _wfopen(out, L"wb");
    need(picture != NULL && bgr != NULL && made != NULL, "memory and a file");
    /* Each picture is written as it is: another buffer would be one more copy. */
    setvbuf(made, NULL, _IONBF, 0);
    static struct content content;
    begin_content(&content);
    double begun = seconds();
    for (DWORD at = 0; at < avi->count; at++) {
        struct frame *frame = &avi->frames[at];
        ICDECOMPRESS parameters = { .lpbiInput = avi->format, .lpInput = frame->bytes, .lpbiOutput = output, .lpOutput = picture };
        parameters.dwFlags = frame->key ? 0 : ICDECOMPRESS_NOTKEYFRAME;
        avi->format->biSizeImage = frame->size;
        ask(driver, ICM_DECOMPRESS, &parameters, (void *)sizeof parameters);
        convert(output, picture, bgr);
        add_content(&content, bgr, bgr_bytes);
        need(fwrite(bgr, 1, bgr_bytes, made) == bgr_bytes, "writing");
    }
    need(fclose(made) == 0, "writing");
    working = seconds() - begun;
    SendDriverMessage(driver, ICM_DECOMPRESS_END, 0, 0);
    CloseDriver(driver, 0, 0);
    free(picture);
    free(bgr);
    free(output);
    free_avi(avi);
    return end_content(&content);
}

int wmain(int count, wchar_t **arguments)
{
    if (count == 5) {
        const char *hash = decode(arguments[1], arguments[2], arguments[3], arguments[4]);
        printf("%s %.0f\n", hash, working * 1e9);
        return 0;
    }
    need(count == 1, "clips [DRIVER FOURCC AVI OUTPUT]");
    printf("ready\n");
    fflush(stdout);
    static char line[4096];
    while (fgets(line, sizeof line, stdin) != NULL) {
        static wchar_t wide[4096];
        wchar_t *words[4] = { wide };
        int word = 0;
        mbstowcs(wide, line, sizeof wide / sizeof *wide);
        for (wchar_t *at = wide; *at != 0; at++) {
            if (*at == L'\r' || *at == L'\n') *at = 0;
            if (*at != L'\t') continue;
            *at = 0;
            need(++word < 4, "four words a line");
            words[word] = at + 1;
        }
        need(word == 3, "four words a line");
        /* So that the library stays, and need not be loaded for each clip. */
        LoadLibraryW(words[0]);
        const char *hash = decode(words[0], words[1], words[2], words[3]);
        printf("%s %.0f\n", hash, working * 1e9);
        fflush(stdout);
    }
    return 0;
}
