//! What is kept of why constraints are met.

use liveobj_types::relation::{Owner, Rule};

use super::*;
use crate::explanation::Explanation;

fn explained(text: &str) -> Explanation {
    let policy = Policy {
        explain: true,
        ..Policy::default()
    };
    let told = checked_with(text, &libraries(), &policy);
    let plain = checked(text);
    assert_eq!(show(&plain.diagnostics), show(&told.diagnostics));
    assert_eq!(plain.explanation, None);
    let identity = |checked: &Checked| checked.reference.as_ref().map(|it| it.identity());
    assert_eq!(identity(&plain), identity(&told));
    told.explanation.expect("it can be read")
}

const NESTED: &str = r#"<liveobject xmlns="urn:liveobj:reference:1">
  <types>
    endpoint Wire { out receive(m: bytes); provides properties "causal_order"; }
    endpoint Fifo { out receive(m: bytes); provides properties "fifo"; }
    endpoint Needs { in receive(m: bytes); requires properties "fifo"; }
    object Network { endpoint channel: Wire; provides cardinality "at most 3 instances of channel connected"; }
    object Channel { endpoint channel: Fifo; }
    object Reader { endpoint source: Needs; }
  </types>
  <composite>
    <component name="lower">
      <composite as="Channel">
        <component name="net"><external name="n" as="Network"><from><primitive id="registry"/></from></external></component>
        <export of="net" name="channel"/>
      </composite>
    </component>
    <component name="reader"><external name="r" as="Reader"><from><primitive id="registry"/></from></external></component>
    <connection><endpoint of="reader" name="source"/><endpoint of="lower" name="channel"/></connection>
  </composite>
</liveobject>"#;

#[test]
fn composites_connections_and_casts_are_told_with_where_they_are() {
    let Explanation { composites, casts } = explained(NESTED);
    let paths: Vec<String> = composites.iter().map(|it| it.path.join("/")).collect();
    assert_eq!(paths, ["lower", ""]);
    let inner = composites[0].composition.as_ref().expect("it is known");
    let provided = inner.provides.iter().map(|it| {
        let Rule::Stated(stated) = &it.derivation.rule else {
            panic!("parts state it")
        };
        (it.endpoint.as_deref(), &stated.by, &*it.derivation.text)
    });
    let (component, endpoint) = ("net".to_owned(), "channel".to_owned());
    let part = Owner::Component(component.clone());
    let end = Owner::Endpoint {
        component,
        endpoint,
    };
    let cardinality = "at most 3 instances of channel connected";
    let expected = [
        (None, &part, cardinality),
        (Some("channel"), &end, "causal_order"),
    ];
    assert!(provided.eq(expected));
    let [cast] = &casts[..] else {
        panic!("{casts:?}")
    };
    assert_eq!(
        (&*cast.path.concat(), &*cast.declared),
        ("lower", "Channel")
    );
    assert_eq!(cast.grounds.met.len(), 1);
    let [connection] = &composites[1].connections[..] else {
        panic!("{composites:?}")
    };
    let ends = [&connection.ends[0].0, &connection.ends[1].0];
    assert_eq!(ends, ["lower", "reader"]);
    assert!(connection.verdict.holds());
    let [met] = &connection.grounds.met[..] else {
        panic!("{connection:?}")
    };
    assert_eq!((&met.by, &*met.derivation.text), (&Owner::Right, "fifo"));
}

#[test]
fn what_is_wrong_is_told_as_far_as_it_is_met() {
    let wrong = NESTED.replace(
        r#"requires properties "fifo";"#,
        r#"requires properties "fifo"; requires properties "durable";"#,
    );
    let Explanation { composites, .. } = explained(&wrong);
    let connection = &composites[1].connections[0];
    assert!(connection.verdict.fails());
    assert_eq!(connection.grounds.met.len(), 1);
    // The type is not known without the part that is not there.
    let missing = NESTED.replace(r#"<endpoint of="lower""#, r#"<endpoint of="upper""#);
    let Explanation { composites, .. } = explained(&missing);
    assert_eq!(composites[1].connections, []);
    assert_eq!(composites[1].composition, None);
}
