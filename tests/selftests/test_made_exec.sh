#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Mappings that become executable while somebody may write the file: what is called is recorded, or
# a violation is, also where the content that is there in the end is known.
#
# shellcheck disable=SC2015,SC2016 # 'eval' in a check; 'A && B || bail' ends the test in either case

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/access.sh"
. "$(dirname "$0")/intruder.sh"

plan 10
chmod 755 "$WORK"
disk=$WORK/disk
mkfs_loop ext4 64M "$disk" && mkdir "$disk/own" && chown $USER_ID "$disk/own" || bail "no file system"
load_module || bail "the module does not load"
set_policy "measure func=MMAP_CHECK uid=$USER_ID fsuuid=$(blkid -p -o value -s UUID "$(findmnt -n -o SOURCE "$disk")") digest_list" ||
	bail "the policy is refused"
# know FILE: a list that knows its content.
know() {
	"$SELFTESTS/digestlists.py" make "$WORK/meta" "$WORK/list-${1##*/}=immutable:@$1" && cat "$WORK/meta" >"$SECFS/digest_lists"
}
returned() { says "^returned $1\$" || { cat "$WORK/said" && false; }; }
# runs COMMAND ARGUMENT...: what it says is in $WORK/said.
runs() { user "$INTRUDER" "$@" >"$WORK/said" 2>&1; }

section "a known library"
file=$disk/own/control && library 7 "$file" && know "$file" || bail "no list"
check "can be called" eval 'user "$INTRUDER" run-mapped "$file" <<<"" >"$WORK/said" && returned 7'
check "has no record" unmeasured "$file"

for way in run-writable run-writable-late; do
	file=$disk/own/$way && library 7 "$file" && know "$file" || bail "no list"
	sum=$(digest_of "$file")
	name="a library that is mapped through a descriptor open for writing"
	[ $way = run-writable ] || name+=" and made executable"
	section "$name"
	check "what is written then is called" eval 'runs $way "$file" && returned 42'
	check "there is a violation" [ "$(violations_for "$file")" = 1 ]
	check "the digest is recorded, though it is known" grep -q " sha256:$sum $file\$" "$ASCII"
done

# One thread makes it executable and is not done yet when another has called it and put known
# content in its place.
called='' unseen=''
for delay in 300 2000 5000; do
	file=$disk/own/late-$delay good=$WORK/good-$delay
	library 42 "$file" && library 7 "$good" && know "$good" || bail "no list"
	runs run-late "$file" "$good" "$delay" || { note "after $delay us mprotect() was done" && continue; }
	returned 42 && called+=" $delay"
	[ "$(records_for "$file")" -gt 0 ] || unseen+=" $delay"
done
section "a library that a long mprotect() makes executable"
check "unknown code is called, and known content put in its place meanwhile" [ -n "$called" ]
check_eq "there is a violation, or a record of the unknown content" "" "$unseen"
finish
