/* send DRIVER MESSAGE: opens a driver, sends it one message with both parameters 0, prints the answer, closes it. */
#include "peer.h"

int wmain(int count, wchar_t **arguments)
{
    need(count == 3, "send DRIVER MESSAGE");
    HDRVR driver = open_driver(arguments[1], 0);
    UINT message = (UINT)wcstoul(arguments[2], NULL, 0);
    printf("%lld\n", (long long)SendDriverMessage(driver, message, 0, 0));
    fflush(stdout);
    CloseDriver(driver, 0, 0);
    return 0;
}
