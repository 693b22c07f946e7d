/* Cases of ucrtbase.dll: files. */
#include <fcntl.h>
#include <io.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <wchar.h>

#include "survey.h"

#define C_ERROR c_error(*ucrtbase(_errno)())

typedef int(__cdecl *PrintToFile)(unsigned long long, void *, const char *, void *, va_list);

/* Files */

#define NAME "survey-u.txt"
#define WIDE_NAME L"survey-u.txt"

static FILE *stream;

static int opened(const char *mode)
{
    stream = ucrtbase(fopen)(temporary(NAME), "wb");
    ucrtbase(fwrite)("abcdefghij", 1, 10, stream);
    ucrtbase(fclose)(stream);
    stream = ucrtbase(fopen)(temporary(NAME), mode);
    return stream != NULL;
}

static void done(void)
{
    char block[40] = "";
    int file = ucrtbase(_open)(temporary(NAME), _O_RDONLY | _O_BINARY);
    ucrtbase(_read)(file, block, sizeof block - 1);
    ucrtbase(_close)(file);
    text(block);
    yes(DeleteFileA(temporary(NAME)));
}

GOOD(ucrtbase, fopen, what_was_written)
{
    yes(opened("rb"));
    ucrtbase(fclose)(stream);
    done();
}

WRONG(ucrtbase, fopen, what_there_is_not)
{
    pointer(ucrtbase(fopen)(temporary("survey-absent.txt"), "r"));
    C_ERROR;
}

GOOD(ucrtbase, _wfopen, to_append)
{
    opened("rb");
    ucrtbase(fclose)(stream);
    stream = ucrtbase(_wfopen)(temporary_wide(WIDE_NAME), L"ab");
    number(ucrtbase(fwrite)("kl", 1, 2, stream));
    ucrtbase(fclose)(stream);
    done();
}

WRONG(ucrtbase, _wfopen, what_there_is_not)
{
    pointer(ucrtbase(_wfopen)(temporary_wide(L"survey-absent.txt"), L"r"));
    C_ERROR;
}

GOOD(ucrtbase, fclose, a_file)
{
    opened("rb");
    number(ucrtbase(fclose)(stream));
    done();
}

WRONG(ucrtbase, fclose, null)
{
    number(ucrtbase(fclose)(nothing));
    C_ERROR;
}

GOOD(ucrtbase, fwrite, letters)
{
    opened("r+b");
    number(ucrtbase(fwrite)("XYZ", 1, 3, stream));
    ucrtbase(fclose)(stream);
    done();
}

WRONG(ucrtbase, fwrite, to_a_file_that_is_read)
{
    opened("rb");
    number(ucrtbase(fwrite)("XYZ", 1, 3, stream));
    C_ERROR;
    ucrtbase(fclose)(stream);
    done();
}

static int printed(const char *format, ...)
{
    int result;
    va_list arguments;
    va_start(arguments, format);
    result = ((PrintToFile)(void *)ucrtbase___stdio_common_vfprintf)(0, stream, format, NULL, arguments);
    va_end(arguments);
    return result;
}

GOOD(ucrtbase, __stdio_common_vfprintf, to_a_file)
{
    opened("wb");
    number(printed("%d %s %.3f", 42, "text", 0.5));
    ucrtbase(fclose)(stream);
    done();
}

WRONG(ucrtbase, __stdio_common_vfprintf, to_a_file_that_is_read)
{
    opened("rb");
    number(printed("%d", 42));
    ucrtbase(fclose)(stream);
    done();
}

GOOD(ucrtbase, __acrt_iob_func, the_standard_streams)
{
    void *(__cdecl *const streams)(unsigned) = (void *(__cdecl *)(unsigned))(void *)ucrtbase___acrt_iob_func;
    pointer(streams(0));
    yes(streams(1) != streams(2));
}

NO_WRONG(ucrtbase, __acrt_iob_func, "numbers that no stream has are not to be given")

GOOD(ucrtbase, _open, to_write)
{
    int file = ucrtbase(_open)(temporary(NAME), _O_CREAT | _O_TRUNC | _O_RDWR | _O_BINARY, _S_IREAD | _S_IWRITE);
    yes(file > 2);
    number(ucrtbase(_write)(file, "letters", 7));
    number(ucrtbase(_close)(file));
    done();
}

WRONG(ucrtbase, _open, what_there_is_not)
{
    number(ucrtbase(_open)(temporary("survey-absent.txt"), _O_RDONLY));
    C_ERROR;
}

/* A descriptor of a file with seven letters. */
static int descriptor(void)
{
    int file = ucrtbase(_open)(temporary(NAME), _O_CREAT | _O_TRUNC | _O_RDWR | _O_BINARY, _S_IREAD | _S_IWRITE);
    ucrtbase(_write)(file, "letters", 7);
    return file;
}

GOOD(ucrtbase, _wopen, to_read)
{
    char to[8] = "";
    int file;
    ucrtbase(_close)(descriptor());
    file = ucrtbase(_wopen)(temporary_wide(WIDE_NAME), _O_RDONLY | _O_BINARY);
    number(ucrtbase(_read)(file, to, 7));
    text(to);
    ucrtbase(_close)(file);
    done();
}

WRONG(ucrtbase, _wopen, what_there_is_not)
{
    number(ucrtbase(_wopen)(temporary_wide(L"survey-absent.txt"), _O_RDONLY));
    C_ERROR;
}

GOOD(ucrtbase, _read, letters)
{
    FILLED(to, 10, 'x');
    int file = descriptor();
    ucrtbase(_lseek)(file, 2, SEEK_SET);
    number(ucrtbase(_read)(file, to, 10));
    bytes(to, 10);
    ucrtbase(_close)(file);
    done();
}

WRONG(ucrtbase, _read, from_no_descriptor)
{
    char to[4];
    number(ucrtbase(_read)(-1, to, 4));
    C_ERROR;
}

GOOD(ucrtbase, _write, letters)
{
    int file = descriptor();
    number(ucrtbase(_write)(file, "XYZ", 3));
    ucrtbase(_close)(file);
    done();
}

WRONG(ucrtbase, _write, to_no_descriptor)
{
    number(ucrtbase(_write)(-1, "XYZ", 3));
    C_ERROR;
}

GOOD(ucrtbase, _lseek, to_places)
{
    int file = descriptor();
    number(ucrtbase(_lseek)(file, 3, SEEK_SET));
    number(ucrtbase(_lseek)(file, -1, SEEK_END));
    ucrtbase(_close)(file);
    done();
}

WRONG(ucrtbase, _lseek, of_no_descriptor)
{
    number(ucrtbase(_lseek)(-1, 0, SEEK_SET));
    C_ERROR;
}

GOOD(ucrtbase, _close, a_file)
{
    number(ucrtbase(_close)(descriptor()));
    done();
}

WRONG(ucrtbase, _close, no_descriptor)
{
    number(ucrtbase(_close)(-1));
    C_ERROR;
}

GOOD(ucrtbase, _setmode, to_text_and_back)
{
    int file = descriptor();
    yes(ucrtbase(_setmode)(file, _O_TEXT) == _O_BINARY);
    yes(ucrtbase(_setmode)(file, _O_BINARY) == _O_TEXT);
    ucrtbase(_close)(file);
    done();
}

WRONG(ucrtbase, _setmode, of_no_descriptor)
{
    number(ucrtbase(_setmode)(-1, _O_BINARY));
    C_ERROR;
}

GOOD(ucrtbase, _fdopen, of_a_file)
{
    FILE *file = ucrtbase(_fdopen)(descriptor(), "r+b");
    pointer(file);
    number(ucrtbase(fclose)(file));
    done();
}

WRONG(ucrtbase, _fdopen, of_no_descriptor)
{
    pointer(ucrtbase(_fdopen)(-1, "rb"));
    C_ERROR;
}
