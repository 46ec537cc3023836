/** Whom an IP address stands for. Addresses are written as `canonical` writes them. */
import { type BlockList, isIP, SocketAddress } from "node:net";

/** An address in its one form, as Node writes it, IPv4 never as IPv6; undefined if it is none. */
export function canonical(text: string): string | undefined {
  const kind = isIP(text);
  if (kind === 0) return undefined;
  if (kind === 4) return text;
  const { address } = new SocketAddress({ address: text, family: "ipv6" });
  return address.startsWith("::ffff:") && address.includes(".") ? address.slice("::ffff:".length) : address;
}

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

/** Adds an address or a network, such as 10.0.0.0/8, to a list; false if the text is neither, IPv4 written as IPv6, or all there are. */
export function addTo(list: BlockList, text: string): boolean {
  const [, address = "", bits] = /^([^/]*)(?:\/(\d{1,3}))?$/.exec(text) ?? [];
  const family = familyOf(address);
  const all = family === "ipv4" ? 32 : 128;
  const prefix = bits === undefined ? all : Number(bits);
  if (family === undefined || prefix < 1 || prefix > all || /^::ffff:/i.test(address)) return false;
  list.addSubnet(address, prefix, family);
  return true;
}

/** Whether a list has an address; nothing that is none. */
export function isIn(list: BlockList, address: string): boolean {
  const family = familyOf(address);
  return family !== undefined && list.check(address, family);
}

function familyOf(address: string): "ipv4" | "ipv6" | undefined {
  return ({ 4: "ipv4", 6: "ipv6" } as const)[isIP(address)];
}
