/** Which addresses a notice may go to: public ones, and private ones that the file of notices names. */
import { BlockList } from "node:net";
import { addTo, canonical, isIn } from "../access/address.ts";

/** IPv4 that is not public: IANA's registry of special-purpose addresses, multicast, and what is reserved. */
const SPECIAL_V4 = [
  ...["0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24"],
  ...["192.31.196.0/24", "192.52.193.0/24", "192.88.99.0/24", "192.168.0.0/16", "192.175.48.0/24", "198.18.0.0/15", "198.51.100.0/24"],
  ...["203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4"],
];
/** Of IPv6 only this is public, without what is special in it: some of it stands for addresses of IPv4. */
const GLOBAL_V6 = ["2000::/3"];
const SPECIAL_V6 = ["2001::/23", "2001:db8::/32", "2002::/16", "2620:4f:8000::/48", "3fff::/20"];

const special = listOf([...SPECIAL_V4, ...SPECIAL_V6]);
const global = listOf(GLOBAL_V6);

/** Whether anybody on the internet can have it. Nothing that is no address. */
function isPublic(address: string): boolean {
  return !isIn(special, address) && (!address.includes(":") || isIn(global, address));
}

/** Whether a notice may be sent to an address, as the system or a URL writes it: it is public, or in one of the networks. */
export function mayReach(address: string, networks: BlockList): boolean {
  const plain = insideOf(canonical(address));
  // With a zone it is on the link itself.
  return plain !== undefined && !plain.includes("%") && (isPublic(plain) || isIn(networks, plain));
}

/** Where only IPv6 is spoken, each address of IPv4 stands for itself in a network of its own (DNS64, RFC 6052): it is judged as what it is. */
function insideOf(address: string | undefined): string | undefined {
  const [match, high = "0", low = "0"] = /^64:ff9b::(?:(?:([0-9a-f]{1,4}):)?([0-9a-f]{1,4}))?$/.exec(address ?? "") ?? [];
  if (match === undefined) return address;
  return [high, low].flatMap((group) => [Number.parseInt(group, 16) >> 8, Number.parseInt(group, 16) & 255]).join(".");
}

/** A list of networks, all of which must be such. */
function listOf(networks: readonly string[]): BlockList {
  const list = new BlockList();
  for (const network of networks) if (!addTo(list, network)) throw new Error(`invariant: ${network} is no network`);
  return list;
}
