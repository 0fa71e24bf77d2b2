//! The state: a mark, three values, a sum over all of it.

use std::sync::atomic::Ordering::Relaxed;

use clap_sys::ext::params::{CLAP_EXT_PARAMS, CLAP_PARAM_RESCAN_VALUES, clap_host_params};
use clap_sys::ext::state::clap_plugin_state;
use clap_sys::plugin::clap_plugin;
use clap_sys::stream::{clap_istream, clap_ostream};

use crate::broken;
use crate::instance::{Instance, Source, shared};
use crate::params::{COUNT, MODE};

pub(crate) static TABLE: clap_plugin_state =
    clap_plugin_state { save: Some(save), load: Some(load) };

const MARK: &[u8] = b"brkn";

fn sum(bytes: &[u8]) -> [u8; 4] {
    let step = |sum: u32, byte: &u8| (sum ^ u32::from(*byte)).wrapping_mul(16_777_619);
    bytes.iter().fold(2_166_136_261, step).to_le_bytes()
}

unsafe extern "C" fn save(plugin: *const clap_plugin, stream: *const clap_ostream) -> bool {
    let this = unsafe { shared(plugin) };
    let mut bytes = MARK.to_vec();
    for value in &this.saved {
        bytes.extend(value.load(Relaxed).to_le_bytes());
    }
    if broken("forgets-mode") {
        bytes[4 + 8 * MODE..][..8].fill(0);
    }
    if broken("counts-saves") {
        bytes.extend(this.n_saves.fetch_add(1, Relaxed).to_le_bytes());
    }
    bytes.extend(sum(&bytes));
    let mut rest = &bytes[..];
    while !rest.is_empty() {
        let write = unsafe { (*stream).write.unwrap() };
        let taken = unsafe { write(stream, rest.as_ptr().cast(), rest.len() as u64) };
        if taken <= 0 {
            return broken("full-is-fine");
        }
        rest = &rest[taken as usize..];
    }
    true
}

fn read_all(stream: *const clap_istream) -> Vec<u8> {
    let (mut bytes, mut part) = (Vec::new(), [0_u8; 64]);
    loop {
        let read = unsafe { (*stream).read.unwrap() };
        let given = unsafe { read(stream, part.as_mut_ptr().cast(), part.len() as u64) };
        if given <= 0 {
            return bytes;
        }
        bytes.extend(&part[..given as usize]);
        if broken("reads-once") {
            return bytes;
        }
    }
}

unsafe extern "C" fn load(plugin: *const clap_plugin, stream: *const clap_istream) -> bool {
    let this = unsafe { shared(plugin) };
    let bytes = read_all(stream);
    if bytes.is_empty() && broken("empty-is-fine") {
        return true;
    }
    if broken("noise-panics") {
        assert_eq!(bytes[..4.min(bytes.len())], MARK[..4.min(bytes.len())]);
    }
    if broken("noise-changes") && bytes.len() > 100 {
        this.set(0, 0.123, Source::State);
    }
    let is_whole = bytes.len() >= 4 + 8 * COUNT + 4 && {
        let (content, end) = bytes.split_at(bytes.len() - 4);
        content.starts_with(MARK) && sum(content) == end
    };
    let is_enough = broken("half-is-fine") && bytes.starts_with(MARK);
    if !is_whole && !is_enough {
        return false;
    }
    for (index, value) in bytes[4..].chunks_exact(8).take(COUNT).enumerate() {
        this.set(index, f64::from_le_bytes(value.try_into().unwrap()), Source::State);
    }
    tell(this);
    true
}

fn tell(this: &Instance) {
    let params: *const clap_host_params = this.host_extension(CLAP_EXT_PARAMS);
    if let (Some(params), false) = (unsafe { params.as_ref() }, broken("tells-nothing")) {
        unsafe { params.rescan.unwrap()(this.host, CLAP_PARAM_RESCAN_VALUES) };
    }
}
