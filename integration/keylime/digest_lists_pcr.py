# SPDX-License-Identifier: GPL-2.0
"""Lets Keylime's verifier read the measurement list of digest_lists.

Keylime knows one PCR of a measurement list, that of IMA. This sets it to the PCR of digest_lists:
`ima_pcr` in the section [verifier] of its configuration, or 12. The verifier imports this module if
`measured_boot_imports` names it. What an IMA of these machines records is not judged then.
"""

from keylime import config

config.IMA_PCR = config.getint("verifier", "ima_pcr", fallback=12)

# What the list explains is not looked for in the firmware's log.
if config.IMA_PCR in config.MEASUREDBOOT_PCRS:
    config.MEASUREDBOOT_PCRS.remove(config.IMA_PCR)
