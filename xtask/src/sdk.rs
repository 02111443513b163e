//! The options that every subcommand with downloads has, and the SDK they open.

use std::path::PathBuf;

use anyhow::Result;
use keelson_sdk::{Options, Progress, Sdk};

/// Where packages and tools come from.
#[derive(clap::Args, Clone, Default)]
#[command(next_help_heading = "Packages")]
pub struct SdkArgs {
    /// Debian mirror, `http:`, `https:` or `file:` [default: the one this machine's apt uses]
    #[arg(long, value_name = "URL", value_parser = mirror)]
    mirror: Option<String>,
    /// Fetch nothing; fail if the cache lacks something
    #[arg(long)]
    offline: bool,
    /// Fail rather than take another version than the lock pins
    #[arg(long)]
    locked: bool,
    /// Folder of downloads, tools and compiled crates [default: $XDG_CACHE_HOME/keelson]
    #[arg(long, value_name = "DIR")]
    cache: Option<PathBuf>,
    /// Say nothing but warnings and errors
    #[arg(long, short)]
    quiet: bool,
}

impl SdkArgs {
    /// Opens the SDK.
    pub fn open(&self) -> Result<Sdk> {
        Ok(Sdk::open(Options {
            cache: match &self.cache {
                Some(folder) => std::path::absolute(folder)?,
                None => Options::default_cache()?,
            },
            mirror: self.mirror.clone(),
            offline: self.offline,
            locked: self.locked,
            progress: if self.quiet { Progress::quiet() } else { Progress::auto() },
        })?)
    }
}

/// Takes the address of a mirror. A wrong one would be found out only where something must be fetched.
fn mirror(text: &str) -> Result<String, String> {
    let schemes = ["http://", "https://", "file:/"];
    if schemes.iter().any(|scheme| text.starts_with(scheme)) {
        return Ok(text.to_owned());
    }
    Err("a mirror begins with http://, https:// or file:/".to_owned())
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_mirror_is_an_address_that_apt_can_fetch_from() {
        for (text, good) in [
            ("http://deb.example/debian", true),
            ("https://deb.example/debian", true),
            ("file:///srv/debian", true),
            ("file:/srv/debian", true),
            ("deb.example/debian", false),
            ("ftp://deb.example/debian", false),
            ("/srv/debian", false),
        ] {
            assert_eq!(super::mirror(text).is_ok(), good, "{text}");
        }
    }
}
