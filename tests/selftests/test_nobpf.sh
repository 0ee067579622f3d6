#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# On a kernel that was booted without the BPF LSM the module refuses to load and says what to do:
#
#   scripts/vm --append lsm=lockdown,yama -- /opt/selftests/run nobpf

. "$(dirname "$0")/lib.sh"

! tr ',' '\n' </sys/kernel/security/lsm | grep -qx bpf || skip_all "the BPF LSM is active: boot with lsm=lockdown,yama"
plan 5

does_not_load() { ! modprobe digest_lists allow_unload=1 2>"$WORK/error"; }
section "a kernel without the BPF LSM"
check "the module does not load" does_not_load
check "the error is ENOENT" grep -q 'No such file or directory\|Unknown symbol' "$WORK/error"
check "the kernel log names the remedy" grep -q "digest_lists: .*boot with 'bpf' in the list of lsm=" <(dmesg | tail -n 20)
check "no directory is left in securityfs" test ! -e "$SECFS"
check_eq "no hook stays attached" 0 "$(grep -c '^bpf_lsm_' /sys/kernel/tracing/enabled_functions)"
finish
