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

plan 15
begin_appraisal

begin_stalling
# begin COMMAND NAME CONTENT: a file of that content on the disk, in $file, to whose first page the
# device writes after everything has closed it.
begin() {
	file=$disk/$2
	head -c 4096 "$3" >"$file" && chown "$USER_ID" "$file" && chmod 755 "$file" && sync
	begin_stalled "$1" "$file"
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
end_stalled

load_module && list_of immutable "$WORK/known" && load_signed && list_of immutable "$WORK/library" && load_signed ||
	bail "the lists are refused"

section "measuring"
set_policy "measure func=BPRM_CHECK uid=$USER_ID fsuuid=$uuid digest_list" || bail "the policy is refused"
check "a page is written to after everything closed the file" begin gone measured "$WORK/known"
check_eq "a script starts with the header that is looked at" KNOWN "$(user "$file" 2>&1)"
check_eq "the script is known: no record" 0 "$(records_for "$file")"
end_stalled

section "enforcing"
set_policy "appraise func=BPRM_CHECK uid=$USER_ID fsuuid=$uuid digest_list" || bail "the policy is refused"
check "a page is written to after everything closed the file" begin gone enforced "$WORK/known"
check_eq "a script starts with the header that is looked at" KNOWN "$(user "$file" 2>&1)"
check_eq "the second time as well the script starts with the header that is looked at" KNOWN "$(user "$file" 2>&1)"
end_stalled
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
	end_stalled
	check "the code that a later call finds is known ($n)" says " later 1\$"
	note "$(cat "$WORK/said")"
	check "that it was too late is recorded, or there was nothing else to execute ($n)" \
		eval "says '^first 1 ' || [ $(violations) -gt $before ]"
done
finish
