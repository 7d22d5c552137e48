//! What is in a drawing is in each format once, and in the layout nothing covers anything else.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::sync::Arc;

use expect_test::expect;
use liveobj_references::{ObjectNode, Policy, StandardCatalog, graph, read};
use liveobj_types::{Formalisms, Source};
use proptest::collection::vec;
use proptest::prelude::*;
use quick_xml::Reader;
use quick_xml::events::Event;

use super::layout::{Laid, Point, Step, layout};
use super::shape::{Line, Shape};
use super::{dot, drawing, mermaid, svg};

fn node(text: &str) -> ObjectNode {
    let source = Source::new("test", text);
    let (document, found) = read(&source);
    let document = Arc::new(document.unwrap_or_else(|| panic!("it is read: {found:?}")));
    let policy = Policy::default();
    graph(
        &document,
        &source,
        &StandardCatalog,
        &Formalisms::none(),
        &policy,
    )
    .1
}

const SMALL: &str = r#"<liveobject xmlns="urn:liveobj:reference:1">
  <types>
    endpoint Stamps { out stamped(line: string); }
    object Stamper { endpoint input: mirror Text; mandatory endpoint output: Stamps many; }
  </types>
  <composite>
    <component name="stamper"><external name="stamper" as="Stamper"><from><primitive id="registry"/></from></external></component>
    <component name="screen"><external name="console" library="liveobj:standard"/></component>
    <connection><endpoint of="stamper" name="output"/><endpoint of="screen" name="text"/></connection>
    <export of="stamper" name="input"/>
  </composite>
</liveobject>"#;

#[test]
fn a_small_drawing_in_dot() {
    expect![[r##"
        graph "small" {
          rankdir=LR;
          graph [fontname="Helvetica", fontsize=11, nodesep=0.25, ranksep=0.9];
          node [fontname="Helvetica", fontsize=11, shape=plain];
          edge [fontname="Helvetica", fontsize=10];
          subgraph cluster_s0 {
            label=<<b>small</b><br align="left"/>>;
            tooltip="small\ntype: object { endpoint input: mirror Text; }";
            labeljust=l; color="#59636e"; style="rounded,solid"; penwidth=1;
            s0p0 [shape=box, style=rounded, height=0.2, margin="0.06,0.02", label=<input>, color="#b0b7bf", tooltip="input: mirror Text"];
            s1 [label=<<table border="1" cellborder="0" cellspacing="0" cellpadding="3" color="#59636e" style="rounded,solid"><tr><td colspan="2" align="left"><b>stamper</b><br align="left"/>stamper from registry<br align="left"/>: Stamper<br align="left"/></td></tr><tr><td port="p0" align="left" border="1" color="#59636e" href="#" tooltip="input: mirror Text">input</td><td port="p1" align="right" border="1" color="#59636e" href="#" tooltip="output: Stamps, many, mandatory"><b>output</b> *</td></tr></table>>, tooltip="stamper\nstamper from registry\ntype: Stamper"];
            s2 [label=<<table border="1" cellborder="0" cellspacing="0" cellpadding="3" color="#59636e" style="rounded,solid"><tr><td colspan="2" align="left"><b>screen</b><br align="left"/>console of liveobj:standard<br align="left"/>: Console<br align="left"/></td></tr><tr><td port="p0" align="left" border="1" color="#59636e" href="#" tooltip="text: mirror Text">text</td><td></td></tr></table>>, tooltip="screen\nconsole of liveobj:standard\ntype: Console"];
            s1:p1:e -- s2:p0:w [color="#c4320a", penwidth=3, label="✕", fontcolor="#c4320a", fontsize=14, tooltip="stamper.output – screen.text: fails\nendpoint-mismatch: endpoints `stamper.output` and `screen.text` do not match: `screen.text` has no incoming event `stamped`, which `stamper.output` needs", labeltooltip="stamper.output – screen.text: fails\nendpoint-mismatch: endpoints `stamper.output` and `screen.text` do not match: `screen.text` has no incoming event `stamped`, which `stamper.output` needs"];
            s0p0 -- s1:p0:w [color="#6e7781", tooltip="stamper.input, exported as input", labeltooltip="stamper.input, exported as input"];
          }
        }
    "##]].assert_eq(&dot(&drawing("small", &node(SMALL))));
}

#[test]
fn a_small_drawing_in_mermaid() {
    expect![[r#"
        flowchart LR
          subgraph s0["small"]
            s0p0(["input"]):::free
            subgraph s1["stamper<br/>stamper from registry<br/>: Stamper"]
              s1p0(["input"]):::port
              s1p1[["output"]]:::port
            end
            class s1 object
            subgraph s2["screen<br/>console of liveobj:standard<br/>: Console"]
              s2p0(["text"]):::port
            end
            class s2 object
          end
          class s0 composite
          s1p1 x--x s2p0
          s1p0 --- s0p0
          linkStyle 0 stroke:#c4320a,stroke-width:4px
          linkStyle 1 stroke:#6e7781,stroke-width:1px
          classDef port fill:#59636e,stroke:#59636e,color:#ffffff
          classDef free fill:#ffffff,stroke:#59636e,color:#1f2328
          classDef unmet fill:#ffffff,stroke:#c4320a,stroke-width:3px,color:#c4320a
          classDef absent fill:#ffffff,stroke:#c4320a,stroke-dasharray:2 2,color:#1f2328
          classDef object fill:#ffffff,stroke:#59636e,color:#1f2328
          classDef composite fill:#f3f5f8,stroke:#59636e,color:#1f2328
          classDef inserted fill:#ffffff,stroke:#59636e,stroke-dasharray:7 3,color:#1f2328
          classDef missing fill:#ffffff,stroke:#c4320a,stroke-dasharray:3 3,color:#1f2328
          classDef wrong stroke:#c4320a,stroke-width:3px
    "#]]
    .assert_eq(&mermaid(&drawing("small", &node(SMALL))));
}

#[test]
fn a_small_drawing_in_svg() {
    let svg = svg(&drawing("small", &node(SMALL)));
    let (_, shapes) = svg.split_once("</style>\n").expect("it has a style");
    expect![[r#"
        <rect class="back" width="518.5" height="211"/>
        <g transform="translate(16 16)">
        <g id="s0"><title>small
        type: object { endpoint input: mirror Text; }</title>
        <rect class="frame" x="0" y="0" width="486.5" height="123" rx="9"/>
        <text class="name" x="10" y="18">small</text>
        <g id="s0e1"><title>stamper.input, exported as input</title>
        <path class="near" d="M0 98L40.5 98C65.7 98 65.7 98 90.9 98"/>
        <path class="line export" d="M0 98L40.5 98C65.7 98 65.7 98 90.9 98"/>
        </g>
        <g id="s0e0"><title>stamper.output – screen.text: fails
        endpoint-mismatch: endpoints `stamper.output` and `screen.text` do not match: `screen.text` has no incoming event `stamped`, which `stamper.output` needs</title>
        <path class="near" d="M244.5 98C268.3 98 268.3 98 292 98"/>
        <path class="line fails" d="M244.5 98C268.3 98 268.3 98 292 98"/>
        <path class="line fails" d="M262.3 92L274.3 104M262.3 104L274.3 92"/>
        </g>
        <g id="s1"><title>stamper
        stamper from registry
        type: Stamper</title>
        <rect class="object" x="90.9" y="35" width="153.7" height="78" rx="4"/>
        <text class="name" x="100.9" y="53">stamper</text>
        <text x="100.9" y="69">stamper from registry</text>
        <text x="100.9" y="83">: Stamper</text>
        <g id="s1p0"><title>input: mirror Text</title>
        <circle class="port" cx="90.9" cy="98" r="4"/>
        <text x="100.9" y="102">input</text>
        </g>
        <g id="s1p1"><title>output: Stamps, many, mandatory</title>
        <rect class="port" x="240.5" y="94" width="8" height="8"/>
        <rect class="port many" x="238" y="91.5" width="13" height="13"/>
        <text text-anchor="end" x="234.5" y="102">output</text>
        </g>
        </g>
        <g id="s2"><title>screen
        console of liveobj:standard
        type: Console</title>
        <rect class="object" x="292" y="35" width="184.5" height="78" rx="4"/>
        <text class="name" x="302" y="53">screen</text>
        <text x="302" y="69">console of liveobj:standard</text>
        <text x="302" y="83">: Console</text>
        <g id="s2p0"><title>text: mirror Text</title>
        <circle class="port" cx="292" cy="98" r="4"/>
        <text x="302" y="102">text</text>
        </g>
        </g>
        <g id="s0p0"><title>input: mirror Text</title>
        <circle class="port free" cx="0" cy="98" r="4"/>
        <text x="10" y="94">input</text>
        </g>
        </g>
        </g>
        <g transform="translate(16 155)">
        <path class="line fails" d="M0 10L30 10"/>
        <path class="line fails" d="M9 4L21 16M9 16L21 4"/>
        <text x="36" y="14">refused</text>
        <path class="line export" d="M95.9 10L125.9 10"/>
        <text x="131.9" y="14">exported</text>
        <rect class="port" x="209.9" y="6" width="8" height="8"/>
        <text x="234.9" y="14">mandatory</text>
        <circle class="port" cx="15" cy="30" r="4"/>
        <circle class="port many" cx="15" cy="30" r="6.5"/>
        <text x="36" y="34">takes many connections</text>
        <circle class="port free" cx="212.4" cy="30" r="4"/>
        <text x="233.4" y="34">not connected</text>
        </g>
        </svg>
    "#]].assert_eq(shapes);
}

/// Texts that mean something in one format or another.
const HOSTILE: &str = r##"{"liveobj": 1,
  "types": "object A { endpoint e: Text many; }",
  "composite": {
    "components": {
      "end": {"external": {"name": "x<y>&\"'", "library": "l]]>\nm", "as": "A"}},
      "graph": {"external": {"name": "#35; \u202e\u0085 `*b*` \\", "as": "A", "from": {"primitive": {"id": "registry"}}}}
    },
    "connections": [
      [{"of": "end", "name": "e\"<&>\n"}, {"of": "graph", "name": "e"}],
      [{"of": "end", "name": "e"}, {"of": "-->]]><script>", "name": "%%{init: x}%%"}]
    ]
  }}"##;

#[test]
fn hostile_names_stay_names() {
    let name = "\"</title><script>alert(1)</script>\\\n;";
    let shape = drawing(name, &node(HOSTILE));
    let drawn = svg(&shape);
    let tags = tags(&drawn);
    let known = [
        "svg", "title", "style", "rect", "g", "text", "path", "circle",
    ];
    assert!(
        tags.iter().all(|tag| known.contains(&tag.as_str())),
        "{tags:?}"
    );
    assert!(
        drawn.contains("&quot;&lt;/title&gt;&lt;script&gt;"),
        "{drawn}"
    );
    assert!(drawn.contains("e&quot;&lt;&amp;&gt;␊"), "{drawn}");

    let mermaid = mermaid(&shape);
    for line in mermaid.lines() {
        // Quotes are those around labels, and inside there is no markup but the line break.
        assert!(line.matches('"').count() % 2 == 0, "{line}");
        for label in line.split('"').skip(1).step_by(2) {
            let label = label.replace("<br/>", "");
            assert!(
                !label.contains(['<', '>', '%', '{', '`', '[', '|']),
                "{label}"
            );
        }
    }
    assert!(mermaid.contains("e#34;#60;#38;#62;␊"), "{mermaid}");

    let dot = dot(&shape);
    assert!(
        dot.starts_with("graph \"\\\"</title><script>alert(1)</script>\\\\␊;\" {"),
        "{dot}"
    );
    assert!(dot.contains("e&quot;&lt;&amp;&gt;␊"), "{dot}");
    assert!(dot.contains("`*b*` \\\\ from registry"), "{dot}");
}

/// The elements of a well-formed document.
fn tags(text: &str) -> BTreeSet<String> {
    let mut reader = Reader::from_str(text);
    reader.config_mut().check_end_names = true;
    let mut tags = BTreeSet::new();
    let mut open = 0;
    loop {
        match reader.read_event().expect("it is well-formed") {
            Event::Start(element) => {
                open += 1;
                tags.insert(element.name().as_ref().to_owned());
                for attribute in element.attributes() {
                    attribute.expect("attributes are well-formed");
                }
            }
            Event::Empty(element) => {
                tags.insert(element.name().as_ref().to_owned());
            }
            Event::End(_) => open -= 1,
            Event::GeneralRef(name) => {
                let known = ["amp", "lt", "gt", "quot", "#39"];
                assert!(known.contains(&name.as_ref()), "{name:?}");
            }
            Event::Eof => break,
            _ => {}
        }
    }
    assert_eq!(open, 0, "every element ends");
    tags
}

/// A composite: what is in it, connections and exports by numbers, which may be too great.
#[derive(Clone, Debug)]
struct Plan {
    parts: Vec<Part>,
    connections: Vec<[(usize, usize); 2]>,
    exports: Vec<(usize, usize)>,
}

#[derive(Clone, Debug)]
enum Part {
    /// One of the types in [`TYPES`].
    Object(usize),
    Composite(Plan),
}

const TYPES: &str = "endpoint E { } endpoint F { in a(); out b(); }
    object O0 { } object O1 { endpoint e0: E many; }
    object O2 { endpoint e0: F many; mandatory endpoint e1: mirror F; }
    object O3 { endpoint e0: E; endpoint e1: F; endpoint e2: mirror F many; }";

fn plan(part: impl Strategy<Value = Part> + 'static, most: usize) -> impl Strategy<Value = Plan> {
    let end = (0..most + 1, 0..4usize);
    let connection = [end.clone(), end.clone()];
    let connections = vec(connection, 0..2 * most);
    (vec(part, 0..most), connections, vec(end, 0..4)).prop_map(|(parts, connections, exports)| {
        Plan {
            parts,
            connections,
            exports,
        }
    })
}

fn plans() -> impl Strategy<Value = Plan> {
    let object = (0..4usize).prop_map(Part::Object);
    let inner = prop_oneof![
        4 => object.clone(),
        1 => plan(object, 4).prop_map(Part::Composite),
    ];
    let part = prop_oneof![
        4 => (0..4usize).prop_map(Part::Object),
        1 => plan(inner, 4).prop_map(Part::Composite),
    ];
    plan(part, 14)
}

fn write(out: &mut String, plan: &Plan) {
    out.push_str("<composite>");
    for (number, part) in plan.parts.iter().enumerate() {
        write!(out, "<component name=\"p{number}\">").unwrap();
        match part {
            Part::Object(ty) => write!(
                out,
                "<external name=\"x\" library=\"example:x\" as=\"O{ty}\"/>"
            )
            .unwrap(),
            Part::Composite(plan) => write(out, plan),
        }
        out.push_str("</component>");
    }
    let end = |(part, endpoint): &(usize, usize)| format!("of=\"p{part}\" name=\"e{endpoint}\"");
    for [left, right] in &plan.connections {
        let (left, right) = (end(left), end(right));
        write!(
            out,
            "<connection><endpoint {left}/><endpoint {right}/></connection>"
        )
        .unwrap();
    }
    for (number, export) in plan.exports.iter().enumerate() {
        write!(out, "<export {} as=\"e{number}\"/>", end(export)).unwrap();
    }
    out.push_str("</composite>");
}

fn document(plan: &Plan) -> String {
    let mut text = format!("<liveobject xmlns=\"urn:liveobj:reference:1\"><types>{TYPES}</types>");
    write(&mut text, plan);
    text + "</liveobject>"
}

/// How many components and connections with exports a plan has, those inside included.
fn counted(plan: &Plan) -> (usize, usize) {
    let mut parts = plan.parts.len();
    let mut edges = plan.connections.len() + plan.exports.len();
    for part in &plan.parts {
        if let Part::Composite(plan) = part {
            let inside = counted(plan);
            (parts, edges) = (parts + inside.0, edges + inside.1);
        }
    }
    (parts, edges)
}

/// Names of all shapes that are there, ports and edges, as the formats have them.
fn names(shape: &Shape, out: &mut [BTreeSet<String>; 3]) {
    out[0].insert(format!("s{}", shape.id));
    out[1].extend((0..shape.ports.len()).map(|port| format!("s{}p{port}", shape.id)));
    out[2].extend((0..shape.edges.len()).map(|edge| format!("s{}e{edge}", shape.id)));
    for part in &shape.inside {
        names(part, out);
    }
}

fn missing(shape: &Shape) -> usize {
    let own = usize::from(shape.look == super::shape::Look::Missing);
    own + shape.inside.iter().map(missing).sum::<usize>()
}

/// Boxes of one frame do not touch, and lie within it; ports lie on borders; lines lead from port
/// to port and through no box.
fn well_laid(shape: &Shape, laid: &Laid) {
    for (index, one) in laid.inside.iter().enumerate() {
        assert!(one.x > laid.x && one.x + one.width < laid.x + laid.width);
        assert!(one.y > laid.y && one.y + one.height < laid.y + laid.height);
        for other in &laid.inside[index + 1..] {
            let beside = one.x + one.width < other.x || other.x + other.width < one.x;
            let below = one.y + one.height < other.y || other.y + other.height < one.y;
            assert!(beside || below, "{one:?}\n{other:?}");
        }
    }
    for (index, spot) in laid.ports.iter().enumerate() {
        let border = laid.x + if spot.right { laid.width } else { 0.0 };
        assert!((spot.x - border).abs() < 0.01, "{spot:?}");
        assert!(spot.y > laid.y && spot.y < laid.y + laid.height);
        for other in &laid.ports[index + 1..] {
            let apart = (spot.y - other.y).abs() > 12.0;
            assert!(apart || spot.right != other.right, "{spot:?} {other:?}");
        }
    }
    for (edge, path) in shape.edges.iter().zip(&laid.paths) {
        let mut ends = edge.ends.map(|end| {
            let owner = end.shape.map_or(laid, |part| &laid.inside[part]);
            let spot = owner.ports[end.port];
            (spot.x, spot.y)
        });
        let points = points(path);
        let last = points.last().expect("it has two ends");
        if (path.start.x - ends[0].0).abs() > 0.01 || (path.start.y - ends[0].1).abs() > 0.01 {
            ends.reverse();
        }
        for (point, end) in [(&path.start, ends[0]), (last, ends[1])] {
            assert!((point.x - end.0).abs() < 0.01 && (point.y - end.1).abs() < 0.01);
        }
        for part in &laid.inside {
            let within = |point: &Point| {
                let across = part.x + 0.1 < point.x && point.x < part.x + part.width - 0.1;
                across && part.y < point.y && point.y < part.y + part.height
            };
            assert!(!points.iter().any(within), "{part:?}\n{path:?}");
        }
    }
    for (part, laid) in shape.inside.iter().zip(&laid.inside) {
        well_laid(part, laid);
    }
}

/// Points on a line, close to each other.
fn points(path: &super::layout::Path) -> Vec<Point> {
    let mut at = path.start;
    let mut points = vec![at];
    for step in &path.steps {
        let [first, second, to] = match step {
            Step::Straight(to) => [at, *to, *to],
            Step::Corner(corner, to) => [*corner, *corner, *to],
            Step::Curve(first, second, to) => [*first, *second, *to],
        };
        for part in 1..=32 {
            let t = f64::from(part) / 32.0;
            let weights = [
                (1.0 - t).powi(3),
                3.0 * t * (1.0 - t).powi(2),
                3.0 * t.powi(2) * (1.0 - t),
                t.powi(3),
            ];
            let of = |value: fn(&Point) -> f64| {
                let values = [&at, &first, &second, &to].map(value);
                values
                    .iter()
                    .zip(weights)
                    .map(|(value, weight)| value * weight)
                    .sum()
            };
            points.push(Point {
                x: of(|point| point.x),
                y: of(|point| point.y),
            });
        }
        at = to;
    }
    points
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn every_part_is_drawn_once_and_covers_no_other(plan in plans()) {
        let shape = drawing("plan", &node(&document(&plan)));
        let mut all = [const { BTreeSet::new() }; 3];
        names(&shape, &mut all);
        let (parts, edges) = counted(&plan);
        prop_assert_eq!(all[0].len(), 1 + parts + missing(&shape));
        prop_assert_eq!(all[2].len(), edges);

        let drawn = svg(&shape);
        tags(&drawn);
        let groups = drawn.split("<g id=\"").skip(1);
        let groups: Vec<&str> = groups.map(|rest| rest.split('"').next().unwrap()).collect();
        let expected: BTreeSet<&str> = all.iter().flatten().map(String::as_str).collect();
        prop_assert_eq!(groups.len(), expected.len());
        prop_assert_eq!(groups.into_iter().collect::<BTreeSet<_>>(), expected);

        let text = dot(&shape);
        prop_assert_eq!(text.matches(" -- ").count(), edges);
        let ports = text.matches("<td port=").count() + text.matches("[shape=box, ").count();
        prop_assert_eq!(ports, all[1].len());
        let boxes = text.matches("subgraph cluster_s").count() + text.matches("[label=<<table").count();
        prop_assert_eq!(boxes, all[0].len());

        let text = mermaid(&shape);
        let links = [" --- ", " -.- ", " x--x "].map(|link| text.matches(link).count());
        prop_assert_eq!(links.iter().sum::<usize>(), edges);
        prop_assert_eq!(text.matches(":::").count(), all[1].len());
        prop_assert_eq!(text.matches("    class s").count() + 1, all[0].len() + text.matches(" wrong\n").count());

        well_laid(&shape, &layout(&shape));
    }
}

#[test]
fn the_same_document_gives_the_same_picture() {
    let twice = [0, 1].map(|_| svg(&drawing("small", &node(SMALL))));
    assert_eq!(twice[0], twice[1]);
}

/// A chain of so many objects, each connected with the next.
fn chain(length: usize) -> Plan {
    Plan {
        parts: vec![Part::Object(2); length],
        connections: (1..length).map(|part| [(part - 1, 0), (part, 1)]).collect(),
        exports: Vec::new(),
    }
}

#[test]
fn a_long_chain_is_broken_into_lines() {
    let shape = drawing("chain", &node(&document(&chain(50))));
    let laid = layout(&shape);
    let proportion = laid.width / laid.height;
    assert!((0.5..3.0).contains(&proportion), "{proportion}");
    well_laid(&shape, &laid);
}

#[test]
fn a_thousand_components_are_drawn() {
    let shape = drawing("chain", &node(&document(&chain(1_001))));
    let edges = shape.edges.iter().filter(|edge| edge.line == Line::Holds);
    assert_eq!(edges.count(), 1_000);
    well_laid(&shape, &layout(&shape));
}
