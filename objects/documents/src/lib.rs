//! Object library: documents.
