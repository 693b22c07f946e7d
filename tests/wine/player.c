/*
 * Calls winmm's driver functions as it is told, line by line, and says what they answer and what drivers say meanwhile. src/conformance/wine.rs
 * tells it, and reads that.
 *
 * A line is a word and its fields, separated by tabs; numbers are hexadecimal, without sign. The answer is `= N`. What a driver says by
 * OutputDebugString with `spy MODULE` at its beginning appears before that, as `! FILE TEXT`.
 */
#include <windows.h>
#include <mmsystem.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_LINE 2000
#define MAX_FIELDS 6

/* Not by stdio: drivers still say something when the C library has ended. */
static void put(const char *line)
{
    DWORD written;
    WriteFile(GetStdHandle(STD_OUTPUT_HANDLE), line, (DWORD)strlen(line), &written, NULL);
}

static LONG CALLBACK hear(EXCEPTION_POINTERS *pointers)
{
    const EXCEPTION_RECORD *record = pointers->ExceptionRecord;
    const char *text = (const char *)record->ExceptionInformation[1];
    char file[MAX_PATH] = "", line[MAX_LINE];
    const char *name;
    if (record->ExceptionCode != DBG_PRINTEXCEPTION_C)
        return EXCEPTION_CONTINUE_SEARCH;
    if (strncmp(text, "spy ", 4) == 0) {
        GetModuleFileNameA((HMODULE)(ULONG_PTR)_strtoui64(text + 4, NULL, 16), file, sizeof file);
        name = strrchr(file, '\\');
        snprintf(line, sizeof line, "! %s %s\n", name ? name + 1 : "?", text);
        put(line);
    }
    return EXCEPTION_CONTINUE_EXECUTION;
}

static ULONGLONG number(const char *field)
{
    return _strtoui64(field, NULL, 16);
}

/* A field as UTF-16, in one of several buffers by turns. */
static WCHAR *wide(const char *field)
{
    static WCHAR buffers[4][MAX_LINE];
    static int next;
    WCHAR *buffer = buffers[next++ % 4];
    MultiByteToWideChar(CP_UTF8, 0, field, -1, buffer, MAX_LINE);
    return buffer;
}

static ULONGLONG set_value(const char *section, const char *name, const char *value)
{
    WCHAR path[MAX_LINE] = L"Software\\Microsoft\\Windows NT\\CurrentVersion\\", *data = wide(value);
    wcscat(path, wide(section));
    return RegSetKeyValueW(HKEY_LOCAL_MACHINE, path, wide(name), REG_SZ, data,
                           (DWORD)((wcslen(data) + 1) * sizeof *data)) == ERROR_SUCCESS;
}

/* Memory with these values in it, for good. */
static ULONGLONG block(char **fields, int count)
{
    LPARAM *values = calloc(MAX_FIELDS, sizeof *values);
    int n;
    for (n = 0; n < count; n++)
        values[n] = (LPARAM)number(fields[n]);
    return (ULONG_PTR)values;
}

static ULONGLONG answer(char **field, int count)
{
    const char *word = field[0];
    HDRVR hdrvr = (HDRVR)(ULONG_PTR)number(field[1]);
    if (!strcmp(word, "open"))
        return (ULONG_PTR)OpenDriver(wide(field[1]), *field[2] ? wide(field[2]) : NULL, (LPARAM)number(field[3]));
    if (!strcmp(word, "send"))
        return SendDriverMessage(hdrvr, (UINT)number(field[2]), (LPARAM)number(field[3]), (LPARAM)number(field[4]));
    if (!strcmp(word, "close"))
        return CloseDriver(hdrvr, (LPARAM)number(field[2]), (LPARAM)number(field[3]));
    if (!strcmp(word, "module"))
        return (ULONG_PTR)GetDriverModuleHandle(hdrvr);
    if (!strcmp(word, "block"))
        return block(field + 1, count - 1);
    if (!strcmp(word, "entry"))
        return set_value(field[1], field[2], field[3]);
    if (!strcmp(word, "ini"))
        return WritePrivateProfileStringW(wide(field[1]), wide(field[2]), wide(field[3]), L"system.ini");
    fprintf(stderr, "no such word: %s\n", word);
    exit(2);
}

static void say_version(void)
{
    typedef const char *(CDECL * Version)(void);
    Version version = (Version)(void *)GetProcAddress(GetModuleHandleA("ntdll.dll"), "wine_get_version");
    put(version ? version() : "?");
    put("\n");
}

int main(void)
{
    char line[MAX_LINE], reply[40];
    AddVectoredExceptionHandler(TRUE, hear);
    say_version();
    while (fgets(line, sizeof line, stdin)) {
        char *fields[MAX_FIELDS] = {"", "", "", "", "", ""}, *next = line;
        int count = 0;
        line[strcspn(line, "\n")] = 0;
        while (next && count < MAX_FIELDS) {
            fields[count++] = next;
            next = strchr(next, '\t');
            if (next)
                *next++ = 0;
        }
        /* Returning from main is the only end that a session has here. */
        if (!strcmp(fields[0], "exit"))
            return 0;
        snprintf(reply, sizeof reply, "= %llx\n", answer(fields, count));
        put(reply);
    }
    return 0;
}
