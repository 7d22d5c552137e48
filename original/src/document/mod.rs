//! Reference documents of 2009 as a typed tree.
//!
//! The original read them with .NET's `XmlSerializer`: no schema, elements in any order, unknown
//! elements and attributes skipped, of an element that may stand once the first. [`read`] does the
//! same. What the serializer refused (an unknown `xsi:type`, a number that is none) is collected in
//! [`Document::faults`]; the tree is there nevertheless, so that a tolerant reader can go on.
//!
//! Sizes are bounded by [`Limits`](liveobj_references::Limits): in particular, nothing is nested
//! deeper than some hundred elements, so that recursion over a document is safe.

mod decode;
mod primitive;
mod read;
#[cfg(test)]
mod read_tests;
mod structured;
mod tree;

use std::sync::Arc;

use liveobj_types::{Diagnostic, Source, Span};

pub use decode::decode;
pub use primitive::{Primitive, PrimitiveType};
pub use read::{is_original, read, read_source, read_within};

/// A document.
#[derive(Clone, Debug)]
pub struct Document {
    /// The text, as Unicode, without its byte order mark.
    pub source: Arc<Source>,
    /// The object; none is a null document.
    pub object: Option<Object>,
    /// What the serializer refused, in the order of the document. If there is any, the original
    /// loaded nothing.
    pub faults: Vec<Diagnostic>,
    /// What the serializer skipped, in the order of the document.
    pub skipped: Vec<Skipped>,
}

/// An element or attribute that has no meaning where it stands, or one too many.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Skipped {
    /// What it is.
    pub what: SkippedKind,
    /// Its name, with its prefix.
    pub name: String,
    /// Of an element the start tag, of an attribute its name.
    pub span: Span,
    /// The element in which it stands.
    pub within: String,
}

/// What was skipped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SkippedKind {
    /// An element that is not known there.
    Element,
    /// An element that is known there, but stood there already.
    SecondElement,
    /// An attribute that is not known there.
    Attribute,
    /// Text where there is none.
    Text,
}

/// A text with its place.
#[derive(Clone, Debug)]
pub struct Text {
    /// The text, entities resolved.
    pub text: String,
    /// Its raw form, without quotes.
    pub span: Span,
}

/// An object: how to make one, or where to find one.
#[derive(Clone, Debug)]
pub struct Object {
    /// Which of the two kinds.
    pub kind: ObjectKind,
    /// The start tag.
    pub span: Span,
    /// For a reference without `From` the component, with `From` the key in that folder, and
    /// none for the null reference.
    pub id: Option<Text>,
    /// Whether `xsi:nil` says that there is none. The serializer did not look at it.
    pub nil: bool,
    /// Name, comment and the like.
    pub attributes: Vec<Attribute>,
    /// The class to which the object is cast.
    pub class: Option<Class>,
    /// What authenticates the object.
    pub authority: Option<Box<Object>>,
    /// Parameters of the component, in the order written.
    pub parameters: Vec<Parameter>,
}

/// The two kinds of objects.
#[derive(Clone, Debug)]
pub enum ObjectKind {
    /// `ReferenceObject`, with the folder in which it is found, if that is given.
    Reference(Option<Box<Object>>),
    /// `CompositeObject`.
    Composite(Composite),
    /// Neither; [`Document::faults`] says so.
    Unknown,
}

/// The parts of a composite object.
#[derive(Clone, Debug, Default)]
pub struct Composite {
    /// Its components.
    pub components: Vec<Component>,
    /// The endpoints that it shows.
    pub endpoints: Vec<Export>,
    /// What is connected to what.
    pub connections: Vec<Connection>,
}

/// A component of a composite object.
#[derive(Clone, Debug)]
pub struct Component {
    /// The start tag.
    pub span: Span,
    /// Its name.
    pub id: Option<Text>,
    /// What it is.
    pub object: Option<Object>,
}

/// An endpoint that a composite object shows.
#[derive(Clone, Debug)]
pub struct Export {
    /// The start tag.
    pub span: Span,
    /// Its name outside.
    pub id: Option<Text>,
    /// `component.endpoint`
    pub from: Option<Text>,
}

/// A connection inside a composite object.
#[derive(Clone, Debug)]
pub struct Connection {
    /// The start tag.
    pub span: Span,
    /// `component.endpoint`
    pub from: Option<Text>,
    /// `component.endpoint`
    pub to: Option<Text>,
}

/// A decoration of an object.
#[derive(Clone, Debug)]
pub struct Attribute {
    /// The start tag.
    pub span: Span,
    /// The attribute class.
    pub id: Option<Text>,
    /// The value.
    pub value: Option<Text>,
}

/// A parameter of a component or class.
#[derive(Clone, Debug)]
pub struct Parameter {
    /// The start tag.
    pub span: Span,
    /// Its name.
    pub id: Option<Text>,
    /// What it is; none is null.
    pub value: Option<Value>,
}

/// The value of a parameter.
#[derive(Clone, Debug)]
pub struct Value {
    /// The start tag.
    pub span: Span,
    /// What it is.
    pub kind: ValueKind,
}

/// What the value of a parameter is.
#[derive(Clone, Debug)]
pub enum ValueKind {
    /// An object.
    Object(Object),
    /// A class.
    Class(ClassKind, Class),
    /// A value of an XML Schema type.
    Primitive(Primitive),
    /// `Address`, `Identifier`, `Incarnation`, `Index`, `Name`, `UINT32`, `UINT64`, `UINT128` or
    /// `ID`: the type, and the text of its attribute `value`.
    Scalar(ScalarType, Option<Text>),
    /// `Configuration`.
    Configuration(Vec<ConfigurationParameter>),
    /// `Properties`.
    Properties(Vec<Property>),
    /// `Property`.
    Property(Box<Property>),
    /// `Parameters`.
    Parameters(Vec<Parameter>),
    /// No `xsi:type`, or one that is none of the dialect's: the serializer kept the XML. The type,
    /// and all text inside.
    Xml(Option<Text>, Text),
    /// [`Document::faults`] tells why it could not be read: the type, and all text inside.
    Invalid(Text, Text),
}

/// The four kinds of classes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ClassKind {
    /// Classes of values.
    Value,
    /// Classes of interfaces.
    Interface,
    /// Classes of endpoints.
    Endpoint,
    /// Classes of objects.
    Object,
}

/// A reference to a class, with its parameters.
#[derive(Clone, Debug)]
pub struct Class {
    /// The start tag.
    pub span: Span,
    /// The class.
    pub id: Option<Text>,
    /// Its type parameters.
    pub parameters: Vec<Parameter>,
    /// Constraints on the object; of object classes only.
    pub object_constraints: Vec<Constraint>,
    /// Constraints on endpoints; of object classes only.
    pub endpoint_constraints: Vec<Constraint>,
}

/// A constraint attached to an object class.
#[derive(Clone, Debug)]
pub struct Constraint {
    /// The start tag.
    pub span: Span,
    /// The endpoint that it is about; none for the object.
    pub name: Option<Text>,
    /// `provided` or `required`.
    pub kind: Option<Text>,
    /// The constraint class.
    pub class: Option<Text>,
    /// What that class reads.
    pub value: Option<Text>,
}

/// The small value types that are written in an attribute `value`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ScalarType {
    /// A network address.
    Address,
    /// A 128-bit number.
    Identifier,
    /// A 64-bit number.
    Incarnation,
    /// A 32-bit number.
    Index,
    /// A text.
    Name,
    /// A 32-bit number.
    Uint32,
    /// A 64-bit number.
    Uint64,
    /// A 128-bit number.
    Uint128,
    /// A 128-bit number that is not written at all.
    Id,
}

impl ScalarType {
    /// The name that `xsi:type` gives.
    pub fn name(self) -> &'static str {
        match self {
            ScalarType::Address => "Address",
            ScalarType::Identifier => "Identifier",
            ScalarType::Incarnation => "Incarnation",
            ScalarType::Index => "Index",
            ScalarType::Name => "Name",
            ScalarType::Uint32 => "UINT32",
            ScalarType::Uint64 => "UINT64",
            ScalarType::Uint128 => "UINT128",
            ScalarType::Id => "ID",
        }
    }
}

/// A parameter of a configuration.
#[derive(Clone, Debug)]
pub struct ConfigurationParameter {
    /// The start tag.
    pub span: Span,
    /// Its name.
    pub name: Option<Text>,
    /// Its value.
    pub value: Option<Text>,
}

/// A property that an aggregation computes.
#[derive(Clone, Debug)]
pub struct Property {
    /// The start tag.
    pub span: Span,
    /// Its number.
    pub id: Option<Text>,
    /// Its name.
    pub name: Option<Text>,
    /// What it is for.
    pub comment: Option<Text>,
    /// The class of its values.
    pub class: Option<Class>,
    /// The value to begin with.
    pub initial: Option<Text>,
    /// How it depends on others.
    pub dependency: Option<Text>,
    /// Where its parts come from.
    pub sources: Vec<PropertyReference>,
    /// Where it goes.
    pub destinations: Vec<PropertyReference>,
}

/// A property here or at a neighbour.
#[derive(Clone, Debug)]
pub struct PropertyReference {
    /// The start tag.
    pub span: Span,
    /// `Here`, `Pred` or `Succ`.
    pub location: Option<Text>,
    /// The number of the property.
    pub id: Option<Text>,
}
