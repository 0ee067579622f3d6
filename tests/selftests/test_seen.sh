#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Evidence of use: known_files_seen has a bit for each digest that an access looked up and found. A
# checkpoint puts it into the measurement list by one record.
#
# shellcheck disable=SC2015,SC2016 # 'A && B || bail' ends the test in either case; 'eval' in a check

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/access.sh"

plan 55

seen() { "$SELFTESTS/seen.py" "$@" <"$SECFS/known_files_seen"; }
use() { local name; for name in "$@"; do : <"$disk/$name" || return; done; }
sum() { sha256sum | cut -c1-64; }
last_record() { tail -n 1 "$ASCII" | cut -d' ' -f5; }
checkpoints() { awk '$5 == "digest_lists_checkpoint" { n++ } END { print n + 0 }' "$ASCII"; }
fails() { ! "$@" 2>/dev/null; }
writes() { echo "$2" >"$SECFS/$1"; }
# entries NAME...: those of a list of the files on the disk.
entries() { local name; for name in "$@"; do printf '%simmutable:@%s' "${comma:-}" "$disk/$name" && comma=,; done; }

disk=$WORK/disk
mkfs_loop ext4 64M "$disk" || bail "no file system"
for name in a b c d e f g h i j k l m n o p; do
	echo "content of $name" >"$disk/$name" && chown 4242 "$disk/$name"
done
"$SELFTESTS/digestlists.py" make "$WORK/meta-one" "$WORK/one=$(entries a b c d e f g h i j)"
"$SELFTESTS/digestlists.py" make "$WORK/meta-two" "$WORK/two=$(entries k l),immutable:#2000.x,$(entries m)"
"$SELFTESTS/digestlists.py" make "$WORK/meta-mixed" \
	"$WORK/mixed=mutable:@$disk/n,revoked:@$disk/o,immutable:@$disk/p"
# Read before any rule asks.
sum_of_d=$(sum <"$disk/d")
one=$WORK/one two=$WORK/two mixed=$WORK/mixed

load_module || bail "the module does not load"
set_policy 'measure func=FILE_CHECK digest_list fowner=4242'
section "bits of lists"
check_eq "there are none without lists" "" "$(cat "$SECFS/known_files_seen")"
cat "$WORK/meta-one" >"$SECFS/digest_lists"
check_eq "a list has a line with its digest, the number of its digests and no bit" \
	"sha256:$(sum <"$one") 10 0000" "$(cat "$SECFS/known_files_seen")"
use c
check_eq "a file that was used has its bit" "sha256:$(sum <"$one") 10 0400" "$(cat "$SECFS/known_files_seen")"
use c a j
check_eq "other files that were used have theirs, in the order of the list" "0 2 9" "$(seen "$one")"
exec {fd}<>"$SECFS/digest_query"
echo "sha256:$sum_of_d" >&"$fd"
check_eq "a query finds a digest that was not used" 1 "$(wc -l <&"$fd")"
exec {fd}>&-
check_eq "a query is no use" "0 2 9" "$(seen "$one")"
echo unknown >"$disk/unknown" && chown 4242 "$disk/unknown" && use unknown
check_eq "the use of an unknown file is no use of a list" "0 2 9" "$(seen "$one")"
cat "$WORK/meta-two" >"$SECFS/digest_lists"
check_eq "they stay when a list of 2,000 digests comes" "0 2 9" "$(seen "$one")"
use k m
check_eq "a second list has its own" "0 2002" "$(seen "$two")"
check_eq "lists stand in the order of loading" "$(cut -d' ' -f1 "$SECFS/digest_lists")" "$(cut -d' ' -f1 "$SECFS/known_files_seen")"
cat "$WORK/meta-mixed" >"$SECFS/digest_lists"
use n
check_eq "in a list of several kinds immutable digests come first, then mutable ones" 1 "$(seen "$mixed")"
use o
check_eq "in a list of several kinds revoked digests come last" "1 2" "$(seen "$mixed")"
use p
check_eq "in a list of several kinds each digest has one" "0 1 2" "$(seen "$mixed")"
echo "sha256:$(sum <"$two")" >"$SECFS/digest_lists_remove"
check_eq "they stay when another list goes" "0 2 9" "$(seen "$one")"
check_eq "they go with their list" none "$(seen "$two")"
cat "$WORK/meta-two" >"$SECFS/digest_lists"
check_eq "a list that is loaded again begins anew" "" "$(seen "$two")"
check "an open file reads the same, however often" eval 'exec {fd}<"$SECFS/known_files_seen" && dd bs=7 count=3 status=none <&$fd >"$WORK/part" && use b && cat <&$fd >>"$WORK/part"'
exec {fd}>&-
check_eq "an open file reads the same though a file is used meanwhile" "0 2 9" "$("$SELFTESTS/seen.py" "$one" <"$WORK/part")"
check_eq "a file that was opened later has the bit of a file used meanwhile" "0 1 2 9" "$(seen "$one")"

# Checkpoints.
section "a checkpoint"
before=$(records)
extends=$(status pcr_extends)
exec {fd}<>"$SECFS/checkpoint"
check_eq "reads as nothing before the first" "" "$(cat "$SECFS/checkpoint")"
check "is made by a write" eval 'echo 1 >&$fd'
dd bs=7 count=3 status=none <&"$fd" >"$WORK/text"
use e
cat <&"$fd" >>"$WORK/text"
check_eq "adds one record" $((before + 1)) "$(records)"
check_eq "costs one extend" "$((extends + ($(status tpm | grep -c none) ? 0 : 1)))" "$(status pcr_extends)"
check_eq "has a record of its name" digest_lists_checkpoint "$(last_record)"
check_eq "has the digest of the text and its length in its record" \
	"sha256:$(sum <"$WORK/text") $(stat -c %s "$WORK/text")" "$(text_of digest_lists_checkpoint)"
check_eq "has the text that known_files_seen was, whatever is used while it is read" "0 1 2 9" "$("$SELFTESTS/seen.py" "$one" <"$WORK/text")"
check "reads as the same for another open file" cmp "$WORK/text" "$SECFS/checkpoint"
check_eq "leaves known_files_seen going on" "0 1 2 4 9" "$(seen "$one")"
check_eq "leaves the bits as they are" "0 1 2 4 9" "$(echo 1 >"$SECFS/checkpoint" && seen "$one")"
check_eq "has a record without a change as well" $((before + 2)) "$(records)"
# hashed COMMAND...: how many bytes are hashed meanwhile.
hashed() { local was; was=$(status hashed_bytes) && "$@" && echo $(($(status hashed_bytes) - was)); }
section "a checkpoint that resets"
use f
check_eq "comes while a file that was used is cached" 0 "$(hashed use f)"
check "is made by a write" eval 'echo reset >&$fd && cat <&$fd >"$WORK/text"'
check_eq "has the bits in its text" "0 1 2 4 5 9" "$("$SELFTESTS/seen.py" "$one" <"$WORK/text")"
check_eq "says so in its record" "sha256:$(sum <"$WORK/text") $(stat -c %s "$WORK/text") reset" "$(text_of digest_lists_checkpoint)"
check_eq "leaves no bit" "" "$(seen "$one")"
use f
check_eq "gives a cached file its bit when it is used again" 5 "$(seen "$one")"
check_eq "leaves a file cached when it was used again" 0 "$(hashed use f)"
check_eq "gives a file that is not used no bit" 5 "$(seen "$one")"
exec {fd}>&-

# What is refused.
section "what is refused"
check "another word is no checkpoint" fails writes checkpoint 2
check "a longer word is no checkpoint" fails writes checkpoint resets
check "known_files_seen takes nothing" fails writes known_files_seen 1
check "another user cannot read known_files_seen" fails as 65534 cat "$SECFS/known_files_seen"
check "another user cannot make a checkpoint" fails as 65534 bash -c "echo 1 >$SECFS/checkpoint"
check "root without CAP_SYS_ADMIN cannot make a checkpoint" fails setpriv --bounding-set=-sys_admin --inh-caps=-sys_admin bash -c "echo 1 >$SECFS/checkpoint"

# Lists that change without going.
section "lists that stay"
cat "$WORK/meta-one" >"$SECFS/digest_lists"
check_eq "a list that is loaded again keeps its bits" 5 "$(seen "$one")"
if [ -e /dev/tpm0 ]; then
	check "the PCR of every bank replays" replay_ok
else
	skip "the PCR of every bank replays" "no TPM"
fi
set_policy "measure func=FILE_CHECK digest_list fowner=4242${NL}measure func=FILE_CHECK fowner=4243"
chown 4243 "$disk/g" && use g
check_eq "a file that is measured though it is known has its bit" "5 6" "$(seen "$one")"
unload_module

# By itself.
load_module checkpoint_interval=1 || bail "the module does not load"
section "checkpoint_interval"
set_policy 'measure func=FILE_CHECK digest_list fowner=4242'
sleep 2.5
check_eq "no checkpoint is made where there is nothing to say" 0 "$(checkpoints)"
cat "$WORK/meta-one" >"$SECFS/digest_lists"
wait_for 10 eval '[ "$(checkpoints)" -ge 1 ]'
use a
check "a checkpoint is made every so many seconds" wait_for 10 eval '[ "$("$SELFTESTS/seen.py" "$one" <"$SECFS/checkpoint")" = 0 ]'
check_eq "the file checkpoint reads as the text of the last checkpoint" "$(text_of digest_lists_checkpoint)" \
	"sha256:$(sum <"$SECFS/checkpoint") $(wc -c <"$SECFS/checkpoint")"
made=$(checkpoints)
sleep 2.5
check_eq "no checkpoint is made without a change" "$made" "$(checkpoints)"
unload_module

# Of a million digests.
load_module || bail "the module does not load"
mkdir "$disk/many"
for i in {1..64}; do echo "many $i" >"$disk/many/$i" && chown 4242 "$disk/many/$i"; done
# Before there is a rule: a file that is measured as unknown needs no list any more.
digestctl generate "$disk/many" -o "$WORK/many" && digestctl metadata "$WORK/many" -o "$WORK/meta-many"
"$SELFTESTS/digestlists.py" make "$WORK/meta-million" "$WORK/million=immutable:~1000000"
section "a million digests"
without=$(status digest_memory)
check "they are loaded" eval 'echo "$WORK/meta-million" >"$SECFS/digest_lists"'
note "their bits are $((1000000 / 8)) of $(($(status digest_memory) - without)) bytes"
cat "$WORK/meta-many" >"$SECFS/digest_lists"
set_policy 'measure func=FILE_CHECK digest_list fowner=4242'
cat >"$WORK/ten" <<-END
	for i in 1 2 3 4 5 6 7 8 9 10; do echo \$1 >$SECFS/checkpoint || exit; done
END
for word in 1 reset; do
	check "ten checkpoints are made ($word) while files are opened" eval \
		'"$SELFTESTS/seen.py" --longest "$disk/many" 20000 bash "$WORK/ten" '$word' >"$WORK/longest"'
	note "$(cat "$WORK/longest")"
done
for i in {1..64}; do : <"$disk/many/$i"; done
start=$(date +%s%N)
echo 1 >"$SECFS/checkpoint"
note "one takes $((($(date +%s%N) - start) / 1000000)) ms, $(wc -c <"$SECFS/checkpoint") bytes of text"
check_eq "every file that was used has its bit" "$(seq -s ' ' 0 63)" "$("$SELFTESTS/seen.py" "$WORK/many" <"$SECFS/checkpoint")"
rm "$WORK/million"
unload_module
finish
