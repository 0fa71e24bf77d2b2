//! One field of a struct of parameters: a parameter, a group, a persisted value or a meter.

use proc_macro2::{Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::ext::IdentExt;
use syn::spanned::Spanned;
use syn::{Attribute, Field, Ident, LitStr, Type};

use crate::attribute::Entries;
use crate::param::{self, Param, missing};

/// What a field is, with an expression that makes it at `place`.
pub(crate) struct Member<'a> {
    pub(crate) field: &'a Ident,
    pub(crate) kind: &'a Type,
    pub(crate) key: String,
    pub(crate) role: Role,
    pub(crate) made: TokenStream,
}

/// What a field is for.
pub(crate) enum Role {
    Param(Param),
    Group,
    Persist,
    Meter,
}

impl<'a> Member<'a> {
    pub(crate) fn of(name: &'a Ident, field: &'a Field) -> syn::Result<Self> {
        let ours = ["param", "group", "persist", "meter"];
        let mut attributes = field.attrs.iter().filter_map(|attribute| {
            let found = ours.iter().find(|known| attribute.path().is_ident(known))?;
            Some((*found, attribute))
        });
        let Some((role, attribute)) = attributes.next() else {
            let message = "a field needs #[param(...)], #[group(...)], #[persist] or #[meter(...)]";
            return Err(syn::Error::new(name.span(), message));
        };
        if let Some((_, second)) = attributes.next() {
            return Err(syn::Error::new_spanned(second, "a field has one such attribute"));
        }
        let member = Source { attribute, kind: &field.ty, key: name.unraw().to_string() };
        let (role, made) = match role {
            "param" => member.param(name.span())?,
            "group" => member.group()?,
            "persist" => member.persist()?,
            _ => member.meter(name.span())?,
        };
        Ok(Self { field: name, kind: &field.ty, key: member.key, role, made })
    }

    /// Its node in the tree of the declaration.
    pub(crate) fn node(&self) -> TokenStream {
        let key = &self.key;
        let node = match &self.role {
            Role::Param(param) => {
                let (id, is_bypass) = (param::id(param.id), param.is_bypass);
                quote!(Param { id: #id, is_bypass: #is_bypass })
            }
            Role::Group => {
                let kind = self.kind;
                let shape = quote_spanned!(kind.span()=> <#kind as ::retake_sdk::declare::Shape>);
                return quote!((#key, #shape::NODE));
            }
            Role::Persist => quote!(Persisted),
            Role::Meter => quote!(Meter),
        };
        quote!((#key, ::retake_sdk::declare::Node::#node))
    }
}

struct Source<'a> {
    attribute: &'a Attribute,
    kind: &'a Type,
    key: String,
}

impl Source<'_> {
    fn param(&self, span: Span) -> syn::Result<(Role, TokenStream)> {
        let kind = self.kind;
        let param = Param::of(self.attribute, kind, &self.key, span)?;
        let of = quote_spanned!(kind.span()=> <#kind as ::retake_sdk::Parameter>::of);
        let spec = &param.spec;
        let made = quote!(#of(#spec));
        Ok((Role::Param(param), made))
    }

    fn group(&self) -> syn::Result<(Role, TokenStream)> {
        let (kind, key) = (self.kind, &self.key);
        let name = self.name(&Entries::of(self.attribute, &["name"])?);
        let declare = quote_spanned!(kind.span()=> <#kind as ::retake_sdk::Params>::declare);
        Ok((Role::Group, quote!(#declare(&place.group(#key, #name)))))
    }

    fn persist(&self) -> syn::Result<(Role, TokenStream)> {
        let (kind, key) = (self.kind, &self.key);
        self.expect("Persisted", "expected `Persisted<…>`")?;
        Entries::of(self.attribute, &[])?;
        let of = quote_spanned!(kind.span()=> <#kind>::of);
        Ok((Role::Persist, quote!(#of(place.key(#key)))))
    }

    fn meter(&self, span: Span) -> syn::Result<(Role, TokenStream)> {
        let (kind, key) = (self.kind, &self.key);
        self.expect("Meter", "expected `Meter`")?;
        let entries = Entries::of(self.attribute, &["name", "range", "unit"])?;
        let name = self.name(&entries);
        let unit = entries.unit.as_ref().map_or_else(String::new, LitStr::value);
        let (min, max) = entries.range.ok_or_else(|| missing(span, "range"))?;
        let (min, max) = (min.value, max.value);
        let made = quote! {
            <#kind>::of(::retake_sdk::MeterSpec {
                key: place.key(#key),
                name: place.full_name(#name),
                unit: #unit,
                min: #min,
                max: #max,
            })
        };
        Ok((Role::Meter, made))
    }

    fn name(&self, entries: &Entries) -> String {
        entries.name.as_ref().map_or_else(|| self.key.clone(), LitStr::value)
    }

    /// The field's type must have this name.
    fn expect(&self, name: &str, message: &str) -> syn::Result<()> {
        match self.kind {
            Type::Path(path) if path.path.segments.last().is_some_and(|s| s.ident == name) => {
                Ok(())
            }
            other => Err(syn::Error::new(other.span(), message)),
        }
    }
}
