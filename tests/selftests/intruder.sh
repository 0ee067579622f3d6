# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# What the tests share in which a user brings unknown content into a file behind the module's back:
# the program 'intruder', scripts of one page, and a device that answers a read when the test wants
# it. Sourced after lib.sh and access.sh.
#
# shellcheck disable=SC2034,SC2154,SC2015 # used by the tests, or set by them; 'A && B || bail' ends the test in either case

INTRUDER=/opt/guest/intruder
USER_ID=4242
device=$WORK/evil

# script TEXT [SIZE]: a script that prints the text, filled up to SIZE bytes (4096) by page-sized
# writes.
script() { { printf '#!/bin/sh\necho %s\nexit\n' "$1" && yes ''; } 2>/dev/null | head -c "${2:-4096}"; }

# returning NUMBER: the machine code of a function that returns it, in hexadecimal digits.
returning() {
	local word
	case $HOSTTYPE in
	aarch64) # mov w0, #NUMBER; ret
		word=$((0x52800000 | $1 << 5))
		printf '%02x%02x%02x%02xc0035fd6' $((word & 255)) $((word >> 8 & 255)) $((word >> 16 & 255)) $((word >> 24))
		;;
	*) printf 'b8%02x000000c3' "$1" ;; # mov $NUMBER, %eax; ret
	esac
}

# library NUMBER FILE: content whose first page returns the number when it is called. No two have
# the same.
library_count=0
library() {
	local code
	code=$(returning "$1")
	library_count=$((library_count + 1))
	{
		unhex <<<"$code"
		head -c $((4096 - ${#code} / 2)) /dev/zero
		printf '%06d %05d' "$library_count" "$RANDOM"
	} >"$2" && chown $USER_ID "$2" && chmod 755 "$2"
}

# user COMMAND...: as a user without any privilege.
user() { as "$USER_ID" "$@"; }

# begin_device: a file in $source whose page a direct read brings late: a script that prints EVIL.
begin_device() {
	source=$WORK/fuse/file
	mkdir "$WORK/fuse" && script EVIL >"$device" || bail "no device"
	"$SELFTESTS/fuse_file.py" "$device" "$WORK/fuse" || bail "no FUSE in this kernel"
	mounts+=("$WORK/fuse")
}
hold_device() { rm -f "$device.asked" && : >"$device.hold"; }
release_device() { rm -f "$device.hold"; }

# says TEXT: whether the program in the background has said that.
says() { grep -q "$1" "$WORK/said"; }

# attack COMMAND ARGUMENT...: lets the intruder begin a transfer into a page of $file, runs the file
# while the device has not answered, and once more when it has; what that printed is in $before and
# $after.
attack() {
	local pid
	hold_device
	: >"$WORK/said"
	user "$INTRUDER" "$@" "$source" "$device.asked" >"$WORK/said" 2>&1 &
	pid=$!
	finish_attack "$pid"
}
finish_attack() {
	wait_for 120 eval "says gone || ! kill -0 $1 2>/dev/null"
	before=$(user "$file" 2>&1)
	release_device
	wait "$1"
	after=$(user "$file" 2>&1)
}

# begin_stalling: a file in $source of two pages, the first of which comes into a user's page
# without any sign that it did, as long as the second does not.
begin_stalling() {
	local second=$WORK/second
	stall=$WORK/stall source=$WORK/fuse/file
	head -c 4096 /dev/zero >"$stall" && : >"$device" && mkdir "$second" "$WORK/fuse" || bail "no device"
	"$SELFTESTS/fuse_file.py" "$stall" "$second" || bail "no FUSE in this kernel"
	mounts+=("$second")
	"$SELFTESTS/fuse_file.py" "$device" "$WORK/fuse" "stall=$second/file" || bail "no second FUSE"
	mounts+=("$WORK/fuse")
	mkfifo "$WORK/go"
}
# content_of FILE: what that device brings from here on.
content_of() { { cat "$1" && head -c 8192 /dev/zero; } | head -c 8192 >"$device"; }
# begin_stalled COMMAND FILE: has it written to the cached page of the file when everything has
# closed it.
begin_stalled() {
	rm -f "$device.asked" "$stall.asked"
	: >"$device.hold" && : >"$stall.hold" && : >"$WORK/said"
	user /opt/guest/early_reads "$1" "$2" "$source" "$device.asked" <"$WORK/go" >"$WORK/said" 2>&1 &
	stalled=$!
	exec {go}>"$WORK/go"
	wait_for 120 says gone && rm -f "$device.hold" && wait_for 120 test -e "$stall.asked"
}
end_stalled() {
	rm -f "$stall.hold"
	exec {go}>&-
	wait "$stalled"
}
