//! What has to be asked about one name that two versions declare.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::{Declarations, Sort};
use crate::diagnostic::{Diagnostic, Step};
use crate::module::Module;
use crate::relation::{Judgement, Mismatch, Problem};
use crate::resolve::Environment;
use crate::similar::nearest;
use crate::syntax::{Item, Kind, Template, TypeExpr, TypeParameter};
use crate::types::{
    Basic, Endpoint, Object, ObjectId, Origin, Parameter, TypeId, Types, Value, ValueId,
};

/// Who relies on the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum About {
    /// Whoever names it.
    Named,
    /// The same, and the values are written in documents.
    Text,
    /// Those who are given one.
    Received,
    /// Those who give one.
    Supplied,
}

/// A subtype question.
pub(super) struct Question {
    pub(super) about: About,
    pub(super) left: TypeId,
    pub(super) right: TypeId,
    /// What leads there.
    pub(super) trail: Vec<Step>,
    /// Whether the left side belongs to the old version.
    pub(super) flipped: bool,
}

/// All that there is to ask about a name.
#[derive(Default)]
pub(super) struct Plan {
    /// Old and new: all that the declarations say in types.
    pub(super) pairs: Vec<[TypeId; 2]>,
    /// Whether they differ in something else.
    pub(super) altered: bool,
    /// What no type tells; the new version is the left side.
    pub(super) mismatches: Vec<Mismatch>,
    pub(super) questions: Vec<Question>,
    pub(super) notes: Vec<String>,
}

type Faults = Vec<Diagnostic>;

/// What a declaration declares.
pub(super) fn sort(types: &mut Types, module: &Arc<Module>, item: &Item) -> Result<Sort, Faults> {
    Ok(match item {
        Item::Record(_) | Item::Variant(_) | Item::Enum(_) => Sort::Type(Kind::Value),
        Item::Endpoint(_) => Sort::Type(Kind::Endpoint),
        Item::Object(_) => Sort::Type(Kind::Object),
        Item::Use(_) | Item::Template(_) => Sort::Template,
        Item::Alias(_) => match instance(types, module, item)? {
            Some(id) => Sort::Type(id.kind()),
            None => Sort::Template,
        },
    })
}

/// The type that is declared, with its own parameters as arguments; none for a template.
pub(super) fn instance(
    types: &mut Types,
    module: &Arc<Module>,
    item: &Item,
) -> Result<Option<TypeId>, Faults> {
    if matches!(item, Item::Use(_) | Item::Template(_)) {
        return Ok(None);
    }
    let own = own_parameters(types, module, item.parameters())?;
    let arguments: Vec<String> = own.iter().map(|(name, _)| name.clone()).collect();
    let environment = own.into_iter().collect();
    applied(types, module, item, &arguments, &environment).map(Some)
}

/// The declared type with these arguments, names of the environment.
fn applied(
    types: &mut Types,
    module: &Arc<Module>,
    item: &Item,
    arguments: &[String],
    environment: &Environment,
) -> Result<TypeId, Faults> {
    let name = item
        .name()
        .expect("because a `use` declares nothing")
        .clone();
    let span = name.span;
    let argument = |argument: &String| TypeExpr::Named {
        name: crate::syntax::Ident {
            name: argument.clone(),
            span,
        },
        arguments: Vec::new(),
        span,
    };
    let expr = TypeExpr::Named {
        name,
        arguments: arguments.iter().map(argument).collect(),
        span,
    };
    types.resolve(module, &module.source, &expr, environment)
}

/// A node for each type parameter, bounded as declared, in the order declared.
fn own_parameters(
    types: &mut Types,
    module: &Arc<Module>,
    declared: &[TypeParameter],
) -> Result<Vec<(String, TypeId)>, Faults> {
    let mut environment = Environment::new();
    let mut all = Vec::new();
    for parameter in declared {
        let name = parameter.name.name.clone();
        let bound = match &parameter.bound {
            Some(bound) => Some(types.resolve(module, &module.source, bound, &environment)?),
            None => None,
        };
        let opaque = Parameter {
            name: name.clone(),
            bound,
        };
        let origin = Origin {
            name: name.clone(),
            place: None,
        };
        let id = match parameter.kind {
            Kind::Value => TypeId::Value(types.add_value(Value::Parameter(opaque), origin)),
            Kind::Endpoint => {
                let parameter = Endpoint::Parameter {
                    parameter: opaque,
                    mirrored: false,
                };
                TypeId::Endpoint(types.add_endpoint(parameter, origin))
            }
            Kind::Object => TypeId::Object(types.add_object(Object::Parameter(opaque), origin)),
        };
        environment.insert(name.clone(), id);
        all.push((name, id));
    }
    Ok(all)
}

/// The bound of a parameter, or of the opaque type that stands for it.
fn bound(types: &Types, id: TypeId) -> Option<TypeId> {
    let parameter = match id {
        TypeId::Value(id) => match types.value(id) {
            Value::Parameter(parameter) => parameter,
            _ => return None,
        },
        TypeId::Endpoint(id) => match types.endpoint(id) {
            Endpoint::Parameter { parameter, .. } => parameter,
            Endpoint::Events { .. } => return None,
        },
        TypeId::Object(id) => match types.object(id) {
            Object::Parameter(parameter) => parameter,
            _ => return None,
        },
    };
    parameter.bound
}

impl Plan {
    /// Whatever can be asked about `name`, which both sides have.
    pub(super) fn new(
        types: &mut Types,
        [old, new]: [Declarations<'_>; 2],
        name: &str,
        sorts: [Sort; 2],
    ) -> Result<Plan, Faults> {
        let mut plan = Plan::default();
        let (Some(before), Some(after)) = (old.item(name), new.item(name)) else {
            return Ok(plan);
        };
        if sorts[0] != sorts[1] {
            let words = |sort: Sort| match sort {
                Sort::Type(kind) => format!("a type of kind {}", kind.as_str()),
                Sort::Template => "a template".to_owned(),
            };
            plan.mismatch(None, incompatible(words(sorts[1]), words(sorts[0])));
            return Ok(plan);
        }
        match (before, after) {
            (Item::Template(before), Item::Template(after)) => {
                plan.template(types, [old.module, new.module], [before, after])?;
            }
            _ => plan.declared_type(types, [old.module, new.module], [before, after])?,
        }
        Ok(plan)
    }

    fn mismatch(&mut self, step: Option<Step>, problem: Problem) {
        self.altered = true;
        self.mismatches.push(Mismatch {
            trail: step.into_iter().collect(),
            problem,
            left_at_fault: true,
        });
    }

    /// Arguments of the old version's types are taken as what is known of them: their bounds.
    fn declared_type(
        &mut self,
        types: &mut Types,
        [old, new]: [&Arc<Module>; 2],
        [before, after]: [&Item; 2],
    ) -> Result<(), Faults> {
        let [few, many] = [before, after].map(|item| item.parameters().len());
        if few != many {
            let words = |count: usize| match count {
                1 => "a type with 1 parameter".to_owned(),
                count => format!("a type with {count} parameters"),
            };
            self.mismatch(None, incompatible(words(many), words(few)));
            return Ok(());
        }
        let own = own_parameters(types, old, before.parameters())?;
        let arguments: Vec<String> = own.iter().map(|(name, _)| name.clone()).collect();
        let environment: Environment = own.iter().cloned().collect();
        let mut renamed = Environment::new();
        for ((name, id), parameter) in own.iter().zip(after.parameters()) {
            let step = Step::Parameter(name.clone());
            if !self.kind(&step, [id.kind(), parameter.kind]) {
                continue;
            }
            let wanted = match &parameter.bound {
                Some(bound) => Some(types.resolve(new, &new.source, bound, &renamed)?),
                None => None,
            };
            self.bound(types, step, *id, wanted);
            renamed.insert(parameter.name.name.clone(), *id);
        }
        if !self.mismatches.is_empty() {
            return Ok(());
        }
        let before = applied(types, old, before, &arguments, &environment)?;
        let after = applied(types, new, after, &arguments, &environment)?;
        self.pairs.push([before, after]);
        let question = |about, left, right, flipped| Question {
            about,
            left,
            right,
            trail: Vec::new(),
            flipped,
        };
        self.questions.extend([
            question(About::Received, after, before, false),
            question(About::Supplied, before, after, true),
        ]);
        Ok(())
    }

    /// Whether a type parameter is of the same kind in both.
    fn kind(&mut self, step: &Step, [before, after]: [Kind; 2]) -> bool {
        if before == after {
            return true;
        }
        let words = |kind: Kind| format!("a parameter of kind {}", kind.as_str());
        self.mismatch(
            Some(step.clone()),
            incompatible(words(after), words(before)),
        );
        false
    }

    /// That whatever the old bound admits is within the new one.
    fn bound(&mut self, types: &Types, step: Step, opaque: TypeId, wanted: Option<TypeId>) {
        match (bound(types, opaque), wanted) {
            (Some(before), Some(after)) => self.pairs.push([before, after]),
            (None, None) => {}
            _ => self.altered = true,
        }
        if let Some(wanted) = wanted {
            self.questions.push(Question {
                about: About::Named,
                left: opaque,
                right: wanted,
                trail: vec![step],
                flipped: true,
            });
        }
    }

    /// Each assignment of parameters that was accepted is accepted, and what it makes may stand
    /// for what it made.
    fn template(
        &mut self,
        types: &mut Types,
        [old, new]: [&Arc<Module>; 2],
        [before, after]: [&Template; 2],
    ) -> Result<(), Faults> {
        if before.adapter != after.adapter {
            self.altered = true;
            if before.adapter {
                let flag = "adapter";
                self.mismatch(None, Problem::Flag { flag, found: false });
            }
        }
        let names = |template: &Template| -> BTreeSet<String> {
            let types = template.type_parameters.iter().map(|it| &it.name);
            let values = template.value_parameters.iter().map(|it| &it.name);
            types.chain(values).map(|it| it.name.clone()).collect()
        };
        let (had, has) = (names(before), names(after));
        self.altered |= had != has;
        for name in had.difference(&has) {
            let similar = nearest(name, has.difference(&had).map(String::as_str));
            let problem = Problem::Missing {
                what: "parameter",
                name: name.clone(),
                similar: similar.map(str::to_owned),
            };
            self.mismatch(None, problem);
        }

        let own = own_parameters(types, old, &before.type_parameters)?;
        let environment: Environment = own.into_iter().collect();
        let kinds: BTreeMap<&str, Kind> = after
            .type_parameters
            .iter()
            .map(|parameter| (parameter.name.name.as_str(), parameter.kind))
            .collect();
        for (name, id) in &environment {
            let step = Step::Parameter(name.clone());
            match kinds.get(name.as_str()) {
                Some(kind) => {
                    self.kind(&step, [id.kind(), *kind]);
                }
                None if has.contains(name) => self.mismatch(Some(step), other_parameter(true)),
                None => {}
            }
        }
        for parameter in &after.type_parameters {
            let name = &parameter.name.name;
            if !had.contains(name) {
                self.mismatch(None, demanded(name));
            } else if !environment.contains_key(name) {
                let step = Step::Parameter(name.clone());
                self.mismatch(Some(step), other_parameter(false));
            }
        }
        if !self.mismatches.iter().all(|it| it.trail.is_empty()) {
            // The rest could not be told apart from that.
            return Ok(());
        }
        let arguments: Environment = environment
            .iter()
            .filter(|(name, _)| has.contains(*name))
            .map(|(name, id)| (name.clone(), *id))
            .collect();
        let before = types.template(old, before, &environment)?;
        let after = types.template(new, after, &arguments)?;
        for (name, _, wanted) in &after.type_parameters {
            if let Some(opaque) = environment.get(name) {
                self.bound(types, Step::Parameter(name.clone()), *opaque, *wanted);
            }
        }
        let parameters: BTreeMap<&str, _> = before
            .value_parameters
            .iter()
            .map(|parameter| (parameter.name.as_str(), parameter))
            .collect();
        for parameter in &after.value_parameters {
            let name = &parameter.name;
            let step = Step::Parameter(name.clone());
            let Some(earlier) = parameters.get(name.as_str()) else {
                match &parameter.default {
                    Some(_) => self
                        .notes
                        .push(format!("it has the new parameter `{name}`")),
                    None => self.mismatch(None, demanded(name)),
                }
                continue;
            };
            self.altered |= earlier.default != parameter.default;
            match (&earlier.default, &parameter.default) {
                (Some(before), Some(after)) if before != after => {
                    let (before, after) = (&before.json, &after.json);
                    self.notes.push(format!(
                        "parameter `{name}` is `{after}` where it is left out, and was `{before}`"
                    ));
                }
                (Some(_), None) => {
                    let with = |with| format!("a parameter with{with} default");
                    self.mismatch(Some(step.clone()), incompatible(with("out a"), with(" a")));
                }
                _ => {}
            }
            let pair = [earlier.ty, parameter.ty].map(TypeId::Value);
            self.pairs.push(pair);
            self.questions.push(Question {
                about: About::Text,
                left: pair[0],
                right: pair[1],
                trail: vec![step],
                flipped: true,
            });
        }
        let results = [before.result, after.result];
        self.pairs.push(results.map(TypeId::Object));
        self.questions.push(Question {
            about: About::Named,
            left: TypeId::Object(results[1]),
            right: TypeId::Object(results[0]),
            trail: Vec::new(),
            flipped: false,
        });
        self.state(types, results);
        Ok(())
    }

    /// What the old version saved is what the new one loads.
    fn state(&mut self, types: &Types, results: [ObjectId; 2]) {
        let state = |id: ObjectId| match types.object(id) {
            Object::Endpoints(body) => body.state,
            Object::Top | Object::Parameter(_) => None,
        };
        match results.map(state) {
            [None, None] => {}
            [None, Some(_)] => self.altered = true,
            [Some(before), None] => {
                let before = types.describe(TypeId::Value(before));
                self.mismatch(
                    Some(Step::State),
                    incompatible("an object without a state".to_owned(), before),
                );
            }
            [Some(before), Some(after)] => {
                let pair = [before, after].map(TypeId::Value);
                self.pairs.push(pair);
                self.questions.push(Question {
                    about: About::Named,
                    left: pair[0],
                    right: pair[1],
                    trail: vec![Step::State],
                    flipped: true,
                });
            }
        }
    }
}

fn incompatible(found: String, expected: String) -> Problem {
    Problem::Incompatible { found, expected }
}

/// A parameter that documents do not give.
fn demanded(name: &str) -> Problem {
    Problem::Unexpected {
        what: "mandatory parameter",
        name: name.to_owned(),
    }
}

/// A type parameter that became one for values, or the other way round.
fn other_parameter(was_type: bool) -> Problem {
    let [ty, value] = ["a parameter for a type", "a parameter for a value"].map(str::to_owned);
    match was_type {
        true => incompatible(value, ty),
        false => incompatible(ty, value),
    }
}

/// Whether what documents write for values of one type is read as values of the other, which is a
/// supertype: a string stands there as it is and anything else as JSON, in which no record has
/// further fields, and options in options are marked.
pub(super) fn read_alike(types: &Types, left: TypeId, right: TypeId) -> Judgement {
    let (TypeId::Value(from), TypeId::Value(to)) = (left, right) else {
        return Judgement::holds();
    };
    let is_string = |id: ValueId| *types.value(id) == Value::Basic(Basic::String);
    if is_string(from) == is_string(to) && json_alike(types, from, to) {
        return Judgement::holds();
    }
    let words = |id: TypeId| format!("a text for `{}`", types.describe(id));
    let problem = incompatible(words(left), words(right));
    Judgement {
        verdict: problem.verdict(),
        mismatches: vec![Mismatch {
            trail: Vec::new(),
            problem,
            left_at_fault: true,
        }],
    }
}

fn json_alike(types: &Types, from: ValueId, to: ValueId) -> bool {
    let mut seen = BTreeSet::new();
    let mut waiting = vec![(from, to)];
    let is_option = |id: ValueId| matches!(types.value(id), Value::Option(_));
    while let Some((from, to)) = waiting.pop() {
        if from == to || !seen.insert((from, to)) {
            continue;
        }
        match (types.value(from), types.value(to)) {
            (Value::Option(from), Value::Option(to)) => {
                if is_option(*from) != is_option(*to) {
                    return false;
                }
                waiting.push((*from, *to));
            }
            (_, Value::Option(to)) => {
                if is_option(*to) {
                    return false;
                }
                waiting.push((from, *to));
            }
            (Value::List(from), Value::List(to)) | (Value::Map(_, from), Value::Map(_, to)) => {
                waiting.push((*from, *to));
            }
            (Value::Tuple(from), Value::Tuple(to)) => {
                waiting.extend(from.iter().copied().zip(to.iter().copied()));
            }
            (Value::Record { fields: from, .. }, Value::Record { fields: to, .. }) => {
                for (name, from) in from {
                    match to.get(name) {
                        Some(to) => waiting.push((*from, *to)),
                        None => return false,
                    }
                }
            }
            (Value::Variant(from), Value::Variant(to)) => {
                for (name, from) in from {
                    if let (Some(from), Some(Some(to))) = (from, to.get(name)) {
                        waiting.push((*from, *to));
                    }
                }
            }
            _ => {}
        }
    }
    true
}
