import { type Message, type MessageName } from "@crossguardian/wire";
import { type Channel } from "./adapters/powers.ts";
import { type PortChannel } from "./port-channel.ts";

/** Ports by name, as the start order gives them. */
export type PortNames = {
  readonly portOf: (name: string) => number | null;
  readonly nameOf: (port: number) => string | null;
  /** Takes a newer list; names that went away are unknown from now on. */
  readonly replace: (ports: readonly { readonly name: string; readonly port: number }[]) => void;
};

/** Management is always there under its name. */
export const makePortNames = (): PortNames => {
  const byName = new Map<string, number>();
  const byPort = new Map<number, string>();
  const add = (name: string, port: number): void => {
    byName.set(name, port);
    byPort.set(port, name);
  };
  const replace: PortNames["replace"] = (ports) => {
    byName.clear();
    byPort.clear();
    for (const { name, port } of ports) add(name, port);
    add("management", 0);
  };
  replace([]);
  return {
    portOf: (name) => byName.get(name) ?? null,
    nameOf: (port) => byPort.get(port) ?? null,
    replace,
  };
};

/** The channel by names; a message from a port without a name is handed to `onUnknown`. */
export const makeNamedChannel = (
  ports: PortChannel,
  names: PortNames,
  onUnknown: (port: number, name: MessageName) => void,
): Channel => ({
  send: (to, name, message) => {
    const port = names.portOf(to);
    return port !== null && ports.send(port, name, message);
  },
  sendEncoded: (to, kind, payload) => {
    const port = names.portOf(to);
    return port !== null && ports.sendEncoded(port, kind, payload);
  },
  sendParts: (to, kind, parts, payloadBytes) => {
    const port = names.portOf(to);
    return port !== null && ports.sendParts(port, kind, parts, payloadBytes);
  },
  on: <N extends MessageName>(
    name: N,
    handler: (from: string, message: Message<N>, payload: Uint8Array) => void,
  ) => {
    ports.on(name, (port, message, payload) => {
      const from = names.nameOf(port);
      if (from === null) onUnknown(port, name);
      else handler(from, message, payload);
    });
  },
  onDrain: ports.onDrain,
  onPeer: (handler) => {
    ports.onPeer((port, up) => {
      const peer = names.nameOf(port);
      if (peer !== null) handler(peer, up);
    });
  },
});
