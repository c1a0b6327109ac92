//! The part that both printers share: the walk over statements and expressions.

use std::fmt::Write as _;

use super::ir::node::{
    Atomic, Binary, Block, Builtin, Function, Kernel, Literal, Memory, Node, Stmt, Ty, Unary,
};
use super::schedule::{Form, forms};

/// A target language's spelling. Printed operators stand in parentheses; see [`bare`].
pub(super) trait Language {
    fn ty(&self, ty: Ty) -> &'static str;
    fn literal(&self, literal: Literal, ty: Ty) -> String;
    /// A literal zero, for comparisons only: there no compiler folds anything.
    fn compared_zero(&self, ty: Ty) -> String {
        self.literal(Literal::Float(0.0), ty)
    }
    fn builtin(&self, builtin: Builtin) -> &'static str;
    fn unary(&self, op: Unary, ty: Ty, a: &str) -> String;
    fn binary(&self, op: Binary, ty: Ty, a: &str, b: &str) -> String;
    fn select(&self, condition: &str, then: &str, otherwise: &str) -> String;
    fn mul_add(&self, ty: Ty, a: &str, b: &str, c: &str) -> String;
    fn cast(&self, from: Ty, to: Ty, a: &str) -> String;
    fn bitcast(&self, from: Ty, to: Ty, a: &str) -> String;
    fn atomic(&self, op: Atomic, memory: &Memory, index: &str, a: &str) -> String;
    /// The declaration of a constant, without indentation and semicolon.
    fn constant(&self, ty: &str, name: &str, value: &str) -> String;
    /// The declaration of a variable, without indentation and semicolon.
    fn variable(&self, ty: &str, name: &str, value: &str) -> String;
    fn endless(&self) -> &'static str;
    fn barrier(&self) -> &'static str;
    /// A function up to its opening brace.
    fn header(&self, name: &str, arguments: &[(String, Ty)], result: &str) -> String;
    /// A value of a pair type.
    fn pair(&self, ty: &str, a: &str, b: &str) -> String;
    /// The definition of a pair type.
    fn pair_type(&self, name: &str, a: Ty, b: Ty) -> String;
}

/// The pair types and functions of a kernel, in an order in which each is defined before it is used.
pub(super) fn functions(language: &impl Language, kernel: &Kernel) -> String {
    let mut out = String::new();
    let mut pairs: Vec<&[Ty]> = Vec::new();
    for f in &kernel.functions {
        if let [a, b] = *f.results.as_slice()
            && !pairs.contains(&f.results.as_slice())
        {
            pairs.push(&f.results);
            let _ = writeln!(
                out,
                "{}\n",
                language.pair_type(&pair_name(&f.results), a, b)
            );
        }
    }
    for f in &kernel.functions {
        let arguments: Vec<(String, Ty)> = f
            .arguments
            .iter()
            .enumerate()
            .map(|(i, &t)| (argument(i), t))
            .collect();
        let result = result_type(language, &f.results);
        let _ = writeln!(out, "{} {{", language.header(&f.name, &arguments, &result));
        out += &body(language, kernel, f);
        out += "}\n\n";
    }
    out
}

/// The statements of a function, indented.
pub(super) fn body(language: &impl Language, kernel: &Kernel, function: &Function) -> String {
    let forms = forms(function);
    let mut printer = Printer {
        language,
        kernel,
        function,
        forms,
        out: String::new(),
        indent: 1,
    };
    printer.block(&function.body);
    printer.out
}

fn argument(i: usize) -> String {
    ["x", "y", "z", "w"]
        .get(i)
        .map_or_else(|| format!("x{i}"), ToString::to_string)
}

fn pair_name(results: &[Ty]) -> String {
    let mut names: Vec<&str> = results.iter().map(|t| t.name()).collect();
    names.dedup();
    format!("pair_{}", names.join("_"))
}

fn result_type(language: &impl Language, results: &[Ty]) -> String {
    match results {
        [one] => language.ty(*one).to_owned(),
        more => pair_name(more),
    }
}

struct Printer<'a, L> {
    language: &'a L,
    kernel: &'a Kernel,
    function: &'a Function,
    forms: Vec<Form>,
    out: String,
    indent: usize,
}

impl<L: Language> Printer<'_, L> {
    fn line(&mut self, text: &str) {
        let _ = writeln!(self.out, "{:1$}{text}", "", 4 * self.indent);
    }

    fn block(&mut self, block: &Block) {
        for stmt in block {
            self.stmt(stmt);
        }
    }

    fn braced(&mut self, head: &str, body: &Block) {
        self.line(&format!("{head} {{"));
        self.indent += 1;
        self.block(body);
        self.indent -= 1;
    }

    fn stmt(&mut self, stmt: &Stmt) {
        match stmt {
            Stmt::Let(id) => self.let_(*id),
            Stmt::Var(var, init) => {
                let ty = self.language.ty(self.function.vars[*var]);
                let text =
                    self.language
                        .variable(ty, &format!("var{var}"), self.value(*init).as_bare());
                self.line(&format!("{text};"));
            }
            Stmt::Set(var, x) => {
                let text = format!("var{var} = {};", self.value(*x).as_bare());
                self.line(&text);
            }
            Stmt::Store(memory, index, x) => {
                let name = &self.kernel.memories[*memory].name;
                let text = format!(
                    "{name}[{}] = {};",
                    self.value(*index).as_bare(),
                    self.value(*x).as_bare()
                );
                self.line(&text);
            }
            Stmt::If(condition, then, otherwise) => {
                let head = format!("if ({})", self.value(*condition).as_bare());
                self.braced(&head, then);
                if !otherwise.is_empty() {
                    self.braced("} else", otherwise);
                }
                self.line("}");
            }
            Stmt::Loop(body) => {
                self.braced(self.language.endless(), body);
                self.line("}");
            }
            Stmt::For(counter, first, end, step, body) => {
                let ty = self.language.ty(self.function.nodes[*first].1);
                let name = format!("i{counter}");
                let start = self
                    .language
                    .variable(ty, &name, self.value(*first).as_bare());
                let (end, step) = (self.value(*end), self.value(*step));
                self.braced(
                    &format!("for ({start}; {name} < {end}; {name} += {step})"),
                    body,
                );
                self.line("}");
            }
            Stmt::Break => self.line("break;"),
            Stmt::Continue => self.line("continue;"),
            Stmt::Barrier => self.line(self.language.barrier()),
            Stmt::Return(values) => {
                let values: Vec<Text> = values.iter().map(|v| self.value(*v)).collect();
                let text = match values.as_slice() {
                    [] => "return;".to_owned(),
                    [one] => format!("return {};", one.as_bare()),
                    [a, b, ..] => {
                        let ty = pair_name(&self.function.results);
                        format!(
                            "return {};",
                            self.language.pair(&ty, a.as_bare(), b.as_bare())
                        )
                    }
                };
                self.line(&text);
            }
        }
    }

    fn let_(&mut self, id: usize) {
        if self.forms[id] != Form::Named {
            return;
        }
        let (node, ty) = &self.function.nodes[id];
        let ty = match node {
            Node::Call(f, _) => result_type(self.language, &self.kernel.functions[*f].results),
            _ => self.language.ty(*ty).to_owned(),
        };
        let text = self
            .language
            .constant(&ty, &format!("v{id}"), self.expression(id).as_bare());
        self.line(&format!("{text};"));
    }

    /// A value as its users write it.
    fn value(&self, id: usize) -> Text {
        match self.forms[id] {
            Form::Named => Text(format!("v{id}")),
            _ => self.expression(id),
        }
    }

    fn expression(&self, id: usize) -> Text {
        let (node, ty) = &self.function.nodes[id];
        let from = |a: &usize| self.function.nodes[*a].1;
        Text(match node {
            Node::Literal(literal) => self.language.literal(*literal, *ty),
            Node::Argument(i) => argument(*i),
            Node::Param(i) => self.kernel.params[*i].name.clone(),
            Node::Builtin(builtin) => self.language.builtin(*builtin).to_owned(),
            Node::Counter(i) => format!("i{i}"),
            Node::Get(i) => format!("var{i}"),
            Node::Unary(op, a) => self.language.unary(*op, *ty, &self.value(*a).0),
            Node::Binary(op, a, b) => self.binary(*op, *a, *b),
            Node::Select(c, a, b) => {
                let (c, a, b) = (self.value(*c), self.value(*a), self.value(*b));
                self.language.select(&c.0, &a.0, &b.0)
            }
            Node::MulAdd(a, b, c) => {
                let (a, b, c) = (self.value(*a), self.value(*b), self.value(*c));
                self.language
                    .mul_add(*ty, a.as_bare(), b.as_bare(), c.as_bare())
            }
            Node::Cast(a) => self.language.cast(from(a), *ty, self.value(*a).as_bare()),
            Node::Bitcast(a) => self
                .language
                .bitcast(from(a), *ty, self.value(*a).as_bare()),
            Node::Load(memory, index) => {
                format!(
                    "{}[{}]",
                    self.kernel.memories[*memory].name,
                    self.value(*index).as_bare()
                )
            }
            Node::Atomic(op, memory, index, a) => {
                let (index, a) = (self.value(*index), self.value(*a));
                self.language.atomic(
                    *op,
                    &self.kernel.memories[*memory],
                    index.as_bare(),
                    a.as_bare(),
                )
            }
            Node::Call(f, arguments) => {
                let arguments: Vec<String> = arguments
                    .iter()
                    .map(|a| self.value(*a).as_bare().to_owned())
                    .collect();
                format!(
                    "{}({})",
                    self.kernel.functions[*f].name,
                    arguments.join(", ")
                )
            }
            Node::Field(call, i) => format!("{}.{}", self.value(*call), ["a", "b"][*i]),
        })
    }

    fn binary(&self, op: Binary, a: usize, b: usize) -> String {
        let ty = self.function.nodes[a].1;
        let operand = |id: usize| match self.function.nodes[id].0 {
            Node::Literal(Literal::Float(x)) if op.is_comparison() && x == 0.0 => {
                Text(self.language.compared_zero(ty))
            }
            _ => self.value(id),
        };
        self.language.binary(op, ty, &operand(a).0, &operand(b).0)
    }
}

/// A printed expression; operators stand in parentheses.
struct Text(String);

impl Text {
    /// The expression without its outermost parentheses, for places where no operator can follow.
    fn as_bare(&self) -> &str {
        bare(&self.0)
    }
}

/// The text without the parentheses around all of it, for places where no operator stands beside it.
pub(super) fn bare(text: &str) -> &str {
    let Some(inner) = text.strip_prefix('(').and_then(|s| s.strip_suffix(')')) else {
        return text;
    };
    let mut depth = 0_i32;
    for c in inner.chars() {
        depth += match c {
            '(' => 1,
            ')' => -1,
            _ => 0,
        };
        if depth < 0 {
            return text;
        }
    }
    inner
}

impl std::fmt::Display for Text {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}
