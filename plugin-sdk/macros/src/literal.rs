//! Number literals with a sign, which Rust's own grammar takes for expressions.

use proc_macro2::Span;
use syn::parse::{Parse, ParseStream};
use syn::{Lit, Token};

/// A literal like `-60.0` or `20`, and where it stands.
#[derive(Clone, Copy)]
pub(crate) struct Number {
    pub(crate) value: f64,
    pub(crate) span: Span,
}

impl Parse for Number {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let sign = match input.parse::<Option<Token![-]>>()? {
            Some(_) => -1.0,
            None => 1.0,
        };
        let literal: Lit = input
            .parse()
            .map_err(|error| syn::Error::new(error.span(), "expected a number literal"))?;
        let magnitude: f64 = match &literal {
            Lit::Float(float) => float.base10_parse()?,
            Lit::Int(int) => int.base10_parse()?,
            other => return Err(syn::Error::new(other.span(), "expected a number literal")),
        };
        Ok(Self { value: sign * magnitude, span: literal.span() })
    }
}
