//! Kernels as values: what a kernel's text depends on, and nothing else. A kernel is recorded, printed and compiled once
//! for each value; a launch then only fills in its arguments.

use std::{
    collections::HashMap,
    fmt::{self, Debug, Display},
    hash::Hash,
    sync::{Arc, Mutex, PoisonError},
};

use array_api_spec::{Error, Layout, Result};
use smallvec::{SmallVec, smallvec};

use super::{
    GROUP, Gpu,
    array_object::Assign,
    elementwise::Evaluate,
    fft::{ChirpProduct, FftPass},
    indexing::{FirstNonzero, Gather, Nonzero},
    kernel::ir::{Arguments, Builder, Kernel, ParamValue, Signature, if_},
    linalg::{
        CholeskyFinish, CholeskyPanel, CholeskyScale, EighScale, EighSmall, EighStart, EighValues,
        EighVectors, Identity, JacobiJudge, JacobiSolve, JacobiUpdate, LuFinish, LuPanel, LuRows,
        Matmul, PolishAdd, PolishDefect, QrFinish, QrLeaves, QrReconstruct, QrScale, QrTriangle,
        QrTurn, QrUnfold, QrVectors, ScaleMatrix, SolveBack, SolveColumns, SolveFinish, SolveRows,
        SolveScale, SvdLeft, SvdLengths, SvdPick, SvdPolish, SvdRight, SvdSolve, SvdUpdate,
        SvdValues, Update,
    },
    memory::Memory,
    moments::{
        Centre, Fix, GramExact, GramFloat64, GramOfParts, GroupCounts, GroupDistance, GroupMeans,
        GroupSums, LargestOfParts, PlaceWords, Scales,
    },
    nearest::NearestRows,
    packing::Positions,
    prebuilt::Copy,
    runtime::{KernelText, Runtime},
    scan::{ChunkTotals, Scan},
    sorting::{SortMerge, SortRuns},
    statistical::Reduce,
};

/// A kernel: its fields are all that its text depends on.
pub(super) trait KernelBody: Clone + Debug + Eq + Hash {
    /// The name of the entry point.
    fn name(&self) -> &'static str;

    /// Threads in a work-group.
    fn workgroup(&self) -> u32 {
        GROUP
    }

    /// Whether threads ask for their group's number. A grid may have more groups than were asked for, because it is a
    /// rectangle; in such a kernel they do nothing.
    fn by_groups(&self) -> bool {
        false
    }

    /// Declares the arguments and records the statements.
    fn record(&self, k: Builder);
}

macro_rules! kernels {
    ($($Kernel:ident)*) => {
        /// Any kernel of this crate.
        #[derive(Clone, Debug, PartialEq, Eq, Hash)]
        pub(super) enum AnyKernel { $($Kernel($Kernel)),* }

        $(impl From<$Kernel> for AnyKernel {
            fn from(kernel: $Kernel) -> Self {
                Self::$Kernel(kernel)
            }
        })*

        impl AnyKernel {
            fn build(&self) -> Kernel {
                match self { $(Self::$Kernel(kernel) => build(kernel)),* }
            }

            fn by_groups(&self) -> bool {
                match self { $(Self::$Kernel(kernel) => kernel.by_groups()),* }
            }
        }
    };
}
kernels! {
    Assign Centre ChirpProduct CholeskyFinish CholeskyPanel CholeskyScale ChunkTotals Copy EighScale EighSmall EighStart EighValues
    EighVectors Evaluate FftPass FirstNonzero Fix Gather GramExact GramFloat64 GramOfParts GroupCounts GroupDistance GroupMeans
    GroupSums Identity JacobiJudge JacobiSolve JacobiUpdate LargestOfParts LuFinish LuPanel LuRows Matmul NearestRows
    Nonzero PlaceWords PolishAdd PolishDefect QrFinish QrLeaves QrReconstruct QrScale QrTriangle QrTurn QrUnfold QrVectors
    Reduce ScaleMatrix Scales Scan SolveBack SolveColumns SolveFinish SolveRows SolveScale SortMerge SortRuns
    SvdLeft SvdLengths SvdPick SvdPolish SvdRight SvdSolve SvdUpdate SvdValues Update
}

fn build(kernel: &impl KernelBody) -> Kernel {
    Kernel::build(kernel.name(), kernel.workgroup(), |k| {
        if kernel.by_groups() {
            // All threads of a group decide alike, as barriers want it.
            if_(k.group().lt(k.size(GROUPS)), || kernel.record(k));
        } else {
            kernel.record(k);
        }
    })
}

/// The name under which kernels [by groups](KernelBody::by_groups) get their number of groups.
const GROUPS: &str = "group_count";

/// A compiled kernel, with what a launch must know of it.
struct Prepared<R: Runtime> {
    signature: Signature,
    compiled: Arc<R::Kernel>,
}

/// The kernels that were compiled so far.
pub(super) struct Kernels<R: Runtime>(Mutex<HashMap<AnyKernel, Arc<Prepared<R>>>>);

impl<R: Runtime> Default for Kernels<R> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<R: Runtime> Debug for Kernels<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Kernels")
    }
}

impl<R: Runtime> Gpu<R> {
    /// Runs a kernel with at least `threads` threads. `bind` gives it its buffers and values.
    pub(super) fn run<'m>(
        &self,
        kernel: impl Into<AnyKernel>,
        threads: usize,
        bind: impl FnOnce(&mut Bindings<'_, 'm, R>),
    ) -> Result<()> {
        if threads == 0 {
            return Ok(());
        }
        let kernel = kernel.into();
        let by_groups = kernel.by_groups();
        let prepared = self.prepared(kernel)?;
        let signature = &prepared.signature;
        let groups = threads.div_ceil(signature.workgroup() as usize);
        let mut bindings = Bindings {
            signature,
            buffers: smallvec![None; signature.buffers().count()],
            near: 0,
            arguments: signature.arguments(),
        };
        bind(&mut bindings);
        if by_groups {
            bindings.size(GROUPS, groups);
        }
        let Bindings {
            buffers, arguments, ..
        } = bindings;
        let words = arguments.words();
        if arguments.is_beyond_reach() {
            let bytes = buffers.iter().flatten().map(|memory| memory.bytes()).max();
            return Err(self.beyond_reach(bytes.unwrap_or(0) as usize));
        }
        let buffer = |((name, is_written), memory): ((&str, bool), &Option<&'m Memory<R>>)| {
            let entry = signature.entry();
            let memory = memory.unwrap_or_else(|| panic!("{entry}'s buffer {name} is not given"));
            debug_assert!(
                !(is_written && memory.is_known()),
                "{entry} writes {name}, which the host has a copy of"
            );
            memory.buffer().ok_or_else(|| {
                let device = self.properties().device.clone();
                Error::driver(device, entry, "an array without elements has no memory")
            })
        };
        let buffers: SmallVec<[&R::Buffer; 8]> = signature
            .buffers()
            .zip(&buffers)
            .map(buffer)
            .collect::<Result<_>>()?;
        self.runtime()
            .launch(&prepared.compiled, &buffers, words, groups as u64)
    }

    /// The compiled kernel.
    fn prepared(&self, kernel: AnyKernel) -> Result<Arc<Prepared<R>>> {
        // A forked child gets its error here: the lock may be held by a thread that it does not have.
        self.runtime().check("launch")?;
        let known = || {
            self.kernels
                .0
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
        };
        if let Some(prepared) = known().get(&kernel) {
            return Ok(Arc::clone(prepared));
        }
        let recorded = kernel.build();
        let text = KernelText::new(&recorded, self.properties().language);
        let prepared = Arc::new(Prepared {
            signature: recorded.signature(),
            compiled: self.runtime().compile(&text)?,
        });
        known().insert(kernel, Arc::clone(&prepared));
        Ok(prepared)
    }
}

/// What a launch gives to a kernel, by the names that the kernel declares.
pub(super) struct Bindings<'k, 'm, R: Runtime> {
    signature: &'k Signature,
    buffers: SmallVec<[Option<&'m Memory<R>>; 8]>,
    /// Where the next buffer is looked for first.
    near: usize,
    arguments: Arguments<'k>,
}

impl<'m, R: Runtime> Bindings<'_, 'm, R> {
    /// A buffer.
    pub(super) fn buffer(&mut self, name: impl Display, memory: &'m Memory<R>) -> &mut Self {
        let at = self.signature.place(name, self.near);
        self.buffers[at] = Some(memory);
        self.near = at + 1;
        self
    }

    /// A length.
    pub(super) fn size(&mut self, name: impl Display, value: usize) -> &mut Self {
        self.stride(name, isize::try_from(value).unwrap_or(isize::MAX))
    }

    /// A stride, which may be negative.
    pub(super) fn stride(&mut self, name: impl Display, value: isize) -> &mut Self {
        self.arguments.size(name, value);
        self
    }

    /// Any other value.
    pub(super) fn value(&mut self, name: impl Display, value: impl ParamValue) -> &mut Self {
        self.arguments.set(name, value);
        self
    }

    /// The lengths and strides of [`Positions`] of this name.
    pub(super) fn layout(&mut self, name: impl Display, layout: &Layout) -> &mut Self {
        Positions::set(&mut self.arguments, name, layout);
        self
    }
}
