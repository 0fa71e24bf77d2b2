//! Addresses become functions and lines, off the audio thread: reads whole files and takes
//! milliseconds for each.
//!
//! Names and lines of the plugin's library come from its line tables, calls that the compiler put
//! inline included; other libraries only give the names of their functions. What lies above the
//! plugin on the stack is the host, and is left out.

use std::{borrow::Cow, collections::HashMap, fs};

use addr2line::{Context, Frame, gimli, gimli::EndianSlice, gimli::RunTimeEndian};
use object::{File, Object, ObjectSection, ObjectSegment, SymbolMap, SymbolMapName};

use super::modules::{Module, Modules};
use crate::finding::StackFrame;

/// Most frames that a stack shows.
const MAX_FRAMES: usize = 64;

type Reader<'a> = EndianSlice<'a, RunTimeEndian>;

/// Everything that addresses of one process can be looked up in.
#[derive(Debug)]
pub struct Symbols {
    modules: Modules,
    library: Vec<u8>,
}

impl Symbols {
    /// `library` is the content of the plugin's file.
    pub fn new(modules: Modules, library: Vec<u8>) -> Self {
        Self { modules, library }
    }

    /// Names stacks of addresses, each innermost first, as [`super::Words`] has them.
    pub fn stacks(&self, stacks: &[Vec<u64>]) -> Vec<Vec<StackFrame>> {
        let image = Image::parse(&self.library);
        let mut others = Others::default();
        let mut frames = |address| self.frames(address, image.as_ref(), &mut others);
        let mut stack = |addresses: &Vec<u64>| {
            let frames = self.of_the_plugin(addresses).flat_map(&mut frames);
            let mut stack: Vec<_> = frames.take(MAX_FRAMES).collect();
            // A function that calls itself without end.
            stack.dedup();
            stack
        };
        stacks.iter().map(&mut stack).collect()
    }

    fn frames(
        &self,
        address: u64,
        image: Option<&Image<'_>>,
        others: &mut Others,
    ) -> Vec<StackFrame> {
        match (self.modules.find(address), image) {
            (Some(module), Some(image)) if module.is_plugin => {
                image.frames(module.file_offset(address), module)
            }
            (Some(module), _) if !self.modules.is_executable(module) => {
                vec![others.frame(module, address)]
            }
            (module, _) => vec![unknown(module.map_or("?", Module::name), address)],
        }
    }

    /// Names one stack.
    pub fn stack(&self, addresses: &[u64]) -> Vec<StackFrame> {
        self.stacks(&[addresses.to_vec()]).pop().unwrap_or_default()
    }

    /// From where the host's own part ends up to the outermost frame of the plugin; all if there is
    /// none of the plugin.
    fn of_the_plugin<'a>(&self, addresses: &'a [u64]) -> impl Iterator<Item = u64> + use<'a> {
        let is_plugins = |at: &u64| self.modules.find(*at).is_some_and(|m| m.is_plugin);
        let is_hosts = |at: &u64| {
            let module = self.modules.find(*at);
            module.is_some_and(|m| !m.is_plugin && self.modules.is_executable(m))
        };
        let range = match addresses.iter().rposition(is_plugins) {
            Some(last) => addresses.iter().position(|at| !is_hosts(at)).unwrap_or(0)..=last,
            None => 0..=addresses.len().saturating_sub(1),
        };
        addresses.get(range).unwrap_or_default().iter().copied()
    }
}

/// A library's code and what is said about it.
struct Image<'a> {
    file: File<'a>,
    symbols: SymbolMap<SymbolMapName<'a>>,
    lines: Option<Context<Reader<'a>>>,
}

impl<'a> Image<'a> {
    fn parse(bytes: &'a [u8]) -> Option<Self> {
        let file = File::parse(bytes).ok()?;
        let symbols = file.symbol_map();
        let endian =
            if file.is_little_endian() { RunTimeEndian::Little } else { RunTimeEndian::Big };
        // A compressed section counts as missing.
        let section = |id: gimli::SectionId| {
            let data = file.section_by_name(id.name()).and_then(|section| section.data().ok());
            Ok::<_, gimli::Error>(EndianSlice::new(data.unwrap_or_default(), endian))
        };
        let lines = gimli::Dwarf::load(section).and_then(Context::from_dwarf).ok();
        Some(Self { file, symbols, lines })
    }

    /// The calls at a place of the file, those inlined first; at least one.
    fn frames(&self, offset: u64, module: &Module) -> Vec<StackFrame> {
        let Some(address) = self.address(offset) else {
            return vec![unknown(module.name(), offset)];
        };
        let mut frames = self.calls_at(address).unwrap_or_default();
        if frames.is_empty() {
            let function = self.symbol(address);
            frames.push(function.map_or(unknown(module.name(), address), |function| StackFrame {
                function,
                file: None,
                line: None,
            }));
        }
        frames
    }

    fn calls_at(&self, address: u64) -> Option<Vec<StackFrame>> {
        let lines = self.lines.as_ref()?;
        let folder = self.compile_folder(address).unwrap_or_default();
        let mut calls = lines.find_frames(address).skip_all_loads().ok()?;
        let mut frames = Vec::new();
        while let Ok(Some(call)) = calls.next() {
            frames.push(named(&call, &folder));
        }
        // An instruction that stands for no line is of the one before it.
        if let Some(first) = frames.first_mut().filter(|frame| frame.line.is_none()) {
            first.line = self.line_before(address);
        }
        // Line tables know the last word of a name; the function that others are inlined into has
        // its whole name in the symbol table.
        if let Some((last, name)) = frames.last_mut().zip(self.symbol(address)) {
            last.function = name;
        }
        Some(frames)
    }

    /// The last line of the function up to this address.
    fn line_before(&self, address: u64) -> Option<u32> {
        let start = self.symbols.before(address)?.address();
        let places = self.lines.as_ref()?.find_location_range(start, address + 1).ok()?;
        places.filter_map(|(_, _, place)| place.line).last()
    }

    /// Where the compiler ran that made this code: relative names start there.
    fn compile_folder(&self, address: u64) -> Option<Cow<'a, str>> {
        let unit = self.lines.as_ref()?.find_dwarf_and_unit(address).skip_all_loads()?;
        Some(unit.comp_dir?.to_string_lossy())
    }

    fn symbol(&self, address: u64) -> Option<String> {
        let symbol = self.symbols.before(address)?;
        let name = addr2line::demangle_auto(symbol.name().into(), None);
        Some(without_hash(&name).to_owned())
    }

    /// The address that the linker gave a place in the file.
    fn address(&self, offset: u64) -> Option<u64> {
        self.file.segments().find_map(|segment| {
            let (start, size) = segment.file_range();
            (start..start + size).contains(&offset).then(|| segment.address() + (offset - start))
        })
    }
}

/// Libraries beside the plugin's; each is read once.
#[derive(Default)]
struct Others(HashMap<String, Vec<u8>>);

impl Others {
    fn frame(&mut self, module: &Module, address: u64) -> StackFrame {
        let read = || fs::read(&module.path).unwrap_or_default();
        let bytes = self.0.entry(module.path.clone()).or_insert_with(read);
        let named = File::parse(bytes.as_slice()).ok().map(|file| {
            let image = Image { symbols: file.symbol_map(), file, lines: None };
            image.frames(module.file_offset(address), module)
        });
        named
            .and_then(|frames| frames.into_iter().next())
            .unwrap_or(unknown(module.name(), address))
    }
}

fn named(call: &Frame<'_, Reader<'_>>, folder: &str) -> StackFrame {
    let name = call.function.as_ref().and_then(|name| name.demangle().ok());
    let place = call.location.as_ref();
    let file = place.and_then(|place| place.file);
    StackFrame {
        function: without_hash(&name.unwrap_or(Cow::Borrowed("?"))).to_owned(),
        file: file.map(|file| as_given(file, folder).to_owned()),
        line: place.and_then(|place| place.line),
    }
}

fn unknown(module: &str, address: u64) -> StackFrame {
    StackFrame { function: format!("{module}+{address:#x}"), file: None, line: None }
}

/// The name without the hash that tells two versions of a crate apart.
fn without_hash(name: &str) -> &str {
    let is_hash = |tail: &str| tail.len() == 16 && tail.bytes().all(|b| b.is_ascii_hexdigit());
    name.rsplit_once("::h").filter(|(_, tail)| is_hash(tail)).map_or(name, |(name, _)| name)
}

/// The file as the compiler was given it: what starts in its folder is relative to it.
fn as_given<'a>(file: &'a str, folder: &str) -> &'a str {
    let inside = file.strip_prefix(folder).and_then(|rest| rest.strip_prefix('/'));
    // The language's own sources have a folder that only names them.
    inside.filter(|_| !folder.is_empty() && !folder.starts_with("/rustc/")).unwrap_or(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lose_the_compilers_hash_alone() {
        assert_eq!(without_hash("a::b::h0123456789abcdef"), "a::b");
        assert_eq!(without_hash("a::hold"), "a::hold");
    }

    #[test]
    fn files_are_relative_to_the_compilers_folder() {
        assert_eq!(as_given("/home/me/gain/src/lib.rs", "/home/me/gain"), "src/lib.rs");
        assert_eq!(as_given("/home/me/gainer/lib.rs", "/home/me/gain"), "/home/me/gainer/lib.rs");
        assert_eq!(as_given("/rustc/1/core.rs", ""), "/rustc/1/core.rs");
        assert_eq!(as_given("/rustc/1/core.rs", "/rustc/1"), "/rustc/1/core.rs");
    }

    #[test]
    fn a_place_in_this_test_is_named() {
        let here = a_place_in_this_test_is_named as fn() as usize as u64;
        let modules = Modules::of_this_process(here).unwrap();
        let library = fs::read("/proc/self/exe").unwrap();
        let frames = Symbols::new(modules, library).stack(&[here]);
        assert!(frames[0].function.ends_with("a_place_in_this_test_is_named"), "{frames:?}");
        assert!(frames[0].file.as_ref().is_some_and(|f| f.ends_with("audit/symbols.rs")));
    }
}
