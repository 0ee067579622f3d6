#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Violations: nobody can vouch for content that is written while somebody relies on its measurement
# (ToMToU), that is measured while somebody writes (open_writers), or that cannot be read. Each
# leaves a record without digest, an extend with ones, and an audit record.
#
# shellcheck disable=SC2015,SC2016 # 'eval' in a check; 'A && B || bail' ends the test in either case

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/access.sh"

plan 51

disk=$WORK/disk
chmod 755 "$WORK"
mkfs_loop ext4 64M "$disk" || bail "no file system"
[ ! -e /dev/tpm0 ] || tpm2_pcrreset 23
load_module || bail "the module does not load"
echo 0 >/proc/sys/kernel/printk_ratelimit
owner=4242
rule="measure func=FILE_CHECK mask=MAY_READ uid=0 fowner=$owner"
set_policy "$rule" || bail "the policy is refused"
new() { fresh "$disk" && chown $owner "$file" && chmod 755 "$file" && sum=$(as 65534 sha256sum "$file" | cut -c1-64); }
counted() { cat "$SECFS/violations"; }
digests() { digests_for "$file" | sed "s/$ZERO/zero/g; s/$sum/sum/g"; }
# leaves NAME WANT: the records of the file, with 'sum' for its digest and 'zero' for none.
leaves() { check_eq "$1" "$2" "$(digests)"; }
# audited CAUSE: how many audit records there are of the cause and the file since the mark.
audited() { kernel_log | grep -c "type=1804 .*op=invalid_pcr cause=$1 comm=\"[^\"]*\" name=\"$file\" dev=\"loop[0-9]*\" ino=$(stat -c %i "$file") res=1 errno=0"; }

section "ToMToU"
# Time of measure, time of use.
new && mark
before=$(counted)
exec {reader}<"$file"
leaves "a file open for reading has its digest" "sum"
exec {writer}>>"$file"
leaves "a file that is opened for writing meanwhile has a violation" "sum zero"
check_eq "the file violations counts it" $((before + 1)) "$(counted)"
check_eq "a violation has an audit record" 1 "$(audited ToMToU)"
check_eq "the template digest of a violation is zero" "${ZERO::40}" "$(record_for "$file" | tail -n 1 | cut -d' ' -f2)"
check_eq "a violation has the PCR and template of other records" "16 ima-ng" "$(record_for "$file" | tail -n 1 | awk '{ print $1, $3 }')"
exec {second}>>"$file"
leaves "a second writer adds no violation" "sum zero"
exec {second}>&- {writer}>&-
exec {writer}>>"$file"
leaves "the first writer adds no second violation" "sum zero"
exec {writer}>&-
: <"$file"
exec {writer}>>"$file"
leaves "a writer adds a violation after another reader was measured" "sum zero zero"
exec {writer}>&- {reader}<&-

new
: <"$file"
: >>"$file"
leaves "a writer after the last reader is no violation" "sum"
new
: >>"$file"
leaves "a writer of a file that nothing reads is no violation" ""
new
setpriv --reuid=1000 --clear-groups tail -f "$file" >/dev/null 2>&1 &
tail=$!
wait_for 20 eval 'ls -l /proc/$tail/fd | grep -q "$file"' || note "tail does not open the file"
: >>"$file"
leaves "a writer of a file whose reader is not to be measured is no violation" ""
kill $tail
wait $tail 2>/dev/null
new
exec {reader}<"$file"
as $owner bash -c ": >>$file"
leaves "a writer of another user is a violation" "sum zero"
exec {reader}<&-
new
exec {reader}<"$file"
: <>"$file"
leaves "opening for reading and writing is a violation" "sum zero"
exec {reader}<&-
new
exec {reader}<"$file"
"$SYSCALLS" truncate "$file" 10
leaves "truncate(2), which opens nothing, is no violation" "sum"
exec {reader}<&-

section "open_writers"
# Measured while somebody writes.
new && mark
before=$(counted)
exec {writer}>>"$file"
leaves "a file open for writing has no record" ""
exec {reader}<"$file"
leaves "a file that is opened for reading meanwhile has a violation and its digest" "zero sum"
check_eq "the file violations counts it" $((before + 1)) "$(counted)"
check_eq "a violation has an audit record" 1 "$(audited open_writers)"
exec {second}<"$file"
leaves "a second reader adds no violation" "zero sum"
exec {second}<&- {reader}<&-
: <"$file"
leaves "the first reader adds no second violation" "zero sum"
exec {more}>>"$file" {writer}>&-
: <"$file"
leaves "a reader adds no violation after one writer of two is gone" "zero sum"
exec {more}>&-
exec {writer}>>"$file"
: <"$file"
leaves "a reader adds a violation among new writers" "zero sum zero"
exec {writer}>&-
new
: >>"$file"
: <"$file"
leaves "a reader after the last writer is no violation" "sum"
new
exec {writer}>>"$file"
as 1000 cat "$file" >/dev/null
leaves "a reader that is not to be measured is no violation" ""
as 1000 "$SYSCALLS" mprotect "$file"
: <"$file"
leaves "a mapping that no rule asks for, made executable, hides no violation from a reader" "zero sum"
exec {writer}>&-
new
exec {writer}>>"$file" && echo more >&"$writer"
: <"$file"
echo more still >&"$writer"
: <"$file"
check_eq "a file that is being written has a record of each content that was read" 3 "$(records_for "$file")"
exec {writer}>&-
: <"$file"
check_eq "a file that was written has no other record than that of the last content" 3 "$(records_for "$file")"

section "mappings and programs"
set_policy "measure func=MMAP_CHECK fowner=$owner"
new
exec {writer}>>"$file"
"$SYSCALLS" map "$file"
leaves "a file mapped executable while open for writing has a violation" "zero sum"
exec {writer}>&-
set_policy "measure func=BPRM_CHECK fowner=$owner"
new
"$file"
: >>"$file"
leaves "a program that has ended may be written" "sum"
section "rules"
set_policy ''
new
exec {reader}<"$file"
: >>"$file"
leaves "no violation is recorded without a rule" ""
exec {reader}<&-
set_policy "audit func=FILE_CHECK fowner=$owner"
new
exec {reader}<"$file"
: >>"$file"
leaves "no violation is recorded with audit rules alone" ""
exec {reader}<&-
set_policy "$rule pcr=23"
new
exec {reader}<"$file"
: >>"$file"
check_eq "a writer to which no rule applies leaves the violation in the default PCR" "23 16" \
	"$(awk -v path="$file" '$5 == path { printf "%s%s", n++ ? " " : "", $1 }' "$ASCII")"
exec {reader}<&-
new
exec {writer}>>"$file"
: <"$file"
check_eq "a reader leaves both records in the PCR of the rule" "23 23" \
	"$(awk -v path="$file" '$5 == path { printf "%s%s", n++ ? " " : "", $1 }' "$ASCII")"
exec {writer}>&-

section "digest lists"
set_policy '' && new
fixed=$file
fresh "$disk" && chown $owner "$file" && mutable=$file
"$SELFTESTS/digestlists.py" make "$WORK/meta" "$WORK/list=immutable:@$fixed" "$WORK/list2=mutable:@$mutable" &&
	cat "$WORK/meta" >"$SECFS/digest_lists" || bail "no lists"
set_policy "$rule digest_list"
for file in "$fixed" "$mutable"; do
	name=immutable
	[ "$file" = "$fixed" ] || name=mutable
	sum=$(as 65534 sha256sum "$file" | cut -c1-64)
	exec {reader}<"$file"
	leaves "a known $name file has no record" ""
	exec {writer}>>"$file"
	leaves "a known $name file that is written while it is read has a violation" "zero"
	exec {reader}<&- {writer}>&-
	exec {writer}>>"$file"
	: <"$file"
	leaves "a known $name file that is read while it is written has a violation" "zero zero"
	exec {writer}>&-
	: <"$file"
	leaves "a known $name file has no other record when it is closed" "zero zero"
done

section "a file that cannot be read"
# What cannot be read.
mkdir "$WORK/fuse" && echo text >"$WORK/backing"
set_policy "measure func=FILE_CHECK mask=MAY_READ fsname=fuse"
if "$SELFTESTS/fuse_file.py" "$WORK/backing" "$WORK/fuse"; then
	mounts+=("$WORK/fuse")
	file=$WORK/fuse/file sum=$(digest_of "$WORK/backing") before=$(counted) unreadable=$(status files_unreadable)
	: <"$file"
	leaves "has its digest as long as it can be read" "sum"
	# The server fails to read; the open goes through.
	rm "$WORK/backing" && mkdir "$WORK/backing"
	mark
	check "is opened" eval ': <"$file"'
	leaves "has a violation" "sum zero"
	check_eq "is counted by violations" $((before + 1)) "$(counted)"
	check_eq "is counted by files_unreadable" $((unreadable + 1)) "$(status files_unreadable)"
	check "has an audit record with the reason" eval 'kernel_log | grep -q "type=1800 .*op=collect_data cause=failed .*name=\"$file\" .*res=0 errno=-5"'
	rmdir "$WORK/backing" && echo text >"$WORK/backing" && : <"$file"
	rm "$WORK/backing" && mkdir "$WORK/backing" && : <"$file"
	leaves "has another violation when it could be read in between" "sum zero zero"
else
	for i in 1 2 3 4 5 6 7; do skip "result $i" "no FUSE in this kernel"; done
fi

section "the whole test"
check_eq "the number of violations is that of records without digest" "$(awk -v zero="$ZERO" '$4 ~ zero && $5 != "boot_aggregate"' "$ASCII" | wc -l)" "$(counted)"
if [ -e /dev/tpm0 ]; then check "the PCRs of every bank replay, each violation as ones" eval "replay_ok && replay_ok 23"; else skip "the PCRs of every bank replay, each violation as ones" "no TPM"; fi
finish
