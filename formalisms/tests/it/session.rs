//! Both session formalisms against what they mean: two sides that talk through queues.

use std::collections::{BTreeSet, VecDeque};

use liveobj_formalisms::Session;
use liveobj_types::formalism::{Events, Formalism, Formula, Structure};
use liveobj_types::verdict::Verdict;
use proptest::prelude::*;

const BUDGET: u64 = 60_000;

/// A session type as it is written, variables by number of the binders between.
#[derive(Clone, Debug)]
pub(super) enum Term {
    End,
    Variable(usize),
    /// Each choice binds a variable.
    Choice(bool, Vec<(char, Term)>),
}

impl Term {
    pub(super) fn text(&self, depth: usize) -> String {
        match self {
            Term::End => "end".to_owned(),
            Term::Variable(up) => match depth {
                0 => "end".to_owned(),
                depth => format!("X{}", depth - 1 - up % depth),
            },
            Term::Choice(output, branches) => {
                let sign = if *output { '!' } else { '?' };
                let branches = branches.iter();
                let branches = branches
                    .map(|(event, then)| format!("{sign}{event}; {}", then.text(depth + 1)));
                let branches = branches.collect::<Vec<_>>().join(", ");
                format!("rec X{depth} . [{branches}]")
            }
        }
    }

    fn dual(&self) -> Term {
        match self {
            Term::Choice(output, branches) => {
                let branches = branches.iter().map(|(event, then)| (*event, then.dual()));
                Term::Choice(!output, branches.collect())
            }
            other => other.clone(),
        }
    }
}

pub(super) fn term(depth: u32) -> impl Strategy<Value = Term> {
    let leaf = prop_oneof![1 => Just(Term::End), 4 => (0..4usize).prop_map(Term::Variable)];
    leaf.prop_recursive(depth, 24, 3, |inner| {
        let branches = proptest::collection::btree_map(
            proptest::sample::select(vec!['a', 'b', 'c']),
            inner,
            1..3,
        );
        (any::<bool>(), branches)
            .prop_map(|(output, branches)| Term::Choice(output, branches.into_iter().collect()))
    })
}

/// Swaps an input and an output that follow each other somewhere, so that pairs are related
/// more often than by chance.
fn anticipated(term: &Term, mut skip: usize) -> Term {
    fn go(term: &Term, skip: &mut usize) -> Term {
        let Term::Choice(output, branches) = term else {
            return term.clone();
        };
        if !output
            && let [(input, Term::Choice(true, inner))] = &branches[..]
            && let [(emitted, then)] = &inner[..]
        {
            if *skip == 0 {
                *skip = usize::MAX;
                let then = go(then, skip);
                let handled = Term::Choice(false, vec![(*input, then)]);
                return Term::Choice(true, vec![(*emitted, handled)]);
            }
            *skip -= 1;
        }
        let branches = branches
            .iter()
            .map(|(event, then)| (*event, go(then, skip)));
        Term::Choice(*output, branches.collect())
    }
    go(term, &mut skip)
}

/// A term where it is closed, and what the variables of the choices around it stand for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place(pub(super) Vec<usize>);

/// Follows a path of branches from the root, variables unfolded.
pub(super) fn unfold(root: &Term, path: &Place) -> (Option<bool>, Vec<(char, Place)>) {
    let mut term = root;
    for branch in &path.0 {
        match term {
            Term::Choice(_, branches) => term = &branches[*branch].1,
            _ => unreachable!("paths lead through choices"),
        }
    }
    match term {
        Term::End => (None, Vec::new()),
        Term::Variable(up) => match path.0.len() {
            0 => (None, Vec::new()),
            depth => unfold(root, &Place(path.0[..depth - 1 - up % depth].to_vec())),
        },
        Term::Choice(output, branches) => {
            let next = branches.iter().enumerate().map(|(branch, (event, _))| {
                let mut path = path.0.clone();
                path.push(branch);
                (*event, Place(path))
            });
            (Some(*output), next.collect())
        }
    }
}

/// Whether two sides that talk through queues get stuck or meet a message they do not expect, as
/// far as `limit` configurations show; each queue holds at most five messages.
fn goes_wrong(left: &Term, right: &Term, limit: usize) -> bool {
    type Side = (Place, VecDeque<char>);
    let start: (Side, Side) = (
        (Place(vec![]), VecDeque::new()),
        (Place(vec![]), VecDeque::new()),
    );
    let mut met = BTreeSet::from([start.clone()]);
    let mut queue = VecDeque::from([start]);
    while let Some((a, b)) = queue.pop_front() {
        if met.len() > limit {
            return false;
        }
        let mut next = Vec::new();
        let mut capped = false;
        for (me, other, first) in [(&a, &b, true), (&b, &a, false)] {
            let term = if first { left } else { right };
            let (kind, branches) = unfold(term, &me.0);
            let mut push = |me: Side, other: Side| {
                next.push(if first { (me, other) } else { (other, me) });
            };
            match kind {
                Some(true) if other.1.len() < 5 => {
                    for (event, place) in branches {
                        let mut inbox = other.1.clone();
                        inbox.push_back(event);
                        push((place, me.1.clone()), (other.0.clone(), inbox));
                    }
                }
                Some(true) => capped = true,
                Some(false) => {
                    let mut inbox = me.1.clone();
                    if let Some(message) = inbox.pop_front() {
                        match branches.into_iter().find(|(event, _)| *event == message) {
                            Some((_, place)) => push((place, inbox), other.clone()),
                            None => return true,
                        }
                    }
                }
                None if me.1.is_empty() => {}
                None => return true,
            }
        }
        let ended = |term, side: &Side| unfold(term, &side.0).0.is_none();
        if next.is_empty() && !capped && !(ended(left, &a) && ended(right, &b)) {
            return true;
        }
        for state in next {
            if met.insert(state.clone()) {
                queue.push_back(state);
            }
        }
    }
    false
}

fn read(term: &Term) -> Formula {
    let text = term.text(0);
    Session::Asynchronous
        .parse(&text, &Structure::Undeclared)
        .unwrap_or_else(|error| panic!("{text}: {error:?}"))
}

/// The verdict on `left ≤ right`, its refutation confirmed.
fn subtype(session: Session, left: &Formula, right: &Formula) -> Verdict {
    let verdict = session.implies(&[left], &Events::All, right, BUDGET);
    if let Verdict::Fails(witness) = &verdict {
        assert!(
            session.replay(&[left], &Events::All, right, witness),
            "{witness:?} does not refute {} <= {}",
            session.print(left),
            session.print(right)
        );
    }
    verdict
}

fn pair() -> impl Strategy<Value = (Term, Term)> {
    prop_oneof![
        1 => (term(4), term(4)),
        3 => (term(6), 0..4usize, 0..4usize).prop_map(|(term, first, second)| {
            (anticipated(&anticipated(&term, first), second), term)
        }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..Default::default() })]

    #[test]
    fn a_subtype_goes_well_with_the_peers_of_its_supertype((left, right) in pair()) {
        let (subtype_, supertype) = (read(&left), read(&right));
        if subtype(Session::Asynchronous, &subtype_, &supertype).holds() {
            prop_assert!(!goes_wrong(&left, &right.dual(), 2_000));
        }
    }

    #[test]
    fn what_holds_at_once_holds_through_queues((left, right) in pair()) {
        let (left, right) = (read(&left), read(&right));
        if subtype(Session::Synchronous, &left, &right).holds() {
            prop_assert!(subtype(Session::Asynchronous, &left, &right).holds());
        }
    }

    #[test]
    fn neither_relation_changes_when_both_sides_are_turned((left, right) in pair()) {
        for session in [Session::Synchronous, Session::Asynchronous] {
            let there = subtype(session, &read(&left), &read(&right));
            let back = subtype(session, &read(&right.dual()), &read(&left.dual()));
            let contradict = there.holds() && back.fails() || there.fails() && back.holds();
            prop_assert!(!contradict, "{} <= {}: {there:?}, {back:?}", left.text(0), right.text(0));
            if session == Session::Synchronous {
                prop_assert_eq!(there.holds(), back.holds());
            }
        }
    }

    #[test]
    fn printing_and_reading_agree(term in term(5)) {
        let formula = read(&term);
        let session = Session::Asynchronous;
        let printed = session.print(&formula);
        let again = session.parse(&printed, &Structure::Undeclared).unwrap();
        prop_assert_eq!(session.print(&again), printed);
        prop_assert!(subtype(Session::Synchronous, &formula, &again).holds());
        prop_assert!(subtype(Session::Synchronous, &again, &formula).holds());
        let twice = session.dual(&session.dual(&formula).unwrap()).unwrap();
        prop_assert_eq!(session.print(&twice), session.print(&formula));
    }
}

/// The labelled pairs of others, where they are at hand.
#[test]
fn outside_pairs_are_decided_as_labelled() {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../shared/conformance/session/pairs.jsonl"
    );
    let Ok(pairs) = std::fs::read_to_string(path) else {
        println!("skipped: no labelled pairs at hand");
        return;
    };
    for line in pairs.lines() {
        let member = |name: &str| {
            let value = line.split(&format!("\"{name}\": ")).nth(1);
            value.unwrap_or_else(|| panic!("no {name} in {line}"))
        };
        let text = |name: &str| member(name)[1..].split('"').next().unwrap_or_default();
        let formula = |name| {
            let parsed = Session::Synchronous.parse(text(name), &Structure::Undeclared);
            parsed.unwrap_or_else(|error| panic!("{line}: {error:?}"))
        };
        let (left, right) = (formula("sub"), formula("sup"));
        for (session, label) in [
            (Session::Synchronous, "sync_subtype"),
            (Session::Asynchronous, "async_subtype"),
        ] {
            let verdict = subtype(session, &left, &right);
            let expected = member(label).starts_with("true");
            assert!(
                if expected {
                    verdict.holds()
                } else {
                    verdict.fails()
                },
                "{label}: {verdict:?} of {line}"
            );
        }
    }
}
