/** Whom an IP address stands for. Addresses are written as Node writes them, IPv4 never as IPv6. */

/** What belongs to one neighbour: an address of IPv4, or a network of 64 bits of IPv6, of which one machine has all addresses. */
export function networkOf(address: string): string {
  if (!address.includes(":")) return address;
  const [head = "", tail] = address.split("%")[0]?.split("::") ?? [];
  const [front, back] = [head, tail ?? ""].map((part) => (part === "" ? [] : part.split(":"))) as [string[], string[]];
  const groups = tail === undefined ? front : [...front, ...Array.from({ length: 8 - front.length - back.length }, () => "0"), ...back];
  return `${groups.slice(0, 4).join(":")}::/64`;
}

/** Whether it is this machine itself. */
export function isLoopback(address: string): boolean {
  return address === "::1" || address.startsWith("127.");
}
