/*
 * Has the survey driver run its cases, and says what comes of each; src/survey.rs reads that.
 *
 *     surveyor DRIVER FIRST
 *
 * runs those from number FIRST on. Before a case `> NAME` is said, after it `= ANSWERS`, or `! CODE ANSWERS` where an exception ended it. A
 * case may end the process.
 */
#include <windows.h>
#include <mmsystem.h>
#include <stdio.h>
#include <stdlib.h>

typedef LRESULT(CALLBACK *DriverProc)(DWORD_PTR, HDRVR, UINT, LPARAM, LPARAM);

static CONTEXT before;
static volatile DWORD exception;
static volatile BOOL in_case;

/* Nobody in the driver handles it: goes on as if the case had returned. */
static LONG WINAPI end_case(EXCEPTION_POINTERS *pointers)
{
    if (!in_case)
        return EXCEPTION_EXECUTE_HANDLER;
    in_case = FALSE;
    exception = pointers->ExceptionRecord->ExceptionCode;
    *pointers->ContextRecord = before;
    return EXCEPTION_CONTINUE_EXECUTION;
}

static void put(const char *word, const char *text)
{
    static char line[SURVEY_ROOM + 40];
    DWORD written;
    /* Not by stdio, which cases may do things to. */
    int length = wsprintfA(line, "%s ", word);
    lstrcpynA(line + length, text, SURVEY_ROOM);
    lstrcatA(line, "\n");
    WriteFile(GetStdHandle(STD_OUTPUT_HANDLE), line, lstrlenA(line), &written, NULL);
}

int main(int count, char **arguments)
{
    static char room[SURVEY_ROOM];
    static volatile LPARAM index;
    static DriverProc volatile proc;
    char code[20];
    HMODULE driver = count == 3 ? LoadLibraryA(arguments[1]) : NULL;
    proc = driver ? (DriverProc)(void *)GetProcAddress(driver, "DriverProc") : NULL;
    if (!proc)
        return 2;
    SetUnhandledExceptionFilter(end_case);
    SetErrorMode(SEM_FAILCRITICALERRORS | SEM_NOGPFAULTERRORBOX);
    put("#", "begun");
    for (index = atoi(arguments[2]); proc(0, NULL, SURVEY_NAME, index, (LPARAM)room); index++) {
        put(">", room);
        exception = 0;
        /* The second time that it returns, the case is over. */
        RtlCaptureContext(&before);
        if (exception == 0) {
            in_case = TRUE;
            proc(0, NULL, SURVEY_RUN, index, (LPARAM)room);
            in_case = FALSE;
            put("=", room);
        } else {
            wsprintfA(code, "! %08lx", exception);
            put(code, room);
        }
    }
    put("#", "ended");
    return 0;
}
