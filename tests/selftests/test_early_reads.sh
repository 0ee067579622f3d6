#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# What the kernel uses of a file before it asks: the headers of a program, and a mapping that
# becomes executable. A page of a user's own file, to which something else still holds a reference
# from a shared mapping that is gone, can have other content then than a look finds afterwards.
#
# shellcheck disable=SC2015 # 'A && B || bail' ends the test in either case

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/access.sh"
. "$(dirname "$0")/appraise.sh"
. "$(dirname "$0")/intruder.sh"

program=/opt/guest/early_reads
plan 15
begin_appraisal

# A second page that never comes, and a file of two pages the first of which comes.
stall=$WORK/stall
head -c 4096 /dev/zero >"$stall" && mkdir "$WORK/second" "$WORK/fuse"
"$SELFTESTS/fuse_file.py" "$stall" "$WORK/second" || bail "no FUSE in this kernel"
mounts+=("$WORK/second")
: >"$device" && "$SELFTESTS/fuse_file.py" "$device" "$WORK/fuse" "stall=$WORK/second/file" || bail "no second FUSE"
mounts+=("$WORK/fuse")
source=$WORK/fuse/file
mkfifo "$WORK/go"

# content_of PAGE: what the device brings from here on.
content_of() { { cat "$1" && head -c 8192 /dev/zero; } | head -c 8192 >"$device"; }
# begin COMMAND NAME CONTENT: a file of that content on the disk, in $file, to whose first page the
# device writes after everything has closed it.
begin() {
	file=$disk/$2
	head -c 4096 "$3" >"$file" && chown "$USER_ID" "$file" && chmod 755 "$file" && sync
	rm -f "$device.asked" "$stall.asked"
	: >"$device.hold" && : >"$stall.hold" && : >"$WORK/said"
	user "$program" "$1" "$file" "$source" "$device.asked" <"$WORK/go" >"$WORK/said" 2>&1 &
	pid=$!
	exec {go}>"$WORK/go"
	wait_for 120 says gone && rm -f "$device.hold" && wait_for 120 test -e "$stall.asked"
}
end() {
	rm -f "$stall.hold"
	exec {go}>&-
	wait "$pid"
}
violations() { cat "$SECFS/violations"; }

{ printf '#!/bin/echo OTHER-HEADER\n' && yes ''; } 2>/dev/null | head -c 4096 >"$WORK/other"
script KNOWN >"$WORK/known"
library 1 "$WORK/library" && truncate -s 4096 "$WORK/library"
library 42 "$WORK/unknown" && truncate -s 4096 "$WORK/unknown"

section "without the module"
content_of "$WORK/other"
check "a page is written to after everything closed the file" begin gone plain "$WORK/known"
check_eq "the kernel takes the header that was written to the page" OTHER-HEADER "$(user "$file" 2>&1 | cut -d' ' -f1)"
end

load_module && list_of immutable "$WORK/known" && load_signed && list_of immutable "$WORK/library" && load_signed ||
	bail "the lists are refused"

section "measuring"
set_policy "measure func=BPRM_CHECK uid=$USER_ID fsuuid=$uuid digest_list" || bail "the policy is refused"
check "a page is written to after everything closed the file" begin gone measured "$WORK/known"
check_eq "a script starts with the header that is looked at" KNOWN "$(user "$file" 2>&1)"
check_eq "the script is known: no record" 0 "$(records_for "$file")"
end

section "enforcing"
set_policy "appraise func=BPRM_CHECK uid=$USER_ID fsuuid=$uuid digest_list" || bail "the policy is refused"
check "a page is written to after everything closed the file" begin gone enforced "$WORK/known"
check_eq "a script starts with the header that is looked at" KNOWN "$(user "$file" 2>&1)"
check_eq "the second time as well the script starts with the header that is looked at" KNOWN "$(user "$file" 2>&1)"
end
fresh "$disk" unknown >/dev/null && cp "$WORK/other" "$disk/unknown" && chmod 755 "$disk/unknown"
refused=0
user "$disk/unknown" >"$WORK/said" 2>&1 || refused=1
check_eq "a script that is unknown as a whole is refused" 1 "$refused"

section "a mapping becomes executable"
set_policy "measure func=MMAP_CHECK uid=$USER_ID fsuuid=$uuid digest_list" || bail "the policy is refused"
content_of "$WORK/unknown"
for n in 1 2; do
	before=$(violations)
	check "a page is written to after everything closed the file ($n)" begin late "late-$n" "$WORK/library"
	echo >&"$go"
	wait_for 120 says first
	end
	check "the code that a later call finds is known ($n)" says " later 1\$"
	note "$(cat "$WORK/said")"
	check "that it was too late is recorded, or there was nothing else to execute ($n)" \
		eval "says '^first 1 ' || [ $(violations) -gt $before ]"
done
finish
