# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# What the tests of rules and hooks share beyond lib.sh: files with content of their own, ways to
# access them, and the records that an access leaves. Sourced after lib.sh.
#
# shellcheck disable=SC2034 # used by the tests

SYSCALLS=/opt/guest/syscalls
ASCII=$SECFS/ascii_runtime_measurements
NL=$'\n'

# fresh DIRECTORY [NAME]: a new program with content of its own, in $file.
fresh_count=0
fresh() {
	fresh_count=$((fresh_count + 1))
	file=$1/${2:-f$fresh_count}
	{ cat /usr/bin/true && echo "$fresh_count $RANDOM"; } >"$file" && chmod 755 "$file"
}

# as UID COMMAND...
as() { setpriv --reuid="$1" --regid="$1" --clear-groups "${@:2}"; }

# digests_for PATH: the digests in the records of that name, oldest first, in one line.
digests_for() {
	awk -v path="$1" '$5 == path { sub(/.*:/, "", $4); printf "%s%s", n++ ? " " : "", $4 }' "$ASCII"
}

# measured_as PATH DIGEST...: succeeds if the records of that name have just these digests.
measured_as() {
	local got
	got=$(digests_for "$1")
	[ "$got" = "${*:2}" ] || { echo "$1: wanted '${*:2}', got '$got'" && false; }
}
measured() { [ "$(records_for "$1")" = 1 ] || { echo "$1: $(records_for "$1") records" && false; }; }
unmeasured() { [ "$(records_for "$1")" = 0 ] || { echo "$1: $(records_for "$1") records" && false; }; }

# once FILE: succeeds if the file has one record, with the digest of its content. The records come
# first: reading the file may leave one.
once() {
	local got want
	got=$(digests_for "$1")
	want=$(digest_of "$1")
	[ "$got" = "$want" ] || { echo "$1: wanted '$want', got '$got'" && false; }
}

ZERO=$(printf '0%.0s' {1..64})
# violations_for PATH: how many records of violations the file has.
violations_for() { awk -v path="$1" -v zero="$ZERO" '$5 == path && $4 ~ zero { n++ } END { print n + 0 }' "$ASCII"; }

# kernel_log: the kernel's messages since the last mark.
mark_count=0
mark() {
	mark_count=$((mark_count + 1))
	echo "selftest mark $$ $mark_count" >/dev/kmsg
}
kernel_log() { dmesg | awk -v mark="selftest mark $$ $mark_count\$" '$0 ~ mark { seen = 1; next } seen'; }

# replay_pcr PCR: succeeds if that PCR of every active bank replays. Unlike replay_ok it does not
# mind other PCRs of the list, which may have been extended before.
replay_pcr() {
	local bank banks=()
	snapshot "$SECFS/binary_runtime_measurements" || return
	for bank in $(tpm_banks); do
		banks+=("$bank=$(sed -n "s/^PCR-$(printf %02d "$1"): //p" "$WORK/pcrs-$bank")")
	done
	"$SELFTESTS/replay.py" "$1" "$WORK/list" "${banks[@]}"
}
