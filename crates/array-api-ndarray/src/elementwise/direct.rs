//! A short cut for one operation on few contiguous elements: a single call of its loop. The general way, which plans
//! blocks for any program, would take several times as long as the work.

use std::ptr;

use array_api_spec::{Op, Program, Result};

use super::{
    BLOCK,
    kernels::{self, Arguments, Kernel},
    plan::{constant, is_two},
};
use crate::{Storage, check_bounds, strided, vectors::Vectors};

/// Most elements for which a constant is repeated.
const CONSTANTS: usize = 64;

/// The bytes of a constant, repeated for each element.
#[repr(align(64))]
struct Constant([u8; 16 * CONSTANTS]);

/// The result of the program if it is one operation on contiguous arrays and constants, of few elements.
pub(super) fn evaluate(program: &Program<Storage>) -> Option<Result<Storage>> {
    let size = program.size();
    let (last, arguments) = program.steps.split_last()?;
    if size == 0 || size > BLOCK || arguments.is_empty() || arguments.len() > 2 {
        return None;
    }
    let mut constants = Constant([0; 16 * CONSTANTS]);
    let mut starts: [*const u8; 2] = [ptr::null(); 2];
    for (start, step) in starts.iter_mut().zip(arguments) {
        *start = match step.op {
            Op::Input(number) => {
                let input = &program.inputs[number];
                if !input.layout.is_contiguous() {
                    return None;
                }
                check_bounds(input);
                let offset = input.layout.offset() * input.dtype.size();
                input.storage.start().wrapping_add(offset)
            }
            // There is one buffer for constants, so the other argument must be an array.
            Op::Scalar(value) if size <= CONSTANTS && !program.inputs.is_empty() => {
                let to = constants.0.as_mut_ptr();
                // SAFETY: there is room for 16 bytes for each element; the memory is aligned for every type.
                unsafe { strided::fill(&constant(value, step.dtype), step.dtype.size(), to, size) };
                to
            }
            _ => return None,
        };
    }
    let dtype_of = |argument: usize| program.steps[argument].dtype;
    let vectors = Vectors::available();
    let mut places: Arguments = [ptr::null(); 3];
    let kernel: Kernel = match last.op {
        Op::Unary(op, x) => {
            places[0] = starts[x];
            kernels::unary(op, dtype_of(x), vectors)
        }
        // Squares are left to the plan, which has a loop for them.
        Op::Binary(_, _, y) if is_two(program.steps[y].op) => {
            return None;
        }
        Op::Binary(op, x, y) => {
            places = [starts[x], starts[y], ptr::null()];
            kernels::binary(op, dtype_of(x), vectors)
        }
        Op::Cast(x) => {
            places[0] = starts[x];
            kernels::convert(dtype_of(x), last.dtype, vectors)
        }
        _ => return None,
    };
    // SAFETY: the loop is that of the arguments' dtypes; they have `size` elements each, inside their storages (checked above), and the
    // result, which is fresh memory, gets as many, all of its dtype.
    Some(unsafe {
        Storage::build_raw(last.dtype, size, |out| {
            kernel.run(&places, out, size);
            Ok(())
        })
    })
}
