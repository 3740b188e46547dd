//! Search and histogram: what the page asks.

use std::sync::Arc;

use arrow::array::{AsArray as _, RecordBatch};
use arrow::datatypes::{DataType, Int64Type};
use datafusion::common::ScalarValue;
use datafusion::dataframe::DataFrame;
use datafusion::error::DataFusionError;
use datafusion::functions_aggregate::expr_fn::{count, sum};
use datafusion::logical_expr::{Expr, SortExpr};
use datafusion::prelude::{cast, col, lit};
use model::Timestamp;

use crate::column::{Row, rows};
use crate::engine::Seen;
use crate::error::Error;
use crate::filter::{Filter, FlowFilter, Scope, Span};
use crate::lake::{Core, Lake};
use crate::manifest::{Kind, Segment};
use crate::query::{Asked, View, Warning};
use crate::segment::Table;

/// In which order results come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Order {
    /// The newest first.
    #[default]
    Newest,
    /// The oldest first.
    Oldest,
}

/// Rows of a page at most.
pub const MAX_PAGE: usize = 1_000;
/// Buckets of a histogram at most.
pub const MAX_BUCKETS: u32 = 1_000;
/// Rows with one and the same time that a cursor can pass over.
const MAX_SKIP: usize = 100_000;

/// A page of results.
#[derive(Clone, Debug)]
pub struct Page<R> {
    /// The rows.
    pub items: Vec<R>,
    /// What to ask for the next page with; none at the end.
    pub next: Option<String>,
    /// What is missing.
    pub warnings: Vec<Warning>,
}

/// A part of a histogram's span.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Bucket {
    /// It begins here.
    pub from: Timestamp,
    /// Rows whose time is in it.
    pub rows: u64,
    /// Bytes of those, both ways; 0 of events.
    pub bytes: u64,
}

/// Counts over time.
#[derive(Clone, Debug)]
pub struct Histogram {
    /// In order of time, the empty ones among them.
    pub buckets: Vec<Bucket>,
    /// What is missing.
    pub warnings: Vec<Warning>,
}

/// Where a page begins: at a time, after so many rows of exactly that time.
#[derive(Clone, Copy, Debug)]
struct Cursor {
    nanos: i64,
    skip: usize,
}

impl Cursor {
    fn read(text: &str) -> Result<Self, Error> {
        let (nanos, skip) = text.split_once('.').ok_or(Error::Cursor)?;
        let cursor = Self { nanos: nanos.parse().map_err(|_| Error::Cursor)?, skip: skip.parse().map_err(|_| Error::Cursor)? };
        if cursor.skip > MAX_SKIP { Err(Error::Cursor) } else { Ok(cursor) }
    }

    fn write(self) -> String {
        format!("{}.{}", self.nanos, self.skip)
    }
}

fn instant(nanos: i64) -> Expr {
    lit(ScalarValue::TimestampNanosecond(Some(nanos), Some("UTC".into())))
}

/// What all of one search has in common.
#[derive(Clone)]
struct Search<F> {
    filter: F,
    span: Span,
    order: Order,
    limit: usize,
    cursor: Option<Cursor>,
}

impl Lake {
    /// Rows that meet a filter and touch a span of time, a page of them. Pages that follow each other by their cursors hold every
    /// row once.
    pub async fn search<F: Filter>(
        &self,
        scope: &Scope,
        filter: &F,
        span: Span,
        order: Order,
        limit: usize,
        cursor: Option<&str>,
    ) -> Result<Page<F::Row>, Error> {
        let cursor = cursor.map(Cursor::read).transpose()?;
        let search = Search { filter: filter.clone(), span, order, limit: limit.clamp(1, MAX_PAGE), cursor };
        let own = search.clone();
        let kinds: &'static [Kind] = const { std::slice::from_ref(&<F::Row as Row>::KIND) };
        let ask = move |core: Arc<Core>, view: Arc<View>| -> Asked<Vec<RecordBatch>> {
            let search = own.clone();
            Box::pin(async move { search.run(&core, view.of(<F::Row as Row>::KIND)).await })
        };
        let (batches, warnings) = self.ask(std::slice::from_ref(scope), Some(span), kinds, ask).await?;
        let mut items = Vec::new();
        for batch in &batches {
            items.extend(rows::<F::Row>(batch)?);
        }
        Ok(search.page(items, warnings))
    }

    /// How many rows, and bytes, there are in each of equal parts of a span, by the rows' time.
    pub async fn histogram<F: Filter>(&self, scope: &Scope, filter: &F, span: Span, buckets: u32) -> Result<Histogram, Error> {
        let buckets = buckets.clamp(1, MAX_BUCKETS);
        let whole = span.before.since(span.from).max(1);
        let width =
            whole.saturating_add(i64::from(buckets)).saturating_sub(1).checked_div(i64::from(buckets)).unwrap_or(whole).max(1);
        let kinds: &'static [Kind] = const { std::slice::from_ref(&<F::Row as Row>::KIND) };
        let filter = filter.clone();
        let ask = move |core: Arc<Core>, view: Arc<View>| -> Asked<Vec<RecordBatch>> {
            let filter = filter.clone();
            Box::pin(async move { counted(&core, view.of(<F::Row as Row>::KIND), &filter, span, width).await })
        };
        let (batches, warnings) = self.ask(std::slice::from_ref(scope), Some(span), kinds, ask).await?;
        let begin = |index: u32| span.from.plus_nanos(i64::from(index).saturating_mul(width));
        let mut counted: Vec<Bucket> = (0..buckets).map(|index| Bucket { from: begin(index), ..Bucket::default() }).collect();
        for batch in &batches {
            fill(&mut counted, batch).ok_or_else(|| Error::Form { column: "bucket".to_owned() })?;
        }
        Ok(Histogram { buckets: counted, warnings })
    }
}

fn fill(buckets: &mut [Bucket], batch: &RecordBatch) -> Option<()> {
    let column = |name| batch.column_by_name(name)?.as_primitive_opt::<Int64Type>();
    let (index, rows, bytes) = (column("bucket")?, column("rows")?, column("bytes")?);
    for ((index, rows), bytes) in index.iter().zip(rows.iter()).zip(bytes.iter()) {
        let bucket = index.and_then(|index| usize::try_from(index).ok()).and_then(|index| buckets.get_mut(index));
        if let Some(bucket) = bucket {
            bucket.rows = u64::try_from(rows.unwrap_or(0)).unwrap_or(0);
            bucket.bytes = u64::try_from(bytes.unwrap_or(0)).unwrap_or(0);
        }
    }
    Some(())
}

async fn counted<F: Filter>(
    core: &Core,
    seen: &Seen,
    filter: &F,
    span: Span,
    width: i64,
) -> Result<Vec<RecordBatch>, DataFusionError> {
    let table = Table::of(F::Row::KIND);
    let time = col(table.time);
    let within = [time.clone().gt_eq(instant(span.from.nanos())), time.clone().lt(instant(span.before.nanos()))];
    let bytes = match table.kind {
        Kind::Flow => sum(col("bytes_to_server") + col("bytes_to_client")),
        Kind::Event => sum(lit(0_i64)),
    };
    let bucket = (cast(time, DataType::Int64) - lit(span.from.nanos())) / lit(width);
    let mut frame = core.engine.session().read_table(core.engine.table(table, seen.clone()))?;
    for term in within.into_iter().chain(filter.terms()) {
        frame = frame.filter(term)?;
    }
    let counts = vec![count(lit(1_i64)).alias("rows"), bytes.alias("bytes")];
    frame.aggregate(vec![bucket.alias("bucket")], counts)?.collect().await
}

impl<F: Filter> Search<F> {
    /// Newest and oldest need only some of the segments: those at that end of time, and more of them until the page is sure.
    async fn run(&self, core: &Core, seen: &Seen) -> Result<Vec<RecordBatch>, DataFusionError> {
        let mut segments: Vec<Segment> = seen.segments.iter().filter(|segment| self.may_have(segment)).cloned().collect();
        match self.order {
            Order::Newest => segments.sort_by_key(|segment| std::cmp::Reverse(segment.until)),
            Order::Oldest => segments.sort_by_key(|segment| segment.from),
        }
        let mut take = core.config.threads.max(1);
        loop {
            let some: Vec<Segment> = segments.iter().take(take).cloned().collect();
            let next = segments.get(take);
            let batches = self.frame(core, Seen { segments: some, buffered: seen.buffered.clone() })?.collect().await?;
            if next.is_none_or(|next| self.is_sure(&batches, next)) {
                return Ok(batches);
            }
            take = take.saturating_mul(4);
        }
    }

    fn may_have(&self, segment: &Segment) -> bool {
        let at = self.cursor.map(|cursor| Timestamp::from_nanos(cursor.nanos));
        match self.order {
            Order::Newest => at.is_none_or(|at| segment.from <= at),
            Order::Oldest => at.is_none_or(|at| segment.until >= at),
        }
    }

    /// The page is full of rows that come before all of a segment that was not read, and of those behind it.
    fn is_sure(&self, batches: &[RecordBatch], next: &Segment) -> bool {
        let count: usize = batches.iter().map(RecordBatch::num_rows).sum();
        let last = batches.iter().rev().find(|batch| batch.num_rows() > 0);
        let last = last.and_then(|batch| rows::<F::Row>(&batch.slice(batch.num_rows().saturating_sub(1), 1)).ok()?.pop());
        let sure = |row: F::Row| match self.order {
            Order::Newest => row.time() > next.until,
            Order::Oldest => row.time() < next.from,
        };
        count >= self.asked() && last.is_some_and(sure)
    }

    /// One more than the page has, to know whether there is a next one.
    fn asked(&self) -> usize {
        self.limit.saturating_add(1)
    }

    fn frame(&self, core: &Core, seen: Seen) -> Result<DataFrame, DataFusionError> {
        let table = Table::of(F::Row::KIND);
        let time = || col(table.time);
        let begin = if table.kind == Kind::Flow { "first" } else { table.time };
        let mut terms = vec![time().gt_eq(instant(self.span.from.nanos())), col(begin).lt(instant(self.span.before.nanos()))];
        if let Some(cursor) = self.cursor {
            terms.push(match self.order {
                Order::Newest => time().lt_eq(instant(cursor.nanos)),
                Order::Oldest => time().gt_eq(instant(cursor.nanos)),
            });
        }
        terms.extend(self.filter.terms());
        let mut frame = core.engine.session().read_table(core.engine.table(table, seen))?;
        for term in terms {
            frame = frame.filter(term)?;
        }
        // All columns, so that rows of one time have one order: a cursor counts them.
        let rest = F::Row::columns().iter().filter(|column| column.name != table.time);
        let mut order: Vec<SortExpr> = vec![time().sort(self.order == Order::Oldest, false)];
        order.extend(rest.map(|column| col(column.name).sort(true, true)));
        frame.sort(order)?.limit(self.cursor.map_or(0, |cursor| cursor.skip), Some(self.asked()))
    }

    fn page(&self, mut items: Vec<F::Row>, warnings: Vec<Warning>) -> Page<F::Row> {
        let more = items.len() > self.limit;
        items.truncate(self.limit);
        let next = items.last().filter(|_| more).map(|last| {
            let nanos = last.time().nanos();
            let same = items.iter().rev().take_while(|row| row.time().nanos() == nanos).count();
            let before = self.cursor.filter(|cursor| cursor.nanos == nanos).map_or(0, |cursor| cursor.skip);
            Cursor { nanos, skip: before.saturating_add(same) }.write()
        });
        Page { items, next, warnings }
    }
}

/// Flows of a device with a bound on the answer's size, as the page of a device asks.
impl FlowFilter {
    /// Either end is this device.
    #[must_use]
    pub fn of_device(id: &str) -> Self {
        Self { ends: vec![crate::filter::Party::Device(id.to_owned())], ..Self::default() }
    }
}
