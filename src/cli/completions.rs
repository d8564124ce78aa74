//! `contact completions`: a shell's completion script.

use clap::Args;
use clap_complete::Shell;

use super::{Failure, output::Output};

/// Print a shell's completion script
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  contact completions bash > ~/.local/share/bash-completion/completions/contact
  contact completions zsh > \"${fpath[1]}/_contact\"
  contact completions fish > ~/.config/fish/completions/contact.fish")]
pub(super) struct Completions {
    /// The shell
    shell: Shell,
}

impl Completions {
    pub(super) fn run(self, out: &mut Output) -> Result<u8, Failure> {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut super::description(), "contact", &mut script);
        out.raw(&script);
        Ok(0)
    }
}
