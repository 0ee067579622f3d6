# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# Whether something is refused by the module, for a cause and with a path: not merely that it fails. Sourced after lib.sh,
# access.sh and appraise.sh.
#
# shellcheck disable=SC2015 # 'A && B || C' where C must run if either fails

# no_ratelimit: the kernel log gets every record.
no_ratelimit() { echo 0 >/proc/sys/kernel/printk_ratelimit; }

# stops CAUSE PATH COMMAND...: succeeds if the command fails, and the audit log says since then that the module refused
# this path for this cause. The record may come a moment later.
stops() {
	local rc=0
	mark
	"${@:3}" >"$WORK/stops" 2>&1 || rc=$?
	[ "$rc" -ne 0 ] && wait_for 5 refused "$2" "$1" || {
		echo "exit status $rc: $(cat "$WORK/stops")"
		kernel_log | grep -F op=appraise_data
		false
	}
}
# refused PATH CAUSE: as the audit log writes names, those with blanks in hexadecimal.
refused() {
	local name="name=\"$1\" "
	[[ $1 != *' '* ]] || name="name=$(printf %s "$1" | od -An -v -tx1 | tr -d ' \n' | tr a-f A-F) "
	kernel_log | grep 'audit: type=1800 ' | grep -F "op=appraise_data cause=$2 " | grep -qF "$name"
}

# stops_with TEXT COMMAND...: the same where the kernel log has a line of this text, and no audit record.
stops_with() {
	local rc=0
	mark
	"${@:2}" >"$WORK/stops" 2>&1 || rc=$?
	[ "$rc" -ne 0 ] && kernel_log | grep -qF "digest_lists: $1" || { echo "exit status $rc" && kernel_log && false; }
}
