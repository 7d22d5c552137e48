//! Parts with endpoints and connections, what may happen there, and who keeps what it says.

use std::collections::BTreeSet;

use super::sentences::{Connects, Deed, Emits, Handles, Seen, Sentence};

/// What happens: a deed at one side of a connection.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Happening {
    pub(super) channel: usize,
    pub(super) side: usize,
    pub(super) deed: Deed,
}

/// An endpoint of a part. Strangers and peers emit what it handles.
#[derive(Clone, Debug)]
pub(super) struct End {
    pub(super) part: usize,
    pub(super) name: String,
    pub(super) emits: Vec<&'static str>,
    pub(super) handles: Vec<&'static str>,
    pub(super) many: bool,
    pub(super) exported: bool,
    /// Stated in the type of the endpoint.
    pub(super) says: Said,
}

#[derive(Clone, Debug, Default)]
pub(super) struct Said {
    pub(super) provides: Vec<(Sentence, Option<Sentence>)>,
    pub(super) requires: Vec<Sentence>,
}

/// The connections of a world: both sides, by endpoint; none: a stranger.
pub(super) type Channel = [Option<usize>; 2];

pub(super) struct World {
    pub(super) parts: usize,
    pub(super) ends: Vec<End>,
    pub(super) says: Vec<Said>,
    /// What a supertype of the composite says of its exports.
    pub(super) above: Said,
    /// Parts that are a composite of their own inside of the composite.
    pub(super) nested: Vec<usize>,
    /// Those of the composite first, then one with a stranger for each endpoint, which is its first
    /// side.
    pub(super) channels: Vec<Channel>,
    pub(super) inside: usize,
    /// Which deeds anything speaks of, by side of a connection.
    pub(super) matters: BTreeSet<(usize, usize, &'static str, bool)>,
    pub(super) connects: BTreeSet<(usize, usize)>,
    pub(super) values: bool,
    /// Whether what one side emits is handled at once by the other, and both connect at once.
    pub(super) at_once: bool,
}

impl World {
    /// Adds the strangers, and finds out what matters.
    pub(super) fn complete(&mut self) {
        let strangers = (0..self.ends.len()).map(|end| [Some(end), None]);
        self.channels.extend(strangers);
        for at in 0..self.ends.len() {
            let own = self.ends[at].part;
            let all = [&self.says[own], &self.ends[at].says, &self.above];
            for said in all.map(Said::clone) {
                for (text, given) in &said.provides {
                    self.note(at, text, false);
                    given.iter().for_each(|it| self.note(at, it, true));
                }
                said.requires.iter().for_each(|it| self.note(at, it, true));
            }
        }
    }

    pub(super) fn note(&mut self, end: usize, text: &Sentence, of_peers: bool) {
        let mut atoms = Vec::new();
        text.body.atoms(&mut atoms);
        self.values |= text.value;
        for atom in atoms.into_iter().filter(|it| it.end == end) {
            for (channel, sides) in self.channels.iter().enumerate() {
                for side in 0..2 {
                    let seen = match of_peers {
                        false => sides[side] == Some(end),
                        true => match sides[side] {
                            None => sides[1 - side] == Some(end),
                            Some(peer) => self.channels.iter().any(|other| {
                                *other == [Some(end), Some(peer)]
                                    || *other == [Some(peer), Some(end)]
                            }),
                        },
                    };
                    match atom.event {
                        _ if !seen => {}
                        None => _ = self.connects.insert((channel, side)),
                        Some(event) => {
                            self.matters.insert((channel, side, event, atom.emitted));
                        }
                    }
                }
            }
        }
    }

    pub(super) fn emits(&self, channel: usize, side: usize) -> &[&'static str] {
        match (
            self.channels[channel][side],
            self.channels[channel][1 - side],
        ) {
            (Some(end), _) => &self.ends[end].emits,
            (None, Some(facing)) => &self.ends[facing].handles,
            (None, None) => &[],
        }
    }

    pub(super) fn handles(&self, channel: usize, side: usize) -> &[&'static str] {
        match (
            self.channels[channel][side],
            self.channels[channel][1 - side],
        ) {
            (Some(end), _) => &self.ends[end].handles,
            (None, Some(facing)) => &self.ends[facing].emits,
            (None, None) => &[],
        }
    }

    /// What may happen next.
    pub(super) fn next(&self, before: &[Happening]) -> Vec<Happening> {
        let mut next = Vec::new();
        let values: &[bool] = if self.values {
            &[false, true]
        } else {
            &[false]
        };
        for channel in 0..self.channels.len() {
            for side in 0..2 {
                let here = |deed| Happening {
                    channel,
                    side,
                    deed,
                };
                let first = match self.at_once {
                    true => 0,
                    false => side,
                };
                let connects = Happening {
                    side: first,
                    ..here(Connects)
                };
                let told = |side| self.connects.contains(&(channel, side));
                if (told(side) || (self.at_once && told(1 - side))) && !before.contains(&connects) {
                    next.push(connects);
                    continue;
                }
                for event in self.emits(channel, side) {
                    let told =
                        |side, emitted| self.matters.contains(&(channel, side, *event, emitted));
                    if told(side, true) || (self.at_once && told(1 - side, false)) {
                        next.extend(values.iter().map(|value| here(Emits(event, *value))));
                    }
                }
                for event in self.handles(channel, side) {
                    if self.at_once || !self.matters.contains(&(channel, side, event, false)) {
                        continue;
                    }
                    let told = self.matters.contains(&(channel, 1 - side, event, true));
                    let emitted = self.emits(channel, 1 - side).contains(event);
                    for value in values {
                        let count = |side: usize, deed: Deed| {
                            let same = Happening {
                                channel,
                                side,
                                deed,
                            };
                            before.iter().filter(|it| **it == same).count()
                        };
                        let deed = Handles(event, *value);
                        let waiting = count(1 - side, Emits(event, *value)) > count(side, deed);
                        if emitted && (!told || waiting) {
                            next.push(here(deed));
                        }
                    }
                }
            }
        }
        next
    }

    /// What is done at these sides of connections, of which each is one of an endpoint.
    pub(super) fn seen(&self, all: &[Happening], sides: &[(usize, usize, usize)]) -> Seen {
        self.seen_for_ever(all, 0, sides)
    }

    /// The same where the last happenings repeat for ever, so many of them.
    pub(super) fn seen_for_ever(
        &self,
        all: &[Happening],
        cycle: usize,
        sides: &[(usize, usize, usize)],
    ) -> Seen {
        let mut seen = Seen::default();
        for (channel, _, end) in sides {
            seen.instances.entry(*end).or_default().push(*channel);
        }
        for (at, happening) in all.iter().enumerate() {
            for (channel, side, end) in sides {
                let deed = match (happening.deed, happening.side == *side) {
                    _ if happening.channel != *channel => continue,
                    (deed, true) => deed,
                    _ if !self.at_once => continue,
                    (Emits(event, value), false) => Handles(event, value),
                    (deed, false) => deed,
                };
                seen.events.push((*end, *channel, deed));
                seen.cycle += usize::from(at + cycle >= all.len());
            }
        }
        seen
    }

    pub(super) fn sides_of(&self, end: usize) -> impl Iterator<Item = (usize, usize)> {
        let channels = self.channels.iter().enumerate();
        channels.flat_map(move |(channel, sides)| {
            let own = (0..2).filter(move |side| sides[*side] == Some(end));
            own.map(move |side| (channel, side))
        })
    }

    pub(super) fn ends_of(&self, part: usize) -> Vec<usize> {
        (0..self.ends.len())
            .filter(|at| self.ends[*at].part == part)
            .collect()
    }

    /// What a part does.
    pub(super) fn own(&self, all: &[Happening], ends: &[usize]) -> Seen {
        let sides = ends.iter().flat_map(|end| {
            let own = self.sides_of(*end);
            own.map(move |(channel, side)| (channel, side, *end))
        });
        self.seen(all, &sides.collect::<Vec<_>>())
    }

    /// What strangers do where they are connected with these endpoints.
    pub(super) fn strangers(&self, all: &[Happening], ends: &[usize]) -> Seen {
        let sides = ends.iter().map(|end| (self.inside + end, 1, *end));
        self.seen(all, &sides.collect::<Vec<_>>())
    }

    /// What peers in the composite do at all their connections, for each choice of one for each of
    /// these endpoints; where one is exported, the stranger, and where it is not connected, nothing.
    pub(super) fn peers(&self, all: &[Happening], ends: &[usize]) -> Vec<Seen> {
        let mut choices: Vec<Vec<(usize, usize, usize)>> = vec![Vec::new()];
        for end in ends {
            let channels = self.channels[..self.inside].iter();
            let peers: BTreeSet<usize> = channels
                .filter_map(|sides| match sides {
                    [Some(l), Some(r)] if l == end => Some(*r),
                    [Some(l), Some(r)] if r == end => Some(*l),
                    _ => None,
                })
                .collect();
            let mut all: Vec<Vec<(usize, usize, usize)>> = peers
                .into_iter()
                .map(|peer| {
                    let sides = self.sides_of(peer);
                    sides.map(|(channel, side)| (channel, side, *end)).collect()
                })
                .collect();
            if self.ends[*end].exported {
                all.push(vec![(self.inside + end, 1, *end)]);
            }
            if all.is_empty() {
                // No connection: one at which nothing happens.
                all.push(vec![(usize::MAX, 0, *end)]);
            }
            choices = choices
                .iter()
                .flat_map(|before| all.iter().map(|one| [&before[..], one].concat()))
                .collect();
        }
        choices.iter().map(|sides| self.seen(all, sides)).collect()
    }

    /// Whether a part, with these endpoints, and strangers at them keep what they say after all of
    /// this has happened; `over`: and nothing more will.
    pub(super) fn is_kept(
        &self,
        all: &[Happening],
        ends: &[usize],
        said: &Said,
        over: bool,
    ) -> bool {
        let last = all.len().saturating_sub(1);
        let elsewhere = self.strangers(all, ends);
        let broken = |text: &Sentence, seen: &Seen| match over {
            true => !text.holds(seen),
            false => text.refuted(seen),
        };
        said.requires.iter().all(|text| !broken(text, &elsewhere))
            && said.provides.iter().all(|(text, given)| {
                let own = self.own(all, ends);
                if !broken(text, &own) {
                    return true;
                }
                let Some(given) = given else { return false };
                let refuted = |all: &[Happening]| {
                    let mut peers = self.peers(all, ends);
                    peers.push(self.strangers(all, ends));
                    peers.iter().any(|seen| given.refuted(seen))
                };
                let broken = || {
                    let mut peers = self.peers(all, ends);
                    peers.push(self.strangers(all, ends));
                    over && peers.iter().any(|seen| !given.holds(seen))
                };
                // Refuted before, or, of promises, not kept in the end.
                refuted(&all[..last]) || (!text.refuted(&own) && broken()) || {
                    // It was refuted earlier, when the assumption had been.
                    let before = self.own(&all[..last], ends);
                    text.refuted(&before)
                }
            })
    }

    /// The same of an endpoint's type: what speaks of each connection by itself is promised to each
    /// by itself.
    pub(super) fn is_end_kept(&self, all: &[Happening], end: usize, over: bool) -> bool {
        let says = &self.ends[end].says;
        let alone = |(text, given): &(Sentence, Option<Sentence>)| {
            text.is_alone() && given.as_ref().is_some_and(Sentence::is_alone)
        };
        let (each, together): (Vec<_>, Vec<_>) = says.provides.iter().cloned().partition(alone);
        let said = Said {
            provides: together,
            requires: says.requires.clone(),
        };
        self.is_kept(all, &[end], &said, over)
            && each.iter().all(|(text, given)| {
                let given = given.as_ref().expect("it is given under something");
                self.sides_of(end).all(|(channel, side)| {
                    let own = |all| self.seen(all, &[(channel, side, end)]);
                    let peer = |all| self.seen(all, &[(channel, 1 - side, end)]);
                    let last = all.len().saturating_sub(1);
                    let is_broken = match over {
                        true => !text.holds(&own(all)),
                        false => text.refuted(&own(all)),
                    };
                    !is_broken
                        || given.refuted(&peer(&all[..last]))
                        || (!text.refuted(&own(all)) && over && !given.holds(&peer(all)))
                        || text.refuted(&own(&all[..last]))
                })
            })
    }

    pub(super) fn all_kept(&self, all: &[Happening], over: bool) -> bool {
        (0..self.parts).all(|part| self.is_kept(all, &self.ends_of(part), &self.says[part], over))
            && (0..self.ends.len()).all(|end| self.is_end_kept(all, end, over))
    }
}
