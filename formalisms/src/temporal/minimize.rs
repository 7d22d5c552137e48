//! Makes histories that refute shorter, so that people see what matters in them.

use liveobj_types::formalism::Domain;

use super::formula::{Event, Sentence};
use super::history::{Lasso, Position, Universe};
use super::witness::Vocabulary;

/// A smaller history of which `still` is true, given one of which it is. The history is one that
/// `sentences` speak of.
///
/// The changes are: part of the prefix or of the cycle is left out, silence takes the place of an
/// event, the cycle is silent after at most two more rounds, one element takes the place of another,
/// an element and all that happens to it is left out. Each change that is kept makes the history
/// smaller: by the number of events that repeat, then of positions that do, of events that come
/// first, of positions that do, and of elements. The outcome is a local minimum, unless `attempts`
/// histories were tried before it was reached; it depends on nothing but the arguments.
pub fn minimize(
    lasso: Lasso,
    sentences: &[&Sentence],
    attempts: usize,
    still: &mut dyn FnMut(&Lasso) -> bool,
) -> Lasso {
    let Ok(vocabulary) = Vocabulary::of(sentences) else {
        return lasso;
    };
    let mut search = Search {
        best: lasso,
        vocabulary,
        attempts,
        still,
    };
    while search.round() {}
    search.best
}

struct Search<'a> {
    best: Lasso,
    vocabulary: Vocabulary<'a>,
    /// How many more histories may be tried.
    attempts: usize,
    still: &'a mut dyn FnMut(&Lasso) -> bool,
}

/// What makes a history smaller, the most important first.
fn size(lasso: &Lasso) -> [usize; 5] {
    let events = |positions: &[Position]| {
        let events = positions.iter().map(|position| match position {
            Position::Silence => 0,
            Position::Event(_) => 1,
            Position::Propositions(names) => names.len(),
        });
        events.sum::<usize>()
    };
    let universe = &lasso.universe;
    [
        events(&lasso.cycle),
        lasso.cycle.len(),
        events(&lasso.prefix),
        lasso.prefix.len(),
        universe.instances.len() + universe.proxies + universe.messages.values().sum::<usize>(),
    ]
}

impl Search<'_> {
    /// Takes the history if it is smaller and will do.
    fn accept(&mut self, lasso: Lasso) -> bool {
        if self.attempts == 0 || lasso.cycle.is_empty() || size(&lasso) >= size(&self.best) {
            return false;
        }
        self.attempts -= 1;
        if (self.still)(&lasso) {
            self.best = lasso;
            return true;
        }
        false
    }

    /// Tries all changes once; whether any was kept.
    fn round(&mut self) -> bool {
        let before = size(&self.best);
        self.quiet();
        self.instances();
        self.shorten(|lasso| &mut lasso.cycle);
        self.shorten(|lasso| &mut lasso.prefix);
        self.silence(|lasso| &mut lasso.cycle);
        self.silence(|lasso| &mut lasso.prefix);
        self.fold();
        self.proxies();
        self.messages();
        size(&self.best) < before
    }

    /// Silence for ever after the prefix and up to two rounds of the cycle.
    fn quiet(&mut self) {
        for rounds in 0..=2 {
            let mut lasso = self.best.clone();
            for _ in 0..rounds {
                lasso.prefix.extend(self.best.cycle.iter().cloned());
            }
            lasso.cycle = vec![Position::Silence];
            if self.accept(lasso) {
                return;
            }
        }
    }

    /// Leaves out parts of a list, longer ones first.
    fn shorten(&mut self, part: fn(&mut Lasso) -> &mut Vec<Position>) {
        let mut length = part(&mut self.best).len();
        while length > 0 {
            let mut start = 0;
            while start + length <= part(&mut self.best).len() {
                let mut lasso = self.best.clone();
                part(&mut lasso).drain(start..start + length);
                if !self.accept(lasso) {
                    start += 1;
                }
            }
            length /= 2;
        }
    }

    /// Lets nothing happen instead of something, propositions being left out one by one.
    fn silence(&mut self, part: fn(&mut Lasso) -> &mut Vec<Position>) {
        for at in 0..part(&mut self.best).len() {
            let mut lasso = self.best.clone();
            match &mut part(&mut lasso)[at] {
                Position::Silence => {}
                Position::Propositions(names) => {
                    for name in names.clone() {
                        let mut fewer = self.best.clone();
                        if let Position::Propositions(names) = &mut part(&mut fewer)[at] {
                            names.remove(&name);
                        }
                        self.accept(fewer);
                    }
                }
                event @ Position::Event(_) => {
                    *event = Position::Silence;
                    self.accept(lasso);
                }
            }
        }
    }

    /// Begins the cycle earlier where the prefix ends as the cycle does: the same history.
    fn fold(&mut self) {
        while self.best.prefix.last().is_some() && self.best.prefix.last() == self.best.cycle.last()
        {
            let mut lasso = self.best.clone();
            lasso.prefix.pop();
            lasso.cycle.rotate_right(1);
            if !self.accept(lasso) {
                return;
            }
        }
    }

    /// Leaves out instances with all that happens there, or has it happen at another one.
    fn instances(&mut self) {
        for gone in (0..self.best.universe.instances.len()).rev() {
            let mut lasso = self.best.clone();
            lasso.universe.instances.remove(gone);
            for position in positions(&mut lasso) {
                if let Position::Event(it) = position {
                    match it.instance {
                        at if at == gone => *position = Position::Silence,
                        at => it.instance = without(gone, at),
                    }
                }
            }
            if self.accept(lasso) {
                continue;
            }
            for other in 0..gone {
                let mut lasso = self.best.clone();
                let instances = &mut lasso.universe.instances;
                if instances[other].endpoint != instances[gone].endpoint {
                    continue;
                }
                instances.remove(gone);
                for position in positions(&mut lasso) {
                    if let Position::Event(it) = position {
                        it.instance = match it.instance {
                            at if at == gone => other,
                            at => without(gone, at),
                        };
                    }
                }
                live_once(&mut lasso, other);
                if self.accept(lasso) {
                    break;
                }
            }
        }
    }

    /// Has the instances of a proxy belong to another one.
    fn proxies(&mut self) {
        for gone in (0..self.best.universe.proxies).rev() {
            for other in 0..gone.max(1) {
                let mut lasso = self.best.clone();
                lasso.universe.proxies -= 1;
                for instance in &mut lasso.universe.instances {
                    instance.proxy = match instance.proxy {
                        at if at == gone && gone > 0 => other,
                        at => without(gone, at),
                    };
                }
                if self.accept(lasso) {
                    break;
                }
            }
        }
    }

    /// Puts one value in the place of another, and leaves out the last one if it does not occur.
    fn messages(&mut self) {
        let domains = self.best.universe.messages.clone();
        for (domain, count) in &domains {
            for gone in (0..*count).rev() {
                for other in 0..gone.max(1) {
                    if let Some(lasso) = self.merged(domain, gone, other)
                        && self.accept(lasso)
                    {
                        break;
                    }
                }
            }
        }
    }

    /// The history with the value `other` for the value `gone`; none if both are one that occurs.
    fn merged(&self, domain: &Domain, gone: usize, other: usize) -> Option<Lasso> {
        let mut lasso = self.best.clone();
        let Lasso {
            universe:
                Universe {
                    instances,
                    messages,
                    ..
                },
            prefix,
            cycle,
        } = &mut lasso;
        *messages.get_mut(domain)? -= 1;
        for position in prefix.iter_mut().chain(cycle) {
            let Position::Event(it) = position else {
                continue;
            };
            let endpoint = &instances.get(it.instance)?.endpoint;
            let parameters = self.vocabulary.parameters(endpoint, &it.event);
            for (parameter, value) in &mut it.arguments {
                if parameters.get(&**parameter) != Some(&domain) {
                    continue;
                }
                *value = match *value {
                    at if at == gone && gone == other => return None,
                    at if at == gone => other,
                    at => without(gone, at),
                };
            }
        }
        Some(lasso)
    }
}

fn positions(lasso: &mut Lasso) -> impl Iterator<Item = &mut Position> {
    lasso.prefix.iter_mut().chain(&mut lasso.cycle)
}

/// The place of an element after the one at `gone` is left out.
fn without(gone: usize, at: usize) -> usize {
    at - usize::from(at > gone)
}

/// Of all beginnings of an instance keeps the first, of all ends the last.
fn live_once(lasso: &mut Lasso, instance: usize) {
    let mut keep = |event: &Event, backwards: bool| {
        let all = positions(lasso).filter(|position| {
            matches!(position, Position::Event(it) if it.instance == instance && it.event == *event)
        });
        let mut all = all.collect::<Vec<_>>();
        if backwards {
            all.reverse();
        }
        all.into_iter()
            .skip(1)
            .for_each(|position| *position = Position::Silence);
    };
    keep(&Event::Connect, false);
    keep(&Event::Disconnect, true);
}

#[cfg(test)]
mod tests;
