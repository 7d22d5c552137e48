//! The graph of a document: what is in it, and what the check has said of each part.

use std::fmt::Write as _;
use std::sync::Arc;

use expect_test::{Expect, expect};
use liveobj_types::Source;

use super::{Libraries, adapters, libraries};
use crate::check::{Checked, Policy, check as check_document, graph as graph_of};
use crate::graph::{ConnectionEdge, EndpointNode, NodeKind, ObjectNode, Presence};
use crate::read;

fn graph(body: &str, libraries: &Libraries) -> (Checked, ObjectNode) {
    let text = format!("<liveobject xmlns=\"urn:liveobj:reference:1\">\n{body}\n</liveobject>");
    let source = Source::new("test", text);
    let (document, found) = read(&source);
    let document = Arc::new(document.unwrap_or_else(|| panic!("it is read: {found:?}")));
    let (formalisms, policy) = (liveobj_formalisms::builtin(), Policy::default());
    let (checked, graph) = graph_of(&document, &source, libraries, &formalisms, &policy);
    let plain = check_document(&document, &source, libraries, &formalisms, &policy);
    assert_eq!(plain.diagnostics, checked.diagnostics);
    assert_eq!(plain.reference.is_some(), checked.reference.is_some());
    (checked, graph)
}

fn check(body: &str, expect: Expect) {
    let (_, root) = graph(body, &libraries());
    let mut out = String::new();
    show(&mut out, 0, "root", &root);
    expect.assert_eq(&out);
}

fn show(out: &mut String, depth: usize, role: &str, node: &ObjectNode) {
    let indent = "  ".repeat(depth);
    let ty = node.ty.as_deref().unwrap_or("?");
    let what = match &node.kind {
        NodeKind::Composite { .. } => "composite".to_owned(),
        NodeKind::External { name, .. } => format!("external {name}"),
        NodeKind::Object {
            template,
            library,
            types,
            values,
            ..
        } => {
            let arguments = types
                .iter()
                .chain(values)
                .map(|(name, text)| format!(" {name}={text}"));
            let library = library.as_deref().unwrap_or("-");
            format!("{template} of {library}{}", arguments.collect::<String>())
        }
        NodeKind::Primitive { id, .. } => format!("primitive {id}"),
        NodeKind::Missing => "missing".to_owned(),
    };
    writeln!(
        out,
        "{indent}{role}: {ty} = {what}{}",
        codes(&node.findings)
    )
    .unwrap();
    for endpoint in &node.endpoints {
        writeln!(out, "{indent}  .{}", end(endpoint)).unwrap();
    }
    match &node.kind {
        NodeKind::Composite {
            components,
            connections,
            exports,
        } => {
            for part in components {
                let role = match part.inserted {
                    true => format!("{} (inserted)", part.name),
                    false => part.name.clone(),
                };
                show(out, depth + 1, &role, &part.object);
            }
            let named = |(component, endpoint): (usize, usize)| {
                let part = &components[component];
                format!("{}.{}", part.name, part.object.endpoints[endpoint].name)
            };
            for edge in connections {
                let [left, right] = edge.ends.map(named);
                writeln!(out, "{indent}  {left} -- {right}: {}", verdict(edge)).unwrap();
            }
            for export in exports {
                let name = &node.endpoints[export.endpoint].name;
                let (inner, codes) = (named(export.end), codes(&export.findings));
                writeln!(out, "{indent}  {inner} as {name}{codes}").unwrap();
            }
        }
        NodeKind::External { folder, .. } => show(out, depth + 1, "from", folder),
        NodeKind::Object { objects, .. } => {
            for (name, object) in objects {
                show(out, depth + 1, name, object);
            }
        }
        NodeKind::Primitive { .. } | NodeKind::Missing => {}
    }
}

fn verdict(edge: &ConnectionEdge) -> String {
    let verdict = edge.verdict.as_ref().map(ToString::to_string);
    let verdict = verdict.unwrap_or_else(|| "not asked".to_owned());
    verdict + &codes(&edge.findings)
}

fn codes(findings: &[liveobj_types::Diagnostic]) -> String {
    let codes = findings.iter().map(|found| format!(" [{}]", found.code));
    codes.collect()
}

fn end(endpoint: &EndpointNode) -> String {
    let mut out = endpoint.name.clone();
    if let Some(ty) = &endpoint.ty {
        write!(out, ": {ty}").unwrap();
    }
    let presence = match endpoint.presence {
        Presence::Shown => "",
        Presence::Hidden => " hidden",
        Presence::Missing => " missing",
        Presence::Unknown => " unknown",
    };
    out.push_str(presence);
    let flags = [
        (endpoint.many, " many"),
        (endpoint.mandatory, " mandatory"),
        (endpoint.exported, " exported"),
        (endpoint.unmet, " unmet"),
    ];
    out.extend(flags.iter().filter(|(set, _)| *set).map(|(_, text)| *text));
    if endpoint.connected > 0 {
        write!(out, " ×{}", endpoint.connected).unwrap();
    }
    out
}

const NOTE: &str = r#"<component name="network"><parameterized>
      <template><external name="udp_channel" library="liveobj:channels"/></template>
      <parameter name="Message"><type>bytes</type></parameter>
    </parameterized></component>
    <component name="note"><external name="shared_text" library="liveobj:documents"/></component>"#;

#[test]
fn components_connections_and_exports_with_their_verdicts() {
    check(
        &format!(
            r#"<composite>{NOTE}
              <connection><endpoint of="note" name="channel"/><endpoint of="network" name="channel"/></connection>
              <export of="note" name="text" as="page"/>
            </composite>"#
        ),
        expect![[r#"
            root: object { endpoint page: Text many; } = composite
              .page: Text many
              network: Channel<bytes> = udp_channel of liveobj:channels Message=bytes
                .channel: ChannelService<bytes> many ×1
              note: SharedText = shared_text of liveobj:documents
                .channel: mirror ChannelService<bytes> mandatory ×1
                .text: Text many exported
              note.channel -- network.channel: holds
              note.text as page
        "#]],
    );
}

#[test]
fn what_is_named_and_not_there_is_there_as_missing() {
    check(
        &format!(
            r#"<composite>{NOTE}
              <connection><endpoint of="note" name="chanel"/><endpoint of="network" name="channel"/></connection>
              <connection><endpoint of="note" name="text"/><endpoint of="screen" name="text"/></connection>
              <export of="screen" name="more"/>
            </composite>"#
        ),
        expect![[r#"
            root: ? = composite
              .more missing
              network: Channel<bytes> = udp_channel of liveobj:channels Message=bytes
                .channel: ChannelService<bytes> many ×1
              note: SharedText = shared_text of liveobj:documents
                .channel: mirror ChannelService<bytes> mandatory
                .text: Text many ×1
                .chanel missing ×1
              screen: ? = missing
                .text missing ×1
                .more missing exported
              note.chanel -- network.channel: not asked [unknown-endpoint]
              note.text -- screen.text: not asked [unknown-component]
              screen.more as more [unknown-component]
        "#]],
    );
}

#[test]
fn a_mandatory_endpoint_is_unmet_inside_and_at_the_root() {
    check(
        r#"<composite>
          <component name="left"><external name="shared_text" library="liveobj:documents"/></component>
          <component name="right"><external name="shared_text" library="liveobj:documents"/></component>
          <component name="hidden"><external name="shared_text" library="liveobj:documents" as="Object"/></component>
          <export of="left" name="channel"/>
        </composite>"#,
        expect![[r#"
            root: object { mandatory endpoint channel: mirror ChannelService<bytes>; } = composite [unmet-at-root]
              .channel: mirror ChannelService<bytes> mandatory unmet
              left: SharedText = shared_text of liveobj:documents
                .channel: mirror ChannelService<bytes> mandatory exported
                .text: Text many
              right: SharedText = shared_text of liveobj:documents [mandatory-unconnected]
                .channel: mirror ChannelService<bytes> mandatory unmet
                .text: Text many
              hidden: Object = shared_text of liveobj:documents [mandatory-unconnected]
                .channel: mirror ChannelService<bytes> hidden mandatory unmet
              left.channel as channel
        "#]],
    );
}

#[test]
fn a_verdict_stands_beside_what_else_is_wrong() {
    check(
        r#"<types>
            endpoint Heard { in hear(text: string); }
            endpoint Said { out hear(text: string); provides sorcery "x"; }
            endpoint Spell { in hear(text: string); requires sorcery "y"; }
            object Ear { endpoint ear: Heard; }
            object Mouth { endpoint mouth: Said; }
            object Mage { endpoint staff: Spell; }
            endpoint Rung { out ring(); }
            object Bell { endpoint rope: Rung; }
          </types>
          <composite>
            <component name="ear"><external name="ear" library="x:y" as="Ear"/></component>
            <component name="mouth"><external name="mouth" library="x:y" as="Mouth"/></component>
            <component name="mage"><external name="mage" library="x:y" as="Mage"/></component>
            <component name="bell"><external name="bell" library="x:y" as="Bell"/></component>
            <connection><endpoint of="bell" name="rope"/><endpoint of="ear" name="ear"/></connection>
            <connection><endpoint of="ear" name="ear"/><endpoint of="mouth" name="mouth"/></connection>
            <connection><endpoint of="mage" name="staff"/><endpoint of="mouth" name="mouth"/></connection>
            <connection><endpoint of="mage" name="staff"/><endpoint of="ear" name="ear"/></connection>
            <connection><endpoint of="ear" name="ear"/><endpoint of="ear" name="ear"/></connection>
          </composite>"#,
        expect![[r#"
            root: object { } = composite
              ear: Ear = ear of x:y
                .ear: Heard ×5
              mouth: Mouth = mouth of x:y
                .mouth: Said ×2
              mage: Mage = mage of x:y
                .staff: Spell ×2
              bell: Bell = bell of x:y
                .rope: Rung ×1
              bell.rope -- ear.ear: fails [endpoint-mismatch]
              ear.ear -- mouth.mouth: holds [endpoint-already-used]
              mage.staff -- mouth.mouth: unknown [endpoint-already-used] [endpoint-not-shown]
              mage.staff -- ear.ear: unknown [endpoint-already-used] [endpoint-already-used] [endpoint-not-shown]
              ear.ear -- ear.ear: holds [endpoint-already-used] [endpoint-already-used]
        "#]],
    );
}

#[test]
fn a_component_without_a_type_has_the_ends_that_are_named() {
    check(
        r#"<composite>
            <component name="what"><external name="nothing" library="liveobj:documents"/></component>
            <component name="screen"><external name="console" library="liveobj:standard"/></component>
            <connection><endpoint of="what" name="text"/><endpoint of="screen" name="text"/></connection>
            <export of="what" name="text"/>
          </composite>"#,
        expect![[r#"
            root: ? = composite
              .text unknown
              what: ? = nothing of liveobj:documents [unknown-template]
                .text unknown exported ×1
              screen: Console = console of liveobj:standard
                .text: mirror Text ×1
              what.text -- screen.text: not asked
              what.text as text
        "#]],
    );
}

#[test]
fn passed_objects_and_folders_are_inside() {
    let libraries = libraries().with(
        "example:rooms",
        r#"use "liveobj:standard";
object Room { endpoint text: Text many; }
template room(channel: reference<Channel<bytes>>, topics: list<reference<Timer>> = [], title: string = ""): Room;
"#,
    );
    let (checked, root) = graph(
        r#"<parameterized>
          <template><external name="room" library="example:rooms"/></template>
          <parameter name="channel"><external name="talk" as="Channel[bytes]">
            <from><external name="home" as="Folder[Channel[bytes]]"><from><primitive id="registry"/></from></external></from>
          </external></parameter>
          <parameter name="topics"><value>[{"liveobj":1,"external":{"name":"timer","library":"liveobj:standard"}}]</value></parameter>
          <parameter name="title"><value>a "room"</value></parameter>
        </parameterized>"#,
        &libraries,
    );
    assert!(checked.reference.is_some(), "{:?}", checked.diagnostics);
    let mut out = String::new();
    show(&mut out, 0, "root", &root);
    expect![[r#"
        root: Room = room of example:rooms topics=[{"liveobj":1,"external":{"name":"timer","library":"liveobj:standard"}}] title=a "room"
          .text: Text many
          channel: Channel<bytes> = external talk
            .channel: ChannelService<bytes> many
            from: Folder<Channel<bytes>> = external home
              .folder: FolderService<Channel<bytes>> many
              from: Folder<Object> = primitive registry
                .folder: FolderService<Object> many
          topics: Timer = timer of liveobj:standard
            .timer: TimerService many
    "#]].assert_eq(&out);
}

#[test]
fn adapters_are_components_that_were_inserted() {
    let body = r#"<types>use "test:steps";</types><composite>
          <component name="start"><external name="source" library="test:steps"/></component>
          <component name="end"><external name="middle" library="test:steps"/></component>
          <connection adapt="auto"><endpoint of="start" name="out"/><endpoint of="end" name="in"/></connection>
        </composite>"#;
    let (checked, root) = graph(body, &adapters::with_adapters());
    assert!(checked.reference.is_some(), "{:?}", checked.diagnostics);
    let mut out = String::new();
    show(&mut out, 0, "root", &root);
    expect![[r#"
        root: object { } = composite
          start: Source = source of test:steps
            .out: A ×1
          end: Middle = middle of test:steps
            .in: mirror C ×1
          bc (inserted): BC = bc of test:steps
            .from: mirror B ×1
            .to: C ×1
          ab (inserted): AB = ab of test:steps
            .from: mirror A ×1
            .to: B ×1
          bc.to -- end.in: holds
          ab.to -- bc.from: holds
          ab.from -- start.out: holds
    "#]]
    .assert_eq(&out);
}
