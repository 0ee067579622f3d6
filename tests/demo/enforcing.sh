#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The second act of 'make demo', in the same guest: appraisal. What a signed list has runs; nothing
# else does. Each refusal is shown to come from the module: the same worked before the policy was in
# force, or works with known content, and the audit log names cause and path. Fails where something
# is not as it says.

# shellcheck disable=SC2016 # 'eval' in a claim
set -u
. "$(dirname "$0")/lib.sh"
share=$(dirname "$0")
echo 0 >/proc/sys/kernel/printk_ratelimit

# denied CAUSE PATH COMMAND...: succeeds if the command fails and the kernel log says since then
# that this path was refused for this cause. The record may come a moment later.
denied() {
	local before tries=0
	before=$(records "$1" "$2")
	! "${@:3}" >/tmp/denied 2>&1 || return
	until [ "$(records "$1" "$2")" -gt "$before" ]; do
		[ $((tries += 1)) -lt 50 ] || return
		sleep 0.1
	done
}
records() { dmesg | grep -F "op=appraise_data cause=$1 " | grep -cF "name=\"$2\""; }

# preloaded LIBRARY: whether a program that is started with it has its code mapped.
preloaded() { LD_PRELOAD=$1 grep -q " r-xp .* $1\$" /proc/self/maps 2>/dev/null; }

step "A list of every file of this system, signed"
mkdir -p $dir
cp /usr/bin/cat $dir/hello
library=$(ldd /usr/bin/python3 | awk '$1 ~ /^libz\./ { print $3 }')
cp "$library" $dir/known.so
cp "$library" $dir/unknown.so
show digestctl generate -x / -o $dir/system.list || exit
show digestctl sign $dir/system.list --key "$share/key.pem" --cert "$share/cert.pem" || exit
show digestctl metadata $dir/system.list -o $dir/metadata || exit

# A byte more, which no linker minds.
printf X >>$dir/unknown.so
printf '#!/bin/sh\necho it ran\n' >$dir/script && chmod 755 $dir/script
claim "so far a new script runs" $dir/script
claim "and a library with one byte more is preloaded" preloaded $dir/unknown.so

step "The module, which trusts the signer's certificate, and the list"
command_line "insmod digest_lists.ko"
insmod "$share/digest_lists.ko" || { dmesg | tail -n 20 && exit 1; }
show digestctl load $dir/metadata || exit

step "What the policy would deny now"
show digestctl appraise --dry-run appraise_exec_tcb --denied
claim "nothing that is running" [ $? -eq 0 ]

step "From here on only known files are executed"
command_line "digestctl policy builtin appraise_exec_tcb >$secfs/policy"
digestctl policy builtin appraise_exec_tcb >$secfs/policy || { dmesg | tail && exit 1; }
show ls -ld /usr/bin /usr/lib
claim "known programs run" openssl version
claim "and Python, with its modules" python3 -c 'import json, hashlib; print("python3 runs")'
claim "so does the copy of one" cmp <($dir/hello /etc/debian_version) /etc/debian_version
claim "a known library is preloaded" preloaded $dir/known.so

step "An unknown script, a changed program, an unknown library"
claim "the new script is denied" denied missing-hash $dir/script $dir/script
claim "the library with one byte more is not preloaded" denied missing-hash $dir/unknown.so preloaded $dir/unknown.so
size=$(stat -c %s $dir/hello)
claim "a program in use cannot be rewritten" denied immutable $dir/hello bash -c ": >>$dir/hello"
{ head -c $((size - 1)) $dir/hello && printf '\377'; } >$dir/changed && chmod 755 $dir/changed
claim "a copy of which one byte changed is denied" denied missing-hash $dir/changed $dir/changed /etc/debian_version
claim "ima_appraise cannot be switched off" eval '! { echo off >/sys/module/digest_lists/parameters/ima_appraise; } 2>/dev/null'
claim "nor another policy be written" eval '! { cat <<<dont_appraise >$secfs/policy; } 2>/dev/null && [ "$(status policy_rules)" -gt 1 ]'
command_line "dmesg | grep appraise_data"
dmesg | grep -F op=appraise_data | sed 's/.*cause=/… cause=/'

step "Summary"
printf '  %-42s %12s\n' "files appraised" "$(status files_appraised)"
printf '  %-42s %12s\n' "accesses denied" "$(status files_denied)"
printf '  %-42s %12s\n' "digests known from signed lists" "$(status digests)"
printf '\n'
exit $failed
