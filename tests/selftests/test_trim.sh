#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The measurement list is trimmed by IMA's words: it is staged, archived and deleted, or its first
# records are deleted. What was archived and what is left replay together.
#
# shellcheck disable=SC2015,SC2016 # 'A && B || bail' ends the test in either case; 'eval' in a check

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/access.sh"

plan 67

binary=$SECFS/binary_runtime_measurements
staged=$SECFS/ascii_runtime_measurements_staged
archive=$WORK/archive
: >"$archive"

# asks FILE REQUEST: writes it with a newline. Prints the errno's text if that fails.
asks() { python3 -c 'import os, sys
try:
    fd = os.open(sys.argv[1], os.O_WRONLY)
    os.write(fd, sys.argv[2].encode() + b"\n")
except OSError as e:
    print(os.strerror(e.errno))
    sys.exit(1)' "$@"; }
# refused TEXT FILE REQUEST: whether it is refused with that text.
refused() { [ "$(asks "${@:2}")" = "$1" ] || { asks "${@:2}"; false; }; }
count() { cat "$SECFS/runtime_measurements_count"; }
# now: how many records are in the list, staged and deleted.
now() { echo "$(status records) $(status records_staged) $(status records_deleted)"; }
new_file() { echo "$RANDOM $1" >"$WORK/files/$1" && chown 4242 "$WORK/files/$1" && : <"$WORK/files/$1"; }
# names LIST: those of the records of an ascii list, without directories.
names() { cut -d' ' -f5 "$1" | sed 's|.*/||' | tr '\n' ' '; }
# all_replays: whether what was archived and what is left replay to the PCR, by evmctl and
# replay.py.
all_replays() {
	local bank banks=() options=()
	cat "$archive" "$binary" >"$WORK/all" || return
	for bank in $(tpm_banks); do
		bank_pcrs "$bank" >"$WORK/pcrs-$bank"
		banks+=("$bank=$(sed -n "s/^PCR-$(printf %02d "$PCR"): //p" "$WORK/pcrs-$bank")")
		case $bank in sha1 | sha256) options+=(--pcrs "$bank,$WORK/pcrs-$bank") ;; esac
	done
	"$SELFTESTS/replay.py" "$PCR" "$WORK/all" "${banks[@]}" &&
		evmctl -v ima_measurement --ignore-violations "${options[@]}" "$WORK/all" >"$WORK/evmctl" 2>&1
}
replays() { if [ -e /dev/tpm0 ]; then check "$1" all_replays; else skip "$1" "no TPM"; fi; }
# archive_staged: keeps what is staged, and deletes it.
archive_staged() { cat "${binary}_staged" >>"$archive" && echo D >"$staged"; }

mkfs_loop ext4 64M "$WORK/files" || bail "no file system"
load_module || bail "the module does not load"
# What reads the list may be measured itself, so that only files of this test are.
set_policy 'measure func=FILE_CHECK fowner=4242'
for i in 1 2 3 4 5; do new_file "$i"; done
check_eq "(the list has 8 records)" "8 0 0" "$(now)"

# What is refused.
check "the list takes no A" refused "Invalid argument" "$binary" A
check "nor D" refused "Invalid argument" "$binary" D
check "nor 0" refused "Invalid argument" "$binary" 0
check "nor a negative number" refused "Invalid argument" "$binary" -1
check "the staged list takes no number" refused "Invalid argument" "$staged" 1
check "nor another word" refused "Invalid argument" "$staged" X
check "nothing that is not staged can be deleted" refused "No such file or directory" "$staged" D
check "nor more records than there are" refused "No such file or directory" "$binary" 9
check "others may not write" eval '! as 65534 bash -c "echo A >$staged" 2>/dev/null'
check "nor root without CAP_SYS_ADMIN" eval '! setpriv --bounding-set=-sys_admin --inh-caps=-sys_admin bash -c "echo A >$staged" 2>/dev/null'
check_eq "the list is as it was" "8 0 0" "$(now)"
check_eq "nothing is staged" "" "$(cat "$staged")"

# Staging and deleting what is staged.
before=$(cat "$ASCII")
for suffix in "" _sha1 _sha256 _sha384 _sha512; do cat "$binary$suffix" >"$WORK/before$suffix"; done
check "the list is staged" asks "$staged" A
check_eq "all of it" "0 8 0" "$(now)"
check_eq "the list is empty" "" "$(cat "$ASCII")"
check_eq "so says its count" 0 "$(count)"
check_eq "the staged one is what it was" "$before" "$(cat "$staged")"
for suffix in "" _sha1 _sha256 _sha384 _sha512; do
	check "so is the binary one${suffix:+ with ${suffix#_}}" cmp "$WORK/before$suffix" "$binary${suffix}_staged"
done
check "it is not staged twice" refused "File exists" "$staged" A
new_file 6
: <"$WORK/files/1"
check_eq "a new file has its record in the list, an old one has none" "6 " "$(names "$ASCII")"
check_eq "which does not join what is staged" "1 8 0" "$(now)"
check "what is staged is archived and deleted" archive_staged
check_eq "it is gone" "1 0 8" "$(now)"
check_eq "also for readers" "" "$(cat "$staged")"
replays "the archive and the list replay"
for i in 1 2 3 4 5 6; do : <"$WORK/files/$i"; done
check_eq "files whose records were deleted are not measured again" "1 0 8" "$(now)"
touch "$WORK/files/2" && : <"$WORK/files/2"
check_eq "nor are those that are read again with the same content" "1 0 8" "$(now)"
new_file 2
check_eq "with other content they are" "6 2 " "$(names "$ASCII")"
replays "the archive and the list replay"

# Deleting from the list.
for i in 7 8 9; do new_file "$i"; done
head -n 3 "$ASCII" >"$WORK/three"
# three RECORDS: so many first records of the binary list.
first_records() { python3 -c '
import struct, sys
data, at = sys.stdin.buffer.read(), 0
for _ in range(int(sys.argv[1])):
    at += 24
    for _ in range(2):
        at += 4 + struct.unpack_from("<I", data, at)[0]
sys.stdout.buffer.write(data[:at])' "$1" <"$binary"; }
first_records 3 >>"$archive"
check "the first 3 records are deleted" asks "$binary" 3
check_eq "they are gone" "2 0 11" "$(now)"
check_eq "the others stay" "8 9 " "$(names "$ASCII")"
replays "the archive and the list replay"
check "the first record is deleted by the file of another bank" eval 'first_records 1 >>"$archive"; asks "${ASCII}_sha512" 1'
check_eq "for all of them" "9 " "$(names "$ASCII")"
check "the list is staged" asks "${binary}_sha256_staged" A
new_file 10
new_file 11
cat "${binary}_staged" >>"$archive"
first_records 1 >>"$archive"
check "a record is deleted while others are staged" asks "$binary" 1
check_eq "what is staged stays" "9 " "$(names "$staged")"
check "and is deleted" asks "$staged" D
check_eq "one record is left" "11 " "$(names "$ASCII")"
replays "the archive and the list replay"
check "the rest is deleted" eval 'first_records 1 >>"$archive" && asks "$binary" 1'
check_eq "nothing is left" "0 0 15" "$(now)"
check "nothing can be staged then" refused "No such file or directory" "$staged" A
for i in 1 2 3 7 8 9 10 11; do : <"$WORK/files/$i"; done
check_eq "files are known as before" "0 0 15" "$(now)"

# Counters.
exec {fd}>>"$WORK/files/1"
: <"$WORK/files/1"
exec {fd}>&-
check_eq "(a violation is counted)" 1 "$(cat "$SECFS/violations")"
check "with its record deleted" asks "$binary" "$(count)"
check_eq "it still is" 1 "$(cat "$SECFS/violations")"
check_eq "each record was one extend" "$(status records_deleted)" "$([ -e /dev/tpm0 ] && status pcr_extends || status records_deleted)"

# Turns.
new_file 12
exec {fd}<"$ASCII"
check "with a reader there is no writer" refused "Device or resource busy" "$staged" A
check "but another reader" cat "$staged"
exec {fd}<&-
exec {fd}>"$staged"
check "with a writer there is no other" refused "Device or resource busy" "$binary" 1
check "nor a reader" eval '! cat "$ASCII" 2>/dev/null'
check "the same task may open another file to write" eval 'exec {second}<>"$ASCII"'
# shellcheck disable=SC2154 # by the line before
read -r line <&"$second"
check_eq "and read it" "$WORK/files/12" "$(cut -d' ' -f5 <<<"$line")"
exec {second}>&-
check "it stages" eval 'echo A >&$fd'
exec {fd}>&-
check_eq "then others read" "12 " "$(names "$staged")"
check "delete" asks "$staged" D
unload_module

# Many.
load_module || bail "the module does not load"
set_policy 'measure func=FILE_CHECK mask=MAY_READ fowner=4242'
: >"$WORK/files/many" && chown 4242 "$WORK/files/many"
for i in {1..500}; do echo "many $i" >"$WORK/files/many" && : <"$WORK/files/many"; done
check_eq "(500 contents were measured)" 503 "$(count)"
check "all but one are deleted at once" asks "$binary" 502
check_eq "one is left" "1 0 502" "$(now)"
echo "many 250" >"$WORK/files/many" && : <"$WORK/files/many"
check_eq "each of them is known" "1 0 502" "$(now)"
unload_module
finish
