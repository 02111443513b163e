//! `plot`: the boot as a picture, one bar for each unit.

use keelson_control::{Timings, UnitTiming};

use super::times::ACCURACY;
use crate::clock::span;

/// Height of a bar's row, in pixels.
const ROW: u64 = 20;
/// Pixels of a second.
const SECOND_WIDTH: u64 = 100;
const LEFT: u64 = 20;
const TOP: u64 = 60;

const STYLE: &str = "\
    rect.background { fill: rgb(255,255,255); }
    rect.activating { fill: rgb(255,0,0); fill-opacity: 0.7; }
    rect.active { fill: rgb(200,150,150); fill-opacity: 0.7; }
    rect.deactivating { fill: rgb(150,100,100); fill-opacity: 0.7; }
    rect.kernel, rect.initrd { fill: rgb(150,150,150); fill-opacity: 0.7; }
    rect.userspace { fill: rgb(150,200,150); fill-opacity: 0.7; }
    line { stroke: rgb(64,64,64); stroke-width: 1; }
    line.faint { stroke: rgb(224,224,224); }
    text { font-family: Verdana, Helvetica, sans-serif; font-size: 14px; }
    text.small { font-size: 10px; }
";

/// The picture.
pub fn svg(timings: &Timings) -> String {
    let end = if timings.finished > 0 { timings.finished } else { timings.userspace };
    let last =
        timings.units.iter().map(|unit| unit.activated.max(unit.activating)).max().unwrap_or(0);
    let end = end.max(last);
    let mut units: Vec<&UnitTiming> =
        timings.units.iter().filter(|unit| unit.activating > 0).collect();
    units.sort_by(|a, b| a.activating.cmp(&b.activating).then(a.name.cmp(&b.name)));
    let rows = units.len() as u64 + 3;
    let (width, height) = (x(end) + 400, TOP + rows * ROW + 40);
    let mut out = format!(
        "<?xml version=\"1.0\" standalone=\"no\"?>\n\
         <svg width=\"{width}px\" height=\"{height}px\" version=\"1.1\" xmlns=\"http://www.w3.org/2000/svg\">\n\
         <defs><style type=\"text/css\"><![CDATA[\n{STYLE}]]></style></defs>\n\
         <rect class=\"background\" width=\"100%\" height=\"100%\"/>\n"
    );
    let userspace = span(end.saturating_sub(timings.userspace), ACCURACY);
    put!(out, "<text x=\"{LEFT}\" y=\"30\">Startup: {userspace} in userspace</text>\n");
    scale(&mut out, end, rows);
    let kernel_end = if timings.initramfs > 0 { timings.initramfs } else { timings.userspace };
    let mut row = 0;
    for (class, name, from, to) in [
        ("kernel", "kernel", 0, kernel_end),
        ("initrd", "initrd", kernel_end, timings.userspace),
        ("userspace", "userspace", timings.userspace, end),
    ] {
        if to > from {
            bar(&mut out, class, from, to, row);
            label(&mut out, name, from, row);
            row += 1;
        }
    }
    for unit in units {
        unit_bars(&mut out, unit, end, row);
        row += 1;
    }
    out + "</svg>\n"
}

/// Pixels from the left of a moment in microseconds.
fn x(micros: u64) -> u64 {
    LEFT + micros.saturating_mul(SECOND_WIDTH) / 1_000_000
}

fn y(row: u64) -> u64 {
    TOP + row * ROW
}

fn scale(out: &mut String, end: u64, rows: u64) {
    for second in 0..=end / 1_000_000 {
        let (at, bottom) = (x(second * 1_000_000), y(rows));
        let class = if second % 5 == 0 { "" } else { " class=\"faint\"" };
        put!(out, "<line{class} x1=\"{at}\" y1=\"{}\" x2=\"{at}\" y2=\"{bottom}\"/>\n", TOP - 5);
        put!(out, "<text class=\"small\" x=\"{at}\" y=\"{}\">{second}s</text>\n", TOP - 10);
    }
}

fn bar(out: &mut String, class: &str, from: u64, to: u64, row: u64) {
    let (start, width) = (x(from), x(to).saturating_sub(x(from)).max(1));
    put!(
        out,
        "<rect class=\"{class}\" x=\"{start}\" y=\"{}\" width=\"{width}\" height=\"{}\"/>\n",
        y(row),
        ROW - 1
    );
}

fn label(out: &mut String, text: &str, from: u64, row: u64) {
    let escaped = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    put!(out, "<text x=\"{}\" y=\"{}\">{escaped}</text>\n", x(from) + 5, y(row) + 14);
}

fn unit_bars(out: &mut String, unit: &UnitTiming, end: u64, row: u64) {
    let up = if unit.activated >= unit.activating { unit.activated } else { end };
    let stopping = if unit.deactivating > up { unit.deactivating } else { end };
    let stopped = if unit.deactivated > stopping { unit.deactivated.min(end) } else { stopping };
    bar(out, "activating", unit.activating, up, row);
    if stopping > up {
        bar(out, "active", up, stopping.min(end), row);
    }
    if stopped > stopping {
        bar(out, "deactivating", stopping, stopped, row);
    }
    let took = super::times::took(unit).filter(|took| *took > 0);
    let text = took.map_or_else(
        || unit.name.clone(),
        |took| format!("{} ({})", unit.name, span(took, ACCURACY)),
    );
    label(out, &text, unit.activating, row);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_picture_has_a_bar_and_a_name_for_each_unit() {
        let mut timings = super::super::times::tests_timings();
        timings.units[1].name = "a<b>.service".into();
        let svg = svg(&timings);
        assert!(svg.starts_with("<?xml") && svg.ends_with("</svg>\n"));
        assert_eq!(svg.matches("class=\"activating\"").count(), 5);
        assert!(svg.contains(">a&lt;b&gt;.service (8.350s)</text>"));
        assert!(svg.contains(">kernel</text>") && svg.contains(">initrd</text>"));
        for tag in ["rect", "text", "line"] {
            let opened = svg.matches(&format!("<{tag} ")).count();
            let closed = svg.matches(&format!("</{tag}>")).count();
            assert!(tag != "text" || opened == closed, "{tag}");
        }
    }
}
