//! What every query shares: what it may see, its place in the queue, its time, and what happens when a segment is broken.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use datafusion::error::DataFusionError;
use futures::TryStreamExt as _;
use model::Timestamp;
use object_store::ObjectStoreExt as _;
use sha2::{Digest as _, Sha256};

use crate::engine::Seen;
use crate::error::Error;
use crate::filter::{Scope, Span};
use crate::lake::{Core, Lake, lock};
use crate::manifest::{Change, Kind, Segment, Want};
use crate::segment::Shelf;

/// Something that a reader of a result should know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Warning {
    /// The segment that is missing from the result.
    pub segment: String,
    /// Its path below the root of the history.
    pub path: String,
    /// Rows that are missing, of any filter.
    pub rows: u64,
    /// The span of time they are of.
    pub span: (Timestamp, Timestamp),
    /// What is wrong with it.
    pub reason: String,
}

/// How often a query is begun again because segments changed under it or one was found broken.
const ATTEMPTS: usize = 4;

/// A query that is being carried out.
pub(crate) type Asked<T> = Pin<Box<dyn Future<Output = Result<T, DataFusionError>> + Send>>;

/// What a query sees of both tables.
pub(crate) struct View {
    pub(crate) flow: Seen,
    pub(crate) event: Seen,
    warnings: Vec<Warning>,
}

impl View {
    pub(crate) fn of(&self, kind: Kind) -> &Seen {
        match kind {
            Kind::Flow => &self.flow,
            Kind::Event => &self.event,
        }
    }

    fn segments(&self) -> impl Iterator<Item = &Segment> {
        self.flow.segments.iter().chain(&self.event.segments)
    }
}

impl Lake {
    /// Runs a query within its bounds, without broken segments.
    pub(crate) async fn ask<T, A>(
        &self,
        scopes: &[Scope],
        span: Option<Span>,
        kinds: &'static [Kind],
        ask: A,
    ) -> Result<(T, Vec<Warning>), Error>
    where
        T: Send + 'static,
        A: Fn(Arc<Core>, Arc<View>) -> Asked<T> + Send + Sync + 'static,
    {
        let (core, scopes) = (Arc::clone(&self.core), scopes.to_vec());
        let limit = core.config.query_time;
        // A place in the queue is taken at once or never; a turn is waited for.
        let place = Arc::clone(&core.places).try_acquire_owned().map_err(|_| Error::Busy)?;
        let work = self.worker.ask(async move {
            let _place = place;
            let _turn = Arc::clone(&core.running).acquire_owned().await.map_err(|_| Error::Ended)?;
            core.attempt(&scopes, span, kinds, &ask).await
        });
        tokio::time::timeout(limit, work).await.map_err(|_| Error::Time { seconds: limit.as_secs() })??
    }
}

impl Core {
    async fn attempt<T>(
        self: &Arc<Self>,
        scopes: &[Scope],
        span: Option<Span>,
        kinds: &[Kind],
        ask: &(impl Fn(Arc<Self>, Arc<View>) -> Asked<T> + Send + Sync),
    ) -> Result<(T, Vec<Warning>), Error> {
        for attempt in 1..=ATTEMPTS {
            let view = Arc::new(self.view(scopes, span, kinds).await?);
            let error = match ask(Arc::clone(self), Arc::clone(&view)).await {
                Ok(answer) => return Ok((answer, view.warnings.clone())),
                Err(error) => Error::of_engine(error, self.config.query_mebibytes),
            };
            // Whoever asks too much is told so. Otherwise a segment may be broken, or gone since it was listed.
            let own = matches!(error, Error::Memory { .. });
            let again =
                !own && attempt < ATTEMPTS && (self.changed(&view).await? || self.set_broken_aside(view.segments()).await? > 0);
            if !again {
                return Err(error);
            }
        }
        Err(Error::Ended)
    }

    /// What scopes may see together, segments and buffer as of one moment.
    async fn view(&self, scopes: &[Scope], span: Option<Span>, kinds: &[Kind]) -> Result<View, Error> {
        let _still = self.gate.read().await;
        let mut view = View { flow: Seen::default(), event: Seen::default(), warnings: Vec::new() };
        for kind in kinds {
            let mut segments = Vec::new();
            for scope in scopes {
                segments.extend(self.segments(scope, span, *kind).await?);
            }
            segments.sort_by(|a, b| (b.until, &a.id).cmp(&(a.until, &b.id)));
            // Scopes may overlap; a row is seen once.
            segments.dedup_by(|a, b| a.id == b.id);
            view.warnings.extend(segments.iter().filter_map(warning));
            segments.retain(|segment| segment.aside.is_none());
            let is_seen = |shelf: &Shelf| shelf.kind == *kind && scopes.iter().any(|scope| scope.has(&shelf.tenant, &shelf.site));
            let seen = Seen { segments, buffered: lock(&self.buffers).batches(is_seen) };
            match kind {
                Kind::Flow => view.flow = seen,
                Kind::Event => view.event = seen,
            }
        }
        Ok(view)
    }

    async fn segments(&self, scope: &Scope, span: Option<Span>, kind: Kind) -> Result<Vec<Segment>, Error> {
        let want = Want {
            kind: Some(kind),
            tenant: Some(scope.tenant.clone()),
            sites: scope.sites.clone(),
            from: span.map(|span| span.from),
            before: span.map(|span| span.before),
        };
        let mut segments = self.manifest.list(want.clone()).await?;
        // A manifest that answers more than was asked must not show one tenant another's rows.
        segments.retain(|segment| want.has(segment));
        Ok(segments)
    }

    /// A segment of the view has left the manifest.
    async fn changed(&self, view: &View) -> Result<bool, Error> {
        let there = self.manifest.list(Want::default()).await?;
        let there: std::collections::HashSet<&str> = there.iter().map(|segment| segment.id.as_str()).collect();
        Ok(view.segments().any(|segment| !there.contains(segment.id.as_str())))
    }

    /// Looks at files as they are, and sets those aside that are not what was written. Says how many.
    pub(crate) async fn set_broken_aside(&self, segments: impl IntoIterator<Item = &Segment>) -> Result<usize, Error> {
        let mut aside = Vec::new();
        for segment in segments {
            if let Some(reason) = self.fault(segment).await? {
                aside.push(Segment { aside: Some(reason), ..segment.clone() });
            }
        }
        let count = aside.len();
        if count > 0 {
            self.manifest.commit(Change { add: aside, ..Change::default() }).await?;
        }
        Ok(count)
    }

    /// What is wrong with a segment's file. An error where the store does not answer: that is no fault of the file.
    async fn fault(&self, segment: &Segment) -> Result<Option<String>, Error> {
        let path = object_store::path::Path::from(segment.path.as_str());
        let file = match self.place.store.get(&path).await {
            Ok(file) => file,
            Err(object_store::Error::NotFound { .. }) => return Ok(Some("its file is missing".to_owned())),
            Err(error) => return Err(error.into()),
        };
        if file.meta.size != segment.bytes {
            return Ok(Some(format!("its file has {} bytes and should have {}", file.meta.size, segment.bytes)));
        }
        let mut hash = Sha256::new();
        let mut bytes = file.into_stream();
        while let Some(part) = bytes.try_next().await? {
            hash.update(&part);
        }
        let hash: String = hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
        Ok((hash != segment.sha256).then(|| "its file is not the one that was written: its SHA-256 differs".to_owned()))
    }
}

fn warning(segment: &Segment) -> Option<Warning> {
    Some(Warning {
        segment: segment.id.clone(),
        path: segment.path.clone(),
        rows: segment.rows,
        span: (segment.from, segment.until),
        reason: segment.aside.clone()?,
    })
}

impl Lake {
    /// Reads every segment, sets broken ones aside, and names all that are.
    pub async fn check(&self) -> Result<Vec<Warning>, Error> {
        let core = Arc::clone(&self.core);
        let checked = self.worker.run(async move {
            let mut segments = core.manifest.list(Want::default()).await?;
            segments.retain(|segment| segment.aside.is_none());
            core.set_broken_aside(&segments).await?;
            let all = core.manifest.list(Want::default()).await?;
            Ok::<_, Error>(all.iter().filter_map(warning).collect())
        });
        checked.await?
    }

    /// Memory that queries hold now, in bytes.
    #[must_use]
    pub fn query_bytes(&self) -> usize {
        self.core.engine.reserved_bytes()
    }
}
