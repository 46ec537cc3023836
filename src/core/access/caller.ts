/** Who calls: a principal (which key), or the bearer of one lease's token. */
export interface Caller {
  readonly principal: string;
  /** Who that is, in words; nothing is decided by it. */
  readonly label?: string;
  /** From where it calls. */
  readonly address?: string;
  /** What a token has proven of it, for the record. */
  readonly claims?: Readonly<Record<string, string>>;
  /** The lease whose lease_token was shown: it acts for this one too, whoever asked for it. */
  readonly lease?: string;
}

/** What a call says that it is part of, elsewhere; nothing is decided by it. */
export interface Origin {
  /** Of the request, as a proxy or a client has named it. */
  readonly request?: string | undefined;
  /** The trace, in the headers of W3C Trace Context. */
  readonly traceparent?: string | undefined;
  readonly tracestate?: string | undefined;
}
