/* The numbers of what windows.rc has. */
#define IDD_SETTINGS 100
#define IDD_STATUS 101
#define IDD_UNKNOWN 102
#define IDB_LOGO 110
#define IDI_LOGO 111

#define IDC_FAST 1001
#define IDC_LOW 1002
#define IDC_HIGH 1003
#define IDC_RATE 1004
#define IDC_MODE 1005
#define IDC_LEVEL 1006
#define IDC_LABEL 1007
