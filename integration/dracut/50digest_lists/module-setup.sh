#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# dracut module: puts the module, digestctl, the lists of /etc/digest_lists/lists with their
# signatures, and the policy of /etc/digest_lists/policy, if there is one, into the initramfs.
# digest_lists.sh loads them. The hook for initramfs-tools does the same, by the same functions.
#
# It ends dracut where the next boot could not start: the initramfs that is there stays, and the
# installation of a new kernel fails. A module that only fails is left out, and dracut goes on.

# shellcheck disable=SC2154 # dracut's variables

# Into every initramfs, except where dracut asks what a single mount needs.
check() {
	[[ ! $mount_needs ]]
}

depends() {
	echo base
}

install() {
	# What the hook wants in any case. dracut takes the files of /etc/modprobe.d only into the
	# initramfs of one host.
	inst_multiple modprobe mount sleep /usr/lib/digest_lists/functions || exit 1
	inst_multiple -o /etc/modprobe.d/*.conf /usr/lib/modprobe.d/*.conf
	# The first of its kind: others execute programs of the root file system, as that for
	# SELinux does.
	inst_hook pre-pivot 00 "$moddir/digest_lists.sh"
	# In a shell of its own, since dracut has functions and variables as well.
	(
		# shellcheck source=integration/lib/functions
		. /usr/lib/digest_lists/functions
		module_for "$kernel" || {
			no_module "$kernel"
			exit
		}
		# No driver of some hosts only. omit_drivers= and --no-kernel leave it out without a
		# word.
		hostonly='' instmods digest_lists
		[[ $(find "$initdir/" -name 'digest_lists.ko*') ]] || {
			refuse "dracut leaves the module out" "remove it from omit_drivers=, and give no --no-kernel" || exit
			echo "W: digest_lists: dracut leaves the module out, which will not measure" >&2
		}
		inst_multiple digestctl && put_configuration "$initdir"
	) || exit 1
}
