/* native FONT LOG FRAMES: the engine without Windows and drvhost. Writes so many frames of the messages that the driver has logged, each at the frame that it had there. */
#include <stdio.h>
#include <stdlib.h>

#include "engine.h"

int main(int count, char **arguments)
{
    FILE *log = count == 4 ? fopen(arguments[2], "r") : NULL;
    unsigned long frames = count == 4 ? strtoul(arguments[3], NULL, 10) : 0, at, next = 0;
    unsigned message = 0;
    short samples[FRAMES * 2];
    int more;
    if (!log || !begin_with(arguments[1])) {
        fputs("native FONT LOG FRAMES\n", stderr);
        return 2;
    }
    more = fscanf(log, "%lu %x", &next, &message) == 2;
    for (at = 0; at < frames; at += FRAMES) {
        for (; more && next <= at; more = fscanf(log, "%lu %x", &next, &message) == 2)
            take(message);
        tsf_render_short(synth, samples, FRAMES, 0);
        if (!fwrite(samples, sizeof samples, 1, stdout))
            return 1;
    }
    return 0;
}
