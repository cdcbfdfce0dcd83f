//! Commands line by line.

use std::io::{self, BufRead, IsTerminal, Write};
use std::time::Duration;

use clap::Parser;

use super::{CommandError, Outcome, run as carry_out};
use crate::cli::{Cli, Command};
use crate::systems::System;

pub(super) fn run(system: &System, within: Duration, out: &mut dyn Write) -> Result<Outcome, CommandError> {
    let input = io::stdin();
    let is_read_by_people = input.is_terminal();
    let mut outcome = Outcome::Well;
    loop {
        if is_read_by_people {
            write!(out, "{}> ", system.name)?;
            out.flush()?;
        }
        let mut line = String::new();
        let read = input.lock().read_line(&mut line);
        match read {
            Ok(0) => return Ok(outcome),
            Ok(_) => {}
            Err(error) => return Err(CommandError::Failed(format!("the standard input is no text: {error}"))),
        }
        match line.trim() {
            "" => continue,
            "exit" | "quit" => return Ok(outcome),
            line => {
                outcome = match obey(system, within, line, out) {
                    Ok(outcome) => outcome,
                    // It can say nothing more.
                    Err(error @ CommandError::Output(_)) => return Err(error),
                    Err(error) => {
                        eprintln!("roscius: {error}");
                        Outcome::Wrong
                    }
                };
            }
        }
    }
}

fn obey(system: &System, within: Duration, line: &str, out: &mut dyn Write) -> Result<Outcome, CommandError> {
    let words = words(line).map_err(CommandError::Failed)?;
    // What the shell was told holds for each line, unless the line says otherwise.
    let told = ["roscius".to_owned(), format!("--within={}", within.as_secs_f64())];
    let cli = match Cli::try_parse_from(told.into_iter().chain(words)) {
        Ok(cli) => cli,
        // It is a help text perhaps.
        Err(error) if !error.use_stderr() => {
            write!(out, "{error}")?;
            return Ok(Outcome::Well);
        }
        Err(error) => return Err(CommandError::Failed(error.to_string().trim_end().to_owned())),
    };
    if matches!(cli.command, Command::Shell { .. }) {
        return Err(CommandError::Failed("this is the shell already".to_owned()));
    }
    let named = cli.system().map_or_else(|| system.name.clone(), str::to_owned);
    carry_out(&Cli { named: Some(named), ..cli }, out)
}

/// The words of a line. Quotes keep one together, as in other shells.
fn words(line: &str) -> Result<Vec<String>, String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = None;
    let mut letters = line.chars();
    while let Some(letter) = letters.next() {
        match (quote, letter) {
            (Some(open), letter) if letter == open => quote = None,
            (None, '"' | '\'') => {
                quote = Some(letter);
                word.get_or_insert_default();
            }
            (None | Some('"'), '\\') => {
                let next = letters.next().ok_or("the line ends with a `\\`")?;
                word.get_or_insert_default().push(next);
            }
            (None, letter) if letter.is_whitespace() => words.extend(word.take()),
            (_, letter) => word.get_or_insert_default().push(letter),
        }
    }
    if let Some(open) = quote {
        return Err(format!("there is no second `{open}`"));
    }
    words.extend(word);
    Ok(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_keep_words_together() {
        let line = r#"ask clerk  "two words" '{"a": 1}' a\ b """#;
        assert_eq!(words(line).unwrap(), ["ask", "clerk", "two words", r#"{"a": 1}"#, "a b", ""]);
        assert!(words("ask 'clerk").is_err());
        assert!(words("ask \\").is_err());
    }
}
