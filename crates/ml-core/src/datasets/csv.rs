//! Tables from CSV files.

use std::{collections::BTreeSet, fs::File, io::Read, path::Path};

use array_api_spec::{Error, Result};

use super::Dataset;

/// Reads a CSV file with a header line; the column named `target` holds the labels, all others numbers.
///
/// Labels that are all integers are taken as they are. If any is not, they are names: they are numbered in sorted
/// order, as scikit-learn's `LabelEncoder` does, and [`Dataset::target_names`] holds them.
///
/// # Errors
/// A file that cannot be read, a missing or repeated target column, lines of different lengths, or a cell that is not a number; the
/// message names the file, the line and the column.
pub fn load_csv(path: impl AsRef<Path>, target: &str) -> Result<Dataset> {
    let name = path.as_ref().display().to_string();
    let file = File::open(&path)
        .map_err(|e| Error::value("load_csv", format!("{name}: {e}")).caused_by(e))?;
    read(file, &name, target)
}

pub(super) fn read(reader: impl Read, name: &str, target: &str) -> Result<Dataset> {
    let error = |detail: String| Error::value("load_csv", format!("{name}{detail}"));
    let mut reader = csv::ReaderBuilder::new()
        .trim(csv::Trim::All)
        .from_reader(reader);

    let header = reader.headers().map_err(|e| error(describe(&e)))?.clone();
    let mut matching = (0..header.len()).filter(|&c| &header[c] == target);
    let (Some(target_column), None) = (matching.next(), matching.next()) else {
        let columns: Vec<&str> = header.iter().collect();
        return Err(error(format!(
            ": one column must be named `{target}` and hold the labels; the columns are {}",
            columns.join(", ")
        )));
    };

    let mut data = Vec::new();
    let mut labels = Vec::new();
    for record in reader.records() {
        let record = record.map_err(|e| error(describe(&e)))?;
        let line = record.position().map_or(0, csv::Position::line);
        for (column, cell) in record.iter().enumerate() {
            let at = || format!(", line {line}, column {} ({})", column + 1, &header[column]);
            if column == target_column {
                if cell.is_empty() {
                    return Err(error(format!("{}: the label is missing", at())));
                }
                labels.push(cell.to_owned());
            } else {
                let value: f64 = cell
                    .parse()
                    .map_err(|_| error(format!("{}: \"{cell}\" is not a number", at())))?;
                data.push(value);
            }
        }
    }
    let (target, target_names) = encode(labels);
    let feature_names = (0..header.len()).filter(|&c| c != target_column);
    Ok(Dataset {
        data,
        n_features: header.len() - 1,
        target,
        feature_names: feature_names.map(|c| header[c].to_owned()).collect(),
        target_names,
    })
}

/// Labels as integers, and the names if they were names.
fn encode(labels: Vec<String>) -> (Vec<i64>, Vec<String>) {
    if let Ok(integers) = labels.iter().map(|l| l.parse()).collect() {
        return (integers, Vec::new());
    }
    let names: Vec<String> = labels
        .iter()
        .cloned()
        .collect::<BTreeSet<_>>()
        .into_iter()
        .collect();
    let position = |label| {
        names
            .binary_search(label)
            .expect("every label is among the names") as i64
    };
    (labels.iter().map(position).collect(), names)
}

/// The place and the cause of an error of the `csv` crate.
fn describe(error: &csv::Error) -> String {
    let line = |position: &Option<csv::Position>| {
        position
            .as_ref()
            .map_or_else(String::new, |p| format!(", line {}", p.line()))
    };
    match error.kind() {
        csv::ErrorKind::UnequalLengths {
            pos,
            expected_len,
            len,
        } => {
            format!(
                "{}: {len} cells where the header has {expected_len}",
                line(pos)
            )
        }
        csv::ErrorKind::Utf8 { pos, err } => format!("{}: not UTF-8 text: {err}", line(pos)),
        _ => format!(": {error}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(text: &str) -> String {
        read(text.as_bytes(), "t.csv", "y")
            .expect_err("a bad table")
            .to_string()
    }

    #[test]
    fn names_are_numbered_in_sorted_order() {
        let table = read(
            "y,a,b\n setosa,1,2\nAster, 3,4e-1\nsetosa,5,6\n".as_bytes(),
            "t.csv",
            "y",
        )
        .expect("a good table");
        assert_eq!(table.target, [1, 0, 1]);
        assert_eq!(table.target_names, ["Aster", "setosa"]);
        assert_eq!(table.data, [1.0, 2.0, 3.0, 0.4, 5.0, 6.0]);
        assert_eq!(table.feature_names, ["a", "b"]);
    }

    #[test]
    fn integer_labels_stay() {
        let table = read("a,y\n1,7\n2,-3\n".as_bytes(), "t.csv", "y").expect("a good table");
        assert_eq!(table.target, [7, -3]);
        assert!(table.target_names.is_empty());
    }

    #[test]
    fn errors_name_the_place() {
        insta::assert_snapshot!(message("a,y\n1,0\nx,1\n"), @r#"load_csv: t.csv, line 3, column 1 (a): "x" is not a number"#);
        insta::assert_snapshot!(message("a,y\n,0\n"), @r#"load_csv: t.csv, line 2, column 1 (a): "" is not a number"#);
        insta::assert_snapshot!(message("a,y\n1,\n"), @"load_csv: t.csv, line 2, column 2 (y): the label is missing");
        insta::assert_snapshot!(message("a,y\n1,0\n1\n"), @"load_csv: t.csv, line 3: 1 cells where the header has 2");
        insta::assert_snapshot!(message("a,b\n1,0\n"), @"load_csv: t.csv: one column must be named `y` and hold the labels; the columns are a, b");
        insta::assert_snapshot!(message("y,y\n1,0\n"), @"load_csv: t.csv: one column must be named `y` and hold the labels; the columns are y, y");
        let missing = load_csv("no/such.csv", "y")
            .expect_err("no file")
            .to_string();
        assert!(missing.starts_with("load_csv: no/such.csv: "), "{missing}");
        assert!(message("").contains("must be named"));
        let binary = read(&b"a,y\n\xff,0\n"[..], "t.csv", "y")
            .expect_err("no text")
            .to_string();
        assert!(
            binary.starts_with("load_csv: t.csv, line 2: not UTF-8 text"),
            "{binary}"
        );
    }
}
