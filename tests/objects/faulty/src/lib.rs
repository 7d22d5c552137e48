//! Objects that fail and panic wherever they can.

mod lies;
mod silent;

use liveobj_sdk::{CreateError, live_object};

use crate::worker::{Context, Parameters, task};

liveobj_sdk::library!("types.lot", name = "test:faulty");

struct Worker {
    fault: String,
}

#[live_object(template::worker)]
impl template::worker for Worker {
    fn create(_: &mut Context<'_>, parameters: Parameters<'_>) -> Result<Worker, CreateError> {
        let fault = String::from(&*parameters.fault);
        match fault.as_str() {
            "create fails" => Err(CreateError::new("there is no ink")),
            "create panics" => panic!("the ink is dry"),
            _ => Ok(Worker { fault }),
        }
    }

    fn task_go(&mut self, context: &mut Context<'_>, _: task::Go) {
        match self.fault.as_str() {
            "handler fails" => context.fail("out of ink"),
            "handler panics" => panic!("the pen is broken"),
            // Nobody may be connected.
            _ => drop(context.emit(task::Done)),
        }
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        assert!(self.fault != "destroy panics", "ink everywhere");
    }
}
