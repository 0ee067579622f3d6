#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The second act of 'make demo', in the same guest: appraisal. What a signed list has runs; nothing else does. Fails
# where something is not as it says.

set -u
. "$(dirname "$0")/lib.sh"
share=$(dirname "$0")

denied() { ! "$@" 2>/tmp/denied && grep -qE 'Permission denied|cannot be preloaded|failed to map' /tmp/denied; }

step "A list of every file of this system, signed"
mkdir -p $dir
cp /usr/bin/cat $dir/hello
show digestctl generate -x / -o $dir/system.list || exit
show digestctl sign $dir/system.list --key "$share/key.pem" --cert "$share/cert.pem" || exit
show digestctl metadata $dir/system.list -o $dir/metadata || exit

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

step "An unknown program, a changed one, an unknown library"
printf '#!/bin/sh\necho it ran\n' >$dir/script && chmod 755 $dir/script
claim "a new script is denied" denied $dir/script
size=$(stat -c %s $dir/hello)
printf '\377' | dd of=$dir/hello bs=1 seek=$((size - 1)) conv=notrunc status=none
claim "a program of which one byte changed is denied" denied $dir/hello /etc/debian_version
preload() { LD_PRELOAD=$dir/hello /usr/bin/id; }
preload 2>/tmp/denied >/tmp/out
claim "an unknown library is not preloaded" grep -qE 'cannot be preloaded|failed to map' /tmp/denied
claim "a program in use cannot be rewritten" denied bash -c ': >>/usr/bin/id'
command_line "dmesg | grep appraise_data"
dmesg | grep -F op=appraise_data | sed 's/.*cause=/… cause=/'

step "Summary"
printf '  %-42s %12s\n' "files appraised" "$(status files_appraised)"
printf '  %-42s %12s\n' "accesses denied" "$(status files_denied)"
printf '  %-42s %12s\n' "digests known from signed lists" "$(status digests)"
printf '\n'
exit $failed
