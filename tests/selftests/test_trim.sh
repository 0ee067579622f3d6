#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The measurement list is trimmed by IMA's words: it is staged, archived and deleted, or its first
# records are deleted. What was archived and what is left replay together.
#
# shellcheck disable=SC2015,SC2016 # 'A && B || bail' ends the test in either case; 'eval' in a check

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/access.sh"

plan 72

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
	local bank options=()
	replay_after "$archive" || return
	for bank in sha1 sha256; do
		[ ! -e "$WORK/pcrs-$bank" ] || options+=(--pcrs "$bank,$WORK/pcrs-$bank")
	done
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
section "what is refused"
check_eq "the list has 8 records before" "8 0 0" "$(now)"

# What is refused.
check "the list takes no A" refused "Invalid argument" "$binary" A
check "the list takes no D" refused "Invalid argument" "$binary" D
check "the list takes no 0" refused "Invalid argument" "$binary" 0
check "the list takes no negative number" refused "Invalid argument" "$binary" -1
check "the staged list takes no number" refused "Invalid argument" "$staged" 1
check "the staged list takes no other word" refused "Invalid argument" "$staged" X
# says WHAT: whether the kernel log has that since the mark.
says() { kernel_log | grep -q "the measurement list: $1"; }
mark
check "nothing that is not staged can be deleted" refused "No such file or directory" "$staged" D
check "the kernel log says that nothing is staged" says "nothing is staged"
mark
check "more records than there are cannot be deleted" refused "No such file or directory" "$binary" 9
check "the kernel log says that there are fewer records" says "there are not as many records"
check "another user may not write" eval '! as 65534 bash -c "echo A >$staged" 2>/dev/null'
check "root without CAP_SYS_ADMIN may not write" eval '! setpriv --bounding-set=-sys_admin --inh-caps=-sys_admin bash -c "echo A >$staged" 2>/dev/null'
check_eq "the list is as it was" "8 0 0" "$(now)"
check_eq "nothing is staged" "" "$(cat "$staged")"

# Staging and deleting what is staged.
section "staging"
before=$(cat "$ASCII")
for suffix in "" _sha1 _sha256 _sha384 _sha512; do cat "$binary$suffix" >"$WORK/before$suffix"; done
check "the list is accepted" asks "$staged" A
check_eq "all of the list is staged" "0 8 0" "$(now)"
check_eq "the list is empty" "" "$(cat "$ASCII")"
check_eq "the count of the list is zero" 0 "$(count)"
check_eq "the staged list is what the list was" "$before" "$(cat "$staged")"
for suffix in "" _sha1 _sha256 _sha384 _sha512; do
	check "the staged binary list${suffix:+ of ${suffix#_}} is what the list was" cmp "$WORK/before$suffix" "$binary${suffix}_staged"
done
check "the list is not staged twice" refused "File exists" "$staged" A
new_file 6
: <"$WORK/files/1"
check_eq "a new file has its record in the list, an old one has none" "6 " "$(names "$ASCII")"
check_eq "a new record does not join what is staged" "1 8 0" "$(now)"
check "what is staged is archived and deleted" archive_staged
check_eq "what was deleted is gone" "1 0 8" "$(now)"
check_eq "what was deleted is gone for readers" "" "$(cat "$staged")"
replays "the archive and the list replay"
for i in 1 2 3 4 5 6; do : <"$WORK/files/$i"; done
check_eq "files whose records were deleted are not measured again" "1 0 8" "$(now)"
touch "$WORK/files/2" && : <"$WORK/files/2"
check_eq "files that are read again with the same content are not measured again" "1 0 8" "$(now)"
new_file 2
check_eq "files with other content are measured again" "6 2 " "$(names "$ASCII")"
replays "the archive and the list replay with new records"

# Deleting from the list.
section "deleting from the list"
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
check_eq "the first 3 records are gone" "2 0 11" "$(now)"
check_eq "the other records stay" "8 9 " "$(names "$ASCII")"
replays "the archive and the list replay"
check "the first record is deleted by the file of another bank" eval 'first_records 1 >>"$archive"; asks "${ASCII}_sha512" 1'
check_eq "the first record is deleted for all banks" "9 " "$(names "$ASCII")"
check "the list is staged" asks "${binary}_sha256_staged" A
new_file 10
new_file 11
cat "${binary}_staged" >>"$archive"
first_records 1 >>"$archive"
check "a record is deleted while others are staged" asks "$binary" 1
check_eq "what is staged stays when a record is deleted" "9 " "$(names "$staged")"
check "what is staged is deleted" asks "$staged" D
check_eq "one record is left" "11 " "$(names "$ASCII")"
replays "the archive and the list replay with what was staged"
check "the last record is deleted" eval 'first_records 1 >>"$archive" && asks "$binary" 1'
check_eq "nothing is left" "0 0 15" "$(now)"
mark
check "an empty list cannot be staged" refused "No such file or directory" "$staged" A
check "the kernel log says that the list is empty" says "it is empty"
for i in 1 2 3 7 8 9 10 11; do : <"$WORK/files/$i"; done
check_eq "files are known as before when nothing is left" "0 0 15" "$(now)"

# Counters.
section "counters"
exec {fd}>>"$WORK/files/1"
: <"$WORK/files/1"
exec {fd}>&-
check_eq "a violation is counted" 1 "$(cat "$SECFS/violations")"
check "the record of a violation is deleted" asks "$binary" "$(count)"
check_eq "a violation is counted when its record is deleted" 1 "$(cat "$SECFS/violations")"
check_eq "each record was one extend" "$(status records_deleted)" "$([ -e /dev/tpm0 ] && status pcr_extends || status records_deleted)"

# Turns.
section "turns"
new_file 12
exec {fd}<"$ASCII"
mark
check "a writer is refused beside a reader" refused "Device or resource busy" "$staged" A
check "a second reader is not refused" cat "$staged"
exec {fd}<&-
check "the kernel log says why a writer is refused" says "it is open elsewhere"
exec {fd}>"$staged"
mark
check "a second writer is refused" refused "Device or resource busy" "$binary" 1
check "the kernel log says why a second writer is refused" says "it is open elsewhere"
check "a reader is refused beside a writer" eval '! cat "$ASCII" 2>/dev/null'
check "the writer may open another file to write" eval 'exec {second}<>"$ASCII"'
# shellcheck disable=SC2154 # by the line before
read -r line <&"$second"
check_eq "the writer reads by its other file" "$WORK/files/12" "$(cut -d' ' -f5 <<<"$line")"
exec {second}>&-
check "the writer stages the list" eval 'echo A >&$fd'
exec {fd}>&-
check_eq "a reader is not refused after the writer" "12 " "$(names "$staged")"
check "what is staged is deleted after that" asks "$staged" D
unload_module

# Many.
load_module || bail "the module does not load"
section "many records"
set_policy 'measure func=FILE_CHECK mask=MAY_READ fowner=4242'
: >"$WORK/files/many" && chown 4242 "$WORK/files/many"
for i in {1..500}; do echo "many $i" >"$WORK/files/many" && : <"$WORK/files/many"; done
check_eq "500 contents are measured" 503 "$(count)"
check "all but one are deleted at once" asks "$binary" 502
check_eq "one record is left" "1 0 502" "$(now)"
echo "many 250" >"$WORK/files/many" && : <"$WORK/files/many"
check_eq "each content is known when its record is deleted" "1 0 502" "$(now)"
unload_module
finish
