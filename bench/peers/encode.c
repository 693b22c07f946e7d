/* encode DRIVER FOURCC CLIP: compresses the pictures of a clip once, each as a key frame. Prints the nanoseconds that all ICM_COMPRESS took
 * together, those that the program has taken from its start, and the hash of each frame, one a line. The clip's form is that of `clip.rs`; its frames are the pictures. */
#include "clip.h"

int wmain(int count, wchar_t **arguments)
{
    LONGLONG started = now();
    need(count == 4 && wcslen(arguments[2]) == 4, "encode DRIVER FOURCC CLIP");
    read_words(arguments[3]);
    BITMAPINFOHEADER *input = read_format(), *output = calloc(1, 4096);
    need(output != NULL, "memory");
    HDRVR driver = open_codec(arguments[1], arguments[2], ICMODE_COMPRESS);
    ask(driver, ICM_COMPRESS_QUERY, input, NULL);
    ask(driver, ICM_COMPRESS_GET_FORMAT, input, output);
    ask(driver, ICM_COMPRESS_QUERY, input, output);
    LRESULT room = SendDriverMessage(driver, ICM_COMPRESS_GET_SIZE, (LPARAM)input, (LPARAM)output);
    need(room > 0, "ICM_COMPRESS_GET_SIZE");
    DWORD quality = ICQUALITY_DEFAULT;
    if (SendDriverMessage(driver, ICM_GETDEFAULTQUALITY, (LPARAM)&quality, 0) != ICERR_OK) quality = ICQUALITY_DEFAULT;
    ask(driver, ICM_COMPRESS_BEGIN, input, output);

    DWORD frames = number(), frame;
    unsigned char *made = calloc(1, room + 65536);
    unsigned long long *hashes = calloc(frames, sizeof *hashes);
    need(made != NULL && hashes != NULL, "memory");
    LONGLONG ticks = 0;
    for (frame = 0; frame < frames; frame++) {
        DWORD size = number(), chunk = 0, flags = AVIIF_KEYFRAME;
        number();
        ICCOMPRESS parameters = {
            .dwFlags = ICCOMPRESS_KEYFRAME, .lpbiOutput = output, .lpOutput = made, .lpbiInput = input, .lpInput = next,
            .lpckid = &chunk, .lpdwFlags = &flags, .lFrameNum = frame, .dwQuality = quality,
        };
        next += size;
        output->biSizeImage = 0;
        LONGLONG start = now();
        LRESULT answer = SendDriverMessage(driver, ICM_COMPRESS, (LPARAM)&parameters, sizeof parameters);
        ticks += now() - start;
        need(answer == ICERR_OK, "ICM_COMPRESS");
        hashes[frame] = hash(made, output->biSizeImage);
    }
    SendDriverMessage(driver, ICM_COMPRESS_END, 0, 0);
    CloseDriver(driver, 0, 0);
    report(ticks, started, hashes, frames);
    return 0;
}
