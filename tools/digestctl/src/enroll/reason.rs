// SPDX-License-Identifier: GPL-2.0

//! Why a machine is not enrolled. The names are an interface: they do not change.

use crate::evidence::reason::Verdict;

/// Why a machine is not enrolled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reason {
    /// The request is no document of this format.
    RequestMalformed,
    /// The attestation key cannot be read.
    AkMalformed,
    /// It signs what is no statement of its TPM.
    AkUnrestricted,
    /// The endorsement key cannot be read, or is none.
    EkMalformed,
    /// No authority that is trusted certified it.
    EkCertificate,
    /// There is no certificate, and the key is not named.
    EkUncertified,
    /// The certificate is that of another key.
    EkOther,
    /// The answer is no document of this format.
    AnswerMalformed,
    /// It answers another challenge.
    ChallengeOther,
    /// It does not have what was in the challenge.
    AnswerWrong,
}

impl Reason {
    /// The name in the output.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::RequestMalformed => "request-malformed",
            Self::AkMalformed => "ak-malformed",
            Self::AkUnrestricted => "ak-unrestricted",
            Self::EkMalformed => "ek-malformed",
            Self::EkCertificate => "ek-certificate",
            Self::EkUncertified => "ek-uncertified",
            Self::EkOther => "ek-other",
            Self::AnswerMalformed => "answer-malformed",
            Self::ChallengeOther => "challenge-other",
            Self::AnswerWrong => "answer-wrong",
        }
    }

    /// What to do.
    pub(super) const fn remedy(self) -> &'static str {
        match self {
            Self::RequestMalformed => "make it anew with digestctl enroll request",
            Self::AkMalformed => "make an RSA key, or an ECC key over P-256 or P-384",
            Self::AkUnrestricted => "make the key with tpm2_createak",
            Self::EkMalformed => "make the key with tpm2_createek",
            Self::EkCertificate => "give the authority of the TPM's maker with --ek-ca",
            Self::EkUncertified => "name the key with --ek if you know it to be the machine's",
            Self::EkOther => "the certificate is of another TPM, or of another kind of key",
            Self::AnswerMalformed => "make it anew with digestctl enroll answer",
            Self::ChallengeOther => "have the machine answer the last challenge",
            Self::AnswerWrong => "the two keys are not of one TPM, or the answer was changed",
        }
    }

    /// What follows from it.
    pub(super) const fn verdict(self) -> Verdict {
        match self {
            Self::RequestMalformed | Self::AnswerMalformed => Verdict::Unjudged,
            _ => Verdict::Untrusted,
        }
    }
}

/// Why a machine is not enrolled, and what is known of it.
#[derive(Debug)]
pub(super) struct Refusal {
    pub(super) reason: Reason,
    pub(super) detail: String,
}

impl Refusal {
    /// One for this reason.
    pub(super) fn new(reason: Reason, detail: impl Into<String>) -> Self {
        let detail = detail.into();
        Self { reason, detail }
    }
}
