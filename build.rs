//! Generates the wire's code from `proto/contact.proto`, and for the tests the stubs of the tutorial's
//! own proto. protox stands in for protoc, so a fresh machine needs nothing installed.

#![allow(clippy::disallowed_macros, reason = "this is how a build script speaks to cargo")]

use std::{env, fs, path::PathBuf};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let out = PathBuf::from(env::var("OUT_DIR")?);

    let contact = protox::compile(["contact.proto"], ["proto"])?;
    fs::write(out.join("contact.bin"), prost_bytes(&contact))?;
    tonic_prost_build::configure().btree_map(".").compile_fds(contact)?;

    let tutorial = protox::compile(["tutorial.proto"], ["tests/wire"])?;
    fs::create_dir_all(out.join("tutorial"))?;
    tonic_prost_build::configure().out_dir(out.join("tutorial")).compile_fds(tutorial)?;

    println!("cargo::rerun-if-changed=proto/contact.proto");
    println!("cargo::rerun-if-changed=tests/wire/tutorial.proto");
    Ok(())
}

fn prost_bytes(set: &impl protox::prost::Message) -> Vec<u8> {
    set.encode_to_vec()
}
