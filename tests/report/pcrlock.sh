#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Sourced by guest.sh: a volume that systemd-cryptenroll binds to the policy that systemd-pcrlock
# makes of the component that digestctl predicted. Prints a line 'ok' or 'not ok' for each case.

lock_dir=/var/lib/pcrlock.d
volume=/var/lib/volume
# shellcheck disable=SC2154 # of guest.sh
mkdir -p "$root/var/lib/systemd" "$root$lock_dir"

# result NAME COMMAND...
result() {
	local name=$1
	shift
	if "$@" >result.log 2>&1; then
		printf '\nok %s\n' "$name"
	else
		printf '\nnot ok %s\n' "$name"
		tail -n 20 result.log >&2
	fi
}

# predict METADATA: the component of a machine that has loaded these, before it is one.
predict() {
	digestctl export pcrlock --ima-policy exec_tcb --set require_signature=0 --kernel "$(uname -r)" \
		--boot-aggregate "$(boot_aggregate)" "$1" -o "$root$lock_dir/755-digest-lists.pcrlock"
}
# As IMA has it, of the same PCRs.
boot_aggregate() { awk '{ print $4; exit }' /sys/kernel/security/ima/ascii_runtime_measurements; }

# pcrlock COMMAND...: as Documentation/digestctl.md has it, since the records are in no log of
# systemd's.
pcrlock() {
	digestctl log show --format cel-json |
		python3 -c 'import json, sys; [print("\x1e" + json.dumps(record)) for record in json.load(sys.stdin)]' \
			>"$root/run/measured"
	chroot "$root" env SYSTEMD_MEASURE_LOG_USERSPACE=/run/measured /usr/lib/systemd/systemd-pcrlock --pcr=12 "$@"
}

makes_policy() {
	pcrlock make-policy 2>policy.log && grep '^PCRs in protection mask: 12 ' policy.log && return
	cat policy.log
	return 1
}
makes_none() {
	pcrlock make-policy 2>policy.log
	grep '^PCR 12 .* contains unrecognized measurements' policy.log && ! grep '^PCRs in protection mask: 12 ' policy.log
}

binds() {
	(umask 077 && printf secret >"$root/run/secret")
	truncate -s 32M "$root$volume"
	chroot "$root" cryptsetup luksFormat -q --pbkdf pbkdf2 --pbkdf-force-iterations 1000 "$volume" /run/secret &&
		chroot "$root" systemd-cryptenroll --unlock-key-file=/run/secret --tpm2-device=auto --tpm2-pcrs= \
			--tpm2-pcrlock=/var/lib/systemd/pcrlock.json "$volume"
}
opens() { chroot "$root" cryptsetup open --test-passphrase --token-only "$volume" </dev/null; }
stays_closed() { ! opens; }
