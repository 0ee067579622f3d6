// SPDX-License-Identifier: GPL-2.0

//! The formats of lists beside the oldest: what is accepted, what is refused and why.

mod compact16;
mod edition;
mod rpm;
mod rpm_package;
mod tlv;

use digest_logic::{
    list::{
        ListType,
        ParsedList, //
    },
    refusal::Cause, //
};

/// Why `data` are refused; `None` if they are a list.
fn refusal(list_type: ListType, data: &[u8]) -> Option<Cause> {
    ParsedList::parse(list_type, data).err()
}

/// Tries every shorter input, of which none may be a list but those of the lengths `whole`.
fn every_shorter_input_is_refused(list_type: ListType, data: &[u8], whole: &[usize]) {
    assert_eq!(refusal(list_type, data), None);
    for len in 0..data.len() {
        let refused = refusal(list_type, &data[..len]).is_some();
        assert_eq!(refused, !whole.contains(&len), "{len} bytes");
    }
    let longer = [data, &[0]].concat();
    assert!(refusal(list_type, &longer).is_some(), "a byte more");
}
