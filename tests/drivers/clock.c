/*
 * What a driver sees of a clock that stands still while it does something: clocks, waits, timers, and threads that feed a wave output device. A check that
 * fails ends its message with minus the number of its line. The numbers of its messages (CLOCK_...) come from src/acts.rs.
 */
#include <windows.h>
#include <mmsystem.h>
#include <time.h>

#define CHECK(what) \
    do { \
        if (!(what)) \
            return -__LINE__; \
    } while (0)

#define RATE 44100
#define FRAMES 441
#define BUFFERS 3

/* What time it is, in steps of 100 ns. */
static LONGLONG steps(void)
{
    LARGE_INTEGER now;
    QueryPerformanceCounter(&now);
    return now.QuadPart;
}

static LONGLONG date(void)
{
    FILETIME now;
    GetSystemTimeAsFileTime(&now);
    return (LONGLONG)now.dwHighDateTime << 32 | now.dwLowDateTime;
}

static HANDLE start(DWORD(WINAPI *function)(void *), void *parameter)
{
    return CreateThread(NULL, 0, function, parameter, 0, NULL);
}

/* All clocks are one, which stands still while nobody waits. */
static LRESULT clocks(void)
{
    LONGLONG begun = steps(), day = date();
    DWORD ticks = GetTickCount(), time = timeGetTime(), i;
    ULONGLONG ticks64 = GetTickCount64();
    clock_t seconds = clock();
    volatile DWORD work = 0;
    CHECK(ticks == time && ticks64 == ticks && ticks >= 1000);
    for (i = 0; i < 20000000; i++)
        work += i;
    CHECK(steps() == begun && GetTickCount() == ticks && date() == day);
    Sleep(10);
    CHECK(steps() - begun == 100000 && date() - day == 100000);
    CHECK(GetTickCount() - ticks == 10 && timeGetTime() - time == 10 && GetTickCount64() - ticks64 == 10 && clock() - seconds == 10);
    Sleep(3600 * 1000);
    CHECK(steps() - begun == 100000 + 36000000000);
    return 1;
}

static volatile LONG order, at_place[8];
static LONGLONG begin;
static DWORD late[8];

static DWORD WINAPI sleeps(void *parameter)
{
    DWORD time = (DWORD)(DWORD_PTR)parameter;
    LONG place;
    Sleep(time % 100);
    place = InterlockedIncrement(&order) - 1;
    at_place[place] = (LONG)time;
    late[place] = (DWORD)(steps() - begin);
    return time;
}

/* Threads wake in the order of their times, and those of one time in the order in which they began to sleep. */
static LRESULT order_of_sleep(void)
{
    static const DWORD times[] = {30, 10, 20, 120, 10 + 200};
    HANDLE threads[5];
    int i;
    begin = steps();
    order = 0;
    for (i = 0; i < 5; i++)
        CHECK((threads[i] = start(sleeps, (void *)(DWORD_PTR)times[i])) != NULL);
    CHECK(WaitForMultipleObjects(5, threads, TRUE, INFINITE) == WAIT_OBJECT_0);
    CHECK(steps() - begin == 300000);
    CHECK(at_place[0] == 10 && at_place[1] == 210 && at_place[2] == 20 && at_place[3] == 120 && at_place[4] == 30);
    CHECK(late[0] == 100000 && late[1] == 100000 && late[2] == 200000 && late[3] == 200000 && late[4] == 300000);
    for (i = 0; i < 5; i++)
        CloseHandle(threads[i]);
    return 1;
}

static volatile LONG fired;
static LONGLONG fired_at[8];

static void CALLBACK ticked(UINT id, UINT message, DWORD_PTR user, DWORD_PTR one, DWORD_PTR two)
{
    LONG place = fired++;
    if (place < 8)
        fired_at[place] = steps() - begin;
}

static DWORD WINAPI sets(void *event)
{
    Sleep(7);
    SetEvent(event);
    return 0;
}

/* Waits end at their times to the step, and so do timers of every kind. */
static LRESULT waits_and_timers(void)
{
    HANDLE event = CreateEventA(NULL, FALSE, FALSE, NULL), timer = CreateWaitableTimerA(NULL, FALSE, NULL), thread;
    LARGE_INTEGER due = {.QuadPart = -25000};
    CRITICAL_SECTION section;
    CONDITION_VARIABLE variable = CONDITION_VARIABLE_INIT;
    UINT_PTR messages;
    MSG message;
    UINT id;
    DWORD time;
    begin = steps();
    CHECK(WaitForSingleObject(event, 15) == WAIT_TIMEOUT && steps() - begin == 150000);
    CHECK(MsgWaitForMultipleObjects(1, &event, FALSE, 5, QS_ALLINPUT) == WAIT_TIMEOUT && steps() - begin == 200000);
    InitializeCriticalSection(&section);
    EnterCriticalSection(&section);
    CHECK(!SleepConditionVariableCS(&variable, &section, 3) && steps() - begin == 230000);
    LeaveCriticalSection(&section);
    CHECK((thread = start(sets, event)) && WaitForSingleObject(event, 1000) == WAIT_OBJECT_0 && steps() - begin == 300000);
    CHECK(WaitForSingleObject(thread, 1000) == WAIT_OBJECT_0 && steps() - begin == 300000 && CloseHandle(thread));

    /* 2.5 ms, then every 4. */
    CHECK(SetWaitableTimer(timer, &due, 4, NULL, NULL, FALSE));
    CHECK(WaitForSingleObject(timer, INFINITE) == WAIT_OBJECT_0 && steps() - begin == 325000);
    CHECK(WaitForSingleObject(timer, INFINITE) == WAIT_OBJECT_0 && steps() - begin == 365000);
    CHECK(CancelWaitableTimer(timer) && CloseHandle(timer));

    begin = steps();
    fired = 0;
    CHECK((id = timeSetEvent(5, 0, ticked, 0, TIME_PERIODIC | TIME_KILL_SYNCHRONOUS)) != 0);
    CHECK(timeSetEvent(12, 0, (LPTIMECALLBACK)event, 0, TIME_CALLBACK_EVENT_SET) != 0);
    CHECK(WaitForSingleObject(event, 1000) == WAIT_OBJECT_0 && steps() - begin == 120000 && fired == 2);
    Sleep(9);
    CHECK(timeKillEvent(id) == TIMERR_NOERROR && fired == 4);
    CHECK(fired_at[0] == 50000 && fired_at[1] == 100000 && fired_at[2] == 150000 && fired_at[3] == 200000);
    Sleep(20);
    CHECK(fired == 4);

    /* Those of messages have whole milliseconds. */
    time = timeGetTime();
    CHECK((messages = SetTimer(NULL, 0, 20, NULL)) != 0);
    CHECK(GetMessageA(&message, NULL, 0, 0) > 0 && message.message == WM_TIMER && timeGetTime() - time == 20);
    CHECK(GetMessageA(&message, NULL, 0, 0) > 0 && message.message == WM_TIMER && timeGetTime() - time == 40);
    CHECK(KillTimer(NULL, messages) && CloseHandle(event));
    DeleteCriticalSection(&section);
    return 1;
}

static volatile LONG flag;

static DWORD WINAPI sets_flag(void *parameter)
{
    Sleep(5);
    flag = 1;
    return 0;
}

/* Who looks at a clock again and again sees it go on, whichever clock that is. */
static LRESULT polls(void)
{
    HANDLE event = CreateEventA(NULL, FALSE, FALSE, NULL), thread;
    LONGLONG begun = steps(), last;
    DWORD time = timeGetTime();
    MSG message;
    while (timeGetTime() - time < 10)
        ;
    CHECK(steps() - begun >= 90000 && steps() - begun < 110000);
    last = steps();
    while (steps() - last < 50000)
        ;
    CHECK(steps() - last < 60000);
    time = GetTickCount();
    while (GetTickCount() - time < 3)
        Sleep(0);
    while (GetTickCount() - time < 6)
        CHECK(!PeekMessageA(&message, NULL, 0, 0, PM_REMOVE));
    while (GetTickCount() - time < 9)
        SwitchToThread();
    flag = 0;
    begun = steps();
    CHECK((thread = start(sets_flag, NULL)) != NULL);
    while (!flag)
        CHECK(WaitForSingleObject(event, 0) == WAIT_TIMEOUT);
    CHECK(steps() - begun >= 50000 && steps() - begun < 60000);
    CHECK(WaitForSingleObject(thread, INFINITE) == WAIT_OBJECT_0 && CloseHandle(thread) && CloseHandle(event));
    return 1;
}

static volatile LONG rounds[3], hash;
static HANDLE baton[3];

static DWORD WINAPI hands_on(void *parameter)
{
    int own = (int)(DWORD_PTR)parameter, i;
    for (i = 0; i < 500; i++) {
        WaitForSingleObject(baton[own], 3);
        hash = hash * 31 + own + (LONG)timeGetTime();
        rounds[own]++;
        if (i % 3 == own)
            Sleep(1);
        SetEvent(baton[(own + 1) % 3]);
    }
    return 0;
}

/* Threads that wake each other: what comes of it is the same each time. Answers that. */
static LRESULT hand_round(void)
{
    HANDLE threads[3];
    int i;
    hash = 0;
    for (i = 0; i < 3; i++)
        baton[i] = CreateEventA(NULL, FALSE, i == 0, NULL);
    for (i = 0; i < 3; i++)
        CHECK((threads[i] = start(hands_on, (void *)(DWORD_PTR)i)) != NULL);
    CHECK(WaitForMultipleObjects(3, threads, TRUE, INFINITE) == WAIT_OBJECT_0);
    for (i = 0; i < 3; i++) {
        CHECK(rounds[i] % 500 == 0 && CloseHandle(threads[i]) && CloseHandle(baton[i]));
        rounds[i] = 0;
    }
    return hash & 0x7fffffff;
}

/* Playing: frames that count up on the left, and on the right the value that CLOCK_NOTE has set last. */
enum kind { BY_EVENT, BY_FUNCTION, BY_SLEEP, BY_POLLING, WITH_GAPS, BY_WINDOW };

static HWAVEOUT device;
static HANDLE wake, player;
static WAVEHDR headers[BUFFERS];
static SHORT buffers[BUFFERS][2 * FRAMES];
static volatile LONG stop, note;
static SHORT count;
static enum kind kind;
static HWND window;

static void render(int which)
{
    int i;
    for (i = 0; i < FRAMES; i++) {
        buffers[which][2 * i] = count++;
        buffers[which][2 * i + 1] = (SHORT)note;
    }
    waveOutWrite(device, &headers[which], sizeof(WAVEHDR));
}

static BOOL is_done(int which)
{
    return *(volatile DWORD *)&headers[which].dwFlags & WHDR_DONE;
}

static void CALLBACK called(HWAVEOUT handle, UINT message, DWORD_PTR user, DWORD_PTR header, DWORD_PTR none)
{
    if (message == WOM_DONE && !stop)
        render((int)((WAVEHDR *)header - headers));
}

static LRESULT CALLBACK procedure(HWND handle, UINT message, WPARAM wparam, LPARAM lparam)
{
    if (message == MM_WOM_DONE) {
        if (!stop)
            render((int)((WAVEHDR *)lparam - headers));
        return 0;
    }
    return DefWindowProcA(handle, message, wparam, lparam);
}

static DWORD WINAPI play(void *parameter)
{
    int i;
    while (!stop) {
        if (kind == BY_EVENT)
            WaitForSingleObject(wake, INFINITE);
        else if (kind == BY_SLEEP)
            Sleep(1);
        else if (kind == WITH_GAPS) {
            while (!is_done(0))
                Sleep(1);
            Sleep(4);
        } else
            timeGetTime();
        for (i = 0; i < (kind == WITH_GAPS ? 1 : BUFFERS); i++)
            if (!stop && is_done(i))
                render(i);
    }
    return 0;
}

static LRESULT begin_to_play(enum kind how)
{
    WAVEFORMATEX format = {WAVE_FORMAT_PCM, 2, RATE, RATE * 4, 4, 16, 0};
    DWORD_PTR target = 0;
    DWORD flags = CALLBACK_NULL;
    int i;
    kind = how;
    stop = note = 0;
    count = 0;
    wake = CreateEventA(NULL, FALSE, FALSE, NULL);
    if (kind == BY_EVENT) {
        target = (DWORD_PTR)wake;
        flags = CALLBACK_EVENT;
    } else if (kind == BY_FUNCTION) {
        target = (DWORD_PTR)called;
        flags = CALLBACK_FUNCTION;
    } else if (kind == BY_WINDOW) {
        WNDCLASSA class = {0, procedure, 0, 0, NULL, NULL, NULL, NULL, NULL, "plays"};
        CHECK(RegisterClassA(&class) && (window = CreateWindowA("plays", "", 0, 0, 0, 0, 0, HWND_MESSAGE, NULL, NULL, NULL)));
        target = (DWORD_PTR)window;
        flags = CALLBACK_WINDOW;
    }
    CHECK(waveOutOpen(&device, WAVE_MAPPER, &format, target, 0, flags) == MMSYSERR_NOERROR);
    for (i = 0; i < BUFFERS; i++) {
        headers[i].lpData = (LPSTR)buffers[i];
        headers[i].dwBufferLength = sizeof buffers[i];
        headers[i].dwFlags = 0;
        CHECK(waveOutPrepareHeader(device, &headers[i], sizeof(WAVEHDR)) == MMSYSERR_NOERROR);
    }
    for (i = 0; i < (kind == WITH_GAPS ? 1 : BUFFERS); i++)
        render(i);
    if (kind != BY_FUNCTION && kind != BY_WINDOW)
        CHECK((player = start(play, NULL)) != NULL);
    return 1;
}

static LRESULT end_playing(void)
{
    int i;
    stop = 1;
    SetEvent(wake);
    if (player) {
        CHECK(WaitForSingleObject(player, 1000) == WAIT_OBJECT_0 && CloseHandle(player));
        player = NULL;
    }
    CHECK(waveOutReset(device) == MMSYSERR_NOERROR);
    for (i = 0; i < BUFFERS; i++)
        CHECK(waveOutUnprepareHeader(device, &headers[i], sizeof(WAVEHDR)) == MMSYSERR_NOERROR);
    CHECK(waveOutClose(device) == MMSYSERR_NOERROR && CloseHandle(wake));
    if (window)
        CHECK(DestroyWindow(window) && UnregisterClassA("plays", NULL));
    window = NULL;
    return 1;
}

/* A loop of a tenth of a second, into which somebody writes while it plays, and a pause. */
static SHORT loop[RATE / 10];

static DWORD WINAPI follows(void *parameter)
{
    MMTIME time;
    DWORD i;
    for (i = 0; i < 20; i++) {
        time.wType = TIME_SAMPLES;
        waveOutGetPosition(device, &time, sizeof time);
        loop[(time.u.sample + 2205) % (RATE / 10)] = (SHORT)(i + 1);
        Sleep(50);
    }
    return 0;
}

static LRESULT play_loop(void)
{
    WAVEFORMATEX format = {WAVE_FORMAT_PCM, 1, RATE, RATE * 2, 2, 16, 0};
    HANDLE thread;
    memset(loop, 0, sizeof loop);
    memset(headers, 0, sizeof headers);
    headers[0].lpData = (LPSTR)loop;
    headers[0].dwBufferLength = sizeof loop;
    CHECK(waveOutOpen(&device, WAVE_MAPPER, &format, 0, 0, CALLBACK_NULL) == MMSYSERR_NOERROR);
    CHECK(waveOutPrepareHeader(device, headers, sizeof(WAVEHDR)) == MMSYSERR_NOERROR);
    headers[0].dwFlags |= WHDR_BEGINLOOP | WHDR_ENDLOOP;
    headers[0].dwLoops = 0xffffffff;
    CHECK(waveOutWrite(device, headers, sizeof(WAVEHDR)) == MMSYSERR_NOERROR);
    CHECK((thread = start(follows, NULL)) && WaitForSingleObject(thread, INFINITE) == WAIT_OBJECT_0 && CloseHandle(thread));
    CHECK(waveOutPause(device) == MMSYSERR_NOERROR);
    Sleep(100);
    CHECK(waveOutRestart(device) == MMSYSERR_NOERROR);
    Sleep(100);
    CHECK(waveOutReset(device) == MMSYSERR_NOERROR && waveOutUnprepareHeader(device, headers, sizeof(WAVEHDR)) == MMSYSERR_NOERROR);
    CHECK(waveOutClose(device) == MMSYSERR_NOERROR);
    return 1;
}

static DWORD WINAPI spins(void *parameter)
{
    for (;;)
        if (parameter)
            SetEvent(parameter);
    return 0;
}

static CRITICAL_SECTION lock;

static DWORD WINAPI writes(void *parameter)
{
    flag = 1;
    return 0;
}

static DWORD WINAPI writes_locked(void *parameter)
{
    EnterCriticalSection(&lock);
    flag = 2;
    LeaveCriticalSection(&lock);
    return 0;
}

/* Who waits for another thread without waiting, by calls that are no looks at a clock or by none at all, gets what it wants. */
static LRESULT spins_for_a_while(void)
{
    HANDLE threads[2];
    LONG seen = 0;
    InitializeCriticalSection(&lock);
    flag = 0;
    CHECK((threads[0] = start(writes_locked, NULL)) != NULL);
    while (!seen) {
        EnterCriticalSection(&lock);
        seen = flag;
        LeaveCriticalSection(&lock);
    }
    CHECK(seen == 2);
    flag = 0;
    CHECK((threads[1] = start(writes, NULL)) != NULL);
    while (!flag)
        ;
    CHECK(WaitForMultipleObjects(2, threads, TRUE, 1000) == WAIT_OBJECT_0 && CloseHandle(threads[0]) && CloseHandle(threads[1]));
    DeleteCriticalSection(&lock);
    return 1;
}

static LRESULT (*const checks[])(void) = {clocks,     order_of_sleep, waits_and_timers, polls,
                                          hand_round, play_loop,      spins_for_a_while};

__declspec(dllexport) LRESULT CALLBACK DriverProc(DWORD_PTR id, HDRVR hdrvr, UINT message, LPARAM l1, LPARAM l2)
{
    switch (message) {
    case DRV_OPEN:
    case DRV_CLOSE:
        return 1;
    case CLOCK_CHECK:
        return l1 >= 0 && l1 < (LPARAM)(sizeof checks / sizeof *checks) ? checks[l1]() : 0;
    case CLOCK_PLAY:
        return begin_to_play((enum kind)l1);
    case CLOCK_NOTE:
        note = (LONG)l1;
        return timeGetTime();
    case CLOCK_STOP:
        return end_playing();
    case CLOCK_SPIN:
        return start(spins, l1 ? CreateEventA(NULL, FALSE, FALSE, NULL) : NULL) != NULL;
    default:
        return DefDriverProc(id, hdrvr, message, l1, l2);
    }
}
