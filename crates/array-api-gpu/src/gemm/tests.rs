//! The arguments of BLAS against a row-major product, by BLAS's own definition.

use array_api_spec::Layout;

use super::{Gemm, GemmOperand};

/// The stored element of op(X) at a row and a column, as BLAS defines it.
fn element(x: &GemmOperand, values: &[f64], batch: usize, row: usize, column: usize) -> f64 {
    let (row, column) = if x.transposed {
        (column, row)
    } else {
        (row, column)
    };
    let position = x.offset as i64
        + batch as i64 * x.stride
        + row as i64
        + column as i64 * i64::from(x.leading);
    values[position as usize]
}

/// All C of the batch, by the column-major triple loop.
fn by_columns(gemm: &Gemm, a: &[f64], b: &[f64]) -> Vec<f64> {
    let [rows, columns, inner, batches] =
        [gemm.rows, gemm.columns, gemm.inner, gemm.batches].map(|n| n as usize);
    let mut c = vec![0.0; rows * columns * batches];
    for batch in 0..batches {
        for column in 0..columns {
            for row in 0..rows {
                let products = (0..inner).map(|l| {
                    element(&gemm.left, b, batch, row, l)
                        * element(&gemm.right, a, batch, l, column)
                });
                let at = batch * gemm.stride() as usize + row + column * rows;
                c[at] = products.sum();
            }
        }
    }
    c
}

/// The row-major product, by the layouts' own positions.
fn by_rows(a: &Layout, b: &Layout, values: &[f64]) -> Vec<f64> {
    let ([.., m, inner], [.., _, n]) = (a.shape(), b.shape()) else {
        unreachable!("matrices")
    };
    let a: Vec<f64> = a.positions().map(|p| values[p]).collect();
    let b: Vec<f64> = b.positions().map(|p| values[p]).collect();
    let mut c = Vec::new();
    for (a, b) in a.chunks(m * inner).zip(b.chunks(inner * n)) {
        for i in 0..*m {
            c.extend((0..*n).map(|j| {
                let products = (0..*inner).map(|l| a[i * inner + l] * b[l * n + j]);
                products.sum::<f64>()
            }));
        }
    }
    c
}

/// What BLAS requires of an operand: its columns do not overlap.
fn assert_legal(x: &GemmOperand, op_rows: i32, op_columns: i32) {
    let stored_rows = if x.transposed { op_columns } else { op_rows };
    assert!(x.leading >= stored_rows.max(1), "{x:?}");
}

/// Views of a batch of matrices of a shape: (what they are, the view, whether BLAS can express it).
fn views(stack: &[usize], rows: usize, columns: usize) -> Vec<(&'static str, Layout, bool)> {
    let shape = [stack, &[rows, columns]].concat();
    let flat: Vec<usize> = [stack, &[columns, rows]].concat();
    let axes = |layout: Layout| {
        let mut axes: Vec<usize> = (0..layout.ndim()).collect();
        let last = axes.len() - 1;
        axes.swap(last, last - 1);
        layout.permute(&axes)
    };
    let (row, column) = (stack.len(), stack.len() + 1);
    let longer = |extra: [usize; 2]| {
        Layout::contiguous(&[stack, &[rows + extra[0], columns + extra[1]]].concat())
    };
    let part = |layout: Layout, first: [usize; 2], step: isize| {
        layout
            .slice(row, first[0], rows, 1)
            .slice(column, first[1], columns, step)
    };
    let wide = Layout::contiguous(&[stack, &[rows, 2 * columns]].concat());
    let single = Layout::contiguous(&[rows, columns]).broadcast_to(&shape);
    let one_row = Layout::contiguous(&[columns]).broadcast_to(&shape);
    vec![
        ("row-major", Layout::contiguous(&shape), true),
        ("transposed", axes(Layout::contiguous(&flat)), true),
        ("padded rows", part(longer([0, 3]), [0, 2], 1), true),
        ("a block", part(longer([2, 3]), [1, 3], 1), true),
        ("one for all", single, true),
        (
            "one for all, transposed",
            axes(Layout::contiguous(&[columns, rows]).broadcast_to(&flat)),
            true,
        ),
        (
            "every other column",
            wide.slice(column, 0, columns, 2),
            // A vector may have gaps.
            columns == 1 || rows == 1,
        ),
        (
            "backwards",
            Layout::contiguous(&shape).flip(row).flip(column),
            rows == 1 && columns == 1,
        ),
        ("one row for all", one_row, rows == 1),
    ]
}

#[test]
fn row_major_products_are_column_major_ones_of_the_transposes() {
    let values: Vec<f64> = (0..2000).map(|k| f64::from(k * 37 % 101) - 50.0).collect();
    let mut mapped = 0;
    for stack in [&[][..], &[1], &[3], &[2, 3], &[2, 1, 2]] {
        for (m, inner, n) in
            (0..27).map(|k| ([1, 2, 5][k / 9], [1, 3, 4][k / 3 % 3], [1, 2, 6][k % 3]))
        {
            for (name_a, a, fits_a) in views(stack, m, inner) {
                for (name_b, b, fits_b) in views(stack, inner, n) {
                    let case = format!("{name_a} {stack:?} {m}×{inner} times {name_b} ×{n}");
                    let gemm = Gemm::new(&a, &b);
                    assert_eq!(gemm.is_some(), fits_a && fits_b, "{case}");
                    let Some(gemm) = gemm else { continue };
                    assert_legal(&gemm.left, gemm.rows, gemm.inner);
                    assert_legal(&gemm.right, gemm.inner, gemm.columns);
                    // Both operands are views of the same values.
                    let wanted = by_rows(&a, &b, &values);
                    assert_eq!(by_columns(&gemm, &values, &values), wanted, "{case}");
                    mapped += 1;
                }
            }
        }
    }
    assert!(mapped > 5000, "{mapped}");
}

#[test]
fn stacks_without_one_stride_have_no_words() {
    let plain = Layout::contiguous(&[2, 3, 4, 4]);
    assert!(Gemm::new(&plain, &plain).is_some());
    // The first of two batch axes is broadcast (stride 0), the second is not.
    let uneven = Layout::contiguous(&[3, 4, 4]).broadcast_to(&[2, 3, 4, 4]);
    assert_eq!(Gemm::new(&plain, &uneven), None);
    assert_eq!(Gemm::new(&plain.flip(0), &plain), None);
    assert_eq!(Gemm::new(&plain.flip(1), &plain), None);
    assert_eq!(Gemm::new(&plain.permute(&[1, 0, 2, 3]), &plain), None);
}

#[test]
fn lengths_beyond_the_library_s_integers_have_no_words() {
    let a = Layout::new(&[1, 1 << 31], &[1 << 31, 1], 0);
    let b = Layout::new(&[1 << 31, 1], &[1, 1], 0);
    assert_eq!(Gemm::new(&a, &b), None);
}
