//! The span of time that a query's filters leave, read before a file is opened.

use datafusion::logical_expr::{BinaryExpr, Expr, Operator};
use datafusion::scalar::ScalarValue;
use model::Timestamp;

use crate::manifest::Segment;

/// Columns of time. Every instant of a segment's rows is within the segment's range, whichever the column.
const TIMES: [&str; 3] = ["first", "last", "time"];

/// Rows outside cannot pass the filters.
#[derive(Debug)]
pub(crate) struct Bounds {
    from: i64,
    until: i64,
}

impl Bounds {
    /// What of the filters, which all have to hold, speaks of time plainly.
    pub(crate) fn of(filters: &[Expr]) -> Self {
        let mut bounds = Self { from: i64::MIN, until: i64::MAX };
        let mut open: Vec<&Expr> = filters.iter().collect();
        while let Some(expr) = open.pop() {
            match expr {
                Expr::BinaryExpr(BinaryExpr { left, op: Operator::And, right }) => open.extend([&**left, &**right]),
                Expr::BinaryExpr(BinaryExpr { left, op, right }) => bounds.compare(left, *op, right),
                Expr::Between(between) if !between.negated => {
                    bounds.compare(&between.expr, Operator::GtEq, &between.low);
                    bounds.compare(&between.expr, Operator::LtEq, &between.high);
                }
                _ => {}
            }
        }
        bounds
    }

    fn compare(&mut self, left: &Expr, op: Operator, right: &Expr) {
        let (op, nanos) = match (is_time(left), nanos(right), is_time(right), nanos(left)) {
            (true, Some(nanos), _, _) => (op, nanos),
            (_, _, true, Some(nanos)) => (op.swap().unwrap_or(Operator::NotEq), nanos),
            _ => return,
        };
        // Taken a little wider than said for `<` and `>`: the filter itself still decides.
        if matches!(op, Operator::Gt | Operator::GtEq | Operator::Eq) {
            self.from = self.from.max(nanos);
        }
        if matches!(op, Operator::Lt | Operator::LtEq | Operator::Eq) {
            self.until = self.until.min(nanos);
        }
    }

    /// A row of the segment can pass.
    pub(crate) fn meet(&self, segment: &Segment) -> bool {
        segment.until >= Timestamp::from_nanos(self.from) && segment.from <= Timestamp::from_nanos(self.until)
    }
}

fn is_time(expr: &Expr) -> bool {
    matches!(expr, Expr::Column(column) if TIMES.contains(&column.name.as_str()))
}

fn nanos(expr: &Expr) -> Option<i64> {
    match expr {
        Expr::Literal(ScalarValue::TimestampNanosecond(Some(nanos), _), _) => Some(*nanos),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use datafusion::prelude::{col, lit};

    use super::*;

    fn at(nanos: i64) -> Expr {
        lit(ScalarValue::TimestampNanosecond(Some(nanos), Some("UTC".into())))
    }

    #[test]
    fn what_all_filters_leave() {
        let bounds = Bounds::of(&[col("last").gt_eq(at(5)).and(at(9).gt(col("first"))), col("port").eq(lit(80_i64))]);
        assert_eq!((bounds.from, bounds.until), (5, 9));
        let either = Bounds::of(&[col("last").gt_eq(at(5)).or(col("last").lt(at(2)))]);
        assert_eq!((either.from, either.until), (i64::MIN, i64::MAX), "an alternative bounds nothing");
    }
}
