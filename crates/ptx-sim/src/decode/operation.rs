//! One instruction: mnemonic and modifiers to an [`Op`], operands to slots.

use super::modifiers::Modifiers;
use super::{Base, Decoder, Frame};
use crate::instruction::{
    Approximation, Atomic, Carry, Comparison, Conversion, Instruction, Join, Op, Reduction,
    Shuffle, Slot, Test, Ty, Vote, Window,
};
use crate::parse::Operand;

pub(super) struct Operation<'d, 'm, 'a> {
    pub(super) decoder: &'d mut Decoder<'m, 'a>,
    pub(super) frame: &'d mut Frame<'a>,
    pub(super) modifiers: Modifiers<'a>,
    pub(super) operands: &'d [Operand<'a>],
    pub(super) instruction: Instruction,
}

type Result<T = ()> = std::result::Result<T, String>;

/// Modifiers of memory instructions that change nothing in a sequentially consistent memory.
const MEMORY_HINTS: [&str; 20] = [
    "volatile", "relaxed", "acquire", "release", "acq_rel", "weak", "cta", "gpu", "sys", "cluster",
    "ca", "cg", "cs", "lu", "cv", "wb", "wt", "nc", "noftz", "uni",
];

impl<'d, 'a> Operation<'d, '_, 'a> {
    pub(super) fn decode(mut self) -> Result<Instruction> {
        let op = self.operation()?;
        self.modifiers.finish()?;
        self.instruction.op = op;
        Ok(self.instruction)
    }

    fn operation(&mut self) -> Result<Op> {
        match self.modifiers.mnemonic {
            "mov" => self.mov(),
            "add" | "sub" | "mul" | "mad" | "fma" | "addc" | "subc" | "madc" => self.arithmetic(),
            "div" | "rem" | "min" | "max" | "abs" | "neg" | "sad" => self.numeric(),
            "and" | "or" | "xor" | "not" | "cnot" | "shl" | "shr" | "shf" | "lop3" | "prmt" => {
                self.logic()
            }
            "bfe" | "bfi" | "bfind" | "brev" | "clz" | "popc" => self.bits(),
            "copysign" | "testp" | "rcp" | "sqrt" | "rsqrt" | "ex2" | "lg2" | "sin" | "cos"
            | "tanh" => self.function(),
            "setp" => self.compare(),
            "selp" => self.select(),
            "cvt" => self.convert(),
            "cvta" => self.convert_address(),
            "ld" | "ldu" => self.load(),
            "st" => self.store(),
            "atom" | "red" => self.atomic(),
            "bra" | "ret" | "exit" | "trap" => self.control(),
            "bar" | "barrier" => self.barrier(),
            "membar" | "fence" => self.fence(),
            "shfl" => self.shuffle(),
            "vote" => self.vote(),
            "match" => self.matching(),
            "activemask" => {
                self.modifiers.ty()?;
                self.unary(Ty::U32)?;
                Ok(Op::ActiveMask)
            }
            other => Err(format!("unsupported instruction `{other}`")),
        }
    }

    fn count(&self, expected: usize) -> Result {
        match self.operands.len() {
            found if found == expected => Ok(()),
            found => Err(format!("{found} operands instead of {expected}")),
        }
    }

    fn operand(&self, at: usize) -> Result<&'d Operand<'a>> {
        self.operands
            .get(at)
            .ok_or_else(|| "too few operands".to_owned())
    }

    fn read(&mut self, at: usize, ty: Ty) -> Result<Slot> {
        let operand = self.operand(at)?.clone();
        self.decoder.read(self.frame, &operand, ty)
    }

    /// A predicate as a source, which `!` may stand before.
    fn predicate(&mut self, at: usize) -> Result<Slot> {
        let Operand::Not(name) = *self.operand(at)? else {
            return self.read(at, Ty::Pred);
        };
        self.instruction.negated_source = true;
        self.decoder
            .read(self.frame, &Operand::Name(name), Ty::Pred)
    }

    fn write(&mut self, at: usize) -> Result<Slot> {
        let operand = self.operand(at)?.clone();
        self.decoder.write(self.frame, &operand)
    }

    /// The result, then as many sources as there are operands, of the given types.
    fn sources(&mut self, types: &[Ty]) -> Result {
        self.count(types.len() + 1)?;
        self.instruction.to = self.write(0)?;
        for (at, &ty) in types.iter().enumerate() {
            let slot = self.read(at + 1, ty)?;
            match at {
                0 => self.instruction.a = slot,
                1 => self.instruction.b = slot,
                2 => self.instruction.c = slot,
                _ => self.instruction.d = slot,
            }
        }
        Ok(())
    }

    /// A result and no source.
    fn unary(&mut self, _: Ty) -> Result {
        self.sources(&[])
    }

    fn mov(&mut self) -> Result<Op> {
        let ty = self.modifiers.ty()?;
        self.count(2)?;
        let (to, from) = (self.operand(0)?.clone(), self.operand(1)?.clone());
        let parts = |list: &[Operand<'a>]| ty.bits() / list.len().max(1) as u32;
        if let Operand::Vector(list) = &to {
            for (at, part) in list.iter().enumerate().take(4) {
                self.instruction.vector[at] = self.decoder.write(self.frame, part)?;
            }
            self.instruction.a = self.read(1, ty)?;
            return Ok(Op::Unpack(parts(list)));
        }
        self.instruction.to = self.write(0)?;
        if let Operand::Vector(list) = &from {
            let bits = parts(list);
            let part_ty = Ty::parse(&format!("b{bits}")).ok_or("unsupported vector")?;
            for (at, part) in list.iter().enumerate().take(4) {
                self.instruction.vector[at] = self.decoder.read(self.frame, part, part_ty)?;
            }
            return Ok(Op::Pack(bits));
        }
        self.instruction.a = self.read(1, ty)?;
        Ok(Op::Mov)
    }

    fn arithmetic(&mut self) -> Result<Op> {
        let mnemonic = self.modifiers.mnemonic;
        let (low, high) = (self.modifiers.take("lo"), self.modifiers.take("hi"));
        let wide = self.modifiers.take("wide");
        let carry_out = self.modifiers.take("cc");
        let ty = self.modifiers.ty()?;
        if ty == Ty::F16 {
            return Err("unsupported type `.f16`".to_owned());
        }
        let three = matches!(mnemonic, "mad" | "fma" | "madc");
        let last = match ty {
            Ty::U32 | Ty::S32 if wide => Ty::U64,
            Ty::U16 | Ty::S16 if wide => Ty::U32,
            ty => ty,
        };
        self.sources(&[ty, ty, last][..if three { 3 } else { 2 }])?;
        if ty.is_float() {
            let float = self.modifiers.float(ty);
            return match mnemonic {
                "add" => Ok(Op::FloatAdd(float)),
                "sub" => Ok(Op::FloatSub(float)),
                "mul" => Ok(Op::FloatMul(float)),
                "mad" | "fma" => Ok(Op::FloatFma(float)),
                _ => Err("unsupported type".to_owned()),
            };
        }
        let carry_in = mnemonic.ends_with('c');
        if carry_in || carry_out {
            self.instruction.d = self.decoder.carry;
            self.instruction.also_to = self.decoder.carry;
            let op = match mnemonic {
                "add" | "addc" => Carry::Add,
                "sub" | "subc" => Carry::Sub,
                "mad" | "madc" if high => Carry::MadHigh,
                "mad" | "madc" if low => Carry::MadLow,
                _ => return Err("unsupported carry".to_owned()),
            };
            return Ok(Op::Carry {
                op,
                ty,
                carry_in,
                carry_out,
            });
        }
        let saturated = ty == Ty::S32 && self.modifiers.take("sat");
        match mnemonic {
            "add" if saturated => Ok(Op::AddSaturated),
            "sub" if saturated => Ok(Op::SubSaturated),
            _ if saturated => Err("unsupported modifier `.sat`".to_owned()),
            "add" => Ok(Op::Add(ty)),
            "sub" => Ok(Op::Sub(ty)),
            "mul" if wide => Ok(Op::MulWide(ty)),
            "mul" if high => Ok(Op::MulHigh(ty)),
            "mul" if low => Ok(Op::MulLow(ty)),
            "mad" if wide => Ok(Op::MadWide(ty)),
            "mad" if high => Ok(Op::MadHigh(ty)),
            "mad" if low => Ok(Op::MadLow(ty)),
            _ => Err("neither .lo, .hi nor .wide".to_owned()),
        }
    }

    fn numeric(&mut self) -> Result<Op> {
        let mnemonic = self.modifiers.mnemonic;
        // Full precision lies within the bounds of both approximations.
        let approximate = self.modifiers.take("approx") || self.modifiers.take("full");
        let nan = self.modifiers.take("NaN");
        let ty = self.modifiers.ty()?;
        match mnemonic {
            "abs" | "neg" => self.sources(&[ty])?,
            "sad" => self.sources(&[ty, ty, ty])?,
            _ => self.sources(&[ty, ty])?,
        }
        if ty == Ty::F16 || (approximate && (ty, mnemonic) != (Ty::F32, "div")) {
            return Err("unsupported type".to_owned());
        }
        if !ty.is_float() {
            return match mnemonic {
                "div" => Ok(Op::Div(ty)),
                "rem" => Ok(Op::Rem(ty)),
                "min" if !nan => Ok(Op::Min(ty)),
                "max" if !nan => Ok(Op::Max(ty)),
                "abs" => Ok(Op::Abs(ty)),
                "neg" => Ok(Op::Neg(ty)),
                "sad" => Ok(Op::SumAbsDifference(ty)),
                _ => Err("unsupported type".to_owned()),
            };
        }
        let float = self.modifiers.float(ty);
        match mnemonic {
            "div" => Ok(Op::FloatDiv(float)),
            "min" => Ok(Op::FloatMin { float, nan }),
            "max" => Ok(Op::FloatMax { float, nan }),
            "abs" => Ok(Op::FloatAbs(float)),
            "neg" => Ok(Op::FloatNeg(float)),
            _ => Err("unsupported type".to_owned()),
        }
    }

    fn logic(&mut self) -> Result<Op> {
        let mnemonic = self.modifiers.mnemonic;
        let (left, right) = (self.modifiers.take("l"), self.modifiers.take("r"));
        let (wrap, clamp) = (self.modifiers.take("wrap"), self.modifiers.take("clamp"));
        let ty = self.modifiers.ty()?;
        match mnemonic {
            "and" | "or" | "xor" => self.sources(&[ty, ty])?,
            "not" | "cnot" => self.sources(&[ty])?,
            "shl" | "shr" => self.sources(&[ty, Ty::U32])?,
            "lop3" => {
                self.sources(&[Ty::U32; 4])?;
                let Operand::Integer(table) = self.operand(4)? else {
                    return Err("unsupported table".to_owned());
                };
                return Ok(Op::Logic3(*table as u8));
            }
            _ => self.sources(&[Ty::U32; 3])?,
        }
        match mnemonic {
            "and" => Ok(Op::And),
            "or" => Ok(Op::Or),
            "xor" => Ok(Op::Xor),
            "not" => Ok(Op::Not(ty)),
            "cnot" => Ok(Op::ConditionNot),
            "shl" => Ok(Op::Shl(ty)),
            "shr" => Ok(Op::Shr(ty)),
            "prmt" => Ok(Op::Permute),
            "shf" if left != right && wrap != clamp => Ok(Op::Funnel { right, wrap }),
            _ => Err("unsupported form".to_owned()),
        }
    }

    fn bits(&mut self) -> Result<Op> {
        let mnemonic = self.modifiers.mnemonic;
        let shift = self.modifiers.take("shiftamt");
        let ty = self.modifiers.ty()?;
        match mnemonic {
            "bfe" => self.sources(&[ty, Ty::U32, Ty::U32])?,
            "bfi" => self.sources(&[ty, ty, Ty::U32, Ty::U32])?,
            _ => self.sources(&[ty])?,
        }
        Ok(match mnemonic {
            "bfe" => Op::FieldExtract(ty),
            "bfi" => Op::FieldInsert(ty),
            "bfind" => Op::FindLead { ty, shift },
            "brev" => Op::Reverse(ty),
            "clz" => Op::LeadingZeros(ty),
            _ => Op::Population,
        })
    }

    fn function(&mut self) -> Result<Op> {
        let mnemonic = self.modifiers.mnemonic;
        if mnemonic == "testp" {
            let test = self.modifiers.first(test).ok_or("no property")?;
            let ty = self.modifiers.ty()?;
            self.sources(&[ty])?;
            return Ok(Op::Test { ty, test });
        }
        let approximate = self.modifiers.take("approx");
        let ty = self.modifiers.ty()?;
        if mnemonic == "copysign" {
            self.sources(&[ty, ty])?;
            return Ok(Op::CopySign(ty));
        }
        self.sources(&[ty])?;
        let float = self.modifiers.float(ty);
        let approximation = match mnemonic {
            "rcp" if !approximate => return Ok(Op::FloatReciprocal(float)),
            "sqrt" if !approximate => return Ok(Op::FloatSqrt(float)),
            "rcp" if ty == Ty::F64 && float.ftz => return Ok(Op::Reciprocal64),
            "rsqrt" if ty == Ty::F64 => return Ok(Op::ReciprocalRoot64 { ftz: float.ftz }),
            "rcp" => Approximation::Reciprocal,
            "sqrt" => Approximation::SquareRoot,
            "rsqrt" => Approximation::ReciprocalRoot,
            "ex2" => Approximation::Exp2,
            "lg2" => Approximation::Log2,
            "sin" => Approximation::Sine,
            "cos" => Approximation::Cosine,
            _ => Approximation::Tanh,
        };
        match ty {
            Ty::F32 => Ok(Op::Approximate(approximation, float)),
            _ => Err("unsupported type".to_owned()),
        }
    }

    fn compare(&mut self) -> Result<Op> {
        let comparison = self.modifiers.first(comparison).ok_or("no comparison")?;
        let join = self.modifiers.first(join).unwrap_or(Join::None);
        let ftz = self.modifiers.take("ftz");
        let ty = self.modifiers.ty()?;
        self.count(if join == Join::None { 3 } else { 4 })?;
        match self.operand(0)?.clone() {
            Operand::Pair(p, q) => {
                self.instruction.to = self.decoder.write(self.frame, &Operand::Name(p))?;
                self.instruction.also_to = self.decoder.write(self.frame, &Operand::Name(q))?;
            }
            _ => self.instruction.to = self.write(0)?,
        }
        self.instruction.a = self.read(1, ty)?;
        self.instruction.b = self.read(2, ty)?;
        if join != Join::None {
            self.instruction.c = self.predicate(3)?;
        }
        Ok(Op::Compare {
            comparison,
            ty,
            ftz,
            join,
        })
    }

    fn select(&mut self) -> Result<Op> {
        let ty = self.modifiers.ty()?;
        self.sources(&[ty, ty, Ty::Pred])?;
        Ok(Op::Select)
    }

    fn convert(&mut self) -> Result<Op> {
        let integral = self.modifiers.first(|part| {
            use crate::instruction::Rounding::{Down, Nearest, Up, Zero};
            Some(match part {
                "rni" => Nearest,
                "rzi" => Zero,
                "rmi" => Down,
                "rpi" => Up,
                _ => return None,
            })
        });
        let (to, from) = (self.modifiers.ty()?, self.modifiers.ty()?);
        let float = self.modifiers.float(to);
        self.sources(&[from])?;
        if from.is_float() && !to.is_float() && integral.is_none() {
            return Err("no integer rounding".to_owned());
        }
        Ok(Op::Convert(Conversion {
            to,
            from,
            rounding: integral.unwrap_or(float.rounding),
            integral: integral.is_some(),
            ftz: float.ftz,
            sat: float.sat,
            bits: self.decoder.widths[self.instruction.to as usize],
        }))
    }

    fn convert_address(&mut self) -> Result<Op> {
        let back = self.modifiers.take("to");
        let window = self.modifiers.window();
        self.modifiers.ty()?;
        self.sources(&[Ty::U64])?;
        Ok(match (window, back) {
            (Window::Generic, _) => return Err("no state space".to_owned()),
            (window, true) => Op::FromGeneric(window),
            (window, false) => Op::ToGeneric(window),
        })
    }

    /// Sets the address operand; gives the window, narrowed by what the name is.
    fn address(&mut self, at: usize, window: Window) -> Result<Window> {
        let Operand::Address(name, offset) = *self.operand(at)? else {
            return Err("no address".to_owned());
        };
        if let Ok(absolute) = name.parse::<u64>() {
            self.instruction.a = self.decoder.constant(absolute);
            self.instruction.offset = offset;
            return Ok(window);
        }
        let (slot, offset, window) = match self.decoder.base(self.frame, name, offset)? {
            Base::Register(slot) => (slot, offset, window),
            Base::Fixed(slot) => (slot, 0, window),
            Base::Local(at) => (self.decoder.constant(at as u64), offset, Window::Local),
            Base::Parameter(at) => (self.decoder.constant(at as u64), offset, Window::Param),
        };
        self.instruction.a = slot;
        self.instruction.offset = offset;
        Ok(window)
    }

    fn load(&mut self) -> Result<Op> {
        let (ty, count, window) = self.access(1)?;
        for (at, operand) in vector(self.operand(0)?).iter().enumerate() {
            self.instruction.vector[at] = self.decoder.write(self.frame, operand)?;
        }
        let bits = self.decoder.widths[self.instruction.vector[0] as usize];
        Ok(Op::Load {
            window,
            ty,
            count,
            bits,
        })
    }

    fn store(&mut self) -> Result<Op> {
        let (ty, count, window) = self.access(0)?;
        for (at, operand) in vector(self.operand(1)?).iter().enumerate() {
            self.instruction.vector[at] = self.decoder.read(self.frame, operand, ty)?;
        }
        match window {
            Window::Param => Err("store to a kernel parameter".to_owned()),
            window => Ok(Op::Store { window, ty, count }),
        }
    }

    fn access(&mut self, address: usize) -> Result<(Ty, u8, Window)> {
        self.modifiers.ignore(&MEMORY_HINTS);
        let width = self.modifiers.first(|part| match part {
            "v2" => Some(2),
            "v4" => Some(4),
            _ => None,
        });
        let window = self.modifiers.window();
        let ty = self.modifiers.ty()?;
        self.count(2)?;
        let window = self.address(address, window)?;
        let count = width.unwrap_or(1);
        let listed = vector(self.operand(1 - address)?).len();
        if listed != usize::from(count) {
            return Err("vector of another length".to_owned());
        }
        Ok((ty, count, window))
    }

    fn atomic(&mut self) -> Result<Op> {
        let reduction = self.modifiers.mnemonic == "red";
        self.modifiers.ignore(&MEMORY_HINTS);
        let op = self.modifiers.first(atomic).ok_or("no operation")?;
        let window = self.modifiers.window();
        let ty = self.modifiers.ty()?;
        let first = usize::from(!reduction);
        let swap = op == Atomic::CompareAndSwap;
        self.count(first + 2 + usize::from(swap))?;
        self.instruction.to = if reduction {
            self.decoder.slot()
        } else {
            self.write(0)?
        };
        let window = self.address(first, window)?;
        self.instruction.b = self.read(first + 1, ty)?;
        if swap {
            self.instruction.c = self.read(first + 2, ty)?;
        }
        let known = match op {
            Atomic::Add => matches!(ty, Ty::U32 | Ty::S32 | Ty::U64 | Ty::F32 | Ty::F64),
            Atomic::Increment | Atomic::Decrement => ty == Ty::U32,
            _ => ty.size() >= 4 && !ty.is_float(),
        };
        if !known || matches!(window, Window::Local | Window::Param) {
            return Err("unsupported type or state space".to_owned());
        }
        Ok(Op::Atomic { op, window, ty })
    }

    fn control(&mut self) -> Result<Op> {
        self.modifiers.take("uni");
        let at = self.decoder.kernel.code.len();
        match self.modifiers.mnemonic {
            "bra" => {
                let Operand::Name(label) = *self.operand(0)? else {
                    return Err("no label".to_owned());
                };
                self.frame.branches.push((at, label));
                Ok(Op::Branch)
            }
            "ret" => {
                self.frame.returns.push(at);
                Ok(Op::Exit)
            }
            "exit" => Ok(Op::Exit),
            _ => Ok(Op::Trap),
        }
    }

    fn barrier(&mut self) -> Result<Op> {
        self.modifiers.take("cta");
        if self.modifiers.take("warp") {
            self.modifiers.take("sync");
            self.instruction.d = self.read(0, Ty::U32)?;
            return Ok(Op::WarpSync);
        }
        let aligned = self.modifiers.take("aligned") || self.modifiers.mnemonic == "bar";
        if self.modifiers.take("sync") {
            self.count(1)?;
            self.instruction.a = self.read(0, Ty::U32)?;
            return Ok(Op::Barrier { aligned });
        }
        if !self.modifiers.take("red") {
            return Err("unsupported barrier".to_owned());
        }
        let reduction = self.modifiers.first(|part| match part {
            "and" => Some(Reduction::And),
            "or" => Some(Reduction::Or),
            "popc" => Some(Reduction::Count),
            _ => None,
        });
        self.modifiers.ty()?;
        self.count(3)?;
        self.instruction.to = self.write(0)?;
        self.instruction.a = self.read(1, Ty::U32)?;
        self.instruction.b = self.predicate(2)?;
        Ok(Op::BarrierReduce {
            reduction: reduction.ok_or("no reduction")?,
            aligned,
        })
    }

    fn fence(&mut self) -> Result<Op> {
        let block = self.modifiers.take("cta");
        self.modifiers
            .ignore(&["gl", "gpu", "sys", "sc", "acq_rel"]);
        Ok(Op::Fence { device: !block })
    }

    fn shuffle(&mut self) -> Result<Op> {
        self.modifiers.take("sync");
        let mode = self.modifiers.first(|part| {
            Some(match part {
                "up" => Shuffle::Up,
                "down" => Shuffle::Down,
                "bfly" => Shuffle::Butterfly,
                "idx" => Shuffle::Index,
                _ => return None,
            })
        });
        self.modifiers.ty()?;
        self.count(5)?;
        self.pair()?;
        self.instruction.a = self.read(1, Ty::U32)?;
        self.instruction.b = self.read(2, Ty::U32)?;
        self.instruction.c = self.read(3, Ty::U32)?;
        self.instruction.d = self.read(4, Ty::U32)?;
        Ok(Op::Shuffle(mode.ok_or("no mode")?))
    }

    /// A result that may be followed by a predicate: `d|p`.
    fn pair(&mut self) -> Result {
        match self.operand(0)?.clone() {
            Operand::Pair(to, also) => {
                self.instruction.to = self.decoder.write(self.frame, &Operand::Name(to))?;
                self.instruction.also_to = self.decoder.write(self.frame, &Operand::Name(also))?;
            }
            _ => self.instruction.to = self.write(0)?,
        }
        Ok(())
    }

    fn vote(&mut self) -> Result<Op> {
        if !self.modifiers.take("sync") {
            return Err("unsupported vote without .sync".to_owned());
        }
        let mode = self.modifiers.first(|part| {
            Some(match part {
                "all" => Vote::All,
                "any" => Vote::Any,
                "uni" => Vote::Uniform,
                "ballot" => Vote::Ballot,
                _ => return None,
            })
        });
        self.modifiers.ty()?;
        self.count(3)?;
        self.instruction.to = self.write(0)?;
        self.instruction.a = self.predicate(1)?;
        self.instruction.d = self.read(2, Ty::U32)?;
        Ok(Op::Vote(mode.ok_or("no mode")?))
    }

    fn matching(&mut self) -> Result<Op> {
        self.modifiers.take("sync");
        let all = self.modifiers.take("all");
        if !all && !self.modifiers.take("any") {
            return Err("no mode".to_owned());
        }
        let ty = self.modifiers.ty()?;
        self.count(3)?;
        self.pair()?;
        self.instruction.a = self.read(1, ty)?;
        self.instruction.d = self.read(2, Ty::U32)?;
        Ok(Op::Match { all })
    }
}

fn vector<'o, 'a>(operand: &'o Operand<'a>) -> &'o [Operand<'a>] {
    match operand {
        Operand::Vector(parts) => parts,
        single => std::slice::from_ref(single),
    }
}

fn test(part: &str) -> Option<Test> {
    Some(match part {
        "finite" => Test::Finite,
        "infinite" => Test::Infinite,
        "number" => Test::Number,
        "notanumber" => Test::NotANumber,
        "normal" => Test::Normal,
        "subnormal" => Test::Subnormal,
        _ => return None,
    })
}

fn comparison(part: &str) -> Option<Comparison> {
    Some(match part {
        "eq" => Comparison::Eq,
        "ne" => Comparison::Ne,
        "lt" | "lo" => Comparison::Lt,
        "le" | "ls" => Comparison::Le,
        "gt" | "hi" => Comparison::Gt,
        "ge" | "hs" => Comparison::Ge,
        "equ" => Comparison::Equ,
        "neu" => Comparison::Neu,
        "ltu" => Comparison::Ltu,
        "leu" => Comparison::Leu,
        "gtu" => Comparison::Gtu,
        "geu" => Comparison::Geu,
        "num" => Comparison::Num,
        "nan" => Comparison::Nan,
        _ => return None,
    })
}

fn join(part: &str) -> Option<Join> {
    Some(match part {
        "and" => Join::And,
        "or" => Join::Or,
        "xor" => Join::Xor,
        _ => return None,
    })
}

fn atomic(part: &str) -> Option<Atomic> {
    Some(match part {
        "add" => Atomic::Add,
        "min" => Atomic::Min,
        "max" => Atomic::Max,
        "and" => Atomic::And,
        "or" => Atomic::Or,
        "xor" => Atomic::Xor,
        "exch" => Atomic::Exchange,
        "cas" => Atomic::CompareAndSwap,
        "inc" => Atomic::Increment,
        "dec" => Atomic::Decrement,
        _ => return None,
    })
}
