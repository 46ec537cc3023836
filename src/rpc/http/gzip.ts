/** Whether a request says in `accept-encoding` that its answer may be gzip. */
export function takesGzip(accepted: string): boolean {
  const [, weight = "1"] = /(?:^|,)\s*gzip\s*(?:;\s*q=([\d.]+)\s*)?(?:,|$)/i.exec(accepted) ?? ["", "0"];
  return Number(weight) > 0;
}
