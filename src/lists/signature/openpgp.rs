// SPDX-License-Identifier: GPL-2.0

//! OpenPGP signatures of RPM headers: over the header and what the signature packet adds to it.

use crate::{
    lists::trust::{
        Algorithm,
        Anchor,
        KeyId,
        Trust,
        Use, //
    },
    reason::Reason,
    sys::{
        kernel_crate::kvvec_zeroed,
        sha::Hasher, //
    },
};
use digest_logic::{
    cursor::SliceSink,
    openpgp::{
        der,
        signature::Value,
        Signature, //
    },
    refusal::Cause, //
};
use kernel::{
    prelude::*,
    sync::Arc, //
};

/// The most bytes of an ECDSA signature in DER: two integers of 66 bytes and their headers.
const MAX_ECDSA: usize = 160;

pub(super) fn verify(
    trust: &Trust,
    data: &[u8],
    signature: &Signature<'_>,
) -> Result<Arc<Anchor>, Reason> {
    let moment = trust.moment(Some(signature.created().into()));
    let signer = trust.signer(KeyId::Suffix(&signature.issuer().0), Use::Header, moment)?;
    let mut hasher = Hasher::new(signature.hash()).ok_or(Cause::UnknownAlgorithm)?;
    hasher.update(data);
    signature.write_trailer(&mut hasher)?;
    let digest = hasher.finish();
    if digest.as_bytes().first_chunk() != Some(&signature.left()) {
        return Err(Cause::DoesNotVerify.into());
    }
    if let Some(end) = signature.expires() {
        moment.check_end(end)?;
    }

    let verify = |encoding, sig: &[u8]| {
        signer
            .key
            .verify(encoding, &digest, sig)
            .map_err(Reason::of_verification)
    };
    match (signature.value(), signer.algorithm) {
        (Value::Rsa(number), Algorithm::Rsa { bits }) => {
            let mut padded = kvvec_zeroed(bits.div_ceil(8), GFP_KERNEL)?;
            number.left_pad(&mut padded)?;
            verify(c"pkcs1", &padded)?;
        }
        (Value::Ecdsa { r, s }, Algorithm::Ecdsa) => {
            let mut buf = [0; MAX_ECDSA];
            let mut sink = SliceSink::new(&mut buf);
            der::write_ecdsa(&r, &s, &mut sink).map_err(|_| Cause::BadSignature)?;
            verify(c"x962", sink.written())?;
        }
        _ => return Err(Cause::DoesNotVerify.into()),
    }
    Ok(signer)
}
