//! Worlds at random, and their types as text.

use std::collections::BTreeSet;

use super::sentences::{Atom, Node, Sentence};
use super::world::{Channel, End, Said, World};

pub(super) struct Dice(pub(super) u64);

impl Dice {
    pub(super) fn below(&mut self, count: usize) -> usize {
        let next = self.0.wrapping_mul(6_364_136_223_846_793_005);
        self.0 = next.wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % count
    }

    pub(super) fn one_in(&mut self, count: usize) -> bool {
        self.below(count) == 0
    }

    pub(super) fn of<'a, T>(&mut self, all: &'a [T]) -> &'a T {
        &all[self.below(all.len())]
    }
}

impl World {
    pub(super) fn random(dice: &mut Dice) -> World {
        let parts = 2 + usize::from(dice.one_in(3));
        let mut ends: Vec<End> = Vec::new();
        for part in 0..parts {
            for number in 0..1 + dice.below(2) + usize::from(dice.one_in(4)) {
                let out = dice.one_in(2);
                let mut emits = vec![if out { "say" } else { "ack" }];
                let mut handles = vec![if out { "ack" } else { "say" }];
                if dice.one_in(5) {
                    emits.clear();
                }
                if dice.one_in(4) {
                    handles.push("hear");
                }
                ends.push(End {
                    part,
                    name: format!("e{number}"),
                    emits,
                    handles,
                    many: dice.one_in(5),
                    exported: dice.one_in(6),
                    says: Said::default(),
                });
            }
        }
        let mut channels: Vec<Channel> = Vec::new();
        for _ in 0..40 {
            let (left, right) = (dice.below(ends.len()), dice.below(ends.len()));
            let free = |at: usize| {
                let used = channels.iter().flatten().any(|it| *it == Some(at));
                ends[at].many || !(used || ends[at].exported)
            };
            let fits = |from: &End, to: &End| from.emits.iter().all(|it| to.handles.contains(it));
            let (l, r) = (&ends[left], &ends[right]);
            let both = [Some(left), Some(right)];
            let is_new = left < right && !channels.contains(&both);
            if is_new && free(left) && free(right) && fits(l, r) && fits(r, l) {
                channels.push(both);
            }
        }
        let says = say(dice, &mut ends, parts, &channels);
        let exported: Vec<usize> = (0..ends.len()).filter(|at| ends[*at].exported).collect();
        let mut above = Said::default();
        if !exported.is_empty() {
            let known = says.iter().flat_map(|said| &said.provides);
            let known = known.filter(|(text, _)| {
                let mut atoms = Vec::new();
                text.body.atoms(&mut atoms);
                atoms.iter().all(|atom| ends[atom.end].exported)
            });
            above
                .provides
                .extend(known.map(|(text, _)| (text.clone(), None)));
            above
                .provides
                .push((sentence(dice, &ends, &exported, false), None));
            above.provides = vec![dice.of(&above.provides).clone()];
            let known = says.iter().flat_map(|said| &said.requires);
            let mut required: Vec<Sentence> = known
                .filter(|text| {
                    let mut atoms = Vec::new();
                    text.body.atoms(&mut atoms);
                    atoms.iter().all(|atom| ends[atom.end].exported)
                })
                .cloned()
                .collect();
            required.push(sentence(dice, &ends, &exported, true));
            above.requires = required;
        }
        let nested = (0..parts).filter(|_| dice.one_in(2)).collect();
        World {
            parts,
            ends,
            says,
            above,
            nested,
            inside: channels.len(),
            channels,
            matters: BTreeSet::new(),
            connects: BTreeSet::new(),
            values: false,
            at_once: false,
        }
    }
}

/// A random atom at one of these endpoints, as a part has it, or else (`of_peers`) its peers.
pub(super) fn atom(dice: &mut Dice, ends: &[End], own: &[usize], of_peers: bool) -> Node {
    let end = *dice.of(own);
    let here = &ends[end];
    // Mostly one that those who say it emit: nobody else can break that.
    let all: Vec<(&'static str, bool)> = here
        .emits
        .iter()
        .map(|event| (*event, true))
        .chain(here.handles.iter().map(|event| (*event, false)))
        .collect();
    let own: Vec<_> = all
        .iter()
        .filter(|(_, emitted)| *emitted != of_peers)
        .collect();
    let (event, emitted) = match own.is_empty() || dice.one_in(2) {
        true => *dice.of(&all),
        false => **dice.of(&own),
    };
    let connect = dice.one_in(8);
    Node::Atom(Atom {
        end,
        event: (!connect).then_some(event),
        emitted: emitted != of_peers,
        here: dice.one_in(2),
        bound: !connect && dice.one_in(4),
    })
}

pub(super) fn sentence(dice: &mut Dice, ends: &[End], own: &[usize], of_peers: bool) -> Sentence {
    let a = atom(dice, ends, own, of_peers);
    let b = atom(dice, ends, own, of_peers);
    let unary = |operator, inner| Node::Unary(operator, Box::new(inner));
    let binary = |operator, left, right| Node::Binary(operator, Box::new(left), Box::new(right));
    let not = |inner| unary('!', inner);
    let always = |inner| unary('G', inner);
    let never_again = |inner| unary('X', always(not(inner)));
    Sentence::of(match dice.below(11) {
        0..=3 => always(not(a)),
        4 => always(binary('>', a, unary('O', b))),
        5 => always(binary('>', a, unary('Y', unary('O', b)))),
        6 => always(binary('>', a.clone(), never_again(a))),
        7 => always(binary('>', a, never_again(b))),
        8 => binary('W', not(a), b),
        9 => always(binary('>', a, unary('F', b))),
        _ => binary('|', always(not(a)), always(not(b))),
    })
}

/// What all say: first what they provide, then what they assume and require, which is often what a peer
/// provides.
pub(super) fn say(
    dice: &mut Dice,
    ends: &mut [End],
    parts: usize,
    channels: &[Channel],
) -> Vec<Said> {
    let mut speakers: Vec<Vec<usize>> = (0..parts)
        .map(|part| {
            (0..ends.len())
                .filter(|at| ends[*at].part == part)
                .collect()
        })
        .collect();
    speakers.extend((0..ends.len()).map(|end| vec![end]));
    let mut all: Vec<Said> = Vec::new();
    for (number, own) in speakers.iter().enumerate() {
        let mut said = Said::default();
        let count = match number < parts {
            true => 1 + dice.below(2),
            false => usize::from(dice.one_in(4)),
        };
        let is_connected = |end: &usize| channels.iter().flatten().any(|it| *it == Some(*end));
        let connected: Vec<usize> = own.iter().copied().filter(is_connected).collect();
        let own = match connected.is_empty() || dice.one_in(4) {
            true => own,
            false => &connected,
        };
        for _ in 0..count {
            said.provides.push((sentence(dice, ends, own, false), None));
        }
        all.push(said);
    }
    let all_given = dice.one_in(2);
    let provided: Vec<Sentence> = all
        .iter()
        .flat_map(|said| said.provides.iter().map(|(text, _)| text.clone()))
        .collect();
    for (own, said) in speakers.iter().zip(&mut all) {
        let of_peers: Vec<Sentence> = provided
            .iter()
            .filter_map(|text| of_peer(text, ends, own, channels))
            .collect();
        // What nobody provides as it stands is seldom met.
        let asked = |dice: &mut Dice| match (of_peers.is_empty(), dice.below(5)) {
            (_, 0) => Some(sentence(dice, ends, own, true)),
            (true, _) => None,
            (false, _) => Some(dice.of(&of_peers).clone()),
        };
        let mut requires = Vec::new();
        for (_, given) in &mut said.provides {
            if all_given || dice.one_in(2) {
                *given = asked(dice);
                let also = !dice.one_in(4);
                requires.extend(given.clone().filter(|_| also));
            }
        }
        if dice.one_in(2) {
            requires.extend(asked(dice));
        }
        said.requires = requires;
    }
    for end in ends.iter_mut().rev() {
        end.says = all.pop().expect("one of each");
    }
    all
}

/// What a peer says of its endpoints, said of those that are connected with them.
pub(super) fn of_peer(
    text: &Sentence,
    ends: &[End],
    own: &[usize],
    channels: &[Channel],
) -> Option<Sentence> {
    fn moved(node: &mut Node, to: &dyn Fn(&Atom) -> Option<usize>) -> Option<()> {
        match node {
            Node::Atom(atom) => atom.end = to(atom)?,
            Node::Unary(_, inner) => moved(inner, to)?,
            Node::Binary(_, left, right) => {
                moved(left, to)?;
                moved(right, to)?;
            }
        }
        Some(())
    }
    let mut body = text.body.clone();
    moved(&mut body, &|atom| {
        let mut facing = channels.iter().filter_map(|sides| match sides {
            [Some(l), Some(r)] if *l == atom.end => Some(*r),
            [Some(l), Some(r)] if *r == atom.end => Some(*l),
            _ => None,
        });
        let end = facing.find(|it| own.contains(it))?;
        let known = match atom.emitted {
            true => &ends[end].handles,
            false => &ends[end].emits,
        };
        atom.event
            .is_none_or(|event| known.contains(&event))
            .then_some(end)
    })?;
    Some(Sentence::of(body))
}

pub(super) fn declared(said: &Said, names: &dyn Fn(usize) -> String) -> String {
    let provides = said.provides.iter().map(|(text, given)| {
        let given = given.as_ref();
        let given = given.map(|it| format!(" given \"{}\"", it.text(names)));
        let given = given.unwrap_or_default();
        format!("provides temporal \"{}\"{given};\n", text.text(names))
    });
    let requires = said.requires.iter();
    let requires = requires.map(|it| format!("requires temporal \"{}\";\n", it.text(names)));
    provides.chain(requires).collect()
}

impl World {
    pub(super) fn declarations(&self) -> String {
        let mut text = String::new();
        for end in &self.ends {
            let outs = end.emits.iter();
            let outs = outs.map(|event| format!("out {event}(m: bool); "));
            let ins = end.handles.iter();
            let ins = ins.map(|event| format!("in {event}(m: bool); "));
            let events: String = outs.chain(ins).collect();
            let says = declared(&end.says, &|_| String::new());
            text += &format!("endpoint P{}{} {{ {events}\n{says}}}\n", end.part, end.name);
        }
        for part in 0..self.parts {
            let ends = self.ends.iter().filter(|end| end.part == part);
            let ends = ends.map(|end| {
                let many = if end.many { " many" } else { "" };
                format!("endpoint {0}: P{part}{0}{many};\n", end.name)
            });
            let ends: String = ends.collect();
            let says = declared(&self.says[part], &|end| format!("{}.", self.ends[end].name));
            text += &format!("object P{part} {{\n{ends}{says}}}\n");
        }
        let exported = (0..self.ends.len()).filter(|end| self.ends[*end].exported);
        let exported = exported.map(|at| {
            let end = &self.ends[at];
            let many = if end.many { " many" } else { "" };
            format!("endpoint x{at}: P{}{}{many};\n", end.part, end.name)
        });
        let exported: String = exported.collect();
        let says = declared(&self.above, &|end| format!("x{end}."));
        text + &format!("object Above {{\n{exported}{says}}}\n")
    }
}
