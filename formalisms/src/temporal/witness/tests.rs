use proptest::prelude::*;

use super::super::formula::{Argument, Atom, Binding, Node, Place, Quantifier, Unary};
use super::*;

fn domain(key: &str) -> Domain {
    Domain {
        key: key.to_owned(),
        size: None,
    }
}

fn named(name: &str, emitted: bool) -> Event {
    let name = name.to_owned();
    Event::Named { name, emitted }
}

/// One atom at some place, whose parameters have these variables and domains.
fn sentence(endpoint: &str, event: Event, parameters: &[(&str, &str, &str)]) -> Sentence {
    let bindings = parameters.iter().map(|(_, variable, key)| Binding {
        quantifier: Quantifier::ForAll,
        name: (*variable).to_owned(),
        sort: Sort::Message(domain(key)),
    });
    let arguments = parameters.iter().enumerate();
    let arguments = arguments.map(|(variable, (parameter, ..))| Argument {
        parameter: (*parameter).to_owned(),
        variable,
    });
    let atom = Atom {
        endpoint: endpoint.to_owned(),
        event,
        place: Place::Somewhere,
        arguments: arguments.collect(),
    };
    Sentence {
        prefix: bindings.collect(),
        body: Node::unary(Unary::Finally, Node::Event(atom)),
    }
}

fn happens(event: Event, instance: usize, arguments: &[(&str, usize)]) -> Position {
    let arguments = arguments
        .iter()
        .map(|(name, value)| ((*name).to_owned(), *value));
    Position::Event(Occurrence {
        event,
        instance,
        arguments: arguments.collect(),
    })
}

fn instance(endpoint: &str, proxy: usize) -> Instance {
    let endpoint = endpoint.to_owned();
    Instance { endpoint, proxy }
}

fn lines(witness: &Witness) -> String {
    let Witness::History {
        elements,
        prefix,
        cycle,
    } = witness
    else {
        panic!("it is a history");
    };
    format!(
        "{}\n--\n{}\n--\n{}",
        elements.join("\n"),
        prefix.join("\n"),
        cycle.join("\n")
    )
}

#[test]
fn one_endpoint_is_not_named() {
    let sentences = [
        sentence("", named("send", false), &[("message", "m", "string")]),
        sentence(
            "",
            named("edit", false),
            &[("at", "m1", "u32"), ("text", "t", "string")],
        ),
    ];
    let sentences = sentences.each_ref();
    let lasso = Lasso {
        universe: Universe {
            instances: vec![instance("", 0), instance("", 0)],
            proxies: 0,
            messages: BTreeMap::from([(domain("string"), 1), (domain("u32"), 2)]),
        },
        prefix: vec![
            happens(Event::Connect, 1, &[]),
            happens(named("send", false), 1, &[("message", 0)]),
            happens(named("edit", false), 1, &[("at", 1), ("text", 0)]),
        ],
        cycle: vec![Position::Silence],
    };
    let witness = to_witness(&lasso, &sentences).unwrap();
    // `m1` would be a number of `m`, so the other values are called by their parameter.
    let expected = "i1: an instance
i2: an instance
m1: a value of m
at1: a value of at
at2: a value of at
--
connect at i2
send(m1) at i2
edit(at: at2, text: m1) at i2
--
-";
    assert_eq!(lines(&witness), expected);
    assert_eq!(from_witness(&witness, &sentences), Some(lasso));
}

#[test]
fn objects_have_endpoints_and_proxies() {
    let sentences = [
        sentence(
            "channel",
            named("send", false),
            &[("message", "i", "string")],
        ),
        sentence("k/e", named("send", true), &[]),
        sentence("k/e", named("send", false), &[]),
    ];
    let sentences = sentences.each_ref();
    let lasso = Lasso {
        universe: Universe {
            instances: vec![instance("channel", 1), instance("k/e", 0)],
            proxies: 2,
            messages: BTreeMap::from([(domain("string"), 1)]),
        },
        prefix: vec![
            happens(Event::Connect, 0, &[]),
            happens(named("send", false), 0, &[("message", 0)]),
        ],
        cycle: vec![
            happens(named("send", true), 1, &[]),
            happens(named("send", false), 1, &[]),
            happens(named("connect", true), 0, &[]),
        ],
    };
    let witness = to_witness(&lasso, &sentences).unwrap();
    let expected = "i1: an instance of channel of p2
i2: an instance of k/e of p1
p1: a proxy
p2: a proxy
message1: a value of message
--
channel.connect at i1 of p2
handles channel.send(message1) at i1 of p2
--
emits k/e.send at i2 of p1
handles k/e.send at i2 of p1
emits channel.connect at i1 of p2";
    assert_eq!(lines(&witness), expected);
    assert_eq!(from_witness(&witness, &sentences), Some(lasso));
}

#[test]
fn propositions_are_listed() {
    let set = |names: &[&str]| {
        let names = names.iter().map(|name| (*name).to_owned());
        Position::Propositions(names.collect())
    };
    let lasso = Lasso {
        universe: Universe::default(),
        prefix: vec![set(&["b", "a"]), set(&[])],
        cycle: vec![set(&["a"]), Position::Silence],
    };
    let witness = to_witness(&lasso, &[]).unwrap();
    assert_eq!(lines(&witness), "\n--\n{a, b}\n{}\n--\n{a}\n-");
    assert_eq!(from_witness(&witness, &[]), Some(lasso));
}

#[test]
fn what_was_not_written_is_not_read() {
    let sentences = [sentence(
        "",
        named("send", false),
        &[("message", "m", "string")],
    )];
    let sentences = sentences.each_ref();
    let read = |elements: &[&str], cycle: &[&str]| {
        let texts = |texts: &[&str]| texts.iter().map(|it| (*it).to_owned()).collect();
        let witness = Witness::History {
            elements: texts(elements),
            prefix: Vec::new(),
            cycle: texts(cycle),
        };
        from_witness(&witness, &sentences)
    };
    let there = &["i1: an instance", "m1: a value of m"];
    assert!(read(there, &["send(m1) at i1"]).is_some());
    for cycle in [
        "",
        "send(m1)",
        "send(m1) at i2",
        "send(m1) at i01",
        "send(m0) at i1",
        "send(m1 at i1",
        "send(m1, m1) at i1",
        "send(message: m1) at i1",
        "send(x1) at i1",
        "send(m1) at i1 of p1",
        "connect(m1) at i1",
        "receive at i1",
        "channel.send(m1) at i1",
        "{a",
    ] {
        assert_eq!(read(there, &[cycle]), None, "{cycle}");
    }
    assert_eq!(read(there, &[]), None, "an empty cycle");
    for elements in [
        &["i2: an instance"][..],
        &["i1: an instance of "],
        &["i1: an instance", "p1: a proxy"],
        &["i1: an instance of p2", "p1: a proxy"],
        &["p2: a proxy"],
        &["m2: a value of m"],
        &["x1: a value of x"],
        &["i1 an instance"],
        &["i1: a thing"],
    ] {
        assert_eq!(read(elements, &["-"]), None, "{elements:?}");
    }
    assert_eq!(from_witness(&Witness::Structure, &sentences), None);
}

#[test]
fn a_parameter_has_values_of_one_type() {
    let event = || named("send", false);
    let one = sentence("", event(), &[("message", "m", "string")]);
    let other = sentence("", event(), &[("message", "m", "u8")]);
    assert!(Vocabulary::of(&[&one, &one]).is_ok());
    assert!(Vocabulary::of(&[&one, &other]).is_err());
}

proptest! {
    #[test]
    fn what_is_written_reads_back(
        places in prop::collection::vec((prop_oneof!["a", "b"], 0..3_usize), 1..4),
        proxies in prop_oneof![Just(0_usize), Just(3)],
        counts in prop::array::uniform2(1..4_usize),
        letters in prop::collection::vec((0..6_usize, any::<prop::sample::Index>(), 0..4_usize, 0..4_usize), 1..6),
        split in any::<prop::sample::Index>(),
        names in prop::array::uniform3("(i|p|m|m1|m_|x)"),
    ) {
        let sentences: Vec<_> = ["a", "b"]
            .into_iter()
            .flat_map(|endpoint| {
                [
                    sentence(endpoint, named("one", false), &[("m", &names[0], "string")]),
                    sentence(
                        endpoint,
                        named("two", true),
                        &[("at", &names[1], "u32"), ("text", &names[2], "string")],
                    ),
                    sentence(endpoint, named("none", true), &[]),
                    sentence(endpoint, named("none", false), &[]),
                ]
            })
            .collect();
        let sentences: Vec<_> = sentences.iter().collect();
        let instances: Vec<_> = places
            .iter()
            .map(|(endpoint, proxy)| instance(endpoint, (*proxy).min(proxies.saturating_sub(1))))
            .collect();
        let mut prefix: Vec<_> = letters
            .iter()
            .map(|(kind, at, number, text)| {
                let at = at.index(instances.len());
                let (number, text) = (number % counts[0], text % counts[1]);
                match kind {
                    0 => happens(Event::Connect, at, &[]),
                    1 => happens(Event::Disconnect, at, &[]),
                    2 => happens(named("one", false), at, &[("m", text)]),
                    3 => happens(named("two", true), at, &[("at", number), ("text", text)]),
                    4 => happens(named("none", number > 0), at, &[]),
                    _ => Position::Silence,
                }
            })
            .collect();
        let cycle = prefix.split_off(split.index(prefix.len()));
        let messages = BTreeMap::from([(domain("u32"), counts[0]), (domain("string"), counts[1])]);
        let universe = Universe { instances, proxies, messages };
        let lasso = Lasso { universe, prefix, cycle };
        let witness = to_witness(&lasso, &sentences).unwrap();
        prop_assert_eq!(from_witness(&witness, &sentences), Some(lasso), "{}", lines(&witness));
    }

    #[test]
    fn any_text_is_read_or_not(
        elements in prop::collection::vec("(i1|p1|m1|): (an instance|a proxy|a value of )( of |m|p1|)[ -~]{0,3}", 0..4),
        cycle in prop::collection::vec("(emits |)(a\\.|)(one|connect)[(:]?[ -~]{0,4}( at i1|)( of p1|)", 0..3),
    ) {
        let sentence = sentence("a", named("one", false), &[("m", "m", "string")]);
        let witness = Witness::History { elements, prefix: Vec::new(), cycle };
        if let Some(lasso) = from_witness(&witness, &[&sentence]) {
            prop_assert_eq!(from_witness(&to_witness(&lasso, &[&sentence]).unwrap(), &[&sentence]), Some(lasso));
        }
    }
}
