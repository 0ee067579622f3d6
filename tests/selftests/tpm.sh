# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# What tests share that take the TPM of QEMU away, or put one that can fail in front of it: in a
# boot with selftest.tpm, where nobody else uses it. Sourced after lib.sh.
#
# shellcheck disable=SC2016,SC2034 # 'eval' in wait_for; used by the tests

relay=''
# tpm_of_driver: which one it is. Before the first of the others.
tpm_of_driver() {
	device=$(basename "$(readlink -f /sys/class/tpm/tpm0/device)")
	driver=$(readlink -f /sys/class/tpm/tpm0/device/driver)
}
number() {
	local -a chips=("$driver/$device"/tpm/tpm*)
	echo "${chips[0]##*/tpm}"
}
# The tools ask the very TPM, whatever its number, and whatever stands before it.
export TPM2TOOLS_TCTI
tools() { TPM2TOOLS_TCTI=device:/dev/tpmrm$(number); }
unbind() { echo "$device" >"$driver/unbind"; }
bind() {
	echo "$device" >"$driver/bind"
	wait_for 30 eval '[ -e "/dev/tpmrm$(number)" ]' && tools
}
# front: puts a TPM that can fail in front of the real one, as the first of the system.
front() {
	unbind
	: >"$WORK/faults"
	"$SELFTESTS/tpm_relay.py" "$WORK/backend" "$WORK/faults" >"$WORK/relay" 2>"$WORK/relay-errors" &
	relay=$!
	# The real one gets a number after that.
	wait_for 30 test -s "$WORK/relay" && bind && [ "$(number)" -gt "$(cat "$WORK/relay")" ] &&
		ln -s "/dev/tpm$(number)" "$WORK/backend" && wait_for 60 test -e "/dev/tpmrm$(cat "$WORK/relay")"
}
faults() { echo "$*" >"$WORK/faults.new" && mv "$WORK/faults.new" "$WORK/faults"; }
