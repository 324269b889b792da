//! A question for a password at a real terminal: whatever is pressed, nothing that is typed is shown, and the terminal is
//! as it was afterwards.

use lab::{Node, Terminal};

use crate::harness::*;

/// A shell with job control that leaves the terminal's settings alone, as a program left them; the run asks.
fn asking(on: &Node, hosts: &str) -> Terminal {
    on.write("/tmp/hostfile", hosts.as_bytes(), 0o644, "root").unwrap();
    let mut terminal = on.terminal("root", "PS1='ready> ' dash -i").unwrap();
    terminal.expect("ready> ", PATIENCE).unwrap();
    ask(&mut terminal);
    terminal
}

fn ask(terminal: &mut Terminal) {
    terminal.type_line("gs_sshexkey -f /tmp/hostfile").unwrap();
    terminal.expect("Password: ", PATIENCE).unwrap();
}

/// Fails unless what is typed at the shell is shown.
#[track_caller]
fn must_echo(terminal: &mut Terminal, word: &str) {
    // The shell shows the line as it is typed; what it prints for it is another text.
    terminal.type_line(&format!("echo {word}''-done")).unwrap();
    terminal.expect(&format!("echo {word}''-done"), PATIENCE).unwrap();
    terminal.expect(&format!("{word}-done"), PATIENCE).unwrap();
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn a_question_survives_being_stopped() {
    let lab = cluster(2);
    let mut terminal = asking(lab.node(0), &hostfile(&all(&lab)));
    for word in ["once", "twice"] {
        terminal.press_ctrl('Z').unwrap();
        terminal.expect("ready> ", PATIENCE).unwrap();
        must_echo(&mut terminal, word);
        terminal.type_line("fg").unwrap();
        terminal.expect("Password: ", PATIENCE).unwrap();
    }
    terminal.type_line(PASSWORD).unwrap();
    terminal.expect("Successfully created SSH trust.", PATIENCE).unwrap();
    terminal.expect("ready> ", PATIENCE).unwrap();
    must_echo(&mut terminal, "trusted");
    terminal.type_line("exit").unwrap();
    let (_, screen) = terminal.finish().unwrap();
    assert!(!screen.contains(PASSWORD), "{screen}");
    assert_eq!(screen.matches("Password: ").count(), 3, "{screen}");
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn a_question_that_is_ended_leaves_the_terminal_as_it_was() {
    let lab = cluster(2);
    let mut terminal = asking(lab.node(0), &hostfile(&all(&lab)));
    for key in ['\\', 'C'] {
        terminal.press_ctrl(key).unwrap();
        terminal.expect("Interrupted. Nothing was changed.", PATIENCE).unwrap();
        terminal.expect("ready> ", PATIENCE).unwrap();
        must_echo(&mut terminal, if key == 'C' { "interrupted" } else { "quit" });
        ask(&mut terminal);
    }
    // By a signal while it is stopped, which it hears when it goes on.
    for signal in ["TERM", "HUP", "QUIT"] {
        terminal.press_ctrl('Z').unwrap();
        terminal.expect("ready> ", PATIENCE).unwrap();
        terminal.type_line(&format!("kill -{signal} %1; fg")).unwrap();
        terminal.expect("Interrupted. Nothing was changed.", PATIENCE).unwrap();
        terminal.expect("ready> ", PATIENCE).unwrap();
        must_echo(&mut terminal, signal);
        ask(&mut terminal);
    }
    terminal.press_ctrl('C').unwrap();
    terminal.expect("Interrupted.", PATIENCE).unwrap();
    // What is typed before the program has ended is the program's.
    terminal.expect("ready> ", PATIENCE).unwrap();
    terminal.type_line("exit").unwrap();
    terminal.finish().unwrap();
}

#[test]
#[ignore = "needs root: run `cargo xtask test`"]
fn a_program_that_nobody_could_continue_does_not_stop() {
    let lab = cluster(2);
    let mut terminal = at_terminal(lab.node(0), "root", &hostfile(&all(&lab)), "");
    terminal.expect("Password: ", PATIENCE).unwrap();
    terminal.press_ctrl('Z').unwrap();
    terminal.type_line(PASSWORD).unwrap();
    let (status, screen) = terminal.finish().unwrap();
    assert!(status.success() && !screen.contains(PASSWORD), "{screen}");
}
