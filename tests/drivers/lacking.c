/*
 * A driver that imports functions which nobody supplies, and calls the one that it is asked to. With REFUSES it refuses to be opened.
 *
 * The numbers of its messages (LACKING_...) come from src/acts.rs.
 */
#include <windows.h>
#include <mmsystem.h>

__declspec(dllexport) LRESULT CALLBACK DriverProc(DWORD_PTR id, HDRVR hdrvr, UINT message, LPARAM l1, LPARAM l2)
{
    switch (message) {
    case LACKING_CALL:
        switch (l1) {
        case 0:
            return CopyAcceleratorTableA(NULL, NULL, 0);
        case 1:
            return (LRESULT)CreateAcceleratorTableA(NULL, 0);
        default:
            return DestroyAcceleratorTable(NULL);
        }
    case DRV_OPEN:
#ifdef REFUSES
        return 0;
#endif
    case DRV_LOAD:
    case DRV_CLOSE:
        return 1;
    default:
        return DefDriverProc(id, hdrvr, message, l1, l2);
    }
}
