// SPDX-License-Identifier: GPL-2.0

//! The names of a rule's options, and sets of them.

use super::words::{
    set,
    words, //
};

words! {
    /// An option of a rule, without operator and value, in the order in which a policy is shown.
    OptionName {
        Func = "func";
        Mask = "mask";
        Fsmagic = "fsmagic";
        Fsuuid = "fsuuid";
        Fsname = "fsname";
        FsSubtype = "fs_subtype";
        Uid = "uid";
        Euid = "euid";
        Gid = "gid";
        Egid = "egid";
        Fowner = "fowner";
        Fgroup = "fgroup";
        SubjUser = "subj_user";
        SubjRole = "subj_role";
        SubjType = "subj_type";
        ObjUser = "obj_user";
        ObjRole = "obj_role";
        ObjType = "obj_type";
        Pcr = "pcr";
        Template = "template";
        PermitDirectio = "permit_directio";
        DigestType = "digest_type";
        AppraiseType = "appraise_type";
        AppraiseFlag = "appraise_flag";
        AppraiseAlgos = "appraise_algos";
        Keyrings = "keyrings";
        Label = "label";
        DigestList = "digest_list";
    }
}

set! {
    /// A set of [`OptionName`]s.
    OptionSet of OptionName in u32
}

impl OptionName {
    /// Whether the option is a bare word, without `=` and value.
    pub const fn is_bare(self) -> bool {
        matches!(self, Self::PermitDirectio | Self::DigestList)
    }

    /// Whether the option's value is a user or group, which may be compared with `<` and `>`.
    pub const fn is_id(self) -> bool {
        matches!(
            self,
            Self::Uid | Self::Euid | Self::Gid | Self::Egid | Self::Fowner | Self::Fgroup
        )
    }
}
