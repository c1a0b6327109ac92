//! PTX text to a syntax tree: directives, declarations and instructions, still by name.

mod lex;

use std::fmt;

use lex::Token;

/// Why PTX text was refused, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    /// The line of the PTX text, from one.
    pub line: u32,
    /// What is wrong there.
    pub message: String,
}

impl Error {
    pub(crate) fn new(line: u32, message: impl Into<String>) -> Self {
        Self {
            line,
            message: message.into(),
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PTX line {}: {}", self.line, self.message)
    }
}

impl std::error::Error for Error {}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Space {
    Global,
    Constant,
    Shared,
    Local,
    Param,
}

/// A declared variable or parameter.
#[derive(Clone, Debug)]
pub(crate) struct Variable<'a> {
    pub(crate) name: &'a str,
    pub(crate) space: Space,
    pub(crate) align: usize,
    /// Zero for an array of unknown length (`.extern .shared`).
    pub(crate) size: usize,
    pub(crate) init: Vec<u8>,
}

#[derive(Debug)]
pub(crate) struct Function<'a> {
    pub(crate) name: &'a str,
    pub(crate) entry: bool,
    pub(crate) returns: Vec<Variable<'a>>,
    pub(crate) params: Vec<Variable<'a>>,
    /// The product of `.maxntid`.
    pub(crate) max_threads: Option<u32>,
    pub(crate) body: Vec<Statement<'a>>,
    pub(crate) line: u32,
}

#[derive(Debug)]
pub(crate) enum Statement<'a> {
    Open,
    Close,
    /// `.reg` of one name; `count` of `%r<N>`.
    Register {
        name: &'a str,
        count: Option<u32>,
        bits: u32,
    },
    Variable(Variable<'a>),
    Label(&'a str),
    Instruction(Source<'a>),
}

/// An instruction as it is written.
#[derive(Debug)]
pub(crate) struct Source<'a> {
    /// The predicate's name and whether `!` stands before it.
    pub(crate) guard: Option<(&'a str, bool)>,
    pub(crate) opcode: &'a str,
    pub(crate) operands: Vec<Operand<'a>>,
    pub(crate) line: u32,
}

#[derive(Clone, Debug)]
pub(crate) enum Operand<'a> {
    Name(&'a str),
    /// `!p`
    Not(&'a str),
    /// An integer, in two's complement.
    Integer(u64),
    /// The bits of `0f…`.
    Single(u32),
    /// The bits of `0d…`.
    Double(u64),
    /// `d|p`
    Pair(&'a str, &'a str),
    Vector(Vec<Operand<'a>>),
    /// `[base+offset]`
    Address(&'a str, i64),
    /// The parenthesised lists of `call`.
    Group(Vec<&'a str>),
}

#[derive(Debug, Default)]
pub(crate) struct Module<'a> {
    pub(crate) variables: Vec<Variable<'a>>,
    pub(crate) functions: Vec<Function<'a>>,
}

/// The size in bytes of a fundamental type such as `b32`.
fn type_size(name: &str) -> Option<usize> {
    Some(match name {
        "pred" | "b8" | "u8" | "s8" => 1,
        "b16" | "u16" | "s16" | "f16" => 2,
        "b32" | "u32" | "s32" | "f32" | "f16x2" => 4,
        "b64" | "u64" | "s64" | "f64" => 8,
        _ => return None,
    })
}

fn unsigned(text: &str) -> Option<u64> {
    let digits = text.strip_suffix('U').unwrap_or(text);
    if let Some(hex) = digits.strip_prefix("0x").or(digits.strip_prefix("0X")) {
        return u64::from_str_radix(hex, 16).ok();
    }
    if let Some(bits) = digits.strip_prefix("0b").or(digits.strip_prefix("0B")) {
        return u64::from_str_radix(bits, 2).ok();
    }
    match digits.strip_prefix('0') {
        Some(octal) if !octal.is_empty() => u64::from_str_radix(octal, 8).ok(),
        _ => digits.parse().ok(),
    }
}

fn literal(text: &str) -> Option<Operand<'static>> {
    if let Some(hex) = text.strip_prefix("0f").or(text.strip_prefix("0F")) {
        return u32::from_str_radix(hex, 16).ok().map(Operand::Single);
    }
    if let Some(hex) = text.strip_prefix("0d").or(text.strip_prefix("0D")) {
        return u64::from_str_radix(hex, 16).ok().map(Operand::Double);
    }
    unsigned(text).map(Operand::Integer)
}

pub(crate) fn parse(source: &str) -> Result<Module<'_>, Error> {
    let tokens = lex::tokens(source)?;
    let mut parser = Parser { tokens, at: 0 };
    parser.module()
}

struct Parser<'a> {
    tokens: Vec<Token<'a>>,
    at: usize,
}

impl<'a> Parser<'a> {
    fn line(&self) -> u32 {
        let last = self.tokens.last();
        self.tokens.get(self.at).or(last).map_or(1, |t| t.line)
    }

    fn error<T>(&self, message: impl Into<String>) -> Result<T, Error> {
        Err(Error::new(self.line(), message))
    }

    /// The token here, the empty string at the end of the text.
    fn peek(&self) -> &'a str {
        self.tokens.get(self.at).map_or("", |t| t.text)
    }

    fn next(&mut self) -> Result<&'a str, Error> {
        match self.tokens.get(self.at) {
            Some(token) => {
                self.at += 1;
                Ok(token.text)
            }
            None => self.error("the text ends inside a statement"),
        }
    }

    fn accept(&mut self, text: &str) -> bool {
        let found = self.peek() == text;
        self.at += usize::from(found);
        found
    }

    fn expect(&mut self, text: &str) -> Result<(), Error> {
        if self.accept(text) {
            return Ok(());
        }
        self.error(format!("expected `{text}`, found `{}`", self.peek()))
    }

    fn skip_past(&mut self, end: &str) -> Result<(), Error> {
        while self.next()? != end {}
        Ok(())
    }

    fn integer(&mut self) -> Result<u64, Error> {
        let negative = self.accept("-");
        let text = self.next()?;
        let Some(value) = unsigned(text) else {
            return self.error(format!("expected an integer, found `{text}`"));
        };
        Ok(if negative {
            value.wrapping_neg()
        } else {
            value
        })
    }

    fn module(&mut self) -> Result<Module<'a>, Error> {
        let mut module = Module::default();
        let mut headers = 0;
        while self.at < self.tokens.len() {
            match self.next()? {
                ".version" | ".address_size" => {
                    headers += 1;
                    self.next()?;
                }
                ".target" => {
                    headers += 1;
                    self.next()?;
                    while self.accept(",") {
                        self.next()?;
                    }
                }
                ".visible" | ".weak" | ".extern" | ".common" => {}
                ".file" => self.skip_file()?,
                ".global" => module.variables.push(self.variable(Space::Global)?),
                ".const" => module.variables.push(self.variable(Space::Constant)?),
                ".shared" => module.variables.push(self.variable(Space::Shared)?),
                entry @ (".entry" | ".func") => {
                    module.functions.extend(self.function(entry == ".entry")?);
                    continue;
                }
                other => {
                    self.at -= 1;
                    return self.error(format!("unsupported directive `{other}`"));
                }
            }
            self.accept(";");
        }
        if headers == 0 {
            return Err(Error::new(
                1,
                "no .version, .target or .address_size: not PTX",
            ));
        }
        Ok(module)
    }

    fn skip_file(&mut self) -> Result<(), Error> {
        self.next()?;
        self.next()?;
        while self.accept(",") {
            self.next()?;
        }
        Ok(())
    }

    /// What follows the state space: `.align 8 .b8 name[16] = {…}`.
    fn variable(&mut self, space: Space) -> Result<Variable<'a>, Error> {
        let (mut align, mut element) = (0, 0);
        while let Some(word) = self.peek().strip_prefix('.') {
            self.at += 1;
            match word {
                "align" => align = self.integer()? as usize,
                "ptr" | "global" | "const" | "shared" | "local" => {}
                "v2" | "v4" => return self.error(format!("unsupported declaration `.{word}`")),
                _ => match type_size(word) {
                    Some(size) => element = size,
                    None => return self.error(format!("unsupported declaration `.{word}`")),
                },
            }
        }
        let name = self.next()?;
        let mut count = 1;
        while self.accept("[") {
            count *= if self.peek() == "]" {
                0
            } else {
                self.integer()? as usize
            };
            self.expect("]")?;
        }
        let mut variable = Variable {
            name,
            space,
            align: align.max(element).max(1),
            size: element * count,
            init: Vec::new(),
        };
        if self.accept("=") {
            self.initialiser(&mut variable.init, element)?;
            variable.size = variable.size.max(variable.init.len());
        }
        Ok(variable)
    }

    fn initialiser(&mut self, bytes: &mut Vec<u8>, element: usize) -> Result<(), Error> {
        if self.accept("{") {
            while !self.accept("}") {
                self.initialiser(bytes, element)?;
                self.accept(",");
            }
            return Ok(());
        }
        let negative = self.accept("-");
        let text = self.next()?;
        let value = match literal(text) {
            Some(Operand::Integer(value)) if negative => value.wrapping_neg(),
            Some(Operand::Integer(value) | Operand::Double(value)) => value,
            Some(Operand::Single(value)) => u64::from(value),
            _ => return self.error(format!("unsupported initialiser `{text}`")),
        };
        bytes.extend_from_slice(&value.to_le_bytes()[..element]);
        Ok(())
    }

    fn parameters(&mut self) -> Result<Vec<Variable<'a>>, Error> {
        let mut list = Vec::new();
        if !self.accept("(") {
            return Ok(list);
        }
        while !self.accept(")") {
            match self.next()? {
                ".param" | ".reg" => list.push(self.variable(Space::Param)?),
                other => return self.error(format!("unsupported parameter `{other}`")),
            }
            self.accept(",");
        }
        Ok(list)
    }

    /// A function with a body; a declaration alone gives none.
    fn function(&mut self, entry: bool) -> Result<Option<Function<'a>>, Error> {
        let returns = self.parameters()?;
        let line = self.line();
        let name = self.next()?;
        let params = self.parameters()?;
        let mut max_threads = None;
        loop {
            match self.next()? {
                ".maxntid" => max_threads = Some(self.dimensions()?),
                ".reqntid" => return self.error("unsupported directive `.reqntid`"),
                ".minnctapersm" | ".maxnreg" => {
                    self.integer()?;
                }
                ".noreturn" => {}
                ";" => return Ok(None),
                "{" => break,
                other => return self.error(format!("unsupported directive `{other}`")),
            }
        }
        Ok(Some(Function {
            name,
            entry,
            returns,
            params,
            max_threads,
            body: self.body()?,
            line,
        }))
    }

    fn dimensions(&mut self) -> Result<u32, Error> {
        let mut product = self.integer()?;
        while self.accept(",") {
            product *= self.integer()?;
        }
        u32::try_from(product).or_else(|_| self.error("too many threads"))
    }

    /// The statements after `{` up to its `}`.
    fn body(&mut self) -> Result<Vec<Statement<'a>>, Error> {
        let mut statements = Vec::new();
        let mut depth = 1;
        loop {
            match self.next()? {
                "{" => {
                    depth += 1;
                    statements.push(Statement::Open);
                }
                "}" => {
                    depth -= 1;
                    if depth == 0 {
                        return Ok(statements);
                    }
                    statements.push(Statement::Close);
                }
                ";" => {}
                ".reg" => self.registers(&mut statements)?,
                ".shared" => statements.push(Statement::Variable(self.variable(Space::Shared)?)),
                ".local" => statements.push(Statement::Variable(self.variable(Space::Local)?)),
                ".param" => statements.push(Statement::Variable(self.variable(Space::Param)?)),
                ".loc" => self.skip_line(),
                ".pragma" => self.skip_past(";")?,
                label if self.peek() == ":" && !label.starts_with('.') => {
                    self.at += 1;
                    statements.push(Statement::Label(label));
                }
                _ => {
                    self.at -= 1;
                    statements.push(Statement::Instruction(self.instruction()?));
                }
            }
        }
    }

    fn skip_line(&mut self) {
        let line = self.tokens[self.at - 1].line;
        while self.tokens.get(self.at).is_some_and(|t| t.line == line) {
            self.at += 1;
        }
    }

    fn registers(&mut self, statements: &mut Vec<Statement<'a>>) -> Result<(), Error> {
        let ty = self.next()?;
        let Some(size) = ty.strip_prefix('.').and_then(type_size) else {
            return self.error(format!("unsupported register type `{ty}`"));
        };
        let bits = size as u32 * 8;
        loop {
            let name = self.next()?;
            let mut count = None;
            if self.accept("<") {
                count = Some(self.integer()? as u32);
                self.expect(">")?;
            }
            statements.push(Statement::Register { name, count, bits });
            if !self.accept(",") {
                return self.expect(";");
            }
        }
    }

    fn instruction(&mut self) -> Result<Source<'a>, Error> {
        let line = self.line();
        let mut guard = None;
        if self.accept("@") {
            let negated = self.accept("!");
            guard = Some((self.next()?, negated));
        }
        let opcode = self.next()?;
        let mut operands = Vec::new();
        while !self.accept(";") {
            operands.push(self.operand()?);
            if !self.accept(",") {
                self.expect(";")?;
                break;
            }
        }
        Ok(Source {
            guard,
            opcode,
            operands,
            line,
        })
    }

    fn operand(&mut self) -> Result<Operand<'a>, Error> {
        match self.next()? {
            "{" => {
                let mut parts = Vec::new();
                while !self.accept("}") {
                    parts.push(self.operand()?);
                    self.accept(",");
                }
                Ok(Operand::Vector(parts))
            }
            "(" => {
                let mut names = Vec::new();
                while !self.accept(")") {
                    names.push(self.next()?);
                    self.accept(",");
                }
                Ok(Operand::Group(names))
            }
            "[" => self.address(),
            "-" => {
                self.at -= 1;
                Ok(Operand::Integer(self.integer()?))
            }
            "!" => Ok(Operand::Not(self.next()?)),
            text if text.as_bytes()[0].is_ascii_digit() => match literal(text) {
                Some(literal) => Ok(literal),
                None => self.error(format!("unsupported literal `{text}`")),
            },
            name if self.accept("|") => Ok(Operand::Pair(name, self.next()?)),
            name => Ok(Operand::Name(name)),
        }
    }

    fn address(&mut self) -> Result<Operand<'a>, Error> {
        let base = self.next()?;
        let offset = match self.peek() {
            "+" => {
                self.at += 1;
                self.integer()? as i64
            }
            "-" => self.integer()? as i64,
            _ => 0,
        };
        self.expect("]")?;
        Ok(Operand::Address(base, offset))
    }
}
