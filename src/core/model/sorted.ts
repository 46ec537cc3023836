/**
 * A persistent sorted map: every change gives a new map that shares all but O(log n) nodes with the old one.
 *
 * It is what makes a pool a value: a draft can be thrown away, a reader keeps the state that it began with, and nobody copies.
 * A weight-balanced tree (Adams 1992; parameters of Hirai & Yamamoto 2011), so ranks come for free: the place in a line is `rank`.
 * Entries can bear weights, whose sums are kept in the nodes: how many slots those ahead in a line want is `weightBefore`.
 */
export type Compare<K> = (a: K, b: K) => number;

/** What an entry weighs; a whole number, at least 0. */
export type Weigh<V> = (value: V) => number;

interface Node<K, V> {
  readonly key: K;
  readonly value: V;
  readonly left: Node<K, V> | undefined;
  readonly right: Node<K, V> | undefined;
  readonly size: number;
  /** Of all entries in this tree. */
  readonly weight: number;
}

type Tree<K, V> = Node<K, V> | undefined;

const DELTA = 3;
const GAMMA = 2;

export class Sorted<K, V> {
  readonly #compare: Compare<K>;
  readonly #weigh: Weigh<V>;
  readonly #root: Tree<K, V>;

  private constructor(compare: Compare<K>, weigh: Weigh<V>, root: Tree<K, V>) {
    this.#compare = compare;
    this.#weigh = weigh;
    this.#root = root;
  }

  /** An empty map in the order of `compare`. */
  static empty<K, V>(compare: Compare<K>, weigh: Weigh<V> = weightless): Sorted<K, V> {
    return new Sorted<K, V>(compare, weigh, undefined);
  }

  get size(): number {
    return sizeOf(this.#root);
  }

  /** The sum of all weights. */
  get weight(): number {
    return weightOf(this.#root);
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
    return this.#with(insert(this.#root, key, value, this.#compare, this.#weigh));
  }

  /** The map without `key`; itself when it has none. */
  delete(key: K): Sorted<K, V> {
    return this.has(key) ? this.#with(remove(this.#root, key, this.#compare, this.#weigh)) : this;
  }

  /** The map with these entries added, whose keys are new and come in any order. O(n) for a map that was empty, but for the sorting. */
  fill(entries: readonly (readonly [K, V])[]): Sorted<K, V> {
    if (this.#root !== undefined) return entries.reduce<Sorted<K, V>>((map, [key, value]) => map.set(key, value), this);
    const sorted = entries.toSorted(([a], [b]) => this.#compare(a, b));
    return this.#with(build(sorted, 0, sorted.length, this.#weigh));
  }

  /** How many keys come before `key`, whether or not it is in the map. */
  rank(key: K): number {
    return this.count((other) => this.#compare(other, key) < 0);
  }

  /** How many of the first entries `holds` of. It must hold of a first part of the map and of nothing behind that; `index` counts from 0. */
  count(holds: (key: K, index: number) => boolean): number {
    let before = 0;
    let node = this.#root;
    while (node !== undefined) {
      const index = before + sizeOf(node.left);
      if (holds(node.key, index)) {
        before = index + 1;
        node = node.right;
      } else node = node.left;
    }
    return before;
  }

  /** The sum of the weights of all that comes before `key`. */
  weightBefore(key: K): number {
    let before = 0;
    let node = this.#root;
    while (node !== undefined) {
      if (this.#compare(node.key, key) < 0) {
        before += weightOf(node.left) + this.#weigh(node.value);
        node = node.right;
      } else node = node.left;
    }
    return before;
  }

  /** The last key up to which, itself included, the weights add up to no more than `most`; undefined if the first entry weighs more. */
  lastWithin(most: number): K | undefined {
    let last: K | undefined;
    let before = 0;
    let node = this.#root;
    while (node !== undefined) {
      const upTo = before + weightOf(node.left) + this.#weigh(node.value);
      if (upTo <= most) {
        last = node.key;
        before = upTo;
        node = node.right;
      } else node = node.left;
    }
    return last;
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

  #with(root: Tree<K, V>): Sorted<K, V> {
    return new Sorted(this.#compare, this.#weigh, root);
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

function weightOf<K, V>(tree: Tree<K, V>): number {
  return tree === undefined ? 0 : tree.weight;
}

function weightless(): number {
  return 0;
}

function join<K, V>(key: K, value: V, left: Tree<K, V>, right: Tree<K, V>, weigh: Weigh<V>): Node<K, V> {
  const weight = weightOf(left) + weigh(value) + weightOf(right);
  return { key, value, left, right, size: sizeOf(left) + sizeOf(right) + 1, weight };
}

/** A balanced tree of the entries from `start` to before `end`. */
function build<K, V>(entries: readonly (readonly [K, V])[], start: number, end: number, weigh: Weigh<V>): Tree<K, V> {
  const middle = (start + end) >>> 1;
  const entry = entries[middle];
  if (start >= end || entry === undefined) return undefined;
  return join(entry[0], entry[1], build(entries, start, middle, weigh), build(entries, middle + 1, end, weigh), weigh);
}

/** A node whose subtrees differ by at most one insertion or deletion from balance, balanced again. */
function balance<K, V>(key: K, value: V, left: Tree<K, V>, right: Tree<K, V>, weigh: Weigh<V>): Node<K, V> {
  if (right !== undefined && right.size + 1 > DELTA * (sizeOf(left) + 1)) {
    const inner = right.left;
    if (inner === undefined || inner.size + 1 < GAMMA * (sizeOf(right.right) + 1))
      return join(right.key, right.value, join(key, value, left, inner, weigh), right.right, weigh);
    const [less, more] = [join(key, value, left, inner.left, weigh), join(right.key, right.value, inner.right, right.right, weigh)];
    return join(inner.key, inner.value, less, more, weigh);
  }
  if (left !== undefined && left.size + 1 > DELTA * (sizeOf(right) + 1)) {
    const inner = left.right;
    if (inner === undefined || inner.size + 1 < GAMMA * (sizeOf(left.left) + 1))
      return join(left.key, left.value, left.left, join(key, value, inner, right, weigh), weigh);
    const [less, more] = [join(left.key, left.value, left.left, inner.left, weigh), join(key, value, inner.right, right, weigh)];
    return join(inner.key, inner.value, less, more, weigh);
  }
  return join(key, value, left, right, weigh);
}

function insert<K, V>(tree: Tree<K, V>, key: K, value: V, compare: Compare<K>, weigh: Weigh<V>): Node<K, V> {
  if (tree === undefined) return join(key, value, undefined, undefined, weigh);
  const order = compare(key, tree.key);
  if (order === 0) return join(tree.key, value, tree.left, tree.right, weigh);
  return order < 0
    ? balance(tree.key, tree.value, insert(tree.left, key, value, compare, weigh), tree.right, weigh)
    : balance(tree.key, tree.value, tree.left, insert(tree.right, key, value, compare, weigh), weigh);
}

function remove<K, V>(tree: Tree<K, V>, key: K, compare: Compare<K>, weigh: Weigh<V>): Tree<K, V> {
  if (tree === undefined) return undefined;
  const order = compare(key, tree.key);
  if (order < 0) return balance(tree.key, tree.value, remove(tree.left, key, compare, weigh), tree.right, weigh);
  if (order > 0) return balance(tree.key, tree.value, tree.left, remove(tree.right, key, compare, weigh), weigh);
  if (tree.left === undefined) return tree.right;
  if (tree.right === undefined) return tree.left;
  const next = leftmost(tree.right);
  return balance(next.key, next.value, tree.left, removeLeftmost(tree.right, weigh), weigh);
}

function leftmost<K, V>(node: Node<K, V>): Node<K, V> {
  return node.left === undefined ? node : leftmost(node.left);
}

function removeLeftmost<K, V>(node: Node<K, V>, weigh: Weigh<V>): Tree<K, V> {
  return node.left === undefined ? node.right : balance(node.key, node.value, removeLeftmost(node.left, weigh), node.right, weigh);
}
