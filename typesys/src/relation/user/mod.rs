//! Where one type is no subtype of another: who would notice. A user of the supertype for whom it
//! breaks, found from the first mismatch that shows one; nothing of this is computed unless asked.
//!
//! Of endpoint types the user is always an owner of the mirror of the supertype (semantics,
//! "Alphabets"). Of object types it is a composite that has such owners at some endpoints, or that
//! casts the object to the supertype. Of value types it is whoever reads a value that is none of the
//! supertype's.

mod example;
mod path;

use std::collections::BTreeMap;

pub use self::example::Example;
use self::path::{Hop, Path};
use super::pairs::Pair;
use super::{Problem, Relations, Side};
use crate::composite::CompositeShape;
use crate::diagnostic::Step;
use crate::types::{
    EndpointId, Object, ObjectBody, ObjectEndpoint, ObjectId, Origin, TypeId, Types, Value, ValueId,
};

/// A user of a supertype for whom it breaks if the other type takes its place.
#[derive(Clone, Debug)]
pub enum User {
    /// Whoever reads values of the supertype.
    Reader {
        /// The supertype.
        of: ValueId,
        /// What it reads.
        finds: Unreadable,
    },
    /// The owner of an endpoint that matches the supertype, and not the other type.
    Peer {
        /// Its type: the supertype's mirror.
        peer: EndpointId,
        /// What happens to it.
        breach: Breach,
    },
    /// A composite that checks with an object of the supertype, and not with one of the other.
    Composite(Composite),
}

/// What a reader cannot take.
#[derive(Clone, Debug)]
pub enum Unreadable {
    /// This value.
    Value(Example),
    /// Maps with keys of another type: keys are never converted.
    Keys {
        /// The type of the keys.
        found: ValueId,
        /// What it would have to be.
        expected: ValueId,
    },
}

/// What happens to the owner of an endpoint.
#[derive(Clone, Debug)]
pub enum Breach {
    /// It is sent what it does not handle.
    Sent {
        /// The event.
        event: String,
        /// What the event carries: none where the event as such is not handled.
        payload: Option<Unreadable>,
    },
    /// It sends what is not handled.
    Unheard {
        /// The event.
        event: String,
        /// What the event carries: none where the event as such is not handled.
        payload: Option<Unreadable>,
    },
    /// An event that it sends itself is sent to it.
    SameDirection {
        /// The event.
        event: String,
    },
    /// It relies on what is not provided.
    Unprovided {
        /// Name of the formalism.
        formalism: String,
        /// What it relies on.
        text: String,
    },
    /// It need not provide what is required of it.
    Demanded {
        /// Name of the formalism.
        formalism: String,
        /// What is required.
        text: String,
    },
    /// It does not fit in another way.
    Other(Problem),
}

/// A composite around an object.
#[derive(Clone, Debug)]
pub struct Composite {
    /// What it is made of. The component [`Composite::OBJECT`] is of the supertype; the others are
    /// connected to it.
    pub shape: CompositeShape,
    /// Where it breaks.
    pub at: Weakness,
}

/// Where a composite breaks.
#[derive(Clone, Debug)]
pub enum Weakness {
    /// It connects an endpoint that is not there.
    NoEndpoint {
        /// The endpoint.
        endpoint: String,
    },
    /// It connects an endpoint twice.
    Twice {
        /// The endpoint.
        endpoint: String,
    },
    /// It leaves an endpoint unconnected.
    Unconnected {
        /// The endpoint.
        endpoint: String,
    },
    /// The owner of the other end.
    Peer {
        /// The endpoint that it is connected to.
        endpoint: String,
        /// The type of its own endpoint.
        peer: EndpointId,
        /// What happens to it.
        breach: Breach,
    },
    /// The component [`Composite::OBJECT`] is cast to the supertype (`as`), and relied on as that.
    Cast(Breach),
}

impl Composite {
    /// Name of the component that is of the supertype.
    pub const OBJECT: &'static str = "object";
}

impl Relations<'_> {
    /// A user of `right` for whom it breaks if `left` takes its place; none unless that `left` is a
    /// subtype of `right` is refuted, and none where all that refutes it lies deeper than 64 steps.
    pub fn user(&mut self, left: TypeId, right: TypeId) -> Option<User> {
        let judgement = self.subtype(left, right);
        if !judgement.verdict.fails() {
            return None;
        }
        let root = match (left, right) {
            (TypeId::Value(left), TypeId::Value(right)) => Pair::Value(left, right),
            (TypeId::Endpoint(left), TypeId::Endpoint(right)) => Pair::Endpoint(left, right),
            (TypeId::Object(left), TypeId::Object(right)) => Pair::Object(left, right),
            _ => return None,
        };
        let refuting = judgement.mismatches.iter();
        let mut refuting = refuting.filter(|mismatch| mismatch.problem.verdict().fails());
        refuting.find_map(|mismatch| {
            let path = self.path(root, mismatch)?;
            self.user_at(right, &path)
        })
    }

    /// [`Relations::user`] in words.
    pub fn user_in_words(&mut self, left: TypeId, right: TypeId) -> Option<String> {
        let user = self.user(left, right)?;
        Some(user.describe(self.types, &self.types.describe(right)))
    }

    fn user_at(&mut self, right: TypeId, path: &Path) -> Option<User> {
        Some(match right {
            TypeId::Value(of) => User::Reader {
                of,
                finds: unreadable(self.types, &path.hops, path)?,
            },
            TypeId::Endpoint(right) => User::Peer {
                peer: self.types.mirror(right),
                breach: breach(self.types, &path.hops, path)?,
            },
            TypeId::Object(right) => User::Composite(self.composite(right, path)?),
        })
    }

    /// A composite that has an object of type `right` and breaks where `path` leads.
    fn composite(&mut self, right: ObjectId, path: &Path) -> Option<Composite> {
        let first = path.hops.first()?;
        let names = |step: &Step| match step {
            Step::Endpoint(name) => Some(name.clone()),
            _ => None,
        };
        let at = match (&first.pair, &first.step, &path.problem) {
            (Pair::Object(..), Some(step), _) if path.hops.len() > 1 => {
                let endpoint = names(step)?;
                let Object::Endpoints(body) = self.types.object(right) else {
                    return None;
                };
                let ty = body.endpoints.get(&endpoint)?.ty;
                Weakness::Peer {
                    endpoint,
                    peer: self.types.mirror(ty),
                    breach: breach(self.types, &path.hops[1..], path)?,
                }
            }
            (_, _, Problem::Missing { name, .. }) => Weakness::NoEndpoint {
                endpoint: name.clone(),
            },
            (_, _, Problem::Unexpected { name, .. }) => Weakness::Unconnected {
                endpoint: name.clone(),
            },
            (_, _, Problem::Flag { found: true, .. }) => Weakness::Unconnected {
                endpoint: path.rest.first().and_then(names)?,
            },
            (_, _, Problem::Flag { found: false, .. }) => Weakness::Twice {
                endpoint: path.rest.first().and_then(names)?,
            },
            _ => Weakness::Cast(breach(self.types, &path.hops[path.hops.len() - 1..], path)?),
        };
        Some(self.around(right, at))
    }

    /// Connects the mandatory endpoints of `right`, and the one that matters as it matters.
    fn around(&mut self, right: ObjectId, at: Weakness) -> Composite {
        let endpoints = match self.types.object(right) {
            Object::Endpoints(body) => body.endpoints.clone(),
            Object::Top | Object::Parameter(_) => BTreeMap::new(),
        };
        let mut shape = CompositeShape::default();
        shape.components.insert(Composite::OBJECT.to_owned(), right);
        let end = |component: &str, endpoint: &str| (component.to_owned(), endpoint.to_owned());
        if let Weakness::Cast(_) = &at {
            return Composite { shape, at };
        }
        for (name, endpoint) in &endpoints {
            let count = match &at {
                Weakness::Twice { endpoint } if endpoint == name => 2,
                Weakness::NoEndpoint { endpoint } | Weakness::Peer { endpoint, .. }
                    if endpoint == name =>
                {
                    1
                }
                Weakness::Unconnected { endpoint } if endpoint == name => 0,
                _ => usize::from(endpoint.mandatory),
            };
            for _ in 0..count {
                let user = format!("user{}", shape.components.len());
                let ty = self.owner_of(endpoint.ty);
                shape.components.insert(user.clone(), ty);
                let ends = [end(Composite::OBJECT, name), end(&user, "peer")];
                shape.connections.push(ends);
            }
        }
        Composite { shape, at }
    }

    /// An object type with one endpoint, of the mirrored type.
    fn owner_of(&mut self, endpoint: EndpointId) -> ObjectId {
        let endpoint = ObjectEndpoint {
            ty: self.types.mirror(endpoint),
            many: false,
            mandatory: false,
        };
        let body = ObjectBody {
            endpoints: BTreeMap::from([("peer".to_owned(), endpoint)]),
            ..ObjectBody::default()
        };
        self.types
            .add_object(Object::Endpoints(body), Origin::default())
    }
}

/// What happens at the first of these hops, a pair of endpoint types, or of object types that
/// differ in themselves.
fn breach(types: &Types, hops: &[Hop], path: &Path) -> Option<Breach> {
    let first = hops.first()?;
    if let Some(Step::Event(event)) = &first.step {
        let payload = Some(unreadable(types, &hops[1..], path)?);
        let event = event.clone();
        return Some(match first.flipped {
            false => Breach::Sent { event, payload },
            true => Breach::Unheard { event, payload },
        });
    }
    Some(match (&path.problem, path.rest.first()) {
        (Problem::Unexpected { name, .. }, _) => Breach::Sent {
            event: name.clone(),
            payload: None,
        },
        (Problem::Missing { name, .. }, _) => Breach::Unheard {
            event: name.clone(),
            payload: None,
        },
        (Problem::Incompatible { .. }, Some(Step::Event(event))) => Breach::SameDirection {
            event: event.clone(),
        },
        (
            Problem::Unmet {
                formalism,
                required,
                given,
                ..
            },
            _,
        ) => {
            let (formalism, text) = (formalism.clone(), required.clone());
            match given {
                Side::Provides => Breach::Unprovided { formalism, text },
                Side::Requires => Breach::Demanded { formalism, text },
            }
        }
        (problem, _) => Breach::Other(problem.clone()),
    })
}

/// A value of the left type of the first of these hops that is none of its right type.
fn unreadable(types: &Types, hops: &[Hop], path: &Path) -> Option<Unreadable> {
    // What is referred to is given by its type.
    let refers = |hop: &Hop| {
        matches!(
            hop.step,
            Some(Step::ReferencedObject | Step::ExternalEndpoint)
        )
    };
    let end = hops.iter().position(refers).unwrap_or(hops.len() - 1);
    if let Some((Pair::Value(left, right), Some(Step::MapKey))) = hops[..=end]
        .iter()
        .map(|hop| (hop.pair, hop.step.clone()))
        .find(|(_, step)| *step == Some(Step::MapKey))
        && let (Value::Map(found, _), Value::Map(expected, _)) =
            (types.value(left), types.value(right))
    {
        return Some(Unreadable::Keys {
            found: *found,
            expected: *expected,
        });
    }
    let Pair::Value(left, right) = hops[end].pair else {
        return None;
    };
    let mut example = match types.value(left) {
        Value::Reference(object) if hops[end].step.is_some() => Example::Reference(*object),
        Value::External(endpoint) if hops[end].step.is_some() => Example::External(*endpoint),
        _ => outsider(types, left, right, path)?,
    };
    for hop in hops[..end].iter().rev() {
        let Pair::Value(left, right) = hop.pair else {
            return None;
        };
        example = around(types, left, right, hop.step.as_ref(), example);
    }
    Some(Unreadable::Value(example))
}

/// A value of `left` that is none of `right`, where the two types differ in themselves.
fn outsider(types: &Types, left: ValueId, right: ValueId, path: &Path) -> Option<Example> {
    let any = || example::smallest(types, left);
    Some(match (types.value(left), types.value(right)) {
        (Value::Basic(from), Value::Basic(to)) => Example::Basic(example::basic(*from, *to)),
        (Value::Variant(cases), Value::Variant(_)) => {
            let name = match (&path.problem, path.rest.first()) {
                (Problem::Missing { name, .. }, _) | (_, Some(Step::Case(name))) => name,
                _ => return None,
            };
            let payload = cases.get(name)?;
            let payload = payload.map(|ty| Box::new(example::smallest(types, ty)));
            Example::Variant(name.clone(), payload)
        }
        (Value::Record { fields, open: true }, Value::Record { fields: wanted, .. })
            if matches!(path.problem, Problem::Incompatible { .. }) =>
        {
            let Example::Record(mut example) = any() else {
                return Some(any());
            };
            match path.rest.first() {
                // The left type says nothing of the field.
                Some(Step::Field(name)) => {
                    example.insert(name.clone(), stranger(types, *wanted.get(name)?));
                }
                // Nor does the right one.
                _ => {
                    let mut names = (0_u64..).map(|number| match number {
                        0 => "more".to_owned(),
                        number => format!("more{number}"),
                    });
                    let free =
                        |name: &String| !fields.contains_key(name) && !wanted.contains_key(name);
                    let name = names.find(free)?;
                    example.insert(name, Example::Basic(crate::Data::Bool(true)));
                }
            }
            Example::Record(example)
        }
        _ => any(),
    })
}

/// A value of some type that is no value of this one.
fn stranger(types: &Types, mut ty: ValueId) -> Example {
    // No cycle goes through options alone.
    while let Value::Option(inner) = types.value(ty) {
        ty = *inner;
    }
    Example::Basic(match types.value(ty) {
        Value::Basic(crate::types::Basic::Bool) => crate::Data::U8(0),
        _ => crate::Data::Bool(true),
    })
}

/// A value of `left` that holds `part` where `step` leads.
fn around(
    types: &Types,
    left: ValueId,
    right: ValueId,
    step: Option<&Step>,
    part: Example,
) -> Example {
    let whole = example::smallest(types, left);
    match (types.value(left), step) {
        (Value::Record { fields, .. }, Some(Step::Field(name))) => {
            let smallest =
                |(name, ty): (&String, &ValueId)| (name.clone(), example::smallest(types, *ty));
            let mut fields: BTreeMap<_, _> = fields.iter().map(smallest).collect();
            fields.insert(name.clone(), part);
            Example::Record(fields)
        }
        (Value::Variant(_), Some(Step::Case(name))) => {
            Example::Variant(name.clone(), Some(Box::new(part)))
        }
        (Value::Tuple(positions), Some(Step::Position(index))) => {
            let smallest = positions.iter().map(|ty| example::smallest(types, *ty));
            let mut positions: Vec<_> = smallest.collect();
            positions[*index] = part;
            Example::Tuple(positions)
        }
        // What a bound has, what it bounds may not have.
        (Value::Parameter(_), _) => whole,
        (Value::Option(_), Some(Step::Element)) => Example::Option(Some(Box::new(part))),
        // Into the option on the other side.
        (_, Some(Step::Element)) if matches!(types.value(right), Value::Option(_)) => part,
        (Value::List(_), Some(Step::Element)) => Example::List(vec![part]),
        (Value::Map(key, _), Some(Step::MapValue)) => {
            Example::Map(vec![(example::smallest(types, *key), part)])
        }
        _ => part,
    }
}

impl User {
    /// Who it is and what happens, as one sentence: lower case, no final period. `supertype` is
    /// what the supertype goes by.
    pub fn describe(&self, types: &Types, supertype: &str) -> String {
        match self {
            User::Reader { finds, .. } => {
                format!("a reader of `{supertype}` {}", finds.describe(types))
            }
            User::Peer { peer, breach } => {
                let peer = types.describe(TypeId::Endpoint(*peer));
                format!("an owner of `{peer}` {}", breach.describe(types))
            }
            User::Composite(composite) => match &composite.at {
                Weakness::NoEndpoint { endpoint } => format!(
                    "a composite that connects `{endpoint}` of a `{supertype}` would find no such \
                     endpoint"
                ),
                Weakness::Twice { endpoint } => format!(
                    "a composite that connects `{endpoint}` of a `{supertype}` twice would be refused"
                ),
                Weakness::Unconnected { endpoint } => format!(
                    "a composite of a `{supertype}` that leaves `{endpoint}` unconnected would be \
                     refused"
                ),
                Weakness::Peer {
                    endpoint,
                    peer,
                    breach,
                } => {
                    let peer = types.describe(TypeId::Endpoint(*peer));
                    let breach = breach.describe(types);
                    format!("an owner of `{peer}` that is connected to `{endpoint}` {breach}")
                }
                Weakness::Cast(breach) => format!(
                    "whoever asks for it `as=\"{supertype}\"` {}",
                    breach.describe(types)
                ),
            },
        }
    }
}

impl Unreadable {
    fn describe(&self, types: &Types) -> String {
        match self {
            Unreadable::Value(example) => {
                let example = example.describe(types);
                format!("would be given `{example}`, which it cannot take")
            }
            keys => keys.reason(types),
        }
    }

    fn reason(&self, types: &Types) -> String {
        match self {
            Unreadable::Value(_) => "it cannot take that".to_owned(),
            Unreadable::Keys { found, expected } => {
                let [found, expected] =
                    [found, expected].map(|ty| types.describe(TypeId::Value(*ty)));
                format!(
                    "looks up keys of type `{expected}`, and `{found}` is never converted to that"
                )
            }
        }
    }
}

impl Breach {
    fn describe(&self, types: &Types) -> String {
        match self {
            Breach::Sent {
                event,
                payload: None,
            } => format!("would be sent `{event}`, which it does not handle"),
            Breach::Sent {
                event,
                payload: Some(Unreadable::Value(example)),
            } => {
                let parameters = example.describe_parameters(types);
                format!("would be sent `{event}{parameters}`, which it cannot take")
            }
            Breach::Sent {
                event,
                payload: Some(keys),
            } => format!("{} in `{event}`", keys.reason(types)),
            Breach::Unheard {
                event,
                payload: None,
            } => format!("that sends `{event}` would not be heard"),
            Breach::Unheard {
                event,
                payload: Some(Unreadable::Value(example)),
            } => {
                let parameters = example.describe_parameters(types);
                format!("that sends `{event}{parameters}` would not be understood")
            }
            Breach::Unheard {
                event,
                payload: Some(Unreadable::Keys { found, expected }),
            } => {
                let [found, expected] =
                    [found, expected].map(|ty| types.describe(TypeId::Value(*ty)));
                format!(
                    "that sends keys of type `{found}` in `{event}` would not be understood: they \
                     are never converted to `{expected}`"
                )
            }
            Breach::SameDirection { event } => {
                format!("would be sent `{event}`, which it sends itself")
            }
            Breach::Unprovided { formalism, text } => {
                format!("may rely on {formalism} \"{text}\", which would not be provided")
            }
            Breach::Demanded { formalism, text } => {
                format!("need not provide {formalism} \"{text}\", which would be required")
            }
            Breach::Other(problem) => format!("would be refused: {}", problem.describe()),
        }
    }
}
