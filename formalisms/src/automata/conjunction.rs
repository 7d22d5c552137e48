//! Conjunctions, and with them disjunctions.

use std::sync::Arc;

use super::formulas::{Formulas, Id, Node};

/// How many parts a conjunction or disjunction has at most that is merged into another one, so that
/// long ones take no quadratic time.
const MERGED: usize = 16;

/// How many parts a conjunction has at most that are compared with each other.
const REDUCED: usize = 8;

impl Formulas {
    /// All of `parts` are true.
    pub fn all(&mut self, parts: &[Id]) -> Id {
        let mut flat = Vec::with_capacity(parts.len());
        for part in parts {
            match self.node(*part) {
                Node::All(inner) if !part.is_negated() && inner.len() <= MERGED => {
                    flat.extend_from_slice(inner);
                }
                _ => flat.push(*part),
            }
        }
        flat.sort_unstable();
        flat.dedup();
        flat.retain(|part| *part != Id::TRUE);
        let contradicts = flat.windows(2).any(|pair| pair[0] == !pair[1]);
        if contradicts || flat.first() == Some(&Id::FALSE) {
            return Id::FALSE;
        }
        match flat[..] {
            [] => Id::TRUE,
            [part] => part,
            _ => {
                let parts: Arc<[Id]> = flat.into();
                self.simplify(Node::All(parts.clone()), |formulas| {
                    let simpler = match formulas.gather(&parts) {
                        Some(gathered) => gathered,
                        None => formulas.reduce(&parts)?,
                    };
                    Some(formulas.all(&simpler))
                })
            }
        }
    }

    /// Moves `G a ∧ G b` to `G (a ∧ b)`, and likewise `F G`, `X`, `H` and yesterday; none if there
    /// is nothing to move.
    fn gather(&mut self, parts: &[Id]) -> Option<Vec<Id>> {
        let mut rest = Vec::new();
        let (mut always, mut ever, mut next) = (Vec::new(), Vec::new(), Vec::new());
        let (mut finally, mut yesterday, mut weak) = (Vec::new(), Vec::new(), Vec::new());
        for part in parts {
            match (self.node(*part), part.is_negated()) {
                (Node::Until(Id::TRUE, body), true) => always.push(!*body),
                (Node::Until(Id::TRUE, body), false) => match (self.node(*body), body.is_negated())
                {
                    (Node::Until(Id::TRUE, body), true) => finally.push(!*body),
                    _ => rest.push(*part),
                },
                (Node::Since(Id::TRUE, body), true) => ever.push(!*body),
                (Node::Next(body), true) => next.push(!*body),
                (Node::Next(body), false) => next.push(*body),
                (Node::Yesterday(body), false) => yesterday.push(*body),
                (Node::Yesterday(body), true) => weak.push(!*body),
                _ => rest.push(*part),
            }
        }
        let before = yesterday.len() + weak.len();
        let counts = [always.len(), finally.len(), ever.len(), next.len(), before];
        let most = counts.into_iter().max().unwrap_or(0);
        if !(2..=MERGED).contains(&most) {
            return None;
        }
        let group = |formulas: &mut Formulas, bodies: &[Id]| {
            (!bodies.is_empty()).then(|| formulas.all(bodies))
        };
        if let Some(body) = group(self, &always) {
            rest.push(self.globally(body));
        }
        if let Some(body) = group(self, &finally) {
            let always = self.globally(body);
            rest.push(self.finally(always));
        }
        if let Some(body) = group(self, &ever) {
            rest.push(self.historically(body));
        }
        if let Some(body) = group(self, &next) {
            rest.push(self.next(body));
        }
        let strong = !yesterday.is_empty();
        yesterday.append(&mut weak);
        if let Some(body) = group(self, &yesterday) {
            rest.push(match strong {
                true => self.yesterday(body),
                false => self.weak_yesterday(body),
            });
        }
        Some(rest)
    }

    /// Fewer parts that say the same together, if that is plain.
    fn reduce(&mut self, parts: &[Id]) -> Option<Vec<Id>> {
        if parts.len() > REDUCED {
            return None;
        }
        for (index, part) in parts.iter().enumerate() {
            let others = || {
                parts
                    .iter()
                    .enumerate()
                    .filter(move |(other, _)| *other != index)
            };
            // What another part says already.
            if others().any(|(_, other)| self.entails(*other, *part)) {
                return Some(others().map(|(_, other)| *other).collect());
            }
            if others().any(|(_, other)| self.entails(*other, !*part)) {
                return Some(vec![Id::FALSE]);
            }
            // A case that another part excludes.
            if let (Node::All(cases), true) = (self.node(*part), part.is_negated()) {
                let open: Vec<Id> = cases
                    .iter()
                    .copied()
                    .filter(|case| !others().any(|(_, other)| self.entails(*other, *case)))
                    .collect();
                if open.len() < cases.len() {
                    let mut parts: Vec<Id> = others().map(|(_, other)| *other).collect();
                    parts.push(!self.all(&open));
                    return Some(parts);
                }
            }
        }
        None
    }
}
