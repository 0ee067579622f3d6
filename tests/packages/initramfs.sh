# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# What tests of packages need to know of initramfs-tools and of dracut.

# content INITRAMFS: the names of what is in it.
content() {
	if command -v lsinitramfs >/dev/null; then
		lsinitramfs "$1"
	else
		lsinitrd "$1" | awk '$1 ~ /^[-dlcb][-rwxsStT]+$/ { print $9 }'
	fi
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
