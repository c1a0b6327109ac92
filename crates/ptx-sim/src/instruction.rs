//! Decoded instructions: every operand is a slot of a warp's register file.

/// An index into a warp's register file.
pub(crate) type Slot = u32;

/// The slot of an operand that the instruction does not have.
pub(crate) const NONE: Slot = u32::MAX;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ty {
    Pred,
    U8,
    U16,
    U32,
    U64,
    S8,
    S16,
    S32,
    S64,
    F16,
    F32,
    F64,
}

impl Ty {
    /// Bit types (`b32`) are read as unsigned.
    pub(crate) fn parse(name: &str) -> Option<Self> {
        Some(match name {
            "pred" => Self::Pred,
            "u8" | "b8" => Self::U8,
            "u16" | "b16" => Self::U16,
            "u32" | "b32" => Self::U32,
            "u64" | "b64" => Self::U64,
            "s8" => Self::S8,
            "s16" => Self::S16,
            "s32" => Self::S32,
            "s64" => Self::S64,
            "f16" => Self::F16,
            "f32" => Self::F32,
            "f64" => Self::F64,
            _ => return None,
        })
    }

    pub(crate) const fn size(self) -> usize {
        match self {
            Self::Pred | Self::U8 | Self::S8 => 1,
            Self::U16 | Self::S16 | Self::F16 => 2,
            Self::U32 | Self::S32 | Self::F32 => 4,
            Self::U64 | Self::S64 | Self::F64 => 8,
        }
    }

    pub(crate) const fn bits(self) -> u32 {
        self.size() as u32 * 8
    }

    pub(crate) const fn is_float(self) -> bool {
        matches!(self, Self::F16 | Self::F32 | Self::F64)
    }

    pub(crate) const fn is_signed(self) -> bool {
        matches!(self, Self::S8 | Self::S16 | Self::S32 | Self::S64)
    }
}

/// The state space an access names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Window {
    Generic,
    Global,
    Shared,
    Local,
    Param,
}

/// How a result that is not representable is rounded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rounding {
    Nearest,
    Zero,
    Down,
    Up,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Comparison {
    Eq,
    Ne,
    Lt,
    Le,
    Gt,
    Ge,
    Equ,
    Neu,
    Ltu,
    Leu,
    Gtu,
    Geu,
    Num,
    Nan,
}

/// What `setp` joins its comparison with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Join {
    None,
    And,
    Or,
    Xor,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Atomic {
    Add,
    Min,
    Max,
    And,
    Or,
    Xor,
    Exchange,
    CompareAndSwap,
    Increment,
    Decrement,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Carry {
    Add,
    Sub,
    MadLow,
    MadHigh,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shuffle {
    Up,
    Down,
    Butterfly,
    Index,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Vote {
    All,
    Any,
    Uniform,
    Ballot,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reduction {
    And,
    Or,
    Count,
}

/// The hardware's approximations, computed here to full precision.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Approximation {
    Reciprocal,
    SquareRoot,
    ReciprocalRoot,
    Exp2,
    Log2,
    Sine,
    Cosine,
    Tanh,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Op {
    Mov,
    /// Joins registers of that many bits.
    Pack(u32),
    /// Splits into registers of that many bits.
    Unpack(u32),
    Add(Ty),
    Sub(Ty),
    AddSaturated,
    SubSaturated,
    MulLow(Ty),
    MulHigh(Ty),
    MulWide(Ty),
    MadLow(Ty),
    MadHigh(Ty),
    MadWide(Ty),
    SumAbsDifference(Ty),
    Carry {
        op: Carry,
        ty: Ty,
        carry_in: bool,
        carry_out: bool,
    },
    Div(Ty),
    Rem(Ty),
    Abs(Ty),
    Neg(Ty),
    Min(Ty),
    Max(Ty),
    And,
    Or,
    Xor,
    Not(Ty),
    ConditionNot,
    Shl(Ty),
    Shr(Ty),
    /// `shf`
    Funnel {
        right: bool,
        wrap: bool,
    },
    /// `lop3` with its table.
    Logic3(u8),
    Permute,
    FieldExtract(Ty),
    FieldInsert(Ty),
    FindLead {
        ty: Ty,
        shift: bool,
    },
    Reverse(Ty),
    LeadingZeros(Ty),
    Population,
    FloatAdd(Float),
    FloatSub(Float),
    FloatMul(Float),
    FloatFma(Float),
    FloatDiv(Float),
    FloatSqrt(Float),
    FloatReciprocal(Float),
    FloatAbs(Float),
    FloatNeg(Float),
    FloatMin {
        float: Float,
        nan: bool,
    },
    FloatMax {
        float: Float,
        nan: bool,
    },
    CopySign(Ty),
    /// `testp`
    Test {
        ty: Ty,
        test: Test,
    },
    Approximate(Approximation, Float),
    /// `rcp.approx.ftz.f64`
    Reciprocal64,
    /// `rsqrt.approx{.ftz}.f64`
    ReciprocalRoot64 {
        ftz: bool,
    },
    Compare {
        comparison: Comparison,
        ty: Ty,
        ftz: bool,
        join: Join,
    },
    Select,
    Convert(Conversion),
    /// `cvta`, adding the window's base, or `cvta.to`, subtracting it.
    ToGeneric(Window),
    FromGeneric(Window),
    Load {
        window: Window,
        ty: Ty,
        count: u8,
        /// The width of the registers, which signed values are extended to.
        bits: u32,
    },
    Store {
        window: Window,
        ty: Ty,
        count: u8,
    },
    Atomic {
        op: Atomic,
        window: Window,
        ty: Ty,
    },
    Branch,
    Exit,
    Trap,
    /// Barrier `a`; aligned if all lanes of a warp must arrive together.
    Barrier {
        aligned: bool,
    },
    BarrierReduce {
        reduction: Reduction,
        aligned: bool,
    },
    WarpSync,
    /// True if other blocks see what was written before.
    Fence {
        device: bool,
    },
    Shuffle(Shuffle),
    Vote(Vote),
    /// `match.any`, or `match.all`.
    Match {
        all: bool,
    },
    ActiveMask,
    Nop,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Float {
    pub(crate) ty: Ty,
    pub(crate) rounding: Rounding,
    pub(crate) ftz: bool,
    pub(crate) sat: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Test {
    Finite,
    Infinite,
    Number,
    NotANumber,
    Normal,
    Subnormal,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Conversion {
    pub(crate) to: Ty,
    pub(crate) from: Ty,
    pub(crate) rounding: Rounding,
    /// Rounded to an integral value, whatever the result's type.
    pub(crate) integral: bool,
    pub(crate) ftz: bool,
    pub(crate) sat: bool,
    /// The width of the register, which a signed result is extended to.
    pub(crate) bits: u32,
}

/// One decoded instruction.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Instruction {
    pub(crate) op: Op,
    /// The predicate's slot, or [`NONE`].
    pub(crate) guard: Slot,
    pub(crate) negated: bool,
    /// Whether `!` stands before the predicate that `vote` or `bar.red` reads.
    pub(crate) negated_source: bool,
    /// The result, and the second of `shfl`, `match`, `setp` and carries.
    pub(crate) to: Slot,
    pub(crate) also_to: Slot,
    pub(crate) a: Slot,
    pub(crate) b: Slot,
    pub(crate) c: Slot,
    /// The member mask of a collective, the fourth source of `bfi`, the carry flag.
    pub(crate) d: Slot,
    /// The registers of a vector access.
    pub(crate) vector: [Slot; 4],
    /// An address offset, or the target of a branch.
    pub(crate) offset: i64,
    pub(crate) line: u32,
}

impl Instruction {
    pub(crate) fn new(op: Op, line: u32) -> Self {
        Self {
            op,
            guard: NONE,
            negated: false,
            negated_source: false,
            to: NONE,
            also_to: NONE,
            a: NONE,
            b: NONE,
            c: NONE,
            d: NONE,
            vector: [NONE; 4],
            offset: 0,
            line,
        }
    }
}

/// A register whose value the hardware gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Special {
    Thread(usize),
    Threads(usize),
    Block(usize),
    Blocks(usize),
    Lane,
    Warp,
    Warps,
    LaneMaskEq,
    LaneMaskLt,
    LaneMaskLe,
    LaneMaskGt,
    LaneMaskGe,
    DynamicShared,
}

impl Special {
    /// The register that `%name` means, `name` without the sign.
    pub(crate) fn parse(name: &str) -> Option<Self> {
        if let Some((base, axis)) = name.split_once('.') {
            let axis = ["x", "y", "z"].iter().position(|a| *a == axis)?;
            return Some(match base {
                "tid" => Self::Thread(axis),
                "ntid" => Self::Threads(axis),
                "ctaid" => Self::Block(axis),
                "nctaid" => Self::Blocks(axis),
                _ => return None,
            });
        }
        Some(match name {
            "laneid" => Self::Lane,
            "warpid" => Self::Warp,
            "nwarpid" => Self::Warps,
            "lanemask_eq" => Self::LaneMaskEq,
            "lanemask_lt" => Self::LaneMaskLt,
            "lanemask_le" => Self::LaneMaskLe,
            "lanemask_gt" => Self::LaneMaskGt,
            "lanemask_ge" => Self::LaneMaskGe,
            "dynamic_smem_size" => Self::DynamicShared,
            _ => return None,
        })
    }
}

/// A kernel parameter's place among the parameter bytes.
#[derive(Clone, Debug)]
pub(crate) struct Parameter {
    pub(crate) offset: usize,
    pub(crate) size: usize,
}

/// A static shared variable's place.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SharedVariable {
    pub(crate) offset: usize,
    pub(crate) size: usize,
}

/// A slot whose value the launch knows.
#[derive(Clone, Debug)]
pub(crate) enum Preset {
    Constant(u64),
    Special(Special),
    /// The address of a module variable, and an offset.
    Global(String, i64),
    /// The address of dynamic shared memory, and an offset.
    DynamicShared(i64),
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Kernel {
    pub(crate) name: String,
    pub(crate) params: Vec<Parameter>,
    pub(crate) param_bytes: usize,
    pub(crate) code: Vec<Instruction>,
    pub(crate) slots: usize,
    pub(crate) presets: Vec<(Slot, Preset)>,
    pub(crate) shared: Vec<SharedVariable>,
    /// The bytes of `shared` with the gaps between variables.
    pub(crate) shared_extent: usize,
    pub(crate) dynamic_shared: bool,
    pub(crate) local_bytes: usize,
    pub(crate) max_threads: Option<u32>,
}

impl Kernel {
    /// The shared memory that the declarations ask for, without gaps.
    pub(crate) fn static_shared(&self) -> usize {
        self.shared.iter().map(|v| v.size).sum()
    }
}
