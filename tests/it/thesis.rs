//! Code 2.2 of the thesis through the command: an unreliable channel out of a folder that itself
//! comes out of the registry, made reliable by another object out of the registry.

use std::fs;
use std::path::Path;
use std::process::Output;

use liveobj_tests::note::{Opened, Relay, line};
use liveobj_tests::support::{built, liveobj};

/// The types of the parts that the listing leaves out.
const TYPES: &str = r#"<types><![CDATA[
    use "liveobj:standard";
    object Recovery<Message: value> {
        endpoint UnreliableChannel: mirror ChannelService<Message>;
        endpoint ReliableChannel: ChannelService<Message>;
    }
    object Dissemination<Message: value> {
        endpoint UnreliableChannel: ChannelService<Message> many;
    }
  ]]></types>"#;

/// The listing, with a text and a screen on top.
fn code_2_2() -> String {
    format!(
        r#"<liveobject xmlns="urn:liveobj:reference:1">
  {TYPES}
  <composite>
    <component name="channel">
      <composite>
        <component name="DisseminationObject">
          <external name="MyChannel" as="Dissemination[bytes]">
            <from><external name="QuickSilver" as="Folder[Dissemination[bytes]]">
              <from><primitive id="0x2"/></from>
            </external></from>
          </external>
        </component>
        <component name="ReliabilityObject">
          <external name="Recovery" as="Recovery[bytes]"><from><primitive id="registry"/></from></external>
        </component>
        <connection>
          <endpoint of="DisseminationObject" name="UnreliableChannel"/>
          <endpoint of="ReliabilityObject" name="UnreliableChannel"/>
        </connection>
        <export of="ReliabilityObject" name="ReliableChannel" as="channel"/>
      </composite>
    </component>
    <component name="note"><external name="shared_text" library="liveobj:documents"/></component>
    <component name="screen"><external name="console" library="liveobj:standard"/></component>
    <connection><endpoint of="note" name="channel"/><endpoint of="channel" name="channel"/></connection>
    <connection><endpoint of="note" name="text"/><endpoint of="screen" name="text"/></connection>
  </composite>
</liveobject>
"#
    )
}

/// The folder that the registry keeps: a directory.
fn quicksilver(shelf: &Path) -> String {
    format!(
        r#"<liveobject xmlns="urn:liveobj:reference:1">
  {TYPES}
  <parameterized>
    <template><external name="directory_folder" library="liveobj:standard"/></template>
    <parameter name="Item"><type>Dissemination[bytes]</type></parameter>
    <parameter name="path"><value>{}</value></parameter>
  </parameterized>
</liveobject>"#,
        shelf.display()
    )
}

/// What the directory keeps: a channel whose datagrams pass through the relay at `port`.
fn my_channel(port: u16) -> String {
    format!(
        r#"<liveobject xmlns="urn:liveobj:reference:1"><composite>
    <component name="udp"><parameterized>
        <template><external name="udp_channel" library="liveobj:channels"/></template>
        <parameter name="Message"><type>bytes</type></parameter>
        <parameter name="address"><value></value></parameter>
        <parameter name="peers"><value>["127.0.0.1:{port}"]</value></parameter>
    </parameterized></component>
    <export of="udp" name="channel" as="UnreliableChannel"/>
</composite></liveobject>"#
    )
}

const RECOVERY: &str = r#"<liveobject xmlns="urn:liveobj:reference:1"><composite>
    <component name="relay"><parameterized>
        <template><external name="relay" library="liveobj:standard"/></template>
        <parameter name="Message"><type>bytes</type></parameter>
    </parameterized></component>
    <export of="relay" name="input" as="ReliableChannel"/>
    <export of="relay" name="output" as="UnreliableChannel"/>
</composite></liveobject>"#;

/// Runs the command; its libraries are at hand.
fn run(home: &Path, arguments: &[&str]) -> Output {
    let mut command = liveobj(home);
    command.args(arguments).current_dir(home);
    command.output().expect("it runs")
}

fn write(path: &Path, text: &str) {
    fs::write(path, text).expect("it is writable");
}

/// Keeps a document in the registry of this home.
fn keep(home: &Path, name: &str, document: &str) {
    let file = home.join(format!("{name}.draft"));
    write(&file, document);
    let file = file.to_str().expect("the path is UTF-8");
    let output = run(home, &["registry", "set", name, file]);
    assert!(output.status.success(), "{output:?}");
}

/// A home with the listing and all that it leads to; the channel's document is `channel`.
fn home(channel: &str) -> tempfile::TempDir {
    let home = tempfile::tempdir().expect("a temporary directory");
    let shelf = home.path().join("shelf");
    fs::create_dir(&shelf).expect("it is writable");
    write(&shelf.join("MyChannel.liveobject"), channel);
    keep(home.path(), "QuickSilver", &quicksilver(&shelf));
    keep(home.path(), "Recovery", RECOVERY);
    write(&home.path().join("code-2-2.liveobject"), &code_2_2());
    home
}

#[test]
fn code_2_2_is_well_typed_before_anything_it_leads_to_exists() {
    let home = tempfile::tempdir().expect("a temporary directory");
    write(&home.path().join("code-2-2.liveobject"), &code_2_2());
    let libraries = built().to_str().expect("the path is UTF-8");
    let check = ["check", "code-2-2.liveobject", "--library-path", libraries];
    let output = run(home.path(), &check);
    assert!(output.status.success(), "{output:?}");
    let printed = String::from_utf8(output.stdout).expect("UTF-8");
    assert!(printed.contains("well typed"), "{printed}");
}

#[test]
fn code_2_2_opens_in_two_processes_through_two_levels_of_folders() {
    let relay = Relay::start(0);
    let home = home(&my_channel(relay.port));
    let reference = home.path().join("code-2-2.liveobject");
    let mut first = Opened::start(home.path(), &reference);
    let mut second = Opened::start(home.path(), &reference);
    first.enter("found twice");
    second.wait_for(&line("found twice"));
    second.enter("and answered");
    first.wait_for(&line("and answered"));
}

#[test]
fn what_the_inner_folder_answers_is_checked_before_it_runs() {
    let home = home(
        r#"<liveobject xmlns="urn:liveobj:reference:1">
    <external name="timer" library="liveobj:standard"/>
</liveobject>"#,
    );
    let libraries = built().to_str().expect("the path is UTF-8");
    let open = [
        "open",
        "code-2-2.liveobject",
        "--for",
        "1s",
        "--library-path",
        libraries,
    ];
    let output = run(home.path(), &open);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let errors = String::from_utf8(output.stderr).expect("UTF-8");
    for words in ["not-a-subtype", "`QuickSilver`", "`MyChannel` is Timer"] {
        assert!(errors.contains(words), "{errors}");
    }
}
