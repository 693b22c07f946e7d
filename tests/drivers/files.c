/*
 * Files, by kernel32's functions and by the C library's. Each act answers 0, or the line of the check that failed. The numbers of its messages
 * (FILES_...) come from src/acts.rs.
 */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <io.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <windows.h>
#include <mmsystem.h>

#define CHECK(what)                                                                                                                  \
    do {                                                                                                                             \
        if (!(what))                                                                                                                 \
            return __LINE__;                                                                                                         \
    } while (0)

static HMODULE self;

/* The path of a file beside this driver, as drivers usually make it. */
static const char *path_beside(char *path, const char *name)
{
    GetModuleFileNameA(self, path, MAX_PATH);
    strcpy(strrchr(path, '\\') + 1, name);
    return path;
}

/* The same in a buffer of the block that it stands in. */
#define beside(name) path_beside((char[MAX_PATH]){0}, name)

static int failed_with(int failed, DWORD code)
{
    return failed && GetLastError() == code;
}

static int kernel32(void)
{
    const char *path = beside("Kernel.dat");
    char buffer[64], again[MAX_PATH], *last;
    DWORD count, high = 7;
    LARGE_INTEGER size, place;
    WIN32_FIND_DATAA found;
    WIN32_FILE_ATTRIBUTE_DATA data;
    BY_HANDLE_FILE_INFORMATION info;
    OVERLAPPED overlapped = {0};
    HANDLE file, search, other;

    CHECK(failed_with(CreateFileA(path, GENERIC_READ, 0, NULL, OPEN_EXISTING, 0, NULL) == INVALID_HANDLE_VALUE, ERROR_FILE_NOT_FOUND));
    file = CreateFileA(path, GENERIC_READ | GENERIC_WRITE, 0, NULL, CREATE_NEW, FILE_ATTRIBUTE_NORMAL, NULL);
    CHECK(file != INVALID_HANDLE_VALUE && GetFileType(file) == FILE_TYPE_DISK);
    CHECK(failed_with(CreateFileA(path, GENERIC_WRITE, 0, NULL, CREATE_NEW, 0, NULL) == INVALID_HANDLE_VALUE, ERROR_FILE_EXISTS));
    CHECK(WriteFile(file, "0123456789", 10, &count, NULL) && count == 10);
    CHECK(SetFilePointer(file, -4, NULL, FILE_END) == 6);
    CHECK(ReadFile(file, buffer, sizeof buffer, &count, NULL) && count == 4 && memcmp(buffer, "6789", 4) == 0);
    CHECK(ReadFile(file, buffer, sizeof buffer, &count, NULL) && count == 0);
    CHECK(failed_with(SetFilePointer(file, -1, NULL, FILE_BEGIN) == INVALID_SET_FILE_POINTER, ERROR_NEGATIVE_SEEK));
    place.QuadPart = 3;
    CHECK(SetFilePointerEx(file, place, &place, FILE_BEGIN) && place.QuadPart == 3 && SetEndOfFile(file));
    CHECK(GetFileSizeEx(file, &size) && size.QuadPart == 3 && GetFileSize(file, &high) == 3 && high == 0);
    overlapped.Offset = 1;
    CHECK(ReadFile(file, buffer, 8, &count, &overlapped) && count == 2 && memcmp(buffer, "12", 2) == 0);
    overlapped.Offset = 3;
    CHECK(failed_with(!ReadFile(file, buffer, 8, &count, &overlapped), ERROR_HANDLE_EOF));
    CHECK(FlushFileBuffers(file) && GetFileInformationByHandle(file, &info) && info.nFileSizeLow == 3 && info.nNumberOfLinks == 1);
    CHECK(CloseHandle(file) && failed_with(!CloseHandle(file), ERROR_INVALID_HANDLE));
    CHECK(failed_with(!ReadFile(file, buffer, 1, &count, NULL), ERROR_INVALID_HANDLE));

    /* Names have no case. */
    strcpy(again, path);
    for (last = again; *last; last++)
        *last = (char)toupper(*last);
    CHECK(GetFileAttributesA(again) == FILE_ATTRIBUTE_ARCHIVE);
    CHECK(GetFileAttributesExA(path, GetFileExInfoStandard, &data) && data.nFileSizeLow == 3 && data.ftLastWriteTime.dwHighDateTime != 0);
    CHECK(failed_with(GetFileAttributesA(beside("nothing")) == INVALID_FILE_ATTRIBUTES, ERROR_FILE_NOT_FOUND));
    CHECK(failed_with(GetFileAttributesA("C:\\nowhere\\x") == INVALID_FILE_ATTRIBUTES, ERROR_PATH_NOT_FOUND));
    other = CreateFileA(path, GENERIC_READ, 0, NULL, OPEN_EXISTING, 0, NULL);
    CHECK(failed_with(!WriteFile(other, "x", 1, &count, NULL), ERROR_ACCESS_DENIED) && CloseHandle(other));

    CHECK(CreateDirectoryA("C:\\data", NULL) && failed_with(!CreateDirectoryA("c:/DATA", NULL), ERROR_ALREADY_EXISTS));
    CHECK(MoveFileA(path, "C:\\data\\a.txt") && CopyFileA("C:\\data\\a.txt", "C:\\data\\B.txt", TRUE));
    CHECK(failed_with(!CopyFileA("C:\\data\\a.txt", "C:\\data\\b.TXT", TRUE), ERROR_FILE_EXISTS));
    search = FindFirstFileA("C:\\data\\*.txt", &found);
    CHECK(search != INVALID_HANDLE_VALUE && strcmp(found.cFileName, "a.txt") == 0 && found.nFileSizeLow == 3);
    CHECK(FindNextFileA(search, &found) && strcmp(found.cFileName, "B.txt") == 0);
    CHECK(failed_with(!FindNextFileA(search, &found), ERROR_NO_MORE_FILES) && FindClose(search));
    CHECK(failed_with(FindFirstFileA("C:\\data\\*.dat", &found) == INVALID_HANDLE_VALUE, ERROR_FILE_NOT_FOUND));
    CHECK(failed_with(!RemoveDirectoryA("C:\\data"), ERROR_DIR_NOT_EMPTY));
    CHECK(DeleteFileA("C:\\data\\a.txt") && failed_with(!DeleteFileA("C:\\data\\a.txt"), ERROR_FILE_NOT_FOUND));

    CHECK(SetCurrentDirectoryA("C:\\data") && GetCurrentDirectoryA(sizeof again, again) == 7 && strcmp(again, "C:\\data") == 0);
    CHECK(GetFullPathNameA("x\\..\\b.txt", sizeof again, again, &last) == 13 && strcmp(again, "C:\\data\\b.txt") == 0 && last == again + 8);
    CHECK(DeleteFileA("B.TXT") && SetCurrentDirectoryA("..") && RemoveDirectoryA("data"));
    CHECK(GetTempPathA(sizeof again, again) == strlen(again) && GetTempFileNameA(again, "syn", 0, buffer) != 0);
    CHECK(GetFileAttributesA(buffer) == FILE_ATTRIBUTE_ARCHIVE);
    file = CreateFileA(buffer, GENERIC_WRITE, 0, NULL, CREATE_ALWAYS, FILE_FLAG_DELETE_ON_CLOSE, NULL);
    CHECK(file != INVALID_HANDLE_VALUE && GetLastError() == ERROR_ALREADY_EXISTS && CloseHandle(file));
    CHECK(GetFileAttributesA(buffer) == INVALID_FILE_ATTRIBUTES);
    return 0;
}

static int streams(const char *path)
{
    char buffer[64];
    struct _stat64 known;
    fpos_t place;
    FILE *file;
    int number, i;

    CHECK(fopen(beside("nothing"), "r") == NULL && errno == ENOENT);
    /* As text, a line end is two bytes in the file. */
    CHECK((file = fopen(path, "w")) != NULL && fprintf(file, "line %d\nmore\n", 1) == 12);
    CHECK(ftell(file) == 14 && fclose(file) == 0);
    CHECK((file = fopen(path, "rb")) != NULL && fread(buffer, 1, sizeof buffer, file) == 14 && feof(file));
    CHECK(memcmp(buffer, "line 1\r\nmore\r\n", 14) == 0 && fclose(file) == 0);
    CHECK((file = fopen(path, "r")) != NULL && fgets(buffer, sizeof buffer, file) == buffer && strcmp(buffer, "line 1\n") == 0);
    CHECK(ftell(file) == 8 && fgetpos(file, &place) == 0 && fgetc(file) == 'm' && ungetc('M', file) == 'M' && getc(file) == 'M');
    CHECK(fsetpos(file, &place) == 0 && fread(buffer, 1, 4, file) == 4 && memcmp(buffer, "more", 4) == 0);
    CHECK(fgetc(file) == '\n' && !feof(file) && fgetc(file) == EOF && feof(file) && !ferror(file));
    CHECK(fputc('x', file) == EOF && ferror(file));
    rewind(file);
    CHECK(!ferror(file) && fgetc(file) == 'l' && fseek(file, -3, SEEK_END) == 0 && fgetc(file) == 'e' && fclose(file) == 0);

    /* Reading and writing in turn. */
    CHECK((file = fopen(path, "w+b")) != NULL && setvbuf(file, NULL, _IOFBF, 16) == 0);
    for (i = 0; i < 3000; i++)
        CHECK(fwrite(&i, sizeof i, 1, file) == 1);
    CHECK(fseek(file, 1000 * sizeof i, SEEK_SET) == 0 && fread(&i, sizeof i, 1, file) == 1 && i == 1000);
    i = -1;
    CHECK(fseek(file, 0, SEEK_CUR) == 0 && fwrite(&i, sizeof i, 1, file) == 1 && fflush(file) == 0);
    CHECK(fseek(file, -(long)sizeof i, SEEK_CUR) == 0 && fread(&i, sizeof i, 1, file) == 1 && i == -1);
    CHECK(fread(&i, sizeof i, 1, file) == 1 && i == 1002 && fclose(file) == 0);
    CHECK((file = fopen(path, "ab")) != NULL && fputs("end", file) >= 0 && fclose(file) == 0);
    CHECK(_stat64(path, &known) == 0 && known.st_size == 12003 && (known.st_mode & S_IFREG) && known.st_mtime > 1600000000);

    CHECK((number = _open(path, _O_RDWR | _O_BINARY)) >= 3 && _filelengthi64(number) == 12003 && _lseek(number, -3, SEEK_END) == 12000);
    CHECK(_read(number, buffer, 64) == 3 && memcmp(buffer, "end", 3) == 0 && _eof(number) == 1 && _read(number, buffer, 64) == 0);
    CHECK(_write(number, "!", 1) == 1 && _setmode(number, _O_TEXT) == _O_BINARY && _write(number, "\n", 1) == 1);
    CHECK(_telli64(number) == 12006 && _chsize(number, 5) == 0 && _filelengthi64(number) == 5 && _close(number) == 0);
    /* No thread has so many open. */
    CHECK(_close(2000) == -1 && errno == EBADF && _write(2000, "x", 1) == -1);
    CHECK(_open(path, _O_CREAT | _O_EXCL | _O_RDWR, _S_IREAD | _S_IWRITE) == -1 && errno == EEXIST);
    CHECK((number = _open(path, _O_RDONLY)) >= 3 && (file = _fdopen(number, "r")) != NULL && _fileno(file) == number && fclose(file) == 0);
    CHECK(_access(path, 6) == 0 && remove(path) == 0 && _access(path, 0) == -1 && errno == ENOENT && remove(path) == -1);
    return 0;
}

static DWORD WINAPI streams_of_a_thread(void *name)
{
    int i, failed = 0;
    for (i = 0; i < 20 && !failed; i++)
        failed = streams(beside(name));
    return (DWORD)failed;
}

/* Four threads, each with files of its own, while this one has others. */
static int threads(void)
{
    static char names[][8] = {"one", "two", "three", "four"};
    HANDLE threads[4];
    DWORD code;
    int i, failed = 0;
    for (i = 0; i < 4; i++)
        CHECK((threads[i] = CreateThread(NULL, 0, streams_of_a_thread, names[i], 0, NULL)) != NULL);
    for (i = 0; i < 10 && !failed; i++)
        failed = streams(beside("five"));
    for (i = 0; i < 4; i++) {
        CHECK(WaitForSingleObject(threads[i], INFINITE) == WAIT_OBJECT_0 && GetExitCodeThread(threads[i], &code));
        if (code != 0)
            failed = (int)code;
        CloseHandle(threads[i]);
    }
    return failed;
}

/* How often this has been asked, in a file beside the driver. */
static int count(void)
{
    int number = 0;
    FILE *file = fopen(beside("count.txt"), "r");
    if (file) {
        char line[16];
        number = fgets(line, sizeof line, file) ? atoi(line) : -1;
        fclose(file);
    }
    file = fopen(beside("count.txt"), "w");
    if (!file)
        return -errno;
    fprintf(file, "%d\n", ++number);
    return fclose(file) == 0 ? number : -1;
}

static int profile(void)
{
    char text[32];
    const char *file = beside("synth.ini");
    CHECK(GetPrivateProfileIntA("Audio", "Rate", 7, file) == 7);
    CHECK(WritePrivateProfileStringA("Audio", "Rate", "48000", file) && GetPrivateProfileIntA("audio", "rate", 7, file) == 48000);
    CHECK(WritePrivateProfileStringA("Audio", "Name", "\"a b\"", file));
    CHECK(GetPrivateProfileStringA("Audio", "Name", "?", text, sizeof text, file) == 3 && strcmp(text, "a b") == 0);
    CHECK(GetPrivateProfileStringA("Audio", NULL, "?", text, sizeof text, file) == 10 && memcmp(text, "Rate\0Name\0", 11) == 0);
    CHECK(GetPrivateProfileStringA("Audio", NULL, "?", text, 8, file) == 6 && memcmp(text, "Rate\0N\0", 8) == 0);
    CHECK(WritePrivateProfileStringA("Audio", NULL, NULL, file) && GetPrivateProfileIntA("Audio", "Rate", 7, file) == 7);
    CHECK(DeleteFileA(file));
    return 0;
}

/* What no driver may have. */
static int refused(void)
{
    char text[16];
    CHECK(failed_with(CreateFileA("Z:\\etc\\passwd", GENERIC_READ, 0, NULL, OPEN_EXISTING, 0, NULL) == INVALID_HANDLE_VALUE, ERROR_ACCESS_DENIED));
    CHECK(fopen("z:/etc/passwd", "r") == NULL && errno == EACCES);
    CHECK(failed_with(CreateFileA("C:\\..\\..\\..\\etc\\passwd", GENERIC_READ, 0, NULL, OPEN_EXISTING, 0, NULL) == INVALID_HANDLE_VALUE, ERROR_PATH_NOT_FOUND));
    CHECK(failed_with(CreateFileA("\\\\.\\pipe\\log", GENERIC_WRITE, 0, NULL, OPEN_EXISTING, 0, NULL) == INVALID_HANDLE_VALUE, ERROR_FILE_NOT_FOUND));
    CHECK(failed_with(!WaitNamedPipeA("\\\\.\\pipe\\log", 10), ERROR_FILE_NOT_FOUND));
    CHECK(failed_with(CreateFileA("\\\\server\\share\\x", GENERIC_READ, 0, NULL, OPEN_EXISTING, 0, NULL) == INVALID_HANDLE_VALUE, ERROR_BAD_NETPATH));
    CHECK(failed_with(!DeleteFileA(beside("files.dll")), ERROR_ACCESS_DENIED));
    CHECK(GetPrivateProfileStringA("root", "x", "none", text, sizeof text, "Z:\\etc\\passwd") == 4 && strcmp(text, "none") == 0);
    return 0;
}

/* Reads what `from` has, and writes it to `to`; answers how many bytes. */
static int copy(const char *from, const char *to)
{
    char buffer[64];
    size_t read;
    FILE *source = fopen(from, "rb"), *target = fopen(to, "wb");
    if (!source || !target)
        return -errno;
    read = fread(buffer, 1, sizeof buffer, source);
    fclose(source);
    return fwrite(buffer, 1, read, target) == read && fclose(target) == 0 ? (int)read : -1;
}

BOOL WINAPI DllMain(HINSTANCE module, DWORD reason, void *reserved)
{
    (void)reserved;
    if (reason == DLL_PROCESS_ATTACH)
        self = module;
    return TRUE;
}

__declspec(dllexport) LRESULT CALLBACK DriverProc(DWORD_PTR id, HDRVR hdrvr, UINT message, LPARAM l1, LPARAM l2)
{
    switch (message) {
    case DRV_OPEN:
    case DRV_CLOSE:
        return 1;
    case FILES_KERNEL32:
        return kernel32();
    case FILES_STREAMS:
        return streams(beside("stream.txt"));
    case FILES_THREADS:
        return threads();
    case FILES_COUNT:
        return count();
    case FILES_PROFILE:
        return profile();
    case FILES_REFUSED:
        return refused();
    case FILES_COPY:
        return copy((const char *)l1, (const char *)l2);
    default:
        return DefDriverProc(id, hdrvr, message, l1, l2);
    }
}
