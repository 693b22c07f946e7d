/*
 * What presses a button of a dialog that waits for a user: another thread, which looks for dialogs of the one that called. On drvhost none waits.
 */
#ifndef PRESS_H
#define PRESS_H

#include <windows.h>

struct press {
    DWORD thread;
    int id;
    volatile LONG done;
    HANDLE presser;
};

static BOOL CALLBACK press_in(HWND window, LPARAM press)
{
    char class[16] = "";
    GetClassNameA(window, class, sizeof class);
    if (lstrcmpA(class, "#32770") == 0)
        PostMessageA(window, WM_COMMAND, ((struct press *)press)->id, 0);
    return TRUE;
}

static DWORD WINAPI press_until_done(void *press)
{
    while (!((struct press *)press)->done) {
        EnumThreadWindows(((struct press *)press)->thread, press_in, (LPARAM)press);
        Sleep(20);
    }
    return 0;
}

static void begin_to_press(struct press *press, int id)
{
    press->thread = GetCurrentThreadId();
    press->id = id;
    press->done = 0;
    press->presser = CreateThread(NULL, 0, press_until_done, press, 0, NULL);
}

static void end_pressing(struct press *press)
{
    press->done = 1;
    WaitForSingleObject(press->presser, INFINITE);
    CloseHandle(press->presser);
}

#endif
