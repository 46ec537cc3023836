export { Code, ConnectError } from "@connectrpc/connect";
export { IfBusy } from "../../../gen/ts/callme/v1/lock_service_pb.ts";
export { EndReason, HolderKind, type Lease } from "../../../gen/ts/callme/v1/types_pb.ts";
export { type Body, Client, type ClientOptions } from "./client.ts";
export { LeaseLost, NotAcquired, reasonOf } from "./errors.ts";
export type { HeldLease, RunOptions } from "./lease.ts";
export type { HoldOptions, Length, Wanted } from "./options.ts";
