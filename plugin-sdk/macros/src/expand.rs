//! From a struct of parameters to its `Default`, its `Params` and its shape.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{Data, DeriveInput, Fields, FieldsNamed, Ident};

use crate::field::{Member, Role};

/// The code for `input`.
pub(crate) fn params(input: &DeriveInput) -> syn::Result<TokenStream> {
    let members = members(fields(input)?)?;
    let name = &input.ident;
    let (impl_generics, type_generics, bounds) = input.generics.split_for_impl();
    let fields = members.iter().map(|member| member.field);
    let made = members.iter().map(|member| &member.made);
    let nodes = members.iter().map(Member::node);
    let (check, check_generic) = checks(input);
    let methods = methods(&members);
    Ok(quote! {
        #[automatically_derived]
        impl #impl_generics ::core::default::Default for #name #type_generics #bounds {
            fn default() -> Self {
                <Self as ::retake_sdk::Params>::declare(&::retake_sdk::declare::Place::root())
            }
        }

        #[automatically_derived]
        impl #impl_generics ::retake_sdk::Params for #name #type_generics #bounds {
            fn declare(place: &::retake_sdk::declare::Place) -> Self {
                #check_generic
                let _ = place;
                Self { #(#fields: #made),* }
            }

            #methods
        }

        #[automatically_derived]
        impl #impl_generics ::retake_sdk::declare::Shape for #name #type_generics #bounds {
            const NODE: ::retake_sdk::declare::Node =
                ::retake_sdk::declare::Node::Group(&[#(#nodes),*]);
        }

        #check
    })
}

/// The check of the whole tree, by the compiler: as a constant of its own, or, where the tree
/// depends on generics, as soon as they are known.
fn checks(input: &DeriveInput) -> (TokenStream, TokenStream) {
    let name = &input.ident;
    let check = |of: TokenStream| {
        quote_spanned! {name.span()=>
            ::retake_sdk::declare::check(&<#of as ::retake_sdk::declare::Shape>::NODE)
        }
    };
    if input.generics.params.is_empty() {
        let check = check(quote!(#name));
        (quote_spanned!(name.span()=> const _: () = #check;), TokenStream::new())
    } else {
        let check = check(quote!(Self));
        (TokenStream::new(), quote_spanned!(name.span()=> const { #check };))
    }
}

fn methods(members: &[Member<'_>]) -> TokenStream {
    let n_params = members.iter().filter(|m| matches!(m.role, Role::Param(_))).count();
    let groups: Vec<_> = of_role(members, |role| matches!(role, Role::Group)).collect();
    let segments = segments(members);
    let meters = members.iter().filter_map(|Member { field, role, .. }| match role {
        Role::Meter => Some(quote!(meet(&mut self.#field);)),
        Role::Group => Some(quote!(::retake_sdk::Params::each_meter(&mut self.#field, meet);)),
        _ => None,
    });
    let persisted = members.iter().filter_map(|Member { field, role, .. }| match role {
        Role::Persist => Some(quote!(meet(self.#field.slot());)),
        Role::Group => Some(quote!(::retake_sdk::Params::each_persisted(&mut self.#field, meet);)),
        _ => None,
    });
    quote! {
        fn count(&self) -> usize {
            #n_params #(+ ::retake_sdk::Params::count(&self.#groups))*
        }

        fn at(
            &mut self,
            index: usize,
        ) -> ::core::option::Option<&mut dyn ::retake_sdk::Parameter> {
            #segments
            let _ = index;
            ::core::option::Option::None
        }

        fn each_meter(&mut self, meet: &mut dyn ::core::ops::FnMut(&mut ::retake_sdk::Meter)) {
            let _ = &meet;
            #(#meters)*
        }

        fn each_persisted(
            &mut self,
            meet: &mut dyn ::core::ops::FnMut(
                ::std::sync::Arc<dyn ::retake_sdk::declare::PersistedSlot>,
            ),
        ) {
            let _ = &meet;
            #(#persisted)*
        }
    }
}

fn of_role<'a>(
    members: &'a [Member<'a>],
    is_wanted: fn(&Role) -> bool,
) -> impl Iterator<Item = &'a Ident> {
    members.iter().filter(move |member| is_wanted(&member.role)).map(|member| member.field)
}

/// The search for a parameter by index: one jump for each run of parameters, one comparison for
/// each group.
fn segments(members: &[Member<'_>]) -> TokenStream {
    let mut segments = TokenStream::new();
    let has_index = members.iter().filter(|m| matches!(m.role, Role::Param(_) | Role::Group));
    let has_index: Vec<_> = has_index.collect();
    for run in has_index.chunk_by(|a, b| is_param(a) && is_param(b)) {
        segments.extend(match run {
            [group] if !is_param(group) => {
                let field = group.field;
                quote! {
                    let count = ::retake_sdk::Params::count(&self.#field);
                    if index < count {
                        return ::retake_sdk::Params::at(&mut self.#field, index);
                    }
                    let index = index - count;
                }
            }
            params => {
                let count = params.len();
                let arms = params.iter().zip(0_usize..).map(|(Member { field, kind, .. }, n)| {
                    quote_spanned! {kind.span()=>
                        #n => return ::core::option::Option::Some(&mut self.#field)
                    }
                });
                quote! {
                    match index {
                        #(#arms,)*
                        _ => {}
                    }
                    let index = index - #count;
                }
            }
        });
    }
    segments
}

fn is_param(member: &Member<'_>) -> bool {
    matches!(member.role, Role::Param(_))
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

/// The fields; every mistake is reported, not only the first.
fn members(fields: &FieldsNamed) -> syn::Result<Vec<Member<'_>>> {
    let mut members: Vec<Member<'_>> = Vec::new();
    let mut errors: Option<syn::Error> = None;
    for field in &fields.named {
        let Some(name) = &field.ident else { continue };
        match Member::of(name, field).and_then(|member| unlike(member, &members)) {
            Ok(member) => members.push(member),
            Err(error) => match &mut errors {
                Some(errors) => errors.combine(error),
                None => errors = Some(error),
            },
        }
    }
    errors.map_or(Ok(members), Err)
}

/// The member, if its number is not that of one of `before`. Groups are left to the compiler,
/// which alone knows them.
fn unlike<'a>(member: Member<'a>, before: &[Member<'_>]) -> syn::Result<Member<'a>> {
    let Some(id) = id(&member) else {
        return Ok(member);
    };
    let Some(other) = before.iter().find(|other| self::id(other) == Some(id)) else {
        return Ok(member);
    };
    let span = match &member.role {
        Role::Param(param) => param.id.map_or(member.field.span(), |(_, span)| span),
        _ => member.field.span(),
    };
    Err(syn::Error::new(span, format!("the id {id} is already that of `{}`", other.key)))
}

fn id(member: &Member<'_>) -> Option<u32> {
    let Role::Param(param) = &member.role else {
        return None;
    };
    Some(param.id.map_or_else(|| param_id(&member.key), |(id, _)| id))
}

/// The same as `retake_sdk::param_id`, which a test of that crate compares with this.
fn param_id(key: &str) -> u32 {
    let hash = key
        .bytes()
        .fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    hash & 0x7fff_ffff
}
