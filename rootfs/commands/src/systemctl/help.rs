//! The text of `systemctl --help`.

/// It.
pub const TEXT: &str = "\
systemctl [OPTIONS...] COMMAND ...

Query or send control commands to PID 1.

Units in memory:
  list-units [PATTERN...]           list units
  list-timers, list-sockets, list-paths, list-automounts [PATTERN...]
  is-active, is-failed PATTERN...   print and test the state
  status [PATTERN...|PID...]        show the state of units, or of the system
  show [PATTERN...]                 show properties
  cat PATTERN...                    show files and drop-ins
  help PATTERN...                   show the documentation of units
  list-dependencies [UNIT...]       show what units need or are needed by
  start, stop, restart, reload, try-restart, reload-or-restart, try-reload-or-restart UNIT...
  isolate UNIT                      start it and stop all else
  kill UNIT...                      send a signal
  clean UNIT...                     remove its directories (--what=)
  freeze, thaw UNIT...              stop processes from running, and let them again
  set-property UNIT NAME=VALUE...   set resource limits
  reset-failed [PATTERN...]         forget failures
  fdstore UNIT...                   list the descriptors kept

Unit files:
  list-unit-files [PATTERN...]      list what is installed
  enable, disable, reenable, preset UNIT...
  preset-all                        set all as the presets say
  is-enabled UNIT...
  mask, unmask UNIT...
  link PATH...                      make a unit file elsewhere known
  revert UNIT...                    back to the vendor's version
  add-wants, add-requires TARGET UNIT...
  edit UNIT...                      edit a drop-in (--full: the file; --stdin)
  get-default, set-default TARGET

Jobs, environment, manager:
  list-jobs, cancel [JOB...]
  show-environment, set-environment NAME=VALUE..., unset-environment NAME..., import-environment NAME...
  daemon-reload, daemon-reexec, log-level [LEVEL]
  is-system-running, default, rescue, emergency, poweroff, reboot, halt, kexec

Options:
  -t --type=TYPE        only units of this type       --state=STATE  only in this state
                        (help: lists them)              (help: lists them)
     --failed           the same as --state=failed    -a --all       also what is inactive, or empty
  -p --property=NAME    only these properties         -P NAME        the same with --value
     --value            values alone                  -l --full      cut nothing
  -n --lines=N          lines of the log              -o --output=json, --json=short|pretty
  -q --quiet  --no-pager  --no-legend  --plain  --show-types  --timestamp=utc
     --now              also start or stop            --no-block     do not wait
     --wait             wait until they are down again
     --job-mode=MODE    fail, replace, replace-irreversibly, isolate, flush, ignore-dependencies, ...
  -s --signal=SIGNAL    --kill-whom=main|control|all  --kill-value=N
     --what=KIND        configuration, state, cache, logs, runtime, fdstore, all
     --runtime          only until the next boot      --root=DIR     for the tree there
  -f --force            replace links; with poweroff: kill, twice: at once
     --no-reload        do not have the files read    --drop-in=NAME with edit
     --message=TEXT     --when=TIME  --no-wall        with poweroff and its kin
     --reverse --before --after                       with list-dependencies
  -h --help  --version
";
