//! Every kernel that the kernel language can make of the standard's elementwise functions is accepted by the
//! compilers: WGSL by naga's validator, also without 64-bit types, and CUDA C by NVRTC where it is installed.
//! What they compute is the conformance suite's business.

mod nvrtc;

use std::panic::{AssertUnwindSafe, catch_unwind};

use array_api_cuda::Target;
use array_api_kernel::{
    arithmetic,
    element::{Value, register},
    ir::{Builder, Kernel, Mem, Ty, Val, call, for_, if_, if_else, lit, var},
};
use array_api_spec::{BinaryOp, DType, UnaryOp};
use naga::valid::{Capabilities, ValidationFlags, Validator};

/// All functions of a dtype: one kernel for those of one argument, one for those of two, one for the casts.
fn elementwise(dtype: DType) -> Vec<Kernel> {
    let unary = |k: Builder| {
        let (x, sink) = (argument(k, "x", dtype), Sink::new(k));
        for &op in UnaryOp::ALL
            .iter()
            .filter(|op| op.accepts().contains(dtype))
        {
            sink.take(arithmetic::unary(op, dtype, x));
        }
    };
    let binary = |k: Builder| {
        let (x, y) = (argument(k, "x", dtype), argument(k, "y", dtype));
        let sink = Sink::new(k);
        for &op in BinaryOp::ALL
            .iter()
            .filter(|op| op.accepts().contains(dtype))
        {
            let value = arithmetic::binary(op, dtype, x, y);
            sink.take(value);
            sink.take(arithmetic::select(sink.i.eq(0), value, value));
        }
    };
    let casts = |k: Builder| {
        let (x, sink) = (argument(k, "x", dtype), Sink::new(k));
        let allowed = |to: &DType| !dtype.is_complex() || to.is_complex() || *to == DType::Bool;
        let narrow = |to: &DType| is_wide(dtype) || !is_wide(*to);
        for to in DType::ALL
            .into_iter()
            .filter(|to| allowed(to) && narrow(to))
        {
            sink.take(arithmetic::cast(dtype, to, x));
        }
    };
    vec![
        Kernel::build(&format!("unary_{dtype}"), 64, unary),
        Kernel::build(&format!("binary_{dtype}"), 64, binary),
        Kernel::build(&format!("cast_{dtype}"), 64, casts),
    ]
}

fn is_wide(dtype: DType) -> bool {
    register(dtype).bits() == 64
}

fn argument(k: Builder, name: &str, dtype: DType) -> Value {
    let ty = register(dtype);
    let load = |mem: Mem| {
        if ty == Ty::Bool {
            mem.load(k.thread()).ne(0)
        } else {
            mem.load(k.thread())
        }
    };
    let buffer = |name: &str| k.input(name, if ty == Ty::Bool { Ty::U32 } else { ty });
    let x = load(buffer(name));
    if dtype.is_complex() {
        Value::Complex(x, load(buffer(&format!("{name}_im"))))
    } else {
        Value::Real(x)
    }
}

/// Stores values of any type, so that nothing is dead code.
struct Sink {
    out: Mem,
    i: Val,
}

impl Sink {
    fn new(k: Builder) -> Self {
        Self {
            out: k.output("out", Ty::U32),
            i: k.thread(),
        }
    }

    fn take(&self, value: Value) {
        let parts = match value {
            Value::Real(x) => vec![x],
            Value::Complex(re, im) => vec![re, im],
        };
        for x in parts {
            let bits = if x.ty() == Ty::Bool { x } else { x.bits() };
            let kept = if bits.ty() == Ty::U64 {
                (bits >> 32).to(Ty::U32) ^ bits.to(Ty::U32)
            } else {
                bits.to(Ty::U32)
            };
            self.out.store(self.i, self.out.load(self.i) ^ kept);
        }
    }
}

fn validate(kernel: &Kernel, capabilities: Capabilities) {
    let source = kernel.wgsl();
    let module = naga::front::wgsl::parse_str(&source)
        .unwrap_or_else(|e| panic!("{}: {}\n{source}", kernel.name(), e.emit_to_string(&source)));
    Validator::new(ValidationFlags::all(), capabilities)
        .validate(&module)
        .unwrap_or_else(|e| panic!("{}: {}\n{source}", kernel.name(), e.emit_to_string(&source)));
}

#[test]
fn naga_accepts_every_elementwise_function() {
    for dtype in DType::ALL {
        // What WebGPU has everywhere must be enough for the narrow dtypes.
        let capabilities = if is_wide(dtype) {
            Capabilities::FLOAT64 | Capabilities::SHADER_INT64
        } else {
            Capabilities::empty()
        };
        for kernel in elementwise(dtype) {
            validate(&kernel, capabilities);
        }
    }
}

#[test]
fn nvrtc_compiles_every_elementwise_function() {
    let Some(nvrtc) = nvrtc::find() else {
        return;
    };
    for kernel in DType::ALL.into_iter().flat_map(elementwise) {
        let source = kernel.cuda();
        let ptx = nvrtc
            .compile(&source, Target::Portable)
            .unwrap_or_else(|log| panic!("{}: {log}\n{source}", kernel.name()));
        assert!(
            String::from_utf8_lossy(&ptx).contains(&format!(".entry {}", kernel.name())),
            "{}: no entry point",
            kernel.name()
        );
    }
}

/// √(x² + 1) by Newton's method where x is not NaN: a little of everything that people meet when they read a kernel.
fn example() -> Kernel {
    Kernel::build("example", 64, |k| {
        let (x, out) = (k.input("x", Ty::F32), k.output("out", Ty::F32));
        let (n, rounds) = (k.size("n"), k.size("rounds"));
        let i = k.thread();
        if_(i.lt(n), || {
            let square = x.load(i) * x.load(i) + 1.0;
            let root = var(square * 0.5);
            for_(lit(Ty::U32, 0), rounds, 1, |_| {
                root.set(average(root.get(), square / root.get()));
            });
            if_else(
                square.is_nan(),
                || out.store(i, 0.0),
                || out.store(i, root.get()),
            );
        });
    })
}

fn average(x: Val, y: Val) -> Val {
    call("average", [x, y], |[x, y]| (x + y) * 0.5)
}

#[test]
fn a_kernel_reads_well_in_wgsl() {
    insta::assert_snapshot!(example().wgsl());
}

#[test]
fn a_kernel_reads_well_in_cuda() {
    insta::assert_snapshot!(example().cuda());
}

#[test]
fn parameters_are_words_after_a_zero() {
    let kernel = Kernel::build("parameters", 64, |k| {
        let out = k.output("out", Ty::F64);
        let (a, b) = (k.param("a", Ty::I32), k.param("b", Ty::F64));
        out.store(k.thread(), a.to(Ty::F64) + b + k.size("s").to(Ty::F64));
    });
    let signature = kernel.signature();
    let mut arguments = signature.arguments();
    // In any order, because each is found by its name.
    arguments.size("s", -2);
    arguments.set("a", -1_i32);
    arguments.set("b", 1.5_f64);
    assert!(!arguments.is_beyond_reach());
    assert_eq!(
        arguments.words(),
        [0, u32::MAX, 0, 0x3ff8_0000, u32::MAX - 1, 0, 0, 0]
    );
}

#[test]
fn what_is_read_is_read_where_it_was_asked_for() {
    let kernel = Kernel::build("swap", 64, |k| {
        let x = k.output("x", Ty::U32);
        let (a, b) = (x.load(0), x.load(1));
        x.store(0, b);
        x.store(1, a);
    });
    let source = kernel.wgsl();
    let first = source
        .find("= x[0u];")
        .expect("the first element is kept under a name");
    assert!(
        first < source.find("x[0u] = ").expect("it is stored"),
        "{source}"
    );
}

#[test]
fn a_size_beyond_32_bits_is_noted() {
    let kernel = Kernel::build("sized", 64, |k| {
        k.output("out", Ty::U32).store(0, k.size("n"));
    });
    let signature = kernel.signature();
    let mut arguments = signature.arguments();
    arguments.size("n", 1 << 33);
    assert!(arguments.is_beyond_reach());
}

/// What an author gets wrong is told by name, whichever of these it is.
#[test]
fn mistakes_in_a_launch_are_named() {
    let kernel = Kernel::build("sized", 64, |k| {
        k.output("out", Ty::U32).store(0, k.size("n"));
    });
    let signature = kernel.signature();
    let said = |wrong: &dyn Fn()| {
        let panic = catch_unwind(AssertUnwindSafe(wrong)).expect_err("a mistake panics");
        *panic.downcast::<String>().expect("with words")
    };
    let missing = said(&|| {
        let _ = signature.arguments().words();
    });
    assert_eq!(missing, "sized's parameter n has no value");
    let unknown = said(&|| signature.arguments().size("m", 1));
    assert_eq!(unknown, "sized has no parameter m");
    let twice = said(&|| {
        let mut arguments = signature.arguments();
        arguments.size("n", 1);
        arguments.size("n", 1);
    });
    assert_eq!(twice, "sized's parameter n has a value");
    let other = said(&|| signature.arguments().set("n", 1.0_f32));
    assert!(other.contains("the type of sized's parameter n"), "{other}");
    let buffer = said(&|| {
        let _ = signature.place("in", 0);
    });
    assert_eq!(buffer, "sized has no buffer in");
}
