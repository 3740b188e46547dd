//! The threads that queries and upkeep run on, apart from those that answer the network: a heavy query slows only other queries.

use std::future::Future;

use tokio::runtime::{Builder, Runtime};
use tokio::task::JoinHandle;

use crate::error::Error;

/// Planning walks a query's tree by recursion; what a text of the longest allowed length can nest fits.
const STACK_BYTES: usize = 64 << 20;
/// Threads for what blocks on files.
const BLOCKING: usize = 8;

pub(crate) struct Worker {
    runtime: Option<Runtime>,
}

impl Worker {
    pub(crate) fn start(threads: usize) -> Result<Self, Error> {
        let mut builder = Builder::new_multi_thread();
        builder.worker_threads(threads.max(1)).max_blocking_threads(BLOCKING).thread_stack_size(STACK_BYTES);
        let runtime = builder.thread_name("history").enable_all().build();
        let runtime = runtime.map_err(|source| Error::Folder { path: "threads for history".into(), source })?;
        Ok(Self { runtime: Some(runtime) })
    }

    /// Runs to its end, also where the caller goes away.
    pub(crate) async fn run<T: Send + 'static>(&self, work: impl Future<Output = T> + Send + 'static) -> Result<T, Error> {
        let runtime = self.runtime.as_ref().ok_or(Error::Ended)?;
        runtime.spawn(work).await.map_err(|_| Error::Ended)
    }

    /// Runs as long as the caller waits.
    pub(crate) async fn ask<T: Send + 'static>(&self, work: impl Future<Output = T> + Send + 'static) -> Result<T, Error> {
        let runtime = self.runtime.as_ref().ok_or(Error::Ended)?;
        let mut asked = Asked(runtime.spawn(work));
        (&mut asked.0).await.map_err(|_| Error::Ended)
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        // Waiting here would block whoever drops it, who may be a thread of another runtime.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

struct Asked<T>(JoinHandle<T>);

impl<T> Drop for Asked<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}
