// SPDX-License-Identifier: GPL-2.0
/*
 * What Rust cannot call: inline functions, macros, fields of structures that the kernel crate does
 * not bind, and walks under locks that it cannot take. Facts come from here; Rust decides. bindgen
 * reads the prototypes from these files, as from the kernel's rust/helpers.
 */
#include "audit.c"
#include "bpf.c"
#include "cred.c"
#include "devices.c"
#include "disk.c"
#include "exec.c"
#include "file.c"
#include "flags.c"
#include "ftrace.c"
#include "inode.c"
#include "keys.c"
#include "kprobes.c"
#include "module.c"
#include "page_cache.c"
#include "pages.c"
#include "parameters.c"
#include "path.c"
#include "securityfs.c"
#include "srcu.c"
#include "task.c"
#include "tpm.c"
#include "x509.c"
#include "xattr.c"
