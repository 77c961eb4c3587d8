export { answerControls, type Controls } from "./answer-controls.ts";
export { socketLink, type SocketLink } from "./adapters/fd-link.ts";
export { CHANNEL_FD, openPortChannel, type PortChannelOptions } from "./adapters/open-port-channel.ts";
export { type Channel, type DomainPowers, type Streams } from "./adapters/powers.ts";
export { readSelfTest } from "./adapters/read-self-test.ts";
export {
  EXIT,
  HEARTBEAT_MS,
  runDomain,
  START_DEADLINE_MS,
  STOP_DEADLINE_MS,
  type DomainOptions,
} from "./adapters/run-domain.ts";
export { systemClock, systemRandom } from "./adapters/system.ts";
export { makeLog } from "./make-log.ts";
export { type SelfTest } from "./parse-self-test.ts";
export { makeNamedChannel, makePortNames, type PortNames } from "./named-channel.ts";
export { makePortChannel, type ChannelCounts, type PortChannel } from "./port-channel.ts";
export { SWITCH_EVENT } from "./switch-news.ts";
export { type Link } from "./link.ts";
