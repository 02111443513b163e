//! The applets of other projects: uutils coreutils, findutils, grep and sed, as libraries.

use std::ffi::OsString;

use super::{Applet, Run};

/// `(name, crate, ...)` to a table of applets whose `uumain` takes the arguments and gives the exit status.
macro_rules! uutils {
    ($($name:literal => $utility:path,)*) => {
        &[$(Applet {
            name: $name,
            run: Run::Uutils(|arguments| $utility(arguments.into_iter())),
        },)*]
    };
}

/// Sorted by name.
pub(super) const UUTILS: &[Applet] = uutils! {
    "[" => uu_test::uumain,
    "base64" => uu_base64::uumain,
    "basename" => uu_basename::uumain,
    "cat" => uu_cat::uumain,
    "chgrp" => uu_chgrp::uumain,
    "chmod" => uu_chmod::uumain,
    "chown" => uu_chown::uumain,
    "chroot" => uu_chroot::uumain,
    "cksum" => uu_cksum::uumain,
    "comm" => uu_comm::uumain,
    "cp" => uu_cp::uumain,
    "cut" => uu_cut::uumain,
    "date" => uu_date::uumain,
    "dd" => uu_dd::uumain,
    "df" => uu_df::uumain,
    "dirname" => uu_dirname::uumain,
    "du" => uu_du::uumain,
    "echo" => uu_echo::uumain,
    "env" => uu_env::uumain,
    "expr" => uu_expr::uumain,
    "false" => uu_false::uumain,
    "fold" => uu_fold::uumain,
    "grep" => uu_grep::uumain,
    "groups" => uu_groups::uumain,
    "head" => uu_head::uumain,
    "hostname" => uu_hostname::uumain,
    "id" => uu_id::uumain,
    "install" => uu_install::uumain,
    "join" => uu_join::uumain,
    "kill" => uu_kill::uumain,
    "ln" => uu_ln::uumain,
    "ls" => uu_ls::uumain,
    "md5sum" => uu_md5sum::uumain,
    "mkdir" => uu_mkdir::uumain,
    "mkfifo" => uu_mkfifo::uumain,
    "mknod" => uu_mknod::uumain,
    "mktemp" => uu_mktemp::uumain,
    "more" => uu_more::uumain,
    "mv" => uu_mv::uumain,
    "nice" => uu_nice::uumain,
    "nl" => uu_nl::uumain,
    "nohup" => uu_nohup::uumain,
    "nproc" => uu_nproc::uumain,
    "numfmt" => uu_numfmt::uumain,
    "od" => uu_od::uumain,
    "paste" => uu_paste::uumain,
    "printenv" => uu_printenv::uumain,
    "printf" => uu_printf::uumain,
    "pwd" => uu_pwd::uumain,
    "readlink" => uu_readlink::uumain,
    "realpath" => uu_realpath::uumain,
    "rm" => uu_rm::uumain,
    "rmdir" => uu_rmdir::uumain,
    "sed" => sed::sed::uumain,
    "seq" => uu_seq::uumain,
    "sha1sum" => uu_sha1sum::uumain,
    "sha256sum" => uu_sha256sum::uumain,
    "sha512sum" => uu_sha512sum::uumain,
    "sleep" => uu_sleep::uumain,
    "sort" => uu_sort::uumain,
    "split" => uu_split::uumain,
    "stat" => uu_stat::uumain,
    "stty" => uu_stty::uumain,
    "sync" => uu_sync::uumain,
    "tac" => uu_tac::uumain,
    "tail" => uu_tail::uumain,
    "tee" => uu_tee::uumain,
    "test" => uu_test::uumain,
    "timeout" => uu_timeout::uumain,
    "touch" => uu_touch::uumain,
    "tr" => uu_tr::uumain,
    "true" => uu_true::uumain,
    "truncate" => uu_truncate::uumain,
    "tty" => uu_tty::uumain,
    "uname" => uu_uname::uumain,
    "uniq" => uu_uniq::uumain,
    "unlink" => uu_unlink::uumain,
    "uptime" => uu_uptime::uumain,
    "wc" => uu_wc::uumain,
    "who" => uu_who::uumain,
    "whoami" => uu_whoami::uumain,
    "yes" => uu_yes::uumain,
};

/// Sorted by name.
pub(super) const FINDUTILS: &[Applet] = &[
    Applet { name: "find", run: Run::Strings(find) },
    Applet { name: "xargs", run: Run::Strings(findutils::xargs::xargs_main) },
];

fn find(arguments: &[&str]) -> i32 {
    findutils::find::find_main(arguments, &findutils::find::StandardDependencies::new())
}

/// The name whose messages `applet` uses: `[` is `test`.
pub(super) fn message_name(applet: &str) -> &str {
    if applet == "[" { "test" } else { applet }
}

/// The arguments as text, or the first that is not.
///
/// # Errors
///
/// The offending argument.
pub(super) fn as_text(arguments: Vec<OsString>) -> Result<Vec<String>, OsString> {
    arguments.into_iter().map(OsString::into_string).collect()
}
