// SPDX-License-Identifier: GPL-2.0

//! Why a machine is not trusted. The names are an interface: they do not change.

use serde::Serialize;

/// Declares the reasons, each with its name, whether it ends the judgement without one, and what to
/// do.
macro_rules! reasons {
    ($($(#[$doc:meta])* $variant:ident = $name:literal, $verdict:ident, $remedy:literal;)*) => {
        /// Why a machine is not trusted, or could not be judged.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub(crate) enum Reason {
            $($(#[$doc])* $variant,)*
        }

        impl Reason {
            /// The name in verdicts.
            pub(crate) const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// What follows from it.
            pub(crate) const fn verdict(self) -> Verdict {
                match self { $(Self::$variant => Verdict::$verdict,)* }
            }

            /// What to do.
            pub(crate) const fn remedy(self) -> &'static str {
                match self { $(Self::$variant => $remedy,)* }
            }
        }
    };
}

/// The outcome. The greater one counts where several come together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Verdict {
    /// Nothing speaks against it.
    Trusted,
    /// It could not be judged.
    Unjudged,
    /// Something speaks against it.
    Untrusted,
}

impl Verdict {
    /// The name in verdicts.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Trusted => "trusted",
            Self::Unjudged => "not-judged",
            Self::Untrusted => "not-trusted",
        }
    }

    /// The exit status of the tool.
    pub(crate) const fn status(self) -> u8 {
        match self {
            Self::Trusted => 0,
            Self::Untrusted => 1,
            Self::Unjudged => 2,
        }
    }
}

impl Serialize for Reason {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

reasons! {
    /// The evidence is no document of this format.
    Evidence = "evidence-malformed", Unjudged,
        "make it anew with digestctl attest";
    /// The machine was reset since the last round.
    Reset = "reset", Unjudged,
        "the machine was restarted: ask for the whole list (digestctl attest without --since)";
    /// The records do not begin where the last round ended.
    NeedsWholeList = "needs-whole-list", Unjudged,
        "ask for the whole list (digestctl attest without --since)";
    /// What is quoted is no quote.
    QuoteMalformed = "quote-malformed", Untrusted,
        "somebody changed the evidence, or the TPM is no TPM 2.0";
    /// The signature is not that of the quote.
    QuoteSignature = "quote-signature", Untrusted,
        "somebody changed the evidence, or another key signed it";
    /// The key is not the one that is expected.
    AkOther = "ak-other", Untrusted,
        "find out why: another machine may answer for this one. If its TPM was replaced or cleared, enrol it again, and name another file with --state. Keep the old one: the least serial numbers of lists are remembered there alone (floor= names them)";
    /// The certificate of the key is not by an authority that is trusted.
    AkCertificate = "ak-certificate", Untrusted,
        "give the authority that certifies attestation keys with --ak-cert";
    /// The key signs what is no statement of a TPM.
    AkUnrestricted = "ak-unrestricted", Untrusted,
        "make the key with tpm2_createak";
    /// The quote answers another question.
    Nonce = "nonce", Untrusted,
        "the evidence is old, or was made for another verifier: ask again";
    /// A bank or PCR is not quoted.
    BankMissing = "bank-missing", Untrusted,
        "quote the list's PCR in every bank of the TPM, as digestctl attest does";
    /// The values of the PCRs are not those that are quoted.
    PcrValues = "pcr-values", Untrusted,
        "somebody changed the evidence";
    /// A PCR of the boot is not as expected.
    BootPcr = "boot-pcr", Untrusted,
        "firmware, boot loader or kernel changed: renew the boot_pcr= lines if that was you";
    /// The digest of the boot's PCRs is another one.
    BootAggregate = "boot-aggregate", Untrusted,
        "PCRs 0 to 9 changed after the module was loaded";
    /// The list cannot be read.
    LogMalformed = "log-malformed", Untrusted,
        "somebody changed the list";
    /// The list does not begin as one does.
    LogStart = "log-start", Untrusted,
        "the list must begin with boot_aggregate and digest_lists_start";
    /// The PCR was extended before the module was loaded.
    StartValues = "start-values", Untrusted,
        "restart the machine, if it was started by kexec or its module was loaded again; or something extends the PCR before the module: choose another one (pcr=)";
    /// The end of the list is missing.
    LogShort = "log-short", Untrusted,
        "records are missing: somebody cut the list, or left out some";
    /// A record is in the list that was never extended.
    RecordAdded = "record-added", Untrusted,
        "somebody added a record to the list";
    /// Two records stand in the wrong order.
    RecordsSwapped = "records-swapped", Untrusted,
        "somebody changed the order of records";
    /// The removal of a list is not in the list.
    RemovalHidden = "removal-hidden", Untrusted,
        "somebody took the record of a removal out of the list";
    /// The list does not replay to the quote.
    Replay = "replay", Untrusted,
        "a record was changed, or something else extended the PCR: restart the machine and find out what";
    /// A record extends a PCR that is not quoted.
    PcrUnquoted = "pcr-unquoted", Untrusted,
        "quote that PCR as well (digestctl attest --pcr)";
    /// Records extend a PCR that no rule should name.
    PcrUnexpected = "pcr-unexpected", Untrusted,
        "name the PCR if a rule of the policy has it (rule_pcrs=)";
    /// The module is of another version.
    Version = "version", Untrusted,
        "install the expected version, or name this one (version=)";
    /// The kernel is another one.
    Kernel = "kernel", Untrusted,
        "boot the expected kernel, or name this one (kernel=)";
    /// The policy is another one.
    Policy = "policy", Untrusted,
        "load the expected policy, or name this one (policy=)";
    /// A setting of the module is another one.
    Setting = "setting", Untrusted,
        "load the module with the expected parameter, or name this value";
    /// The metadata of a load are missing.
    MetadataMissing = "metadata-missing", Untrusted,
        "keep what is loaded below /var/lib/digest_lists/metadata, or add it to the repository";
    /// The metadata are not those that were loaded.
    MetadataSwapped = "metadata-swapped", Untrusted,
        "somebody changed the evidence";
    /// A list is not in the repository.
    ListUnknown = "list-unknown", Untrusted,
        "add the list to the repository if it is yours (digestctl repo add)";
    /// A list is not signed by anybody the verifier trusts.
    ListSignature = "list-signature", Untrusted,
        "sign the list, trust its signer, or remove the list from the machine";
    /// A list was revoked.
    ListRevoked = "list-revoked", Untrusted,
        "remove the list from the machine";
    /// An older edition of a list was loaded.
    ListRollback = "list-rollback", Untrusted,
        "give the machine the newest edition of the list";
    /// A list that must be loaded is not.
    ListMissing = "list-missing", Untrusted,
        "load the list";
    /// Loads and removals do not fit together.
    ListsInconsistent = "lists-inconsistent", Untrusted,
        "somebody changed the list, or the module is not this one";
    /// A list was changed in the kernel's memory.
    ListsCorrupted = "lists-corrupted", Untrusted,
        "the kernel's memory was changed: restart the machine";
    /// A key was given to the module that nobody expects.
    KeyUnknown = "key-unknown", Untrusted,
        "name the key (key=) if it is yours";
    /// A record of the module's own that this verifier does not know.
    RecordUnknown = "record-unknown", Untrusted,
        "use the digestctl of the module's version";
    /// A file was used that nothing vouches for.
    FileUnknown = "file-unknown", Untrusted,
        "find out what it is; add it to a list, or allow its digest (allow=)";
    /// A file was used that was revoked.
    FileRevoked = "file-revoked", Untrusted,
        "update the package of the file";
    /// A file of a loaded list was used that was revoked since.
    FileRevokedUsed = "file-revoked-used", Untrusted,
        "update the package of the file, and load the newest revocations";
    /// A file was used that nobody can vouch for.
    Violation = "violation", Untrusted,
        "the file was written while it was used; restart the machine after an update";
    /// The evidence of use is not the one of the checkpoint.
    SeenSwapped = "seen-swapped", Untrusted,
        "somebody changed the evidence";
    /// There is no evidence of use.
    SeenMissing = "seen-missing", Untrusted,
        "make the evidence with digestctl attest, which makes a checkpoint; after a removal or reset, restart the machine";
    /// The TPM's clock went back.
    ClockBack = "clock-back", Untrusted,
        "find out why: the TPM is another one, was cleared, or a virtual one was brought back from a snapshot. If you know the reason, enrol the machine again, and name another file with --state. Keep the old one: the least serial numbers of lists are remembered there alone (floor= names them)";
}
