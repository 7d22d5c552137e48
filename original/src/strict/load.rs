//! Loading a document: the original's `Loader`, step by step.

use std::collections::BTreeSet;
use std::sync::Arc;

use liveobj_types::{Code, Diagnostic, Place, Source, Span, codes, nearest};

use crate::catalog::{Entry, Facts, Kind, ParameterKind};
use crate::document::{
    ClassKind, Composite, Document, Object, ObjectKind, Parameter, Text, Value, ValueKind,
};

use super::classes::{Class, ClassId, Classes, EntryIndex, Unbound, display_name, type_parameters};
use super::relation::Mismatch;

/// How a document says that there is no object.
const NO_OBJECT: &str = "<Value xsi:type=\"ReferenceObject\" />";

pub(super) type Outcome<T> = Result<T, Box<Diagnostic>>;

/// The class of the object in a document; none if there is no object.
pub fn document(classes: &mut Classes<'_>, document: &Document) -> Outcome<Option<ClassId>> {
    let mut loading = Loading {
        classes,
        source: &document.source,
    };
    match &document.object {
        Some(object) => loading.object(object),
        None => Ok(None),
    }
}

pub(super) struct Loading<'l, 'a> {
    pub classes: &'l mut Classes<'a>,
    pub source: &'l Arc<Source>,
}

/// A component whose parameters are being bound.
struct Component<'a> {
    entry: EntryIndex,
    declared: &'a Entry,
    /// For each parameter of the component, the class that is bound to it, or of which its values
    /// are.
    parameters: Vec<ClassId>,
    /// For each parameter of the component, whether it is bound.
    bound: Vec<bool>,
    /// Whether a substitution has forgotten which parameters are open.
    forgetful: bool,
    /// The class of its objects.
    class: ClassId,
}

impl<'a> Loading<'_, 'a> {
    pub fn fault(&self, code: Code, span: Span, message: impl Into<String>) -> Box<Diagnostic> {
        Box::new(Diagnostic::error(code, message).at(Place::new(self.source, span), ""))
    }

    /// The object class of an object; none for null.
    fn object(&mut self, object: &Object) -> Outcome<Option<ClassId>> {
        let class = match &object.kind {
            ObjectKind::Reference(from) => match (&object.id, from) {
                (None, _) => None,
                (Some(_), Some(folder)) => Some(self.external(object, folder)?),
                (Some(id), None) => Some(self.component(object, id)?),
            },
            ObjectKind::Composite(parts) => self.composite(object, parts)?,
            ObjectKind::Unknown => {
                return Err(self.fault(
                    codes::DOCUMENT_STRUCTURE,
                    object.span,
                    "this is neither a `ReferenceObject` nor a `CompositeObject`",
                ));
            }
        };
        let Some(class) = class else {
            return Ok(None);
        };
        match &object.authority {
            Some(authority) => {
                let Some(own) = self.object(authority)? else {
                    let message = "the authority is null";
                    return Err(self.fault(codes::DOCUMENT_STRUCTURE, authority.span, message));
                };
                let wanted = self.classes.any_authenticating();
                self.must_be(own, wanted, authority.span, "this authority")?;
            }
            None if self.classes.authenticating(class).is_some() => {
                let name = self.classes.describe(class);
                let message = format!("objects of class `{name}` need an authority");
                let fault = self.fault(codes::DOCUMENT_STRUCTURE, object.span, message);
                return Err(Box::new(fault.with_help("add an `<Authority>`")));
            }
            None => {}
        }
        Ok(Some(class))
    }

    /// An object that is kept in a folder.
    fn external(&mut self, object: &Object, folder: &Object) -> Outcome<ClassId> {
        if let Some(parameter) = object.parameters.first() {
            let message = "an object that is found in a folder cannot be given parameters";
            let fault = self.fault(codes::NOT_A_TEMPLATE, parameter.span, message);
            return Err(Box::new(fault.with_help(
                "give them to the component that makes the object, where the folder keeps it",
            )));
        }
        let Some(own) = self.object(folder)? else {
            let message = "the object in `<From>` is null: nothing can be found in it";
            return Err(self.fault(codes::DOCUMENT_STRUCTURE, folder.span, message));
        };
        let wanted = self.classes.folder();
        self.must_be(own, wanted, folder.span, "the object in `<From>`")?;
        let Some(class) = &object.class else {
            let message = "nothing says what class the object in the folder has";
            let fault = self.fault(codes::MISSING_AS, object.span, message);
            return Err(Box::new(fault.with_help("add an `<ObjectClass>`")));
        };
        let class = self.class(ClassKind::Object, class)?;
        self.attributes(&object.attributes)?;
        let any = self.classes.any_object();
        self.must_be(class, any, object.span, "this object")?;
        Ok(class)
    }

    /// A composite object. Its endpoints and connections were not looked at.
    fn composite(&mut self, object: &Object, parts: &Composite) -> Outcome<Option<ClassId>> {
        if parts.components.is_empty() {
            return Ok(None);
        }
        let mut names: BTreeSet<&str> = BTreeSet::new();
        for component in &parts.components {
            let Some(id) = &component.id else {
                let message = "this component has no `id`";
                return Err(self.fault(codes::DOCUMENT_STRUCTURE, component.span, message));
            };
            if let Some(c) = id.text.chars().find(|c| !c.is_alphanumeric() && *c != '_') {
                let message = format!("`{c}` cannot stand in the name of a component");
                return Err(self.fault(codes::DOCUMENT_STRUCTURE, id.span, message));
            }
            if let Some(object) = &component.object {
                self.object(object)?;
            }
            if !names.insert(&id.text) {
                let message = format!("there are two components `{}`", id.text);
                return Err(self.fault(codes::DUPLICATE_PART, id.span, message));
            }
        }
        self.attributes(&object.attributes)?;
        let Some(class) = &object.class else {
            let message = "nothing says what class the composite object has";
            let fault = self.fault(codes::MISSING_AS, object.span, message);
            return Err(Box::new(fault.with_help("add an `<ObjectClass>`")));
        };
        let class = self.class(ClassKind::Object, class)?;
        let any = self.classes.any_object();
        self.must_be(class, any, object.span, "this object")?;
        Ok(Some(class))
    }

    /// An object that a component makes.
    fn component(&mut self, object: &Object, id: &Text) -> Outcome<ClassId> {
        let entry = self.look_up(Kind::Component, id)?;
        let declared = self.classes.entry(entry);
        let mut component = self.fresh(entry, id)?;
        self.names_are_declared(declared, &object.parameters)?;
        let types = self.type_arguments(declared, &object.parameters)?;
        if !types.is_empty() {
            self.bind(&mut component, &types, object)?;
        }
        let values = self.values(&component, &object.parameters)?;
        if !values.is_empty() {
            self.bind(&mut component, &values, object)?;
        }
        let mut class = component.class;
        if let Some(cast) = &object.class {
            let wanted = self.class(ClassKind::Object, cast)?;
            self.must_be(class, Some(wanted), cast.span, "this object")?;
            class = wanted;
        }
        let any = self.classes.any_object();
        self.must_be(class, any, object.span, "this object")?;
        self.attributes(&object.attributes)?;
        Ok(class)
    }

    /// A component as it is registered.
    fn fresh(&mut self, entry: EntryIndex, id: &Text) -> Outcome<Component<'a>> {
        let declared = self.classes.entry(entry);
        let own: Vec<(usize, &str)> = type_parameters(declared).collect();
        let open: Vec<(&str, ClassId)> = own
            .into_iter()
            .map(|(at, name)| (name, self.classes.add(Class::Placeholder(entry, at))))
            .collect();
        let mut parameters = Vec::new();
        for parameter in &declared.parameters {
            parameters.push(match &parameter.kind {
                ParameterKind::Value(ty) => self.classes.build(entry, ty, &open),
                ParameterKind::Class(_) | ParameterKind::Unknown => open
                    .iter()
                    .find(|(name, _)| *name == parameter.name)
                    .map_or_else(
                        || self.classes.add(Class::Opaque(Some(entry), String::new())),
                        |(_, class)| *class,
                    ),
            });
        }
        let class = match &declared.facts {
            Facts::Component(Some(ty)) => self.classes.build(entry, ty, &open),
            _ => {
                let message = format!("the class of `{}` is not known", id.text);
                return Err(self.fault(codes::UNKNOWN_TEMPLATE, id.span, message));
            }
        };
        Ok(Component {
            entry,
            declared,
            bound: vec![false; parameters.len()],
            parameters,
            forgetful: false,
            class,
        })
    }

    pub fn names_are_declared(&self, declared: &Entry, given: &[Parameter]) -> Outcome<()> {
        for parameter in given {
            let Some(id) = &parameter.id else {
                let message = "this parameter has no `id`";
                return Err(self.fault(codes::DOCUMENT_STRUCTURE, parameter.span, message));
            };
            let all = || declared.parameters.iter().map(|it| it.name.as_str());
            if !all().any(|name| name == id.text) {
                let of = display_name(declared);
                let message = format!("`{of}` has no parameter `{}`", id.text);
                let fault = self.fault(codes::UNKNOWN_PARAMETER, id.span, message);
                if let Some(similar) = nearest(&id.text, all()) {
                    return Err(Box::new(fault.did_you_mean(&id.text, similar)));
                }
                let quoted: Vec<String> = all().map(|name| format!("`{name}`")).collect();
                return Err(Box::new(fault.with_help(match quoted.is_empty() {
                    true => "it has none at all".to_owned(),
                    false => format!("it has {}", quoted.join(", ")),
                })));
            }
        }
        Ok(())
    }

    /// The type parameters among those given, which are known to be declared.
    pub fn type_arguments<'d>(
        &mut self,
        declared: &'d Entry,
        given: &'d [Parameter],
    ) -> Outcome<Vec<(&'d Parameter, ClassId)>> {
        let mut arguments = Vec::new();
        for (parameter, kind) in with_kinds(declared, given) {
            let ParameterKind::Class(kind) = kind else {
                continue;
            };
            let argument = match parameter.value.as_ref().map(|value| &value.kind) {
                Some(ValueKind::Class(own, class)) if own == kind => self.class(*kind, class)?,
                other => {
                    let name = parameter.id.as_ref().map_or("", |id| id.text.as_str());
                    let found = other.map_or_else(|| "nothing".to_owned(), describe_value);
                    let message = format!(
                        "parameter `{name}` takes {}, and is given {found}",
                        with_article(*kind)
                    );
                    let span = parameter
                        .value
                        .as_ref()
                        .map_or(parameter.span, |it| it.span);
                    return Err(self.fault(codes::WRONG_ARGUMENT_KIND, span, message));
                }
            };
            arguments.push((parameter, argument));
        }
        Ok(arguments)
    }

    /// The values among the parameters given, each with the class of which it is.
    fn values<'d>(
        &mut self,
        component: &Component<'a>,
        given: &'d [Parameter],
    ) -> Outcome<Vec<(&'d Parameter, ClassId)>> {
        let mut values = Vec::new();
        for (parameter, kind) in with_kinds(component.declared, given) {
            if !matches!(kind, ParameterKind::Value(_)) {
                continue;
            }
            let name = parameter.id.as_ref().map_or("", |id| id.text.as_str());
            let mut all = component.declared.parameters.iter();
            let Some(at) = all.position(|it| it.name == name) else {
                continue;
            };
            let class = component.parameters[at];
            if let Some(open) = self.classes.open_parameter(class) {
                let message = format!(
                    "parameter `{name}` cannot be given before the type parameter `{open}`"
                );
                let fault = self.fault(codes::MISSING_PARAMETER, parameter.span, message);
                return Err(Box::new(fault.with_help(format!("give `{open}`, too"))));
            }
            match self.classes.referenced(class) {
                Some(wanted) => self.reference(parameter, name, wanted)?,
                None => self.plain_value(parameter.value.as_ref(), name, class)?,
            }
            values.push((parameter, class));
        }
        Ok(values)
    }

    /// A parameter that takes an object of a class.
    fn reference(&mut self, parameter: &Parameter, name: &str, wanted: ClassId) -> Outcome<()> {
        let described = self.classes.describe(wanted);
        let Some(value) = &parameter.value else {
            let message = format!("parameter `{name}` takes an object, and is given nothing");
            let fault = self.fault(codes::MISSING_PARAMETER, parameter.span, message);
            return Err(Box::new(
                fault.with_help(format!("for none write `{NO_OBJECT}` inside")),
            ));
        };
        match &value.kind {
            ValueKind::Object(object) if matches!(object.kind, ObjectKind::Reference(_)) => {
                if let Some(own) = self.object(object)? {
                    let wanted = self.classes.of_type(wanted);
                    let what = format!("the object for parameter `{name}`");
                    self.must_be(own, Some(wanted), value.span, &what)?;
                }
                Ok(())
            }
            ValueKind::Object(_) => {
                let message = format!(
                    "a composite object cannot be given to parameter `{name}`: the original could \
                     not load those inside others"
                );
                Err(self.fault(codes::WRONG_ARGUMENT_KIND, value.span, message))
            }
            other => {
                let message = format!(
                    "parameter `{name}` takes an object of class `{described}`, and is given {}",
                    describe_value(other)
                );
                Err(self.fault(codes::WRONG_ARGUMENT_KIND, value.span, message))
            }
        }
    }

    /// A parameter that takes a value of a class; nothing is null.
    fn plain_value(&mut self, value: Option<&Value>, name: &str, class: ClassId) -> Outcome<()> {
        let Some(value) = value else {
            return Ok(());
        };
        let fits = match self.classes.class_of_value(&value.kind) {
            Some(own) => self.classes.assignable(own, class),
            None => self.classes.is_anything(class),
        };
        if fits {
            return Ok(());
        }
        let message = format!(
            "parameter `{name}` takes a value of class `{}`, and is given {}",
            self.classes.describe(class),
            describe_value(&value.kind)
        );
        let fault = self.fault(codes::INVALID_VALUE, value.span, message);
        Err(Box::new(fault.with_note(
            "the original converted no values of parameters",
        )))
    }

    /// Binds parameters of a component.
    fn bind(
        &mut self,
        component: &mut Component<'a>,
        given: &[(&Parameter, ClassId)],
        object: &Object,
    ) -> Outcome<()> {
        let mut names: Vec<(&str, ClassId)> = Vec::new();
        for (parameter, class) in given {
            let name = parameter.id.as_ref().map_or("", |id| id.text.as_str());
            if names.iter().any(|(own, _)| *own == name) {
                let message = format!("parameter `{name}` is given twice");
                return Err(self.fault(codes::DUPLICATE_PART, parameter.span, message));
            }
            names.push((name, *class));
        }
        // Values are not classes: they fill no type parameter.
        let is_type = |name: &str| {
            let mut all = type_parameters(component.declared);
            all.any(|(_, own)| own == name)
        };
        let types: Vec<(&str, ClassId)> = names
            .iter()
            .copied()
            .filter(|(name, _)| is_type(name))
            .collect();
        for at in 0..component.parameters.len() {
            let name = component.declared.parameters[at].name.as_str();
            let given = names.iter().any(|(own, _)| *own == name);
            if !given && !component.bound[at] && component.forgetful {
                return Err(self.left_open(component, name, object));
            }
            component.bound[at] |= given;
            let class = component.parameters[at];
            component.parameters[at] = self
                .classes
                .instantiate(class, &types)
                .map_err(|unbound| self.unbound(component, &unbound, object))?;
        }
        component.class = self
            .classes
            .instantiate(component.class, &types)
            .map_err(|unbound| self.unbound(component, &unbound, object))?;
        component.forgetful = true;
        Ok(())
    }

    /// A parameter was left open that cannot be.
    fn left_open(&self, component: &Component<'_>, name: &str, object: &Object) -> Box<Diagnostic> {
        let of = display_name(component.declared);
        let message = format!("parameter `{name}` of `{of}` is not given");
        let fault = self.fault(codes::MISSING_PARAMETER, object.span, message);
        let fault = fault.with_note(
            "where a component has type parameters and any value is given, the original wanted all \
             values",
        );
        let mut all = component.declared.parameters.iter();
        let at = all.position(|it| it.name == name);
        let class = at.map(|at| component.parameters[at]);
        let null = match class.and_then(|class| self.classes.referenced(class)) {
            Some(_) => format!("<Parameter id=\"{name}\">{NO_OBJECT}</Parameter>"),
            None => format!("<Parameter id=\"{name}\" />"),
        };
        Box::new(fault.with_help(format!("for none write `{null}`")))
    }

    /// A type parameter was left open inside another class.
    fn unbound(
        &self,
        component: &Component<'_>,
        unbound: &Unbound,
        object: &Object,
    ) -> Box<Diagnostic> {
        let own = self.classes.entry(component.entry);
        let message = match type_parameters(own).any(|(_, name)| name == unbound.0) {
            true => format!(
                "type parameter `{}` of `{}` is not given",
                unbound.0,
                display_name(own)
            ),
            false => format!("a class inside has no `{}`", unbound.0),
        };
        self.fault(codes::MISSING_PARAMETER, object.span, message)
    }

    /// Checks that an object has a class that is a subtype of the one wanted.
    fn must_be(
        &mut self,
        own: ClassId,
        wanted: Option<ClassId>,
        span: Span,
        what: &str,
    ) -> Outcome<()> {
        let Some(wanted) = wanted else {
            let message = "the catalogue lacks a class that every document needs";
            return Err(self.fault(codes::UNKNOWN_TYPE, span, message));
        };
        self.classes
            .object_subtype(own, wanted)
            .map_err(|Mismatch { trail, message }| {
                let (own, wanted) = (self.classes.describe(own), self.classes.describe(wanted));
                let summary =
                    format!("{what} is of class `{own}`, which is not a subtype of `{wanted}`");
                let fault = self.fault(codes::NOT_A_SUBTYPE, span, summary);
                Box::new(fault.with_trail(trail).with_note(message))
            })
    }
}

/// The parameters given, which are known to be declared, each with what it takes.
fn with_kinds<'e, 'd>(
    declared: &'e Entry,
    given: &'d [Parameter],
) -> impl Iterator<Item = (&'d Parameter, &'e ParameterKind)> {
    given.iter().filter_map(|parameter| {
        let name = &parameter.id.as_ref()?.text;
        let mut all = declared.parameters.iter();
        Some((parameter, &all.find(|it| it.name == *name)?.kind))
    })
}

pub(super) fn kind_name(kind: ClassKind) -> &'static str {
    match kind {
        ClassKind::Value => "value class",
        ClassKind::Interface => "interface class",
        ClassKind::Endpoint => "endpoint class",
        ClassKind::Object => "object class",
    }
}

fn with_article(kind: ClassKind) -> String {
    match kind {
        ClassKind::Value => format!("a {}", kind_name(kind)),
        _ => format!("an {}", kind_name(kind)),
    }
}

/// What a value is, for people.
fn describe_value(value: &ValueKind) -> String {
    match value {
        ValueKind::Object(_) => "an object".to_owned(),
        ValueKind::Class(kind, _) => with_article(*kind),
        ValueKind::Primitive(primitive) => format!("a `{}`", primitive.name.text),
        ValueKind::Scalar(ty, _) => format!("a value of type `{}`", ty.name()),
        ValueKind::Configuration(_) => "a configuration".to_owned(),
        ValueKind::Properties(_) => "properties".to_owned(),
        ValueKind::Property(_) => "a property".to_owned(),
        ValueKind::Parameters(_) => "a list of parameters".to_owned(),
        ValueKind::Xml(Some(ty), _) | ValueKind::Invalid(ty, _) => {
            format!("something of type `{}`", ty.text)
        }
        ValueKind::Xml(None, _) => "something without a type".to_owned(),
    }
}
