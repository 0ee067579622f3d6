#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# What the kernel is given from memory: modules by init_module(2), firmware by sysfs, kexec images
# by kexec_load(2).
#
# shellcheck disable=SC2015 # 'A && B || bail' ends the test in either case

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/access.sh"
. "$(dirname "$0")/kernel_reads.sh"

plan 26

chmod 755 "$WORK"
for name in unknown known known512; do
	cp "$(modinfo -n dummy)" "$WORK/$name.ko" || bail "no module to load"
	# A text after the module makes it another file, and one without a signature, which the
	# kernel accepts.
	printf %s "$name" >>"$WORK/$name.ko"
done
head -c 5000 /dev/urandom >"$WORK/firmware"
head -c 5000 /dev/urandom >"$WORK/known-firmware"
digestctl generate "$WORK/known.ko" "$WORK/known-firmware" -o "$WORK/known.list" &&
	digestctl generate --algo sha512 "$WORK/known512.ko" -o "$WORK/known512.list" &&
	digestctl metadata "$WORK/known.list" "$WORK/known512.list" -o "$WORK/metadata" || bail "no list"

# from_memory FILE: loads the module in FILE by init_module(2), and unloads it.
from_memory() { "$SYSCALLS" init-module "$1" && rmmod dummy; }
# loads NAME FILE: one result, ok if the module in FILE loads from memory.
loads() { check "$1" from_memory "$2"; }

load_module ima_policy=tcb || bail "the module does not load"
section "ima_policy=tcb"
loads "an unknown module loads from memory" "$WORK/unknown.ko"
check "an unknown module leaves one record called init_module, with its digest" \
	measured_as init_module "$(digest_of "$WORK/unknown.ko")"
loads "an unknown module loads from memory a second time" "$WORK/unknown.ko"
check_eq "an unknown module leaves no other record the second time" 1 "$(records_for init_module)"
check "the PCR of every bank replays with that record" replay_ok

unload_module && load_module || bail "the module does not load again"
digestctl load "$WORK/metadata" || bail "the list does not load"
set_policy "measure func=MODULE_CHECK digest_list${NL}measure func=FIRMWARE_CHECK digest_list" || bail "no policy"
found=$(status files_known)
section "digest_list"
loads "a module that a list knows loads from memory" "$WORK/known.ko"
loads "a module that a list of SHA-512 knows loads from memory" "$WORK/known512.ko"
check_eq "a known module leaves no record" 0 "$(records_for init_module)"
check_eq "a known module was found in a list" $((found + 2)) "$(status files_known)"
loads "an unknown module loads from memory" "$WORK/unknown.ko"
check "an unknown module leaves a record" measured_as init_module "$(digest_of "$WORK/unknown.ko")"
refused_by_kernel() { ! "$SYSCALLS" init-module "$WORK/firmware"; }
check "bytes that are no module are refused by the kernel" refused_by_kernel
check_eq "bytes that are no module are recorded before they are refused" 2 "$(records_for init_module)"

set_policy "measure func=MODULE_CHECK" || bail "no policy"
section "without digest_list"
loads "a known module loads from memory" "$WORK/known.ko"
check "a known module leaves a record" grep -q "$(digest_of "$WORK/known.ko") init_module" "$ASCII"

set_policy "measure func=BPRM_CHECK uid=4242" || bail "no policy"
section "without a rule for modules"
check_eq "a module from memory leaves no record" 0 "$(grows from_memory "$WORK/unknown.ko")"

# As IMA does, which measures the digest as critical data.
set_policy "measure func=CRITICAL_DATA label=modules" || bail "no policy"
section "critical data"
loads "a module loads from memory" "$WORK/unknown.ko"
check "the digest of a module is recorded as IMA records it" \
	grep -q " ima-buf .* init_module $(digest_of "$WORK/unknown.ko")\$" "$ASCII"

# Firmware that user space hands over by sysfs. The driver waits for it.
# hand_over NAME FILE: gives the driver that asks for NAME the bytes of FILE.
hand_over() {
	local device=/sys/class/firmware/$1 driver tries=0
	printf %s "$1" >"$test_firmware/trigger_custom_fallback" &
	driver=$!
	until [ -e "$device/loading" ]; do
		tries=$((tries + 1))
		[ "$tries" -lt 600 ] && kill -0 "$driver" || return
		sleep 0.1
	done
	echo 1 >"$device/loading" && cat "$2" >"$device/data" && echo 0 >"$device/loading"
	wait "$driver"
}
set_policy "measure func=FIRMWARE_CHECK digest_list" || bail "no policy"
if modprobe test_firmware 2>/dev/null && [ -e "$test_firmware/trigger_custom_fallback" ]; then
	section "firmware by sysfs"
	check "unknown bytes reach the driver" hand_over digest_lists_unknown "$WORK/firmware"
	check "unknown bytes leave one record called firmware:blob, with their digest" \
		measured_as firmware:blob "$(digest_of "$WORK/firmware")"
	check "bytes that a list knows reach the driver" \
		hand_over digest_lists_known "$WORK/known-firmware"
	check_eq "bytes that a list knows leave no record" 1 "$(records_for firmware:blob)"
	rmmod test_firmware
else
	section "firmware by sysfs"
	for name in "unknown bytes reach the driver" "unknown bytes leave one record called firmware:blob, with their digest" \
		"bytes that a list knows reach the driver" "bytes that a list knows leave no record"; do
		skip "$name" "no module test_firmware"
	done
fi

# Nobody sees what kexec_load(2) loads.
set_policy "measure func=KEXEC_KERNEL_CHECK" || bail "no policy"
section "kexec_load(2)"
"$SYSCALLS" kexec-load 2>/dev/null
case $? in
1 | 38) # EPERM, ENOSYS
	for name in "leaves a violation where kexec images are measured" "leaves a violation each time" \
		"leaves no violation where no rule asks for kexec images" "leaves a list that replays to the PCR of every bank"; do
		skip "$name" "this kernel has no kexec_load(2), or is locked down"
	done
	;;
*)
	check_eq "leaves a violation where kexec images are measured" 1 "$(violations_for kexec_load)"
	"$SYSCALLS" kexec-load
	check_eq "leaves a violation each time" 2 "$(violations_for kexec_load)"
	set_policy "measure func=MODULE_CHECK" || bail "no policy"
	check_eq "leaves no violation where no rule asks for kexec images" 0 "$(grows "$SYSCALLS" kexec-load)"
	check "leaves a list that replays to the PCR of every bank" replay_ok
	;;
esac
finish
