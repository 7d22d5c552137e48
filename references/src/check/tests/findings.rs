//! Findings of each kind, and that one fault gives one of them.

use expect_test::expect;

use super::check;

#[test]
fn connections_name_both_ends_and_the_trail() {
    check(
        r#"<composite>
  <component name="network"><parameterized>
    <template><external name="udp_channel" library="liveobj:channels"/></template>
    <parameter name="Message"><type>string</type></parameter>
  </parameterized></component>
  <component name="note"><external name="shared_text" library="liveobj:documents"/></component>
  <component name="console"><external name="console" library="liveobj:standard"/></component>
  <connection><endpoint of="network" name="channel"/><endpoint of="note" name="channel"/></connection>
  <connection><endpoint of="note" name="text"/><endpoint of="console" name="text"/></connection>
</composite>"#,
        expect![[r#"
            error[endpoint-mismatch]: endpoints `network.channel` and `note.channel` do not match: `network.channel` has `string`, but `note.channel` needs `bytes`
              test:9:15: <endpoint of="network" name="channel"/>  `ChannelService<string>`
              test:9:54: <endpoint of="note" name="channel"/>  `mirror ChannelService<bytes>`
              test:5:37: string  parameter `Message`
              trail: event `receive` → field `message`
              note: at event `send` > field `message`: `note.channel` has `bytes`, but `network.channel` needs `string`
              help: in `network`: set parameter `Message` to `bytes`
        "#]],
    );
}

#[test]
fn the_note_is_well_typed() {
    check(
        r#"<composite>
  <component name="network"><parameterized>
    <template><external name="udp_channel" library="liveobj:channels"/></template>
    <parameter name="Message"><type>bytes</type></parameter>
  </parameterized></component>
  <component name="note"><external name="shared_text" library="liveobj:documents"/></component>
  <component name="console"><external name="console" library="liveobj:standard"/></component>
  <connection><endpoint of="network" name="channel"/><endpoint of="note" name="channel"/></connection>
  <connection><endpoint of="note" name="text"/><endpoint of="console" name="text"/></connection>
</composite>"#,
        expect![[r#""#]],
    );
}

#[test]
fn a_part_that_cannot_be_typed_silences_what_depends_on_it() {
    check(
        r#"<composite as="Timer">
  <component name="network"><external name="udp_chanel" library="liveobj:channels"/></component>
  <component name="note"><external name="shared_text" library="liveobj:documents"/></component>
  <connection><endpoint of="network" name="channel"/><endpoint of="note" name="channel"/></connection>
  <export of="network" name="other"/>
</composite>"#,
        expect![[r#"
            error[unknown-template]: library `liveobj:channels` has no template `udp_chanel`
              test:3:45: udp_chanel
              help: did you mean `udp_channel`?
        "#]],
    );
}

#[test]
fn a_misspelt_end_is_not_also_an_unconnected_one() {
    check(
        r#"<composite>
  <component name="network"><parameterized>
    <template><external name="udp_channel" library="liveobj:channels"/></template>
    <parameter name="Message"><type>bytes</type></parameter>
  </parameterized></component>
  <component name="note"><external name="shared_text" library="liveobj:documents"/></component>
  <connection><endpoint of="network" name="channel"/><endpoint of="note" name="chanel"/></connection>
</composite>"#,
        expect![[r#"
            error[unknown-endpoint]: component `note` has no endpoint `chanel`
              test:8:80: chanel
              note: its type is `SharedText`, which has `channel` and `text`
              help: did you mean `channel`?
        "#]],
    );
}

#[test]
fn every_fault_is_found_in_the_order_of_the_document() {
    check(
        r#"<types>record Line { text: strin }</types>
<composite>
  <component name="a"><external name="timer" library="liveobj:standard" as="Line"/></component>
  <component name="b"><external name="timr" library="liveobj:standard"/></component>
  <component name="c"><primitive id="7"/></component>
  <component name="d"><parameterized>
    <template><external name="udp_channel" library="liveobj:channels"/></template>
    <parameter name="Message"><type>Timer</type></parameter>
    <parameter name="ttl"><value>300</value></parameter>
  </parameterized></component>
  <connection><endpoint of="e" name="x"/><endpoint of="d" name="x"/></connection>
</composite>"#,
        expect![[r#"
            error[unknown-type]: no type is called `strin`
              test:2:28: strin
              help: did you mean `string`?
            error[wrong-kind]: `Line` is a value type, but an object type is needed here
              test:4:77: Line
              test:2:15: Line  declared here
              help: an object type is declared with `object`
            error[unknown-template]: library `liveobj:standard` has no template `timr`
              test:5:39: timr
              help: did you mean `timer`?
            error[unknown-primitive]: there is no primitive `7`
              test:6:38: 7
              help: primitives are `library` (1), `registry` (2) and `code` (3); other built-ins are external references with `library="liveobj:standard"`
            error[wrong-kind]: parameter `Message` takes a type of kind value, `Timer` is of kind object
              test:9:37: Timer
            error[unknown-component]: there is no component `e`
              test:12:29: e
              help: the components are `a`, `b`, `c` and `d`
        "#]],
    );
}

#[test]
fn a_missing_library_is_told_once() {
    check(
        r#"<composite>
  <component name="a"><external name="x" library="my:own"/></component>
  <component name="b"><external name="y" library="my:own"/></component>
  <component name="c"><external name="y" library="my:own" as="Timer"/></component>
</composite>"#,
        expect![[r#"
            error[manifest-missing]: no library named `my:own` is at hand
              test:3:51: my:own  needed here
              help: add it: `liveobj library add FILE --name my:own`, or name the directory it is in: `--library-path DIR`
        "#]],
    );
}

#[test]
fn a_library_that_is_used_and_missing_is_told_once() {
    check(
        r#"<types>use "my:own"; record Line { text: Own }</types>
<external name="x" library="my:own" />"#,
        expect![[r#"
            error[unknown-type-library]: there is no type library `my:own`
              test:2:8: use "my:own";
              help: add it: `liveobj library add FILE --name my:own`, or name the directory it is in: `--library-path DIR`
        "#]],
    );
}

#[test]
fn broken_types_do_not_make_their_names_unknown() {
    check(
        r#"<types>record Line { text string }</types>
<external name="x" as="Channel[Line]"><from><primitive id="registry"/></from></external>"#,
        expect![[r#"
            error[type-syntax]: expected `:`, found `string`
              test:2:27: string
              test:2:8: record Line  in this record
        "#]],
    );
}

#[test]
fn faults_in_types_are_where_they_stand() {
    check(
        r#"<external name="x" as="Channel[Lime]"><from><primitive id="registry"/></from></external>"#,
        expect![[r#"
            error[unknown-type]: no type is called `Lime`
              test:2:32: Lime
              help: declare it, or `use` the library that does
        "#]],
    );
    check(
        r#"<types>endpoint A { in a(x: list&lt;u8&gt;, y: Lime); }</types>
<external name="x" as="Object"><from><primitive id="registry"/></from></external>"#,
        expect![[r#"
            error[unknown-type]: no type is called `Lime`
              test:2:48: Lime
              help: declare it, or `use` the library that does
        "#]],
    );
}

#[test]
fn a_cast_to_object_does_not_hide_a_mandatory_endpoint() {
    check(
        r#"<composite>
  <component name="note"><external name="shared_text" library="liveobj:documents" as="Object"/></component>
</composite>"#,
        expect![[r#"
            error[mandatory-unconnected]: mandatory endpoint `channel` of `note` is neither connected nor exported
              test:3:20: note  does not start until its `channel` is connected
              help: `as="Object"` hides it and does not do away with it: remove the `as` of `note`, and connect or export it
        "#]],
    );
}

#[test]
fn a_cast_hides_endpoints() {
    check(
        r#"<types>object Nothing {}</types>
<composite>
  <component name="clock"><external name="timer" library="liveobj:standard" as="Nothing"/></component>
  <export of="clock" name="timer"/>
</composite>"#,
        expect![[r#"
            error[unknown-endpoint]: component `clock` has no endpoint `timer`
              test:5:28: timer
              note: its type is `Nothing`, which has no endpoints
              help: the `as` of `clock` hides it: remove the `as`, or name a type with it
        "#]],
    );
}

#[test]
fn what_is_left_over_at_the_root_is_noted() {
    check(
        r#"<types>
  endpoint Feed { out item(text: string); }
  object Source { endpoint feed: Feed many; requires cardinality "at most 3 instances of feed connected"; }
</types>
<composite>
  <component name="note"><external name="shared_text" library="liveobj:documents"/></component>
  <component name="source"><external name="s" as="Source"><from><primitive id="2"/></from></external></component>
  <export of="note" name="channel" as="network"/>
  <export of="source" name="feed"/>
</composite>"#,
        expect![[r#"
            note[unmet-at-root]: nothing provides cardinality "at most 3 instances of feed connected", which is required
              test:4:67: at most 3 instances of feed connected
              help: put the object into a composite that meets it; as it stands it can be checked and passed on, but not opened
            note[unmet-at-root]: mandatory endpoint `network` is not connected
              test:9:3: <export of="note" name="channel" as="network"/>
              help: put the object into a composite that meets it; as it stands it can be checked and passed on, but not opened
        "#]],
    );
}

#[test]
fn what_is_left_over_is_noted_with_what_it_is_required_under() {
    check(
        r#"<types>
  endpoint Feed { out item(text: string); in stop(); }
  object Source { endpoint feed: Feed; requires temporal "G !feed.stop@*" given "F feed.item@*"; }
</types>
<composite>
  <component name="source"><external name="s" as="Source"><from><primitive id="2"/></from></external></component>
  <export of="source" name="feed"/>
</composite>"#,
        expect![[r#"
            note[unmet-at-root]: nothing provides temporal "G !feed.stop@* given F feed.item@*", which is required
              test:4:59: G !feed.stop@*
              help: put the object into a composite that meets it; as it stands it can be checked and passed on, but not opened
        "#]],
    );
}

#[test]
fn references_as_parameters_are_subtypes_of_what_is_asked() {
    let text = |entry: &str| {
        format!(
            r#"<parameterized>
  <template><external name="memory_folder" library="liveobj:standard"/></template>
  <parameter name="Item"><type>Timer</type></parameter>
  <parameter name="entries"><value>{{"clock": {{"external": {{"name": "{entry}", "library": "liveobj:standard"}}}}}}</value></parameter>
</parameterized>"#
        )
    };
    check(&text("timer"), expect![[r#""#]]);
    check(
        &text("console"),
        expect![[r#"
            error[not-a-subtype]: the object passed as `entries` is no `Timer`: `Console` has no endpoint `timer`, which `Timer` needs
              test:5:48: external  it is `Console`
              trail: parameter `entries`
              note: a composite that connects `timer` of a `Timer` would find no such endpoint
        "#]],
    );
    check(
        &text("konsole"),
        expect![[r#"
        error[unknown-template]: library `liveobj:standard` has no template `konsole`
          test:5:69: konsole
          help: did you mean `console`?
    "#]],
    );
}

#[test]
fn type_arguments_are_within_their_bounds() {
    let libraries = super::Libraries::default().with(
        "test:bounds",
        "use \"liveobj:standard\";\n\
         template small<N: value <: u32>(n: N): Timer;\n\
         template keeper<O: object <: Timer>(o: reference<O>): Timer;",
    );
    let text = |template: &str, parameter: &str, ty: &str| {
        let text = format!(
            r#"<liveobject xmlns="urn:liveobj:reference:1"><parameterized>
  <template><external name="{template}" library="test:bounds"/></template>
  <parameter name="{parameter}"><type>{ty}</type></parameter>
  <parameter name="n"><value>5</value></parameter>
</parameterized></liveobject>"#
        );
        super::show(&super::checked_with(&text, &libraries, &Default::default()).diagnostics)
    };
    expect![[r#""#]].assert_eq(&text("small", "N", "u16"));
    expect![[r#"
        error[argument-out-of-bound]: `s8` is not a subtype of `u32`, the bound of `N` in `small`
          test:3:29: s8
          test:bounds:2:16: N  bounded here
          note: a reader of `u32` would be given `-1`, which it cannot take
          help: give a subtype of `u32`
    "#]]
    .assert_eq(&text("small", "N", "s8"));
    expect![[r#"
        error[wrong-kind]: parameter `N` takes a type of kind value, `Timer` is of kind object
          test:3:29: Timer
    "#]]
    .assert_eq(&text("small", "N", "Timer"));
    expect![[r#"
        error[missing-parameter]: parameter `o` of template `keeper` is not assigned
          test:1:45: <parameterized>
          help: add `<parameter name="o">`
        error[argument-out-of-bound]: `Console` is not a subtype of `Timer`, the bound of `O` in `keeper`
          test:3:29: Console
          test:bounds:3:17: O  bounded here
          note: `Console` has no endpoint `timer`, which `Timer` needs
          note: a composite that connects `timer` of a `Timer` would find no such endpoint
          help: give a subtype of `Timer`
        error[unknown-parameter]: template `keeper` has no parameter `n`
          test:4:20: n
          help: it has `O` and `o`
    "#]].assert_eq(&text("keeper", "O", "Console"));
}

#[test]
fn endpoint_types_as_arguments_are_within_their_bounds() {
    let libraries = super::Libraries::default().with(
        "test:bounds",
        "use \"liveobj:standard\";\n\
         endpoint Clock { in start(token: u64, nanoseconds: u64); in cancel(token: u64);\n\
                          in stop(); out elapsed(token: u64); }\n\
         object Held<E: endpoint> { endpoint input: E; endpoint output: mirror E; }\n\
         template hold<E: endpoint <: TimerService>(): Held<E>;",
    );
    let text = |ty: &str| {
        let text = format!(
            r#"<liveobject xmlns="urn:liveobj:reference:1">
<types>use "test:bounds";</types><parameterized>
  <template><external name="hold" library="test:bounds"/></template>
  <parameter name="E"><type>{ty}</type></parameter>
</parameterized></liveobject>"#
        );
        super::show(&super::checked_with(&text, &libraries, &Default::default()).diagnostics)
    };
    expect![[r#""#]].assert_eq(&text("TimerService"));
    // More that it takes.
    expect![[r#""#]].assert_eq(&text("Clock"));
    expect![[r#"
        error[argument-out-of-bound]: `mirror TimerService` is not a subtype of `TimerService`, the bound of `E` in `hold`
          test:4:29: mirror TimerService
          test:bounds:5:15: E  bounded here
          trail: event `cancel`
          note: at event `cancel`: `mirror TimerService` has an outgoing event, but `TimerService` needs an incoming event
          note: at event `start`: `mirror TimerService` has an outgoing event, but `TimerService` needs an incoming event
          note: an owner of `mirror TimerService` would be sent `cancel`, which it sends itself
          help: give a subtype of `TimerService`
    "#]].assert_eq(&text("mirror TimerService"));
    expect![[r#"
        error[argument-out-of-bound]: `ChannelService<u8>` is not a subtype of `TimerService`, the bound of `E` in `hold`
          test:4:29: ChannelService[u8]
          test:bounds:5:15: E  bounded here
          note: `ChannelService<u8>` has the outgoing event `receive`, which `TimerService` does not expect
          note: `ChannelService<u8>` has no incoming event `cancel`, which `TimerService` needs
          note: `ChannelService<u8>` has no incoming event `start`, which `TimerService` needs
          note: an owner of `mirror TimerService` would be sent `receive`, which it does not handle
          help: give a subtype of `TimerService`
    "#]].assert_eq(&text("ChannelService[u8]"));
    expect![[r#"
        error[wrong-kind]: parameter `E` takes a type of kind endpoint, `Timer` is of kind object
          test:4:29: Timer
    "#]]
    .assert_eq(&text("Timer"));
}

#[test]
fn what_an_endpoint_of_any_type_connects_with_is_that_of_the_argument() {
    let text = |ty: &str| {
        let text = format!(
            r#"<liveobject xmlns="urn:liveobj:reference:1"><composite>
  <component name="clock"><external name="timer" library="liveobj:standard"/></component>
  <component name="tap"><parameterized>
    <template><external name="tap" library="liveobj:standard"/></template>
    <parameter name="E"><type>{ty}</type></parameter>
  </parameterized></component>
  <connection><endpoint of="tap" name="output"/><endpoint of="clock" name="timer"/></connection>
</composite></liveobject>"#
        );
        super::show(
            &super::checked_with(&text, &super::libraries(), &Default::default()).diagnostics,
        )
    };
    expect![[r#""#]].assert_eq(&text("TimerService"));
    expect![[r#"
        error[endpoint-mismatch]: endpoints `tap.output` and `clock.timer` do not match: event `elapsed` is sent by both `tap.output` and `clock.timer` and received by neither
          test:7:15: <endpoint of="tap" name="output"/>  `TimerService`
          test:7:49: <endpoint of="clock" name="timer"/>  `TimerService`
          help: `tap.input` would match `clock.timer`
    "#]].assert_eq(&text("mirror TimerService"));
}

#[test]
fn unknown_is_an_error_unless_it_is_allowed() {
    let text = r#"<liveobject xmlns="urn:liveobj:reference:1">
<types>
  endpoint A { out a(); requires mystery "x"; }
  endpoint B { in a(); provides mystery "y"; }
  object Left { endpoint e: A; }
  object Right { endpoint e: B; }
</types>
<composite>
  <component name="l"><external name="l" as="Left"><from><primitive id="2"/></from></external></component>
  <component name="r"><external name="r" as="Right"><from><primitive id="2"/></from></external></component>
  <connection><endpoint of="l" name="e"/><endpoint of="r" name="e"/></connection>
</composite></liveobject>"#;
    let libraries = super::libraries();
    for (allow_unknown, severity) in [(false, "error"), (true, "warning")] {
        let policy = crate::check::Policy {
            allow_unknown,
            ..Default::default()
        };
        let checked = super::checked_with(text, &libraries, &policy);
        assert_eq!(checked.reference.is_some(), allow_unknown);
        let shown = super::show(&checked.diagnostics);
        assert!(
            shown.starts_with(&format!("{severity}[endpoint-not-shown]")),
            "{shown}"
        );
    }
}

#[test]
fn templates_come_from_libraries_only() {
    check(
        r#"<composite>
  <component name="a"><parameterized><template><primitive id="registry"/></template></parameterized></component>
  <component name="b"><parameterized><template><composite/></template></parameterized></component>
  <component name="c"><parameterized><template>
    <external name="x"><from><primitive id="registry"/></from></external>
  </template></parameterized></component>
  <component name="d"><parameterized>
    <template><external name="timer" library="liveobj:standard"/></template>
    <parameter name="x"><value>1</value></parameter>
  </parameterized></component>
  <component name="e"><primitive id="library"/></component>
</composite>"#,
        expect![[r#"
            error[not-a-template]: the primitive `registry` is no template
              test:3:63: registry
              help: templates are external references into libraries, or `library`
            error[not-a-template]: a composite is no template
              test:4:48: <composite/>
              help: templates are external references into libraries, or `library`
            error[not-a-template]: the template `x` does not come from a library
              test:6:21: x
              help: templates are found in manifests: write `library="…"`
            error[not-a-template]: `timer` is an object, not a template: it takes nothing
              test:10:22: x
              help: use the external reference itself, without parameters
            error[not-a-template]: the primitive `library` is a template with the parameter `name`, not an object
              test:12:38: library
              help: put it into the `template` of a `parameterized` reference
        "#]],
    );
}

#[test]
fn a_template_can_be_declared_where_its_manifest_is_missing() {
    check(
        r#"<types>template there[Message: value](ttl: u8 = 0): Channel[Message];</types>
<parameterized>
  <template><external name="over_there" library="my:own" as="there"/></template>
  <parameter name="Message"><type>bytes</type></parameter>
</parameterized>"#,
        expect![[r#""#]],
    );
}

#[test]
fn code_names_a_library_by_hash() {
    check(
        r#"<composite>
  <component name="a"><primitive id="code" library="liveobj:standard" name="timer"/></component>
  <component name="b"><primitive id="3" library="sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef" name="timer"/></component>
  <component name="c"><primitive id="3" library="sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef" name="timer" as="Timer"/></component>
</composite>"#,
        expect![[r#"
            error[document-structure]: `code` names its library by hash
              test:3:53: liveobj:standard
              help: write `sha256:` and 64 hexadecimal digits
            error[manifest-missing]: no library named `sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef` is at hand
              test:4:50: sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef  needed here
              help: add it: `liveobj library add FILE`
        "#]],
    );
}

#[test]
fn deep_references_are_checked_on_a_small_stack() {
    let libraries = super::Libraries::default().with(
        "test:wrap",
        "use \"liveobj:standard\";\ntemplate wrap(timer: reference<Timer>): Timer;",
    );
    let timer = "<external name=\"timer\" library=\"liveobj:standard\"/>";
    for (open, close) in [
        (
            "<composite><component name=\"x\">",
            "</component><export of=\"x\" name=\"timer\"/></composite>",
        ),
        (
            "<parameterized><template><external name=\"wrap\" library=\"test:wrap\"/></template>\
             <parameter name=\"timer\">",
            "</parameter></parameterized>",
        ),
    ] {
        let text = format!(
            "<liveobject xmlns=\"urn:liveobj:reference:1\">{}{timer}{}</liveobject>",
            open.repeat(63),
            close.repeat(63)
        );
        let checked = super::checked_with(&text, &libraries, &Default::default());
        let shown = super::show(&checked.diagnostics);
        let reference = checked.reference.unwrap_or_else(|| panic!("{shown}"));
        let canonical = reference.canonical(reference.root());
        let again = super::checked_with(&canonical, &libraries, &Default::default());
        let again = again
            .reference
            .expect("the canonical document is no deeper");
        assert_eq!(again.identity(), reference.identity());
    }
}

#[test]
fn references_in_values_count_for_the_depth() {
    let libraries = super::Libraries::default().with(
        "test:wrap",
        "use \"liveobj:standard\";\ntemplate wrap(timer: reference<Timer>): Timer;",
    );
    let mut value = r#"{"external":{"name":"timer","library":"liveobj:standard"}}"#.to_owned();
    for _ in 0..60 {
        value = format!(
            r#"{{"parameterized":{{"template":{{"external":{{"name":"wrap","library":"test:wrap"}}}},"parameters":{{"timer":{value}}}}}}}"#
        );
    }
    let document = |levels: usize| {
        let open = "<composite><component name=\"x\">".repeat(levels);
        let close = "</component></composite>".repeat(levels);
        format!(
            "<liveobject xmlns=\"urn:liveobj:reference:1\">{open}<parameterized><template>\
             <external name=\"wrap\" library=\"test:wrap\"/></template><parameter name=\"timer\">\
             <value>{value}</value></parameter></parameterized>{close}</liveobject>"
        )
    };
    let found = |levels| {
        let checked = super::checked_with(&document(levels), &libraries, &Default::default());
        checked
            .diagnostics
            .iter()
            .map(|found| found.code.as_str())
            .collect::<Vec<_>>()
    };
    assert_eq!(found(1), Vec::<&str>::new());
    assert_eq!(found(3), ["limit-exceeded"]);
}
