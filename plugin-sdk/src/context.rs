//! What a call of `process` is given beside its block: events, transport, and ways to say
//! something back.

use std::marker::PhantomData;

/// The surroundings of one call of [`Plugin::process`](crate::Plugin::process).
///
/// # Real time
///
/// No method allocates, locks or waits.
#[derive(Debug, Default)]
pub struct Context<'a> {
    call: PhantomData<&'a mut ()>,
}
