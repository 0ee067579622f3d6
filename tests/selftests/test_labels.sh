#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Rules on security labels: those of tasks where the kernel was booted with AppArmor, SELinux or
# Smack, those of files with the latter two. To have both: scripts/vm --append
# "lsm=lockdown,yama,selinux,bpf" -- /opt/selftests/run test_labels
#
# shellcheck disable=SC2015,SC2016 # 'eval' in a check; 'A && B || bail' ends the test in either case

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/access.sh"

# The labels as the kernel tells them: user:role:type, or one word, which is a user.
task=$(tr -d '\0' 2>/dev/null </proc/self/attr/current)
task=${task%% (*}
[ -n "$task" ] || skip_all "no LSM in lsm= labels tasks"
plan 20

disk=$WORK/disk
chmod 755 "$WORK"
mkfs_loop ext4 64M "$disk" || bail "no file system"
load_module || bail "the module does not load"
note "LSMs: $(cat /sys/kernel/security/lsm)"
fresh "$disk"
object=
for name in selinux SMACK64; do
	object=${object:-$(getfattr --only-values -n security.$name "$file" 2>/dev/null | tr -d '\0')}
done
note "the label of tasks is '$task', that of files '$object'"
IFS=: read -r task_user task_role task_type _ <<<"$task"
IFS=: read -r object_user object_role object_type _ <<<"$object"

owner=4242
rule="measure func=FILE_CHECK fowner=$owner"
# decides YES|NO OPTION: whether a rule with the option measures a new file.
decides() {
	set_policy '' && fresh "$disk" && chown $owner "$file" && set_policy "$rule $2" || { not_ok "$1: '$2' is accepted" && return; }
	: <"$file"
	case $1 in
	yes) check "${2:-the rule} matches" once "$file" ;;
	no) check "${2:-the rule} does not match" unmeasured "$file" ;;
	esac
}
# field OPTION VALUE: whether a rule with the label's own value matches, or none does, where the
# label lacks the field.
field() {
	if [ -n "$2" ]; then decides yes "$1=$2"; else decides no "$1=${task_user:-none}"; fi
}
section "a rule with"
field subj_user "$task_user"
decides no "subj_user=${task_user}x"
decides no "subj_user=${task_user%?}"
field subj_role "$task_role"
decides no subj_role=other_r
field subj_type "$task_type"
decides no subj_type=other_t
field obj_user "$object_user"
decides no obj_user=other_u
field obj_role "$object_role"
decides no obj_role=other_r
field obj_type "$object_type"
decides no obj_type=other_t
decides yes "subj_user=$task_user uid=0"
decides no "subj_user=$task_user uid=1000"
section "dont_measure with the label of the task before a rule"
rule="dont_measure subj_user=$task_user${NL}measure func=FILE_CHECK fowner=$owner"
decides no ""
section "dont_measure with another label before a rule"
rule="dont_measure subj_user=other${NL}measure func=FILE_CHECK fowner=$owner"
decides yes ""

section "the label of a program of another task"
# A program of another task, with the same label.
rule="measure func=BPRM_CHECK fowner=$owner"
set_policy "$rule subj_user=$task_user" && fresh "$disk" && chown $owner "$file" && "$file"
check "subj_user= is that of the task that executes" once "$file"
if [ -n "$object_user" ]; then
	set_policy "$rule obj_user=$object_user" && fresh "$disk" && chown $owner "$file" && "$file"
	check "obj_user= is that of the program" once "$file"
else
	skip "obj_user= is that of the program" "no LSM in lsm= labels files"
fi
section "the whole test"
if [ -e /dev/tpm0 ]; then check "the PCR of every bank replays" replay_ok; else skip "the PCR of every bank replays" "no TPM"; fi
finish
