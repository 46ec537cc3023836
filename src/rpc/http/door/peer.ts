/** Who is at the other end of a connection, and who a request comes from that a proxy passes on. */
import type { BlockList, Socket } from "node:net";
import { TLSSocket } from "node:tls";
import { canonical, isIn } from "../../../access/address.ts";
import type { ClientCertificate } from "../../../access/certificates/certificate.ts";
import type { Conduct } from "./conduct.ts";
import type { Visit } from "./guests.ts";
import { Pace } from "./pace.ts";
import { shownOn } from "./tls.ts";

/** Who a request comes from, by its connection. */
export interface Peer {
  /** Its IP address as Node writes it, IPv4 never as IPv6; empty if the connection was gone by the time of asking. */
  readonly address: string;
  /** The certificate that it has shown, where one is asked for. Not a proxy's: that speaks for others. */
  readonly certificate?: ClientCertificate | undefined;
  /** A caller who comes from there was admitted, for a request of so many bytes at most. */
  admitted(size: number): void;
  /** A request from there was refused, because there are too many. */
  refused(): void;
  /** Let it wait: it has shown too many wrong keys. */
  hold(): void;
}

/** Where there is no connection. */
export const NOBODY: Peer = { address: "", admitted: () => {}, refused: () => {}, hold: () => {} };

/** The header fields of a request. */
interface Fields {
  header(name: string): string | undefined;
}

/** A connection that carries the requests of many is not held for one of them. */
const SPARED = { refused: () => {}, hold: () => {} };

/** Addresses in a header that are looked at: what a caller writes itself stands left of what proxies add. */
const MOST_HOPS = 32;

/** The other end of a connection. One object for all requests that come by it. */
export class Neighbour implements Peer {
  readonly #socket: Socket;
  readonly #proxies: BlockList | undefined;
  readonly #visit: Visit;
  readonly pace: Pace;
  /** Once it is known what is spoken. */
  conduct: Conduct | undefined;
  #address: string | undefined;
  #isProxy: boolean | undefined;
  #certificate: ClientCertificate | undefined;
  #hasLooked = false;

  /** `proxies`: those whose word is taken for whom they speak; without, nobody's is. */
  constructor(socket: Socket, visit: Visit, proxies: BlockList | undefined) {
    this.#socket = socket;
    this.#visit = visit;
    this.pace = new Pace(visit.turnstile);
    this.#proxies = proxies;
  }

  get address(): string {
    this.#address ??= canonical(this.#socket.remoteAddress ?? "") ?? "";
    return this.#address;
  }

  get certificate(): ClientCertificate | undefined {
    if (!this.#hasLooked && this.#socket instanceof TLSSocket) this.#certificate = shownOn(this.#socket);
    this.#hasLooked = true;
    return this.#certificate;
  }

  /** Who a request by this connection comes from: the neighbour itself, or the one for whom a trusted proxy says that it speaks. */
  caller(request: Fields): Peer {
    if (this.#proxies === undefined) return this;
    this.#isProxy ??= isIn(this.#proxies, this.address);
    if (!this.#isProxy) return this;
    return { address: told(request, this.#proxies) ?? this.address, admitted: (size) => this.admitted(size), ...SPARED };
  }

  admitted(size: number): void {
    this.#visit.admitted();
    this.conduct?.admitted(size);
  }

  refused(): void {
    this.pace.refused();
  }

  hold(): void {
    this.pace.hold();
  }

  /** It has misused its connection. */
  offended(): void {
    this.#visit.offended();
  }
}

/**
 * The address that trusted proxies tell; undefined if they tell none, or none that can be believed. Of two header fields that differ a
 * caller may have written one, which a proxy that knows only the other passes on: then neither is believed.
 */
function told(request: Fields, proxies: BlockList): string | undefined {
  const [list, forwarded] = [request.header("x-forwarded-for"), request.header("forwarded")];
  const addresses = [
    ...(list === undefined ? [] : [nearest(list.split(","), proxies)]),
    ...(forwarded === undefined ? [] : [nearest(elementsOf(forwarded), proxies)]),
  ];
  const [first] = addresses;
  return addresses.every((address) => address === first) ? first : undefined;
}

/** From right to left the first that is no trusted proxy; the leftmost if all are. Undefined if one on the way is no address. */
function nearest(hops: readonly string[], proxies: BlockList): string | undefined {
  let address: string | undefined;
  for (const hop of hops.slice(-MOST_HOPS).reverse()) {
    address = canonical(withoutPort(hop.trim()));
    if (address === undefined || !isIn(proxies, address)) return address;
  }
  return hops.length > MOST_HOPS ? undefined : address;
}

/**
 * The `for` of each element of a Forwarded field (RFC 7239), empty where there is none. With a quote that is not closed, which would take in
 * what the next proxy adds, nothing can be believed.
 */
function elementsOf(forwarded: string): string[] {
  const elements = [""];
  let quoted = false;
  // By hand: expressions for quoted strings take quadratic time where a quote is never closed.
  for (const character of forwarded) {
    if (character === '"') quoted = !quoted;
    else if (character === "," && !quoted) elements.push("");
    // In quotes it begins no other parameter.
    else if (character !== ";" || !quoted) elements[elements.length - 1] += character;
  }
  if (quoted) return [""];
  return elements.map((element) => /(?:^|;)\s*for=\s*"?([^;"]*)"?\s*(?:$|;)/i.exec(element)?.[1] ?? "");
}

function withoutPort(text: string): string {
  const [, bracketed, plain] = /^(?:\[([^\]]*)\]|([\d.]+))(?::\d{1,5})?$/.exec(text) ?? [];
  return bracketed ?? plain ?? text;
}
