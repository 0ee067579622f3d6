#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# boot.sh CASE [learn]: what the boot of the whole system took until now, as the command of
# scripts/vm --system, which runs when everything else is up. With 'learn' it prints a list of the
# unknown files, in base64, in lines 'learned TEXT'.

. "$(dirname "$0")/lib.sh"

case=${1:?which case?}
read -r up _ </proc/uptime
counters "$case"
[ "$case" != none ] || [ ! -d $secfs ] || die "the module is loaded"
extra=
[ ! -d $secfs ] || extra=" known=$(status files_known) unknown=$(status files_unknown) hash_us=$(status hash_time_us) tpm_us=$(status tpm_time_us)"
[[ $case != ima* ]] || cut -d ' ' -f 5- $ima/ascii_runtime_measurements | sed 's/ *$//' >/run/names
# As near as it gets to what IMA hashed: the sizes of what it has records of.
[[ $case != ima* ]] || hashed=$(sort -u /run/names | tr '\n' '\0' | xargs -0 stat -Lc %s -- 2>/dev/null | awk '{ n += $1 } END { print n + 0 }')
echo "run case=$case ns=${up/./}0000000 records=$records extends=$extends hashed=$hashed$extra units=$(systemctl --failed --no-legend | wc -l)"
# What a learned list did not have.
[[ $case != *-learned ]] || awk -v case="$case" '{ print "record case=" case " template=" $3 " name=" $5 }' $secfs/ascii_runtime_measurements
systemctl --failed --no-legend --plain | sed 's/^/failed /'
[ "${2:-}" != learn ] || {
	digestctl -q generate --from log --name learned --serial 1 -o /run/learned >&2 || true
	base64 -w 0 /run/learned | sed 's/^/learned /'
	echo
}
