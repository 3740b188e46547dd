//! A hub's state is backed up while it runs, put back, and what was damaged is told.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Stdio};

use serde_json::json;

use super::{folder, medwarden, text};

struct Hub(Child, String);

impl Drop for Hub {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn start(data: &Path) -> Hub {
    let mut command = medwarden();
    command.args(["run", "--plain", "--listen", "127.0.0.1:0", "--data"]).arg(data);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let address = line.trim().rsplit('/').next().unwrap().to_owned();
    Hub(child, address)
}

fn send(hub: &Hub, method: &str, path: &str, body: &str) -> u16 {
    let mut stream = TcpStream::connect(&hub.1).unwrap();
    let head = format!(
        "{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).unwrap();
    stream.write_all(body.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer.split(' ').nth(1).unwrap().parse().unwrap()
}

fn db(arguments: &[&std::ffi::OsStr]) -> (i32, String, String) {
    let output = medwarden().arg("db").args(arguments).output().unwrap();
    (output.status.code().unwrap(), text(&output.stdout), text(&output.stderr))
}

const PASSWORD: &str = "four words make a password";

#[test]
fn a_hub_is_backed_up_while_it_runs_and_put_back() {
    let folder = folder();
    let (data, backup, again) = (folder.join("data"), folder.join("backup"), folder.join("again"));
    let hub = start(&data);
    let setup = json!({
        "tenant": "Lakeside", "site": "Clinic", "time_zone": "UTC", "networks": [], "name": "Alex", "login": "alex", "password": PASSWORD,
    });
    assert_eq!(send(&hub, "POST", "/api/setup", &setup.to_string()), 201);
    let (code, said, wrong) = db(&["backup".as_ref(), "--data".as_ref(), data.as_os_str(), "--to".as_ref(), backup.as_os_str()]);
    assert_eq!((code, said.contains("Backed up and checked") && said.contains(", sound")), (0, true), "{said}{wrong}");
    let (code, _, wrong) = db(&["backup".as_ref(), "--data".as_ref(), data.as_os_str(), "--to".as_ref(), backup.as_os_str()]);
    assert_eq!((code, wrong.contains("is there already")), (2, true), "{wrong}");
    drop(hub);

    let restore = |to: &Path| db(&["restore".as_ref(), backup.as_os_str(), "--data".as_ref(), to.as_os_str()]);
    let (code, said, wrong) = restore(&again);
    assert_eq!((code, said.contains("Put back and checked")), (0, true), "{said}{wrong}");
    let hub = start(&again);
    let sign_in = json!({ "login": "alex", "password": PASSWORD }).to_string();
    assert_eq!(send(&hub, "POST", "/api/session", &sign_in), 204, "the account is there");
    assert_eq!(send(&hub, "POST", "/api/setup", &setup.to_string()), 409, "it was set up");
    drop(hub);
    let (code, _, wrong) = restore(&again);
    assert_eq!((code, wrong.contains("not empty")), (2, true), "{wrong}");
    let (code, said, wrong) = db(&["check".as_ref(), "--data".as_ref(), again.as_os_str()]);
    assert_eq!((code, said.contains("session")), (0, true), "{said}{wrong}");

    // A backup that was touched is not put back, not even in part.
    let key = backup.join("keys/seal.key");
    let mut bytes = std::fs::read(&key).unwrap();
    bytes[0] ^= 1;
    std::fs::write(&key, bytes).unwrap();
    let other = folder.join("other");
    let (code, _, wrong) = restore(&other);
    assert_eq!((code, wrong.contains("keys/seal.key"), other.exists()), (2, true, false), "{wrong}");
    std::fs::remove_file(&key).unwrap();
    assert!(restore(&other).2.contains("missing"));
}

#[test]
fn what_is_not_there_is_told_and_not_made() {
    let folder = folder();
    let nothing = folder.join("nothing");
    let (code, _, wrong) = db(&["check".as_ref(), "--data".as_ref(), nothing.as_os_str()]);
    assert_eq!((code, wrong.contains("is not there"), nothing.exists()), (2, true, false), "{wrong}");
    let (code, _, wrong) = db(&["copy", "--from", "mysql://x", "--to", "sqlite:///tmp/x"].map(AsRef::as_ref));
    assert_eq!((code, wrong.contains("sqlite:")), (2, true), "{wrong}");
}

#[test]
fn a_state_is_copied() {
    let folder = folder();
    let data = folder.join("data");
    let hub = start(&data);
    drop(hub);
    let (from, to) =
        (format!("sqlite://{}", data.join("state.db").display()), format!("sqlite://{}", folder.join("copy.db").display()));
    let copy = || db(&["copy", "--from", &from, "--to", &to].map(AsRef::as_ref));
    let (code, said, wrong) = copy();
    assert_eq!((code, said.contains("Copied and compared")), (0, true), "{said}{wrong}");
}
