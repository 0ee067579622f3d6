#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""cases.py DIRECTORY DIGESTCTL PLUGINS: asks Keylime's verifier about the evidence in DIRECTORY.

Starts keylime_verifier with its HTTPS service, with and without the module of PLUGINS, and posts
what DIGESTCTL makes of the evidence to /v2.5/verify/evidence. Prints a line for each case, and
'N passed, N failed'.
"""

import copy
import json
import os
import signal
import socket
import ssl
import subprocess
import sys
import time
import urllib.request

here = os.path.dirname(os.path.abspath(__file__))
directory, digestctl, plugins = (os.path.abspath(argument) for argument in sys.argv[1:])
nonce = open(os.path.join(directory, "nonce"), encoding="ascii").read().strip()
results = {True: 0, False: 0}


def result(name, good, detail=""):
    """One line."""
    results[bool(good)] += 1
    print("ok     " if good else "FAILED ", name, flush=True)
    if not good:
        print("       ", detail, flush=True)


def request(evidence, **policies):
    """What digestctl makes of the evidence."""
    command = [digestctl, "export", "keylime-evidence", evidence, "--nonce", nonce, "--ak", "ak.pem"]
    for option, path in policies.items():
        command += ["--" + option.replace("_", "-"), path]
    made = subprocess.run(command, cwd=directory, capture_output=True, check=False, text=True)
    if made.returncode:
        sys.exit(f"digestctl: {made.stderr}")
    return json.loads(made.stdout)


class Verifier:
    """keylime_verifier while it runs."""

    def __init__(self, name, imports, more=""):
        self.place = os.path.join(directory, name)
        os.makedirs(self.place)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        config = os.path.join(self.place, "verifier.conf")
        with open(os.path.join(here, "verifier.conf"), encoding="ascii") as template:
            text = template.read().format(port=self.port, imports=json.dumps(imports), more=more)
        with open(config, "w", encoding="ascii") as file:
            file.write(text)
        environment = dict(os.environ, KEYLIME_DIR=self.place, KEYLIME_VERIFIER_CONFIG=config, PYTHONPATH=plugins)
        environment["KEYLIME_CA_CONFIG"] = os.path.join(here, "ca.conf")
        self.log = os.path.join(self.place, "log")
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(
                ["keylime_verifier"], env=environment, stdout=log, stderr=log, cwd=self.place
            )

    def __enter__(self):
        until = time.monotonic() + 120
        while time.monotonic() < until and self.process.poll() is None:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return self
            except OSError:
                time.sleep(0.2)
        self.process.kill()
        with open(self.log, encoding="utf-8") as log:
            sys.exit(f"keylime_verifier does not start:\n{log.read()[-4000:]}")

    def __exit__(self, *_):
        # Its first process waits for the others, and takes no signal.
        for child in self.children():
            os.kill(int(child), signal.SIGTERM)
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()

    def children(self):
        """The ids of the processes that it started."""
        with open(f"/proc/{self.process.pid}/task/{self.process.pid}/children", encoding="ascii") as children:
            return children.read().split()

    def ask(self, body):
        """Whether the evidence is valid, and the failures otherwise."""
        context = ssl.create_default_context(cafile=os.path.join(self.place, "cv_ca", "cacert.crt"))
        asked = urllib.request.Request(
            f"https://127.0.0.1:{self.port}/v2.5/verify/evidence",
            json.dumps(body).encode(),
            {"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(asked, context=context, timeout=120) as answer:
            answered = json.load(answer)["results"]
        return answered["valid"], answered["failures"]

    def trusts(self, name, body):
        """A case that is valid."""
        valid, failures = self.ask(body)
        result(name, valid and not failures, failures)

    def refuses(self, name, body, *reasons, only=False):
        """A case that is not valid, for reasons that have these texts; for no others with only."""
        valid, failures = self.ask(body)
        texts = [json.dumps(failure) for failure in failures]
        told = all(any(reason in text for text in texts) for reason in reasons)
        result(name, not valid and told and (not only or len(texts) == len(reasons)), failures)


trusted = request("trusted", runtime_policy="runtime.json")
with Verifier("with", ["digest_lists_pcr"]) as verifier:
    verifier.trusts("a machine that used known files only is trusted", trusted)
    verifier.trusts(
        "it is trusted before it made a checkpoint", request("untouched", runtime_policy="runtime.json")
    )
    unknown = "/var/lib/fleet/strange"
    verifier.refuses(
        "an unknown file is told by its path, and nothing else",
        request("unknown", runtime_policy="runtime.json"),
        unknown,
        only=True,
    )
    verifier.trusts(
        "a machine with an unknown file that is allowed is trusted",
        request("unknown", runtime_policy="allowed.json"),
    )
    other = copy.deepcopy(trusted)
    other["data"]["nonce"] = "b3RoZXIgbm9uY2U="
    verifier.refuses("evidence for another nonce is refused", other, "nonce", only=True)
    cut = copy.deepcopy(trusted)
    lines = cut["data"]["ima_measurement_list"].splitlines(keepends=True)
    cut["data"]["ima_measurement_list"] = "".join(lines[:-1])
    verifier.refuses("a list without its last record is refused", cut, "pcr_mismatch", only=True)
    dropped = copy.deepcopy(trusted)
    dropped["data"]["ima_measurement_list"] = "".join(lines[:2] + lines[3:])
    verifier.refuses("a list without the load of the lists is refused", dropped, "pcr_mismatch", only=True)
    verifier.refuses(
        "the removal of a list is told",
        request("removed", runtime_policy="allowed.json"),
        "digest_lists_remove",
    )
with Verifier("other-pcr", ["digest_lists_pcr"], "ima_pcr = 13") as verifier:
    verifier.refuses(
        "an older edition of a list is told by the record of its load, and nothing else",
        request("rollback", runtime_policy="runtime13.json"),
        "Hash not found in runtime policy",
        only=True,
    )
with Verifier("without", []) as verifier:
    verifier.trusts(
        "without the module a machine whose PCR has the predicted value is trusted",
        request("untouched", tpm_policy="pinned.json"),
    )
    verifier.refuses(
        "without the module a machine with another value is refused",
        request("unknown", tpm_policy="pinned.json"),
        "invalid_pcr_12",
        only=True,
    )
    verifier.refuses(
        "without the module, which lets Keylime read the list, a request with a list is refused",
        trusted,
        "invalid_pcr_12",
        only=True,
    )

print(f"{results[True]} passed, {results[False]} failed")
sys.exit(results[False] > 0)
