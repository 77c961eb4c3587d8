import { type Socket } from "node:net";
import { type DomainPowers } from "@crossguardian/frontend";
import { type NetworkConfig } from "@crossguardian/protocol";
import { makeGrants, type Grants } from "../grants.ts";
import { makeTlsMinima } from "../tls-minima.ts";
import { dial } from "./dial.ts";
import { makeDomainStreams, type DomainStreams } from "./domain-streams.ts";
import { makeTurnstile } from "../turnstile.ts";
import { openIntake } from "./intake.ts";

/**
 * Back end of the split network device: streams of domains to their listed endpoints, and connections at listed
 * intakes to domains; nothing else (DESIGN section 4). @throws network.address.*, network.grant.twice, network.intake.listen
 */
export const runBackEnd = async (powers: DomainPowers, config: NetworkConfig): Promise<void> => {
  const { channel, clock, log } = powers;
  const grants: Grants = makeGrants(config);
  const tlsMinOf = makeTlsMinima(powers.security);
  const domains = new Map<string, DomainStreams>();

  const streamsOf = (domain: string): DomainStreams => {
    const known = domains.get(domain);
    if (known !== undefined) return known;
    const made = makeDomainStreams(domain, channel, clock);
    domains.set(domain, made);
    return made;
  };

  channel.on("open", (from, { stream: id, endpoint: untrustedEndpoint }) => {
    const streams = streamsOf(from);
    const address = grants.addressOf(from, untrustedEndpoint);
    if (address === null) {
      log.warn("network.refused", { domain: from, endpoint: untrustedEndpoint, code: "network.endpoint.notListed" });
      streams.refuse(id, "network.endpoint.notListed");
    } else if (id % 2 === 0 || streams.get(id) !== undefined) {
      log.warn("network.refused", { domain: from, code: "network.stream.known" });
      streams.refuse(id, "network.stream.known");
    } else if (streams.isFull()) {
      log.warn("network.refused", { domain: from, code: "network.stream.limit" });
      streams.refuse(id, "network.stream.limit");
    } else {
      const socket = dial(address, tlsMinOf(from), () => {
        ready();
      });
      const ready = streams.add(id, socket, false);
    }
  });
  channel.on("data", (from, { stream, piece }) => streamsOf(from).get(stream)?.takeData(piece));
  channel.on("credit", (from, { stream, bytes }) => streamsOf(from).get(stream)?.takeCredit(bytes));
  channel.on("close", (from, { stream, code }) => streamsOf(from).get(stream)?.takeClose(code));
  channel.onDrain(() => {
    for (const streams of domains.values()) streams.onDrain();
  });

  const up = new Set<string>();
  channel.onPeer((peer, isUp) => {
    if (isUp) {
      up.add(peer);
      return;
    }
    up.delete(peer);
    domains.get(peer)?.dropAll();
    domains.delete(peer);
  });
  powers.gauge("network.streams", () => [...domains.values()].reduce((sum, each) => sum + each.count(), 0));

  for (const { domain, name, listen } of grants.intakes) {
    const enter = (socket: Socket): void => {
      const streams = streamsOf(domain);
      if (!up.has(domain) || streams.isFull()) {
        socket.destroy();
        return;
      }
      const id = streams.freeEvenId();
      streams.announce(id, name);
      streams.add(id, socket, true, (hasAnswered) => {
        if (hasAnswered) turnstile.giveBack();
      });
      socket.resume();
    };
    const turnstile = makeTurnstile<Socket>({ clock, enter, turnAway: (socket) => socket.destroy() });
    const intake = await openIntake(listen, (socket) => {
      socket.on("error", () => undefined); // one that waits is nobody else's yet
      turnstile.offer(socket);
    });
    powers.onStop(intake.close);
  }
};
