//! `contact man`: the manual's pages.

use std::path::PathBuf;

use clap::{Args, Command};

use super::{Failure, exit::code, output::Output, reason::Reason};

/// Print a page of the manual
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  contact man | man -l -
  contact man watch-tasks | man -l -
  contact man --dir ~/.local/share/man/man1")]
pub(super) struct Man {
    /// The command whose page to print [default: contact itself]
    #[arg(value_name = "COMMAND")]
    command: Option<String>,

    /// Write all pages into this folder instead
    #[arg(long, value_name = "DIR", conflicts_with = "command")]
    dir: Option<PathBuf>,
}

impl Man {
    pub(super) fn run(self, out: &mut Output) -> Result<u8, Failure> {
        // Before it is built: `help` and all that it helps with would get pages of their own.
        let mut description = super::description().disable_help_subcommand(true);
        description.build();
        if let Some(dir) = &self.dir {
            std::fs::create_dir_all(dir)
                .and_then(|()| clap_mangen::generate_to(description, dir))
                .map_err(|e| Failure::new(code::NO, Reason::System, format!("{}: {e}", dir.display())))?;
            return Ok(0);
        }
        let page = match &self.command {
            None => description,
            Some(name) => {
                let found = description.get_subcommands().find(|c| c.get_name() == name);
                found.cloned().ok_or_else(|| Failure::usage(format!("there is no command {name:?}")))?
            }
        };
        out.raw(&render(page)?);
        Ok(0)
    }
}

fn render(command: Command) -> Result<Vec<u8>, Failure> {
    let mut page = Vec::new();
    clap_mangen::Man::new(command)
        .render(&mut page)
        .map_err(|e| Failure::new(code::NO, Reason::System, e.to_string()))?;
    Ok(page)
}
