//! Where segments lie: a folder, or a bucket by S3's protocol. A segment is written beside its place and then put there whole.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use object_store::aws::AmazonS3Builder;
use object_store::local::LocalFileSystem;
use object_store::path::Path as Key;
use object_store::{ObjectStore, ObjectStoreExt as _, RetryConfig, WriteMultipart};

use crate::error::Error;

/// Where to keep segments.
#[derive(Clone, Debug)]
pub enum Place {
    /// In a folder of this machine.
    Folder(PathBuf),
    /// In a bucket.
    S3(Bucket),
}

/// A bucket that speaks S3's protocol.
#[derive(Clone)]
pub struct Bucket {
    /// Name of the bucket.
    pub bucket: String,
    /// `https://s3.example.org`; none for Amazon's own.
    pub endpoint: Option<String>,
    /// Region; `us-east-1` where the server has none.
    pub region: String,
    /// Access key id.
    pub key: String,
    /// Secret access key.
    pub secret: String,
    /// Speak HTTP without TLS. For a server on this machine alone.
    pub allow_http: bool,
    /// Folder of this machine where segments are written before they are sent.
    pub scratch: PathBuf,
}

impl std::fmt::Debug for Bucket {
    /// Without the secret.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Bucket").field("bucket", &self.bucket).field("endpoint", &self.endpoint).finish_non_exhaustive()
    }
}

/// Bytes of one part of a file that is sent.
const PART_BYTES: usize = 8 << 20;
/// Parts under way at once.
const PARTS: usize = 4;

/// An open place.
#[derive(Debug)]
pub(crate) struct Opened {
    pub(crate) store: Arc<dyn ObjectStore>,
    /// The folder, where the place is one.
    folder: Option<PathBuf>,
    /// Where files are written before they are put in their place. On the file system of the folder, where the place is one.
    drafts: PathBuf,
}

/// The folder of drafts in a folder of history; what lies there belongs to no segment.
const DRAFTS: &str = ".drafts";

fn usable<T>(path: &Path, result: std::io::Result<T>) -> Result<T, Error> {
    result.map_err(|source| Error::Folder { path: path.to_owned(), source })
}

impl Opened {
    pub(crate) fn open(place: &Place) -> Result<Self, Error> {
        let (store, folder, drafts): (Arc<dyn ObjectStore>, _, _) = match place {
            Place::Folder(folder) => {
                usable(folder, fs::create_dir_all(folder))?;
                (Arc::new(LocalFileSystem::new_with_prefix(folder)?), Some(folder.clone()), folder.join(DRAFTS))
            }
            Place::S3(bucket) => (Arc::new(s3(bucket)?), None, bucket.scratch.join(DRAFTS)),
        };
        // What an earlier process left half written.
        if drafts.exists() {
            usable(&drafts, fs::remove_dir_all(&drafts))?;
        }
        usable(&drafts, fs::create_dir_all(&drafts))?;
        Ok(Self { store, folder, drafts })
    }

    /// Where spilled data of queries may lie.
    pub(crate) fn scratch(&self) -> PathBuf {
        self.drafts.clone()
    }

    /// No other process may write here, so that whatever is no segment is an orphan.
    pub(crate) const fn is_own(&self) -> bool {
        self.folder.is_some()
    }

    /// An empty file to write a segment to.
    pub(crate) fn draft(&self) -> Result<(File, PathBuf), Error> {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let name = format!("{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let path = self.drafts.join(name);
        Ok((usable(&path, File::create(&path))?, path))
    }

    /// Puts a draft where it belongs. When this returns it is there, also after the power went.
    pub(crate) async fn put(&self, draft: PathBuf, key: &str) -> Result<(), Error> {
        match &self.folder {
            Some(folder) => {
                let target = folder.join(key);
                let root = folder.clone();
                let moved = tokio::task::spawn_blocking(move || move_into(&draft, &target, &root)).await;
                moved.map_err(|_| Error::Ended)?
            }
            None => {
                let sent = self.send(&draft, &Key::from(key)).await;
                let _ = fs::remove_file(&draft);
                sent
            }
        }
    }

    async fn send(&self, draft: &Path, key: &Key) -> Result<(), Error> {
        use tokio::io::AsyncReadExt as _;
        let mut file = usable(draft, tokio::fs::File::open(draft).await)?;
        let mut upload = WriteMultipart::new_with_chunk_size(self.store.put_multipart(key).await?, PART_BYTES);
        let mut part = vec![0; 1 << 20];
        loop {
            let read = usable(draft, file.read(&mut part).await)?;
            let Some(bytes) = part.get(..read).filter(|bytes| !bytes.is_empty()) else { break };
            upload.wait_for_capacity(PARTS).await?;
            upload.write(bytes);
        }
        upload.finish().await?;
        Ok(())
    }
}

fn move_into(draft: &Path, target: &Path, root: &Path) -> Result<(), Error> {
    let folder = target.parent().unwrap_or(root);
    usable(folder, fs::create_dir_all(folder))?;
    usable(target, fs::rename(draft, target))?;
    // A new folder's own entry counts too: up to the root.
    for folder in folder.ancestors().take_while(|folder| folder.starts_with(root)) {
        usable(folder, File::open(folder).and_then(|folder| folder.sync_all()))?;
    }
    Ok(())
}

/// A server that is away is told of soon: whoever asked, or the next upkeep, tries again.
fn retry() -> RetryConfig {
    RetryConfig { max_retries: 3, retry_timeout: Duration::from_secs(10), ..RetryConfig::default() }
}

fn s3(bucket: &Bucket) -> Result<object_store::aws::AmazonS3, Error> {
    let mut builder = AmazonS3Builder::new()
        .with_bucket_name(&bucket.bucket)
        .with_region(&bucket.region)
        .with_access_key_id(&bucket.key)
        .with_secret_access_key(&bucket.secret)
        .with_allow_http(bucket.allow_http)
        .with_retry(retry());
    if let Some(endpoint) = &bucket.endpoint {
        builder = builder.with_endpoint(endpoint);
    }
    Ok(builder.build()?)
}
