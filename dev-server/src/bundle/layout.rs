//! Where the parts of a bundle lie, by the rule of each platform. Pure: nothing is written here.

use std::path::PathBuf;

use retake_host::PluginInfo;

/// Whose rule applies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Platform {
    /// The `.clap` is the library itself: Linux, Windows and all others.
    File,
    /// The `.clap` is a bundle directory: macOS.
    Mac,
}

impl Platform {
    /// The platform this binary was built for.
    pub const HERE: Self = if cfg!(target_os = "macos") { Self::Mac } else { Self::File };
}

/// What lies at a place of a bundle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Entry {
    /// The plugin's library.
    Library,
    /// A file with this text.
    Text(String),
}

/// The parts of `NAME.clap`, by their paths below the directory that holds it.
pub fn layout(platform: Platform, name: &str, plugin: &PluginInfo) -> Vec<(PathBuf, Entry)> {
    let bundle = PathBuf::from(format!("{name}.clap"));
    match platform {
        Platform::File => vec![(bundle, Entry::Library)],
        Platform::Mac => {
            let contents = bundle.join("Contents");
            vec![
                (contents.join("MacOS").join(name), Entry::Library),
                (contents.join("Info.plist"), Entry::Text(info_plist(name, plugin))),
                (contents.join("PkgInfo"), Entry::Text("BNDL????".to_owned())),
            ]
        }
    }
}

fn info_plist(name: &str, plugin: &PluginInfo) -> String {
    let version = number(&plugin.version);
    let values = [
        ("CFBundleDevelopmentRegion", "en"),
        ("CFBundleDisplayName", &plugin.name),
        ("CFBundleExecutable", name),
        ("CFBundleIdentifier", &identifier(&plugin.id)),
        ("CFBundleInfoDictionaryVersion", "6.0"),
        ("CFBundleName", &plugin.name),
        ("CFBundlePackageType", "BNDL"),
        ("CFBundleShortVersionString", &version),
        ("CFBundleSignature", "????"),
        ("CFBundleVersion", &version),
    ];
    let lines = values.map(|(key, value)| {
        format!("    <key>{key}</key>\n    <string>{}</string>\n", escaped(value))
    });
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <!DOCTYPE plist PUBLIC \"-//Apple//DTD PLIST 1.0//EN\" \
         \"http://www.apple.com/DTDs/PropertyList-1.0.dtd\">\n\
         <plist version=\"1.0\">\n<dict>\n{}    <key>NSHighResolutionCapable</key>\n    <true/>\n\
         </dict>\n</plist>\n",
        lines.concat()
    )
}

/// Letters, digits, `-` and `.`: what the identifier of a bundle may hold.
fn identifier(id: &str) -> String {
    let allowed = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '.';
    id.chars().map(|c| if allowed(c) { c } else { '-' }).collect()
}

/// One to three whole numbers, which is all that a bundle's version may be: `1.2.3-beta` is 1.2.3.
fn number(version: &str) -> String {
    let end = version.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(version.len());
    let parts: Vec<_> = version[..end].split('.').filter(|part| !part.is_empty()).take(3).collect();
    if parts.is_empty() { "0".to_owned() } else { parts.join(".") }
}

fn escaped(text: &str) -> String {
    let text = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    // Nothing below a space but tabs and line ends may stand in XML, escaped or not.
    text.replace(|c: char| c.is_control(), " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plugin(id: &str, name: &str, version: &str) -> PluginInfo {
        PluginInfo {
            id: id.into(),
            name: name.into(),
            version: version.into(),
            vendor: String::new(),
        }
    }

    #[test]
    fn elsewhere_the_bundle_is_the_library() {
        let parts = layout(Platform::File, "warm-delay", &plugin("a.b", "Warm Delay", "0.1.0"));
        assert_eq!(parts, [("warm-delay.clap".into(), Entry::Library)]);
    }

    #[test]
    fn on_a_mac_it_is_a_directory_with_a_plist() {
        let info = plugin("org.example.warm_delay", "Warm <Delay> & Co", "1.2.3-beta.1");
        let parts = layout(Platform::Mac, "warm-delay", &info);
        let paths: Vec<_> = parts.iter().map(|(path, _)| path.to_str().unwrap()).collect();
        assert_eq!(
            paths,
            [
                "warm-delay.clap/Contents/MacOS/warm-delay",
                "warm-delay.clap/Contents/Info.plist",
                "warm-delay.clap/Contents/PkgInfo",
            ]
        );
        assert_eq!(parts[0].1, Entry::Library);
        assert_eq!(parts[2].1, Entry::Text("BNDL????".into()));
        let Entry::Text(plist) = &parts[1].1 else { panic!("the plist is text") };
        for (key, value) in [
            ("CFBundleExecutable", "warm-delay"),
            ("CFBundleIdentifier", "org.example.warm-delay"),
            ("CFBundleName", "Warm &lt;Delay&gt; &amp; Co"),
            ("CFBundlePackageType", "BNDL"),
            ("CFBundleShortVersionString", "1.2.3"),
            ("CFBundleVersion", "1.2.3"),
        ] {
            let pair = format!("<key>{key}</key>\n    <string>{value}</string>");
            assert!(plist.contains(&pair), "{pair} in\n{plist}");
        }
    }

    #[test]
    fn a_version_is_numbers() {
        for (version, expected) in
            [("2", "2"), ("0.1.0", "0.1.0"), ("1.2.3.4", "1.2.3"), ("", "0"), ("beta", "0")]
        {
            assert_eq!(number(version), expected, "{version:?}");
        }
    }
}
