#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Kernel modules: measured unless known, as they are shipped (compressed) and decompressed.

. "$(dirname "$0")/lib.sh"

plan 21

chmod 755 "$WORK"
# kept NAME: a copy of a stock module that no other test loads.
kept() { cp "$(modinfo -n "$1")" "$WORK/$2"; }
# The kernel's decompressor knows no other check than CRC32.
compress() {
	python3 -c 'import lzma, sys
sys.stdout.buffer.write(lzma.compress(open(sys.argv[1], "rb").read(), check=lzma.CHECK_CRC32))' "$1" >"$1.xz"
}
# tried NAME FILE: one result, ok if the module loads. It is unloaded again.
tried() {
	check "$1" insmod "$2"
	rmmod dummy
}

for name in unknown known changed packed-unknown packed-known; do
	kept dummy "$name.ko" || bail "no module to load"
	# A text after the module makes it another file, and one without a signature, which the
	# kernel accepts.
	printf %s "$name" >>"$WORK/$name.ko"
done
compress "$WORK/packed-unknown.ko"
compress "$WORK/packed-known.ko"
digestctl generate "$WORK/known.ko" "$WORK/packed-known.ko.xz" "$WORK/changed.ko" -o "$WORK/list"
digestctl metadata "$WORK/list" -o "$WORK/metadata" || bail "no list"
load_module || bail "the module does not load"
digestctl load "$WORK/metadata" || bail "the list does not load"
echo "measure func=MODULE_CHECK digest_list" >"$SECFS/policy" || bail "the policy is refused"

section "an unknown kernel module"
tried "loads" "$WORK/unknown.ko"
check_eq "leaves one record with its digest" "$(digest_of "$WORK/unknown.ko")" "$(recorded "$WORK/unknown.ko")"
tried "loads a second time" "$WORK/unknown.ko"
check_eq "leaves no other record when it loads a second time" 1 "$(records_for "$WORK/unknown.ko")"
section "a known kernel module"
found=$(status files_known)
tried "loads" "$WORK/known.ko"
check_eq "leaves no record" 0 "$(records_for "$WORK/known.ko")"
check_eq "is found in the list" $((found + 1)) "$(status files_known)"
section "a kernel module that changes"
tried "loads as it is in the list" "$WORK/changed.ko"
check_eq "leaves no record as it is in the list" 0 "$(records_for "$WORK/changed.ko")"
printf X >>"$WORK/changed.ko"
tried "loads when it was changed" "$WORK/changed.ko"
check_eq "leaves one record with the new digest when it was changed" "$(digest_of "$WORK/changed.ko")" "$(recorded "$WORK/changed.ko")"
section "a kernel module that is read"
before=$(records)
cat "$WORK/unknown.ko" "$WORK/known.ko" >/dev/null
check_eq "leaves no record" "$before" "$(records)"

section "packed kernel modules"
# As distributions ship them.
check_eq "the kernel unpacks modules itself" xz "$(cat /sys/module/compression)"
strace -e trace=finit_module -o "$WORK/strace" insmod "$WORK/packed-unknown.ko.xz"
check "kmod lets the kernel unpack a module" grep 'MODULE_INIT_COMPRESSED_FILE) *= 0' "$WORK/strace"
rmmod dummy
check "an unknown one leaves a record" record_for "$WORK/packed-unknown.ko.xz"
check_eq "the record of an unknown one has the digest of its file" "$(digest_of "$WORK/packed-unknown.ko.xz")" "$(recorded "$WORK/packed-unknown.ko.xz")"
tried "one whose file is in a list loads" "$WORK/packed-known.ko.xz"
check_eq "one whose file is in a list leaves no record" 0 "$(records_for "$WORK/packed-known.ko.xz")"
# The kernel does not get as far as to unpack it, and the same task loads another one.
kept dummy next.ko && printf next >>"$WORK/next.ko" && head -c 2000 "$WORK/packed-unknown.ko.xz" >"$WORK/torn.ko.xz"
python3 - "$WORK/torn.ko.xz" 4 "$WORK/next.ko" 0 <<'PY'
import ctypes, os, sys
# finit_module(2), of which the C library knows nothing.
call = {"x86_64": 313, "aarch64": 273}[os.uname().machine]
for path, flags in zip(sys.argv[1::2], sys.argv[2::2]):
    ctypes.CDLL(None).syscall(call, os.open(path, os.O_RDONLY), b"", int(flags))
PY
check_eq "one that cannot be unpacked lets no other one pass" "1 $(digest_of "$WORK/next.ko")" \
	"$(lsmod | grep -c '^dummy ') $(recorded "$WORK/next.ko")"
rmmod dummy
section "the whole test"
check "the PCR of every bank replays" replay_ok
check "the kernel module can still be loaded under its own name" modprobe dummy
rmmod dummy
finish
