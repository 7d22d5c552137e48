//! Object library: channels.
