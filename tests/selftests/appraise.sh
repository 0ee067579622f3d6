# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# What the tests of appraisal share: a file system of their own, so that the guest itself is not
# appraised, signed lists, and what the audit log says. Sourced after lib.sh and access.sh.
#
# shellcheck disable=SC2034,SC2015 # used by the tests; 'A && B || C' where C must run if either fails

keys=/opt/guest/signatures
DIGEST_LISTS_KO=$keys/digest_lists.ko
disk=$WORK/disk

# begin_appraisal: the file system is in $disk, its UUID in $uuid.
begin_appraisal() {
	[ -e "$DIGEST_LISTS_KO" ] || bail "no module with certificates of the test was built: make helpers"
	chmod 755 "$WORK"
	mkfs_loop ext4 64M "$disk" || bail "no file system"
	uuid=$(uuid_of "$disk")
	no_ratelimit
	cd "$WORK" || bail "no work directory"
}

# no_ratelimit: the kernel log gets every record.
no_ratelimit() { echo 0 >/proc/sys/kernel/printk_ratelimit; }

# uuid_of DIRECTORY: the UUID of the file system that is mounted there.
uuid_of() { blkid -p -o value -s UUID "$(findmnt -n -o SOURCE "$1")"; }

# denied FILE: succeeds if the file cannot be executed for want of permission.
denied() {
	local rc=0
	"$@" 2>"$WORK/denied" || rc=$?
	[ "$rc" -eq 126 ] && grep -q 'Permission denied' "$WORK/denied" || { echo "exit status $rc: $(cat "$WORK/denied")" && false; }
}

# refuses COMMAND...: succeeds if the command fails and the module refused a file meanwhile.
refuses() {
	local before rc=0
	before=$(status files_denied)
	"$@" 2>"$WORK/refused" || rc=$?
	[ "$rc" -ne 0 ] && [ "$(status files_denied)" -gt "$before" ] ||
		{ echo "exit status $rc, $(($(status files_denied) - before)) refusals: $(cat "$WORK/refused")" && false; }
}

# is_refused CAUSE FILE COMMAND...: succeeds if the command fails, and the audit log says of that
# file, by its path, that it was refused meanwhile, and why; the record may come a moment later.
# Sets the mark.
is_refused() {
	local cause=$1 name=$2 rc=0
	shift 2
	mark
	"$@" >"$WORK/refused" 2>&1 || rc=$?
	[ "$rc" -ne 0 ] && wait_for 5 has_refused "$name" "$cause" ||
		{ echo "exit status $rc: $(cat "$WORK/refused"); $(kernel_log | grep 'audit: type=180')" && false; }
}
has_refused() { refusals "$1" "$2" | grep -q ' res=0 errno=-13'; }

# is_refused_with TEXT COMMAND...: the same where the kernel log has a line of this text, and no
# audit record.
is_refused_with() {
	local rc=0
	mark
	"${@:2}" >"$WORK/refused" 2>&1 || rc=$?
	[ "$rc" -ne 0 ] && kernel_log | grep -qF "digest_lists: $1" || { echo "exit status $rc" && kernel_log && false; }
}

# appends FILE: opens it for writing, and writes nothing.
appends() { : >>"$1"; }

# audit_name NAME: as records have it, in hexadecimal if it has a space.
audit_name() {
	if [[ $1 == *' '* ]]; then printf %s "$1" | od -An -v -tx1 | tr -d ' \n' | tr a-f A-F; else printf '"%s"' "$1"; fi
}

# refusals FILE CAUSE: the audit records of them since the mark.
refusals() {
	kernel_log | awk -v cause="op=appraise_data cause=$2 " -v name=" name=$(audit_name "$1") " '
		/audit: type=1800 / && index($0, cause) && index($0, name)'
}

# get_ima FILE: its security.ima in hexadecimal, in $ima_value; ima_of prints it.
get_ima() {
	ima_value=$(getfattr --absolute-names -e hex -n security.ima "$1" 2>/dev/null)
	ima_value=${ima_value##*=0x}
}
ima_of() { get_ima "$1"; printf %s "$ima_value"; }

# has_digest FILE: succeeds if its security.ima has the digest of its content.
has_digest() {
	local want got
	got=$(ima_of "$1")
	want=0404$(digest_of "$1")
	[ "$got" = "$want" ] || { echo "security.ima of $1 is '$got', its content has '$want'" && false; }
}

# preloaded LIBRARY: succeeds if a program that is started with it has its code mapped. The loader
# starts the program without what it cannot map, and says so in $WORK/loader.
preloaded() { LD_PRELOAD=$1 /usr/bin/grep -q " r-xp .* $1\$" /proc/self/maps 2>"$WORK/loader"; }

# sign_file FILE KEY: a signature in its security.ima.
sign_file() { evmctl ima_sign -a sha256 -k "$keys/$2.key" "$1" >/dev/null 2>&1; }

# list_of KIND FILE...: a list of the digests of the files, in $list; KIND may change between files.
list_count=0
list_of() {
	local kind='' entries=''
	list_count=$((list_count + 1))
	list=$WORK/list-$list_count
	while [ $# -gt 0 ]; do
		case $1 in
		immutable | mutable | revoked) kind=$1 ;;
		*) entries+=",$kind:@$1" ;;
		esac
		shift
	done
	"$SELFTESTS/digestlists.py" make "$WORK/unsigned" "$list=${entries#,}"
}

# load_signed: loads the last list, signed by a trusted key; load_unsigned without a signature.
load_signed() {
	openssl cms -sign -binary -noattr -nosmimecap -in "$list" -signer "$keys/linked.pem" -inkey "$keys/linked.key" \
		-outform DER -out "$list.p7s" -md sha256 && "$SELFTESTS/digestlists.py" metadata compact "$list" "$list.p7s" >"$WORK/meta" &&
		cat "$WORK/meta" >"$SECFS/digest_lists"
}
load_unsigned() { cat "$WORK/unsigned" >"$SECFS/digest_lists"; }

# remove_list: removes the last list.
remove_list() { printf 'sha256:%s\n' "$(digest_of "$list")" >"$SECFS/digest_lists_remove"; }

# sign_module FILE KEY OUTPUT: with a signature at its end, as the kernel's sign-file makes it.
sign_module() {
	openssl cms -sign -binary -noattr -nosmimecap -nocerts -in "$1" -signer "$keys/$2.pem" -inkey "$keys/$2.key" \
		-outform DER -out "$WORK/modsig" -md sha256 &&
		python3 -c '
import sys
content, signature = (open(name, "rb").read() for name in sys.argv[1:3])
info = bytes([0, 0, 2, 0, 0, 0, 0, 0]) + len(signature).to_bytes(4, "big")
open(sys.argv[3], "wb").write(content + signature + info + b"~Module signature appended~\n")' "$1" "$WORK/modsig" "$3"
}

# enforcing_system: ends a test that is not run in the system of scripts/system.
enforcing_system() {
	grep -q 'digest_lists.ima_policy=appraise_exec_tcb' /proc/cmdline || skip_all "not booted with scripts/vm --system"
	[ "$(status ima_appraise)" = enforce ] || { plan 1 && bail "the module does not enforce"; }
}
