use liveobj_sdk::{CreateError, live_object};

liveobj_sdk::library!("types.lot", name = "example:stamper");

struct Stamper {
    next: u64,
}

#[live_object(template::stamper)]
impl template::stamper for Stamper {
    fn create(
        _: &mut stamper::Context<'_>,
        parameters: stamper::Parameters<'_>,
    ) -> Result<Self, CreateError> {
        Ok(Stamper {
            next: parameters.start,
        })
    }

    fn input_changed(
        &mut self,
        context: &mut stamper::Context<'_>,
        event: stamper::input::Changed<'_>,
    ) {
        for text in event.added {
            let line = types::Stamped {
                number: self.next,
                text: *text,
            };
            self.next += 1;
            // Nobody may be listening: that is no fault.
            let _ = context.emit(stamper::output::Stamped { line });
        }
    }
}
