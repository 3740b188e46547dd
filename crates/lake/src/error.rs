//! What can go wrong, and whose fault it is.

use std::path::PathBuf;

use datafusion::error::DataFusionError;

use crate::manifest::ManifestError;

/// Why history could not be kept or asked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    // --- whoever asks can mend it ---------------------------------------------------------------------------------
    /// The text is not a query that is allowed.
    #[error("{0}")]
    Refused(String),
    /// The text or filter is allowed and does not fit the tables.
    #[error("the query does not fit: {0}")]
    Query(String),
    /// It took too long.
    #[error("the query was stopped after {seconds} s; narrow its time span or its filters")]
    Time {
        /// The limit.
        seconds: u64,
    },
    /// It needed too much memory.
    #[error("the query needs more memory than the {mebibytes} MiB queries may have; narrow it, or group by fewer columns")]
    Memory {
        /// The limit.
        mebibytes: u64,
    },
    /// Too many queries run and wait.
    #[error("other queries are running; try again in a moment")]
    Busy,
    /// The cursor is not one that a search gave.
    #[error("the cursor is not from this search")]
    Cursor,

    // --- whoever writes ------------------------------------------------------------------------------------------
    /// A tenant or site id that cannot be a folder's name.
    #[error("`{0}` cannot be an id in history: 1 to 64 letters, digits, `-`, `_` or `.`, not beginning with `.`")]
    Id(String),
    /// Segments cannot be written, so the buffer is full. Nothing of the batch was taken.
    #[error("history cannot take more before its segments can be written again")]
    Full,

    // --- whoever runs it -----------------------------------------------------------------------------------------
    /// The folder cannot be used.
    #[error("cannot use {path}")]
    Folder {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The store of the segments failed.
    #[error("the store of the history failed")]
    Store(#[from] object_store::Error),
    /// The manifest failed.
    #[error(transparent)]
    Manifest(#[from] ManifestError),
    /// A column is not of the type that it should be.
    #[error("column `{column}` of a segment is not of its type")]
    Form {
        /// Its name.
        column: String,
    },
    /// A segment could not be written or merged.
    #[error("a segment cannot be written or read")]
    Segment(#[from] parquet::errors::ParquetError),
    /// Rows could not be put into columns.
    #[error("rows cannot be put into columns")]
    Arrow(#[from] arrow::error::ArrowError),
    /// The query engine failed in itself.
    #[error("the query engine failed")]
    Engine(#[source] Box<DataFusionError>),
    /// The query's task ended early.
    #[error("the query ended early")]
    Ended,
}

impl Error {
    /// An error of the engine, told apart by whose fault it is.
    pub(crate) fn of_engine(error: DataFusionError, mebibytes: u64) -> Self {
        let error = match error {
            DataFusionError::External(own) => match own.downcast::<Self>() {
                Ok(own) => return *own,
                Err(other) => DataFusionError::External(other),
            },
            other => other,
        };
        match error.find_root() {
            DataFusionError::ResourcesExhausted(_) => Self::Memory { mebibytes },
            DataFusionError::ArrowError(error, _) if is_of_spill(error) => Self::Memory { mebibytes },
            DataFusionError::SQL(error, _) => Self::Query(error.to_string()),
            DataFusionError::Plan(text) | DataFusionError::NotImplemented(text) => Self::Query(text.clone()),
            DataFusionError::SchemaError(error, _) => Self::Query(error.to_string()),
            DataFusionError::ArrowError(error, _) if is_of_values(error) => Self::Query(error.to_string()),
            DataFusionError::Execution(text) => Self::Query(text.clone()),
            _ => Self::Engine(Box::new(error)),
        }
    }
}

/// The disk that queries may spill to is used up. The engine tells it as an error of input and output that names its own setting.
fn is_of_spill(error: &arrow::error::ArrowError) -> bool {
    matches!(error, arrow::error::ArrowError::IoError(text, _) if text.contains("max_temp_directory_size"))
}

/// A division by zero or a cast that does not fit lies in the query; the rest in the files.
fn is_of_values(error: &arrow::error::ArrowError) -> bool {
    use arrow::error::ArrowError as E;
    matches!(
        error,
        E::DivideByZero | E::CastError(_) | E::ArithmeticOverflow(_) | E::ComputeError(_) | E::InvalidArgumentError(_)
    )
}
