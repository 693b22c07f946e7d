/*
 * A sequencer of ALSA's without a kernel that has one, for LD_PRELOAD: what is written into the FIFO that DRVHOST_TEST_MIDI names, bytes of MIDI, comes to the one port
 * there is. A byte 0xFF has whoever reads wait for so long that a PCM of a usual length has run empty. These functions take the place of libasound's; all else is its own.
 */
#include <alsa/asoundlib.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

enum { CLIENT = 128, LONGEST = 4096, RESET = 0xFF, MICROSECONDS = 300000 };

static int fifo = -1;
static snd_midi_event_t *coder;

int snd_seq_open(snd_seq_t **seq, const char *name, int streams, int mode)
{
    const char *path = getenv("DRVHOST_TEST_MIDI");
    (void)name, (void)streams, (void)mode;
    /* For writing as well, so that it never ends. */
    fifo = path ? open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC) : -1;
    if (fifo < 0)
        return -ENOENT;
    *seq = (snd_seq_t *)&fifo;
    return snd_midi_event_new(LONGEST, &coder);
}

int snd_seq_close(snd_seq_t *seq)
{
    (void)seq;
    snd_midi_event_free(coder);
    return close(fifo);
}

int snd_seq_set_client_name(snd_seq_t *seq, const char *name)
{
    (void)seq;
    return *name ? 0 : -EINVAL;
}

int snd_seq_set_client_pool_input(snd_seq_t *seq, size_t size)
{
    (void)seq, (void)size;
    return 0;
}

int snd_seq_client_id(snd_seq_t *seq)
{
    (void)seq;
    return CLIENT;
}

int snd_seq_create_simple_port(snd_seq_t *seq, const char *name, unsigned int caps, unsigned int type)
{
    (void)seq, (void)name, (void)type;
    return caps & SND_SEQ_PORT_CAP_SUBS_WRITE ? 0 : -EINVAL;
}

int snd_seq_poll_descriptors_count(snd_seq_t *seq, short events)
{
    (void)seq;
    return events & POLLIN ? 1 : 0;
}

int snd_seq_poll_descriptors(snd_seq_t *seq, struct pollfd *descriptors, unsigned int space, short events)
{
    (void)seq;
    if (space < 1)
        return 0;
    descriptors->fd = fifo;
    descriptors->events = events & POLLIN;
    return 1;
}

int snd_seq_event_input(snd_seq_t *seq, snd_seq_event_t **event)
{
    static snd_seq_event_t read_event;
    unsigned char byte;
    (void)seq;
    while (read(fifo, &byte, 1) == 1)
        if (byte == RESET)
            usleep(MICROSECONDS);
        else if (snd_midi_event_encode_byte(coder, byte, &read_event) == 1) {
            *event = &read_event;
            return 1;
        }
    return -EAGAIN;
}
