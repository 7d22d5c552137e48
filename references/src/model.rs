//! The model of reference documents (formats, section 2). XML and JSON are read into it and
//! written from it; equality ignores spans.

use liveobj_types::Span;

/// A text with its place in the document.
#[derive(Clone, Debug, Default)]
pub struct Spanned {
    /// The text, escapes resolved.
    pub text: String,
    /// Where its raw form stands, without quotes.
    pub span: Span,
    /// Whether raw form and text are the same bytes, so that places inside can be computed.
    pub verbatim: bool,
}

impl PartialEq for Spanned {
    fn eq(&self, other: &Spanned) -> bool {
        self.text == other.text
    }
}
impl Eq for Spanned {}

/// A whole document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    /// Declarations in the type language.
    pub types: Option<Spanned>,
    /// For people; ignored by identity.
    pub about: Option<About>,
    /// The reference itself.
    pub root: Reference,
}

/// What people see of a document.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct About {
    /// A name.
    pub name: Option<Spanned>,
    /// A comment.
    pub comment: Option<Spanned>,
}

/// A live object reference.
#[derive(Clone, Debug)]
pub struct Reference {
    /// An explicit cast: a type expression.
    pub as_type: Option<Spanned>,
    /// Which of the four kinds, and its parts.
    pub kind: ReferenceKind,
    /// The element (in XML the start tag) or object.
    pub span: Span,
}

impl PartialEq for Reference {
    fn eq(&self, other: &Reference) -> bool {
        self.as_type == other.as_type && self.kind == other.kind
    }
}
impl Eq for Reference {}

/// The four kinds (thesis 2.1.5).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReferenceKind {
    /// Several objects side by side.
    Composite(Composite),
    /// An object whose reference is kept in a folder.
    External(External),
    /// A template with its parameters.
    Parameterized(Parameterized),
    /// A built-in.
    Primitive(Primitive),
}

/// Components, connections, exports.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Composite {
    /// Components in the order written.
    pub components: Vec<Component>,
    /// Connections in the order written.
    pub connections: Vec<Connection>,
    /// Exports in the order written.
    pub exports: Vec<ExportEntry>,
}

/// A named part of a composite.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Component {
    /// Its name.
    pub name: Spanned,
    /// What it is.
    pub reference: Reference,
}

/// A pair of endpoints.
#[derive(Clone, Debug)]
pub struct Connection {
    /// Both ends in the order written.
    pub ends: [EndpointName; 2],
    /// What may be inserted between them; nothing where absent.
    pub adapt: Option<Adapt>,
    /// The element or array.
    pub span: Span,
}

impl PartialEq for Connection {
    fn eq(&self, other: &Connection) -> bool {
        self.ends == other.ends && self.adapt == other.adapt
    }
}
impl Eq for Connection {}

/// Which adapters a connection asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Adapt {
    /// The name of an adapter, or [`Adapt::AUTO`].
    pub name: Spanned,
    /// Assignments to parameters of what is inserted, in the order written.
    pub parameters: Vec<(Spanned, Argument)>,
}

impl Adapt {
    /// Asks for the shortest chain of adapters that will do.
    pub const AUTO: &str = "auto";
}

/// Endpoint `name` of component `of`.
#[derive(Clone, Debug)]
pub struct EndpointName {
    /// The component.
    pub of: Spanned,
    /// The endpoint.
    pub name: Spanned,
    /// The element or object.
    pub span: Span,
}

impl PartialEq for EndpointName {
    fn eq(&self, other: &EndpointName) -> bool {
        self.of == other.of && self.name == other.name
    }
}
impl Eq for EndpointName {}

/// An endpoint of a component that the composite shows as its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExportEntry {
    /// Which.
    pub endpoint: EndpointName,
    /// Under which name; the endpoint's own where absent.
    pub as_name: Option<Spanned>,
}

/// `name` out of a folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct External {
    /// The name to ask for.
    pub name: Spanned,
    /// Whom to ask.
    pub source: ExternalSource,
}

/// Where an external reference comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ExternalSource {
    /// `<from>`: any object that is a `Folder<Object>`.
    From(Box<Reference>),
    /// `library="…" sha256="…"`: short for the `library` template.
    Library {
        /// The library's name.
        name: Spanned,
        /// The hash that its file must have, 64 hexadecimal digits.
        sha256: Option<Spanned>,
    },
}

/// A template with assignments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parameterized {
    /// The template: an external from a library, or a primitive.
    pub template: Box<Reference>,
    /// Assignments in the order written.
    pub parameters: Vec<(Spanned, Argument)>,
}

/// What a parameter is assigned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Argument {
    /// A reference, for a parameter of a `reference<>` type.
    Reference(Reference),
    /// A type expression.
    Type(Spanned),
    /// A value: the text itself for a string, JSON for any other type.
    Value(Spanned),
}

/// A built-in of the runtime.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Primitive {
    /// A 128-bit id (`0x2` or decimal or 32 hexadecimal digits) or a well-known name.
    pub id: Spanned,
    /// For `code`: `sha256:…`.
    pub library: Option<Spanned>,
    /// For `code`: the template.
    pub name: Option<Spanned>,
}
