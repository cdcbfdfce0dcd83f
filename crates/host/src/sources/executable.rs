//! Whether bytes are a program, and for which hosts.

use std::env::consts;

use roscius_protocol::admin::messages::Entry;
use roscius_protocol::pickle;
use roscius_protocol::sources::{ARCH, OS, Platform};

/// What this host is.
pub const THIS_HOST: Platform = Platform { os: consts::OS, arch: consts::ARCH };

const UNKNOWN: &str = "unknown";

/// The capabilities that say what this host is, as every system has them.
pub fn capabilities_of_this_host() -> Vec<Entry> {
    let entry = |(name, value)| (pickle::write_text(name), pickle::write_text(value));
    [(OS, THIS_HOST.os), (ARCH, THIS_HOST.arch)].map(entry).into()
}

/// Whether the bytes are a program, and for which hosts if they say it: a script does not. None: they are something else.
pub(super) fn program(content: &[u8]) -> Option<Option<Platform>> {
    Some(match content {
        [b'#', b'!', ..] => None,
        [0x7f, b'E', b'L', b'F', class, order, _, system, ..] => Some(elf(content, *class, *order, *system)),
        [b'M', b'Z', ..] => Some(Platform { os: "windows", arch: UNKNOWN }),
        [0xcf, 0xfa, 0xed, 0xfe, ..] | [0xca, 0xfe, 0xba, 0xbe, ..] => Some(Platform { os: "macos", arch: UNKNOWN }),
        _ => return None,
    })
}

/// For whom an ELF file was made.
fn elf(content: &[u8], class: u8, order: u8, system: u8) -> Platform {
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
    Platform { os, arch }
}
