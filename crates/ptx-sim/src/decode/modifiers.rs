//! The dotted parts of an opcode, each of which must be understood or the module is refused.

use crate::instruction::{Float, Rounding, Ty, Window};

pub(super) struct Modifiers<'a> {
    pub(super) mnemonic: &'a str,
    parts: Vec<&'a str>,
}

impl<'a> Modifiers<'a> {
    pub(super) fn new(opcode: &'a str) -> Self {
        let mut parts = opcode.split('.');
        let mnemonic = parts.next().unwrap_or_default();
        Self {
            mnemonic,
            parts: parts.collect(),
        }
    }

    /// Whether `name` is among the modifiers; it counts as understood from then on.
    pub(super) fn take(&mut self, name: &str) -> bool {
        let found = self.parts.iter().position(|p| *p == name);
        if let Some(at) = found {
            self.parts.remove(at);
        }
        found.is_some()
    }

    /// Drops the modifiers that change no result here (cache hints, scopes, orders).
    pub(super) fn ignore(&mut self, names: &[&str]) {
        self.parts
            .retain(|p| !names.contains(p) && !p.starts_with("L1::") && !p.starts_with("L2::"));
    }

    /// The first modifier that `parse` understands.
    pub(super) fn first<T>(&mut self, parse: impl Fn(&str) -> Option<T>) -> Option<T> {
        let (at, value) = self
            .parts
            .iter()
            .enumerate()
            .find_map(|(at, part)| parse(part).map(|value| (at, value)))?;
        self.parts.remove(at);
        Some(value)
    }

    pub(super) fn ty(&mut self) -> Result<Ty, String> {
        self.first(Ty::parse)
            .ok_or_else(|| match self.parts.last() {
                Some(part) => format!("unsupported type `.{part}`"),
                None => "no type".to_owned(),
            })
    }

    pub(super) fn window(&mut self) -> Window {
        self.first(|part| {
            Some(match part {
                "global" | "const" => Window::Global,
                "shared" | "shared::cta" => Window::Shared,
                "local" => Window::Local,
                "param" | "param::entry" | "param::func" => Window::Param,
                _ => return None,
            })
        })
        .unwrap_or(Window::Generic)
    }

    pub(super) fn rounding(&mut self) -> Option<Rounding> {
        self.first(|part| {
            Some(match part {
                "rn" => Rounding::Nearest,
                "rz" => Rounding::Zero,
                "rm" => Rounding::Down,
                "rp" => Rounding::Up,
                _ => return None,
            })
        })
    }

    pub(super) fn float(&mut self, ty: Ty) -> Float {
        Float {
            ty,
            rounding: self.rounding().unwrap_or(Rounding::Nearest),
            ftz: self.take("ftz"),
            sat: self.take("sat"),
        }
    }

    /// Refuses what nothing has taken.
    pub(super) fn finish(&self) -> Result<(), String> {
        match self.parts.first() {
            Some(part) => Err(format!("unsupported modifier `.{part}`")),
            None => Ok(()),
        }
    }
}
