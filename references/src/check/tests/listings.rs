//! The listings of the thesis: Code 2.2 to 2.5. Parts that these leave out are externals with an
//! `as` type.

use expect_test::expect;

use super::{Libraries, checked_with, show};
use crate::check::Policy;

fn libraries() -> Libraries {
    Libraries::default()
        .with(
            "thesis:documents",
            r#"use "liveobj:standard";
endpoint ReliableService<Message: value> {
    in send(message: Message);
    out receive(message: Message);
    provides properties "reliable, fifo";
}
object Reliable<Message: value> { endpoint channel: ReliableService<Message> many; }
object Document { endpoint text: Text many; }
template shared_document<Message: value>(channel: reference<Reliable<Message>>): Document;
"#,
        )
        .with(
            "http://www.mystuff.com/mylibrary.dll",
            r#"use "liveobj:standard";
endpoint MyService { in poke(); out poked(); }
object MyType1 { endpoint service: MyService many; }
record Identifier { number: u64 }
template MyProtocol1(): MyType1;
template MyPlatform(LocalController: string): Folder<Channel<bytes>>;
"#,
        )
}

fn describe(text: &str) -> String {
    let checked = checked_with(text, &libraries(), &Policy::default());
    let ty = checked
        .typed
        .map(|ty| checked.types.describe(liveobj_types::TypeId::Object(ty)));
    format!(
        "{}{}\n{}\n",
        show(&checked.diagnostics),
        ty.unwrap_or_else(|| "no type".to_owned()),
        if checked.reference.is_some() {
            "well typed"
        } else {
            "refused"
        }
    )
}

/// A shared document on a reliable channel, itself made of two parts. `reliable` is the type of
/// the part that the listing leaves out.
fn code_2_2(reliable: &str) -> String {
    format!(
        r#"<?xml version="1.0" encoding="UTF-8"?>
<liveobject xmlns="urn:liveobj:reference:1">
  <types><![CDATA[
    use "thesis:documents";
    record Line {{ text: string }}
    object Recovery<Message: value> {{
        mandatory endpoint UnreliableChannel: mirror ChannelService<Message>;
        endpoint ReliableChannel: {reliable} many;
    }}
    object Dissemination<Message: value> {{ endpoint UnreliableChannel: ChannelService<Message> many; }}
  ]]></types>
  <parameterized>
    <template><external name="shared_document" library="thesis:documents"/></template>
    <parameter name="Message"><type>Line</type></parameter>
    <parameter name="channel">
      <composite>
        <component name="DisseminationObject">
          <external name="MyChannel" as="Dissemination[Line]">
            <from><external name="QuickSilver" as="Folder[Dissemination[Line]]">
              <from><primitive id="0x2"/></from>
            </external></from>
          </external>
        </component>
        <component name="ReliabilityObject">
          <external name="Recovery" as="Recovery[Line]"><from><primitive id="registry"/></from></external>
        </component>
        <connection>
          <endpoint of="DisseminationObject" name="UnreliableChannel"/>
          <endpoint of="ReliabilityObject" name="UnreliableChannel"/>
        </connection>
        <export of="ReliabilityObject" name="ReliableChannel" as="channel"/>
      </composite>
    </parameter>
  </parameterized>
</liveobject>"#
    )
}

#[test]
fn code_2_2_is_well_typed() {
    expect![[r#"
        Document
        well typed
    "#]]
    .assert_eq(&describe(&code_2_2("ReliableService<Message>")));
}

#[test]
fn code_2_2_with_a_channel_that_guarantees_too_little() {
    expect![[r#"
        error[not-a-subtype]: the object passed as `channel` is no `Reliable<Line>`: `Reliable<Line>` provides properties "reliable, fifo", and `composite` provides properties "best_effort"; `best_effort` does not imply `fifo` or `reliable`
          test:16:7: <composite>  it is `object { endpoint channel: ChannelService<Line> many; }`
          trail: parameter `channel` → endpoint `channel`
          note: an owner of `mirror ReliableService<Line>` that is connected to `channel` may rely on properties "reliable, fifo", which would not be provided
          help: in `composite`: add `provides properties "reliable, fifo"` where it is true
        Document
        refused
    "#]].assert_eq(&describe(&code_2_2("ChannelService<Message>")));
}

#[test]
fn code_2_3_is_well_typed() {
    let text = |ty: &str| {
        format!(
            r#"<liveobject xmlns="urn:liveobj:reference:1">
  <types>use "http://www.mystuff.com/mylibrary.dll";</types>
  <external name="MyProtocol1" as="{ty}">
    <from><parameterized>
      <template><primitive id="0x1"/></template>
      <parameter name="name"><value>http://www.mystuff.com/mylibrary.dll</value></parameter>
    </parameterized></from>
  </external>
</liveobject>"#
        )
    };
    expect![[r#"
        MyType1
        well typed
    "#]]
    .assert_eq(&describe(&text("MyType1")));
    expect![[r#"
        error[not-a-subtype]: the object is no `Channel<Identifier>`: `MyType1` has no endpoint `channel`, which `Channel<Identifier>` needs
          test:3:36: Channel[Identifier]  it is `MyType1`
          note: a composite that connects `channel` of a `Channel<Identifier>` would find no such endpoint
          help: remove the `as`, or name a type that the object has
        Channel<Identifier>
        refused
    "#]].assert_eq(&describe(&text("Channel[Identifier]")));
}

#[test]
fn code_2_4_is_well_typed() {
    let text = |platform: &str| {
        format!(
            r#"<liveobject xmlns="urn:liveobj:reference:1">
  <external name="MyChannel" as="Channel[bytes]">
    <from><external name="MyPlatform" as="{platform}">
      <from><primitive id="0x2"/></from>
    </external></from>
  </external>
</liveobject>"#
        )
    };
    expect![[r#"
        Channel<bytes>
        well typed
    "#]]
    .assert_eq(&describe(&text("Folder[Channel[bytes]]")));
    expect![[r#"
        error[not-a-subtype]: the object in `from` is no `Folder<Object>`: `Timer` has no endpoint `folder`, which `Folder<Object>` needs
          test:3:11: <external name="MyPlatform" as="Timer">  it is `Timer`
          note: a composite that connects `folder` of a `Folder<Object>` would find no such endpoint
          help: `<from>` needs a folder to look `MyChannel` up in, such as `<primitive id="registry"/>`
        Channel<bytes>
        refused
    "#]].assert_eq(&describe(&text("Timer")));
}

#[test]
fn code_2_5_is_well_typed() {
    let text = |parameter: &str| {
        format!(
            r#"<liveobject xmlns="urn:liveobj:reference:1">
  <parameterized as="Folder[Channel[bytes]]">
    <template>
      <external name="MyPlatform">
        <from><parameterized>
          <template><primitive id="0x1"/></template>
          <parameter name="name"><value>http://www.mystuff.com/mylibrary.dll</value></parameter>
        </parameterized></from>
      </external>
    </template>
    <parameter name="{parameter}"><value>tcp://192.168.0.100:60000</value></parameter>
  </parameterized>
</liveobject>"#
        )
    };
    expect![[r#"
        Folder<Channel<bytes>>
        well typed
    "#]]
    .assert_eq(&describe(&text("LocalController")));
    expect![[r#"
        error[unknown-parameter]: template `MyPlatform` has no parameter `LocalControler`
          test:11:22: LocalControler
          help: did you mean `LocalController`?
        Folder<Channel<bytes>>
        refused
    "#]]
    .assert_eq(&describe(&text("LocalControler")));
}
