//! The attribute `#[param(...)]` of one field, read and checked.

use proc_macro2::{Span, TokenStream};
use quote::quote;
use syn::parse::{Parse, ParseStream};
use syn::{Field, Ident, LitInt, LitStr, Token, parenthesized};

use crate::literal::Number;

const KNOWN: &str = "name, range, default, unit, smoothing, id";
/// The same milliseconds as the documentation of `Params` names.
const DEFAULT_SMOOTHING_MS: f64 = 10.0;

/// What the author declared of one parameter.
pub(crate) struct Param {
    pub(crate) name: Option<LitStr>,
    pub(crate) unit: Option<LitStr>,
    pub(crate) min: f64,
    pub(crate) max: f64,
    pub(crate) default: f64,
    pub(crate) smoothing: TokenStream,
    pub(crate) id: Option<(u32, Span)>,
}

#[derive(Default)]
struct Entries {
    name: Option<LitStr>,
    unit: Option<LitStr>,
    range: Option<(Number, Number)>,
    default: Option<Number>,
    smoothing: Option<TokenStream>,
    id: Option<(u32, Span)>,
}

impl Param {
    /// Reads the attribute of `field`, whose name stands at `span`.
    pub(crate) fn of(field: &Field, span: Span) -> syn::Result<Self> {
        let mut attributes = field.attrs.iter().filter(|a| a.path().is_ident("param"));
        let Some(attribute) = attributes.next() else {
            let message = "a parameter needs #[param(range = MIN..=MAX, default = VALUE)]";
            return Err(syn::Error::new(span, message));
        };
        if let Some(second) = attributes.next() {
            return Err(syn::Error::new_spanned(second, "a second #[param(...)]"));
        }
        attribute.parse_args::<Entries>()?.check(span)
    }
}

impl Entries {
    fn check(self, field: Span) -> syn::Result<Param> {
        let missing = |what| syn::Error::new(field, format!("#[param(...)] has no `{what}`"));
        let (min, max) = self.range.ok_or_else(|| missing("range"))?;
        let default = self.default.ok_or_else(|| missing("default"))?;
        if min.value >= max.value {
            return Err(syn::Error::new(min.span, "the range is empty"));
        }
        if !(min.value..=max.value).contains(&default.value) {
            let message = format!(
                "the default {} is outside the range {}..={}",
                default.value, min.value, max.value
            );
            return Err(syn::Error::new(default.span, message));
        }
        Ok(Param {
            name: self.name,
            unit: self.unit,
            min: min.value,
            max: max.value,
            default: default.value,
            smoothing: self.smoothing.unwrap_or_else(|| quote!(LinearMs(#DEFAULT_SMOOTHING_MS))),
            id: self.id,
        })
    }

    fn read(&mut self, key: &Ident, input: ParseStream<'_>) -> syn::Result<()> {
        match key.to_string().as_str() {
            "name" => once(&mut self.name, key, text(input)?),
            "unit" => once(&mut self.unit, key, text(input)?),
            "range" => once(&mut self.range, key, range(input)?),
            "default" => once(&mut self.default, key, input.parse()?),
            "smoothing" => once(&mut self.smoothing, key, smoothing(input)?),
            "id" => once(&mut self.id, key, id(input)?),
            other => {
                let message = format!("unknown attribute `{other}`; known are {KNOWN}");
                Err(syn::Error::new(key.span(), message))
            }
        }
    }
}

impl Parse for Entries {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let mut entries = Self::default();
        while !input.is_empty() {
            let key: Ident = input.parse()?;
            if !input.peek(Token![=]) {
                // An unknown word is named as such, with or without a value.
                entries.read(&key, input)?;
            }
            input.parse::<Token![=]>()?;
            entries.read(&key, input)?;
            if !input.is_empty() {
                input.parse::<Token![,]>()?;
            }
        }
        Ok(entries)
    }
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

fn range(input: ParseStream<'_>) -> syn::Result<(Number, Number)> {
    let min = input.parse()?;
    input.parse::<Token![..=]>()?;
    Ok((min, input.parse()?))
}

fn smoothing(input: ParseStream<'_>) -> syn::Result<TokenStream> {
    let kind: Ident = input.parse()?;
    let variant = match kind.to_string().as_str() {
        "none" => return Ok(quote!(None)),
        "linear_ms" => quote!(LinearMs),
        "exponential_ms" => quote!(ExponentialMs),
        _ => {
            let message = "expected linear_ms(MS), exponential_ms(MS) or none";
            return Err(syn::Error::new(kind.span(), message));
        }
    };
    let content;
    parenthesized!(content in input);
    let ms: Number = content.parse()?;
    if !(0.0..=10_000.0).contains(&ms.value) {
        return Err(syn::Error::new(ms.span, "expected 0 to 10000 milliseconds"));
    }
    let ms = ms.value;
    Ok(quote!(#variant(#ms)))
}

fn id(input: ParseStream<'_>) -> syn::Result<(u32, Span)> {
    let literal: LitInt = input.parse()?;
    match literal.base10_parse::<u32>()? {
        id if id < 1 << 31 => Ok((id, literal.span())),
        _ => Err(syn::Error::new(literal.span(), "expected a number below 2^31")),
    }
}
