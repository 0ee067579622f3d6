/* SPDX-License-Identifier: GPL-2.0 */
/* Pages of a file in memory, and what storage has of them. One line of C each; the decisions are in Rust. */
#ifndef DIGEST_LISTS_PAGE_CACHE_H
#define DIGEST_LISTS_PAGE_CACHE_H

#include <linux/types.h>

struct inode;

bool diglist_inode_failed_to_write(const struct inode *inode);
int diglist_inode_write_back(struct inode *inode);
int diglist_inode_drop_pages(struct inode *inode);

#endif
