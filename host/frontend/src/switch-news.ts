import { bounds, decodeMessage, MESSAGES, type Frame, type Message, type MessageName } from "@crossguardian/wire";
import { type FlowWindows } from "./flow-windows.ts";

/** What the switch tells about itself and the ports: its `portEvent` messages to a domain. */
export const SWITCH_EVENT = { started: "switch.started", portUp: "port.up", portDown: "port.down", active: "port.active" } as const;

/** What a domain knows from the switch: room for more, peers that come and go, a switch that was replaced. */
export type SwitchNews = {
  /** Takes a message of the switch. */
  readonly take: (name: MessageName, frame: Frame) => void;
  readonly isUp: (port: number) => boolean;
  /** Called once this domain does the work of its role: at once when it does already. */
  readonly onActive: (handler: () => void) => void;
  readonly onPeer: (handler: (port: number, up: boolean) => void) => void;
  readonly onStarted: (handler: () => void) => void;
};

/** What the news are kept with. */
export type SwitchNewsParts = {
  readonly windows: FlowWindows;
  readonly soon: (run: () => void) => void;
  /** Something may be sent again. */
  readonly onRoom: () => void;
  /** A peer is said to be up again in an instance older than one that was there: it is not believed. */
  readonly onStale: (port: number, facts: { readonly epoch: bigint; readonly newest: bigint }) => void;
};

/** Keeps the flow windows, and the list of peers with the newest instance of each. */
export const makeSwitchNews = ({ windows, soon, onRoom, onStale }: SwitchNewsParts): SwitchNews => {
  const peersUp = new Set<number>();
  const newest = new Map<number, bigint>();
  const peerHandlers: ((port: number, up: boolean) => void)[] = [];
  const startHandlers: (() => void)[] = [];
  let activeHandlers: (() => void)[] = [];
  let isActive = false;

  const tellPeer = (port: number, up: boolean): void => {
    if (up) peersUp.add(port);
    else peersUp.delete(port);
    for (const handler of peerHandlers) handler(port, up);
  };
  const isStale = (port: number, epoch: bigint): boolean => {
    const known = newest.get(port) ?? 0n;
    if (epoch < known) onStale(port, { epoch, newest: known });
    else newest.set(port, epoch);
    return epoch < known;
  };
  const becomeActive = (): void => {
    isActive = true;
    const waiting = activeHandlers;
    activeHandlers = [];
    for (const handler of waiting) handler();
  };

  const takeEvent = ({ port, event, count }: Message<"portEvent">): void => {
    if (event === SWITCH_EVENT.active) becomeActive();
    else if (event === SWITCH_EVENT.started && port === bounds.SWITCH_PORT) {
      windows.forget("all");
      for (const peer of [...peersUp]) tellPeer(peer, false);
      for (const handler of startHandlers) handler();
    } else if (event === SWITCH_EVENT.portUp || event === SWITCH_EVENT.portDown) {
      const up = event === SWITCH_EVENT.portUp;
      windows.forget(port);
      if (up && isStale(port, count)) return;
      tellPeer(port, up);
    } else return;
    onRoom();
  };

  return {
    take: (name, frame) => {
      if (name === "credit") {
        const credit = decodeMessage(MESSAGES.credit.codec, frame.payload);
        if (!credit.ok) return;
        windows.returned(credit.value.stream, credit.value.bytes);
        onRoom();
      } else if (name === "portEvent") {
        const event = decodeMessage(MESSAGES.portEvent.codec, frame.payload);
        if (event.ok) takeEvent(event.value);
      }
    },
    isUp: (port) => peersUp.has(port),
    onActive: (handler) => {
      if (isActive) handler();
      else activeHandlers.push(handler);
    },
    onPeer: (handler) => {
      soon(() => {
        peerHandlers.push(handler);
        for (const peer of peersUp) handler(peer, true);
      });
    },
    onStarted: (handler) => startHandlers.push(handler),
  };
};
