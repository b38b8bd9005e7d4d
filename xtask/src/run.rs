//! Running other programs and saying what goes on.
use std::{
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Instant,
};

use anyhow::{Context, Result, ensure};

/// The workspace's root.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("xtask stands in the workspace").to_owned()
}

#[expect(clippy::print_stdout, reason = "this is a command for a terminal")]
pub(crate) fn say(text: &str) {
    println!("{text}");
}

#[expect(clippy::print_stderr, reason = "this is a command for a terminal")]
pub(crate) fn complain(text: &str) {
    eprintln!("{text}");
}

/// A command in the workspace's root.
pub(crate) fn command(program: impl AsRef<std::ffi::OsStr>) -> Command {
    let mut command = Command::new(program);
    command.current_dir(root());
    command
}

/// The cargo that runs us. Links with mold where there is one: given by `--config`, because RUSTFLAGS would
/// rebuild everything, and a committed setting would break machines without it.
pub(crate) fn cargo(subcommand: &str) -> Command {
    let mut command = command(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.arg(subcommand);
    if cfg!(all(target_os = "linux", target_arch = "x86_64")) && installed("mold") {
        let flags = "target.x86_64-unknown-linux-gnu.rustflags=[\"-Clink-arg=-fuse-ld=mold\"]";
        command.args(["--config", flags]);
    }
    command
}

pub(crate) fn installed(program: &str) -> bool {
    let paths = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&paths).any(|folder| folder.join(program).is_file())
}

/// Runs it with its output shown; an error names the command.
pub(crate) fn exec(command: &mut Command) -> Result<()> {
    let status = command.status().with_context(|| format!("`{}` does not start", shown(command)))?;
    ensure!(status.success(), "`{}` failed ({status})", shown(command));
    Ok(())
}

/// Runs it and returns what it printed; what it said to stderr is shown only if it fails.
pub(crate) fn read(command: &mut Command) -> Result<String> {
    let output = command
        .stdin(Stdio::null())
        .output()
        .with_context(|| format!("`{}` does not start", shown(command)))?;
    ensure!(
        output.status.success(),
        "`{}` failed ({}):\n{}{}",
        shown(command),
        output.status,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

fn shown(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
}

/// Says what begins, runs it, and says how long it took.
pub(crate) fn timed<T>(what: &str, work: impl FnOnce() -> Result<T>) -> Result<(T, f64)> {
    say(&format!("== {what}"));
    #[expect(clippy::disallowed_methods, reason = "this measures how long a command takes")]
    let began = Instant::now();
    let result = work().with_context(|| what.to_owned())?;
    let seconds = began.elapsed().as_secs_f64();
    say(&format!("   {what}: {seconds:.1} s"));
    Ok((result, seconds))
}
