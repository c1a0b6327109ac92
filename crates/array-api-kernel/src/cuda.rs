//! The kernel language in CUDA C++ without headers, for NVRTC with `--fmad=false`.

use std::fmt::Write as _;

use super::ir::node::{Atomic, Binary, Builtin, Kernel, Literal, Memory, Space, Ty, Unary};
use super::print::{Language, bare, body, functions};

struct Cuda;

pub(super) fn print(kernel: &Kernel) -> String {
    let mut out = String::new();
    let _ = writeln!(
        out,
        "struct Params {{ unsigned word[{}]; }};\n",
        kernel.parameter_words()
    );
    out += &functions(&Cuda, kernel);
    let mut arguments = vec![String::from("const Params params")];
    for Memory { name, ty, space } in &kernel.memories {
        let ty = Cuda.ty(*ty);
        match space {
            Space::Input => arguments.push(format!("const {ty}* __restrict__ {name}")),
            Space::Output | Space::Atomic => arguments.push(format!("{ty}* __restrict__ {name}")),
            Space::Shared(_) => {}
        }
    }
    let _ = writeln!(
        out,
        "extern \"C\" __global__ void __launch_bounds__({}) {}({}) {{",
        kernel.workgroup,
        kernel.name,
        arguments.join(", ")
    );
    for Memory { name, ty, space } in &kernel.memories {
        if let Space::Shared(length) = space {
            let _ = writeln!(out, "    __shared__ {} {name}[{length}];", Cuda.ty(*ty));
        }
    }
    for p in &kernel.params {
        let word = |i: usize| format!("params.word[{i}]");
        let (low, high) = (word(p.word), word(p.word + 1));
        let wide = format!("({low} | ((unsigned long long){high} << 32))");
        let value = match p.ty {
            Ty::U32 => low,
            Ty::U64 => wide,
            ty if ty.bits() == 32 => Cuda.bitcast(Ty::U32, ty, &low),
            ty => Cuda.bitcast(Ty::U64, ty, bare(&wide)),
        };
        let _ = writeln!(
            out,
            "    const {} {} = {};",
            Cuda.ty(p.ty),
            p.name,
            bare(&value)
        );
    }
    out += &body(&Cuda, kernel, &kernel.body);
    out += "}\n";
    out
}

impl Language for Cuda {
    fn ty(&self, ty: Ty) -> &'static str {
        match ty {
            Ty::Bool => "bool",
            Ty::I32 => "int",
            Ty::U32 => "unsigned",
            Ty::I64 => "long long",
            Ty::U64 => "unsigned long long",
            Ty::F32 => "float",
            Ty::F64 => "double",
        }
    }

    fn literal(&self, literal: Literal, ty: Ty) -> String {
        let text = match (literal, ty) {
            (Literal::Bool(b), _) => b.to_string(),
            (Literal::Int(i), Ty::U32) => format!("{i}u"),
            (Literal::Int(i), Ty::U64) => format!("{i}ull"),
            (Literal::Int(i), Ty::I64) if i == i128::from(i64::MIN) => format!("{}ll - 1", i + 1),
            (Literal::Int(i), Ty::I64) => format!("{i}ll"),
            (Literal::Int(i), _) if i == i128::from(i32::MIN) => format!("{} - 1", i + 1),
            (Literal::Int(i), _) => i.to_string(),
            (Literal::Float(x), Ty::F64) if x.is_finite() => format!("{x:?}"),
            (Literal::Float(x), Ty::F64) => format!("__longlong_as_double({:#x}ll)", x.to_bits()),
            (Literal::Float(x), _) if (x as f32).is_finite() => format!("{:?}f", x as f32),
            (Literal::Float(x), _) => format!("__int_as_float({:#x})", (x as f32).to_bits()),
        };
        if text.starts_with('-') {
            format!("({text})")
        } else {
            text
        }
    }

    fn builtin(&self, builtin: Builtin) -> &'static str {
        match builtin {
            Builtin::Local => "threadIdx.x",
            Builtin::GroupX => "blockIdx.x",
            Builtin::GroupY => "blockIdx.y",
            Builtin::GroupsX => "gridDim.x",
        }
    }

    fn unary(&self, op: Unary, ty: Ty, a: &str) -> String {
        let function = match op {
            Unary::Neg if ty.is_signed_int() => return self.binary(Binary::Sub, ty, "0", a),
            Unary::Neg => return format!("(-{a})"),
            Unary::Not => return format!("({}{a})", if ty == Ty::Bool { "!" } else { "~" }),
            // NVRTC does not reassociate.
            Unary::Pin => return a.to_owned(),
            Unary::Abs => "fabs",
            Unary::Sqrt => "sqrt",
            Unary::Floor => "floor",
            Unary::Ceil => "ceil",
            Unary::Trunc => "trunc",
            Unary::Round => "rint",
        };
        format!(
            "{function}{}({})",
            if ty == Ty::F32 { "f" } else { "" },
            bare(a)
        )
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
            Binary::Ne => "!=",
        };
        // Signed overflow is undefined in C++.
        if ty.is_signed_int() && matches!(op, Binary::Add | Binary::Sub | Binary::Mul | Binary::Shl)
        {
            let (signed, unsigned) = (self.ty(ty), self.ty(ty.unsigned()));
            let b = if op == Binary::Shl {
                b.to_owned()
            } else {
                format!("({unsigned}){b}")
            };
            return format!("(({signed})(({unsigned}){a} {sign} {b}))");
        }
        format!("({a} {sign} {b})")
    }

    fn select(&self, condition: &str, then: &str, otherwise: &str) -> String {
        format!("({condition} ? {then} : {otherwise})")
    }

    fn mul_add(&self, ty: Ty, a: &str, b: &str, c: &str) -> String {
        let function = if ty == Ty::F64 { "fma" } else { "fmaf" };
        format!("{function}({a}, {b}, {c})")
    }

    fn cast(&self, _: Ty, to: Ty, a: &str) -> String {
        format!("(({})({a}))", self.ty(to))
    }

    fn bitcast(&self, from: Ty, to: Ty, a: &str) -> String {
        let function = match (from, to) {
            (Ty::F32, Ty::U32) => "__float_as_uint",
            (Ty::F32, Ty::I32) => "__float_as_int",
            (Ty::U32, Ty::F32) => "__uint_as_float",
            (Ty::I32, Ty::F32) => "__int_as_float",
            (Ty::F64, Ty::I64) => "__double_as_longlong",
            (Ty::I64, Ty::F64) => "__longlong_as_double",
            (Ty::F64, _) => return format!("((unsigned long long)__double_as_longlong({a}))"),
            (_, Ty::F64) => return format!("__longlong_as_double((long long)({a}))"),
            _ => return self.cast(from, to, a),
        };
        format!("{function}({a})")
    }

    fn atomic(&self, op: Atomic, memory: &Memory, index: &str, a: &str) -> String {
        format!("atomic{op:?}(&{}[{index}], {a})", memory.name)
    }

    fn constant(&self, ty: &str, name: &str, value: &str) -> String {
        format!("const {ty} {name} = {value}")
    }

    fn variable(&self, ty: &str, name: &str, value: &str) -> String {
        format!("{ty} {name} = {value}")
    }

    fn endless(&self) -> &'static str {
        "while (true)"
    }

    fn barrier(&self) -> &'static str {
        "__syncthreads();"
    }

    fn header(&self, name: &str, arguments: &[(String, Ty)], result: &str) -> String {
        let arguments: Vec<String> = arguments
            .iter()
            .map(|(n, t)| format!("{} {n}", self.ty(*t)))
            .collect();
        format!("__device__ {result} {name}({})", arguments.join(", "))
    }

    fn pair(&self, ty: &str, a: &str, b: &str) -> String {
        format!("{ty}{{{a}, {b}}}")
    }

    fn pair_type(&self, name: &str, a: Ty, b: Ty) -> String {
        format!("struct {name} {{ {} a; {} b; }};", self.ty(a), self.ty(b))
    }
}
