/** Microseconds: a duration, or a time since 1970 on the store's own clock. Whole, below 2^53 until 2255. */
export type Micros = number;

/** A number that strictly rises with each change of a pool: max(last + 1, the time in microseconds). A grant's is its fencing token. */
export type Revision = number;
