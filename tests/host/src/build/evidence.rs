// SPDX-License-Identifier: GPL-2.0

//! Makers of what a verifier reads: quotes, keys, firmware logs.

/// A field behind its length as a big-endian `u16`.
pub fn sized(bytes: &[u8]) -> Vec<u8> {
    [&(bytes.len() as u16).to_be_bytes()[..], bytes].concat()
}

/// A quote of these PCRs, each a `TPM_ALG_ID` with a bit for each PCR.
pub fn quote(
    signer: &[u8],
    nonce: &[u8],
    clock: u64,
    banks: &[(u16, u32)],
    digest: &[u8],
) -> Vec<u8> {
    let mut quote = 0xff54_4347u32.to_be_bytes().to_vec();
    quote.extend(0x8018u16.to_be_bytes());
    quote.extend(sized(signer));
    quote.extend(sized(nonce));
    quote.extend(clock.to_be_bytes());
    quote.extend(7u32.to_be_bytes());
    quote.extend(3u32.to_be_bytes());
    quote.push(1);
    quote.extend(0x2019_1023_0016_3636u64.to_be_bytes());
    quote.extend((banks.len() as u32).to_be_bytes());
    for (algo, pcrs) in banks {
        quote.extend(algo.to_be_bytes());
        quote.push(3);
        quote.extend(&pcrs.to_le_bytes()[..3]);
    }
    quote.extend(sized(digest));
    quote
}

/// A signature of a scheme, over the hash with this `TPM_ALG_ID`.
pub fn signature(scheme: u16, hash: u16, numbers: &[&[u8]]) -> Vec<u8> {
    let mut signature = [scheme.to_be_bytes(), hash.to_be_bytes()].concat();
    numbers
        .iter()
        .for_each(|number| signature.extend(sized(number)));
    signature
}

/// The public part of an RSA key with these attributes, which signs by RSASSA over SHA-256.
pub fn rsa_key(attributes: u32, modulus: &[u8]) -> Vec<u8> {
    let mut key = vec![0, 1, 0, 0x0b];
    key.extend(attributes.to_be_bytes());
    key.extend(sized(&[]));
    key.extend([0, 0x10, 0, 0x14, 0, 0x0b]);
    key.extend((modulus.len() as u16 * 8).to_be_bytes());
    key.extend(0u32.to_be_bytes());
    key.extend(sized(modulus));
    key
}

/// The public part of a key over P-256, which signs by ECDSA over SHA-256.
pub fn ecc_key(attributes: u32, x: &[u8], y: &[u8]) -> Vec<u8> {
    let mut key = vec![0, 0x23, 0, 0x0b];
    key.extend(attributes.to_be_bytes());
    key.extend(sized(&[]));
    key.extend([0, 0x10, 0, 0x18, 0, 0x0b, 0, 3, 0, 0x10]);
    key.extend(sized(x));
    key.extend(sized(y));
    key
}

/// A crypto-agile firmware log of banks, each a `TPM_ALG_ID` with the size of its digests.
pub fn firmware_log(banks: &[(u16, u16)], events: &[(u32, u32, &[u8])]) -> Vec<u8> {
    let mut first = b"Spec ID Event03\0".to_vec();
    first.extend([0, 0, 0, 0, 0, 2, 0, 2]);
    first.extend((banks.len() as u32).to_le_bytes());
    for (algo, size) in banks {
        first.extend(algo.to_le_bytes());
        first.extend(size.to_le_bytes());
    }
    first.push(0);
    let mut log = 0u32.to_le_bytes().to_vec();
    log.extend(3u32.to_le_bytes());
    log.extend([0; 20]);
    log.extend((first.len() as u32).to_le_bytes());
    log.extend(first);
    for (pcr, kind, data) in events {
        log.extend(pcr.to_le_bytes());
        log.extend(kind.to_le_bytes());
        log.extend((banks.len() as u32).to_le_bytes());
        for (algo, size) in banks {
            log.extend(algo.to_le_bytes());
            log.extend(vec![*pcr as u8; usize::from(*size)]);
        }
        log.extend((data.len() as u32).to_le_bytes());
        log.extend(*data);
    }
    log
}
