//! <https://data-apis.org/array-api/2025.12/API_specification/indexing.html> and
//! <https://data-apis.org/array-api/2025.12/API_specification/indexing_functions.html>

use array_api_spec::{
    DType, Ellipsis, ErrorClass, Index, NewAxis, Slice, StepBy, ix, reference::Reference,
};

use super::{Array, Device, Result, class, narrow, xp};

/// 0 to 23 in the shape (2, 3, 4).
fn cube() -> Result<Array> {
    xp().reshape(xp().arange(0, 24, 1), [2, 3, 4])
}

fn got(index: &[Index<Reference>]) -> Result<(Vec<usize>, Vec<i64>)> {
    let x = cube()?.get(index)?;
    Ok((x.shape().to_vec(), x.to_vec()?))
}

#[test]
fn integers_take_an_axis_away() -> Result {
    assert_eq!(got(&ix![1, 2, 3])?, (vec![], vec![23]));
    assert_eq!(got(&ix![-1, -1, -1])?, (vec![], vec![23]));
    assert_eq!(got(&ix![0, 1])?, (vec![4], vec![4, 5, 6, 7]));
    assert_eq!(got(&ix![.., 0, 0_usize])?, (vec![2], vec![0, 12]));
    for far in [ix![2], ix![-3]] {
        assert_eq!(class(got(&far)), ErrorClass::IndexError);
    }
    Ok(())
}

#[test]
#[allow(
    clippy::reversed_empty_ranges,
    reason = "with a negative step they are not empty"
)]
fn slices_are_pythons() -> Result {
    let x = xp().arange(0, 5, 1)?;
    let of = |slice: Slice| x.get(ix![slice])?.to_vec::<i64>();
    assert_eq!(of((1..3).into())?, [1, 2]);
    assert_eq!(of((1..=3).into())?, [1, 2, 3]);
    assert_eq!(of((-2..).into())?, [3, 4]);
    assert_eq!(of((..-1).into())?, [0, 1, 2, 3]);
    assert_eq!(of((..=-1).into())?, [0, 1, 2, 3, 4]);
    assert_eq!(of((..).step(-1))?, [4, 3, 2, 1, 0]);
    assert_eq!(of((..).step(-2))?, [4, 2, 0]);
    assert_eq!(of((3..0).step(-1))?, [3, 2, 1]);
    assert_eq!(of((1..100).step(2))?, [1, 3]);
    assert_eq!(of((-100..2).into())?, [0, 1]);
    assert_eq!(of((3..1).into())?, [0; 0]);
    assert_eq!(of((100..-100).step(-2))?, [4, 2, 0]);
    assert_eq!(of((..).step(isize::MIN))?, [4]);
    assert_eq!(class(of((..).step(0))), ErrorClass::IndexError);
    Ok(())
}

#[test]
fn ellipsis_and_newaxis() -> Result {
    assert_eq!(got(&ix![Ellipsis, 0])?.0, [2, 3]);
    assert_eq!(got(&ix![0, Ellipsis, 0])?, (vec![3], vec![0, 4, 8]));
    assert_eq!(got(&ix![Ellipsis])?.0, [2, 3, 4]);
    assert_eq!(got(&ix![1, Ellipsis, 2, 3])?, (vec![], vec![23]));
    assert_eq!(
        got(&ix![NewAxis, 0, NewAxis, Ellipsis, NewAxis])?.0,
        [1, 1, 3, 4, 1]
    );
    assert_eq!(class(got(&ix![Ellipsis, Ellipsis])), ErrorClass::IndexError);
    assert_eq!(class(got(&ix![0, 0, 0, 0])), ErrorClass::IndexError);
    Ok(())
}

#[test]
fn masks_choose_in_row_major_order() -> Result {
    let x = cube()?;
    let mask = xp().equal(xp().remainder(&x, 7), 0).eval()?;
    assert_eq!(x.get(ix![&mask])?.to_vec::<i64>()?, [0, 7, 14, 21]);
    let rows = xp().asarray([[true, false, false], [false, false, true]])?;
    assert_eq!(
        got(&ix![&rows])?,
        (vec![2, 4], vec![0, 1, 2, 3, 20, 21, 22, 23])
    );
    // A 0-dimensional mask is a new axis of length 1 or 0.
    assert_eq!(got(&ix![xp().asarray(true)?])?.0, [1, 2, 3, 4]);
    assert_eq!(got(&ix![xp().asarray(false)?])?.0, [0, 2, 3, 4]);
    // A mask axis of length 0 goes with any length.
    assert_eq!(got(&ix![xp().zeros([2, 0], DType::Bool)?])?.0, [0, 4]);
    assert_eq!(got(&ix![xp().zeros([0], DType::Bool)?])?.0, [0, 3, 4]);
    for wrong in [vec![3], vec![2, 2], vec![2, 3, 4, 1]] {
        assert_eq!(
            class(got(&ix![xp().zeros(wrong, DType::Bool)?])),
            ErrorClass::IndexError
        );
    }
    // Beside other entries it counts as the positions of its true elements.
    let beside = xp().asarray([true, false, true])?;
    assert_eq!(got(&ix![0, &beside])?, got(&ix![0, xp().asarray([0, 2])?])?);
    assert_eq!(
        class(got(&ix![0, xp().asarray(true)?])),
        ErrorClass::IndexError
    );
    assert_eq!(
        class(got(&ix![narrow().asarray([true, false])?])),
        ErrorClass::ValueError
    );
    Ok(())
}

#[test]
fn set_writes_the_region_and_nothing_else() -> Result {
    let mut x = cube()?;
    let before = x.clone();
    x.set(ix![0, .., (..).step(2)], -1)?;
    x.set(ix![1, 0], &xp().asarray([100_i8, 101, 102, 103])?)?;
    x.set(
        ix![1, 1.., 0],
        &xp().asarray([[7_i64], [8]])?.get(ix![.., 0])?,
    )?;
    let wanted = [
        -1, 1, -1, 3, -1, 5, -1, 7, -1, 9, -1, 11, 100, 101, 102, 103, 7, 17, 18, 19, 8, 21, 22, 23,
    ];
    assert_eq!(x.to_vec::<i64>()?, wanted);
    assert_eq!(before.to_vec::<i64>()?, (0..24).collect::<Vec<_>>());
    Ok(())
}

#[test]
fn set_reads_old_values_first() -> Result {
    let mut x = xp().arange(0, 4, 1)?;
    let reversed = xp().flip(&x, 0)?;
    x.set(ix![..], &reversed + &x)?;
    assert_eq!(x.to_vec::<i64>()?, [3, 3, 3, 3]);
    let mut y = xp().arange(0, 4, 1)?;
    let copy = y.clone();
    y.set(ix![1..], copy.get(ix![..-1])?)?;
    assert_eq!(y.to_vec::<i64>()?, [0, 0, 1, 2]);
    Ok(())
}

#[test]
fn set_on_a_view_changes_the_view_only() -> Result {
    let base = xp().zeros([3], DType::Float64)?;
    let mut wide = xp().broadcast_to(&base, [2, 3])?;
    wide.set(ix![0, 0], 1)?;
    assert_eq!(wide.to_vec::<f64>()?, [1.0, 0.0, 0.0, 0.0, 0.0, 0.0]);
    let mut flipped = xp().flip(&base, 0)?;
    flipped.set(ix![0], 5)?;
    assert_eq!(
        (flipped.to_vec::<f64>()?, base.to_vec::<f64>()?),
        (vec![5.0, 0.0, 0.0], vec![0.0; 3])
    );
    Ok(())
}

#[test]
fn assign_writes_through_the_layout_of_a_view() -> Result {
    let mut x = cube()?;
    let before = x.clone();
    let view = x.get(ix![1, (..).step(-1), ..2])?;
    let layout = view.layout().clone();
    x.assign(&layout, &xp().asarray([[1_i64], [2], [3]])?)?;
    assert_eq!(
        x.with_layout(layout.clone()).to_vec::<i64>()?,
        [1, 1, 2, 2, 3, 3]
    );
    assert_eq!(x.get(ix![1, 0])?.to_vec::<i64>()?, [3, 3, 14, 15]);
    assert_eq!(x.get(ix![0])?.to_vec::<i64>()?, (0..12).collect::<Vec<_>>());
    assert_eq!(before.to_vec::<i64>()?, (0..24).collect::<Vec<_>>());
    // The value is read first.
    let own = x.with_layout(layout.flip(0));
    x.assign(&layout, &own + 1)?;
    assert_eq!(
        x.with_layout(layout.clone()).to_vec::<i64>()?,
        [4, 4, 3, 3, 2, 2]
    );
    // Nothing is written to an empty region or after a mistake.
    let same = x.to_vec::<i64>()?;
    x.assign(&layout.slice(0, 0, 0, 1), 5)?;
    let wrong = [
        class(x.assign(&layout, 1.5)),
        class(x.assign(&layout, &xp().zeros([4], DType::Int64)?)),
        class(x.assign(&layout.select(0, 0).broadcast_to(&[2, 2]), 0)),
        class(x.get(ix![0])?.assign(&layout, 0)),
    ];
    let value = ErrorClass::ValueError;
    assert_eq!(wrong, [ErrorClass::TypeError, value, value, value]);
    assert_eq!(x.to_vec::<i64>()?, same);
    Ok(())
}

#[test]
fn a_copy_has_memory_of_its_own() -> Result {
    let x = cube()?;
    let row = x.get(ix![1, 0, (..).step(-2)])?;
    let copy = row.copy()?;
    assert_eq!(copy.to_vec::<i64>()?, [15, 13]);
    assert_eq!((copy.layout().offset(), copy.shape()), (0, &[2][..]));
    assert!(copy.data()?.storage != row.data()?.storage);
    assert_eq!(row.data()?.storage, x.data()?.storage);
    Ok(())
}

#[test]
fn set_with_a_mask() -> Result {
    let mut x = xp().asarray([[1.0, 2.0], [3.0, 4.0]])?;
    let mask = xp().greater(&x, 2).eval()?;
    x.set(ix![&mask], 0)?;
    assert_eq!(x.to_vec::<f64>()?, [1.0, 2.0, 0.0, 0.0]);
    x.set(ix![&mask], &xp().asarray([8.0, 9.0])?)?;
    assert_eq!(x.to_vec::<f64>()?, [1.0, 2.0, 8.0, 9.0]);
    x.set(
        ix![xp().asarray([false, true])?],
        &xp().asarray([[5.0, 6.0]])?,
    )?;
    assert_eq!(x.to_vec::<f64>()?, [1.0, 2.0, 5.0, 6.0]);
    assert_eq!(
        class(x.set(ix![&mask], &xp().asarray([1.0, 2.0, 3.0])?)),
        ErrorClass::ValueError
    );
    assert_eq!(
        class(x.set(ix![&mask], &xp().asarray(1_i32)?)),
        ErrorClass::TypeError
    );
    assert_eq!(x.to_vec::<f64>()?, [1.0, 2.0, 5.0, 6.0]);
    Ok(())
}

#[test]
fn set_keeps_the_array_s_dtype_and_shape() -> Result {
    let mut x = xp().zeros([2, 2], DType::Float32)?;
    assert_eq!(
        class(x.set(ix![0], &xp().asarray([1.0_f64, 2.0])?)),
        ErrorClass::TypeError
    );
    assert_eq!(
        class(x.set(ix![0], array_api_spec::Complex::<f64>::I)),
        ErrorClass::TypeError
    );
    assert_eq!(
        class(x.set(ix![0], &xp().zeros([1, 2], DType::Float32)?)),
        ErrorClass::ValueError
    );
    assert_eq!(
        class(x.set(ix![0], &xp().zeros([3], DType::Float32)?)),
        ErrorClass::ValueError
    );
    assert_eq!(class(x.set(ix![5], 1)), ErrorClass::IndexError);
    assert_eq!(x.to_vec::<f32>()?, [0.0; 4]);
    let mut i = xp().zeros([1], DType::UInt8)?;
    assert_eq!(class(i.set(ix![0], 256)), ErrorClass::OverflowError);
    assert_eq!(class(i.set(ix![0], 1.0)), ErrorClass::TypeError);
    Ok(())
}

#[test]
fn take_goes_along_one_axis() -> Result {
    let x = cube()?;
    let taken = xp().take(&x, xp().asarray([2_i8, -3])?, Some(1))?;
    assert_eq!(
        (taken.shape(), taken.get(ix![1, .., 0])?.to_vec::<i64>()?),
        ([2, 2, 4].as_slice(), vec![20, 12])
    );
    assert_eq!(
        xp().take(xp().asarray([5, 6])?, xp().asarray([1_u64])?, None)?
            .to_vec::<i32>()?,
        [6]
    );
    assert_eq!(
        xp().take(&x, xp().zeros([0], DType::Int64)?, Some(-1))?
            .shape(),
        [2, 3, 0]
    );
    assert_eq!(
        class(xp().take(&x, xp().asarray([0])?, None)),
        ErrorClass::ValueError
    );
    assert_eq!(
        class(xp().take(&x, xp().asarray([[0]])?, Some(0))),
        ErrorClass::ValueError
    );
    assert_eq!(
        class(xp().take(&x, xp().asarray([0.0])?, Some(0))),
        ErrorClass::TypeError
    );
    for far in [2, -3] {
        assert_eq!(
            class(xp().take(&x, xp().asarray([far])?, Some(0))),
            ErrorClass::IndexError
        );
    }
    // An index that only wraps into range is out of range.
    assert_eq!(
        class(xp().take(&x, xp().asarray([u64::MAX])?, Some(0))),
        ErrorClass::IndexError
    );
    Ok(())
}

#[test]
fn take_along_axis_has_one_index_for_each_result() -> Result {
    let x = xp().asarray([[10, 20, 30], [40, 50, 60]])?;
    let along = |i: Array, axis| xp().take_along_axis(&x, i, axis)?.to_vec::<i32>();
    assert_eq!(
        along(xp().asarray([[2, 0], [-1, 1]])?, -1)?,
        [30, 10, 60, 50]
    );
    assert_eq!(along(xp().asarray([[1, 0, 1]])?, 0)?, [40, 20, 60]);
    assert_eq!(along(xp().asarray([[1]])?, 1)?, [20, 50]);
    assert_eq!(
        class(along(xp().asarray([[3], [0]])?, 1)),
        ErrorClass::IndexError
    );
    assert_eq!(class(along(xp().asarray([0])?, 0)), ErrorClass::ValueError);
    assert_eq!(
        class(along(xp().asarray([[0], [0], [0]])?, 1)),
        ErrorClass::ValueError
    );
    Ok(())
}

#[test]
fn clipped_positions_are_never_out_of_range() -> Result {
    let x = xp().reshape(xp().arange(0, 600, 1), [300, 2])?;
    let of = |indices: Array| {
        let found = xp().take_clipped(&x, &indices, Some(0))?;
        found.get(ix![.., 0])?.to_vec::<i64>()
    };
    assert_eq!(of(xp().asarray([0, 299, -1, 5])?)?, [0, 598, 598, 10]);
    assert_eq!(
        of(xp().asarray([300, -301, i32::MIN, i32::MAX])?)?,
        [598, 0, 0, 598]
    );
    assert_eq!(of(xp().asarray([i8::MIN, i8::MAX])?)?, [344, 254]);
    assert_eq!(of(xp().asarray([u64::MAX, 1])?)?, [598, 2]);
    assert_eq!(of(xp().zeros([0], DType::Int32)?)?, [0_i64; 0]);
    let narrow = narrow().asarray([1.0_f32, 2.0])?;
    let far = narrow.namespace().asarray([u32::MAX, 0])?;
    let found = narrow.namespace().take_clipped(&narrow, &far, None)?;
    assert_eq!(found.to_vec::<f32>()?, [2.0, 1.0]);
    let nothing = xp().zeros([0, 2], DType::Float64)?;
    let one = xp().asarray([0])?;
    let from = |axis| xp().take_clipped(&nothing, &one, axis);
    assert_eq!(class(from(Some(0))), ErrorClass::IndexError);
    assert_eq!(from(Some(1))?.shape(), [0, 1]);
    assert_eq!(class(from(None)), ErrorClass::ValueError);
    assert_eq!(class(from(Some(2))), ErrorClass::ValueError);
    assert_eq!(class(of(xp().asarray([0.5])?)), ErrorClass::TypeError);
    assert_eq!(class(of(xp().asarray([[0]])?)), ErrorClass::ValueError);
    Ok(())
}

#[test]
fn integer_arrays_name_elements_together() -> Result {
    let x = xp().reshape(xp().arange(0, 24, 1), [2, 3, 4])?;
    let got = |index: &[Index<Device>]| -> Result<(Vec<usize>, Vec<i64>)> {
        let y = x.get(index)?;
        Ok((y.shape().to_vec(), y.to_vec()?))
    };
    let (i, j) = (xp().asarray([1, 0])?, xp().asarray([-1, 2])?);
    assert_eq!(got(&ix![&i, &j, 0])?, (vec![2], vec![20, 8]));
    assert_eq!(got(&ix![&i, 0, ..2])?, (vec![2, 2], vec![12, 13, 0, 1]));
    // Apart from each other, their axes come first.
    assert_eq!(got(&ix![&i, .., &j])?.0, [2, 3]);
    assert_eq!(got(&ix![.., &i])?.0, [2, 2, 4]);
    let column = xp().asarray([[1], [0]])?;
    assert_eq!(got(&ix![.., &column, &j])?.0, [2, 2, 2]);
    let mut y = x.clone();
    y.set(ix![&i, &i, &i], &xp().asarray([-1_i64, -2])?)?;
    assert_eq!(y.get(ix![1, 1, 1])?.item::<i64>()?, -1);
    assert_eq!(y.get(ix![0, 0, 0])?.item::<i64>()?, -2);
    // The last value for an element stays.
    let mut z = xp().zeros([3], DType::Int64)?;
    z.set(ix![xp().asarray([1, 1, 1])?], &xp().asarray([5_i64, 6, 7])?)?;
    assert_eq!(z.to_vec::<i64>()?, [0, 7, 0]);
    for wrong in [
        got(&ix![xp().asarray([2])?]),
        got(&ix![xp().asarray([0.5])?]),
        got(&ix![xp().asarray([0, 1])?, xp().asarray([0, 1, 2])?]),
    ] {
        assert_eq!(class(wrong), ErrorClass::IndexError);
    }
    Ok(())
}
