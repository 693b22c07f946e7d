//! The end of a session whose instances all answer. One takes a known time for its answer, which nothing can be faster than; where none does, what each
//! further instance costs is to be seen.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use drvhost::{CloseOutcome, DriverFile, End, Numbers, Outcome, Report, Session};

use super::{DEADLINE, DRIVERS, MOST_WORKERS, differs};
use crate::failure::Failure;
use crate::memory::until_workers_have_ended;
use crate::report::{Better, Curves, Goal, Row};
use crate::statistics::Summary;

/// The kind of `drivers/session.c` that counts how many have been told.
const COUNTING: i64 = 3;
/// How long the slowest takes for its answer.
const SLOWEST: Duration = Duration::from_millis(250);

/// What the end may take: so many times what the slowest takes, and so long besides.
const TIMES: f64 = 1.5;
const BESIDES: Duration = Duration::from_millis(300);

/// How many instances are told, over as many workers at most as there may be.
const SIZES: [usize; 4] = [10, 100, 1_000, 10_000];
/// Numbers of instances with the same number of workers, equally far apart, by which it is seen what each instance costs.
const LINE: [usize; 3] = [1_000, 5_500, 10_000];
/// How many times as much a further instance may cost in the line's second half as in the first. Where all instances were looked at for each, it would be 2.4.
const LINEAR: f64 = 1.5;

/// Ends sessions so often, without a slow one and with one.
pub fn measure(drivers: &[DriverFile], rounds: usize) -> Result<(Vec<Row>, Curves), Failure> {
    let limit = TIMES * SLOWEST.as_secs_f64() * 1e3 + BESIDES.as_secs_f64() * 1e3;
    let mut slow: Vec<Row> = SIZES.iter().map(|&size| row(size).goal(Goal::AtMost(limit))).collect();
    let mut quick = [const { Vec::new() }; LINE.len()];
    let mut slope = Row::new("session's end, each further instance", "us", Better::Less);
    let mut linear = Row::new("the same, second half of the line to its first", "x", Better::Less)
        .goal(Goal::AtMost(LINEAR));
    for _ in 0..rounds {
        for (row, &size) in slow.iter_mut().zip(&SIZES) {
            row.ours.push(once(drivers, size, SLOWEST)?);
        }
        for (times, &size) in quick.iter_mut().zip(&LINE) {
            times.push(once(drivers, size, Duration::ZERO)?);
        }
        let times = quick.each_ref().map(|times| times.last().copied().unwrap_or(f64::NAN));
        let Halves { whole, first, second } = Halves::of(times);
        slope.ours.push(whole);
        // What else the machine did has had more weight otherwise.
        linear.ours.extend((first > 0.0).then(|| second / first));
    }
    let median = |samples: &[f64]| Summary::of(samples.iter().copied()).map(|times| times.median);
    let curve = |sizes: &[usize], samples: &[&[f64]]| -> Vec<(f64, f64)> {
        let points =
            sizes.iter().zip(samples).filter_map(|(&size, times)| Some((size as f64, median(times)?)));
        points.collect()
    };
    let slow_curve = curve(&SIZES, &slow.iter().map(|row| row.ours.as_slice()).collect::<Vec<_>>());
    let quick_curve = curve(&LINE, &quick.each_ref().map(Vec::as_slice));
    let ms = SLOWEST.as_millis();
    let curves = vec![
        (format!("all good, the slowest takes {ms} ms"), slow_curve),
        ("all good, all answer at once".to_owned(), quick_curve),
        (
            format!("limit: {TIMES} x {ms} ms + {} ms", BESIDES.as_millis()),
            vec![(10.0, limit), (10_000.0, limit)],
        ),
    ];
    if linear.ours.is_empty() {
        linear = linear.note("there was so much else to do that fewer instances took longer");
    }
    let mut rows = slow;
    rows.extend([slope, linear]);
    rows.iter_mut().for_each(|row| row.verified(true));
    Ok((rows, curves))
}

fn row(instances: usize) -> Row {
    let (workers, ms) = (instances.min(MOST_WORKERS), SLOWEST.as_millis());
    let name =
        format!("session's end, {instances} instances in {workers} workers, the slowest takes {ms} ms");
    Row::new(name, "ms", Better::Less)
}

/// Microseconds of a further instance.
struct Halves {
    whole: f64,
    first: f64,
    second: f64,
}

impl Halves {
    /// Of the milliseconds that the sizes of the line took.
    fn of(times: [f64; LINE.len()]) -> Self {
        let between =
            |from: usize, to: usize| (times[to] - times[from]) * 1e3 / (LINE[to] - LINE[from]) as f64;
        Self { whole: between(0, 2), first: between(0, 1), second: between(1, 2) }
    }
}

/// Milliseconds until all of so many instances have been told and closed, where the first takes so long for its answer.
fn once(drivers: &[DriverFile], instances: usize, slowest: Duration) -> Result<f64, Failure> {
    // What is left of the session before would have a part of the processors.
    until_workers_have_ended()?;
    let workers = instances.min(MOST_WORKERS);
    let numbers = Numbers::default();
    let start = |_| Session::builder().deadline(Some(DEADLINE)).numbers(numbers.clone()).start();
    let sessions = (0..workers.div_ceil(DRIVERS)).map(start).collect::<Result<Vec<_>, _>>()?;
    for number in 0..instances {
        let worker = number % workers;
        let (session, driver) = (&sessions[worker / DRIVERS], &drivers[worker % DRIVERS]);
        let time = if number == 0 { slowest } else { Duration::ZERO };
        let wish = COUNTING | (i64::try_from(time.as_millis()).unwrap_or(0) << 8);
        session.open(driver, |_| Ok(wish))?;
    }
    let started = Instant::now();
    let reports = Session::end_together(&sessions, &End::default());
    let elapsed = started.elapsed();
    drop(sessions);
    check(&reports, instances, slowest)?;
    Ok(elapsed.as_secs_f64() * 1e3)
}

/// Whether each instance has answered and was closed, each worker's in turn with its own number, and the slowest after its time.
fn check(reports: &[Report], instances: usize, slowest: Duration) -> Result<(), Failure> {
    let mut answers: BTreeMap<(usize, &str), Vec<i64>> = BTreeMap::new();
    let mut longest = Duration::ZERO;
    for (client, report) in reports.iter().enumerate() {
        for told in &report.instances {
            if (told.outcome, told.close) != (Outcome::Answered, Some(CloseOutcome::Closed)) {
                let found = format!("{:?}, {:?}", told.outcome, told.close);
                return Err(differs("a good instance", "answered and closed", &found));
            }
            answers.entry((client, &told.driver)).or_default().extend(told.result);
            longest = longest.max(Duration::from_micros(told.elapsed_us));
        }
    }
    let count: usize = answers.values().map(Vec::len).sum();
    if count != instances {
        return Err(differs("instances", &instances.to_string(), &count.to_string()));
    }
    for ((client, driver), answers) in &mut answers {
        answers.sort_unstable();
        let expected: Vec<i64> = (1i64..).take(answers.len()).collect();
        if *answers != expected {
            let what = format!("what the instances of client {client}'s {driver} answered");
            return Err(differs(&what, &format!("1 to {}", expected.len()), &format!("{answers:?}")));
        }
    }
    if longest < slowest {
        return Err(differs("the slowest instance", &format!("{slowest:?}"), &format!("{longest:?}")));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_straight_line_has_the_same_slope_in_both_halves() {
        // What was measured: 0.02 ms each; and what it would be with a part that grows with the square.
        let line = Halves::of(LINE.map(|size| 12.0 + size as f64 * 0.02));
        assert!((line.whole - 20.0).abs() < 1e-9 && (line.second / line.first - 1.0).abs() < 1e-9);
        let square = Halves::of(LINE.map(|size| (size as f64).powi(2) * 1e-5));
        assert!(square.second / square.first > 2.0);
    }

    #[test]
    fn workers_are_as_many_as_there_are_instances_up_to_a_limit() {
        let name = |instances| row(instances).note("-").finish("x").unwrap().name;
        assert!(name(10).contains("10 instances in 10 workers"));
        assert!(name(10_000).contains("10000 instances in 200 workers"));
    }
}
