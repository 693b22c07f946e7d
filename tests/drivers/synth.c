/*
 * A driver that plays a tone as MIDI synths do: a thread of its own renders into a few buffers and hands them to a wave output device, which wakes it in one
 * of the ways that there are. The numbers of its messages (SYNTH_...) come from src/acts.rs, and src/tone.rs has the same tone.
 */
#include <windows.h>
#include <mmsystem.h>

#define RATE 44100
#define BUFFERS 4
#define FRAMES 1024

/* How the device wakes the thread. */
enum kind { BY_EVENT, BY_FUNCTION, BY_THREAD, BY_WINDOW, NOT_AT_ALL };

static struct {
    enum kind kind;
    DWORD frames;
    LRESULT result;
} job;

static HWAVEOUT device;
static HANDLE wake;
static HWND window;
static WAVEHDR headers[BUFFERS];
static SHORT buffers[BUFFERS][2 * FRAMES];
static volatile LONG told_open, told_done, told_close;

/* A sample of a wave that is almost a sine: two parabolas, `step` 65536ths of a period a sample. */
static SHORT tone(DWORD n, DWORD step)
{
    LONG x = (SHORT)(n * step);
    return (SHORT)(x * (32768 - (x < 0 ? -x : x)) / 16384);
}

static void render(DWORD first, SHORT *to, DWORD frames)
{
    DWORD i;
    for (i = 0; i < frames; i++) {
        *to++ = tone(first + i, 654);
        *to++ = tone(first + i, 991);
    }
}

static void note(UINT message)
{
    if (message == WOM_OPEN)
        InterlockedIncrement(&told_open);
    else if (message == WOM_DONE)
        InterlockedIncrement(&told_done);
    else if (message == WOM_CLOSE)
        InterlockedIncrement(&told_close);
}

static void CALLBACK called(HWAVEOUT handle, UINT message, DWORD_PTR user, DWORD_PTR p1, DWORD_PTR p2)
{
    if (user == 0x5157)
        note(message);
    if (message == WOM_DONE)
        SetEvent(wake);
}

/* Sleeps until the device has finished a buffer, or says that it never does. */
static BOOL sleep_until_woken(void)
{
    MSG message;
    switch (job.kind) {
    case BY_EVENT:
    case BY_FUNCTION:
        return WaitForSingleObject(wake, 10000) == WAIT_OBJECT_0;
    case BY_THREAD:
    case BY_WINDOW:
        do {
            if (GetMessageA(&message, job.kind == BY_WINDOW ? window : NULL, 0, 0) <= 0)
                return FALSE;
            note(message.message);
        } while (message.message != MM_WOM_DONE);
        /* Each message is for one buffer. */
        return (HWAVEOUT)message.wParam == device && message.lParam >= (LPARAM)&headers[0] &&
               message.lParam <= (LPARAM)&headers[BUFFERS - 1];
    default:
        Sleep(1);
        return TRUE;
    }
}

static BOOL open_device(void)
{
    WAVEFORMATEX format = {WAVE_FORMAT_PCM, 2, RATE, RATE * 4, 4, 16, 0};
    DWORD_PTR target = 0;
    DWORD flags = CALLBACK_NULL;
    switch (job.kind) {
    case BY_EVENT:
        target = (DWORD_PTR)wake;
        flags = CALLBACK_EVENT;
        break;
    case BY_FUNCTION:
        target = (DWORD_PTR)called;
        flags = CALLBACK_FUNCTION;
        break;
    case BY_THREAD:
        target = GetCurrentThreadId();
        flags = CALLBACK_THREAD;
        break;
    case BY_WINDOW:
        window = CreateWindowExA(0, "STATIC", "synth", 0, 0, 0, 0, 0, HWND_MESSAGE, NULL, NULL, NULL);
        if (!window)
            return FALSE;
        target = (DWORD_PTR)window;
        flags = CALLBACK_WINDOW;
        break;
    case NOT_AT_ALL:
        break;
    }
    return waveOutOpen(&device, WAVE_MAPPER, &format, target, 0x5157, flags) == MMSYSERR_NOERROR;
}

static LRESULT play(void)
{
    DWORD done = 0, i, in_flight;
    if (!open_device())
        return -1;
    for (i = 0; i < BUFFERS; i++) {
        headers[i].lpData = (LPSTR)buffers[i];
        headers[i].dwBufferLength = sizeof buffers[i];
        headers[i].dwFlags = 0;
        if (waveOutPrepareHeader(device, &headers[i], sizeof(WAVEHDR)) != MMSYSERR_NOERROR)
            return -2;
        headers[i].dwFlags |= WHDR_DONE;
    }
    for (;;) {
        in_flight = 0;
        for (i = 0; i < BUFFERS; i++) {
            DWORD frames = job.frames - done < FRAMES ? job.frames - done : FRAMES;
            if ((headers[i].dwFlags & WHDR_DONE) && frames) {
                render(done, buffers[i], frames);
                headers[i].dwBufferLength = frames * 4;
                if (waveOutWrite(device, &headers[i], sizeof(WAVEHDR)) != MMSYSERR_NOERROR)
                    return -3;
                done += frames;
            }
            if (!(headers[i].dwFlags & WHDR_DONE))
                in_flight++;
        }
        if (!in_flight && done == job.frames)
            break;
        if (in_flight && !sleep_until_woken())
            return -4;
    }
    for (i = 0; i < BUFFERS; i++)
        if (waveOutUnprepareHeader(device, &headers[i], sizeof(WAVEHDR)) != MMSYSERR_NOERROR)
            return -5;
    if (waveOutClose(device) != MMSYSERR_NOERROR)
        return -6;
    if (job.kind == BY_FUNCTION &&
        (told_open != 1 || told_close != 1 || told_done != (LONG)((job.frames + FRAMES - 1) / FRAMES)))
        return -7;
    return 1;
}

static DWORD WINAPI run(void *parameter)
{
    job.result = play();
    if (window)
        DestroyWindow(window);
    window = NULL;
    return 0;
}

static LRESULT play_on_a_thread(DWORD frames, enum kind kind)
{
    HANDLE thread;
    job.kind = kind;
    job.frames = frames;
    job.result = -20;
    told_open = told_done = told_close = 0;
    wake = CreateEventA(NULL, FALSE, FALSE, NULL);
    thread = CreateThread(NULL, 0, run, NULL, 0, NULL);
    if (!thread || WaitForSingleObject(thread, 60000) != WAIT_OBJECT_0)
        return -21;
    CloseHandle(thread);
    CloseHandle(wake);
    return job.result;
}

/* Plays and neither waits nor closes: what a driver leaves behind that dies. */
static LRESULT play_and_leave(DWORD frames)
{
    job.kind = NOT_AT_ALL;
    if (frames > FRAMES || !open_device())
        return -1;
    render(0, buffers[0], frames);
    headers[0].lpData = (LPSTR)buffers[0];
    headers[0].dwBufferLength = frames * 4;
    headers[0].dwFlags = 0;
    if (waveOutPrepareHeader(device, &headers[0], sizeof(WAVEHDR)) || waveOutWrite(device, &headers[0], sizeof(WAVEHDR)))
        return -2;
    while (!(*(volatile DWORD *)&headers[0].dwFlags & WHDR_DONE))
        Sleep(1);
    return 1;
}

__declspec(dllexport) LRESULT CALLBACK DriverProc(DWORD_PTR id, HDRVR hdrvr, UINT message, LPARAM l1, LPARAM l2)
{
    switch (message) {
    case DRV_OPEN:
        return 1;
    case DRV_CLOSE:
        return 1;
    case SYNTH_PLAY:
        return play_on_a_thread((DWORD)l1, (enum kind)l2);
    case SYNTH_LEAVE:
        return play_and_leave((DWORD)l1);
    case SYNTH_DIE:
        /* No filter lets it make a system call of its own. */
        __asm__ volatile("int $0x80" ::"a"(1) : "memory");
        return 0;
    default:
        return DefDriverProc(id, hdrvr, message, l1, l2);
    }
}
