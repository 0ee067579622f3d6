// SPDX-License-Identifier: GPL-2.0

//! OpenPGP packets. The numbers in them verify nothing.

/// A packet with the old header where it can have one, and a length of two bytes.
pub fn packet(tag: u8, body: &[u8]) -> Vec<u8> {
    [
        &[0x80 | (tag << 2) | 1],
        (body.len() as u16).to_be_bytes().as_slice(),
        body,
    ]
    .concat()
}

/// A packet with the new header.
pub fn new_packet(tag: u8, body: &[u8]) -> Vec<u8> {
    let len = match body.len() {
        short @ 0..=191 => vec![short as u8],
        middle @ 192..=8383 => {
            let [high, low] = (middle as u16 - 192).to_be_bytes();
            vec![high + 192, low]
        }
        long => [&[255], (long as u32).to_be_bytes().as_slice()].concat(),
    };
    [&[0xc0 | tag], len.as_slice(), body].concat()
}

/// A multiprecision integer of these bytes, of which the first is not zero.
pub fn mpi(bytes: &[u8]) -> Vec<u8> {
    let bits = bytes.len() as u16 * 8 - bytes[0].leading_zeros() as u16;
    [bits.to_be_bytes().as_slice(), bytes].concat()
}

/// A subpacket.
pub fn subpacket(kind: u8, data: &[u8]) -> Vec<u8> {
    [&[data.len() as u8 + 1, kind], data].concat()
}

/// The key id in what is made here.
pub const ISSUER: [u8; 8] = [0xa0, 0xa1, 0xa2, 0xa3, 0xa4, 0xa5, 0xa6, 0xa7];
/// The time in what is made here.
pub const CREATED: u32 = 1_500_000_000;

/// The body of a version 3 signature.
pub fn v3(kind: u8, algo: u8, hash: u8, value: &[u8]) -> Vec<u8> {
    [
        &[3, 5, kind],
        CREATED.to_be_bytes().as_slice(),
        &ISSUER,
        &[algo, hash, 0x12, 0x34],
        value,
    ]
    .concat()
}

/// The body of a version 4 signature.
pub fn v4(
    kind: u8,
    algo: u8,
    hash: u8,
    hashed: &[Vec<u8>],
    unhashed: &[Vec<u8>],
    value: &[u8],
) -> Vec<u8> {
    let area = |subpackets: &[Vec<u8>]| {
        let bytes = subpackets.concat();
        [(bytes.len() as u16).to_be_bytes().as_slice(), &bytes].concat()
    };
    [
        &[4, kind, algo, hash],
        area(hashed).as_slice(),
        &area(unhashed),
        &[0x12, 0x34],
        value,
    ]
    .concat()
}

/// The hashed and the unhashed subpackets that a signature has at least.
pub fn usual_subpackets() -> (Vec<Vec<u8>>, Vec<Vec<u8>>) {
    (
        vec![subpacket(2, &CREATED.to_be_bytes())],
        vec![subpacket(16, &ISSUER)],
    )
}

/// A version 4 signature of a document.
pub fn signature(algo: u8, hash: u8, value: &[u8]) -> Vec<u8> {
    let (hashed, unhashed) = usual_subpackets();
    packet(2, &v4(0, algo, hash, &hashed, &unhashed, value))
}

/// The value of an RSA signature of 256 bytes.
pub fn rsa_value() -> Vec<u8> {
    mpi(&[0x5a; 256])
}

/// The value of an ECDSA signature with P-256.
pub fn ecdsa_value() -> Vec<u8> {
    [mpi(&[0x7f; 32]), mpi(&[0xff; 32])].concat()
}

/// The body of an RSA key with a modulus of `len` bytes.
pub fn rsa_key(len: usize) -> Vec<u8> {
    key(1, &[mpi(&vec![0xbb; len]), mpi(&[1, 0, 1])].concat())
}

/// The body of an ECDSA key with P-256.
pub fn ecdsa_key() -> Vec<u8> {
    let oid = [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07];
    let point = [&[4], [0x11; 64].as_slice()].concat();
    key(19, &[&[8], oid.as_slice(), &mpi(&point)].concat())
}

/// The body of a key.
pub fn key(algo: u8, material: &[u8]) -> Vec<u8> {
    [&[4], CREATED.to_be_bytes().as_slice(), &[algo], material].concat()
}
