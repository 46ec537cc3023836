/** All that is generated from the contract: messages, their schemas, the services, and the details that errors carry. */
export * from "../../../gen/ts/callme/v1/environment_service_pb.ts";
export * from "../../../gen/ts/callme/v1/insight_service_pb.ts";
export * from "../../../gen/ts/callme/v1/lock_service_pb.ts";
export * from "../../../gen/ts/callme/v1/types_pb.ts";
export { BadRequestSchema, ErrorInfoSchema, RetryInfoSchema } from "../../../gen/ts/google/rpc/error_details_pb.ts";
