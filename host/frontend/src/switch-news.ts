import { bounds, decodeMessage, MESSAGES, type Frame, type MessageName } from "@crossguardian/wire";
import { type FlowWindows } from "./flow-windows.ts";

/** What the switch tells about itself and the ports: its `portEvent` messages to a domain. */
export const SWITCH_EVENT = { started: "switch.started", portUp: "port.up", portDown: "port.down" } as const;

/** What a domain knows from the switch: room for more, peers that come and go, a switch that was replaced. */
export type SwitchNews = {
  /** Takes a message of the switch. */
  readonly take: (name: MessageName, frame: Frame) => void;
  readonly isUp: (port: number) => boolean;
  readonly onPeer: (handler: (port: number, up: boolean) => void) => void;
  readonly onStarted: (handler: () => void) => void;
};

/** Keeps the flow windows and the list of peers; `onRoom` is called when something may be sent again. */
export const makeSwitchNews = (
  windows: FlowWindows,
  soon: (run: () => void) => void,
  onRoom: () => void,
): SwitchNews => {
  const peersUp = new Set<number>();
  const peerHandlers: ((port: number, up: boolean) => void)[] = [];
  const startHandlers: (() => void)[] = [];

  const tellPeer = (port: number, up: boolean): void => {
    if (up) peersUp.add(port);
    else peersUp.delete(port);
    for (const handler of peerHandlers) handler(port, up);
  };

  const takeEvent = (port: number, event: string): void => {
    if (event === SWITCH_EVENT.started && port === bounds.SWITCH_PORT) {
      windows.forget("all");
      for (const peer of [...peersUp]) tellPeer(peer, false);
      for (const handler of startHandlers) handler();
    } else if (event === SWITCH_EVENT.portUp || event === SWITCH_EVENT.portDown) {
      windows.forget(port);
      tellPeer(port, event === SWITCH_EVENT.portUp);
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
        if (event.ok) takeEvent(event.value.port, event.value.event);
      }
    },
    isUp: (port) => peersUp.has(port),
    onPeer: (handler) => {
      soon(() => {
        peerHandlers.push(handler);
        for (const peer of peersUp) handler(peer, true);
      });
    },
    onStarted: (handler) => startHandlers.push(handler),
  };
};
