//! Documents of 2009 through the whole way: read, converted, checked, written and read again.

mod corpus;
mod findings;
mod generated;
mod support;
