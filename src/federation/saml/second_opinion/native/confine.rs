//! Takes what libxmlsec1 must not do away from it.
//!
//! It follows the URI of a `ds:Reference` wherever that leads, before it has checked anything: a GET
//! to `http://…`, a local file for `file:…`. It opens addresses through a list of callbacks, and
//! with an empty list through nothing. And both it and libxml2 print each error to standard error, with
//! names and values from the document in it, between the lines of the log: whoever writes a line end into
//! a value writes a line of the log.

#![expect(
    unsafe_code,
    reason = "samael offers none of these functions; nothing else in the crate is unsafe"
)]

use std::ffi::{c_int, c_void};

unsafe extern "C" {
    // libxmlsec1, xmlsec/io.h.
    fn xmlSecIOCleanupCallbacks();
    // libxmlsec1, xmlsec/errors.h.
    fn xmlSecErrorsDefaultCallbackEnableOutput(enabled: c_int);
    // libxml2, libxml/xmlerror.h.
    fn xmlSetStructuredErrorFunc(
        context: *mut c_void,
        handler: Option<extern "C" fn(context: *mut c_void, error: *const c_void)>,
    );
}

/// What libxml2 tells of an error; that there was one it gives back, too.
extern "C" fn ignore(_context: *mut c_void, _error: *const c_void) {}

/// Ends libxml2's printing on this thread, which is all that it can be told of.
pub(super) fn silence() {
    // SAFETY: the function sets two pointers that belong to this thread. The handler lives as long as the
    // program and looks at nothing that it is given.
    unsafe { xmlSetStructuredErrorFunc(std::ptr::null_mut(), Some(ignore)) }
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
