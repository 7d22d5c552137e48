//! Translations between small formalisms whose formulas are sets of models, against the truth; and
//! what is told of them.

use std::collections::BTreeMap;

use super::*;
use crate::formalism::{EndpointStructure, Fidelity, Speaker, Translated, Word};
use crate::relation::Side;
use crate::relation::constraints::Lossy;
use crate::relation::parsed::Parsed;
use crate::types::Constraint;

/// There are four models; a formula is the set of those that satisfy it, a bit for each. Models 0
/// and 1, and 2 and 3, differ in the contents of messages only.
pub(super) type Set = u8;

pub(super) const ALL: Set = 0b1111;

/// The models that may be taken for one of these where contents are lost.
fn blurred(set: Set) -> Set {
    let pair = |mask: Set| if set & mask == 0 { 0 } else { mask };
    pair(0b0011) | pair(0b1100)
}

/// A formalism that can write some of the sets, and translates by a table.
#[derive(Clone, Default)]
pub(super) struct Sets {
    pub(super) name: String,
    /// What it can write; `ALL` is among it.
    pub(super) language: BTreeSet<Set>,
    /// Target → what each set is translated into, if it is.
    pub(super) targets: BTreeMap<String, BTreeMap<Set, (Set, Fidelity)>>,
    /// Conclusions on which it gives up.
    pub(super) hard: BTreeSet<Set>,
    /// Whether it says of all its formulas that they survive lossy conversions.
    pub(super) careless: bool,
    /// Whether it cannot tell if formulas contradict each other.
    pub(super) doubtful: bool,
    /// Whether what is no formula given follows by an axiom only.
    pub(super) axioms: bool,
    /// What sets are said by, so narrowly that they follow, if that is true.
    pub(super) narrow: BTreeMap<Set, Set>,
}

impl Sets {
    fn all(formulas: &[&Formula]) -> Set {
        let sets = formulas.iter().filter_map(|formula| formula.get::<Set>());
        sets.fold(ALL, |all, set| all & set)
    }

    /// The least by number of what it can write and what holds in all these models.
    fn around(&self, set: Set, blind: bool) -> Set {
        let mut around = self.language.iter().copied();
        let fits = |it: &Set| set & !it == 0 && (!blind || blurred(*it) == *it);
        around.find(fits).unwrap_or(ALL)
    }
}

impl Formalism for Sets {
    fn name(&self) -> &str {
        &self.name
    }

    fn id(&self) -> u128 {
        1
    }

    fn parse(&self, text: &str, _: &Structure) -> Result<Formula, ParseError> {
        let set = Set::from_str_radix(text, 2).ok();
        match set.filter(|set| self.language.contains(set)) {
            Some(set) => Ok(Formula::new(set)),
            None => Err(ParseError {
                span: Span::default(),
                message: "not in the language".to_owned(),
                help: None,
            }),
        }
    }

    fn print(&self, formula: &Formula) -> String {
        format!("{:04b}", formula.get::<Set>().copied().unwrap_or(ALL))
    }

    fn satisfiable(&self, formulas: &[&Formula], _: u64) -> Verdict {
        match Sets::all(formulas) {
            _ if self.doubtful => Verdict::Unknown(Reason::Budget),
            0 => Verdict::Fails(Witness::Structure),
            _ => Verdict::Holds,
        }
    }

    fn implies(&self, premises: &[&Formula], _: &Events, asked: &Formula, _: u64) -> Verdict {
        let asked = Sets::all(&[asked]);
        let left = Sets::all(premises) & !asked;
        match left {
            _ if self.hard.contains(&asked) => Verdict::Unknown(Reason::Budget),
            0 => Verdict::Holds,
            left => {
                let model = left.trailing_zeros().to_string();
                Verdict::Fails(Witness::Assignment(vec![("model".to_owned(), model)]))
            }
        }
    }

    fn replay(&self, premises: &[&Formula], _: &Events, asked: &Formula, it: &Witness) -> bool {
        let Witness::Assignment(pairs) = it else {
            return false;
        };
        let model: u32 = pairs[0].1.parse().unwrap();
        Sets::all(premises) & !Sets::all(&[asked]) & (1 << model) != 0
    }

    fn surviving(&self, formula: &Formula) -> Option<Formula> {
        match self.careless {
            true => Some(formula.clone()),
            false => Some(Formula::new(self.around(Sets::all(&[formula]), true))),
        }
    }

    fn rests_on(&self, premises: &[&Formula], conclusion: &Formula) -> Vec<Word> {
        let asked = Sets::all(&[conclusion]);
        let given = premises.iter().any(|it| Sets::all(&[it]) == asked);
        (self.axioms && !given)
            .then(|| axiom(&self.name))
            .into_iter()
            .collect()
    }

    /// All that it can write of what follows.
    fn consequences(&self, formulas: &[&Formula]) -> Vec<Formula> {
        let all = Sets::all(formulas);
        let follow = self.language.iter().filter(|set| all & !**set == 0);
        follow.map(|set| Formula::new(*set)).collect()
    }

    fn translations(&self) -> Vec<(String, Fidelity)> {
        let targets = self.targets.iter().map(|(name, table)| {
            let best = table.values().map(|(_, fidelity)| *fidelity).max();
            (name.clone(), best.unwrap_or(Fidelity::Implied))
        });
        targets.collect()
    }

    fn translate(&self, formula: &Formula, target: &str, _: &Structure) -> Option<Translated> {
        let (set, fidelity) = *self.targets.get(target)?.get(formula.get::<Set>()?)?;
        // Two texts that together are the set, where one would do.
        let texts = [set, ALL].map(|set| format!("{set:04b}")).to_vec();
        Some(Translated { texts, fidelity })
    }

    fn narrowed(&self, formula: &Formula, _: &str, _: &Structure) -> Option<Vec<String>> {
        let narrow = self.narrow.get(formula.get::<Set>()?)?;
        Some(vec![format!("{narrow:04b}")])
    }

    fn is_satisfied(&self, formula: &Formula, _: &str, it: &Witness) -> bool {
        let Witness::Assignment(pairs) = it else {
            return false;
        };
        let model: u32 = pairs[0].1.parse().unwrap();
        Sets::all(&[formula]) & (1 << model) != 0
    }
}

/// What stands behind an axiom.
pub(super) fn axiom(formalism: &str) -> Word {
    Word {
        formalism: formalism.to_owned(),
        by: Speaker::Ontology {
            place: "here".to_owned(),
            reason: "it is so".to_owned(),
        },
        premises: Vec::new(),
        conclusion: String::new(),
    }
}

/// Numbers that look random, the same each time.
struct Dice(u64);

impl Dice {
    fn below(&mut self, count: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % count
    }

    fn one<T: Copy>(&mut self, of: &BTreeSet<T>) -> T {
        let at = self.below(of.len() as u64) as usize;
        *of.iter().nth(at).unwrap()
    }
}

const NAMES: [&str; 4] = ["a", "b", "c", "d"];

/// Formalisms that translate as they can, and not always that well.
fn world(dice: &mut Dice) -> Vec<Sets> {
    let mut world: Vec<Sets> = NAMES
        .iter()
        .map(|name| {
            let mut language = BTreeSet::from([ALL]);
            for _ in 0..2 + dice.below(5) {
                language.insert(1 + dice.below(15) as Set);
            }
            let hard = (0..dice.below(2)).map(|_| dice.below(16) as Set).collect();
            Sets {
                name: (*name).to_owned(),
                language,
                hard,
                ..Sets::default()
            }
        })
        .collect();
    for from in 0..4 {
        for to in 0..4 {
            if from == to || dice.below(3) > 0 {
                continue;
            }
            let target = world[to].clone();
            let mut table = BTreeMap::new();
            for set in &world[from].language {
                let exact = target.language.contains(set);
                match dice.below(6) {
                    0 => {}
                    1..5 if exact => {
                        table.insert(*set, (*set, Fidelity::Exact));
                    }
                    _ => {
                        table.insert(*set, (target.around(*set, false), Fidelity::Implied));
                    }
                }
            }
            world[from].targets.insert(target.name, table);
        }
    }
    world
}

/// Names that chains lead to.
fn reachable(world: &[Sets], from: &str, least: Fidelity) -> BTreeSet<String> {
    let mut reached = BTreeSet::from([from.to_owned()]);
    loop {
        let before = reached.clone();
        for sets in world.iter().filter(|sets| before.contains(&sets.name)) {
            for (name, best) in sets.translations() {
                if best >= least {
                    reached.insert(name);
                }
            }
        }
        if reached == before {
            return reached;
        }
    }
}

pub(super) fn parsed(formalisms: &Formalisms, formalism: &str, set: Set) -> Parsed {
    let constraint = Constraint {
        formalism: Arc::from(formalism),
        text: Arc::from(format!("{set:04b}")),
        dual: false,
        given: None,
        renamed: BTreeMap::new(),
        lossy: false,
        place: None,
    };
    let structure = |_| Arc::new(Structure::Endpoint(EndpointStructure::default()));
    Parsed::new(formalisms, &constraint, Side::Provides, structure)
}

fn set(text: &str) -> Set {
    let sets = text
        .split("; ")
        .map(|text| Set::from_str_radix(text, 2).unwrap());
    sets.fold(ALL, |all, set| all & set)
}

/// Checks each step of a derivation by the definitions of the formalisms, and that it ends in the
/// premises.
fn is_proof(
    derivation: &Derivation,
    world: &[Sets],
    premises: &[Parsed],
    counts: &mut BTreeMap<String, u64>,
) {
    let mut count = |rule: &str| *counts.entry(rule.to_owned()).or_default() += 1;
    let Derivation {
        formalism,
        text,
        rule,
    } = derivation;
    let of = |name: &str| world.iter().find(|sets| sets.name == *name).unwrap();
    let here = of(formalism);
    let mut children: Vec<&Derivation> = Vec::new();
    match rule {
        Rule::Stated(_) => {
            let given = |it: &Parsed| {
                *it.constraint.formalism == **formalism && *it.constraint.text == **text
            };
            assert!(premises.iter().any(given), "{text} is no premise");
        }
        Rule::Repeated { from } => {
            count("repeated");
            assert_eq!((formalism, set(text)), (&from.formalism, set(&from.text)));
            children.push(from);
        }
        Rule::Implied { from, .. } => {
            count("implied");
            let all = |left: Option<usize>| {
                let used = from.iter().enumerate();
                let used = used.filter(|(at, _)| Some(*at) != left);
                used.fold(ALL, |all, (_, it)| all & set(&it.text))
            };
            assert!(from.iter().all(|it| it.formalism == *formalism));
            assert_eq!(all(None) & !set(text), 0);
            for at in 0..from.len() {
                assert_ne!(all(Some(at)) & !set(text), 0, "more is told than needed");
            }
            children.extend(from.iter().map(|from| &**from));
        }
        Rule::Translated { from } => {
            count("translated");
            let (told, _) = of(&from.formalism).targets[formalism][&set(&from.text)];
            assert!([told, ALL].contains(&set(text)), "{text} is not {told:04b}");
            children.push(from);
        }
        Rule::Defined { from } => {
            count("defined");
            for part in text.split("; ") {
                let (told, fidelity) = here.targets[&from.formalism][&set(part)];
                assert_eq!(fidelity, Fidelity::Exact);
                assert_eq!(set(&from.text) & !told, 0);
            }
            children.push(from);
        }
        Rule::Surviving { from } => {
            count("surviving");
            assert_eq!(set(text), here.around(set(&from.text), true));
            children.push(from);
        }
        Rule::Assumed | Rule::Weakened { .. } => panic!("nothing is given under an assumption"),
    }
    for child in children {
        is_proof(child, world, premises, counts);
    }
}

#[test]
fn no_answer_is_false_whatever_is_translated() {
    let mut dice = Dice(5);
    let mut counts: BTreeMap<String, u64> = BTreeMap::new();
    for _ in 0..30_000 {
        let world = world(&mut dice);
        let mut formalisms = Formalisms::none();
        for sets in &world {
            formalisms.add(Arc::new(sets.clone()));
        }
        let asked = dice.below(4) as usize;
        let conclusion = dice.one(&world[asked].language);
        let said = reachable(&world, NAMES[asked], Fidelity::Exact);
        let mut premises = Vec::new();
        let (mut all, mut own) = (ALL, ALL);
        for _ in 0..1 + dice.below(3) {
            let giver = dice.below(4) as usize;
            let set = dice.one(&world[giver].language);
            premises.push(parsed(&formalisms, NAMES[giver], set));
            // Formalisms of which no chain leads to one another are about different things.
            let leads = reachable(&world, NAMES[giver], Fidelity::Implied);
            if !leads.is_disjoint(&said) {
                all &= set;
            }
            own &= if giver == asked { set } else { ALL };
        }
        let lossy = dice.below(4) == 0;
        let seen = if lossy { blurred(all) } else { all };
        let truth = seen & !conclusion == 0;
        let mut types = Types::new();
        let relations = Relations::new(&mut types, &formalisms);
        let asked = parsed(&formalisms, NAMES[asked], conclusion);
        let premises: Vec<Parsed> = premises
            .iter()
            .map(|it| it.owned_by(&Owner::Left, Side::Provides))
            .collect();
        let answer = relations.implies(&premises, &Events::All, &asked, &Lossy::Endpoint(lossy));
        match &answer.verdict {
            Verdict::Holds => {
                assert!(truth);
                let lossy = Lossy::Endpoint(lossy);
                let proof = relations.derivation(&premises, &Events::All, &asked, &lossy, &answer);
                assert_eq!(proof.text, asked.words());
                is_proof(&proof, &world, &premises, &mut counts);
            }
            Verdict::Fails(_) => assert!(!truth),
            Verdict::Unknown(_) => {}
        }
        let alone = (if lossy { blurred(own) } else { own }) & !conclusion == 0;
        let kind = format!("{}, alone {alone}, lossy {lossy}", answer.verdict);
        *counts.entry(kind).or_default() += 1;
    }
    for (kind, least) in [
        ("holds, alone false, lossy false", 500),
        ("holds, alone false, lossy true", 50),
        ("fails, alone false, lossy false", 1_000),
        ("repeated", 1_000),
        ("implied", 1_000),
        ("translated", 1_000),
        ("defined", 100),
        ("surviving", 100),
    ] {
        let count = counts.get(kind).copied().unwrap_or(0);
        assert!(count >= least, "{kind}: {count}; {counts:?}");
    }
}

/// `a`, `b` and `c` in a row and back again; each can write these sets, and what is translated is
/// the same set, or more where `partly`.
pub(super) fn row(partly: Option<Set>) -> Formalisms {
    let language = BTreeSet::from([0b0001, 0b0011, 0b0111, ALL]);
    let table = || {
        let translated = |set: &Set| match partly {
            Some(more) if set & !more == 0 => (*set, (more, Fidelity::Implied)),
            _ => (*set, (*set, Fidelity::Exact)),
        };
        language.iter().map(translated).collect::<BTreeMap<_, _>>()
    };
    let mut formalisms = Formalisms::none();
    for (name, targets) in [("a", &["b"][..]), ("b", &["a", "c"]), ("c", &["b"])] {
        formalisms.add(Arc::new(Sets {
            name: name.to_owned(),
            language: language.clone(),
            targets: targets
                .iter()
                .map(|it| ((*it).to_owned(), table()))
                .collect(),
            ..Sets::default()
        }));
    }
    formalisms
}

/// The answer where one provides this and its peer requires that.
pub(super) fn meets(formalisms: &Formalisms, provided: &str, required: &str) -> String {
    let declarations =
        format!("endpoint Giver {{ out e(); {provided} }} endpoint Asker {{ in e(); {required} }}");
    let (mut types, ends) = two_endpoints(declarations, ["Giver", "Asker"]);
    let answer = Relations::new(&mut types, formalisms).endpoints_match(ends[0], ends[1]);
    shown(&answer)
}

#[test]
fn a_chain_is_told_where_it_does_not_suffice() {
    let provided = r#"provides a "0011";"#;
    assert_eq!(
        meets(&row(None), provided, r#"requires c "0111";"#),
        "holds\n"
    );
    expect![[r#"
        fails
        `right` requires c "0001", and `left` provides only a "0011"; a "0011" is translated into b "0011", and that into c "0011"; a "0011" is translated into b "0011", and that into c "1111"; a "0111" is translated into b "0111", and that into c "0111"; that allows model = 1
          add `provides c "0001"` where it is true, or require less
    "#]]
    .assert_eq(&meets(&row(None), provided, r#"requires c "0001";"#));
}

#[test]
fn what_is_translated_in_part_refutes_nothing() {
    let provided = r#"provides a "0001";"#;
    let partly = row(Some(0b0011));
    assert_eq!(meets(&partly, provided, r#"requires c "0011";"#), "holds\n");
    expect![[r#"
        unknown
        `right` requires c "0001", and `left` provides only a "0001"; whether that suffices is not known: `c` does not decide it, and cannot say all of a "0001"
    "#]]
    .assert_eq(&meets(&partly, provided, r#"requires c "0001";"#));
}

#[test]
fn a_requirement_is_asked_where_it_has_an_exact_definition() {
    // Nothing leads from `c` to `a` any more.
    let mut formalisms = row(None);
    let alone = Sets {
        name: "c".to_owned(),
        language: BTreeSet::from([0b0011, ALL]),
        ..Sets::default()
    };
    formalisms.add(Arc::new(alone));
    let required = r#"requires a "0111";"#;
    assert_eq!(
        meets(&formalisms, r#"provides c "0011";"#, required),
        "unknown\n`right` requires a \"0111\", and `left` provides only c \"0011\"; whether that suffices is not known: `a` does not decide it, and cannot say all of c \"0011\"\n"
    );
    let defined = Sets {
        name: "c".to_owned(),
        language: BTreeSet::from([0b0001, 0b0011, 0b0111, ALL]),
        ..Sets::default()
    };
    formalisms.add(Arc::new(defined));
    assert_eq!(
        meets(&formalisms, r#"provides c "0011";"#, required),
        "holds\n"
    );
    expect![[r#"
        fails
        `right` requires a "0001", and `left` provides only c "0011"; a "0001" is translated into b "0001; 1111", and that into c "0001; 1111; 1111; 1111"; that allows model = 1
          add `provides a "0001"` where it is true, or require less
    "#]]
    .assert_eq(&meets(&formalisms, r#"provides c "0011";"#, r#"requires a "0001";"#));
}
