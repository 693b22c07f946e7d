/* Answers DRV_EXITSESSION as what DRV_OPEN was given in lParam2 wants it to. */
#include <windows.h>
#include <mmsystem.h>

/* As in `session_end.rs`. */
enum { GOOD, HANGING, CRASHING };

__declspec(dllexport) LRESULT CALLBACK DriverProc(DWORD_PTR id, HDRVR hdrvr, UINT message, LPARAM l1, LPARAM l2)
{
    switch (message) {
    case DRV_OPEN:
        return l2 + 1;
    case DRV_EXITSESSION:
        if (id == HANGING + 1)
            for (;;)
                ;
        if (id == CRASHING + 1)
            *(volatile int *)0 = 1;
        return 1;
    }
    return DefDriverProc(id, hdrvr, message, l1, l2);
}
