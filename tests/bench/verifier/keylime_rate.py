#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""keylime_rate.py DIRECTORY PLUGINS CONFIG: what Keylime's verification function takes for the requests in DIRECTORY.

`whole` is what its service does for a request to /verify/evidence, once it has it as text.
`nothing new` is what it does for an agent that it knows, whose list has no new record.
"""

import json
import logging
import os
import resource
import sys
import tempfile
import time

directory, plugins, template = (os.path.abspath(argument) for argument in sys.argv[1:])
sys.path.insert(0, plugins)
# As in 'make check-keylime'.
with tempfile.NamedTemporaryFile("w", encoding="ascii", delete=False) as config:
    with open(template, encoding="ascii") as file:
        config.write(file.read().format(port=0, imports='["digest_lists_pcr"]', more=""))
os.environ["KEYLIME_VERIFIER_CONFIG"] = config.name
from keylime import cloud_verifier_common  # noqa: E402 pylint: disable=wrong-import-position
from keylime.agentstates import AgentAttestState  # noqa: E402 pylint: disable=wrong-import-position
from keylime.common import algorithms  # noqa: E402 pylint: disable=wrong-import-position
from keylime.ima import ima  # noqa: E402 pylint: disable=wrong-import-position
from keylime.mba import mba  # noqa: E402 pylint: disable=wrong-import-position
from keylime.tpm.tpm_main import Tpm  # noqa: E402 pylint: disable=wrong-import-position

mba.load_imports()
os.unlink(config.name)

logging.disable(logging.CRITICAL)
texts = []
for name in sorted(os.listdir(directory)):
    with open(os.path.join(directory, name), encoding="utf-8") as file:
        texts.append(file.read())


def report(name, begun, bad, more=""):
    """One line."""
    took = time.process_time() - begun
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(
        f"{name} machines={len(texts)} processor={took:.3f} per_second_and_core={len(texts) / took:.0f} "
        f"memory_kib={memory} not_trusted={bad}{more}",
        flush=True,
    )


def whole(text):
    """What the service does."""
    data = json.loads(text)["data"]
    failure = cloud_verifier_common.process_verify_attestation(
        data["tpm_ek"],
        data["tpm_ak"],
        data["quote"],
        data["nonce"],
        data["hash_alg"],
        data["tpm_policy"],
        ima.deserialize_runtime_policy(data["runtime_policy"]),
        data["mb_policy"],
        data["ima_measurement_list"],
        data["mb_log"],
    )
    return bool(failure.events)


def known(state, data, policy, records):
    """What the verifier does for an agent that it knows."""
    failure = Tpm().check_quote(
        state,
        data["nonce"],
        None,
        data["quote"],
        data["tpm_ak"],
        "",
        records,
        policy,
        algorithms.Hash(data["hash_alg"]),
        None,
        "",
        "",
        skip_clock_check=True,
        skip_data_pcr_check=True,
    )
    return bool(failure.events)


whole(texts[0])
begun = time.process_time()
report("keylime-whole", begun, sum(whole(text) for text in texts))

# One policy for all, as the verifier keeps it.
policy = ima.deserialize_runtime_policy(json.loads(texts[0])["data"]["runtime_policy"])
states = [AgentAttestState(str(number)) for number in range(len(texts))]
requests = [json.loads(text)["data"] for text in texts]
bad = sum(
    known(state, data, policy, data["ima_measurement_list"]) for state, data in zip(states, requests)
)
begun = time.process_time()
bad += sum(known(state, data, policy, "") for state, data in zip(states, requests))
report("keylime-nothing-new", begun, bad)
