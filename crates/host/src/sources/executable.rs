//! Whether bytes are a program, and one for this host.

use std::env::consts::{ARCH, OS};

/// A program for another kind of host.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("it is a program for {os} on {arch}, and this host is {OS} on {ARCH}")]
pub struct WrongPlatform {
    /// The operating system that it was made for.
    pub os: &'static str,
    /// The processors that it was made for.
    pub arch: &'static str,
}

const UNKNOWN: &str = "another one";

/// Whether the bytes are a program: an ELF file, or a script. Others are what they are.
///
/// # Errors
///
/// [`WrongPlatform`] if it is one, and not for this host.
pub(super) fn runs_here(content: &[u8]) -> Result<bool, WrongPlatform> {
    let platform = match content {
        [b'#', b'!', ..] => return Ok(true),
        [0x7f, b'E', b'L', b'F', class, order, _, system, ..] => elf(content, *class, *order, *system),
        [b'M', b'Z', ..] => WrongPlatform { os: "windows", arch: UNKNOWN },
        [0xcf, 0xfa, 0xed, 0xfe, ..] | [0xca, 0xfe, 0xba, 0xbe, ..] => WrongPlatform { os: "macos", arch: UNKNOWN },
        _ => return Ok(false),
    };
    if platform.os == OS && platform.arch == ARCH { Ok(true) } else { Err(platform) }
}

/// For whom an ELF file was made.
fn elf(content: &[u8], class: u8, order: u8, system: u8) -> WrongPlatform {
    // The usual system, and that of programs which use extensions of GNU.
    let os = if matches!(system, 0 | 3) { "linux" } else { UNKNOWN };
    let machine = match content.get(18..20) {
        Some(&[low, high]) if order == 1 => u16::from_le_bytes([low, high]),
        _ => 0,
    };
    let arch = match (class, machine) {
        (1, 3) => "x86",
        (1, 40) => "arm",
        (2, 62) => "x86_64",
        (2, 183) => "aarch64",
        (2, 243) => "riscv64",
        _ => UNKNOWN,
    };
    WrongPlatform { os, arch }
}
