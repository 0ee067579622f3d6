#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The commands of the documents that need a kernel, in the guest of the selftests, which has a list
# of its own packages, signed by a key that the tests' build of the module trusts.

keys=/opt/guest/signatures
mkdir -p /etc/digest_lists/lists /etc/digest_lists/keys && cp $keys/signer.pem new-signer.pem || exit
digestctl generate --from dpkg --skip-changed -o /etc/digest_lists/lists/debian >/dev/null &&
	digestctl sign /etc/digest_lists/lists/debian --key $keys/linked.key --cert $keys/linked.pem >/dev/null || exit
cp $keys/digest_lists.ko "/lib/modules/$(uname -r)/extra/digest_lists.ko" && depmod || exit
bash /mnt/share/run.sh guest
