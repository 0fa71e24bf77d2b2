//! Is a library file whole? Pure arithmetic on its bytes, before the loader maps them.
//!
//! A file that is still being written, or was cut, kills the process inside the loader (a page
//! beyond the end of the file is a bus error). So every extent that the file's own headers name
//! must lie within its length. Nothing here judges whether the code is any good.

mod bytes;
mod elf;
mod macho;
mod pe;

/// What the bytes of a file are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// A whole library.
    Whole(Shape),
    /// A library that ends too early; the text names the missing part.
    Cut(String),
    /// A library for another kind of machine; the text names both.
    Foreign(String),
    /// Something else.
    NotALibrary,
}

/// What the loader will need to know of a whole library.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Shape {
    /// The library has thread-locals: their first use on each thread allocates.
    pub(crate) has_tls: bool,
}

/// Judges the bytes of a file.
pub(crate) fn judge(file: &[u8]) -> Verdict {
    if file.is_empty() {
        return Verdict::Cut("the file is empty".to_owned());
    }
    let is = |magics: &[&[u8]]| magics.iter().any(|magic| begins(file, magic));
    if let Some(machine) = elf::foreign(file) {
        return Verdict::Foreign(machine);
    }
    let checked = if is(&elf::MAGIC) {
        elf::check(file)
    } else if is(&macho::MAGIC) {
        macho::check(file)
    } else if is(&pe::MAGIC) {
        pe::check(file)
    } else {
        return Verdict::NotALibrary;
    };
    checked.map_or_else(Verdict::Cut, Verdict::Whole)
}

/// Whether `file` begins with `magic`, or is itself the beginning of it.
fn begins(file: &[u8], magic: &[u8]) -> bool {
    let n = file.len().min(magic.len());
    file[..n] == magic[..n]
}
