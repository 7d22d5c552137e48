//! The search for the shortest chains of adapters between two endpoints.
//!
//! From both ends, breadth first. An adapter's type arguments are what makes its endpoint look like
//! the type that it is to match; the one in the middle learns from both sides. A chain counts if
//! every match in it is shown. One that is as short and of which it is merely not refuted that it
//! would do leaves the question open: with more formalisms at hand the answer could be another, and
//! with it the identity of the object.

use std::collections::{BTreeMap, BTreeSet};

use liveobj_types::resolve::Environment;
use liveobj_types::types::Object;
use liveobj_types::{EndpointId, TypeId, Verdict, codes};

use super::super::Checker;
use super::super::relate::Question;
use super::candidates::Adapter;

/// Longest chain that is looked for.
pub(super) const MAX_LINKS: usize = 4;
/// Steps that one search takes at most: an adapter held against one or two types.
const MAX_STEPS: usize = 4_096;
/// Steps that all searches of one check take at most.
pub(in crate::check) const MAX_ALL_STEPS: usize = 1 << 20;

/// An adapter with its type arguments.
#[derive(Clone, Debug)]
pub(super) struct Link {
    /// Which, among the candidates.
    pub adapter: usize,
    /// Which of its endpoints is nearer to the left end.
    pub near: usize,
    pub arguments: Environment,
}

/// Adapters in a row, from left to right.
pub(super) type Chain = Vec<Link>;

/// What tells chains apart.
type Key = Vec<(usize, usize, Vec<[u8; 32]>)>;

/// What a search found.
#[derive(Default)]
pub(super) struct Found {
    /// All shortest chains, in the order of the candidates.
    pub chains: Vec<Chain>,
    /// A chain that is no longer than these, and not decided.
    pub open: Option<Chain>,
    /// Whether the search was given up.
    pub exhausted: bool,
}

/// What is asked for.
pub(super) struct Wanted<'a> {
    pub ends: [EndpointId; 2],
    pub adapters: &'a [Adapter],
    /// Which of them may be used.
    pub among: &'a [usize],
    /// Type arguments that are given, by parameter name.
    pub given: &'a Environment,
    /// Longest chain.
    pub links: usize,
    /// Which chains count.
    pub counts: &'a dyn Fn(&Chain) -> bool,
}

/// A type that adapters lead to from one end.
#[derive(Clone)]
struct Front {
    ty: EndpointId,
    shown: bool,
    chain: Chain,
}

/// What is reached from one end, by the number of adapters.
struct Reached {
    fronts: Vec<Vec<Front>>,
    /// Types of all fronts but the last: another way to one of them makes no shorter chain.
    met: BTreeSet<[u8; 32]>,
    /// Whether this is the left end.
    left: bool,
}

struct Search<'s, 'c, 'a> {
    checker: &'s mut Checker<'c>,
    wanted: &'s Wanted<'a>,
    steps: usize,
    /// An adapter of which it is not decided whether its type arguments are within their bounds.
    open: Option<Link>,
}

impl Checker<'_> {
    pub(super) fn chains(&mut self, wanted: &Wanted<'_>) -> Found {
        let mut reached = [(0, true), (1, false)].map(|(end, left)| {
            let ty = wanted.ends[end];
            Reached {
                met: BTreeSet::new(),
                fronts: vec![vec![Front {
                    ty,
                    shown: true,
                    chain: Chain::new(),
                }]],
                left,
            }
        });
        let mut search = Search {
            checker: self,
            wanted,
            steps: MAX_STEPS,
            open: None,
        };
        let mut found = Found::default();
        for links in 1..=wanted.links {
            match search.of_length(links, &mut reached) {
                Some(chains) => {
                    for (chain, shown) in chains.into_values() {
                        if shown {
                            found.chains.push(chain);
                        } else {
                            found.open.get_or_insert(chain);
                        }
                    }
                }
                None => {
                    found.exhausted = true;
                    break;
                }
            }
            if let Some(link) = search.open.take() {
                found.open.get_or_insert(vec![link]);
            }
            if !found.chains.is_empty() {
                break;
            }
        }
        found
    }
}

impl Search<'_, '_, '_> {
    fn step(&mut self) -> Option<()> {
        self.steps = self.steps.checked_sub(1)?;
        self.checker.adapter_steps = self.checker.adapter_steps.checked_sub(1)?;
        Some(())
    }

    /// All chains of so many adapters, each with whether it is shown. `None` when it takes too long.
    fn of_length(
        &mut self,
        links: usize,
        reached: &mut [Reached; 2],
    ) -> Option<BTreeMap<Key, (Chain, bool)>> {
        let mut chains = BTreeMap::new();
        for before in 0..links {
            let after = links - 1 - before;
            self.extend(&mut reached[0], before)?;
            self.extend(&mut reached[1], after)?;
            for left in &reached[0].fronts[before] {
                for right in &reached[1].fronts[after] {
                    for adapter in self.wanted.among {
                        for near in [0, 1] {
                            self.step()?;
                            let Some((chain, shown)) = self.joined(left, right, *adapter, near)
                            else {
                                continue;
                            };
                            if (self.wanted.counts)(&chain) {
                                chains.insert(self.key(&chain), (chain, shown));
                            }
                        }
                    }
                }
            }
        }
        Some(chains)
    }

    /// Follows adapters from one end until `distance` is known.
    fn extend(&mut self, reached: &mut Reached, distance: usize) -> Option<()> {
        while reached.fronts.len() <= distance {
            let mut next = Vec::new();
            let last = reached.fronts.last().expect("the end itself is there");
            for front in last {
                for adapter in self.wanted.among {
                    for facing in [0, 1] {
                        self.step()?;
                        next.extend(self.led(front, *adapter, facing, reached.left));
                    }
                }
            }
            let identity = |front: &Front| self.checker.types.identity(TypeId::Endpoint(front.ty));
            reached.met.extend(last.iter().map(identity));
            next.retain(|front| !reached.met.contains(&identity(front)));
            reached.fronts.push(next);
        }
        Some(())
    }

    /// Where an adapter leads whose endpoint `facing` is connected to `front`.
    fn led(&mut self, front: &Front, adapter: usize, facing: usize, left: bool) -> Option<Front> {
        let end = self.wanted.adapters[adapter].ends[facing].1;
        let arguments = self.checker.types.infer(end, front.ty)?;
        let (arguments, ends) = self.instance(adapter, vec![arguments])?;
        let shown = self.matches(front.ty, ends[facing])?;
        let mut chain = front.chain.clone();
        let near = if left { facing } else { 1 - facing };
        let link = Link {
            adapter,
            near,
            arguments,
        };
        chain.insert(if left { chain.len() } else { 0 }, link);
        Some(Front {
            ty: ends[1 - facing],
            shown: front.shown && shown,
            chain,
        })
    }

    /// The chain with an adapter between two fronts.
    fn joined(
        &mut self,
        left: &Front,
        right: &Front,
        adapter: usize,
        near: usize,
    ) -> Option<(Chain, bool)> {
        let ends = &self.wanted.adapters[adapter].ends;
        let (first, last) = (ends[near].1, ends[1 - near].1);
        let types = &mut self.checker.types;
        let learned = vec![types.infer(first, left.ty)?, types.infer(last, right.ty)?];
        let (arguments, ends) = self.instance(adapter, learned)?;
        let shown = self.matches(left.ty, ends[near])? & self.matches(right.ty, ends[1 - near])?;
        let link = Link {
            adapter,
            near,
            arguments,
        };
        let mut chain = left.chain.clone();
        chain.push(link);
        chain.extend(right.chain.iter().cloned());
        Some((chain, left.shown && right.shown && shown))
    }

    /// The adapter's endpoints under the arguments that were learned, all of which must agree and
    /// leave none open. What the document gives comes first.
    fn instance(
        &mut self,
        index: usize,
        learned: Vec<Environment>,
    ) -> Option<(Environment, [EndpointId; 2])> {
        let adapter = &self.wanted.adapters[index];
        let template = &adapter.offered.template;
        let types = &mut self.checker.types;
        let mut arguments = Environment::new();
        for parameter in &template.type_parameters {
            let name = parameter.name.name.as_str();
            if let Some(given) = self.wanted.given.get(name) {
                arguments.insert(name.to_owned(), *given);
                continue;
            }
            let mut found = learned.iter().filter_map(|learned| learned.get(name));
            let first = *found.next()?;
            if found.any(|other| types.identity(*other) != types.identity(first)) {
                return None;
            }
            arguments.insert(name.to_owned(), first);
        }
        let instance = types.template(&adapter.offered.module, template, &arguments);
        let signature = match instance {
            Ok(signature) => signature,
            Err(faults) => {
                let bounds = faults
                    .iter()
                    .all(|fault| fault.code == codes::ARGUMENT_OUT_OF_BOUND);
                // Out of a bound, or not shown to be within: then nobody knows yet.
                let refuted = adapter.bounds.iter().any(|(name, bound)| {
                    let question = Question::Subtype(arguments[name], *bound);
                    self.checker.ask(question).verdict.fails()
                });
                if bounds && !refuted {
                    self.open.get_or_insert(Link {
                        adapter: index,
                        near: 0,
                        arguments,
                    });
                }
                return None;
            }
        };
        let Object::Endpoints(body) = types.object(signature.result) else {
            return None;
        };
        let ends = [0, 1].map(|end| body.endpoints.get(&adapter.ends[end].0).map(|e| e.ty));
        Some((arguments, [ends[0]?, ends[1]?]))
    }

    /// Whether it is shown that two endpoints match; `None` where it is refuted.
    fn matches(&mut self, left: EndpointId, right: EndpointId) -> Option<bool> {
        match self.checker.ask(Question::Match(left, right)).verdict {
            Verdict::Holds => Some(true),
            Verdict::Unknown(_) => Some(false),
            Verdict::Fails(_) => None,
        }
    }

    fn key(&self, chain: &Chain) -> Key {
        let types = &self.checker.types;
        let key = chain.iter().map(|link| {
            let arguments = link.arguments.values();
            let arguments = arguments.map(|id| types.identity(*id)).collect();
            (link.adapter, link.near, arguments)
        });
        key.collect()
    }
}
