# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# What the selftests about signatures and keys share. To be sourced after lib.sh, in the directory
# in which a test works.

keys=/opt/guest/signatures

# put FILE DATA: writes DATA with one system call, and prints the errno; nothing for success.
put() { /opt/guest/syscalls write "$SECFS/$1" "$2" 2>&1; }
# load LIST SIGNATURE [TYPE]: loads a list by its metadata, and prints the errno.
load() {
	"$SELFTESTS/digestlists.py" metadata "${3:-compact}" "$1" "$2" >meta
	put digest_lists meta
}
# refused NAME ERRNO TEXT COMMAND...: one result: the errno, and the reason in the kernel log.
refused() {
	local name=$1 errno=$2 text=$3 got
	shift 3
	dmesg -C
	got=$("$@")
	if [ "$got" = "$errno" ] && dmesg | grep -q "digest_lists: .*$text"; then
		ok "$name"
	else
		note "wanted $errno, got '$got'"
		dmesg | tail -n 3 | sed 's/^/# /'
		not_ok "$name"
	fi
}
# accepted NAME COMMAND...: one result: no errno.
accepted() {
	local name=$1
	shift
	check_eq "$name" "" "$("$@")" || dmesg | tail -n 3 | sed 's/^/# /'
}
# cms LIST KEY [OPTION]...: signs LIST into LIST.KEY, with options of openssl cms. Without -noattr
# the time is signed too.
cms() {
	local list=$1 key=$2
	shift 2
	openssl cms -sign -binary -nosmimecap -in "$list" -signer "$keys/$key.pem" -inkey "$keys/$key.key" \
		-outform DER -out "$list.$key" -md sha256 "$@"
}
# ima LIST KEY [HASH]: signs LIST into LIST.KEY.ima.
ima() {
	evmctl ima_sign --sigfile -a "${3:-sha256}" -k "$keys/$2.key" "$1" >/dev/null 2>&1 && mv "$1.sig" "$1.$2.ima"
}
# id_of KEY: the identifier by which the module names it.
id_of() { openssl x509 -in "$keys/$1.pem" -noout -ext subjectKeyIdentifier | tail -n 1 | tr -d ' :' | tr A-F a-f; }
# revoke ID: prints the errno.
revoke() {
	printf 'revoke %s\n' "$1" >revoke
	put trusted_keys revoke
}
# state_of ID: the states of the keys with this identifier, in the order of trusted_keys.
state_of() { sed -n "s/^$1 .* state=//p" "$SECFS/trusted_keys" | tr '\n' ' ' | sed 's/ $//'; }
# start: loads the module so that it takes signed lists only.
start() { load_module ima_policy=exec_tcb require_signature=1 || bail "the module does not load"; }
# add_certificate KEY: to trusted_keys; prints the errno.
add_certificate() { put trusted_keys "$keys/$1.der"; }
