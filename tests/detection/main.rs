//! A labelled corpus made from templates: credentials in every carrier, and as many look-alikes.
//!
//! `cargo test --test detection -- --nocapture` prints precision, recall and F1 of each carrier, and
//! the cases that are missed or told falsely. A case counts once, however often it is expanded. The
//! floors hold what was reached; they say nothing about repositories that nobody made up.

mod case;
mod score;
mod value;

use leakwarden::rules::RuleSet;

use case::Case;
use score::Outcome;

/// Least F1 of each carrier in percent, at `likely` and at `possible`: a floor against regressions,
/// set to what was reached, and no proof of anything.
const FLOORS: &[(&str, [f64; 2])] = &[
    ("key-value", [86.0, 77.0]),
    ("client files", [85.0, 85.0]),
    ("YAML", [80.0, 72.0]),
    ("JSON", [81.0, 78.0]),
    ("XML", [76.0, 73.0]),
    ("TOML", [84.0, 80.0]),
    ("code: scripts", [87.0, 83.0]),
    ("code: braces", [84.0, 78.0]),
    ("command lines", [77.0, 73.0]),
    ("SQL", [66.0, 68.0]),
    ("URLs", [85.0, 85.0]),
    ("HTTP", [85.0, 85.0]),
    ("prose and logs", [61.0, 58.0]),
    ("all", [80.0, 77.0]),
];

/// What the cases of one carrier come to at one confidence.
#[derive(Default)]
struct Sum {
    leaks: f64,
    safe: f64,
    found: f64,
    exact: f64,
    falsehoods: f64,
}

impl Sum {
    fn add(&mut self, case: &Case, outcome: &Outcome, at: usize) {
        if case.leak {
            self.leaks += 1.0;
            self.found += outcome.found[at];
            self.exact += outcome.exact;
        } else {
            self.safe += 1.0;
        }
        self.falsehoods += outcome.falsehood[at];
    }

    fn precision(&self) -> f64 {
        if self.found + self.falsehoods == 0.0 { 1.0 } else { self.found / (self.found + self.falsehoods) }
    }

    fn recall(&self) -> f64 {
        self.found / self.leaks
    }

    fn f1(&self) -> f64 {
        2.0 * self.found / (self.found + self.falsehoods + self.leaks)
    }
}

#[test]
fn each_carrier_reaches_its_floor() {
    let rules = RuleSet::builtin();
    let cases = case::all();
    let outcomes: Vec<Outcome> = cases.iter().map(|case| score::judge(case, &rules)).collect();
    let mut carriers: Vec<&str> = cases.iter().map(|case| case.carrier).collect();
    carriers.dedup();
    println!("{:16} {:>5} {:>5}   at likely: P    R   F1   at possible: P    R   F1  exact", "", "leaks", "safe");
    let mut below = Vec::new();
    for carrier in carriers.iter().copied().chain(["all"]) {
        let mut sums = [Sum::default(), Sum::default()];
        for (case, outcome) in cases.iter().zip(&outcomes).filter(|(case, _)| [case.carrier, "all"].contains(&carrier))
        {
            (0..2).for_each(|at| sums[at].add(case, outcome, at));
        }
        let [likely, possible] = &sums;
        let shares = [likely, possible].map(|sum| [sum.precision(), sum.recall(), sum.f1()].map(|share| share * 100.0));
        let exact = possible.exact / possible.leaks * 100.0;
        println!(
            "{carrier:16} {:5} {:5}         {:5.1} {:4.1} {:4.1}          {:5.1} {:4.1} {:4.1}   {exact:4.1}",
            likely.leaks,
            likely.safe,
            shares[0][0],
            shares[0][1],
            shares[0][2],
            shares[1][0],
            shares[1][1],
            shares[1][2],
        );
        if likely.safe < likely.leaks {
            below.push(format!("{carrier}: {} leaks, but {} look-alikes", likely.leaks, likely.safe));
        }
        let (_, floor) = FLOORS.iter().find(|(name, _)| *name == carrier).expect("each carrier has a floor");
        if (0..2).any(|at| shares[at][2] < floor[at]) {
            below.push(format!("{carrier}: F1 {:.1} and {:.1}, held were {floor:?}", shares[0][2], shares[1][2]));
        }
    }
    for (case, outcome) in cases.iter().zip(&outcomes) {
        tell(case, outcome);
    }
    assert!(below.is_empty(), "below the floor:\n{}", below.join("\n"));
}

/// Prints a case that is not wholly found, or at which something false was said.
fn tell(case: &Case, outcome: &Outcome) {
    if outcome.remarks.is_empty() {
        return;
    }
    let [likely, possible] = outcome.found.map(|share| share * 100.0);
    let [false_likely, false_possible] = outcome.falsehood.map(|share| share * 100.0);
    let found = match case.leak {
        true => format!("found {likely:.0} % ({possible:.0} % at possible), "),
        false => String::new(),
    };
    println!(
        "{} | {} | {} | {found}false {false_likely:.0} % ({false_possible:.0} % at possible)",
        case.carrier, case.path, case.what
    );
    for (remark, kinds) in &outcome.remarks {
        let kinds: Vec<&str> = kinds.iter().map(String::as_str).collect();
        println!("    {remark}    [{}]", kinds.join(" | "));
    }
}
