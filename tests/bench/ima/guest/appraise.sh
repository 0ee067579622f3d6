#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# appraise.sh SEED [FILES]: 2,000 files (FILES) of at most 100 bytes are each opened once and then
# again with cold caches, while whatever is not good is refused. The cases:
#
#   none      nothing
#   known     the module: a list with a signature of a trusted key
#   ima       IMA: a digest in security.ima of each file, which needs no key and protects nothing
#   ima-rsa   IMA: a signature in security.ima of each file, RSA-2048, made by evmctl
#   ima-ec    IMA: the same with ECDSA over P-384
#
# 'prepare' is what it takes to make the list and its signature, or the signatures.

. "$(dirname "$0")/lib.sh"

number=${2:-2000} directories=20

rules() { echo "appraise func=FILE_CHECK mask=MAY_READ fsuuid=${uuid[$1]}${2:+ $2}"; }
twice() {
	local pass
	for pass in 1 2; do
		cool "$1"
		measure "$1" files="$number" pass=$pass -- "$files" read "$work/$1" $directories "$number" 0 1 0
	done
}

for case in none known ima ima-rsa ima-ec; do
	make_fs $case 48M 4000
	"$files" make "$work/$case" $directories "$number" 100 || die "making files"
done
openssl req -x509 -newkey rsa:2048 -nodes -keyout $work/ima-rsa.key -out $work/ima-rsa.der -outform DER -subj /CN=rsa \
	-addext keyUsage=critical,digitalSignature 2>/dev/null || die "no key"
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-384 -nodes -keyout $work/ima-ec.key -out $work/ima-ec.der \
	-outform DER -subj /CN=ec -addext keyUsage=critical,digitalSignature 2>/dev/null || die "no key"

sign_list() {
	digestctl -q generate $work/known -o $work/list &&
		digestctl -q sign $work/list --key $keys/linked.key --cert $keys/linked.pem
}
measure prepare of=known files="$number" -- sign_list
measure prepare of=ima files="$number" -- sh -c "evmctl ima_hash -r -a sha256 $work/ima >/dev/null 2>&1"
for key in ima-rsa ima-ec; do
	measure prepare of=$key files="$number" -- sh -c "evmctl ima_sign -r -a sha256 -k $work/$key.key $work/$key >/dev/null 2>&1"
done
sync

twice none
load_signing_module
load_lists $work/list
rules known digest_list | set_policy
twice known
unload_module
# In this kernel IMA's keyring is one of the session.
keyctl new_session >/dev/null
ring=$(keyctl newring _ima @s) || die "no keyring"
for key in ima-rsa ima-ec; do keyctl padd asymmetric "" "$ring" <$work/$key.der >/dev/null || die "the key is refused"; done
keyctl link "$ring" @u
for case in ima ima-rsa ima-ec; do rules $case; done | set_ima_policy
for case in ima ima-rsa ima-ec; do
	[ "$case" = ima ] || getfattr --absolute-names -e hex -n security.ima $work/$case/000/00000 | grep -q '=0x0302' || die "$case is not signed"
	twice $case
done
# The rules are in force: a file that was changed is refused.
echo more >>$work/none/000/00000
for case in ima-rsa ima-ec; do
	cool $case
	value=$(getfattr --absolute-names --only-values -n security.ima $work/$case/000/00000 | od -An -v -tx1 | tr -d ' \n')
	setfattr -n security.ima -v "0x${value%????}0000" $work/$case/000/00000
	! cat $work/$case/000/00000 >/dev/null 2>&1 || die "IMA does not refuse a file whose signature is wrong"
done
