//! Objects that fail and panic wherever they can, or do not leave.

mod beat;
mod lies;
mod linger;
mod silent;
mod sleep;

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
            fault if fault.starts_with("blocks until ") => {
                let file = std::path::Path::new(&fault["blocks until ".len()..]);
                while !file.exists() {
                    std::thread::sleep(std::time::Duration::from_millis(5));
                }
                let _ = context.emit(task::Done);
            }
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
