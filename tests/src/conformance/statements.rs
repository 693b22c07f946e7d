//! The statements of the norm, in words of our own. Which tests cover them is found elsewhere; what no test covers has its reason here.

/// Statements about one subject.
#[derive(Debug)]
pub struct Group {
    /// The subject.
    pub title: &'static str,
    /// What those tests are about that are written in Rust, and so are not run under Wine.
    pub not_run: &'static str,
    /// The statements, by number.
    pub statements: &'static [Statement],
}

/// One statement.
#[derive(Debug)]
pub struct Statement {
    /// Its number in the norm.
    pub number: u16,
    /// What it says.
    pub wording: &'static str,
    /// Why no test covers it, if none does.
    pub untested: Option<Untested>,
}

/// Why no test covers a statement.
#[derive(Debug, Clone, Copy)]
pub enum Untested {
    /// It is about something that drvhost does not have, and is not meant to have.
    NotApplicable(&'static str),
    /// It is about something that drvhost does not have yet.
    Later(&'static str),
}

use Untested::{Later, NotApplicable};

const fn tested(number: u16, wording: &'static str) -> Statement {
    Statement { number, wording, untested: None }
}

const fn untested(number: u16, wording: &'static str, why: Untested) -> Statement {
    Statement { number, wording, untested: Some(why) }
}

/// What the host does where winmm has no part: files, processes, limits, errors, what it tells who uses it.
const HOST: &str = "host's own";
/// What is between drivers of a class and who uses the class.
const PROTOCOL: &str = "protocol";

const WIN16: Untested = NotApplicable("about 16-bit tasks; drvhost has none");
const WINDOWS: Untested = NotApplicable("drvhost has no windows, and sends no window messages");
const FUNCTION: Untested =
    NotApplicable("drvhost opens files alone; no program that uses it has a driver as a function");
const MCI_OPEN: Untested = Later(
    "nothing here opens MCI devices: a program sends both messages itself, and what comes before and after them is as C138's tests say",
);
const MCI_PARAMS: Untested = Later(
    "nothing here fills in MCI_OPEN_DRIVER_PARMS: a program that does is not told where the text will lie",
);

/// All statements.
pub const GROUPS: &[Group] = &[
    Group {
        title: "Open and close",
        not_run: HOST,
        statements: &[
            tested(1, "The first open of a module is LOAD, ENABLE, OPEN"),
            tested(2, "A later open is OPEN alone"),
            tested(3, "Open instances have different handles"),
            tested(4, "While others are open, a close is CLOSE alone, and they go on answering"),
            tested(5, "The last close is CLOSE, DISABLE, FREE; then the module is unloaded"),
            tested(6, "After that, an open begins with LOAD again"),
            tested(7, "LOAD carries identifier and parameters 0"),
            tested(8, "ENABLE carries identifier and parameters 0"),
            tested(9, "LOAD answered 0: NULL, unloaded, nothing further sent"),
            tested(10, "LOAD answered with any other number is success"),
            tested(11, "The answer to ENABLE is ignored"),
            tested(12, "A refused first OPEN: NULL, then DISABLE, FREE, unloaded"),
            tested(13, "A refused later OPEN: NULL, and nothing changes for the others"),
            tested(
                14,
                "OPEN's answer is the identifier of the instance's further messages, and of no other's",
            ),
            tested(15, "Any identifier but 0 is legal, −1 and wide ones too"),
            tested(16, "DISABLE carries identifier 0"),
            tested(17, "FREE carries identifier 0 and is the last message"),
            tested(18, "DISABLE and FREE carry parameters 0, whatever CloseDriver was given"),
            tested(19, "CLOSE carries CloseDriver's parameters"),
            tested(20, "CLOSE answered 0: CloseDriver answers 0 and the instance stays open"),
            tested(21, "CloseDriver answers what the driver answered"),
            tested(22, "A module's usage count is the number of its open instances"),
            untested(
                23,
                "A module that the process has mapped before still gets LOAD and FREE, and stays mapped",
                NotApplicable("a worker process maps no driver but to open it"),
            ),
            tested(24, "Full path, bare name, other case and missing extension are one module"),
            tested(25, "Equal files with different names are two modules"),
            tested(26, "A library without DriverProc cannot be opened, and only its DllMain is called"),
            tested(27, "A driver that leaves all to DefDriverProc cannot be opened"),
            tested(28, "Quirk on: a hidden instance opens before a first open with lParam2, and closes last"),
            tested(29, "Quirk off: such an open is one OPEN with lParam2"),
            tested(30, "Quirk on: the text reaches the visible instance too"),
            tested(31, "Quirk on: a refused hidden OPEN ends the open"),
            tested(32, "Two processes load the driver each for itself"),
        ],
    },
    Group {
        title: "Names and parameters",
        not_run: HOST,
        statements: &[
            tested(33, "Without a section, an alias is found in Drivers32"),
            tested(34, "A named section alone is asked for an alias"),
            tested(35, "Sections and entries have no case"),
            tested(36, "The registry wins over SYSTEM.INI"),
            tested(37, "SYSTEM.INI is asked for what the registry does not have"),
            tested(38, "Without a section, an entry wins over a file of its name"),
            tested(39, "A name that a named section does not have is a file"),
            tested(40, "Without a section, a name without entry is a file, opened with text NULL"),
            tested(41, "No text is split off a file name"),
            tested(42, "An entry's text reaches OPEN without the spaces before it"),
            tested(43, "All spaces before the text go; those inside and after it stay"),
            tested(44, "Without text, lParam1 is NULL"),
            tested(45, "The text is UTF-16 (ANSI for 16-bit drivers, of which drvhost has none)"),
            tested(46, "An unknown name: NULL, and nothing sent"),
            tested(47, "An entry that names a missing file: NULL"),
            tested(48, "An empty name, or one with a space at its beginning: NULL"),
            tested(49, "Name NULL: NULL, without a fault"),
            tested(50, "Without a section, [drivers] and the key Drivers are not asked"),
            tested(51, "OpenDriverA is OpenDriver with both strings converted"),
        ],
    },
    Group {
        title: "Messages, handles, defaults",
        not_run: HOST,
        statements: &[
            tested(52, "Message and parameters pass unchanged, and so does the answer"),
            tested(53, "No message number is filtered"),
            tested(
                54,
                "OPEN, CLOSE, DISABLE, FREE that are sent reach the driver and change nothing in the host",
            ),
            tested(55, "SendDriverMessage to NULL, never valid or closed handles: 0, nothing called"),
            tested(56, "CloseDriver of such handles: 0, nothing called"),
            tested(57, "A second CloseDriver of a handle: 0"),
            tested(58, "GetDriverModuleHandle of such handles: NULL"),
            tested(59, "GetDriverModuleHandle of all instances of a module is the module's own handle"),
            tested(60, "DrvGetModuleHandle is GetDriverModuleHandle"),
            tested(61, "A stale handle never reaches another module's instance while it is unused"),
            tested(62, "DefDriverProc: 1 for LOAD, ENABLE, DISABLE, FREE"),
            tested(63, "DefDriverProc: DRVCNF_OK for INSTALL"),
            tested(64, "DefDriverProc: 0 for REMOVE"),
            tested(65, "DefDriverProc: 0 for OPEN, CLOSE, CONFIGURE, QUERYCONFIGURE, EXITSESSION"),
            tested(66, "DefDriverProc: 0 for EXITAPPLICATION, POWER and all from DRV_RESERVED on"),
            tested(67, "All messages of a call arrive on one thread"),
            tested(68, "ENABLE and OPEN carry the returned handle; LOAD carries it or 0"),
            tested(69, "OPEN's identifier is 0 or the handle"),
        ],
    },
    Group {
        title: "Session and process end",
        not_run: HOST,
        statements: &[
            tested(70, "Each open instance gets EXITSESSION once, with its identifier, its handle and zeros"),
            untested(
                71,
                "Modules that are loaded but not opened get EXITSESSION with identifier 0",
                NotApplicable("drvhost loads a driver only to open it; there are no boot drivers"),
            ),
            tested(72, "Nothing is disabled or freed before the last EXITSESSION is answered"),
            tested(73, "During EXITSESSION, a driver can send messages to others"),
            tested(74, "The answer to EXITSESSION changes nothing"),
            tested(75, "Then each module gets DISABLE and FREE"),
            tested(76, "As Windows 3.1 ends a session, there is no CLOSE"),
            tested(77, "An instance that a driver closes meanwhile gets no EXITSESSION"),
            tested(78, "A second end sends nothing"),
            tested(79, "A process that exits sends nothing"),
            tested(80, "A process that is killed sends nothing"),
            untested(81, "WM_QUERYENDSESSION and WM_ENDSESSION alone send no driver message", WINDOWS),
            untested(82, "The end of a 16-bit task sends EXITAPPLICATION to all drivers", WIN16),
            untested(
                83,
                "BroadcastSystemMessage(BSM_INSTALLABLEDRIVERS) reaches no driver",
                NotApplicable("nothing can broadcast: drvhost supplies no BroadcastSystemMessage"),
            ),
            untested(
                84,
                "acmDriverMessage refuses EXITSESSION and all but a few, with 11",
                Later("acmDriverMessage; the library sends what it is told to"),
            ),
            untested(
                85,
                "ICSendMessage hands EXITSESSION on",
                Later("ICSendMessage; the library sends what it is told to"),
            ),
        ],
    },
    Group {
        title: "Configuration and installation",
        not_run: PROTOCOL,
        statements: &[
            tested(86, "CONFIGURE is sent only after QUERYCONFIGURE answered non-zero"),
            tested(87, "CONFIGURE carries the parent window and a DRVCONFIGINFO or NULL (here no window)"),
            tested(88, "CONFIGURE and INSTALL answer cancel, ok or restart: 0, 1, 2"),
            tested(89, "INSTALL comes after LOAD, ENABLE, OPEN; REMOVE after OPEN"),
            tested(90, "INSTALL is sent for a file's first entry only, REMOVE for its last"),
            tested(91, "A dwDCISize larger than the structure is accepted"),
            tested(
                92,
                "acmDriverMessage(CONFIGURE) without structure supplies one (here every driver with an alias gets one)",
            ),
            tested(
                93,
                "Under Plug and Play, PNPINSTALL replaces INSTALL (here is none: INSTALL alone is sent)",
            ),
        ],
    },
    Group {
        title: "DriverCallback",
        not_run: PROTOCOL,
        statements: &[
            tested(94, "FUNCTION calls the target with all five values on the same thread"),
            tested(95, "WINDOW posts the message with the handle and the first parameter"),
            tested(96, "TASK posts a thread message packed alike"),
            tested(97, "EVENT sets the event"),
            tested(98, "No target, a dead one, or a type that is none: FALSE, nothing called"),
            tested(99, "NOSWITCH changes nothing"),
            tested(100, "The flags are the high word of CALLBACK_*"),
        ],
    },
    Group {
        title: "Video for Windows",
        not_run: PROTOCOL,
        statements: &[
            tested(101, "ICOpen finds vidc.FFFF in any case and passes an ICOPEN of 36 or 56 bytes"),
            tested(102, "ICOPEN.fccType is lower-case vidc; fccHandler is as given"),
            tested(103, "ICOPEN.dwFlags is the mode"),
            tested(104, "A codec opens without ICOPEN and for type vidc, and for no other type"),
            tested(105, "ICGetInfo answers 568, and the host fills szDriver"),
            tested(106, "COMPRESS_GET_FORMAT answers the size, or fills the format"),
            tested(107, "COMPRESS, DECOMPRESS and DECOMPRESSEX carry their structures' sizes"),
            tested(108, "DECOMPRESS before DECOMPRESS_BEGIN is an error"),
            tested(109, "A second BEGIN begins again; no END is needed before it"),
            tested(110, "GETSTATE and SETSTATE answer sizes; SETSTATE(NULL) resets"),
            tested(111, "CONFIGURE and ABOUT with −1 only ask"),
            tested(112, "The compressed size and the key-frame flag come back where the caller said"),
            tested(113, "Unknown ICM messages answer ICERR_UNSUPPORTED"),
            untested(114, "ICOpenFunction and ICClose give the function a whole life", FUNCTION),
            tested(115, "ICClose of a dead handle answers ICERR_BADHANDLE (here an error of the library's)"),
        ],
    },
    Group {
        title: "ACM",
        not_run: PROTOCOL,
        statements: &[
            tested(116, "Every value msacm.* of Drivers32 is a driver"),
            tested(117, "OPEN carries an ACMDRVOPENDESCW of 36 or 44 bytes with section and alias"),
            tested(118, "A driver refuses other types than audc"),
            tested(119, "STREAM_OPEN that asks is not followed by STREAM_CLOSE"),
            tested(120, "dwDriver of STREAM_OPEN is there in all further stream messages"),
            tested(
                121,
                "Converting an unprepared header: 514, the driver not called (here every header is prepared first)",
            ),
            tested(122, "PREPARE answered 8 is success, and the host sets PREPARED"),
            tested(123, "After a synchronous CONVERT the host sets DONE"),
            tested(124, "acmStreamReset sends a synchronous driver nothing (here nothing is reset)"),
            tested(125, "STREAM_SIZE with result 0 is ACMERR_NOTPOSSIBLE"),
            tested(126, "STREAM_SIZE fills the other side's length"),
            untested(127, "acmDriverAdd of a function: section and alias are NULL", FUNCTION),
            tested(128, "On 64 bits, stream structures are byte-packed"),
        ],
    },
    Group {
        title: "Wave, MIDI and MCI",
        not_run: PROTOCOL,
        statements: &[
            tested(129, "modMessage(OPEN) stores the instance value that later messages get"),
            tested(130, "MOM_OPEN, MOM_CLOSE and MOM_DONE come through DriverCallback"),
            tested(
                131,
                "Unprepared buffers are refused: MIDI 64, wave 34 (that by drvhost's own wave device)",
            ),
            tested(132, "Buffers are marked queued when taken, and done before the callback"),
            tested(133, "Unknown wave and MIDI messages answer 8"),
            tested(134, "A module for wave and MIDI gets one LOAD and one FREE"),
            tested(135, "All aliases midi to midi9 are tried (those of wave drivers are names as any other)"),
            untested(136, "MCI: LOAD, ENABLE, OPEN, then MCI_OPEN_DRIVER; the reverse at the end", MCI_OPEN),
            untested(137, "MCI: lpstrParams of OPEN is lParam1", MCI_PARAMS),
            tested(138, "MCI: OPEN answers wDeviceID, the identifier of all commands"),
        ],
    },
];
