/* Cases of msvcrt.dll: streams, descriptors and formatted text. The files are where temporary files are. */
#include <errno.h>
#include <fcntl.h>
#include <io.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <wchar.h>

#include "survey.h"

#define C_ERROR c_error(*msvcrt(_errno)())

/* A file with ten letters. */
#define FILE_NAME "survey-c.txt"
#define LETTERS "abcdefghij"

static FILE *opened(const char *mode)
{
    FILE *file = msvcrt(fopen)(temporary(FILE_NAME), "wb");
    if (!file) {
        word("no-file");
        return NULL;
    }
    msvcrt(fwrite)(LETTERS, 1, 10, file);
    msvcrt(fclose)(file);
    return msvcrt(fopen)(temporary(FILE_NAME), mode);
}

/* What is in the file, then removes it. */
static void content(void)
{
    char block[40] = "";
    FILE *file = msvcrt(fopen)(temporary(FILE_NAME), "rb");
    if (file) {
        msvcrt(fread)(block, 1, sizeof block - 1, file);
        msvcrt(fclose)(file);
    }
    text(block);
    msvcrt(_wunlink)(temporary_wide(L"survey-c.txt"));
}

GOOD(msvcrt, fopen, to_write_and_to_read)
{
    FILE *file = msvcrt(fopen)(temporary(FILE_NAME), "w");
    pointer(file);
    if (file)
        msvcrt(fclose)(file);
    file = msvcrt(fopen)(temporary(FILE_NAME), "r");
    pointer(file);
    if (file)
        msvcrt(fclose)(file);
    content();
}

WRONG(msvcrt, fopen, what_there_is_not)
{
    pointer(msvcrt(fopen)(temporary("survey-absent.txt"), "r"));
    C_ERROR;
}

GOOD(msvcrt, _wfopen, to_append)
{
    FILE *file = opened("rb");
    if (file)
        msvcrt(fclose)(file);
    file = msvcrt(_wfopen)(temporary_wide(L"survey-c.txt"), L"ab");
    pointer(file);
    msvcrt(fputs)("kl", file);
    number(msvcrt(fclose)(file));
    content();
}

WRONG(msvcrt, _wfopen, what_there_is_not)
{
    pointer(msvcrt(_wfopen)(temporary_wide(L"survey-absent.txt"), L"r"));
    C_ERROR;
}

GOOD(msvcrt, fclose, a_file)
{
    number(msvcrt(fclose)(opened("rb")));
    content();
}

WRONG(msvcrt, fclose, null)
{
    number(msvcrt(fclose)(nothing));
    C_ERROR;
}

GOOD(msvcrt, fwrite, letters)
{
    FILE *file = opened("r+b");
    number(msvcrt(fwrite)("XYZ", 1, 3, file));
    msvcrt(fclose)(file);
    content();
}

WRONG(msvcrt, fwrite, to_a_file_that_is_read)
{
    FILE *file = opened("rb");
    number(msvcrt(fwrite)("XYZ", 1, 3, file));
    yes(msvcrt(ferror)(file));
    msvcrt(fclose)(file);
    content();
}

GOOD(msvcrt, fread, more_than_there_is)
{
    FILLED(to, 16, 'x');
    FILE *file = opened("rb");
    number(msvcrt(fread)(to, 4, 3, file));
    bytes(to, 12);
    yes(msvcrt(feof)(file));
    msvcrt(fclose)(file);
    content();
}

WRONG(msvcrt, fread, from_a_file_that_is_written)
{
    char to[4];
    FILE *file = opened("ab");
    number(msvcrt(fread)(to, 1, 3, file));
    yes(msvcrt(ferror)(file));
    msvcrt(fclose)(file);
    content();
}

GOOD(msvcrt, feof, after_the_last_letter)
{
    FILE *file = opened("rb");
    msvcrt(fseek)(file, 0, SEEK_END);
    yes(msvcrt(feof)(file));
    number(msvcrt(fgetc)(file));
    yes(msvcrt(feof)(file));
    msvcrt(fclose)(file);
    content();
}

WRONG(msvcrt, feof, of_null)
{
    yes(msvcrt(feof)(nothing));
}

GOOD(msvcrt, ferror, of_a_file)
{
    FILE *file = opened("rb");
    yes(msvcrt(ferror)(file));
    msvcrt(fputc)('a', file);
    yes(msvcrt(ferror)(file));
    msvcrt(fclose)(file);
    content();
}

WRONG(msvcrt, ferror, of_null)
{
    yes(msvcrt(ferror)(nothing));
}

GOOD(msvcrt, fgets, lines)
{
    char to[8];
    FILE *file = opened("wb");
    msvcrt(fputs)("one\ntwo", file);
    msvcrt(fclose)(file);
    file = msvcrt(fopen)(temporary(FILE_NAME), "r");
    text(msvcrt(fgets)(to, sizeof to, file));
    text(msvcrt(fgets)(to, 3, file));
    text(msvcrt(fgets)(to, sizeof to, file));
    pointer(msvcrt(fgets)(to, sizeof to, file));
    msvcrt(fclose)(file);
    content();
}

WRONG(msvcrt, fgets, with_no_room)
{
    char to[4] = "ab";
    FILE *file = opened("rb");
    pointer(msvcrt(fgets)(to, 0, file));
    msvcrt(fclose)(file);
    content();
}

GOOD(msvcrt, fgetc, letters)
{
    FILE *file = opened("rb");
    number(msvcrt(fgetc)(file));
    number(msvcrt(fgetc)(file));
    msvcrt(fclose)(file);
    content();
}

WRONG(msvcrt, fgetc, behind_the_end)
{
    FILE *file = opened("wb");
    number(msvcrt(fgetc)(file));
    msvcrt(fclose)(file);
    content();
}

GOOD(msvcrt, getc, a_letter)
{
    FILE *file = opened("rb");
    number(msvcrt(getc)(file));
    msvcrt(fclose)(file);
    content();
}

WRONG(msvcrt, getc, of_null)
{
    number(msvcrt(getc)(nothing));
}

GOOD(msvcrt, ungetc, another_letter)
{
    FILE *file = opened("rb");
    number(msvcrt(getc)(file));
    number(msvcrt(ungetc)('z', file));
    number(msvcrt(getc)(file));
    number(msvcrt(getc)(file));
    msvcrt(fclose)(file);
    content();
}

WRONG(msvcrt, ungetc, the_end)
{
    FILE *file = opened("rb");
    number(msvcrt(ungetc)(EOF, file));
    msvcrt(fclose)(file);
    content();
}

GOOD(msvcrt, getwc, a_letter)
{
    FILE *file = opened("r");
    number(msvcrt(getwc)(file));
    msvcrt(fclose)(file);
    content();
}

WRONG(msvcrt, getwc, behind_the_end)
{
    FILE *file = opened("r");
    msvcrt(fseek)(file, 0, SEEK_END);
    number(msvcrt(getwc)(file));
    msvcrt(fclose)(file);
    content();
}

GOOD(msvcrt, ungetwc, another_letter)
{
    FILE *file = opened("r");
    msvcrt(getwc)(file);
    number(msvcrt(ungetwc)(L'z', file));
    number(msvcrt(getwc)(file));
    msvcrt(fclose)(file);
    content();
}

WRONG(msvcrt, ungetwc, the_end)
{
    FILE *file = opened("r");
    number(msvcrt(ungetwc)(WEOF, file));
    msvcrt(fclose)(file);
    content();
}

GOOD(msvcrt, fputc, a_letter)
{
    FILE *file = opened("wb");
    number(msvcrt(fputc)('q', file));
    msvcrt(fclose)(file);
    content();
}

WRONG(msvcrt, fputc, to_a_file_that_is_read)
{
    FILE *file = opened("rb");
    number(msvcrt(fputc)('q', file));
    msvcrt(fclose)(file);
    content();
}

GOOD(msvcrt, putc, a_letter)
{
    FILE *file = opened("wb");
    number(msvcrt(putc)('q', file));
    msvcrt(fclose)(file);
    content();
}

WRONG(msvcrt, putc, to_null)
{
    number(msvcrt(putc)('q', nothing));
}

GOOD(msvcrt, putwc, a_letter)
{
    FILE *file = opened("w");
    number(msvcrt(putwc)(L'q', file));
    msvcrt(fclose)(file);
    content();
}

WRONG(msvcrt, putwc, to_a_file_that_is_read)
{
    FILE *file = opened("r");
    number(msvcrt(putwc)(L'q', file));
    msvcrt(fclose)(file);
    content();
}

GOOD(msvcrt, fputs, a_text)
{
    FILE *file = opened("w");
    number(msvcrt(fputs)("one\ntwo", file) >= 0);
    msvcrt(fclose)(file);
    content();
}

WRONG(msvcrt, fputs, to_a_file_that_is_read)
{
    FILE *file = opened("rb");
    number(msvcrt(fputs)("one", file));
    msvcrt(fclose)(file);
    content();
}

GOOD(msvcrt, fflush, a_file)
{
    FILE *file = opened("r+b");
    msvcrt(fputs)("ABC", file);
    number(msvcrt(fflush)(file));
    content();
    msvcrt(fclose)(file);
    msvcrt(_wunlink)(temporary_wide(L"survey-c.txt"));
}

WRONG(msvcrt, fflush, all_that_there_are)
{
    number(msvcrt(fflush)(nothing));
}

GOOD(msvcrt, fseek, to_places)
{
    FILE *file = opened("rb");
    number(msvcrt(fseek)(file, 3, SEEK_SET));
    number(msvcrt(fgetc)(file));
    number(msvcrt(fseek)(file, -2, SEEK_END));
    number(msvcrt(fgetc)(file));
    number(msvcrt(fseek)(file, -1, SEEK_CUR));
    number(msvcrt(fgetc)(file));
    msvcrt(fclose)(file);
    content();
}

WRONG(msvcrt, fseek, before_the_beginning)
{
    FILE *file = opened("rb");
    number(msvcrt(fseek)(file, -1, SEEK_SET));
    C_ERROR;
    msvcrt(fclose)(file);
    content();
}

GOOD(msvcrt, ftell, after_some_letters)
{
    char to[3];
    FILE *file = opened("rb");
    number(msvcrt(ftell)(file));
    msvcrt(fread)(to, 1, 3, file);
    number(msvcrt(ftell)(file));
    msvcrt(fclose)(file);
    content();
}

WRONG(msvcrt, ftell, of_null)
{
    number(msvcrt(ftell)(nothing));
}

GOOD(msvcrt, fgetpos, after_some_letters)
{
    fpos_t place = 0;
    FILE *file = opened("rb");
    msvcrt(fseek)(file, 4, SEEK_SET);
    number(msvcrt(fgetpos)(file, &place));
    number(place);
    msvcrt(fclose)(file);
    content();
}

WRONG(msvcrt, fgetpos, to_null)
{
    FILE *file = opened("rb");
    number(msvcrt(fgetpos)(file, nothing));
}

GOOD(msvcrt, fsetpos, back)
{
    fpos_t place;
    FILE *file = opened("rb");
    msvcrt(fgetpos)(file, &place);
    msvcrt(fgetc)(file);
    number(msvcrt(fsetpos)(file, &place));
    number(msvcrt(fgetc)(file));
    msvcrt(fclose)(file);
    content();
}

WRONG(msvcrt, fsetpos, before_the_beginning)
{
    fpos_t place = -5;
    FILE *file = opened("rb");
    number(msvcrt(fsetpos)(file, &place));
    msvcrt(fclose)(file);
    content();
}

GOOD(msvcrt, setvbuf, of_a_file)
{
    static char buffer[512];
    FILE *file = opened("rb");
    number(msvcrt(setvbuf)(file, buffer, _IOFBF, sizeof buffer));
    number(msvcrt(fgetc)(file));
    msvcrt(fclose)(file);
    content();
}

WRONG(msvcrt, setvbuf, with_a_mode_that_is_none)
{
    FILE *file = opened("rb");
    number(msvcrt(setvbuf)(file, NULL, 99, 512));
    msvcrt(fclose)(file);
    content();
}

GOOD(msvcrt, setbuf, none)
{
    FILE *file = opened("wb");
    msvcrt(setbuf)(file, NULL);
    msvcrt(fputc)('u', file);
    content();
    msvcrt(fclose)(file);
    msvcrt(_wunlink)(temporary_wide(L"survey-c.txt"));
}

WRONG(msvcrt, setbuf, of_null)
{
    msvcrt(setbuf)(nothing, NULL);
}
