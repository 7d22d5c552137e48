//! The arguments of `library!`.

use proc_macro2::Span;
use syn::parse::{Parse, ParseStream};
use syn::punctuated::Punctuated;
use syn::{Ident, LitStr, Path, Token, bracketed};

/// What `library!` was given.
pub struct Arguments {
    /// Where the types are.
    pub types: TypesAt,
    /// Where that is said.
    pub span: Span,
    /// Name of the library.
    pub name: String,
    /// Whether it is linked into its host.
    pub linked: bool,
    /// Whether its objects run threads of their own.
    pub threads: bool,
    /// The types that implement its formalisms.
    pub formalisms: Vec<Path>,
}

/// Where the types are.
pub enum TypesAt {
    /// In a file, by its path from the crate's root.
    Path(String),
    /// The standard library's.
    Standard,
}

impl Parse for Arguments {
    fn parse(input: ParseStream<'_>) -> syn::Result<Arguments> {
        let span = input.span();
        let types = if input.peek(LitStr) {
            TypesAt::Path(input.parse::<LitStr>()?.value())
        } else {
            let word: Ident = input.parse()?;
            if word != "standard" {
                let message = "expected the path of a `.lot` file in quotes, or `standard`";
                return Err(syn::Error::new(word.span(), message));
            }
            TypesAt::Standard
        };
        let (mut name, mut linked, mut threads) = (None, false, false);
        let mut formalisms = Vec::new();
        while !input.is_empty() {
            input.parse::<Token![,]>()?;
            if input.is_empty() {
                break;
            }
            let word: Ident = input.parse()?;
            if word == "name" {
                input.parse::<Token![=]>()?;
                name = Some(input.parse::<LitStr>()?);
            } else if word == "linked" {
                linked = true;
            } else if word == "threads" {
                threads = true;
            } else if word == "formalisms" {
                input.parse::<Token![=]>()?;
                let list;
                bracketed!(list in input);
                formalisms.extend(Punctuated::<Path, Token![,]>::parse_terminated(&list)?);
            } else {
                let message = "expected `name = \"…\"`, `formalisms = […]`, `linked` or `threads`";
                return Err(syn::Error::new(word.span(), message));
            }
        }
        let name = match (&types, name) {
            (TypesAt::Standard, None) => liveobj_types::module::STANDARD_NAME.to_owned(),
            (TypesAt::Path(_), Some(name)) => checked_name(&name)?,
            (TypesAt::Path(_), None) => {
                let message = "the library needs a name: `library!(\"…\", name = \"mine:clock\")`";
                return Err(syn::Error::new(span, message));
            }
            (TypesAt::Standard, Some(name)) => {
                let message = "the standard library has its name already";
                return Err(syn::Error::new(name.span(), message));
            }
        };
        Ok(Arguments {
            types,
            span,
            name,
            linked,
            threads,
            formalisms,
        })
    }
}

fn checked_name(name: &LitStr) -> syn::Result<String> {
    let text = name.value();
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-.:/".contains(c);
    if text.contains(':') && text.chars().all(plain) {
        return Ok(text);
    }
    let message = "a library's name contains `:` and otherwise letters, digits, `_`, `-`, `.` and \
                   `/`, such as `mine:clock`";
    Err(syn::Error::new(name.span(), message))
}
