#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# In the guest: systemd's reports of this machine, signed by its TPM, once before an unknown program
# ran and once after it. /mnt/share/root.tar is a system with systemd-report. Its services are
# started by systemd-socket-activate, as its sockets would start them: they hang on a measured
# unified kernel image. Prints the reports, each as a line '@file NAME', its content in base64 and a
# line '@end'. In between, lines 'ok' and 'not ok' of what pcrlock.sh does.

set -eu
echo 1..6
secfs=/sys/kernel/security/digest_lists
export TPM2TOOLS_TCTI=device:/dev/tpmrm0
root=/report
mkdir "$root" /var/lib/machine
mount -t tmpfs -o size=700m none "$root"
tar -C "$root" -xf /mnt/share/root.tar --exclude='./dev/*'
for directory in dev sys; do mount --rbind "/$directory" "$root/$directory"; done
mount -t proc none "$root/proc"
mount -t tmpfs none "$root/run"
mkdir -p "$root"/run/systemd/{report,report.files,report.sign,report.sign.tpm2} "$root/var/lib/systemd/report.sign.tpm2"
# As the packages have it.
ln -s "$secfs/ascii_runtime_measurements" "$root/run/systemd/report.files/digest_lists_measurements"
# systemd-tpm2-setup makes these on a measured unified kernel image only.
rm -f "$root"/usr/lib/nvpcr/*
# The systemd that booted this guest separates nothing in PCR 12.
rm -f "$root"/usr/lib/pcrlock.d/750-os-separator.pcrlock
# shellcheck source=tests/report/pcrlock.sh
. /mnt/share/pcrlock.sh

cd /var/lib/machine
digestctl generate -x /usr/bin /usr/sbin /usr/lib /usr/local "$root/usr" -o list >/dev/null
digestctl metadata --unsigned list -o metadata >/dev/null
cp /usr/bin/true strange
echo >>strange
tpm2_createek -Q -c 0x81010001 -G rsa -u ek.pub

# serve SOCKET PROGRAM: one instance of the program a connection.
serve() {
	chroot "$root" systemd-socket-activate --fdname=varlink --accept -l "$1" \
		-E STATE_DIRECTORY=/var/lib/systemd/report.sign.tpm2 -E RUNTIME_DIRECTORY=/run/systemd/report.sign.tpm2 \
		"/usr/lib/systemd/$2" 2>>services.log &
	until [ -S "$root$1" ]; do sleep 0.2; done
}
# send NAME
send() {
	printf '\n@file %s\n' "$1"
	base64 "$1"
	printf '@end\n'
}
report() {
	chroot "$root" /usr/lib/systemd/systemd-report generate --sign=require-all io.systemd.Files >"$1" || {
		tail -n 20 services.log >&2
		exit 1
	}
	send "$1"
}

result "the component of a machine with this list is predicted" predict "$PWD/metadata"
modprobe digest_lists require_signature=0 ima_policy=exec_tcb
printf '%s' "$PWD/metadata" >"$secfs/digest_lists"
serve /run/systemd/report/io.systemd.Files systemd-report-files
serve /run/systemd/io.systemd.PCRLock systemd-pcrlock
serve /run/systemd/report.sign/tpm2 systemd-report-sign-tpm2
report known
result "systemd-pcrlock makes a policy of PCR 12 by the component" makes_policy
result "systemd-cryptenroll binds a volume to the policy" binds
result "the volume opens on the machine that has loaded the list" opens
./strange
report unknown
result "the volume stays closed once an unknown program ran" stays_closed
result "systemd-pcrlock takes PCR 12 for unknown then, and makes no policy of it" makes_none
