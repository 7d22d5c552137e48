//! The whole stack of a note on processes that have networks of their own: Linux network namespaces,
//! joined by a bridge. Where these cannot be made, the test says that it is skipped, and why.

use std::collections::BTreeSet;
use std::fs;
use std::process::Command;

use liveobj_tests::note::{Opened, ordered_note};

/// Machines of a network, each with the address `10.77.0.N`, and the switch between them.
struct Machines {
    switch: String,
    names: Vec<String>,
}

/// Runs a command of one line.
fn run(line: &str) -> Result<(), String> {
    let mut words = line.split(' ');
    let mut command = Command::new(words.next().expect("a command"));
    let output = command.args(words).output();
    let output = output.map_err(|error| format!("`{line}`: {error}"))?;
    match output.status.success() {
        true => Ok(()),
        false => {
            let errors = String::from_utf8_lossy(&output.stderr);
            Err(format!("`{line}`: {}", errors.trim_end()))
        }
    }
}

impl Machines {
    fn new(count: usize) -> Result<Machines, String> {
        let name = |what: &str| format!("liveobj-{}-{what}", std::process::id());
        let mut machines = Machines {
            switch: name("switch"),
            names: Vec::new(),
        };
        let switch = &machines.switch;
        run(&format!("ip netns add {switch}"))?;
        run(&format!("ip -n {switch} link add bridge type bridge"))?;
        run(&format!("ip -n {switch} link set bridge up"))?;
        for number in 1..=count {
            let machine = name(&number.to_string());
            run(&format!("ip netns add {machine}"))?;
            machines.names.push(machine);
            machines.plug(number)?;
        }
        Ok(machines)
    }

    /// Gives a machine its interface, with a cable to the switch.
    fn plug(&self, number: usize) -> Result<(), String> {
        let (machine, switch) = (&self.names[number - 1], &self.switch);
        let veth = format!("type veth peer name port{number} netns {switch}");
        run(&format!("ip -n {machine} link add lan {veth}"))?;
        run(&format!(
            "ip -n {machine} addr add 10.77.0.{number}/24 dev lan"
        ))?;
        run(&format!("ip -n {machine} link set lan up"))?;
        run(&format!("ip -n {machine} link set lo up"))?;
        let master = format!("link set port{number} master bridge");
        run(&format!("ip -n {switch} {master}"))?;
        self.cable(number, "up")
    }

    /// Plugs a machine's cable in (`up`) or out (`down`).
    fn cable(&self, number: usize, state: &str) -> Result<(), String> {
        let switch = &self.switch;
        run(&format!("ip -n {switch} link set port{number} {state}"))
    }

    /// Loses some of what a machine sends.
    fn lossy(&self, number: usize) -> Result<(), String> {
        let machine = &self.names[number - 1];
        let netem = "root netem loss 10% delay 5ms 3ms";
        run(&format!("tc -n {machine} qdisc add dev lan {netem}"))
    }
}

impl Drop for Machines {
    fn drop(&mut self) {
        for name in self.names.iter().chain([&self.switch]) {
            // What could not be made cannot be removed.
            let _ = run(&format!("ip netns del {name}"));
        }
    }
}

#[test]
fn machines_agree_after_their_network_was_lossy_and_parted() {
    let machines = match Machines::new(3) {
        Ok(machines) => machines,
        Err(reason) => {
            println!("skipped: there are no network namespaces to be had: {reason}");
            return;
        }
    };
    for number in 1..=3 {
        if let Err(reason) = machines.lossy(number) {
            println!("skipped: losses, but not the partition: {reason}");
            break;
        }
    }
    let folder = tempfile::tempdir().expect("a directory");
    let reference = folder.path().join("note.liveobject");
    let peers = r#""10.77.0.1:7000", "10.77.0.2:7000", "10.77.0.3:7000""#;
    let note = ordered_note(7_000).replace(r#""127.0.0.1:7000""#, peers);
    assert!(note.contains(peers), "{note}");
    fs::write(&reference, note).expect("it is writable");
    let open = |name: &String| {
        let wrapper = ["ip", "netns", "exec", name];
        Opened::start_under(folder.path(), &wrapper, &reference)
    };
    let mut opened: Vec<Opened> = machines.names.iter().map(open).collect();
    let mut all = BTreeSet::new();
    for (at, text) in [(0, "one"), (1, "two"), (2, "three")] {
        opened[at].enter(text);
        all.insert(text.to_owned());
    }
    for here in &opened {
        here.wait_for(&all);
    }
    machines.cable(1, "down").expect("it was up");
    opened[1].enter("meanwhile");
    all.insert("meanwhile".to_owned());
    opened[2].wait_for(&all);
    opened[0].enter("alone");
    all.insert("alone".to_owned());
    machines.cable(1, "up").expect("it was down");
    for here in &opened {
        here.wait_for(&all);
        assert_eq!(here.printed(), all);
    }
}
