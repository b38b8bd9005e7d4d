//! Values on their way into and out of a statement, the same for both databases.
//!
//! Text cannot hold U+0000 (Postgres refuses it, and a customer may type it): [`Args`] replaces it. Unsigned
//! numbers stop at `i64::MAX`, which only a hostile browser's clock reaches.
use std::vec;

use serde::{Serialize, de::DeserializeOwned};
use shared::Timestamp;
use sqlx::{Arguments, ColumnIndex, Database, Decode, Encode, Type, TypeInfo, ValueRef};

use crate::StoreError;

/// One argument. NULL has a type, since Postgres asks for it.
pub(crate) enum Arg {
    Flag(bool),
    Int(Option<i64>),
    Text(Option<String>),
    Bytes(Option<Vec<u8>>),
}

/// The arguments of a statement, in the order of `$1`, `$2`, ...
#[derive(Default)]
pub(crate) struct Args(Vec<Arg>);

pub(crate) fn args() -> Args {
    Args::default()
}

impl Args {
    fn with(mut self, arg: Arg) -> Self {
        self.0.push(arg);
        self
    }

    pub(crate) fn flag(self, value: bool) -> Self {
        self.with(Arg::Flag(value))
    }
    pub(crate) fn number(self, value: u64) -> Self {
        self.with(Arg::Int(Some(to_i64(value))))
    }
    pub(crate) fn time(self, at: Timestamp) -> Self {
        self.number(at.0)
    }
    pub(crate) fn maybe_time(self, at: Option<Timestamp>) -> Self {
        self.with(Arg::Int(at.map(|at| to_i64(at.0))))
    }
    pub(crate) fn text(self, value: impl Into<String>) -> Self {
        self.maybe_text(Some(value.into()))
    }
    pub(crate) fn maybe_text(self, value: Option<String>) -> Self {
        self.with(Arg::Text(value.map(without_nul)))
    }
    pub(crate) fn bytes(self, value: impl Into<Vec<u8>>) -> Self {
        self.with(Arg::Bytes(Some(value.into())))
    }
    pub(crate) fn id(self, id: u128) -> Self {
        self.bytes(id.to_be_bytes())
    }
    pub(crate) fn maybe_id(self, id: Option<u128>) -> Self {
        self.with(Arg::Bytes(id.map(|id| id.to_be_bytes().to_vec())))
    }
    pub(crate) fn json<T: Serialize>(self, value: &T) -> Result<Self, StoreError> {
        Ok(self.text(to_json(value)?))
    }

    pub(crate) fn append(&mut self, mut other: Self) {
        self.0.append(&mut other.0);
    }

    /// As a driver takes them.
    pub(crate) fn into_driver<A: Arguments>(self) -> Result<A, StoreError>
    where
        bool: for<'q> Encode<'q, A::Database> + Type<A::Database>,
        Option<i64>: for<'q> Encode<'q, A::Database> + Type<A::Database>,
        Option<String>: for<'q> Encode<'q, A::Database> + Type<A::Database>,
        Option<Vec<u8>>: for<'q> Encode<'q, A::Database> + Type<A::Database>,
    {
        let mut out = A::default();
        for arg in self.0 {
            match arg {
                Arg::Flag(value) => out.add(value),
                Arg::Int(value) => out.add(value),
                Arg::Text(value) => out.add(value),
                Arg::Bytes(value) => out.add(value),
            }
            .map_err(StoreError::Database)?;
        }
        Ok(out)
    }
}

fn to_i64(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

fn without_nul(text: String) -> String {
    if text.contains('\0') { text.replace('\0', "\u{FFFD}") } else { text }
}

pub(crate) fn to_json<T: Serialize>(value: &T) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|error| StoreError::Database(Box::new(error)))
}

/// One value of a result.
enum Cell {
    Null,
    Flag(bool),
    Int(i64),
    Text(String),
    Bytes(Vec<u8>),
    /// Damaged, or of a type that no column of ours has.
    Other,
}

/// One row of a result, taken column by column in the order of the SELECT. A value that is not what it should
/// be is [`StoreError::Corrupt`] and names `what` was read.
pub(crate) struct Row {
    what: &'static str,
    cells: vec::IntoIter<Cell>,
}

impl Row {
    pub(crate) fn new<R: sqlx::Row>(what: &'static str, row: &R) -> Self
    where
        usize: ColumnIndex<R>,
        bool: for<'r> Decode<'r, R::Database>,
        i64: for<'r> Decode<'r, R::Database>,
        String: for<'r> Decode<'r, R::Database>,
        Vec<u8>: for<'r> Decode<'r, R::Database>,
    {
        let cells: Vec<Cell> = (0..row.len()).map(|index| cell(row, index)).collect();
        Self { what, cells: cells.into_iter() }
    }

    fn corrupt(&self) -> StoreError {
        StoreError::Corrupt(self.what)
    }

    fn next(&mut self) -> Cell {
        self.cells.next().unwrap_or(Cell::Other)
    }

    pub(crate) fn flag(&mut self) -> Result<bool, StoreError> {
        match self.next() {
            Cell::Flag(value) => Ok(value),
            Cell::Int(value @ (0 | 1)) => Ok(value == 1),
            Cell::Int(_) | Cell::Null | Cell::Text(_) | Cell::Bytes(_) | Cell::Other => Err(self.corrupt()),
        }
    }

    pub(crate) fn number(&mut self) -> Result<u64, StoreError> {
        match self.next() {
            Cell::Int(value) => u64::try_from(value).map_err(|_| self.corrupt()),
            Cell::Null | Cell::Flag(_) | Cell::Text(_) | Cell::Bytes(_) | Cell::Other => Err(self.corrupt()),
        }
    }

    /// A count that fits its type, or the greatest.
    pub(crate) fn count(&mut self) -> Result<u32, StoreError> {
        Ok(u32::try_from(self.number()?).unwrap_or(u32::MAX))
    }

    pub(crate) fn time(&mut self) -> Result<Timestamp, StoreError> {
        self.number().map(Timestamp)
    }

    pub(crate) fn maybe_time(&mut self) -> Result<Option<Timestamp>, StoreError> {
        match self.next() {
            Cell::Null => Ok(None),
            Cell::Int(value) => {
                u64::try_from(value).map(|at| Some(Timestamp(at))).map_err(|_| self.corrupt())
            }
            Cell::Flag(_) | Cell::Text(_) | Cell::Bytes(_) | Cell::Other => Err(self.corrupt()),
        }
    }

    pub(crate) fn maybe_text(&mut self) -> Result<Option<String>, StoreError> {
        match self.next() {
            Cell::Null => Ok(None),
            Cell::Text(value) => Ok(Some(value)),
            Cell::Flag(_) | Cell::Int(_) | Cell::Bytes(_) | Cell::Other => Err(self.corrupt()),
        }
    }

    pub(crate) fn text(&mut self) -> Result<String, StoreError> {
        self.maybe_text()?.ok_or_else(|| self.corrupt())
    }

    pub(crate) fn bytes(&mut self) -> Result<Vec<u8>, StoreError> {
        match self.next() {
            Cell::Bytes(value) => Ok(value),
            Cell::Null | Cell::Flag(_) | Cell::Int(_) | Cell::Text(_) | Cell::Other => Err(self.corrupt()),
        }
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], StoreError> {
        self.bytes()?.try_into().map_err(|_| self.corrupt())
    }

    pub(crate) fn hash(&mut self) -> Result<[u8; 32], StoreError> {
        self.array()
    }

    pub(crate) fn id(&mut self) -> Result<u128, StoreError> {
        self.array().map(u128::from_be_bytes)
    }

    pub(crate) fn json<T: DeserializeOwned>(&mut self) -> Result<T, StoreError> {
        let text = self.text()?;
        self.decode(&text)
    }

    pub(crate) fn maybe_json<T: DeserializeOwned>(&mut self) -> Result<Option<T>, StoreError> {
        self.maybe_text()?.map(|text| self.decode(&text)).transpose()
    }

    fn decode<T: DeserializeOwned>(&self, text: &str) -> Result<T, StoreError> {
        serde_json::from_str(text).map_err(|error| {
            // serde_json's own text may quote the value, which may be personal.
            tracing::error!(what = self.what, category = ?error.classify(), column = error.column(), "stored JSON does not decode");
            self.corrupt()
        })
    }
}

fn cell<R: sqlx::Row>(row: &R, index: usize) -> Cell
where
    usize: ColumnIndex<R>,
    bool: for<'r> Decode<'r, R::Database>,
    i64: for<'r> Decode<'r, R::Database>,
    String: for<'r> Decode<'r, R::Database>,
    Vec<u8>: for<'r> Decode<'r, R::Database>,
{
    let Ok(raw) = row.try_get_raw(index) else { return Cell::Other };
    if raw.is_null() {
        return Cell::Null;
    }
    let kind = raw.type_info().name().to_owned();
    match kind.as_str() {
        "BOOL" | "BOOLEAN" => decode::<bool, R::Database>(raw, Cell::Flag),
        "INTEGER" | "INT8" => decode::<i64, R::Database>(raw, Cell::Int),
        "TEXT" => decode::<String, R::Database>(raw, Cell::Text),
        "BLOB" | "BYTEA" => decode::<Vec<u8>, R::Database>(raw, Cell::Bytes),
        _ => Cell::Other,
    }
}

fn decode<'r, T: Decode<'r, D>, D: Database>(raw: D::ValueRef<'r>, wrap: fn(T) -> Cell) -> Cell {
    T::decode(raw).map_or(Cell::Other, wrap)
}
