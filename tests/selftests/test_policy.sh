#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The policy: the built-in ones, replacing it, what its rules decide, and what is refused.
#
# shellcheck disable=SC2015,SC2016 # 'A && B || bail' ends the test in either case; a script for another shell

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/access.sh"

plan 145

files=$WORK/files
ramfs=0x858458f6
policy_digest() { printf 'sha256:%s' "$(sha256sum <"$SECFS/policy" | cut -d' ' -f1)"; }
# last_digest NAME: the digest in the last record of this name.
last_digest() { record_for "$1" | tail -n 1 | cut -d' ' -f4; }

mount_tmp ramfs mode=755 "$files" || bail "no ramfs"
chmod 755 "$WORK"
cp /usr/bin/true "$WORK/true"

# fresh: a new program on the ramfs, with content of its own, in $file.

# The built-in policies.
builtin_ok() { diff <(digestctl policy builtin "$1") "$SECFS/policy"; }
for name in tcb exec_tcb 'tcb|exec_tcb'; do
	section "ima_policy=$name"
	load_module "ima_policy=$name" || bail "the module does not load with ima_policy=$name"
	check "the rules are those of the built-in policy" builtin_ok "$name"
	check_eq "the start record has the digest of the policy" \
		"$(policy_digest)" "$(started policy)"
	fresh "$files" && : <"$file"
	case $name in
	exec_tcb) check "reading a file is not measured" unmeasured "$file" ;;
	*) check "a file that root reads is measured" measured "$file" ;;
	esac
	"$file"
	check "a program is measured" measured "$file"
	as 1000 "$WORK/true"
	check "a program of another user is measured" measured "$WORK/true"
	check "the libraries that a program maps are measured" grep -q '/libc\.so' \
		"$SECFS/ascii_runtime_measurements"
	read -r _ </proc/version
	check "files in /proc are not measured" unmeasured /proc/version
	unload_module || bail "the module does not unload"
done
refused_builtin() {
	! modprobe digest_lists "ima_policy=$1" 2>"$WORK/error" && grep -q 'Invalid argument' "$WORK/error" &&
		dmesg | tail -n 5 | grep -F "digest_lists: ima_policy=$1: "
}
section "a policy that is not built in"
for name in nosuch 'tcb|nosuch' 'nosuch|tcb' '|'; do
	check "ima_policy=$name is refused, and the kernel log says why" refused_builtin "$name"
done

section "without ima_policy"
# Replacing the policy.
load_module || bail "the module does not load"
fresh "$files" && "$file"
check_eq "there is no rule" "" "$(cat "$SECFS/policy")"
check "nothing is measured" unmeasured "$file"

section "a policy that is written"
a="measure func=FILE_CHECK mask=MAY_READ fsmagic=$ramfs digest_list"
b="dont_measure fsmagic=$ramfs"
check "is accepted by its text" set_policy "$a"
check_eq "is read back" "$a" "$(cat "$SECFS/policy")"
check_eq "has the digest of the text that is read back in its record" "$(policy_digest)" "$(last_digest digest_lists_policy)"
fresh "$files" && : <"$file"
check "decides the next access" measured "$file"
printf '# comment\n\n  %s\t # why\n%s\n' "$b" "measure   uid=0 func=BPRM_CHECK fsmagic=0x1" >"$WORK/policy"
check "is accepted by its path" set_policy "$WORK/policy"
check_eq "is read back in order, without comments" "$b
measure func=BPRM_CHECK fsmagic=0x1 uid=0" "$(cat "$SECFS/policy")"
check_eq "has the digest of what is read back in its record when it is written by its path" "$(policy_digest)" "$(last_digest digest_lists_policy)"
fresh "$files" && : <"$file"
check "decides the next access when it is written by its path" unmeasured "$file"
set_policy "$a"
check_eq "has the last record even if it was in force before" \
	"$(policy_digest)" "$(last_digest digest_lists_policy)"
: <"$file"
check "measures a file that was not measured before" measured "$file"

section "the policy file refuses"
# What is refused leaves the policy as it is.
mkdir "$WORK/refused"
results "$SELFTESTS/refused_policies.py" "$WORK/refused"
section "refused policies"
check_eq "leave the policy as before" "$a" "$(cat "$SECFS/policy")"
fresh "$files" && : <"$file"
check "leave the policy in force" measured "$file"

section "rules"
access() {
	case $1 in
	read) : <"$2" ;;
	read-write) : <>"$2" ;;
	append) : >>"$2" ;;
	exec) "$2" ;;
	map) "$SELFTESTS/map_file.py" exec "$2" ;;
	map-read) "$SELFTESTS/map_file.py" read "$2" ;;
	user-read) as 1000 bash -c ": <$2" ;;
	user-exec) as 1000 "$2" ;;
	setuid-read) setpriv --euid=1000 bash -p -c ": <$2" ;;
	group-read) setpriv --regid=1000 --clear-groups bash -c ": <$2" ;;
	read-owned) chown 1000:1000 "$2" && : <"$2" ;;
	read-tmpfs) cp "$2" "$WORK/tmpfs-file" && file=$WORK/tmpfs-file && : <"$file" ;;
	esac
}
# decides YES|NO ACCESS RULES: whether a new file is measured. Rules that would match everywhere are
# kept to the ramfs.
decides() {
	set_policy 'dont_measure func=FILE_CHECK' && fresh "$files"
	set_policy "$3" || { not_ok "$3: $2: accepted" && return; }
	access "$2" "$file"
	case $1 in
	yes) check "'${3//$NL/; }' measures $2" measured "$file" ;;
	no) check "'${3//$NL/; }' does not measure $2" unmeasured "$file" ;;
	esac
}
here=fsmagic=$ramfs
while read -r want access rules; do
	[ -z "$want" ] || decides "$want" "$access" "${rules//@/$here}"
done <<'END'
yes read measure func=FILE_CHECK @
yes append measure func=FILE_CHECK @
yes exec measure func=FILE_CHECK @
no read measure func=BPRM_CHECK @
yes exec measure func=BPRM_CHECK @
no map measure func=BPRM_CHECK @
yes map measure func=MMAP_CHECK @
no map-read measure func=MMAP_CHECK @
no read measure func=MODULE_CHECK @

yes read measure func=FILE_CHECK mask=MAY_READ @
no read-write measure func=FILE_CHECK mask=MAY_READ @
no append measure func=FILE_CHECK mask=MAY_READ @
yes read-write measure func=FILE_CHECK mask=^MAY_READ @
no append measure func=FILE_CHECK mask=^MAY_READ @
yes append measure func=FILE_CHECK mask=^MAY_WRITE @
yes append measure func=FILE_CHECK mask=^MAY_APPEND @
no read-write measure func=FILE_CHECK mask=^MAY_APPEND @
no read measure func=FILE_CHECK mask=MAY_EXEC @
yes exec measure func=FILE_CHECK mask=MAY_EXEC @
yes exec measure mask=MAY_EXEC @

yes read measure func=FILE_CHECK uid=0 @
no user-read measure func=FILE_CHECK uid=0 @
yes user-read measure func=FILE_CHECK uid=1000 @
yes user-exec measure func=BPRM_CHECK uid=1000 @
no exec measure func=BPRM_CHECK uid=1000 @
yes user-read measure func=FILE_CHECK uid>999 @
no user-read measure func=FILE_CHECK uid>1000 @
no read measure func=FILE_CHECK uid>0 @
yes read measure func=FILE_CHECK uid<1000 @
no user-read measure func=FILE_CHECK uid<1000 @
yes setuid-read measure func=FILE_CHECK uid=0 @
yes setuid-read measure func=FILE_CHECK euid=1000 @
no setuid-read measure func=FILE_CHECK uid=1000 @
yes group-read measure func=FILE_CHECK gid=1000 @
no read measure func=FILE_CHECK gid=1000 @

yes read measure func=FILE_CHECK fsmagic=0x858458f6
yes read measure func=FILE_CHECK fsmagic=858458F6
no read measure func=FILE_CHECK fsmagic=0x01021994
yes read-tmpfs measure func=FILE_CHECK mask=MAY_READ fsmagic=0x01021994
yes read measure func=FILE_CHECK fsname=ramfs
no read measure func=FILE_CHECK fsname=ext4

yes read measure func=FILE_CHECK fowner=0 @
no read-owned measure func=FILE_CHECK fowner=0 @
yes read-owned measure func=FILE_CHECK mask=MAY_READ fowner=1000 @
no read measure func=FILE_CHECK fowner=1000 @
yes read-owned measure func=FILE_CHECK fowner>999 @
no read-owned measure func=FILE_CHECK fowner<1000 @
yes read-owned measure func=FILE_CHECK fgroup=1000 @
END
decides no read "dont_measure uid=0 $here${NL}measure func=FILE_CHECK $here"
decides yes user-read "dont_measure uid=0 $here${NL}measure func=FILE_CHECK $here"
decides yes read "measure func=FILE_CHECK $here${NL}dont_measure uid=0 $here"
decides no exec "measure func=MODULE_CHECK $here${NL}dont_measure func=BPRM_CHECK $here${NL}measure func=BPRM_CHECK $here"

section "the lookup in lists"
# A rule looks digests up only if it says so.
set_policy 'dont_measure func=FILE_CHECK' && fresh "$files"
cp "$file" "$files/known-without" && cp "$file" "$files/known-with" && cp "$file" "$files/first-with"
"$SELFTESTS/digestlists.py" make "$WORK/meta" "$WORK/list=immutable:@$file"
cat "$WORK/meta" >"$SECFS/digest_lists"
set_policy "measure func=BPRM_CHECK $here digest_list" && "$files/known-with"
check "a rule with digest_list does not measure a known file" unmeasured "$files/known-with"
set_policy "measure func=BPRM_CHECK $here" && "$files/known-without"
check "a rule without digest_list measures a known file" measured "$files/known-without"
"$files/known-with"
check "a rule without digest_list measures a file that another rule has found known before" measured "$files/known-with"
set_policy "measure func=BPRM_CHECK $here digest_list${NL}measure func=BPRM_CHECK $here" && "$files/first-with"
check "the first rule that matches decides on it" unmeasured "$files/first-with"

section "policy_hits"
hits() { awk '{ print $1 }' "$SECFS/policy_hits" | paste -sd' '; }
set_policy "dont_measure func=BPRM_CHECK uid=1000 $here${NL}measure func=BPRM_CHECK $here${NL}measure func=FILE_CHECK mask=MAY_READ uid=1000 $here"
check_eq "the rules are those of policy" "$(cat "$SECFS/policy")" "$(sed 's/^[0-9]* //' "$SECFS/policy_hits")"
check_eq "a policy that is new has decided about nothing" "0 0 0" "$(hits)"
cp "$file" "$files/hit" && chmod 755 "$files/hit"
"$files/hit"
check_eq "an access counts for the rule that decides" "0 1 0" "$(hits)"
setpriv --reuid=1000 --regid=1000 --clear-groups "$files/hit"
check_eq "an access counts for a rule that decides against its action" "1 1 0" "$(hits)"
setpriv --reuid=1000 --regid=1000 --clear-groups cat "$files/hit" >/dev/null
check_eq "one access counts once for each action" "1 1 1" "$(hits)"
set_policy "measure func=BPRM_CHECK $here"
check_eq "another policy begins with zero" 0 "$(hits)"

section "an overlayfs that a user mounts"
# Its UUID is an extended attribute of its upper directory.
own=$WORK/own uuid=01234567-89ab-cdef-0123-456789abcdef
modprobe overlay && mkdir "$own" "$own"/{lower,upper,work,mount} && cp "$file" "$own/upper/program" &&
	echo "own $RANDOM" >>"$own/upper/program" && chown -R 1000 "$own" || bail "no directories"
python3 -c 'import os, sys, uuid; os.setxattr(sys.argv[1], "user.overlay.uuid", uuid.UUID(sys.argv[2]).bytes)' \
	"$own/upper" "$uuid" || bail "no extended attribute"
set_policy "dont_measure func=BPRM_CHECK fsuuid=$uuid${NL}measure func=BPRM_CHECK mask=MAY_EXEC uid=1000"
# FS_IOC_GETFSUUID
cat >"$WORK/fsuuid.py" <<'END'
import fcntl, os, sys, uuid
fd = os.open(sys.argv[1], os.O_RDONLY)
print(uuid.UUID(bytes=fcntl.ioctl(fd, 0x80111500, bytes(17))[1:]))
END
found=$(cd "$own" && as 1000 unshare -Urm bash -c '
	mount -t overlay -o userxattr,uuid=on,lowerdir=lower,upperdir=upper,workdir=work overlay mount &&
		mount/program && exec python3 "$1" mount' bash "$WORK/fsuuid.py")
check_eq "has the UUID that the user chose" "$uuid" "$found"
check "does not match a rule with that UUID" measured "$own/mount/program"

section "the whole test"
if [ -e /dev/tpm0 ]; then check "the PCR of every bank replays" replay_ok; else skip "the PCR of every bank replays" "no TPM"; fi
finish
