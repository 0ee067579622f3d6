#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The commands of the documents in a stock Debian system that does not run yet: this is executed in
# its root (scripts/check-documents). First by hand, in a checkout; then with the packages.

release=$(cd /boot && echo initrd.img-*)
export release=${release#initrd.img-}
# The kernel that runs is another one.
uname() { if [ "$*" = -r ]; then echo "$release"; else command uname "$@"; fi; }
depmod() { command depmod "$release"; }
export -f uname depmod
status=0

dpkg -i /mnt/share/make/*.deb >/dev/null || exit
cd /mnt/share/checkout || exit
bash /mnt/share/run.sh hand || status=1
# A module of make install is not of the package.
rm -r "/lib/modules/$release/extra"

cd /mnt/share/debs || exit
bash /mnt/share/run.sh packages || status=1
exit "$status"
