import { isIP } from "node:net";
import { type IpRange, isWithin } from "../model/ip_ranges.ts";

/** What is known of where a request comes from. */
export interface Hops {
  /** Address of the connection's other end. */
  readonly peer: string | undefined;
  /** Header X-Forwarded-For; each proxy appends whom it heard. */
  readonly forwardedFor: string | null;
}

/**
 * The address of the sender: the connection's other end, or behind proxies that are trusted the right-most address of
 * X-Forwarded-For that is none of theirs; whatever stands left of it anybody may have written. Undefined when a trusted
 * proxy forwards for what is no address.
 */
export function senderAddress(
  { peer, forwardedFor }: Hops,
  trustedProxies: readonly IpRange[],
): string | undefined {
  if (peer === undefined || !isWithin(peer, trustedProxies)) return peer;
  let sender = peer;
  for (const hop of (forwardedFor ?? "").split(",").reverse()) {
    const text = hop.trim();
    if (text === "") continue;
    const address = withoutPort(text);
    if (isIP(address) === 0) return undefined;
    sender = address;
    if (!isWithin(address, trustedProxies)) break;
  }
  return sender;
}

/** Some proxies write a port, with brackets around an IPv6 address. */
function withoutPort(text: string): string {
  return /^\[([^\]]+)\](?::[0-9]+)?$/.exec(text)?.[1] ?? /^([0-9.]+):[0-9]+$/.exec(text)?.[1] ?? text;
}
