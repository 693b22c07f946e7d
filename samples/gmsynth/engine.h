/* The engine, and how it takes messages: the same for the driver, and for what it is compared with. */
#define TSF_IMPLEMENTATION
#include "tsf.h"

#define RATE 44100
/* It takes messages between so many frames. */
#define FRAMES 512

static tsf *synth;

static void begin(void)
{
    int channel;
    tsf_reset(synth);
    for (channel = 0; channel < 16; channel++)
        tsf_channel_set_presetnumber(synth, channel, 0, channel == 9);
}

static void take(unsigned message)
{
    int channel = message & 15, first = message >> 8 & 127, second = message >> 16 & 127;
    switch (message >> 4 & 15) {
    case 8:
        tsf_channel_note_off(synth, channel, first);
        break;
    case 9:
        if (second)
            tsf_channel_note_on(synth, channel, first, second / 127.0f);
        else
            tsf_channel_note_off(synth, channel, first);
        break;
    case 11:
        tsf_channel_midi_control(synth, channel, first, second);
        break;
    case 12:
        tsf_channel_set_presetnumber(synth, channel, first, channel == 9);
        break;
    case 14:
        tsf_channel_set_pitchwheel(synth, channel, first | second << 7);
        break;
    }
}

static int begin_with(const char *sound_font)
{
    synth = tsf_load_filename(sound_font);
    if (!synth)
        return 0;
    tsf_set_output(synth, TSF_STEREO_INTERLEAVED, RATE, 0);
    tsf_set_max_voices(synth, 256);
    begin();
    return 1;
}
