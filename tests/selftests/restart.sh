#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Restarts the machine after files of a list were used. scripts/test boots this and looks for the
# checkpoint in the kernel log, where each extend after the mark has a line of its own (with
# tp_printk on the kernel's command line).

. "$(dirname "$0")/lib.sh"

used=$WORK/used
mkdir "$used"
for i in 1 2 3; do echo "known $i" >"$used/$i"; done
chown 4242 "$used"/*
digestctl generate "$used" -o "$WORK/list" && digestctl metadata "$WORK/list" -o "$WORK/metadata" || exit
load_module require_signature=0 && digestctl load "$WORK/metadata" || exit
set_policy 'measure func=FILE_CHECK fowner=4242 digest_list' && cat "$used"/* || exit
cd /sys/kernel/tracing || exit
echo 'p:selftest/extend tpm_pcr_extend pcr=%si' >kprobe_events && echo 1 >events/selftest/extend/enable || exit
echo "selftest: restart" >/dev/kmsg
exec python3 -c 'import ctypes; ctypes.CDLL(None).reboot(0x01234567)'
