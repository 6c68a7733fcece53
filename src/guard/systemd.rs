//! What the guard tells systemd, where systemd started it; nothing elsewhere.
//!
//! The protocol is sd_notify's: a datagram to the Unix socket that `NOTIFY_SOCKET` names. The crate reads the
//! variables itself.

use std::time::Duration;

/// Tells the guard's state to whoever supervises it.
#[derive(Debug, Default)]
pub struct Supervisor {}

impl Supervisor {
    /// That it watches what it should; with a line for `systemctl status`.
    pub fn ready(&self, status: &str) {
        send(Some("READY=1"), Some(status));
    }

    /// A new line for `systemctl status`.
    pub fn status(&self, status: &str) {
        send(None, Some(status));
    }

    /// How often [`alive`](Self::alive) has to be said, if at all: half of what the unit asks for.
    pub fn watchdog(&self) -> Option<Duration> {
        watchdog()
    }

    /// That it is not stuck. Said by the loop itself, never by a thread of its own.
    pub fn alive(&self) {
        send(Some("WATCHDOG=1"), None);
    }

    /// That it ends.
    pub fn stopping(&self) {
        send(Some("STOPPING=1"), None);
    }
}

/// A state and a status line in one datagram. Where nobody listens there is nothing left to do: a supervisor
/// that waits in vain ends the guard by itself.
#[cfg(target_os = "linux")]
fn send(state: Option<&str>, status: Option<&str>) {
    use sd_notify::NotifyState;
    let status = status.map(one_line);
    let states: Vec<NotifyState> =
        state.map(NotifyState::Custom).into_iter().chain(status.as_deref().map(NotifyState::Status)).collect();
    let _ = sd_notify::notify(&states);
}

/// Half of `WATCHDOG_USEC`, where `WATCHDOG_PID` is this process or not set (sd_watchdog_enabled(3)). Never 0,
/// which a loop could not wait for.
#[cfg(target_os = "linux")]
fn watchdog() -> Option<Duration> {
    sd_notify::watchdog_enabled().map(|whole| whole / 2).filter(|half| !half.is_zero())
}

#[cfg(not(target_os = "linux"))]
fn send(_state: Option<&str>, _status: Option<&str>) {}

#[cfg(not(target_os = "linux"))]
fn watchdog() -> Option<Duration> {
    None
}

/// A line feed would begin another variable of the protocol.
#[cfg(target_os = "linux")]
fn one_line(status: &str) -> String {
    status.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

#[cfg(target_os = "linux")]
#[cfg(test)]
mod tests {
    use std::os::unix::net::UnixDatagram;
    use std::process::Command;

    use super::*;

    /// Not a test: what the test below runs in a process of its own, with systemd's variables.
    #[test]
    #[ignore = "run by `systemd_hears_what_happens` in a process of its own"]
    fn supervised() {
        let told = Supervisor::default();
        told.ready("watching 812 folders\nMAINPID=1");
        assert_eq!(told.watchdog(), Some(Duration::from_secs(30)));
        told.alive();
        told.status("degraded");
        told.stopping();
    }

    #[test]
    fn systemd_hears_what_happens() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("notify");
        let socket = UnixDatagram::bind(&path).expect("a socket");
        socket.set_read_timeout(Some(Duration::from_secs(5))).expect("a time limit");
        let mut child = Command::new(std::env::current_exe().expect("this program"));
        child.args(["--exact", "guard::systemd::tests::supervised", "--ignored", "--test-threads=1"]);
        child.env("NOTIFY_SOCKET", &path).env("WATCHDOG_USEC", "60000000").env_remove("WATCHDOG_PID");
        let output = child.output().expect("it runs");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
        let heard = || {
            let mut bytes = [0; 200];
            let length = socket.recv(&mut bytes).expect("a datagram");
            String::from_utf8_lossy(&bytes[..length]).into_owned()
        };
        assert_eq!(heard(), "READY=1\nSTATUS=watching 812 folders MAINPID=1\n");
        assert_eq!(heard(), "WATCHDOG=1\n");
        assert_eq!(heard(), "STATUS=degraded\n");
        assert_eq!(heard(), "STOPPING=1\n");
    }

    #[test]
    fn without_systemd_nothing_happens() {
        let mut child = Command::new(std::env::current_exe().expect("this program"));
        child.args(["--exact", "guard::systemd::tests::alone", "--ignored", "--test-threads=1"]);
        for name in ["NOTIFY_SOCKET", "WATCHDOG_PID", "WATCHDOG_USEC"] {
            child.env_remove(name);
        }
        let output = child.output().expect("it runs");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    }

    /// Not a test: what the test above runs.
    #[test]
    #[ignore = "run by `without_systemd_nothing_happens` in a process of its own"]
    fn alone() {
        let told = Supervisor::default();
        told.ready("watching nothing");
        told.stopping();
        assert_eq!(told.watchdog(), None);
    }
}
