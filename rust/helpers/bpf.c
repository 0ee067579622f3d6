// SPDX-License-Identifier: GPL-2.0

#include <linux/bpf.h>

/*
 * Whether a BPF program that is being loaded can give the result of a kernel function in its place.
 */
bool diglist_bpf_gives_results(const union bpf_attr *attr)
{
	return attr->prog_type == BPF_PROG_TYPE_TRACING &&
	       attr->expected_attach_type == BPF_MODIFY_RETURN;
}
