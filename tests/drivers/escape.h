/*
 * What a path may be used for, once for each width of characters: escapes.c includes this with A and with W. Each answers what it got, or minus the last error less 1.
 */

/* What is read of a file goes to the buffer; how many bytes. */
static LRESULT T(read_file)(const CHARACTER *path, char *buffer, DWORD size)
{
    DWORD count;
    HANDLE file = W(CreateFile)(path, GENERIC_READ, FILE_SHARE_READ | FILE_SHARE_WRITE, NULL, OPEN_EXISTING, 0, NULL);
    if (file == INVALID_HANDLE_VALUE)
        return failed();
    if (!ReadFile(file, buffer, size, &count, NULL))
        count = 0;
    CloseHandle(file);
    return count;
}

static LRESULT T(write_file)(const CHARACTER *path, DWORD disposition)
{
    DWORD count;
    HANDLE file = W(CreateFile)(path, GENERIC_READ | GENERIC_WRITE, 0, NULL, disposition, 0, NULL);
    if (file == INVALID_HANDLE_VALUE)
        return failed();
    SetFilePointer(file, 0, NULL, FILE_END);
    if (!WriteFile(file, "escaped", 7, &count, NULL))
        count = 0;
    SetFilePointer(file, 3, NULL, FILE_BEGIN);
    SetEndOfFile(file);
    CloseHandle(file);
    return count;
}

static LRESULT T(list)(const CHARACTER *path, char *buffer, DWORD size)
{
    static CHARACTER pattern[40000];
    WIN32_FIND_DATA_T found;
    HANDLE search;
    DWORD length = 0, used = 0, n;
    LRESULT count = 0;
    for (; path[length] && length < 39990; length++)
        pattern[length] = path[length];
    pattern[length] = '\\';
    pattern[length + 1] = '*';
    pattern[length + 2] = 0;
    search = W(FindFirstFile)(pattern, &found);
    if (search == INVALID_HANDLE_VALUE)
        return failed();
    do {
        for (n = 0; found.cFileName[n] && used + 2 < size; n++)
            buffer[used++] = (char)found.cFileName[n];
        if (used + 2 < size)
            buffer[used++] = '\n';
        count++;
    } while (W(FindNextFile)(search, &found) && count < 10000);
    FindClose(search);
    return count;
}

static LRESULT T(escape)(LPARAM what, const CHARACTER *path, char *buffer, DWORD size)
{
    static const CHARACTER own[] = {'C', ':', '\\', 'o', 'w', 'n', 0}, taken[] = {'C', ':', '\\', 't', 'a', 'k', 'e', 'n', 0};
    static const CHARACTER canary[] = {'c', 'a', 'n', 'a', 'r', 'y', 0}, secret[] = {'s', 'e', 'c', 'r', 'e', 't', 0};
    static const CHARACTER prefix[] = {'e', 's', 'c', 0}, mode_read[] = {'r', 'b', 0}, mode_write[] = {'w', 'b', 0};
    static const CHARACTER root[] = {'C', ':', '\\', 0}, nothing[] = {0};
    CHARACTER text[1024];
    WIN32_FILE_ATTRIBUTE_DATA data;
    LRESULT done;
    DWORD n;
    FILE *file;
    HMODULE library;
    HDRVR driver;

    memset(buffer, 0, size);
    switch (what) {
    case ESCAPE_READ:
        return T(read_file)(path, buffer, size);
    case ESCAPE_WRITE:
        return T(write_file)(path, CREATE_ALWAYS);
    case ESCAPE_APPEND:
        return T(write_file)(path, OPEN_EXISTING);
    case ESCAPE_DELETE:
        return W(DeleteFile)(path) ? 1 : failed();
    case ESCAPE_LIST:
        return T(list)(path, buffer, size);
    case ESCAPE_LOOK:
        return W(GetFileAttributesEx)(path, GetFileExInfoStandard, &data) ? (LRESULT)data.nFileSizeLow : failed();
    case ESCAPE_FOLDER:
        return W(CreateDirectory)(path, NULL) ? 1 : failed();
    case ESCAPE_UNFOLDER:
        return W(RemoveDirectory)(path) ? 1 : failed();
    case ESCAPE_MOVE_TO:
        T(write_file)(own, CREATE_ALWAYS);
        return W(MoveFileEx)(own, path, MOVEFILE_REPLACE_EXISTING) ? 1 : failed();
    case ESCAPE_MOVE_FROM:
        W(DeleteFile)(taken);
        if (!W(MoveFileEx)(path, taken, MOVEFILE_REPLACE_EXISTING))
            return failed();
        return T(read_file)(taken, buffer, size);
    case ESCAPE_COPY_TO:
        T(write_file)(own, CREATE_ALWAYS);
        return W(CopyFile)(own, path, FALSE) ? 1 : failed();
    case ESCAPE_COPY_FROM:
        if (!W(CopyFile)(path, taken, FALSE))
            return failed();
        return T(read_file)(taken, buffer, size);
    case ESCAPE_TEMPORARY:
        return W(GetTempFileName)(path, prefix, 0, text) ? 1 : failed();
    case ESCAPE_PROFILE:
        n = W(GetPrivateProfileString)(canary, secret, nothing, text, 64, path);
        for (done = 0; done < (LRESULT)n; done++)
            buffer[done] = (char)text[done];
        return done;
    case ESCAPE_PROFILE_WRITE:
        return W(WritePrivateProfileString)(canary, secret, secret, path) ? 1 : failed();
    case ESCAPE_LIBRARY:
        library = W(LoadLibrary)(path);
        if (!library)
            return failed();
        FreeLibrary(library);
        return 1;
    case ESCAPE_DRIVER:
        driver = OPEN_DRIVER(path, NULL, 0);
        if (!driver)
            return -1;
        CloseDriver(driver, 0, 0);
        return 1;
    case ESCAPE_SOUND:
        return W(sndPlaySound)(path, SND_SYNC | SND_NODEFAULT) ? 1 : failed();
    case ESCAPE_STREAM:
    case ESCAPE_STREAM_WRITE:
        file = F(fopen)(path, what == ESCAPE_STREAM ? mode_read : mode_write);
        if (!file)
            return -1;
        done = (LRESULT)(what == ESCAPE_STREAM ? fread(buffer, 1, size, file) : fwrite("escaped", 1, 7, file));
        fclose(file);
        return done;
    case ESCAPE_CURRENT:
        if (!W(SetCurrentDirectory)(path))
            return failed();
        done = T(read_file)(secret, buffer, size);
        W(SetCurrentDirectory)(root);
        return done;
    case ESCAPE_FULL:
        n = W(GetFullPathName)(path, 1024, text, NULL);
        return n && n < 1024 ? T(read_file)(text, buffer, size) : failed();
    default:
        return -1;
    }
}
