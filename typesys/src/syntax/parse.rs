//! Parser: recursive descent over the tokens of `lexis`, one token ahead.

use std::sync::Arc;

use super::ast::{
    Alias, Constraint, ConstraintRole, Default, Direction, Endpoint, EndpointMember, Enum, Event,
    EventParameter, Field, File, Ident, Item, Kind, Object, ObjectEndpoint, Record, Template,
    TypeExpr, TypeParameter, Use, ValueParameter, Variant, VariantCase,
};
use super::cursor::{Cursor, MAX_DEPTH, Read, is_type_text};
use super::lost::Lost;
use super::names;
use crate::diagnostic::{Diagnostic, codes};
use crate::source::{Source, Span};

/// Reads a whole text.
///
/// # Errors
///
/// One diagnostic per fault found (at most 100), each with the place and what was expected there.
pub fn parse_file(source: &Arc<Source>) -> Result<File, Vec<Diagnostic>> {
    let (file, _, faults) = read_file(source);
    if faults.is_empty() {
        Ok(file)
    } else {
        Err(faults)
    }
}

/// Reads one type expression (both bracket styles), which must be all of the text.
///
/// # Errors
///
/// As [`parse_file`].
pub fn parse_type(source: &Arc<Source>) -> Result<TypeExpr, Vec<Diagnostic>> {
    let mut cursor = Cursor::new(source);
    let ty = cursor.type_expr(0);
    if ty.is_ok() && !cursor.at_end() {
        cursor.also_expect("the end of the type");
        let _: Read<()> = cursor.stop();
    }
    ty.ok()
        .filter(|_| cursor.faults.is_empty())
        .ok_or(cursor.faults)
}

/// Reads a whole text: the items that could be read, what could not, and every fault (at most
/// 100).
pub(crate) fn read_file(source: &Arc<Source>) -> (File, Lost, Vec<Diagnostic>) {
    let mut cursor = Cursor::new(source);
    let file = cursor.file();
    (file, cursor.lost, cursor.faults)
}

/// As [`parse_file`], with every token.
pub(super) fn parse_tokens(source: &Arc<Source>) -> Result<(File, Vec<Span>), Vec<Diagnostic>> {
    let mut cursor = Cursor::new(source);
    cursor.tokens = Some(Vec::new());
    let file = cursor.file();
    match cursor.faults.is_empty() {
        true => Ok((file, cursor.tokens.unwrap_or_default())),
        false => Err(cursor.faults),
    }
}

impl Cursor<'_> {
    fn file(&mut self) -> File {
        let mut file = File::default();
        while !self.at_end() && !self.full() {
            let start = self.position();
            match self.item() {
                Ok(item) => {
                    names::check(&item, self.source, &mut self.faults);
                    file.items.push(item);
                }
                Err(_) => self.recover(start),
            }
            self.context = None;
        }
        if !self.at_end() {
            self.lost.all();
        }
        if file.items.is_empty() && !is_type_text(&self.source.text) {
            self.no_type_text();
        }
        self.faults.truncate(super::cursor::MAX_FAULTS);
        file
    }

    /// Of a text in another language one fault says enough.
    fn no_type_text(&mut self) {
        self.faults.truncate(1);
        if let Some(fault) = self.faults.pop() {
            let help = "a text of the type language is made of declarations, such as \
                        `record Line { text: string }`";
            self.faults.push(match fault.help {
                Some(_) => fault,
                None => fault.with_help(help),
            });
        }
    }

    fn item(&mut self) -> Read<Item> {
        let doc = self.take_docs();
        let start = self.position();
        if self.keyword("use") {
            let (library, _) = self.string("the name of a library in double quotes")?;
            self.need(";")?;
            return Ok(Item::Use(Use {
                library,
                span: self.span_from(start),
            }));
        }
        if self.keyword("type") {
            let (name, parameters) = self.head(start, "alias")?;
            self.need("=")?;
            let target = self.type_expr(0)?;
            self.need(";")?;
            return Ok(Item::Alias(Alias {
                doc,
                name,
                parameters,
                target,
            }));
        }
        if self.keyword("record") {
            let (name, parameters) = self.head(start, "record")?;
            self.need("{")?;
            let mut fields = Vec::new();
            let open = self.sequence("}", true, |cursor| {
                let doc = cursor.take_docs();
                let (name, ty) = cursor.typed("a field")?;
                fields.push(Field { doc, name, ty });
                Ok(())
            })?;
            return Ok(Item::Record(Record {
                doc,
                name,
                parameters,
                fields,
                open,
            }));
        }
        if self.keyword("variant") {
            let (name, parameters) = self.head(start, "variant")?;
            self.need("{")?;
            let mut cases = Vec::new();
            self.sequence("}", false, |cursor| {
                let doc = cursor.take_docs();
                let name = cursor.name("a case")?;
                let mut payload = None;
                if cursor.mark("(") {
                    payload = Some(cursor.type_expr(0)?);
                    cursor.need(")")?;
                }
                cases.push(VariantCase { doc, name, payload });
                Ok(())
            })?;
            return Ok(Item::Variant(Variant {
                doc,
                name,
                parameters,
                cases,
            }));
        }
        if self.keyword("enum") {
            let name = self.declared(start, "enum")?;
            self.need("{")?;
            let mut cases = Vec::new();
            self.sequence("}", false, |cursor| {
                let doc = cursor.take_docs();
                cases.push((doc, cursor.name("a case")?));
                Ok(())
            })?;
            return Ok(Item::Enum(Enum { doc, name, cases }));
        }
        if self.keyword("endpoint") {
            let (name, parameters) = self.head(start, "endpoint type")?;
            self.need("{")?;
            let mut members = Vec::new();
            while !self.mark("}") {
                members.push(self.endpoint_member()?);
            }
            return Ok(Item::Endpoint(Endpoint {
                doc,
                name,
                parameters,
                members,
            }));
        }
        if self.keyword("object") {
            let (name, parameters) = self.head(start, "object type")?;
            let (endpoints, constraints, state) = (Vec::new(), Vec::new(), None);
            let mut object = Object {
                doc,
                name,
                parameters,
                endpoints,
                constraints,
                state,
            };
            self.need("{")?;
            while !self.mark("}") {
                self.object_member(&mut object)?;
            }
            return Ok(Item::Object(object));
        }
        let plain = self.keyword("template");
        if plain || self.keyword("adapter") {
            let (adapter, what) = (!plain, if plain { "template" } else { "adapter" });
            let (name, type_parameters) = self.head(start, what)?;
            self.need("(")?;
            let mut value_parameters = Vec::new();
            self.sequence(")", false, |cursor| {
                let (name, ty) = cursor.typed("a parameter")?;
                let mut default = None;
                if cursor.mark("=") {
                    let (json, span) = cursor.json()?;
                    default = Some(Default { json, span });
                }
                value_parameters.push(ValueParameter { name, ty, default });
                Ok(())
            })?;
            self.need(":")?;
            let result = self.type_expr(0)?;
            let mut private = Vec::new();
            if self.mark("{") {
                while !self.mark("}") {
                    private.push(self.private_endpoint()?);
                }
            } else {
                self.need(";")?;
            }
            let template = Template {
                doc,
                adapter,
                name,
                type_parameters,
                value_parameters,
                result,
                private,
            };
            return Ok(Item::Template(template));
        }
        self.stop()
    }

    fn declared(&mut self, start: usize, what: &'static str) -> Read<Ident> {
        let name = self.name("a name")?;
        self.context = Some((what, self.span_from(start)));
        Ok(name)
    }

    /// The name and the type parameters of a declaration.
    fn head(&mut self, start: usize, what: &'static str) -> Read<(Ident, Vec<TypeParameter>)> {
        let name = self.declared(start, what)?;
        let Some(close) = self.open_bracket() else {
            return Ok((name, Vec::new()));
        };
        let mut parameters = Vec::new();
        loop {
            let name = self.name("a type parameter")?;
            self.need(":")?;
            let kind = if self.keyword("value") {
                Kind::Value
            } else if self.keyword("object") {
                Kind::Object
            } else if self.keyword("endpoint") {
                Kind::Endpoint
            } else {
                return self.stop();
            };
            let bound = if self.mark("<:") {
                Some(self.type_expr(0)?)
            } else {
                None
            };
            parameters.push(TypeParameter { name, kind, bound });
            if !self.mark(",") {
                break;
            }
        }
        self.need(close)?;
        Ok((name, parameters))
    }

    /// Elements with commas between them (one may follow the last) up to `close`; gives whether
    /// they end in `..`.
    fn sequence(
        &mut self,
        close: &'static str,
        may_be_open: bool,
        mut element: impl FnMut(&mut Self) -> Read<()>,
    ) -> Read<bool> {
        loop {
            if self.mark(close) {
                return Ok(false);
            }
            if may_be_open && self.mark("..") {
                self.need(close)?;
                return Ok(true);
            }
            element(self)?;
            if !self.mark(",") {
                self.need(close)?;
                return Ok(false);
            }
        }
    }

    /// `name: T`
    fn typed(&mut self, what: &'static str) -> Read<(Ident, TypeExpr)> {
        let name = self.name(what)?;
        self.need(":")?;
        Ok((name, self.type_expr(0)?))
    }

    fn type_expr(&mut self, depth: usize) -> Read<TypeExpr> {
        let start = self.position();
        if depth > MAX_DEPTH {
            let span = Span::new(start, start + 1);
            return self.limit(format!("a type is nested more than {MAX_DEPTH} deep"), span);
        }
        if self.peek_name() == Some("mirror") {
            self.keyword("mirror");
            let inner = Box::new(self.type_expr(depth + 1)?);
            return Ok(TypeExpr::Mirror {
                inner,
                span: self.span_from(start),
            });
        }
        let name = self.name("a type")?;
        let Some(close) = self.open_bracket() else {
            return Ok(TypeExpr::Named {
                span: name.span,
                name,
                arguments: Vec::new(),
            });
        };
        let mut arguments = Vec::new();
        loop {
            arguments.push(self.type_expr(depth + 1)?);
            if !self.mark(",") {
                break;
            }
        }
        self.need(close)?;
        Ok(TypeExpr::Named {
            name,
            arguments,
            span: self.span_from(start),
        })
    }

    fn endpoint_member(&mut self) -> Read<EndpointMember> {
        let doc = self.take_docs();
        let direction = if self.keyword("in") {
            Direction::In
        } else if self.keyword("out") {
            Direction::Out
        } else {
            return match self.constraint()? {
                Some(constraint) => Ok(EndpointMember::Constraint(constraint)),
                None => self.stop(),
            };
        };
        let name = self.name("the name of an event")?;
        self.need("(")?;
        let mut parameters = Vec::new();
        let open = self.sequence(")", true, |cursor| {
            let (name, ty) = cursor.typed("a parameter")?;
            parameters.push(EventParameter { name, ty });
            Ok(())
        })?;
        let place = self.position();
        let mut refusable = self.keyword("refusable");
        if refusable && direction == Direction::In {
            let what = format!(
                "`{}` is received, and only an `out` event can be refusable",
                name.name
            );
            let fault = Diagnostic::error(codes::REFUSABLE_INPUT, what)
                .at(self.place(self.span_from(place)), "")
                .with_help("leave `refusable` out, or make it an `out` event");
            self.faults.push(fault);
            refusable = false;
        }
        self.need(";")?;
        let event = Event {
            doc,
            direction,
            name,
            parameters,
            open,
            refusable,
        };
        Ok(EndpointMember::Event(event))
    }

    fn constraint(&mut self) -> Read<Option<Constraint>> {
        let role = if self.keyword("provides") {
            ConstraintRole::Provides
        } else if self.keyword("requires") {
            ConstraintRole::Requires
        } else if self.keyword("follows") {
            ConstraintRole::Follows
        } else {
            return Ok(None);
        };
        let formalism = self.name("the name of a formalism")?;
        let (text, text_span) = self.string("a constraint in double quotes")?;
        let given = match self.keyword("given") {
            true => Some(self.string("a constraint in double quotes")?.0),
            false => None,
        };
        self.need(";")?;
        Ok(Some(Constraint {
            role,
            formalism,
            text,
            text_span,
            given,
        }))
    }

    /// A member of a template.
    fn private_endpoint(&mut self) -> Read<ObjectEndpoint> {
        let doc = self.take_docs();
        if !self.keyword("private") || !self.keyword("endpoint") {
            return self.stop();
        }
        let (name, ty) = self.typed("the name of an endpoint")?;
        let many = self.keyword("many");
        self.need(";")?;
        Ok(ObjectEndpoint {
            doc,
            name,
            ty,
            many,
            mandatory: false,
        })
    }

    fn object_member(&mut self, object: &mut Object) -> Read<()> {
        let doc = self.take_docs();
        let mandatory = self.keyword("mandatory");
        if self.keyword("endpoint") {
            let (name, ty) = self.typed("the name of an endpoint")?;
            let many = self.keyword("many");
            object.endpoints.push(ObjectEndpoint {
                doc,
                name,
                ty,
                many,
                mandatory,
            });
            return self.need(";");
        }
        if mandatory {
            return self.stop();
        }
        if let Some(constraint) = self.constraint()? {
            object.constraints.push(constraint);
            return Ok(());
        }
        let start = self.position();
        if self.keyword("state") {
            if object.state.is_some() {
                let fault = Diagnostic::error(codes::TYPE_SYNTAX, "`state` stands twice")
                    .at(self.place(self.span_from(start)), "")
                    .with_help("gather what is saved in one record");
                self.faults.push(fault);
            }
            object.state = Some(self.type_expr(0)?);
            return self.need(";");
        }
        self.stop()
    }
}
