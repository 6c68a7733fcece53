//! The guard's socket: private, for this user only, bounded in every way.

use std::io::{ErrorKind, Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Arc, Weak};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};

use super::file;
use super::protocol::{Answer, Do, LONGEST, Request, Said, VERSION};
use super::queue::Queue;

/// Clients at the same time.
const MOST_CLIENTS: usize = 16;

/// How long a client may be silent before its next request, and how long it may take to read an answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// Answers that may wait for a client who follows.
const WAITING: usize = 4096;

/// Bytes of a thread's stack that serves a client.
const STACK: usize = 128 << 10;

/// The longest path of a socket, in bytes: `sun_path` of unix(7) without its final zero; macOS has 104.
const LONGEST_PATH: usize = if cfg!(target_os = "linux") { 107 } else { 103 };

/// A request, and where its answers go.
#[derive(Debug)]
pub struct Ask {
    /// What is asked for.
    pub what: Do,
    /// Takes the answers; the last one is said by dropping it.
    pub answer: SyncSender<Answer>,
    /// Gone as soon as the client is.
    client: Weak<()>,
}

impl Ask {
    /// Whether the client still listens; where it went without a word, that is known after some seconds.
    pub fn is_there(&self) -> bool {
        self.client.strong_count() > 0
    }

    /// Answers; gives whether the client still listens and keeps up.
    pub fn say(&self, what: Said) -> bool {
        self.answer.try_send(Answer { v: VERSION, what }).is_ok()
    }
}

/// The first of these places whose path is short enough for a socket.
///
/// # Errors
/// Where all are too long.
pub fn place(candidates: &[PathBuf]) -> Result<PathBuf> {
    let fits = |path: &&PathBuf| path.as_os_str().len() <= LONGEST_PATH;
    if let Some(path) = candidates.iter().find(fits) {
        return Ok(path.clone());
    }
    let named = candidates.first().map(|path| file::shown(path)).unwrap_or_default();
    bail!("{named} is too long for a socket ({LONGEST_PATH} bytes); set XDG_RUNTIME_DIR to a shorter folder of yours")
}

/// Listens at a place, for this user only; what another guard left there is removed, so the caller holds the
/// guard's lock.
///
/// # Errors
/// Where nobody can listen there.
pub fn listen(path: &Path) -> Result<UnixListener> {
    file::private_folder(path.parent().context("a socket has a folder")?)?;
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            return Err(error).with_context(|| format!("cannot remove {}", file::shown(path)));
        }
        _ => {}
    }
    let about = || format!("cannot listen at {}", file::shown(path));
    let listener = UnixListener::bind(path).with_context(about)?;
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o600);
    std::fs::set_permissions(path, mode).with_context(about)?;
    Ok(listener)
}

/// Serves clients on threads of their own; their requests go into the queue.
///
/// # Errors
/// Where no thread can be started.
pub fn serve(listener: UnixListener, queue: Queue<Ask>) -> Result<()> {
    let clients = Arc::new(AtomicUsize::new(0));
    let accept = move || {
        loop {
            let Ok((stream, _)) = listener.accept() else {
                // Too many open files, mostly: there is nothing to do but wait.
                thread::sleep(Duration::from_secs(1));
                continue;
            };
            if !is_ours(&stream) {
                continue;
            }
            if clients.fetch_add(1, Ordering::SeqCst) >= MOST_CLIENTS {
                clients.fetch_sub(1, Ordering::SeqCst);
                let _ = stream.set_write_timeout(Some(Duration::from_millis(100)));
                let _ = say(&stream, &refusal("too many clients; try again"));
                continue;
            }
            let (queue, clients_there) = (queue.clone(), Arc::clone(&clients));
            let started = thread::Builder::new().name("client".to_owned()).stack_size(STACK).spawn(move || {
                // A client that goes away or says nothing is no failure of ours.
                let _ = client(&stream, &queue);
                clients_there.fetch_sub(1, Ordering::SeqCst);
            });
            if started.is_err() {
                clients.fetch_sub(1, Ordering::SeqCst);
            }
        }
    };
    let thread = thread::Builder::new().name("socket".to_owned()).stack_size(STACK);
    thread.spawn(accept).map(drop).context("no thread can be started")
}

/// Whether the other side is this user.
fn is_ours(stream: &UnixStream) -> bool {
    #[cfg(target_os = "linux")]
    {
        let me = rustix::process::geteuid();
        rustix::net::sockopt::socket_peercred(stream).is_ok_and(|other| other.uid == me)
    }
    // The socket's folder lets nobody else in.
    #[cfg(not(target_os = "linux"))]
    {
        let _ = stream;
        true
    }
}

fn client(stream: &UnixStream, queue: &Queue<Ask>) -> Result<()> {
    stream.set_write_timeout(Some(PATIENCE))?;
    let mut lines = Lines { stream, buffer: Vec::new() };
    loop {
        let line = match lines.next(PATIENCE) {
            Ok(Some(line)) => line,
            Ok(None) => return Ok(()),
            Err(error) => {
                say(stream, &refusal(&format!("{error:#}")))?;
                return Ok(());
            }
        };
        let what = match parse(&line) {
            Ok(what) => what,
            Err(error) => {
                say(stream, &refusal(&format!("{error:#}")))?;
                continue;
            }
        };
        let (answer, answers) = sync_channel(WAITING);
        let there = Arc::new(());
        queue.request(Ask { what, answer, client: Arc::downgrade(&there) });
        pass_on(stream, &answers)?;
    }
}

/// Writes answers until there are no more, or the client is gone.
fn pass_on(stream: &UnixStream, answers: &Receiver<Answer>) -> Result<()> {
    loop {
        match answers.recv_timeout(Duration::from_secs(5)) {
            Ok(answer) => say(stream, &answer)?,
            Err(RecvTimeoutError::Disconnected) => return Ok(()),
            Err(RecvTimeoutError::Timeout) => {
                stream.set_nonblocking(true)?;
                let mut stream = stream;
                let read = stream.read(&mut [0; 64]);
                stream.set_nonblocking(false)?;
                match read {
                    Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                    Ok(0) => bail!("the client is gone"),
                    // Whoever waits for answers has nothing to say.
                    Ok(_) => bail!("the client talks"),
                    Err(error) => return Err(error.into()),
                }
            }
        }
    }
}

fn parse(line: &[u8]) -> Result<Do> {
    // The message of the library may repeat what was sent.
    let unknown = "this is no request that is known (docs/guard-protocol.md)";
    let request: Request = serde_json::from_slice(line).ok().context(unknown)?;
    ensure!(request.v == VERSION, "version {} of the protocol is not known, {VERSION} is", request.v);
    Ok(request.what)
}

fn refusal(why: &str) -> Answer {
    Answer { v: VERSION, what: Said::Error(why.to_owned()) }
}

fn say(mut stream: &UnixStream, answer: &Answer) -> Result<()> {
    let mut line = serde_json::to_vec(answer)?;
    line.push(b'\n');
    Ok(stream.write_all(&line)?)
}

/// Lines of a client, bounded in length and time.
struct Lines<'a> {
    stream: &'a UnixStream,
    buffer: Vec<u8>,
}

impl Lines<'_> {
    /// The next line; `None` where the other side said its last, or nothing for too long.
    fn next(&mut self, patience: Duration) -> Result<Option<Vec<u8>>> {
        let until = Instant::now() + patience;
        loop {
            if let Some(end) = self.buffer.iter().position(|&byte| byte == b'\n') {
                let rest = self.buffer.split_off(end + 1);
                let mut line = std::mem::replace(&mut self.buffer, rest);
                line.pop();
                return Ok(Some(line));
            }
            ensure!(self.buffer.len() <= LONGEST, "a line has at most {} KiB", LONGEST >> 10);
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(None);
            }
            self.stream.set_read_timeout(Some(left))?;
            let mut piece = [0; 4096];
            let mut stream = self.stream;
            match stream.read(&mut piece) {
                Ok(0) => return Ok(None),
                Ok(length) => self.buffer.extend_from_slice(&piece[..length]),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(_) => return Ok(None),
            }
        }
    }
}

/// A client's end.
#[derive(Debug)]
pub struct Client {
    stream: UnixStream,
    buffer: Vec<u8>,
}

impl Client {
    /// Calls the guard at a place; `None` where nobody answers there.
    ///
    /// # Errors
    /// Where somebody else than this user answers.
    pub fn call(path: &Path) -> Result<Option<Self>> {
        let Ok(stream) = UnixStream::connect(path) else { return Ok(None) };
        ensure!(is_ours(&stream), "at {} another user answers; nothing was said", file::shown(path));
        stream.set_write_timeout(Some(PATIENCE))?;
        Ok(Some(Client { stream, buffer: Vec::new() }))
    }

    /// Asks for something and waits for the first answer.
    ///
    /// # Errors
    /// Where there is none in time, or it is an error.
    pub fn ask(&mut self, what: Do, patience: Duration) -> Result<Said> {
        let mut line = serde_json::to_vec(&Request::new(what))?;
        line.push(b'\n');
        self.stream.write_all(&line).context("the guard does not listen")?;
        self.answer(patience)?.context("the guard ended before it answered")
    }

    /// The next answer; `None` where the guard ends.
    ///
    /// # Errors
    /// Where there is none in time, or it is an error.
    pub fn answer(&mut self, patience: Duration) -> Result<Option<Said>> {
        let until = Instant::now() + patience;
        loop {
            if let Some(end) = self.buffer.iter().position(|&byte| byte == b'\n') {
                let rest = self.buffer.split_off(end + 1);
                let line = std::mem::replace(&mut self.buffer, rest);
                let answer: Answer = serde_json::from_slice(&line).context("the guard's answer cannot be read")?;
                return match answer.what {
                    Said::Error(why) => bail!(why),
                    said => Ok(Some(said)),
                };
            }
            let left = until.saturating_duration_since(Instant::now());
            ensure!(!left.is_zero(), "the guard does not answer");
            self.stream.set_read_timeout(Some(left))?;
            let mut piece = [0; 16 << 10];
            match self.stream.read(&mut piece) {
                Ok(0) => return Ok(None),
                Ok(length) => self.buffer.extend_from_slice(&piece[..length]),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
                Err(error) => return Err(error).context("the guard's answer cannot be read"),
            }
        }
    }
}
