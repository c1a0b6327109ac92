use std::{
    ffi::c_void,
    ptr::{NonNull, null_mut},
    sync::{Arc, Weak},
};

use array_api_spec::{DType, HostBuffer, StepBy, dispatch, ix};
use proptest::prelude::*;

use super::*;
use crate::testing::{shape, view};

/// Memory of a library that hands it out with these numbers, and a sign of whether it is still there.
struct Foreign<T> {
    values: Vec<T>,
    shape: Vec<i64>,
    strides: Option<Vec<i64>>,
    alive: Arc<()>,
}

impl<T> Foreign<T> {
    fn new(values: Vec<T>, shape: &[i64], strides: Option<&[i64]>) -> Self {
        Self {
            values,
            shape: shape.to_vec(),
            strides: strides.map(<[i64]>::to_vec),
            alive: Arc::new(()),
        }
    }

    /// The tensor that starts so many bytes after the first value.
    fn hand_out(
        self,
        dtype: DLDataType,
        offset: u64,
    ) -> (ManagedTensor<DLManagedTensorVersioned>, Weak<()>) {
        let sign = Arc::downgrade(&self.alive);
        let mut owner = Box::new(self);
        let tensor = DLTensor {
            data: owner.values.as_mut_ptr().cast(),
            device: DLDevice {
                device_type: CPU,
                device_id: 0,
            },
            ndim: owner.shape.len() as i32,
            dtype,
            shape: owner.shape.as_mut_ptr(),
            strides: owner
                .strides
                .as_mut()
                .map_or(null_mut(), |s| s.as_mut_ptr()),
            byte_offset: offset,
        };
        let context = Box::into_raw(owner).cast::<c_void>();
        let managed = Managed::new(tensor, context, delete::<T>, 0);
        let managed = NonNull::from(Box::leak(Box::new(managed)));
        // SAFETY: the tests keep to the contract.
        (unsafe { ManagedTensor::from_raw(managed) }, sign)
    }
}

unsafe extern "C" fn delete<T>(managed: *mut DLManagedTensorVersioned) {
    // SAFETY: both are from `hand_out`.
    unsafe {
        let managed = Box::from_raw(managed);
        drop(Box::from_raw(managed.manager_ctx.cast::<Foreign<T>>()));
    }
}

proptest! {
    #[test]
    fn any_view_goes_out_and_comes_back(
        (x, copy) in (shape(), 0..DType::ALL.len(), prop_oneof![Just(None), any::<bool>().prop_map(Some)])
            .prop_flat_map(|(shape, dtype, copy)| (view(shape, DType::ALL[dtype]), Just(copy))),
    ) {
        let array = || Array::new(cpu(), x.clone());
        let tensor = to_dlpack::<DLManagedTensorVersioned>(array())?;
        prop_assert_eq!(tensor.shape()?, x.shape());
        let back = from_dlpack(tensor, copy)?;
        prop_assert_eq!(back.dtype(), x.dtype);
        prop_assert_eq!(back.shape(), x.shape());
        let same = |a: &HostBuffer, b: &HostBuffer| a.as_bytes() == b.as_bytes();
        let expected = array_api_spec::backend::ArrayObjectBackend::download(&NdArray, &x)?;
        prop_assert!(same(&back.to_host()?, &expected));
        let unversioned = to_dlpack::<DLManagedTensor>(array())?;
        prop_assert!(same(&unversioned.values()?.buffer, &expected));
    }
}

#[test]
fn shared_memory_is_not_copied_and_lives_as_long_as_its_arrays() -> Result<()> {
    let foreign = Foreign::new(vec![0.0, 1.0, 2.0, 3.0, 4.0, 5.0], &[2, 2], Some(&[-3, -2]));
    let address = foreign.values.as_ptr();
    let (tensor, sign) = foreign.hand_out(DType::Float64.into(), 5 * 8);
    let mut x = from_dlpack(tensor, Some(false))?;
    assert_eq!(x.to_vec::<f64>()?, [5.0, 3.0, 2.0, 0.0]);
    assert_eq!(NdArray::view::<f64>(&x)?.as_ptr(), address.wrapping_add(5));
    let part = x.get(ix![0])?;
    // Writing moves the array to memory of its own.
    x.set(ix![0], 9.0)?;
    assert_eq!(x.to_vec::<f64>()?, [9.0, 9.0, 2.0, 0.0]);
    assert!(sign.upgrade().is_some());
    assert_eq!(part.to_vec::<f64>()?, [5.0, 3.0]);
    drop(part);
    assert!(sign.upgrade().is_none());
    assert_eq!(x.to_vec::<f64>()?, [9.0, 9.0, 2.0, 0.0]);
    Ok(())
}

#[test]
fn the_stride_of_a_single_element_may_be_anything() -> Result<()> {
    let foreign = Foreign::new(vec![1.0, 2.0], &[1, 2], Some(&[i64::MIN, 1]));
    let x = from_dlpack(foreign.hand_out(DType::Float64.into(), 0).0, Some(false))?;
    assert_eq!(x.get(ix![(..).step(-1), 0])?.to_vec::<f64>()?, [1.0]);
    Ok(())
}

#[test]
fn a_copy_lets_the_memory_go() -> Result<()> {
    let (tensor, sign) =
        Foreign::new(vec![1_i16, 2, 3], &[3], None).hand_out(DType::Int16.into(), 0);
    let x = from_dlpack(tensor, Some(true))?;
    assert!(sign.upgrade().is_none());
    assert_eq!(x.to_vec::<i16>()?, [1, 2, 3]);
    Ok(())
}

#[test]
fn what_rust_cannot_read_in_place_is_copied() -> Result<()> {
    let shifted = || {
        let mut bytes = vec![0_u8; 8 * 3 + 8];
        // One byte beyond an address that is a multiple of eight.
        let offset = bytes.as_ptr().align_offset(8) + 1;
        for (k, value) in [1.5_f64, -2.0, 7.0].into_iter().enumerate() {
            bytes[offset + 8 * k..][..8].copy_from_slice(&value.to_ne_bytes());
        }
        Foreign::new(bytes, &[3], Some(&[1]))
            .hand_out(DType::Float64.into(), offset as u64)
            .0
    };
    assert_eq!(
        from_dlpack(shifted(), None)?.to_vec::<f64>()?,
        [1.5, -2.0, 7.0]
    );
    assert!(from_dlpack(shifted(), Some(false)).is_err());
    let bytes = |values: &[u8]| {
        Foreign::new(values.to_vec(), &[3], None)
            .hand_out(DType::Bool.into(), 0)
            .0
    };
    assert!(from_dlpack(bytes(&[0, 1, 1]), Some(false)).is_ok());
    assert_eq!(
        from_dlpack(bytes(&[0, 2, 1]), None)?.to_vec::<bool>()?,
        [false, true, true]
    );
    assert!(from_dlpack(bytes(&[0, 2, 1]), Some(false)).is_err());
    Ok(())
}

#[test]
fn the_sole_owner_hands_out_memory_to_write_to() -> Result<()> {
    let xp = cpu();
    let flags =
        |x: Array<NdArray>| Ok::<_, Error>(to_dlpack::<DLManagedTensorVersioned>(x)?.get().flags);
    assert_eq!(flags(xp.asarray([1.0, 2.0])?)?, IS_COPIED);
    let x = xp.asarray([1.0, 2.0])?;
    assert_eq!(flags(x.clone())?, READ_ONLY);
    let repeated = xp.broadcast_to(xp.asarray([1.0, 2.0])?, [3, 2])?;
    assert_eq!(flags(repeated)?, READ_ONLY);
    assert_eq!(x.to_vec::<f64>()?, [1.0, 2.0]);
    Ok(())
}

#[test]
fn what_does_not_fit_is_an_error_and_is_freed() {
    let message = |dtype: DLDataType, shape: &[i64], change: fn(&mut DLManagedTensorVersioned)| {
        let (tensor, sign) =
            Foreign::new(vec![0_u64; 4], shape, Some(&vec![0; shape.len()])).hand_out(dtype, 0);
        let mut raw = tensor.into_raw();
        // SAFETY: nobody else has the structure.
        let tensor = unsafe {
            change(raw.as_mut());
            ManagedTensor::from_raw(raw)
        };
        let error = from_dlpack(tensor, None)
            .expect_err("it does not fit")
            .to_string();
        assert!(sign.upgrade().is_none());
        error
    };
    let half = DLDataType {
        code: 2,
        bits: 16,
        lanes: 1,
    };
    let says = |text: String, part: &str| assert!(text.contains(part), "{text}");
    let int8 = DLDataType::from(DType::Int8);
    says(message(half, &[1], |_| ()), "16-bit type of code 2");
    let on_gpu = |t: &mut DLManagedTensorVersioned| t.dl_tensor.device.device_type = CUDA;
    says(message(int8, &[1], on_gpu), "on a device of kind 2");
    says(
        message(int8, &[1], |t| t.version.major = 2),
        "version 2.0 of DLPack",
    );
    says(
        message(int8, &[1], |t| t.dl_tensor.data = null_mut()),
        "no memory",
    );
    says(message(int8, &[i64::MAX, 4], |_| ()), "more elements");
    says(message(int8, &[0, 1 << 62, 4], |_| ()), "more elements");
    says(message(int8, &[-1], |_| ()), "length -1");
    says(message(int8, &[1], |t| t.dl_tensor.ndim = -1), "-1 axes");
    says(
        message(int8, &[1], |t| t.dl_tensor.shape = null_mut()),
        "no shape",
    );
    // SAFETY: the list has a number for the one axis.
    let far = |t: &mut DLManagedTensorVersioned| unsafe { *t.dl_tensor.strides = i64::MIN };
    says(message(int8, &[3], far), "further than memory");
}

#[test]
fn every_dtype_has_dlpack_s_size() {
    for dtype in DType::ALL {
        let size = dispatch!(dtype, T => size_of::<T>());
        assert_eq!(usize::from(DLDataType::from(dtype).bits), 8 * size);
    }
}
