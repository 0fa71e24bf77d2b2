//! From a struct of parameters to its `Default` and `Params`.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::ext::IdentExt;
use syn::spanned::Spanned;
use syn::{Data, DeriveInput, Fields, FieldsNamed, Ident, Type};

use crate::attribute::Param;

/// One field: its name, its type, its number and what was declared.
struct Entry<'a> {
    field: &'a Ident,
    kind: &'a Type,
    key: String,
    id: u32,
    param: Param,
}

/// The code for `input`.
pub(crate) fn params(input: &DeriveInput) -> syn::Result<TokenStream> {
    let entries = entries(fields(input)?)?;
    let name = &input.ident;
    let (impl_generics, type_generics, bounds) = input.generics.split_for_impl();
    let made = entries.iter().map(made);
    let arms = entries.iter().enumerate().map(|(index, entry)| {
        let field = entry.field;
        quote_spanned!(entry.kind.span()=> #index => ::core::option::Option::Some(&mut self.#field))
    });
    let count = entries.len();
    Ok(quote! {
        impl #impl_generics ::core::default::Default for #name #type_generics #bounds {
            fn default() -> Self {
                Self { #(#made),* }
            }
        }

        impl #impl_generics ::retake_sdk::Params for #name #type_generics #bounds {
            fn count(&self) -> usize {
                #count
            }

            fn at(
                &mut self,
                index: usize,
            ) -> ::core::option::Option<&mut dyn ::retake_sdk::Parameter> {
                match index {
                    #(#arms,)*
                    _ => ::core::option::Option::None,
                }
            }
        }
    })
}

fn fields(input: &DeriveInput) -> syn::Result<&FieldsNamed> {
    match &input.data {
        Data::Struct(data) => match &data.fields {
            Fields::Named(fields) => Ok(fields),
            other => Err(syn::Error::new(
                if other.is_empty() { input.ident.span() } else { other.span() },
                "Params needs a struct with named fields",
            )),
        },
        _ => Err(syn::Error::new(input.ident.span(), "Params needs a struct with named fields")),
    }
}

/// The fields with their numbers; every mistake is reported, not only the first.
fn entries(fields: &FieldsNamed) -> syn::Result<Vec<Entry<'_>>> {
    let mut entries: Vec<Entry<'_>> = Vec::new();
    let mut errors: Option<syn::Error> = None;
    for field in &fields.named {
        let Some(name) = &field.ident else { continue };
        match entry(name, field, &entries) {
            Ok(entry) => entries.push(entry),
            Err(error) => match &mut errors {
                Some(errors) => errors.combine(error),
                None => errors = Some(error),
            },
        }
    }
    errors.map_or(Ok(entries), Err)
}

fn entry<'a>(
    name: &'a Ident,
    field: &'a syn::Field,
    before: &[Entry<'_>],
) -> syn::Result<Entry<'a>> {
    let param = Param::of(field, name.span())?;
    let key = name.unraw().to_string();
    let (id, span) = param.id.unwrap_or_else(|| (param_id(&key), name.span()));
    if let Some(other) = before.iter().find(|other| other.id == id) {
        let message = format!("the id {id} is already that of `{}`", other.key);
        return Err(syn::Error::new(span, message));
    }
    Ok(Entry { field: name, kind: &field.ty, key, id, param })
}

fn made(entry: &Entry<'_>) -> TokenStream {
    let Entry { field, kind, key, id, param } = entry;
    let name = param.name.as_ref().map_or_else(|| key.clone(), syn::LitStr::value);
    let unit = param.unit.as_ref().map_or_else(String::new, syn::LitStr::value);
    let Param { min, max, default, smoothing, .. } = param;
    let of = quote_spanned!(kind.span()=> <#kind as ::retake_sdk::Parameter>::of);
    quote! {
        #field: #of(const {
            &::retake_sdk::ParamSpec {
                id: #id,
                key: #key,
                name: #name,
                unit: #unit,
                min: #min,
                max: #max,
                default: #default,
                smoothing: ::retake_sdk::Smoothing::#smoothing,
            }
        })
    }
}

/// The same as `retake_sdk::param_id`, which a test of that crate compares with this.
fn param_id(key: &str) -> u32 {
    let hash = key
        .bytes()
        .fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    hash & 0x7fff_ffff
}
