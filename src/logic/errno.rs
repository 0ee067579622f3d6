// SPDX-License-Identifier: GPL-2.0

//! The names and numbers of Linux errnos.
//!
//! Programs on the host need the numbers too. `src/reason.rs` checks at compile time that they are
//! those of the kernel.

/// Calls the macro `$each` with all errnos, as `NAME = number,`.
#[macro_export]
macro_rules! for_each_errno {
    ($each:ident) => {
        $each! {
            ENOENT = 2,
            E2BIG = 7,
            EAGAIN = 11,
            EACCES = 13,
            EBUSY = 16,
            EEXIST = 17,
            EINVAL = 22,
            EFBIG = 27,
            ENOSPC = 28,
            EDOM = 33,
            EDEADLK = 35,
            ENAMETOOLONG = 36,
            ENOMSG = 42,
            ECHRNG = 44,
            EL2NSYNC = 45,
            EUNATCH = 49,
            ENOCSI = 50,
            EBADE = 52,
            EBADR = 53,
            EXFULL = 54,
            ENOANO = 55,
            EBADRQC = 56,
            EBADSLT = 57,
            EBFONT = 59,
            ENODATA = 61,
            ETIME = 62,
            ENOSR = 63,
            ENOPKG = 65,
            EREMOTE = 66,
            ENOLINK = 67,
            EADV = 68,
            EPROTO = 71,
            EBADMSG = 74,
            EOVERFLOW = 75,
            ENOTUNIQ = 76,
            EBADFD = 77,
            EREMCHG = 78,
            ELIBACC = 79,
            ELIBBAD = 80,
            ELIBSCN = 81,
            ELIBMAX = 82,
            EILSEQ = 84,
            ESTRPIPE = 86,
            EDESTADDRREQ = 89,
            EMSGSIZE = 90,
            EPROTOTYPE = 91,
            ENOPROTOOPT = 92,
            EPROTONOSUPPORT = 93,
            ESOCKTNOSUPPORT = 94,
            EOPNOTSUPP = 95,
            EPFNOSUPPORT = 96,
            EAFNOSUPPORT = 97,
            EADDRNOTAVAIL = 99,
            ENOBUFS = 105,
            ESTALE = 116,
            EUCLEAN = 117,
            ENOTNAM = 118,
            ENAVAIL = 119,
            EISNAM = 120,
            EDQUOT = 122,
            ENOMEDIUM = 123,
            EMEDIUMTYPE = 124,
            ENOKEY = 126,
            EKEYEXPIRED = 127,
            EKEYREVOKED = 128,
            EKEYREJECTED = 129,
            ERFKILL = 132,
        }
    };
}

macro_rules! declare {
    ($($name:ident = $number:literal,)*) => {
        /// An errno, by its name.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[allow(clippy::upper_case_acronyms, reason = "the names that Linux gives them")]
        pub enum Errno {
            $(#[doc = stringify!($name)] $name = $number,)*
        }

        impl Errno {
            /// Its name.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$name => stringify!($name),)*
                }
            }

            /// Its number, positive.
            pub const fn number(self) -> i32 {
                // CAST: The discriminants above, of three digits at most.
                self as i32
            }
        }
    };
}

for_each_errno!(declare);
