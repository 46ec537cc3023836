/**
 * Holds a shared test environment while your code runs. Begin at {@link dev.callme.client.CallMe}. The messages are those of
 * {@code dev.callme.v1}, generated from the contract.
 */
package dev.callme.client;
