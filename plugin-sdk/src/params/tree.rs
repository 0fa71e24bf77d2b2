//! The shape of a set of parameters as constant data, so that mistakes which only show when
//! groups come together stop the compiler: two parameters with one number, two bypasses, keys
//! that are too long.
//!
//! All of it runs in the compiler; nothing of it is left in the plugin.

use super::param_id;

/// One field of a set, or a set.
#[derive(Clone, Copy, Debug)]
pub enum Node {
    /// A parameter, with the number it was given.
    Param {
        /// Given by the author.
        id: Option<u32>,
        /// Whether it has the flag.
        is_bypass: bool,
    },
    /// A meter.
    Meter,
    /// A persisted field.
    Persisted,
    /// A set: its fields by name.
    Group(&'static [(&'static str, Node)]),
    /// So many of the same.
    Array(usize, &'static Node),
}

/// A set whose shape the compiler knows. The derive implements it beside [`Params`](super::Params).
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no group of parameters",
    label = "expected a struct that derives `Params`, or an array of one"
)]
pub trait Shape {
    /// The shape.
    const NODE: Node;
}

impl Shape for () {
    const NODE: Node = Node::Group(&[]);
}

impl<T: Shape, const N: usize> Shape for [T; N] {
    const NODE: Node = Node::Array(N, &T::NODE);
}

/// Parameters of one plugin at most: twice as many places keep the search short.
const MAX_PARAMS: usize = 4096;
const N_PLACES: usize = 2 * MAX_PARAMS;
const FREE: u32 = u32::MAX;
/// What CLAP's hosts learn through `retake.param-hints`, without the NUL.
const MAX_KEY: usize = 255;
/// The longest name of a probe.
const MAX_METER_KEY: usize = 63;

/// Stops the compiler at a mistake in `root`, for a generic set as soon as its arguments are known:
///
/// ```compile_fail,E0080
/// use retake_sdk::{FloatParam, Params};
///
/// #[derive(Params)]
/// struct Band {
///     #[param(range = 0.0..=1.0, default = 0.5, id = 7)]
///     gain: FloatParam,
/// }
///
/// #[derive(Params)]
/// struct Bank<const N: usize> {
///     #[group]
///     bands: [Band; N],
/// }
///
/// let _ = Bank::<2>::default();
/// ```
#[track_caller]
#[expect(clippy::large_stack_arrays, reason = "it runs in the compiler")]
pub const fn check(root: &Node) {
    let mut walk =
        Walk { path: Text::new(), ids: [FREE; N_PLACES], n_params: 0, has_bypass: false };
    walk.visit(root);
}

struct Walk {
    path: Text,
    /// The numbers so far, each at the first free place from its own on.
    ids: [u32; N_PLACES],
    n_params: usize,
    has_bypass: bool,
}

impl Walk {
    #[track_caller]
    const fn visit(&mut self, node: &Node) {
        match *node {
            Node::Param { id, is_bypass } => self.param(id, is_bypass),
            Node::Meter if self.path.len > MAX_METER_KEY => {
                self.path.complain("the key of the meter `", "` is longer than 63 bytes");
            }
            Node::Meter | Node::Persisted => {}
            Node::Group(fields) => {
                let mut at = 0;
                while at < fields.len() {
                    let above = self.path.enter();
                    self.path.push(fields[at].0);
                    self.visit(&fields[at].1);
                    self.path.len = above;
                    at += 1;
                }
            }
            Node::Array(n, element) => {
                let mut at = 0;
                while at < n {
                    let above = self.path.enter();
                    self.path.push_number(at);
                    self.visit(element);
                    self.path.len = above;
                    at += 1;
                }
            }
        }
    }

    #[track_caller]
    const fn param(&mut self, given: Option<u32>, is_bypass: bool) {
        self.n_params += 1;
        assert!(self.n_params <= MAX_PARAMS, "there are more than 4096 parameters");
        if self.path.len > MAX_KEY {
            self.path.complain("the key `", "` is longer than 255 bytes");
        }
        if is_bypass && self.has_bypass {
            self.path.complain("`", "` is a second bypass");
        }
        self.has_bypass |= is_bypass;
        let id = match given {
            Some(id) => id,
            None => param_id(self.path.as_str()),
        };
        let mut place = id as usize % N_PLACES;
        while self.ids[place] != FREE {
            if self.ids[place] == id {
                let mut number = Text::new();
                number.push("the id ");
                number.push_number(id as usize);
                number.push(" of `");
                self.path.complain(number.as_str(), "` is already that of another parameter");
            }
            place = (place + 1) % N_PLACES;
        }
        self.ids[place] = id;
    }
}

/// A text that the compiler can build; what does not fit is left out.
struct Text {
    bytes: [u8; 1024],
    len: usize,
}

impl Text {
    const fn new() -> Self {
        Self { bytes: [0; 1024], len: 0 }
    }

    /// Makes room for the next name of the path, and returns the length to go back to.
    const fn enter(&mut self) -> usize {
        let len = self.len;
        if len > 0 {
            self.push(".");
        }
        len
    }

    const fn push(&mut self, text: &str) {
        let bytes = text.as_bytes();
        let mut at = 0;
        while at < bytes.len() && self.len < self.bytes.len() {
            self.bytes[self.len] = bytes[at];
            self.len += 1;
            at += 1;
        }
    }

    #[expect(clippy::cast_possible_truncation, reason = "a digit is below 10")]
    const fn push_number(&mut self, number: usize) {
        if number >= 10 {
            self.push_number(number / 10);
        }
        if self.len < self.bytes.len() {
            self.bytes[self.len] = b'0' + (number % 10) as u8;
            self.len += 1;
        }
    }

    const fn as_str(&self) -> &str {
        match str::from_utf8(self.bytes.split_at(self.len).0) {
            Ok(text) => text,
            // The room ended within a character.
            Err(_) => "…",
        }
    }

    #[track_caller]
    #[expect(clippy::panic, reason = "it runs in the compiler")]
    const fn complain(&self, before: &str, after: &str) {
        let mut message = Self::new();
        message.push(before);
        message.push(self.as_str());
        message.push(after);
        panic!("{}", message.as_str());
    }
}
