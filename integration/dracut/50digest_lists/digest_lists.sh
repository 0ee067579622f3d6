#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# dracut hook, pre-pivot: loads the module, whose parameters are on the kernel's command line
# (digest_lists.ima_policy=…) or in /etc/modprobe.d, the lists, and at last the policy, before
# anything of the root file system is executed. That is after sysinit.target of the initramfs, and
# so after systemd-pcrosseparator.service.
#
# If that fails and files are to be appraised, it ends in dracut's emergency shell, or in what
# rd.shell= and rd.emergency= ask for.

# dracut sources this: what is set stays here.
(
	# shellcheck source=integration/lib/functions
	. /usr/lib/digest_lists/functions

	stop() {
		echo "$1" >&2
		emergency_shell -n digest_lists "digest_lists: the boot stops here"
	}

	load_or_stop stop
)
