//! Takes what libxmlsec1 must not do away from it.
//!
//! It follows the URI of a `ds:Reference` wherever that leads, before it has checked anything: a GET
//! to `http://…`, a local file for `file:…`. It opens addresses through a list of callbacks, and
//! with an empty list through nothing. And it prints each error to standard error, with names from
//! the document in it, between the lines of the log.

#![expect(
    unsafe_code,
    reason = "samael offers neither function; nothing else in the crate is unsafe"
)]

use std::ffi::c_int;

unsafe extern "C" {
    // libxmlsec1, xmlsec/io.h.
    fn xmlSecIOCleanupCallbacks();
    // libxmlsec1, xmlsec/errors.h.
    fn xmlSecErrorsDefaultCallbackEnableOutput(enabled: c_int);
}

/// Empties the list and ends the printing. To be called once, after `xmlSecInit`, which fills the
/// list.
pub(super) fn confine() {
    // SAFETY: the one function frees the list that `xmlSecInit` made, and does nothing where there is
    // none; the other one sets a number. Neither may run beside another call into libxmlsec1: the
    // only caller is the initialiser of a `OnceLock`, and every call of samael in this program waits
    // for that one.
    unsafe {
        xmlSecIOCleanupCallbacks();
        xmlSecErrorsDefaultCallbackEnableOutput(0);
    }
}
