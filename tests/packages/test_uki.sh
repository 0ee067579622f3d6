#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The system was started by UEFI from a unified kernel image, which systemd-stub measures: the image
# into PCR 11; the command line that an add-on and the virtual machine give into PCR 12, where the
# module goes on. The machine attests, and is judged. See scripts/check-packages.
#
# shellcheck disable=SC2016,SC2034 # 'eval' in a check, which uses variables

# shellcheck source=tests/selftests/lib.sh
. /opt/selftests/lib.sh
# shellcheck source=tests/packages/initramfs.sh
. /mnt/share/initramfs.sh

plan 21
cd "$WORK" || exit
# variable NAME: that of systemd-stub. The first four bytes are its attributes; there is no seeking
# in it.
variable() {
	dd bs=4096 status=none if="/sys/firmware/efi/efivars/$1-4a67b082-0a4c-41cf-b6c7-440b29bb8c4f" | tail -c +5 |
		tr -d '\0'
}
# told: what the firmware's log says, in plain text.
told() { tr -d '\0' </sys/kernel/security/tpm0/binary_bios_measurements; }
# value PCR: in the SHA-256 bank.
value() { tr A-F a-f <"/sys/class/tpm/tpm0/pcr-sha256/$1"; }

section "the boot"
systemctl is-system-running --wait >/dev/null 2>&1
check_eq "the system runs" running "$(systemctl is-system-running)"
check_eq "no unit failed" "" "$(systemctl list-units --failed --no-legend --plain | cut -d' ' -f1)"
check "it was started by systemd-stub" eval '[[ $(variable StubInfo) == systemd-stub* ]]'
note "$(variable StubInfo)"
check_eq "systemd-stub has measured the image into PCR 11" 11 "$(variable StubPcrKernelImage)"
check "systemd-stub has measured the command line of the add-on and of the machine" eval \
	'told | grep -aq "digest_lists\.ima_policy=exec_tcb|appraise_exec_tcb" && told | grep -aq "root=/dev/vda"'
check "the command line has what the image, the add-on and the machine give" grep -q \
	'digest_lists\.tpm_required=1.*digest_lists\.ima_policy=.*root=/dev/vda' /proc/cmdline
check "the module is loaded" [ -d "$SECFS" ] || bail "the module is not loaded"
check_eq "it was loaded in the initramfs" "systemd digest_lists systemd" "$(starts)"
check_eq "it refuses files" enforce "$(status ima_appraise)"
check_eq "it has refused none" 0 "$(status files_denied)"

section "the PCR"
check_eq "is 12, the default" 12 "$(started pcr)"
check "was not zero before the module was loaded" eval '[[ $(started pcr_initial_sha256) == *[1-9a-f]* ]]'
note "it was $(started pcr_initial_sha256)"
check "has gone on since" eval '[ "$(value 12)" != "$(started pcr_initial_sha256)" ]'

section "attestation"
quiet() { "$@" >>"$WORK/log" 2>&1; }
keys() {
	quiet tpm2_createek -c ek.ctx -G rsa && quiet tpm2_createak -C ek.ctx -c ak.ctx -G ecc -g sha256 -s ecdsa &&
		quiet tpm2_evictcontrol -C o -c ak.ctx 0x81010002 && quiet tpm2_readpublic -c 0x81010002 -f pem -o ak.pem
	local rc=$?
	[ "$rc" -eq 0 ] || cat "$WORK/log"
	return "$rc"
}
check "has a key" keys
nonce=$(openssl rand -hex 32)
check "makes evidence" digestctl attest --nonce "$nonce" --pcr 11 --ak 0x81010002 -o evidence.json
check "has a repository of lists" digestctl repo add repo /etc/digest_lists/lists/debian
# /etc/modprobe.d/digest_lists.conf takes unsigned lists as well, for measuring.
printf '%s\n' "policy=sha256:$(sha256sum <"$SECFS/policy" | cut -c1-64)" require_signature=0 >expected
judge() {
	digestctl verify-evidence evidence.json --nonce "$nonce" --ak ak.pem --repo repo --trust /mnt/share/linked.pem \
		--policy "$1" >verdict 2>&1
	local rc=$?
	sed 's/^/# /' verdict | head -n 20
	return "$rc"
}
judge expected
check_eq "is refused only for what was in the PCR, where zero is expected" "NOT TRUSTED: start-values" "$(head -n 1 verdict)"
check "tells the remedy then" grep -q 'start_values=firmware-log' verdict
{ cat expected && echo start_values=firmware-log; } >expected-uki
judge expected-uki
check_eq "is good where the firmware's log explains it" TRUSTED "$(head -n 1 verdict)"
check "says what explains it" grep -q "PCR 12 was .* as the firmware's log says" verdict
{ cat expected-uki && echo "boot_pcr=sha256:11:$(value 11)"; } >expected-image
judge expected-image
check_eq "is good where the image is expected in PCR 11" TRUSTED "$(head -n 1 verdict)"
finish
