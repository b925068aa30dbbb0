//! Compiles the preload shim and turns its faults on and off.
#![allow(dead_code, unreachable_pub, reason = "no test uses all of it")]

use std::path::PathBuf;
use std::process::Command;

/// The shim for one gateway.
pub struct Shim {
    library: PathBuf,
    orders: PathBuf,
    _folder: tempfile::TempDir,
}

impl Shim {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let library = folder.path().join("faultio.so");
        let source = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/faultio/faultio.c");
        let mut cc = Command::new("cc");
        cc.args(["-O1", "-shared", "-fPIC", "-o"]).arg(&library).arg(source).args(["-ldl", "-lpthread"]);
        assert!(cc.status().expect("a C compiler, cc").success(), "the shim does not compile");
        let orders = folder.path().join("orders");
        std::fs::write(&orders, "").expect("orders");
        Self { library, orders, _folder: folder }
    }

    /// Loads it into what this command starts.
    pub fn preload(&self, command: &mut Command) {
        command.env("LD_PRELOAD", &self.library).env("FAULTIO", &self.orders);
    }

    /// From now on, exactly these faults.
    pub fn order(&self, orders: &str) {
        let part = self.orders.with_extension("part");
        std::fs::write(&part, orders).expect("orders");
        std::fs::rename(part, &self.orders).expect("orders");
    }
}
