//! The derives of retake-sdk. They run in the author's compiler; their input is the author's
//! source, their output code or errors that point into it.

mod attribute;
mod choice;
mod expand;
mod field;
mod literal;
mod param;
mod taper;

use proc_macro::TokenStream;

/// Makes a struct of parameters out of fields with `#[param(...)]`, `#[group(...)]`,
/// `#[persist]` and `#[meter(...)]`; see `retake_sdk::Params`.
#[proc_macro_derive(Params, attributes(param, group, persist, meter))]
pub fn derive_params(input: TokenStream) -> TokenStream {
    let input = syn::parse_macro_input!(input as syn::DeriveInput);
    expand::params(&input).unwrap_or_else(|error| error.to_compile_error()).into()
}

/// Makes an enum the values of a `ChoiceParam`, with names of `#[choice(name = "…")]`; see
/// `retake_sdk::Choice`.
#[proc_macro_derive(Choice, attributes(choice))]
pub fn derive_choice(input: TokenStream) -> TokenStream {
    let input = syn::parse_macro_input!(input as syn::DeriveInput);
    choice::choice(&input).unwrap_or_else(|error| error.to_compile_error()).into()
}
