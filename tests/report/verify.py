#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""verify.py DIRECTORY: judges the reports that guest.sh made, as a program would that gets them.

A report is a sequence of JSON texts (RFC 7464): the report, and the TPM's signature of it. The
quote has no values of the PCRs, only a digest over them: those of the firmware come from the event
log beside it, that of PCR 12 from the measurement list in the report. Prints a plan and a line for each case.
"""

import copy
import hashlib
import json
import pathlib
import subprocess
import sys

METRIC = "io.systemd.Files.digest_lists_measurements"
PCR = 12
ALGORITHMS = {"SHA1": 0x4, "SHA256": 0xB, "SHA384": 0xC, "SHA512": 0xD}
TYPES = {"ATTEST_QUOTE": 0x8018, "ATTEST_SESSION_AUDIT": 0x8016}


class Refused(Exception):
    """Why a report is not believed."""


def sized(data):
    """TPM2B."""
    return len(data).to_bytes(2, "big") + data


def marshalled(attest):
    """TPMS_ATTEST, of which the report has the fields (TPM 2.0 Part 2, 10.12.12)."""
    clock = attest["clockInfo"]
    attested = attest["attested"]
    data = b"\xffTCG" + TYPES[attest["type"]].to_bytes(2, "big")
    data += sized(bytes.fromhex(attest["qualifiedSigner"])) + sized(bytes.fromhex(attest["extraData"]))
    data += clock["clock"].to_bytes(8, "big") + clock["resetCount"].to_bytes(4, "big")
    data += clock["restartCount"].to_bytes(4, "big") + bytes([clock["safe"] == "YES"])
    data += attest["firmwareVersion"].to_bytes(8, "big")
    if attest["type"] == "ATTEST_SESSION_AUDIT":
        exclusive = bytes([attested["exclusiveSession"] == "YES"])
        return data + exclusive + sized(bytes.fromhex(attested["sessionDigest"]))
    data += len(attested["pcrSelect"]).to_bytes(4, "big")
    for bank in attested["pcrSelect"]:
        bits = sum(1 << pcr for pcr in bank["pcrSelect"])
        data += ALGORITHMS[bank["hash"]].to_bytes(2, "big") + b"\x03" + bits.to_bytes(3, "little")
    return data + sized(bytes.fromhex(attested["pcrDigest"]))


def check_signature(component, key, place):
    """The TPM signed this component. `place` is a directory for what openssl reads."""
    algorithm = component["signature"]["signature"]["hash"].lower()
    pem = component["signaturePEM"].split("-----")[2]
    signature = subprocess.run(["openssl", "base64", "-d"], input=pem.encode(), capture_output=True, check=True)
    (place / "key").write_text(key)
    (place / "signature").write_bytes(signature.stdout)
    (place / "data").write_bytes(marshalled(component["attestInfo"]["attest"]))
    command = ["openssl", "dgst", f"-{algorithm}", "-verify", place / "key"]
    command += ["-signature", place / "signature", place / "data"]
    if subprocess.run(command, capture_output=True).returncode != 0:
        raise Refused(f"the signature of the {component['type']} is bad")


def template_data(template, fields):
    """What a record of the ASCII list hashes: the fields behind the template's name."""

    def field(data):
        return len(data).to_bytes(4, "little") + data

    algorithm, _, value = fields[0].partition(b":")
    digest = field(algorithm + b":\0" + bytes.fromhex(value.decode()))
    if template == b"ima-ng":
        return digest + field(b" ".join(fields[1:]) + b"\0")
    if template == b"ima-buf":
        return digest + field(fields[1] + b"\0") + field(bytes.fromhex(fields[2].decode()))
    raise Refused(f"the template {template.decode()} is not known")


def replayed(lines):
    """PCR 12 after these records, in the SHA-256 bank, from zero on: nobody else extended it."""
    value = bytes(32)
    for line in lines:
        pcr, sha1, template, *fields = line.encode().split(b" ")
        if int(pcr) != PCR:
            continue
        if sha1 == b"0" * 40:
            value = hashlib.sha256(value + b"\xff" * 32).digest()
            continue
        data = template_data(template, fields)
        if hashlib.sha1(data).hexdigest().encode() != sha1:
            raise Refused("a record has another digest than its text")
        value = hashlib.sha256(value + hashlib.sha256(data).digest()).digest()
    return value


def split(text):
    """The texts of a report, each with what separates it from others: the TPM signs that as well."""
    return [b"\x1e" + part for part in text.split(b"\x1e") if part.strip()]


def judge(text, place):
    """Returns the records of the list; everything is read from the report, and nothing believed."""
    texts = split(text)
    report, signature = json.loads(texts[0][1:]), json.loads(texts[1][1:])
    digest = hashlib.sha256(texts[0]).hexdigest()
    data = signature["data"]
    components = {component["type"]: component for component in data["components"]}
    for component in components.values():
        check_signature(component, data["publicKeyPEM"], place)
    audit = components["session-audit"]["attestInfo"]["attest"]
    # The algorithm's number comes first.
    if audit["extraData"] != f"{ALGORITHMS['SHA256']:04x}{digest}" or audit["type"] != "ATTEST_SESSION_AUDIT":
        raise Refused("the TPM signed another report")
    if audit["attested"]["exclusiveSession"] != "YES":
        raise Refused("others used the TPM meanwhile")
    quote = components["pcr"]["attestInfo"]["attest"]
    if quote["type"] != "ATTEST_QUOTE":
        raise Refused("there is no quote")
    (bank,) = quote["attested"]["pcrSelect"]
    if bank["hash"] != "SHA256" or PCR not in bank["pcrSelect"]:
        raise Refused(f"PCR {PCR} is not quoted")

    values = {pcr: bytes(32) for pcr in bank["pcrSelect"]}
    for event in data["eventLog"]:
        if event["pcr"] in values and event["content"].get("event_type") != "EV_NO_ACTION":
            (extended,) = (entry["digest"] for entry in event["digests"] if entry["hashAlg"] == "sha256")
            values[event["pcr"]] = hashlib.sha256(values[event["pcr"]] + bytes.fromhex(extended)).digest()
    (metric,) = (metric for metric in report["metrics"] if metric["name"] == METRIC)
    lines = metric["value"].splitlines()
    values[PCR] = replayed(lines)
    signer = components["pcr"]["signature"]["signature"]["hash"].lower()
    over = hashlib.new(signer, b"".join(values[pcr] for pcr in sorted(values)))
    if over.hexdigest() != quote["attested"]["pcrDigest"]:
        raise Refused("the quote does not have the values that list and event log give")
    return lines


def changed(text, change, whole=False):
    """The report with other records; with `whole` also with a signature that names it."""
    texts = split(text)
    report, signature = json.loads(texts[0][1:]), json.loads(texts[1][1:])
    (metric,) = (metric for metric in report["metrics"] if metric["name"] == METRIC)
    metric["value"] = "".join(line + "\n" for line in change(metric["value"].splitlines()))
    texts[0] = b"\x1e" + json.dumps(report).encode() + b"\n"
    if whole:
        digest = hashlib.sha256(texts[0]).hexdigest()
        signature = copy.deepcopy(signature)
        signature["sha256"] = digest
        for component in signature["data"]["components"]:
            if component["type"] == "session-audit":
                component["attestInfo"]["attest"]["extraData"] = f"{ALGORITHMS['SHA256']:04x}{digest}"
        texts[1] = b"\x1e" + json.dumps(signature).encode()
    return b"".join(texts)


def main(directory):
    directory = pathlib.Path(directory)
    known, unknown = ((directory / name).read_bytes() for name in ("known", "unknown"))
    place = directory / "openssl"
    place.mkdir(exist_ok=True)

    def refused(text):
        try:
            judge(text, place)
        except Refused as reason:
            return str(reason)
        return "none"

    def files(text):
        try:
            names = [line.split(" ")[-1] for line in judge(text, place)]
        except Refused as reason:
            return str(reason)
        return [name.rsplit("/", 1)[-1] for name in names if name.startswith("/")]

    results = [
        ("a report has the list, and the TPM's quote confirms it", refused(known), "none"),
        ("the list of a machine with known files has no record of a file",
         files(known), []),
        ("a report after an unknown program ran is confirmed as well", refused(unknown), "none"),
        ("its list has the record of the program, and no other of a file",
         files(unknown), ["strange"]),
        ("a report whose list lacks the record is refused",
         refused(changed(unknown, lambda lines: [line for line in lines if "strange" not in line])),
         "the TPM signed another report"),
        ("such a report with a signature that names it is refused",
         refused(changed(unknown, lambda lines: [line for line in lines if "strange" not in line], whole=True)),
         "the signature of the session-audit is bad"),
        ("a record with another text is refused before the quote is asked",
         refused(unknown.replace(b"/strange", b"/usual")), "the TPM signed another report"),
    ]
    earlier, later = split(known), split(unknown)
    results.append(("the signature of another report of the machine is refused",
                    refused(later[0] + earlier[1]), "the TPM signed another report"))
    # Its quote is of the machine as it was before the program ran.
    old = json.loads(earlier[1][1:])
    new = json.loads(later[1][1:])
    new["data"]["components"] = [
        component if component["type"] != "pcr" else
        next(part for part in old["data"]["components"] if part["type"] == "pcr")
        for component in new["data"]["components"]
    ]
    results.append(("a list with an older quote of the same TPM is refused",
                    refused(later[0] + b"\x1e" + json.dumps(new).encode()),
                    "the quote does not have the values that list and event log give"))
    print(f"1..{len(results)}")
    failed = 0
    for name, got, wanted in results:
        good = got == wanted
        failed += not good
        print(f"{'ok' if good else 'not ok'} {name}" + ("" if good else f": wanted {wanted!r}, got {got!r}"))
    return failed > 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
