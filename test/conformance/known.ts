// Where we answer otherwise than the suite expects, on purpose, and what it then says. What it says besides is a failure.

interface Deviation {
  readonly because: string;
  /** Names of its cases, with the suite's wildcards. */
  readonly cases: readonly string[];
  /** All that it may say of them. */
  readonly says: readonly RegExp[];
}

/** It expects that an error of the transport has no details, and cannot read ours, which are not of its own messages. */
const DETAILS = [
  /actual error contain 1 details; expecting 0/,
  /connect error JSON: details\[0\]: could not check debug data because message type "google\.rpc\.ErrorInfo" could not be resolved: proto:\snot found/,
];

function code(actual: string, message: string, expected: string): RegExp {
  return new RegExp(
    String.raw`actual error \{code: \d+ \(${actual}\), message: "${message}[^"]*"\} does not match expected code \d+ \(${expected}\)`,
  );
}

export const KNOWN: readonly Deviation[] = [
  {
    because: "every error has an ErrorInfo with its reason (docs/contract.md), also one about a request that could not be read",
    cases: [
      "**/request-exceeds-server-limit",
      "**/first-request-exceeds-server-limit",
      "**/subsequent-request-exceeds-server-limit",
      "**/incomplete-message",
      "**/incomplete-message-prefix",
      "**/unexpected-compression",
    ],
    says: DETAILS,
  },
  {
    because:
      "a request that is no message, or several, is MALFORMED like any other that cannot be read: invalid_argument over every protocol",
    cases: ["**/no-request", "**/multiple-requests"],
    says: [code("invalid_argument", "protocol error: (missing|received extra) input message", "unimplemented"), ...DETAILS],
  },
  {
    because: "so is a message that says it is compressed where no compression was named: the caller's mistake, so not `internal`",
    cases: ["**/unexpected-compressed-message"],
    says: [code("invalid_argument", "the request could not be read: received compressed envelope", "internal"), ...DETAILS],
  },
  {
    because:
      "a wrong HTTP method or content type is told with what to send instead, for users of curl, where the suite expects an empty body",
    cases: ["**/unexpected-content-type", "**/unexpected-codec", "**/unexpected-verb"],
    says: [
      code("unimplemented", "(send `content-type: application/json`|call this method with POST)", "unknown"),
      /connect error JSON: unexpected end of JSON input/,
    ],
  },
];
