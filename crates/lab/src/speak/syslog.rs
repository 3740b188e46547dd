//! Syslog: RFC 5424 and RFC 3164 messages, and octet counting on streams (RFC 6587 §3.4.1).

/// Who reports.
#[derive(Clone, Copy, Debug)]
pub struct Reporter<'a> {
    /// Host name.
    pub host: &'a str,
    /// Program.
    pub program: &'a str,
    /// Number of its process.
    pub process: u32,
}

impl Reporter<'_> {
    /// RFC 5424: priority (facility times eight and severity), time in RFC 3339, message id (`-` for none), message.
    #[must_use]
    pub fn message(&self, priority: u8, time: &str, id: &str, message: &str) -> Vec<u8> {
        let Self { host, program, process } = self;
        format!("<{priority}>1 {time} {host} {program} {process} {id} - {message}").into_bytes()
    }

    /// RFC 3164: time as `Mar  2 08:00:00`.
    #[must_use]
    pub fn old_message(&self, priority: u8, time: &str, message: &str) -> Vec<u8> {
        let Self { host, program, process } = self;
        format!("<{priority}>{time} {host} {program}[{process}]: {message}").into_bytes()
    }
}

/// A message with its length in front.
#[must_use]
pub fn counted(message: &[u8]) -> Vec<u8> {
    [format!("{} ", message.len()).as_bytes(), message].concat()
}
