/* Cases of msvcrt.dll: descriptors, what is said of files, and formatted text. */
#include <fcntl.h>
#include <io.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/stat.h>
#include <wchar.h>

#include "survey.h"

#define C_ERROR c_error(*msvcrt(_errno)())

#define FILE_NAME "survey-d.txt"
#define WIDE_NAME L"survey-d.txt"

/* A descriptor of a file with ten letters; the stream that has it is closed with `done`. */
static FILE *stream;

static int opened(const char *mode)
{
    stream = msvcrt(fopen)(temporary(FILE_NAME), "wb");
    msvcrt(fwrite)("abcdefghij", 1, 10, stream);
    msvcrt(fclose)(stream);
    stream = msvcrt(fopen)(temporary(FILE_NAME), mode);
    return msvcrt(_fileno)(stream);
}

static void done(void)
{
    msvcrt(fclose)(stream);
    number(msvcrt(_wunlink)(temporary_wide(WIDE_NAME)));
}

GOOD(msvcrt, _fileno, of_a_file)
{
    yes(opened("rb") > 2);
    done();
}

WRONG(msvcrt, _fileno, of_null)
{
    number(msvcrt(_fileno)(nothing));
}

GOOD(msvcrt, _read, letters)
{
    FILLED(to, 16, 'x');
    number(msvcrt(_read)(opened("rb"), to, 16));
    bytes(to, 12);
    done();
}

WRONG(msvcrt, _read, from_no_descriptor)
{
    char to[4];
    number(msvcrt(_read)(-1, to, 4));
    C_ERROR;
}

GOOD(msvcrt, _write, letters)
{
    int file = opened("r+b");
    number(msvcrt(_write)(file, "XYZ", 3));
    number(msvcrt(_filelengthi64)(file));
    done();
}

WRONG(msvcrt, _write, to_no_descriptor)
{
    number(msvcrt(_write)(-1, "XYZ", 3));
    C_ERROR;
}

GOOD(msvcrt, _lseeki64, to_places)
{
    int file = opened("rb");
    number(msvcrt(_lseeki64)(file, 3, SEEK_SET));
    number(msvcrt(_lseeki64)(file, 2, SEEK_CUR));
    number(msvcrt(_lseeki64)(file, -1, SEEK_END));
    done();
}

WRONG(msvcrt, _lseeki64, of_no_descriptor)
{
    number(msvcrt(_lseeki64)(-1, 0, SEEK_SET));
    C_ERROR;
}

GOOD(msvcrt, _filelengthi64, of_ten_letters)
{
    number(msvcrt(_filelengthi64)(opened("rb")));
    done();
}

WRONG(msvcrt, _filelengthi64, of_no_descriptor)
{
    number(msvcrt(_filelengthi64)(-1));
    C_ERROR;
}

GOOD(msvcrt, _close, a_file)
{
    number(msvcrt(_close)(opened("rb")));
    /* Its stream has no descriptor any more. */
    number(msvcrt(fclose)(stream));
    number(msvcrt(_wunlink)(temporary_wide(WIDE_NAME)));
}

WRONG(msvcrt, _close, no_descriptor)
{
    number(msvcrt(_close)(-1));
    C_ERROR;
}

GOOD(msvcrt, _fdopen, of_a_file)
{
    FILE *second;
    int file = opened("rb");
    second = msvcrt(_fdopen)(file, "rb");
    pointer(second);
    number(msvcrt(fgetc)(second));
    done();
}

WRONG(msvcrt, _fdopen, of_no_descriptor)
{
    pointer(msvcrt(_fdopen)(-1, "rb"));
    C_ERROR;
}

GOOD(msvcrt, _setmode, to_bytes_and_back)
{
    int file = opened("r");
    yes(msvcrt(_setmode)(file, _O_BINARY) == _O_TEXT);
    yes(msvcrt(_setmode)(file, _O_TEXT) == _O_BINARY);
    done();
}

WRONG(msvcrt, _setmode, of_no_descriptor)
{
    number(msvcrt(_setmode)(-1, _O_BINARY));
    C_ERROR;
}

#ifdef _WIN64
GOOD(msvcrt, _fstat64, of_ten_letters)
{
    struct _stat64 status = {0};
    number(msvcrt(_fstat64)(opened("rb"), &status));
    number(status.st_size);
    hex(status.st_mode & _S_IFMT);
    yes(status.st_mtime > 1700000000);
    done();
}

WRONG(msvcrt, _fstat64, of_no_descriptor)
{
    struct _stat64 status;
    number(msvcrt(_fstat64)(-1, &status));
    C_ERROR;
}

GOOD(msvcrt, _wstat64, of_ten_letters)
{
    struct _stat64 status = {0};
    opened("rb");
    number(msvcrt(_wstat64)(temporary_wide(WIDE_NAME), &status));
    number(status.st_size);
    hex(status.st_mode & _S_IFMT);
    done();
}

WRONG(msvcrt, _wstat64, of_what_there_is_not)
{
    struct _stat64 status;
    number(msvcrt(_wstat64)(temporary_wide(L"survey-absent.txt"), &status));
    C_ERROR;
}
#else
/* The headers call these by names that say how long their times are. */
typedef int(__cdecl *StatusOf)(int, struct _stat32i64 *);
typedef int(__cdecl *StatusOfName)(const WCHAR *, struct _stat32i64 *);
typedef int(__cdecl *LongStatusOf)(int, struct _stat64 *);

GOOD(msvcrt, _fstat64, of_ten_letters)
{
    struct _stat64 status = {0};
    number(((LongStatusOf)(void *)msvcrt__fstat64)(opened("rb"), &status));
    number(status.st_size);
    hex(status.st_mode & _S_IFMT);
    yes(status.st_mtime > 1700000000);
    done();
}

WRONG(msvcrt, _fstat64, of_no_descriptor)
{
    struct _stat64 status;
    number(((LongStatusOf)(void *)msvcrt__fstat64)(-1, &status));
    C_ERROR;
}

GOOD(msvcrt, _fstati64, of_ten_letters)
{
    struct _stat32i64 status = {0};
    number(((StatusOf)(void *)msvcrt__fstati64)(opened("rb"), &status));
    number(status.st_size);
    hex(status.st_mode & _S_IFMT);
    done();
}

WRONG(msvcrt, _fstati64, of_no_descriptor)
{
    struct _stat32i64 status;
    number(((StatusOf)(void *)msvcrt__fstati64)(-1, &status));
    C_ERROR;
}

GOOD(msvcrt, _wstati64, of_ten_letters)
{
    struct _stat32i64 status = {0};
    opened("rb");
    number(((StatusOfName)(void *)msvcrt__wstati64)(temporary_wide(WIDE_NAME), &status));
    number(status.st_size);
    hex(status.st_mode & _S_IFMT);
    done();
}

WRONG(msvcrt, _wstati64, of_what_there_is_not)
{
    struct _stat32i64 status;
    number(((StatusOfName)(void *)msvcrt__wstati64)(temporary_wide(L"survey-absent.txt"), &status));
    C_ERROR;
}
#endif

GOOD(msvcrt, _wrename, a_file)
{
    opened("rb");
    msvcrt(fclose)(stream);
    number(msvcrt(_wrename)(temporary_wide(WIDE_NAME), temporary_wide(L"survey-e.txt")));
    number(msvcrt(_wunlink)(temporary_wide(L"survey-e.txt")));
}

WRONG(msvcrt, _wrename, what_there_is_not)
{
    number(msvcrt(_wrename)(temporary_wide(L"survey-absent.txt"), temporary_wide(L"survey-e.txt")));
    C_ERROR;
}

GOOD(msvcrt, _wunlink, a_file)
{
    opened("rb");
    msvcrt(fclose)(stream);
    number(msvcrt(_wunlink)(temporary_wide(WIDE_NAME)));
}

WRONG(msvcrt, _wunlink, what_there_is_not)
{
    number(msvcrt(_wunlink)(temporary_wide(L"survey-absent.txt")));
    C_ERROR;
}

/* Standard streams and formatted text */

#ifdef _WIN64
GOOD(msvcrt, __iob_func, the_standard_streams)
{
    char *streams = (char *)((void *(__cdecl *)(void))(void *)msvcrt___iob_func)();
    pointer(streams);
    for (int i = 0; i < 3; i++)
        number(msvcrt(_fileno)((FILE *)(void *)(streams + i * 48)));
}

NO_WRONG(msvcrt, __iob_func, "it takes no arguments")
#else
GOOD(msvcrt, _iob, the_standard_streams)
{
    for (int i = 0; i < 3; i++)
        number(msvcrt(_fileno)((FILE *)(void *)(msvcrt__iob + i * 32)));
}

NO_WRONG(msvcrt, _iob, "it is a variable")
#endif

GOOD(msvcrt, fprintf, to_a_file)
{
    opened("w+b");
    number(msvcrt(fprintf)(stream, "%d %s %5.2f|%-4x|%04d", 42, "text", 3.14159, 255, 7));
    msvcrt(fflush)(stream);
    number(msvcrt(ftell)(stream));
    done();
}

WRONG(msvcrt, fprintf, to_a_file_that_is_read)
{
    opened("rb");
    number(msvcrt(fprintf)(stream, "%d", 42));
    done();
}

static int formatted(FILE *file, const char *format, ...)
{
    int result;
    va_list arguments;
    va_start(arguments, format);
    result = ((int(__cdecl *)(FILE *, const char *, va_list))(void *)msvcrt_vfprintf)(file, format, arguments);
    va_end(arguments);
    return result;
}

GOOD(msvcrt, vfprintf, to_a_file)
{
    opened("w+b");
    number(formatted(stream, "%lu %c %I64d %e", 42UL, 'c', 5000000000LL, 1.5));
    done();
}

WRONG(msvcrt, vfprintf, to_a_file_that_is_read)
{
    opened("rb");
    number(formatted(stream, "%d", 42));
    done();
}

GOOD(msvcrt, _snwprintf, numbers)
{
    WCHAR to[40];
    number(((int(__cdecl *)(WCHAR *, size_t, const WCHAR *, ...))(void *)msvcrt__snwprintf)(to, 40, L"%d %s %hs", 42,
                                                                                          L"wide", "narrow"));
    wide(to);
}

WRONG(msvcrt, _snwprintf, where_there_is_no_room)
{
    FILLED(to, 8, 'x');
    number(((int(__cdecl *)(WCHAR *, size_t, const WCHAR *, ...))(void *)msvcrt__snwprintf)((WCHAR *)to, 3, L"%d",
                                                                                          12345));
    bytes(to, 8);
}

#ifdef __i386__
static int into(char *to, size_t size, size_t count, const char *format, ...)
{
    int result;
    va_list arguments;
    va_start(arguments, format);
    result = ((int(__cdecl *)(char *, size_t, size_t, const char *, va_list))(void *)msvcrt__vsnprintf_s)(
        to, size, count, format, arguments);
    va_end(arguments);
    return result;
}

GOOD(msvcrt, _vsnprintf_s, numbers)
{
    FILLED(to, 16, 'x');
    number(into(to, 16, 15, "%d %s", 42, "text"));
    text(to);
    number(into(to, 4, (size_t)-1, "%d", 12345));
    text(to);
}

WRONG(msvcrt, _vsnprintf_s, to_null)
{
    number(into(nothing, 4, 3, "%d", 1));
    C_ERROR;
}
#endif
