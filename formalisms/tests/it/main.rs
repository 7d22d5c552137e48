//! What every formalism must do, mounted for each one that is built in.

mod conformance;
mod facts;
mod meeting;
mod monitors;
mod ontology;
mod session;
mod session_order;
mod standard;
