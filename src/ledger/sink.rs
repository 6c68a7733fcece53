//! Local sockets to which records go besides the file: syslog's and journald's.

use std::path::PathBuf;

/// Where records go besides the file. The file is what counts; a socket that is not there, or that
/// takes nothing, stops nobody.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sinks {
    /// The local syslog socket; messages are RFC 5424.
    pub syslog: Option<PathBuf>,
    /// journald's native socket.
    pub journald: Option<PathBuf>,
}
