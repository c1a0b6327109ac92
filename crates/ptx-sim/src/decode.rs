//! Syntax to decoded kernels: names become slots, calls are inlined, labels become positions.

mod modifiers;
mod operation;

use std::collections::HashMap;

use crate::instruction::{
    Instruction, Kernel, NONE, Op, Parameter, Preset, SharedVariable, Slot, Special, Ty,
};
use crate::parse::{Error, Function, Module, Operand, Source, Space, Statement, Variable};

/// The bytes between two shared variables, which no access may touch.
pub(crate) const SHARED_GAP: usize = 64;

/// Calls nested deeper than this are taken for recursion.
const CALL_DEPTH: usize = 32;

/// A variable of `.global` or `.const` space.
#[derive(Clone, Debug)]
pub(crate) struct GlobalVariable {
    pub(crate) name: String,
    pub(crate) size: usize,
    pub(crate) init: Vec<u8>,
    pub(crate) constant: bool,
}

/// A module ready to be loaded.
#[derive(Clone, Debug, Default)]
pub(crate) struct Program {
    pub(crate) kernels: Vec<Kernel>,
    pub(crate) globals: Vec<GlobalVariable>,
}

pub(crate) fn decode(module: &Module<'_>) -> Result<Program, Error> {
    let mut program = Program::default();
    for variable in module.variables.iter().filter(|v| v.space != Space::Shared) {
        program.globals.push(GlobalVariable {
            name: variable.name.to_owned(),
            size: variable.size,
            init: variable.init.clone(),
            constant: variable.space == Space::Constant,
        });
    }
    for entry in module.functions.iter().filter(|f| f.entry) {
        let kernel = kernel(module, entry).map_err(|error| Error {
            message: format!("kernel {}: {}", entry.name, error.message),
            ..error
        })?;
        program.kernels.push(kernel);
    }
    Ok(program)
}

fn kernel(module: &Module<'_>, entry: &Function<'_>) -> Result<Kernel, Error> {
    let mut decoder = Decoder::new(module, entry);
    let mut scope = HashMap::new();
    for (variable, parameter) in entry.params.iter().zip(&decoder.kernel.params) {
        scope.insert(variable.name, Name::Parameter(parameter.offset));
    }
    let exits = decoder.body(entry, scope)?;
    for at in exits {
        decoder.kernel.code[at].op = Op::Exit;
    }
    let line = decoder.kernel.code.last().map_or(entry.line, |i| i.line);
    decoder.kernel.code.push(Instruction::new(Op::Exit, line));
    Ok(decoder.kernel)
}

/// What a name in a function's body stands for.
#[derive(Clone, Copy)]
enum Name {
    Register(Slot),
    /// `%r<N>`: the first slot and how many.
    Range(Slot, u32),
    Shared(usize),
    Local(usize),
    Parameter(usize),
}

/// What an address in an operand is relative to.
enum Base {
    Register(Slot),
    /// A slot that holds the whole address, offset included.
    Fixed(Slot),
    Local(usize),
    Parameter(usize),
}

/// The body being decoded: the kernel's own, or that of an inlined function.
struct Frame<'a> {
    scopes: Vec<HashMap<&'a str, Name>>,
    labels: HashMap<&'a str, usize>,
    branches: Vec<(usize, &'a str)>,
    returns: Vec<usize>,
}

impl Frame<'_> {
    fn find(&self, name: &str) -> Option<Name> {
        self.scopes.iter().rev().find_map(|s| s.get(name)).copied()
    }
}

struct Decoder<'m, 'a> {
    module: &'m Module<'a>,
    kernel: Kernel,
    constants: HashMap<u64, Slot>,
    specials: HashMap<Special, Slot>,
    symbols: HashMap<(&'a str, i64), Slot>,
    /// Where the module's shared variables that this kernel uses lie.
    shared: HashMap<&'a str, usize>,
    /// The width in bits of each slot's register.
    widths: Vec<u32>,
    carry: Slot,
    depth: usize,
}

impl<'m, 'a> Decoder<'m, 'a> {
    fn new(module: &'m Module<'a>, entry: &Function<'a>) -> Self {
        let mut kernel = Kernel {
            name: entry.name.to_owned(),
            max_threads: entry.max_threads,
            ..Kernel::default()
        };
        for variable in &entry.params {
            let offset = kernel.param_bytes.next_multiple_of(variable.align);
            kernel.params.push(Parameter {
                offset,
                size: variable.size,
            });
            kernel.param_bytes = offset + variable.size;
        }
        let mut decoder = Self {
            module,
            kernel,
            constants: HashMap::new(),
            specials: HashMap::new(),
            symbols: HashMap::new(),
            shared: HashMap::new(),
            widths: Vec::new(),
            carry: NONE,
            depth: 0,
        };
        decoder.carry = decoder.slot();
        decoder
    }

    fn slot(&mut self) -> Slot {
        self.kernel.slots += 1;
        self.widths.push(64);
        (self.kernel.slots - 1) as Slot
    }

    fn preset(&mut self, preset: Preset) -> Slot {
        let slot = self.slot();
        self.kernel.presets.push((slot, preset));
        slot
    }

    fn constant(&mut self, value: u64) -> Slot {
        if let Some(&slot) = self.constants.get(&value) {
            return slot;
        }
        let slot = self.preset(Preset::Constant(value));
        self.constants.insert(value, slot);
        slot
    }

    fn allocate_shared(&mut self, variable: &Variable<'_>) -> usize {
        let end = self.kernel.shared_extent;
        let start = if end == 0 { 0 } else { end + SHARED_GAP };
        let offset = start.next_multiple_of(variable.align);
        self.kernel.shared.push(SharedVariable {
            offset,
            size: variable.size,
        });
        self.kernel.shared_extent = offset + variable.size;
        offset
    }

    fn allocate_local(&mut self, variable: &Variable<'_>) -> usize {
        let offset = self
            .kernel
            .local_bytes
            .next_multiple_of(variable.align.max(8));
        self.kernel.local_bytes = offset + variable.size;
        offset
    }

    /// Decodes a body and resolves its branches; gives the positions of its `ret`s.
    fn body(
        &mut self,
        function: &'m Function<'a>,
        scope: HashMap<&'a str, Name>,
    ) -> Result<Vec<usize>, Error> {
        let mut frame = Frame {
            scopes: vec![scope],
            labels: HashMap::new(),
            branches: Vec::new(),
            returns: Vec::new(),
        };
        for statement in &function.body {
            match statement {
                Statement::Open => frame.scopes.push(HashMap::new()),
                Statement::Close => {
                    frame.scopes.pop();
                }
                Statement::Register { name, count, bits } => {
                    self.register(&mut frame, name, *count, *bits);
                }
                Statement::Variable(variable) => self.variable(&mut frame, variable),
                Statement::Label(name) => {
                    frame.labels.insert(name, self.kernel.code.len());
                }
                Statement::Instruction(source) => {
                    self.instruction(&mut frame, source).map_err(|message| {
                        Error::new(source.line, format!("{message} in `{}`", source.opcode))
                    })?;
                }
            }
        }
        for (at, label) in frame.branches {
            let instruction = &mut self.kernel.code[at];
            let Some(&target) = frame.labels.get(label) else {
                let message = format!("no label `{label}` in {}", function.name);
                return Err(Error::new(instruction.line, message));
            };
            instruction.offset = target as i64;
        }
        Ok(frame.returns)
    }

    fn register(&mut self, frame: &mut Frame<'a>, name: &'a str, count: Option<u32>, bits: u32) {
        let base = self.kernel.slots as Slot;
        self.kernel.slots += count.unwrap_or(1) as usize;
        self.widths.resize(self.kernel.slots, bits);
        let name_of = match count {
            Some(count) => Name::Range(base, count),
            None => Name::Register(base),
        };
        let scope = frame.scopes.last_mut().expect("a body has a scope");
        scope.insert(name, name_of);
    }

    fn variable(&mut self, frame: &mut Frame<'a>, variable: &Variable<'a>) {
        let name = match variable.space {
            Space::Shared => Name::Shared(self.allocate_shared(variable)),
            _ => Name::Local(self.allocate_local(variable)),
        };
        let scope = frame.scopes.last_mut().expect("a body has a scope");
        scope.insert(variable.name, name);
    }

    /// The slot of a register by name: `%p12` is the thirteenth of `%p<…>`.
    fn find_register(&self, frame: &Frame<'a>, name: &str) -> Option<Slot> {
        if let Some(Name::Register(slot)) = frame.find(name) {
            return Some(slot);
        }
        let prefix = name.trim_end_matches(|c: char| c.is_ascii_digit());
        let index: Slot = name[prefix.len()..].parse().ok()?;
        match frame.find(prefix) {
            Some(Name::Range(base, count)) if index < count => Some(base + index),
            _ => None,
        }
    }

    fn read(&mut self, frame: &Frame<'a>, operand: &Operand<'a>, ty: Ty) -> Result<Slot, String> {
        match operand {
            Operand::Name(name) => self.read_name(frame, name),
            Operand::Integer(value) if ty == Ty::Pred => Ok(self.constant(u64::from(*value != 0))),
            Operand::Integer(value) if ty.is_float() => {
                Err(format!("integer {value} where a float belongs"))
            }
            Operand::Integer(value) => {
                let mask = u64::MAX >> (64 - ty.bits());
                Ok(self.constant(value & mask))
            }
            Operand::Single(bits) if ty == Ty::F64 => {
                Ok(self.constant(f64::from(f32::from_bits(*bits)).to_bits()))
            }
            Operand::Single(bits) => Ok(self.constant(u64::from(*bits))),
            Operand::Double(bits) if ty == Ty::F32 => {
                Ok(self.constant(u64::from((f64::from_bits(*bits) as f32).to_bits())))
            }
            Operand::Double(bits) => Ok(self.constant(*bits)),
            other => Err(format!("unsupported operand {other:?}")),
        }
    }

    fn read_name(&mut self, frame: &Frame<'a>, name: &'a str) -> Result<Slot, String> {
        if let Some(slot) = self.find_register(frame, name) {
            return Ok(slot);
        }
        if name == "WARP_SZ" {
            return Ok(self.constant(32));
        }
        if let Some(special) = name.strip_prefix('%') {
            return match Special::parse(special) {
                Some(special) => Ok(self.special(special)),
                None => Err(format!("unsupported register `{name}`")),
            };
        }
        match self.base(frame, name, 0)? {
            Base::Register(slot) | Base::Fixed(slot) => Ok(slot),
            Base::Local(offset) | Base::Parameter(offset) => Ok(self.constant(offset as u64)),
        }
    }

    fn special(&mut self, special: Special) -> Slot {
        if let Some(&slot) = self.specials.get(&special) {
            return slot;
        }
        let slot = self.preset(Preset::Special(special));
        self.specials.insert(special, slot);
        slot
    }

    fn write(&mut self, frame: &Frame<'a>, operand: &Operand<'a>) -> Result<Slot, String> {
        match operand {
            Operand::Name("_") => Ok(self.slot()),
            Operand::Name(name) => self
                .find_register(frame, name)
                .ok_or_else(|| format!("no register `{name}`")),
            other => Err(format!("unsupported result {other:?}")),
        }
    }

    fn base(&mut self, frame: &Frame<'a>, name: &'a str, offset: i64) -> Result<Base, String> {
        if let Some(slot) = self.find_register(frame, name) {
            return Ok(Base::Register(slot));
        }
        match frame.find(name) {
            Some(Name::Local(at)) => return Ok(Base::Local(at)),
            Some(Name::Parameter(at)) => return Ok(Base::Parameter(at)),
            Some(Name::Shared(at)) => {
                let address = (at as u64).wrapping_add_signed(offset);
                return Ok(Base::Fixed(self.constant(address)));
            }
            Some(Name::Register(_) | Name::Range(..)) | None => {}
        }
        let module = self.module;
        let Some(variable) = module.variables.iter().find(|v| v.name == name) else {
            return Err(format!("unknown name `{name}`"));
        };
        if variable.space == Space::Shared && variable.size > 0 {
            let at = match self.shared.get(name) {
                Some(&at) => at,
                None => self.allocate_shared(variable),
            };
            self.shared.insert(name, at);
            let address = (at as u64).wrapping_add_signed(offset);
            return Ok(Base::Fixed(self.constant(address)));
        }
        if let Some(&slot) = self.symbols.get(&(name, offset)) {
            return Ok(Base::Fixed(slot));
        }
        let slot = if variable.space == Space::Shared {
            self.kernel.dynamic_shared = true;
            self.preset(Preset::DynamicShared(offset))
        } else {
            self.preset(Preset::Global(name.to_owned(), offset))
        };
        self.symbols.insert((name, offset), slot);
        Ok(Base::Fixed(slot))
    }

    fn instruction(&mut self, frame: &mut Frame<'a>, source: &Source<'a>) -> Result<(), String> {
        let mut instruction = Instruction::new(Op::Nop, source.line);
        if let Some((name, negated)) = source.guard {
            let slot = self.find_register(frame, name);
            instruction.guard = slot.ok_or_else(|| format!("no predicate `{name}`"))?;
            instruction.negated = negated;
        }
        let mut modifiers = modifiers::Modifiers::new(source.opcode);
        if modifiers.mnemonic == "call" {
            if source.guard.is_some() {
                return Err("unsupported predicate".to_owned());
            }
            modifiers.take("uni");
            modifiers.finish()?;
            return self.call(frame, &source.operands);
        }
        let operation = operation::Operation {
            decoder: self,
            frame,
            modifiers,
            operands: &source.operands,
            instruction,
        };
        let instruction = operation.decode()?;
        self.kernel.code.push(instruction);
        Ok(())
    }

    /// Inlines a function: its parameters become names for the caller's `.param` variables.
    fn call(&mut self, frame: &Frame<'a>, operands: &[Operand<'a>]) -> Result<(), String> {
        let (results, name, arguments): (&[&str], _, &[&str]) = match operands {
            [
                Operand::Group(results),
                Operand::Name(name),
                Operand::Group(arguments),
            ] => (results, *name, arguments),
            [Operand::Group(results), Operand::Name(name)] => (results, *name, &[]),
            [Operand::Name(name), Operand::Group(arguments)] => (&[], *name, arguments),
            [Operand::Name(name)] => (&[], *name, &[]),
            _ => return Err("unsupported operands".to_owned()),
        };
        let module = self.module;
        let Some(function) = module.functions.iter().find(|f| f.name == name) else {
            return Err(format!("unsupported function `{name}`"));
        };
        if results.len() != function.returns.len() || arguments.len() != function.params.len() {
            return Err(format!("wrong number of arguments of `{name}`"));
        }
        self.depth += 1;
        if self.depth > CALL_DEPTH {
            return Err(format!("recursion of `{name}`"));
        }
        let mut scope = HashMap::new();
        let formals = function.returns.iter().chain(&function.params);
        for (formal, actual) in formals.zip(results.iter().chain(arguments)) {
            let Some(place) = frame.find(actual) else {
                return Err(format!("unknown name `{actual}`"));
            };
            scope.insert(formal.name, place);
        }
        let returns = self.body(function, scope).map_err(|e| e.to_string())?;
        let end = self.kernel.code.len();
        for at in returns {
            self.kernel.code[at].op = Op::Branch;
            self.kernel.code[at].offset = end as i64;
        }
        self.depth -= 1;
        Ok(())
    }
}
