//! DOT for Graphviz: boxes are tables with a cell for each endpoint, frames are clusters with a node
//! for each.

use std::fmt::Write as _;

use super::layout::{LINE_LENGTH, NAME_LENGTH, Side, Sides, sides};
use super::shape::{End, Line, Look, Port, Shape, State};
use super::text::{lines, short, xml};

/// The drawing as a graph in DOT.
pub fn dot(shape: &Shape) -> String {
    let mut out = format!(
        "graph {} {{\n  rankdir=LR;\n  \
         graph [fontname=\"Helvetica\", fontsize=11, nodesep=0.25, ranksep=0.9];\n  \
         node [fontname=\"Helvetica\", fontsize=11, shape=plain];\n  \
         edge [fontname=\"Helvetica\", fontsize=10];\n",
        quoted(&short(&shape.name, 200))
    );
    draw(&mut out, shape, &sides(shape), 1);
    out.push_str("}\n");
    out
}

/// A quoted string without line breaks.
fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

/// A quoted string of several lines.
fn tooltip(text: &str) -> String {
    let lines: Vec<String> = lines(text)
        .iter()
        .map(|line| line.replace('\\', "\\\\").replace('"', "\\\""))
        .collect();
    format!("\"{}\"", lines.join("\\n"))
}

fn border(shape: &Shape) -> (&'static str, &'static str, u8) {
    let style = match shape.look {
        Look::Inserted | Look::Missing => "dashed",
        Look::Composite | Look::Object => "solid",
    };
    match shape.wrong || shape.look == Look::Missing {
        true => ("#c4320a", style, 2),
        false => ("#59636e", style, 1),
    }
}

fn draw(out: &mut String, shape: &Shape, sides: &Sides, depth: usize) {
    let indent = "  ".repeat(depth);
    let (color, style, width) = border(shape);
    let told = tooltip(&shape.tooltip);
    let id = shape.id;
    if shape.inside.is_empty() {
        let table = table(shape, sides);
        let _ = writeln!(out, "{indent}s{id} [label=<{table}>, tooltip={told}];");
        return;
    }
    let mut label = format!("<b>{}</b>", xml(&short(&shape.name, NAME_LENGTH)));
    for line in &shape.lines {
        let _ = write!(
            label,
            "<br align=\"left\"/>{}",
            xml(&short(line, LINE_LENGTH))
        );
    }
    label.push_str("<br align=\"left\"/>");
    let _ = writeln!(
        out,
        "{indent}subgraph cluster_s{id} {{\n{indent}  label=<{label}>;\n{indent}  \
         tooltip={told};\n{indent}  labeljust=l; color=\"{color}\"; style=\"rounded,{style}\"; \
         penwidth={width};"
    );
    for (index, port) in shape.ports.iter().enumerate() {
        let _ = writeln!(
            out,
            "{indent}  s{id}p{index} [shape=box, style=rounded, height=0.2, margin=\"0.06,0.02\", \
             label=<{}>, color=\"{}\", tooltip={}];",
            port_label(port),
            port_color(port),
            tooltip(&port.tooltip)
        );
    }
    for (part, sides) in shape.inside.iter().zip(&sides.inside) {
        draw(out, part, sides, depth + 1);
    }
    for edge in &shape.edges {
        let side = |end: End| match end.shape {
            Some(part) => sides.inside[part].own[end.port],
            // Seen from inside.
            None if sides.own[end.port] == Side::Left => Side::Right,
            None => Side::Left,
        };
        let [mut from, mut to] = edge.ends;
        if side(from) == Side::Left && side(to) == Side::Right {
            std::mem::swap(&mut from, &mut to);
        }
        let name = |end: End| {
            let (part, whole) = match end.shape {
                Some(part) => (&shape.inside[part], false),
                None => (shape, true),
            };
            let port = end.port;
            if whole || !part.inside.is_empty() {
                return format!("s{}p{port}", part.id);
            }
            let point = match side(end) {
                Side::Left => "w",
                Side::Right => "e",
            };
            format!("s{}:p{port}:{point}", part.id)
        };
        let line = match edge.line {
            Line::Export => "color=\"#6e7781\"",
            Line::Holds => "color=\"#0b7a5a\", penwidth=1.6",
            Line::Unknown => "color=\"#8a6100\", penwidth=1.6, style=dashed",
            Line::Fails => {
                "color=\"#c4320a\", penwidth=3, label=\"✕\", fontcolor=\"#c4320a\", fontsize=14"
            }
        };
        let told = tooltip(&edge.tooltip);
        let _ = writeln!(
            out,
            "{indent}  {} -- {} [{line}, tooltip={told}, labeltooltip={told}];",
            name(from),
            name(to)
        );
    }
    let _ = writeln!(out, "{indent}}}");
}

fn port_label(port: &Port) -> String {
    let name = xml(&short(&port.name, NAME_LENGTH));
    let name = match port.mandatory {
        true => format!("<b>{name}</b>"),
        false => name,
    };
    match port.many {
        true => format!("{name} *"),
        false => name,
    }
}

fn port_color(port: &Port) -> &'static str {
    match port.state {
        State::Used => "#59636e",
        State::Free => "#b0b7bf",
        State::Unmet | State::Absent => "#c4320a",
    }
}

fn table(shape: &Shape, sides: &Sides) -> String {
    let (color, style, width) = border(shape);
    let mut out = format!(
        "<table border=\"{width}\" cellborder=\"0\" cellspacing=\"0\" cellpadding=\"3\" \
         color=\"{color}\" style=\"rounded,{style}\"><tr><td colspan=\"2\" align=\"left\"><b>{}</b>",
        xml(&short(&shape.name, NAME_LENGTH))
    );
    for line in &shape.lines {
        let line = xml(&short(line, LINE_LENGTH));
        let _ = write!(out, "<br align=\"left\"/>{line}");
    }
    out.push_str("<br align=\"left\"/></td></tr>");
    let on = |side: Side| {
        let ports = 0..shape.ports.len();
        ports.filter(move |port| sides.own[*port] == side)
    };
    let (mut left, mut right) = (on(Side::Left), on(Side::Right));
    loop {
        let row = [left.next(), right.next()];
        if row == [None, None] {
            break;
        }
        out.push_str("<tr>");
        for (port, align) in row.into_iter().zip(["left", "right"]) {
            let Some(index) = port else {
                out.push_str("<td></td>");
                continue;
            };
            let port = &shape.ports[index];
            let _ = write!(
                out,
                "<td port=\"p{index}\" align=\"{align}\" border=\"1\" color=\"{}\" href=\"#\" \
                 tooltip=\"{}\">{}</td>",
                port_color(port),
                xml(&short(&port.tooltip, 400)),
                port_label(port)
            );
        }
        out.push_str("</tr>");
    }
    out.push_str("</table>");
    out
}
