/** What is used of the YAML parser. It is loaded late, and a bundle gives a CommonJS package that is loaded late no names. */
export { isAlias, isMap, isNode, isPair, isScalar, isSeq, LineCounter, parseDocument, visit } from "yaml";
