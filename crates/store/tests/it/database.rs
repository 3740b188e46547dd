//! Databases to test on.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use store::Store;
use tempfile::TempDir;

/// An empty database, gone with it.
pub struct Database {
    pub store: Store,
    pub url: String,
    _folder: TempDir,
}

/// One of each kind that this machine has.
pub async fn all() -> Vec<Database> {
    let mut all = vec![sqlite().await];
    match cluster() {
        Ok(cluster) => all.push(postgres(cluster).await),
        Err(why) => eprintln!("skipped on PostgreSQL: {why}"),
    }
    all
}

async fn sqlite() -> Database {
    let folder = TempDir::new().unwrap();
    let url = format!("sqlite://{}", folder.path().join("state.db").display());
    Database { store: Store::open(&url).await.unwrap(), url, _folder: folder }
}

async fn postgres(socket: &Path) -> Database {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let name = format!("t{}_{}", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed));
    let done = as_postgres("createdb").args(["-h", &socket.display().to_string(), &name]).status().unwrap();
    assert!(done.success());
    let url = format!("postgres:///{name}?host={}&user=postgres", socket.display());
    Database { store: Store::open(&url).await.unwrap(), url, _folder: TempDir::new().unwrap() }
}

/// A cluster of the test's own, on a socket in a temporary folder, that ends with the process.
fn cluster() -> Result<&'static Path, &'static str> {
    static CLUSTER: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    CLUSTER.get_or_init(start).as_deref().map_err(String::as_str)
}

fn start() -> Result<PathBuf, String> {
    let binaries = binaries().ok_or("Debian's postgresql is not installed")?;
    let folder = std::env::temp_dir().join(format!("medwarden-postgres-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).map_err(|error| error.to_string())?;
    run(Command::new("chown").arg("postgres").arg(&folder))?;
    let data = folder.join("data");
    run(as_postgres(binaries.join("initdb").to_str().unwrap_or_default())
        .args(["--no-sync", "-A", "trust", "-U", "postgres", "-D"])
        .arg(&data))?;
    let options = format!("-c listen_addresses= -c unix_socket_directories={} -c fsync=off", folder.display());
    run(as_postgres(binaries.join("pg_ctl").to_str().unwrap_or_default())
        .args(["-w", "-o", &options, "-l"])
        .arg(folder.join("log"))
        .arg("-D")
        .arg(&data)
        .arg("start"))?;
    // The cluster ends when this process does, however that is.
    let watch = format!(
        "while [ -d /proc/{} ]; do sleep 0.2; done; {}/pg_ctl -m immediate -D {} stop; rm -rf {}",
        std::process::id(),
        binaries.display(),
        data.display(),
        folder.display()
    );
    as_postgres("sh")
        .args(["-c", &watch])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|error| error.to_string())?;
    Ok(folder)
}

fn binaries() -> Option<PathBuf> {
    let mut versions: Vec<PathBuf> =
        std::fs::read_dir("/usr/lib/postgresql").ok()?.flatten().map(|entry| entry.path().join("bin")).collect();
    versions.sort();
    versions.pop()
}

/// PostgreSQL refuses to run as root.
fn as_postgres(program: &str) -> Command {
    let mut command = Command::new("setpriv");
    command
        .args(["--reuid", "postgres", "--regid", "postgres", "--clear-groups", "--", program])
        .current_dir("/")
        .env("PGUSER", "postgres");
    command
}

fn run(command: &mut Command) -> Result<(), String> {
    let output = command.output().map_err(|error| format!("{command:?}: {error}"))?;
    if output.status.success() { Ok(()) } else { Err(String::from_utf8_lossy(&output.stderr).into_owned()) }
}
