//! Two machines and a cable between them: network namespaces with a veth pair. The sensor's end is `tap`, the other `far`.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// A namespace, held open by a process that waits for its end.
pub(crate) struct Machine {
    holder: Child,
    unprivileged: bool,
}

/// Both machines.
pub(crate) struct Net {
    pub(crate) sensor: Machine,
    pub(crate) far: Machine,
}

impl Machine {
    /// A command inside.
    pub(crate) fn command(&self, program: &str) -> Command {
        let mut command = Command::new("nsenter");
        command.arg("-t").arg(self.holder.id().to_string()).args(["-n", "-m"]);
        if self.unprivileged {
            command.args(["-U", "--preserve-credentials"]);
        }
        command.arg("--").arg(program);
        command.env_remove("COLUMNS").env_remove("NO_COLOR");
        command
    }

    /// Runs a line of plain words inside; its output.
    pub(crate) fn run(&self, line: &str) -> String {
        let mut all = line.split_whitespace();
        let out = self.command(all.next().unwrap()).args(all).output().unwrap();
        assert!(out.status.success(), "{line}: {}", String::from_utf8_lossy(&out.stderr));
        String::from_utf8(out.stdout).unwrap()
    }

    /// Frames that left through an interface, as the kernel counts them.
    pub(crate) fn sent(&self, interface: &str) -> u64 {
        self.run(&format!("cat /sys/class/net/{interface}/statistics/tx_packets")).trim().parse().unwrap()
    }

    /// Sends the frames of a capture.
    pub(crate) fn replay(&self, capture: &Path) -> u64 {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/live/wire.py");
        self.run(&format!("python3 {script} send far {}", capture.display())).trim().parse().unwrap()
    }

    /// Begins to listen to an interface.
    pub(crate) fn listen(&self, interface: &str) -> Listener {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/live/wire.py");
        let mut command = self.command("python3");
        let mut child = command.args([script, "heard", interface]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap());
        let mut first = String::new();
        lines.read_line(&mut first).unwrap();
        assert_eq!(first, "listening\n");
        Listener { child, lines }
    }
}

/// Hears what arrives at an interface.
pub(crate) struct Listener {
    child: Child,
    lines: BufReader<std::process::ChildStdout>,
}

impl Listener {
    /// The frames that arrived, in hex.
    pub(crate) fn end(mut self) -> Vec<String> {
        drop(self.child.stdin.take());
        let heard = self.lines.lines().map(Result::unwrap).collect();
        assert!(self.child.wait().unwrap().success());
        heard
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        let _ = self.holder.kill();
        let _ = self.holder.wait();
    }
}

/// A new namespace; the inner error is why this machine lets nobody make one.
fn machine(prefix: Option<&Machine>, unprivileged: bool) -> Result<Machine, String> {
    let inside = "mount -t sysfs none /sys && echo ready && exec sleep 300";
    let mut command = match prefix {
        // Without root the second namespace is made inside the first one's rights.
        Some(first) if unprivileged => {
            let mut command = Command::new("nsenter");
            command.arg("-t").arg(first.holder.id().to_string()).args([
                "-U",
                "--preserve-credentials",
                "--",
                "unshare",
                "-n",
                "-m",
            ]);
            command
        }
        _ => {
            let mut command = Command::new("unshare");
            command.args(if unprivileged { &["-r", "-n", "-m"][..] } else { &["-n", "-m"][..] });
            command
        }
    };
    let spawned = command.args(["sh", "-c", inside]).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let mut holder = spawned.map_err(|error| format!("unshare cannot be run: {error}"))?;
    let mut first = String::new();
    BufReader::new(holder.stdout.take().unwrap()).read_line(&mut first).unwrap();
    if first != "ready\n" {
        let out = holder.wait_with_output().unwrap();
        return Err(String::from_utf8_lossy(&out.stderr).trim().to_owned());
    }
    Ok(Machine { holder, unprivileged })
}

/// Two machines and a cable. `None`, with the reason printed, where this machine does not allow it.
#[allow(clippy::print_stdout)] // a test that is left out says so
pub(crate) fn net() -> Option<Net> {
    match try_net() {
        Ok(net) => Some(net),
        Err(why) => {
            println!("skipped: no network namespaces here ({why})");
            None
        }
    }
}

fn try_net() -> Result<Net, String> {
    for tool in ["unshare", "nsenter", "ip", "python3"] {
        Command::new(tool).arg("--help").output().map_err(|error| format!("{tool}: {error}"))?;
    }
    let (sensor, unprivileged) = match machine(None, false) {
        Ok(sensor) => (sensor, false),
        Err(_) => (machine(None, true)?, true),
    };
    let far = machine(Some(&sensor), unprivileged)?;
    let pid = far.holder.id();
    sensor.run(&format!("ip link add tap type veth peer name far netns {pid}"));
    // So that neither kernel says anything by itself.
    for (machine, interface) in [(&sensor, "tap"), (&far, "far")] {
        machine.run(&format!("sysctl -qw net.ipv6.conf.{interface}.disable_ipv6=1"));
        machine.run(&format!("ip link set {interface} up"));
    }
    Ok(Net { sensor, far })
}
