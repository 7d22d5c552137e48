//! Syntax trees of the type language (formats, section 1). Equality ignores spans.

use crate::source::Span;

/// A name with its place.
#[derive(Clone, Debug)]
pub struct Ident {
    /// Matches `[A-Za-z_][A-Za-z0-9_]*`.
    pub name: String,
    /// Where it stands.
    pub span: Span,
}

impl PartialEq for Ident {
    fn eq(&self, other: &Ident) -> bool {
        self.name == other.name
    }
}
impl Eq for Ident {}

/// A whole text of the type language.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct File {
    /// `use` lines and declarations in the order written.
    pub items: Vec<Item>,
}

/// One item of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Item {
    /// `use "…";`
    Use(Use),
    /// `type A = B;`
    Alias(Alias),
    /// `record R { … }`
    Record(Record),
    /// `variant V { … }`
    Variant(Variant),
    /// `enum E { … }`
    Enum(Enum),
    /// `endpoint E { … }`
    Endpoint(Endpoint),
    /// `object O { … }`
    Object(Object),
    /// `template t(…): O;`
    Template(Template),
}

impl Item {
    /// The declared name; none for a `use`.
    pub fn name(&self) -> Option<&Ident> {
        match self {
            Item::Use(_) => None,
            Item::Alias(item) => Some(&item.name),
            Item::Record(item) => Some(&item.name),
            Item::Variant(item) => Some(&item.name),
            Item::Enum(item) => Some(&item.name),
            Item::Endpoint(item) => Some(&item.name),
            Item::Object(item) => Some(&item.name),
            Item::Template(item) => Some(&item.name),
        }
    }

    /// The type parameters; empty for a `use`.
    pub fn parameters(&self) -> &[TypeParameter] {
        match self {
            Item::Use(_) | Item::Enum(_) => &[],
            Item::Alias(item) => &item.parameters,
            Item::Record(item) => &item.parameters,
            Item::Variant(item) => &item.parameters,
            Item::Endpoint(item) => &item.parameters,
            Item::Object(item) => &item.parameters,
            Item::Template(item) => &item.type_parameters,
        }
    }
}

/// `use "liveobj:standard";` or a path relative to the file.
#[derive(Clone, Debug)]
pub struct Use {
    /// The text between the quotes.
    pub library: String,
    /// Where the whole item stands.
    pub span: Span,
}

impl PartialEq for Use {
    fn eq(&self, other: &Use) -> bool {
        self.library == other.library
    }
}
impl Eq for Use {}

/// The three kinds of types.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// Value types.
    Value,
    /// Endpoint types.
    Endpoint,
    /// Object types.
    Object,
}

impl Kind {
    /// The keyword.
    pub fn as_str(self) -> &'static str {
        match self {
            Kind::Value => "value",
            Kind::Endpoint => "endpoint",
            Kind::Object => "object",
        }
    }
}

/// `Name: kind <: Bound`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TypeParameter {
    /// Its name.
    pub name: Ident,
    /// Its kind.
    pub kind: Kind,
    /// What an argument must be a subtype of.
    pub bound: Option<Bound>,
}

/// The bound of a type parameter.
pub type Bound = TypeExpr;

/// A use of a type: `Name<A, B>` or `mirror E`.
#[derive(Clone, Debug)]
pub enum TypeExpr {
    /// A built-in, a declared name or a parameter, with its arguments.
    Named {
        /// The name.
        name: Ident,
        /// The arguments; empty where there are no brackets.
        arguments: Vec<TypeExpr>,
        /// From the name to the closing bracket.
        span: Span,
    },
    /// `mirror E`: incoming and outgoing, provided and required swapped.
    Mirror {
        /// What is mirrored.
        inner: Box<TypeExpr>,
        /// From `mirror` to the end of `E`.
        span: Span,
    },
}

impl TypeExpr {
    /// Where it stands.
    pub fn span(&self) -> Span {
        match self {
            TypeExpr::Named { span, .. } | TypeExpr::Mirror { span, .. } => *span,
        }
    }
}

impl PartialEq for TypeExpr {
    fn eq(&self, other: &TypeExpr) -> bool {
        match (self, other) {
            (
                TypeExpr::Named {
                    name, arguments, ..
                },
                TypeExpr::Named {
                    name: name2,
                    arguments: arguments2,
                    ..
                },
            ) => name == name2 && arguments == arguments2,
            (TypeExpr::Mirror { inner, .. }, TypeExpr::Mirror { inner: inner2, .. }) => {
                inner == inner2
            }
            _ => false,
        }
    }
}
impl Eq for TypeExpr {}

/// `type A<P> = B;`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alias {
    /// Doc comment lines without `///` and one space.
    pub doc: Vec<String>,
    /// The new name.
    pub name: Ident,
    /// Type parameters.
    pub parameters: Vec<TypeParameter>,
    /// What it stands for.
    pub target: TypeExpr,
}

/// `record R { a: T, .. }`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Doc comment lines.
    pub doc: Vec<String>,
    /// Its name.
    pub name: Ident,
    /// Type parameters.
    pub parameters: Vec<TypeParameter>,
    /// Fields in the order written.
    pub fields: Vec<Field>,
    /// Whether further fields are tolerated (`..`).
    pub open: bool,
}

/// `name: T`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// Doc comment lines.
    pub doc: Vec<String>,
    /// Its name.
    pub name: Ident,
    /// Its type.
    pub ty: TypeExpr,
}

/// `variant V { a(T), b }`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Variant {
    /// Doc comment lines.
    pub doc: Vec<String>,
    /// Its name.
    pub name: Ident,
    /// Type parameters.
    pub parameters: Vec<TypeParameter>,
    /// Cases in the order written.
    pub cases: Vec<VariantCase>,
}

/// `name` or `name(T)`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VariantCase {
    /// Doc comment lines.
    pub doc: Vec<String>,
    /// Its name.
    pub name: Ident,
    /// Its payload.
    pub payload: Option<TypeExpr>,
}

/// `enum E { a, b }`: a variant without payloads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Enum {
    /// Doc comment lines.
    pub doc: Vec<String>,
    /// Its name.
    pub name: Ident,
    /// Cases in the order written, each with its doc comment lines.
    pub cases: Vec<(Vec<String>, Ident)>,
}

/// `endpoint E { in a(); out b(); … }`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// Doc comment lines.
    pub doc: Vec<String>,
    /// Its name.
    pub name: Ident,
    /// Type parameters.
    pub parameters: Vec<TypeParameter>,
    /// Events and constraints in the order written.
    pub members: Vec<EndpointMember>,
}

/// A member of an endpoint type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EndpointMember {
    /// `in …;` or `out …;`
    Event(Event),
    /// `provides …;`, `requires …;`, `follows …;`
    Constraint(Constraint),
}

/// Which way an event flows, seen from the endpoint's owner.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Direction {
    /// The owner receives it.
    In,
    /// The owner sends it.
    Out,
}

/// `in name(parameters);`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// Doc comment lines.
    pub doc: Vec<String>,
    /// Its direction.
    pub direction: Direction,
    /// Its name.
    pub name: Ident,
    /// Its parameters in the order written.
    pub parameters: Vec<EventParameter>,
    /// Whether further parameters are tolerated (`..`).
    pub open: bool,
    /// Whether emitting it may answer `refused`.
    pub refusable: bool,
}

/// `name: T` among an event's parameters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventParameter {
    /// Its name.
    pub name: Ident,
    /// Its type.
    pub ty: TypeExpr,
}

/// Which side a constraint binds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ConstraintRole {
    /// What the owner guarantees.
    Provides,
    /// What the owner demands of the peer.
    Requires,
    /// Both: it provides the text and requires its dual.
    Follows,
}

/// `provides formalism "text" given "text";`
#[derive(Clone, Debug)]
pub struct Constraint {
    /// Its role.
    pub role: ConstraintRole,
    /// Name of the formalism.
    pub formalism: Ident,
    /// The text as written, escapes resolved.
    pub text: String,
    /// Where the text stands, without its quotes.
    pub text_span: Span,
    /// The assumption under which it is given.
    pub given: Option<String>,
}

impl PartialEq for Constraint {
    fn eq(&self, other: &Constraint) -> bool {
        (self.role, &self.formalism, &self.text, &self.given)
            == (other.role, &other.formalism, &other.text, &other.given)
    }
}
impl Eq for Constraint {}

/// `object O { endpoint e: E many; … state S; }`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Object {
    /// Doc comment lines.
    pub doc: Vec<String>,
    /// Its name.
    pub name: Ident,
    /// Type parameters.
    pub parameters: Vec<TypeParameter>,
    /// Endpoints in the order written.
    pub endpoints: Vec<ObjectEndpoint>,
    /// Constraints in the order written.
    pub constraints: Vec<Constraint>,
    /// What save and load exchange.
    pub state: Option<TypeExpr>,
}

/// `mandatory endpoint e: E many;`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObjectEndpoint {
    /// Doc comment lines.
    pub doc: Vec<String>,
    /// Its name.
    pub name: Ident,
    /// Its type.
    pub ty: TypeExpr,
    /// Whether each connection is another instance.
    pub many: bool,
    /// Whether the proxy starts only once it is connected.
    pub mandatory: bool,
}

/// `template t<P: value>(a: T = default): O;`, or with private endpoints in braces in place of the
/// `;`; or the same with `adapter`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template {
    /// Doc comment lines.
    pub doc: Vec<String>,
    /// Whether its objects may be inserted where two endpoints do not match (`adapter`). It is no
    /// part of what a template is equal to.
    pub adapter: bool,
    /// Its name.
    pub name: Ident,
    /// Type parameters.
    pub type_parameters: Vec<TypeParameter>,
    /// Value parameters.
    pub value_parameters: Vec<ValueParameter>,
    /// The type of the objects it makes.
    pub result: TypeExpr,
    /// `private endpoint`s in the order written, never mandatory: what the code connects with
    /// objects that it opens itself. They are no part of the objects' type.
    pub private: Vec<ObjectEndpoint>,
}

/// `name: T = default`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ValueParameter {
    /// Its name.
    pub name: Ident,
    /// Its type.
    pub ty: TypeExpr,
    /// Its default.
    pub default: Option<Default>,
}

/// A default value: JSON as written.
#[derive(Clone, Debug)]
pub struct Default {
    /// The JSON text, trimmed.
    pub json: String,
    /// Where it stands.
    pub span: Span,
}

impl PartialEq for Default {
    fn eq(&self, other: &Default) -> bool {
        self.json == other.json
    }
}
impl Eq for Default {}
