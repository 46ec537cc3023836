/** Whether a text can be shown anywhere, a log or a terminal: no characters for control, for direction, or without a shape of their own. */
export function isPlain(text: string): boolean {
  return !/[\p{C}\p{Zl}\p{Zp}]/u.test(text);
}
