/* Cases of kernel32.dll: files and consoles. */
#include "survey.h"

#define NO_HANDLE ((HANDLE)(ULONG_PTR)0xdead0)

/* Files */

#define NAME "survey-k.txt"

static HANDLE opened(void)
{
    HANDLE file = kernel32(CreateFileA)(temporary(NAME), GENERIC_READ | GENERIC_WRITE, 0, NULL, CREATE_ALWAYS, 0, NULL);
    DWORD written = 0;
    kernel32(WriteFile)(file, "abcdefghij", 10, &written, NULL);
    SetFilePointer(file, 0, NULL, FILE_BEGIN);
    return file;
}

static void done(HANDLE file)
{
    kernel32(CloseHandle)(file);
    yes(kernel32(DeleteFileW)(temporary_wide(L"survey-k.txt")));
}

GOOD(kernel32, CreateFileA, a_file)
{
    HANDLE file = opened();
    handle(file);
    done(file);
}

WRONG(kernel32, CreateFileA, what_there_is_not)
{
    handle(kernel32(CreateFileA)(temporary("survey-absent.txt"), GENERIC_READ, 0, NULL, OPEN_EXISTING, 0, NULL));
    last_error();
}

GOOD(kernel32, ReadFile, letters)
{
    FILLED(to, 16, 'x');
    DWORD count = 99;
    HANDLE file = opened();
    yes(kernel32(ReadFile)(file, to, 16, &count, NULL));
    number(count);
    bytes(to, 12);
    yes(kernel32(ReadFile)(file, to, 16, &count, NULL));
    number(count);
    done(file);
}

WRONG(kernel32, ReadFile, no_handle)
{
    char to[4];
    DWORD count = 99;
    yes(kernel32(ReadFile)(NO_HANDLE, to, 4, &count, NULL));
    last_error();
}

GOOD(kernel32, WriteFile, letters)
{
    DWORD count = 99;
    HANDLE file = opened();
    yes(kernel32(WriteFile)(file, "XYZ", 3, &count, NULL));
    number(count);
    number(kernel32(GetFileSize)(file, NULL));
    done(file);
}

WRONG(kernel32, WriteFile, no_handle)
{
    DWORD count = 99;
    yes(kernel32(WriteFile)(NO_HANDLE, "XYZ", 3, &count, NULL));
    last_error();
}

GOOD(kernel32, GetFileSize, of_ten_letters)
{
    DWORD high = 99;
    HANDLE file = opened();
    number(kernel32(GetFileSize)(file, &high));
    number(high);
    done(file);
}

WRONG(kernel32, GetFileSize, of_no_handle)
{
    number((LONG)kernel32(GetFileSize)(NO_HANDLE, NULL));
    last_error();
}

GOOD(kernel32, FlushFileBuffers, of_a_file)
{
    HANDLE file = opened();
    yes(kernel32(FlushFileBuffers)(file));
    done(file);
}

WRONG(kernel32, FlushFileBuffers, of_no_handle)
{
    yes(kernel32(FlushFileBuffers)(NO_HANDLE));
    last_error();
}

GOOD(kernel32, DeleteFileW, a_file)
{
    done(opened());
}

WRONG(kernel32, DeleteFileW, what_there_is_not)
{
    yes(kernel32(DeleteFileW)(temporary_wide(L"survey-absent.txt")));
    last_error();
}

GOOD(kernel32, GetTempPathW, of_this_user)
{
    WCHAR path[MAX_PATH] = L"";
    DWORD length = kernel32(GetTempPathW)(MAX_PATH, path);
    yes(length > 3 && path[length] == 0 && path[length - 1] == L'\\');
}

WRONG(kernel32, GetTempPathW, where_there_is_no_room)
{
    WCHAR path[4];
    yes(kernel32(GetTempPathW)(2, path) > 4);
}

GOOD(kernel32, GetTempFileNameW, of_a_number)
{
    WCHAR path[MAX_PATH] = L"", *name = path, *at;
    number(kernel32(GetTempFileNameW)(L".", L"sur", 0x1234, path));
    for (at = path; *at; at++)
        if (*at == L'\\')
            name = at + 1;
    wide(name);
}

WRONG(kernel32, GetTempFileNameW, to_null)
{
    number(kernel32(GetTempFileNameW)(L".", L"sur", 1, nothing));
    last_error();
}

GOOD(kernel32, GetPrivateProfileIntA, of_a_file_that_there_is_not)
{
    number(kernel32(GetPrivateProfileIntA)("section", "key", 42, temporary("survey-absent.ini")));
}

WRONG(kernel32, GetPrivateProfileIntA, of_null)
{
    number(kernel32(GetPrivateProfileIntA)(nothing, nothing, 42, temporary("survey-absent.ini")));
}

#ifdef __i386__
GOOD(kernel32, WritePrivateProfileStringA, a_number)
{
    yes(kernel32(WritePrivateProfileStringA)("section", "key", "12", temporary("survey.ini")));
    number(kernel32(GetPrivateProfileIntA)("section", "key", 42, temporary("survey.ini")));
    yes(kernel32(DeleteFileW)(temporary_wide(L"survey.ini")));
}

WRONG(kernel32, WritePrivateProfileStringA, without_a_section)
{
    yes(kernel32(WritePrivateProfileStringA)(nothing, "key", "12", temporary("survey.ini")));
    kernel32(DeleteFileW)(temporary_wide(L"survey.ini"));
}
#endif

GOOD(kernel32, WaitNamedPipeW, that_there_is_not)
{
    yes(kernel32(WaitNamedPipeW)(L"\\\\.\\pipe\\survey-absent", 1));
    last_error();
}

WRONG(kernel32, WaitNamedPipeW, by_no_name_of_a_pipe)
{
    yes(kernel32(WaitNamedPipeW)(L"survey-absent", 1));
    last_error();
}

/* Consoles */

GOOD(kernel32, GetStdHandle, of_what_is_written)
{
    yes(kernel32(GetStdHandle)(STD_OUTPUT_HANDLE) == kernel32(GetStdHandle)(STD_OUTPUT_HANDLE));
}

WRONG(kernel32, GetStdHandle, of_no_number_that_there_is)
{
    handle(kernel32(GetStdHandle)(99));
    last_error();
}

GOOD(kernel32, GetConsoleMode, of_what_is_no_console)
{
    DWORD mode = 99;
    HANDLE file = opened();
    yes(kernel32(GetConsoleMode)(file, &mode));
    last_error();
    done(file);
}

WRONG(kernel32, GetConsoleMode, of_no_handle)
{
    DWORD mode = 99;
    yes(kernel32(GetConsoleMode)(NO_HANDLE, &mode));
    last_error();
}

GOOD(kernel32, WriteConsoleA, to_what_is_no_console)
{
    DWORD count = 99;
    HANDLE file = opened();
    yes(kernel32(WriteConsoleA)(file, "letters", 7, &count, NULL));
    last_error();
    done(file);
}

WRONG(kernel32, WriteConsoleA, to_no_handle)
{
    DWORD count = 99;
    yes(kernel32(WriteConsoleA)(NO_HANDLE, "letters", 7, &count, NULL));
    last_error();
}

GOOD(kernel32, WriteConsoleW, to_what_is_no_console)
{
    DWORD count = 99;
    HANDLE file = opened();
    yes(kernel32(WriteConsoleW)(file, L"letters", 7, &count, NULL));
    last_error();
    done(file);
}

WRONG(kernel32, WriteConsoleW, to_no_handle)
{
    DWORD count = 99;
    yes(kernel32(WriteConsoleW)(NO_HANDLE, L"letters", 7, &count, NULL));
    last_error();
}

GOOD(kernel32, SetConsoleScreenBufferSize, of_what_is_no_console)
{
    COORD size = {80, 25};
    HANDLE file = opened();
    yes(kernel32(SetConsoleScreenBufferSize)(file, size));
    last_error();
    done(file);
}

WRONG(kernel32, SetConsoleScreenBufferSize, of_no_handle)
{
    COORD size = {80, 25};
    yes(kernel32(SetConsoleScreenBufferSize)(NO_HANDLE, size));
    last_error();
}

GOOD(kernel32, AllocConsole, where_nobody_sees_it)
{
    yes(kernel32(AllocConsole)());
}

NO_WRONG(kernel32, AllocConsole, "it takes no arguments")
