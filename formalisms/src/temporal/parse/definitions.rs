//! Definitions, and what their uses come to.

use std::collections::BTreeMap;

use liveobj_types::formalism::ParseError;

use super::super::formula::Node;
use super::Atoms;
use super::elaborate::{Elaborator, Frame, FrameId, NOWHERE, Path};
use super::lift::Lift;
use super::reader::fault;
use super::syntax::{AtomText, Value};

impl<'e, 't> Elaborator<'e, 't, '_> {
    /// Notes the names of the definitions.
    pub(super) fn declare(&mut self) -> Result<(), ParseError> {
        for (index, define) in self.defines.iter().enumerate() {
            let (name, text) = (&define.name, define.name.text());
            let help = "give the definition another name";
            if index >= self.standard && self.atoms == Atoms::Events && self.events.knows(name) {
                let message = format!("`{text}` is an event");
                return Err(fault(name.span, message, help));
            }
            let Some(other) = self.names.insert(text, index) else {
                continue;
            };
            let message = match other < self.standard {
                true => format!("`{text}` is one of the standard definitions"),
                false => format!("`{text}` is defined twice"),
            };
            return Err(fault(name.span, message, help));
        }
        Ok(())
    }

    /// The definition that an atom uses. Events that are declared go first.
    pub(super) fn definition(
        &self,
        path: &Path<'t>,
        atom: &AtomText,
        frame: FrameId,
    ) -> Result<Option<usize>, ParseError> {
        let name = &path.name;
        let no_name = path.endpoint.is_some() || name.quoted || atom.place.is_some();
        if no_name || (self.atoms == Atoms::Events && self.events.knows(name)) {
            return Ok(None);
        }
        let text = name.text();
        match self.names.get(text) {
            Some(index) if *index < self.frames[path.frame].visible => Ok(Some(*index)),
            Some(_) => {
                let message = format!("`{text}` is not defined yet");
                let help = "a definition uses those in front of it, so none can use itself";
                Err(self.fault(frame, name.span, message, help))
            }
            None => Ok(None),
        }
    }

    /// One use of a definition.
    pub(super) fn used(
        &mut self,
        index: usize,
        atom: &'e AtomText<'t>,
        frame: FrameId,
        lift: Lift,
        depth: usize,
    ) -> Result<Node, ParseError> {
        let define = self.defines[index];
        let text = define.name.text();
        let given = atom.arguments.as_deref().unwrap_or_default();
        let form = || {
            let names: Vec<&str> = define.parameters.iter().map(|it| it.name.text()).collect();
            match names.is_empty() {
                true => format!("write `{text}`"),
                false => format!("write `{text}({})`", names.join(", ")),
            }
        };
        if given.len() > define.parameters.len() {
            let message = format!("`{text}` has fewer parameters");
            return Err(self.fault(frame, atom.span, message, &form()));
        }
        if atom.open {
            let message = "only an event has arguments that may be any".to_owned();
            return Err(self.fault(frame, atom.span, message, &form()));
        }
        let mut arguments = BTreeMap::new();
        for (position, argument) in given.iter().enumerate() {
            let parameter = match argument.parameter {
                None => define.parameters[position].name.text(),
                Some(name) => name.text(),
            };
            let known = define
                .parameters
                .iter()
                .find(|it| it.name.text() == parameter);
            let Some(known) = known else {
                let message = format!("`{text}` has no parameter `{parameter}`");
                return Err(self.fault(frame, argument.span, message, &form()));
            };
            if matches!(argument.value, Value::Any) {
                let message = "only an event has arguments that may be any".to_owned();
                return Err(self.fault(frame, argument.span, message, &form()));
            }
            let value = (&argument.value, frame);
            if arguments.insert(known.name.text(), value).is_some() {
                let message = format!("the parameter `{parameter}` is given twice");
                return Err(self.fault(frame, argument.span, message, &form()));
            }
        }
        for parameter in &define.parameters {
            let name = parameter.name.text();
            if arguments.contains_key(name) {
                continue;
            }
            let Some(default) = &parameter.default else {
                let message = format!("the parameter `{name}` of `{text}` is not given");
                return Err(self.fault(frame, atom.span, message, &form()));
            };
            arguments.insert(name, (default, NOWHERE));
        }
        let outer = self.frames[frame].site;
        let ours = index < self.standard;
        let inner = self.frame(Frame {
            arguments,
            visible: index,
            lift,
            site: outer.or(ours.then_some((text, atom.span))),
            ..Frame::default()
        });
        self.expanding += 1;
        let node = self.expr(&define.body, inner, lift, depth + 1)?;
        self.expanding -= 1;
        Ok(node)
    }
}
