//! Values: which can be assigned, and which can be converted, to which.

use crate::Id;
use crate::catalog::{Facts, Kind};
use crate::document::{ClassKind, PrimitiveType, ScalarType, ValueKind};

use super::classes::{Class, ClassId, Classes};

/// Value classes that the rules name.
mod known {
    use crate::Id;

    pub const ADDRESS: Id = Id(0x4BD5_8FAE_1AEB_4537_B42C_E0C2_6405_28F9);
    pub const IDENTIFIER: Id = Id(0x24D8_9149_67A4_43BE_93FD_68B4_F3CE_82A5);
    pub const INCARNATION: Id = Id(0xFF88_E580_C97A_40B9_9DA7_1B6F_A38F_1354);
    pub const INDEX: Id = Id(0xC9CE_9867_BE26_4A00_98A6_88B0_CB86_5053);
    pub const NAME: Id = Id(0xF864_A06B_8368_44ED_BA7D_3928_9962_7DED);
    pub const UINT32: Id = Id(0x5EF4_4566_5D9B_485F_B4CF_E24A_979B_3499);
    pub const UINT64: Id = Id(0x7ACA_0A0E_F8E8_4427_84CA_7921_D11B_2CC8);
    pub const UINT128: Id = Id(0x5A83_2D09_E922_4EA3_976E_0AD1_E528_3E33);
    pub const ID: Id = Id(0x3C36_CBFA_0A82_4012_9B2F_4579_3C43_89E9);
    pub const CONFIGURATION: Id = Id(0xC587_F496_0586_4DD5_B72F_62E5_68F9_E3FD);
    pub const PROPERTIES: Id = Id(0x925D_7923_3441_4DF1_BE6B_7197_EB72_DF1A);
    pub const PROPERTY: Id = Id(0x9EC8_17D4_7B69_4A97_99CB_A187_2011_245B);
    pub const XML_OBJECT: Id = Id(0x75C5_F8CB_AC1F_4476_97C5_5127_2B15_FA3C);
    pub const XML_OBJECT_CLASS: Id = Id(0x275E_C36E_67DC_43D2_ADD7_2230_DEA9_8E6F);
    pub const XML_VALUE_CLASS: Id = Id(0xB626_AEAE_561F_4976_8663_3267_F124_4A9D);
}

/// The value class of references to objects.
pub const OBJECT_REFERENCE: Id = Id(0x58B3_7C32_B8E5_49C5_BC6E_E4A0_F5C1_467E);

/// The types between which `System.Convert` converts, each to each.
const CONVERTIBLE: [&str; 15] = [
    "Boolean", "Char", "SByte", "Byte", "Int16", "Int32", "Int64", "UInt16", "UInt32", "UInt64",
    "Single", "Double", "Decimal", "DateTime", "String",
];

/// To which number types .NET widens a number type by itself.
const WIDENED: [(&str, &[&str]); 11] = [
    (
        "Char",
        &[
            "UInt16", "UInt32", "Int32", "UInt64", "Int64", "Single", "Double",
        ],
    ),
    ("SByte", &["Int16", "Int32", "Int64", "Single", "Double"]),
    (
        "Byte",
        &[
            "Char", "UInt16", "Int16", "UInt32", "Int32", "UInt64", "Int64", "Single", "Double",
        ],
    ),
    ("Int16", &["Int32", "Int64", "Single", "Double"]),
    (
        "UInt16",
        &["UInt32", "Int32", "UInt64", "Int64", "Single", "Double"],
    ),
    ("Int32", &["Int64", "Single", "Double"]),
    ("UInt32", &["UInt64", "Int64", "Single", "Double"]),
    ("Int64", &["Single", "Double"]),
    ("UInt64", &["Single", "Double"]),
    ("Single", &["Double"]),
    ("Double", &[]),
];

/// Element types whose arrays .NET takes for each other's.
const SAME_ELEMENTS: [(&str, &str); 3] = [
    ("Int16", "UInt16"),
    ("Int32", "UInt32"),
    ("Int64", "UInt64"),
];

/// Whether a value of one class can be had from a value of another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Convertible {
    /// It can.
    Yes,
    /// It cannot.
    No,
    /// The original found several operators and could not choose: an exception.
    Ambiguous,
}

/// What the best of several overloads is.
enum Chosen {
    None,
    One(usize),
    Ambiguous,
}

impl Classes<'_> {
    /// The class of a value in a document; none if it has no value class.
    pub fn class_of_value(&mut self, value: &ValueKind) -> Option<ClassId> {
        let id = match value {
            ValueKind::Primitive(primitive) => return self.primitive_class(primitive.ty),
            ValueKind::Scalar(ty, _) => match ty {
                ScalarType::Address => known::ADDRESS,
                ScalarType::Identifier => known::IDENTIFIER,
                ScalarType::Incarnation => known::INCARNATION,
                ScalarType::Index => known::INDEX,
                ScalarType::Name => known::NAME,
                ScalarType::Uint32 => known::UINT32,
                ScalarType::Uint64 => known::UINT64,
                ScalarType::Uint128 => known::UINT128,
                ScalarType::Id => known::ID,
            },
            ValueKind::Configuration(_) => known::CONFIGURATION,
            ValueKind::Properties(_) => known::PROPERTIES,
            ValueKind::Property(_) => known::PROPERTY,
            ValueKind::Object(_) => known::XML_OBJECT,
            ValueKind::Class(ClassKind::Object, _) => known::XML_OBJECT_CLASS,
            ValueKind::Class(ClassKind::Value, _) => known::XML_VALUE_CLASS,
            ValueKind::Class(..)
            | ValueKind::Parameters(_)
            | ValueKind::Xml(..)
            | ValueKind::Invalid(..) => return None,
        };
        self.platform_class(ClassKind::Value, id)
    }

    /// The value class of a .NET type.
    fn primitive_class(&mut self, ty: PrimitiveType) -> Option<ClassId> {
        self.builtin(ty.dotnet_name())
    }

    /// The value class of the .NET type of that name.
    fn builtin(&mut self, name: &str) -> Option<ClassId> {
        let entry = self.catalog.builtin(name)?;
        Some(self.template(entry))
    }

    /// The name of a class that is a .NET type.
    fn builtin_name(&self, class: ClassId) -> Option<&str> {
        let entry = self.entry_of(class)?;
        match entry.facts {
            Facts::Value { builtin: true, .. } => Some(entry.name.as_str()),
            _ => None,
        }
    }

    /// Whether anything can be assigned to this class.
    pub fn is_anything(&self, class: ClassId) -> bool {
        self.builtin_name(class) == Some("Object")
    }

    /// Whether values of class `from` can be assigned to `to` as they are; both have .NET types.
    pub fn assignable(&mut self, from: ClassId, to: ClassId) -> bool {
        if self.same_type(from, to) || self.is_anything(to) {
            return true;
        }
        let mut seen = vec![from];
        let mut next = 0;
        while let Some(class) = seen.get(next).copied() {
            next += 1;
            for above in self.supertypes(class) {
                if self.same_type(above, to) || self.covariant(above, to) {
                    return true;
                }
                if !seen.contains(&above) {
                    seen.push(above);
                }
            }
        }
        self.covariant(from, to)
    }

    /// The classes that a class says its values can be assigned to.
    fn supertypes(&mut self, class: ClassId) -> Vec<ClassId> {
        let Class::Entry { entry, .. } = *self.get(class) else {
            return Vec::new();
        };
        let Facts::Value {
            assignable_to,
            builtin,
            ..
        } = &self.entry(entry).facts
        else {
            return Vec::new();
        };
        let bound = self.bound(class);
        let mut above: Vec<ClassId> = assignable_to
            .iter()
            .map(|declared| self.build(entry, declared, &bound))
            .collect();
        if *builtin {
            above.extend(self.builtin_supertypes(class));
        }
        above
    }

    /// What .NET says of its own types.
    fn builtin_supertypes(&mut self, class: ClassId) -> Vec<ClassId> {
        let name = self.builtin_name(class).unwrap_or("").to_owned();
        let argument = self.arguments(class).first().copied();
        let mut above = Vec::new();
        let (generics, element): (&[&str], _) = match name.as_str() {
            "IList`1" => (&["ICollection`1", "IEnumerable`1"], argument),
            "ICollection`1" => (&["IEnumerable`1"], argument),
            "ArraySegment`1" => (&["IList`1", "ICollection`1", "IEnumerable`1"], argument),
            "String" => (&["IEnumerable`1"], self.builtin("Char")),
            name => match name.strip_suffix("[]") {
                Some(element) => {
                    for (a, b) in SAME_ELEMENTS {
                        let other = match element {
                            it if it == a => b,
                            it if it == b => a,
                            _ => continue,
                        };
                        above.extend(self.builtin(&format!("{other}[]")));
                    }
                    above.extend(self.builtin("Array"));
                    let all: &[&str] = &["IList`1", "ICollection`1", "IEnumerable`1"];
                    (all, self.builtin(element))
                }
                None => (&[], None),
            },
        };
        if let Some(element) = element {
            for generic in generics {
                if let Some(entry) = self.catalog.builtin(generic) {
                    above.push(self.add(Class::Entry {
                        entry,
                        arguments: vec![element],
                        template: false,
                        constraints: Vec::new(),
                    }));
                }
            }
        }
        above
    }

    /// Sequences of something assignable are assignable, unless they hold numbers.
    fn covariant(&mut self, from: ClassId, to: ClassId) -> bool {
        let sequence = |classes: &Self, class| {
            (classes.builtin_name(class) == Some("IEnumerable`1"))
                .then(|| classes.arguments(class).first().copied())
                .flatten()
        };
        let (Some(inside), Some(outside)) = (sequence(self, from), sequence(self, to)) else {
            return false;
        };
        let number = self.builtin_name(inside).is_some_and(|name| {
            name == "Boolean" || WIDENED.iter().any(|(number, _)| *number == name)
        });
        !number && self.assignable(inside, outside)
    }

    /// Whether a value of class `from` can be converted where `to` is wanted. Both have .NET types,
    /// and it cannot be assigned.
    pub fn convertible(&mut self, from: ClassId, to: ClassId) -> Convertible {
        let among = |class, names: &[&str]| {
            self.builtin_name(class)
                .is_some_and(|name| names.contains(&name))
        };
        if among(from, &CONVERTIBLE) && among(to, &CONVERTIBLE) {
            return Convertible::Yes;
        }
        let constructors = self.constructors(to);
        match self.choose(from, &constructors) {
            Chosen::One(_) => return Convertible::Yes,
            Chosen::Ambiguous => return Convertible::Ambiguous,
            Chosen::None => {}
        }
        for declaring in [from, to] {
            let operators = self.operators(declaring);
            let sources: Vec<ClassId> = operators.iter().map(|(source, _)| *source).collect();
            match self.choose(from, &sources) {
                Chosen::One(at) if self.same_type(operators[at].1, to) => return Convertible::Yes,
                Chosen::Ambiguous => return Convertible::Ambiguous,
                Chosen::One(_) | Chosen::None => {}
            }
        }
        Convertible::No
    }

    /// From what the constructors of one argument make a value of a class.
    fn constructors(&mut self, class: ClassId) -> Vec<ClassId> {
        let mut sources: Vec<ClassId> = Vec::new();
        for (source, target) in self.conversions(class) {
            if target.is_none() {
                sources.push(source);
            }
        }
        let element = self.arguments(class).first().copied();
        match self.builtin_name(class).unwrap_or("").to_owned().as_str() {
            "String" => sources.extend(self.builtin("Char[]")),
            "ArraySegment`1" => {
                let name = element.and_then(|it| self.builtin_name(it).map(str::to_owned));
                sources.extend(name.and_then(|name| self.builtin(&format!("{name}[]"))));
            }
            // The length of an array.
            name if name.ends_with("[]") => sources.extend(self.builtin("Int32")),
            _ => {}
        }
        sources
    }

    /// The operators of conversion that a class declares: from and to.
    fn operators(&mut self, class: ClassId) -> Vec<(ClassId, ClassId)> {
        let all = self.conversions(class).into_iter();
        all.filter_map(|(source, target)| Some((source, target?)))
            .collect()
    }

    fn conversions(&mut self, class: ClassId) -> Vec<(ClassId, Option<ClassId>)> {
        let Class::Entry { entry, .. } = *self.get(class) else {
            return Vec::new();
        };
        let Facts::Value { conversions, .. } = &self.entry(entry).facts else {
            return Vec::new();
        };
        let bound = self.bound(class);
        conversions
            .iter()
            .map(|conversion| {
                let source = self.build(entry, &conversion.from, &bound);
                let target = conversion.to.as_ref();
                (source, target.map(|it| self.build(entry, it, &bound)))
            })
            .collect()
    }

    /// The overload that .NET takes for an argument of class `given`: the exact one, else the most
    /// specific of those that accept it.
    fn choose(&mut self, given: ClassId, overloads: &[ClassId]) -> Chosen {
        let accepting: Vec<usize> = (0..overloads.len())
            .filter(|at| self.accepts(overloads[*at], given))
            .collect();
        let exact = |classes: &Self, at: &&usize| classes.same_type(overloads[**at], given);
        let mut exactly = accepting.iter().filter(|at| exact(self, at));
        match (exactly.next(), exactly.next()) {
            (Some(at), None) => return Chosen::One(*at),
            (Some(_), Some(_)) => return Chosen::Ambiguous,
            (None, _) => {}
        }
        if accepting.is_empty() {
            return Chosen::None;
        }
        let most_specific = accepting.iter().find(|at| {
            let others = accepting.iter().filter(|other| other != at);
            others.copied().all(|other| {
                let (a, b) = (overloads[**at], overloads[other]);
                self.accepts(b, a) && !self.accepts(a, b)
            })
        });
        match most_specific {
            Some(at) => Chosen::One(*at),
            None => Chosen::Ambiguous,
        }
    }

    /// Whether .NET passes a value of class `given` to a parameter of class `wanted`.
    fn accepts(&mut self, wanted: ClassId, given: ClassId) -> bool {
        if self.assignable(given, wanted) {
            return true;
        }
        let (Some(given), Some(wanted)) = (self.builtin_name(given), self.builtin_name(wanted))
        else {
            return false;
        };
        WIDENED
            .iter()
            .any(|(from, to)| *from == given && to.contains(&wanted))
    }

    /// The object class to which references of this class refer, if it is a class of references.
    pub fn referenced(&self, class: ClassId) -> Option<ClassId> {
        let entry = self.entry_of(class)?;
        (entry.library == Id(0)
            && entry.kind == Kind::Class(ClassKind::Value)
            && entry.id == OBJECT_REFERENCE)
            .then(|| self.arguments(class).first().copied())
            .flatten()
    }
}
