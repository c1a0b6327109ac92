//! The kernel under construction.

use std::cell::RefCell;

use super::Val;
use super::node::{Block, Function, Kernel, Memory, Node, Param, Stmt, Ty};

impl Kernel {
    /// Records a kernel: runs `body` once. `workgroup` is the number of threads in a work-group, at most 256.
    pub fn build(name: &str, workgroup: u32, body: impl FnOnce(super::Builder)) -> Self {
        let outer = STATE.with_borrow_mut(|s| std::mem::replace(s, State::new(name, workgroup)));
        body(super::Builder(()));
        let mut state = STATE.with_borrow_mut(|s| std::mem::replace(s, outer));
        let mut scope = state.scopes.pop().expect("the kernel's own scope");
        scope.function.body = scope.blocks.pop().expect("its body");
        Self {
            name: name.to_owned(),
            workgroup,
            memories: state.memories,
            params: state.params,
            functions: state.functions,
            body: scope.function,
        }
    }
}

pub(super) struct Scope {
    pub(super) function: Function,
    pub(super) blocks: Vec<Block>,
    pub(super) number: usize,
}

/// The kernel under construction. It is thread-local, so that a `Val` need not refer to it: `Val` is `Copy`, and `a *
/// b` is an expression.
pub(super) struct State {
    pub(super) workgroup: u32,
    pub(super) memories: Vec<Memory>,
    pub(super) params: Vec<Param>,
    pub(super) functions: Vec<Function>,
    pub(super) scopes: Vec<Scope>,
    pub(super) scopes_ever: usize,
}

impl State {
    pub(super) fn new(name: &str, workgroup: u32) -> Self {
        let mut state = Self {
            workgroup,
            memories: Vec::new(),
            params: Vec::new(),
            functions: Vec::new(),
            scopes: Vec::new(),
            scopes_ever: 0,
        };
        state.enter(name.to_owned(), Vec::new());
        state
    }

    pub(super) fn enter(&mut self, name: String, arguments: Vec<Ty>) {
        let function = Function {
            name,
            arguments,
            ..Function::default()
        };
        self.scopes_ever += 1;
        self.scopes.push(Scope {
            function,
            blocks: vec![Block::new()],
            number: self.scopes_ever,
        });
    }

    pub(super) fn scope(&mut self) -> &mut Scope {
        self.scopes
            .last_mut()
            .expect("kernel code runs inside `Kernel::build` only")
    }

    pub(super) fn stmt(&mut self, stmt: Stmt) {
        self.scope()
            .blocks
            .last_mut()
            .expect("a function has a block")
            .push(stmt);
    }

    pub(super) fn node(&mut self, node: Node, ty: Ty) -> Val {
        let is_name = matches!(
            node,
            Node::Literal(_)
                | Node::Argument(_)
                | Node::Param(_)
                | Node::Builtin(_)
                | Node::Counter(_)
        );
        let scope = self.scope();
        scope.function.nodes.push((node, ty));
        let (id, function) = (scope.function.nodes.len() - 1, scope.number);
        if !is_name {
            self.stmt(Stmt::Let(id));
        }
        Val { id, ty, function }
    }
}

thread_local! {
    pub(super) static STATE: RefCell<State> = const { RefCell::new(State {
        workgroup: 0,
        memories: Vec::new(),
        params: Vec::new(),
        functions: Vec::new(),
        scopes: Vec::new(),
        scopes_ever: 0,
    }) };
}

pub(super) fn node(node: Node, ty: Ty) -> Val {
    STATE.with_borrow_mut(|s| s.node(node, ty))
}

pub(super) fn stmt(stmt: Stmt) {
    STATE.with_borrow_mut(|s| s.stmt(stmt));
}

pub(super) fn block(body: impl FnOnce()) -> Block {
    STATE.with_borrow_mut(|s| s.scope().blocks.push(Block::new()));
    body();
    STATE.with_borrow_mut(|s| s.scope().blocks.pop().expect("pushed above"))
}
