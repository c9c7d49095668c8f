//! The allocator of programs that are linked with musl, as releases for Linux are: musl's own gets a few pages from the
//! kernel for each size of block and gives them back at once. Elsewhere it is the C library's.

#[global_allocator]
static ALLOCATOR: dlmalloc::GlobalDlmalloc = dlmalloc::GlobalDlmalloc;
