//! The derives of retake-sdk. They run in the author's compiler; their input is the author's
//! source, their output code or errors that point into it.

mod attribute;
mod expand;
mod literal;

use proc_macro::TokenStream;

/// Makes a struct of parameters out of fields with `#[param(...)]`; see `retake_sdk::Params`.
#[proc_macro_derive(Params, attributes(param))]
pub fn derive_params(input: TokenStream) -> TokenStream {
    let input = syn::parse_macro_input!(input as syn::DeriveInput);
    expand::params(&input).unwrap_or_else(|error| error.to_compile_error()).into()
}
