//! Programs that manage hooks: recognising them, and the lines that make each run leakwarden.

/// A program that manages hooks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Manager {
    /// husky 9: a folder `.husky`, named by `core.hooksPath`.
    Husky,
    /// lefthook: writes its own scripts into git's hooks folder.
    Lefthook,
    /// The pre-commit framework.
    PreCommit,
    /// prek, which reads the files of pre-commit.
    Prek,
    /// simple-git-hooks: writes scripts from `package.json`.
    SimpleGitHooks,
}

impl Manager {
    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Manager::Husky => "husky",
            Manager::Lefthook => "lefthook",
            Manager::PreCommit => "pre-commit",
            Manager::Prek => "prek",
            Manager::SimpleGitHooks => "simple-git-hooks",
        }
    }

    /// Whose hook a file is, by its text.
    pub fn of_hook(_text: &[u8]) -> Option<Self> {
        None
    }
}
