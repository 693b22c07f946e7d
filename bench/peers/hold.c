/* hold DRIVER: opens a driver, prints `ready`, and holds it until its standard input ends. */
#include "peer.h"

int wmain(int count, wchar_t **arguments)
{
    need(count == 2, "hold DRIVER");
    HDRVR driver = open_driver(arguments[1], 0);
    puts("ready");
    fflush(stdout);
    while (getchar() != EOF) {}
    CloseDriver(driver, 0, 0);
    return 0;
}
