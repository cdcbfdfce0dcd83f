//! What the allocator of the process is told of blocks that come and go.

use std::sync::Once;

/// Blocks of up to this size do.
const USUAL_BLOCK: usize = 16 << 20;
/// Who moves so many bytes in one call is about to move more.
const MUCH: usize = 32 << 10;

/// Has the memory of what comes and goes kept when it is dropped. To give it back to the system and to take it again, page by page,
/// costs several times as much as to copy what is in it. The allocator of glibc learns which blocks are usual from those that
/// are freed; one that nobody writes to costs nothing.
pub fn expect_long_blocks() {
    static TOLD: Once = Once::new();
    TOLD.call_once(|| drop(std::hint::black_box(Vec::<u8>::with_capacity(USUAL_BLOCK))));
}

/// Takes note of what was read or written in one call: where that is much, the blocks are long.
pub fn moved(bytes: usize) {
    if bytes >= MUCH {
        expect_long_blocks();
    }
}
