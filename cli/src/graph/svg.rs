//! SVG: one picture that needs nothing else. Lines differ in style as well as in colour.

use std::fmt::Write as _;

use super::layout::{
    LINE_LENGTH, Laid, NAME_LENGTH, NAME_SIZE, PADDING, Path, Point, Spot, Step, TEXT_SIZE, layout,
};
use super::shape::{Line, Look, Port, Shape, State};
use super::text::{lines, short, width, xml};

const MARGIN: f64 = 16.0;
const LEGEND_ROW: f64 = 20.0;
/// Least width of the whole, for the legend's sake.
const LEAST_WIDTH: f64 = 320.0;

const STYLE: &str = "\
text{font-family:Helvetica,Arial,'DejaVu Sans',sans-serif;font-size:11px;fill:#1f2328}
.name{font-size:13px;font-weight:bold}
.back{fill:#ffffff}
.frame,.object{stroke:#59636e;stroke-width:1.2}
.frame{fill:#f3f5f8}
.object{fill:#ffffff}
.inserted{stroke-dasharray:7 3}
.missing{fill:none;stroke:#c4320a;stroke-dasharray:3 3}
.wrong{stroke:#c4320a;stroke-width:3}
.line{fill:none}
.near{fill:none;stroke:#000000;stroke-opacity:0;stroke-width:9}
.holds{stroke:#0b7a5a;stroke-width:1.8}
.unknown{stroke:#8a6100;stroke-width:2;stroke-dasharray:7 4}
.fails{stroke:#c4320a;stroke-width:3}
.export{stroke:#6e7781;stroke-width:1.1}
.port{fill:#59636e;stroke:#59636e;stroke-width:1.3}
.free{fill:#ffffff}
.many{fill:none}
.unmet{fill:#ffffff;stroke:#c4320a;stroke-width:2}
.absent{fill:#ffffff;stroke:#c4320a;stroke-dasharray:2 2}
@media (prefers-color-scheme:dark){
text{fill:#e6edf3}
.back{fill:#0d1117}
.frame,.object{stroke:#9198a1}
.frame{fill:#151b23}
.object{fill:#212830}
.missing,.wrong,.fails{stroke:#ff8a65}
.missing{fill:none}
.holds{stroke:#3fc79a}
.unknown{stroke:#e3b341}
.export{stroke:#9198a1}
.port{fill:#9198a1;stroke:#9198a1}
.free{fill:#0d1117}
.many{fill:none}
.unmet,.absent{fill:#0d1117;stroke:#ff8a65}
}
";

/// The drawing as SVG.
pub fn svg(shape: &Shape) -> String {
    let laid = layout(shape);
    let mut seen = Seen::default();
    seen.shape(shape);
    let legend = seen.entries();
    let inner = laid.width.max(LEAST_WIDTH - 2.0 * MARGIN);
    let (places, legend_height) = arranged(&legend, inner);
    let width = number(inner + 2.0 * MARGIN);
    let height = number(laid.height + 3.0 * MARGIN + legend_height);
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" \
         viewBox=\"0 0 {width} {height}\">\n<title>{}</title>\n<style>\n{STYLE}</style>\n\
         <rect class=\"back\" width=\"{width}\" height=\"{height}\"/>\n",
        xml(&short(&shape.name, 200)),
    );
    let _ = writeln!(out, "<g transform=\"translate({MARGIN} {MARGIN})\">");
    draw(&mut out, shape, &laid);
    out.push_str("</g>\n");
    let top = number(laid.height + 2.0 * MARGIN);
    let _ = writeln!(out, "<g transform=\"translate({MARGIN} {top})\">");
    for (entry, place) in legend.iter().zip(places) {
        entry.draw(&mut out, place);
    }
    out.push_str("</g>\n</svg>\n");
    out
}

/// A number as it stands in SVG: tenths are fine enough.
fn number(value: f64) -> String {
    let tenths = (value * 10.0).round() / 10.0;
    // No `-0`.
    format!("{}", tenths + 0.0)
}

fn title(text: &str) -> String {
    let lines: Vec<String> = lines(text).iter().map(|line| xml(line)).collect();
    format!("<title>{}</title>", lines.join("\n"))
}

fn write_text(out: &mut String, class: &str, anchor: &str, at: Point, text: &str) {
    let (x, y, text) = (number(at.x), number(at.y), xml(text));
    let class = match class {
        "" => String::new(),
        class => format!(" class=\"{class}\""),
    };
    let anchor = match anchor {
        "start" => String::new(),
        anchor => format!(" text-anchor=\"{anchor}\""),
    };
    let _ = writeln!(
        out,
        "<text{class}{anchor} x=\"{x}\" y=\"{y}\">{text}</text>"
    );
}

fn draw(out: &mut String, shape: &Shape, laid: &Laid) {
    let frame = !laid.inside.is_empty() || shape.look == Look::Composite;
    let mut class = if frame { "frame" } else { "object" }.to_owned();
    match shape.look {
        Look::Inserted => class.push_str(" inserted"),
        Look::Missing => class.push_str(" missing"),
        Look::Composite | Look::Object => {}
    }
    if shape.wrong {
        class.push_str(" wrong");
    }
    let [x, y, width, height] = [laid.x, laid.y, laid.width, laid.height].map(number);
    let _ = writeln!(
        out,
        "<g id=\"s{}\">{}\n<rect class=\"{class}\" x=\"{x}\" y=\"{y}\" width=\"{width}\" \
         height=\"{height}\" rx=\"{}\"/>",
        shape.id,
        title(&shape.tooltip),
        if frame { 9 } else { 4 },
    );
    let mut at = Point {
        x: laid.x + PADDING,
        y: laid.y + PADDING + 8.0,
    };
    write_text(out, "name", "start", at, &short(&shape.name, NAME_LENGTH));
    at.y += 2.0;
    for line in &shape.lines {
        at.y += 14.0;
        write_text(out, "", "start", at, &short(line, LINE_LENGTH));
    }
    // What fails is drawn over what holds.
    let mut edges: Vec<usize> = (0..shape.edges.len()).collect();
    edges.sort_by_key(|edge| shape.edges[*edge].line);
    for index in edges {
        let (edge, path) = (&shape.edges[index], &laid.paths[index]);
        let way = way(path);
        let _ = writeln!(
            out,
            "<g id=\"s{}e{index}\">{}\n<path class=\"near\" d=\"{way}\"/>\n\
             <path class=\"line {}\" d=\"{way}\"/>",
            shape.id,
            title(&edge.tooltip),
            edge.line.as_str(),
        );
        if edge.line == Line::Fails {
            cross(out, path.middle, 6.0);
        }
        out.push_str("</g>\n");
    }
    for (part, laid) in shape.inside.iter().zip(&laid.inside) {
        draw(out, part, laid);
    }
    for (index, (port, spot)) in shape.ports.iter().zip(&laid.ports).enumerate() {
        let text = title(&port.tooltip);
        let _ = writeln!(out, "<g id=\"s{}p{index}\">{text}", shape.id);
        draw_port(out, port, spot);
        let (anchor, aside) = if spot.right {
            ("end", -10.0)
        } else {
            ("start", 10.0)
        };
        // Beside a port of a frame there is its line.
        let at = Point {
            x: spot.x + aside,
            y: spot.y + if laid.inside.is_empty() { 4.0 } else { -4.0 },
        };
        write_text(out, "", anchor, at, &short(&port.name, NAME_LENGTH));
        out.push_str("</g>\n");
    }
    out.push_str("</g>\n");
}

/// A small cross.
fn cross(out: &mut String, at: Point, size: f64) {
    let [left, right] = [at.x - size, at.x + size].map(number);
    let [top, bottom] = [at.y - size, at.y + size].map(number);
    let _ = writeln!(
        out,
        "<path class=\"line fails\" d=\"M{left} {top}L{right} {bottom}M{left} {bottom}L{right} \
         {top}\"/>"
    );
}

/// Round, and square where mandatory; with a ring where there may be many connections.
fn draw_port(out: &mut String, port: &Port, spot: &Spot) {
    let class = match port.state {
        State::Used => "port",
        State::Free => "port free",
        State::Unmet => "port unmet",
        State::Absent => "port absent",
    };
    let mut mark = |class: &str, half: f64| {
        let (x, y, half, double) = (spot.x, spot.y, half, 2.0 * half);
        let _ = if port.mandatory {
            let [x, y] = [x - half, y - half].map(number);
            writeln!(
                out,
                "<rect class=\"{class}\" x=\"{x}\" y=\"{y}\" width=\"{double}\" \
                 height=\"{double}\"/>"
            )
        } else {
            let [x, y] = [x, y].map(number);
            writeln!(
                out,
                "<circle class=\"{class}\" cx=\"{x}\" cy=\"{y}\" r=\"{half}\"/>"
            )
        };
    };
    mark(class, 4.0);
    if port.many {
        mark(&format!("{class} many"), 6.5);
    }
    if port.state == State::Unmet {
        cross(
            out,
            Point {
                x: spot.x,
                y: spot.y,
            },
            7.0,
        );
    }
}

fn way(path: &Path) -> String {
    let point = |point: &Point| format!("{} {}", number(point.x), number(point.y));
    let mut out = format!("M{}", point(&path.start));
    let mut at = path.start;
    for step in &path.steps {
        match step {
            Step::Straight(to) => {
                if *to != at {
                    let _ = write!(out, "L{}", point(to));
                }
                at = *to;
            }
            Step::Corner(corner, to) => {
                let _ = write!(out, "Q{} {}", point(corner), point(to));
                at = *to;
            }
            Step::Curve(first, second, to) => {
                let _ = write!(out, "C{} {} {}", point(first), point(second), point(to));
                at = *to;
            }
        }
    }
    out
}

/// What occurs, and so stands in the legend.
#[derive(Default)]
struct Seen {
    lines: [bool; Line::ALL.len()],
    many: bool,
    mandatory: bool,
    free: bool,
    unmet: bool,
    absent: bool,
    inserted: bool,
    wrong: bool,
}

enum Sign {
    Line(Line),
    Port(Port),
    Border(&'static str),
}

struct Entry {
    sign: Sign,
    text: &'static str,
}

impl Seen {
    fn shape(&mut self, shape: &Shape) {
        for (seen, line) in self.lines.iter_mut().zip(Line::ALL) {
            *seen |= shape.edges.iter().any(|edge| edge.line == line);
        }
        for port in &shape.ports {
            self.many |= port.many;
            self.mandatory |= port.mandatory;
            self.free |= port.state == State::Free;
            self.unmet |= port.state == State::Unmet;
            self.absent |= port.state == State::Absent;
        }
        self.inserted |= shape.look == Look::Inserted;
        self.wrong |= shape.wrong;
        for part in &shape.inside {
            self.shape(part);
        }
    }

    fn entries(&self) -> Vec<Entry> {
        let mut entries = Vec::new();
        for (seen, line) in self.lines.iter().zip(Line::ALL) {
            let text = match line {
                Line::Export => "exported",
                Line::Holds => "the ends match",
                Line::Unknown => "not decided whether they match",
                Line::Fails => "refused",
            };
            if *seen {
                let sign = Sign::Line(line);
                entries.push(Entry { sign, text });
            }
        }
        let ports = [
            (self.mandatory, "mandatory", false, true, State::Used),
            (
                self.many,
                "takes many connections",
                true,
                false,
                State::Used,
            ),
            (self.free, "not connected", false, false, State::Free),
            (
                self.unmet,
                "mandatory, not connected",
                false,
                true,
                State::Unmet,
            ),
            (
                self.absent,
                "not known to be there",
                false,
                false,
                State::Absent,
            ),
        ];
        for (seen, text, many, mandatory, state) in ports {
            let port = Port {
                name: String::new(),
                many,
                mandatory,
                state,
                tooltip: String::new(),
            };
            if seen {
                let sign = Sign::Port(port);
                entries.push(Entry { sign, text });
            }
        }
        let borders = [
            (
                self.inserted,
                "an adapter that was inserted",
                "object inserted",
            ),
            (self.wrong, "an error is about it", "object wrong"),
        ];
        for (seen, text, class) in borders {
            if seen {
                let sign = Sign::Border(class);
                entries.push(Entry { sign, text });
            }
        }
        entries
    }
}

/// Where the entries of a legend stand, and how high all are together.
fn arranged(entries: &[Entry], most: f64) -> (Vec<Point>, f64) {
    let mut places = Vec::new();
    let mut at = Point { x: 0.0, y: 0.0 };
    for entry in entries {
        let needed = 36.0 + width(entry.text, TEXT_SIZE) + 14.0;
        if at.x > 0.0 && at.x + needed > most {
            at = Point {
                x: 0.0,
                y: at.y + LEGEND_ROW,
            };
        }
        places.push(at);
        at.x += needed;
    }
    (places, at.y + LEGEND_ROW)
}

impl Entry {
    fn draw(&self, out: &mut String, at: Point) {
        let middle = at.y + LEGEND_ROW / 2.0;
        let center = Point {
            x: at.x + 15.0,
            y: middle,
        };
        let [left, right, y] = [at.x, at.x + 30.0, middle].map(number);
        match &self.sign {
            Sign::Line(line) => {
                let class = line.as_str();
                let _ = writeln!(
                    out,
                    "<path class=\"line {class}\" d=\"M{left} {y}L{right} {y}\"/>"
                );
                if *line == Line::Fails {
                    cross(out, center, 6.0);
                }
            }
            Sign::Port(port) => {
                let spot = Spot {
                    x: center.x,
                    y: center.y,
                    right: false,
                };
                draw_port(out, port, &spot);
            }
            Sign::Border(class) => {
                let top = number(middle - 6.0);
                let _ = writeln!(
                    out,
                    "<rect class=\"{class}\" x=\"{left}\" y=\"{top}\" width=\"30\" height=\"12\" \
                     rx=\"3\"/>"
                );
            }
        }
        let text = Point {
            x: at.x + 36.0,
            y: middle + 4.0,
        };
        write_text(out, "", "start", text, self.text);
    }
}

// The sizes in the style sheet are those that the layout reckons with.
const _: () = assert!(NAME_SIZE == 13.0 && TEXT_SIZE == 11.0);
