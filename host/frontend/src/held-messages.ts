import { type Frame, type MessageName } from "@crossguardian/wire";

/** Bytes of messages kept for handlers that are not there yet, while the domain starts. */
export const HELD_AT_START_BYTES = 16 * 1024 * 1024;

/** Messages that came before their handler. */
export type HeldMessages = {
  /** Whether a message of this kind must wait for earlier ones of its kind. */
  readonly isCatchingUp: (name: MessageName) => boolean;
  /** Keeps a message; false when it is too late for that, or too much. */
  readonly keep: (name: MessageName, frame: Frame) => boolean;
  /** A handler came: what is kept of its kind is delivered soon, before later messages. */
  readonly release: (name: MessageName) => void;
  /** What this port said is not delivered any more: its instance is gone. */
  readonly forget: (port: number) => void;
  /** From now on nothing new is kept; gives what nobody wanted. */
  readonly stop: () => readonly Frame[];
};

/** Makes an empty store; `deliver` is called in order of arrival. */
export const makeHeldMessages = (
  soon: (run: () => void) => void,
  deliver: (name: MessageName, frame: Frame) => void,
): HeldMessages => {
  const catchingUp = new Set<MessageName>();
  let held: { readonly name: MessageName; readonly frame: Frame }[] = [];
  let heldBytes = 0;
  let isOpen = true;

  const takeOut = (isWanted: (name: MessageName) => boolean): Frame[] => {
    const taken = held.filter(({ name }) => isWanted(name)).map(({ frame }) => frame);
    held = held.filter(({ name }) => !isWanted(name));
    for (const { payload } of taken) heldBytes -= payload.length;
    return taken;
  };

  return {
    isCatchingUp: (name) => catchingUp.has(name),
    keep: (name, frame) => {
      if (!isOpen && !catchingUp.has(name)) return false;
      if (heldBytes + frame.payload.length > HELD_AT_START_BYTES) return false;
      held.push({ name, frame });
      heldBytes += frame.payload.length;
      return true;
    },
    release: (name) => {
      if (!held.some((each) => each.name === name)) return;
      catchingUp.add(name);
      soon(() => {
        catchingUp.delete(name);
        for (const frame of takeOut((each) => each === name)) deliver(name, frame);
      });
    },
    forget: (port) => {
      const gone = held.filter(({ frame }) => frame.port === port);
      held = held.filter(({ frame }) => frame.port !== port);
      for (const { frame } of gone) heldBytes -= frame.payload.length;
    },
    stop: () => {
      isOpen = false;
      return takeOut((name) => !catchingUp.has(name));
    },
  };
};
