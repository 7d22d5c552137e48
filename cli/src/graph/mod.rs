//! Pictures of references: what the check knows of a document becomes shapes, and these become
//! SVG, laid out here, or DOT and Mermaid, which other programs lay out.

mod dot;
mod layout;
mod mermaid;
mod shape;
mod svg;
#[cfg(test)]
mod tests;
mod text;

pub use dot::dot;
pub use mermaid::mermaid;
pub use shape::drawing;
pub use svg::svg;
