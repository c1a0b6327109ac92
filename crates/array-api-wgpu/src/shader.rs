//! Translates WGSL for a driver. On Vulkan it becomes strict SPIR-V, because the SPIR-V that naga writes by default
//! lets drivers break IEEE's rules: `x != x` is an ordered comparison (false for NaN), and `(x + y) - x → y` is
//! allowed.

use std::panic::{AssertUnwindSafe, catch_unwind};

use naga::{
    ShaderStage,
    back::spv,
    front::wgsl,
    proc::{BoundsCheckPolicies, BoundsCheckPolicy},
    valid::{Capabilities, ValidationFlags, Validator},
};

use array_api_gpu::runtime::KernelText;

/// SPIR-V that keeps IEEE's rules. A panic of naga becomes an error.
pub(super) fn strict_spirv(
    source: &KernelText,
    float64: bool,
    int64: bool,
) -> Result<Vec<u32>, String> {
    catch_unwind(AssertUnwindSafe(|| translate(source, float64, int64)))
        .unwrap_or_else(|panic| Err(format!("naga panicked: {}", panic_text(&*panic))))
}

/// The message of a panic.
pub(super) fn panic_text(panic: &(dyn std::any::Any + Send)) -> &str {
    panic
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("no message")
}

fn translate(source: &KernelText, float64: bool, int64: bool) -> Result<Vec<u32>, String> {
    let module = wgsl::parse_str(&source.text).map_err(|e| e.emit_to_string(&source.text))?;
    let mut capabilities = Capabilities::empty();
    capabilities.set(Capabilities::FLOAT64, float64);
    capabilities.set(Capabilities::SHADER_INT64, int64);
    let info = Validator::new(ValidationFlags::all(), capabilities)
        .validate(&module)
        .map_err(|e| e.emit_to_string(&source.text))?;
    // The device is opened with robust buffer access, so an index out of bounds is harmless without checks in the
    // kernel.
    let unchecked = BoundsCheckPolicies {
        index: BoundsCheckPolicy::Restrict,
        buffer: BoundsCheckPolicy::Unchecked,
        image_load: BoundsCheckPolicy::Unchecked,
        binding_array: BoundsCheckPolicy::Unchecked,
    };
    let binding_map = (0..=source.access.len() as u32)
        .map(|binding| {
            let info = spv::BindingInfo {
                descriptor_set: 0,
                binding,
                binding_array_size: None,
            };
            (naga::ResourceBinding { group: 0, binding }, info)
        })
        .collect();
    let options = spv::Options {
        lang_version: (1, 3),
        flags: spv::WriterFlags::empty(),
        binding_map,
        bounds_check_policies: unchecked,
        zero_initialize_workgroup_memory: spv::ZeroInitializeWorkgroupMemoryMode::None,
        force_loop_bounding: false,
        ..spv::Options::default()
    };
    let entry = spv::PipelineOptions {
        shader_stage: ShaderStage::Compute,
        entry_point: source.entry.clone(),
    };
    let words =
        spv::write_vec(&module, &info, &options, Some(&entry)).map_err(|e| e.to_string())?;
    Ok(strict(&words))
}

/// Makes `≠` unordered and forbids contraction and reassociation of every floating-point result.
fn strict(words: &[u32]) -> Vec<u32> {
    const HEADER: usize = 5;
    const EXT_INST: u32 = 12;
    const TYPES: std::ops::RangeInclusive<u32> = 19..=39;
    const DECORATE: u32 = 71;
    const NO_CONTRACTION: u32 = 42;
    // FNegate, FAdd, FSub, FMul, FDiv, FRem, FMod, the products with vectors and matrices, Dot.
    const ARITHMETIC: [u32; 10] = [127, 129, 131, 133, 136, 140, 141, 142, 145, 148];
    const ORDERED_NOT_EQUAL: u32 = 182;
    const UNORDERED_NOT_EQUAL: u32 = 183;

    let mut out = words[..HEADER.min(words.len())].to_vec();
    let (mut annotations_end, mut results) = (None, Vec::new());
    let mut at = HEADER;
    while at < words.len() {
        let (length, op) = ((words[at] >> 16) as usize, words[at] & 0xffff);
        let end = (at + length.max(1)).min(words.len());
        if annotations_end.is_none() && TYPES.contains(&op) {
            annotations_end = Some(out.len());
        }
        if ARITHMETIC.contains(&op) || op == EXT_INST {
            results.push(words[at + 2]);
        }
        let start = out.len();
        out.extend_from_slice(&words[at..end]);
        if op == ORDERED_NOT_EQUAL {
            out[start] = (words[at] & 0xffff_0000) | UNORDERED_NOT_EQUAL;
        }
        at = end;
    }
    let decorations = results
        .into_iter()
        .flat_map(|id| [3 << 16 | DECORATE, id, NO_CONTRACTION]);
    let place = annotations_end.unwrap_or(out.len());
    out.splice(place..place, decorations);
    out
}
