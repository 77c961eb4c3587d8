import { join } from "node:path";
import { type DomainLimits, type HostGroup } from "@crossguardian/isolation";
import { type HeldSocket } from "./adapters/channel-pair.ts";
import { type HostProcess } from "./adapters/host-process.ts";
import { type HouseCode } from "./code-cache.ts";
import { type HousePowers } from "./house-powers.ts";
import { type Kept } from "./keep-running.ts";
import { type FromSwitch } from "./switch-lines.ts";
import { type SwitchPorts } from "./switch-ports.ts";

/** Image of the switch. */
export const SWITCH_IMAGE = "switch";
/** Name of the switch among the processes of a house. */
export const SWITCH_NAME = "switch";

const PROGRAM = "host/switch/src/main.ts";
const MEMORY_BYTES = 256 * 1024 * 1024;
const SWITCH_LIMITS: DomainLimits = { memoryBytes: MEMORY_BYTES, cpuQuotaPercent: null, pids: 32, tmpfsBytes: 0, tmpfsInodes: 0 };
const NO_SLOT = -1;

/** The switch as a process of the host; `image` is the folder its program lies in. */
export const switchProcess = (powers: HousePowers): Omit<HostProcess, "env" | "group"> & { readonly image: string } => {
  const image = powers.image(SWITCH_IMAGE).path;
  return {
    name: SWITCH_NAME,
    nodePath: powers.nodePath,
    image,
    program: join(image, PROGRAM),
    uid: powers.uidBase(NO_SLOT) + powers.uidOffset,
    hasNetwork: false,
    keySlot: null,
    memoryBytes: MEMORY_BYTES,
  };
};

/** How the switch is started: with the policy and every channel end that is held. */
export const keptSwitch = (
  powers: HousePowers,
  ports: SwitchPorts<HeldSocket>,
  code: HouseCode,
  onMessage: (message: FromSwitch) => void,
): Kept => {
  let outputFd: number | null = null;
  let group: HostGroup | null = null;
  return {
    name: SWITCH_NAME,
    signal: powers.signal,
    start: async () => {
      outputFd = powers.folders.openOutput(SWITCH_NAME);
      const process = switchProcess(powers);
      group = powers.makeGroup(SWITCH_NAME, SWITCH_LIMITS);
      const started = await powers.startSwitch(
        { ...process, group, env: { CG_NAME: SWITCH_NAME, ...powers.hostCode(SWITCH_NAME, code.get(SWITCH_NAME), process.uid) } },
        outputFd,
        onMessage,
      );
      ports.connect(started.line);
      await started.ready;
      return started;
    },
    cleanUp: async () => {
      ports.disconnect();
      if (outputFd !== null) powers.closeFd(outputFd);
      outputFd = null;
      await group?.remove();
      group = null;
    },
  };
};
