//! Decides which values get a name in the printed source, which are written out where they are used, and which are not
//! needed.

use super::ir::node::{Block, Function, Node, Stmt, Ty};

/// How the printed source shows a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// Nobody uses it.
    Dead,
    /// Written out at its only use.
    Inline,
    /// Computed once, under a name.
    Named,
}

/// A deeper expression is split by named values, so that people can read it.
const MAX_DEPTH: usize = 5;

/// The form of every node of a function.
///
/// A value is written out where it is used only if it has one use, in the same block, and if no statement in between
/// could change what it reads.
pub(super) fn forms(function: &Function) -> Vec<Form> {
    let mut plan = Plan {
        nodes: &function.nodes,
        uses: vec![0; function.nodes.len()],
        place: vec![None; function.nodes.len()],
        forms: vec![Form::Dead; function.nodes.len()],
        depth: vec![0; function.nodes.len()],
        reads: vec![false; function.nodes.len()],
        blocks: 0,
    };
    plan.count(&function.body);
    plan.blocks = 0;
    plan.decide(&function.body);
    plan.forms
}

struct Plan<'a> {
    nodes: &'a [(Node, Ty)],
    uses: Vec<usize>,
    /// For each value, the block and the statement of the use where it may be written out.
    place: Vec<Option<(usize, usize)>>,
    forms: Vec<Form>,
    depth: Vec<usize>,
    /// For each value, whether it reads memory or variables, which statements may change.
    reads: Vec<bool>,
    blocks: usize,
}

impl Plan<'_> {
    /// Counts uses from the last statement to the first, so that a value used only by dead values is dead, too. Blocks
    /// are numbered in an order that `decide` repeats.
    fn count(&mut self, block: &Block) {
        let number = self.next_block();
        for (position, stmt) in block.iter().enumerate().rev() {
            for inner in inner_blocks(stmt).into_iter().rev() {
                self.count(inner);
            }
            if let Stmt::Let(id) = stmt
                && self.uses[*id] == 0
                && !has_effect(&self.nodes[*id].0)
            {
                continue;
            }
            for used in used(stmt, self.nodes) {
                self.uses[used] += 1;
                // A loop's bounds get names, because the printed loop reads them in every round, when what they depend
                // on may have changed.
                self.place[used] = (!matches!(stmt, Stmt::For(..))).then_some((number, position));
            }
        }
    }

    fn decide(&mut self, block: &Block) {
        let number = self.next_block();
        for stmt in block.iter().rev() {
            for inner in inner_blocks(stmt).into_iter().rev() {
                self.decide(inner);
            }
        }
        for (position, stmt) in block.iter().enumerate() {
            let Stmt::Let(id) = *stmt else { continue };
            let node = &self.nodes[id].0;
            if self.uses[id] == 0 && !has_effect(node) {
                continue;
            }
            let arguments = node.arguments();
            let inline = |a: &&usize| self.forms[**a] == Form::Inline;
            self.depth[id] = 1 + arguments
                .iter()
                .filter(inline)
                .map(|&a| self.depth[a])
                .max()
                .unwrap_or(0);
            self.reads[id] = matches!(node, Node::Load(..) | Node::Get(_))
                || arguments.iter().filter(inline).any(|&a| self.reads[a]);
            let near = self.uses[id] == 1
                && self.place[id].is_some_and(|(b, user)| {
                    b == number
                        && !(self.reads[id]
                            && block[position + 1..user]
                                .iter()
                                .any(|s| changes(s, self.nodes)))
                });
            let named = has_effect(node)
                || matches!(node, Node::Call(..)) && self.is_pair(block, position, id);
            self.forms[id] = if near && !named && self.depth[id] < MAX_DEPTH {
                Form::Inline
            } else {
                Form::Named
            };
        }
    }

    /// Whether the value is a call with two results. Such a call gets a name, and its results are fields.
    fn is_pair(&self, block: &Block, position: usize, id: usize) -> bool {
        block[position + 1..]
            .iter()
            .any(|s| matches!(s, Stmt::Let(f) if matches!(self.nodes[*f].0, Node::Field(call, _) if call == id)))
    }

    fn next_block(&mut self) -> usize {
        self.blocks += 1;
        self.blocks
    }
}

const fn has_effect(node: &Node) -> bool {
    matches!(node, Node::Atomic(..))
}

/// Whether a statement may change what a value reads. Functions have no effects.
fn changes(stmt: &Stmt, nodes: &[(Node, Ty)]) -> bool {
    match stmt {
        Stmt::Let(id) => has_effect(&nodes[*id].0),
        Stmt::Var(..) | Stmt::Return(_) | Stmt::Break | Stmt::Continue => false,
        Stmt::Set(..)
        | Stmt::Store(..)
        | Stmt::If(..)
        | Stmt::Loop(_)
        | Stmt::For(..)
        | Stmt::Barrier => true,
    }
}

fn inner_blocks(stmt: &Stmt) -> Vec<&Block> {
    match stmt {
        Stmt::If(_, a, b) => vec![a, b],
        Stmt::Loop(body) | Stmt::For(.., body) => vec![body],
        _ => vec![],
    }
}

/// The nodes that a statement uses itself, not in its blocks.
fn used(stmt: &Stmt, nodes: &[(Node, Ty)]) -> Vec<usize> {
    match stmt {
        Stmt::Let(id) => nodes[*id].0.arguments(),
        Stmt::Var(_, a) | Stmt::Set(_, a) | Stmt::If(a, ..) => vec![*a],
        Stmt::Store(_, a, b) => vec![*a, *b],
        Stmt::For(_, a, b, c, _) => vec![*a, *b, *c],
        Stmt::Return(all) => all.clone(),
        Stmt::Loop(_) | Stmt::Break | Stmt::Continue | Stmt::Barrier => vec![],
    }
}
