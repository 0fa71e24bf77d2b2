//! From an enum to the values of a `ChoiceParam`.

use proc_macro2::TokenStream;
use quote::quote;
use syn::ext::IdentExt;
use syn::spanned::Spanned;
use syn::{Data, DataEnum, DeriveInput, Fields, Ident, LitStr, Variant};

use crate::attribute::Entries;

/// The code for `input`.
pub(crate) fn choice(input: &DeriveInput) -> syn::Result<TokenStream> {
    let Data::Enum(data) = &input.data else {
        return Err(syn::Error::new(input.ident.span(), "Choice needs an enum"));
    };
    let names = names(data)?;
    let variants: Vec<&Ident> = data.variants.iter().map(|variant| &variant.ident).collect();
    let Some((last, others)) = variants.split_last() else {
        return Err(syn::Error::new(input.ident.span(), "Choice needs a variant"));
    };
    let numbers = 0_usize..;
    let indices = variants.iter().zip(numbers).map(|(variant, n)| quote!(Self::#variant => #n));
    let numbers = 0_usize..;
    let arms = others.iter().zip(numbers).map(|(variant, n)| quote!(#n => Self::#variant));
    let name = &input.ident;
    let (impl_generics, type_generics, bounds) = input.generics.split_for_impl();
    Ok(quote! {
        #[automatically_derived]
        impl #impl_generics ::retake_sdk::Choice for #name #type_generics #bounds {
            const NAMES: &'static [&'static str] = &[#(#names),*];

            fn index(&self) -> usize {
                match self {
                    #(#indices),*
                }
            }

            fn at(index: usize) -> Self {
                match index {
                    #(#arms,)*
                    _ => Self::#last,
                }
            }
        }
    })
}

/// The names of the variants, which differ in more than case.
fn names(data: &DataEnum) -> syn::Result<Vec<String>> {
    let mut names: Vec<String> = Vec::new();
    for variant in &data.variants {
        let given = given_name(variant)?;
        let span = given.as_ref().map_or(variant.ident.span(), LitStr::span);
        let name = given.map_or_else(|| variant.ident.unraw().to_string(), |name| name.value());
        if name.trim().is_empty() {
            return Err(syn::Error::new(span, "the name is empty"));
        }
        let folded = name.trim().to_lowercase();
        if names.iter().any(|other| other.trim().to_lowercase() == folded) {
            let message = format!("another variant is called {name:?} already");
            return Err(syn::Error::new(span, message));
        }
        names.push(name);
    }
    Ok(names)
}

fn given_name(variant: &Variant) -> syn::Result<Option<LitStr>> {
    if !matches!(variant.fields, Fields::Unit) {
        return Err(syn::Error::new(variant.fields.span(), "a choice has no fields"));
    }
    let mut attributes = variant.attrs.iter().filter(|a| a.path().is_ident("choice"));
    let Some(attribute) = attributes.next() else {
        return Ok(None);
    };
    if let Some(second) = attributes.next() {
        return Err(syn::Error::new_spanned(second, "a second #[choice(...)]"));
    }
    Ok(Entries::of(attribute, &["name"])?.name)
}
