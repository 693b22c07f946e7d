/* Clients of each kind, for the host to name: what they are told is counted. */
static HANDLE client_event, client_ready;
static DWORD client_thread;
static LONGLONG told[6];

static void count(UINT message, DWORD_PTR handle, DWORD_PTR p1)
{
    if (message < MOM_OPEN || message > MOM_DONE)
        return;
    told[message - MOM_OPEN]++;
    told[3] = (LONGLONG)handle;
    if (message == MOM_DONE)
        told[5] = ((const MIDIHDR *)p1)->dwFlags;
}

static void CALLBACK client_function(HDRVR handle, UINT message, DWORD_PTR user, DWORD_PTR p1, DWORD_PTR p2)
{
    count(message, (DWORD_PTR)handle, p1);
    told[4] = (LONGLONG)user;
}

static LRESULT CALLBACK client_procedure(HWND window, UINT message, WPARAM wparam, LPARAM lparam)
{
    count(message, wparam, lparam);
    return DefWindowProcA(window, message, wparam, lparam);
}

/* Ends with the device. */
static DWORD WINAPI client_loop(void *parameter)
{
    MSG message;
    PeekMessageA(&message, NULL, 0, 0, PM_NOREMOVE);
    SetEvent(client_ready);
    while (!told[1] && GetMessageA(&message, NULL, 0, 0) > 0) {
        count(message.message, message.wParam, message.lParam);
        if (message.message == WM_APP || told[1])
            SetEvent(client_ready);
    }
    return 0;
}

static LRESULT client(LPARAM kind)
{
    HWND window;
    memset(told, 0, sizeof told);
    switch (kind) {
    case 1:
        window = CreateWindowExA(0, "STATIC", "client", 0, 0, 0, 0, 0, HWND_MESSAGE, NULL, NULL, NULL);
        SetWindowLongPtrA(window, GWLP_WNDPROC, (LONG_PTR)client_procedure);
        return (LRESULT)window;
    case 2:
        client_ready = CreateEventA(NULL, FALSE, FALSE, NULL);
        CreateThread(NULL, 0, client_loop, NULL, 0, &client_thread);
        WaitForSingleObject(client_ready, INFINITE);
        return client_thread;
    case 3:
        return (LRESULT)client_function;
    case 5:
        client_event = CreateEventA(NULL, FALSE, FALSE, NULL);
        return (LRESULT)client_event;
    default:
        return 0;
    }
}

static LRESULT what_was_told(LPARAM kind, LONGLONG *to)
{
    int n;
    if (kind == 5 && WaitForSingleObject(client_event, 0) == WAIT_OBJECT_0)
        told[0]++;
    /* Behind all that has been posted. */
    if (kind == 2 && PostThreadMessageA(client_thread, WM_APP, 0, 0))
        WaitForSingleObject(client_ready, 10000);
    for (n = 0; n < 6; n++)
        to[n] = told[n];
    return 1;
}
