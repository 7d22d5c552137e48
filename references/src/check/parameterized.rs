//! Parameterized references: every parameter of the template is assigned.

use std::collections::{BTreeMap, BTreeSet};

use liveobj_types::diagnostic::Label;
use liveobj_types::resolve::{Environment, TemplateSignature, ValueParameterSignature};
use liveobj_types::syntax::TypeParameter;
use liveobj_types::types::Value;
use liveobj_types::{Data, Diagnostic, Place, Span, TypeId, codes};

use super::libraries::{LibraryName, Offered};
use super::scope::Scope;
use super::templates::{Found, Maker};
use super::values::Bound;
use super::{Checker, Typed};
use crate::checked::{BoundArgument, Part, PartKind};
use crate::gaps::is_left_out;
use crate::identity;
use crate::model::{Argument, Parameterized, Reference, Spanned};

pub(super) type Given<'d> = BTreeMap<&'d str, (&'d Spanned, &'d Argument)>;

impl Checker<'_> {
    pub(super) fn parameterized(
        &mut self,
        scope: &Scope,
        reference: &Reference,
        inner: &Parameterized,
    ) -> Option<Typed> {
        let as_type = reference.as_type.as_ref();
        let found = self.template(scope, &inner.template);
        let gaps = self.left_out(scope);
        let more = gaps.is_some_and(|it| it.assigns_more(reference.span));
        let mut given = Given::new();
        let named = |(name, _): &&(Spanned, Argument)| !(more && is_left_out(name));
        for (name, argument) in inner.parameters.iter().filter(named) {
            given.entry(&name.text).or_insert((name, argument));
        }
        let Some(Found { offered, maker }) = found else {
            self.arguments_alone(scope, inner.parameters.iter());
            let ty = self.cast(scope, as_type, None)?;
            return Some(Typed {
                ty,
                derived: ty,
                part: None,
            });
        };
        let nameless = inner.parameters.iter().filter(|it| !named(it));
        self.arguments_alone(scope, nameless);
        let none = Environment::new();
        let named = self.names(scope, reference.span, &offered, &given, &none);
        let assigned = self.assign(scope, &offered, &given, &none);
        let derived = assigned.as_ref().and_then(|assigned| assigned.result);
        let ty = self.cast(scope, as_type, derived)?;
        let arguments = assigned
            .and_then(|assigned| assigned.arguments)
            .filter(|_| named);
        let part = arguments.and_then(|arguments| {
            let (kind, identity) = self.plan(scope, inner, &offered, maker, arguments)?;
            Some(Part {
                ty,
                derived: derived.unwrap_or(ty),
                cast: as_type.is_some(),
                identity,
                place: self.at(scope, reference.span),
                kind,
            })
        });
        Some(Typed {
            ty,
            derived: derived.unwrap_or(ty),
            part,
        })
    }

    /// Checks arguments of which it is not known what they are for.
    fn arguments_alone<'d>(
        &mut self,
        scope: &Scope,
        arguments: impl Iterator<Item = &'d (Spanned, Argument)>,
    ) {
        for (_, argument) in arguments {
            match argument {
                Argument::Reference(reference) => {
                    self.reference(scope, reference);
                }
                Argument::Type(text) => {
                    self.any_type(scope, text);
                }
                Argument::Value(_) => {}
            }
        }
    }

    /// Reports parameters that the template does not have, and those that nobody assigns. Type
    /// arguments that are `known` need no assignment.
    pub(super) fn names(
        &mut self,
        scope: &Scope,
        span: Span,
        offered: &Offered,
        given: &Given<'_>,
        known: &Environment,
    ) -> bool {
        let template = &offered.template;
        let types = template
            .type_parameters
            .iter()
            .map(|parameter| &parameter.name.name);
        let values = template
            .value_parameters
            .iter()
            .map(|parameter| &parameter.name.name);
        let names: Vec<&str> = types.chain(values).map(String::as_str).collect();
        let known_names: BTreeSet<&str> = names.iter().copied().collect();
        let mut complete = true;
        // A parameter whose name is misspelt is not missing as well.
        let mut meant = BTreeSet::new();
        for (name, _) in given.values() {
            if known_names.contains(name.text.as_str()) {
                continue;
            }
            complete = false;
            if self.is_full() {
                break;
            }
            let place = self.at(scope, name.span);
            let title = &template.name.name;
            let found = if names.is_empty() {
                let message = format!("`{title}` is an object, not a template: it takes nothing");
                Diagnostic::error(codes::NOT_A_TEMPLATE, message)
                    .at(place, "")
                    .with_help("use the external reference itself, without parameters")
            } else {
                let message = format!("template `{title}` has no parameter `{}`", name.text);
                let free: Vec<&str> = names
                    .iter()
                    .copied()
                    .filter(|name| !given.contains_key(name))
                    .collect();
                let similar = self
                    .nearest(&name.text, &free)
                    .or_else(|| self.nearest(&name.text, &names));
                meant.extend(similar);
                let found = Diagnostic::error(codes::UNKNOWN_PARAMETER, message).at(place, "");
                match similar {
                    Some(similar) => found.did_you_mean(&name.text, similar),
                    None => {
                        let names = crate::faults::one_of(&names).replace(" or ", " and ");
                        found.with_help(format!("it has {names}"))
                    }
                }
            };
            self.report(found);
        }
        let missing: Vec<&str> = template
            .type_parameters
            .iter()
            .map(|parameter| &parameter.name)
            .chain(
                template
                    .value_parameters
                    .iter()
                    .filter(|parameter| parameter.default.is_none())
                    .map(|parameter| &parameter.name),
            )
            .map(|name| name.name.as_str())
            .filter(|name| !given.contains_key(name) && !known.contains_key(*name))
            .filter(|name| !meant.contains(name))
            .collect();
        let gaps = self.left_out(scope);
        let missing = match gaps.is_some_and(|it| it.assigns_more(span)) {
            // They may be among the assignments that are left out.
            true => Vec::new(),
            false => missing,
        };
        if !missing.is_empty() {
            complete = false;
            let (what, verb) = if missing.len() == 1 {
                ("parameter", "is")
            } else {
                ("parameters", "are")
            };
            let message = format!(
                "{what} `{}` of template `{}` {verb} not assigned",
                missing.join("`, `"),
                template.name.name
            );
            let place = self.at(scope, span);
            let found = Diagnostic::error(codes::MISSING_PARAMETER, message)
                .at(place, "")
                .with_help(format!("add `<parameter name=\"{}\">`", missing[0]));
            self.report(found);
        }
        complete
    }

    /// Assigns all parameters; type arguments that are `known` come before those given.
    pub(super) fn assign(
        &mut self,
        scope: &Scope,
        offered: &Offered,
        given: &Given<'_>,
        known: &Environment,
    ) -> Option<Assigned> {
        let template = &offered.template;
        let mut environment = BTreeMap::new();
        let mut arguments = Vec::new();
        for parameter in &template.type_parameters {
            let name = parameter.name.name.as_str();
            let id = match (known.get(name), given.get(name)) {
                (Some(id), _) => Some(*id),
                (None, Some((key, argument))) => {
                    self.type_argument(scope, parameter, key, argument)
                }
                (None, None) => None,
            };
            let Some(id) = id else { continue };
            environment.insert(name.to_owned(), id);
            let bound = Bound {
                argument: BoundArgument::Type(id),
                identity: identity::type_argument(&self.types.identity(id)),
            };
            arguments.push((name.to_owned(), bound));
        }
        if environment.len() < template.type_parameters.len() {
            self.arguments_left(scope, offered, given);
            return None;
        }
        let signature = self.applied(scope, offered, &environment, given)?;
        let mut complete = true;
        for parameter in &signature.value_parameters {
            let bound = match given.get(parameter.name.as_str()) {
                Some((key, argument)) => self.value_argument(scope, parameter, key, argument),
                None if parameter.default.is_some() => {
                    self.default_value(scope, offered, parameter)
                }
                None => None,
            };
            match bound {
                Some(bound) => arguments.push((parameter.name.clone(), bound)),
                None => complete = false,
            }
        }
        Some(Assigned {
            result: Some(signature.result),
            arguments: complete.then_some(arguments),
        })
    }

    /// Whether an argument could not be read; checks what could be read inside of it.
    fn unread(&mut self, scope: &Scope, argument: &Argument) -> bool {
        let gaps = self.left_out(scope);
        match argument {
            Argument::Reference(reference) if gaps.is_some_and(|it| it.is_unread(reference)) => {
                self.reference(scope, reference);
                true
            }
            _ => false,
        }
    }

    /// The type that is given for a type parameter.
    fn type_argument(
        &mut self,
        scope: &Scope,
        parameter: &TypeParameter,
        key: &Spanned,
        argument: &Argument,
    ) -> Option<TypeId> {
        if self.unread(scope, argument) {
            return None;
        }
        let Argument::Type(text) = argument else {
            self.wrong_kind(scope, key, "a type", argument);
            return None;
        };
        let id = self.any_type(scope, text)?;
        if id.kind() == parameter.kind {
            return Some(id);
        }
        let message = format!(
            "parameter `{}` takes a type of kind {}, `{}` is of kind {}",
            parameter.name.name,
            parameter.kind.as_str(),
            text.text,
            id.kind().as_str()
        );
        let place = self.at(scope, text.span);
        self.report(Diagnostic::error(codes::WRONG_KIND, message).at(place, ""));
        None
    }

    /// The signature with all type arguments; what is wrong with these is reported where they are.
    fn applied(
        &mut self,
        scope: &Scope,
        offered: &Offered,
        environment: &BTreeMap<String, TypeId>,
        given: &Given<'_>,
    ) -> Option<TemplateSignature> {
        let template = &offered.template;
        let faults = match self.types.template(&offered.module, template, environment) {
            Ok(signature) => return Some(signature),
            Err(faults) => faults,
        };
        let (mut here, mut inside) = (Vec::new(), Vec::new());
        for mut fault in faults {
            let span = fault.labels.first().map(|label| label.place.span);
            let argument = template
                .type_parameters
                .iter()
                .find(|parameter| Some(parameter.name.span) == span)
                .and_then(|parameter| given.get(parameter.name.name.as_str()));
            let Some((_, Argument::Type(text))) = argument else {
                inside.push(fault);
                continue;
            };
            let place = self.at(scope, text.span);
            fault.labels.insert(
                0,
                Label {
                    place,
                    text: String::new(),
                },
            );
            here.push(fault);
        }
        // What goes wrong inside the template follows from the argument that it is given.
        let faults = if here.is_empty() { inside } else { here };
        self.report_all(faults);
        None
    }

    /// What can be said of value arguments while a type argument is missing.
    fn arguments_left(&mut self, scope: &Scope, offered: &Offered, given: &Given<'_>) {
        for parameter in &offered.template.value_parameters {
            match given.get(parameter.name.name.as_str()) {
                Some((_, Argument::Reference(reference))) => {
                    self.reference(scope, reference);
                }
                Some((key, argument @ Argument::Type(_))) => {
                    self.wrong_kind(scope, key, "a value", argument);
                }
                _ => {}
            }
        }
    }

    fn wrong_kind(&mut self, scope: &Scope, name: &Spanned, needs: &str, argument: &Argument) {
        let (found, span) = match argument {
            Argument::Reference(reference) => ("a reference", reference.span),
            Argument::Type(text) => ("a type", text.span),
            Argument::Value(text) => ("a value", text.span),
        };
        let message = format!("parameter `{}` takes {needs}, not {found}", name.text);
        let place = self.at(
            scope,
            if span == Span::default() {
                name.span
            } else {
                span
            },
        );
        let help = match needs {
            "a type" => "write a type into `type`",
            _ if needs.contains("reference") => "write a reference there",
            _ => "write the value into `value`",
        };
        let found = Diagnostic::error(codes::WRONG_ARGUMENT_KIND, message).at(place, "");
        self.report(found.with_help(help));
        if let Argument::Reference(reference) = argument {
            self.reference(scope, reference);
        }
    }

    fn value_argument(
        &mut self,
        scope: &Scope,
        parameter: &ValueParameterSignature,
        key: &Spanned,
        argument: &Argument,
    ) -> Option<Bound> {
        if self.unread(scope, argument) {
            return None;
        }
        let object = match self.types.value(parameter.ty) {
            Value::Reference(object) => Some((*object, false)),
            Value::Option(inner) => match self.types.value(*inner) {
                Value::Reference(object) => Some((*object, true)),
                _ => None,
            },
            _ => None,
        };
        match (argument, object) {
            (Argument::Value(text), _) => {
                self.argument_value(scope, &parameter.name, parameter.ty, text)
            }
            (Argument::Reference(reference), Some((expected, optional))) => {
                let typed = self.reference(scope, reference)?;
                let place = self.at(scope, reference.span);
                let passes = self.passed(typed.ty, expected, &parameter.name, place);
                let part = typed.part.filter(|_| passes)?;
                self.reference_argument(parameter, part, optional)
            }
            _ => {
                let ty = self.types.describe(TypeId::Value(parameter.ty));
                self.wrong_kind(scope, key, &format!("a value of the type `{ty}`"), argument);
                None
            }
        }
    }

    fn reference_argument(
        &mut self,
        parameter: &ValueParameterSignature,
        part: Part,
        optional: bool,
    ) -> Option<Bound> {
        let ty = parameter.ty;
        let text = self.canonical(&part)?;
        let identity = Data::Document(part.identity.to_vec());
        if optional {
            let some = |data| Data::Option(Some(Box::new(data)));
            let data = some(Data::Document(text.into_bytes()));
            let identity = identity::value(&some(identity));
            return Some(Bound {
                argument: BoundArgument::Value { ty, data },
                identity,
            });
        }
        let identity = identity::value(&identity);
        let document = text.into();
        let argument = BoundArgument::Reference {
            ty,
            document,
            part: Box::new(part),
        };
        Some(Bound { argument, identity })
    }

    fn plan(
        &mut self,
        scope: &Scope,
        inner: &Parameterized,
        offered: &Offered,
        maker: Maker,
        arguments: Vec<(String, Bound)>,
    ) -> Option<(PartKind, [u8; 32])> {
        match maker {
            Maker::Nobody => None,
            Maker::LibraryPrimitive => {
                let text = |name: &str| {
                    let (_, bound) = arguments.iter().find(|(key, _)| key == name)?;
                    match &bound.argument {
                        BoundArgument::Value {
                            data: Data::String(text),
                            ..
                        } => Some(text.clone()),
                        _ => None,
                    }
                };
                let name = text("name")?;
                let sha256 = text("sha256").filter(|sha256| !sha256.is_empty());
                let sha256 = match sha256 {
                    Some(sha256) => Some(self.digits(scope, inner, &sha256)?),
                    None => None,
                };
                let identity = identity::library(&name);
                Some((PartKind::Library { name, sha256 }, identity))
            }
            Maker::Library(library) => {
                let template = &offered.template.name.name;
                let template = match &inner.template.kind {
                    crate::model::ReferenceKind::External(external) => &external.name.text,
                    _ => template,
                };
                Some(object(library, template, arguments))
            }
        }
    }

    /// The hash given to the `library` primitive, in lower case.
    fn digits(&mut self, scope: &Scope, inner: &Parameterized, sha256: &str) -> Option<String> {
        if sha256.len() == 64 && sha256.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Some(sha256.to_ascii_lowercase());
        }
        let place: Place = inner
            .parameters
            .iter()
            .find_map(|(name, argument)| match argument {
                Argument::Value(text) if name.text == "sha256" => Some(self.at(scope, text.span)),
                _ => None,
            })
            .unwrap_or_else(|| self.at(scope, inner.template.span));
        let message = "`sha256`: expected 64 hexadecimal digits";
        self.report(
            Diagnostic::error(codes::INVALID_VALUE, message)
                .at(place, "")
                .with_help("`sha256sum FILE` prints it"),
        );
        None
    }
}

/// What became of a template's parameters.
pub(super) struct Assigned {
    pub result: Option<liveobj_types::ObjectId>,
    /// Present where each has its argument.
    pub arguments: Option<Vec<(String, Bound)>>,
}

/// An object of a library, and its identity.
pub(super) fn object(
    library: LibraryName,
    template: &str,
    arguments: Vec<(String, Bound)>,
) -> (PartKind, [u8; 32]) {
    let identities: Vec<(&str, [u8; 32])> = arguments
        .iter()
        .map(|(name, bound)| (name.as_str(), bound.identity))
        .collect();
    let identity = identity::object(&library.name, template, &identities);
    let kind = PartKind::Object {
        library: library.name,
        sha256: library.sha256,
        template: template.to_owned(),
        arguments: arguments
            .into_iter()
            .map(|(name, bound)| (name, bound.argument))
            .collect(),
    };
    (kind, identity)
}
