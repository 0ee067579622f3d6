# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# What tests of packages share: what they need to know of initramfs-tools and of dracut.

# content INITRAMFS: the names of what is in it.
content() {
	if command -v lsinitramfs >/dev/null; then
		lsinitramfs "$1"
	else
		lsinitrd "$1" | awk '$1 ~ /^[-dlcb][-rwxsStT]+$/ { print $9 }'
	fi
}

# runs_commands: the commands of README.md, which scripts/check-packages has put there, succeed.
runs_commands() {
	local command begun
	while read -r command; do
		begun=$SECONDS
		check "succeed: $command" bash -c "$command </dev/null"
		note "$((SECONDS - begun)) s"
	done </mnt/share/commands
}

# starts: where the kernel log has the first message of the module among the first ones of systemd,
# in the initramfs and in the root file system.
starts() {
	dmesg | awk '/digest_lists: / && !m++ { print "digest_lists" } /systemd\[1\]: systemd .* running/ { print "systemd" }' |
		xargs
}

# What of the project is in an initramfs.
# shellcheck disable=SC2034 # for the tests
ours="digest_lists\.ko|init-bottom/digest_lists|digestctl|digest_lists\.sh"
