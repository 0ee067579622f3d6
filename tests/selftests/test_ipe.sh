#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The cases of IPE's unit tests of policies, in the language of IMA, against IMA and against the
# module. IPE's own language says what IMA's cannot. Documentation/testing-others.md says what
# differs, and why.

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/access.sh"
. "$(dirname "$0")/others.sh"

[ -w "$ima/policy" ] || note "IMA has taken its policy of this boot already: only the module is asked"
plan 55
load_module || bail "the module does not load"
section "a policy"
results "$SELFTESTS/ipe_policies.py"
section "the whole test"
if [ -e /dev/tpm0 ]; then check "the PCR of every bank replays" replay_ok; else skip "the PCR of every bank replays" "no TPM"; fi
finish
