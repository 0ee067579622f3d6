# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# How to make the kernel read files for itself: firmware and kexec images. Sourced after access.sh.
#
# shellcheck disable=SC2034 # used by the tests

# Firmware, by the module test_firmware: whole and in part, from the directory named in
# $firmware_path.
test_firmware=/sys/devices/virtual/misc/test_firmware
firmware_path=/sys/module/firmware_class/parameters/path
set_firmware() { printf %s "$2" >"$test_firmware/$1"; }
request() { set_firmware trigger_request "${1##*/}"; }
request_part() {
	set_firmware reset 1 && set_firmware config_name "${1##*/}" && set_firmware config_into_buf 1 &&
		set_firmware config_partial 1 && set_firmware config_buf_size 64 && set_firmware config_num_requests 1 &&
		set_firmware trigger_batched_requests 1
}

# A kernel that has only the header by which kexec knows one; it is refused after the initramfs has
# been read.
kernel_header() {
	python3 -c '
import struct, sys
image = bytearray(65536)
for offset, field in (0x1f1, b"\1"), (0x1fe, b"\x55\xaa"), (0x202, b"HdrS"), (0x206, b"\x0f\2"), (0x211, b"\1"), \
        (0x236, b"\x63\0"), (0x248, struct.pack("<I", 0)):
    image[offset:offset + len(field)] = field
open(sys.argv[1], "wb").write(image)' "$1"
}
