//! Subtyping of 2009: structural and by name, down to values.

use liveobj_types::Step;

use crate::Id;
use crate::catalog::Kind;
use crate::document::ClassKind;

use super::classes::{Class, ClassId, Classes, Constraint, Endpoint, Operation};
use super::values::Convertible;

/// Why one class is not a subtype of another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mismatch {
    /// What leads to the part at fault, outermost first.
    pub trail: Vec<Step>,
    /// What is wrong with it.
    pub message: String,
}

impl Mismatch {
    fn new(message: impl Into<String>) -> Mismatch {
        Mismatch {
            trail: Vec::new(),
            message: message.into(),
        }
    }

    fn inside(mut self, step: Step) -> Mismatch {
        self.trail.insert(0, step);
        self
    }
}

type Verdict = Result<(), Mismatch>;

impl Classes<'_> {
    /// Whether object class `a` is a subtype of `b`. Where the original threw an exception instead
    /// of answering, that is a mismatch, too.
    pub fn object_subtype(&mut self, a: ClassId, b: ClassId) -> Verdict {
        if a == b || self.is_known_subtype(a, b) {
            return Ok(());
        }
        let (own, wanted) = (self.constraints(a), self.constraints(b));
        constraints_subtype(&own, &wanted)?;
        for class in [a, b] {
            if let Class::Placeholder(..) = self.get(class) {
                return Err(self.open(class));
            }
        }
        let own = self.endpoints(a);
        for wanted in self.endpoints(b).iter() {
            let step = || Step::Endpoint(wanted.name.clone());
            let Some(own) = own.iter().find(|it| it.name == wanted.name) else {
                return Err(Mismatch::new(format!(
                    "`{}` has no endpoint `{}`",
                    self.describe(a),
                    wanted.name
                )));
            };
            self.endpoint_of_object(own, wanted)
                .map_err(|it| it.inside(step()))?;
        }
        if let Some(wanted) = self.authenticating(b) {
            let Some(own) = self.authenticating(a) else {
                let message = format!("`{}` is not authenticated", self.describe(a));
                return Err(Mismatch::new(message));
            };
            self.object_subtype(own, wanted)?;
        }
        self.note_subtype(a, b);
        Ok(())
    }

    fn endpoint_of_object(&mut self, own: &Endpoint, wanted: &Endpoint) -> Verdict {
        self.endpoint_subtype(own.class, wanted.class)?;
        constraints_subtype(&own.constraints, &wanted.constraints)
    }

    fn constraints(&self, class: ClassId) -> Vec<Constraint> {
        match self.get(class) {
            Class::Entry { constraints, .. } => constraints.clone(),
            _ => Vec::new(),
        }
    }

    /// Whether endpoint class `a` is a subtype of `b`.
    pub fn endpoint_subtype(&mut self, a: ClassId, b: ClassId) -> Verdict {
        if a == b {
            return Ok(());
        }
        let (Some(own), Some(wanted)) = (self.entry_of(a), self.entry_of(b)) else {
            return Err(self.open(a));
        };
        if (own.library, own.id) != (wanted.library, wanted.id) {
            return Err(Mismatch::new(format!(
                "its class is `{}`, and `{}` is wanted",
                self.describe(a),
                self.describe(b)
            )));
        }
        // Other endpoint classes than the three with interfaces have no arguments.
        let both = |classes: &Self, name| classes.argument(a, name).zip(classes.argument(b, name));
        if let Some((own, wanted)) = both(self, "ImportedInterface") {
            self.interface_subtype(wanted, own)?;
        }
        if let Some((own, wanted)) = both(self, "ExportedInterface") {
            self.interface_subtype(own, wanted)?;
        }
        Ok(())
    }

    /// Whether interface class `a` is a subtype of `b`.
    pub fn interface_subtype(&mut self, a: ClassId, b: ClassId) -> Verdict {
        if a == b || self.is_known_subtype(a, b) {
            return Ok(());
        }
        for class in [a, b] {
            if self.entry_of(class).is_none() {
                return Err(self.open(class));
            }
        }
        let own = self.operations(a);
        for wanted in self.operations(b).iter() {
            let Some(own) = own.iter().find(|it| it.name == wanted.name) else {
                return Err(Mismatch::new(format!(
                    "interface `{}` has no operation `{}`",
                    self.describe(a),
                    wanted.name
                )));
            };
            self.operation_subtype(own, wanted)
                .map_err(|it| it.inside(Step::Event(wanted.name.clone())))?;
        }
        self.note_subtype(a, b);
        Ok(())
    }

    fn operation_subtype(&mut self, own: &Operation, wanted: &Operation) -> Verdict {
        self.message_subtype(&wanted.incoming, &own.incoming)?;
        self.message_subtype(&own.outgoing, &wanted.outgoing)
    }

    fn message_subtype(
        &mut self,
        own: &[(String, ClassId)],
        wanted: &[(String, ClassId)],
    ) -> Verdict {
        for (name, wanted) in wanted {
            let field = || match name.as_str() {
                "" => Step::Field("the returned value".to_owned()),
                name => Step::Field(name.to_owned()),
            };
            let Some((_, own)) = own.iter().find(|(own, _)| own == name) else {
                return Err(Mismatch::new("nothing supplies this value").inside(field()));
            };
            self.value_subtype(*own, *wanted)
                .map_err(|it| it.inside(field()))?;
        }
        Ok(())
    }

    /// Whether value class `a` is a subtype of `b`: values can be assigned, or converted.
    pub fn value_subtype(&mut self, a: ClassId, b: ClassId) -> Verdict {
        if a == b {
            return Ok(());
        }
        for class in [a, b] {
            if self.open_parameter(class).is_some() {
                return Err(self.open(class));
            }
        }
        if self.assignable(a, b) {
            return Ok(());
        }
        let (own, wanted) = (self.describe(a), self.describe(b));
        match self.convertible(a, b) {
            Convertible::Yes => Ok(()),
            Convertible::No => Err(Mismatch::new(format!(
                "`{own}` is neither assignable nor convertible to `{wanted}`"
            ))),
            Convertible::Ambiguous => Err(Mismatch::new(format!(
                "there are several conversions of `{own}`, and the original did not choose one"
            ))),
        }
    }

    fn open(&mut self, class: ClassId) -> Mismatch {
        let name = self.describe(class);
        Mismatch::new(match self.open_parameter(class) {
            Some(parameter) if name == parameter => {
                format!("the type parameter `{parameter}` is not bound")
            }
            Some(parameter) => format!("the type parameter `{parameter}` of `{name}` is not bound"),
            None => format!("nothing is known about `{name}`"),
        })
    }

    /// The class `Dictionary` of objects by texts: what a folder must be.
    pub fn folder(&mut self) -> Option<ClassId> {
        const DICTIONARY: Id = Id(0xD111_EEF8_754D_4EB9_8ABD_90B0_260A_EF93);
        const TEXT: Id = Id(0x2FEB_1E02_8342_422C_BD38_CB07_4B95_7973);
        let dictionary = self.find(Id(0), Kind::Class(ClassKind::Object), DICTIONARY)?;
        let text = self.platform_class(ClassKind::Value, TEXT)?;
        let object = self.any_object()?;
        Some(self.add(Class::Entry {
            entry: dictionary,
            arguments: vec![text, object],
            template: false,
            constraints: Vec::new(),
        }))
    }

    /// The class of all objects.
    pub fn any_object(&mut self) -> Option<ClassId> {
        const OBJECT: Id = Id(0xF522_5FA2_6F7C_4F6D_93C9_E5A1_A45F_CF45);
        self.platform_class(ClassKind::Object, OBJECT)
    }

    /// The class of objects that authenticate any others.
    pub fn any_authenticating(&mut self) -> Option<ClassId> {
        const AUTHENTICATING: Id = Id(0xD98B_2164_2A73_4D02_A2D1_322B_892F_4A61);
        let entry = self.find(Id(0), Kind::Class(ClassKind::Object), AUTHENTICATING)?;
        let object = self.any_object()?;
        Some(self.add(Class::Entry {
            entry,
            arguments: vec![object],
            template: false,
            constraints: Vec::new(),
        }))
    }
}

/// Whether one set of constraints can stand for another: it provides at least as much and requires
/// no more.
fn constraints_subtype(own: &[Constraint], wanted: &[Constraint]) -> Verdict {
    let weaker = |few: &[Constraint], many: &[Constraint], provided: bool| {
        few.iter()
            .filter(|it| it.provided == provided)
            .find(|it| {
                !many.iter().any(|other| {
                    other.provided == provided && other.class == it.class && it.value <= other.value
                })
            })
            .cloned()
    };
    if let Some(missing) = weaker(wanted, own, true) {
        let message = format!(
            "constraint {} is not provided at {}",
            missing.class, missing.value
        );
        return Err(Mismatch::new(message));
    }
    if let Some(extra) = weaker(own, wanted, false) {
        let message = format!("it requires constraint {} at {}", extra.class, extra.value);
        return Err(Mismatch::new(message));
    }
    Ok(())
}
