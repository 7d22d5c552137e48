//! Relations between types, and what to say where they do not hold.

use liveobj_types::diagnostic::Obstacle;
use liveobj_types::relation::Side;
use liveobj_types::types::Object;
use liveobj_types::{
    Code, Diagnostic, EndpointId, Judgement, Mismatch, ObjectId, Place, Problem, Reason, Relations,
    Severity, Step, TypeId, Verdict, codes,
};

use super::{Checker, Depth};
use crate::checked;
use crate::model::Spanned;

use super::Typed;
use super::scope::Scope;

/// What was asked of the relations.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Question {
    Match(EndpointId, EndpointId),
    Subtype(TypeId, TypeId),
}

/// A question with the words for its answer.
pub(super) struct Asked {
    pub codes: Codes,
    /// What is wrong as a whole, where it is refuted.
    pub refuted: String,
    /// The same where it is not decided.
    pub unshown: String,
    /// Names of the two sides.
    pub names: [String; 2],
    pub labels: Vec<(Place, String)>,
    /// The types of the two sides, where they are endpoints.
    pub ends: Option<[EndpointId; 2]>,
    /// Sub- and supertype, where it is asked whether they are.
    pub subtype: Option<[TypeId; 2]>,
    /// What leads to the question.
    pub prefix: Vec<Step>,
    pub help: Help,
}

/// What to do about an answer.
pub(super) enum Help {
    /// What the first mismatch suggests, if the side at fault may be changed: left, right.
    Suggested([bool; 2]),
    /// This.
    Instead(Option<String>),
}

/// Codes of the two ways in which something may not hold.
#[derive(Clone, Copy)]
pub(super) struct Codes {
    pub fails: Code,
    pub unknown: Code,
}

pub(super) const SUBTYPE: Codes = Codes {
    fails: codes::NOT_A_SUBTYPE,
    unknown: codes::SUBTYPE_NOT_SHOWN,
};
pub(super) const MATCH: Codes = Codes {
    fails: codes::ENDPOINT_MISMATCH,
    unknown: codes::ENDPOINT_NOT_SHOWN,
};

impl Checker<'_> {
    pub(super) fn ask(&mut self, question: Question) -> Judgement {
        if self.depth == Depth::Identity {
            return Judgement::holds();
        }
        if let Some(judgement) = self.judged.get(&question) {
            return judgement.clone();
        }
        let mut relations = Relations::new(&mut self.types, self.formalisms);
        let judgement = match question {
            Question::Match(left, right) => relations.endpoints_match(left, right),
            Question::Subtype(left, right) => relations.subtype(left, right),
        };
        drop(relations);
        self.judged.insert(question, judgement.clone());
        judgement
    }

    /// Reports a relation that does not hold. Gives back whether it may pass.
    pub(super) fn judge(&mut self, judgement: &Judgement, asked: Asked) -> bool {
        let Asked {
            codes,
            refuted,
            unshown,
            names: [left, right],
            labels,
            ends,
            subtype,
            prefix,
            help,
        } = asked;
        let mut found = match &judgement.verdict {
            Verdict::Holds => return true,
            Verdict::Fails(_) => Diagnostic::error(codes.fails, refuted),
            Verdict::Unknown(_) if self.policy.allow_unknown => {
                Diagnostic::warning(codes.unknown, unshown)
            }
            Verdict::Unknown(_) => Diagnostic::error(codes.unknown, unshown),
        };
        if self.follows(judgement) {
            return false;
        }
        for (place, text) in labels {
            found = found.at(place, text);
        }
        found
            .labels
            .dedup_by(|later, first| later.place == first.place);
        // What refutes comes before what merely is not shown.
        let mut mismatches: Vec<&Mismatch> = judgement.mismatches.iter().collect();
        mismatches.sort_by_key(|mismatch| !mismatch.problem.verdict().fails());
        for (index, mismatch) in mismatches.into_iter().enumerate() {
            found.obstacles.push(Obstacle {
                kind: mismatch.problem.kind(),
                trail: prefix.iter().chain(&mismatch.trail).cloned().collect(),
            });
            let names = [left.as_str(), right.as_str()];
            let names = ends.map_or(names.map(str::to_owned), |ends| {
                self.owners(ends, names, mismatch)
            });
            if index > 0 {
                found.notes.push(mismatch.to_sentence(&names[0], &names[1]));
                continue;
            }
            // The trail tells the place, but a flag is not one of the whole.
            let last = mismatch.trail.last().cloned();
            let last = last.filter(|_| matches!(mismatch.problem, Problem::Flag { .. }));
            let alone = Mismatch {
                trail: last.into_iter().collect(),
                ..mismatch.clone()
            };
            found.message = format!(
                "{}: {}",
                found.message,
                alone.to_sentence(&names[0], &names[1])
            );
            found.trail = prefix.iter().chain(&mismatch.trail).cloned().collect();
            if let Problem::Unmet { place, asked, .. } = &mismatch.problem {
                // The message tells the constraint.
                if let Some(Step::Constraint { .. }) = found.trail.last() {
                    found.trail.pop();
                }
                let place = place.as_ref().map(|place| self.embedded.outermost(place));
                if let Some(place) = place.filter(|place| place.source == self.source) {
                    found = found.at(
                        place,
                        match asked {
                            Side::Requires => "required here",
                            Side::Provides => "provided here",
                        },
                    );
                }
            }
            let suggested = match &help {
                Help::Instead(help) => {
                    found.help.clone_from(help);
                    continue;
                }
                Help::Suggested(changeable) => changeable[usize::from(!mismatch.left_at_fault)],
            };
            if !suggested {
                continue;
            }
            let at_fault = if mismatch.left_at_fault {
                &left
            } else {
                &right
            };
            found.help = mismatch
                .problem
                .suggestion()
                .map(|suggestion| match mismatch.problem {
                    Problem::SameDirection { .. } => suggestion,
                    _ => format!("in `{at_fault}`: {suggestion}"),
                });
        }
        if found.help.is_none() && !judgement.verdict.fails() {
            let help = "where that may be left open, `--allow unknown` accepts what is not shown";
            found = found.with_help(help);
        }
        if let (Some([left, right]), Verdict::Fails(_)) = (subtype, &judgement.verdict) {
            let mut relations = Relations::new(&mut self.types, self.formalisms);
            found.notes.extend(relations.user_in_words(left, right));
        }
        let passes = !judgement.verdict.fails() && self.policy.allow_unknown;
        self.report(found);
        passes
    }

    /// Whether all that stands in the way are constraints that cannot be read, of which it is told
    /// already that they cannot.
    pub(super) fn follows(&self, judgement: &Judgement) -> bool {
        let unreadable = |mismatch: &Mismatch| {
            let verdict = mismatch.problem.verdict();
            matches!(verdict, Verdict::Unknown(Reason::Unreadable(_)))
        };
        judgement.mismatches.iter().all(unreadable)
            && self.diagnostics.iter().any(|found| {
                found.code == codes::CONSTRAINT_SYNTAX && found.severity == Severity::Error
            })
    }

    /// Θ1 ◁ Θ2, reported at `labels`; `what` names the object.
    pub(super) fn object_subtype(
        &mut self,
        left: ObjectId,
        right: ObjectId,
        what: &str,
        labels: Vec<(Place, String)>,
        prefix: &[Step],
    ) -> bool {
        let changeable = [left, right].map(|ty| self.declared(TypeId::Object(ty)));
        let help = Help::Suggested(changeable);
        self.object_subtype_or(left, right, what, labels, prefix, help)
    }

    /// The same with other help.
    pub(super) fn object_subtype_or(
        &mut self,
        left: ObjectId,
        right: ObjectId,
        what: &str,
        labels: Vec<(Place, String)>,
        prefix: &[Step],
        help: Help,
    ) -> bool {
        let question = Question::Subtype(TypeId::Object(left), TypeId::Object(right));
        let judgement = self.ask(question);
        if judgement.verdict.holds() {
            return true;
        }
        let expected = self.types.describe(TypeId::Object(right));
        let asked = Asked {
            codes: SUBTYPE,
            refuted: format!("{what} is no `{expected}`"),
            unshown: format!("it is not shown that {what} is a `{expected}`"),
            names: [self.short_name(left), self.short_name(right)],
            labels,
            ends: None,
            subtype: Some([left, right].map(TypeId::Object)),
            prefix: prefix.to_vec(),
            help,
        };
        self.judge(&judgement, asked)
    }

    /// A name for sentences.
    fn short_name(&self, ty: ObjectId) -> String {
        let name = &self.types.origin(TypeId::Object(ty)).name;
        match self.types.object(ty) {
            Object::Top => "Object".to_owned(),
            _ if name.is_empty() => "composite".to_owned(),
            _ => name.clone(),
        }
    }

    /// Applies the `as` of a reference to its derived type. `None` where the `as` is no type, or
    /// nothing is known.
    pub(super) fn cast(
        &mut self,
        scope: &Scope,
        as_type: Option<&Spanned>,
        derived: Option<ObjectId>,
    ) -> Option<ObjectId> {
        let Some(text) = as_type else { return derived };
        if self.depth == Depth::Identity {
            // A cast does not make another object.
            return Some(derived.unwrap_or_else(|| self.top()));
        }
        let ty = self.object_type(scope, text)?;
        if let Some(derived) = derived {
            let found = self.types.describe(TypeId::Object(derived));
            let place = self.at(scope, text.span);
            self.note_cast(&place, derived, ty);
            let labels = vec![(place, format!("it is `{found}`"))];
            let changeable = [derived, ty].map(|ty| self.declared(TypeId::Object(ty)));
            let help = match changeable {
                [false, false] => {
                    let help = "remove the `as`, or name a type that the object has";
                    Help::Instead(Some(help.to_owned()))
                }
                changeable => Help::Suggested(changeable),
            };
            self.object_subtype_or(derived, ty, "the object", labels, &[], help);
        }
        Some(ty)
    }

    /// The type that matters for what is left over.
    pub(super) fn effective(&self, typed: &Typed) -> ObjectId {
        checked::effective(&self.types, typed.ty, typed.derived)
    }
}
