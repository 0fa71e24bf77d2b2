//! One parameter: its kind, and what was declared of it, checked.

use proc_macro2::{Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{Attribute, GenericArgument, PathArguments, Type};

use crate::attribute::{Default, Entries};
use crate::literal::Number;
use crate::taper::DEFAULT_SMOOTHING_MS;

/// The kinds of parameters, known by the name of the field's type.
enum Kind<'a> {
    Float,
    Int,
    Bool,
    Choice(&'a Type),
}

impl<'a> Kind<'a> {
    fn of(kind: &'a Type) -> syn::Result<Self> {
        let Type::Path(path) = kind else {
            return Err(unknown(kind));
        };
        let Some(last) = path.path.segments.last() else {
            return Err(unknown(kind));
        };
        match (last.ident.to_string().as_str(), &last.arguments) {
            ("FloatParam", PathArguments::None) => Ok(Self::Float),
            ("IntParam", PathArguments::None) => Ok(Self::Int),
            ("BoolParam", PathArguments::None) => Ok(Self::Bool),
            ("ChoiceParam", PathArguments::AngleBracketed(choice)) => match choice.args.first() {
                Some(GenericArgument::Type(choice)) => Ok(Self::Choice(choice)),
                _ => Err(unknown(kind)),
            },
            _ => Err(unknown(kind)),
        }
    }

    fn known(&self) -> &'static [&'static str] {
        match self {
            Self::Float => {
                &["name", "range", "default", "unit", "step", "taper", "smoothing", "flags", "id"]
            }
            Self::Int => &["name", "range", "default", "unit", "taper", "flags", "id"],
            Self::Bool | Self::Choice(_) => &["name", "default", "flags", "id"],
        }
    }
}

fn unknown(kind: &Type) -> syn::Error {
    let message = "expected `FloatParam`, `IntParam`, `BoolParam` or `ChoiceParam<…>`";
    syn::Error::new(kind.span(), message)
}

/// A checked parameter.
pub(crate) struct Param {
    pub(crate) id: Option<(u32, Span)>,
    pub(crate) is_bypass: bool,
    /// An expression of its `ParamSpec`, with `place` for where it stands.
    pub(crate) spec: TokenStream,
}

impl Param {
    /// Reads the attribute of the field `field`, whose name stands at `span`.
    pub(crate) fn of(
        attribute: &Attribute,
        kind: &Type,
        field: &str,
        span: Span,
    ) -> syn::Result<Self> {
        let kind = Kind::of(kind)?;
        let mut entries = Entries::of(attribute, kind.known())?;
        let id = entries.id;
        let flags = entries.flags.take().unwrap_or_default();
        if let (Some(flag), Kind::Float | Kind::Int | Kind::Choice(_)) =
            (flags.find("bypass"), &kind)
        {
            return Err(syn::Error::new(flag.span(), "only a `BoolParam` can be the bypass"));
        }
        if let (Some(flag), Kind::Bool | Kind::Choice(_)) = (flags.find("periodic"), &kind) {
            return Err(syn::Error::new(flag.span(), "only a number can be periodic"));
        }
        let name = entries.name.as_ref().map_or_else(|| field.to_owned(), syn::LitStr::value);
        let base = Declared { field, span, entries }.base(&kind)?;
        let flag_tokens = flags.tokens();
        Ok(Self {
            id,
            is_bypass: flags.find("bypass").is_some(),
            spec: quote!(::retake_sdk::ParamSpec { name: #name, flags: #flag_tokens, #base }),
        })
    }
}

struct Declared<'a> {
    field: &'a str,
    span: Span,
    entries: Entries,
}

impl Declared<'_> {
    /// The rest of the `ParamSpec`: what the kind needs.
    fn base(self, kind: &Kind<'_>) -> syn::Result<TokenStream> {
        let Some(default) = &self.entries.default else {
            return Err(missing(self.span, "default"));
        };
        match (kind, default) {
            (Kind::Float, Default::Number(default)) => self.float(*default),
            (Kind::Int, Default::Number(default)) => self.int(*default),
            (Kind::Bool, Default::Bool(default)) => {
                let (field, id) = (self.field, self.id());
                Ok(quote!(..place.boolean(#field, #id, #default)))
            }
            (Kind::Choice(choice), Default::Variant(variant)) => {
                let (field, id) = (self.field, self.id());
                let default = quote_spanned!(variant.span()=> <#choice>::#variant);
                let of = quote_spanned!(choice.span()=> place.choice::<#choice>);
                Ok(quote!(..#of(#field, #id, &#default)))
            }
            (kind, default) => {
                let expected = match kind {
                    Kind::Float | Kind::Int => "expected a number literal",
                    Kind::Bool => "expected `true` or `false`",
                    Kind::Choice(_) => "expected the name of a variant",
                };
                Err(syn::Error::new(default.span(), expected))
            }
        }
    }

    fn float(&self, default: Number) -> syn::Result<TokenStream> {
        let (min, max) = self.range(default)?;
        if let Some(unit) = self.entries.unit.as_ref().filter(|unit| unit.value() == "note") {
            return Err(syn::Error::new(unit.span(), "the unit `note` is for an `IntParam`"));
        }
        let step = self.step(min, max, default)?;
        let quantity = self.quantity(min, max)?;
        let smoothing = self.entries.smoothing.as_ref().map(|smoothing| smoothing.0.clone());
        let smoothing = smoothing.unwrap_or_else(|| quote!(LinearMs(#DEFAULT_SMOOTHING_MS)));
        let (field, id) = (self.field, self.id());
        let (min, max, default) = (min.value, max.value, default.value);
        Ok(quote! {
            #quantity
            step: #step,
            smoothing: ::retake_sdk::Smoothing::#smoothing,
            ..place.float(#field, #id, [#min, #max], #default)
        })
    }

    fn int(&self, default: Number) -> syn::Result<TokenStream> {
        let (min, max) = self.range(default)?;
        let (min, max, default) = (min.whole()?, max.whole()?, default.whole()?);
        let quantity = self.quantity(min, max)?;
        let (field, id) = (self.field, self.id());
        let (min, max, default) = (min.value, max.value, default.value);
        Ok(quote!(#quantity ..place.int(#field, #id, [#min, #max], #default)))
    }

    /// What float and int have in common.
    fn quantity(&self, min: Number, max: Number) -> syn::Result<TokenStream> {
        let unit = self.entries.unit.as_ref().map_or_else(String::new, syn::LitStr::value);
        let taper = match &self.entries.taper {
            Some(taper) if taper.is_log && min.value <= 0.0 && max.value >= 0.0 => {
                let message = format!(
                    "a logarithmic taper cannot touch zero, as the range {}..={} does",
                    min.value, max.value
                );
                return Err(syn::Error::new(taper.span, message));
            }
            Some(taper) => taper.tokens.clone(),
            None => quote!(Linear),
        };
        Ok(quote!(unit: #unit, taper: ::retake_sdk::Taper::#taper,))
    }

    /// The range, which holds the default.
    fn range(&self, default: Number) -> syn::Result<(Number, Number)> {
        let (min, max) = self.entries.range.ok_or_else(|| missing(self.span, "range"))?;
        if (min.value..=max.value).contains(&default.value) {
            return Ok((min, max));
        }
        let message = format!(
            "the default {} is outside the range {}..={}",
            default.value, min.value, max.value
        );
        Err(syn::Error::new(default.span, message))
    }

    /// The step, which divides the range and leads to the default; 0 without one.
    fn step(&self, min: Number, max: Number, default: Number) -> syn::Result<f64> {
        let Some(step) = self.entries.step else {
            return Ok(0.0);
        };
        let width = step.positive()?.value;
        if !is_whole((max.value - min.value) / width) {
            let message =
                format!("the step {width} does not divide the range {}..={}", min.value, max.value);
            return Err(syn::Error::new(step.span, message));
        }
        if !is_whole((default.value - min.value) / width) {
            let message = format!("the default {} is on no step of {width}", default.value);
            return Err(syn::Error::new(default.span, message));
        }
        Ok(width)
    }

    fn id(&self) -> TokenStream {
        id(self.entries.id)
    }
}

/// The given number as an `Option<u32>`.
pub(crate) fn id(id: Option<(u32, Span)>) -> TokenStream {
    let id = id.map(|(id, _)| quote!(::core::option::Option::Some(#id)));
    id.unwrap_or_else(|| quote!(::core::option::Option::None))
}

/// Whether a count of steps is whole, but for the rounding of decimal fractions.
fn is_whole(steps: f64) -> bool {
    (steps - steps.round()).abs() <= 1e-9 * steps.abs().max(1.0)
}

pub(crate) fn missing(span: Span, what: &str) -> syn::Error {
    syn::Error::new(span, format!("the attribute has no `{what}`"))
}
