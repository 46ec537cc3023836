/**
 * A persistent sorted map: every change gives a new map that shares all but O(log n) nodes with the old one.
 *
 * It is what makes a pool a value: a draft can be thrown away, a reader keeps the state that it began with, and nobody copies.
 * A weight-balanced tree (Adams 1992; parameters of Hirai & Yamamoto 2011), so ranks come for free: the place in a line is `rank`.
 */
export type Compare<K> = (a: K, b: K) => number;

interface Node<K, V> {
  readonly key: K;
  readonly value: V;
  readonly left: Node<K, V> | undefined;
  readonly right: Node<K, V> | undefined;
  readonly size: number;
}

type Tree<K, V> = Node<K, V> | undefined;

const DELTA = 3;
const GAMMA = 2;

export class Sorted<K, V> {
  readonly #compare: Compare<K>;
  readonly #root: Tree<K, V>;

  private constructor(compare: Compare<K>, root: Tree<K, V>) {
    this.#compare = compare;
    this.#root = root;
  }

  /** An empty map in the order of `compare`. */
  static empty<K, V>(compare: Compare<K>): Sorted<K, V> {
    return new Sorted<K, V>(compare, undefined);
  }

  get size(): number {
    return sizeOf(this.#root);
  }

  get(key: K): V | undefined {
    let node = this.#root;
    while (node !== undefined) {
      const order = this.#compare(key, node.key);
      if (order === 0) return node.value;
      node = order < 0 ? node.left : node.right;
    }
    return undefined;
  }

  has(key: K): boolean {
    return this.get(key) !== undefined;
  }

  /** The map with `key` bound to `value`. */
  set(key: K, value: V): Sorted<K, V> {
    return new Sorted(this.#compare, insert(this.#root, key, value, this.#compare));
  }

  /** The map without `key`; itself when it has none. */
  delete(key: K): Sorted<K, V> {
    return this.has(key) ? new Sorted(this.#compare, remove(this.#root, key, this.#compare)) : this;
  }

  /** How many keys come before `key`, whether or not it is in the map. */
  rank(key: K): number {
    let before = 0;
    let node = this.#root;
    while (node !== undefined) {
      const order = this.#compare(key, node.key);
      if (order <= 0) node = node.left;
      else {
        before += sizeOf(node.left) + 1;
        node = node.right;
      }
    }
    return before;
  }

  /** The first entry, if there is one. */
  first(): readonly [K, V] | undefined {
    let node = this.#root;
    while (node?.left !== undefined) node = node.left;
    return node && [node.key, node.value];
  }

  /** The last entry, if there is one. */
  last(): readonly [K, V] | undefined {
    let node = this.#root;
    while (node?.right !== undefined) node = node.right;
    return node && [node.key, node.value];
  }

  /** Entries in order, from the first whose key is beyond `after` (from the very first without it). */
  *entries(after?: K): Generator<readonly [K, V], void, undefined> {
    const path: Node<K, V>[] = [];
    let node = this.#root;
    for (;;) {
      while (node !== undefined) {
        if (after !== undefined && this.#compare(node.key, after) <= 0) node = node.right;
        else {
          path.push(node);
          node = node.left;
        }
      }
      const next = path.pop();
      if (next === undefined) return;
      yield [next.key, next.value];
      node = next.right;
    }
  }

  /** Values in the order of their keys. */
  *values(): Generator<V, void, undefined> {
    for (const [, value] of this.entries()) yield value;
  }

  /** Keys in order. */
  *keys(): Generator<K, void, undefined> {
    for (const [key] of this.entries()) yield key;
  }
}

/** The order of plain numbers and strings (by code unit: the same on every machine). */
export function ascending<T extends number | string>(a: T, b: T): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function sizeOf<K, V>(tree: Tree<K, V>): number {
  return tree === undefined ? 0 : tree.size;
}

function join<K, V>(key: K, value: V, left: Tree<K, V>, right: Tree<K, V>): Node<K, V> {
  return { key, value, left, right, size: sizeOf(left) + sizeOf(right) + 1 };
}

/** A node whose subtrees differ by at most one insertion or deletion from balance, balanced again. */
function balance<K, V>(key: K, value: V, left: Tree<K, V>, right: Tree<K, V>): Node<K, V> {
  const [l, r] = [sizeOf(left) + 1, sizeOf(right) + 1];
  if (right !== undefined && r > DELTA * l) {
    const inner = right.left;
    if (inner === undefined || sizeOf(inner) + 1 < GAMMA * (sizeOf(right.right) + 1))
      return join(right.key, right.value, join(key, value, left, inner), right.right);
    return join(inner.key, inner.value, join(key, value, left, inner.left), join(right.key, right.value, inner.right, right.right));
  }
  if (left !== undefined && l > DELTA * r) {
    const inner = left.right;
    if (inner === undefined || sizeOf(inner) + 1 < GAMMA * (sizeOf(left.left) + 1))
      return join(left.key, left.value, left.left, join(key, value, inner, right));
    return join(inner.key, inner.value, join(left.key, left.value, left.left, inner.left), join(key, value, inner.right, right));
  }
  return join(key, value, left, right);
}

function insert<K, V>(tree: Tree<K, V>, key: K, value: V, compare: Compare<K>): Node<K, V> {
  if (tree === undefined) return join(key, value, undefined, undefined);
  const order = compare(key, tree.key);
  if (order === 0) return { ...tree, value };
  return order < 0
    ? balance(tree.key, tree.value, insert(tree.left, key, value, compare), tree.right)
    : balance(tree.key, tree.value, tree.left, insert(tree.right, key, value, compare));
}

function remove<K, V>(tree: Tree<K, V>, key: K, compare: Compare<K>): Tree<K, V> {
  if (tree === undefined) return undefined;
  const order = compare(key, tree.key);
  if (order < 0) return balance(tree.key, tree.value, remove(tree.left, key, compare), tree.right);
  if (order > 0) return balance(tree.key, tree.value, tree.left, remove(tree.right, key, compare));
  if (tree.left === undefined) return tree.right;
  if (tree.right === undefined) return tree.left;
  const next = leftmost(tree.right);
  return balance(next.key, next.value, tree.left, removeLeftmost(tree.right));
}

function leftmost<K, V>(node: Node<K, V>): Node<K, V> {
  return node.left === undefined ? node : leftmost(node.left);
}

function removeLeftmost<K, V>(node: Node<K, V>): Tree<K, V> {
  return node.left === undefined ? node.right : balance(node.key, node.value, removeLeftmost(node.left), node.right);
}
