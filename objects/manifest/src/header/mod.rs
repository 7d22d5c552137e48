//! A C header for the author of a library: its types as C structs, what the author has to write,
//! and the tables and the manifest, so that no byte of them is written by hand.

mod structs;

use std::fmt::Write as _;

use liveobj_types::resolve::TemplateSignature;
use liveobj_types::types::{Direction, Endpoint, EndpointId};
use liveobj_types::{Severity, Types, ValueId};

use self::structs::{Structs, TooLarge};
use crate::crossing::{endpoints, parameters, signatures, state};
use crate::{FormalismEntry, Manifest, emit};

/// Why there is no header for a library.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HeaderError {
    /// The types have errors, or do not declare what the manifest lists.
    #[error("the types cannot be used: {reason}")]
    Types {
        /// The first fault.
        reason: String,
    },
    /// A type that no layout has room for.
    #[error("a type of template `{template}` is too large to be laid out")]
    TooLarge {
        /// The template.
        template: String,
    },
}

/// A C header (also for C++) for a library with this manifest. It declares a struct for each type
/// that crosses, the functions that the author has to write, and one for each event that the
/// objects send. Where `LIVEOBJ_LIBRARY` is defined before it is included, which is in one file of
/// the library, it also defines the tables, the manifest and `liveobj_library`.
///
/// # Errors
///
/// The types have errors, or are too large.
pub fn c_header(manifest: &Manifest) -> Result<String, HeaderError> {
    let unusable = |reason| HeaderError::Types { reason };
    let (module, findings) = manifest.module();
    if let Some(fault) = findings.iter().find(|it| it.severity == Severity::Error) {
        return Err(unusable(fault.message.clone()));
    }
    let mut types = Types::new();
    let templates = signatures(&mut types, &module, &manifest.templates).map_err(unusable)?;
    let records: Vec<ValueId> = templates
        .iter()
        .map(|template| parameters(&mut types, template))
        .collect();
    let prefix = identifier(manifest.name.rsplit([':', '/']).next().unwrap_or_default());
    let mut header = Header {
        types: &types,
        structs: Structs::new(&types, &prefix),
        functions: String::new(),
        tables: String::new(),
        objects: Vec::new(),
        formalisms: Vec::new(),
    };
    for formalism in &manifest.formalisms {
        header.formalism(formalism);
    }
    for (template, record) in templates.iter().zip(records) {
        header.template(template, record)?;
    }
    Ok(header.finish(manifest, &prefix))
}

/// A name as a part of one in C: what stands before arguments, and otherwise `_` for what C does
/// not allow.
fn identifier(name: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() { c } else { '_' };
    let name: String = name.chars().map(plain).collect();
    name.trim_matches('_').to_owned()
}

struct Header<'a> {
    types: &'a Types,
    structs: Structs<'a>,
    /// What the author writes, and what the author calls.
    functions: String,
    tables: String,
    /// Names of the objects' tables.
    objects: Vec<String>,
    /// Names of the formalisms' tables.
    formalisms: Vec<String>,
}

impl Header<'_> {
    /// Declares the table of a formalism, which the author writes.
    fn formalism(&mut self, formalism: &FormalismEntry) {
        let table = self
            .structs
            .name(&format!("{}_formalism", identifier(&formalism.name)));
        let bytes = formalism.id.to_be_bytes().map(|byte| byte.to_string());
        let _ = write!(
            self.functions,
            "\n/* ---- formalism {} ---- */\n\n#define {}_ID {{{}}}\n\n\
             /* To be written, as `lo_formalism` in liveobj.h says. */\n\
             LO_LOCAL extern const lo_formalism {table};\n",
            formalism.name,
            table.to_uppercase(),
            bytes.join(", "),
        );
        self.formalisms.push(table);
    }

    fn template(
        &mut self,
        template: &TemplateSignature,
        record: ValueId,
    ) -> Result<(), HeaderError> {
        let types = self.types;
        let name = identifier(&template.name);
        let _ = writeln!(
            self.functions,
            "\n/* ---- template {} ---- */",
            template.name
        );
        let parameters = self.declare(template, record, &format!("{name}_parameters"))?;
        let saved = match state(types, template) {
            None => None,
            Some(state) => Some(self.declare(template, state, &format!("{name}_state"))?),
        };
        let found = endpoints(types, template);
        let functions = self.lifecycle(&name, parameters.as_deref(), saved);
        let (mut rows, mut counts) = (Vec::new(), Vec::new());
        for (number, (endpoint, ty)) in found.iter().enumerate() {
            let (row, count) = self.endpoint(template, endpoint, number, *ty)?;
            rows.push(row);
            counts.push(count.to_string());
        }
        let handlers = if rows.is_empty() {
            "0, 0".to_owned()
        } else {
            let handlers = self.structs.name(&format!("{name}_handlers"));
            let numbers = self.structs.name(&format!("{name}_handler_counts"));
            let _ = write!(
                self.tables,
                "static lo_handler *const *const {handlers}[] = {{{}}};\n\
                 static const uint32_t {numbers}[] = {{{}}};\n",
                rows.join(", "),
                counts.join(", "),
            );
            format!("{handlers}, {numbers}")
        };
        let object = self.structs.name(&format!("{name}_object"));
        let _ = writeln!(
            self.tables,
            "static const lo_object {object} = {{\n    sizeof(lo_object), {}u,\n    {functions},\n    \
             {handlers},\n}};\n",
            found.len(),
        );
        self.objects.push(object);
        Ok(())
    }

    /// Declares a struct; answers its name, none where it has no size.
    fn declare(
        &mut self,
        template: &TemplateSignature,
        id: ValueId,
        name: &str,
    ) -> Result<Option<String>, HeaderError> {
        let declared = self.structs.declare(id, name);
        declared.map_err(|TooLarge| HeaderError::TooLarge {
            template: template.name.clone(),
        })
    }

    /// The functions that every template has. Answers them as they stand in its table, from
    /// `create` to `destroy`. `parameters` and `saved`, if there is a state, are their structs.
    fn lifecycle(
        &mut self,
        name: &str,
        parameters: Option<&str>,
        saved: Option<Option<String>>,
    ) -> String {
        let mut own = |function: &str| self.structs.name(&format!("{name}_{function}"));
        let create = own("create");
        let calls = [own("call_create"), own("call_load")];
        let [load, save] = match saved {
            Some(_) => [own("load"), own("save")],
            None => [String::new(), String::new()],
        };
        let rest = ["connected", "disconnected", "wake", "destroy"].map(&mut own);
        let [connected, disconnected, wake, destroy] = &rest;
        let context = "lo_context *context";
        let declared = |middle: &[(Option<&str>, &str)]| {
            let middle: String = middle
                .iter()
                .filter_map(|(ty, name)| Some(format!("const {} *{name}, ", (*ty)?)))
                .collect();
            format!("{context}, {middle}void **self")
        };
        let functions = &mut self.functions;
        let _ = write!(
            functions,
            "\n/* To be written: each as `lo_object` in liveobj.h says. */\n\
             LO_LOCAL lo_status {create}({});\n",
            declared(&[(parameters, "parameters")])
        );
        let pass = |ty: Option<&str>, name: &str| match ty {
            Some(ty) => format!("(const {ty} *){name}, "),
            None => String::new(),
        };
        let unused = |ty: Option<&str>, name: &str| match ty {
            Some(_) => String::new(),
            None => format!("    (void){name};\n"),
        };
        let _ = write!(
            self.tables,
            "static lo_status {}({context}, const void *parameters, void **self) {{\n{}    \
             return {create}(context, {}self);\n}}\n",
            calls[0],
            unused(parameters, "parameters"),
            pass(parameters, "parameters"),
        );
        let saving = match &saved {
            None => "0, 0".to_owned(),
            Some(state) => {
                let state = state.as_deref();
                let _ = write!(
                    functions,
                    "LO_LOCAL lo_status {load}({});\n\
                     LO_LOCAL lo_status {save}(void *self, {context}, lo_slice *wire);\n",
                    declared(&[(parameters, "parameters"), (state, "state")])
                );
                let _ = write!(
                    self.tables,
                    "static lo_status {}({context}, const void *parameters, const void *state,\n    \
                     void **self) {{\n{}{}    return {load}(context, {}{}self);\n}}\n",
                    calls[1],
                    unused(parameters, "parameters"),
                    unused(state, "state"),
                    pass(parameters, "parameters"),
                    pass(state, "state"),
                );
                format!("{}, {save}", calls[1])
            }
        };
        let _ = write!(
            functions,
            "LO_LOCAL lo_status {connected}(void *self, {context}, uint32_t endpoint,\n    \
             uint64_t connection);\n\
             LO_LOCAL lo_status {disconnected}(void *self, {context}, uint32_t endpoint,\n    \
             uint64_t connection, uint32_t reason);\n\
             LO_LOCAL lo_status {wake}(void *self, {context}, uint64_t token, uint32_t kind,\n    \
             const void *payload);\n\
             LO_LOCAL lo_status {destroy}(void *self, {context});\n"
        );
        format!("{}, {saving}, 0,\n    {}", calls[0], rest.join(", "))
    }

    /// Events of one endpoint; answers the name of its array of handlers, and how many it has.
    fn endpoint(
        &mut self,
        template: &TemplateSignature,
        endpoint: &str,
        number: usize,
        ty: EndpointId,
    ) -> Result<(String, usize), HeaderError> {
        let object = identifier(&template.name);
        let place = identifier(endpoint);
        let constant = self.structs.name(&format!("{object}_endpoint_{place}"));
        let _ = writeln!(
            self.functions,
            "\n/* Number of endpoint `{endpoint}`. */\n#define {constant} {number}u"
        );
        let (mut sent, mut handlers) = (0, Vec::new());
        let Endpoint::Events { events, .. } = self.types.endpoint(ty) else {
            let row = self.dynamic(&object, endpoint, number);
            return Ok((row, 1));
        };
        for (event, declared) in events {
            let name = format!("{place}_{}", identifier(event));
            let payload = self.declare(template, declared.payload, &format!("{object}_{name}"))?;
            let argument = match &payload {
                Some(payload) => format!(", const {payload} *payload"),
                None => String::new(),
            };
            if declared.direction == Direction::Out {
                let emit = self.structs.name(&format!("{object}_emit_{name}"));
                let value = if payload.is_some() { "payload" } else { "0" };
                let _ = write!(
                    self.functions,
                    "\n/* Sends `{event}` from `{endpoint}`. */\n\
                     static inline lo_status {emit}(lo_context *context{argument}) {{\n    \
                     lo_link *link = context->links[{number}];\n    \
                     return link->emit(link, context, {sent}u, {value});\n}}\n"
                );
                sent += 1;
                continue;
            }
            let handler = self.structs.name(&format!("{object}_on_{name}"));
            let call = self.structs.name(&format!("{object}_call_{name}"));
            let _ = write!(
                self.functions,
                "\n/* To be written: `{event}` came in at `{endpoint}`. */\n\
                 LO_LOCAL lo_status {handler}(void *self, lo_context *context,\n    \
                 const lo_envelope *envelope{argument});\n"
            );
            let (unused, passed) = match &payload {
                Some(payload) => (String::new(), format!(", (const {payload} *)payload")),
                None => ("    (void)payload;\n".to_owned(), String::new()),
            };
            let _ = write!(
                self.tables,
                "static lo_status {call}(void *self, lo_context *context, const lo_envelope \
                 *envelope,\n    const void *payload) {{\n{unused}    \
                 return {handler}(self, context, envelope{passed});\n}}\n"
            );
            handlers.push(call);
        }
        let row = self.structs.name(&format!("{object}_handlers_{place}"));
        let count = handlers.len();
        let handlers = if handlers.is_empty() {
            "0".to_owned()
        } else {
            handlers.join(", ")
        };
        let _ = writeln!(
            self.tables,
            "static lo_handler *const {row}[] = {{{handlers}}};"
        );
        Ok((row, count))
    }

    /// An endpoint whose type is a parameter: one handler takes all events.
    fn dynamic(&mut self, object: &str, endpoint: &str, number: usize) -> String {
        let place = identifier(endpoint);
        let emit = self.structs.name(&format!("{object}_emit_{place}"));
        let handler = self.structs.name(&format!("{object}_on_{place}"));
        let call = self.structs.name(&format!("{object}_call_{place}"));
        let row = self.structs.name(&format!("{object}_handlers_{place}"));
        let _ = write!(
            self.functions,
            "\n/* Sends event number `event` from `{endpoint}`. */\n\
             static inline lo_status {emit}(lo_context *context, uint32_t event,\n    \
             const lo_opaque *payload) {{\n    \
             lo_link *link = context->links[{number}];\n    \
             return link->emit(link, context, event, payload);\n}}\n\n\
             /* To be written: an event came in at `{endpoint}`. */\n\
             LO_LOCAL lo_status {handler}(void *self, lo_context *context,\n    \
             const lo_envelope *envelope, const lo_dynamic *payload);\n"
        );
        let _ = write!(
            self.tables,
            "static lo_status {call}(void *self, lo_context *context, const lo_envelope \
             *envelope,\n    const void *payload) {{\n    \
             return {handler}(self, context, envelope, (const lo_dynamic *)payload);\n}}\n\
             static lo_handler *const {row}[] = {{{call}}};\n"
        );
        row
    }

    fn finish(self, manifest: &Manifest, prefix: &str) -> String {
        let (structs, offsets, entries) = self.structs.finish();
        let guard = format!("LIVEOBJ_{}_H", prefix.to_uppercase());
        let mut text = format!(
            "/*\n * Generated by `liveobj library header` from the types of `{}`; not to be \
             edited.\n * Define LIVEOBJ_LIBRARY before it is included in one file of the \
             library.\n */\n\
             #ifndef {guard}\n#define {guard}\n\n#include <stddef.h>\n\n#include \"liveobj.h\"\n\n\
             #ifdef __cplusplus\nextern \"C\" {{\n#endif\n\n/* ---- types ---- */\n",
            manifest.name.replace("*/", "* /")
        );
        text += &structs;
        text += &self.functions;
        text += "\n#ifdef LIVEOBJ_LIBRARY\n\n/* ---- tables ---- */\n\n";
        text += &self.tables;
        let list = |items: &[String]| match items {
            [] => "0".to_owned(),
            items => items.join(",\n    "),
        };
        let [objects, formalisms] = [&self.objects, &self.formalisms]
            .map(|tables| tables.iter().map(|it| format!("&{it}")).collect::<Vec<_>>());
        let _ = write!(
            text,
            "static const lo_object *const {prefix}_objects[] = {{\n    {},\n}};\n\n\
             static const lo_formalism *const {prefix}_formalisms[] = {{\n    {},\n}};\n\n{offsets}\
             static const lo_layout_entry {prefix}_entries[] = {{\n    {},\n}};\n\
             static const lo_layouts {prefix}_layouts = {{\n    sizeof(lo_layouts), \
             sizeof(lo_layout_entry), {}u, {prefix}_entries,\n}};\n\
             static const lo_library {prefix}_library = {{\n    LO_MAGIC, sizeof(lo_library), \
             LO_MAJOR, LO_MINOR, &{prefix}_layouts, {}u,\n    {prefix}_objects, 0, {}u, {prefix}_formalisms,\n}};\n\n\
             LO_EXPORT const lo_library *liveobj_library(void) {{ return &{prefix}_library; }}\n\n",
            list(&objects),
            list(&formalisms),
            list(&entries),
            entries.len(),
            objects.len(),
            formalisms.len(),
        );
        let bytes = emit(manifest);
        let _ = write!(
            text,
            "/* The manifest, which is read without loading the library. */\n\
             LO_MANIFEST static const unsigned char {prefix}_manifest[{}] = {{",
            bytes.len()
        );
        for (index, byte) in bytes.iter().enumerate() {
            text += if index % 24 == 0 { "\n    " } else { "" };
            let _ = write!(text, "{byte},");
        }
        text += "\n};\n\n#endif /* LIVEOBJ_LIBRARY */\n\n#ifdef __cplusplus\n}\n#endif\n\n";
        let _ = writeln!(text, "#endif /* {guard} */");
        text
    }
}
