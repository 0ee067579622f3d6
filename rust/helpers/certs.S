/* SPDX-License-Identifier: GPL-2.0 */
/* The certificates that Kbuild was given as TRUSTED_CERTS, in DER, one after another. */
	.section .rodata, "a", @progbits
	.balign 8
	.globl diglist_trusted_certs_start
diglist_trusted_certs_start:
	.incbin DIGLIST_TRUSTED_CERTS
	.globl diglist_trusted_certs_end
diglist_trusted_certs_end:
