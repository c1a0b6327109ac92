//! A minimum of a smooth function of some hundred or thousand numbers, by the limited-memory BFGS method.
//!
//! Source: J. Nocedal, S. Wright, "Numerical Optimization" (2006), algorithms 7.4, 7.5 (directions) and 3.5, 3.6 (steps). Where rounding hides whether the function
//! falls, its slope decides: W. Hager, H. Zhang, "A new conjugate gradient method with guaranteed descent and an efficient line search" (2005), condition (4.1).

use std::{collections::VecDeque, ops::ControlFlow};

use array_api_spec::Result;

/// When the search ends.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// The gradient is no larger.
    pub(crate) gradient: f64,
    /// So many iterations are done.
    pub(crate) iterations: usize,
    /// Rounding changes the function's values by this share.
    pub(crate) noise: f64,
}

/// Why the search ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// The gradient is small.
    Converged,
    /// Within rounding errors, the function falls no further.
    Flat,
    /// All iterations are done.
    Limit,
    /// No step leads further down.
    Stuck,
    /// The caller has had enough.
    Asked,
}

/// A function's value at a point.
#[derive(Clone, Debug)]
pub(crate) struct Value {
    pub(crate) value: f64,
    pub(crate) gradient: Vec<f64>,
    /// How large the gradient is, as [`Limits::gradient`] counts.
    pub(crate) steepness: f64,
}

/// Where the search ended.
#[derive(Clone, Debug)]
pub(crate) struct Minimum {
    pub(crate) at: Vec<f64>,
    pub(crate) iterations: usize,
    pub(crate) steepness: f64,
    pub(crate) end: End,
}

/// A point with the function's value and gradient.
#[derive(Clone)]
struct Point {
    at: Vec<f64>,
    value: f64,
    gradient: Vec<f64>,
    steepness: f64,
}

/// A step with what it leads to; `slope` is the derivative along the direction.
struct Step {
    length: f64,
    slope: f64,
    point: Point,
}

/// Pairs of moves and changes of the gradient that are kept.
const MEMORY: usize = 10;

/// The share of the first slope's promise that a step must keep.
const DECREASE: f64 = 1e-4;

/// The share of the first slope's steepness that a step may leave.
const CURVATURE: f64 = 0.9;

/// The search ends after so many iterations in turn without a fall that shows or a smaller gradient.
const PATIENCE: usize = 50;

/// The most steps that are tried along a direction.
const TRIALS: usize = 40;

/// Minimises a function of which `f` gives value and gradient, from a start. After each iteration `tell` is given their number and the value.
///
/// # Errors
/// Those of `f`.
pub(crate) fn minimise(
    start: Vec<f64>,
    limits: Limits,
    f: &mut dyn FnMut(&[f64]) -> Result<Value>,
    tell: &mut dyn FnMut(usize, f64) -> ControlFlow<()>,
) -> Result<Minimum> {
    let mut now = evaluated(start, f)?;
    let mut pairs: VecDeque<Pair> = VecDeque::with_capacity(MEMORY);
    let (mut iterations, mut flat, mut least) = (0, 0, f64::INFINITY);
    let end = loop {
        if now.steepness <= limits.gradient {
            break End::Converged;
        }
        if iterations == limits.iterations {
            break End::Limit;
        }
        if flat == PATIENCE {
            break End::Flat;
        }
        let mut direction = direction(&now.gradient, &pairs);
        if dot(&direction, &now.gradient) >= 0.0 {
            pairs.clear();
            direction = now.gradient.iter().map(|g| -g).collect();
        }
        let first = if pairs.is_empty() {
            (1.0 / dot(&direction, &direction).sqrt()).min(1.0)
        } else {
            1.0
        };
        let slope = dot(&direction, &now.gradient);
        let line = Line {
            from: &now,
            direction: &direction,
            slope,
            noise: limits.noise * now.value.abs(),
        };
        let Some(next) = line.search(first, f)? else {
            if !pairs.is_empty() {
                // The memory may mislead: steepest descent is tried once more.
                pairs.clear();
                continue;
            }
            break if flat > 0 { End::Flat } else { End::Stuck };
        };
        iterations += 1;
        let falls = now.value - next.value > 4.0 * limits.noise * now.value.abs().max(1.0);
        flat = if falls || next.steepness < 0.9 * least {
            0
        } else {
            flat + 1
        };
        least = least.min(next.steepness);
        remember(&mut pairs, &now, &next);
        now = next;
        if tell(iterations, now.value).is_break() {
            break End::Asked;
        }
    };
    Ok(Minimum {
        steepness: now.steepness,
        at: now.at,
        iterations,
        end,
    })
}

fn evaluated(at: Vec<f64>, f: &mut dyn FnMut(&[f64]) -> Result<Value>) -> Result<Point> {
    let Value {
        value,
        gradient,
        steepness,
    } = f(&at)?;
    Ok(Point {
        at,
        value,
        gradient,
        steepness,
    })
}

/// A move s and the change y of the gradient that came with it.
struct Pair {
    s: Vec<f64>,
    y: Vec<f64>,
    /// sᵀ y.
    product: f64,
}

fn remember(pairs: &mut VecDeque<Pair>, from: &Point, to: &Point) {
    let difference = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a - b).collect();
    let (s, y): (Vec<f64>, Vec<f64>) = (
        difference(&to.at, &from.at),
        difference(&to.gradient, &from.gradient),
    );
    let product = dot(&s, &y);
    // Otherwise the next direction might lead up.
    if product > f64::EPSILON * dot(&y, &y) {
        if pairs.len() == MEMORY {
            pairs.pop_front();
        }
        pairs.push_back(Pair { s, y, product });
    }
}

/// `-H g` with the inverse Hessian H that the pairs tell of: algorithm 7.4.
fn direction(gradient: &[f64], pairs: &VecDeque<Pair>) -> Vec<f64> {
    let mut q: Vec<f64> = gradient.iter().map(|g| -g).collect();
    let mut shares = Vec::with_capacity(pairs.len());
    for Pair { s, y, product } in pairs.iter().rev() {
        let share = dot(s, &q) / product;
        q.iter_mut().zip(y).for_each(|(q, y)| *q -= share * y);
        shares.push(share);
    }
    if let Some(Pair { y, product, .. }) = pairs.back() {
        let scale = product / dot(y, y);
        q.iter_mut().for_each(|q| *q *= scale);
    }
    for (Pair { s, y, product }, share) in pairs.iter().zip(shares.into_iter().rev()) {
        let other = dot(y, &q) / product;
        q.iter_mut()
            .zip(s)
            .for_each(|(q, s)| *q += (share - other) * s);
    }
    q
}

/// A direction from a point.
struct Line<'a> {
    from: &'a Point,
    direction: &'a [f64],
    /// The derivative at the point, negative.
    slope: f64,
    /// How much rounding changes the values.
    noise: f64,
}

impl Line<'_> {
    fn step(&self, length: f64, f: &mut dyn FnMut(&[f64]) -> Result<Value>) -> Result<Step> {
        let moved = self.from.at.iter().zip(self.direction);
        let point = evaluated(moved.map(|(x, d)| x + length * d).collect(), f)?;
        Ok(Step {
            length,
            slope: dot(self.direction, &point.gradient),
            point,
        })
    }

    fn start(&self) -> Step {
        Step {
            length: 0.0,
            slope: self.slope,
            point: self.from.clone(),
        }
    }

    /// Whether a step leads down by enough, or, as far as rounding lets one see, to a slope that says so.
    fn is_down(&self, step: &Step) -> bool {
        let value = step.point.value;
        value <= self.from.value + DECREASE * step.length * self.slope
            || (value <= self.from.value + self.noise && step.slope <= -0.8 * self.slope)
    }

    fn is_higher(&self, a: &Step, b: &Step) -> bool {
        let difference = a.point.value - b.point.value;
        difference.is_nan() || difference > self.noise
    }

    fn is_flat_enough(&self, step: &Step) -> bool {
        step.slope.abs() <= CURVATURE * self.slope.abs()
    }

    /// A point further down, at which the slope is less steep; `None` if there seems to be none. Algorithm 3.5.
    fn search(
        &self,
        first: f64,
        f: &mut dyn FnMut(&[f64]) -> Result<Value>,
    ) -> Result<Option<Point>> {
        let mut before = self.start();
        let mut length = first;
        for trial in 0..TRIALS {
            let step = self.step(length, f)?;
            if !self.is_down(&step) || (trial > 0 && self.is_higher(&step, &before)) {
                return self.between(before, step, f);
            }
            if self.is_flat_enough(&step) {
                return Ok(Some(step.point));
            }
            if step.slope >= 0.0 {
                return self.between(step, before, f);
            }
            length *= 4.0;
            before = step;
        }
        // A function that falls for ever: the last step is as good as any.
        Ok(Some(before.point))
    }

    /// Such a point between two steps; `low` leads down, and the slope there points to `high`. Algorithm 3.6.
    fn between(
        &self,
        mut low: Step,
        mut high: Step,
        f: &mut dyn FnMut(&[f64]) -> Result<Value>,
    ) -> Result<Option<Point>> {
        for _ in 0..TRIALS {
            let length = between(&low, &high);
            if length == low.length || length == high.length {
                break;
            }
            let step = self.step(length, f)?;
            if !self.is_down(&step) || self.is_higher(&step, &low) {
                high = step;
                continue;
            }
            if self.is_flat_enough(&step) {
                return Ok(Some(step.point));
            }
            if step.slope * (high.length - low.length) >= 0.0 {
                high = low;
            }
            low = step;
        }
        Ok((low.length > 0.0).then_some(low.point))
    }
}

/// Where the cubic through two values and slopes is least, kept off both ends: equation 3.59.
fn between(low: &Step, high: &Step) -> f64 {
    let (a, b) = (low.length, high.length);
    let d1 = low.slope + high.slope - 3.0 * (low.point.value - high.point.value) / (a - b);
    let root = (d1 * d1 - low.slope * high.slope).sqrt() * (b - a).signum();
    let least = b - (b - a) * (high.slope + root - d1) / (high.slope - low.slope + 2.0 * root);
    let (from, to) = (a.min(b), a.max(b));
    let margin = 0.1 * (to - from);
    if least.is_finite() {
        least.clamp(from + margin, to - margin)
    } else {
        from + 0.5 * (to - from)
    }
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// The largest magnitude; NaN if there is one.
pub(crate) fn largest(values: &[f64]) -> f64 {
    let larger = |m: f64, v: &f64| {
        if v.abs() > m || v.is_nan() {
            v.abs()
        } else {
            m
        }
    };
    values.iter().fold(0.0, larger)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: Limits = Limits {
        gradient: 1e-10,
        iterations: 200,
        noise: 16.0 * f64::EPSILON,
    };

    fn judged((value, gradient): (f64, Vec<f64>)) -> Value {
        Value {
            value,
            steepness: largest(&gradient),
            gradient,
        }
    }

    fn minimum(
        start: &[f64],
        limits: Limits,
        mut f: impl FnMut(&[f64]) -> (f64, Vec<f64>),
    ) -> Minimum {
        let tell = &mut |_, _| ControlFlow::Continue(());
        minimise(start.to_vec(), limits, &mut |x| Ok(judged(f(x))), tell).expect("f does not fail")
    }

    /// `Σ 100 (x_{i+1} - x_i²)² + (1 - x_i)²`, least at (1, 1, …).
    fn rosenbrock(x: &[f64]) -> (f64, Vec<f64>) {
        let (mut value, mut gradient) = (0.0, vec![0.0; x.len()]);
        for i in 0..x.len() - 1 {
            let (a, b) = (x[i + 1] - x[i] * x[i], 1.0 - x[i]);
            value += 100.0 * a * a + b * b;
            gradient[i] -= 400.0 * a * x[i] + 2.0 * b;
            gradient[i + 1] += 200.0 * a;
        }
        (value, gradient)
    }

    #[test]
    fn a_curved_valley() {
        for n in [2, 3, 10] {
            let start: Vec<f64> = (0..n).map(|i| [-1.2, 1.0][i % 2]).collect();
            let found = minimum(&start, LIMITS, rosenbrock);
            assert_eq!(found.end, End::Converged, "{found:?}");
            assert!(found.iterations < 100, "{found:?}");
            assert!(found.at.iter().all(|x| (x - 1.0).abs() < 1e-9), "{found:?}");
        }
    }

    /// `½ Σ d (x - 1)² + 10⁶`: the large constant hides that the function falls, long before the gradient is small.
    #[test]
    fn a_bowl_far_from_zero() {
        let scales = [1.0, 10.0, 100.0, 1000.0];
        let found = minimum(&[0.0; 4], LIMITS, |x| {
            let terms = x.iter().zip(scales);
            let value = terms.clone().map(|(x, d)| 0.5 * d * (x - 1.0) * (x - 1.0));
            (
                1e6 + value.sum::<f64>(),
                terms.map(|(x, d)| d * (x - 1.0)).collect(),
            )
        });
        assert_eq!(found.end, End::Converged, "{found:?}");
        assert!(found.at.iter().all(|x| (x - 1.0).abs() < 1e-9), "{found:?}");
    }

    #[test]
    fn the_end_is_told() {
        let few = Limits {
            iterations: 3,
            ..LIMITS
        };
        let found = minimum(&[-1.2, 1.0], few, rosenbrock);
        assert_eq!((found.end, found.iterations), (End::Limit, 3));
        assert_eq!(minimum(&[1.0, 1.0], LIMITS, rosenbrock).iterations, 0);
        // Gradient and value contradict each other.
        let found = minimum(&[0.0], LIMITS, |x| (x[0], vec![-1.0]));
        assert_eq!(found.end, End::Stuck);
        let found = minimum(&[1.0], LIMITS, |_| (f64::NAN, vec![f64::NAN]));
        assert_eq!(found.end, End::Stuck);
        let ask = &mut |iteration, _| {
            if iteration == 2 {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            }
        };
        let found = minimise(
            vec![-1.2, 1.0],
            LIMITS,
            &mut |x| Ok(judged(rosenbrock(x))),
            ask,
        )
        .expect("f does not fail");
        assert_eq!((found.end, found.iterations), (End::Asked, 2));
    }
}
