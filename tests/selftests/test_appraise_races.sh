#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# What is executed or mapped is what was looked at, whoever writes the file at the same moment, and
# by whatever way: other writers, two last writers at once, overlayfs, direct I/O, pages pinned for
# I/O, huge pages.
#
# shellcheck disable=SC2015,SC2016 # 'eval' in a check; 'A && B || bail' ends the test in either case

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/access.sh"
. "$(dirname "$0")/appraise.sh"
. "$(dirname "$0")/intruder.sh"

RACES=/opt/guest/races
ROUNDS=${ROUNDS:-40}
plan 27
begin_appraisal
load_module || bail "the module does not load"
rules="appraise func=BPRM_CHECK fsuuid=$uuid digest_list
appraise func=MMAP_CHECK fsuuid=$uuid digest_list"
set_policy "$rules" || bail "the policy is refused"

# figure NAME LINE
figure() { sed -n "s/.*\b$1=\([0-9]*\).*/\1/p" <<<"$2"; }

section "a file that others write"
head -c 4M /dev/urandom >"$WORK/big" && list_of immutable "$WORK/big" && load_signed || bail "the list is refused"
got=$("$RACES" rewrite "$disk/big" "$WORK/big" "$ROUNDS") || bail "the mappings cannot be made"
note "rewritten while it is mapped: $got"
check_eq "no mapping that was allowed shows what was written meanwhile" 0 "$(figure changed "$got")"
check "some mappings are allowed" [ "$(figure allowed "$got")" -gt 0 ]
check "some mappings are denied" [ "$(figure denied "$got")" -gt 0 ]
mark
cp "$WORK/big" "$disk/held"
exec {fd}>>"$disk/held"
check "a file that is open for writing is not mapped for execution" refuses "$SYSCALLS" map "$disk/held"
check_eq "the refusal to map it has the cause open-writers" 1 "$(refusals "$disk/held" open-writers | wc -l)"
exec {fd}>&-
check "a file that was closed is mapped for execution" "$SYSCALLS" map "$disk/held"
got=$("$RACES" closers "$disk/closed" /usr/bin/true "$((4 * ROUNDS))") || bail "the files cannot be made"
note "closed by two at once: $got"
check_eq "a new file that two writers close at once is not executed" 0 "$(figure allowed "$got")"

section "a file that others use before its maker is done"
library 7 "$WORK/good" && list_of immutable "$WORK/good" && load_signed && mkdir -m 777 "$disk/open" || bail "no library"
got=$(user "$INTRUDER" make-race "$disk/open/made" "$WORK/good" "$((3 * ROUNDS))" 2>"$WORK/tries")
check_eq "is used that early" 0 $?
note "$(cat "$WORK/tries")"
check_eq "is not written while it is mapped" "" "$got"

section "a mapping past the page cache"
fresh "$disk" && listed=$file && list_of immutable "$listed" && load_signed && "$listed" || bail "a known program does not run"
check "is refused" refuses "$SYSCALLS" map-direct "$listed"
check_eq "has the cause direct-io" 1 "$(refusals "$listed" direct-io | wc -l)"
check "leaves the program in use: it cannot be opened for writing" refuses eval ': 2>/dev/null >>"$listed"'
check "leaves the program in use: it is not truncated" refuses "$SYSCALLS" truncate "$listed" 10
check "leaves a program that runs" "$listed"

section "a mapping that the personality makes executable"
# The kernel asks twice whether the mount is noexec: for the hook, and when it makes the mapping.
# What watches the mount ends noexec in between.
library 42 "$disk/code" || bail "no library"
watcher=$("$SELFTESTS/pre_access.py" "$disk" executable) || bail "nobody can watch: $watcher"
check "is refused where the mount is noexec only at first" is_refused missing-hash "$disk/code" \
	/opt/guest/mappings noexec "$disk" "$disk/code"
kill "$watcher"
wait_for 30 eval '! [ -d /proc/$watcher ]'
mount -o remount,bind,exec "$disk"

section "overlayfs"
# A descriptor from before the copy-up maps the lower file, and a read gets the upper one.
mkdir "$disk/lower" "$disk/upper" "$disk/work" && fresh "$disk/lower" program
mount_tmp overlay "lowerdir=$disk/lower,upperdir=$disk/upper,workdir=$disk/work" "$WORK/merged" || bail "no overlayfs"
set_policy "$rules${NL}appraise func=MMAP_CHECK fsname=overlay digest_list" || bail "the policy is refused"
exec {fd}<"$WORK/merged/program"
check "an unknown file is not mapped" refuses "$SYSCALLS" map-fd "$fd"
cat "$listed" >"$WORK/merged/program"
check "a descriptor from before known content was written does not map the file" refuses "$SYSCALLS" map-fd "$fd"
exec {fd}<&-
check "a descriptor from afterwards maps the known content" "$SYSCALLS" map "$WORK/merged/program"
set_policy "measure func=MMAP_CHECK digest_list" && fresh "$disk/lower" other && exec {fd}<"$WORK/merged/other"
cat "$listed" >"$WORK/merged/other"
"$SYSCALLS" map-fd "$fd" || note "it is not mapped where the policy only measures"
exec {fd}<&-
check "where the policy measures, what was mapped is recorded under the name that it has below" \
	eval 'grep -F "sha256:$(digest_of "$disk/lower/other")" "$ASCII" | grep -q "/other$"'

section "pages pinned for I/O"
# Pages that are pinned for I/O can be written when nobody has the file open.
mkdir "$WORK/tmp" && mount -t tmpfs -o uid=4242,mode=755 tmpfs "$WORK/tmp" && mounts+=("$WORK/tmp")
set_policy "$rules${NL}appraise func=BPRM_CHECK fsname=tmpfs uid=4242 digest_list" || bail "the policy is refused"
cp "$listed" "$WORK/tmp/program" && chown 4242 "$WORK/tmp/program"
ulimit -l unlimited
check_eq "a program of which a page is pinned is not executed" 126 \
	"$("$RACES" pin "$WORK/tmp/program" /usr/bin/setpriv --ruid=4242 "$WORK/tmp/program" 2>/dev/null; echo $?)"
check_eq "the refusal of a pinned page has the cause unstable-content" 1 "$(refusals "$WORK/tmp/program" unstable-content | wc -l)"
check "a program that was pinned is not executed: nothing tells whether a reference is left" \
	refuses setpriv --ruid=4242 "$WORK/tmp/program"
cp "$WORK/tmp/program" "$WORK/tmp/copy" && chown 4242 "$WORK/tmp/copy"
check "a copy, which nothing has mapped, is executed" setpriv --ruid=4242 "$WORK/tmp/copy"
set_policy "$rules" && cp "$listed" "$disk/often"
check "a page that is mapped 1,500 times does not count as pinned" "$RACES" often "$disk/often" 1500 "$disk/often"
check "a page that was written through a mapping and is mapped 1,500 times does not count as pinned" eval \
	'fresh "$disk" && "$SYSCALLS" store "$file" "$(printf "\177ELF")" && list_of immutable "$file" && load_signed &&
	"$RACES" often "$file" 1500 "$file"'

section "a huge page that can be written"
# Memory of the kernel's own mounts has no count of writers.
echo 4 >/proc/sys/vm/nr_hugepages
set_policy "appraise func=MMAP_CHECK fsname=hugetlbfs uid=4242" || bail "the policy is refused"
check "is not mapped for execution" refuses setpriv --ruid=4242 "$SYSCALLS" memfd-huge content
check_eq "is refused because it may change" 1 "$(kernel_log | grep -c 'cause=unstable-content .*huge')"
finish
