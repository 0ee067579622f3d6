#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""ecryptfs_key.py SIGNATURE: a key for eCryptfs, for 'keyctl padd user SIGNATURE': a passphrase's, as struct
ecryptfs_auth_tok of the kernel's include/linux/ecryptfs.h has it."""

import struct
import sys

VERSION = 0x0004
PASSWORD = 0
KEY_IS_SET = 2

session_key = bytes(3 * 4 + 512 + 64)
password = struct.pack("<5I64s17s8s3x", 0, 0, 0, 16, KEY_IS_SET, b"k" * 16, sys.argv[1].encode(), b"")
sys.stdout.buffer.write(struct.pack("<HHI", VERSION, PASSWORD, 0) + session_key + bytes(32) + password)
