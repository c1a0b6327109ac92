//! Variables, branches, loops and functions.

use super::node::{Node, Stmt, Ty};
use super::record::{STATE, block, node, stmt};
use super::value::{Operand, Val, Var};

/// A new variable.
pub fn var(init: Val) -> Var {
    let init_id = init.id();
    STATE.with_borrow_mut(|s| {
        let vars = &mut s.scope().function.vars;
        vars.push(init.ty);
        let id = vars.len() - 1;
        s.stmt(Stmt::Var(id, init_id));
        Var { id, ty: init.ty }
    })
}

/// Runs `then` where the condition holds.
pub fn if_(condition: Val, then: impl FnOnce()) {
    if_else(condition, then, || {});
}

/// Runs `then` where the condition holds, `otherwise` elsewhere.
pub fn if_else(condition: Val, then: impl FnOnce(), otherwise: impl FnOnce()) {
    let condition = condition.val(Ty::Bool).id();
    let (then, otherwise) = (block(then), block(otherwise));
    stmt(Stmt::If(condition, then, otherwise));
}

/// Repeats `body` until a [`break_`].
pub fn loop_(body: impl FnOnce()) {
    let body = block(body);
    stmt(Stmt::Loop(body));
}

/// Repeats `body` while the condition holds, which is computed before each round.
pub fn while_(condition: impl FnOnce() -> Val, body: impl FnOnce()) {
    loop_(|| {
        if_(!condition(), break_);
        body();
    });
}

/// Counts from `first` up to `end` (exclusive) in steps of `step`, all integers of `first`'s type.
#[track_caller]
pub fn for_(first: Val, end: impl Operand, step: impl Operand, body: impl FnOnce(Val)) {
    let (end, step) = (end.val(first.ty), step.val(first.ty));
    let id = STATE.with_borrow_mut(|s| {
        let function = &mut s.scope().function;
        function.counters += 1;
        function.counters - 1
    });
    let counter = node(Node::Counter(id), first.ty);
    let body = block(|| body(counter));
    stmt(Stmt::For(id, first.id(), end.id(), step.id(), body));
}

/// Leaves the innermost loop.
pub fn break_() {
    stmt(Stmt::Break);
}

/// Continues with the innermost loop's next round.
pub fn continue_() {
    stmt(Stmt::Continue);
}

/// Waits until every thread of the work-group has arrived here; then each sees the others' writes. Every thread of the
/// work-group must arrive.
pub fn barrier() {
    stmt(Stmt::Barrier);
}

/// The result of a function: one value, or two, whose types may differ.
pub trait Results: Copy {
    #[doc(hidden)]
    fn values(self) -> Vec<Val>;
    #[doc(hidden)]
    fn from_values(values: &[Val]) -> Self;
}

impl Results for Val {
    fn values(self) -> Vec<Val> {
        vec![self]
    }
    fn from_values(values: &[Val]) -> Self {
        values[0]
    }
}

impl Results for (Val, Val) {
    fn values(self) -> Vec<Val> {
        vec![self.0, self.1]
    }
    fn from_values(values: &[Val]) -> Self {
        (values[0], values[1])
    }
}

/// Returns early from a function; [`return_`] does so from a kernel.
#[track_caller]
pub fn return_value(result: impl Results) {
    let values = result.values();
    let types: Vec<Ty> = values.iter().map(|v| v.ty()).collect();
    STATE.with_borrow_mut(|s| {
        let results = &mut s.scope().function.results;
        assert!(
            results.is_empty() || *results == types,
            "all results of a function have the same types"
        );
        *results = types;
    });
    let ids = values.into_iter().map(Val::id).collect();
    stmt(Stmt::Return(ids));
}

/// Ends the kernel for this thread. No [`barrier`] may follow.
pub fn return_() {
    stmt(Stmt::Return(Vec::new()));
}

/// Calls a function of the kernel. The first call with arguments of these types records `body`, which may use the
/// arguments only. The printed name ends in the types. Two functions must not share a name.
#[track_caller]
pub fn call<const N: usize, R: Results>(
    name: &str,
    arguments: [Val; N],
    body: impl FnOnce([Val; N]) -> R,
) -> R {
    let types: Vec<Ty> = arguments.iter().map(|a| a.ty).collect();
    // Neighbouring arguments of one type are named once: `atan2_f32`, not `atan2_f32_f32`.
    let mut suffixes: Vec<&str> = types.iter().map(|t| t.name()).collect();
    suffixes.dedup();
    let name = format!("{name}_{}", suffixes.join("_"));
    let known = STATE.with_borrow(|s| s.functions.iter().position(|f| f.name == name));
    let number = known.unwrap_or_else(|| {
        STATE.with_borrow_mut(|s| s.enter(name, types.clone()));
        let inner = std::array::from_fn(|i| node(Node::Argument(i), types[i]));
        return_value(body(inner));
        STATE.with_borrow_mut(|s| {
            let mut scope = s.scopes.pop().expect("entered above");
            scope.function.body = scope.blocks.pop().expect("entered with one");
            s.functions.push(scope.function);
            s.functions.len() - 1
        })
    });
    let results = STATE.with_borrow(|s| s.functions[number].results.clone());
    let ids = arguments.into_iter().map(Val::id).collect();
    let whole = node(Node::Call(number, ids), results[0]);
    if results.len() == 1 {
        return R::from_values(&[whole]);
    }
    let fields: Vec<Val> = (0..results.len())
        .map(|i| node(Node::Field(whole.id, i), results[i]))
        .collect();
    R::from_values(&fields)
}
