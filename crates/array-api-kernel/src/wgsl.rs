//! The kernel language in WGSL, as naga 30 and browsers take it.
//!
//! Drivers fold `x * 0.0` to 0 and `0.0 - x` to -0, and a constant infinity is an error. So zeros, infinities and NaN
//! are printed as their bits combined with those of a parameter that is always 0, which no compiler knows. `pin` uses
//! the same parameter.

use std::fmt::Write as _;

use super::ir::node::{Atomic, Binary, Builtin, Kernel, Literal, Memory, Space, Ty, Unary};
use super::print::{Language, bare, body, functions};

struct Wgsl;

pub(super) fn print(kernel: &Kernel) -> String {
    let mut out = String::new();
    let quads = kernel.parameter_words() / 4;
    let _ = writeln!(
        out,
        "@group(0) @binding(0) var<uniform> params: array<vec4<u32>, {quads}>;"
    );
    let mut binding = 0;
    for Memory { name, ty, space } in &kernel.memories {
        let ty = ty.name();
        let (access, element) = match space {
            Space::Input => ("read", ty.to_owned()),
            Space::Output => ("read_write", ty.to_owned()),
            Space::Atomic => ("read_write", format!("atomic<{ty}>")),
            Space::Shared(length) => {
                let _ = writeln!(out, "var<workgroup> {name}: array<{ty}, {length}>;");
                continue;
            }
        };
        binding += 1;
        let _ = writeln!(
            out,
            "@group(0) @binding({binding}) var<storage, {access}> {name}: array<{element}>;"
        );
    }
    out += "var<private> zero: u32;\n\n";
    out += &functions(&Wgsl, kernel);
    let _ = writeln!(out, "@compute @workgroup_size({})", kernel.workgroup);
    let _ = writeln!(
        out,
        "fn {}(@builtin(local_invocation_id) local: vec3<u32>, @builtin(workgroup_id) group: vec3<u32>, \
         @builtin(num_workgroups) groups: vec3<u32>) {{",
        kernel.name
    );
    out += "    zero = params[0].x;\n";
    for p in &kernel.params {
        let word = |i: usize| format!("params[{}].{}", i / 4, ["x", "y", "z", "w"][i % 4]);
        let (low, high) = (word(p.word), word(p.word + 1));
        let wide = || format!("(u64({low}) | (u64({high}) << 32u))");
        let value = match p.ty {
            Ty::U32 => low,
            Ty::U64 => wide(),
            Ty::I32 | Ty::F32 => format!("bitcast<{}>({low})", p.ty.name()),
            Ty::I64 | Ty::F64 => format!("bitcast<{}>{}", p.ty.name(), wide()),
            Ty::Bool => unreachable!("no parameter is a boolean"),
        };
        let _ = writeln!(out, "    let {} = {value};", p.name);
    }
    out += &body(&Wgsl, kernel, &kernel.body);
    out += "}\n";
    out
}

impl Language for Wgsl {
    fn ty(&self, ty: Ty) -> &'static str {
        ty.name()
    }

    fn literal(&self, literal: Literal, ty: Ty) -> String {
        match (literal, ty) {
            (Literal::Bool(b), _) => b.to_string(),
            (Literal::Int(i), Ty::U32) => format!("{i}u"),
            (Literal::Int(i), Ty::U64) => format!("{i}lu"),
            (Literal::Int(i), Ty::I64) if i == i128::from(i64::MIN) => {
                format!("({}li - 1li)", i + 1)
            }
            (Literal::Int(i), Ty::I64) => negative_in_parentheses(i < 0, format!("{i}li")),
            (Literal::Int(i), _) if i == i128::from(i32::MIN) => format!("({}i - 1i)", i + 1),
            (Literal::Int(i), _) => negative_in_parentheses(i < 0, format!("{i}i")),
            (Literal::Float(x), Ty::F64) if x == 0.0 || !x.is_finite() => {
                format!("bitcast<f64>(u64(zero) | {:#x}lu)", x.to_bits())
            }
            (Literal::Float(x), Ty::F64) => negative_in_parentheses(x < 0.0, format!("{x:?}lf")),
            (Literal::Float(x), _) => {
                let x = x as f32;
                if x == 0.0 || !x.is_finite() {
                    format!("bitcast<f32>(zero | {:#x}u)", x.to_bits())
                } else {
                    negative_in_parentheses(x < 0.0, format!("{x:?}f"))
                }
            }
        }
    }

    fn compared_zero(&self, _: Ty) -> String {
        String::from("0.0")
    }

    fn builtin(&self, builtin: Builtin) -> &'static str {
        match builtin {
            Builtin::Local => "local.x",
            Builtin::GroupX => "group.x",
            Builtin::GroupY => "group.y",
            Builtin::GroupsX => "groups.x",
        }
    }

    fn unary(&self, op: Unary, ty: Ty, a: &str) -> String {
        let function = match op {
            Unary::Neg => return format!("(-{a})"),
            Unary::Not => return format!("({}{a})", if ty == Ty::Bool { "!" } else { "~" }),
            Unary::Pin if ty == Ty::F64 => {
                return format!("bitcast<f64>(bitcast<u64>({}) ^ u64(zero))", bare(a));
            }
            Unary::Pin => return format!("bitcast<f32>(bitcast<u32>({}) ^ zero)", bare(a)),
            Unary::Abs => "abs",
            Unary::Sqrt => "sqrt",
            Unary::Floor => "floor",
            Unary::Ceil => "ceil",
            Unary::Trunc => "trunc",
            Unary::Round => "round",
        };
        format!("{function}({})", bare(a))
    }

    fn binary(&self, op: Binary, ty: Ty, a: &str, b: &str) -> String {
        let sign = match op {
            Binary::Add => "+",
            Binary::Sub => "-",
            Binary::Mul => "*",
            Binary::Div => "/",
            Binary::Rem => "%",
            Binary::And => "&",
            Binary::Or => "|",
            Binary::Xor if ty == Ty::Bool => "!=",
            Binary::Xor => "^",
            Binary::Shl => "<<",
            Binary::Shr => ">>",
            Binary::Min => return format!("min({}, {})", bare(a), bare(b)),
            Binary::Max => return format!("max({}, {})", bare(a), bare(b)),
            Binary::Lt => "<",
            Binary::Le => "<=",
            Binary::Gt => ">",
            Binary::Ge => ">=",
            Binary::Eq => "==",
            // naga translates `!=` to an ordered comparison, which is false for NaN.
            Binary::Ne if ty.is_float() => return format!("(!({a} == {b}))"),
            Binary::Ne => "!=",
        };
        format!("({a} {sign} {b})")
    }

    fn select(&self, condition: &str, then: &str, otherwise: &str) -> String {
        format!(
            "select({}, {}, {})",
            bare(otherwise),
            bare(then),
            bare(condition)
        )
    }

    fn mul_add(&self, _: Ty, a: &str, b: &str, c: &str) -> String {
        format!("fma({a}, {b}, {c})")
    }

    fn cast(&self, from: Ty, to: Ty, a: &str) -> String {
        // The width is converted first, the signedness second: no specification says what a conversion of both does.
        let between = match (from, to) {
            (Ty::I32, Ty::U64) => "i64",
            (Ty::U32, Ty::I64) => "u64",
            (Ty::I64, Ty::U32) => "u64",
            (Ty::U64, Ty::I32) => "u32",
            _ => return format!("{}({a})", to.name()),
        };
        format!("{}({between}({a}))", to.name())
    }

    fn bitcast(&self, _: Ty, to: Ty, a: &str) -> String {
        format!("bitcast<{}>({a})", to.name())
    }

    fn atomic(&self, op: Atomic, memory: &Memory, index: &str, a: &str) -> String {
        format!("atomic{op:?}(&{}[{index}], {a})", memory.name)
    }

    fn constant(&self, _: &str, name: &str, value: &str) -> String {
        format!("let {name} = {value}")
    }

    fn variable(&self, ty: &str, name: &str, value: &str) -> String {
        format!("var {name}: {ty} = {value}")
    }

    fn endless(&self) -> &'static str {
        "loop"
    }

    fn barrier(&self) -> &'static str {
        "workgroupBarrier();"
    }

    fn header(&self, name: &str, arguments: &[(String, Ty)], result: &str) -> String {
        let arguments: Vec<String> = arguments
            .iter()
            .map(|(n, t)| format!("{n}: {}", t.name()))
            .collect();
        format!("fn {name}({}) -> {result}", arguments.join(", "))
    }

    fn pair(&self, ty: &str, a: &str, b: &str) -> String {
        format!("{ty}({a}, {b})")
    }

    fn pair_type(&self, name: &str, a: Ty, b: Ty) -> String {
        format!("struct {name} {{ a: {}, b: {} }}", a.name(), b.name())
    }
}

fn negative_in_parentheses(negative: bool, text: String) -> String {
    if negative { format!("({text})") } else { text }
}
