/* Answers DRV_EXITSESSION as what DRV_OPEN was given in lParam2 wants it to: a kind, and in the upper 24 bits milliseconds. */
#include <windows.h>
#include <mmsystem.h>

/* As in `session_end.rs`. A counting one answers how many of the file's have been told so far, after so many milliseconds. */
enum { GOOD, HANGING, CRASHING, COUNTING };

static LONG told;

__declspec(dllexport) LRESULT CALLBACK DriverProc(DWORD_PTR id, HDRVR hdrvr, UINT message, LPARAM l1, LPARAM l2)
{
    DWORD wish = (DWORD)id - 1;
    switch (message) {
    case DRV_OPEN:
        return l2 + 1;
    case DRV_CLOSE:
        return 1;
    case DRV_EXITSESSION:
        switch (wish & 0xff) {
        case HANGING:
            for (;;)
                ;
        case CRASHING:
            *(volatile int *)0 = 1;
            break;
        case COUNTING:
            if (wish >> 8 != 0) Sleep(wish >> 8);
            return ++told;
        }
        return 1;
    }
    return DefDriverProc(id, hdrvr, message, l1, l2);
}
