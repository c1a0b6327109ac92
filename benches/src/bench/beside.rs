//! Another library in a process of its own, asked for one measurement after the other, so that both sides share the machine's mood.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
};

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use super::sklearn;

/// A Python script that answers each line of JSON with a line of JSON.
pub(crate) struct Beside {
    process: Child,
    questions: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Beside {
    /// Starts a script in the environment that has scikit-learn and NumPy.
    pub(crate) fn start(script: &str) -> Result<Self> {
        let python = sklearn::environment()?;
        let mut process = Command::new(python)
            .args(["-c", script])
            // Old OpenBLAS kernels that a machine may have pinned would make the comparison unfair.
            .env_remove("OPENBLAS_CORETYPE")
            .env_remove("OPENBLAS_L2_SIZE")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .context("cannot start Python")?;
        let (questions, answers) = (process.stdin.take(), process.stdout.take());
        Ok(Self {
            process,
            questions: questions.context("Python has no input")?,
            answers: BufReader::new(answers.context("Python has no output")?),
        })
    }

    /// The answer to a question.
    pub(crate) fn ask(&mut self, question: &Value) -> Result<Value> {
        writeln!(self.questions, "{question}")?;
        let mut answer = String::new();
        self.answers.read_line(&mut answer)?;
        ensure!(!answer.is_empty(), "Python ended at {question}");
        Ok(serde_json::from_str(&answer)?)
    }
}

impl Drop for Beside {
    fn drop(&mut self) {
        // It has nothing to lose.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
