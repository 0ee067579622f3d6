#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# A page of a file that is pinned for I/O is written when nobody has the file open or mapped any
# more. However the last writer goes, what comes into the file that way does not run while the
# module enforces, and has a record while it measures.
#
# shellcheck disable=SC2015,SC2016 # 'eval' in a check; 'A && B || bail' ends the test in either case

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/access.sh"
. "$(dirname "$0")/appraise.sh"
. "$(dirname "$0")/intruder.sh"

plan 24
begin_appraisal
begin_device
mkdir "$disk/lower" "$disk/upper" "$disk/work" && chmod 777 "$disk"{,/lower,/upper}
mount_tmp overlay "lowerdir=$disk/lower,upperdir=$disk/upper,workdir=$disk/work" "$WORK/merged" || bail "no overlayfs"
# prepare NAME [CONTENT]: a known script of the user's own, on overlayfs as well.
prepare() {
	file=$disk/upper/$1 merged=$WORK/merged/$1
	dd if="${2:-$WORK/good}" of="$file" bs=4096 status=none && chown $USER_ID "$file" && chmod 755 "$file"
}
script GOOD >"$WORK/good" && script GOOD 24M >"$WORK/long"

section "without the module"
# Without the module.
prepare control
attack pin "$file" 0 "$file"
check_eq "what a device writes to a page that nothing maps runs" "GOOD EVIL" "$before $after"
# The mapping of this one is older than the module.
prepare older
mkfifo "$WORK/go" && : >"$WORK/said"
hold_device
user "$INTRUDER" pin-waiting "$file" "$source" "$device.asked" <"$WORK/go" >"$WORK/said" &
waiting=$!
exec {go}>"$WORK/go"
wait_for 60 says mapped || bail "nothing is mapped"

load_module || bail "the module does not load"
list_of immutable "$WORK/good" "$WORK/long" && load_signed || bail "the list is refused"
rules="func=BPRM_CHECK uid=$USER_ID fsuuid=$uuid digest_list${NL}"
rules+="appraise func=BPRM_CHECK uid=$USER_ID fsname=overlay digest_list"
set_policy "appraise $rules" || bail "the policy is refused"

transferred() { says "transferred 4096" || { cat "$WORK/said" && false; }; }
harmless() { [[ $before != *EVIL* && $after != *EVIL* ]] || { echo "before: $before, after: $after" && false; }; }
# holds NAME: two results for an attack that was made while the module enforces.
holds() {
	section "$1"
	check "the device writes to the page" transferred
	check "what was written does not run" harmless
}
echo >&"$go" && file=$disk/upper/older && finish_attack $waiting
exec {go}>&-
holds "a mapping from before the module was loaded"
prepare last && attack pin "$file" 0 "$file"
holds "a mapping of the only writer"
prepare others && attack pin "$file" 2 "$file"
holds "a file that others opened for writing and closed meanwhile"
prepare overlay && attack pin-closed "$merged" 0 "$file"
holds "overlayfs: a mapping whose descriptor was closed first"
prepare above && attack pin "$file" 1 "$merged"
holds "overlayfs: a file that another writer of the name above closed meanwhile"
prepare through && file=$merged && attack pin-closed "$merged" 0 "$merged"
holds "overlayfs: a file that is run by the name above"
prepare race "$WORK/long" && attack pin-race "$file" 10000
note "raced: $(tr '\n' ' ' <"$WORK/said")"
holds "a mapping while the last of the others was closing the file"
section "enforcing"
check_eq "a script that nothing wrote runs" GOOD "$(prepare untouched && user "$file")"
script EVIL >"$disk/upper/unknown" && chmod 755 "$disk/upper/unknown"
check "an unknown script does not run" denied user "$disk/upper/unknown"

# Measuring: it may run, but not unseen.
set_policy "measure ${rules//appraise/measure}" || bail "the policy is refused"
seen() {
	[[ $after != *EVIL* ]] || [ "$(records_for "$file")" -gt 0 ] || [ "$(violations_for "$file")" -gt 0 ] ||
		{ echo "it printed $after, and there is no record" && false; }
}
leaves() {
	section "measuring, $1"
	check "the device writes to the page" transferred
	check "what was written does not run, or has a record" seen
}
prepare m-last && attack pin "$file" 0 "$file"
leaves "a mapping of the only writer"
prepare m-others && attack pin "$file" 2 "$file"
leaves "a file that others opened for writing and closed meanwhile"
prepare m-overlay && attack pin-closed "$merged" 0 "$file"
leaves "overlayfs: a mapping whose descriptor was closed first"
section "measuring"
check "an unknown script has a record" eval 'file=$disk/upper/unknown && user "$file" && measured "$file"'
finish
