//! The entries of one attribute, like `name = "Gain", range = -60.0..=12.0`, as they were written.

use proc_macro2::Span;
use syn::parse::{Parse, ParseStream, Parser};
use syn::{Attribute, Ident, LitBool, LitInt, LitStr, Meta, Token};

use crate::literal::Number;
use crate::taper::{Flags, Smoothing, Taper};

/// The most bytes of a unit, which the extension for hosts has room for.
const MAX_UNIT: usize = 31;

/// What `default` was given.
pub(crate) enum Default {
    Number(Number),
    Bool(LitBool),
    Variant(Ident),
}

impl Default {
    pub(crate) fn span(&self) -> Span {
        match self {
            Self::Number(number) => number.span,
            Self::Bool(literal) => literal.span(),
            Self::Variant(variant) => variant.span(),
        }
    }
}

/// All that any attribute can say.
#[derive(std::default::Default)]
pub(crate) struct Entries {
    pub(crate) name: Option<LitStr>,
    pub(crate) unit: Option<LitStr>,
    pub(crate) range: Option<(Number, Number)>,
    pub(crate) default: Option<Default>,
    pub(crate) step: Option<Number>,
    pub(crate) taper: Option<Taper>,
    pub(crate) smoothing: Option<Smoothing>,
    pub(crate) flags: Option<Flags>,
    pub(crate) id: Option<(u32, Span)>,
}

impl Entries {
    /// Reads an attribute that may have entries with these names.
    pub(crate) fn of(attribute: &Attribute, known: &[&str]) -> syn::Result<Self> {
        match &attribute.meta {
            Meta::Path(_) => Ok(Self::default()),
            Meta::List(list) => {
                (|input: ParseStream<'_>| Self::read_all(input, known)).parse2(list.tokens.clone())
            }
            Meta::NameValue(_) => {
                Err(syn::Error::new_spanned(attribute, "expected entries in parentheses"))
            }
        }
    }

    fn read_all(input: ParseStream<'_>, known: &[&str]) -> syn::Result<Self> {
        let mut entries = Self::default();
        while !input.is_empty() {
            let key: Ident = input.parse()?;
            if !known.iter().any(|known| key == known) {
                return Err(unknown(&key, known));
            }
            if key != "flags" {
                input.parse::<Token![=]>()?;
            }
            entries.read(&key, input)?;
            if !input.is_empty() {
                input.parse::<Token![,]>()?;
            }
        }
        Ok(entries)
    }

    fn read(&mut self, key: &Ident, input: ParseStream<'_>) -> syn::Result<()> {
        match key.to_string().as_str() {
            "name" => once(&mut self.name, key, text(input)?),
            "unit" => once(&mut self.unit, key, unit(input)?),
            "range" => once(&mut self.range, key, range(input)?),
            "default" => once(&mut self.default, key, default(input)?),
            "step" => once(&mut self.step, key, input.parse()?),
            "taper" => once(&mut self.taper, key, input.parse()?),
            "smoothing" => once(&mut self.smoothing, key, input.parse()?),
            "flags" => once(&mut self.flags, key, input.parse()?),
            _ => once(&mut self.id, key, id(input)?),
        }
    }
}

fn unknown(key: &Ident, known: &[&str]) -> syn::Error {
    let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
    syn::Error::new(key.span(), format!("unknown attribute `{key}`; known are {known}"))
}

fn once<T>(place: &mut Option<T>, key: &Ident, value: T) -> syn::Result<()> {
    if place.is_some() {
        return Err(syn::Error::new(key.span(), format!("`{key}` is given twice")));
    }
    *place = Some(value);
    Ok(())
}

fn text(input: ParseStream<'_>) -> syn::Result<LitStr> {
    let text: LitStr = input.parse()?;
    if text.value().contains('\0') {
        return Err(syn::Error::new(text.span(), "a text must not contain NUL"));
    }
    Ok(text)
}

fn unit(input: ParseStream<'_>) -> syn::Result<LitStr> {
    let unit = text(input)?;
    if unit.value().len() > MAX_UNIT {
        let message = format!("a unit has at most {MAX_UNIT} bytes");
        return Err(syn::Error::new(unit.span(), message));
    }
    Ok(unit)
}

/// A range that is not empty.
fn range(input: ParseStream<'_>) -> syn::Result<(Number, Number)> {
    let min: Number = input.parse()?;
    input.parse::<Token![..=]>()?;
    let max: Number = input.parse()?;
    if min.value >= max.value {
        return Err(syn::Error::new(min.span, "the range is empty"));
    }
    Ok((min, max))
}

fn default(input: ParseStream<'_>) -> syn::Result<Default> {
    if input.peek(LitBool) {
        return input.parse().map(Default::Bool);
    }
    if input.peek(Ident) {
        return input.parse().map(Default::Variant);
    }
    Number::parse(input).map(Default::Number)
}

fn id(input: ParseStream<'_>) -> syn::Result<(u32, Span)> {
    let literal: LitInt = input.parse()?;
    match literal.base10_parse::<u32>()? {
        id if id < 1 << 31 => Ok((id, literal.span())),
        _ => Err(syn::Error::new(literal.span(), "expected a number below 2^31")),
    }
}
