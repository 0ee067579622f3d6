#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Where EVM has a key, its verdict counts beside that of the module. EVM cannot be switched off
# again, so this needs a boot of its own, with evm=fix, which lets files be labelled that were not
# made with a label of another LSM:
#
#   scripts/vm --append evm=fix -- /opt/selftests/run test_evm
#
# shellcheck disable=SC2015,SC2016 # 'eval' in a check; 'A && B || bail' ends the test in either case

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/access.sh"
. "$(dirname "$0")/appraise.sh"

evm=/sys/kernel/security/integrity/evm/evm
booted_with evm=fix
[ -w $evm ] || skip_all "no EVM in this kernel"
plan 13

# A file system whose image can be changed behind the kernel's back.
chmod 755 "$WORK"
modprobe -q loop
disk=$WORK/disk
image=/mnt/run/evm.img
truncate -s 64M $image && mkfs.ext4 -q -F $image && mkdir "$disk" && mount -o loop $image "$disk" && mounts+=("$disk") ||
	bail "no file system"
uuid=$(uuid_of "$disk")
echo 0 >/proc/sys/kernel/printk_ratelimit
fresh "$disk" early && evmctl ima_hash -a sha256 "$disk/early" >/dev/null 2>&1

section "a key of EVM"
check "is accepted" eval 'keyctl new_session >/dev/null; kmk=$(head -c 32 /dev/urandom | od -An -v -tx1 | tr -d " \n") &&
	keyctl add user kmk "$kmk" @u && keyctl add encrypted evm-key "new user:kmk 64" @u &&
	keyctl link @u @s && echo 1 >$evm' || bail "EVM takes no key"
fresh "$disk" good && evmctl ima_hash -a sha256 "$disk/good" >/dev/null 2>&1
check_eq "protects what is labelled from now on" 1 "$(getfattr -d -m security.evm --absolute-names "$disk/good" | grep -c security.evm)"
cp -p --preserve=mode "$disk/good" "$disk/tampered" && echo x >>"$disk/tampered" && evmctl ima_hash -a sha256 "$disk/tampered" >/dev/null 2>&1
fresh "$disk" listed
fresh "$disk" listed-tampered && evmctl ima_hash -a sha256 "$disk/listed-tampered" >/dev/null 2>&1
fresh "$disk" unknown

section "a program under appraisal with EVM"
load_module require_signature=0 || bail "the module does not load"
set_policy "appraise func=BPRM_CHECK fsuuid=$uuid digest_list" || bail "the policy is refused"
list_of immutable "$disk/listed" "$disk/listed-tampered" && load_signed || bail "the list is refused"
mark
check "runs with a digest that EVM protects" "$disk/good"
check "is refused with a digest that EVM does not protect" denied "$disk/early"
check_eq "has the cause no-label where EVM does not protect its digest" 1 "$(refusals "$disk/early" no-label | wc -l)"
check "runs without any label where a list knows it" "$disk/listed"
check "is refused without any label where no list knows it" denied "$disk/unknown"
check "runs before its owner is changed behind the kernel's back" eval '"$disk/tampered" && "$disk/listed-tampered"'

section "a program whose owner was changed behind the kernel's back"
# Their owners change behind the kernel's back.
umount "$disk"
for name in tampered listed-tampered; do debugfs -w -R "set_inode_field $name uid 1000" $image >/dev/null 2>&1; done
mount -o loop $image "$disk"
mark
check "is refused" denied "$disk/tampered"
check_eq "has the cause invalid-HMAC" 1 "$(refusals "$disk/tampered" invalid-HMAC | wc -l)"
check "is refused also where a list knows its content" denied "$disk/listed-tampered"
section "a program that EVM protects"
check "runs beside changed ones" "$disk/good"
chmod 700 "$disk/good"
check "runs after a change of mode by the kernel itself" "$disk/good"
rm $image
finish
