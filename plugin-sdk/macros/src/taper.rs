//! The attributes `taper`, `smoothing` and `flags`, as the SDK's own types.

use proc_macro2::{Span, TokenStream};
use quote::quote;
use syn::parse::{Parse, ParseStream};
use syn::{Ident, parenthesized};

use crate::literal::Number;

/// The same milliseconds as the documentation of `Params` names.
pub(crate) const DEFAULT_SMOOTHING_MS: f64 = 10.0;

/// How a control's way is spread over the range.
pub(crate) struct Taper {
    pub(crate) is_log: bool,
    pub(crate) tokens: TokenStream,
    pub(crate) span: Span,
}

impl Parse for Taper {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let kind: Ident = input.parse()?;
        let tokens = match kind.to_string().as_str() {
            "linear" => quote!(Linear),
            "log" => quote!(Log),
            "skew" => {
                let skew = argument(input)?.positive()?.value;
                quote!(Skew(#skew))
            }
            "symmetric" => {
                let skew = argument(input)?.positive()?.value;
                quote!(Symmetric(#skew))
            }
            _ => {
                let message = "expected linear, log, skew(S) or symmetric(S)";
                return Err(syn::Error::new(kind.span(), message));
            }
        };
        Ok(Self { is_log: kind == "log", tokens, span: kind.span() })
    }
}

/// The ramp of a change.
pub(crate) struct Smoothing(pub(crate) TokenStream);

impl Parse for Smoothing {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let kind: Ident = input.parse()?;
        let variant = match kind.to_string().as_str() {
            "none" => return Ok(Self(quote!(None))),
            "linear_ms" => quote!(LinearMs),
            "exponential_ms" => quote!(ExponentialMs),
            _ => {
                let message = "expected linear_ms(MS), exponential_ms(MS) or none";
                return Err(syn::Error::new(kind.span(), message));
            }
        };
        let ms = argument(input)?;
        if !(0.0..=10_000.0).contains(&ms.value) {
            return Err(syn::Error::new(ms.span, "expected 0 to 10000 milliseconds"));
        }
        let ms = ms.value;
        Ok(Self(quote!(#variant(#ms))))
    }
}

/// What else a host should know.
#[derive(Default)]
pub(crate) struct Flags(Vec<Ident>);

impl Flags {
    pub(crate) fn find(&self, flag: &str) -> Option<&Ident> {
        self.0.iter().find(|known| *known == flag)
    }

    pub(crate) fn tokens(&self) -> TokenStream {
        let flags = self.0.iter().map(|flag| {
            let name = Ident::new(&flag.to_string().to_uppercase(), flag.span());
            quote!(.with(::retake_sdk::ParamFlags::#name))
        });
        quote!(::retake_sdk::ParamFlags::NONE #(#flags)*)
    }
}

/// The names in the parentheses of `flags(…)`.
impl Parse for Flags {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let content;
        parenthesized!(content in input);
        let flags = content.parse_terminated(Ident::parse, syn::Token![,])?;
        for flag in &flags {
            let known = ["bypass", "hidden", "readonly", "not_automatable", "periodic"];
            if !known.iter().any(|known| flag == known) {
                let message = format!("unknown flag `{flag}`; known are {}", known.join(", "));
                return Err(syn::Error::new(flag.span(), message));
            }
        }
        Ok(Self(flags.into_iter().collect()))
    }
}

fn argument(input: ParseStream<'_>) -> syn::Result<Number> {
    let content;
    parenthesized!(content in input);
    content.parse()
}
