//! `cargo xtask demo --smoke`: the main job once; says what was seen, and how long it took.
use anyhow::Result;

#[tokio::main]
#[expect(clippy::print_stdout, reason = "this is a command for a terminal")]
async fn main() -> Result<()> {
    #[expect(clippy::disallowed_methods, reason = "people want to know how long it took")]
    let began = std::time::Instant::now();
    let evidence = e2e::main_job::run().await?;
    for line in evidence.lines() {
        println!("  seen: {line}");
    }
    println!("main job: ok in {:.1} s", began.elapsed().as_secs_f64());
    Ok(())
}
