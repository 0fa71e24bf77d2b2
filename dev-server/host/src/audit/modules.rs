//! Which file an address of a process belongs to, from the text of its `/proc/PID/maps`.

use std::{fs, io};

/// One piece of code in a process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Module {
    start: u64,
    end: u64,
    /// Of `start`, in the file.
    offset: u64,
    /// The file, which may be gone.
    pub(super) path: String,
    /// It is the plugin's library.
    pub(super) is_plugin: bool,
}

impl Module {
    /// Where in its file the address lies.
    pub(super) fn file_offset(&self, address: u64) -> u64 {
        address - self.start + self.offset
    }

    /// Its file's name without folders.
    pub(super) fn name(&self) -> &str {
        let path = self.path.trim_end_matches(" (deleted)");
        path.rsplit_once('/').map_or(path, |(_, name)| name)
    }
}

/// All code of one process.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Modules(Vec<Module>);

impl Modules {
    /// Those of this process; `inside` is any function of the plugin's library.
    ///
    /// # Errors
    /// The system does not tell.
    pub fn of_this_process(inside: u64) -> io::Result<Self> {
        Ok(Self::parse(&maps_of_this_process()?, inside))
    }

    /// Reads lines of `/proc/PID/maps`; what is no code is left out.
    pub(super) fn parse(maps: &str, inside: u64) -> Self {
        let mut modules: Vec<_> = maps.lines().filter_map(module).collect();
        let plugin = modules
            .iter()
            .find(|module| (module.start..module.end).contains(&inside))
            .map(|module| module.path.clone());
        for module in &mut modules {
            module.is_plugin = plugin.as_ref() == Some(&module.path);
        }
        Self(modules)
    }

    /// The one with this address.
    pub(super) fn find(&self, address: u64) -> Option<&Module> {
        self.0.iter().find(|module| (module.start..module.end).contains(&address))
    }

    /// The one that the system started: its code comes first.
    pub(super) fn is_executable(&self, module: &Module) -> bool {
        self.0.first().is_some_and(|first| first.path == module.path)
    }
}

/// The lines about this process's code.
pub(super) fn maps_of_this_process() -> io::Result<String> {
    let maps = fs::read_to_string("/proc/self/maps")?;
    let code = maps.lines().filter(|line| module(line).is_some());
    Ok(code.flat_map(|line| [line, "\n"]).collect())
}

/// A line about code in a file.
fn module(line: &str) -> Option<Module> {
    let mut words = line.splitn(6, ' ');
    let (start, end) = words.next()?.split_once('-')?;
    let is_code = words.next()?.contains('x');
    let offset = words.next()?;
    let path = words.nth(2)?.trim_start();
    let hex = |text| u64::from_str_radix(text, 16).ok();
    let (start, end, offset) = (hex(start)?, hex(end)?, hex(offset)?);
    let module = Module { start, end, offset, path: path.to_owned(), is_plugin: false };
    (is_code && path.starts_with('/')).then_some(module)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAPS: &str = "\
5581a0000000-5581a0010000 r--p 00000000 fe:01 11 /usr/bin/retake\n\
5581a0010000-5581a0090000 r-xp 00010000 fe:01 11 /usr/bin/retake\n\
7f0000000000-7f0000004000 r--p 00000000 00:05 12 /run/0001-my plug.so (deleted)\n\
7f0000004000-7f0000009000 r-xp 00003000 00:05 12 /run/0001-my plug.so (deleted)\n\
7f0000009000-7f000000a000 rw-p 00008000 00:05 12 /run/0001-my plug.so (deleted)\n\
no line of maps\n";

    #[test]
    fn an_address_has_a_file_and_a_place_in_it() {
        let modules = Modules::parse(MAPS, 0x7f00_0000_4010);
        let module = modules.find(0x7f00_0000_4123).unwrap();
        assert_eq!((module.file_offset(0x7f00_0000_4123), module.is_plugin), (0x3123, true));
        assert_eq!(module.name(), "0001-my plug.so");
        assert!(!modules.is_executable(module));
        let executable = modules.find(0x5581_a001_0000).unwrap();
        assert!(modules.is_executable(executable) && !executable.is_plugin);
        assert_eq!(modules.find(0x7f00_0000_9010), None, "data is no code");
    }

    #[test]
    fn this_process_has_code() {
        let here = this_process_has_code as fn() as usize as u64;
        let modules = Modules::of_this_process(here).unwrap();
        assert!(modules.find(here).is_some_and(|module| module.is_plugin));
    }
}
