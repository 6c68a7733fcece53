//! Many repositories, users, machines, new clones: installed, seen by `doctor`, uninstalled, each with
//! the real git. One module a subject; the sandbox is that of `tests/hook`.

#[allow(dead_code, unused_imports, reason = "the kit serves several test binaries; each uses its part")]
#[path = "../hook/kit/mod.rs"]
mod kit;

mod all;
mod apart;
mod doctor;
mod duty;
mod machine;
mod picture;
mod twice;
