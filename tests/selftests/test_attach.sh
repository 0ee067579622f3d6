#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The attachment to the hooks: how each is attached, that it cannot be switched off, and BPF
# programs beside it, which come before the module or after it.
#
# shellcheck disable=SC2015,SC2119,SC2120 # 'A && B || bail' ends the test in either case; parameters are for 'check'

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/access.sh"

[ -e /sys/kernel/btf/vmlinux ] || skip_all "BPF programs want a kernel with BTF"
plan 107

files=$WORK/files
here=fsmagic=0x858458f6
mount_tmp ramfs mode=755 "$files" || bail "no ramfs"

# Where service managers and security agents attach programs, and the module is.
shared='bprm_check_security mmap_file file_mprotect file_open path_truncate'
# The same where the module is not.
elsewhere='bdev_setintegrity bdev_free_security ptrace_access_check bpf bpf_map bpf_prog'

# begin [PARAMETER=VALUE]...: with a policy that measures what is executed, mapped or read on the
# ramfs.
begin() { load_module "$@" && policy_for exec; }
# policy_for ACCESS: the rules by which $(measures ACCESS) leaves a record.
policy_for() {
	case $1 in
	exec) set_policy "measure func=BPRM_CHECK $here${NL}measure func=FILE_CHECK mask=MAY_READ $here" ;;
	map | mprotect) set_policy "measure func=MMAP_CHECK $here" ;;
	*) set_policy "measure func=FILE_CHECK mask=MAY_READ $here" ;;
	esac
}
# attached WAY: the hooks that are attached in that way, in one line.
attached() { sed -n "s/^hook_\(.*\): $1\$/\1/p" "$SECFS/status" | sort | tr '\n' ' '; }
sorted() { tr ' ' '\n' <<<"$*" | sort | tr '\n' ' '; }
# measures ACCESS: a new file that is accessed leaves a record; one that is written while it is
# read, a violation.
measures() {
	fresh "$files" || return
	case $1 in
	exec) "$file" || return ;;
	read) : <"$file" || return ;;
	map | mprotect) "$SYSCALLS" "$1" "$file" || return ;;
	write)
		exec {reader}<"$file" && : >>"$file" && exec {reader}<&- || return
		[ "$(violations_for "$file")" = 1 ] || { echo "$(violations_for "$file") violations of $file" && false; }
		return
		;;
	truncate) truncate -s 1 "$file" && : <"$file" || return ;;
	esac
	measured "$file"
}
# attach_bpf VERDICT HOOK...: a BPF program on each hook, until detach_bpf. Executes nothing else:
# it may forbid that.
mkfifo "$WORK/hold" "$WORK/answer"
attach_bpf() {
	local answer
	/opt/guest/bpf_lsm "$@" <"$WORK/hold" >"$WORK/answer" 2>&1 &
	bpf_pid=$!
	exec {bpf_hold}>"$WORK/hold" {bpf_answer}<"$WORK/answer"
	read -r -t 60 answer <&"$bpf_answer"
	[ "$answer" = attached ] || { printf '%s\n' "$answer" && detach_bpf && false; }
}
detach_bpf() {
	exec {bpf_hold}>&- {bpf_answer}<&-
	wait "$bpf_pid"
}
# seen: how often the program on the first hook ran so far.
seen() {
	local runs
	echo >&"$bpf_hold" && read -r -t 60 runs <&"$bpf_answer" && echo "${runs%% *}"
}
# sees COMMAND...: succeeds if the command does, and the program on the first hook runs meanwhile.
sees() {
	local before after
	before=$(seen) && "$@" && after=$(seen) && [ "$after" -gt "$before" ]
}
unload() { unload_module && [ ! -e "$SECFS" ]; }

# By itself.
[ -x /opt/guest/bpf_lsm ] || bail "bpf_lsm is not there: make helpers"
begin || bail "the module does not load"
section "attach=auto"
check_eq "redirects where service managers and security agents attach programs" "redirect " \
	"$(for hook in $shared; do status "hook_$hook"; done | sort -u | tr '\n' ' ')"
check_eq "jumps where every open, close, ioctl and inode passes" "file_ioctl file_post_open file_release inode_free_security " \
	"$(attached jump)"
check_eq "redirects hooks that are passed seldom" "redirect redirect " "$(status hook_kernel_read_file | tr '\n' ' ')$(status hook_inode_setxattr | tr '\n' ' ')"
check "an unknown program is measured" measures exec
check "an unknown file that is read is measured" measures read

section "attach=auto and ftrace_enabled=0"
ftrace=/proc/sys/kernel/ftrace_enabled
try_switch_off() { echo 0 >"$ftrace"; } 2>/dev/null
try_switch_off
check "programs are measured whether or not it is accepted" measures exec
check "files that are read are measured whether or not it is accepted" measures read
check_eq "ftrace_enabled=0 is refused" 1 "$(cat "$ftrace")"
echo 1 >"$ftrace"
check "the module is unloaded" unload

# Functions that ftrace calls at the stubs.
enabled() { grep -c '^bpf_lsm_' /sys/kernel/tracing/enabled_functions; }
check_eq "no stub is attached to after the module is unloaded" 0 "$(enabled)"

section "attach=stick"
refused_parameter() { ! modprobe digest_lists allow_unload=1 attach=stick 2>/dev/null && [ ! -e "$SECFS" ]; }
check "the module does not load" refused_parameter
check_eq "no stub is attached to" 0 "$(enabled)"
section "attach=redirect"
check "the module loads" begin attach=redirect
check_eq "no hook jumps" "" "$(attached jump)"
for access in exec read; do check "an unknown file is measured ($access)" measures $access; done
check "a program comes later on a hook where none is expected" attach_bpf 0 file_post_open
check "the later program sees files that are opened, which are measured" sees measures read
detach_bpf
check "the module is unloaded" unload
section "attach=jump"
check "the module loads" begin attach=jump
check_eq "no hook is redirected" "" "$(attached redirect)"
late() { ! attach_bpf 0 bprm_check_security >"$WORK/late" && grep '^attaching to ' "$WORK/late"; }
check "a program that comes later is refused" late
check "programs are measured beside a refused one" measures exec
check "the module is unloaded" unload

# after HOOK ACCESS: a BPF program comes after the module.
after() {
	local hook=$1 access=$2
	begin && policy_for "$access" || bail "the module does not load"
	section "$hook, module first"
	check "a program can be attached" attach_bpf 0 "$hook" || { unload && return; }
	check "both work" sees measures "$access"
	check "the program can go first" detach_bpf
	check "the module goes on" measures "$access"
	check "the program can come back" attach_bpf 0 "$hook"
	check "both work when it came back" sees measures "$access"
	check "the module can be unloaded while the program is attached" unload
	check "the program goes on" sees begin
	policy_for "$access"
	check "both work with the module loaded again" sees measures "$access"
	detach_bpf
	check "the module is unloaded after the program" unload
	check_eq "no stub is attached to after both are gone" 0 "$(enabled)"
}
after bprm_check_security exec
after mmap_file map
after file_mprotect mprotect
after file_open write

# As a service manager does it: all its programs at once.
section "all programs of a service manager, module first"
begin || bail "the module does not load"
# shellcheck disable=SC2086 # words
check "they can be attached to all hooks at once" \
	attach_bpf 0 $shared $elsewhere
check "programs are measured beside them" sees measures exec
check "files that are read are measured beside them" measures read
check "files that were cut are measured beside them" measures truncate
check "the module is unloaded beside them" unload
check "they go on" sees /usr/bin/true
section "all programs of a service manager, module last"
check "the module is loaded beside them" begin
check "programs are measured beside them" sees measures exec
detach_bpf
check "programs are measured when they are gone" measures exec
check "the module is unloaded" unload

# before HOOK ACCESS: a BPF program holds the jump when the module is loaded.
before() {
	local hook=$1 access=$2
	section "$hook, program first"
	check "a program can be attached" attach_bpf 0 "$hook" || return
	check "the module loads beside it" begin attach=jump || return
	check_eq "only that hook is redirected" "$hook " "$(attached redirect)"
	check "both work" sees measures "$access"
	check "the module is unloaded while the program is attached" unload
	check "the module loads again" begin attach=jump
	check "both work with the module loaded again" sees measures "$access"
	check "the program can go first" detach_bpf
	check "the module goes on" measures "$access"
	check "the program can come back" attach_bpf 0 "$hook"
	check "both work when it came back" sees measures "$access"
	detach_bpf
	check "the module is unloaded after the program" unload
}
before bprm_check_security exec
before file_post_open read

section "verdicts of programs"
# Verdicts of BPF programs. While this one is attached nothing can be executed.
attach_bpf -1 bprm_check_security || bail "no BPF program"
denied=yes
/usr/bin/true 2>/dev/null && denied=no
detach_bpf
check_eq "without the module -EPERM of a program denies execution" yes "$denied"
begin || bail "the module does not load"
fresh "$files" && rm -f "$WORK/error"
attach_bpf -1 bprm_check_security || bail "no BPF program"
denied=yes
"$file" 2>"$WORK/error" && denied=no
detach_bpf
check_eq "module first: -EPERM of a program denies execution" yes "$denied"
check "module first: the caller gets that error" grep -q 'Operation not permitted' "$WORK/error"
check "module first: a program is executed and measured afterwards" measures exec
check "the module is unloaded" unload
finish
