#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Loading digest lists: what becomes known, what is refused, and what is seen of it.

. "$(dirname "$0")/lib.sh"

plan 221

files=$WORK/files
lists=$WORK/lists
make_lists() { "$SELFTESTS/digestlists.py" make "$@"; }
digest_total() { cat "$SECFS/digests_count"; }

# Only reading a file on this ramfs is measured, so that no tool of the test leaves a record.
policy='measure func=FILE_CHECK mask=MAY_READ fsmagic=0x858458f6 digest_list'
mount_tmp ramfs mode=755 "$files" || bail "no ramfs"
mkdir "$lists"
load_module || bail "the module does not load"
echo "$policy" >"$SECFS/policy"

# records_by_reading NAME: reads a file; prints the number of its records.
records_by_reading() {
	: <"$files/$1"
	records_for "$files/$1"
}
# known TEXT, unknown TEXT: succeeds if reading a new file with this content leaves no record, or
# just one.
records_of() {
	local file
	file=$(mktemp "$files/XXXXXX")
	printf %s "$1" >"$file"
	records_by_reading "${file##*/}"
}
known() { [ "$(records_of "$1")" = 0 ]; }
unknown() { [ "$(records_of "$1")" = 1 ]; }

section "what a list makes known"
printf early >"$files/early"
check_eq "no digest is known before a list is loaded" 0 "$(digest_total)"
check "an unknown file leaves one record" test "$(records_by_reading early)" = 1
make_lists "$lists/one.meta" "$lists/one=immutable:early,immutable:im1,mutable:mu1,immutable:im2"
check "metadata are loaded by their bytes" load_metadata "$lists/one.meta"
check_eq "all digests of the list count" 4 "$(digest_total)"
check "a file with an immutable digest is known" known im1
check "a file with a mutable digest is known" known mu1
check "a file whose digest is in no list stays unknown" unknown im3
check_eq "a file that was unknown before keeps its one record" 1 "$(records_by_reading early)"
check_eq "the record of the metadata has their digest" "sha256:$(sha256sum "$lists/one.meta" | cut -d' ' -f1)" \
	"$(record_for digest_lists_metadata | cut -d' ' -f4)"

line() { grep "^sha256:$(sha256sum "$1" | cut -d' ' -f1) " "$SECFS/digest_lists"; }
fields=$(line "$lists/one")
for field in ref_id=one type=compact algo=sha256 immutable=3 mutable=1 revoked=0 signer=none actions=measure; do
	check "digest_lists shows $field" grep -qw -- "$field" <<<"$fields"
done
check "digest_lists counts the files that were found in the list" grep -qw 'hits=[1-9][0-9]*' <<<"$fields"

section "several lists at once"
# Several lists at once, and the same again.
make_lists "$lists/three.meta" "$lists/a=immutable:a,immutable:shared" "$lists/b=mutable:b,mutable:shared" \
	"$lists/c=immutable:c,immutable:early,immutable:c"
before=$(records) extends=$(status pcr_extends)
echo "$lists/three.meta" >"$SECFS/digest_lists"
check_eq "they leave one record where they are loaded by the path of their metadata" 1 "$(($(records) - before))"
extends=$(($(status pcr_extends) - extends))
if [ -e /dev/tpm0 ]; then
	check_eq "they cost one PCR extend" 1 "$extends"
else
	skip "they cost one PCR extend" "no TPM"
fi
check "the record has the path of the metadata" record_for "digest_lists_metadata:$lists/three.meta"
cp "$lists/three.meta" "$files/three.meta"
: <"$files/three.meta"
check_eq "a file of that name that is read leaves no such record" 1 "$(records_for "$files/three.meta")"
check_eq "a load leaves no record that takes it back" 0 "$(records_for digest_lists_refused)"
make_lists "$lists/gone.meta" "$lists/gone=immutable:gone" && rm "$lists/gone"
loads_not() { ! load_metadata "$1" 2>/dev/null; }
check "metadata whose list is not there are refused" loads_not "$lists/gone.meta"
check_eq "the record of a refused load is taken back" "$(sha256sum "$lists/gone.meta" | cut -d' ' -f1)" \
	"$(recorded digest_lists_refused)"
check_eq "a digest in several lists, or twice in one, counts once" 8 "$(digest_total)"
check "a file of the first list is known" known a
check "a file of the last list is known" known c
check "a file in two lists is known" known shared
check_eq "digest_lists has a line for each list" 4 "$(wc -l <"$SECFS/digest_lists")"

section "lists that are loaded a second time"
# Fields that loading must not change; hits are counted by accesses.
shown() { sed 's/ hits=.*//' "$SECFS/digest_lists"; }
before=$(shown)
check "they are accepted" load_metadata "$lists/three.meta"
load_path() { printf %s "$1" >"$SECFS/digest_lists"; }
check "a path may end without a newline" load_path "$lists/one.meta"
check_eq "they change nothing in digest_lists" "$before" "$(shown)"
check_eq "they change nothing in digests_count" 8 "$(digest_total)"
make_lists "$lists/mixed.meta" "$lists/a" "$lists/d=immutable:d"
check "a new list is loaded beside one that is loaded already" load_metadata "$lists/mixed.meta"
check_eq "only the new list is added" "5 9" "$(wc -l <"$SECFS/digest_lists") $(digest_total)"
make_lists "$lists/double.meta" "$lists/e=immutable:e" "$lists/e"
check "a list may stand twice in the same metadata" load_metadata "$lists/double.meta"
check_eq "a list that stands twice is added once" "6 10" "$(wc -l <"$SECFS/digest_lists") $(digest_total)"

section "a list whose name is no UTF-8 and has a newline"
# What the kernel takes for a path: any bytes.
name=$lists/$'odd \xff\n name'
make_lists "$lists/odd.meta" "$lists/plain=immutable:odd"
mv "$lists/plain" "$name"
"$SELFTESTS/digestlists.py" metadata compact "$name" - >"$lists/odd.meta"
check "is loaded" load_metadata "$lists/odd.meta"
check "makes its files known" known odd
check "has its reference in printable characters" grep -q 'ref_id=odd____name ' "$SECFS/digest_lists"
printf 'sha256:%s' "$(sha256sum <"$name" | cut -c1-64)" >"$SECFS/digest_lists_remove"

section "a list on a measured file system"
# The lists are read by the kernel for itself.
echo 'dont_measure func=FILE_CHECK' >"$SECFS/policy"
make_lists "$lists/here.meta" "$files/list=immutable:here"
echo "$policy" >"$SECFS/policy"
check "is loaded" load_metadata "$lists/here.meta"
check "leaves no record when the kernel reads it" test "$(records_for "$files/list")" = 0

section "revoked digests"
make_lists "$lists/revoked.meta" "$lists/r=revoked:a,revoked:later,immutable:kept"
printf a >"$files/was-known"
check_eq "a file is known before its digest is revoked" 0 "$(records_by_reading was-known)"
check "a list of them is loaded" load_metadata "$lists/revoked.meta"
check_eq "the file is measured when its digest is revoked" 1 "$(records_by_reading was-known)"
check "one that another list holds is unknown" unknown a
make_lists "$lists/later.meta" "$lists/l=immutable:later,mutable:last"
check "a list with one that is revoked already is loaded" load_metadata "$lists/later.meta"
check "one that is revoked stays unknown in a later list" unknown later
check "the other digests of a later list are known" known last
check "the other digests of the list that revokes are known" known kept
check "digest_lists counts them" grep -qw revoked=2 <<<"$(line "$lists/r")"

section "the digest of the empty file"
before=$(digest_total)
make_lists "$lists/empty.meta" "$lists/empty=immutable:,mutable:,immutable:full"
check "a list that has it is loaded" load_metadata "$lists/empty.meta"
check_eq "it does not count" 1 "$(($(digest_total) - before))"
check "the empty file is not known" unknown ""
check "the other digests of the list are known" known full

# Refusals.
section "digest_lists refuses"
results "$SELFTESTS/refused_lists.py" "$lists"
section "refused lists"
check "nothing of them is known" unknown good

# What other files refuse, each with its errno and a line in the kernel log.
section "a write is refused"
results "$SELFTESTS/refused_writes.py"

section "permissions"
# Permissions.
make_lists "$lists/perm.meta" "$lists/perm=immutable:perm"
before=$(shown)
attempt=(bash -c "cat '$lists/perm.meta' >'$SECFS/digest_lists'")
# fails_with ERROR COMMAND...: succeeds if the command fails with this error.
fails_with() {
	! "${@:2}" 2>"$WORK/error" || return
	cat "$WORK/error"
	grep -q "$1" "$WORK/error"
}
check "root without CAP_SYS_ADMIN cannot load a list" \
	fails_with 'Operation not permitted' setpriv --bounding-set=-sys_admin --inh-caps=-sys_admin "${attempt[@]}"
check "the kernel log says that a write needs CAP_SYS_ADMIN" eval 'dmesg | tail -n 5 | grep -q "a write needs CAP_SYS_ADMIN"'
check "root of another user namespace cannot load a list" \
	fails_with 'Operation not permitted' unshare --user --map-root-user "${attempt[@]}"
check "another user cannot open the file" \
	fails_with 'Permission denied' setpriv --reuid=1000 --regid=1000 --clear-groups bash -c ": >>'$SECFS/digest_lists'"
# By their modes: nothing of the module is anybody's.
# shellcheck disable=SC2016 # the other user's shell expands it
opened=$(setpriv --reuid=1000 --regid=1000 --clear-groups bash -c \
	'for file in "$1"/*; do { : <"$file" || : >>"$file"; } 2>/dev/null && echo "${file##*/}"; done' bash "$SECFS")
check_eq "another user can open no file of the module" "" "$opened"
check_eq "nothing is loaded without them" "$before" "$(shown)"
check "the digests of lists without them are unknown" unknown perm

section "the whole test"
if [ -e /dev/tpm0 ]; then check "the PCR of every bank replays" replay_ok; else skip "the PCR of every bank replays" "no TPM"; fi
finish
