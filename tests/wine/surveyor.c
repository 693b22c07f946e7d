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

#ifdef _WIN64
#define INSTRUCTION Rip
#define STACK Rsp
#else
#define INSTRUCTION Eip
#define STACK Esp
#endif
/* More than main has of locals. */
#define FRAME 4096

/* Where main goes on after a case that did not return: that place, a stack below main's, and main's handlers. */
static void *before[5];
static char *stack;
static void *handlers;
static volatile DWORD exception;
static volatile BOOL in_case;

static __attribute__((noreturn)) void leave_case(void)
{
    __builtin_longjmp(before, 1);
}

/* Nobody in the driver handles it: goes on as if the case had returned. */
static LONG WINAPI end_case(EXCEPTION_POINTERS *pointers)
{
    if (!in_case)
        return EXCEPTION_EXECUTE_HANDLER;
    in_case = FALSE;
    exception = pointers->ExceptionRecord->ExceptionCode;
    pointers->ContextRecord->INSTRUCTION = (DWORD_PTR)leave_case;
    pointers->ContextRecord->STACK = (DWORD_PTR)stack;
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
    /* As a call leaves it: aligned, but for the address to return to. */
    stack = (char *)((DWORD_PTR)__builtin_frame_address(0) / 16 * 16 - FRAME - sizeof(void *));
    handlers = ((NT_TIB *)NtCurrentTeb())->ExceptionList;
    put("#", "begun");
    for (index = atoi(arguments[2]); proc(0, NULL, SURVEY_NAME, index, (LPARAM)room); index++) {
        put(">", room);
        if (__builtin_setjmp(before) == 0) {
            in_case = TRUE;
            proc(0, NULL, SURVEY_RUN, index, (LPARAM)room);
            in_case = FALSE;
            put("=", room);
        } else {
            ((NT_TIB *)NtCurrentTeb())->ExceptionList = handlers;
            wsprintfA(code, "! %08lx", exception);
            put(code, room);
        }
    }
    put("#", "ended");
    return 0;
}
