//! A folder whose clients are all connected with one proxy.

use liveobj_sdk::{Connection, CreateError, live_object};

use crate::audited_folder::{Context, Endpoint, Parameters, audit, folder};
use crate::template;

/// The elements in the order in which they were added.
struct Folder {
    elements: Vec<String>,
}

#[live_object(template::audited_folder)]
impl template::audited_folder for Folder {
    fn create(_: &mut Context<'_>, _: Parameters<'_>) -> Result<Self, CreateError> {
        Ok(Folder {
            elements: Vec::new(),
        })
    }

    fn connected(&mut self, context: &mut Context<'_>, endpoint: Endpoint, to: Connection) {
        if endpoint == Endpoint::folder {
            for name in &self.elements {
                let name = name.as_str().into();
                // A client that is gone again needs nothing.
                let _ = context.emit_to(to, folder::AddedElement { name });
            }
        }
    }

    fn folder_add(&mut self, context: &mut Context<'_>, event: folder::Add<'_>) {
        self.elements.push(event.name.as_str().to_owned());
        let elements = self.elements.len() as u64;
        // Whoever is connected hears of it; it may be nobody.
        let _ = context.emit(folder::AddedElement { name: event.name });
        let _ = context.emit(audit::Total { elements });
    }
}
