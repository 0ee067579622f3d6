#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The cases of the digest cache's selftests, against the module. IMA has no lists. What the digest
# cache does with files and directories of lists when somebody asks, the module does when lists are
# loaded: Documentation/testing-others.md says what differs, and why.
#
# shellcheck disable=SC2015,SC2016,SC2034 # 'eval' in a check; 'A && B || bail' ends the test in either case

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/access.sh"

plan 71
cd "$WORK" || bail "no work directory"
mkdir lists
load_module || bail "the module does not load"
set_policy "measure func=BPRM_CHECK fowner=4242 digest_list" || bail "the policy is refused"
results "$SELFTESTS/other_lists.py" digest_cache "$WORK/lists"

# list N TEXT: the list lists/N of the digest of the text, and its metadata.
list() { "$SELFTESTS/digestlists.py" make "$WORK/lists/$1.meta" "$WORK/lists/$1=immutable:$2"; }
digest_text() { printf %s "$1" | sha256sum | cut -d' ' -f1; }
# ask TEXT: what digest_query says of the digest of the text.
ask() {
	local fd
	exec {fd}<>"$SECFS/digest_query"
	echo "sha256:$(digest_text "$1")" >&"$fd"
	cat <&"$fd"
	exec {fd}>&-
}
known() { [ -n "$(ask "$1")" ] || { echo "$1 is unknown" && false; }; }
remove() { printf 'sha256:%s\n' "$1" >"$SECFS/digest_lists_remove"; }

section "default_path_file"
list default one
check "a list is loaded by the path of its metadata" eval 'echo "$WORK/lists/default.meta" >"$SECFS/digest_lists"'
check "a digest of the list is known" known one
section "default_path_dir"
for i in 0 1 2; do list "dir$i" "dir $i"; done
check "metadata name the lists of a directory" eval 'digestctl metadata "$WORK"/lists/dir? -o "$WORK/dir.meta" && digestctl load "$WORK/dir.meta"'
check "a digest of the last list is known" known "dir 2"

# What is loaded stays as it was loaded; who wants a list gone says so.
mkdir moved
# change WHAT FILE
change() {
	case $1 in
	FILE_WRITE) printf 1234 >>"$2" ;;
	FILE_TRUNCATE) "$SYSCALLS" truncate "$2" 4 ;;
	FILE_FTRUNCATE) truncate -s 4 "$2" ;;
	FILE_UNLINK) rm "$2" ;;
	FILE_RENAME) mv "$2" moved ;;
	esac
}
for what in FILE_WRITE FILE_TRUNCATE FILE_FTRUNCATE FILE_UNLINK FILE_RENAME; do
	section "file_reset $what"
	list "$what" "$what" && digest=$(digest_of "$WORK/lists/$what") && load_metadata "$WORK/lists/$what.meta" || note "no list"
	check "a digest of the list is known" known "$what"
	change "$what" "$WORK/lists/$what" || note "the list is not changed"
	check "the digest is known as it was loaded" known "$what"
	check "the changed list is not loaded as the one that the metadata describe" eval 'remove "$digest" && ! load_metadata "$WORK/lists/$what.meta" 2>/dev/null'
	check "the digest is unknown without the list" eval '! known "$what"'
done

section "file_reset_again"
list again before && load_metadata "$WORK/lists/again.meta" && digest=$(digest_of lists/again)
list again after
check "a list that was written anew is loaded with metadata of its own" load_metadata "$WORK/lists/again.meta"
check "the digests of the list before and after are known" eval 'known before && known after'
check "the former list is removed by its digest" eval 'remove "$digest" && ! known before && known after'

section "dir_reset"
for i in 0 1 2 3 4 5 6 7 8 9; do list "many$i" "many $i" && load_metadata "$WORK/lists/many$i.meta" || note "no list"; done
all() { for i in "$@"; do known "many $i" || return; done; }
check "the digests of ten lists are known" all 0 1 2 3 4 5 6 7 8 9
remove "$(digest_of lists/many7)" && rm lists/many7
check "the digest of a list that was removed is unknown" eval '! known "many 7"'
check "the digests of the other lists are known" all 0 1 2 3 4 5 6 8 9
remove "$(digest_of lists/many6)"
check "the digest of another list that was removed is unknown" eval '! known "many 6"'
load_metadata "$WORK/lists/many6.meta"
check "the digest of a list that is loaded again is known" known "many 6"
list many10 "many 10" && load_metadata "$WORK/lists/many10.meta"
check "the digest of a list that comes later is known" known "many 10"

section "verif_data"
bad=''
for i in 0 1 2 3 4 5 6 8 9 10; do [ "$(ask "many $i" | grep -o 'ref_id=[^ ]*')" = "ref_id=many$i" ] || bad+=" $i"; done
check_eq "digest_query names the list of each digest" "" "$bad"
check "digest_query says who signed the list, or that nobody did" eval 'ask "many 0" | grep -q "signer="'

section "prefetch_sync"
before=$(awk '$5 == "digest_lists_metadata"' "$ASCII" | wc -l)
for i in 0 1 2 3 4 5 6 7; do list "order$i" "order $i"; done
for i in 0 1 2 3 4 5 6 7; do load_metadata "$WORK/lists/order$i.meta"; done
wanted=$(for i in 0 1 2 3 4 5 6 7; do echo "sha256:$(digest_of "lists/order$i.meta")"; done)
check_eq "lists have their records in the order in which they were loaded" "$wanted" \
	"$(awk '$5 == "digest_lists_metadata" { print $4 }' "$ASCII" | tail -n +$((before + 1)))"
check_eq "digest_lists shows them in that order" "0 1 2 3 4 5 6 7" "$(sed -n 's/.*ref_id=order\([0-9]\).*/\1/p' "$SECFS/digest_lists" | paste -sd' ')"

section "prefetch_async"
before=$(awk '$5 == "digest_lists_metadata"' "$ASCII" | wc -l)
for i in 0 1 2 3 4 5 6 7; do list "async$i" "async $i"; done
pids=()
for i in 0 1 2 3 4 5 6 7; do load_metadata "$WORK/lists/async$i.meta" & pids+=($!); done
wait "${pids[@]}"
lost=''
for i in 0 1 2 3 4 5 6 7; do known "async $i" >/dev/null || lost+=" $i"; done
check_eq "lists that are loaded at the same time are all known" "" "$lost"
check_eq "lists that are loaded at the same time have a record each" 8 \
	$(($(awk '$5 == "digest_lists_metadata"' "$ASCII" | wc -l) - before))
section "the whole test"
if [ -e /dev/tpm0 ]; then check "the PCR of every bank replays" replay_ok; else skip "the PCR of every bank replays" "no TPM"; fi
finish
