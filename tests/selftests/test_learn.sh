#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# A machine learns: digestctl generate --from log makes a list of the unknown files that were used,
# and with it the next boot records only what changed. Loading the module anew stands for the boot.
#
# shellcheck disable=SC2015,SC2016 # 'A && B || bail' ends the test in either case; 'eval' in a check

. "$(dirname "$0")/lib.sh"

keys=/opt/guest/signatures
DIGEST_LISTS_KO=$keys/digest_lists.ko
[ -e "$DIGEST_LISTS_KO" ] || skip_all "no module with certificates of the test was built"
plan 19

policy='measure func=FILE_CHECK mask=MAY_READ fowner=4242 digest_list'
files=("$WORK/files/one" "$WORK/files/two" "$WORK/files/a name of
two lines" "$WORK/files/three")
learn() { digestctl generate --from log -o "$WORK/learned" "$@" >"$WORK/out" 2>&1; }
use() { local file; for file in "$@"; do : <"$file" || return; done; }
# boot [PARAMETER...]: the module is loaded, and then the policy.
boot() { load_module "$@" && set_policy "$policy"; }
says() { grep -qxF "$1" "$WORK/out" || { cat "$WORK/out" && false; }; }

mkfs_loop ext4 64M "$WORK/files" || bail "no file system"
for file in "${files[@]}" "$WORK/files/changing" "$WORK/files/gone" "$WORK/files/written"; do
	echo "content of $file" >"$file" && ours "$file"
done

section "the first boot"
boot || bail "the module does not load"
check_eq "unknown files leave records" 6 "$(grows use "${files[@]}" "$WORK/files/changing" "$WORK/files/gone")"
exec {fd}>>"$WORK/files/written"
check_eq "a file that is open for writing leaves a violation and a digest" 2 "$(grows use "$WORK/files/written")"
exec {fd}>&-
echo "other content" >>"$WORK/files/changing"
rm "$WORK/files/gone"
# The rule matches digestctl as well.
check_eq "learning leaves a record of the changed file alone" 1 "$(grows learn --name learned --serial 1 "$WORK/files")"
check "files that still have their content are listed" says "$WORK/learned: 4 digests of 4 files"
check "a changed file is reported" says "left out: $WORK/files/changing: changed since it was recorded"
check "a file that is gone is reported" says "left out: $WORK/files/gone: gone"
check "a violation is reported" says "left out: $WORK/files/written: it has a violation"
unload_module

section "the next boot with an unsigned list"
digestctl metadata --unsigned "$WORK/learned" -o "$WORK/metadata" >/dev/null
boot || bail "the module does not load"
check "the list is loaded" digestctl load "$WORK/metadata"
check_eq "files of the list leave no record" 0 "$(grows use "${files[@]}")"
check_eq "a file that changed leaves one record" 1 "$(grows use "$WORK/files/changing" "${files[@]}")"
check_eq "the record is that of the changed file" 1 "$(records_for "$WORK/files/changing")"
check "the changed file is learned" learn --name more --serial 1 "$WORK/files"
check "only the changed file is listed" says "$WORK/learned: 1 digest of 1 file"
unload_module

section "the next boot with a signed list"
boot require_signature=1 || bail "the module does not load"
check "an unsigned list is refused" eval '! digestctl load "$WORK/metadata"'
check_eq "files of a refused list leave records" 4 "$(grows use "${files[@]}")"
check "the files are learned again" learn --name learned --serial 2 "$WORK/files"
check "the learned list is signed" digestctl sign "$WORK/learned" --key "$keys/signer.key" --cert "$keys/signer.pem"
digestctl metadata "$WORK/learned" -o "$WORK/metadata" >/dev/null
unload_module
boot require_signature=1 || bail "the module does not load"
check "the signed list is loaded" digestctl load "$WORK/metadata"
check_eq "files of the signed list leave no record" 0 "$(grows use "${files[@]}")"
unload_module
finish
