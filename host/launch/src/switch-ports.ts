import { type PortRate } from "./allocation.ts";
import { type ToSwitch } from "./switch-lines.ts";

const MANAGEMENT_KIND = "management";

/** The switch's end of a channel; opaque here, an adapter sends it. */
export type HeldEnd = { readonly close: () => void };

/** A port of the switch while its domain runs. */
export type HeldPort<End extends HeldEnd> = {
  readonly number: number;
  readonly name: string;
  readonly kind: string;
  readonly chain: string | null;
  /** Number under which others reach what it does; its own, or that of the port it stands by for. */
  readonly role: number;
  /** Instance epoch, decimal: an admission is for this instance only. */
  readonly epoch: string;
  readonly end: End;
};

/** One running switch. */
export type SwitchLine<End extends HeldEnd> = { readonly send: (message: ToSwitch, end?: End) => void };

/** The channel ends the launcher holds, and the switch that works on them at the moment. */
export type SwitchPorts<End extends HeldEnd> = {
  readonly add: (port: HeldPort<End>) => void;
  /** The switch says that this port does the work of its role, in this instance: the next switch is told so. */
  readonly setActive: (role: number, number: number, epoch: bigint) => void;
  readonly isActive: (number: number) => boolean;
  /** Rate of a port, whether it is held or not; null: the flow policy's. */
  readonly setRate: (number: number, rate: PortRate | null) => void;
  /** Whether nothing but IBTP passes. */
  readonly setWhitelist: (isOn: boolean) => void;
  /** Closes the end and tells the switch. */
  readonly remove: (number: number) => void;
  /** A new switch: it gets the policy and every end that is held. */
  readonly connect: (line: SwitchLine<End>) => void;
  readonly disconnect: () => void;
  readonly closeAll: () => void;
};

/** Makes the table of held ends. `cutsOff`: the switch closes a port that breaks a rule. */
export const makeSwitchPorts = <End extends HeldEnd>(policyText: string, cutsOff: boolean): SwitchPorts<End> => {
  const held = new Map<number, HeldPort<End>>();
  let line: SwitchLine<End> | null = null;

  const rates = new Map<number, PortRate>();
  let isWhitelisting = false;
  const active = new Map<number, number>();
  const newest = new Map<number, bigint>();
  const isActive = (number: number): boolean => {
    const port = held.get(number);
    return port !== undefined && active.get(port.role) === number;
  };

  const announce = ({ end, ...port }: HeldPort<End>): void =>
    line?.send({ type: "port", ...port, isFirst: isActive(port.number), newest: (newest.get(port.role) ?? 0n).toString(), rate: rates.get(port.number) ?? null }, end);
  const remove = (number: number): void => {
    const port = held.get(number);
    if (port === undefined) return;
    held.delete(number);
    port.end.close();
    line?.send({ type: "gone", number });
  };
  return {
    add: (port) => {
      remove(port.number);
      held.set(port.number, port);
      if (!isActive(active.get(port.role) ?? -1)) active.set(port.role, port.number);
      announce(port);
    },
    remove,
    setRate: (number, rate) => {
      if (rate === null) rates.delete(number);
      else rates.set(number, rate);
      if (held.has(number)) line?.send({ type: "rate", number, rate });
    },
    setWhitelist: (isOn) => {
      isWhitelisting = isOn;
      line?.send({ type: "whitelist", on: isOn });
    },
    isActive,
    setActive: (role, number, epoch) => {
      if (held.get(number)?.role === role) active.set(role, number);
      if (epoch > (newest.get(role) ?? 0n)) newest.set(role, epoch);
    },
    connect: (next) => {
      line = next;
      next.send({ type: "policy", text: policyText, cutsOff });
      if (isWhitelisting) next.send({ type: "whitelist", on: true });
      // Management last: it admits whom it finds, and a standby must not be found before the one it stands by for.
      const isManagement = ({ kind }: HeldPort<End>): boolean => kind === MANAGEMENT_KIND;
      for (const port of [...held.values()].sort((left, right) => Number(isManagement(left)) - Number(isManagement(right)))) announce(port);
    },
    disconnect: () => {
      line = null;
    },
    closeAll: () => {
      for (const number of [...held.keys()]) remove(number);
    },
  };
};
