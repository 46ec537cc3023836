/** The `limits:` of a file of access rules. What it does not say is as in ACCESS_LIMITS. */
import { BlockList } from "node:net";
import { addTo, isIn } from "../address.ts";
import { ACCESS_LIMITS, type AccessLimits } from "../limits.ts";
import type { Rate } from "../rate.ts";
import type { Entry, Fields } from "./entry.ts";

const COUNT = { min: 1, max: 1_000_000 };
const ENTRIES = { min: 0, max: 1_000 };

/** Reads it. Throws BadFile. */
export function limitsIn(entry: Entry): AccessLimits {
  const fields = entry.object(["principal", "lease", "address", "exempt"]);
  const { principal, lease, address, exempt } = ACCESS_LIMITS;
  const ofPrincipal = fields.get("principal")?.object(["requests", "streams", "leases"]);
  const ofLease = fields.get("lease")?.object(["requests", "streams"]);
  const ofAddress = fields.get("address")?.object(["requests", "streams", "leases", "connections", "connects", "failures"]);
  const spared = fields.get("exempt")?.object(["principals", "addresses"]);
  const [principals, addresses] = [spared?.get("principals"), spared?.get("addresses")];
  return {
    principal: {
      requests: rateIn(ofPrincipal, "requests", principal.requests),
      streams: countIn(ofPrincipal, "streams", principal.streams),
      leases: countIn(ofPrincipal, "leases", principal.leases),
    },
    lease: { requests: rateIn(ofLease, "requests", lease.requests), streams: countIn(ofLease, "streams", lease.streams) },
    address: {
      requests: rateIn(ofAddress, "requests", address.requests),
      streams: countIn(ofAddress, "streams", address.streams),
      leases: countIn(ofAddress, "leases", address.leases),
      connections: countIn(ofAddress, "connections", address.connections),
      connects: rateIn(ofAddress, "connects", address.connects),
      failures: rateIn(ofAddress, "failures", address.failures),
    },
    exempt: {
      principals:
        principals === undefined ? exempt.principals : new Set(principals.list(ENTRIES).map((one) => one.text("write a principal"))),
      ...(addresses === undefined ? { addresses: exempt.addresses, address: exempt.address } : addressesIn(addresses)),
    },
  };
}

function countIn<N extends string>(fields: Fields<N> | undefined, name: N, usual: number): number {
  return fields?.get(name)?.number(COUNT) ?? usual;
}

function rateIn<N extends string>(fields: Fields<N> | undefined, name: N, usual: Rate): Rate {
  const rate = fields?.get(name)?.object(["per_second", "at_once"]);
  if (rate === undefined) return usual;
  return { perSecond: countIn(rate, "per_second", usual.perSecond), burst: countIn(rate, "at_once", usual.burst) };
}

function addressesIn(entry: Entry): Pick<AccessLimits["exempt"], "addresses" | "address"> {
  const list = new BlockList();
  const addresses = entry.list(ENTRIES).map((one) => {
    const text = one.text("write an address or a network, for example 10.0.0.0/8");
    if (!addTo(list, text)) throw one.got("write an address or a network, for example 10.0.0.0/8 or fd00::/8");
    return text;
  });
  return { addresses, address: (address) => isIn(list, address) };
}
