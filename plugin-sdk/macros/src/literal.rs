//! Number literals with a sign, which Rust's own grammar takes for expressions.

use proc_macro2::Span;
use syn::parse::{Parse, ParseStream};
use syn::{Lit, Token};

/// A literal like `-60.0` or `20`, and where it stands.
#[derive(Clone, Copy)]
pub(crate) struct Number {
    pub(crate) value: f64,
    pub(crate) is_whole: bool,
    pub(crate) span: Span,
}

impl Number {
    /// # Errors
    ///
    /// It is no whole number that an `i32` can hold.
    pub(crate) fn whole(self) -> syn::Result<Self> {
        let fits = (f64::from(i32::MIN)..=f64::from(i32::MAX)).contains(&self.value);
        if self.is_whole && fits {
            return Ok(self);
        }
        Err(syn::Error::new(self.span, "expected a whole number of 32 bits"))
    }

    /// # Errors
    ///
    /// It is not above 0.
    pub(crate) fn positive(self) -> syn::Result<Self> {
        if self.value > 0.0 {
            return Ok(self);
        }
        Err(syn::Error::new(self.span, "expected a number above 0"))
    }
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
        if !magnitude.is_finite() {
            return Err(syn::Error::new(literal.span(), "expected a finite number"));
        }
        let is_whole = matches!(literal, Lit::Int(_));
        Ok(Self { value: sign * magnitude, is_whole, span: literal.span() })
    }
}
