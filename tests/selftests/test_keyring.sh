#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The keyring .digest_lists against root: whatever keyctl offers is refused for it and for the keys
# in it, and lists go on verifying. Each command is first tried on a keyring of the test's own,
# where it works.

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/signatures.sh"

DIGEST_LISTS_KO=$keys/digest_lists.ko
[ -e "$DIGEST_LISTS_KO" ] || skip_all "no module with certificates of the test was built"

plan 37
cd "$WORK" || bail "no work directory"
keyctl new_session >/dev/null

"$SELFTESTS/digestlists.py" series "$WORK/lists" 1 10
cp lists/list-0 list
cms list linked -nocerts || bail "openssl cms"

start
serials() { awk -v what="$1" 'index($0, what) { print "0x" $1; exit }' /proc/keys; }
ring=$(serials 'keyring   .digest_lists:')
inside=$(serials 'selftest linked: ')
section "the keyring"
check "it has a serial number" [ -n "$ring" ]
check "a key in it has a serial number" [ -n "$inside" ]
if [ -z "$ring" ] || [ -z "$inside" ]; then bail "without them nothing is tested"; fi
check_eq "it holds four keys" 4 "$(keyctl rlist "$ring" | wc -w)"

# forbidden NAME COMMAND...: one result: COMMAND fails because it may not, and for no other reason.
forbidden() {
	local name=$1
	shift
	if "$@" >denied 2>&1; then
		not_ok "$name"
	elif grep -Eq 'Permission denied|Operation not permitted' denied; then
		ok "$name"
	else
		note "$(cat denied)"
		not_ok "$name"
	fi
}
own() { keyctl newring own @s; }
key() { keyctl add user "key-$RANDOM" data @s; }
x509() { keyctl padd asymmetric "" "$1" <"$keys/foreign.der"; }

# operation NAME ARGUMENT...: a command of keyctl with RING and KEY in its arguments, on an own
# keyring, and on .digest_lists.
operation() {
	local name=$1 mine theirs
	mine=$(own) theirs=$(key)
	keyctl link "$theirs" "$mine"
	shift
	section "$name"
	# shellcheck disable=SC2046 # several words
	check "works on a keyring of the test's own" keyctl $(sed "s/RING/$mine/; s/KEY/$theirs/; s/OTHER/$(key)/" <<<"$*")
	# shellcheck disable=SC2046
	forbidden "is refused for .digest_lists" keyctl $(sed "s/RING/$ring/; s/KEY/$inside/; s/OTHER/$(key)/" <<<"$*")
}

mine=$(own)
section "adding a certificate"
check "works on a keyring of the test's own" x509 "$mine"
forbidden "is refused for .digest_lists" x509 "$ring"
operation "adding a key" add user name data RING
operation "linking a key" link OTHER RING
operation "unlinking a key" unlink KEY RING
operation "clearing" clear RING
operation "changing the permissions" setperm RING 0x3f3f3f3f
operation "changing the owner" chown RING 1000
operation "changing the group" chgrp RING 1000
operation "a timeout" timeout RING 1
operation "a restriction" restrict_keyring RING
operation "revoking" revoke RING
operation "invalidating" invalidate RING
operation "revoking a key" revoke KEY
operation "invalidating a key" invalidate KEY
operation "a timeout of a key" timeout KEY 1
section "the keyring after all that"
sleep 2
check_eq "it is the same, and whole" "$ring 4" "$(serials 'keyring   .digest_lists:') $(keyctl rlist "$ring" | wc -w)"
accepted "a list is verified as before" load list list.linked
accepted "a key can be added by trusted_keys" put trusted_keys "$keys/signer.der"
check_eq "it shows a key that was added by trusted_keys" 5 "$(keyctl rlist "$ring" | wc -w)"
unload_module || bail "the module does not unload"
finish
