//! Tables: columns as wide as they must be, and the same rows as JSON.

use serde_json::{Map, Value};

use crate::screen::{Paint, Screen, ellipsize};

/// One field.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Cell {
    /// What is printed; empty is printed as `-`.
    pub text: String,
    /// How.
    pub paint: Paint,
    /// What JSON has instead of the text.
    pub json: Option<Value>,
}

impl Cell {
    /// In a colour.
    pub fn painted(text: impl Into<String>, paint: Paint) -> Self {
        Self { text: text.into(), paint, json: None }
    }

    /// With a value for JSON.
    pub fn valued(text: impl Into<String>, json: impl Into<Value>) -> Self {
        Self { text: text.into(), paint: Paint::Plain, json: Some(json.into()) }
    }
}

impl<T: Into<String>> From<T> for Cell {
    fn from(text: T) -> Self {
        Self::painted(text, Paint::Plain)
    }
}

/// A column.
#[derive(Clone, Copy, Debug)]
pub struct Column {
    /// Its heading; an empty one is a mark that JSON leaves out.
    pub name: &'static str,
    /// Whether it is set flush right.
    pub right: bool,
}

/// A table.
#[derive(Clone, Debug)]
pub struct Table {
    columns: Vec<Column>,
    rows: Vec<Vec<Cell>>,
}

impl Table {
    /// With these headings; `>NAME` is a column set flush right.
    pub fn new(columns: &[&'static str]) -> Self {
        let column = |name: &&'static str| match name.strip_prefix('>') {
            Some(name) => Column { name, right: true },
            None => Column { name, right: false },
        };
        Self { columns: columns.iter().map(column).collect(), rows: Vec::new() }
    }

    /// Adds a row, as long as the headings.
    pub fn row(&mut self, cells: Vec<Cell>) {
        self.rows.push(cells);
    }

    /// The number of rows.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// As text, with headings where wanted.
    pub fn text(&self, screen: &Screen, headings: bool) -> String {
        let mut widths: Vec<usize> = self
            .columns
            .iter()
            .enumerate()
            .map(|(index, column)| {
                let heading = if headings { column.name.chars().count() } else { 0 };
                let heading = heading.max(1);
                let cells = self.rows.iter().map(|row| shown(&row[index], *column).chars().count());
                cells.chain([heading]).max().unwrap_or(0)
            })
            .collect();
        if let Some(width) = screen.width {
            shrink(&mut widths, width);
        }
        let mut out = String::new();
        if headings {
            let heading = |column: &Column| Cell::painted(column.name, Paint::Underline);
            let heads: Vec<Cell> = self.columns.iter().map(heading).collect();
            self.print_row(&mut out, &heads, &widths, screen);
        }
        for row in &self.rows {
            self.print_row(&mut out, row, &widths, screen);
        }
        out
    }

    fn print_row(&self, out: &mut String, row: &[Cell], widths: &[usize], screen: &Screen) {
        let last = row.len().saturating_sub(1);
        let mut line = String::new();
        for (index, (cell, width)) in row.iter().zip(widths).enumerate() {
            let column = self.columns[index];
            let text = ellipsize(shown(cell, column), (*width).max(1));
            let gap = " ".repeat(width.saturating_sub(text.chars().count()));
            let (before, after) =
                if column.right { (gap.as_str(), "") } else { ("", gap.as_str()) };
            put!(line, "{before}{}{after}", screen.paint(cell.paint, &text));
            if index != last {
                line.push(' ');
            }
        }
        out.push_str(line.trim_end());
        out.push('\n');
    }

    /// As a JSON list of objects, with a newline.
    pub fn json(&self, pretty: bool) -> String {
        let rows: Vec<Value> = self.rows.iter().map(|row| self.object(row)).collect();
        let text =
            if pretty { serde_json::to_string_pretty(&rows) } else { serde_json::to_string(&rows) };
        text.expect("values have text keys") + "\n"
    }

    fn object(&self, row: &[Cell]) -> Value {
        let fields = self.columns.iter().zip(row).filter(|(column, _)| !column.name.is_empty());
        let field = |(column, cell): (&Column, &Cell)| {
            let key = column.name.to_lowercase().replace(' ', "_");
            let text =
                if cell.text.is_empty() { Value::Null } else { Value::from(cell.text.as_str()) };
            (key, cell.json.clone().unwrap_or(text))
        };
        Value::Object(fields.map(field).collect::<Map<_, _>>())
    }
}

fn shown(cell: &Cell, column: Column) -> &str {
    match (cell.text.as_str(), column.name) {
        ("", "") => " ",
        ("", _) => "-",
        (text, _) => text,
    }
}

/// Takes from the widest columns until the line fits, but leaves each 10 columns.
fn shrink(widths: &mut [usize], limit: usize) {
    let gaps = widths.len().saturating_sub(1);
    let mut excess = (widths.iter().sum::<usize>() + gaps).saturating_sub(limit);
    while excess > 0 {
        let Some(widest) =
            widths.iter_mut().rev().max_by_key(|width| **width).filter(|width| **width > 10)
        else {
            return;
        };
        *widest -= 1;
        excess -= 1;
    }
}

#[cfg(test)]
mod tests;
