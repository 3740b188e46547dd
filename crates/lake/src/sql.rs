//! Read-only SQL for analysts, within limits. What may be seen is decided by the tables that are put before the query, not by its text.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray as _, RecordBatch};
use arrow::datatypes::{DataType, Float64Type, Int64Type, TimestampNanosecondType};
use arrow::util::display::{ArrayFormatter, FormatOptions};
use datafusion::common::config::ConfigNonZeroUsize;
use datafusion::common::stats::Precision;
use datafusion::error::DataFusionError;
use datafusion::execution::context::SQLOptions;
use datafusion::physical_plan::statistics::{StatisticsArgs, StatisticsContext};
use datafusion::physical_plan::{ExecutionPlan, execute_stream};
use datafusion::sql::parser::{DFParserBuilder, Statement};
use datafusion::sql::sqlparser::ast::Statement as SqlStatement;
use datafusion::sql::sqlparser::dialect::PostgreSqlDialect;
use datafusion::sql::sqlparser::tokenizer::{Token, Tokenizer};
use futures::TryStreamExt as _;
use model::Timestamp;
use serde_json::Value;

use crate::error::Error;
use crate::filter::Scope;
use crate::lake::{Core, Lake};
use crate::manifest::Kind;
use crate::query::{Asked, View, Warning};
use crate::segment::Table as Form;

/// Bounds of one query in SQL, within those of the whole history.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Rows of the result at most; what is beyond is cut off, and said.
    pub rows: usize,
    /// Bytes of the result in memory at most; what is beyond is cut off, and said.
    pub bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { rows: 10_000, bytes: 16 << 20 }
    }
}

/// Longest text, in bytes. With it go the depth of what the planner has to walk and the length of any one value.
pub const MAX_TEXT: usize = 4_096;
/// How often `||` may stand in a text: each can double the length of a value.
const MAX_JOINS_OF_TEXT: usize = 6;
/// Rows that go through a query at once: with long values, few are many.
const BATCH_ROWS: usize = 1_024;

/// A column of a result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// Its name.
    pub name: String,
    /// `text`, `number`, `time`, `yes_no` or `other`.
    pub kind: &'static str,
}

/// A result.
#[derive(Clone, Debug)]
pub struct Answer {
    /// Its columns.
    pub columns: Vec<Head>,
    /// Its rows; times as RFC 3339.
    pub rows: Vec<Vec<Value>>,
    /// There were more rows than the limits allow.
    pub cut: bool,
    /// What is missing.
    pub warnings: Vec<Warning>,
}

/// The one statement of a text, when it only reads.
fn only_select(text: &str) -> Result<Statement, Error> {
    let refused = |why: &str| Error::Refused(why.to_owned());
    let dialect = PostgreSqlDialect {};
    let tokens = Tokenizer::new(&dialect, text).tokenize().map_err(|error| Error::Query(error.to_string()))?;
    if tokens.iter().filter(|token| matches!(token, Token::StringConcat)).count() > MAX_JOINS_OF_TEXT {
        return Err(Error::Refused(format!("a query joins text by || at most {MAX_JOINS_OF_TEXT} times")));
    }
    let mut parser =
        DFParserBuilder::new(text).with_dialect(&dialect).build().map_err(|error| Error::Query(error.to_string()))?;
    let mut statements = parser.parse_statements().map_err(|error| Error::Query(error.to_string()))?;
    match (statements.pop_front(), statements.is_empty()) {
        (None, _) => Err(refused("there is no query")),
        (_, false) => Err(refused("one query at a time")),
        (Some(Statement::Statement(statement)), true) if matches!(*statement, SqlStatement::Query(_)) => {
            Ok(Statement::Statement(statement))
        }
        _ => Err(refused("history is read only: only SELECT is allowed")),
    }
}

impl Lake {
    /// The answer of a `SELECT` over the tables `flow` and `event`, which hold the rows of these scopes and no others.
    pub async fn sql(&self, scopes: &[Scope], text: &str, limits: Limits) -> Result<Answer, Error> {
        if text.len() > MAX_TEXT {
            return Err(Error::Refused(format!("a query has at most {MAX_TEXT} bytes")));
        }
        let text = text.to_owned();
        // Read where there is stack enough for what such a text can nest, and dropped there.
        let ask = move |core: Arc<Core>, view: Arc<View>| -> Asked<Ran> {
            let text = text.clone();
            Box::pin(async move { run(&core, &view, &text, limits).await })
        };
        let ((columns, batches, cut), warnings) = self.ask(scopes, None, &Kind::ALL, ask).await?;
        let mut rows = Vec::new();
        for batch in &batches {
            append(&mut rows, batch)?;
        }
        Ok(Answer { columns, rows, cut, warnings })
    }
}

type Ran = (Vec<Head>, Vec<RecordBatch>, bool);

async fn run(core: &Core, view: &View, text: &str, limits: Limits) -> Result<Ran, DataFusionError> {
    let statement = only_select(text).map_err(|error| DataFusionError::External(Box::new(error)))?;
    let session = core.engine.session();
    session.state_ref().write().config_mut().options_mut().execution.batch_size = ConfigNonZeroUsize::try_new(BATCH_ROWS)?;
    let state = session.state();
    for table in state.resolve_table_references(&statement)? {
        let known = Kind::ALL.iter().any(|kind| table.schema().is_none() && table.table() == kind.name());
        if !known {
            return Err(DataFusionError::Plan(format!("there is no table `{table}`; there are `flow` and `event`")));
        }
    }
    for kind in Kind::ALL {
        session.register_table(kind.name(), core.engine.table(Form::of(kind), view.of(kind).clone()))?;
    }
    let plan = session.state().statement_to_plan(statement).await?;
    SQLOptions::new().with_allow_ddl(false).with_allow_dml(false).with_allow_statements(false).verify_plan(&plan)?;
    let frame = session.execute_logical_plan(plan).await?.limit(0, Some(limits.rows.saturating_add(1)))?;
    let head = |field: &Arc<arrow::datatypes::Field>| Head { name: field.name().clone(), kind: word(field.data_type()) };
    let columns = frame.schema().fields().iter().map(head).collect();
    let context = Arc::new(frame.task_ctx());
    let plan = frame.create_physical_plan().await?;
    refuse_crossing(&plan)?;
    let mut stream = execute_stream(plan, context)?;
    let (mut batches, mut count, mut bytes, mut cut) = (Vec::new(), 0_usize, 0_usize, false);
    while let Some(batch) = stream.try_next().await? {
        let left = limits.rows.saturating_sub(count);
        bytes = bytes.saturating_add(batch.get_array_memory_size());
        if bytes > limits.bytes || batch.num_rows() > left {
            cut = true;
            if bytes <= limits.bytes {
                batches.push(batch.slice(0, left));
            }
            break;
        }
        count = count.saturating_add(batch.num_rows());
        batches.push(batch);
    }
    Ok((columns, batches, cut))
}

/// Joins that compare every row with every row: for minutes, with nothing to show on the way, they could not be stopped.
const CROSSING: [&str; 3] = ["CrossJoinExec", "NestedLoopJoinExec", "PiecewiseMergeJoinExec"];
/// A side with so few rows, such as one average, crosses nothing.
const FEW_ROWS: usize = 1_000;

fn refuse_crossing(plan: &Arc<dyn ExecutionPlan>) -> Result<(), DataFusionError> {
    let mut open = vec![Arc::clone(plan)];
    while let Some(plan) = open.pop() {
        let inner = plan.children();
        if CROSSING.contains(&plan.name()) && !inner.iter().any(|side| has_few_rows(side)) {
            let why = "tables are joined by something that is equal in both, such as ON a.client_ip = b.client_ip";
            return Err(DataFusionError::External(Box::new(Error::Refused(why.to_owned()))));
        }
        open.extend(inner.into_iter().cloned());
    }
    Ok(())
}

fn has_few_rows(plan: &Arc<dyn ExecutionPlan>) -> bool {
    let known = StatisticsContext::new().compute(plan.as_ref(), &StatisticsArgs::new());
    known.is_ok_and(|known| matches!(known.num_rows, Precision::Exact(rows) if rows <= FEW_ROWS))
}

fn word(kind: &DataType) -> &'static str {
    match kind {
        DataType::Utf8View | DataType::Utf8 | DataType::LargeUtf8 => "text",
        DataType::Timestamp(..) | DataType::Date32 | DataType::Date64 => "time",
        DataType::Boolean => "yes_no",
        kind if kind.is_numeric() => "number",
        _ => "other",
    }
}

fn append(rows: &mut Vec<Vec<Value>>, batch: &RecordBatch) -> Result<(), Error> {
    let columns: Vec<Vec<Value>> = batch.columns().iter().map(values).collect::<Result<_, _>>()?;
    let mut columns: Vec<_> = columns.into_iter().map(Vec::into_iter).collect();
    rows.extend((0..batch.num_rows()).map(|_| columns.iter_mut().map(|column| column.next().unwrap_or(Value::Null)).collect()));
    Ok(())
}

/// A column's values for JSON.
fn values(array: &ArrayRef) -> Result<Vec<Value>, Error> {
    let numbers = || Some(array.as_primitive_opt::<Int64Type>()?.iter().map(Value::from).collect());
    let floats = || Some(array.as_primitive_opt::<Float64Type>()?.iter().map(Value::from).collect());
    let times = || {
        let times = array.as_primitive_opt::<TimestampNanosecondType>()?;
        Some(times.iter().map(|nanos| Value::from(nanos.map(|nanos| Timestamp::from_nanos(nanos).to_string()))).collect())
    };
    let truths = || Some(array.as_boolean_opt()?.iter().map(Value::from).collect());
    let number = array.data_type().is_integer();
    let known: Option<Vec<Value>> = numbers().or_else(floats).or_else(times).or_else(truths);
    if let Some(values) = known {
        return Ok(values);
    }
    let options = FormatOptions::default();
    let shown = ArrayFormatter::try_new(array.as_ref(), &options)?;
    let value = |index| {
        let text = shown.value(index).to_string();
        match number.then(|| text.parse::<i64>().ok()).flatten() {
            Some(number) => Value::from(number),
            None => Value::from(text),
        }
    };
    Ok((0..array.len()).map(|index| if array.is_null(index) { Value::Null } else { value(index) }).collect())
}
