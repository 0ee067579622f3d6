#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The attachment to the hooks: how each is attached, that it cannot be switched off, and BPF programs beside it.

. "$(dirname "$0")/lib.sh"

plan 48

files=$WORK/files
here=fsmagic=0x858458f6
hooks='bprm_check_security mmap_file file_release inode_free_security kernel_post_read_file file_post_open'
mount_tmp ramfs mode=755 "$files" || bail "no ramfs"

# load: with a policy that measures what is executed or read on the ramfs.
load() {
	load_module && cat <<-END >"$SECFS/policy"
		measure func=BPRM_CHECK $here
		measure func=FILE_CHECK mask=MAY_READ $here
	END
}
ways() { for hook in $hooks; do status "hook_$hook"; done | sort | uniq -c | tr -s ' \n' ' '; }
fresh_count=0
fresh() {
	fresh_count=$((fresh_count + 1))
	file=$files/$fresh_count
	cp /usr/bin/true "$file" && echo "$fresh_count" >>"$file"
}
# measures exec|read: a new file that is executed, or read, has one record.
measures() {
	fresh || return
	case $1 in
	exec) "$file" || return ;;
	read) : <"$file" || return ;;
	esac
	[ "$(records_for "$file")" = 1 ] || { echo "$(records_for "$file") records of $file" && false; }
}
# attach_bpf HOOK VERDICT: a BPF program on the hook, until detach_bpf. Executes nothing else: the program may forbid it.
mkfifo "$WORK/hold" "$WORK/answer"
attach_bpf() {
	local answer
	/opt/guest/bpf_lsm "$1" "$2" <"$WORK/hold" >"$WORK/answer" 2>&1 &
	bpf_pid=$!
	exec {bpf_hold}>"$WORK/hold"
	read -r -t 60 answer <"$WORK/answer"
	[ "$answer" = attached ] || { printf '%s\n' "$answer" && detach_bpf && false; }
}
detach_bpf() {
	exec {bpf_hold}>&-
	wait "$bpf_pid"
}
unload() { unload_module && [ ! -e "$SECFS" ]; }

# By itself.
[ -x /opt/guest/bpf_lsm ] || bail "bpf_lsm is not there: make helpers"
load || bail "the module does not load"
for hook in $hooks; do check_eq "$hook is attached by a jump" jump "$(status "hook_$hook")"; done
check "an unknown program is measured" measures exec
check "an unknown file that is read is measured" measures read

ftrace=/proc/sys/kernel/ftrace_enabled
try_switch_off() { echo 0 >"$ftrace"; } 2>/dev/null
try_switch_off
check "whether or not ftrace_enabled=0 is accepted, programs are measured" measures exec
check "so are files that are read" measures read
check_eq "ftrace_enabled=0 is refused" 1 "$(cat "$ftrace")"
echo 1 >"$ftrace"

# A BPF program that comes after the module finds the stub taken.
late() { ! attach_bpf bprm_check_security 0 >"$WORK/late" && grep '^attaching: ' "$WORK/late"; }
check "a BPF program that comes later is refused" late
check "and programs are measured as before" measures exec
check "the module is unloaded" unload

# Functions that ftrace calls at the stubs.
enabled() { grep -c '^bpf_lsm_' /sys/kernel/tracing/enabled_functions; }
check_eq "no stub is attached to after that" 0 "$(enabled)"

# beside HOOK ACCESS: a BPF program holds the hook when the module is loaded.
beside() {
	local hook=$1 access=$2
	check "$hook: a BPF program can be attached" attach_bpf "$hook" 0 || return
	check "$hook: the module loads beside it" load || return
	check_eq "$hook: that hook is redirected" redirect "$(status "hook_$hook")"
	check_eq "$hook: the others are attached by a jump" " 5 jump 1 redirect " "$(ways)"
	check "$hook: an unknown file is measured" measures "$access"
	check "$hook: the module is unloaded while the program is attached" unload
	check "$hook: it loads again" load
	check "$hook: an unknown file is measured again" measures "$access"
	check "$hook: the BPF program can go first" detach_bpf
	check "$hook: an unknown file is still measured" measures "$access"
	check "$hook: the BPF program can come back" attach_bpf "$hook" 0
	check "$hook: an unknown file is measured as before" measures "$access"
	detach_bpf
	check "$hook: the module is unloaded after the program" unload
}
beside bprm_check_security exec
beside file_post_open read

# Verdicts of BPF programs. While this one is attached nothing can be executed.
attach_bpf bprm_check_security -1 || bail "no BPF program"
denied=yes
/usr/bin/true 2>/dev/null && denied=no
detach_bpf
check_eq "without the module a BPF program's -EPERM denies execution" yes "$denied"
check "a BPF program that allows everything is attached" attach_bpf bprm_check_security 0
check "the module loads beside it" load
detach_bpf
fresh && rm -f "$WORK/error"
attach_bpf bprm_check_security -1 || bail "no BPF program"
denied=yes
"$file" 2>"$WORK/error" && denied=no
detach_bpf
check_eq "beside the module a BPF program's -EPERM denies execution" yes "$denied"
check "with that error" grep -q 'Operation not permitted' "$WORK/error"
check "afterwards the program is executed and measured" measures exec
check "the module is unloaded at last" unload
finish
