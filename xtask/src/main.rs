//! Builds, shows, tests and measures the project: `cargo xtask build | dist | demo | test | bench | lab | images`.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "this program talks to the person who runs it")]

mod bench;
mod bench_agent;
mod bench_check;
mod bench_doctor;
mod bench_lifecycle;
mod bench_scale;
mod bench_watch;
mod cargo;
mod checks;
mod demo;
mod dist;
mod error;
mod floor;
mod growth;
mod images;
mod labs;
mod measure;
mod packages;
mod right;
mod test;
mod tree;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// What a developer of the project does every day.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Debug, Subcommand)]
enum Task {
    /// Build the program: static, so that it runs on any Linux of this processor; prints where it is
    Build,
    /// Pack it: an archive, a .deb and an .rpm, with manual pages and all that belongs to them
    Dist(dist::Dist),
    /// Bring a cluster up, let the program set up trust on it, and show that it works
    Demo(demo::Demo),
    /// Run all checks and tests
    Test(test::Test),
    /// Measure the program
    #[command(subcommand)]
    Bench(bench::Bench),
    /// Nodes to play with
    #[command(subcommand)]
    Lab(labs::LabTask),
    /// Take the pictures of the README
    Images(images::Images),
}

fn main() -> ExitCode {
    let done = match Arguments::parse().task {
        Task::Build => cargo::build_program("").map(|path| println!("{}", path.display())),
        Task::Dist(dist) => dist::run(&dist),
        Task::Demo(demo) => demo::run(&demo),
        Task::Test(test) => test::run(&test),
        Task::Bench(bench) => bench::run(&bench),
        Task::Lab(task) => labs::run(&task),
        Task::Images(images) => images::run(&images),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask: {error}");
            ExitCode::FAILURE
        }
    }
}
