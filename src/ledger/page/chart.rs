//! Charts as inline SVG: no script, colours from the page's style, each with a text that says the same.

use super::escaped;
use crate::ledger::summary::Week;

/// Weeks that a chart shows; the table beside it lists all.
pub const MOST_BARS: usize = 53;

const WIDTH: usize = 720;
const LEFT: usize = 96;
const RIGHT: usize = 44;
const PANEL: usize = 64;
const GAP: usize = 18;

/// A row of bars: its name, its class in the style, and what it counts.
type Row = (&'static str, &'static str, fn(&Week) -> u64);

/// Three rows of bars over the same weeks. Rows, not colours, tell the events apart.
pub fn weeks(weeks: &[Week]) -> String {
    let shown = &weeks[weeks.len().saturating_sub(MOST_BARS)..];
    let rows: [Row; 3] = [
        ("Blocked", "b1", |week| week.blocked),
        ("Skipped", "b2", |week| week.skipped),
        ("Excepted", "b3", |week| week.excepted),
    ];
    let height = rows.len() * (PANEL + GAP) + 22;
    let mut body = String::new();
    let mut said = Vec::new();
    for (number, (name, class, of)) in rows.iter().enumerate() {
        let base = number * (PANEL + GAP) + PANEL + 8;
        let most = shown.iter().map(of).max().unwrap_or(0);
        said.push(told(name, shown, *of));
        body.push_str(&format!(
            "<text class=\"name\" x=\"0\" y=\"{}\">{name}</text><text class=\"small\" x=\"{}\" y=\"{}\">{most}</text>\
             <line class=\"axis\" x1=\"{LEFT}\" y1=\"{base}\" x2=\"{}\" y2=\"{base}\"/>\
             <line class=\"grid\" x1=\"{LEFT}\" y1=\"{top}\" x2=\"{}\" y2=\"{top}\"/>\n",
            base - PANEL / 2 + 5,
            WIDTH - RIGHT + 6,
            base - PANEL + 5,
            WIDTH - RIGHT,
            WIDTH - RIGHT,
            top = base - PANEL,
        ));
        for (place, week) in shown.iter().enumerate() {
            let value = of(week);
            if value == 0 {
                continue;
            }
            let (x, width) = bar(place, shown.len());
            let tall = (value as f64 / most as f64 * PANEL as f64).max(2.0);
            let top = base as f64 - tall;
            body.push_str(&format!(
                "<rect class=\"{class}\" x=\"{x:.1}\" y=\"{top:.1}\" width=\"{width:.1}\" height=\"{tall:.1}\">\
                 <title>Week of {}: {value} {}</title></rect>\n",
                escaped(&week.monday),
                name.to_lowercase(),
            ));
        }
    }
    let y = height - 4;
    for (place, anchor) in ends(shown.len()) {
        let (x, width) = bar(place, shown.len());
        let at = match anchor {
            "start" => x,
            "end" => x + width,
            _ => x + width / 2.0,
        };
        let monday = escaped(&shown[place].monday);
        body.push_str(&format!(
            "<text class=\"small\" x=\"{at:.1}\" y=\"{y}\" text-anchor=\"{anchor}\">{monday}</text>\n"
        ));
    }
    svg("weeks", "Events by week", &said.join(" "), height, &body)
}

/// Where a bar stands, and how wide it is.
fn bar(place: usize, of: usize) -> (f64, f64) {
    let step = (WIDTH - LEFT - RIGHT) as f64 / of.max(1) as f64;
    let width = (step * 0.8).min(40.0);
    (LEFT as f64 + place as f64 * step + (step - width) / 2.0, width)
}

/// The weeks whose day is written below: the first, the last, and one in the middle where there is room.
fn ends(weeks: usize) -> Vec<(usize, &'static str)> {
    match weeks {
        0 => Vec::new(),
        1 => vec![(0, "middle")],
        2..=4 => (0..weeks).map(|place| (place, "middle")).collect(),
        _ => vec![(0, "start"), (weeks / 2, "middle"), (weeks - 1, "end")],
    }
}

fn told(name: &str, shown: &[Week], of: fn(&Week) -> u64) -> String {
    let all: u64 = shown.iter().map(of).sum();
    match shown.iter().max_by_key(|week| of(week)).filter(|week| of(week) > 0) {
        Some(most) => {
            format!("{name}: {all} in {} weeks, most in the week of {} ({}).", shown.len(), most.monday, of(most))
        }
        None => format!("{name}: none in {} weeks.", shown.len()),
    }
}

/// One bar made of parts: name, number, number of its colour. An empty part takes no room.
pub fn parts(id: &str, title: &str, parts: &[(&str, u64, u8)]) -> String {
    let all: u64 = parts.iter().map(|(_, number, _)| number).fold(0, |sum, number| sum.saturating_add(*number));
    let said: Vec<String> = parts.iter().map(|(name, number, _)| format!("{name}: {number}.")).collect();
    let mut body = String::new();
    let mut x = 0.0;
    for (name, number, color) in parts {
        if *number == 0 {
            continue;
        }
        let width = *number as f64 / all as f64 * WIDTH as f64;
        // A part too thin to see is drawn two units wide.
        let drawn = width.max(2.0).min(WIDTH as f64 - x);
        body.push_str(&format!(
            "<rect class=\"p{color}\" x=\"{x:.1}\" y=\"0\" width=\"{drawn:.1}\" height=\"26\"><title>{}: {number}</title></rect>\n",
            escaped(name)
        ));
        x += width;
    }
    svg(id, title, &said.join(" "), 26, &body)
}

fn svg(id: &str, title: &str, said: &str, height: usize, body: &str) -> String {
    format!(
        "<svg viewBox=\"0 0 {WIDTH} {height}\" role=\"img\" aria-labelledby=\"{id}-t {id}-d\">\
         <title id=\"{id}-t\">{}</title><desc id=\"{id}-d\">{}</desc>\n{body}</svg>\n",
        escaped(title),
        escaped(said)
    )
}
