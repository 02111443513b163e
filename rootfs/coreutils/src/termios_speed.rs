//! Four symbols that the `libc` crate asks for by version and a static glibc has without one.
//!
//! Since 0.2.178 `libc` binds `cfsetispeed` and its kin to `...@GLIBC_2.2.5`, which no static archive defines,
//! so that a program with `stty` in it does not link. Each symbol here passes the call on.

use libc::{c_int, speed_t, termios};

mod glibc {
    use super::{c_int, speed_t, termios};

    #[expect(unsafe_code, reason = "declares the four functions of glibc's termios.h")]
    unsafe extern "C" {
        pub(super) fn cfgetispeed(termios: *const termios) -> speed_t;
        pub(super) fn cfgetospeed(termios: *const termios) -> speed_t;
        pub(super) fn cfsetispeed(termios: *mut termios, speed: speed_t) -> c_int;
        pub(super) fn cfsetospeed(termios: *mut termios, speed: speed_t) -> c_int;
    }
}

#[expect(
    unsafe_code,
    reason = "a symbol that C callers name; no other definition exists in a static program"
)]
#[unsafe(export_name = "cfgetispeed@GLIBC_2.2.5")]
extern "C" fn input_speed(termios: *const termios) -> speed_t {
    // SAFETY: the caller's pointer goes on unchanged, under the contract of the same function.
    unsafe { glibc::cfgetispeed(termios) }
}

#[expect(
    unsafe_code,
    reason = "a symbol that C callers name; no other definition exists in a static program"
)]
#[unsafe(export_name = "cfgetospeed@GLIBC_2.2.5")]
extern "C" fn output_speed(termios: *const termios) -> speed_t {
    // SAFETY: as above.
    unsafe { glibc::cfgetospeed(termios) }
}

#[expect(
    unsafe_code,
    reason = "a symbol that C callers name; no other definition exists in a static program"
)]
#[unsafe(export_name = "cfsetispeed@GLIBC_2.2.5")]
extern "C" fn set_input_speed(termios: *mut termios, speed: speed_t) -> c_int {
    // SAFETY: as above.
    unsafe { glibc::cfsetispeed(termios, speed) }
}

#[expect(
    unsafe_code,
    reason = "a symbol that C callers name; no other definition exists in a static program"
)]
#[unsafe(export_name = "cfsetospeed@GLIBC_2.2.5")]
extern "C" fn set_output_speed(termios: *mut termios, speed: speed_t) -> c_int {
    // SAFETY: as above.
    unsafe { glibc::cfsetospeed(termios, speed) }
}
