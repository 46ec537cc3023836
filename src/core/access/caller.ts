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
