//! Runs the program.

use std::process::{Command, Output};

use serde_json::Value;

use crate::build::Build;

/// A run of the program that is prepared: no settings of this host reach it.
pub struct Upload {
    command: Command,
}

impl Upload {
    /// `keelson-upload PROVIDER --build FOLDER`, quick about pauses.
    pub fn new(provider: &str, build: &Build) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_keelson-upload"));
        command.env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default());
        command.env("HOME", build.path()).env("AWS_EC2_METADATA_DISABLED", "true");
        command.args([provider, "--quiet", "--poll", "0", "--attempts", "3", "--build"]);
        command.arg(build.path());
        Self { command }
    }

    pub fn args(mut self, arguments: &[&str]) -> Self {
        self.command.args(arguments);
        self
    }

    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.command.env(name, value);
        self
    }

    fn run(mut self) -> Output {
        self.command.output().expect("the program runs")
    }

    /// Must succeed; gives what it printed.
    pub fn done(self) -> String {
        let output = self.run();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "it failed:\n{said}");
        String::from_utf8(output.stdout).expect("text")
    }

    /// Must succeed; gives the images by place.
    pub fn images(self) -> Vec<(String, String)> {
        let result: Value = serde_json::from_str(&self.args(&["--json"]).done()).expect("JSON");
        let text = |value: &Value, name: &str| value[name].as_str().expect("text").to_owned();
        let images = result["images"].as_array().expect("a list").iter();
        images.map(|image| (text(image, "place"), text(image, "image"))).collect()
    }

    /// Must fail with status 1; gives the message.
    pub fn failed(self) -> String {
        let output = self.run();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(1), "{said}");
        said
    }
}

/// Fails unless `text` has all of `parts`.
pub fn has(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.contains(part), "no `{part}` in:\n{text}");
    }
}

/// What an emulator answers to a plain GET.
pub fn get(url: &str) -> Vec<u8> {
    keelson_upload::block::provider();
    let answer = reqwest::blocking::get(url).and_then(reqwest::blocking::Response::bytes);
    answer.expect("an answer").to_vec()
}
