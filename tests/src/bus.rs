//! A message bus of the test's own, who is on it, and python-dbusmock as logind.

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use futures_util::StreamExt;
use mmsystem::DRV_POWER;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::runtime::Runtime;
use zbus::{Connection, DBusError, DynamicType, MatchRule, MessageStream, Type, Variant, message};

use crate::cli::Cli;
use crate::folder::Folder;
use crate::rig::{Call, calls_in};
use crate::running::Running;

/// What the bus is told: everybody may do everything, as the service has to look after itself.
const CONFIGURATION: &str = r#"<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-BUS Bus Configuration 1.0//EN" "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>session</type>
  <listen>unix:path=SOCKET</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/><allow own="*"/><allow user="*"/>
  </policy>
</busconfig>"#;

/// A bus that is the session bus and the system bus of whoever the test starts. It does not outlive the test.
#[derive(Debug)]
pub struct Bus {
    daemon: Child,
    folder: Folder,
    address: String,
}

/// The error that a call was answered with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// Its name; those of the service without what all of them begin with.
    pub name: String,
    /// What it says.
    pub message: String,
}

/// Waits until something holds.
///
/// # Panics
/// When it does not within twenty seconds.
pub fn wait_until(what: &str, mut holds: impl FnMut() -> bool) {
    let give_up = Instant::now() + Duration::from_secs(20);
    while !holds() {
        assert!(Instant::now() < give_up, "{what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

impl Bus {
    /// A bus whose socket, and all that is served on it, lies in a folder.
    ///
    /// # Panics
    /// When it does not start.
    #[must_use]
    pub fn start(folder: &Folder) -> Self {
        use std::os::unix::fs::PermissionsExt;
        // Other users are to come in, too.
        std::fs::set_permissions(folder.path(), PermissionsExt::from_mode(0o755))
            .expect("the folder is ours");
        let socket = folder.file("bus").display().to_string();
        folder.write("bus.conf", CONFIGURATION.replace("SOCKET", &socket));
        let mut command = Command::new("dbus-daemon");
        command.arg("--config-file").arg(folder.file("bus.conf")).args(["--nofork", "--print-address"]);
        let mut daemon =
            command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("dbus-daemon starts");
        let mut address = String::new();
        let output = daemon.stdout.take().expect("an output that is read");
        BufReader::new(output).read_line(&mut address).expect("an address");
        Self { daemon, folder: folder.clone(), address: address.trim().to_owned() }
    }

    /// The variables by which programs find it.
    #[must_use]
    pub fn variables(&self) -> [(&'static str, &str); 2] {
        [("DBUS_SESSION_BUS_ADDRESS", &self.address), ("DBUS_SYSTEM_BUS_ADDRESS", &self.address)]
    }

    /// Starts the service with these arguments, and waits until it has its name. Its trace is the file `trace`, and drivers in the folder are known.
    ///
    /// # Panics
    /// When it does not get there.
    #[must_use]
    pub fn serve(&self, arguments: &[&str]) -> Running {
        self.serve_with(arguments, &[])
    }

    /// The same with further variables in its environment.
    ///
    /// # Panics
    /// When it does not get there.
    #[must_use]
    pub fn serve_with(&self, arguments: &[&str], variables: &[(&str, &str)]) -> Running {
        self.serve_by(self.command_of_service(arguments), variables)
    }

    /// The same by a program that has nothing beside it but its worker.
    ///
    /// # Panics
    /// When it does not get there.
    #[must_use]
    pub fn serve_alone(&self) -> Running {
        self.serve_by(self.command_of_service(&[]).alone(), &[])
    }

    fn command_of_service(&self, arguments: &[&str]) -> Cli {
        let folder = self.folder.path().display().to_string();
        let usual = ["serve", "--trace", "trace", "--driver-path", &folder];
        self.folder.drvhost(usual.iter().chain(arguments))
    }

    fn serve_by(&self, mut cli: Cli, variables: &[(&str, &str)]) -> Running {
        for (name, value) in self.variables().iter().chain(variables) {
            cli = cli.env(name, value);
        }
        let mut running = cli.env("XDG_STATE_HOME", self.folder.file("state")).start();
        let client = self.client();
        running.wait_until(|_| client.has_owner(service::NAME));
        running
    }

    /// Every call that the service's trace tells of.
    ///
    /// # Panics
    /// When there is no trace.
    #[must_use]
    pub fn calls(&self) -> Vec<Call> {
        calls_in(&self.folder.file("trace"))
    }

    /// The calls with a message.
    #[must_use]
    pub fn calls_with(&self, message: u32) -> Vec<Call> {
        self.calls().into_iter().filter(|call| call.number == message).collect()
    }

    /// A connection.
    ///
    /// # Panics
    /// When there is none.
    #[must_use]
    pub fn client(&self) -> Client {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let address = zbus::connection::Builder::address(self.address.as_str());
        let connection = runtime.block_on(address.build()).expect("a connection");
        Client { connection, runtime }
    }

    /// A command that finds the bus.
    #[must_use]
    pub fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.envs(self.variables()).stdin(Stdio::null());
        command
    }

    /// What busctl prints of a call of the service's; on failure what it complains of.
    ///
    /// # Errors
    /// What it complains of.
    ///
    /// # Panics
    /// When it does not start.
    pub fn busctl(&self, arguments: &[&str]) -> Result<String, String> {
        let output = self.command("busctl").arg("--user").args(arguments).output().expect("busctl starts");
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
        if output.status.success() { Ok(text(&output.stdout)) } else { Err(text(&output.stderr)) }
    }
}

impl Drop for Bus {
    fn drop(&mut self) {
        // Both fail where it has ended already, which is as well.
        let _ = self.daemon.kill();
        let _ = self.daemon.wait();
    }
}

/// A connection to the bus. Dropping it leaves the bus.
#[derive(Debug)]
pub struct Client {
    connection: Connection,
    runtime: Runtime,
}

impl Client {
    /// Its unique name.
    ///
    /// # Panics
    /// When it has none.
    #[must_use]
    pub fn name(&self) -> String {
        self.connection.unique_name().expect("a name").to_string()
    }

    /// Calls a method of the service's.
    ///
    /// # Errors
    /// What it was answered with.
    pub fn call<B, R>(&self, method: &str, body: &B) -> Result<R, Refused>
    where
        B: Serialize + DynamicType + Sync,
        R: DeserializeOwned + Type,
    {
        self.call_of(service::NAME, service::PATH, service::INTERFACE, method, body)
    }

    /// Calls any method.
    ///
    /// # Errors
    /// What it was answered with.
    ///
    /// # Panics
    /// When it was not answered.
    pub fn call_of<B, R>(
        &self,
        name: &str,
        path: &str,
        interface: &str,
        method: &str,
        body: &B,
    ) -> Result<R, Refused>
    where
        B: Serialize + DynamicType + Sync,
        R: DeserializeOwned + Type,
    {
        let call = self.connection.call_method(Some(name), path, Some(interface), method, body);
        match self.runtime.block_on(call) {
            Ok(reply) => Ok(reply.body().deserialize().expect("an answer of the documented type")),
            Err(zbus::Error::MethodError(name, message, _)) => {
                let name = name.as_str();
                let name = name.strip_prefix("org.drvhost.Error.").unwrap_or(name).to_owned();
                Err(Refused { name, message: message.unwrap_or_default() })
            }
            // The bus's own errors.
            Err(zbus::Error::FDO(error)) => {
                let message = error.description().unwrap_or_default().to_owned();
                Err(Refused { name: error.name().to_string(), message })
            }
            Err(other) => panic!("{method}: {other}"),
        }
    }

    /// Several calls of the service's with the same method at the same time; the answers.
    ///
    /// # Panics
    /// When one is not answered with a result.
    pub fn calls<B, R>(&self, method: &str, bodies: &[B]) -> Vec<R>
    where
        B: Serialize + DynamicType + Sync,
        R: DeserializeOwned + Type,
    {
        let call = |body| async move {
            let (name, path, interface) = (Some(service::NAME), service::PATH, Some(service::INTERFACE));
            let reply = self.connection.call_method(name, path, interface, method, body).await;
            reply.and_then(|reply| reply.body().deserialize::<R>()).expect("an answer")
        };
        self.runtime.block_on(futures_util::future::join_all(bodies.iter().map(call)))
    }

    /// Opens a driver of the folder's.
    ///
    /// # Panics
    /// When it does not open.
    #[must_use]
    pub fn open(&self, driver: &str, text: &str) -> u64 {
        self.call("OpenWithText", &(driver, "", text, 0_i64))
            .unwrap_or_else(|error| panic!("{driver}: {error:?}"))
    }

    /// Sends a message.
    ///
    /// # Errors
    /// What it was answered with.
    pub fn send(&self, handle: u64, message: u32, lparam1: i64, lparam2: i64) -> Result<i64, Refused> {
        self.call("Send", &(handle, message, lparam1, lparam2))
    }

    /// Closes an instance.
    ///
    /// # Errors
    /// What it was answered with.
    pub fn close(&self, handle: u64) -> Result<i64, Refused> {
        self.call("Close", &(handle, 0_i64, 0_i64))
    }

    /// What is open, as the service lists it.
    ///
    /// # Panics
    /// When it does not.
    #[must_use]
    pub fn instances(&self) -> Vec<(u64, String, u64, i64)> {
        self.call("ListInstances", &()).expect("a list")
    }

    /// What the service says by this signal from now on.
    ///
    /// # Panics
    /// When the bus does not let it be heard.
    #[must_use]
    pub fn listen(&self, signal: &'static str) -> Signals<'_> {
        let rule = MatchRule::builder().msg_type(message::Type::Signal).path(service::PATH);
        let rule = rule.interface(service::INTERFACE).member(signal).build().expect("a signal's name");
        let stream = MessageStream::for_match_rule(rule, &self.connection, None);
        Signals { stream: self.runtime.block_on(stream).expect("signals"), signal, client: self }
    }

    /// Whether somebody has a name.
    ///
    /// # Panics
    /// When the bus does not say.
    #[must_use]
    pub fn has_owner(&self, name: &str) -> bool {
        let bus = "org.freedesktop.DBus";
        self.call_of(bus, "/org/freedesktop/DBus", bus, "NameHasOwner", &name).expect("an answer")
    }

    /// Sends a signal of logind's to everybody, or to one name alone, without being logind.
    ///
    /// # Panics
    /// When it cannot be sent.
    pub fn forge(&self, to: Option<&str>, signal: &str, begins: bool) {
        let sent = self.connection.emit_signal(to, LOGIND_PATH, LOGIND_MANAGER, signal, &begins);
        self.runtime.block_on(sent).expect("a signal");
    }
}

/// Signals of one name.
#[derive(Debug)]
pub struct Signals<'a> {
    stream: MessageStream,
    signal: &'static str,
    client: &'a Client,
}

impl Signals<'_> {
    /// What the next one says.
    ///
    /// # Panics
    /// When none comes within ten seconds.
    pub fn next<T: DeserializeOwned + Type>(&mut self) -> T {
        let next = self.stream.next();
        let within = async { tokio::time::timeout(Duration::from_secs(10), next).await };
        let signal = self.client.runtime.block_on(within).unwrap_or_else(|_| panic!("no {}", self.signal));
        signal.expect("the bus is there").and_then(|it| it.body().deserialize()).expect("what is documented")
    }
}

const LOGIND: &str = "org.freedesktop.login1";
const LOGIND_PATH: &str = "/org/freedesktop/login1";
const LOGIND_MANAGER: &str = "org.freedesktop.login1.Manager";

/// logind, played by python-dbusmock.
#[derive(Debug)]
pub struct Logind {
    process: Child,
    client: Client,
}

impl Logind {
    /// Starts it on a bus, with this InhibitDelayMaxUSec.
    ///
    /// # Panics
    /// When it does not start.
    #[must_use]
    pub fn start(bus: &Bus, delay: Duration) -> Self {
        let mut command = bus.command(PYTHON);
        command.args(["-m", "dbusmock", "--system", "--template", "logind"]);
        let process = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("python starts");
        let logind = Self { process, client: bus.client() };
        wait_until("the mock starts", || logind.client.has_owner(LOGIND));
        let delay = u64::try_from(delay.as_micros()).expect("a delay of this world");
        logind.mock("AddProperty", &(LOGIND_MANAGER, "InhibitDelayMaxUSec", Variant::from(delay)));
        logind
    }

    /// Whether logind waits for somebody.
    ///
    /// # Panics
    /// When the mock does not say.
    #[must_use]
    pub fn inhibitors(&self) -> usize {
        type Inhibitor = (String, String, String, String, u32, u32);
        let list: Vec<Inhibitor> =
            self.client.call_of(LOGIND, LOGIND_PATH, LOGIND_MANAGER, "ListInhibitors", &()).expect("a list");
        assert!(
            list.iter().all(|(what, who, _, mode, ..)| (what.as_str(), who.as_str(), mode.as_str())
                == ("shutdown:sleep", "drvhost", "delay")),
            "{list:?}"
        );
        list.len()
    }

    /// Waits until logind waits for nobody.
    pub fn wait_for_release(&self) {
        wait_until("the lock is given back", || self.inhibitors() == 0);
    }

    /// Has it emit `PrepareForShutdown` or `PrepareForSleep`.
    pub fn emit(&self, signal: &str, begins: bool) {
        self.mock("EmitSignal", &(LOGIND_MANAGER, signal, "b", vec![Variant::from(begins)]));
    }

    /// Has the computer sleep and wake, of which a bus's only driver that listens must be told: of the one before logind goes on, of the other some time.
    ///
    /// # Panics
    /// When it is not, or more than once.
    pub fn sleep_and_wake(&self, bus: &Bus) {
        let told = |cause: &str| {
            let calls = bus.calls_with(DRV_POWER);
            calls.iter().filter(|call| call.cause.as_deref() == Some(cause) && call.result.is_some()).count()
        };
        self.emit("PrepareForSleep", true);
        self.wait_for_release();
        assert_eq!(told("suspend"), 1);
        self.emit("PrepareForSleep", false);
        wait_until("the driver is told of the resume", || told("resume") == 1);
        wait_until("logind waits again", || self.inhibitors() == 1);
    }

    fn mock<B: Serialize + DynamicType + Sync>(&self, method: &str, body: &B) {
        let done: Result<(), _> =
            self.client.call_of(LOGIND, LOGIND_PATH, "org.freedesktop.DBus.Mock", method, body);
        done.unwrap_or_else(|error| panic!("{method}: {error:?}"));
    }
}

impl Drop for Logind {
    fn drop(&mut self) {
        // Both fail where it has ended already, which is as well.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The system's Python, for which Debian's package python3-dbusmock is; another one may come first in the search path.
const PYTHON: &str = "/usr/bin/python3";

/// A stand-in for systemd's side of sd_notify(3).
#[derive(Debug)]
pub struct Supervisor {
    socket: std::os::unix::net::UnixDatagram,
    path: PathBuf,
}

impl Supervisor {
    /// One whose socket lies in a folder.
    ///
    /// # Panics
    /// When there is no socket to be had.
    #[must_use]
    pub fn new(folder: &Folder) -> Self {
        let path = folder.file("notify");
        let socket = std::os::unix::net::UnixDatagram::bind(&path).expect("a socket");
        socket.set_read_timeout(Some(Duration::from_secs(10))).expect("a time");
        Self { socket, path }
    }

    /// What NOTIFY_SOCKET says.
    #[must_use]
    pub fn address(&self) -> String {
        self.path.display().to_string()
    }

    /// The next message's lines.
    ///
    /// # Panics
    /// When none comes within ten seconds.
    #[must_use]
    pub fn next(&self) -> Vec<String> {
        let mut bytes = [0; 4096];
        let length = self.socket.recv(&mut bytes).expect("a message");
        let text = String::from_utf8_lossy(bytes.get(..length).unwrap_or_default()).into_owned();
        text.lines().map(str::to_owned).collect()
    }

    /// Reads on until a message has this line.
    pub fn wait_for(&self, line: &str) {
        while !self.next().iter().any(|said| said == line) {}
    }
}
