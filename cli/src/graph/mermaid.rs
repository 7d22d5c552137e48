//! Mermaid: a flowchart in which every object is a subgraph with a node for each endpoint.

use std::fmt::Write as _;

use super::layout::{LINE_LENGTH, NAME_LENGTH};
use super::shape::{End, Line, Look, Port, Shape, State};
use super::text::short;

const CLASSES: &str = "  \
    classDef port fill:#59636e,stroke:#59636e,color:#ffffff\n  \
    classDef free fill:#ffffff,stroke:#59636e,color:#1f2328\n  \
    classDef unmet fill:#ffffff,stroke:#c4320a,stroke-width:3px,color:#c4320a\n  \
    classDef absent fill:#ffffff,stroke:#c4320a,stroke-dasharray:2 2,color:#1f2328\n  \
    classDef object fill:#ffffff,stroke:#59636e,color:#1f2328\n  \
    classDef composite fill:#f3f5f8,stroke:#59636e,color:#1f2328\n  \
    classDef inserted fill:#ffffff,stroke:#59636e,stroke-dasharray:7 3,color:#1f2328\n  \
    classDef missing fill:#ffffff,stroke:#c4320a,stroke-dasharray:3 3,color:#1f2328\n  \
    classDef wrong stroke:#c4320a,stroke-width:3px\n";

/// The drawing as a flowchart.
pub fn mermaid(shape: &Shape) -> String {
    let mut out = "flowchart LR\n".to_owned();
    draw(&mut out, shape, 1);
    let mut links = [const { Vec::new() }; Line::ALL.len()];
    let mut count = 0;
    draw_links(&mut out, shape, &mut links, &mut count);
    for (numbers, line) in links.iter().zip(Line::ALL) {
        let style = match line {
            Line::Holds => "stroke:#0b7a5a,stroke-width:2px",
            Line::Unknown => "stroke:#8a6100,stroke-width:2px,stroke-dasharray:7 4",
            Line::Fails => "stroke:#c4320a,stroke-width:4px",
            Line::Export => "stroke:#6e7781,stroke-width:1px",
        };
        if !numbers.is_empty() {
            let _ = writeln!(out, "  linkStyle {} {style}", numbers.join(","));
        }
    }
    out.push_str(CLASSES);
    out
}

/// A quoted text: what could mean something to Mermaid, or to HTML, is a number.
fn escaped(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        match c {
            c if c.is_ascii_alphanumeric() || !c.is_ascii() => out.push(c),
            ' ' | '_' | '.' | ',' | ':' | '-' | '/' | '=' | '+' => out.push(c),
            c => _ = write!(out, "#{};", u32::from(c)),
        }
    }
    out
}

fn draw(out: &mut String, shape: &Shape, depth: usize) {
    let indent = "  ".repeat(depth);
    let mut label = escaped(&short(&shape.name, NAME_LENGTH));
    for line in &shape.lines {
        let _ = write!(label, "<br/>{}", escaped(&short(line, LINE_LENGTH)));
    }
    let class = match shape.look {
        Look::Composite => "composite",
        Look::Object => "object",
        Look::Inserted => "inserted",
        Look::Missing => "missing",
    };
    let id = shape.id;
    if shape.ports.is_empty() && shape.inside.is_empty() {
        let _ = writeln!(out, "{indent}s{id}[\"{label}\"]");
    } else {
        let _ = writeln!(out, "{indent}subgraph s{id}[\"{label}\"]");
        for (index, port) in shape.ports.iter().enumerate() {
            let name = escaped(&short(&port.name, NAME_LENGTH));
            let (open, close) = brackets(port);
            let class = match port.state {
                State::Used => "port",
                State::Free => "free",
                State::Unmet => "unmet",
                State::Absent => "absent",
            };
            let _ = writeln!(
                out,
                "{indent}  s{id}p{index}{open}\"{name}\"{close}:::{class}"
            );
        }
        for part in &shape.inside {
            draw(out, part, depth + 1);
        }
        let _ = writeln!(out, "{indent}end");
    }
    let _ = writeln!(out, "{indent}class s{id} {class}");
    if shape.wrong {
        let _ = writeln!(out, "{indent}class s{id} wrong");
    }
}

/// Round ends, doubled where there may be many connections; square where it is mandatory.
fn brackets(port: &Port) -> (&'static str, &'static str) {
    match (port.mandatory, port.many) {
        (true, true) => ("[[", "]]"),
        (true, false) => ("[", "]"),
        (false, true) => ("(((", ")))"),
        (false, false) => ("([", "])"),
    }
}

fn draw_links(
    out: &mut String,
    shape: &Shape,
    links: &mut [Vec<String>; Line::ALL.len()],
    count: &mut usize,
) {
    for edge in &shape.edges {
        let [left, right] = edge.ends.map(|End { shape: part, port }| {
            let owner = part.map_or(shape, |part| &shape.inside[part]);
            format!("s{}p{port}", owner.id)
        });
        let line = match edge.line {
            Line::Export | Line::Holds => "---",
            Line::Unknown => "-.-",
            Line::Fails => "x--x",
        };
        let _ = writeln!(out, "  {left} {line} {right}");
        let kind = Line::ALL.iter().position(|line| *line == edge.line);
        links[kind.expect("it is one of all")].push(count.to_string());
        *count += 1;
    }
    for part in &shape.inside {
        draw_links(out, part, links, count);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_name_means_anything_to_mermaid() {
        assert_eq!(
            escaped("a \"b\" <c> #d; `e` %%{f}%% [g]"),
            "a #34;b#34; #60;c#62; #35;d#59; #96;e#96; #37;#37;#123;f#125;#37;#37; #91;g#93;"
        );
    }
}
