//! `drvhost trace`: what a trace says.

use std::path::Path;

use drvhost::Summary;
use drvhost::summary::{MessageUse, Missing, Refusal, Refused, ShimUse};

use crate::args::Global;
use crate::failure::{Exit, Failure};
use crate::output;

pub fn summary(global: &Global, file: &Path) -> Result<Exit, Failure> {
    let summary = Summary::of(file)?;
    if global.json {
        output::json(&summary)?;
    } else {
        output::text(&describe(&summary))?;
    }
    let nothing = summary.messages.is_empty() && summary.shims.is_empty();
    Ok(if nothing { Exit::Nothing } else { Exit::Done })
}

fn describe(summary: &Summary) -> String {
    let drivers = summary.drivers.iter().cloned().collect::<Vec<_>>().join(", ");
    let mut parts = vec![if drivers.is_empty() { "no driver was called".to_owned() } else { drivers }];
    parts.extend(table(
        &["message", "count", "total", "median", "not answered"],
        summary.messages.iter().map(message),
    ));
    parts.extend(table(&["function", "calls", "total", "failed"], summary.shims.iter().map(shim)));
    parts.extend(table(&["failure", "error", "calls"], summary.refusals.iter().map(refusal)));
    parts.extend(table(&["refused", "how often"], summary.refused.iter().map(refused)));
    parts.extend(table(&["called, but not supplied", "calls"], summary.unresolved.iter().map(unresolved)));
    parts.join("\n\n")
}

fn message(message: &MessageUse) -> Vec<String> {
    let MessageUse { message, count, total_us, median_us, late, faulted, died, .. } = message;
    let unanswered = [(late, "late"), (faulted, "faulted"), (died, "died")];
    let unanswered = unanswered.iter().filter(|(count, _)| **count > 0);
    let unanswered: Vec<_> = unanswered.map(|(count, how)| format!("{count} {how}")).collect();
    vec![
        message.clone(),
        count.to_string(),
        output::time(*total_us),
        output::time(*median_us),
        unanswered.join(", "),
    ]
}

fn shim(shim: &ShimUse) -> Vec<String> {
    let failed = if shim.failures == 0 { String::new() } else { shim.failures.to_string() };
    vec![shim.name.clone(), shim.calls.to_string(), output::time(shim.total_ns / 1000), failed]
}

fn refusal(refusal: &Refusal) -> Vec<String> {
    vec![refusal.name.clone(), refusal.error.to_string(), refusal.calls.to_string()]
}

fn refused(refused: &Refused) -> Vec<String> {
    vec![format!("{} {}", refused.what, refused.path), refused.count.to_string()]
}

fn unresolved(missing: &Missing) -> Vec<String> {
    vec![missing.name.clone(), missing.calls.to_string()]
}

/// Columns as wide as what is in them, the first one to the left; nothing if there are no rows.
fn table(heads: &[&str], rows: impl Iterator<Item = Vec<String>>) -> Option<String> {
    let mut lines = vec![heads.iter().map(ToString::to_string).collect::<Vec<_>>()];
    lines.extend(rows);
    if lines.len() == 1 {
        return None;
    }
    let width = |column: usize| lines.iter().map(|line| line[column].chars().count()).max().unwrap_or(0);
    let widths: Vec<_> = (0..heads.len()).map(width).collect();
    let row = |line: &Vec<String>| {
        let cell = |(column, cell): (usize, &String)| match column {
            0 => format!("{cell:<width$}", width = widths[column]),
            _ => format!("{cell:>width$}", width = widths[column]),
        };
        line.iter().enumerate().map(cell).collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    Some(lines.iter().map(row).collect::<Vec<_>>().join("\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_what_is_in_them() {
        let rows =
            [["kernel32.dll!HeapAlloc", "5"], ["b", "12345"]].map(|row| row.map(str::to_owned).to_vec());
        let table = table(&["function", "calls"], rows.into_iter()).unwrap();
        assert_eq!(
            table,
            "function                calls\nkernel32.dll!HeapAlloc      5\nb                       12345"
        );
        assert_eq!(super::table(&["function"], std::iter::empty()), None);
    }
}
