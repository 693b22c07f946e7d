/* What the peers share. Each is a small console program that does under Wine what drvhost does, and prints what it got. */
#ifndef PEER_H
#define PEER_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <windows.h>
#include <mmsystem.h>
#include <vfw.h>

/* Ends the program when a step did not work; the bench shows the text. */
static inline void need(int worked, const char *what)
{
    if (worked) return;
    fprintf(stderr, "%s failed\n", what);
    exit(1);
}

/* Opens a driver by its file. */
static inline HDRVR open_driver(const wchar_t *file, LPARAM lparam2)
{
    HDRVR driver = OpenDriver(file, NULL, lparam2);
    need(driver != NULL, "OpenDriver");
    return driver;
}

#endif
