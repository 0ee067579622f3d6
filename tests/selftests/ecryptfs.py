#!/usr/bin/python3 -S
# SPDX-License-Identifier: GPL-2.0
#
# ecryptfs.py LOWER UPPER [OPTION]...: mounts eCryptfs with a key of zeros. The key is one of those of the user who mounts.

import ctypes
import os
import struct
import subprocess
import sys

lower, upper, *more = sys.argv[1:]
signature = b"0123456789abcdef"
# struct ecryptfs_auth_tok: version 0.4, a password; its key has been derived and is of zeros.
session_key = struct.pack("<3I512s64s", 0, 0, 0, b"", b"")
password = struct.pack("<IiIII64s17s8s3x", 0, 0, 0, 64, 2, b"", signature, b"")
token = struct.pack("<HHI", 4, 0, 0) + session_key + bytes(32) + password
subprocess.run(["keyctl", "padd", "user", signature.decode(), "@u"], input=token, check=True, stdout=subprocess.DEVNULL)
options = b"ecryptfs_sig=" + signature + b",ecryptfs_cipher=aes,ecryptfs_key_bytes=16" + b"".join(b"," + os.fsencode(option) for option in more)
libc = ctypes.CDLL(None, use_errno=True)
if libc.mount(os.fsencode(lower), os.fsencode(upper), b"ecryptfs", 0, options):
    sys.exit(f"mount: {os.strerror(ctypes.get_errno())}")
