/* Does one thing as often as lParam1 says, within one message, and answers the sum of what came back; and counts messages, and its instances.
 * Every other message is left to DefDriverProc. */
#include <windows.h>
#include <mmsystem.h>
#include <stdlib.h>

/* As in `calls.rs`, where all are named. */
#define SEND_MANY DRV_USER
#define GET_LAST_ERROR_MANY (DRV_USER + 1)
#define RAND_MANY (DRV_USER + 2)
#define UNHANDLED (DRV_USER + 3)
/* Answers how often it was sent. */
#define COUNTED (DRV_USER + 4)
/* Answer how many DRV_OPEN and how many DRV_CLOSE there were. */
#define OPENED (DRV_USER + 5)
#define CLOSED (DRV_USER + 6)

static LONG counted, opened, closed;

__declspec(dllexport) LRESULT CALLBACK DriverProc(DWORD_PTR id, HDRVR hdrvr, UINT message, LPARAM l1, LPARAM l2)
{
    /* 32 bits on every machine, so that the answers can be compared. */
    DWORD sum = 0;
    switch (message) {
    case DRV_OPEN:
        return ++opened;
    case DRV_CLOSE:
        closed++;
        return 1;
    case COUNTED:
        return ++counted;
    case OPENED:
        return opened;
    case CLOSED:
        return closed;
    case SEND_MANY:
        for (; l1 > 0; l1--) sum += 1 + (DWORD)SendDriverMessage(hdrvr, UNHANDLED, l1, l2);
        return (LONG)sum;
    case GET_LAST_ERROR_MANY:
        SetLastError(7);
        for (; l1 > 0; l1--) sum += GetLastError();
        return (LONG)sum;
    case RAND_MANY:
        srand(1);
        for (; l1 > 0; l1--) sum += rand();
        return (LONG)sum;
    }
    return DefDriverProc(id, hdrvr, message, l1, l2);
}
