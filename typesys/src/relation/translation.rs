//! Constraints in other formalisms: what is guaranteed, told from one formalism to the next, and
//! what is required, where it has an exact definition (semantics, section 6 and "Translations").
//!
//! All guarantees of a formalism are closed under its consequences, each consequence is translated
//! into every formalism that leads on, and so on until nothing new arrives. A text that arrived
//! before is not taken again, so cycles end; and what arrives first came the shortest way, by the
//! first names where two are equally short.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::Translation;
use super::derivation::Derivation;
use super::parsed::Parsed;
use crate::formalism::{
    EndpointStructure, Fidelity, Formalism, Formalisms, Formula, Structure, Word,
};
use crate::verdict::Witness;

/// Translations in one chain.
const MAX_CHAIN: usize = 8;
/// Formulas that one formalism is told.
const MAX_FORMULAS: usize = 1024;

/// Which formalisms translate into which, as far as both are registered.
pub(super) struct Routes<'f> {
    formalisms: &'f Formalisms,
    known: BTreeMap<String, Vec<(String, Fidelity)>>,
}

impl<'f> Routes<'f> {
    pub(super) fn new(formalisms: &'f Formalisms) -> Routes<'f> {
        Routes {
            formalisms,
            known: BTreeMap::new(),
        }
    }

    pub(super) fn formalism(&self, name: &str) -> Option<&'f Arc<dyn Formalism>> {
        self.formalisms.get(name)
    }

    /// Where one step leads, by name, with what is claimed of it.
    fn from(&mut self, name: &str) -> &[(String, Fidelity)] {
        let formalisms = self.formalisms;
        self.known.entry(name.to_owned()).or_insert_with(|| {
            let all = formalisms.get(name).into_iter();
            let all = all.flat_map(|formalism| formalism.translations());
            let mut known: Vec<(String, Fidelity)> = all
                .filter(|(target, _)| formalisms.get(target).is_some())
                .collect();
            known.sort();
            known
        })
    }

    /// The formalisms that chains lead to from this one, and itself; only over translations that
    /// may be at least so good.
    pub(super) fn reachable(&mut self, name: &str, least: Fidelity) -> BTreeSet<String> {
        let mut reached = BTreeSet::from([name.to_owned()]);
        let mut last = vec![name.to_owned()];
        for _ in 0..MAX_CHAIN {
            let mut next = Vec::new();
            for name in &last {
                for (target, fidelity) in self.from(name) {
                    if *fidelity >= least && reached.insert(target.clone()) {
                        next.push(target.clone());
                    }
                }
            }
            last = next;
        }
        reached
    }
}

/// The formalisms on the way from any of `given` to those in which a requirement may be `said`,
/// these included.
pub(super) fn useful<'n>(
    routes: &mut Routes<'_>,
    given: impl IntoIterator<Item = &'n str>,
    said: &BTreeSet<String>,
) -> BTreeSet<String> {
    let mut useful = said.clone();
    for name in given {
        for between in routes.reachable(name, Fidelity::Implied) {
            let leads = routes.reachable(&between, Fidelity::Implied);
            if !leads.is_disjoint(said) {
                useful.insert(between);
            }
        }
    }
    useful
}

/// A formula that a formalism may use, and where it comes from.
#[derive(Clone)]
pub(super) struct Used {
    pub(super) formula: Formula,
    /// The constraint itself first, then its translations, the last of which the formula is.
    pub(super) steps: Vec<(String, String)>,
    /// What stands behind it without a proof.
    pub(super) rests_on: Vec<Word>,
    pub(super) source: Source,
}

/// What a formula that a formalism may use was made of.
#[derive(Clone)]
pub(super) enum Source {
    /// A guarantee, with its derivation where somebody wants to be told.
    Given(Option<Arc<Derivation>>),
    /// A consequence of the first so many formulas that another formalism knows.
    Translated {
        /// The name of that one.
        from: String,
        /// How many.
        first: usize,
        /// What follows from them.
        consequence: Formula,
        /// Whether the formula is all of what that was translated into, and not what lossy
        /// conversions leave of it.
        all: bool,
    },
}

impl Used {
    /// What there is to tell, if it was translated at all.
    pub(super) fn told(&self) -> Option<Translation> {
        (self.steps.len() > 1).then(|| Translation {
            steps: self.steps.clone(),
        })
    }

    /// Whether it was translated from another formalism than this.
    pub(super) fn is_foreign_to(&self, formalism: &str) -> bool {
        self.steps
            .first()
            .is_some_and(|(first, _)| first != formalism)
    }
}

/// What follows from all that one formalism knows.
struct Consequence {
    formula: Formula,
    steps: Vec<(String, String)>,
    rests_on: Vec<Word>,
}

/// What one formalism knows.
#[derive(Default)]
pub(super) struct Told {
    pub(super) used: Vec<Used>,
    /// What `used` prints as.
    seen: BTreeSet<String>,
    /// The formalisms all of whose usable guarantees are wholly contained. Where some are not
    /// usable, nothing is refuted ([`super::Relations::implies`]).
    pub(super) whole: BTreeSet<String>,
    /// Whether all of it may be used as it is; else only what survives lossy conversions.
    lossy: bool,
    /// How much there was when it was translated last.
    passed_on: (usize, usize),
}

impl Told {
    /// What is known, each with what it rests on without a proof.
    pub(super) fn parts(&self) -> impl Iterator<Item = (&Formula, &[Word])> {
        let used = self.used.iter();
        used.map(|used| (&used.formula, used.rests_on.as_slice()))
    }
}

/// A guarantee as it may be used.
pub(super) struct Given<'p> {
    pub(super) parsed: &'p Parsed,
    /// The formula, or what is left of it; none if nothing can be used.
    pub(super) usable: Option<Formula>,
    /// Whether a lossy conversion concerns it.
    pub(super) lossy: bool,
}

/// What every formalism knows of guarantees, after translating those that lead to `useful` ones.
pub(super) fn spread(
    routes: &mut Routes<'_>,
    given: &[Given<'_>],
    useful: &BTreeSet<String>,
    budget: u64,
) -> BTreeMap<String, Told> {
    let mut told: BTreeMap<String, Told> = BTreeMap::new();
    for each in given {
        let name = each.parsed.constraint.formalism.to_string();
        let here = told.entry(name.clone()).or_insert_with(|| Told {
            whole: BTreeSet::from([name.clone()]),
            ..Told::default()
        });
        here.lossy |= each.lossy;
        if let (Some(formula), Some((formalism, _))) = (&each.usable, each.parsed.read()) {
            here.seen.insert(formalism.print(formula));
            here.used.push(Used {
                formula: formula.clone(),
                steps: vec![(name, each.parsed.words())],
                rests_on: each.parsed.rests_on().to_vec(),
                source: Source::Given(each.parsed.told_as_usable(formula)),
            });
        }
    }
    let structures = given.iter().filter_map(|each| each.parsed.structure());
    let Some(structure) = common(structures) else {
        return told;
    };
    for _ in 0..MAX_CHAIN {
        let names: Vec<String> = told.keys().cloned().collect();
        let mut news = false;
        for name in names {
            news |= pass_on(routes, &mut told, &name, &structure, useful, budget);
        }
        if !news {
            break;
        }
    }
    told
}

/// What is guaranteed, said so narrowly in one formalism that all of it follows.
pub(super) struct Narrowed<'g> {
    pub(super) formulas: Vec<Formula>,
    /// The guarantees that are not wholly translated there, with what is used of them.
    lossy: Vec<(&'g Arc<dyn Formalism>, &'g Formula)>,
}

impl Narrowed<'_> {
    /// Whether a refutation of the formalism is one of all that is guaranteed.
    pub(super) fn is_confirmed(&self, formalism: &str, witness: &Witness) -> bool {
        let mut lossy = self.lossy.iter();
        lossy.all(|(source, formula)| source.is_satisfied(formula, formalism, witness))
    }
}

/// What is guaranteed, narrowly said in the formalism `target`, which knows what `here` has.
pub(super) fn narrowed<'g>(
    given: &'g [Given<'_>],
    here: &Told,
    target: &Arc<dyn Formalism>,
) -> Option<Narrowed<'g>> {
    let structure = common(given.iter().filter_map(|each| each.parsed.structure()))?;
    let mut narrowed = Narrowed {
        formulas: here.used.iter().map(|used| used.formula.clone()).collect(),
        lossy: Vec::new(),
    };
    let is_whole = |each: &&Given<'_>| here.whole.contains(&*each.parsed.constraint.formalism);
    for each in given.iter().filter(|each| !is_whole(each)) {
        let (source, _) = each.parsed.read()?;
        let formula = each.usable.as_ref()?;
        for text in source.narrowed(formula, target.name(), &structure)? {
            narrowed
                .formulas
                .push(target.parse(&text, &structure).ok()?);
        }
        narrowed.lossy.push((source, formula));
    }
    Some(narrowed)
}

/// Translates what one formalism knows into the next ones, if there is news; whether there was.
fn pass_on(
    routes: &mut Routes<'_>,
    told: &mut BTreeMap<String, Told>,
    name: &str,
    structure: &Structure,
    useful: &BTreeSet<String>,
    budget: u64,
) -> bool {
    let targets = routes.from(name).to_vec();
    let Some(formalism) = routes.formalism(name) else {
        return false;
    };
    let here = told.entry(name.to_owned()).or_default();
    let amount = (here.used.len(), here.whole.len());
    if targets.iter().all(|(target, _)| !useful.contains(target)) || here.passed_on == amount {
        return false;
    }
    here.passed_on = amount;
    let formulas: Vec<&Formula> = here.used.iter().map(|used| &used.formula).collect();
    // From a contradiction anything would follow.
    let consistent = routes
        .formalisms
        .satisfiable(&**formalism, &formulas, budget);
    if !consistent.holds() {
        return false;
    }
    let (lossy, whole) = (here.lossy, here.whole.clone());
    let inherited = here
        .used
        .iter()
        .flat_map(|used| used.rests_on.iter().cloned());
    let inherited: Vec<Word> = inherited.collect();
    let mut consequences: Vec<Consequence> = formalism
        .consequences(&formulas)
        .into_iter()
        .map(|formula| {
            let printed = formalism.print(&formula);
            let same = here
                .used
                .iter()
                .find(|used| formalism.print(&used.formula) == printed);
            let steps = match same {
                Some(used) => used.steps.clone(),
                None => vec![(name.to_owned(), printed)],
            };
            let rests_on = match same {
                Some(used) => used.rests_on.clone(),
                None => {
                    let own = formalism.rests_on(&formulas, &formula);
                    inherited.iter().cloned().chain(own).collect()
                }
            };
            Consequence {
                formula,
                steps,
                rests_on,
            }
        })
        .collect();
    // What arrives first stays.
    consequences.sort_by_key(|consequence| !consequence.rests_on.is_empty());
    let useful_targets = targets.iter().filter(|(target, _)| useful.contains(target));
    for (target, _) in useful_targets {
        let Some(reader) = routes.formalism(target) else {
            continue;
        };
        let there = told.entry(target.clone()).or_default();
        there.lossy |= lossy;
        let mut all = true;
        for consequence in &consequences {
            let translated = formalism.translate(&consequence.formula, target, structure);
            let Some(translated) = translated else {
                all = false;
                continue;
            };
            all &= translated.fidelity == Fidelity::Exact;
            for text in translated.texts {
                let read = reader.parse(&text, structure).ok();
                let usable = match lossy {
                    false => read.clone(),
                    // What was translated from a part that is left says nothing about messages
                    // either, if its formalism is right about what is left. So the target is asked
                    // too.
                    true => read.as_ref().and_then(|formula| reader.surviving(formula)),
                };
                let Some(formula) = usable.filter(|_| there.used.len() < MAX_FORMULAS) else {
                    all = false;
                    continue;
                };
                let printed = reader.print(&formula);
                let intact = !lossy || read.is_some_and(|read| reader.print(&read) == printed);
                if there.seen.insert(printed) {
                    let step = (target.clone(), text);
                    there.used.push(Used {
                        formula,
                        steps: consequence.steps.iter().cloned().chain([step]).collect(),
                        rests_on: consequence.rests_on.clone(),
                        source: Source::Translated {
                            from: name.to_owned(),
                            first: amount.0,
                            consequence: consequence.formula.clone(),
                            all: intact,
                        },
                    });
                }
            }
        }
        if all {
            there.whole.extend(whole.iter().cloned());
        }
    }
    true
}

/// A requirement in one formalism: all of `formulas` together are the same as what is required.
pub(super) struct Asked {
    pub(super) formalism: String,
    pub(super) formulas: Vec<Formula>,
    /// The requirement itself, then its definitions.
    pub(super) steps: Vec<(String, String)>,
}

/// A requirement in its own formalism, and in every other one in which exact definitions say the
/// same: the shortest chains first, by name.
pub(super) fn definitions(routes: &mut Routes<'_>, conclusion: &Parsed) -> Vec<Asked> {
    let Some((_, formula)) = conclusion.read() else {
        return Vec::new();
    };
    let own = conclusion.constraint.formalism.to_string();
    let mut all = vec![Asked {
        formalism: own.clone(),
        formulas: vec![formula.clone()],
        steps: vec![(own, conclusion.words())],
    }];
    let Some(structure) = common(conclusion.structure()) else {
        return all;
    };
    let mut next = 0;
    while next < all.len() {
        let from = all[next].formalism.clone();
        for (target, _) in routes.from(&from).to_vec() {
            if all.iter().all(|asked| asked.formalism != target) {
                all.extend(defined(routes, &all[next], &target, &structure));
            }
        }
        next += 1;
    }
    all
}

/// A requirement said exactly in another formalism.
fn defined(
    routes: &Routes<'_>,
    asked: &Asked,
    target: &str,
    structure: &Structure,
) -> Option<Asked> {
    let formalism = routes.formalism(&asked.formalism)?;
    let reader = routes.formalism(target)?;
    let (mut formulas, mut texts) = (Vec::new(), Vec::new());
    for formula in &asked.formulas {
        let translated = formalism.translate(formula, target, structure)?;
        // With no text nothing would be asked.
        if translated.fidelity != Fidelity::Exact || translated.texts.is_empty() {
            return None;
        }
        for text in translated.texts {
            formulas.push(reader.parse(&text, structure).ok()?);
            texts.push(text);
        }
    }
    let step = (target.to_owned(), texts.join("; "));
    Some(Asked {
        formalism: target.to_owned(),
        formulas,
        steps: asked.steps.iter().cloned().chain([step]).collect(),
    })
}

/// The structure in which formulas of several constraints can be written: that of the one endpoint,
/// or all endpoints of an object, under names that texts can have.
fn common<'s>(structures: impl IntoIterator<Item = &'s Structure>) -> Option<Structure> {
    let mut endpoints: BTreeMap<&str, &EndpointStructure> = BTreeMap::new();
    let mut object = false;
    for structure in structures {
        match structure {
            Structure::Undeclared | Structure::Endpoint(_) => return Some(structure.clone()),
            Structure::Object(all) => {
                object = true;
                endpoints.extend(all.values().map(|each| (each.name.as_str(), each)));
            }
        }
    }
    let mut named = BTreeMap::new();
    for (name, endpoint) in endpoints {
        let letter = |c: char| if c.is_ascii_alphanumeric() { c } else { '_' };
        let mut key: String = name.chars().map(letter).collect();
        while named.contains_key(&key) {
            key.push('_');
        }
        named.insert(key, endpoint.clone());
    }
    object.then_some(Structure::Object(named))
}
